/*
 * timer.c - intrusive timers on a clock that the caller owns
 *
 * Theory of operation: heap[0..n-1] is a binary heap by slot_ns, and heap[i]->index == i + 1.
 * Always slot_ns <= due_ns, so the top's slot is a lower bound of every deadline. An entry
 * on top whose due_ns is later than its slot is stale: it is moved to where it belongs, or
 * discarded when it was stopped, before its deadline is believed.
 */
#include "lib/base/timer.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "lib/base/clock.h"

int lr_timers_reserve(struct lr_timers *q, size_t count)
{
	if (count <= q->room)
		return 0;
	if (count > SIZE_MAX / 2 / sizeof(*q->heap))
		return -ENOMEM;
	size_t room = q->room * 2 > count ? q->room * 2 : count;
	struct lr_timer **heap = reallocarray(q->heap, room, sizeof(*heap));
	if (!heap)
		return -ENOMEM;
	q->heap = heap;
	q->room = room;
	return 0;
}

void lr_timers_release(struct lr_timers *q)
{
	for (size_t i = 0; i < q->n; i++)
		q->heap[i]->index = 0;
	free(q->heap);
	*q = (struct lr_timers){0};
}

static void place(struct lr_timers *q, size_t i, struct lr_timer *t)
{
	q->heap[i] = t;
	t->index = i + 1;
}

static void sift_up(struct lr_timers *q, struct lr_timer *t)
{
	size_t i = t->index - 1;

	while (i > 0) {
		size_t parent = (i - 1) / 2;
		if (q->heap[parent]->slot_ns <= t->slot_ns)
			break;
		place(q, i, q->heap[parent]);
		i = parent;
	}
	place(q, i, t);
}

static void sift_down(struct lr_timers *q, struct lr_timer *t)
{
	size_t i = t->index - 1;

	for (;;) {
		size_t child = 2 * i + 1;
		if (child >= q->n)
			break;
		if (child + 1 < q->n && q->heap[child + 1]->slot_ns < q->heap[child]->slot_ns)
			child++;
		if (t->slot_ns <= q->heap[child]->slot_ns)
			break;
		place(q, i, q->heap[child]);
		i = child;
	}
	place(q, i, t);
}

void lr_timer_set(struct lr_timers *q, struct lr_timer *t, uint64_t due_ns)
{
	if (due_ns == LR_NEVER) {
		lr_timer_stop(q, t);
		return;
	}
	t->due_ns = due_ns;
	if (t->index == 0) {
		assert(q->n < q->room);
		t->slot_ns = due_ns;
		place(q, q->n++, t);
		sift_up(q, t);
	} else if (due_ns < t->slot_ns) {
		t->slot_ns = due_ns;
		sift_up(q, t);
	}
}

void lr_timer_stop(struct lr_timers *q, struct lr_timer *t)
{
	(void)q;
	t->due_ns = LR_NEVER;
}

void lr_timer_remove(struct lr_timers *q, struct lr_timer *t)
{
	t->due_ns = LR_NEVER;
	if (t->index == 0)
		return;
	size_t i = t->index - 1;
	struct lr_timer *last = q->heap[--q->n];
	t->index = 0;
	if (last == t)
		return;
	place(q, i, last);
	sift_up(q, last);
	sift_down(q, last);
}

uint64_t lr_timers_next(struct lr_timers *q)
{
	while (q->n) {
		struct lr_timer *top = q->heap[0];
		if (top->due_ns == top->slot_ns)
			return top->due_ns;
		if (top->due_ns == LR_NEVER) {
			lr_timer_remove(q, top);
		} else {
			top->slot_ns = top->due_ns;
			sift_down(q, top);
		}
	}
	return LR_NEVER;
}

struct lr_timer *lr_timers_pop(struct lr_timers *q, uint64_t now_ns)
{
	if (lr_timers_next(q) > now_ns || q->n == 0)
		return NULL;
	struct lr_timer *top = q->heap[0];
	lr_timer_remove(q, top);
	return top;
}
