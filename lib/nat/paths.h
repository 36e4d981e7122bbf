/*
 * paths.h - the paths to one member, and which of them is used
 *
 * Choice. A failing path in use is left at once for the usable one with the least score. Else the
 * path in use is kept until another one's score has been less by both LR_PATHS_MARGIN_US and an
 * eighth for LR_PATHS_HOLD_MS. A direct path may be LR_PATHS_DIRECT_US worse than the relay: it
 * costs nobody else anything, and one on our own network LR_PATHS_LAN_US worse than one through the
 * router. From the relay to a direct path, or from the router to the own network, no time is waited
 * unless it was left by choice. A path that failed is not taken again for 5 s, doubled with each
 * failure up to 60 s, one that was left by choice for LR_PATHS_REST_MS, unless nothing else is
 * usable. Loss counts only as far as it is not chance (lr_path_excess_us).
 */
#ifndef LR_NAT_PATHS_H
#define LR_NAT_PATHS_H

#include "lib/nat/path.h"

#define LR_PATHS           8
#define LR_PATHS_MARGIN_US 2000
#define LR_PATHS_DIRECT_US 5000
#define LR_PATHS_LAN_US    1000
#define LR_PATHS_HOLD_MS   3000
#define LR_PATHS_REST_MS   15000

struct lr_paths {
	struct lr_path at[LR_PATHS];
	int8_t current; /* index, -1: none */
	int8_t better;  /* index of the one that has been better since better_ns; -1 */
	uint64_t better_ns;
	uint64_t switched_ns;    /* when current changed last */
	uint64_t direct_lost_ns; /* when a direct path in use failed last; 0: never */
	uint32_t switches;
};

void lr_paths_init(struct lr_paths *s);
struct lr_path *lr_paths_find(struct lr_paths *s, const struct lr_route *route);
/* The path over `route`, new or known; NULL when all places are taken. */
struct lr_path *lr_paths_add(struct lr_paths *s, uint64_t now, const struct lr_route *route,
	enum lr_candidate_kind kind, enum lr_path_found found, unsigned link_mtu);
/* The direct path that can be spared most: not in use, failing before alive, then the worst. NULL:
 * none. */
struct lr_path *lr_paths_victim(struct lr_paths *s);
void lr_paths_remove(struct lr_paths *s, struct lr_path *p);
/* Chooses anew; whether the path in use is another now. */
bool lr_paths_choose(struct lr_paths *s, uint64_t now);
/* The path in use, NULL when there is none. */
static inline struct lr_path *lr_paths_current(struct lr_paths *s)
{
	return s->current < 0 ? NULL : &s->at[s->current];
}
/* By delay, loss and what the path costs others. */
bool lr_paths_cheaper(const struct lr_path *a, const struct lr_path *b);
/* The relay that was agreed on; NULL without any. */
struct lr_path *lr_paths_relay(struct lr_paths *s);
bool lr_paths_has_direct(const struct lr_paths *s); /* alive, in use or not */

#endif
