/*
 * tick.c - which counter the stopwatch reads, how fast it runs and what a reading costs
 */
#include "lib/perf/tick.h"

#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#define CALIBRATE_NS (2 * LR_NS_PER_MS) /* two readings of 50 ns are 5e-5 of that */
#define COST_PAIRS   1001

static bool tsc_is_steady(void)
{
#if defined(__x86_64__)
	unsigned a, b, c, d;
	if (!__get_cpuid(0x80000001, &a, &b, &c, &d) || !(d & (1u << 27)))
		return false; /* no RDTSCP */
	return __get_cpuid(0x80000007, &a, &b, &c, &d) && (d & (1u << 8));
#else
	return false;
#endif
}

/* Ticks and nanoseconds over the same stretch. */
static void measure_rate(struct lr_tick *t)
{
	uint64_t ns0 = lr_clock_ns(CLOCK_MONOTONIC_RAW), tick0 = lr_tick_read(t), ns1, tick1;
	do {
		ns1 = lr_clock_ns(CLOCK_MONOTONIC_RAW);
		tick1 = lr_tick_read(t);
	} while (ns1 - ns0 < CALIBRATE_NS);
	if (tick1 <= tick0) {
		t->tsc = false; /* a counter that stands still is none */
		return;
	}
	t->scale = (uint64_t)((double)(ns1 - ns0) / (double)(tick1 - tick0) * 4294967296.0);
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static void measure_cost(struct lr_tick *t)
{
	uint64_t pair[COST_PAIRS];
	for (int i = 0; i < COST_PAIRS; i++) {
		uint64_t from = lr_tick_read(t);
		pair[i] = lr_tick_read(t) - from;
	}
	qsort(pair, COST_PAIRS, sizeof(*pair), by_size);
	t->cost_ns = (double)pair[COST_PAIRS / 2] * (double)t->scale / 4294967296.0;
}

void lr_tick_init(struct lr_tick *t)
{
	const char *forced = getenv("LR_PERF_CLOCK");
	*t = (struct lr_tick){.scale = 1ull << 32};
	t->tsc = !(forced && strcmp(forced, "raw") == 0) && tsc_is_steady();
	if (t->tsc)
		measure_rate(t);
	if (!t->tsc)
		t->scale = 1ull << 32;
	t->source = t->tsc ? "tsc" : "monotonic_raw";
	measure_cost(t);
}
