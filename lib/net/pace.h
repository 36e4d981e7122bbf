/*
 * pace.h - no faster than the line behind us
 *
 * Theory of operation. The queue of a home's uplink stands in its router, where a game's packet
 * waits behind everything. Sent a little slower than the line takes it, the queue stands with us
 * instead, and we choose what goes first. All that is sent is told with lr_pace_sent(), which moves
 * the time at which the line is free again; only what can wait (queue.h) asks for it. A line that
 * was idle gives no credit: nothing may burst into the router.
 */
#ifndef LR_NET_PACE_H
#define LR_NET_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/clock.h"

#define LR_PACE_MIN 64000ull        /* bit/s */
#define LR_PACE_MAX 100000000000ull /* bit/s */

struct lr_pace {
	uint64_t rate;    /* bit/s; 0: as fast as it goes */
	uint64_t free_ns; /* when all that was sent has left */
};

/* "19mbit", "512kbit", "1.5gbit", as tc(8) writes rates; a bare number is bit/s. 0, -EINVAL, or
 * -ERANGE outside LR_PACE_MIN..LR_PACE_MAX. */
int lr_pace_parse(const char *text, uint64_t *rate);

static inline bool lr_pace_free(const struct lr_pace *p, uint64_t now)
{
	return p->free_ns <= now;
}
/* `count` datagrams of `bytes` bytes of UDP payload in all went to an address of that family (4 or
 * 6): what they take of an Ethernet line. */
void lr_pace_sent(struct lr_pace *p, uint64_t now, size_t bytes, unsigned count, unsigned family);

#endif
