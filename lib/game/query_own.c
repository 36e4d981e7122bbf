/*
 * query_own.c - OpenTTD, Teeworlds, SuperTuxKart, Doom and Luanti, each with its own protocol
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/game/query_inside.h"

static size_t put(uint8_t *out, const void *bytes, size_t len)
{
	memcpy(out, bytes, len);
	return len;
}

/* --- OpenTTD: length (2, little endian), kind (1) ---
 * Since 12.0 UDP says only that there is a server; the rest is told over TCP. */

#define OPENTTD_FIND     0
#define OPENTTD_RESPONSE 1
#define OPENTTD_ASK_INFO 7 /* over TCP */
#define OPENTTD_INFO     6

size_t lr_query_ask_openttd(const struct lr_query *q, uint8_t out[LR_QUERY_ASK_MAX])
{
	(void)q;
	return put(out, (uint8_t[]){3, 0, OPENTTD_FIND}, 3);
}

size_t lr_query_ask_openttd_tcp(const struct lr_query *q, uint8_t out[LR_QUERY_ASK_MAX])
{
	(void)q;
	return put(out, (uint8_t[]){3, 0, OPENTTD_ASK_INFO}, 3);
}

/* Each version put what it added in front of what there was. */
static bool openttd_info(struct lr_query_server *s, struct lr_cursor *c)
{
	unsigned version = lr_query_byte(c), names = 0;

	if (version < 1 || version > 7)
		return false;
	if (version >= 7)
		lr_take(c, 8); /* ticks */
	if (version >= 6)
		names = lr_query_byte(c); /* whether NewGRFs come with names */
	if (version >= 5) {
		lr_take(c, 4); /* version and name of the game script */
		lr_query_skip(c, 0);
	}
	for (unsigned n = version >= 4 ? lr_query_byte(c) : 0; n > 0 && !c->bad; n--) {
		lr_take(c, 20); /* id and MD5 */
		if (names == 1)
			lr_query_skip(c, 0);
	}
	lr_take(c, (version >= 3 ? 8 : 0) + (version >= 2 ? 3 : 0)); /* dates; companies */
	lr_query_text(c, 0, s->name, sizeof(s->name));
	lr_query_text(c, 0, s->version, sizeof(s->version));
	lr_take(c, version < 6); /* language */
	s->password = lr_query_byte(c) != 0;
	s->players_max = lr_query_byte(c);
	s->players = lr_query_byte(c);
	lr_take(c, 1 + (version < 3 ? 4 : 0)); /* spectators; dates */
	if (version < 6)
		lr_query_skip(c, 0); /* the map's name */
	unsigned wide = lr_query_le16(c), high = lr_query_le16(c);
	if (!c->bad)
		snprintf(s->map, sizeof(s->map), "%ux%u", wide, high);
	return !c->bad;
}

enum lr_query_verdict lr_query_take_openttd(struct lr_query *q, const uint8_t *bytes, size_t len)
{
	struct lr_query_server s = q->server;
	struct lr_cursor c = lr_cursor(bytes, len);

	if (len < 3 || lr_get_le16(bytes) != len || bytes[2] != OPENTTD_RESPONSE)
		return LR_QUERY_IGNORED;
	lr_take(&c, 3);
	if (len > 3 && openttd_info(&s, &c)) {
		q->server = s;
		return LR_QUERY_DONE;
	}
	q->next = "openttd-tcp";
	return LR_QUERY_ELSEWHERE;
}

enum lr_query_verdict lr_query_take_openttd_tcp(
	struct lr_query *q, const uint8_t *bytes, size_t len)
{
	struct lr_query_server s = q->server;
	struct lr_cursor c = lr_cursor(bytes, len);

	if (len < 2 || len < lr_get_le16(bytes))
		return LR_QUERY_MORE;
	if (lr_get_le16(bytes) < 4 || bytes[2] != OPENTTD_INFO)
		return LR_QUERY_IGNORED;
	c.left = lr_get_le16(bytes);
	lr_take(&c, 3);
	if (!openttd_info(&s, &c))
		return LR_QUERY_IGNORED;
	q->server = s;
	return LR_QUERY_DONE;
}

/* --- Teeworlds 0.6: texts only --- */

#define TEE_TOKEN 0x4c

size_t lr_query_ask_teeworlds(const struct lr_query *q, uint8_t out[LR_QUERY_ASK_MAX])
{
	(void)q;
	memset(out, 0xff, 10);
	memcpy(out + 10, "gie3\x4c", 5);
	return 15;
}

static int decimal(struct lr_cursor *c)
{
	char text[16];

	lr_query_text(c, 0, text, sizeof(text));
	long v = strtol(text, NULL, 10);
	return v < 0 || v > 100000 ? -1 : (int)v;
}

enum lr_query_verdict lr_query_take_teeworlds(struct lr_query *q, const uint8_t *bytes, size_t len)
{
	struct lr_query_server *s = &q->server;
	struct lr_cursor c = lr_cursor(bytes, len);

	if (!lr_take(&c, 10) || !lr_query_begins(&c, "inf3", 4) || decimal(&c) != TEE_TOKEN)
		return LR_QUERY_IGNORED;
	lr_query_text(&c, 0, s->version, sizeof(s->version));
	lr_query_text(&c, 0, s->name, sizeof(s->name));
	lr_query_text(&c, 0, s->map, sizeof(s->map));
	lr_query_text(&c, 0, s->mode, sizeof(s->mode));
	s->password = decimal(&c) & 1;
	decimal(&c); /* players; those who look on count as well */
	decimal(&c);
	s->players = decimal(&c);
	s->players_max = decimal(&c);
	return LR_QUERY_DONE;
}

/* --- Teeworlds 0.7: a token first ---
 * Control packet: flags 04, acknowledged 00, chunks 00, token of the other (4), kind 05, own token
 * (4), filled up so that the answer is not longer. Without a connection: 21, the other's token, our
 * own, then as in 0.6, with numbers of variable length. */

#define TEE7_OWN "LRgs"
#define TEE7_ASK 519

size_t lr_query_ask_teeworlds7(const struct lr_query *q, uint8_t out[LR_QUERY_ASK_MAX])
{
	if (q->step == 0) {
		memset(out, 0, TEE7_ASK);
		memcpy(out, "\x04\x00\x00\xff\xff\xff\xff\x05" TEE7_OWN, 12);
		return TEE7_ASK;
	}
	out[0] = 0x21;
	memcpy(out + 1, q->token, 4);
	memcpy(out + 5, TEE7_OWN "\xff\xff\xff\xffgie3\x0c", 13);
	return 18;
}

/* Sign and 6 bits, then 7 bits a byte; the top bit says that there is more. */
static int packed(struct lr_cursor *c)
{
	uint32_t v, shift = 6;
	uint8_t b = lr_query_byte(c);
	bool negative = b & 0x40;

	v = b & 0x3f;
	for (int i = 0; (b & 0x80) && i < 4; i++, shift += 7) {
		b = lr_query_byte(c);
		v |= (uint32_t)(b & 0x7f) << shift;
	}
	return negative || v > 100000 ? -1 : (int)v;
}

enum lr_query_verdict lr_query_take_teeworlds7(struct lr_query *q, const uint8_t *bytes, size_t len)
{
	struct lr_cursor c = lr_cursor(bytes, len);
	struct lr_query_server s = q->server;

	if (q->step == 0) {
		const uint8_t *token;
		if (!lr_query_begins(&c, "\x04", 1) || !lr_take(&c, 2) ||
			!lr_query_begins(&c, TEE7_OWN "\x05", 5) || !(token = lr_take(&c, 4)))
			return LR_QUERY_IGNORED;
		memcpy(q->token, token, 4);
		q->step = 1;
		return LR_QUERY_MORE;
	}
	if (!lr_query_begins(&c, "\x21" TEE7_OWN, 5) || !lr_take(&c, 4) ||
		!lr_query_begins(&c, "\xff\xff\xff\xffinf3", 8) || packed(&c) != 0x0c)
		return LR_QUERY_IGNORED;
	lr_query_text(&c, 0, s.version, sizeof(s.version));
	lr_query_text(&c, 0, s.name, sizeof(s.name));
	lr_query_skip(&c, 0); /* the host's name */
	lr_query_text(&c, 0, s.map, sizeof(s.map));
	lr_query_text(&c, 0, s.mode, sizeof(s.mode));
	s.password = packed(&c) & 1;
	packed(&c); /* skill */
	packed(&c); /* players, and at most; those who look on count as well */
	packed(&c);
	s.players = packed(&c);
	s.players_max = packed(&c);
	if (c.bad)
		return LR_QUERY_IGNORED;
	q->server = s;
	return LR_QUERY_DONE;
}

/* --- Chocolate Doom: kind (2) --- */

size_t lr_query_ask_doom(const struct lr_query *q, uint8_t out[LR_QUERY_ASK_MAX])
{
	(void)q;
	return put(out, "\x00\x0d", 2);
}

enum lr_query_verdict lr_query_take_doom(struct lr_query *q, const uint8_t *bytes, size_t len)
{
	struct lr_cursor c = lr_cursor(bytes, len);
	struct lr_query_server s = q->server;

	if (!lr_query_begins(&c, "\x00\x0e", 2))
		return LR_QUERY_IGNORED;
	lr_query_text(&c, 0, s.version, sizeof(s.version));
	lr_query_byte(&c); /* waiting or in a game */
	s.players = lr_query_byte(&c);
	s.players_max = lr_query_byte(&c);
	lr_take(&c, 2); /* mode and mission */
	if (c.bad)
		return LR_QUERY_IGNORED;
	lr_query_text(&c, 0, s.name, sizeof(s.name));
	q->server = s;
	return LR_QUERY_DONE;
}

/* --- SuperTuxKart: version (4), name with its length (1), at most, players, port (2) --- */

size_t lr_query_ask_stk(const struct lr_query *q, uint8_t out[LR_QUERY_ASK_MAX])
{
	(void)q;
	return put(out, "\nstk-server", 11);
}

enum lr_query_verdict lr_query_take_stk(struct lr_query *q, const uint8_t *bytes, size_t len)
{
	struct lr_cursor c = lr_cursor(bytes, len);
	struct lr_query_server s = q->server;

	lr_take(&c, 4);
	size_t n = lr_query_byte(&c);
	const uint8_t *name = lr_take(&c, n);
	s.players_max = lr_query_byte(&c);
	s.players = lr_query_byte(&c);
	const uint8_t *port = lr_take(&c, 2);
	if (c.bad || n == 0)
		return LR_QUERY_IGNORED;
	lr_query_bytes(name, n, s.name, sizeof(s.name));
	s.game_port = lr_get_be16(port);
	q->server = s;
	return LR_QUERY_DONE;
}

/* --- Luanti: it tells nothing before one joins, but it greets ---
 * Protocol id (4), peer (2), channel (1), kind (1). The greeting gives us a peer's number; the
 * shell's next question says goodbye to it. */

#define LUANTI "\x4f\x45\x74\x03"

size_t lr_query_ask_luanti(const struct lr_query *q, uint8_t out[LR_QUERY_ASK_MAX])
{
	(void)q;
	return put(out, LUANTI "\x00\x00\x00\x01", 8);
}

enum lr_query_verdict lr_query_take_luanti(struct lr_query *q, const uint8_t *bytes, size_t len)
{
	struct lr_cursor c = lr_cursor(bytes, len);

	(void)q;
	if (!lr_query_begins(&c, LUANTI, 4) || !lr_take(&c, 4))
		return LR_QUERY_IGNORED;
	return LR_QUERY_DONE;
}
