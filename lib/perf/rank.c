/*
 * rank.c - the test of Mann and Whitney, ratios of Hodges and Lehmann, Holm's correction
 */
#include "lib/perf/rank.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct ranked {
	double value;
	bool first;     /* of side a */
	unsigned twice; /* its rank, times two: mid-ranks are whole numbers then */
};

static int by_value(const void *x, const void *y)
{
	double a = ((const struct ranked *)x)->value, b = ((const struct ranked *)y)->value;
	return (a > b) - (a < b);
}

static int by_number(const void *x, const void *y)
{
	double a = *(const double *)x, b = *(const double *)y;
	return (a > b) - (a < b);
}

/* Sorts and ranks `n` values; returns the sum of t^3 - t over the ties. */
static double rank(struct ranked *r, size_t n)
{
	double ties = 0;

	qsort(r, n, sizeof(*r), by_value);
	for (size_t from = 0, to; from < n; from = to) {
		for (to = from; to < n && r[to].value == r[from].value; to++)
			;
		for (size_t i = from; i < to; i++)
			r[i].twice = (unsigned)(from + 1 + to);
		double t = (double)(to - from);
		ties += t * t * t - t;
	}
	return ties;
}

/* Without ties: in how many ways U is 0 .. na * nb, width numbers, malloc'd; their sum is *total.
 * The coefficients of the Gaussian binomial, product over i of (1 - q^(nb + i)) / (1 - q^i). */
static double *ways_of_u(size_t na, size_t nb, size_t *width, double *total)
{
	double *ways = calloc(*width = na * nb + 1, sizeof(*ways));

	*total = 0;
	if (!ways)
		return NULL;
	ways[0] = 1;
	for (size_t i = 1; i <= na; i++) {
		for (size_t s = *width; s-- > nb + i;)
			ways[s] -= ways[s - nb - i];
		for (size_t s = i; s < *width; s++)
			ways[s] += ways[s - i];
	}
	for (size_t s = 0; s < *width; s++)
		*total += ways[s];
	return ways;
}

static double exact(size_t na, size_t nb, unsigned sum)
{
	size_t width;
	double total, far = 0, middle = (double)na * (double)nb / 2;
	double u = sum / 2.0 - (double)na * ((double)na + 1) / 2;
	double *ways = ways_of_u(na, nb, &width, &total);

	for (size_t s = 0; ways && s < width; s++)
		far += fabs((double)s - middle) >= fabs(u - middle) - 1e-9 ? ways[s] : 0;
	free(ways);
	return ways ? far / total : 1;
}

/* With ties. ways[k][s]: in how many ways k of the ranks have the sum s (times two). p is the part
 * of the ways whose sum lies as far from the middle as ours, or further. */
static double exact_tied(const struct ranked *r, size_t n, size_t na, unsigned sum)
{
	unsigned all = 0;
	for (size_t i = 0; i < n; i++)
		all += r[i].twice;
	size_t width = all + 1;
	double *ways = calloc((na + 1) * width, sizeof(*ways)), far = 0, total = 0;
	if (!ways)
		return 1;
	ways[0] = 1;
	for (size_t i = 0; i < n; i++)
		for (size_t k = na; k-- > 0;)
			for (size_t s = width - r[i].twice; s-- > 0;)
				if (ways[k * width + s] > 0)
					ways[(k + 1) * width + s + r[i].twice] +=
						ways[k * width + s];
	double middle = (double)all * (double)na / (double)n;
	for (size_t s = 0; s < width; s++) {
		double w = ways[na * width + s];
		total += w;
		if (fabs((double)s - middle) >= fabs(sum - middle) - 1e-9)
			far += w;
	}
	free(ways);
	return far / total;
}

static double normal(size_t n, size_t na, unsigned sum, double ties)
{
	double a = (double)na, b = (double)(n - na), all = (double)n;
	double u = sum / 2.0 - a * (a + 1) / 2;
	double deviation = sqrt(a * b / 12 * (all + 1 - ties / (all * (all - 1))));
	double off = fabs(u - a * b / 2) - 0.5; /* continuity */

	return deviation > 0 && off > 0 ? erfc(off / deviation / sqrt(2)) : 1;
}

double lr_rank_p(const double *a, size_t na, const double *b, size_t nb)
{
	struct ranked r[2 * LR_RANK_MAX];
	unsigned sum = 0;

	na = na > LR_RANK_MAX ? LR_RANK_MAX : na;
	nb = nb > LR_RANK_MAX ? LR_RANK_MAX : nb;
	if (na == 0 || nb == 0)
		return 1;
	for (size_t i = 0; i < na; i++)
		r[i] = (struct ranked){a[i], true, 0};
	for (size_t i = 0; i < nb; i++)
		r[na + i] = (struct ranked){b[i], false, 0};
	double ties = rank(r, na + nb);
	for (size_t i = 0; i < na + nb; i++)
		sum += r[i].first ? r[i].twice : 0;
	if (na + nb > LR_RANK_EXACT)
		return normal(na + nb, na, sum, ties);
	return ties > 0 ? exact_tied(r, na + nb, na, sum) : exact(na, nb, sum);
}

/* How many of the ordered ratios lie outside at each end: the greatest k with P(U < k) <= tail when
 * all orders are alike. */
static size_t outside_exact(size_t na, size_t nb, double tail)
{
	size_t width, k = 0;
	double total, below = 0, *ways = ways_of_u(na, nb, &width, &total);

	while (ways && k < width && (below + ways[k]) / total <= tail)
		below += ways[k++];
	free(ways);
	return k;
}

static size_t outside_normal(size_t na, size_t nb, double tail)
{
	double a = (double)na, b = (double)nb, z = 0;

	while (erfc(z / sqrt(2)) / 2 > tail && z < 8)
		z += 1e-3;
	double k = floor(a * b / 2 - z * sqrt(a * b * (a + b + 1) / 12));
	return k > 0 ? (size_t)k : 0;
}

static double ratio_of(double fresh, double base)
{
	if (base == 0)
		return fresh == 0 ? 1 : INFINITY;
	return fresh / base;
}

static double shift_of(double fresh, double base)
{
	return fresh - base;
}

/* The median of what `of` says of all pairs, and its interval. */
static struct lr_interval of_pairs(const double *base, size_t nb, const double *fresh, size_t nf,
	double confidence, double (*of)(double fresh, double base))
{
	struct lr_interval out = {NAN, NAN, NAN};
	size_t n, k;

	nb = nb > LR_RANK_MAX ? LR_RANK_MAX : nb;
	nf = nf > LR_RANK_MAX ? LR_RANK_MAX : nf;
	n = nb * nf;
	double *all = n ? malloc(n * sizeof(*all)) : NULL, tail = (1 - confidence) / 2;
	if (!all)
		return out;
	for (size_t i = 0; i < n; i++)
		all[i] = of(fresh[i / nb], base[i % nb]);
	qsort(all, n, sizeof(*all), by_number);
	out.value = n % 2 ? all[n / 2] : (all[n / 2 - 1] + all[n / 2]) / 2;
	k = nb + nf <= LR_RANK_EXACT ? outside_exact(nb, nf, tail) : outside_normal(nb, nf, tail);
	if (k > 0) {
		out.low = all[k - 1];
		out.high = all[n - k];
	}
	free(all);
	return out;
}

struct lr_interval lr_rank_ratio(
	const double *base, size_t nb, const double *fresh, size_t nf, double confidence)
{
	return of_pairs(base, nb, fresh, nf, confidence, ratio_of);
}

struct lr_interval lr_rank_shift(
	const double *base, size_t nb, const double *fresh, size_t nf, double confidence)
{
	return of_pairs(base, nb, fresh, nf, confidence, shift_of);
}

struct place {
	double p;
	size_t at;
};

static int by_p(const void *x, const void *y)
{
	double a = ((const struct place *)x)->p, b = ((const struct place *)y)->p;
	return (a > b) - (a < b);
}

void lr_rank_holm(double *p, size_t n)
{
	struct place *order = malloc((n + 1) * sizeof(*order));
	double least = 0;

	for (size_t i = 0; i < n; i++) {
		if (!order) { /* Bonferroni needs no room, and is never less careful */
			p[i] = fmin(1, p[i] * (double)n);
			continue;
		}
		order[i] = (struct place){p[i], i};
	}
	if (order)
		qsort(order, n, sizeof(*order), by_p);
	for (size_t i = 0; order && i < n; i++) {
		least = fmax(least, fmin(1, order[i].p * (double)(n - i)));
		p[order[i].at] = least;
	}
	free(order);
}
