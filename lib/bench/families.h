/*
 * families.h - the tables of benchmarks, a file each
 */
#ifndef LR_BENCH_FAMILIES_H
#define LR_BENCH_FAMILIES_H

#include "lib/bench/bench.h"

#define PERFORMANCE LR_BENCH_PERFORMANCE
#define SCALING     (LR_BENCH_PERFORMANCE | LR_BENCH_SCALING)
#define BOTTLENECK  LR_BENCH_BOTTLENECKS

extern const struct lr_bench lr_bench_config[], lr_bench_state[], lr_bench_ipam[],
	lr_bench_metrics[], lr_bench_crypto[], lr_bench_wg[], lr_bench_relay[], lr_bench_party[],
	lr_bench_json[], lr_bench_format[], lr_bench_start[], lr_bench_profiles[],
	lr_bench_concurrent[], lr_bench_lan[], lr_bench_memory[], lr_bench_bottlenecks[];

/* What a benchmark found goes here, so that no call is left out by the compiler. */
extern volatile uintptr_t lr_bench_sink;

/* Values that are found in files of their own. */
double lr_bench_leases(struct lr_bench_process *p, const struct lr_bench *b);
double lr_bench_lease_bytes(struct lr_bench_process *p, const struct lr_bench *b);

/* Bytes of the heap that are in use, as the C library counts them. */
double lr_bench_heap(void);

/* A folder that a benchmark made, with all that is in it. */
void lr_bench_remove(const char *dir);

/* A repeatable order of 0..n-1, malloc'd. */
unsigned *lr_bench_shuffled(unsigned n);

#endif
