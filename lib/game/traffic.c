/*
 * traffic.c - the ports of the active profiles as one table
 */
#include "lib/game/traffic.h"

#include <string.h>

#include "lib/base/bytes.h"

#define CLASS_NONE     0
#define CLASS_FRAGMENT 1
#define CLASS_CONTROL  2
#define CLASSES_FIXED  3

#define IP_ICMP     1
#define IP_IGMP     2
#define IP_TCP      6
#define IP_UDP      17
#define IP_HOPOPTS  0 /* MLD comes behind it */
#define IP_FRAGMENT 44
#define IP_ICMP6    58

void lr_traffic_clear(struct lr_traffic *t)
{
	memset(t, 0, sizeof(*t));
	t->classes[CLASS_FRAGMENT].flags = LR_TRAFFIC_FRAGMENT;
	t->classes[CLASS_CONTROL].flags = LR_TRAFFIC_CONTROL;
	t->n_classes = CLASSES_FIXED;
}

/* The number of the class; a new one when there is room, else the first that is close enough. */
static uint8_t number(struct lr_traffic *t, struct lr_traffic_class c)
{
	for (unsigned i = CLASSES_FIXED; i < t->n_classes; i++)
		if (t->classes[i].flags == c.flags && t->classes[i].dscp == c.dscp)
			return (uint8_t)i;
	for (unsigned i = CLASSES_FIXED; t->n_classes == 256 && i < 256; i++)
		if (t->classes[i].flags == c.flags)
			return (uint8_t)i;
	if (t->n_classes == 256)
		return CLASSES_FIXED;
	t->classes[t->n_classes] = c;
	return (uint8_t)t->n_classes++;
}

static void mark(struct lr_traffic *t, const struct lr_game *g, const struct lr_game_ports *p,
	unsigned flags)
{
	if (g->latency == LR_GAME_FAST)
		flags |= LR_TRAFFIC_FAST;
	if (g->redundant)
		flags |= LR_TRAFFIC_TWO_PATHS;
	for (unsigned at = p->first; p->first && at <= p->last; at += p->step) {
		uint8_t *slot = &t->port[p->proto][at];
		struct lr_traffic_class c = t->classes[*slot];
		c.flags |= (uint8_t)flags;
		c.dscp = g->dscp > c.dscp ? g->dscp : c.dscp;
		*slot = number(t, c);
	}
}

static void add_group(struct lr_traffic *t, const struct lr_ip *group)
{
	for (unsigned i = 0; i < t->n_groups; i++)
		if (lr_ip_equal(&t->groups[i], group))
			return;
	if (t->n_groups < LR_TRAFFIC_GROUPS)
		t->groups[t->n_groups++] = *group;
}

/* A datagram that is repeated or rewritten is an announcement. */
static void mark_one(struct lr_traffic *t, const struct lr_game *g, uint16_t port, unsigned flag)
{
	const struct lr_game_ports one = {LR_GAME_UDP, port, port, 1};

	mark(t, g, &one, flag | LR_TRAFFIC_DISCOVERY);
}

static void add(struct lr_traffic *t, const struct lr_game *g)
{
	for (size_t i = 0; i < g->n_discovery; i++) {
		mark(t, g, &g->discovery[i].ports, LR_TRAFFIC_DISCOVERY);
		if (g->discovery[i].group.family)
			add_group(t, &g->discovery[i].group);
	}
	for (size_t i = 0; i < g->n_ports; i++)
		mark(t, g, &g->ports[i].ports, LR_TRAFFIC_PLAY);
	for (size_t i = 0; i < g->n_queries; i++) {
		const struct lr_game_ports one = {
			LR_GAME_UDP, g->queries[i].port, g->queries[i].port, 1};
		mark(t, g, &one, LR_TRAFFIC_DISCOVERY);
	}
	if (g->repeat.port && t->n_repeats < LR_TRAFFIC_SPECIAL) {
		t->repeats[t->n_repeats] = g->repeat;
		t->repeats[t->n_repeats++].source = NULL;
		mark_one(t, g, g->repeat.port, LR_TRAFFIC_REPEAT);
	}
	if (g->rewrite.port && t->n_rewrites < LR_TRAFFIC_SPECIAL) {
		t->rewrites[t->n_rewrites] = g->rewrite;
		t->rewrites[t->n_rewrites++].source = NULL;
		mark_one(t, g, g->rewrite.port, LR_TRAFFIC_REWRITE);
	}
	t->ipx |= g->ipx != NULL;
}

void lr_traffic_build(struct lr_traffic *t, const struct lr_game *const *games, size_t n)
{
	lr_traffic_clear(t);
	for (size_t i = 0; i < n; i++)
		add(t, games[i]);
}

static const struct lr_traffic_class *transport(
	const struct lr_traffic *t, uint8_t protocol, const uint8_t *p, size_t len)
{
	if (protocol == IP_UDP || protocol == IP_TCP) {
		if (len < 4)
			return &t->classes[CLASS_NONE];
		return lr_traffic_ports(t, protocol == IP_UDP ? LR_GAME_UDP : LR_GAME_TCP,
			lr_get_be16(p), lr_get_be16(p + 2));
	}
	bool control = protocol == IP_ICMP || protocol == IP_IGMP || protocol == IP_ICMP6;
	return &t->classes[control ? CLASS_CONTROL : CLASS_NONE];
}

static const struct lr_traffic_class *of6(const struct lr_traffic *t, const uint8_t *p, size_t len)
{
	if (len < 40)
		return &t->classes[CLASS_NONE];
	uint8_t next = p[6];
	p += 40;
	len -= 40;
	if (next == IP_FRAGMENT) {
		if (len < 8)
			return &t->classes[CLASS_NONE];
		if (lr_get_be16(p + 2) & 0xfff8)
			return &t->classes[CLASS_FRAGMENT];
		return transport(t, p[0], p + 8, len - 8);
	}
	if (next == IP_HOPOPTS && len >= 8 && p[0] == IP_ICMP6)
		next = IP_ICMP6;
	return transport(t, next, p, len);
}

const struct lr_traffic_class *lr_traffic_of(
	const struct lr_traffic *t, const uint8_t *packet, size_t len)
{
	if (len >= 40 && packet[0] >> 4 == 6)
		return of6(t, packet, len);
	if (len < 20 || packet[0] >> 4 != 4)
		return &t->classes[CLASS_NONE];
	size_t head = (size_t)(packet[0] & 15) * 4;
	if (head < 20 || head > len)
		return &t->classes[CLASS_NONE];
	if (lr_get_be16(packet + 6) & 0x1fff)
		return &t->classes[CLASS_FRAGMENT];
	return transport(t, packet[9], packet + head, len - head);
}

const struct lr_game_repeat *lr_traffic_repeat(const struct lr_traffic *t, uint16_t dport)
{
	for (unsigned i = 0; i < t->n_repeats; i++)
		if (t->repeats[i].port == dport)
			return &t->repeats[i];
	return NULL;
}

const struct lr_game_rewrite *lr_traffic_rewrite(const struct lr_traffic *t, uint16_t dport)
{
	for (unsigned i = 0; i < t->n_rewrites; i++)
		if (t->rewrites[i].port == dport)
			return &t->rewrites[i];
	return NULL;
}
