/*
 * gate.h - a result held against the documented targets or against ours: a table, TAP, JUnit XML
 *
 * Theory of operation. Each metric that has a target (lib/results/against.h) is met or missed; one
 * whose target of that kind has no number cannot be judged. Nor can a target that is a number of
 * things which was not tried (`size` of the metric: how many were), unless it failed below that.
 */
#ifndef LR_RESULTS_GATE_H
#define LR_RESULTS_GATE_H

#include <stdio.h>

#include "lib/results/against.h"

struct lr_gate_row {
	const char *name, *unit; /* of the metric */
	double value, limit;     /* NAN: no limit */
	bool judged, met;
};

/* Of one metric, by our targets or by the documented ones. */
struct lr_gate_row lr_gate(const json_t *metric, bool ours);
/* Whether any was missed; *judged: how many could be judged (may be NULL). */
bool lr_gate_missed(const json_t *result, bool ours, unsigned *judged);
/* Adds `gate`, `pass` and, to each metric, `target` and `pass` (null: not judged). */
void lr_gate_json(json_t *result, bool ours);

/* All metrics, and a line about the machine. */
void lr_gate_table(FILE *out, const json_t *result, bool ours, bool colour);
/* A test a metric that has a target. `name` of the suite: "lr-perf live". */
void lr_gate_tap(FILE *out, const json_t *result, bool ours);
void lr_gate_junit(FILE *out, const json_t *result, bool ours, const char *name);

#endif
