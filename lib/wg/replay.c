/*
 * replay.c - moving the replay window
 */
#include "lib/wg/replay.h"

#include <string.h>

void lr_replay_clear(struct lr_replay *r, uint64_t from, uint64_t to)
{
	if (to - from >= r->bits - 1) {
		memset(r->ring, 0, r->bits / 8);
		return;
	}
	for (uint64_t at = from; at <= to; at = (at | 63) + 1) {
		uint64_t mask = ~0ull << (at & 63);
		if ((at | 63) > to)
			mask &= ~0ull >> (63 - (to & 63));
		r->ring[(at & (r->bits - 1)) / 64] &= ~mask;
	}
}
