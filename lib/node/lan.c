/*
 * lan.c - see lan.h
 */
#include "lib/node/lan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/io/iface.h"
#include "lib/io/netlink.h"
#include "lib/node/party_wire.h"

static struct lr_lan_member *holder(void *ctx, uint8_t family, const uint8_t *address)
{
	const struct lr_node *node = ctx;
	const struct lr_wg_peer *peer = lr_wg_route(node->wg, family, address);
	const struct lr_node_peer *own = peer ? peer->owner : NULL;

	return own ? own->lan : NULL;
}

static bool ours(void *ctx, const struct lr_ip *ip)
{
	const struct lr_node *node = ctx;

	return node->party && lr_party_has(node->party, ip);
}

static bool choose(void *ctx, const uint8_t mac[LR_MAC], unsigned round, struct lr_ip *out)
{
	const struct lr_node *node = ctx;

	return node->party && lr_party_choose(node->party, mac, round, out);
}

int lr_node_lan_open(struct lr_node *node, const struct lr_node_rules *rules)
{
	const struct lr_lan_host host = {node, holder, ours, choose};
	uint8_t mac[LR_MAC];

	lr_lan_mac(lr_wg_public_key(node->wg), mac);
	node->lan = lr_lan_new(&host, node->tap, mac);
	if (!node->lan)
		return -ENOMEM;
	lr_lan_open(node->lan, rules->open);
	node->pass = rules->pass;
	lr_lan_pass(node->lan, node->pass);
	if (rules->isolate) {
		node->isolate = malloc(sizeof(*node->isolate));
		if (!node->isolate)
			return -ENOMEM;
		*node->isolate = rules->ports;
	}
	lr_lan_isolate(node->lan, node->isolate, false);
	lr_node_lan_addresses(node);
	return 0;
}

void lr_node_lan_close(struct lr_node *node)
{
	lr_lan_free(node->lan);
	free(node->isolate);
	node->lan = NULL;
	node->isolate = NULL;
}

void lr_node_lan_addresses(struct lr_node *node)
{
	if (node->lan)
		lr_lan_own(node->lan, node->addresses, node->n_addresses);
}

/* --- members --- */

/* Keeps the lowest host address of each family in the two at `ctx`. */
static void lowest(void *ctx, const struct lr_prefix *prefix)
{
	struct lr_ip *kept = (struct lr_ip *)ctx + (prefix->ip.family == 6);

	if (prefix->len == lr_ip_bits(&prefix->ip) && !lr_ip_link_local(&prefix->ip) &&
		(kept->family == 0 || memcmp(prefix->ip.b, kept->b, sizeof(kept->b)) < 0))
		*kept = prefix->ip;
}

/* Without a party nobody else says that the peer speaks from its link-local address, as it does
 * when it tells which groups it joined (MLD). */
static void allow_link_local(struct lr_node *node, struct lr_wg_peer *peer)
{
	uint8_t mac[LR_MAC];

	if (!node->tap || node->own_link_local)
		return;
	lr_lan_mac(peer->public_key, mac);
	const struct lr_prefix own = {lr_lan_link_local(mac), 128};
	if (lr_wg_allow(node->wg, peer, &own) < 0)
		lr_log(LR_LOG_ERROR, "%s: out of memory", node->iface);
}

void lr_node_lan_peer(struct lr_node *node, struct lr_wg_peer *peer)
{
	struct lr_ip at[2] = {{0}, {0}};

	if (!node->lan)
		return;
	allow_link_local(node, peer);
	lr_wg_allowed(node->wg, peer, lowest, at);
	lr_node_lan_member(node, peer, &at[0], &at[1]);
}

void lr_node_lan_member(struct lr_node *node, struct lr_wg_peer *peer, const struct lr_ip *four,
	const struct lr_ip *six)
{
	struct lr_node_peer *own = peer->owner;

	if (!node->lan || !own)
		return;
	if (!own->lan)
		own->lan = lr_lan_join(node->lan, peer->public_key, peer, node->loop.now);
	if (own->lan)
		lr_lan_member_at(own->lan, four, six, own->guest != NULL);
	else
		lr_log(LR_LOG_ERROR, "%s: out of memory", node->iface);
}

void lr_node_lan_hub(struct lr_node *node, struct lr_wg_peer *peer, bool hub)
{
	struct lr_node_peer *own = peer->owner;

	if (node->lan && own && own->lan)
		lr_lan_member_hub(own->lan, hub);
}

void lr_node_lan_bridges(struct lr_node *node, struct lr_wg_peer *peer, bool bridges)
{
	struct lr_node_peer *own = peer->owner;

	if (node->lan && own && own->lan)
		lr_lan_member_bridges(node->lan, own->lan, bridges);
}

void lr_node_lan_gone(struct lr_node *node, struct lr_wg_peer *peer)
{
	struct lr_node_peer *own = peer->owner;

	if (node->lan && own) {
		lr_lan_leave(node->lan, own->lan);
		own->lan = NULL;
	}
}

/* --- the system --- */

void lr_node_lan_guard(const struct lr_node *node)
{
	static const struct {
		int family;
		const char *what;
	} off[] = {{6, "accept_ra"}, {6, "autoconf"}, {6, "accept_redirects"},
		{4, "accept_redirects"}};

	for (size_t i = 0; node->lan && i < sizeof(off) / sizeof(*off); i++) {
		int r = lr_iface_set(node->iface, off[i].family, off[i].what, 0);
		/* Without IPv6 on the machine there is nothing to switch off. */
		if (r < 0 && r != -ENOENT)
			lr_log(LR_LOG_NOTE,
				"%s: cannot switch off net.ipv%d.conf.%s.%s: %s; what members "
				"send of the kind is dropped all the same",
				node->iface, off[i].family, node->iface, off[i].what, strerror(-r));
	}
}

void lr_node_lan_broadcast_route(struct lr_node *node)
{
	const struct lr_prefix all = {lr_ip4(UINT32_MAX), 32};
	struct lr_netlink *nl = node->lan ? lr_netlink_open(NULL) : NULL;
	struct lr_err err;

	if (!nl)
		return;
	lr_netlink_route(nl, true, node->ifindex, &all, 0, 0);
	if (lr_netlink_commit(nl, false, &err) < 0)
		lr_log(LR_LOG_NOTE,
			"%s: limited broadcasts of this machine do not go to the party: %s",
			node->iface, err.text);
	lr_netlink_close(nl);
}

void lr_node_lan_put_drops(const struct lr_node *node, json_t *drops)
{
	for (unsigned i = LR_LAN_DROP_NONE + 1; node->lan && i < LR_LAN_DROPS; i++)
		lr_json_put_int(drops, lr_lan_drop_name(i), (int64_t)lr_lan_drops(node->lan)[i]);
}
