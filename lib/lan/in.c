/*
 * in.c - from a member to the interface
 */
#include "lib/lan/lan_inside.h"

enum { SYN = 0x02 };

/* Bulk: TCP to our first address that opens no connection. */
static bool plain_tcp(const struct lr_lan *lan, const uint8_t *p, size_t len)
{
	return len >= 40 && p[0] == 0x45 && p[9] == LR_TCP && !((p[6] & 0x3f) | p[7]) &&
	       !(p[33] & SYN) && memcmp(p + 16, lan->own4, 4) == 0;
}

static void deliver(
	struct lr_lan *lan, struct lr_lan_member *from, enum lr_lan_to to, struct lr_lan_verdict *v)
{
	v->act = LR_LAN_DELIVER;
	if (to != LR_LAN_TO_ONE)
		v->from = from;
	if (to == LR_LAN_TO_GROUP) {
		struct lr_ip group = lr_packet_dst(v->bytes);
		if (!lr_lan_group_to_all(&group))
			v->group = group;
	}
	if (lan->ethernet)
		lr_lan_head(lan, v->bytes, to, from->mac);
}

/* The guest of ours that has the address, or, for what a guest sent, the member. NULL: nobody. */
static struct lr_lan_member *behind_us(
	struct lr_lan *lan, const struct lr_lan_member *from, const struct lr_ip *dst)
{
	struct lr_lan_member *to = lan->host.holder(lan->host.ctx, dst->family, dst->b);

	return to && to != from && (to->stock || from->stock) ? to : NULL;
}

/* Whether what is for one is for us or a machine of our house; else v->only has it. */
static enum lr_lan_drop find_one(struct lr_lan *lan, const struct lr_lan_member *from,
	const uint8_t *packet, struct lr_lan_verdict *v)
{
	struct lr_ip dst = lr_packet_dst(packet);

	if (lr_lan_is_own(lan, &dst) || lr_lan_machine(lan, &dst))
		return LR_LAN_DROP_NONE;
	v->only = behind_us(lan, from, &dst);
	return v->only ? LR_LAN_DROP_NONE : LR_LAN_DROP_NOT_OURS;
}

/* Why a packet goes no further; EtherIP is not asked for here. v->only: it is not for us. */
static enum lr_lan_drop judge(struct lr_lan *lan, uint64_t now, struct lr_lan_member *from,
	const uint8_t *packet, const struct lr_packet *p, enum lr_lan_to to,
	struct lr_lan_verdict *v)
{
	enum lr_lan_drop why = lr_lan_judge(lan, packet, p, to != LR_LAN_TO_ONE, false);

	if (why != LR_LAN_DROP_NONE)
		return why;
	if (to == LR_LAN_TO_ONE)
		return find_one(lan, from, packet, v);
	bool passes = lr_lan_storm_passes(from, lr_lan_storm_key(packet, p), now);
	return passes ? LR_LAN_DROP_NONE : LR_LAN_DROP_STORM;
}

/* Whether it was IGMP or MLD: that is for us, not for the interface. */
static bool membership(struct lr_lan *lan, uint64_t now, struct lr_lan_member *from,
	const struct lr_packet *p, struct lr_lan_verdict *v)
{
	enum lr_lan_heard heard = lr_lan_snoop(lan, now, from, v->bytes, p);

	if (heard == LR_LAN_HEARD_QUERY)
		lr_lan_verdict_drop(lan, v, LR_LAN_DROP_QUERIER);
	else
		v->act = LR_LAN_TAKEN;
	return heard != LR_LAN_HEARD_NOTHING;
}

/* What is for a machine of the house goes there only, what is for all also there. */
static void to_segment(const struct lr_lan *lan, const uint8_t *packet, enum lr_lan_to to,
	struct lr_lan_verdict *v)
{
	struct lr_ip dst = lr_packet_dst(packet);

	if (to != LR_LAN_TO_ONE)
		v->also = LR_LAN_SEGMENT;
	else if (lr_lan_machine(lan, &dst)) {
		v->act = LR_LAN_TAKEN;
		v->also = LR_LAN_SEGMENT;
	}
}

void lr_lan_in(struct lr_lan *lan, uint64_t now, struct lr_lan_member *from, uint8_t *packet,
	size_t len, struct lr_lan_verdict *v)
{
	struct lr_packet p;
	bool rewrite;

	*v = (struct lr_lan_verdict){.bytes = packet, .len = len};
	lan->now = now;
	if (plain_tcp(lan, packet, len)) {
		deliver(lan, from, LR_LAN_TO_ONE, v);
		return;
	}
	if (lr_packet_parse(packet, len, &p) != LR_IP_FINE) {
		lr_lan_verdict_drop(lan, v, LR_LAN_DROP_PACKET);
		return;
	}
	v->len = p.len;
	enum lr_lan_to to = lr_lan_where(lan, packet, false, &rewrite);
	if (to == LR_LAN_TO_GROUP && membership(lan, now, from, &p, v))
		return;
	if (p.proto == LR_ETHERIP && lan->ethernet) {
		lr_lan_in_etherip(lan, now, from, packet, &p, v);
		return;
	}
	enum lr_lan_drop why = judge(lan, now, from, packet, &p, to, v);
	if (why != LR_LAN_DROP_NONE) {
		lr_lan_verdict_drop(lan, v, why);
		return;
	}
	if (v->only) {
		v->act = LR_LAN_ONWARD;
		return;
	}
	if (rewrite)
		lr_lan_to_broadcast(lan, packet, &p, false);
	deliver(lan, from, to, v);
	if (lr_lan_carries(lan))
		to_segment(lan, packet, to, v);
}
