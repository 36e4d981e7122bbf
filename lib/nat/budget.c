/*
 * budget.c - what punching may cost the home router
 */
#include "lib/nat/budget.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"

#define BURST   64
#define RESERVE 16 /* tokens that a search leaves */

/* Of a second bucket, for searches alone: seconds of the whole rate, and the part for ever. */
#define SEARCH_S    10
#define SEARCH_PART 3

/* Digits only, up to `max`: 0 or -EINVAL. */
static int number(const char *text, size_t len, uint32_t max, uint32_t *out)
{
	uint32_t v = 0;

	if (len == 0 || len > 5 || strspn(text, "0123456789") < len)
		return -EINVAL;
	for (size_t i = 0; i < len; i++)
		v = v * 10 + (uint32_t)(text[i] - '0');
	*out = v;
	return v > max ? -EINVAL : 0;
}

int lr_budget_parse(const char *text, struct lr_budget *out)
{
	size_t comma = strcspn(text, ",");
	uint32_t sockets, packets;

	if (strcmp(text, "default") == 0) {
		out->sockets = LR_BUDGET_SOCKETS;
		out->packets_s = LR_BUDGET_PACKETS;
		return 0;
	}
	if (!text[comma] || number(text, comma, LR_BUDGET_SOCKETS_MAX, &sockets) < 0 ||
		number(text + comma + 1, strlen(text + comma + 1), LR_BUDGET_PACKETS_MAX,
			&packets) < 0)
		return -EINVAL;
	out->sockets = sockets;
	out->packets_s = packets;
	return 0;
}

void lr_budget_init(struct lr_budget *b)
{
	memset(b, 0, sizeof(*b));
	b->sockets = LR_BUDGET_SOCKETS;
	b->packets_s = LR_BUDGET_PACKETS;
	b->level_ns = b->search_ns = UINT64_MAX / 4; /* cut to full buckets at first use */
}

/* --- packets --- */

static uint64_t cost_ns(const struct lr_budget *b)
{
	return b->packets_s ? LR_NS_PER_S / b->packets_s : 0;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t passed(const struct lr_budget *b, uint64_t now)
{
	return now > b->seen_ns ? now - b->seen_ns : 0;
}

static uint64_t level_at(const struct lr_budget *b, uint64_t now)
{
	return least(b->level_ns + passed(b, now), BURST * cost_ns(b));
}

static uint64_t search_at(const struct lr_budget *b, uint64_t now)
{
	return least(b->search_ns + passed(b, now) / SEARCH_PART, SEARCH_S * LR_NS_PER_S);
}

bool lr_budget_take(struct lr_budget *b, uint64_t now, bool search)
{
	uint64_t cost = cost_ns(b);

	if (cost == 0)
		return false;
	b->level_ns = level_at(b, now);
	b->search_ns = search_at(b, now);
	b->seen_ns = now;
	if (b->level_ns < (search ? RESERVE + 1 : 1) * cost || (search && b->search_ns < cost)) {
		b->denied++;
		return false;
	}
	b->level_ns -= cost;
	b->search_ns -= search ? cost : 0;
	b->spent++;
	return true;
}

uint64_t lr_budget_due(const struct lr_budget *b, uint64_t now, bool search)
{
	uint64_t cost = cost_ns(b), need = (search ? RESERVE + 1 : 1) * cost;
	uint64_t level = level_at(b, now), searches = search_at(b, now), wait = 0;

	if (cost == 0)
		return LR_NEVER;
	if (level < need)
		wait = need - level;
	if (search && searches < cost && (cost - searches) * SEARCH_PART > wait)
		wait = (cost - searches) * SEARCH_PART;
	return now + wait;
}

uint64_t lr_budget_apart_ns(const struct lr_budget *b)
{
	return cost_ns(b) * b->searches;
}

/* --- sockets --- */

static struct lr_budget_socket *find(struct lr_budget *b, uint16_t number)
{
	for (uint32_t i = 0; i < b->open; i++)
		if (b->at[i].number == number)
			return &b->at[i];
	return NULL;
}

void lr_budget_opened(struct lr_budget *b, uint16_t number, uint8_t users)
{
	b->at[b->open++] = (struct lr_budget_socket){number, users};
}

void lr_budget_use(struct lr_budget *b, uint16_t number)
{
	struct lr_budget_socket *s = find(b, number);

	if (s)
		s->users++;
}

bool lr_budget_leave(struct lr_budget *b, uint16_t number)
{
	struct lr_budget_socket *s = find(b, number);

	if (!s || (s->users && --s->users) || b->socket_searches)
		return false;
	*s = b->at[--b->open];
	return true;
}

uint16_t lr_budget_spare(struct lr_budget *b)
{
	for (uint32_t i = 0; i < b->open && !b->socket_searches; i++) {
		uint16_t number = b->at[i].number;
		if (b->at[i].users)
			continue;
		b->at[i] = b->at[--b->open];
		return number;
	}
	return 0;
}
