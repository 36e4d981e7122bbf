/*
 * query_quake.c - Valve's A2S_INFO, and the questions of the Quake engines
 *
 * A2S: ff ff ff ff 'T' "Source Engine Query" 00, and the server's challenge behind it when it gave
 * one ('A'). The answer is 'I', of old servers 'm'.
 */
#include <string.h>

#include "lib/game/query_inside.h"

static const uint8_t all_ones[4] = {0xff, 0xff, 0xff, 0xff};

static size_t put(uint8_t *out, const void *bytes, size_t len)
{
	memcpy(out, all_ones, 4);
	memcpy(out + 4, bytes, len);
	return 4 + len;
}

size_t lr_query_ask_a2s(const struct lr_query *q, uint8_t out[LR_QUERY_ASK_MAX])
{
	static const char ask[] = "TSource Engine Query";
	size_t n = put(out, ask, sizeof(ask));

	if (q->step == 0)
		return n;
	memcpy(out + n, q->token, 4);
	return n + 4;
}

/* name map folder game, each with a NUL */
static void names(struct lr_query_server *s, struct lr_cursor *c)
{
	lr_query_text(c, 0, s->name, sizeof(s->name));
	lr_query_text(c, 0, s->map, sizeof(s->map));
	lr_query_skip(c, 0);
	lr_query_text(c, 0, s->mode, sizeof(s->mode));
	memcpy(s->game, s->mode, sizeof(s->game));
}

static void source(struct lr_query_server *s, struct lr_cursor *c)
{
	lr_query_byte(c); /* protocol */
	names(s, c);
	lr_take(c, 2); /* application */
	s->players = lr_query_byte(c);
	s->players_max = lr_query_byte(c);
	s->bots = lr_query_byte(c);
	lr_take(c, 2); /* kind, system */
	s->password = lr_query_byte(c) != 0;
	lr_take(c, 1); /* VAC */
	lr_query_text(c, 0, s->version, sizeof(s->version));
}

static void goldsrc(struct lr_query_server *s, struct lr_cursor *c)
{
	lr_query_skip(c, 0); /* its address as it thinks */
	names(s, c);
	s->players = lr_query_byte(c);
	s->players_max = lr_query_byte(c);
	lr_take(c, 3); /* protocol, kind, system */
	s->password = lr_query_byte(c) != 0;
}

enum lr_query_verdict lr_query_take_a2s(struct lr_query *q, const uint8_t *bytes, size_t len)
{
	struct lr_cursor c = lr_cursor(bytes, len);
	struct lr_query was = *q;
	const uint8_t *challenge;

	if (!lr_query_begins(&c, all_ones, 4))
		return LR_QUERY_IGNORED;
	switch (lr_query_byte(&c)) {
	case 'A':
		challenge = lr_take(&c, 4);
		if (!challenge || q->step > 2)
			return LR_QUERY_IGNORED;
		memcpy(q->token, challenge, 4);
		q->step++;
		return LR_QUERY_MORE;
	case 'I':
		source(&q->server, &c);
		break;
	case 'm':
		goldsrc(&q->server, &c);
		break;
	default:
		return LR_QUERY_IGNORED;
	}
	if (!c.bad)
		return LR_QUERY_DONE;
	*q = was;
	return LR_QUERY_IGNORED;
}

size_t lr_query_ask_quake2(const struct lr_query *q, uint8_t out[LR_QUERY_ASK_MAX])
{
	(void)q;
	return put(out, "status\n", 7);
}

size_t lr_query_ask_quakeworld(const struct lr_query *q, uint8_t out[LR_QUERY_ASK_MAX])
{
	return lr_query_ask_quake2(q, out);
}

/* A line of facts, then a line a player. */
static enum lr_query_verdict status(struct lr_query *q, struct lr_cursor *c)
{
	q->server.players = 0;
	lr_query_facts(&q->server, c, '\\', '\n');
	lr_take(c, c->left ? 1 : 0);
	while (c->left && c->at[0] && lr_query_skip(c, '\n'))
		q->server.players++;
	return LR_QUERY_DONE;
}

/* Of getinfo and getstatus only this one tells which of the many games with that engine it is. */
size_t lr_query_ask_quake3(const struct lr_query *q, uint8_t out[LR_QUERY_ASK_MAX])
{
	(void)q;
	return put(out, "getstatus", 9);
}

enum lr_query_verdict lr_query_take_quake3(struct lr_query *q, const uint8_t *bytes, size_t len)
{
	struct lr_cursor c = lr_cursor(bytes, len);

	if (!lr_query_begins(&c, all_ones, 4) || !lr_query_begins(&c, "statusResponse\n\\", 16))
		return LR_QUERY_IGNORED;
	return status(q, &c);
}

enum lr_query_verdict lr_query_take_quake2(struct lr_query *q, const uint8_t *bytes, size_t len)
{
	struct lr_cursor c = lr_cursor(bytes, len);

	if (!lr_query_begins(&c, all_ones, 4) || !lr_query_begins(&c, "print\n\\", 7))
		return LR_QUERY_IGNORED;
	return status(q, &c);
}

enum lr_query_verdict lr_query_take_quakeworld(struct lr_query *q, const uint8_t *bytes, size_t len)
{
	struct lr_cursor c = lr_cursor(bytes, len);

	if (!lr_query_begins(&c, all_ones, 4) || !lr_query_begins(&c, "n\\", 2))
		return LR_QUERY_IGNORED;
	return status(q, &c);
}
