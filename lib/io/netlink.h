/*
 * netlink.h - link, addresses, routes and rules of an interface, through rtnetlink(7)
 *
 * Requests are gathered and sent as one batch: each system call here is 50 us of a start.
 */
#ifndef LR_IO_NETLINK_H
#define LR_IO_NETLINK_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/net/addr.h"

struct lr_netlink;

struct lr_netlink *lr_netlink_open(struct lr_err *err); /* NULL with `err` */
void lr_netlink_close(struct lr_netlink *nl);

struct lr_netlink_link {
	int ifindex;
	unsigned mtu;
	bool no_link_local; /* no IPv6 link-local address of the kernel's making, nor its chatter */
	unsigned queue_len; /* packets that may wait in front of the device */
	uint32_t gso_max_size; /* 0: leave; older kernels ignore it */
};
/* The gatherers. Prefixes are given with the text that an error shall name. */
void lr_netlink_link_up(struct lr_netlink *nl, const struct lr_netlink_link *link);
/* `advmss`: what the route to the address's network tells TCP of the largest segment; 0: nothing.
 */
void lr_netlink_addr_add(
	struct lr_netlink *nl, int ifindex, const struct lr_prefix *addr, unsigned advmss);
void lr_netlink_addr_del(struct lr_netlink *nl, int ifindex, const struct lr_prefix *addr);
/* Table 0 is the main one. Never replaces a route that is there. */
void lr_netlink_route(struct lr_netlink *nl, bool add, int ifindex, const struct lr_prefix *dst,
	uint32_t table, unsigned advmss);
/* What this machine sends to the multicast group, or joins without naming an interface, goes there.
 * IPv6 looks at its local table first, where each interface has ff00::/8 (ip-rule(8)): there. */
void lr_netlink_group(struct lr_netlink *nl, bool add, int ifindex, const struct lr_ip *group);
/* For a default route through the tunnel, as wg-quick(8) does it: what does not carry `mark` goes
 * by `table`, and the main table's more specific routes go first. Two rules a family. */
void lr_netlink_default_rules(struct lr_netlink *nl, bool add, uint8_t family, uint32_t mark);

/* Sends what was gathered. 0, or -1 with the first failure in `err` (all are tried); EEXIST on a
 * route tells whose it is. With `quiet`, failures are not errors (taking down). */
int lr_netlink_commit(struct lr_netlink *nl, bool quiet, struct lr_err *err);

#endif
