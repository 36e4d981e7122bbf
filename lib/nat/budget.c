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
	b->level_ns = UINT64_MAX / 4; /* cut to a full bucket at first use */
}

static uint64_t level_at(const struct lr_budget *b, uint64_t now, uint64_t cost)
{
	uint64_t level = b->level_ns + (now > b->seen_ns ? now - b->seen_ns : 0);

	return level > BURST * cost ? BURST * cost : level;
}

bool lr_budget_take(struct lr_budget *b, uint64_t now, bool search)
{
	uint64_t cost = b->packets_s ? LR_NS_PER_S / b->packets_s : 0;

	if (cost == 0)
		return false;
	b->level_ns = level_at(b, now, cost);
	b->seen_ns = now;
	if (b->level_ns < (search ? RESERVE + 1 : 1) * cost) {
		b->denied++;
		return false;
	}
	b->level_ns -= cost;
	b->spent++;
	return true;
}

uint64_t lr_budget_due(const struct lr_budget *b, uint64_t now, bool search)
{
	uint64_t cost = b->packets_s ? LR_NS_PER_S / b->packets_s : 0;

	if (cost == 0)
		return LR_NEVER;
	uint64_t level = level_at(b, now, cost), need = (search ? RESERVE + 1 : 1) * cost;
	return level >= need ? now : now + (need - level);
}
