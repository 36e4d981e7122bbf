/*
 * lan_whole.c - two houses, both bridged: what their machines say to each other that is no IPv4 of
 * the pool, whose MAC is whose, and a ring
 */
#include "t/unit/lan_two.h"

static const uint8_t kim[LR_MAC] = {2, 0xc0, 0, 0, 0, 1}, lou[LR_MAC] = {2, 0xc0, 0, 0, 0, 2};
static const uint8_t max[LR_MAC] = {2, 0xc0, 0, 0, 0, 3};

static bool ours(void *ctx, const struct lr_ip *ip)
{
	(void)ctx;
	(void)ip;
	return true;
}

static void bridged(struct side *s, const uint8_t *other)
{
	const struct lr_lan_host h = {s, holder, ours};

	side_lan(s, &h, other);
	lr_lan_member_bridges(s->lan, s->friend, true);
	if (lr_lan_bridge(s->lan) != 0)
		abort();
}

static void houses(void)
{
	both_up();
	bridged(&us, their_key);
	bridged(&them, our_key);
}

/* A frame with `n` bytes behind its header is heard on the segment of our house. */
static enum lr_lan_act heard(const uint8_t *to, const uint8_t *from, uint16_t type, size_t n)
{
	put_eth(to, type);
	memcpy(buf + LR_MAC, from, LR_MAC);
	lr_lan_bridged(us.lan, now, buf, LR_LAN_HEAD + n, false, &v);
	return v.act;
}

/* What our bridge made of it comes to the other. */
static enum lr_lan_act carried(struct side *there)
{
	static uint8_t far[LR_LAN_HEAD + 70000];
	size_t len = v.len;
	uint8_t *packet = lr_lan_wrap(us.lan, us.friend, v.bytes, &len);

	memcpy(far + LR_LAN_HEAD, packet, len);
	lr_lan_in(there->lan, now, there->friend, far + LR_LAN_HEAD, len, &v);
	return v.act;
}

/* From machine to segment; the drop where it ended. */
static enum lr_lan_drop crosses(const uint8_t *to, const uint8_t *from, uint16_t type, size_t n)
{
	if (heard(to, from, type, n) == LR_LAN_WRAP)
		carried(&them);
	return v.drop;
}

static bool on_their_segment(size_t len)
{
	return v.act == LR_LAN_WHOLE && v.also & LR_LAN_SEGMENT && v.len == len &&
	       memcmp(v.bytes, buf, len) == 0;
}

static size_t put_arp(const uint8_t *mac, const char *sender, const char *target)
{
	static const uint8_t begins[] = {0, 1, 8, 0, 6, 4, 0, 1};
	struct lr_ip s = ip_of(sender), t = ip_of(target);
	uint8_t *a = buf + LR_LAN_HEAD;

	memset(a, 0, 46);
	memcpy(a, begins, sizeof(begins));
	memcpy(a + 8, mac, LR_MAC);
	memcpy(a + 14, s.b, 4);
	memcpy(a + 24, t.b, 4);
	return 46;
}

/* A frame of the other house, for our machine, there and here. */
static void lou_to_kim(void)
{
	uint8_t frame[LR_LAN_ROOM + 60] = {0}, packet[LR_LAN_HEAD + 200], *at = frame + LR_LAN_ROOM;
	size_t len = 60;

	memcpy(at, kim, LR_MAC);
	memcpy(at + LR_MAC, lou, LR_MAC);
	lr_put_be16(at + 12, 0x88b5);
	lr_lan_bridged(them.lan, now, at, len, false, &v);
	ok(v.act == LR_LAN_WRAP && v.only == them.friend, "for one that was heard: to its house");
	const uint8_t *p = lr_lan_wrap(them.lan, them.friend, at, &len);
	memcpy(packet + LR_LAN_HEAD, p, len);
	lr_lan_in(us.lan, now, us.friend, packet + LR_LAN_HEAD, len, &v);
	ok(v.act == LR_LAN_WHOLE && v.also == LR_LAN_SEGMENT && v.len == 60, "and to its machine");
}

static void passes(void)
{
	static const uint16_t framings[] = {0x8137, 0x88b5, 50, 0x22};
	size_t n;

	for (size_t i = 0; i < 4; i++) {
		memset(buf + LR_LAN_HEAD, i == 2 ? 0xff : 0xe0, 60);
		crosses(NULL, kim, framings[i], 60);
		ok(on_their_segment(74) && v.also & LR_LAN_DEVICE, "type %04x, and to the node",
			framings[i]);
	}
	n = put_arp(kim, "192.168.5.9", "192.168.5.10");
	crosses(NULL, kim, 0x0806, n);
	ok(on_their_segment(60) && !(v.also & LR_LAN_DEVICE),
		"ARP of foreign addresses, with its padding, to segments only");
	n = put_udp(buf + LR_LAN_HEAD, "192.168.5.9", "255.255.255.255", 3074, 3074, "link");
	crosses(NULL, kim, 0x0800, n);
	ok(on_their_segment(14 + n) && !(v.also & LR_LAN_DEVICE), "IP of foreign addresses");
	n = put_udp(buf + LR_LAN_HEAD, "0.0.0.1", "255.255.255.255", 3074, 3074, "link");
	crosses(NULL, kim, 0x0800, n);
	ok(on_their_segment(14 + n), "IP of none");
	n = put_udp(buf + LR_LAN_HEAD, "fe80::99", "ff02::1", 3074, 3074, "link");
	crosses((const uint8_t[]){0x33, 0x33, 0, 0, 0, 1}, kim, 0x86dd, n);
	ok(on_their_segment(14 + n), "IPv6");
	is_int(heard(lou, kim, 0x88b5, 60), LR_LAN_TAKEN, "for a MAC that nobody knows: stays");
	lou_to_kim();
	ok(heard(lou, kim, 0x88b5, 60) == LR_LAN_WRAP && v.only == us.friend,
		"and back, once it has spoken there");
	carried(&them);
	ok(on_their_segment(74) && v.also == LR_LAN_SEGMENT, "and to nobody else");
	ok(heard(us.mac, kim, 0x88b5, 60) == LR_LAN_TAKEN && v.also == LR_LAN_DEVICE, "to us");
	ok(heard(them.mac, kim, 0x88b5, 60) == LR_LAN_WRAP && v.only == us.friend, "to them");
	carried(&them);
	ok(v.act == LR_LAN_WHOLE && v.also == LR_LAN_DEVICE, "who are no machine of that segment");
}

static void out_of_the_node(void)
{
	put_eth(NULL, 0x8137);
	lr_lan_out(us.lan, now, buf, 60, false, &v);
	ok(v.act == LR_LAN_WRAP && v.also == LR_LAN_SEGMENT,
		"our own frame to all: the house, too");
	carried(&them);
	ok(v.act == LR_LAN_WHOLE && v.also == (LR_LAN_DEVICE | LR_LAN_SEGMENT), "both there, too");
	put_eth(kim, 0x8137);
	lr_lan_out(us.lan, now, buf, 60, false, &v);
	ok(v.act == LR_LAN_TAKEN && v.also == LR_LAN_SEGMENT, "to a machine of the house");
	lr_lan_member_bridges(us.lan, us.friend, false);
	put_eth(NULL, 0x8137);
	lr_lan_out(us.lan, now, buf, 60, false, &v);
	ok(lr_lan_next(us.lan, &v, NULL) == us.friend, "ours go to who bridges nothing");
	heard(NULL, kim, 0x8137, 60);
	ok(!lr_lan_next(us.lan, &v, NULL), "those of machines do not");
	lr_lan_member_bridges(us.lan, us.friend, true);
}

/* What does not pass, at whichever end; `dull`: the sending end sees nothing in it. */
static void refused(void)
{
	size_t n;

	n = put_udp(buf + LR_LAN_HEAD, "0.0.0.0", "255.255.255.255", 68, 67, "x");
	is_int(crosses(NULL, kim, 0x0800, n), LR_LAN_DROP_DHCP, "DHCP");
	lou_to_kim();
	n = put_tcp(buf + LR_LAN_HEAD, "192.168.5.9", "192.168.5.10", 5000, 22, 2);
	is_int(crosses(lou, kim, 0x0800, n), LR_LAN_DROP_SERVICE, "a shell");
	n = put_ip(buf + LR_LAN_HEAD, "fe80::99", "ff02::1", 58, 255, 16);
	memset(buf + LR_LAN_HEAD + n, 0, 16);
	buf[LR_LAN_HEAD + n] = 134;
	is_int(crosses(NULL, kim, 0x86dd, n + 16), LR_LAN_DROP_ROUTER, "a router");
	buf[LR_LAN_HEAD + n] = 130;
	is_int(crosses(NULL, kim, 0x86dd, n + 16), LR_LAN_DROP_QUERIER, "who asks for groups");
	n = put_ip(buf + LR_LAN_HEAD, "fe80::99", "ff02::1", 58, 255, 24);
	memset(buf + LR_LAN_HEAD + n, 0, 24);
	buf[LR_LAN_HEAD + n] = 135;
	crosses(NULL, kim, 0x86dd, n + 24);
	ok(on_their_segment(14 + n + 24), "neighbours of foreign addresses do");
	memcpy(buf + LR_LAN_HEAD + 8, us.friend_at[1].b, 16);
	is_int(crosses(NULL, kim, 0x86dd, n + 24), LR_LAN_DROP_ADDRESS, "not a member's");
	n = put_arp(kim, "192.168.5.9", "10.66.0.9");
	is_int(heard(NULL, kim, 0x0806, n), LR_LAN_TAKEN, "questions for the pool stay here");
	is_int(crosses((const uint8_t[]){1, 0x80, 0xc2, 0, 0, 0}, kim, 38, 60),
		LR_LAN_DROP_LINK_CONTROL, "spanning tree");
	is_int(crosses(NULL, kim, 0x8100, 60), LR_LAN_DROP_FRAME, "tags");
	for (size_t len = 0; len < LR_LAN_HEAD + 28; len++) {
		put_arp(kim, "192.168.5.9", "192.168.5.10");
		put_eth(NULL, 0x0806);
		memcpy(buf + LR_MAC, kim, LR_MAC);
		lr_lan_bridged(us.lan, now, buf, len, false, &v);
		if (v.drop != LR_LAN_DROP_FRAME)
			ok(false, "cut at %zu", len);
	}
	unsigned passed = 0;
	for (int i = 0; i < 2 * LR_LAN_STORM_PORT; i++)
		passed += heard(NULL, max, 0x9999, 60) == LR_LAN_WRAP;
	ok(passed <= LR_LAN_STORM_PORT + 1, "no storms: %u", passed);
}

/* A frame that a member made by hand, for `them`. */
static enum lr_lan_drop forged(const uint8_t *to, const uint8_t *from, uint16_t type, size_t n)
{
	put_eth(to, type);
	memcpy(buf + LR_MAC, from, LR_MAC);
	v = (struct lr_lan_verdict){.bytes = buf, .len = LR_LAN_HEAD + n};
	carried(&them);
	return v.drop;
}

static void lies(void)
{
	static const uint8_t bad[LR_MAC] = {2, 0xc0, 9, 9, 9, 9};
	size_t n;

	is_int(forged(NULL, them.mac, 0x88b5, 60), LR_LAN_DROP_FOREIGN_MAC, "the receiver's MAC");
	is_int(forged(NULL, lou, 0x88b5, 60), LR_LAN_DROP_FOREIGN_MAC, "one of its house");
	is_int(forged(NULL, (const uint8_t[]){3, 0, 0, 0, 0, 1}, 0x88b5, 60), LR_LAN_DROP_FRAME,
		"one that is no machine's");
	n = put_arp(bad, "10.66.0.2", "192.168.5.1");
	is_int(forged(NULL, bad, 0x0806, n), LR_LAN_DROP_ADDRESS, "ARP as the receiver");
	n = put_arp(bad, "10.66.77.1", "192.168.5.1");
	is_int(forged(NULL, bad, 0x0806, n), LR_LAN_DROP_ADDRESS, "ARP as anybody of the pool");
	n = put_arp(lou, "192.168.5.9", "192.168.5.1");
	is_int(forged(NULL, bad, 0x0806, n), LR_LAN_DROP_FOREIGN_MAC, "ARP as another machine");
	n = put_udp(buf + LR_LAN_HEAD, "10.66.0.3", "255.255.255.255", 9, 9, "x");
	is_int(forged(NULL, bad, 0x0800, n), LR_LAN_DROP_ADDRESS, "IP as another member");
	n = put_udp(buf + LR_LAN_HEAD, "192.168.5.9", "255.255.255.255", 67, 68, "x");
	is_int(forged(NULL, bad, 0x0800, n), LR_LAN_DROP_DHCP, "DHCP");
	is_int(forged(NULL, bad, 0x0800, 60), LR_LAN_DROP_NONE + LR_LAN_DROP_DHCP, "twice");
	memset(buf + LR_LAN_HEAD, 0x11, 60);
	is_int(forged(NULL, bad, 0x0800, 60), LR_LAN_DROP_PACKET, "rubbish");
	is_int(forged(NULL, bad, 0x8100, 60), LR_LAN_DROP_FRAME, "a tag");
	is_int(forged(NULL, bad, 0x88b6, 60), LR_LAN_DROP_FRAME, "a hello");
	is_int(forged(max, bad, 0x88b5, 60), LR_LAN_DROP_UNKNOWN_MAC, "for nobody of the house");
	n = put_udp(buf + LR_LAN_HEAD, "192.168.5.9", "192.168.5.1", 9, 9, "x");
	is_int(forged(them.mac, bad, 0x0800, n), LR_LAN_DROP_UNKNOWN_MAC,
		"foreign IP for the node");
	unsigned kept = 0;
	uint8_t many[LR_MAC] = {2, 0xc7};
	for (int i = 0; i < 2 * LR_LAN_STATIONS; i++) {
		now += LR_NS_PER_S / 100;
		lr_put_be16(many + 2, (uint16_t)i);
		kept += forged(NULL, many, 0x88b5, 60) == LR_LAN_DROP_NONE;
	}
	ok(kept < LR_LAN_STATIONS && kept > LR_LAN_STATIONS - 9 && v.drop == LR_LAN_DROP_MACS,
		"MACs without end: %u", kept);
	is_int(forged(NULL, kim, 0x88b5, 60), LR_LAN_DROP_NONE, "which costs the others nothing");
	lr_lan_member_bridges(them.lan, them.friend, false);
	is_int(forged(NULL, kim, 0x88b5, 60), LR_LAN_DROP_FOREIGN_MAC, "who does not bridge");
	lr_lan_member_bridges(them.lan, them.friend, true);
	is_int(forged(NULL, kim, 0x88b5, 60), LR_LAN_DROP_NONE, "or does again");
	is_int(forged(NULL, many, 0x88b5, 60), LR_LAN_DROP_NONE, "starts with an empty table");
}

/* A member bridges, we do not. */
static void no_bridge(void)
{
	both_up();
	lr_lan_member_bridges(them.lan, them.friend, true);
	bridged(&us, their_key);
	crosses(NULL, kim, 0x8137, 60);
	is_int(v.drop, LR_LAN_DROP_NO_BRIDGE, "whole frames need a bridge at both ends");
	both_down();
}

/* It belongs to the house where it was heard first. */
static void first_come(void)
{
	houses();
	is_int(crosses(NULL, kim, 0x88b5, 60), 0, "heard at ours");
	uint8_t frame[60] = {255, 255, 255, 255, 255, 255, [12] = 0x88, 0xb5};
	memcpy(frame + LR_MAC, kim, LR_MAC);
	lr_lan_bridged(them.lan, now, frame, 60, false, &v);
	is_int(v.drop, LR_LAN_DROP_LOOP, "at theirs it has come from the party");
	crosses(NULL, kim, 0x88b5, 60);
	is_int(v.drop, LR_LAN_DROP_LOOP, "and by another way: so not by ours, too");
	now += 4 * LR_NS_PER_S;
	is_int(crosses(NULL, kim, 0x88b5, 60), 0, "until it no longer does");
	now += 61 * LR_NS_PER_S;
	lr_lan_bridged(them.lan, now, frame, 60, false, &v);
	ok(v.act == LR_LAN_WRAP, "silent at ours for a minute, it may have moved");
	crosses(NULL, kim, 0x88b5, 60);
	is_int(v.drop, LR_LAN_DROP_FOREIGN_MAC, "then it is of that house");
	now += 301 * LR_NS_PER_S;
	is_int(crosses(NULL, kim, 0x88b5, 60), 0, "for five minutes");
	both_down();
}

/* What `s` carries comes to the other. Whether that puts it on its segment. */
static bool tunnelled(struct side *s, uint8_t *frame, size_t len)
{
	struct side *other = s == &us ? &them : &us;
	uint8_t *packet = lr_lan_wrap(s->lan, s->friend, frame, &len);

	memcpy(buf, packet, len);
	lr_lan_in(other->lan, now, other->friend, buf, len, &v);
	return v.act == LR_LAN_WHOLE && v.also & LR_LAN_SEGMENT;
}

/* Both segments are one cable, and no hello gets through: both bridges hear a frame, and what one
 * puts there is heard by the other. How often that was, at most 100. `late`: the cable is slower
 * than the tunnel. */
static unsigned ring(const uint8_t *from, bool late)
{
	static uint8_t wire[2][LR_LAN_ROOM + 100];
	struct side *at[200] = {&us, &them};
	unsigned n = 2, put = 0;

	for (unsigned i = 0; i < n && put < 100; i++) {
		struct side *s = at[i];
		uint8_t *frame = wire[i & 1] + LR_LAN_ROOM;
		memset(frame, 0xff, 60);
		memcpy(frame + LR_MAC, from, LR_MAC);
		lr_put_be16(frame + 12, 0x88b5);
		lr_lan_bridged(s->lan, now, frame, 60, false, &v);
		bool wraps = v.act == LR_LAN_WRAP;
		if (!late && i == 0) { /* the other hears it before the tunnel brings it */
			uint8_t copy[60];
			memcpy(copy, frame, 60);
			lr_lan_bridged(them.lan, now, copy, 60, false, &v);
			at[1] = &them;
		}
		if (wraps && tunnelled(s, frame, 60)) {
			at[n++] = s; /* who put it there does not hear it */
			put++;
		}
	}
	return put;
}

static void rings(void)
{
	houses();
	unsigned first = ring(kim, true);
	ok(first <= 2, "a ring without hellos, the tunnel faster: %u copies", first);
	unsigned more = 0;
	for (int i = 0; i < 100; i++) {
		now += LR_NS_PER_S / 50;
		more += ring(kim, i & 1);
	}
	is_int(more, 0, "and none from then on");
	is_int(ring(max, false), 0, "the cable faster: none at all");
	both_down();
}

int main(void)
{
	houses();
	passes();
	out_of_the_node();
	refused();
	lies();
	both_down();
	no_bridge();
	first_come();
	rings();
	return tap_done();
}
