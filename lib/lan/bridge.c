/*
 * bridge.c - machines of the house that take part through this node
 *
 * Theory of operation. A second cable of the switch goes to a segment of the house. A machine there
 * takes part when it has an address of the pool, set by hand: it is known from its ARP and IP
 * (`machines`), its owner lists it, and as soon as the address is settled as ours
 * (lr_lan_host.ours) its IP travels as our own does. A machine that says an address of this node or
 * of a member is not heard. What any other machine sends is of the house and stays there.
 *
 *   machine --> ARP ------------------> answered here, for this node and for members
 *          \--> IP, source in the pool: rules --> ROUTE to one member, COPIES to all
 *                                            \--> `also`: to our own interface
 *   member, our interface --> IP for a machine, or for all --> `also`: to the segment
 *
 * No loop comes of it: what the party has for the segment bears a member's MAC there, and a frame
 * with the MAC of a member or of ours that comes from the segment goes no further.
 *
 * Source: RFC 826, RFC 5227.
 */
#include "lib/lan/lan_inside.h"

#include <stdlib.h>
#include <string.h>

#define IDLE_NS (5 * 60 * LR_NS_PER_S) /* a machine unheard for so long makes room for another */
#define MOVE_NS (60 * LR_NS_PER_S)     /* and after so long its address may be another's */

int lr_lan_bridge(struct lr_lan *lan)
{
	lan->bridge = calloc(1, sizeof(*lan->bridge));
	if (!lan->bridge)
		return -1;
	lan->bridge->hello_ns = LR_NEVER;
	return 0;
}

void lr_lan_bridge_free(struct lr_lan *lan)
{
	if (lan->bridge)
		free(lan->bridge->port.storm);
	free(lan->bridge);
	lan->bridge = NULL;
}

unsigned lr_lan_machines(struct lr_lan *lan, struct lr_ip *out)
{
	const struct lr_lan_bridge *b = lan->bridge;

	if (!lr_lan_carries(lan))
		return 0;
	for (unsigned i = 0; i < b->n; i++)
		out[i] = b->machines[i].at;
	return b->n;
}

bool lr_lan_machines_fresh(struct lr_lan *lan)
{
	bool fresh = lan->bridge && lan->bridge->fresh;

	if (fresh)
		lan->bridge->fresh = false;
	return fresh;
}

/* --- machines --- */

static struct lr_lan_machine *find(struct lr_lan_bridge *b, const struct lr_ip *ip)
{
	for (unsigned i = 0; i < b->n; i++)
		if (lr_ip_equal(&b->machines[i].at, ip))
			return &b->machines[i];
	return NULL;
}

const struct lr_lan_machine *lr_lan_machine(const struct lr_lan *lan, const struct lr_ip *ip)
{
	const struct lr_lan_machine *m = lr_lan_carries(lan) ? find(lan->bridge, ip) : NULL;

	return m && lan->host.ours(lan->host.ctx, ip) ? m : NULL;
}

/* The one with the MAC, else a free one, else the one unheard for long; NULL: no room. */
static struct lr_lan_machine *slot(struct lr_lan_bridge *b, uint64_t now, const uint8_t *mac)
{
	struct lr_lan_machine *oldest = &b->machines[0];

	for (unsigned i = 0; i < b->n; i++) {
		struct lr_lan_machine *m = &b->machines[i];
		if (memcmp(m->mac, mac, LR_MAC) == 0)
			return m;
		if (m->heard_ns < oldest->heard_ns)
			oldest = m;
	}
	if (b->n < LR_LAN_MACHINES)
		return &b->machines[b->n++];
	return now - oldest->heard_ns > IDLE_NS ? oldest : NULL;
}

/* The machine with that MAC speaks as `ip`, of the pool. Why it may not. */
static enum lr_lan_drop speaks(
	struct lr_lan *lan, uint64_t now, const uint8_t *mac, const struct lr_ip *ip)
{
	struct lr_lan_bridge *b = lan->bridge;
	struct lr_lan_machine *m = find(b, ip);

	if (m && memcmp(m->mac, mac, LR_MAC) == 0) {
		m->heard_ns = now;
		return LR_LAN_DROP_NONE;
	}
	if (lr_lan_is_own(lan, ip) || lan->host.holder(lan->host.ctx, ip->family, ip->b) ||
		(m && now - m->heard_ns < MOVE_NS))
		return LR_LAN_DROP_ADDRESS;
	if (!m)
		m = slot(b, now, mac);
	if (!m)
		return LR_LAN_DROP_UNLISTED;
	memcpy(m->mac, mac, LR_MAC);
	m->at = *ip;
	m->heard_ns = now;
	b->fresh = true;
	return LR_LAN_DROP_NONE;
}

/* --- ARP --- */

static enum lr_lan_drop judge_arp(struct lr_lan *lan, uint64_t now, const uint8_t *frame,
	size_t len, struct lr_lan_verdict *v)
{
	const uint8_t *question = frame + LR_LAN_HEAD;
	struct lr_ip sender = {.family = 4};

	if (len < LR_LAN_HEAD + LR_ARP_LEN)
		return LR_LAN_DROP_FRAME;
	if (memcmp(question + 8, frame + LR_MAC, LR_MAC) != 0)
		return LR_LAN_DROP_FOREIGN_MAC;
	memcpy(sender.b, question + 14, 4);
	if (lr_prefix_covers(&lan->pool, &sender)) {
		enum lr_lan_drop why = speaks(lan, now, question + 8, &sender);
		if (why != LR_LAN_DROP_NONE)
			return why;
	}
	lr_lan_arp_bridged(lan, frame, v);
	return LR_LAN_DROP_NONE;
}

/* --- IP --- */

static void to_many(struct lr_lan *lan, uint64_t now, const struct lr_packet *p, enum lr_lan_to to,
	struct lr_lan_verdict *v)
{
	struct lr_ip dst = lr_packet_dst(v->bytes);

	if (!lr_lan_storm_passes(&lan->bridge->port, lr_lan_storm_key(v->bytes, p), now)) {
		lr_lan_verdict_drop(lan, v, LR_LAN_DROP_STORM);
		return;
	}
	v->act = LR_LAN_COPIES;
	v->also = LR_LAN_DEVICE;
	if (to == LR_LAN_TO_GROUP && !lr_lan_group_to_all(&dst))
		v->group = dst;
}

static void to_one(struct lr_lan *lan, struct lr_lan_verdict *v)
{
	struct lr_ip dst = lr_packet_dst(v->bytes);

	v->act = LR_LAN_TAKEN;
	if (lr_lan_is_own(lan, &dst))
		v->also = LR_LAN_DEVICE;
	else if (lan->host.holder(lan->host.ctx, dst.family, dst.b))
		v->act = LR_LAN_ROUTE;
	else
		lr_lan_verdict_drop(lan, v, LR_LAN_DROP_NOT_OURS);
}

/* A packet of a machine that takes part. */
static void pass(struct lr_lan *lan, uint64_t now, const uint8_t *frame, bool partial,
	const struct lr_packet *p, struct lr_lan_verdict *v)
{
	bool rewrite, broadcast = (frame[0] & frame[1] & frame[5]) == 0xff;
	enum lr_lan_to to = lr_lan_where(lan, v->bytes, broadcast, &rewrite);
	enum lr_lan_heard heard = to == LR_LAN_TO_GROUP ? lr_lan_snoop(lan, now, NULL, v->bytes, p)
							: LR_LAN_HEARD_NOTHING;
	enum lr_lan_drop why = lr_lan_judge(lan, v->bytes, p, to != LR_LAN_TO_ONE, true);

	v->act = LR_LAN_TAKEN;
	if (heard != LR_LAN_HEARD_NOTHING) {
		v->act = heard == LR_LAN_HEARD_REPORT ? LR_LAN_COPIES : LR_LAN_TAKEN;
	} else if (why != LR_LAN_DROP_NONE) {
		lr_lan_verdict_drop(lan, v, why);
	} else if (to == LR_LAN_TO_ONE) {
		to_one(lan, v);
	} else {
		if (rewrite)
			lr_lan_to_broadcast(lan, v->bytes, p, partial);
		to_many(lan, now, p, to, v);
	}
}

/* A frame that a machine sent to somebody of the party, or to all. */
static void machine_ip(struct lr_lan *lan, uint64_t now, const uint8_t *frame, bool partial,
	struct lr_lan_verdict *v)
{
	struct lr_packet p;
	enum lr_lan_drop why = LR_LAN_DROP_HOME;

	v->bytes += LR_LAN_HEAD;
	v->len -= LR_LAN_HEAD;
	if (lr_packet_parse(v->bytes, v->len, &p) != LR_IP_FINE) {
		lr_lan_verdict_drop(lan, v, LR_LAN_DROP_PACKET);
		return;
	}
	struct lr_ip src = lr_packet_src(v->bytes);
	if (lr_prefix_covers(&lan->pool, &src))
		why = speaks(lan, now, frame + LR_MAC, &src);
	if (why == LR_LAN_DROP_NONE && !lan->host.ours(lan->host.ctx, &src))
		why = LR_LAN_DROP_UNLISTED;
	if (why != LR_LAN_DROP_NONE)
		lr_lan_verdict_drop(lan, v, why);
	else
		pass(lan, now, frame, partial, &p, v);
}

/* Whether it is for somebody here: the segment is heard whole. */
static bool meant(const struct lr_lan *lan, const uint8_t *mac)
{
	return (mac[0] & 1) || memcmp(mac, lan->mac, LR_MAC) == 0 || lr_map_get(&lan->by_mac, mac);
}

/* What is not for us, or comes while another bridge carries, tells who has which address, too. (The
 * system of this host answers on all its interfaces for all its addresses: a machine may speak to
 * that and never be heard again here.) */
static void overhear(struct lr_lan *lan, uint64_t now, const uint8_t *frame, size_t len)
{
	const uint8_t *body = frame + LR_LAN_HEAD;
	uint16_t type = lr_get_be16(frame + 12);
	struct lr_ip src = {.family = 4};

	if (type == ETH_IP4 && len >= LR_LAN_HEAD + 20 && body[0] >> 4 == 4)
		src = lr_packet_src(body);
	else if (type == ETH_ARP && len >= LR_LAN_HEAD + LR_ARP_LEN)
		memcpy(src.b, body + 14, 4);
	if (lr_prefix_covers(&lan->pool, &src))
		(void)speaks(lan, now, frame + LR_MAC, &src);
}

/* Whether the MAC is of the party: then the frame came from there. */
static bool of_party(const struct lr_lan *lan, const uint8_t *mac)
{
	return memcmp(mac, lan->mac, LR_MAC) == 0 || memcmp(mac, lan->switch_mac, LR_MAC) == 0 ||
	       lr_map_get(&lan->by_mac, mac);
}

void lr_lan_bridged(struct lr_lan *lan, uint64_t now, uint8_t *frame, size_t len, bool partial,
	struct lr_lan_verdict *v)
{
	const uint8_t *from = frame + LR_MAC;

	*v = (struct lr_lan_verdict){.act = LR_LAN_TAKEN, .bytes = frame, .len = len};
	lan->now = now;
	if (len < LR_LAN_HEAD || (from[0] & 1)) {
		lr_lan_verdict_drop(lan, v, LR_LAN_DROP_FRAME);
		return;
	}
	uint16_t type = lr_get_be16(frame + 12);
	if (type == ETH_HELLO) {
		lr_lan_hear_hello(lan, now, frame, len);
		return;
	}
	if (of_party(lan, from)) {
		lr_lan_verdict_drop(lan, v, LR_LAN_DROP_LOOP);
		return;
	}
	if (lan->bridge->stands || !meant(lan, frame)) {
		overhear(lan, now, frame, len);
		if (lan->bridge->stands)
			lr_lan_verdict_drop(lan, v, LR_LAN_DROP_STANDBY);
		return;
	}
	enum lr_lan_drop why = LR_LAN_DROP_HOME;
	if (type == ETH_IP4) {
		machine_ip(lan, now, frame, partial, v);
		return;
	}
	if (type == ETH_ARP)
		why = judge_arp(lan, now, frame, len, v);
	if (why != LR_LAN_DROP_NONE)
		lr_lan_verdict_drop(lan, v, why);
}
