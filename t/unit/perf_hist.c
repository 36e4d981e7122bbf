/*
 * perf_hist.c - histogram, statistics and stopwatch
 */
#include <math.h>
#include <stdlib.h>

#include "lib/perf/hist.h"
#include "lib/perf/stats.h"
#include "lib/perf/tick.h"
#include "t/unit/tap.h"

static struct lr_hist h, other;

static void test_empty(void)
{
	lr_hist_reset(&h);
	is_int(lr_hist_quantile(&h, 0.5), 0, "empty: the median is 0");
	is_int(lr_hist_mean(&h), 0, "empty: the mean is 0");
}

static void test_small_values(void)
{
	lr_hist_reset(&h);
	for (uint64_t v = 1; v <= 50; v++)
		lr_hist_add(&h, v);
	is_int(lr_hist_quantile(&h, 0.5), 25, "1..50: nearest rank of 0.5 is 25, exactly");
	is_int(lr_hist_quantile(&h, 0), 1, "quantile 0 is the least");
	is_int(lr_hist_quantile(&h, 1), 50, "quantile 1 is the greatest");
	is_int(h.min, 1, "min");
	is_int(h.max, 50, "max");
	ok(lr_hist_mean(&h) == 25.5, "mean");
}

/* Every power of two and its neighbours must be told within 1/64, and never below the truth. */
static void test_error(void)
{
	bool within = true, below = false;
	for (unsigned e = 0; e < 64; e++) {
		for (int d = -1; d <= 1; d++) {
			uint64_t v = ((uint64_t)1 << e) + (uint64_t)d;
			lr_hist_reset(&h);
			lr_hist_add(&h, v);
			lr_hist_add(&h, UINT64_MAX);
			uint64_t got = lr_hist_quantile(&h, 0.5);
			below = below || got < v;
			within = within && got - v <= v / 64;
		}
	}
	ok(within, "any value is told within 1/64");
	ok(!below, "no value is told too small");
	lr_hist_reset(&h);
	lr_hist_add(&h, 1000003);
	is_int(lr_hist_quantile(&h, 0.999), 1000003, "one value: no quantile is beyond max");
	lr_hist_add(&h, UINT64_MAX);
	ok(lr_hist_quantile(&h, 1) == UINT64_MAX, "the greatest number has a bucket");
}

static void test_tail(void)
{
	lr_hist_reset(&h);
	for (int i = 0; i < 990; i++)
		lr_hist_add(&h, 10);
	for (int i = 0; i < 10; i++)
		lr_hist_add(&h, 5000);
	is_int(lr_hist_quantile(&h, 0.99), 10, "990 of 1,000: p99 is the 990th value");
	is_int(lr_hist_quantile(&h, 0.991), 5000, "p99.1 is the 991st");
}

static void test_merge(void)
{
	lr_hist_reset(&h);
	lr_hist_reset(&other);
	lr_hist_merge(&h, &other);
	is_int(h.n, 0, "nothing into nothing");
	lr_hist_add(&other, 7);
	lr_hist_add(&other, 9000);
	lr_hist_add(&h, 100);
	lr_hist_merge(&h, &other);
	is_int(h.n, 3, "merged: n");
	is_int(h.sum, 9107, "merged: sum");
	is_int(h.min, 7, "merged: min");
	is_int(h.max, 9000, "merged: max");
	is_int(lr_hist_quantile(&h, 0.5), 100, "merged: median (100 has width 1 up to 127)");
}

static void test_stats(void)
{
	double odd[] = {3, 1, 2}, even[] = {4, 1, 3, 2}, x[] = {1, 2, 3, 4}, y[] = {3, 5, 7, 9};
	double ours[9], rival[9], one[] = {1};

	ok(lr_stats_median(odd, 3) == 2, "median of an odd number");
	ok(lr_stats_median(even, 4) == 2.5, "median of an even number");
	ok(odd[0] == 3, "the values stay where they were");
	ok(isnan(lr_stats_median(odd, 0)), "median of nothing is unknown");
	ok(lr_stats_mean(even, 4) == 2.5, "mean");
	ok(fabs(lr_stats_deviation(x, 4) - 1.2909944487) < 1e-9, "deviation with n - 1");
	ok(isnan(lr_stats_deviation(one, 1)), "deviation of one value is unknown");
	ok(fabs(lr_stats_slope(x, y, 4) - 2) < 1e-12, "slope");
	ok(isnan(lr_stats_slope(one, one, 1)), "slope of one point is unknown");
	for (int i = 0; i < 9; i++) {
		rival[i] = 100 + i;
		ours[i] = rival[i] * (0.50 + 0.01 * (i % 3));
	}
	struct lr_interval r = lr_stats_ratio(ours, rival, 9),
			   again = lr_stats_ratio(ours, rival, 9);
	ok(fabs(r.value - 0.51) < 1e-9, "ratio: the median of the rounds' ratios");
	ok(r.low >= 0.5 - 1e-9 && r.low <= r.value && r.high >= r.value && r.high <= 0.52 + 1e-9,
		"ratio: the interval holds the value and stays within the data");
	ok(r.low == again.low && r.high == again.high, "ratio: the same rounds, the same interval");
	r = lr_stats_ratio(ours, rival, 2);
	ok(isnan(r.low) && !isnan(r.value), "ratio: two rounds have no interval");
}

static void test_tick(void)
{
	struct lr_tick t;
	lr_tick_init(&t);
	ok(t.cost_ns >= 0 && t.cost_ns < 1e6, "a reading's cost is known (%s)", t.source);
	uint64_t a = lr_tick_read(&t), b = lr_tick_read(&t);
	ok(b >= a, "readings do not go back");
	is_int(lr_tick_ns(&t, 10, 5), 0, "a reading that went back counts as 0");
	setenv("LR_PERF_CLOCK", "raw", 1);
	lr_tick_init(&t);
	is_str(t.source, "monotonic_raw", "the other clock can be forced");
	is_int(lr_tick_ns(&t, 1000, 3500), 2500, "and its ticks are ns");
	t.scale = 3ull << 31; /* 1.5 ns a tick */
	is_int(lr_tick_ns(&t, 0, 1000000), 1500000, "ticks are scaled");
}

int main(void)
{
	test_empty();
	test_small_values();
	test_error();
	test_tail();
	test_merge();
	test_stats();
	test_tick();
	return tap_done();
}
