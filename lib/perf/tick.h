/*
 * tick.h - the stopwatch for stages of a few nanoseconds
 *
 * Theory of operation. One reading stands at each border between two stages and belongs to
 * both. On x86-64 with an invariant time stamp counter (CPUID 8000_0007h, EDX bit 8) and
 * RDTSCP a reading is `rdtscp; lfence`: what stands before it has been executed, what stands
 * behind has not begun (Intel SDM vol. 2, RDTSCP). Its rate is measured against
 * CLOCK_MONOTONIC_RAW. Anywhere else that clock itself is read. What a reading costs is
 * measured and told, and not subtracted: a stage's time includes about one reading.
 *
 * Where a packet's every stage is timed that costs too much (27 ns a reading on Zen 5). A glance is
 * `rdtsc` alone, 11 ns, and most of that beside other work. It waits for nothing: it may be
 * read while instructions before it are still executed, and before those behind it only as far
 * as the processor looks ahead. So a border between two stages moves by what was under way, some 10
 * to 20 ns, which one stage loses and the next one gains; their sum is right. (The counter
 * itself goes on in steps of 10 ns there.) make bench holds both against spins of known length.
 */
#ifndef LR_PERF_TICK_H
#define LR_PERF_TICK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "lib/base/clock.h"

struct lr_tick {
	bool tsc;
	uint64_t scale;     /* ns a tick, in units of 2^-32 ns */
	double cost_ns;     /* what one reading costs: the median of pairs without work between */
	const char *source; /* "tsc" or "monotonic_raw" */
};

/* Chooses the source, measures rate and cost: about 3 ms. LR_PERF_CLOCK=raw in the environment
 * forces CLOCK_MONOTONIC_RAW. */
void lr_tick_init(struct lr_tick *t);

static inline uint64_t lr_tick_read(const struct lr_tick *t)
{
#if defined(__x86_64__)
	if (__builtin_expect(t->tsc, 1)) {
		unsigned aux;
		uint64_t now = __builtin_ia32_rdtscp(&aux);
		__builtin_ia32_lfence();
		return now;
	}
#endif
	(void)t;
	return lr_clock_ns(CLOCK_MONOTONIC_RAW);
}

/* Without waiting for what stands before it; see above. */
static inline uint64_t lr_tick_glance(const struct lr_tick *t)
{
#if defined(__x86_64__)
	if (__builtin_expect(t->tsc, 1))
		return __builtin_ia32_rdtsc();
#endif
	(void)t;
	return lr_clock_ns(CLOCK_MONOTONIC_RAW);
}

/* Ticks between two readings as ns. A reading that went back (another core) counts as 0. */
static inline uint64_t lr_tick_ns(const struct lr_tick *t, uint64_t from, uint64_t to)
{
	uint64_t ticks = to > from ? to - from : 0;
	return (uint64_t)(((unsigned __int128)ticks * t->scale) >> 32);
}

/* So many ticks are `ns`, rounded up; UINT64_MAX: more than can be counted. */
static inline uint64_t lr_tick_count(const struct lr_tick *t, uint64_t ns)
{
	unsigned __int128 ticks = (((unsigned __int128)ns << 32) + t->scale - 1) / t->scale;
	return ticks > UINT64_MAX ? UINT64_MAX : (uint64_t)ticks;
}

#endif
