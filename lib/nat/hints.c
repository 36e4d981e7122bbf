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
	for (int i = 0; set->day && i < LR_HINT_DAYS; i++)
		lr_map_remove(&h->map, set->at[i]);
	set->day = 0;
}

int lr_hints_set(struct lr_hints *h, struct lr_hint_set *set, const struct lr_probe_pair *pair,
	uint64_t unix_ns, void *member)
{
	uint64_t today = unix_ns / LR_NS_PER_S / LR_DAY_S;

	if (today == 0)
		today = 1; /* a clock that was never set: 1970 */
	if (set->day == today)
		return 0;
	lr_hints_remove(h, set);
	for (int i = 0; i < LR_HINT_DAYS; i++) {
		lr_probe_hint(pair, today - 1 + (uint64_t)i, false, set->at[i]);
		if (lr_map_put(&h->map, set->at[i], member) < 0) {
			for (int k = 0; k < i; k++)
				lr_map_remove(&h->map, set->at[k]);
			return -ENOMEM;
		}
	}
	set->day = today;
	return 0;
}

void *lr_hints_find(const struct lr_hints *h, const uint8_t hint[LR_PROBE_HINT_LEN])
{
	return lr_map_get(&h->map, hint);
}
