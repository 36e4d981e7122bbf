/*
 * hist.c - log-linear histogram: where a value's bucket is, and what a bucket stands for
 *
 * A bucket is never wider than 1/64 (of the small one: 1/16) of what it holds.
 * Source: the bucket layout of HdrHistogram (G. Tene).
 */
#include "lib/perf/hist.h"

#include <math.h>
#include <string.h>

_Static_assert(LR_HIST_SUB == 1 << 6, "the shift must fit the number of sub-buckets");

/* The greatest value that falls into the bucket. */
static uint64_t highest_of(unsigned bucket)
{
	if (bucket < LR_HIST_SUB)
		return bucket;
	unsigned shift = bucket / LR_HIST_SUB - 1;
	uint64_t lowest = (uint64_t)(bucket - shift * LR_HIST_SUB) << shift;
	return lowest + (((uint64_t)1 << shift) - 1);
}

/* The same of the small one: the last whole number below where the next bucket begins. */
static uint64_t highest_of_small(unsigned bucket)
{
	uint64_t next = LR_HIST_SMALL_SUB + bucket % LR_HIST_SMALL_SUB + 1;
	return ((next << bucket / LR_HIST_SMALL_SUB) + LR_HIST_SMALL_SUB - 1) / LR_HIST_SMALL_SUB -
	       1;
}

void lr_hist_reset(struct lr_hist *h)
{
	memset(h, 0, sizeof(*h));
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
			uint64_t value = highest_of_small(i);
			return value < h->max ? value : h->max;
		}
	}
	return h->max;
}
