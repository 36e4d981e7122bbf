/*
 * hist.c - log-linear histogram: where a value's bucket is, and what a bucket stands for
 *
 * Values below 64 have a bucket each. From 2^6 on, each power of two is cut into 64 equal
 * buckets, so a bucket is never wider than 1/64 of what it holds.
 * Source: the bucket layout of HdrHistogram (G. Tene).
 */
#include "lib/perf/hist.h"

#include <math.h>
#include <string.h>

#define SUB_BITS 6
_Static_assert(LR_HIST_SUB == 1 << SUB_BITS, "the shift must fit the number of sub-buckets");

static unsigned bucket_of(uint64_t value)
{
	if (value < LR_HIST_SUB)
		return (unsigned)value;
	unsigned exponent = 63u - (unsigned)__builtin_clzll(value);
	unsigned sub = (unsigned)(value >> (exponent - SUB_BITS)) - LR_HIST_SUB;
	return (exponent - SUB_BITS + 1) * LR_HIST_SUB + sub;
}

/* The greatest value that falls into the bucket. */
static uint64_t highest_of(unsigned bucket)
{
	if (bucket < LR_HIST_SUB)
		return bucket;
	unsigned shift = bucket / LR_HIST_SUB - 1;
	uint64_t lowest = (uint64_t)(bucket % LR_HIST_SUB + LR_HIST_SUB) << shift;
	return lowest + (((uint64_t)1 << shift) - 1);
}

void lr_hist_reset(struct lr_hist *h)
{
	memset(h, 0, sizeof(*h));
}

void lr_hist_add(struct lr_hist *h, uint64_t value)
{
	if (h->n == 0 || value < h->min)
		h->min = value;
	if (value > h->max)
		h->max = value;
	h->n++;
	h->sum += value;
	h->count[bucket_of(value)]++;
}

void lr_hist_merge(struct lr_hist *h, const struct lr_hist *other)
{
	if (other->n == 0)
		return;
	if (h->n == 0 || other->min < h->min)
		h->min = other->min;
	if (other->max > h->max)
		h->max = other->max;
	h->n += other->n;
	h->sum += other->sum;
	for (unsigned i = 0; i < LR_HIST_BUCKETS; i++)
		h->count[i] += other->count[i];
}

uint64_t lr_hist_quantile(const struct lr_hist *h, double q)
{
	if (h->n == 0)
		return 0;
	double at = ceil(q * (double)h->n);
	uint64_t rank = at < 1 ? 1 : at >= (double)h->n ? h->n : (uint64_t)at, seen = 0;
	for (unsigned i = 0; i < LR_HIST_BUCKETS; i++) {
		seen += h->count[i];
		if (seen >= rank) {
			uint64_t value = highest_of(i);
			return value < h->max ? value : h->max;
		}
	}
	return h->max;
}

double lr_hist_mean(const struct lr_hist *h)
{
	return h->n ? (double)h->sum / (double)h->n : 0;
}
