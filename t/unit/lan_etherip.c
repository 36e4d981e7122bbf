/*
 * lan_etherip.c - frames that are no IP: there and back, in pieces, and forged
 */
#include "lib/net/fragment.h"
#include "t/unit/lan_two.h"

/* A frame of ours with `n` bytes, wrapped for our friend; the packet's length. */
static size_t wrapped(const uint8_t *to, uint16_t type, size_t n, uint8_t **packet)
{
	size_t len = LR_LAN_HEAD + n;

	put_eth(to, type);
	for (size_t i = 0; i < n; i++)
		buf[LR_LAN_HEAD + i] = (uint8_t)(i * 7);
	lr_lan_out(us.lan, now, buf, len, false, &v);
	*packet = v.act == LR_LAN_WRAP ? lr_lan_wrap(us.lan, us.friend, buf, &len) : NULL;
	return len;
}

/* It comes to our friend. */
static enum lr_lan_act comes(const uint8_t *packet, size_t len)
{
	static uint8_t there[LR_LAN_HEAD + 70000];

	memcpy(there + LR_LAN_HEAD, packet, len);
	lr_lan_in(them.lan, now, them.friend, there + LR_LAN_HEAD, len, &v);
	return v.act;
}

static void there(void)
{
	static const uint16_t types[] = {0x8137, 0x0022, 0x88b5};
	uint8_t *packet;

	for (size_t i = 0; i < 3; i++) {
		size_t len = wrapped(NULL, types[i], 64, &packet);
		struct lr_packet p;
		ok(packet && lr_packet_parse(packet, len, &p) == LR_IP_FINE &&
				p.proto == LR_ETHERIP && len == 20 + 2 + 14 + 64,
			"type %04x is wrapped", types[i]);
		ok(lr_lan_next(us.lan, &v, NULL) == us.friend &&
				!lr_lan_next(us.lan, &v, us.friend),
			"for all but stock peers");
		ok(comes(packet, len) == LR_LAN_WHOLE && v.len == 78 &&
				memcmp(v.bytes, buf, 78) == 0,
			"and arrives as it was");
	}
	wrapped(them.mac, 0x88b5, 64, &packet);
	ok(packet && v.only == us.friend, "one MAC is one member");
	wrapped((const uint8_t[]){2, 1, 1, 1, 1, 1}, 0x88b5, 64, &packet);
	is_int(v.drop, LR_LAN_DROP_UNKNOWN_MAC, "nobody has that MAC");
	wrapped((const uint8_t[]){1, 0x80, 0xc2, 0, 0, 0}, 38, 64, &packet);
	is_int(v.drop, LR_LAN_DROP_LINK_CONTROL, "spanning tree stays here");
	wrapped(NULL, 600, 64, &packet);
	is_int(v.drop, LR_LAN_DROP_FRAME, "a length that is more than there is");
	put_eth(NULL, 0x88b5);
	buf[6] ^= 1;
	lr_lan_out(us.lan, now, buf, 64, false, &v);
	is_int(v.drop, LR_LAN_DROP_FOREIGN_MAC, "a source that is not ours");
}

/* Only IPX, in its four framings, when only games pass and one of them wants it; at both ends. */
static void isolated(void)
{
	static const struct {
		const char *what;
		uint16_t type; /* 0: the length */
		uint8_t head[8];
		bool ipx;
	} frames[] = {
		{"Ethernet II", 0x8137, {0xff, 0xff}, true},
		{"802.3", 0, {0xff, 0xff}, true},
		{"802.2", 0, {0xe0, 0xe0, 3}, true},
		{"SNAP", 0, {0xaa, 0xaa, 3, 0, 0, 0, 0x81, 0x37}, true},
		{"NetBEUI", 0, {0xf0, 0xf0, 3}, false},
		{"SNAP of AppleTalk", 0, {0xaa, 0xaa, 3, 8, 0, 7, 0x80, 0x9b}, false},
		{"another type", 0x88b5, {0xff, 0xff}, false},
	};
	const struct lr_lan_ports none = {0};
	struct lr_lan *const ends[] = {us.lan, them.lan};

	for (size_t i = 0; i < 2 * sizeof(frames) / sizeof(frames[0]); i++) {
		size_t k = i / 2, len = LR_LAN_HEAD + 60;
		struct lr_lan *at = ends[i % 2];
		lr_lan_isolate(at, &none, true);
		put_eth(NULL, frames[k].type ? frames[k].type : 60);
		memset(buf + LR_LAN_HEAD, 0, 60);
		memcpy(buf + LR_LAN_HEAD, frames[k].head, 8);
		lr_lan_out(us.lan, now, buf, len, false, &v);
		if (v.act == LR_LAN_WRAP) {
			uint8_t *packet = lr_lan_wrap(us.lan, us.friend, buf, &len);
			comes(packet, len);
		}
		is_int(v.drop, frames[k].ipx ? 0 : LR_LAN_DROP_ISOLATED, frames[k].what);
		lr_lan_isolate(at, &none, false);
		len = LR_LAN_HEAD + 60;
		lr_lan_out(us.lan, now, buf, len, false, &v);
		if (v.act == LR_LAN_WRAP) {
			uint8_t *packet = lr_lan_wrap(us.lan, us.friend, buf, &len);
			comes(packet, len);
		}
		is_int(v.drop, LR_LAN_DROP_ISOLATED, "not without a game of it");
		lr_lan_isolate(at, NULL, false);
	}
}

/* --- forged --- */

/* The frame at buf + LR_LAN_HEAD... of `len` bytes with another source, and wrapped by hand. */
static enum lr_lan_drop forged(
	const uint8_t *from, const uint8_t *frame_rest, size_t n, uint16_t type)
{
	size_t len = LR_LAN_HEAD + n;

	put_eth(NULL, type);
	memcpy(buf + LR_MAC, from, LR_MAC);
	memcpy(buf + LR_LAN_HEAD, frame_rest, n);
	uint8_t *packet = lr_lan_wrap(us.lan, us.friend, buf, &len);
	comes(packet, len);
	return v.drop;
}

static void lies(void)
{
	static const uint8_t foreign[] = {2, 9, 9, 9, 9, 9};
	uint8_t ip[64] = {0}, arp[28] = {0, 1, 8, 0, 6, 4, 0, 2};

	is_int(forged(foreign, ip, 46, 0x8137), LR_LAN_DROP_FOREIGN_MAC, "another's MAC");
	put_udp(ip, "10.66.0.3", "10.66.0.2", 1, 2, "x");
	is_int(forged(us.mac, ip, 46, 0x0800), LR_LAN_DROP_ADDRESS, "IP from a member's address");
	put_udp(ip, "10.66.0.2", "10.66.0.2", 1, 2, "x");
	is_int(forged(us.mac, ip, 46, 0x0800), LR_LAN_DROP_ADDRESS, "from the receiver's own");
	put_udp(ip, "192.168.1.1", "192.168.1.2", 1, 2, "x");
	is_int(forged(us.mac, ip, 46, 0x0800), LR_LAN_DROP_NO_BRIDGE,
		"from nobody's: we bridge nothing");
	memcpy(arp + 14, us.friend_at[0].b, 4);
	is_int(forged(us.mac, arp, 28, 0x0806), LR_LAN_DROP_ADDRESS, "ARP for a member");
	uint8_t tagged[64] = {0, 0, 8, 0};
	put_udp(tagged + 4, "10.66.0.3", "10.66.0.2", 1, 2, "x");
	is_int(forged(us.mac, tagged, 60, 0x8100), LR_LAN_DROP_ADDRESS, "behind a VLAN tag");
	uint8_t nd[64] = {0}, target[16];
	put_ip(nd, "fe80::9", "ff02::1", 58, 255, 24);
	nd[40] = 136;
	memcpy(target, them.at[1].b, 16);
	memcpy(nd + 48, target, 16);
	is_int(forged(us.mac, nd, 64, 0x86dd), LR_LAN_DROP_ADDRESS, "neighbour advertisement");

	uint8_t *packet;
	size_t len = wrapped(NULL, 0x8137, 46, &packet);
	packet[20] = 0x20;
	comes(packet, len);
	is_int(v.drop, LR_LAN_DROP_ETHERIP, "another version");
	packet[20] = 0x30;
	packet[15] = 77; /* 10.66.0.77, which is also ours in the tunnel's eyes */
	comes(packet, len);
	is_int(v.drop, LR_LAN_DROP_ETHERIP, "not from the virtual address");
	packet[15] = 1;
	packet[19] = 9;
	comes(packet, len);
	is_int(v.drop, LR_LAN_DROP_NOT_OURS, "not for us");
	comes(packet, 20 + 2 + 13);
	is_int(v.drop, LR_LAN_DROP_PACKET, "cut off");
}

/* --- in pieces --- */

enum { PIECES = 80, PIECE = 1600 };
static uint8_t pieces[PIECES][PIECE];
static size_t lens[PIECES];

static unsigned cut(const uint8_t *packet, size_t len, size_t limit, uint32_t id)
{
	struct lr_fragment f;
	unsigned n = 0;

	if (lr_fragment_begin(&f, packet, len, limit, id) < 0)
		return 0;
	while (n < PIECES && (lens[n] = lr_fragment_next(&f, pieces[n])))
		n++;
	return n;
}

static void together(bool six)
{
	static const unsigned orders[][3] = {{0, 1, 2}, {2, 1, 0}, {1, 2, 0}, {1, 0, 2}};
	struct lr_ip none = {0};
	uint8_t *packet;

	lr_lan_member_at(us.friend, six ? &none : &us.friend_at[0], &us.friend_at[1], false);
	size_t len = wrapped(NULL, 0x8137, 1500, &packet);
	unsigned n = cut(packet, len, 700, 5);
	is_int(n, 3, "in three pieces");
	for (size_t o = 0; o < 4; o++) {
		unsigned done = 0;
		for (unsigned i = 0; i < 3; i++)
			done += comes(pieces[orders[o][i]], lens[orders[o][i]]) == LR_LAN_WHOLE;
		ok(done == 1 && v.len == 1514 && memcmp(v.bytes, buf, 1514) == 0,
			"put together, in order %zu%s", o, six ? ", IPv6" : "");
	}
	comes(pieces[0], lens[0]);
	now += 2 * LR_NS_PER_S;
	comes(pieces[1], lens[1]);
	is_int(comes(pieces[2], lens[2]), LR_LAN_TAKEN, "two seconds later the first is lost");
	now += 2 * LR_NS_PER_S;
	comes(pieces[0], lens[0]);
	comes(pieces[0], lens[0]);
	is_int(v.drop, LR_LAN_DROP_PIECES, "one that lies over another ends the packet");
	comes(pieces[1], lens[1]);
	is_int(comes(pieces[2], lens[2]), LR_LAN_TAKEN, "which then never comes together");
	now += 2 * LR_NS_PER_S;
}

/* A member that sends the beginnings of packets only has 64 of them; another is not harmed. */
static void flood(void)
{
	uint8_t *packet;
	uint64_t before = 0;

	for (int i = 0; i < 100; i++) {
		size_t len = wrapped(NULL, 0x8137, 1500, &packet);
		cut(packet, len, 800, 0);
		comes(pieces[0], lens[0]);
		if (i == 0) /* with it went what was old */
			before = lr_lan_drops(them.lan)[LR_LAN_DROP_PIECES];
	}
	is_int(lr_lan_drops(them.lan)[LR_LAN_DROP_PIECES] - before, 36, "64 wait, the oldest go");
	is_int(comes(pieces[1], lens[1]), LR_LAN_WHOLE, "the newest is there");
}

int main(void)
{
	both_up();
	there();
	isolated();
	lies();
	together(false);
	together(true);
	lr_lan_member_at(us.friend, &us.friend_at[0], &us.friend_at[1], false);
	flood();
	both_down();
	return tap_done();
}
