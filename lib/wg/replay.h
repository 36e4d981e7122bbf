/*
 * replay.h - which counters of a session have been seen
 *
 * Theory of operation. A ring of `bits` bits (a power of two): bit (c mod bits) tells whether c
 * was seen, for the `bits` counters below `next`. A counter at or beyond `next` moves the window:
 * the bits of the counters between are cleared, at most the whole ring once. All older ones are
 * refused. The paper, section 5.4.6, and RFC 6479, from which this differs in clearing single
 * bits, so that the window is all of the ring.
 */
#ifndef LR_WG_REPLAY_H
#define LR_WG_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lr_replay {
	uint64_t next;   /* the greatest counter seen, plus one */
	uint64_t bits;   /* size of the ring, a power of two >= 64 */
	uint64_t ring[]; /* bits / 64 words */
};

static inline size_t lr_replay_size(unsigned bits)
{
	return sizeof(struct lr_replay) + bits / 8;
}

/* Memory from calloc is a window of nothing seen, once `bits` is set. */
static inline void lr_replay_init(struct lr_replay *r, unsigned bits)
{
	r->next = 0;
	r->bits = bits;
}

/* Forgets counters from..to, both included (a range longer than the ring is all of it). */
void lr_replay_clear(struct lr_replay *r, uint64_t from, uint64_t to);

/* Marks `counter` (< UINT64_MAX) as seen; false when it was, or is older than the window. Only
 * for messages whose tag was right. Hot. */
static inline bool lr_replay_accept(struct lr_replay *r, uint64_t counter)
{
	uint64_t *word = &r->ring[(counter & (r->bits - 1)) / 64];
	uint64_t bit = 1ull << (counter % 64);

	if (counter >= r->next) {
		if (counter > r->next)
			lr_replay_clear(r, r->next, counter);
		r->next = counter + 1;
	} else if (r->next - counter > r->bits || (*word & bit)) {
		return false;
	}
	*word |= bit;
	return true;
}

#endif
