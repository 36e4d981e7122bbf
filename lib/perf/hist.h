/*
 * hist.h - a log-linear histogram of durations
 *
 * 64 sub-buckets a power of two: a relative error under 1.6 % over 1 ns .. 2^63 ns in a fixed
 * 30 KB, recording in about 2 ns (as HdrHistogram, G. Tene).
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
void lr_hist_add(struct lr_hist *h, uint64_t value);
void lr_hist_merge(struct lr_hist *h, const struct lr_hist *other);
/* Value at quantile q in 0..1 (nearest rank, the bucket's highest value, at most max). 0 when
 * empty. */
uint64_t lr_hist_quantile(const struct lr_hist *h, double q);
double lr_hist_mean(const struct lr_hist *h);

/*
 * The small one: 16 sub-buckets a power of two, a relative error under 6.3 %, 1 ns .. 68 s (what is
 * longer counts as 68 s; `max` is exact), 2 KB. For places of which there are many.
 */
#define LR_HIST_SMALL_SUB     16
#define LR_HIST_SMALL_BUCKETS ((36 - 3) * LR_HIST_SMALL_SUB)

struct lr_hist_small {
	uint64_t n, sum, min, max;
	uint32_t count[LR_HIST_SMALL_BUCKETS];
};

/* In a histogram with 2^bits sub-buckets a power of two: values below 2^bits have a bucket each,
 * from there on each power of two is cut into 2^bits equal ones. */
static inline unsigned lr_hist_bucket(uint64_t value, unsigned bits)
{
	if (value < (uint64_t)1 << bits)
		return (unsigned)value;
	unsigned shift = 63u - (unsigned)__builtin_clzll(value) - bits;
	return (shift << bits) + (unsigned)(value >> shift);
}

static inline void lr_hist_small_add(struct lr_hist_small *h, uint64_t value)
{
	unsigned bucket = lr_hist_bucket(value, 4);
	if (value < h->min || h->n == 0)
		h->min = value;
	if (value > h->max)
		h->max = value;
	h->n++;
	h->sum += value;
	h->count[bucket < LR_HIST_SMALL_BUCKETS ? bucket : LR_HIST_SMALL_BUCKETS - 1]++;
}
void lr_hist_small_reset(struct lr_hist_small *h);
/* As lr_hist_quantile(). */
uint64_t lr_hist_small_quantile(const struct lr_hist_small *h, double q);

#endif
