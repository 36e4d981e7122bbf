/*
 * query.h - what servers of games say of themselves, in the protocols that are common
 *
 * Theory of operation. A query is a small state machine without a socket: lr_query_ask() gives the
 * bytes to send next, lr_query_take() is handed what came back. Over UDP that is one datagram; MORE
 * means that there is another question (a challenge was given). Over TCP it is all that came
 * so far; MORE means that it is not whole yet. ELSEWHERE: the server is to be asked by `next` at
 * `next_port`. Foreign bytes are read through a checked cursor; texts are made safe to print.
 *
 * Sources: the Valve developer wiki (A2S_INFO); the published sources of Quake, Quake II, Quake
 * III, OpenTTD, Teeworlds, SuperTuxKart, Chocolate Doom and Luanti; the Minecraft wiki (server list
 * ping); RakNet's unconnected ping; descriptions of GameSpy 1 to 3 and of Unreal's queries.
 */
#ifndef LR_GAME_QUERY_H
#define LR_GAME_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LR_QUERY_ASK_MAX 600 /* bytes of a question; Teeworlds 0.7 pads its first to 519 */
#define LR_QUERY_ANSWER_MAX                                                                        \
	(128u << 10) /* bytes of an answer over TCP; Minecraft sends a picture */

struct lr_query_server {
	char name[128], map[64], mode[64], version[64]; /* "": not told */
	char game[64];                                  /* what it calls its game; "": not told */
	int players, players_max, bots;                 /* -1: not told */
	int password;                                   /* 1, 0; -1: not told */
	uint16_t game_port;                             /* where it is played; 0: not told */
};

enum lr_query_verdict { LR_QUERY_IGNORED, LR_QUERY_MORE, LR_QUERY_DONE, LR_QUERY_ELSEWHERE };

struct lr_query;

struct lr_query_protocol {
	const char *name;
	bool tcp;
	bool broadcast; /* servers answer a broadcast */
	size_t (*ask)(const struct lr_query *q, uint8_t out[LR_QUERY_ASK_MAX]);
	enum lr_query_verdict (*take)(struct lr_query *q, const uint8_t *bytes, size_t len);
};

struct lr_query {
	const struct lr_query_protocol *protocol;
	unsigned step;
	uint8_t token[4];   /* of a server's challenge */
	const char *next;   /* ELSEWHERE: the protocol; */
	uint16_t next_port; /* 0: the same port */
	struct lr_query_server server;
};

/* By name ("a2s"); NULL: there is none. */
const struct lr_query_protocol *lr_query_protocol(const char *name);
/* All of them, ended by a NULL name. */
extern const struct lr_query_protocol lr_query_protocols[];

void lr_query_init(struct lr_query *q, const struct lr_query_protocol *protocol);
/* The next question. Its length, at most LR_QUERY_ASK_MAX. */
size_t lr_query_ask(const struct lr_query *q, uint8_t out[LR_QUERY_ASK_MAX]);
/* An answer, or rubbish. After DONE, q->server says what is known. */
enum lr_query_verdict lr_query_take(struct lr_query *q, const uint8_t *bytes, size_t len);

#endif
