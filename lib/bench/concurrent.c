/*
 * concurrent.c - many who want the same at once
 *
 * concurrent_joins_N: the relay's work for N members whose records arrive together: each is
 * checked, kept and answered with the list; told by the join. concurrent_leases_100: ten processes
 * take ten addresses each from one pool on disk, told by the address; the disk's syncs are in it.
 */
#include "lib/bench/families.h"
#include "lib/bench/people.h"

static void *setup(unsigned members)
{
	return lr_bench_people_new(members);
}

static void teardown(void *state)
{
	lr_bench_people_free(state);
}

static void run_joins(void *state, uint64_t times)
{
	struct lr_bench_people *p = state;

	for (uint64_t i = 0; i < times; i++)
		lr_directory_free(lr_bench_directory(p, p->n));
}

#define JOINS(n)                                                                                   \
	{                                                                                          \
		"concurrent_joins_" #n, "concurrent", SCALING, "ns", n, "concurrent_joins", 0,     \
			setup, run_joins, NULL, teardown, n                                        \
	}

const struct lr_bench lr_bench_concurrent[] = {
	JOINS(10),
	JOINS(100),
	{"concurrent_leases_100", "concurrent", PERFORMANCE, "ns", 0, NULL, 25, NULL, NULL,
		lr_bench_leases},
	{0},
};
