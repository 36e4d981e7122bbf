/*
 * ipam.c - what an allocation and a look-up cost in the library, from 10 to 60,000 addresses
 *
 * One JSON object a line: {"name":"ipam_alloc_60000","unit":"ns","value":...}. An allocation is the
 * mean over filling an empty pool to that size, growing of the tables included; a look-up the mean
 * over all names (or addresses) in random order, after one round that is not timed: a small table
 * is asked thousands of times a pass and a large one once, and both are to be met in the same
 * state. Of several passes the median is told.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/ipam/ipam.h"
#include "lib/perf/stats.h"
#include "lib/perf/tick.h"

#define SIZE_MAX_BENCH 60000
#define PASSES         9
#define WORK           60000 /* operations a pass, at least */

static struct lr_tick tick;
static char names[SIZE_MAX_BENCH][16];
/* What is asked for, in the order of asking: a caller has its question at hand. */
static char asked[SIZE_MAX_BENCH][16];
static struct lr_ip addresses[SIZE_MAX_BENCH];
static unsigned order[SIZE_MAX_BENCH];
static volatile uintptr_t sink; /* so that no look-up is left out */

static void shuffle(unsigned n)
{
	uint64_t x = 88172645463325252ull;

	for (unsigned i = 0; i < n; i++)
		order[i] = i;
	for (unsigned i = n; i > 1; i--) {
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		unsigned k = (unsigned)(x % i), was = order[i - 1];
		order[i - 1] = order[k];
		order[k] = was;
	}
}

static struct lr_ipam *empty(void)
{
	struct lr_prefix pool;
	struct lr_ipam *t = NULL;

	if (lr_ipam_pool_parse("10.66.0.0/16", &pool, NULL) == 0)
		t = lr_ipam_new(&pool, NULL);
	if (!t)
		abort();
	return t;
}

static void fill(struct lr_ipam *t, unsigned n)
{
	bool fresh;

	for (unsigned i = 0; i < n; i++)
		if (!lr_ipam_alloc(t, names[i], &fresh) || !fresh)
			abort();
}

/* Filling pools to `n`, mean ns an allocation. */
static double pass_alloc(unsigned n)
{
	uint64_t ns = 0;
	unsigned done = 0;

	for (; done < WORK; done += n) {
		struct lr_ipam *t = empty();
		uint64_t from = lr_tick_read(&tick);
		fill(t, n);
		ns += lr_tick_ns(&tick, from, lr_tick_read(&tick));
		lr_ipam_free(t);
	}
	return (double)ns / done;
}

static double pass_peer(const struct lr_ipam *t, unsigned n)
{
	unsigned done = 0;
	uint64_t from = lr_tick_read(&tick);

	for (; done < WORK; done += n)
		for (unsigned i = 0; i < n; i++)
			sink = (uintptr_t)lr_ipam_by_peer(t, asked[i]);
	return (double)lr_tick_ns(&tick, from, lr_tick_read(&tick)) / done;
}

static double pass_address(const struct lr_ipam *t, unsigned n)
{
	unsigned done = 0;
	uint64_t from = lr_tick_read(&tick);

	for (; done < WORK; done += n)
		for (unsigned i = 0; i < n; i++)
			sink = (uintptr_t)lr_ipam_by_address(t, &addresses[i]);
	return (double)lr_tick_ns(&tick, from, lr_tick_read(&tick)) / done;
}

static void tell(const char *what, unsigned n, const double passes[PASSES])
{
	printf("{\"name\":\"ipam_%s_%u\",\"unit\":\"ns\",\"value\":%.2f}\n", what, n,
		lr_stats_median(passes, PASSES));
}

static void bench(unsigned n)
{
	double alloc[PASSES], peer[PASSES], address[PASSES];
	struct lr_ipam *t = empty();

	shuffle(n);
	fill(t, n);
	for (unsigned i = 0; i < n; i++) {
		memcpy(asked[i], names[order[i]], sizeof(asked[i]));
		addresses[i] = lr_ipam_by_peer(t, asked[i])->address;
	}
	for (unsigned i = 0; i < PASSES; i++)
		alloc[i] = pass_alloc(n);
	pass_peer(t, n);
	for (unsigned i = 0; i < PASSES; i++)
		peer[i] = pass_peer(t, n);
	pass_address(t, n);
	for (unsigned i = 0; i < PASSES; i++)
		address[i] = pass_address(t, n);
	lr_ipam_free(t);
	tell("alloc", n, alloc);
	tell("lookup", n, peer);
	tell("lookup_address", n, address);
}

int main(void)
{
	lr_tick_init(&tick);
	for (unsigned i = 0; i < SIZE_MAX_BENCH; i++)
		snprintf(names[i], sizeof(names[i]), "member-%u", i);
	for (unsigned n = 10; n < SIZE_MAX_BENCH; n *= 10)
		bench(n);
	bench(SIZE_MAX_BENCH);
	return 0;
}
