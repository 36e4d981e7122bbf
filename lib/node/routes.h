/*
 * routes.h - the kernel's side of a node: link, addresses, and a route for each allowed IP
 *
 * What an address of the interface covers already needs no route. A default route goes as
 * wg-quick(8) does it: a table and a firewall mark of its own, so that the outer packets find the
 * way out.
 */
#ifndef LR_NODE_ROUTES_H
#define LR_NODE_ROUTES_H

#include "lib/base/err.h"
#include "lib/node/node.h"

/* Brings the link up with MTU, addresses and (node->routes) a route for each allowed IP of every
 * peer. May set node->fwmark. 0 or -1 with `err`. */
int lr_routes_bring_up(struct lr_node *node, struct lr_err *err);
/* Routes for `n` more allowed IPs; those that are there already are fine. Nothing to do
 * unless node->routes. */
int lr_routes_add(
	struct lr_node *node, const struct lr_prefix *prefixes, size_t n, struct lr_err *err);
/* What our routes tell TCP of the largest segment; 0: nothing, the interface's MTU says it. In a
 * party that is what most paths take without being cut. */
unsigned lr_routes_advmss(const struct lr_node *node, uint8_t family);
/* Before a peer goes. */
void lr_routes_remove(struct lr_node *node, struct lr_wg_peer *peer);
/* The rules of a default route; the routes themselves go with the interface. */
void lr_routes_take_down(struct lr_node *node);

#endif
