/*
 * lan_bridge.c - machines of the house: who takes part, what passes, and what comes back
 */
#include "t/unit/lan_two.h"

static const uint8_t console[LR_MAC] = {2, 0xc0, 1, 2, 3, 4}, other[LR_MAC] = {2, 0xc0, 9, 9, 9, 9};
static const uint8_t third[LR_MAC] = {2, 0xc0, 3, 3, 3, 3};
static bool settled = true;

static bool ours(void *ctx, const struct lr_ip *ip)
{
	(void)ctx;
	return settled && ip->b[2] == 9;
}

static bool choose(void *ctx, const uint8_t mac[LR_MAC], unsigned round, struct lr_ip *out)
{
	(void)ctx;
	(void)mac;
	*out = lr_ip4(0x0a42093c + round);
	return round < 9;
}

static void up(void)
{
	const struct lr_lan_host h = {&us, holder, ours, choose};

	both_up();
	side_lan(&us, &h, their_key);
	ok(lr_lan_bridge(us.lan) == 0, "there is a bridge");
}

/* A frame of `from` with `len` bytes behind its header. */
static enum lr_lan_act heard(const uint8_t *to, const uint8_t *from, uint16_t type, size_t len)
{
	put_eth(to, type);
	memcpy(buf + LR_MAC, from, LR_MAC);
	lr_lan_bridged(us.lan, now, buf, LR_LAN_HEAD + len, false, &v);
	return v.act;
}

static enum lr_lan_act asks(const uint8_t *from, const char *sender, const char *target)
{
	static const uint8_t begins[] = {0, 1, 8, 0, 6, 4, 0, 1};
	uint8_t *a = buf + LR_LAN_HEAD;
	struct lr_ip s = ip_of(sender), t = ip_of(target);

	memset(a, 0, 28);
	memcpy(a, begins, sizeof(begins));
	memcpy(a + 8, from, LR_MAC);
	memcpy(a + 14, s.b, 4);
	memcpy(a + 24, t.b, 4);
	return heard(NULL, from, 0x0806, 28);
}

static enum lr_lan_act says(
	const uint8_t *to, const uint8_t *from, const char *src, const char *dst, uint16_t port)
{
	size_t len = put_udp(buf + LR_LAN_HEAD, src, dst, port, port, "hello");

	return heard(to, from, 0x0800, len);
}

static bool answered_with(const uint8_t *mac)
{
	return v.act == LR_LAN_ANSWER && memcmp(v.bytes, console, LR_MAC) == 0 &&
	       memcmp(v.bytes + LR_LAN_HEAD + 8, mac, LR_MAC) == 0;
}

static void arp(void)
{
	struct lr_ip at[LR_LAN_MACHINES];

	asks(console, "0.0.0.0", "10.66.9.9");
	is_int(v.act, LR_LAN_TAKEN, "a probe for an address that nobody has: no answer");
	ok(!lr_lan_machines_fresh(us.lan), "and it has none yet");
	asks(console, "0.0.0.0", "10.66.0.2");
	ok(answered_with(them.mac), "a probe for a member's address: it is taken");
	asks(console, "10.66.9.9", "10.66.0.2");
	ok(answered_with(them.mac), "a member's address has the member's MAC");
	ok(lr_lan_machines_fresh(us.lan) && !lr_lan_machines_fresh(us.lan),
		"a machine is new, once");
	ok(lr_lan_machines(us.lan, at) == 1 && at[0].b[2] == 9 && at[0].b[3] == 9, "it is known");
	asks(console, "10.66.9.9", "10.66.0.1");
	ok(answered_with(us.mac), "ours has ours");
	asks(console, "192.168.1.9", "192.168.1.1");
	is_int(v.drop, LR_LAN_DROP_HOME, "the house's own questions are not ours to answer");
	asks(console, "10.66.0.2", "10.66.0.2");
	is_int(v.drop, LR_LAN_DROP_ADDRESS, "nobody of the house has a member's address");
	asks(console, "10.66.0.1", "10.66.0.1");
	is_int(v.drop, LR_LAN_DROP_ADDRESS, "nor ours");
	asks(other, "10.66.9.9", "10.66.0.2");
	is_int(v.drop, LR_LAN_DROP_ADDRESS, "nor another machine's that was heard");
	ok(says(other, console, "10.66.0.2", "10.66.0.1", 6112) == LR_LAN_TAKEN &&
			says(console, other, "10.66.9.7", "10.66.9.9", 6112) == LR_LAN_TAKEN &&
			lr_lan_machines(us.lan, at) == 2 && at[1].b[3] == 7,
		"a machine is known from what it has for others, too");
	asks(us.mac, "10.66.9.8", "10.66.0.2");
	is_int(v.drop, LR_LAN_DROP_LOOP, "our MAC is ours");
	asks(them.mac, "10.66.9.8", "10.66.0.2");
	is_int(v.drop, LR_LAN_DROP_LOOP, "what bears a member's MAC came from the party");
	asks(console, "10.66.9.9", "10.66.0.2");
	buf[LR_LAN_HEAD + 8] ^= 4;
	lr_lan_bridged(us.lan, now, buf, LR_LAN_HEAD + 28, false, &v);
	is_int(v.drop, LR_LAN_DROP_FOREIGN_MAC, "ARP speaks for who sent it");
	for (size_t len = 0; len < LR_LAN_HEAD + 28; len++) {
		lr_lan_bridged(us.lan, now, buf, len, false, &v);
		if (v.drop != LR_LAN_DROP_FRAME)
			ok(false, "cut at %zu", len);
	}
}

static void from_the_house(void)
{
	ok(says(them.mac, console, "10.66.9.9", "10.66.0.2", 6112) == LR_LAN_ROUTE && !v.also,
		"to a member");
	ok(says(us.mac, console, "10.66.9.9", "10.66.0.1", 6112) == LR_LAN_TAKEN &&
			v.also == LR_LAN_DEVICE,
		"to us");
	ok(says(NULL, console, "10.66.9.9", "255.255.255.255", 6112) == LR_LAN_COPIES &&
			v.also == LR_LAN_DEVICE && lr_lan_next(us.lan, &v, NULL),
		"to all");
	ok(says(NULL, console, "10.66.9.9", "10.66.9.255", 6112) == LR_LAN_COPIES &&
			v.bytes[18] == 255,
		"to a smaller network's broadcast, which becomes ours");
	ok(says(other, console, "10.66.9.9", "10.66.9.8", 6112) == LR_LAN_TAKEN && !v.also,
		"between machines of the house: not ours");
	says(them.mac, console, "10.66.9.9", "10.66.7.7", 6112);
	is_int(v.drop, LR_LAN_DROP_NOT_OURS, "to nobody");
	says(NULL, console, "192.168.1.9", "255.255.255.255", 6112);
	is_int(v.drop, LR_LAN_DROP_HOME, "with an address of the house");
	says(them.mac, other, "10.66.9.9", "10.66.0.2", 6112);
	is_int(v.drop, LR_LAN_DROP_ADDRESS, "with another's address");
	says(them.mac, console, "10.66.0.2", "10.66.0.2", 6112);
	is_int(v.drop, LR_LAN_DROP_ADDRESS, "with a member's");
	says(NULL, console, "10.66.9.9", "255.255.255.255", 67);
	is_int(v.drop, LR_LAN_DROP_DHCP, "DHCP stays in the house");
	says(them.mac, console, "10.66.9.9", "10.66.0.2", 111);
	is_int(v.drop, LR_LAN_DROP_SERVICE, "services, as a member's");
	heard(NULL, console, 0x8137, 40);
	ok(v.act == LR_LAN_WRAP && v.also == LR_LAN_DEVICE && !lr_lan_next(us.lan, &v, NULL),
		"IPX: to us, and to no member, since none bridges");
	settled = false;
	says(them.mac, console, "10.66.9.9", "10.66.0.2", 6112);
	is_int(v.drop, LR_LAN_DROP_UNLISTED, "before its address is settled");
	settled = true;
	unsigned passed = 0;
	for (int i = 0; i < 2 * LR_LAN_STORM_PORT; i++)
		passed +=
			says(NULL, console, "10.66.9.9", "255.255.255.255", 7777) == LR_LAN_COPIES;
	ok(passed <= LR_LAN_STORM_PORT + 1 && passed >= LR_LAN_STORM_PORT / 2, "no storms: %u",
		passed);
}

static void into_the_house(void)
{
	size_t len = put_udp(buf, "10.66.0.2", "10.66.9.9", 6112, 6112, "hello");

	ok(arrive(len) == LR_LAN_TAKEN && v.also == LR_LAN_SEGMENT, "a member's packet goes there");
	ok(memcmp(buf - LR_LAN_HEAD, console, LR_MAC) == 0 &&
			memcmp(buf - LR_LAN_HEAD + LR_MAC, them.mac, LR_MAC) == 0,
		"in a frame from the member to the machine");
	len = put_udp(buf, "10.66.0.2", "255.255.255.255", 6112, 6112, "hello");
	ok(arrive(len) == LR_LAN_DELIVER && v.also == LR_LAN_SEGMENT, "a broadcast also there");
	len = put_udp(buf, "10.66.0.2", "10.66.9.8", 6112, 6112, "hello");
	arrive(len);
	is_int(v.drop, LR_LAN_DROP_NOT_OURS, "no other address of the house is reached");
	len = put_udp(buf, "10.66.0.2", "10.66.9.9", 111, 111, "hello");
	arrive(len);
	ok(v.drop == LR_LAN_DROP_SERVICE && !v.also, "nor a service");
	len = put_udp(buf + LR_LAN_HEAD, "10.66.0.1", "10.66.9.9", 6112, 6112, "hello");
	ok(leave(len) == LR_LAN_TAKEN && v.also == LR_LAN_SEGMENT, "ours to the machine");
	len = put_tcp(buf + LR_LAN_HEAD, "10.66.0.1", "10.66.9.9", 5000, 5000, 0x10);
	ok(leave(len) == LR_LAN_TAKEN && v.also == LR_LAN_SEGMENT, "a stream, too");
	len = put_udp(buf + LR_LAN_HEAD, "10.66.0.1", "255.255.255.255", 6112, 6112, "hello");
	ok(leave(len) == LR_LAN_COPIES && v.also == LR_LAN_SEGMENT, "ours to all");
}

/* There is room for sixteen; who is not heard for long makes room. */
static void many(void)
{
	struct lr_ip at[LR_LAN_MACHINES];
	uint8_t mac[LR_MAC] = {2, 0xc1};
	char text[20];

	for (int i = 1; i <= 14; i++) {
		mac[5] = (uint8_t)i;
		snprintf(text, sizeof(text), "10.66.9.%d", 100 + i);
		asks(mac, text, "10.66.0.2");
	}
	is_int(lr_lan_machines(us.lan, at), 16, "sixteen");
	asks(third, "10.66.9.50", "10.66.0.2");
	is_int(v.drop, LR_LAN_DROP_UNLISTED, "and no more");
	now += 400 * LR_NS_PER_S;
	ok(asks(third, "10.66.9.50", "10.66.0.2") == LR_LAN_ANSWER, "until one is gone");
	is_int(lr_lan_machines(us.lan, at), 1, "as all those are that were not heard since");
	ok(asks(third, "10.66.9.51", "10.66.0.2") == LR_LAN_ANSWER &&
			lr_lan_machines(us.lan, at) == 1 && lr_lan_machines_fresh(us.lan),
		"a machine may take another address");
}

/* --- several bridges on one segment --- */

static struct lr_lan *bridge_of(uint8_t last)
{
	const struct lr_lan_host h = {&us, holder, ours};
	uint8_t mac[LR_MAC] = {2, 0, 0, 0, 0, last};
	struct lr_lan *lan = lr_lan_new(&h, true, mac);

	if (!lan || lr_lan_bridge(lan) != 0)
		abort();
	return lan;
}

/* What each says at `now` is heard by the other. How many hellos there were. */
static unsigned talk(struct lr_lan *a, struct lr_lan *b)
{
	struct lr_lan *both[2] = {a, b};
	unsigned n = 0;

	for (int i = 0; i < 2; i++) {
		uint8_t *frame, copy[64];
		size_t len;
		while (both[i] && (len = lr_lan_hello(both[i], now, &frame))) {
			memcpy(copy, frame, len);
			if (both[!i])
				lr_lan_bridged(both[!i], now, copy, len, false, &v);
			n++;
		}
	}
	return n;
}

/* Ticks until exactly one carries; ms, at most 10 s. */
static int settle(struct lr_lan *a, struct lr_lan *b)
{
	int ms = 0;

	for (; ms < 10000; ms += 10, now += 10 * LR_NS_PER_MS) {
		talk(a, b);
		if ((a && lr_lan_carries(a)) != (b && lr_lan_carries(b)))
			break;
	}
	return ms;
}

static void bridges(void)
{
	static const uint8_t id[32] = {7}, foreign[32] = {8};
	struct lr_lan *a = bridge_of(1), *b = bridge_of(2);

	lr_lan_bridge_party(a, now, id, sizeof(id));
	lr_lan_bridge_party(b, now, id, sizeof(id));
	ok(!lr_lan_carries(a) && !lr_lan_carries(b), "at first all stand by");
	is_int(talk(a, b), 2, "and say hello");
	is_int(talk(a, b), 0, "once");
	ok(lr_lan_hello_due(a) == now + LR_NS_PER_S, "and again in a second");
	is_int(settle(a, b), 3000, "one carries after 3 s");
	bool a_carries = lr_lan_carries(a);
	struct lr_lan *low = a_carries ? a : b, *high = a_carries ? b : a;
	int wrong = 0;
	for (int i = 0; i < 1000; i++, now += 10 * LR_NS_PER_MS) {
		talk(low, high);
		wrong += !lr_lan_carries(low) || lr_lan_carries(high);
	}
	is_int(wrong, 0, "and it stays so");
	put_eth(NULL, 0x0806);
	memcpy(buf + LR_MAC, console, LR_MAC);
	lr_lan_bridged(high, now, buf, 60, false, &v);
	is_int(v.drop, LR_LAN_DROP_STANDBY, "who stands by hears nobody else");
	int ms = settle(NULL, high);
	ok(ms >= 2000 && ms <= 3000, "the other takes over 3 s after the last hello: %d ms", ms);
	lr_lan_bridge_party(low, now, id, sizeof(id));
	for (wrong = 0, ms = 0; lr_lan_carries(high) && ms < 10000; ms += 10) {
		wrong += lr_lan_carries(low);
		talk(low, high);
		now += 10 * LR_NS_PER_MS;
	}
	ok(ms >= 3000 && ms <= 3020 && wrong == 0 && lr_lan_carries(low),
		"the lower one comes back: it listens, then carries: %d ms", ms);
	lr_lan_bridge_party(high, now, foreign, sizeof(foreign));
	now += 3 * LR_NS_PER_S;
	talk(low, high);
	talk(low, high);
	ok(lr_lan_carries(low) && lr_lan_carries(high), "another party's bridge is another's");
	lr_lan_free(a);
	lr_lan_free(b);
}

/* IGMP version 2 of our interface (`from` NULL) or of a machine; whether members hear it. */
static bool tells(const uint8_t *from, uint8_t type, const char *group)
{
	uint8_t *p = buf + LR_LAN_HEAD;
	struct lr_ip g = ip_of(group);
	size_t head = put_ip(p, from ? "10.66.9.9" : "10.66.0.1", group, 2, 1, 8);

	memset(p + head, 0, 8);
	p[head] = type;
	memcpy(p + head + 4, g.b, 4);
	if (from)
		return heard(NULL, from, 0x0800, head + 8) == LR_LAN_COPIES;
	return leave(head + 8) == LR_LAN_COPIES;
}

/* Behind us are several hosts, and others hear one member. */
static void leaves(void)
{
	enum { JOIN = 0x16, LEAVE = 0x17 };
	const char *g = "239.1.2.3";

	asks(console, "10.66.9.9", "10.66.0.2");
	ok(tells(NULL, JOIN, g) && tells(console, JOIN, g), "both join");
	ok(!tells(console, LEAVE, g), "a machine leaves: we have it still, nobody is told");
	ok(!tells(NULL, LEAVE, g), "we leave: others of the house may have it");
	now += 259 * LR_NS_PER_S;
	asks(console, "10.66.9.9", "10.66.0.2");
	ok(!tells(NULL, LEAVE, g), "as long as it was asked for there");
	now += 2 * LR_NS_PER_S;
	ok(tells(NULL, LEAVE, g), "then it is told");
	ok(tells(NULL, JOIN, "239.7.7.7") && tells(NULL, LEAVE, "239.7.7.7"),
		"at once for a group that nobody of the house joined");
}

/* Who is told to stand by gives its machines up. */
static void gives_up(void)
{
	static const uint8_t id[32] = {7};
	struct lr_ip at[LR_LAN_MACHINES];
	uint8_t *frame, hello[64];

	lr_lan_bridge_party(us.lan, now, id, sizeof(id));
	now += 3 * LR_NS_PER_S;
	size_t len = lr_lan_hello(us.lan, now, &frame);
	ok(len == 60 && lr_lan_carries(us.lan), "alone, it carries");
	lr_lan_machines_fresh(us.lan);
	asks(third, "10.66.9.51", "10.66.0.2");
	lr_lan_machines_fresh(us.lan);
	now += 301 * LR_NS_PER_S;
	len = lr_lan_hello(us.lan, now, &frame);
	ok(lr_lan_machines(us.lan, at) == 0 && lr_lan_machines_fresh(us.lan),
		"a machine that was not heard for five minutes is listed no more");
	asks(third, "10.66.9.51", "10.66.0.2");
	is_int(lr_lan_machines(us.lan, at), 1, "until it is heard again");
	now += LR_NS_PER_S;
	len = lr_lan_hello(us.lan, now, &frame);
	memcpy(hello, frame, len);
	struct lr_ip two = ip_of("10.66.0.2"), three = ip_of("10.66.0.3");
	size_t first = lr_lan_hello(us.lan, now, &frame);
	ok(first == 60 && memcmp(frame + LR_MAC, them.mac, LR_MAC) == 0 &&
			memcmp(frame + LR_LAN_HEAD + 14, two.b, 4) == 0 &&
			memcmp(frame + LR_LAN_HEAD + 24, two.b, 4) == 0,
		"and announces a member, from its MAC");
	size_t second = lr_lan_hello(us.lan, now, &frame);
	ok(second == 60 && memcmp(frame + LR_LAN_HEAD + 14, three.b, 4) == 0, "and the other");
	is_int(lr_lan_hello(us.lan, now, &frame), 0, "once");
	hello[LR_MAC + 5] ^= 1;
	memset(hello + LR_LAN_HEAD + 12, 0xff, 8);
	lr_lan_bridged(us.lan, now, hello, len, false, &v);
	ok(lr_lan_carries(us.lan), "a higher one changes nothing");
	memset(hello + LR_LAN_HEAD + 12, 0, 8);
	for (size_t cut = LR_LAN_HEAD; cut < LR_LAN_HEAD + 20; cut++)
		lr_lan_bridged(us.lan, now, hello, cut, false, &v);
	hello[LR_LAN_HEAD + 3] = 0;
	lr_lan_bridged(us.lan, now, hello, len, false, &v);
	ok(lr_lan_carries(us.lan), "nor a cut one, nor one that stands by");
	hello[LR_LAN_HEAD + 3] = 1;
	lr_lan_machines_fresh(us.lan);
	lr_lan_bridged(us.lan, now, hello, len, false, &v);
	ok(!lr_lan_carries(us.lan) && lr_lan_machines(us.lan, at) == 0 &&
			lr_lan_machines_fresh(us.lan),
		"a lower one that carries: we stand by, and list nobody");
	len = put_udp(buf, "10.66.0.2", "255.255.255.255", 6112, 6112, "hello");
	ok(arrive(len) == LR_LAN_DELIVER && !v.also, "nothing goes to the segment");
	len = put_udp(buf, "10.66.0.2", "10.66.9.51", 6112, 6112, "hello");
	arrive(len);
	is_int(v.drop, LR_LAN_DROP_NOT_OURS, "and what is for a machine is no longer ours");
}

/* Machines ask us for their address; ended and begun again, we know who has which. */
static void leases(void)
{
	static const uint8_t id[32] = {7};
	struct lr_dhcp_lease kept[LR_DHCP_LEASES];
	struct lr_ip at[LR_LAN_MACHINES], who, given = ip_of("10.66.9.77");
	uint8_t *frame;

	both_down();
	up();
	ok(!lr_lan_lease_keep(us.lan, now, console, &given), "no leases without DHCP");
	size_t len = lr_dhcp_ask(console, 7, buf);
	lr_lan_bridged(us.lan, now, buf, len, false, &v);
	is_int(v.drop, LR_LAN_DROP_DHCP, "nor an answer");
	ok(lr_lan_bridge_dhcp(us.lan) == 0, "with it");
	len = lr_dhcp_ask(console, 7, buf);
	lr_lan_bridged(us.lan, now, buf, len, false, &v);
	ok(v.act == LR_LAN_ANSWER && lr_dhcp_answers(v.bytes, v.len, 7, &who) &&
			lr_ip_equal(&who, &us.at[0]) && lr_get_be32(v.bytes + 58) == 0x0a42093c,
		"who asks is offered one, by our address");
	is_int(lr_lan_machines(us.lan, at), 0, "it is nobody's yet");
	ok(lr_lan_lease_keep(us.lan, now, other, &given) && lr_lan_leases(us.lan, kept) == 1 &&
			lr_ip_equal(&kept[0].at, &given) && memcmp(kept[0].mac, other, LR_MAC) == 0,
		"one of before a restart is known");
	ok(lr_lan_machines(us.lan, at) == 1 && lr_ip_equal(&at[0], &given) &&
			lr_lan_machines_fresh(us.lan),
		"and listed before its machine says a word");
	asks(console, "10.66.9.77", "10.66.0.2");
	is_int(v.drop, LR_LAN_DROP_ADDRESS, "it is no other machine's");
	now += (LR_DHCP_LEASE_S + 1) * LR_NS_PER_S;
	len = lr_dhcp_ask(console, 8, buf);
	lr_lan_bridged(us.lan, now, buf, len, false, &v);
	ok(lr_lan_leases(us.lan, kept) == 0 && lr_lan_machines(us.lan, at) == 0 &&
			lr_lan_machines_fresh(us.lan),
		"until its time is over");
	lr_lan_bridge_party(us.lan, now, id, sizeof(id));
	while (lr_lan_hello(us.lan, now, &frame))
		;
	len = lr_dhcp_ask(console, 9, buf);
	lr_lan_bridged(us.lan, now, buf, len, false, &v);
	is_int(v.drop, LR_LAN_DROP_STANDBY, "who stands by answers nobody");
}

int main(void)
{
	up();
	arp();
	from_the_house();
	into_the_house();
	many();
	bridges();
	leaves();
	gives_up();
	leases();
	both_down();
	return tap_done();
}
