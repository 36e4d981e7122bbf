/*
 * whole.c - frames of machines of a house that travel as they are, between members that bridge
 *
 * Theory of operation. Everything that a machine of a bridged segment says to all, or to a MAC of
 * another house, and that is no IPv4 of an address of the pool, goes as EtherIP to the members that
 * carry a segment, and there onto that: IP with whatever addresses, ARP and neighbour discovery of
 * those, IPX in any framing, any ethertype. A MAC that nobody has spoken from is not looked for in
 * other houses: what is for the segment's own machines stays there.
 *
 * The same rules as everywhere hold for what is inside (rules.c): no DHCP, no routers, no closed
 * services. No frame speaks for an address of the pool or of a member. Tags of VLANs do not pass:
 * they would lead into networks that nobody gave. Nor does a hello, which tells of one segment.
 *
 * The node's own interface hears what is no IP, as it does of members; foreign IP stays on
 * segments, since this host may well forward what it is given.
 */
#include "lib/lan/lan_inside.h"

#include <string.h>

static bool is_group(const uint8_t *mac)
{
	return mac[0] & 1;
}

static bool in_pool(const struct lr_lan *lan, const uint8_t *address)
{
	struct lr_ip ip = {.family = 4};

	memcpy(ip.b, address, 4);
	return lr_prefix_covers(&lan->pool, &ip);
}

static enum lr_lan_drop judge_arp(struct lr_lan *lan, const uint8_t *frame, size_t len)
{
	const uint8_t *question = frame + LR_LAN_HEAD;

	if (len < LR_LAN_HEAD + LR_ARP_LEN)
		return LR_LAN_DROP_FRAME;
	if (memcmp(question + 8, frame + LR_MAC, LR_MAC) != 0)
		return LR_LAN_DROP_FOREIGN_MAC;
	if (in_pool(lan, question + 14) || in_pool(lan, question + 24) ||
		lr_lan_speaks_for_us(lan, ETH_ARP, question, len - LR_LAN_HEAD))
		return LR_LAN_DROP_ADDRESS;
	return LR_LAN_DROP_NONE;
}

/* `ours`: of our own house. *key: of storms. */
static enum lr_lan_drop judge_ip(struct lr_lan *lan, const uint8_t *frame, size_t len,
	uint16_t type, bool ours, uint32_t *key)
{
	const uint8_t *packet = frame + LR_LAN_HEAD;
	struct lr_packet p;

	if (lr_packet_parse(packet, len - LR_LAN_HEAD, &p) != LR_IP_FINE ||
		p.family != (type == ETH_IP4 ? 4 : 6))
		return LR_LAN_DROP_PACKET;
	if ((p.family == 4 && in_pool(lan, packet + p.src_at)) ||
		lr_lan_speaks_for_us(lan, type, packet, len - LR_LAN_HEAD))
		return LR_LAN_DROP_ADDRESS;
	if (lr_lan_is_query(packet, &p))
		return LR_LAN_DROP_QUERIER;
	*key = lr_lan_storm_key(packet, &p);
	enum lr_lan_drop why = lr_lan_judge(lan, packet, &p, is_group(frame), ours);
	/* of strangers to us, as was seen above: who asks and answers them are the segments */
	return why == LR_LAN_DROP_NEIGHBOUR ? LR_LAN_DROP_NONE : why;
}

/* Whether the frame may pass between houses; *type of it. */
static enum lr_lan_drop judge(struct lr_lan *lan, uint64_t now, struct lr_lan_member *from,
	const uint8_t *frame, size_t len, uint16_t *type)
{
	enum lr_lan_drop why = LR_LAN_DROP_NONE;
	uint32_t key;
	size_t at;

	if (!lr_lan_frame_type(frame, len, type, &at) || at != LR_LAN_HEAD || is_group(frame + 6) ||
		*type == ETH_HELLO || len > LR_LAN_FRAME)
		return LR_LAN_DROP_FRAME;
	key = LR_LAN_FRAME_KEY | *type;
	if (lr_lan_is_link_control(frame))
		return LR_LAN_DROP_LINK_CONTROL;
	if (*type == ETH_ARP)
		why = judge_arp(lan, frame, len);
	else if (lr_lan_is_ip(*type))
		why = judge_ip(lan, frame, len, *type, from == &lan->bridge->port, &key);
	else if (!lr_lan_frame_passes(lan, *type, frame + at, len - at))
		why = LR_LAN_DROP_ISOLATED;
	if (why == LR_LAN_DROP_NONE && is_group(frame) && !lr_lan_storm_passes(from, key, now))
		why = LR_LAN_DROP_STORM;
	return why;
}

/* To whom it goes: all houses, the one that has the MAC, or a node. Whether anybody. */
static bool find(struct lr_lan *lan, const uint8_t *frame, uint16_t type, struct lr_lan_verdict *v)
{
	const struct lr_lan_station *s = lr_lan_station(lan, frame);
	struct lr_lan_member *m = lr_map_get(&lan->by_mac, frame);
	bool ip = lr_lan_is_ip(type);

	v->bridges = true;
	v->act = LR_LAN_WRAP;
	if (is_group(frame)) {
		v->also = ip ? 0 : LR_LAN_DEVICE;
		return true;
	}
	if (s && s->at != &lan->bridge->port) {
		v->only = s->at;
		return true;
	}
	if (!ip && memcmp(frame, lan->mac, LR_MAC) == 0) {
		v->act = LR_LAN_TAKEN;
		v->also = LR_LAN_DEVICE;
		return true;
	}
	v->only = m;
	return !ip && m && m->bridges;
}

void lr_lan_out_whole(
	struct lr_lan *lan, uint64_t now, uint8_t *frame, size_t len, struct lr_lan_verdict *v)
{
	uint16_t type;
	enum lr_lan_drop why = judge(lan, now, &lan->bridge->port, frame, len, &type);

	v->bytes = frame;
	v->len = len;
	if (why == LR_LAN_DROP_NONE &&
		(!find(lan, frame, type, v) || (!v->also && !lr_lan_next(lan, v, NULL))))
		why = LR_LAN_DROP_HOME;
	if (why != LR_LAN_DROP_NONE)
		lr_lan_verdict_drop(lan, v, why);
}

unsigned lr_lan_to_house(const struct lr_lan *lan, const uint8_t *frame, size_t len)
{
	const struct lr_lan_station *s;
	uint16_t type;
	size_t at;

	if (!lr_lan_carries(lan) || !lr_lan_frame_type(frame, len, &type, &at) ||
		at != LR_LAN_HEAD || type == ETH_HELLO)
		return 0;
	s = lr_lan_station(lan, frame);
	return is_group(frame) || (s && s->at == &lan->bridge->port) ? LR_LAN_SEGMENT : 0;
}

enum lr_lan_drop lr_lan_in_whole(struct lr_lan *lan, uint64_t now, struct lr_lan_member *from,
	const uint8_t *frame, size_t len, unsigned *also)
{
	uint16_t type;
	enum lr_lan_drop why = LR_LAN_DROP_NO_BRIDGE;

	if (lr_lan_carries(lan))
		why = judge(lan, now, from, frame, len, &type);
	if (why != LR_LAN_DROP_NONE)
		return why;
	*also = lr_lan_to_house(lan, frame, len);
	if (!lr_lan_is_ip(type) && (is_group(frame) || memcmp(frame, lan->mac, LR_MAC) == 0))
		*also |= LR_LAN_DEVICE;
	if (!*also)
		return LR_LAN_DROP_UNKNOWN_MAC;
	return lr_lan_station_speaks(lan, now, frame + LR_MAC, from);
}
