/*
 * stage.h - a measured stage, and how it stands against its target
 */
#ifndef LR_REPLAY_STAGE_H
#define LR_REPLAY_STAGE_H

#include <stdbool.h>

#include "lib/perf/hist.h"
#include "lib/perf/targets.h"
#include "lib/perf/tick.h"

#define LR_STAGE_SAMPLES_MIN 100 /* below that a p99 is one packet's luck: no judgement */

struct lr_stage {
	const char *name;
	const struct lr_target *target; /* NULL: none */
	struct lr_hist hist;            /* ns */
	uint64_t bytes;                 /* that went through; 0: it has none */
};

enum lr_gate { LR_GATE_DOCUMENTED, LR_GATE_OURS };
enum lr_verdict { LR_VERDICT_NONE, LR_VERDICT_PASS, LR_VERDICT_MISS };

/* The documented target is held against p99, ours against the median. NONE: fewer than
 * LR_STAGE_SAMPLES_MIN samples, or no target in ns. */
enum lr_verdict lr_stage_judge(const struct lr_stage *s, enum lr_gate gate);
/* What the gate compares: the stage's value and the limit, ns. Limit NAN: there is none. */
void lr_stage_compared(const struct lr_stage *s, enum lr_gate gate, double *value, double *limit);

/* Counts the time between two readings of `t`. Returns it in ns. */
static inline uint64_t lr_stage_add(
	struct lr_stage *s, const struct lr_tick *t, uint64_t from, uint64_t to, size_t bytes)
{
	uint64_t ns = lr_tick_ns(t, from, to);
	lr_hist_add(&s->hist, ns);
	s->bytes += bytes;
	return ns;
}

#endif
