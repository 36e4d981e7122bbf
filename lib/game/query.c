/*
 * query.c - the table of protocols, and fields out of foreign bytes
 */
#include "lib/game/query.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/game/query_inside.h"

#define PROTOCOL(name, function, tcp, broadcast)                                                   \
	{                                                                                          \
		name, tcp, broadcast, lr_query_ask_##function, lr_query_take_##function            \
	}

const struct lr_query_protocol lr_query_protocols[] = {
	PROTOCOL("a2s", a2s, false, true),
	PROTOCOL("quake3", quake3, false, true),
	PROTOCOL("quake2", quake2, false, true),
	PROTOCOL("quakeworld", quakeworld, false, true),
	PROTOCOL("gamespy1", gamespy1, false, true),
	PROTOCOL("gamespy2", gamespy2, false, true),
	PROTOCOL("gamespy3", gamespy3, false, true),
	PROTOCOL("unreal2", unreal2, false, true),
	PROTOCOL("unreal-lan", unreal_lan, false, true),
	PROTOCOL("minecraft", minecraft, true, false),
	PROTOCOL("bedrock", bedrock, false, true),
	PROTOCOL("teeworlds", teeworlds, false, true),
	PROTOCOL("teeworlds7", teeworlds7, false, true),
	PROTOCOL("openttd", openttd, false, true),
	PROTOCOL("openttd-tcp", openttd_tcp, true, false),
	PROTOCOL("luanti", luanti, false, false),
	PROTOCOL("doom", doom, false, true),
	PROTOCOL("stk", stk, false, true),
	{NULL},
};

const struct lr_query_protocol *lr_query_protocol(const char *name)
{
	for (const struct lr_query_protocol *p = lr_query_protocols; p->name; p++)
		if (strcmp(p->name, name) == 0)
			return p;
	return NULL;
}

void lr_query_init(struct lr_query *q, const struct lr_query_protocol *protocol)
{
	*q = (struct lr_query){.protocol = protocol,
		.server = {.players = -1, .players_max = -1, .bots = -1, .password = -1}};
}

size_t lr_query_ask(const struct lr_query *q, uint8_t out[LR_QUERY_ASK_MAX])
{
	return q->protocol->ask(q, out);
}

enum lr_query_verdict lr_query_take(struct lr_query *q, const uint8_t *bytes, size_t len)
{
	return q->protocol->take(q, bytes, len);
}

/* --- fields --- */

void lr_query_bytes(const uint8_t *p, size_t len, char *out, size_t room)
{
	if (len >= room)
		len = room - 1;
	memcpy(out, p, len);
	out[len] = 0;
	lr_text_clean(out, true);
}

void lr_query_text(struct lr_cursor *c, uint8_t end, char *out, size_t room)
{
	const uint8_t *stop = c->left ? memchr(c->at, end, c->left) : NULL;
	size_t len = stop ? (size_t)(stop - c->at) : c->left;
	const uint8_t *p = lr_take(c, len);

	out[0] = 0;
	if (p)
		lr_query_bytes(p, len, out, room);
	if (stop)
		lr_take(c, 1);
}

bool lr_query_skip(struct lr_cursor *c, uint8_t end)
{
	const uint8_t *stop = c->left ? memchr(c->at, end, c->left) : NULL;

	if (!stop) {
		c->bad = true;
		return false;
	}
	lr_take(c, (size_t)(stop - c->at) + 1);
	return true;
}

bool lr_query_begins(struct lr_cursor *c, const void *bytes, size_t len)
{
	if (c->bad || c->left < len || memcmp(c->at, bytes, len) != 0)
		return false;
	lr_take(c, len);
	return true;
}

/* --- lists of keys and values --- */

static int number(const char *text)
{
	long v = strtol(text, NULL, 10);

	return v < 0 || v > 100000 ? -1 : (int)v;
}

void lr_query_fact(struct lr_query_server *s, const char *key, const char *value)
{
	static const struct {
		const char *key;
		size_t at, room; /* room 0: a number; 1: a flag */
	} facts[] = {
#define TEXT(k, member) {k, offsetof(struct lr_query_server, member), sizeof(s->member)}
#define NUMBER(k, member)                                                                          \
	{                                                                                          \
		k, offsetof(struct lr_query_server, member), 0                                     \
	}
		TEXT("hostname", name),
		TEXT("sv_hostname", name),
		TEXT("mapname", map),
		TEXT("map", map),
		TEXT("gametype", mode),
		TEXT("g_gametype", mode),
		TEXT("version", version),
		TEXT("gamename", game),
		TEXT("gamever", version),
		TEXT("gameversion", version),
		NUMBER("clients", players),
		NUMBER("numplayers", players),
		NUMBER("sv_maxclients", players_max),
		NUMBER("maxclients", players_max),
		NUMBER("maxplayers", players_max),
		NUMBER("bots", bots),
		{"g_needpass", offsetof(struct lr_query_server, password), 1},
		{"password", offsetof(struct lr_query_server, password), 1},
		{"pswrd", offsetof(struct lr_query_server, password), 1},
	};

	if (strcmp(key, "hostport") == 0) {
		int port = number(value);
		s->game_port = port > 0 && port <= UINT16_MAX ? (uint16_t)port : 0;
		return;
	}
	for (size_t i = 0; i < sizeof(facts) / sizeof(*facts); i++) {
		if (strcmp(key, facts[i].key) != 0)
			continue;
		char *at = (char *)s + facts[i].at;
		int flag = !(value[0] == '0' || value[0] == 'F' || value[0] == 'f' || !value[0]);
		int v = facts[i].room == 1 ? flag : number(value);
		if (facts[i].room > 1)
			lr_query_bytes((const uint8_t *)value, strlen(value), at, facts[i].room);
		else
			memcpy(at, &v, sizeof(v));
		return;
	}
}

void lr_query_facts(struct lr_query_server *s, struct lr_cursor *c, uint8_t sep, uint8_t stop)
{
	const uint8_t *end = stop && c->left ? memchr(c->at, stop, c->left) : NULL;
	struct lr_cursor in = {.at = c->at, .left = end ? (size_t)(end - c->at) : c->left};
	char key[64], value[256];

	while (in.left) {
		lr_query_text(&in, sep, key, sizeof(key));
		if (!key[0] || strcmp(key, "final") == 0)
			break;
		lr_query_text(&in, sep, value, sizeof(value));
		lr_query_fact(s, key, value);
	}
	lr_take(c, (end ? (size_t)(end - c->at) : c->left));
}
