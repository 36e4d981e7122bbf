/*
 * stats.h - what a handful of measured rounds says, and how sure one may be of it
 *
 * The unit is a round (a process, or an alternation of ours and a rival), not a sample inside
 * one: samples of one process share its luck. Intervals are percentile bootstrap intervals
 * (Efron, "Bootstrap Methods: Another Look at the Jackknife", 1979) under a fixed seed, so
 * that the same rounds always give the same interval.
 */
#ifndef LR_PERF_STATS_H
#define LR_PERF_STATS_H

#include <stddef.h>

#define LR_STATS_MAX 4096 /* rounds in one call; more are not measured in one sitting */

struct lr_interval {
	double value, low, high; /* NAN when it cannot be told */
};

/* Median of `n` values; the mean of the middle two when n is even. NAN for n == 0 or
 * n > LR_STATS_MAX. Does not change `v`. */
double lr_stats_median(const double *v, size_t n);
double lr_stats_mean(const double *v, size_t n);
/* Sample standard deviation (n - 1); NAN for n < 2. */
double lr_stats_deviation(const double *v, size_t n);
/* Median of the `n` ratios ours[i] / rival[i] of alternating rounds, with its 95 % bootstrap
 * interval over the rounds. Fewer than 3 rounds: low and high are NAN. */
struct lr_interval lr_stats_ratio(const double *ours, const double *rival, size_t n);
/* Least-squares slope of y over x; NAN for n < 2 or when x does not vary. */
double lr_stats_slope(const double *x, const double *y, size_t n);

#endif
