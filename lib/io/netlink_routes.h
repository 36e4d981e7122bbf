/*
 * netlink_routes.h - which routes of this host meet a prefix, through rtnetlink(7)
 */
#ifndef LR_IO_NETLINK_ROUTES_H
#define LR_IO_NETLINK_ROUTES_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/net/addr.h"

struct lr_met_route {
	struct lr_prefix dst;
	char iface[IFNAMSIZ]; /* "" for one that leads to no interface (blackhole) */
};

/* The routes, of any table, that share addresses with `p` and do not lead to the interface `but`
 * (may be NULL). Default routes, and those for the host's own addresses, are none: the addresses
 * of an interface show by its network's route. At most `room` of them, narrowest first. How many
 * there are in `out`, or -1 with `err`. */
int lr_routes_meeting(const struct lr_prefix *p, const char *but, struct lr_met_route *out,
	size_t room, struct lr_err *err);

/* Whether two prefixes of any families share an address. */
bool lr_prefixes_meet(const struct lr_prefix *a, const struct lr_prefix *b);

#endif
