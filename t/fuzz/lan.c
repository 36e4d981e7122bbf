/*
 * lan.c - fuzzer: frames of the interface and packets of members, one after the other, at two ends
 *
 * A record is a kind, a length of two bytes, and as many bytes. What leaves one end for a member
 * comes to the other. Whatever is delivered is for this interface and has an Ethernet header of who
 * sent it; an answer is a frame; what is wrapped arrives as it was. Both ends bridge a segment of
 * their house; the first end's is heard: what passes from there as IP has an address of the pool
 * that is nobody's of the party, and what is carried whole comes whole or is dropped by name.
 * Each end is the hub of a stock peer; a record can come from that, be a packet captured on another
 * card, or change the rules.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/lan/discover.h"
#include "lib/lan/lan.h"
#include "lib/net/ip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define GUEST 0x0a420003u

static struct end {
	struct lr_lan *lan;
	struct lr_lan_member *other, *guest;
	uint8_t mac[LR_MAC];
	struct lr_ip four, six;
	struct lr_discover discover;
} ends[2];
static uint8_t room[2][LR_LAN_ROOM + 70000];
static uint64_t now;

static void must(bool good)
{
	if (!good)
		abort();
}

static struct lr_lan_member *holder(void *ctx, uint8_t family, const uint8_t *address)
{
	struct end *e = ctx, *other = &ends[e == ends];
	const struct lr_ip *ip = family == 4 ? &other->four : &other->six;
	if (family == 4 && lr_get_be32(address) == GUEST)
		return e->guest;
	return memcmp(ip->b, address, family == 4 ? 4 : 16) == 0 ? e->other : NULL;
}

static bool ours(void *ctx, const struct lr_ip *ip)
{
	(void)ctx;
	return ip->family == 4;
}

static void up(int i)
{
	struct end *e = &ends[i];
	const struct lr_lan_host host = {e, holder, ours};
	uint8_t key[2][LR_KEY_LEN] = {{1}, {2}};

	e->four = lr_ip4(0x0a420001u + (unsigned)i);
	e->six = (struct lr_ip){6, {0xfd, 0x66, [15] = (uint8_t)(1 + i)}};
	e->discover = (struct lr_discover){0};
	lr_lan_mac(key[i], e->mac);
	e->lan = lr_lan_new(&host, true, e->mac);
	lr_lan_own(e->lan, (struct lr_prefix[]){{e->four, 16}, {e->six, 64}}, 2);
	e->other = lr_lan_join(e->lan, key[!i], e, now);
	e->guest = lr_lan_join(e->lan, (const uint8_t[LR_KEY_LEN]){3}, e, now);
	const struct lr_ip guest = lr_ip4(GUEST), none = {0};
	lr_lan_member_at(e->guest, &guest, &none, true);
	must(lr_lan_bridge(e->lan) == 0);
	lr_lan_member_bridges(e->lan, e->other, true);
	if (i == 0)
		lr_lan_bridge_party(e->lan, now, key[0], LR_KEY_LEN);
}

static bool is_own(const struct end *e, const uint8_t *packet)
{
	struct lr_ip dst = lr_packet_dst(packet), local = lr_lan_link_local(e->mac);

	return lr_ip_equal(&dst, &e->four) || lr_ip_equal(&dst, &e->six) ||
	       lr_ip_equal(&dst, &local);
}

/* What is delivered may be a question of the self-test; its answer is a packet. */
static void asked(struct end *e, const uint8_t *packet, size_t len)
{
	uint8_t answer[LR_DISCOVER_PACKET];
	const uint8_t *question;
	struct lr_packet p;
	size_t size;

	if (!lr_discover_took(&e->discover, e->four.b, packet, len, &question, &size) || !question)
		return;
	size_t n = lr_discover_answer(question[0] >> 4 == 4 ? &e->four : &e->six, question, size,
		LR_DISCOVER_ECHO, answer);
	must(n == size && lr_packet_parse(answer, n, &p) == LR_IP_FINE && p.len == n);
}

/* A packet of `len` bytes at room[i], for end i. */
static void in(int i, size_t len, struct lr_lan_verdict *v)
{
	struct end *e = &ends[i];
	uint8_t *packet = room[i] + LR_LAN_ROOM, *head = packet - LR_LAN_HEAD;

	lr_lan_in(e->lan, now, e->other, packet, len, v);
	must(v->act == LR_LAN_DROP || v->act == LR_LAN_TAKEN || v->act == LR_LAN_DELIVER ||
		v->act == LR_LAN_WHOLE || (v->act == LR_LAN_ONWARD && v->only == e->guest));
	must((v->act == LR_LAN_DROP) == (v->drop != LR_LAN_DROP_NONE));
	if (v->act == LR_LAN_DELIVER) {
		must(memcmp(head + LR_MAC, ends[!i].mac, LR_MAC) == 0);
		asked(e, v->bytes, v->len);
		must(head[0] & 1 || (memcmp(head, e->mac, LR_MAC) == 0 && is_own(e, packet)));
	} else if (v->act == LR_LAN_WHOLE) {
		must(v->len >= LR_LAN_HEAD && !(v->bytes[LR_MAC] & 1) && v->also);
		must(memcmp(v->bytes + LR_MAC, e->mac, LR_MAC) != 0);
		uint16_t type = lr_get_be16(v->bytes + 12);
		bool ip = type == 0x0800 || type == 0x0806 || type == 0x86dd;
		must(!ip || (v->also == LR_LAN_SEGMENT &&
				    memcmp(v->bytes + LR_MAC, ends[!i].mac, LR_MAC) != 0));
		must(!(v->also & LR_LAN_SEGMENT) || (type != 0x88b6 && type != 0x8100));
		struct lr_discover_ipx x;
		if (lr_discover_read_frame(v->bytes, v->len, &x))
			must(type == 0x8137 && x.what <= LR_DISCOVER_ECHO);
	}
}

/* From the stock peer: to us, to the other member or to both. */
static void guest(int i, const uint8_t *bytes, size_t len)
{
	struct end *e = &ends[i];
	struct lr_lan_verdict v;
	struct lr_packet p;

	memcpy(room[i] + LR_LAN_ROOM, bytes, len);
	if (lr_packet_parse(bytes, len, &p) != LR_IP_FINE)
		return;
	lr_lan_in(e->lan, now, e->guest, room[i] + LR_LAN_ROOM, p.len, &v);
	must((v.act == LR_LAN_DROP) == (v.drop != LR_LAN_DROP_NONE));
	if (v.act == LR_LAN_ONWARD)
		must(v.only == e->other && p.proto != LR_ETHERIP);
	for (struct lr_lan_member *m = NULL;
		v.act == LR_LAN_DELIVER && (m = lr_lan_next(e->lan, &v, m));)
		must(m == e->other);
}

static void captured(int i, const uint8_t *bytes, size_t len)
{
	struct lr_lan_verdict v;
	struct lr_packet p;

	memcpy(room[i] + LR_LAN_ROOM, bytes, len);
	lr_lan_out_captured(ends[i].lan, now, room[i] + LR_LAN_ROOM, len, &v);
	must((v.act == LR_LAN_COPIES) == (v.drop == LR_LAN_DROP_NONE));
	if (v.act != LR_LAN_COPIES)
		return;
	must(lr_packet_parse(v.bytes, v.len, &p) == LR_IP_FINE && p.proto == LR_UDP);
	must(memcmp(v.bytes - LR_LAN_HEAD + LR_MAC, ends[i].mac, LR_MAC) == 0);
	must(*(v.bytes - LR_LAN_HEAD) & 1);
	struct lr_ip src = lr_packet_src(v.bytes);
	must(lr_ip_equal(&src, p.family == 4 ? &ends[i].four : &ends[i].six));
}

/* Ports, a group and noise, of what the bytes say. */
static void rules(int i, const uint8_t *bytes, size_t len)
{
	struct lr_lan_ports ports = {0};
	struct lr_ip group = lr_ip4(0xe0000000u);

	for (size_t k = 2; k + 2 <= len; k += 2)
		lr_lan_ports_add(&ports, lr_get_be16(bytes + k));
	if (len < 2)
		return;
	lr_lan_isolate(ends[i].lan, bytes[0] & 1 ? &ports : NULL, bytes[0] & 2);
	lr_lan_open(ends[i].lan, bytes[0] & 4);
	lr_lan_pass(ends[i].lan, bytes[1]);
	group.b[2] = bytes[1];
	lr_lan_group(ends[i].lan, &group, bytes[0] & 8);
	lr_lan_member_hub(ends[i].other, bytes[0] & 16);
}

static void receive(int i, const uint8_t *bytes, size_t len)
{
	struct lr_lan_verdict v;
	struct lr_packet p;

	memcpy(room[i] + LR_LAN_ROOM, bytes, len);
	if (lr_packet_parse(bytes, len, &p) == LR_IP_FINE) /* as the tunnel makes sure of */
		in(i, p.len, &v);
}

static void wrap(int i, const struct lr_lan_verdict *v)
{
	static uint8_t frame[70000];
	struct lr_lan_verdict there;
	size_t len = v->len;

	lr_lan_member_at(ends[i].other, &ends[!i].four, &ends[!i].six, false);
	lr_lan_member_at(ends[!i].other, &ends[i].four, &ends[i].six, false);
	memcpy(frame, v->bytes, len);
	uint8_t *packet = lr_lan_wrap(ends[i].lan, ends[i].other, v->bytes, &len);
	must(packet && len == v->len + 22);
	memcpy(room[!i] + LR_LAN_ROOM, packet, len);
	in(!i, len, &there);
	if (there.act == LR_LAN_WHOLE)
		must(there.len == v->len && memcmp(there.bytes, frame, v->len) == 0);
	else
		must(there.drop != LR_LAN_DROP_NONE);
}

static void leave(int i, const uint8_t *bytes, size_t len, bool partial)
{
	uint8_t *frame = room[i] + LR_LAN_ROOM;
	struct lr_lan_verdict v;

	memcpy(frame, bytes, len);
	if (len >= 12 && !(bytes[6] & 1)) /* mostly from its own MAC */
		memcpy(frame + LR_MAC, ends[i].mac, LR_MAC);
	lr_lan_out(ends[i].lan, now, frame, len, partial, &v);
	must((v.act == LR_LAN_DROP) == (v.drop != LR_LAN_DROP_NONE));
	if (v.act == LR_LAN_ANSWER)
		must(v.len >= 42 && v.len <= 160);
	if (v.act == LR_LAN_ROUTE || v.act == LR_LAN_COPIES)
		must(v.bytes == frame + LR_LAN_HEAD && v.len <= len - LR_LAN_HEAD);
	if (v.act == LR_LAN_COPIES) {
		static uint8_t copy[70000];
		memcpy(copy, v.bytes, v.len);
		receive(!i, copy, v.len);
	}
	if (v.act == LR_LAN_WRAP)
		wrap(i, &v);
}

/* A frame of the house, heard by the bridge. */
static void house(const uint8_t *bytes, size_t len, bool partial)
{
	uint8_t *frame = room[0] + LR_LAN_ROOM, *more;
	static uint8_t copy[70000];
	struct lr_ip at[LR_LAN_MACHINES];
	struct lr_lan_verdict v;

	while (lr_lan_hello(ends[0].lan, now, &more))
		must(lr_lan_hello_due(ends[0].lan) > now);
	memcpy(frame, bytes, len);
	lr_lan_bridged(ends[0].lan, now, frame, len, partial, &v);
	must((v.act == LR_LAN_DROP) == (v.drop != LR_LAN_DROP_NONE));
	must(!(v.also & LR_LAN_SEGMENT) && lr_lan_machines(ends[0].lan, at) <= LR_LAN_MACHINES);
	must(lr_lan_carries(ends[0].lan) || v.act == LR_LAN_DROP || v.act == LR_LAN_TAKEN);
	if (v.act == LR_LAN_ANSWER)
		must(v.len == 42);
	if (v.act == LR_LAN_WRAP) {
		must(v.bytes == frame && v.len == len && v.bridges && !(frame[LR_MAC] & 1));
		wrap(0, &v);
	}
	if (v.act != LR_LAN_ROUTE && v.act != LR_LAN_COPIES)
		return;
	must(v.bytes == frame + LR_LAN_HEAD && v.len <= len - LR_LAN_HEAD);
	must(v.bytes[12] == 10 && v.bytes[13] == 66 &&
		memcmp(v.bytes + 12, ends[0].four.b, 4) != 0);
	must(memcmp(v.bytes + 12, ends[1].four.b, 4) != 0);
	memcpy(copy, v.bytes, v.len);
	receive(1, copy, v.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lr_cursor c = lr_cursor(data, size);
	static void (*const extra[])(int, const uint8_t *, size_t) = {
		guest, captured, rules, receive};
	const uint8_t *head;

	now = LR_NS_PER_S;
	up(0);
	up(1);
	while ((head = lr_take(&c, 3))) {
		size_t len = lr_get_be16(head + 1);
		const uint8_t *bytes = lr_take(&c, len < c.left ? len : c.left);
		len = (size_t)(c.at - bytes);
		uint8_t *frame;
		if (head[0] & 32)
			extra[head[0] >> 6](head[0] >> 1 & 1, bytes, len);
		else if (head[0] & 4)
			house(bytes, len, head[0] & 8);
		else if (head[0] & 1)
			leave(head[0] >> 1 & 1, bytes, len, head[0] & 8);
		else
			receive(head[0] >> 1 & 1, bytes, len);
		while (lr_lan_poll(ends[0].lan, now, &frame))
			;
		now += (uint64_t)(head[0] >> 4) * LR_NS_PER_S / 8;
	}
	lr_lan_free(ends[0].lan);
	lr_lan_free(ends[1].lan);
	return 0;
}
