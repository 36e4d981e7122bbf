/*
 * metrics.c - samples recorded and summarised, and whether that grows with how many there were
 */
#include <stdlib.h>

#include "lib/bench/families.h"
#include "lib/bench/json.h"
#include "lib/node/metrics.h"
#include "lib/perf/hist.h"

static void *setup(unsigned samples)
{
	struct lr_hist *h = calloc(1, sizeof(*h));
	uint64_t x = 88172645463325252ull;

	lr_hist_reset(h);
	for (unsigned i = 0; i < samples; i++) {
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		lr_hist_add(h, x % 1000000);
	}
	return h;
}

static void run_record(void *state, uint64_t times)
{
	struct lr_hist *h = state;

	for (uint64_t i = 0; i < times; i++)
		lr_hist_add(h, 1000 + (i & 0xffff) * 17);
}

static void run_summary(void *state, uint64_t times)
{
	struct lr_hist *h = state;

	for (uint64_t i = 0; i < times; i++)
		lr_bench_sink += lr_hist_quantile(h, 0.5) + lr_hist_quantile(h, 0.9) +
				 lr_hist_quantile(h, 0.99) + (uintptr_t)lr_hist_mean(h);
}

static void run_merge(void *state, uint64_t times)
{
	static struct lr_hist all;

	for (uint64_t i = 0; i < times; i++)
		lr_hist_merge(&all, state);
}

static void *setup_status(unsigned peers)
{
	return lr_bench_status(peers);
}

static void teardown_status(void *state)
{
	json_decref(state);
}

static void run_text(void *state, uint64_t times)
{
	for (uint64_t i = 0; i < times; i++) {
		char *text = lr_metrics_text(state);
		lr_bench_sink += (uintptr_t)text[0];
		free(text);
	}
}

#define SUMMARY(n)                                                                                 \
	{                                                                                          \
		"metrics_summary_" #n, "metrics", SCALING, "ns", n, "metrics_summary", 0, setup,   \
			run_summary, NULL, free                                                    \
	}
#define TEXT(n)                                                                                    \
	{                                                                                          \
		"metrics_text_" #n, "metrics", SCALING, "ns", n, "metrics_text", 0, setup_status,  \
			run_text, NULL, teardown_status                                            \
	}

const struct lr_bench lr_bench_metrics[] = {
	{"metrics_record", "metrics", PERFORMANCE, "ns", 1, NULL, 0, setup, run_record, NULL, free},
	{"metrics_merge", "metrics", PERFORMANCE, "ns", 1000, NULL, 0, setup, run_merge, NULL,
		free},
	SUMMARY(1000),
	SUMMARY(100000),
	SUMMARY(1000000),
	TEXT(1),
	TEXT(8),
	TEXT(100),
	{0},
};
