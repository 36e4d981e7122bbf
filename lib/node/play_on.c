/*
 * play_on.c - see play_on.h
 */
#include "lib/node/play_on.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/io/netlink.h"
#include "lib/nat/redundant.h"
#include "lib/net/ip.h"
#include "lib/node/lan.h"
#include "lib/node/play.h"

static bool among(const struct lr_ip *group, const struct lr_ip *list, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (lr_ip_equal(group, &list[i]))
			return true;
	return false;
}

/* Turns those of `list` that are not among `but` on, or off. */
static void turn(struct lr_node *node, struct lr_netlink *nl, bool on, const struct lr_ip *list,
	unsigned n, const struct lr_ip *but, unsigned n_but)
{
	for (unsigned i = 0; i < n; i++) {
		const struct lr_prefix one = {list[i], lr_ip_bits(&list[i])};
		if (among(&list[i], but, n_but))
			continue;
		lr_lan_group(node->lan, &list[i], on);
		if (nl)
			lr_netlink_route(nl, on, node->ifindex, &one, 0, 0);
	}
}

/* Routes are a help: a game that chooses its interface needs none, and one that somebody else set
 * stays. */
static void groups(struct lr_node *node, const struct lr_traffic *t)
{
	struct lr_play_groups *was = lr_play_groups(node);
	struct lr_netlink *nl = lr_netlink_open(NULL);
	struct lr_err err;

	turn(node, nl, false, was->at, was->n, t ? t->groups : NULL, t ? t->n_groups : 0);
	if (nl)
		lr_netlink_commit(nl, true, NULL);
	turn(node, nl, true, t ? t->groups : NULL, t ? t->n_groups : 0, was->at, was->n);
	if (nl && lr_netlink_commit(nl, false, &err) < 0)
		lr_log(LR_LOG_NOTE, "%s: a game's multicast may not go to the party: %s",
			node->iface, err.text);
	lr_netlink_close(nl);
	was->n = t ? t->n_groups : 0;
	if (t)
		memcpy(was->at, t->groups, sizeof(was->at));
}

static void ports(struct lr_node *node, const struct lr_traffic *t)
{
	if (!node->isolate)
		return;
	struct lr_lan_ports *all = malloc(sizeof(*all));
	if (!all) {
		lr_log(LR_LOG_ERROR, "%s: out of memory", node->iface);
		return;
	}
	*all = *node->isolate;
	for (unsigned p = 0; t && p < 65536; p++)
		if (t->port[LR_GAME_UDP][p] || t->port[LR_GAME_TCP][p])
			all->bits[p / 64] |= 1ull << p % 64;
	lr_lan_isolate(node->lan, all);
	free(all);
}

void lr_play_on(struct lr_node *node)
{
	const struct lr_traffic *t = lr_play_traffic(node);

	if (!node->lan)
		return;
	groups(node, t);
	ports(node, t);
}

bool lr_play_mark(const struct lr_node *node, uint8_t *packet, size_t len)
{
	const struct lr_traffic *t = lr_play_traffic(node);
	const struct lr_traffic_class *c = t ? lr_traffic_of(t, packet, len) : NULL;

	if (!c)
		return false;
	if (c->dscp && lr_packet_dscp(packet) == 0)
		lr_packet_set_dscp(packet, c->dscp);
	return c->flags & LR_TRAFFIC_FAST;
}

bool lr_play_twice(const struct lr_node *node, const uint8_t *packet, size_t len)
{
	const struct lr_traffic *t = lr_play_traffic(node);

	return t && len <= LR_REDUNDANT_BYTES + 48 &&
	       lr_traffic_of(t, packet, len)->flags & LR_TRAFFIC_TWO_PATHS;
}
