/*
 * ipam_json.h - leases, figures and findings as the JSON objects that programs print
 *
 * Schemas: share/schema/lease.json, ipam-stats.json, ipam-check.json. Each returns a new
 * reference, NULL when out of memory.
 */
#ifndef LR_IPAM_IPAM_JSON_H
#define LR_IPAM_IPAM_JSON_H

#include "lib/base/json.h"
#include "lib/ipam/journal.h"

json_t *lr_ipam_json_lease(const struct lr_ipam *t, const struct lr_lease *lease);
json_t *lr_ipam_json_stats(const struct lr_ipam *t);
json_t *lr_ipam_json_finding(
	const struct lr_prefix *pool, const struct lr_finding *f, bool repaired);
/* What an object from another program asks for; texts belong to the object. The address in it
 * is a wish. 0, or -1 with `err` when a member has the wrong type. */
int lr_ipam_json_want(const json_t *obj, struct lr_want *out, struct lr_err *err);

#endif
