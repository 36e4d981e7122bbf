/*
 * relay_choice.h - which relay two members, or all of a party, use
 *
 * Every end computes it from the same published figures and so comes to the same answer: the
 * smallest sum of legs wins; a relay that somebody cannot reach (leg unknown) only when no relay is
 * reached by more; on equality the one whose name sorts first. What a member publishes changes
 * only by more than noise (lr_relay_leg), so the choice stays.
 */
#ifndef LR_NAT_RELAY_CHOICE_H
#define LR_NAT_RELAY_CHOICE_H

#include <stddef.h>
#include <stdint.h>

#define LR_LEG_UNKNOWN UINT32_MAX

struct lr_relay_offer {
	const char *name;     /* the same text at all members: "host:port" of the charter */
	const uint32_t *legs; /* round trip in us of each end, LR_LEG_UNKNOWN when not reached */
};

/* The index of the relay, -1 when `n` is 0 or no leg of any is known. `ends`: legs a relay, 2 for a
 * pair. */
int lr_relay_choose(const struct lr_relay_offer *offers, size_t n, size_t ends);
/* What to publish: `published`, unless `measured` is more than a quarter and 5 ms away from it or
 * one of them is unknown; rounded to 1 ms. */
uint32_t lr_relay_leg(uint32_t published, uint32_t measured);

#endif
