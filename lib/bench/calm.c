/*
 * calm.c - whether the processor was as quick as it can be; see calm.h
 */
#include "lib/bench/calm.h"

#include <math.h>

#define STEPS 60000 /* about 80 us at 3 GHz */
#define TIMES 8

void lr_calm_init(struct lr_calm *c)
{
	lr_tick_init(&c->tick);
	c->best_ns = INFINITY;
}

/* Four chains of multiplications: they need one of the core's units in every cycle, so a twin that
 * multiplies too is felt, and nothing else, so nothing else is. */
__attribute__((noinline)) static uint64_t work(uint64_t seed)
{
	uint64_t a = seed | 1, b = seed | 3, c = seed | 5, d = seed | 7;

	for (unsigned i = 0; i < STEPS; i++) {
		a *= 0x9e3779b97f4a7c15u;
		b *= 0xbf58476d1ce4e5b9u;
		c *= 0x94d049bb133111ebu;
		d *= 0xd6e8feb86659fd93u;
		__asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d));
	}
	return a ^ b ^ c ^ d;
}

double lr_calm_glance(struct lr_calm *c)
{
	static volatile uint64_t sink;
	uint64_t from = lr_tick_read(&c->tick);

	sink = work(sink);
	double ns = (double)lr_tick_ns(&c->tick, from, lr_tick_read(&c->tick));
	c->best_ns = fmin(c->best_ns, ns);
	return ns;
}

double lr_calm_read(struct lr_calm *c)
{
	double best = INFINITY;

	for (unsigned i = 0; i < TIMES; i++)
		best = fmin(best, lr_calm_glance(c));
	return best;
}

bool lr_calm_slow(const struct lr_calm *c, double reading_ns)
{
	return reading_ns > c->best_ns * LR_CALM_MOST;
}

size_t lr_calm_slowest(const struct lr_calm *c, const double *readings_ns, size_t n)
{
	size_t slowest = n;

	for (size_t i = 0; i < n; i++)
		if (lr_calm_slow(c, readings_ns[i]) &&
			(slowest == n || readings_ns[i] > readings_ns[slowest]))
			slowest = i;
	return slowest;
}
