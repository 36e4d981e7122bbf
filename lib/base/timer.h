/*
 * timer.h - intrusive timers on a clock that the caller owns
 *
 * Theory of operation: a binary heap of pointers ordered by `slot_ns`. Moving a
 * deadline to later, which happens once per packet, only writes `due_ns`: the
 * heap position stays and is corrected when the timer surfaces. Moving it to
 * earlier, arming and stopping cost O(log n).
 */
#ifndef LR_BASE_TIMER_H
#define LR_BASE_TIMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lr_timer {
	uint64_t due_ns;  /* when it shall fire; LR_NEVER when stopped */
	uint64_t slot_ns; /* the key it has in the heap, <= due_ns */
	size_t index;     /* 1-based place in the heap; 0: not in it */
	unsigned kind;    /* the owner's mark: which of its timers this is */
};

struct lr_timers {
	struct lr_timer **heap;
	size_t n, room;
};

/* Makes room for `count` timers altogether, so that arming one never allocates.
 * 0 or -ENOMEM. Call when an owner of timers is added. */
int lr_timers_reserve(struct lr_timers *q, size_t count);
void lr_timers_release(struct lr_timers *q);

/* Arms or moves. The timer must have been zeroed once. Room must have been reserved. */
void lr_timer_set(struct lr_timers *q, struct lr_timer *t, uint64_t due_ns);
/* Stops: it will not fire; cheap, may leave a lazy entry that pop discards. */
void lr_timer_stop(struct lr_timers *q, struct lr_timer *t);
/* Takes it out of the heap at once; before its memory goes away. */
void lr_timer_remove(struct lr_timers *q, struct lr_timer *t);
static inline bool lr_timer_armed(const struct lr_timer *t)
{
	return t->index != 0 && t->due_ns != UINT64_MAX;
}

/* The earliest deadline, LR_NEVER when there is none. Corrects stale entries on top. */
uint64_t lr_timers_next(struct lr_timers *q);
/* A timer with due_ns <= now, taken out and stopped; NULL when there is none. */
struct lr_timer *lr_timers_pop(struct lr_timers *q, uint64_t now_ns);

#endif
