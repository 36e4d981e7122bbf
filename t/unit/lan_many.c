/*
 * lan_many.c - broadcast and multicast: to whom it goes, what arrives, how much
 */
#include "t/unit/lan_two.h"

static unsigned copies(void)
{
	unsigned n = 0;
	for (struct lr_lan_member *m = NULL; (m = lr_lan_next(us.lan, &v, m));)
		n++;
	return n;
}

/* What our friend's interface gets of what we sent last. */
static uint8_t *arrives(void)
{
	static uint8_t there[LR_LAN_HEAD + 2048];
	struct lr_lan_verdict in;

	memcpy(there + LR_LAN_HEAD, v.bytes, v.len);
	lr_lan_in(them.lan, now, them.friend, there + LR_LAN_HEAD, v.len, &in);
	return in.act == LR_LAN_DELIVER ? there : NULL;
}

static void broadcast(void)
{
	static const uint8_t all[6] = {255, 255, 255, 255, 255, 255};
	const char *to[] = {"255.255.255.255", "10.66.255.255"};

	for (int i = 0; i < 2; i++) {
		size_t len = put_udp(buf + LR_LAN_HEAD, "10.66.0.1", to[i], 6112, 6112, "lobby");
		uint8_t before[64];
		memcpy(before, buf + LR_LAN_HEAD, len);
		is_int(leave(len), LR_LAN_COPIES, to[i]);
		is_int(copies(), 2, "goes to all");
		uint8_t *f = arrives();
		if (!ok(f != NULL, "and arrives"))
			continue;
		is_mem(f, all, 6, "as a broadcast");
		is_mem(f + 6, us.mac, 6, "from our MAC");
		is_int(lr_get_be16(f + 12), 0x0800, "of IPv4");
		is_mem(f + 14, before, len, "as it was");
	}
}

/* x.y.z.255 and other networks' broadcasts become ours, with right checksums. */
static void other_prefix(void)
{
	static const uint8_t ours[] = {10, 66, 255, 255};
	static const char *const to[] = {"10.66.3.255", "192.168.1.255"};

	for (size_t i = 0; i < 4; i++) {
		uint8_t *p = buf + LR_LAN_HEAD;
		size_t len = put_udp(p, "10.66.0.1", to[i / 2], 7, 8, "hello");
		bool partial = i % 2; /* the field holds the pseudo header's sum only */
		if (partial) {
			uint16_t pseudo = (uint16_t)~lr_sum_fold(lr_sum_pseudo(p, LR_UDP, 13));
			memcpy(p + 26, &pseudo, 2);
		}
		put_eth(NULL, 0x0800);
		lr_lan_out(us.lan, now, buf, LR_LAN_HEAD + len, partial, &v);
		ok(v.act == LR_LAN_COPIES && memcmp(v.bytes + 16, ours, 4) == 0, "to %s%s",
			to[i / 2], partial ? ", checksum partial" : "");
		if (partial) {
			uint16_t sum = lr_sum_fold(lr_sum(p + 20, 13, 0));
			memcpy(p + 26, &sum, 2);
		}
		is_int(l4_sum(v.bytes, 20, LR_UDP, 13), 0, "its checksum is right");
		is_int(lr_sum_fold(lr_sum(v.bytes, 20, 0)), 0, "and its header's");
	}
	arrive(put_udp(buf, "10.66.0.2", "10.66.7.255", 7, 8, "x"));
	ok(v.act == LR_LAN_DELIVER && memcmp(buf + 16, ours, 4) == 0,
		"one that comes becomes ours, too");
	size_t len = put_udp(buf + LR_LAN_HEAD, "10.66.0.1", "10.66.3.7", 7, 8, "x");
	put_eth(NULL, 0x0800);
	lr_lan_out(us.lan, now, buf, LR_LAN_HEAD + len, false, &v);
	is_int(v.act, LR_LAN_COPIES, "so does whatever the frame says is for all");
	put_eth(NULL, 0x0800);
	len = put_udp(buf + LR_LAN_HEAD, "10.66.0.1", "10.66.0.2", 7, 8, "x");
	lr_lan_out(us.lan, now, buf, LR_LAN_HEAD + len, false, &v);
	is_int(v.act, LR_LAN_ROUTE, "but not what is a member's address");
}

/* --- groups --- */

static size_t igmp(uint8_t *p, uint8_t type, const char *group)
{
	struct lr_ip g = ip_of(group);
	size_t head = put_ip(p, "10.66.0.2", group, 2, 1, 8);

	memset(p + head, 0, 8);
	p[head] = type;
	memcpy(p + head + 4, g.b, 4);
	return head + 8;
}

/* A version 3 (or MLDv2) report of one record. */
static size_t report(uint8_t *p, const char *group, uint8_t record, uint16_t sources)
{
	struct lr_ip g = ip_of(group);
	bool six = g.family == 6;
	size_t width = six ? 16 : 4, len = 8 + 4 + width + sources * width;
	size_t head = put_ip(p, six ? "fd66::2" : "10.66.0.2", six ? "ff02::16" : "224.0.0.22",
		six ? 58 : 2, 1, len);

	memset(p + head, 0, len);
	p[head] = six ? 143 : 0x22;
	p[head + 7] = 1;
	p[head + 8] = record;
	lr_put_be16(p + head + 10, sources);
	memcpy(p + head + 12, g.b, width);
	return head + len;
}

static unsigned wanted(const char *group)
{
	const char *src = strchr(group, ':') ? "fd66::1" : "10.66.0.1";
	leave(put_udp(buf + LR_LAN_HEAD, src, group, 9, 9, "x"));
	return v.act == LR_LAN_COPIES ? copies() : 0;
}

static void joins(const char *what, size_t len, const char *group, unsigned after)
{
	arrive(len);
	is_int(v.act, LR_LAN_TAKEN, what);
	is_int(wanted(group), after, what);
}

static void groups(void)
{
	const char *g = "239.1.2.3", *six = "ff05::1:3";

	is_int(wanted(g), 0, "nobody joined");
	is_int(v.drop, LR_LAN_DROP_NO_JOINER, "by that name");
	is_int(wanted("224.0.0.99"), 2, "a link-local group is everybody's");
	is_int(wanted("ff02::99"), 2, "of IPv6, too");
	joins("IGMPv2 join", igmp(buf, 0x16, g), g, 1);
	uint8_t *f = arrives();
	ok(f && memcmp(f, "\1\0\x5e\1\2\3", 6) == 0, "it arrives as a multicast frame");
	joins("IGMPv2 leave", igmp(buf, 0x17, g), g, 0);
	joins("IGMPv1 join", igmp(buf, 0x12, g), g, 1);
	joins("IGMPv3, includes nothing", report(buf, g, 3, 0), g, 0);
	joins("IGMPv3, excludes nothing", report(buf, g, 4, 0), g, 1);
	joins("IGMPv3, blocks a source", report(buf, g, 6, 1), g, 1);
	joins("IGMPv3, from none", report(buf, g, 1, 0), g, 0);
	joins("IGMPv3, allows a source", report(buf, g, 5, 1), g, 1);
	joins("MLDv2", report(buf, six, 4, 0), six, 1);
	f = arrives();
	ok(f && memcmp(f, "\x33\x33\0\1\0\3", 6) == 0, "it arrives as a multicast frame");
	now += 259 * LR_NS_PER_S;
	is_int(wanted(g), 1, "259 s later it is still joined");
	now += LR_NS_PER_S;
	is_int(wanted(g), 0, "and then no more");
	size_t len = report(buf, g, 4, 0);
	arrive(len - 1); /* padding of the parser: the packet says it is longer */
	is_int(v.drop, LR_LAN_DROP_PACKET, "a report that is cut off is none");
	len = report(buf, g, 4, 0);
	buf[20 + 7] = 9;
	joins("a report that promises more records", len, g, 1);
}

static void own_reports(void)
{
	size_t len = report(buf + LR_LAN_HEAD, "239.1.2.3", 4, 0);
	is_int(leave(len), LR_LAN_COPIES, "our interface's report goes to all");
	is_int(copies(), 2, "of them");
	len = report(buf + LR_LAN_HEAD, "224.0.0.99", 4, 0);
	is_int(leave(len), LR_LAN_TAKEN, "not that of a link-local group");
	len = report(buf + LR_LAN_HEAD, "ff02::1:ff00:1", 4, 0);
	is_int(leave(len), LR_LAN_TAKEN, "of IPv6, too");
	len = report(buf + LR_LAN_HEAD, "239.255.255.250", 4, 0);
	is_int(leave(len), LR_LAN_TAKEN, "nor one for noise");
	arrive(report(buf, "239.255.255.250", 4, 0));
	is_int(wanted("239.255.255.250"), 1, "a member's join of one is known");
	leave(put_udp(buf + LR_LAN_HEAD, "10.66.0.1", "239.255.255.250", 1900, 1900, "x"));
	is_int(v.drop, LR_LAN_DROP_NOISE, "as long as noise is off nothing goes there");
	lr_lan_pass(us.lan, LR_LAN_SSDP);
	leave(put_udp(buf + LR_LAN_HEAD, "10.66.0.1", "239.255.255.250", 1900, 1900, "x"));
	ok(v.act == LR_LAN_COPIES && copies() == 1, "then it does, at once");
	lr_lan_pass(us.lan, 0);
	arrive(igmp(buf, 0x11, "224.0.0.1"));
	is_int(v.drop, LR_LAN_DROP_QUERIER, "a member's query is not heard");
	const struct lr_ip game = ip_of("224.0.2.60");
	is_int(wanted("224.0.2.60"), 0, "a game's group that nobody joined");
	lr_lan_group(us.lan, &game, true);
	is_int(wanted("224.0.2.60"), 1, "goes to who says nothing of groups");
	lr_lan_group(us.lan, &game, false);
	is_int(wanted("224.0.2.60"), 0, "while it is asked for");
}

static void queries(void)
{
	uint8_t *f = NULL;

	now = lr_lan_due(us.lan);
	is_int(lr_lan_poll(us.lan, now - 1, &f), 0, "not before it is due");
	size_t n = lr_lan_poll(us.lan, now, &f);
	ok(n == 14 + 36 && f[14 + 24] == 0x11 && f[14 + 9] == 2, "IGMPv3 is asked for");
	is_int(lr_sum_fold(lr_sum(f + 14, 24, 0)) | lr_sum_fold(lr_sum(f + 38, 12, 0)), 0,
		"with right checksums");
	n = lr_lan_poll(us.lan, now, &f);
	ok(n == 14 + 76 && f[14 + 48] == 130, "and MLDv2");
	is_int(lr_sum_fold(lr_sum(f + 62, 28, lr_sum_pseudo(f + 14, 58, 28))), 0,
		"with a right checksum");
	is_int(lr_lan_poll(us.lan, now, &f), 0, "once");
	is_int(lr_lan_due(us.lan), now + 125 * LR_NS_PER_S, "and again 125 s later");
	lr_lan_ask_soon(us.lan, now);
	is_int(lr_lan_due(us.lan), now + 2 * LR_NS_PER_S, "somebody came: soon, but not at once");
}

/* --- storms --- */

static unsigned burst(unsigned n, uint16_t port, unsigned ports)
{
	unsigned passed = 0;
	for (unsigned i = 0; i < n; i++) {
		uint16_t to = (uint16_t)(port + i % ports);
		passed += arrive(put_udp(buf, "10.66.0.2", "255.255.255.255", 9, to, "x")) ==
			  LR_LAN_DELIVER;
	}
	return passed;
}

static void storms(void)
{
	now += 10 * LR_NS_PER_S;
	is_int(burst(10000, 1000, 1), LR_LAN_STORM_PORT, "a second's worth of one port passes");
	is_int(v.drop, LR_LAN_DROP_STORM, "the rest is dropped by name");
	is_int(burst(50, 6112, 1), 50, "another port is not harmed");
	now += LR_NS_PER_S / 2;
	is_int(burst(10000, 1000, 1), LR_LAN_STORM_PORT / 2, "half a second later half as much");
	now += 10 * LR_NS_PER_S;
	is_int(burst(10000, 2000, 5000), LR_LAN_STORM_MEMBER,
		"a member has a limit over all ports");
	lr_lan_in(us.lan, now, us.stock, buf,
		put_udp(buf, "10.66.0.3", "255.255.255.255", 9, 9, "x"), &v);
	is_int(v.act, LR_LAN_DELIVER, "another member is not harmed");
	unsigned sent = 0;
	for (int i = 0; i < 10000; i++)
		sent += leave(put_udp(buf + LR_LAN_HEAD, "10.66.0.1", "255.255.255.255", 9, 9,
				"x")) == LR_LAN_COPIES;
	is_int(sent, LR_LAN_STORM_PORT, "our own are held back, too");
}

/* --- guests --- */

/* Our friend, or our guest at the stock peer's place, sends; whom it goes on to. */
static unsigned onward(struct lr_lan_member *from, const char *to)
{
	const char *src = from == us.stock ? "10.66.0.3" : "10.66.0.2";

	lr_lan_in(us.lan, now, from, buf, put_udp(buf, src, to, 7, 6112, "x"), &v);
	return copies();
}

static void guests(void)
{
	static const uint8_t ours[] = {10, 66, 255, 255};
	const struct lr_ip game = ip_of("224.0.2.60");

	now += 10 * LR_NS_PER_S;
	ok(onward(us.friend, "255.255.255.255") == 1 && lr_lan_next(us.lan, &v, NULL) == us.stock,
		"what comes from a member goes on to our guest, and to nobody else");
	ok(onward(us.stock, "255.255.255.255") == 1 && lr_lan_next(us.lan, &v, NULL) == us.friend,
		"what comes from a guest to all but it");
	ok(onward(us.stock, "10.66.3.255") == 1 && memcmp(v.bytes + 16, ours, 4) == 0,
		"a broadcast address of another prefix is ours before it goes on");
	is_int(onward(us.friend, "10.66.0.1"), 0, "what is for us alone goes nowhere");
	is_int(onward(us.friend, "224.0.2.60"), 0, "nor does a group that no game here has");
	lr_lan_group(us.lan, &game, true);
	is_int(onward(us.friend, "224.0.2.60"), 1, "a game's group goes to guests unasked");
	lr_lan_in(us.lan, now, us.stock, buf, igmp(buf, 0x16, "239.9.9.9"), &v);
	now += 3600 * LR_NS_PER_S;
	is_int(onward(us.friend, "224.0.2.60"), 1, "also to one that has told of groups");
	is_int(onward(us.friend, "239.9.9.9"), 1, "whose joins hold, since nobody asks for them");
	joins("a member that has told of groups", igmp(buf, 0x16, "239.1.2.3"), "224.0.2.60", 1);
	lr_lan_member_hub(us.friend, true);
	is_int(wanted("224.0.2.60"), 2, "gets the game's for its guests when it is their hub");
	lr_lan_member_hub(us.friend, false);
	lr_lan_group(us.lan, &game, false);
	lr_lan_member_at(us.stock, &us.at[0], &us.at[1], false);
	is_int(onward(us.friend, "255.255.255.255"), 0, "between members nothing goes on");
}

int main(void)
{
	both_up();
	queries(); /* the first is due soon */
	broadcast();
	other_prefix();
	groups();
	own_reports();
	storms();
	guests();
	both_down();
	return tap_done();
}
