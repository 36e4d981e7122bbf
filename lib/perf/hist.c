/*
 * hist.c - log-linear histogram: where a value's bucket is, and what a bucket stands for
 *
 * A bucket is never wider than 1/64 (of the small one: 1/16) of what it holds.
 * Source: the bucket layout of HdrHistogram (G. Tene).
 */
#include "lib/perf/hist.h"

#include <math.h>
#include <string.h>

#define SUB_BITS   6
#define SMALL_BITS 4
_Static_assert(LR_HIST_SUB == 1 << SUB_BITS, "the shift must fit the number of sub-buckets");
_Static_assert(LR_HIST_SMALL_SUB == 1 << SMALL_BITS, "the same for the small one");

/* The greatest value that falls into the bucket. */
static uint64_t highest_of(unsigned bucket, unsigned bits)
{
	if (bucket < 1u << bits)
		return bucket;
	unsigned shift = (bucket >> bits) - 1;
	uint64_t lowest = (uint64_t)(bucket - (shift << bits)) << shift;
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
	h->count[lr_hist_bucket(value, SUB_BITS)]++;
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

static uint64_t rank_of(double q, uint64_t n)
{
	double at = ceil(q * (double)n);
	return at < 1 ? 1 : at >= (double)n ? n : (uint64_t)at;
}

uint64_t lr_hist_quantile(const struct lr_hist *h, double q)
{
	uint64_t rank = rank_of(q, h->n), seen = 0;

	for (unsigned i = 0; h->n && i < LR_HIST_BUCKETS; i++) {
		seen += h->count[i];
		if (seen >= rank) {
			uint64_t value = highest_of(i, SUB_BITS);
			return value < h->max ? value : h->max;
		}
	}
	return h->max;
}

double lr_hist_mean(const struct lr_hist *h)
{
	return h->n ? (double)h->sum / (double)h->n : 0;
}

void lr_hist_small_reset(struct lr_hist_small *h)
{
	memset(h, 0, sizeof(*h));
}

uint64_t lr_hist_small_quantile(const struct lr_hist_small *h, double q)
{
	uint64_t rank = rank_of(q, h->n), seen = 0;

	for (unsigned i = 0; h->n && i + 1 < LR_HIST_SMALL_BUCKETS; i++) {
		seen += h->count[i];
		if (seen >= rank) {
			uint64_t value = highest_of(i, SMALL_BITS);
			return value < h->max ? value : h->max;
		}
	}
	return h->max;
}
