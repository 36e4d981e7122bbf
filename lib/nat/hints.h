/*
 * hints.h - which member a probe is from, by its hint: one look-up
 *
 * Holds the hints of yesterday, today and tomorrow for each member, since clocks differ.
 */
#ifndef LR_NAT_HINTS_H
#define LR_NAT_HINTS_H

#include "lib/base/map.h"
#include "lib/nat/probe.h"

#define LR_HINT_DAYS 3

struct lr_hints {
	struct lr_map map; /* hint -> member */
};

/* One for each member, in the caller's memory: which hints of it are in the table. */
struct lr_hint_set {
	uint64_t day; /* the middle one; 0: none are in */
	uint8_t at[LR_HINT_DAYS][LR_PROBE_HINT_LEN];
};

void lr_hints_init(struct lr_hints *h);
void lr_hints_release(struct lr_hints *h);
/* Puts the hints around today's for `member` (not NULL) into the table, in the place of older
 * ones. Cheap when the day is the same. 0 or -ENOMEM. */
int lr_hints_set(struct lr_hints *h, struct lr_hint_set *set, const struct lr_probe_pair *pair,
	uint64_t unix_ns, void *member);
void lr_hints_remove(struct lr_hints *h, struct lr_hint_set *set);
/* The member, or NULL. */
void *lr_hints_find(const struct lr_hints *h, const uint8_t hint[LR_PROBE_HINT_LEN]);

#endif
