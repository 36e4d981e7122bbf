/*
 * routes.c - see routes.h
 */
#include "lib/node/routes.h"

#include "lib/base/log.h"
#include "lib/io/netlink.h"
#include "lib/io/udp.h"
#include "lib/node/lan.h"
#include "lib/node/pump.h"
#include "defaults.h"

enum { DEFAULT_MARK = 51820 }; /* what wg-quick uses, too */
enum { QUEUE_LEN = 1000 };     /* as Ethernet has it; 500 of a TUN are 25 ms of 20,000 packets/s */

/* One TSO frame of this size fills one UDP train: 45 full segments of a 1,420-byte tunnel. */
static uint32_t gso_max_size(unsigned mtu)
{
	unsigned per_train = LR_TRAIN_BYTES / (mtu + LR_WG_OVERHEAD);
	unsigned size = per_train * (mtu - 40) + 40;
	return per_train > 1 && size < 65536 ? size : 0;
}

unsigned lr_routes_advmss(const struct lr_node *node, uint8_t family)
{
	if (!node->stock_mtu)
		return 0;
	return family == 4 ? LR_DEFAULT_ADVMSS : LR_DEFAULT_ADVMSS6;
}

/* The system has a route to it already. */
static bool covered(const struct lr_node *node, const struct lr_prefix *p)
{
	if (p->len == 128 && lr_ip_link_local(&p->ip))
		return true;
	for (size_t i = 0; i < node->n_addresses; i++)
		if (p->len >= node->addresses[i].len &&
			lr_prefix_covers(&node->addresses[i], &p->ip))
			return true;
	return false;
}

static uint8_t family_bit(uint8_t family)
{
	return (uint8_t)(1u << family);
}

static void route(struct lr_node *node, struct lr_netlink *nl, bool add, const struct lr_prefix *p)
{
	if (covered(node, p) || lr_overlap_keeps(&node->overlap, p))
		return;
	unsigned advmss = lr_routes_advmss(node, p->ip.family);
	if (p->len > 0) {
		lr_netlink_route(nl, add, node->ifindex, p, 0, advmss);
		return;
	}
	bool standing = node->default_rules & family_bit(p->ip.family);
	if (standing == add)
		return;
	if (add && !node->fwmark)
		lr_pump_set_mark(node->pump, DEFAULT_MARK);
	lr_netlink_route(nl, add, node->ifindex, p, node->fwmark, advmss);
	lr_netlink_default_rules(nl, add, p->ip.family, node->fwmark);
	node->default_rules ^= family_bit(p->ip.family);
}

struct walk {
	struct lr_node *node;
	struct lr_netlink *nl;
	bool add;
};

static void route_allowed(void *ctx, const struct lr_prefix *prefix)
{
	const struct walk *w = ctx;
	route(w->node, w->nl, w->add, prefix);
}

int lr_routes_bring_up(struct lr_node *node, struct lr_err *err)
{
	struct lr_netlink *nl = lr_netlink_open(err);
	if (!nl)
		return -1;
	const struct lr_netlink_link link = {
		.ifindex = node->ifindex,
		.mtu = node->mtu,
		.queue_len = QUEUE_LEN,
		.no_link_local = !node->tap || node->own_link_local,
		.gso_max_size = node->offload_tso ? gso_max_size(node->mtu) : 0,
	};
	lr_node_lan_guard(node);
	lr_netlink_link_up(nl, &link);
	for (size_t i = 0; i < node->n_addresses; i++)
		lr_netlink_addr_add(nl, node->ifindex, &node->addresses[i],
			lr_routes_advmss(node, node->addresses[i].ip.family));
	struct walk w = {node, nl, true};
	if (node->routes)
		lr_wg_peers_foreach (node->wg, peer)
			lr_wg_allowed(node->wg, peer, route_allowed, &w);
	int r = lr_netlink_commit(nl, false, err);
	lr_netlink_close(nl);
	return r;
}

int lr_routes_add(
	struct lr_node *node, const struct lr_prefix *prefixes, size_t n, struct lr_err *err)
{
	if (!node->routes || n == 0)
		return 0;
	struct lr_netlink *nl = lr_netlink_open(err);
	if (!nl)
		return -1;
	for (size_t i = 0; i < n; i++)
		route(node, nl, true, &prefixes[i]);
	int r = lr_netlink_commit(nl, false, err);
	lr_netlink_close(nl);
	return r;
}

void lr_routes_remove(struct lr_node *node, struct lr_wg_peer *peer)
{
	struct lr_netlink *nl = node->routes ? lr_netlink_open(NULL) : NULL;
	if (!nl)
		return;
	struct walk w = {node, nl, false};
	lr_wg_allowed(node->wg, peer, route_allowed, &w);
	lr_netlink_commit(nl, true, NULL);
	lr_netlink_close(nl);
}

void lr_routes_take_down(struct lr_node *node)
{
	struct lr_netlink *nl = node->default_rules ? lr_netlink_open(NULL) : NULL;
	if (!nl)
		return;
	for (uint8_t family = 4; family <= 6; family += 2)
		if (node->default_rules & family_bit(family))
			lr_netlink_default_rules(nl, false, family, node->fwmark);
	lr_netlink_commit(nl, true, NULL);
	lr_netlink_close(nl);
	node->default_rules = 0;
}
