/*
 * discover.h - the self-test of two members: would their games find each other?
 *
 * Theory of operation. For each port a socket is bound to it, as a game does, on the node's
 * interface. What a game would send goes from there to the same port: to all, to its groups, to the
 * member alone, and to it with 1,400 bytes; of a game that speaks IPX a frame of that to all. The
 * member's node acknowledges and echoes (lib/lan/discover.h), so each check has a way there and a
 * way back; the way back counts only if the echo came to the address that it should. What is not
 * answered is asked again, ROUNDS times.
 *
 * Of what never came there our own node is asked, by its counters of drops, whether it was it: the
 * question is sent once more between two looks.
 *
 *   discover.c        what is asked; what was found, as JSON and as text
 *   discover_run.c    the sockets
 */
#ifndef LR_NODE_DISCOVER_H
#define LR_NODE_DISCOVER_H

#include <stdbool.h>

#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/game/game.h"
#include "lib/node/client.h"

#define LR_DISCOVER_PORT   6112 /* without a game: that of many old ones */
#define LR_DISCOVER_PORTS  8
#define LR_DISCOVER_RANGE  4  /* ports of one range */
#define LR_DISCOVER_CHECKS 40 /* what a node answers in 2 s */

enum lr_discover_kind {
	LR_DISCOVER_BROADCAST,
	LR_DISCOVER_MULTICAST,
	LR_DISCOVER_EQUAL_PORT,
	LR_DISCOVER_LARGE_ONE,
	LR_DISCOVER_IPX,
	LR_DISCOVER_KINDS
};

struct lr_discover_check {
	enum lr_discover_kind kind;
	uint16_t port;   /* of IPX: its socket */
	struct lr_ip to; /* of IPX: none */
	uint64_t number, sent_ns, rtt_ns;
	bool there, back;
	char reason[32]; /* why it did not come there: a drop of our node; "no_session"; "": unknown
			  */
};

struct lr_discover_plan {
	struct lr_discover_check checks[LR_DISCOVER_CHECKS];
	unsigned n;
};

/* Where the member is; the IPv6 address may be missing (family 0). */
struct lr_discover_member {
	struct lr_ip four, six;
};

/* What is to be checked with that member; `game` NULL: LR_DISCOVER_PORT. The UDP ports by which the
 * game is found, of each range the first LR_DISCOVER_RANGE, else those on which it is played; its
 * groups, IPv4 and IPv6, and when it has none 224.0.0.254, which is for trials (RFC 4727) and needs
 * no join. 0, or -1 with `err`: the game has nothing that could be tried. */
int lr_discover_plan(struct lr_discover_plan *plan, const struct lr_game *game,
	const struct lr_discover_member *member, struct lr_err *err);
/* Runs it, in some 3 s at most. `node`: whose drops are looked at. 0, whatever came, or -1 with
 * `err`: a port is taken here. */
int lr_discover_run(struct lr_discover_plan *plan, struct lr_client *node,
	const struct lr_discover_member *member, struct lr_err *err);
/* As share/schema/discover.json, with the peer's names of `peer`; `game` may be NULL. */
json_t *lr_discover_json(
	const struct lr_discover_plan *plan, const json_t *peer, const struct lr_game *game);
/* A line a check, for people. malloc'd. */
char *lr_discover_plain(const json_t *found, double unix_now);
/* Whether all came there and back. */
bool lr_discover_all(const struct lr_discover_plan *plan);

#endif
