/*
 * metrics.h - a node's status as Prometheus text
 *
 * The text exposition format 0.0.4: a HELP and a TYPE line for each metric, then its samples.
 * Names begin with `lanrage_`, in base units (bytes, seconds). Counters of the whole node are
 * sums over its present peers.
 */
#ifndef LR_NODE_METRICS_H
#define LR_NODE_METRICS_H

#include "lib/base/json.h"

/* From an object of share/schema/status.json with its peers. malloc'd text, NULL: out of
 * memory. Metrics of what is null are left out. */
char *lr_metrics_text(const json_t *status);

#endif
