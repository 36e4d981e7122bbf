/*
 * monitor.h - watches a process, and the node in it when there is one
 *
 * lib/io/proc.h says what the kernel knows, the control socket what the node knows; both go into a
 * struct lr_watch, which finds what looks wrong.
 */
#ifndef LR_NODE_MONITOR_H
#define LR_NODE_MONITOR_H

#include <stdio.h>

#include "lib/base/json.h"
#include "lib/io/proc.h"
#include "lib/node/client.h"
#include "lib/perf/watch.h"

struct lr_monitor {
	struct lr_client *client; /* NULL: a process without a node */
	struct lr_proc proc;
	long pid;
	char iface[IFNAMSIZ]; /* "" without a node */
	struct lr_watch watch;
	double row[LR_WATCH_METRICS];
	json_t *drops, *drops_before; /* totals by reason; NULL without a node */
	double begin_s;
};

/* `target`: the number of a process, the interface of a node, or NULL: the only node. 0 or -1 with
 * `err`. Closed in any case. */
int lr_monitor_open(struct lr_monitor *m, const char *target, struct lr_err *err);
void lr_monitor_close(struct lr_monitor *m);
/* A sample. 1: m->row is one; 0: it was the first, with which the next is compared; -1: the process
 * has gone. */
int lr_monitor_sample(struct lr_monitor *m);
/* Asks the node what its profiler found meanwhile. Before the findings. */
void lr_monitor_end(struct lr_monitor *m);

/* --- as JSON (share/schema/monitor.json) and for people --- */

json_t *lr_monitor_json(const struct lr_monitor *m);
json_t *lr_monitor_summary(
	const struct lr_monitor *m, const struct lr_watch_finding *found, size_t n);
void lr_monitor_head(FILE *out, const struct lr_monitor *m);
void lr_monitor_row(FILE *out, const struct lr_monitor *m);
/* A line a metric with its latest values as a sparkline, on a terminal of so many columns; how many
 * lines. */
unsigned lr_monitor_live(FILE *out, const struct lr_monitor *m, unsigned columns);
void lr_monitor_end_table(
	FILE *out, const struct lr_monitor *m, const struct lr_watch_finding *found, size_t n);

#endif
