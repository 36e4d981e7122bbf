/*
 * query_minecraft.c - Minecraft: the server list ping of the Java edition, RakNet's ping of Bedrock
 *
 * Java, over TCP: packets are length (varint), kind (varint), fields. A handshake (kind 0:
 * protocol, host, port, next state 1) and an empty status request (kind 0) go out together; the
 * answer is kind 0 with one JSON text.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/json.h"
#include "lib/game/query_inside.h"

#define DEPTH 8 /* of a name in parts */

size_t lr_query_ask_minecraft(const struct lr_query *q, uint8_t out[LR_QUERY_ASK_MAX])
{
	static const char ask[] = "\x12\x00\xff\xff\xff\xff\x0f" /* version -1: only asking */
				  "\x08"
				  "lan.game"
				  "\x63\xdd\x01"
				  "\x01\x00";

	(void)q;
	memcpy(out, ask, sizeof(ask) - 1);
	return sizeof(ask) - 1;
}

/* -1: not whole yet, -2: none. */
static long varint(struct lr_cursor *c)
{
	uint32_t v = 0;

	for (unsigned i = 0; i < 5; i++) {
		uint8_t b = lr_query_byte(c);
		if (c->bad)
			return -1;
		v |= (uint32_t)(b & 0x7f) << (7 * i);
		if (!(b & 0x80))
			return v > LR_QUERY_ANSWER_MAX ? -2 : (long)v;
	}
	return -2;
}

/* A text, or an object with "text" and more parts in "extra". */
static void name_of(const json_t *v, char *out, size_t room, unsigned depth)
{
	const char *text = json_is_string(v) ? json_string_value(v)
					     : json_string_value(json_object_get(v, "text"));
	size_t at = strlen(out), i;
	json_t *part;

	if (text)
		lr_query_bytes((const uint8_t *)text, strlen(text), out + at, room - at);
	if (depth < DEPTH)
		json_array_foreach (json_object_get(v, "extra"), i, part)
			name_of(part, out, room, depth + 1);
}

static int count_of(const json_t *players, const char *key)
{
	const json_t *v = json_object_get(players, key);
	json_int_t n = json_is_integer(v) ? json_integer_value(v) : -1;

	return n < 0 || n > 1000000 ? -1 : (int)n;
}

static bool status(struct lr_query_server *s, const char *text, size_t len)
{
	json_t *json = lr_json_parse(text, len, NULL);
	const json_t *players = json_object_get(json, "players");
	const char *version =
		json_string_value(json_object_get(json_object_get(json, "version"), "name"));

	s->name[0] = 0;
	name_of(json_object_get(json, "description"), s->name, sizeof(s->name), 0);
	s->players = count_of(players, "online");
	s->players_max = count_of(players, "max");
	if (version)
		lr_query_bytes(
			(const uint8_t *)version, strlen(version), s->version, sizeof(s->version));
	bool good = json_is_object(json);
	json_decref(json);
	return good;
}

enum lr_query_verdict lr_query_take_minecraft(struct lr_query *q, const uint8_t *bytes, size_t len)
{
	struct lr_cursor c = lr_cursor(bytes, len);
	long whole = varint(&c);

	if (whole == -1 || (whole >= 0 && (size_t)whole > c.left))
		return LR_QUERY_MORE;
	if (whole < 0)
		return LR_QUERY_IGNORED;
	c.left = (size_t)whole;
	long kind = varint(&c), n = varint(&c);
	const uint8_t *text = kind == 0 && n > 0 ? lr_take(&c, (size_t)n) : NULL;
	if (!text || !status(&q->server, (const char *)text, (size_t)n))
		return LR_QUERY_IGNORED;
	return LR_QUERY_DONE;
}

/* --- Bedrock: kind (1), time (8), magic (16), client (8) --- */

static const uint8_t magic[16] = {0x00, 0xff, 0xff, 0x00, 0xfe, 0xfe, 0xfe, 0xfe, 0xfd, 0xfd, 0xfd,
	0xfd, 0x12, 0x34, 0x56, 0x78};

size_t lr_query_ask_bedrock(const struct lr_query *q, uint8_t out[LR_QUERY_ASK_MAX])
{
	(void)q;
	memset(out, 0, 33);
	out[0] = 1;
	memcpy(out + 9, magic, sizeof(magic));
	memcpy(out + 25, "LANrage", 7);
	return 33;
}

/* edition; name; protocol; version; players; at most; server; world; mode; ... */
enum lr_query_verdict lr_query_take_bedrock(struct lr_query *q, const uint8_t *bytes, size_t len)
{
	struct lr_cursor c = lr_cursor(bytes, len);
	struct lr_query_server *s = &q->server;
	char number[16];

	if (lr_query_byte(&c) != 0x1c || !lr_take(&c, 16) || !lr_query_begins(&c, magic, 16) ||
		!lr_take(&c, 2))
		return LR_QUERY_IGNORED;
	lr_query_skip(&c, ';');
	lr_query_text(&c, ';', s->name, sizeof(s->name));
	lr_query_skip(&c, ';');
	lr_query_text(&c, ';', s->version, sizeof(s->version));
	lr_query_text(&c, ';', number, sizeof(number));
	s->players = (int)strtol(number, NULL, 10);
	lr_query_text(&c, ';', number, sizeof(number));
	s->players_max = (int)strtol(number, NULL, 10);
	if (c.bad || s->players < 0 || s->players_max < 0)
		return LR_QUERY_IGNORED;
	if (lr_query_skip(&c, ';')) {
		lr_query_text(&c, ';', s->map, sizeof(s->map));
		lr_query_text(&c, ';', s->mode, sizeof(s->mode));
	}
	return LR_QUERY_DONE;
}
