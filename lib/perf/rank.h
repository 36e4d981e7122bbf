/*
 * rank.h - whether two handfuls of runs differ, and by how much, by their ranks
 *
 * Ranks say the same whatever the runs' distribution is, and one disturbed run of ten moves them
 * by one place. The test is that of Mann and Whitney (Ann. Math. Statist. 18, 1947): exact, from
 * all ways in which the ranks could fall to the two sides, also with ties (mid-ranks); beyond
 * LR_RANK_EXACT values the normal approximation with the correction for ties. The estimate is that
 * of Hodges and Lehmann (1963) for ratios: the median of all new[i] / base[j]; its interval are the
 * two of those ratios that the same distribution names (Moses). Of many tests at once the p are
 * corrected as Holm says (Scand. J. Statist. 6, 1979).
 */
#ifndef LR_PERF_RANK_H
#define LR_PERF_RANK_H

#include <stddef.h>

#include "lib/perf/stats.h"

#define LR_RANK_EXACT 60   /* values of both sides together */
#define LR_RANK_MAX   1000 /* values of one side; further ones are not looked at */

/* The two-sided p that both sides are drawn alike. 1 when a side is empty. */
double lr_rank_p(const double *a, size_t na, const double *b, size_t nb);
/* By what `fresh` is greater than `base`: the median ratio, and its interval of at least
 * `confidence` (0.95). 0 / 0 counts as 1, x / 0 as INFINITY. low and high NAN: too few values for
 * that confidence. */
struct lr_interval lr_rank_ratio(
	const double *base, size_t nb, const double *fresh, size_t nf, double confidence);
/* By how much `fresh` is greater than `base`: the same for differences, which values of zero and
 * below have, too. */
struct lr_interval lr_rank_shift(
	const double *base, size_t nb, const double *fresh, size_t nf, double confidence);
/* Corrects `n` p in place: that of the smallest times n, the next times n - 1... never decreasing.
 */
void lr_rank_holm(double *p, size_t n);

#endif
