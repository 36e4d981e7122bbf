/*
 * show.h - results for people
 */
#ifndef LR_RESULTS_SHOW_H
#define LR_RESULTS_SHOW_H

#include <stdio.h>

#include "lib/results/result.h"

#define LR_SHOW_TEXT 32

/* Three digits and a unit: "48 ns", "1.25 us", "12.3 kB", "0.5 %", "-" for NAN. */
const char *lr_show_value(double value, const char *unit, char out[LR_SHOW_TEXT]);
/* A table of all metrics with their median, spread and target, and a line about the machine. */
void lr_show_result(FILE *out, const json_t *result);
/* What was measured on and of: "commit, processor, N cores, kernel". */
void lr_show_machine(const json_t *result, char *out, size_t room);
/* Text in HTML and XML: & < > " escaped. */
void lr_show_escaped(FILE *out, const char *text);

#endif
