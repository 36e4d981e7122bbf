/*
 * stage.c - the judgement
 */
#include "lib/replay/stage.h"

#include <math.h>
#include <string.h>

void lr_stage_compared(const struct lr_stage *s, enum lr_gate gate, double *value, double *limit)
{
	*value = (double)lr_hist_quantile(&s->hist, gate == LR_GATE_OURS ? 0.5 : 0.99);
	*limit = NAN;
	if (s->target && s->target->stage && strcmp(s->target->unit, "ns") == 0)
		*limit = gate == LR_GATE_OURS ? s->target->ours : s->target->documented;
}

enum lr_verdict lr_stage_judge(const struct lr_stage *s, enum lr_gate gate)
{
	double value, limit;

	lr_stage_compared(s, gate, &value, &limit);
	if (isnan(limit) || s->hist.n < LR_STAGE_SAMPLES_MIN)
		return LR_VERDICT_NONE;
	return value < limit ? LR_VERDICT_PASS : LR_VERDICT_MISS;
}
