/*
 * stats.c - medians, deviations, slopes and bootstrap intervals of a few rounds
 */
#include "lib/perf/stats.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define RESAMPLES 2000 /* the interval's ends move by less than 1 % of its width beyond that */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* Sorts `v`. */
static double median_of(double *v, size_t n)
{
	qsort(v, n, sizeof(*v), by_value);
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

double lr_stats_median(const double *v, size_t n)
{
	double copy[LR_STATS_MAX];
	if (n == 0 || n > LR_STATS_MAX)
		return NAN;
	memcpy(copy, v, n * sizeof(*v));
	return median_of(copy, n);
}

double lr_stats_mean(const double *v, size_t n)
{
	double sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += v[i];
	return n ? sum / (double)n : NAN;
}

double lr_stats_deviation(const double *v, size_t n)
{
	double mean = lr_stats_mean(v, n), sum = 0;
	if (n < 2)
		return NAN;
	for (size_t i = 0; i < n; i++)
		sum += (v[i] - mean) * (v[i] - mean);
	return sqrt(sum / (double)(n - 1));
}

/* splitmix64 (Steele, Lea, Flood 2014): enough for resampling, and the same everywhere. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

struct lr_interval lr_stats_ratio(const double *ours, const double *rival, size_t n)
{
	struct lr_interval out = {NAN, NAN, NAN};
	double ratio[LR_STATS_MAX], sample[LR_STATS_MAX], medians[RESAMPLES];
	uint64_t state = 1;

	if (n == 0 || n > LR_STATS_MAX)
		return out;
	for (size_t i = 0; i < n; i++)
		ratio[i] = ours[i] / rival[i];
	out.value = lr_stats_median(ratio, n);
	if (n < 3)
		return out;
	for (size_t r = 0; r < RESAMPLES; r++) {
		for (size_t i = 0; i < n; i++)
			sample[i] = ratio[next_random(&state) % n];
		medians[r] = median_of(sample, n);
	}
	qsort(medians, RESAMPLES, sizeof(*medians), by_value);
	out.low = medians[RESAMPLES * 25 / 1000];
	out.high = medians[RESAMPLES * 975 / 1000 - 1];
	return out;
}

double lr_stats_slope(const double *x, const double *y, size_t n)
{
	double mx = lr_stats_mean(x, n), my = lr_stats_mean(y, n), xy = 0, xx = 0;
	if (n < 2)
		return NAN;
	for (size_t i = 0; i < n; i++) {
		xy += (x[i] - mx) * (y[i] - my);
		xx += (x[i] - mx) * (x[i] - mx);
	}
	return xx > 0 ? xy / xx : NAN;
}
