/*
 * etherip.c - frames that are no IP: IPX in any framing, games of raw Ethernet
 *
 *   | IPv4 (20) or IPv6 (40), protocol 97 | 0x30 0x00 | the frame from its destination MAC on |
 *
 * Source: RFC 3378 3; the swapped version nibble of some BSDs is not ours.
 *
 * A frame with a VLAN tag is judged by what is behind the tag: a host with priority tags (VLAN 0)
 * takes the IP in it as its own.
 */
#include "lib/lan/lan_inside.h"

#include <string.h>

enum { VERSION_AT = 0x3000, HEAD = 2 };
enum { ETH_VLAN = 0x8100, ETH_QINQ = 0x88a8, ETH_TYPES = 0x0600, TAG = 4 };

bool lr_lan_frame_type(const uint8_t *frame, size_t len, uint16_t *type, size_t *at)
{
	for (*at = LR_LAN_HEAD; *at <= len; *at += TAG) {
		*type = lr_get_be16(frame + *at - 2);
		if (*type != ETH_VLAN && *type != ETH_QINQ)
			return *type >= ETH_TYPES || *type <= len - *at;
	}
	return false;
}

/* 01-80-c2-00-00-00 to -0f: spanning tree, pause, 802.1X; no bridge forwards them. */
bool lr_lan_is_link_control(const uint8_t *mac)
{
	static const uint8_t base[] = {1, 0x80, 0xc2, 0, 0};

	return memcmp(mac, base, sizeof(base)) == 0 && mac[5] < 16;
}

static bool is_group(const uint8_t *mac)
{
	return mac[0] & 1;
}

/* --- out --- */

static enum lr_lan_drop judge_out(struct lr_lan *lan, uint64_t now, const uint8_t *frame,
	size_t len, struct lr_lan_verdict *v)
{
	uint16_t type;
	size_t at;

	if (!lr_lan_frame_type(frame, len, &type, &at) || len > LR_LAN_FRAME)
		return LR_LAN_DROP_FRAME;
	if (lr_lan_is_link_control(frame))
		return LR_LAN_DROP_LINK_CONTROL;
	if (lr_lan_is_ip(type))
		return LR_LAN_DROP_NO_BRIDGE;
	if (!lr_lan_frame_passes(lan, type, frame + at, len - at))
		return LR_LAN_DROP_ISOLATED;
	if (is_group(frame)) {
		bool passes = lr_lan_storm_passes(&lan->self, LR_LAN_FRAME_KEY | type, now);
		return passes ? LR_LAN_DROP_NONE : LR_LAN_DROP_STORM;
	}
	v->only = lr_map_get(&lan->by_mac, frame);
	const struct lr_lan_station *s = v->only ? NULL : lr_lan_station(lan, frame);
	if (s && s->at == &lan->bridge->port)
		return LR_LAN_DROP_NONE;
	if (s && lr_lan_carries(lan))
		v->only = s->at;
	return v->only ? LR_LAN_DROP_NONE : LR_LAN_DROP_UNKNOWN_MAC;
}

void lr_lan_out_other(
	struct lr_lan *lan, uint64_t now, uint8_t *frame, size_t len, struct lr_lan_verdict *v)
{
	enum lr_lan_drop why = judge_out(lan, now, frame, len, v);

	if (why != LR_LAN_DROP_NONE) {
		lr_lan_verdict_drop(lan, v, why);
		return;
	}
	v->also = lr_lan_to_house(lan, frame, len);
	v->act = is_group(frame) || v->only ? LR_LAN_WRAP : LR_LAN_TAKEN;
}

static const struct lr_ip *own_of(const struct lr_lan *lan, uint8_t family)
{
	for (unsigned i = 0; i + 1 < lan->n_own; i++) /* not the link-local one */
		if (lan->own[i].family == family)
			return &lan->own[i];
	return NULL;
}

uint8_t *lr_lan_wrap(
	struct lr_lan *lan, const struct lr_lan_member *to, uint8_t *frame, size_t *len)
{
	const struct lr_ip *four = own_of(lan, 4), *six = own_of(lan, 6);
	bool by_four = four && to->at[0].family;
	uint8_t *body = frame - HEAD, *packet = body - (by_four ? 20 : 40);
	size_t n = *len + HEAD;

	if (!by_four && (!six || !to->at[1].family))
		return NULL;
	lr_put_be16(body, VERSION_AT);
	*len = n + (by_four ? lr_ip_head(packet, four, &to->at[0], lan->id++, LR_ETHERIP, n)
			    : lr_ip_head(packet, six, &to->at[1], 0, LR_ETHERIP, n));
	return packet;
}

/* --- in --- */

bool lr_lan_speaks_for_us(struct lr_lan *lan, uint16_t type, const uint8_t *p, size_t len)
{
	struct lr_ip ip = {.family = 4};

	if (type == ETH_ARP && len >= 28) {
		memcpy(ip.b, p + 14, 4);
		return lr_lan_is_taken(lan, &ip);
	}
	if (type == ETH_IP4 && len >= 20 && p[0] >> 4 == 4) {
		ip = lr_packet_src(p);
		return lr_lan_is_taken(lan, &ip);
	}
	if (type != ETH_IP6 || len < 40 || p[0] >> 4 != 6)
		return false;
	ip = lr_packet_src(p);
	if (lr_lan_is_taken(lan, &ip))
		return true;
	if (p[6] != LR_ICMP6 || len < 64 || (p[40] != 135 && p[40] != 136))
		return false;
	memcpy(ip.b, p + 48, 16);
	return lr_lan_is_taken(lan, &ip);
}

/* A frame of the member's own machine. */
static enum lr_lan_drop judge_own(struct lr_lan *lan, uint64_t now, struct lr_lan_member *from,
	const uint8_t *frame, size_t len, unsigned *also)
{
	uint16_t type;
	size_t at;

	if (!lr_lan_frame_type(frame, len, &type, &at))
		return LR_LAN_DROP_FRAME;
	if (lr_lan_is_link_control(frame))
		return LR_LAN_DROP_LINK_CONTROL;
	*also = lr_lan_to_house(lan, frame, len);
	if (is_group(frame) || memcmp(frame, lan->mac, LR_MAC) == 0)
		*also |= LR_LAN_DEVICE;
	if (!*also)
		return LR_LAN_DROP_NOT_OURS;
	if (lr_lan_is_ip(type))
		return lr_lan_speaks_for_us(lan, type, frame + at, len - at)
			       ? LR_LAN_DROP_ADDRESS
			       : LR_LAN_DROP_NO_BRIDGE;
	if (!lr_lan_frame_passes(lan, type, frame + at, len - at))
		return LR_LAN_DROP_ISOLATED;
	if (is_group(frame) && !lr_lan_storm_passes(from, LR_LAN_FRAME_KEY | type, now))
		return LR_LAN_DROP_STORM;
	return LR_LAN_DROP_NONE;
}

static enum lr_lan_drop judge_in(struct lr_lan *lan, uint64_t now, struct lr_lan_member *from,
	const uint8_t *frame, size_t len, unsigned *also)
{
	if (len < LR_LAN_HEAD)
		return LR_LAN_DROP_FRAME;
	if (memcmp(frame + LR_MAC, from->mac, LR_MAC) == 0)
		return judge_own(lan, now, from, frame, len, also);
	if (!from->bridges || lr_lan_is_member_mac(lan, frame + LR_MAC))
		return LR_LAN_DROP_FOREIGN_MAC;
	return lr_lan_in_whole(lan, now, from, frame, len, also);
}

void lr_lan_in_etherip(struct lr_lan *lan, uint64_t now, struct lr_lan_member *from,
	uint8_t *packet, const struct lr_packet *p, struct lr_lan_verdict *v)
{
	struct lr_ip src = lr_packet_src(packet), dst = lr_packet_dst(packet);
	enum lr_lan_drop why = LR_LAN_DROP_NONE;
	uint8_t *body = packet + p->l4_at;
	size_t len = p->len - p->l4_at;

	v->act = LR_LAN_TAKEN;
	if (!lr_ip_equal(&src, &from->at[src.family == 6]))
		why = LR_LAN_DROP_ETHERIP;
	else if (!lr_lan_is_own(lan, &dst))
		why = LR_LAN_DROP_NOT_OURS;
	else if (p->fragment && !(body = lr_lan_pieces_add(lan, now, from, packet, p, &len, &why)))
		; /* lost, or others are yet to come */
	else if (len < HEAD || lr_get_be16(body) != VERSION_AT)
		why = LR_LAN_DROP_ETHERIP;
	else
		why = judge_in(lan, now, from, body + HEAD, len - HEAD, &v->also);
	if (why != LR_LAN_DROP_NONE) {
		lr_lan_verdict_drop(lan, v, why);
	} else if (body) {
		v->act = LR_LAN_WHOLE;
		v->bytes = body + HEAD;
		v->len = len - HEAD;
	}
}
