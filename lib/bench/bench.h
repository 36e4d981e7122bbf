/*
 * bench.h - the table of benchmarks, and one process's summary of each
 *
 * Theory of operation. A benchmark is a row: what it is called, how it is set up, and either
 * `run`, which does the operation a number of times and is timed by the harness, or `value`,
 * which finds the number itself (bytes, a start's time, a fitted slope). Each family is a
 * file with a table of rows.
 *
 * A timed row is warmed up while the harness finds how many operations take a millisecond; then
 * that many are timed, until LR_BENCH_BATCHES batches met a processor that was not slow (calm.h),
 * and the quickest batch counts. What else the machine does can only make a batch longer, so the
 * quickest of many is the one that says most about the code; what remains (where this process's
 * memory lies) is the same for all batches of a process, and is met by measuring in several
 * processes (processes.h).
 *
 * LR_BENCH_SLOW=5% in the environment spins behind each batch, inside the time that is taken, so
 * that every timed row is that much slower: to see whether a comparison finds it.
 */
#ifndef LR_BENCH_BENCH_H
#define LR_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/bench/calm.h"

#define LR_BENCH_BATCHES 15

enum lr_bench_group {
	LR_BENCH_PERFORMANCE =
		1, /* the operations of the documented guide, and the hot functions */
	LR_BENCH_BOTTLENECKS = 2, /* its five kinds */
	LR_BENCH_SCALING = 4,     /* what is measured by how many there are */
};

struct lr_bench_process;

struct lr_bench {
	const char *name;   /* of the metric; NULL ends a table */
	const char *family; /* one of lr_bench_families */
	unsigned groups;    /* of enum lr_bench_group */
	const char *unit;   /* "ns", "bytes", "%", "x/decade" */
	unsigned size;      /* how many of what there are; 0: of no size */
	const char *series; /* the curve that this is a point of, or NULL */
	/* Smaller changes of it (in percent) are no matter; 0: LR_RESULT_THRESHOLD. */
	double threshold;
	/* NULL: it cannot be measured here. What it returns is the others' `state`. */
	void *(*setup)(unsigned size);
	void (*run)(void *state, uint64_t times);
	/* One of `run` and `value`. NAN: it cannot be measured here. */
	double (*value)(struct lr_bench_process *p, const struct lr_bench *b);
	void (*teardown)(void *state);
	unsigned per; /* operations that one of `times` is; 0: one */
	/* Smaller differences of it (in `unit`) are no matter, either; for what can be 0. */
	double least;
};

/* One process's work: rows that another one needs are measured once. */
struct lr_bench_process {
	struct lr_calm calm;
	double slow;    /* part that every batch is longer, from LR_BENCH_SLOW */
	double *values; /* by row of lr_bench_all(); NAN: not yet */
	size_t n;
};

/* All rows, *n of them; static. Higher is better for none of them. */
const struct lr_bench *const *lr_bench_all(size_t *n);
/* The names of groups and families, NULL-terminated. */
extern const char *const lr_bench_groups[], *const lr_bench_families[];
/* Whether a row belongs to one of the `count` names (a group, a family); count 0: always. */
bool lr_bench_chosen(const struct lr_bench *b, char *const *names, size_t count);
/* 0; -1 with `err` (LR_EXIT_USAGE, which lists the known ones) when a name is neither. */
int lr_bench_names_check(char *const *names, size_t count, struct lr_err *err);

/* 0; -1 with `err` when LR_BENCH_SLOW is no percentage, or memory is short. Sets up the crypto
 * libraries. */
int lr_bench_begin(struct lr_bench_process *p, struct lr_err *err);
void lr_bench_end(struct lr_bench_process *p);
/* This process's summary of a row in its unit; NAN: cannot be measured here. */
double lr_bench_measure(struct lr_bench_process *p, const struct lr_bench *b);
/* The row as a metric with one sample; new reference. */
json_t *lr_bench_metric(const struct lr_bench *b, double value);

#endif
