/*
 * lan.h - a node's virtual Ethernet (lib/lan) and what it needs of the node and the system
 *
 * Theory of operation. Wherever the interface is a TAP, and in every party, node->lan is there and
 * all that the pump moves goes by it. Each peer of the tunnel is a member. Who has an address is
 * asked of the tunnel's allowed IPs. A node without it (--config on a TUN) is a plain WireGuard
 * interface: it routes, and looks into no packet.
 */
#ifndef LR_NODE_LAN_H
#define LR_NODE_LAN_H

#include "lib/base/json.h"
#include "lib/lan/lan.h"
#include "lib/node/node.h"

/* What a user may want of it. */
struct lr_node_rules {
	bool open;     /* services pass */
	unsigned pass; /* kinds of noise that pass */
	bool isolate;  /* only these ports do */
	struct lr_lan_ports ports;
	const char *capture; /* interface, or "all": lib/node/overhear.h; NULL: none */
};

/* Makes node->lan. The key is known. 0 or -ENOMEM. */
int lr_node_lan_open(struct lr_node *node, const struct lr_node_rules *rules);
void lr_node_lan_close(struct lr_node *node);

/* The rest do nothing on a node without one. */

/* The interface's addresses are others. */
void lr_node_lan_addresses(struct lr_node *node);
/* A peer with its owner part is new, or its allowed IPs are others: its own addresses are the
 * lowest that are its alone. */
void lr_node_lan_peer(struct lr_node *node, struct lr_wg_peer *peer);
/* The same, and they are these; family 0: none. */
void lr_node_lan_member(struct lr_node *node, struct lr_wg_peer *peer, const struct lr_ip *four,
	const struct lr_ip *six);
/* The peer is a member that is the hub of guests, or no more. */
void lr_node_lan_hub(struct lr_node *node, struct lr_wg_peer *peer, bool hub);
/* The peer is a member that carries a segment of its house, or does no more. */
void lr_node_lan_bridges(struct lr_node *node, struct lr_wg_peer *peer, bool bridges);
void lr_node_lan_gone(struct lr_node *node, struct lr_wg_peer *peer);
/* What the system itself must not do on the interface: believe a router or a redirect. Before the
 * link is up. */
void lr_node_lan_guard(const struct lr_node *node);
/* Limited broadcasts of this machine go to the interface, unless somebody routes them. */
void lr_node_lan_broadcast_route(struct lr_node *node);
/* Adds the drops by name. */
void lr_node_lan_put_drops(const struct lr_node *node, json_t *drops);

#endif
