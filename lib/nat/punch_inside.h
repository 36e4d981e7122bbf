/*
 * punch_inside.h - what punch.c and punch_search.c share
 */
#ifndef LR_NAT_PUNCH_INSIDE_H
#define LR_NAT_PUNCH_INSIDE_H

#include "lib/base/clock.h"
#include "lib/nat/punch.h"

static inline struct lr_route lr_punch_route(const struct lr_candidate *c, uint16_t socket)
{
	return (struct lr_route){.to = lr_candidate_endpoint(c), .socket = socket};
}
static inline uint64_t lr_punch_later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}
static inline uint64_t lr_punch_sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* The other end begins, or has news: a search that is on goes on for longer, the next one comes at
 * once, unless the last has only just ended. */
void lr_punch_search_start(struct lr_punch *p, uint64_t now);
/* Winds up a search that is over. Whether there is a socket to close. */
bool lr_punch_search_over(
	struct lr_punch *p, struct lr_budget *b, uint64_t now, struct lr_punch_step *step);
bool lr_punch_search_step(
	struct lr_punch *p, struct lr_budget *b, uint64_t now, struct lr_punch_step *step);
uint64_t lr_punch_search_due(const struct lr_punch *p, const struct lr_budget *b, uint64_t now);

#endif
