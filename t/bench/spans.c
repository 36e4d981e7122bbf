/*
 * spans.c - what a span costs, and how well the stopwatch reads what is known
 *
 * Cost: a loop of a few instructions with a span in it against the same without, rounds in turn,
 * the median of the differences, in processor time: off, and measured.
 *
 * Error: spins of a known number of steps, from 100 ns to 10 ms. What a step costs comes from the
 * longest of them by CLOCK_MONOTONIC_RAW, the least of many, as the stopwatch is given the least of
 * 100: what else runs on the machine only ever adds. Each must be read within 5 % or 20 ns, by
 * the profiler and by lr_tick (without the reading that a stage includes, as it is told).
 * "stopwatch_error" is the worst of them, 1: all that is allowed. Prints JSON lines: name, unit,
 * value.
 *
 *   spans [ROUNDS]
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/clock.h"
#include "lib/perf/span.h"
#include "lib/perf/stats.h"

#define LOOPS      1000000
#define ROUNDS_MAX 1000
#define READS      100

static void tell(const char *name, const char *unit, double value)
{
	printf("{\"name\":\"%s\",\"unit\":\"%s\",\"value\":%.3f}\n", name, unit, value);
}

static double cpu_ns(void)
{
	return (double)lr_clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

/* In registers: a chain through memory takes one or two nanoseconds more or less from process to
 * process, which is more than is looked for. */
__attribute__((noinline, aligned(64))) static uint64_t with_span(uint64_t x)
{
	LR_SPAN(step);
	return x + (x >> 3 ^ 5);
}

__attribute__((noinline, aligned(64))) static uint64_t without_span(uint64_t x)
{
	return x + (x >> 3 ^ 5);
}

static double loop(uint64_t (*step)(uint64_t))
{
	double begin = cpu_ns();
	uint64_t x = 1;
	for (unsigned i = 0; i < LOOPS; i++)
		x = step(x);
	__asm__ volatile("" : : "r"(x));
	return (cpu_ns() - begin) / LOOPS;
}

static void costs(struct lr_spans *s, unsigned rounds)
{
	static double off[ROUNDS_MAX], on[ROUNDS_MAX];

	for (unsigned i = 0; i < rounds; i++) {
		double bare = loop(without_span);
		off[i] = loop(with_span) - bare;
		lr_spans_begin(s, 0);
		on[i] = loop(with_span) - bare;
		lr_spans_end(s);
	}
	tell("span_off", "ns", lr_stats_median(off, rounds));
	tell("span_on", "ns", lr_stats_median(on, rounds));
}

/* Each step waits for the one before: so many cycles, whatever the processor does beside. */
__attribute__((noinline)) static void spin(uint64_t steps)
{
	uint64_t x = steps | 1;
	for (uint64_t i = 0; i < steps; i++) {
		x *= 0x9e3779b97f4a7c15u;
		__asm__ volatile("" : "+r"(x));
	}
}

/* ns a step. */
static double calibrate(void)
{
	const uint64_t steps = 2000000;
	double best = INFINITY;

	for (unsigned i = 0; i < 50; i++) {
		uint64_t begin = lr_clock_ns(CLOCK_MONOTONIC_RAW);
		spin(steps);
		double ns = (double)(lr_clock_ns(CLOCK_MONOTONIC_RAW) - begin);
		best = ns < best ? ns : best;
	}
	return best / (double)steps;
}

/* How far off a reading is, in parts of what is allowed. */
static double off_by(double known, double read)
{
	double allowed = known * 0.05 > 20 ? known * 0.05 : 20;
	return fabs(read - known) / allowed;
}

/* The greater error of the two. */
static double one_spin(struct lr_spans *s, double known_ns, double step_ns)
{
	uint64_t steps = (uint64_t)(known_ns / step_ns), least = UINT64_MAX;

	lr_spans_reset(s);
	lr_spans_begin(s, 0);
	for (unsigned i = 0; i < READS; i++) {
		uint64_t begin = lr_tick_read(&s->tick);
		spin(steps);
		uint64_t ns = lr_tick_ns(&s->tick, begin, lr_tick_read(&s->tick));
		least = ns < least ? ns : least;
		LR_SPAN(spin);
		spin(steps);
	}
	lr_spans_end(s);
	double known = (double)steps * step_ns;
	double span = (double)lr_span_ns(s, s->at[1].hist.min),
	       tick = (double)least - s->tick.cost_ns;
	fprintf(stderr, "spin of %.0f ns: the profiler reads %.0f, a stage %.0f\n", known, span,
		tick);
	return fmax(off_by(known, span), off_by(known, tick));
}

int main(int argc, char **argv)
{
	unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 21;
	struct lr_spans *s = lr_spans_new();
	double worst = 0;

	if (rounds < 3 || rounds > ROUNDS_MAX || !s) {
		fputs("usage: spans [ROUNDS], 3 to 1000\n", stderr);
		return 2;
	}
	costs(s, rounds);
	double step = calibrate();
	for (double ns = 100; ns <= 1e7; ns *= 10)
		worst = fmax(worst, one_spin(s, ns, step));
	tell("stopwatch_error", "of_allowed", worst);
	lr_spans_free(s);
	return 0;
}
