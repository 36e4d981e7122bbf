/*
 * report.h - a run as JSON, as a table, as TAP and as JUnit XML; and the table of targets
 *
 * The writers put text on a stream of the caller's; errors of writing are the caller's to find.
 */
#ifndef LR_REPLAY_REPORT_H
#define LR_REPLAY_REPORT_H

#include <stdio.h>

#include "lib/base/json.h"
#include "lib/replay/run.h"

/* share/schema/replay.json. New reference; NULL: out of memory. */
json_t *lr_report_json(const struct lr_run *r);
/* `colour`: verdicts in colour, for a terminal. */
void lr_report_table(FILE *out, const struct lr_run *r, bool colour);
/* A test point a stage, and one for the sums. */
void lr_report_tap(FILE *out, const struct lr_run *r);
void lr_report_junit(FILE *out, const struct lr_run *r);

/* share/schema/target.json. */
json_t *lr_report_target_json(const struct lr_target *t);
void lr_report_targets(FILE *out, const struct lr_target *targets, size_t n);

#endif
