/*
 * profile.h - the profiler of a running node (lib/perf/span.h), through its control socket
 *
 *   {"do": "profile"}  -> {"ok": true, "on": bool, ...}, share/schema/profile.json
 *     "set": "on"      begins to measure, or goes on with other settings; forgets what was
 *     "set": "off"     ends; what was found can still be asked for
 *     "set": "reset"   forgets what was found
 *   with "on":
 *     "every": N       measure one turn of the loop in N (default 1; 100 for production)
 *     "slow_us": X     remember spans that took longer (default: none)
 *     "stall_us": X    a handler that held the loop up longer is a stall (default 10,000)
 *     "report_s": N    tell an event "profile" so often, and begin anew (default 3600; 0: never)
 *
 * While it is on, listeners hear of stalls, one a second at most, and of each report. Without
 * "on" it was never allocated, and costs a predicted branch a span.
 */
#ifndef LR_NODE_PROFILE_H
#define LR_NODE_PROFILE_H

#include "lib/base/json.h"
#include "lib/node/node.h"

json_t *lr_node_profile_answer(struct lr_node *node, const json_t *request);
/* The report by itself: NULL when it was never on. */
json_t *lr_node_profile_report(const struct lr_node *node);
/* When the next report is due; LR_NEVER. And tells it when it is. */
uint64_t lr_node_profile_due(const struct lr_node *node);
void lr_node_profile_settle(struct lr_node *node, uint64_t now);
void lr_node_profile_close(struct lr_node *node);

#endif
