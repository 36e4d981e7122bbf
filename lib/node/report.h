/*
 * report.h - what a node and its peers look like to a program: JSON objects
 *
 * Schemas: share/schema/peer.json, status.json, event.json, ping.json. Members that are not known
 * are null.
 */
#ifndef LR_NODE_REPORT_H
#define LR_NODE_REPORT_H

#include "lib/base/json.h"
#include "lib/io/ping.h"
#include "lib/node/node.h"
#include "lib/wg/config.h"

/* A handshake younger than this means that the session is live: REJECT_AFTER_TIME. */
#define LR_REPORT_LIVE_NS (180 * UINT64_C(1000000000))

bool lr_report_live(const struct lr_wg_peer *peer, uint64_t now);

/* One peer. `live` is NULL when no node runs; `now` monotonic. `detail` adds the drop counters.
 * The preshared key is not in it. NULL: out of memory. */
json_t *lr_report_peer(
	const struct lr_config_peer *p, const struct lr_wg_peer *live, uint64_t now, bool detail);
/* The path in use to a member of a party, and how good it is. */
json_t *lr_report_path(const struct lr_reach *reach);
/* The same of any peer; NULL: no node runs. `now` monotonic. */
json_t *lr_report_peer_path(const struct lr_wg_peer *live, uint64_t now);
/* The member `key`, null for NULL and AF_UNSPEC. */
void lr_report_put_endpoint(json_t *obj, const char *key, const struct lr_endpoint *e);
/* The node; `peers` (a list of lr_report_peer()) is taken, NULL leaves it out. */
json_t *lr_report_node(struct lr_node *node, json_t *peers);
json_t *lr_report_event(const struct lr_node *node, const struct lr_node_event *event);
/* An event that only concerns the reader: `name` is "watching". */
json_t *lr_report_own_event(const struct lr_node *node, const char *name, uint64_t unix_ns);
/* What a ping of the peer (an lr_report_peer()) found; takes the reference to `path`. */
json_t *lr_report_ping(
	const json_t *peer, const char *address, const struct lr_ping_result *r, json_t *path);

/* A time of those objects in Unix seconds; -1 when it is none (NULL is fine). */
double lr_report_unix_seconds(const char *rfc3339);

#endif
