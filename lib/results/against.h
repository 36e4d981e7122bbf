/*
 * against.h - which target a metric is held against, and whether it meets it
 *
 * A metric belongs to the target of its own name or of its series; the rows start_NAME_load
 * to program_load, metrics_record to metrics. Nothing else has one.
 */
#ifndef LR_RESULTS_AGAINST_H
#define LR_RESULTS_AGAINST_H

#include "lib/perf/targets.h"
#include "lib/results/result.h"

struct lr_against {
	const struct lr_target *target; /* NULL: none */
	double value; /* the median, in the metric's unit, which is the target's */
	bool documented_met, ours_met;
};

struct lr_against lr_against(const json_t *metric);

#endif
