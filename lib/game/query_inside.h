/*
 * query_inside.h - what the protocols share: fields out of foreign bytes
 */
#ifndef LR_GAME_QUERY_INSIDE_H
#define LR_GAME_QUERY_INSIDE_H

#include "lib/base/bytes.h"
#include "lib/game/query.h"

/* Up to `end` (consumed) or the last byte, into `out`, made safe to print. What is too long is cut.
 */
void lr_query_text(struct lr_cursor *c, uint8_t end, char *out, size_t room);
/* The same, thrown away. False: there was no `end`. */
bool lr_query_skip(struct lr_cursor *c, uint8_t end);
/* `len` bytes as text. */
void lr_query_bytes(const uint8_t *p, size_t len, char *out, size_t room);
/* Whether it begins with these bytes; they are taken then. */
bool lr_query_begins(struct lr_cursor *c, const void *bytes, size_t len);
/* One fact by its name in the key and value lists of Quake and GameSpy. */
void lr_query_fact(struct lr_query_server *s, const char *key, const char *value);
/* "KEY sep VALUE sep ..." to the end, or to the byte `stop` (0: none). */
void lr_query_facts(struct lr_query_server *s, struct lr_cursor *c, uint8_t sep, uint8_t stop);
static inline uint8_t lr_query_byte(struct lr_cursor *c)
{
	const uint8_t *p = lr_take(c, 1);
	return p ? *p : 0;
}
static inline uint16_t lr_query_le16(struct lr_cursor *c)
{
	const uint8_t *p = lr_take(c, 2);
	return p ? lr_get_le16(p) : 0;
}
static inline uint32_t lr_query_le32(struct lr_cursor *c)
{
	const uint8_t *p = lr_take(c, 4);
	return p ? lr_get_le32(p) : 0;
}

/* query_quake.c: Valve, Quake; query_gamespy.c: GameSpy, Unreal; query_own.c: games with their own
 */
#define LR_QUERY_DECLARE(name)                                                                     \
	size_t lr_query_ask_##name(const struct lr_query *q, uint8_t out[LR_QUERY_ASK_MAX]);       \
	enum lr_query_verdict lr_query_take_##name(                                                \
		struct lr_query *q, const uint8_t *bytes, size_t len)
LR_QUERY_DECLARE(a2s);
LR_QUERY_DECLARE(quake3);
LR_QUERY_DECLARE(quake2);
LR_QUERY_DECLARE(quakeworld);
LR_QUERY_DECLARE(gamespy1);
LR_QUERY_DECLARE(gamespy2);
LR_QUERY_DECLARE(gamespy3);
LR_QUERY_DECLARE(unreal2);
LR_QUERY_DECLARE(unreal_lan);
LR_QUERY_DECLARE(minecraft);
LR_QUERY_DECLARE(bedrock);
LR_QUERY_DECLARE(teeworlds);
LR_QUERY_DECLARE(teeworlds7);
LR_QUERY_DECLARE(openttd);
LR_QUERY_DECLARE(openttd_tcp);
LR_QUERY_DECLARE(luanti);
LR_QUERY_DECLARE(doom);
LR_QUERY_DECLARE(stk);

#endif
