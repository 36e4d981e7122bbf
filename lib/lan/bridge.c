/*
 * bridge.c - machines of the house that take part through this node
 *
 * Theory of operation. A second cable of the switch goes to a segment of the house. A machine there
 * takes part when it has an address of the pool, set by hand or given by us when it asked
 * (lease.c): it is known from its ARP and IP
 * (`machines`), its owner lists it, and as soon as the address is settled as ours
 * (lr_lan_host.ours) its IP travels as our own does. A machine that says an address of this node or
 * of a member is not heard. Whatever else a machine sends goes as it is to other bridges (whole.c).
 *
 *   machine --> ARP ------------------> answered here, for this node and for members
 *         |\--> IP, source in the pool: rules --> ROUTE to one member, COPIES to all
 *         |                                  \--> `also`: to our own interface
 *          \--> all else: rules ------------> WRAP, to other bridges
 *   member, our interface --> IP for a machine, or for all --> `also`: to the segment
 *   other bridge --> EtherIP: rules --------> `also`: to the segment
 *
 * No loop comes of it: what the party has for the segment bears there the MAC of a member, or of a
 * house that a member bridges, and a frame with such a MAC, or ours, that comes from the segment
 * goes no further (station.c). What came from the tunnel never goes into it again.
 *
 * Source: RFC 826, RFC 5227.
 */
#include "lib/lan/lan_inside.h"

#include <stdlib.h>
#include <string.h>

#define IDLE_NS (5 * 60 * LR_NS_PER_S) /* a machine unheard for so long is off, or elsewhere */
#define MOVE_NS (60 * LR_NS_PER_S)     /* and after so long its address may be another's */

int lr_lan_bridge(struct lr_lan *lan)
{
	lan->bridge = calloc(1, sizeof(*lan->bridge));
	if (!lan->bridge)
		return -1;
	lan->bridge->hello_ns = LR_NEVER;
	lr_map_init(&lan->bridge->by_mac, LR_MAC);
	return 0;
}

void lr_lan_bridge_free(struct lr_lan *lan)
{
	struct lr_lan_bridge *b = lan->bridge;

	if (!b)
		return;
	lr_lan_stations_clear(b);
	lr_map_release(&b->by_mac);
	free(b->port.storm);
	free(b->port.joined);
	free(b->dhcp);
	free(b);
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

/* The one with the MAC, else a free one; NULL: no room. */
static struct lr_lan_machine *slot(struct lr_lan *lan, uint64_t now, const uint8_t *mac)
{
	struct lr_lan_bridge *b = lan->bridge;

	for (unsigned i = 0; i < b->n; i++)
		if (memcmp(b->machines[i].mac, mac, LR_MAC) == 0)
			return &b->machines[i];
	if (b->n == LR_LAN_MACHINES)
		lr_lan_machines_age(lan, now);
	return b->n < LR_LAN_MACHINES ? &b->machines[b->n++] : NULL;
}

/* Whether a member has it. While another carries our segment its machines are of our house, too. */
static bool is_members(const struct lr_lan *lan, const struct lr_ip *ip)
{
	const struct lr_lan_member *m = lan->host.holder(lan->host.ctx, ip->family, ip->b);

	return m && !(lan->bridge->stands && m->bridges && !lr_ip_equal(ip, &m->at[0]));
}

enum lr_lan_drop lr_lan_machine_speaks(
	struct lr_lan *lan, uint64_t now, const uint8_t *mac, const struct lr_ip *ip)
{
	struct lr_lan_bridge *b = lan->bridge;
	struct lr_lan_machine *m = find(b, ip);

	if (m && memcmp(m->mac, mac, LR_MAC) == 0) {
		m->heard_ns = now;
		return LR_LAN_DROP_NONE;
	}
	if (lr_lan_is_own(lan, ip) || is_members(lan, ip) || (m && now - m->heard_ns < MOVE_NS))
		return LR_LAN_DROP_ADDRESS;
	if (!m)
		m = slot(lan, now, mac);
	if (!m)
		return LR_LAN_DROP_UNLISTED;
	memcpy(m->mac, mac, LR_MAC);
	m->at = *ip;
	m->heard_ns = now;
	b->fresh = true;
	return LR_LAN_DROP_NONE;
}

bool lr_lan_machine_has(const struct lr_lan *lan, const uint8_t mac[LR_MAC], const struct lr_ip *ip)
{
	const struct lr_lan_machine *m = find(lan->bridge, ip);

	return m && memcmp(m->mac, mac, LR_MAC) == 0;
}

void lr_lan_machine_gone(struct lr_lan *lan, const struct lr_ip *ip)
{
	struct lr_lan_bridge *b = lan->bridge;
	struct lr_lan_machine *m = find(b, ip);

	if (!m)
		return;
	*m = b->machines[--b->n];
	b->fresh = true;
}

void lr_lan_machines_age(struct lr_lan *lan, uint64_t now)
{
	struct lr_lan_bridge *b = lan->bridge;

	for (unsigned i = 0; i < b->n;) {
		const struct lr_ip at = b->machines[i].at;
		if (now - b->machines[i].heard_ns > IDLE_NS && !lr_lan_has_lease(lan, &at))
			lr_lan_machine_gone(lan, &at);
		else
			i++;
	}
}

/* --- ARP --- */

static void machine_arp(
	struct lr_lan *lan, uint64_t now, uint8_t *frame, size_t len, struct lr_lan_verdict *v)
{
	const uint8_t *question = frame + LR_LAN_HEAD;
	struct lr_ip sender = {.family = 4}, target = {.family = 4};
	enum lr_lan_drop why = LR_LAN_DROP_NONE;

	if (len < LR_LAN_HEAD + LR_ARP_LEN) {
		lr_lan_verdict_drop(lan, v, LR_LAN_DROP_FRAME);
		return;
	}
	memcpy(sender.b, question + 14, 4);
	memcpy(target.b, question + 24, 4);
	bool in_pool = lr_prefix_covers(&lan->pool, &sender);
	if (memcmp(question + 8, frame + LR_MAC, LR_MAC) != 0)
		why = LR_LAN_DROP_FOREIGN_MAC;
	else if (in_pool)
		why = lr_lan_machine_speaks(lan, now, question + 8, &sender);
	if (why != LR_LAN_DROP_NONE)
		lr_lan_verdict_drop(lan, v, why);
	else if (in_pool || lr_prefix_covers(&lan->pool, &target))
		lr_lan_arp_bridged(lan, frame, v);
	else
		lr_lan_out_whole(lan, now, frame, len, v);
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
	enum lr_lan_heard heard = to == LR_LAN_TO_GROUP
					  ? lr_lan_snoop(lan, now, &lan->bridge->port, v->bytes, p)
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

/* IPv4 that a machine sent to somebody of the party, or to all. */
static void machine_ip(struct lr_lan *lan, uint64_t now, uint8_t *frame, size_t len, bool partial,
	struct lr_lan_verdict *v)
{
	struct lr_packet p;

	if (lr_packet_parse(frame + LR_LAN_HEAD, len - LR_LAN_HEAD, &p) != LR_IP_FINE ||
		p.family != 4) {
		lr_lan_verdict_drop(lan, v, LR_LAN_DROP_PACKET);
		return;
	}
	struct lr_ip src = lr_packet_src(frame + LR_LAN_HEAD);
	if (!lr_prefix_covers(&lan->pool, &src)) {
		lr_lan_out_whole(lan, now, frame, len, v);
		return;
	}
	enum lr_lan_drop why = lr_lan_machine_speaks(lan, now, frame + LR_MAC, &src);
	if (why == LR_LAN_DROP_NONE && !lan->host.ours(lan->host.ctx, &src))
		why = LR_LAN_DROP_UNLISTED;
	v->bytes += LR_LAN_HEAD;
	v->len -= LR_LAN_HEAD;
	if (why != LR_LAN_DROP_NONE)
		lr_lan_verdict_drop(lan, v, why);
	else
		pass(lan, now, frame, partial, &p, v);
}

/* Whether it is for somebody of the party: the segment is heard whole. */
static bool meant(const struct lr_lan *lan, const uint8_t *mac)
{
	const struct lr_lan_station *s = lr_lan_station(lan, mac);

	return (mac[0] & 1) || memcmp(mac, lan->mac, LR_MAC) == 0 ||
	       lr_map_get(&lan->by_mac, mac) || (s && s->at != &lan->bridge->port);
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
		(void)lr_lan_machine_speaks(lan, now, frame + LR_MAC, &src);
}

/* Who sent it. Why it is not to be heard. */
static enum lr_lan_drop judge_from(struct lr_lan *lan, uint64_t now, const uint8_t *from)
{
	if (lr_lan_is_member_mac(lan, from))
		return LR_LAN_DROP_LOOP;
	if (lan->bridge->stands) /* what is put there by who carries looks as the house's own */
		return LR_LAN_DROP_NONE;
	return lr_lan_station_speaks(lan, now, from, &lan->bridge->port);
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
	enum lr_lan_drop why = judge_from(lan, now, from);
	if (why != LR_LAN_DROP_NONE) {
		lr_lan_verdict_drop(lan, v, why);
		return;
	}
	if (lr_lan_asks_lease(lan, frame, len)) {
		lr_lan_lease(lan, now, frame, len, v);
	} else if (lan->bridge->stands || !meant(lan, frame)) {
		overhear(lan, now, frame, len);
		if (lan->bridge->stands)
			lr_lan_verdict_drop(lan, v, LR_LAN_DROP_STANDBY);
	} else if (type == ETH_IP4) {
		machine_ip(lan, now, frame, len, partial, v);
	} else if (type == ETH_ARP) {
		machine_arp(lan, now, frame, len, v);
	} else {
		lr_lan_out_whole(lan, now, frame, len, v);
	}
}
