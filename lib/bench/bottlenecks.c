/*
 * bottlenecks.c - the guide's five kinds: slow start, blocking, what grows with n, logging, leaks
 *
 * Slow start are the rows start_*, blocking is state_write (a handler that waits for the disk),
 * which both belong to this group too. Here stand the others:
 *
 *   growth_SERIES   how many times the cost multiplies when there are ten times as many: ten to the
 *                   slope that is fitted (least squares) through the logarithms of a series. 1 is
 *                   flat, 10 is linear.
 *   log_line        a line that is written to a sink; log_off: one that nobody wants
 *   log_share       the part of a packet's time and a handshake's that goes into lines
 *   leak_NAME       bytes of the heap that another setup, round and teardown of NAME leaves behind:
 *                   the median step of 20 rounds, after five that fill caches; what the C
 *                   library keeps for itself moves single steps, a leak every one
 */
#include <math.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/bench/families.h"
#include "lib/perf/stats.h"

#define POINTS_MAX 8
#define ROUNDS     20
#define FIRST      5

static const struct lr_bench *row_named(const char *name)
{
	size_t n;
	const struct lr_bench *const *all = lr_bench_all(&n);

	for (size_t i = 0; i < n; i++)
		if (strcmp(all[i]->name, name) == 0)
			return all[i];
	return NULL;
}

static double value_growth(struct lr_bench_process *p, const struct lr_bench *b)
{
	const char *series = b->name + strlen("growth_");
	double x[POINTS_MAX], y[POINTS_MAX];
	size_t n, points = 0;
	const struct lr_bench *const *all = lr_bench_all(&n);

	for (size_t i = 0; i < n && points < POINTS_MAX; i++) {
		if (!all[i]->series || strcmp(all[i]->series, series) != 0)
			continue;
		x[points] = log10(all[i]->size);
		y[points++] = log10(lr_bench_measure(p, all[i]));
	}
	return pow(10, lr_stats_slope(x, y, points));
}

static double value_leak(struct lr_bench_process *p, const struct lr_bench *b)
{
	const struct lr_bench *row = row_named(b->name + strlen("leak_"));
	double steps[ROUNDS], held = 0;

	(void)p;
	for (int i = -FIRST; i < ROUNDS; i++) {
		void *state = row->setup(row->size);
		if (!state)
			return NAN;
		row->run(state, 1);
		row->teardown(state);
		double now = lr_bench_heap();
		if (i >= 0)
			steps[i] = now - held;
		held = now;
	}
	return fmax(0, lr_stats_median(steps, ROUNDS));
}

static unsigned lines;

static void sink(enum lr_log_level level, const char *line)
{
	(void)level;
	lines++;
	lr_bench_sink += (uintptr_t)line[0];
}

static void *setup_log(unsigned level)
{
	lr_log_to(sink, (enum lr_log_level)level);
	return &lines;
}

static void teardown_log(void *state)
{
	(void)state;
	lr_log_to(NULL, LR_LOG_ERROR);
}

static void run_log(void *state, uint64_t times)
{
	(void)state;
	for (uint64_t i = 0; i < times; i++)
		lr_log(LR_LOG_DEBUG, "peer %s: %u bytes from %s", "member-7", 1420u,
			"192.0.2.1:51820");
}

/* Lines that are written while packets and handshakes go through, at what a line costs. */
static double value_share(struct lr_bench_process *p, const struct lr_bench *b)
{
	static const char *const work[] = {"wg_through_200", "wg_handshake", "relay_forward_10"};
	double line = lr_bench_measure(p, row_named("log_line")), total = 0, spent = 0;

	(void)b;
	for (size_t i = 0; i < sizeof(work) / sizeof(work[0]); i++) {
		const struct lr_bench *row = row_named(work[i]);
		double each = lr_bench_measure(p, row);
		void *state = row->setup(row->size);
		if (!state)
			return NAN;
		lines = 0;
		lr_log_to(sink, LR_LOG_DEBUG);
		row->run(state, 100);
		lr_log_to(NULL, LR_LOG_ERROR);
		row->teardown(state);
		spent += lines * line;
		total += 100 * each;
	}
	return 100 * spent / total;
}

#define GROWTH(series)                                                                             \
	{                                                                                          \
		"growth_" #series, "growth", BOTTLENECK | LR_BENCH_SCALING, "x/decade", 0, NULL,   \
			10, NULL, NULL, value_growth                                               \
	}
#define LEAK(name)                                                                                 \
	{                                                                                          \
		"leak_" #name, "leaks", BOTTLENECK, "bytes", 0, NULL, 0, NULL, NULL, value_leak,   \
			.least = 0.5 /* the arithmetic of halves */                                \
	}

const struct lr_bench lr_bench_bottlenecks[] = {
	GROWTH(ipam_alloc),
	GROWTH(ipam_lookup),
	GROWTH(ipam_lookup_address),
	GROWTH(state_load),
	GROWTH(wg_route),
	GROWTH(relay_forward),
	GROWTH(metrics_summary),
	GROWTH(party_absorb),
	GROWTH(concurrent_joins),
	{"log_off", "logging", BOTTLENECK, "ns", LR_LOG_NOTE, NULL, 0, setup_log, run_log, NULL,
		teardown_log},
	{"log_line", "logging", BOTTLENECK, "ns", LR_LOG_DEBUG, NULL, 0, setup_log, run_log, NULL,
		teardown_log},
	{"log_share", "logging", BOTTLENECK, "%", 0, NULL, 0, NULL, NULL, value_share,
		.least = 0.05},
	LEAK(config_load_8),
	LEAK(state_load_1000),
	LEAK(ipam_alloc_1000),
	LEAK(json_read_100),
	LEAK(wg_handshake),
	LEAK(wg_through_200),
	LEAK(relay_forward_100),
	LEAK(party_absorb_8),
	LEAK(concurrent_joins_10),
	{0},
};
