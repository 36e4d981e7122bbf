/*
 * hist.h - a log-linear histogram of durations
 *
 * 64 sub-buckets a power of two: a relative error under 1.6 % over 1 ns .. 2^63 ns in a fixed
 * 30 KB, of which a distribution touches a few lines of the cache; recording takes about 2 ns (as
 * HdrHistogram, G. Tene).
 */
#ifndef LR_PERF_HIST_H
#define LR_PERF_HIST_H

#include <stdint.h>

#define LR_HIST_SUB     64
#define LR_HIST_BUCKETS ((64 - 5) * LR_HIST_SUB)

struct lr_hist {
	uint64_t n, sum, min, max;
	uint64_t count[LR_HIST_BUCKETS];
};

void lr_hist_reset(struct lr_hist *h);
/* Values below 64 have a bucket each, from there on each power of two is cut into 64 equal ones. */
static inline unsigned lr_hist_bucket(uint64_t value)
{
	unsigned shift = 63u - 6u - (unsigned)__builtin_clzll(value | LR_HIST_SUB);
	return shift * LR_HIST_SUB + (unsigned)(value >> shift);
}

static inline void lr_hist_add(struct lr_hist *h, uint64_t value)
{
	if (value < h->min || h->n == 0)
		h->min = value;
	if (value > h->max)
		h->max = value;
	h->n++;
	h->sum += value;
	h->count[lr_hist_bucket(value)]++;
}
void lr_hist_merge(struct lr_hist *h, const struct lr_hist *other);
/* Value at quantile q in 0..1 (nearest rank, the bucket's highest value, at most max). 0 when
 * empty. */
uint64_t lr_hist_quantile(const struct lr_hist *h, double q);
double lr_hist_mean(const struct lr_hist *h);

/*
 * The small one: 16 sub-buckets a power of two, a relative error under 6.3 %, 1 .. 2^36 (what is
 * more counts as that, 0 as 1; `max` is exact), 2.3 KB. For places of which there are many.
 *
 * A value's bucket is the exponent and the first four bits of the mantissa of the value as a
 * double: nothing branches on what was measured, and on x86-64 it takes half of what counting
 * leading zeros does.
 */
#define LR_HIST_SMALL_SUB     16
#define LR_HIST_SMALL_BUCKETS (36 * LR_HIST_SMALL_SUB)

struct lr_hist_small {
	uint64_t n, sum, min, max;
	uint32_t count[LR_HIST_SMALL_BUCKETS];
};

static inline unsigned lr_hist_small_bucket(uint64_t value)
{
	union {
		double value;
		uint64_t bits;
	} d = {.value = (double)(int64_t)(value | !value)};
	uint64_t bucket = (d.bits >> 48) - (1023u << 4);

	return bucket < LR_HIST_SMALL_BUCKETS ? (unsigned)bucket : LR_HIST_SMALL_BUCKETS - 1;
}

static inline void lr_hist_small_add(struct lr_hist_small *h, uint64_t value)
{
	if (value < h->min || h->n == 0)
		h->min = value;
	if (value > h->max)
		h->max = value;
	h->n++;
	h->sum += value;
	h->count[lr_hist_small_bucket(value)]++;
}
void lr_hist_small_reset(struct lr_hist_small *h);
/* As lr_hist_quantile(). */
uint64_t lr_hist_small_quantile(const struct lr_hist_small *h, double q);

#endif
