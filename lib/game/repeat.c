/*
 * repeat.c - see repeat.h
 */
#include "lib/game/repeat.h"

#include <string.h>

#include "lib/base/bytes.h"

#define UDP_HEAD 8u

static bool same(const struct lr_repeat_item *a, const struct lr_repeat_item *b)
{
	return a->until_ns && a->sport == b->sport && a->dport == b->dport &&
	       memcmp(a->kind, b->kind, sizeof(a->kind)) == 0;
}

/* Whether it is what ends announcements. */
static bool ends(const struct lr_game_repeat *rule, const uint8_t *payload, size_t n)
{
	return rule->n_until && n >= rule->n_until &&
	       memcmp(payload, rule->until, rule->n_until) == 0;
}

static void end(struct lr_repeats *r, uint16_t sport, uint16_t dport)
{
	for (unsigned i = 0; i < LR_REPEAT_ITEMS; i++)
		if (r->items[i].sport == sport && r->items[i].dport == dport)
			r->items[i].until_ns = 0;
}

/* The one of that kind, else the free one, else the one that ends first. */
static struct lr_repeat_item *place(struct lr_repeats *r, const struct lr_repeat_item *like)
{
	struct lr_repeat_item *best = r->items;

	for (unsigned i = 0; i < LR_REPEAT_ITEMS; i++) {
		if (same(&r->items[i], like))
			return &r->items[i];
		if (r->items[i].until_ns < best->until_ns)
			best = &r->items[i];
	}
	return best;
}

void lr_repeats_take(struct lr_repeats *r, uint64_t now, const struct lr_game_repeat *rule,
	const uint8_t *udp, size_t n, const void *bytes, size_t len)
{
	struct lr_repeat_item like = {.until_ns = now + rule->for_ms * LR_NS_PER_MS};

	if (n < UDP_HEAD || len > LR_REPEAT_BYTES || !rule->every_ms || !rule->for_ms)
		return;
	like.sport = lr_get_be16(udp);
	like.dport = lr_get_be16(udp + 2);
	if (ends(rule, udp + UDP_HEAD, n - UDP_HEAD)) {
		end(r, like.sport, like.dport);
		return;
	}
	memcpy(like.kind, udp + UDP_HEAD, n - UDP_HEAD < 4 ? n - UDP_HEAD : 4);
	like.every_ms = rule->every_ms;
	like.next_ns = now + rule->every_ms * LR_NS_PER_MS;
	like.len = (uint16_t)len;
	struct lr_repeat_item *item = place(r, &like);
	memcpy(item, &like, offsetof(struct lr_repeat_item, bytes));
	memcpy(item->bytes, bytes, len);
}

const uint8_t *lr_repeats_next(struct lr_repeats *r, uint64_t now, size_t *len)
{
	for (unsigned i = 0; i < LR_REPEAT_ITEMS; i++) {
		struct lr_repeat_item *item = &r->items[i];
		if (!item->until_ns || item->next_ns > now)
			continue;
		if (item->next_ns > item->until_ns || now > item->until_ns) {
			item->until_ns = 0;
			continue;
		}
		item->next_ns += item->every_ms * LR_NS_PER_MS;
		if (item->next_ns <= now) /* the machine slept: once is enough */
			item->next_ns = now + item->every_ms * LR_NS_PER_MS;
		*len = item->len;
		return item->bytes;
	}
	return NULL;
}

uint64_t lr_repeats_due(const struct lr_repeats *r)
{
	uint64_t due = LR_NEVER;

	for (unsigned i = 0; i < LR_REPEAT_ITEMS; i++)
		if (r->items[i].until_ns && r->items[i].next_ns < due)
			due = r->items[i].next_ns;
	return due;
}

void lr_repeats_forget(struct lr_repeats *r, uint16_t dport)
{
	for (unsigned i = 0; i < LR_REPEAT_ITEMS; i++)
		if (r->items[i].dport == dport)
			r->items[i].until_ns = 0;
}
