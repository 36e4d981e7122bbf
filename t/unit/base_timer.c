/* base_timer.c - timers against a model that looks at every one of them */
#include <errno.h>
#include <stdlib.h>

#include "lib/base/clock.h"
#include "lib/base/timer.h"
#include "t/unit/tap.h"

#define TIMERS 64
#define STEPS  100000

static uint64_t seed = 20261123;

static uint64_t rnd(uint64_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % below;
}

static void basics(void)
{
	struct lr_timers q = {0};
	struct lr_timer a = {0}, b = {.kind = 3}, c = {0};

	is_int(lr_timers_reserve(&q, 3), 0, "room is made");
	ok(lr_timers_next(&q) == LR_NEVER, "no timer, no deadline");
	ok(lr_timers_pop(&q, LR_NEVER) == NULL, "nothing to take");
	lr_timer_set(&q, &a, 100);
	lr_timer_set(&q, &b, 50);
	lr_timer_set(&q, &c, 200);
	is_int(lr_timers_next(&q), 50, "the earliest");
	ok(lr_timers_pop(&q, 49) == NULL, "not before its time");
	lr_timer_set(&q, &b, 150);
	is_int(b.slot_ns, 50, "to later: the heap is left alone");
	is_int(lr_timers_next(&q), 100, "to later: the next is told rightly");
	is_int(b.slot_ns, 150, "and the entry on top was put right");
	lr_timer_set(&q, &c, 10);
	is_int(lr_timers_next(&q), 10, "to earlier");
	ok(lr_timers_pop(&q, 10) == &c && !lr_timer_armed(&c), "fires at its time, is stopped");
	lr_timer_stop(&q, &a);
	ok(!lr_timer_armed(&a) && lr_timer_armed(&b), "stopped and armed are told apart");
	lr_timer_set(&q, &a, 120);
	ok(lr_timer_armed(&a), "a stopped one is armed anew");
	is_int(lr_timers_next(&q), 120, "at its new time");
	lr_timer_set(&q, &a, LR_NEVER);
	ok(!lr_timer_armed(&a), "never is stopped");
	ok(lr_timers_pop(&q, 1000) == &b && b.kind == 3, "its mark is the owner's");
	ok(lr_timers_pop(&q, 1000) == NULL && q.n == 0, "a stopped one does not fire");
	lr_timer_remove(&q, &a);
	is_int(a.index, 0, "removing what is not there is fine");
	lr_timer_set(&q, &a, 0);
	ok(lr_timers_pop(&q, 0) == &a, "time 0 is a time");
	lr_timer_set(&q, &a, 5);
	lr_timers_release(&q);
	ok(!lr_timer_armed(&a) && q.room == 0, "released timers are not armed");
	is_int(lr_timers_reserve(&q, SIZE_MAX / 4), -ENOMEM, "no room is an error");
	is_int(q.room, 0, "and changes nothing");
}

static bool heap_sound(const struct lr_timers *q)
{
	for (size_t i = 0; i < q->n; i++) {
		const struct lr_timer *t = q->heap[i];
		if (t->index != i + 1 || t->slot_ns > t->due_ns)
			return false;
		if (i > 0 && q->heap[(i - 1) / 2]->slot_ns > t->slot_ns)
			return false;
	}
	return true;
}

static uint64_t model_next(const uint64_t due[TIMERS])
{
	uint64_t least = LR_NEVER;

	for (int i = 0; i < TIMERS; i++)
		if (due[i] < least)
			least = due[i];
	return least;
}

/* Everything due comes out, in order of deadlines, and nothing else does. */
static bool pop_all(struct lr_timers *q, struct lr_timer *t, uint64_t due[TIMERS], uint64_t now)
{
	uint64_t want;

	while ((want = model_next(due)) <= now && want != LR_NEVER) {
		struct lr_timer *got = lr_timers_pop(q, now);
		if (!got || due[got - t] != want)
			return false;
		due[got - t] = LR_NEVER;
	}
	return lr_timers_pop(q, now) == NULL;
}

static bool step(struct lr_timers *q, struct lr_timer *t, uint64_t due[TIMERS], uint64_t *now)
{
	uint64_t i = rnd(TIMERS);

	switch (rnd(10)) {
	case 0:
		lr_timer_stop(q, &t[i]);
		due[i] = LR_NEVER;
		break;
	case 1:
		lr_timer_remove(q, &t[i]);
		due[i] = LR_NEVER;
		if (t[i].index != 0)
			return false;
		break;
	case 2:
		*now += rnd(60);
		return pop_all(q, t, due, *now);
	case 3:
		return lr_timers_next(q) == model_next(due);
	default:
		due[i] = *now + rnd(300);
		lr_timer_set(q, &t[i], due[i]);
	}
	return lr_timer_armed(&t[i]) == (due[i] != LR_NEVER);
}

static void model(void)
{
	struct lr_timers q = {0};
	struct lr_timer t[TIMERS] = {0};
	uint64_t due[TIMERS], now = 0;
	int at = 0;

	for (int i = 0; i < TIMERS; i++)
		due[i] = LR_NEVER;
	is_int(lr_timers_reserve(&q, TIMERS), 0, "room for all");
	struct lr_timer **before = q.heap;
	while (at < STEPS && step(&q, t, due, &now) && heap_sound(&q))
		at++;
	is_int(at, STEPS, "100,000 random operations agree with the model");
	ok(pop_all(&q, t, due, LR_NEVER - 1) && q.n == 0, "the rest comes out in order");
	ok(q.heap == before && q.room == TIMERS, "and nothing was allocated on the way");
	lr_timers_release(&q);
}

int main(void)
{
	basics();
	model();
	return tap_done();
}
