/*
 * out.c - from the interface to the members
 */
#include "lib/lan/lan_inside.h"

#include <string.h>

enum { SYN = 0x02 };

/* Bulk: TCP to one member that opens no connection. Everything else is looked at. */
static bool plain_tcp(const uint8_t *p, size_t len)
{
	if (len >= 40 && p[0] == 0x45)
		return p[9] == LR_TCP && !((p[6] & 0x3f) | p[7]) && p[16] < 224 && !(p[33] & SYN) &&
		       lr_get_be16(p + 2) <= len;
	return len >= 60 && p[0] >> 4 == 6 && p[6] == LR_TCP && p[24] != 0xff && !(p[53] & SYN) &&
	       lr_get_be16(p + 4) + 40u <= len;
}

static void membership(
	struct lr_lan *lan, struct lr_lan_verdict *v, enum lr_lan_heard heard, size_t len)
{
	v->len = len;
	if (heard == LR_LAN_HEARD_QUERY)
		lr_lan_verdict_drop(lan, v, LR_LAN_DROP_QUERIER);
	else
		v->act = heard == LR_LAN_HEARD_REPORT ? LR_LAN_COPIES : LR_LAN_TAKEN;
}

/* To more than one. */
static void to_many(struct lr_lan *lan, uint64_t now, const struct lr_packet *p, bool group,
	struct lr_lan_verdict *v)
{
	struct lr_ip dst = lr_packet_dst(v->bytes);

	v->act = LR_LAN_COPIES;
	if (group && !lr_lan_group_to_all(&dst)) {
		v->group = dst;
		if (!v->also && !lr_lan_next(lan, v, NULL)) {
			lr_lan_verdict_drop(lan, v, LR_LAN_DROP_NO_JOINER);
			return;
		}
	}
	if (!lr_lan_storm_passes(&lan->self, lr_lan_storm_key(v->bytes, p), now))
		lr_lan_verdict_drop(lan, v, LR_LAN_DROP_STORM);
}

/* What is no bulk. */
static void look(struct lr_lan *lan, uint64_t now, const uint8_t *frame, bool partial,
	struct lr_lan_verdict *v)
{
	bool rewrite, broadcast = frame && (frame[0] & frame[1] & frame[5]) == 0xff;
	uint8_t *packet = v->bytes;
	struct lr_packet p;

	if (lr_packet_parse(packet, v->len, &p) != LR_IP_FINE) {
		lr_lan_verdict_drop(lan, v, LR_LAN_DROP_PACKET);
		return;
	}
	if (lr_lan_neighbour(lan, frame, packet, &p, v))
		return;
	enum lr_lan_to to = lr_lan_where(lan, packet, broadcast, &rewrite);
	enum lr_lan_heard heard = to == LR_LAN_TO_GROUP
					  ? lr_lan_snoop(lan, now, &lan->self, packet, &p)
					  : LR_LAN_HEARD_NOTHING;
	if (heard != LR_LAN_HEARD_NOTHING) {
		membership(lan, v, heard, p.len);
		return;
	}
	enum lr_lan_drop why = lr_lan_judge(lan, packet, &p, to != LR_LAN_TO_ONE, true);
	if (why != LR_LAN_DROP_NONE) {
		lr_lan_verdict_drop(lan, v, why);
		return;
	}
	if (to == LR_LAN_TO_ONE)
		return;
	if (rewrite)
		lr_lan_to_broadcast(lan, packet, &p, partial);
	if (lr_lan_carries(lan))
		v->also = LR_LAN_SEGMENT;
	to_many(lan, now, &p, to == LR_LAN_TO_GROUP, v);
}

/* Whether a machine of the house has its destination. */
static bool to_machine(const struct lr_lan *lan, const uint8_t *packet, size_t len)
{
	if (len < 20 || packet[0] >> 4 != 4)
		return false;
	struct lr_ip dst = lr_packet_dst(packet);
	return lr_lan_machine(lan, &dst) != NULL;
}

/* The packet at v->bytes; `frame` NULL: there is no Ethernet around it. */
static void out_ip(struct lr_lan *lan, uint64_t now, const uint8_t *frame, bool partial,
	struct lr_lan_verdict *v)
{
	v->act = LR_LAN_ROUTE;
	if (!plain_tcp(v->bytes, v->len))
		look(lan, now, frame, partial, v);
	if (lan->bridge && v->act == LR_LAN_ROUTE && to_machine(lan, v->bytes, v->len)) {
		v->act = LR_LAN_TAKEN;
		v->also = LR_LAN_SEGMENT;
	}
}

/* --- captured --- */

static const struct lr_ip *first_own(const struct lr_lan *lan, uint8_t family)
{
	for (unsigned i = 0; i + 1 < lan->n_own; i++) /* the last is the link-local one */
		if (lan->own[i].family == family)
			return &lan->own[i];
	return NULL;
}

static void put_source(uint8_t *packet, const struct lr_packet *p, const struct lr_ip *src)
{
	memcpy(packet + p->src_at, src->b, p->family == 4 ? 4 : 16);
	lr_ip4_checksum(packet);
	lr_udp_checksum(packet, packet + p->l4_at, p->len - p->l4_at);
}

void lr_lan_out_captured(
	struct lr_lan *lan, uint64_t now, uint8_t *packet, size_t len, struct lr_lan_verdict *v)
{
	enum lr_lan_drop why = LR_LAN_DROP_NONE;
	struct lr_packet p;
	bool rewrite;

	*v = (struct lr_lan_verdict){.bytes = packet, .len = len};
	lan->now = now;
	if (lr_packet_parse(packet, len, &p) != LR_IP_FINE || p.proto != LR_UDP || p.fragment ||
		p.len < p.l4_at + 8u) {
		lr_lan_verdict_drop(lan, v, LR_LAN_DROP_PACKET);
		return;
	}
	v->len = p.len;
	struct lr_ip from = lr_packet_src(packet);
	const struct lr_ip *src = first_own(lan, p.family);
	enum lr_lan_to to = lr_lan_where(lan, packet, true, &rewrite);
	if (!src || to == LR_LAN_TO_ONE || lan->host.holder(lan->host.ctx, from.family, from.b))
		why = LR_LAN_DROP_ADDRESS;
	if (why == LR_LAN_DROP_NONE)
		why = lr_lan_judge(lan, packet, &p, true, true);
	if (why != LR_LAN_DROP_NONE) {
		lr_lan_verdict_drop(lan, v, why);
		return;
	}
	if (rewrite)
		lr_lan_to_broadcast(lan, packet, &p, false);
	put_source(packet, &p, src);
	lr_lan_head(lan, packet, to, lan->mac);
	if (lr_lan_carries(lan))
		v->also = LR_LAN_SEGMENT;
	to_many(lan, now, &p, to == LR_LAN_TO_GROUP, v);
}

void lr_lan_out(struct lr_lan *lan, uint64_t now, uint8_t *frame, size_t len, bool partial,
	struct lr_lan_verdict *v)
{
	*v = (struct lr_lan_verdict){.bytes = frame, .len = len};
	lan->now = now;
	if (!lan->ethernet) {
		out_ip(lan, now, NULL, partial, v);
		return;
	}
	if (len < LR_LAN_HEAD) {
		lr_lan_verdict_drop(lan, v, LR_LAN_DROP_FRAME);
		return;
	}
	if (memcmp(frame + LR_MAC, lan->mac, LR_MAC) != 0) {
		lr_lan_verdict_drop(lan, v, LR_LAN_DROP_FOREIGN_MAC);
		return;
	}
	uint16_t type = lr_get_be16(frame + 12);
	if (type == ETH_IP4 || type == ETH_IP6) {
		v->bytes += LR_LAN_HEAD;
		v->len -= LR_LAN_HEAD;
		out_ip(lan, now, frame, partial, v);
	} else if (type == ETH_ARP) {
		lr_lan_arp(lan, frame, len, v);
	} else {
		lr_lan_out_other(lan, now, frame, len, v);
	}
}
