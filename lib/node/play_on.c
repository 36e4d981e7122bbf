/*
 * play_on.c - see play_on.h
 */
#include "lib/node/play_on.h"

#include <ifaddrs.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/io/netlink.h"
#include "lib/lan/ipx.h"
#include "lib/nat/redundant.h"
#include "lib/net/ip.h"
#include "lib/node/lan.h"
#include "lib/node/play.h"

#define UDP_HEAD 8u
#define LOOK_NS  (10 * LR_NS_PER_S) /* between two looks at the machine's addresses */

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
		if (among(&list[i], but, n_but))
			continue;
		lr_lan_group(node->lan, &list[i], on);
		if (nl)
			lr_netlink_group(nl, on, node->ifindex, &list[i]);
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
			lr_lan_ports_add(all, (uint16_t)p);
	if (t && t->ipx) {
		lr_lan_ports_add(all, LR_IPX_PORT);
		lr_lan_ports_add(all, LR_IPX_WRAPPER);
	}
	lr_lan_isolate(node->lan, all, t && t->ipx);
	free(all);
}

/* Who plays a game that finds others by what is else chatter asks for it. */
static void noise(struct lr_node *node, const struct lr_traffic *t)
{
	unsigned pass = node->pass;

	for (unsigned p = 0; t && p < 65536; p++)
		if (t->classes[t->port[LR_GAME_UDP][p]].flags & LR_TRAFFIC_DISCOVERY)
			pass |= lr_lan_noise_of((uint16_t)p);
	lr_lan_pass(node->lan, pass);
	lr_lan_ask_soon(
		node->lan, node->loop.now); /* its groups are told from now on, or no more */
}

/* What no active profile wants repeated is not said again. */
static void repeats(struct lr_node *node, const struct lr_traffic *t)
{
	struct lr_repeats *r = lr_play_repeats(node);

	for (unsigned i = 0; i < LR_REPEAT_ITEMS; i++)
		if (!t || !lr_traffic_repeat(t, r->items[i].dport))
			lr_repeats_forget(r, r->items[i].dport);
}

void lr_play_on(struct lr_node *node)
{
	const struct lr_traffic *t = lr_play_traffic(node);

	lr_play_cards(node)->looked_ns = 0;
	repeats(node, t);
	if (!node->lan)
		return;
	noise(node, t);
	groups(node, t);
	ports(node, t);
}

static bool to_many(const struct lr_node *node, const uint8_t *packet)
{
	return node->lan && lr_lan_to_many(node->lan, packet);
}

static void look(struct lr_play_cards *cards, uint64_t now)
{
	struct ifaddrs *all = NULL;

	cards->looked_ns = now;
	cards->n = 0;
	if (getifaddrs(&all) < 0)
		return;
	for (struct ifaddrs *i = all; i && cards->n < LR_PLAY_CARDS; i = i->ifa_next)
		if (i->ifa_addr && i->ifa_addr->sa_family == AF_INET)
			memcpy(cards->at[cards->n++],
				&((const struct sockaddr_in *)(const void *)i->ifa_addr)->sin_addr,
				4);
	freeifaddrs(all);
}

/* Whether it is an address of this machine. */
static bool of_machine(const struct lr_node *node, const uint8_t *address)
{
	struct lr_play_cards *cards = lr_play_cards(node);
	uint64_t now = node->loop.now;

	if (cards->looked_ns == 0 || now > cards->looked_ns + LOOK_NS)
		look(cards, now);
	for (unsigned i = 0; i < cards->n; i++)
		if (memcmp(cards->at[i], address, 4) == 0)
			return true;
	return false;
}

/* Our own address where the game wrote one of this machine's. */
static void rewrite(const struct lr_node *node, const struct lr_game_rewrite *rule, uint8_t *packet,
	const struct lr_packet *p, bool partial)
{
	uint8_t *udp = packet + p->l4_at, *at = packet + p->len - rule->from_end;
	size_t own = 0;

	while (own < node->n_addresses && node->addresses[own].ip.family != 4)
		own++;
	if (own == node->n_addresses || p->len < p->l4_at + UDP_HEAD + rule->from_end ||
		rule->from_end < 4)
		return;
	if (!to_many(node, packet) && !of_machine(node, at))
		return;
	memcpy(at, node->addresses[own].ip.b, 4);
	if (!partial && lr_get_be16(udp + 6) != 0)
		lr_udp_checksum(packet, udp, p->len - p->l4_at);
}

uint8_t lr_play_touch(const struct lr_node *node, uint8_t *packet, size_t len, bool partial)
{
	const struct lr_traffic *t = lr_play_traffic(node);
	const struct lr_traffic_class *c = t ? lr_traffic_of(t, packet, len) : NULL;
	struct lr_packet p;

	if (!c || !c->flags)
		return 0;
	if (c->dscp && lr_packet_dscp(packet) == 0)
		lr_packet_set_dscp(packet, c->dscp);
	if (c->flags & LR_TRAFFIC_REWRITE && lr_packet_parse(packet, len, &p) == LR_IP_FINE &&
		p.family == 4 && p.proto == LR_UDP && !p.fragment && p.len >= p.l4_at + UDP_HEAD) {
		const struct lr_game_rewrite *rule =
			lr_traffic_rewrite(t, lr_get_be16(packet + p.l4_at + 2));
		if (rule)
			rewrite(node, rule, packet, &p, partial);
	}
	return c->flags;
}

void lr_play_keep(
	struct lr_node *node, const uint8_t *packet, size_t len, const void *bytes, size_t size)
{
	const struct lr_traffic *t = lr_play_traffic(node);
	struct lr_packet p;

	if (!t || lr_packet_parse(packet, len, &p) != LR_IP_FINE || p.proto != LR_UDP ||
		p.fragment || p.len < p.l4_at + UDP_HEAD)
		return;
	const struct lr_game_repeat *rule = lr_traffic_repeat(t, lr_get_be16(packet + p.l4_at + 2));
	if (rule)
		lr_repeats_take(lr_play_repeats(node), node->loop.now, rule, packet + p.l4_at,
			p.len - p.l4_at, bytes, size);
}

const uint8_t *lr_play_again(struct lr_node *node, uint64_t now, size_t *size)
{
	return node->play ? lr_repeats_next(lr_play_repeats(node), now, size) : NULL;
}

uint64_t lr_play_due(const struct lr_node *node)
{
	return node->play ? lr_repeats_due(lr_play_repeats((struct lr_node *)node)) : LR_NEVER;
}

bool lr_play_twice(const struct lr_node *node, const uint8_t *packet, size_t len)
{
	const struct lr_traffic *t = lr_play_traffic(node);

	return t && len <= LR_REDUNDANT_BYTES + 48 &&
	       lr_traffic_of(t, packet, len)->flags & LR_TRAFFIC_TWO_PATHS;
}
