/*
 * hints.c - the table from hints to members
 */
#include "lib/nat/hints.h"

#include <errno.h>
#include <string.h>

void lr_hints_init(struct lr_hints *h)
{
	lr_map_init(&h->map, LR_PROBE_HINT_LEN);
}

void lr_hints_release(struct lr_hints *h)
{
	lr_map_release(&h->map);
}

void lr_hints_remove(struct lr_hints *h, struct lr_hint_set *set)
{
	for (int c = 0; c < LR_CLOCKS; c++)
		for (int i = 0; set->day[c] && i < LR_HINT_DAYS; i++)
			lr_map_remove(&h->map, set->at[c][i]);
	memset(set->day, 0, sizeof(set->day));
}

static uint64_t day_of(uint64_t unix_ns)
{
	uint64_t day = unix_ns / LR_NS_PER_S / LR_DAY_S;

	return day ? day : 1; /* a clock that was never set: 1970 */
}

int lr_hints_set(struct lr_hints *h, struct lr_hint_set *set, const struct lr_probe_pair *pair,
	const struct lr_clocks *clocks, void *member)
{
	uint64_t days[LR_CLOCKS];

	for (int c = 0; c < LR_CLOCKS; c++)
		days[c] = day_of(clocks->unix_ns[c]);
	if (memcmp(days, set->day, sizeof(days)) == 0)
		return 0;
	lr_hints_remove(h, set);
	memcpy(set->day, days, sizeof(days));
	for (int c = 0; c < LR_CLOCKS; c++)
		for (int i = 0; i < LR_HINT_DAYS; i++)
			lr_probe_hint(pair, days[c] - 1 + (uint64_t)i, false, set->at[c][i]);
	for (int k = 0; k < LR_CLOCKS * LR_HINT_DAYS; k++)
		if (lr_map_put(&h->map, set->at[k / LR_HINT_DAYS][k % LR_HINT_DAYS], member) < 0) {
			lr_hints_remove(h, set);
			return -ENOMEM;
		}
	return 0;
}

bool lr_hints_by(const struct lr_hint_set *set, enum lr_hint_clock clock,
	const uint8_t hint[LR_PROBE_HINT_LEN])
{
	for (int i = 0; i < LR_HINT_DAYS; i++)
		if (memcmp(set->at[clock][i], hint, LR_PROBE_HINT_LEN) == 0)
			return true;
	return false;
}

void *lr_hints_find(const struct lr_hints *h, const uint8_t hint[LR_PROBE_HINT_LEN])
{
	return lr_map_get(&h->map, hint);
}
