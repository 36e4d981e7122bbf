/*
 * calm.h - whether the processor was as quick as it can be while something was measured
 *
 * Theory of operation. A virtual processor is slower for seconds at a time, and no figure of the
 * system shows it: its twin on the same core works for somebody else, or the clock is lower. Then
 * every batch of a process is up to half slower, and so is a loop of arithmetic in registers
 * (neither memory nor system calls), which always takes the same number of cycles. That loop is
 * read before and after a measurement. Which readings are slow shows only in the end, when the
 * quickest is known; what was measured beside those is worth doing again. The code that is measured
 * has no part in that choice, so it favours neither of two builds.
 */
#ifndef LR_BENCH_CALM_H
#define LR_BENCH_CALM_H

#include <stddef.h>

#include "lib/perf/tick.h"

#define LR_CALM_MOST 1.03 /* of the quickest reading: more is slow */

struct lr_calm {
	struct lr_tick tick;
	double best_ns; /* the quickest reading so far */
};

void lr_calm_init(struct lr_calm *c);
/* Reads the loop on the processor where we run, in ns: once, about 0.1 ms; or the quickest of a
 * few, about 1 ms. */
double lr_calm_glance(struct lr_calm *c);
double lr_calm_read(struct lr_calm *c);
/* Whether a reading was slow, as far as is known now. What interrupts a glance makes it slow, too.
 */
bool lr_calm_slow(const struct lr_calm *c, double reading_ns);
/* Which of n readings was the slowest, of those that were slow; n: none. */
size_t lr_calm_slowest(const struct lr_calm *c, const double *readings_ns, size_t n);

#endif
