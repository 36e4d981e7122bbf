/*
 * query_gamespy.c - GameSpy 1 to 3, and the questions of the Unreal engines
 */
#include <stdlib.h>
#include <string.h>

#include "lib/game/query_inside.h"

#define PING "LRg1" /* comes back in the answer */

size_t lr_query_ask_gamespy1(const struct lr_query *q, uint8_t out[LR_QUERY_ASK_MAX])
{
	(void)q;
	memcpy(out, "\\info\\", 6);
	return 6;
}

enum lr_query_verdict lr_query_take_gamespy1(struct lr_query *q, const uint8_t *bytes, size_t len)
{
	struct lr_cursor c = lr_cursor(bytes, len);

	if (!lr_query_begins(&c, "\\", 1))
		return LR_QUERY_IGNORED;
	lr_query_facts(&q->server, &c, '\\', 0);
	return q->server.name[0] ? LR_QUERY_DONE : LR_QUERY_IGNORED;
}

size_t lr_query_ask_gamespy2(const struct lr_query *q, uint8_t out[LR_QUERY_ASK_MAX])
{
	(void)q;
	memcpy(out, "\xfe\xfd\x00" PING "\xff\x00\x00", 10);
	return 10;
}

enum lr_query_verdict lr_query_take_gamespy2(struct lr_query *q, const uint8_t *bytes, size_t len)
{
	struct lr_cursor c = lr_cursor(bytes, len);

	if (!lr_query_begins(&c, "\x00" PING, 5))
		return LR_QUERY_IGNORED;
	lr_query_facts(&q->server, &c, 0, 0);
	return q->server.name[0] ? LR_QUERY_DONE : LR_QUERY_IGNORED;
}

size_t lr_query_ask_gamespy3(const struct lr_query *q, uint8_t out[LR_QUERY_ASK_MAX])
{
	if (q->step == 0) {
		memcpy(out, "\xfe\xfd\x09" PING, 7);
		return 7;
	}
	memcpy(out, "\xfe\xfd\x00" PING, 7);
	memcpy(out + 7, q->token, 4);
	memcpy(out + 11, "\xff\xff\xff\x01", 4);
	return 15;
}

enum lr_query_verdict lr_query_take_gamespy3(struct lr_query *q, const uint8_t *bytes, size_t len)
{
	struct lr_cursor c = lr_cursor(bytes, len);
	char number[16];

	if (lr_query_begins(&c, "\x09" PING, 5) && q->step == 0) {
		lr_query_text(&c, 0, number, sizeof(number));
		lr_put_be32(q->token, (uint32_t)strtol(number, NULL, 10));
		q->step = 1;
		return LR_QUERY_MORE;
	}
	if (!lr_query_begins(&c, "\x00" PING, 5))
		return LR_QUERY_IGNORED;
	if (lr_query_begins(&c, "splitnum", 9)) {
		if ((lr_query_byte(&c) & 0x7f) != 0) /* facts are in the first part */
			return LR_QUERY_IGNORED;
		lr_query_byte(&c);
	}
	lr_query_facts(&q->server, &c, 0, 0);
	return q->server.name[0] ? LR_QUERY_DONE : LR_QUERY_IGNORED;
}

/* --- Unreal --- */

size_t lr_query_ask_unreal_lan(const struct lr_query *q, uint8_t out[LR_QUERY_ASK_MAX])
{
	(void)q;
	memcpy(out, "REPORTQUERY", 11);
	return 11;
}

/* "ut 7778": the game, and where it is asked. */
enum lr_query_verdict lr_query_take_unreal_lan(struct lr_query *q, const uint8_t *bytes, size_t len)
{
	struct lr_cursor c = lr_cursor(bytes, len);
	char number[8];

	lr_query_text(&c, ' ', q->server.mode, sizeof(q->server.mode));
	lr_query_text(&c, 0, number, sizeof(number));
	long port = strtol(number, NULL, 10);
	if (!q->server.mode[0] || port < 1 || port > UINT16_MAX)
		return LR_QUERY_IGNORED;
	q->next = "gamespy1";
	q->next_port = (uint16_t)port;
	return LR_QUERY_ELSEWHERE;
}

size_t lr_query_ask_unreal2(const struct lr_query *q, uint8_t out[LR_QUERY_ASK_MAX])
{
	(void)q;
	memcpy(out, "\x79\x00\x00\x00\x00", 5);
	return 5;
}

/* A byte of length, the NUL counted; from 0x80 on that many less 0x80 characters of 16 bits. */
static void counted(struct lr_cursor *c, char *out, size_t room)
{
	size_t n = lr_query_byte(c), at = 0;
	bool wide = n & 0x80;
	const uint8_t *p;

	n = wide ? (n & 0x7f) * 2 : n;
	p = lr_take(c, n);
	out[0] = 0;
	if (p && !wide)
		lr_query_bytes(p, n, out, room);
	for (size_t i = 0; p && wide && i + 1 < n && at + 1 < room; i += 2)
		out[at++] = (char)(p[i + 1] || p[i] < 0x20 || p[i] > 0x7e ? '?' : p[i]);
	if (wide)
		out[at > 0 ? at - 1 : 0] = 0; /* its NUL became one */
}

enum lr_query_verdict lr_query_take_unreal2(struct lr_query *q, const uint8_t *bytes, size_t len)
{
	struct lr_cursor c = lr_cursor(bytes, len);
	struct lr_query_server s = q->server;
	char address[64];

	lr_take(&c, 4);
	if (lr_query_byte(&c) != 0 || c.bad)
		return LR_QUERY_IGNORED;
	lr_take(&c, 4); /* number of the server */
	counted(&c, address, sizeof(address));
	s.game_port = (uint16_t)lr_query_le32(&c);
	lr_take(&c, 4); /* port of the query */
	counted(&c, s.name, sizeof(s.name));
	counted(&c, s.map, sizeof(s.map));
	counted(&c, s.mode, sizeof(s.mode));
	uint32_t players = lr_query_le32(&c), most = lr_query_le32(&c);
	if (c.bad || players > 1000 || most > 1000)
		return LR_QUERY_IGNORED;
	s.players = (int)players;
	s.players_max = (int)most;
	q->server = s;
	return LR_QUERY_DONE;
}
