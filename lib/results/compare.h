/*
 * compare.h - whether a build is worse than another one, by their results
 *
 * Theory of operation. Each metric that both results have is tested by the ranks of its processes
 * (lib/perf/rank.h), and the p of all metrics of the file are corrected together. A metric is
 * worse when two things hold: its corrected p is below LR_COMPARE_P, and the whole 95 % interval of
 * its cost's ratio (new over base; turned round where higher is better) lies above its threshold.
 * The first says that it is no accident, the second that it matters.
 *
 * Results that were not recorded in turns also differ by what the machine did meanwhile: their
 * threshold is LR_COMPARE_APART at least. With fewer than LR_COMPARE_RUNS runs at a side, or so few
 * that no difference could be sure among so many metrics (five a side and more than one metric),
 * nothing can be said.
 */
#ifndef LR_RESULTS_COMPARE_H
#define LR_RESULTS_COMPARE_H

#include <stdio.h>

#include "lib/results/result.h"

#define LR_COMPARE_P     0.01
#define LR_COMPARE_APART 20.0 /* percent */
#define LR_COMPARE_RUNS  5

enum lr_verdict_of { LR_COMPARED_SAME, LR_COMPARED_WORSE, LR_COMPARED_BETTER, LR_COMPARED_UNSURE };

struct lr_compared {
	const char *name, *unit; /* of the results */
	double base, fresh;      /* medians */
	double ratio, low, high; /* of the cost: above 1 is worse */
	double p;                /* corrected */
	double threshold;        /* percent, as it was applied */
	size_t n_base, n_fresh;
	enum lr_verdict_of verdict;
};

struct lr_comparison {
	const json_t *base, *fresh;
	bool interleaved;
	size_t n, worse, better, unsure;
	size_t only_base, only_fresh; /* metrics that only one has */
	struct lr_compared *rows;     /* in the order of `fresh` */
};

/* Both results stay the caller's and outlive `c`. `any_machine`: also of other machines. 0; -1 with
 * `err` (LR_EXIT_FAILED): not comparable, or no metric is in both. */
int lr_compare(struct lr_comparison *c, const json_t *base, const json_t *fresh, bool any_machine,
	struct lr_err *err);
void lr_compare_release(struct lr_comparison *c);
/* LR_EXIT_MISSED something is worse, LR_EXIT_FAILED it cannot be told, LR_EXIT_OK. */
enum lr_exit lr_compare_exit(const struct lr_comparison *c);
const char *lr_compare_word(enum lr_verdict_of v); /* "same", "worse", "better", "unsure" */

/* --- shown --- */

json_t *lr_compare_json(const struct lr_comparison *c); /* new reference */
/* `all`: also what is the same. */
void lr_compare_table(FILE *out, const struct lr_comparison *c, bool all);
void lr_compare_markdown(FILE *out, const struct lr_comparison *c);
void lr_compare_junit(FILE *out, const struct lr_comparison *c);
/* One line: "3 of 80 metrics are worse, 1 is better (interleaved)". */
void lr_compare_sum(const struct lr_comparison *c, char out[200]);

#endif
