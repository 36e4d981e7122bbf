/*
 * hints.h - which member a probe is from, by its hint: one look-up
 *
 * Clocks differ, and some are wrong by days or say 1970. So two clocks count: our own, and that of
 * the relays, on which all members agree whatever their own say. A member may go by either (its
 * relays may lie to it): the table has the hints of yesterday, today and tomorrow by both. We send
 * by our own clock to who was heard with a day near it, else, and first of all, by the relays'.
 */
#ifndef LR_NAT_HINTS_H
#define LR_NAT_HINTS_H

#include "lib/base/map.h"
#include "lib/nat/probe.h"

#define LR_HINT_DAYS 3

enum lr_hint_clock { LR_CLOCK_RELAYS, LR_CLOCK_OWN, LR_CLOCKS };

/* The time by both, in Unix ns. The relays' is our own while it is not known. */
struct lr_clocks {
	uint64_t unix_ns[LR_CLOCKS];
};

struct lr_hints {
	struct lr_map map; /* hint -> member */
};

/* One for each member, in the caller's memory: which hints of it are in the table. */
struct lr_hint_set {
	uint64_t day[LR_CLOCKS]; /* the middle one; 0: none are in */
	uint8_t at[LR_CLOCKS][LR_HINT_DAYS][LR_PROBE_HINT_LEN];
};

void lr_hints_init(struct lr_hints *h);
void lr_hints_release(struct lr_hints *h);
/* Puts the hints around today's for `member` (not NULL) into the table, in the place of older
 * ones. Cheap when the days are the same. 0 or -ENOMEM. */
int lr_hints_set(struct lr_hints *h, struct lr_hint_set *set, const struct lr_probe_pair *pair,
	const struct lr_clocks *clocks, void *member);
void lr_hints_remove(struct lr_hints *h, struct lr_hint_set *set);
/* Whether a hint of the set is one of the days around today by that clock. */
bool lr_hints_by(const struct lr_hint_set *set, enum lr_hint_clock clock,
	const uint8_t hint[LR_PROBE_HINT_LEN]);
/* The member, or NULL. */
void *lr_hints_find(const struct lr_hints *h, const uint8_t hint[LR_PROBE_HINT_LEN]);

#endif
