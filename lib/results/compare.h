/*
 * compare.h - whether a build is worse than another one, by their results
 *
 * Theory of operation. Each metric that both results have is tested by the ranks of its processes
 * (lib/perf/rank.h), and the p of all metrics of the file are corrected together. A metric is
 * worse when two things hold: its corrected p is below LR_COMPARE_P, and the whole 95 % interval of
 * its cost's ratio (new over base; turned round where higher is better) lies above its threshold.
 * The first says that it is no accident, the second that it matters.
 *
 * What can be zero or below (a leak, an added latency) has no ratio: there the interval of the
 * difference decides, which must lie above the metric's `least`. Where there are both, both must.
 * Threshold and least are the base's: a build does not widen its own.
 *
 * Results that were not recorded in turns also differ by what the machine did meanwhile: their
 * threshold is LR_COMPARE_APART at least, and their least grows by the same factor. With fewer than
 * LR_COMPARE_RUNS runs at a side, or so few that no difference could be sure among so many metrics
 * (five a side and more than one metric), nothing can be said.
 *
 * A metric of the base that the new result lacks is gone; when both were asked for the same
 * benchmarks, that cannot be told from a loss. What a comparison could have seen at all is the
 * interval's width on top of the threshold: an effect so large is found nearly always.
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
	const char *name, *unit;             /* of the results */
	double base, fresh;                  /* medians */
	bool relative;                       /* all values are above 0: there is a ratio */
	bool network;                        /* measured over a network (lr-perf live) */
	double ratio, low, high;             /* of the cost: above 1 is worse; NAN: none */
	double shift, shift_low, shift_high; /* of the cost, in `unit`: above 0 is worse */
	double p;                            /* corrected */
	double threshold, least;             /* percent, and in `unit`, as they were applied */
	double own_threshold, own_least;     /* those of the base's metric */
	double visible;                      /* smallest change that these runs show; NAN: none */
	size_t n_base, n_fresh;
	enum lr_verdict_of verdict;
	bool risen; /* surely above its own threshold, though perhaps not above what was applied */
};

struct lr_comparison {
	const json_t *base, *fresh;
	bool interleaved;
	bool alike; /* both were asked for the same benchmarks */
	size_t n, worse, better, unsure;
	json_t *gone, *added; /* names of metrics that only the base, only the new one has */
	const char *slowed;   /* the new one, or else the base, was made slower by so much; NULL */
	struct lr_compared *rows; /* in the order of `fresh` */
};

#define LR_COMPARE_SUM 320

/* Both results stay the caller's and outlive `c`. `any_machine`: also of other machines. 0; -1 with
 * `err` (LR_EXIT_FAILED): not comparable, or no metric is in both. */
int lr_compare(struct lr_comparison *c, const json_t *base, const json_t *fresh, bool any_machine,
	struct lr_err *err);
void lr_compare_release(struct lr_comparison *c);
/* LR_EXIT_MISSED something is worse, LR_EXIT_FAILED it cannot be told (too few runs, or metrics are
 * gone that were asked for), LR_EXIT_OK. */
enum lr_exit lr_compare_exit(const struct lr_comparison *c);
/* Whether the new result may become the base: nothing is worse, unsure or gone, and nothing rose
 * within the wider threshold of results that were not recorded in turns. Else `why` (200) says. */
bool lr_compare_replaces(const struct lr_comparison *c, char why[200]);
const char *lr_compare_word(enum lr_verdict_of v); /* "same", "worse", "better", "unsure" */

/* --- shown --- */

json_t *lr_compare_json(const struct lr_comparison *c); /* new reference */
/* `all`: also what is the same. */
/* "+5.1 % (+4.0 to +6.3)", "+57 ns (+50 to +60)": how much more a metric costs; "-": nothing said.
 */
const char *lr_compare_change(const struct lr_compared *row, char out[64]);
void lr_compare_table(FILE *out, const struct lr_comparison *c, bool all);
void lr_compare_markdown(FILE *out, const struct lr_comparison *c);
void lr_compare_junit(FILE *out, const struct lr_comparison *c);
/* One line: "3 of 80 metrics are worse, 1 is better (interleaved)". */
void lr_compare_sum(const struct lr_comparison *c, char out[LR_COMPARE_SUM]);

#endif
