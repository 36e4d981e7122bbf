/*
 * lan_rules.c - what passes and what does not, sending and receiving, and why
 */
#include "t/unit/lan_two.h"

static const struct {
	const char *what, *dst;
	uint16_t from, to;
	enum lr_lan_drop out, in; /* sent by us; when it comes to us (dst is then our address) */
} udp[] = {
	{"a game", "10.66.0.2", 27960, 27960, 0, 0},
	{"a DHCP offer", "10.66.0.2", 67, 68, LR_LAN_DROP_DHCP, LR_LAN_DROP_DHCP},
	{"a DHCP question", "255.255.255.255", 68, 67, LR_LAN_DROP_DHCP, LR_LAN_DROP_DHCP},
	{"DHCPv6", "ff02::1:2", 546, 547, LR_LAN_DROP_DHCP, LR_LAN_DROP_DHCP},
	{"the port mapper", "10.66.0.2", 999, 111, LR_LAN_DROP_SERVICE, LR_LAN_DROP_SERVICE},
	{"an answer from such a port", "10.66.0.2", 111, 999, 0, 0},
	{"NetBIOS", "10.66.255.255", 137, 137, LR_LAN_DROP_NOISE, LR_LAN_DROP_NOISE},
	{"LLMNR", "224.0.0.252", 5355, 5355, LR_LAN_DROP_NOISE, LR_LAN_DROP_NOISE},
	{"mDNS", "ff02::fb", 5353, 5353, LR_LAN_DROP_NOISE, LR_LAN_DROP_NOISE},
	{"Dropbox", "255.255.255.255", 17500, 17500, LR_LAN_DROP_NOISE, LR_LAN_DROP_NOISE},
	{"an mDNS answer to one", "10.66.0.2", 5353, 5353, 0, 0},
	{"to a stranger's network", "192.168.7.7", 5, 6, 0, LR_LAN_DROP_NOT_OURS},
};

/* The packet goes out, and comes in: to us where it went to our friend. */
static void both_ways(const char *what, const char *src, const char *dst, size_t len,
	enum lr_lan_drop out, enum lr_lan_drop in)
{
	static uint8_t copy[2048];
	size_t at = src[0] == 'f' ? 8 : 12, width = src[0] == 'f' ? 16 : 4;
	bool one = strcmp(dst, "10.66.0.2") == 0 || strcmp(dst, "fd66::2") == 0;

	memcpy(copy, buf + LR_LAN_HEAD, len);
	leave(len);
	is_int(v.drop, out, what);
	memcpy(buf, copy, len);
	memcpy(buf + at, us.friend_at[width == 16].b, width);
	if (one)
		memcpy(buf + at + width, us.at[width == 16].b, width);
	arrive(len);
	is_int(v.drop, in, what);
}

static void ports(void)
{
	for (size_t i = 0; i < sizeof(udp) / sizeof(udp[0]); i++) {
		const char *src = strchr(udp[i].dst, ':') ? "fd66::1" : "10.66.0.1";
		size_t len =
			put_udp(buf + LR_LAN_HEAD, src, udp[i].dst, udp[i].from, udp[i].to, "x");
		both_ways(udp[i].what, src, udp[i].dst, len, udp[i].out, udp[i].in);
	}
}

static enum lr_lan_drop tcp(uint16_t from, uint16_t to, uint8_t flags)
{
	leave(put_tcp(buf + LR_LAN_HEAD, "10.66.0.1", "10.66.0.2", from, to, flags));
	return v.drop;
}

static void services(void)
{
	is_int(tcp(40000, 22, 2), LR_LAN_DROP_SERVICE, "no connection to a shell is opened");
	is_int(tcp(40000, 3389, 0x42), LR_LAN_DROP_SERVICE, "nor to a desktop, with ECN");
	is_int(tcp(40000, 25565, 2), 0, "one to a game is");
	is_int(tcp(5900, 25565, 2), 0, "from whatever port");
	is_int(tcp(5900, 40000, 0x12), 0, "and its answer");
	lr_lan_open(us.lan, true);
	is_int(tcp(40000, 22, 2), 0, "opened, services pass");
	lr_lan_open(us.lan, false);
}

static enum lr_lan_drop udp_in(const char *dst, uint16_t from, uint16_t to)
{
	arrive(put_udp(buf, "10.66.0.2", dst, from, to, "x"));
	return v.drop;
}

/* A game's port is 4445. */
static void answers(void)
{
	is_int(udp_in("10.66.0.1", 40000, 4445), 0, "a question to our game passes");
	is_int(udp_in("10.66.0.1", 4445, 631), LR_LAN_DROP_ISOLATED,
		"who sends from a game's port reaches no other");
	is_int(udp_in("10.66.255.255", 4445, 631), LR_LAN_DROP_ISOLATED, "nor by broadcast");
	is_int(udp_in("10.66.0.1", 631, 4445), 0, "it asks from there");
	is_int(udp_in("10.66.0.1", 4445, 631), LR_LAN_DROP_ISOLATED,
		"which is no question of ours");
	leave(put_udp(buf + LR_LAN_HEAD, "10.66.0.1", "255.255.255.255", 41000, 4445, "x"));
	is_int(udp_in("10.66.0.1", 4445, 41000), 0, "a game's answer to what we asked passes");
	is_int(udp_in("10.66.0.1", 4446, 41000), LR_LAN_DROP_ISOLATED, "another's does not");
	is_int(udp_in("10.66.0.1", 4445, 41001), LR_LAN_DROP_ISOLATED, "nor to another port");
	now += 121 * LR_NS_PER_S;
	is_int(udp_in("10.66.0.1", 4445, 41000), LR_LAN_DROP_ISOLATED, "nor two minutes later");
	/* Through us as a hub: our guest asks, our friend answers, and not otherwise. */
	lr_lan_in(us.lan, now, us.stock, buf,
		put_udp(buf, "10.66.0.3", "10.66.0.2", 42000, 4445, "x"), &v);
	is_int(udp_in("10.66.0.3", 4445, 42000), 0, "an answer to our guest");
	is_int(udp_in("10.66.0.3", 4445, 42001), LR_LAN_DROP_ISOLATED, "nobody asked from there");
}

static void isolated(void)
{
	struct lr_lan_ports set;

	is_int(lr_lan_ports_parse("27960-27963,4445", &set), 0, "a list of ports");
	lr_lan_isolate(us.lan, &set, false);
	is_int(tcp(1, 27961, 2), 0, "isolated: a game's port passes");
	is_int(tcp(1, 27964, 2), LR_LAN_DROP_ISOLATED, "the next does not");
	leave(put_udp(buf + LR_LAN_HEAD, "10.66.0.1", "10.66.0.2", 4445, 9, "x"));
	is_int(v.drop, 0, "an answer from a game's port passes");
	leave(put_udp(buf + LR_LAN_HEAD, "10.66.0.1", "255.255.255.255", 9, 9, "x"));
	is_int(v.drop, LR_LAN_DROP_ISOLATED, "a broadcast to another does not");
	size_t head = put_ip(buf + LR_LAN_HEAD, "10.66.0.1", "10.66.0.2", LR_ICMP, 64, 8);
	memset(buf + LR_LAN_HEAD + head, 8, 1);
	leave(head + 8);
	is_int(v.drop, 0, "a ping does");
	answers();
	lr_lan_isolate(us.lan, NULL, false);
	const char *wrong[] = {"0", "1-", "5-4", "70000", "1,", ",1", "a", "1;2"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ok(lr_lan_ports_parse(wrong[i], &set) < 0, "no list: %s", wrong[i]);
	ok(lr_lan_ports_parse("", &set) == 0, "an empty list is one");
}

static void noise(void)
{
	unsigned bits;

	is_int(lr_lan_noise_parse("mdns,netbios", &bits), 0, "kinds of noise");
	is_int(bits, LR_LAN_MDNS | LR_LAN_NETBIOS, "both");
	ok(lr_lan_noise_parse("mdns,", &bits) < 0 && lr_lan_noise_parse("dns", &bits) < 0 &&
			lr_lan_noise_parse("", &bits) < 0,
		"what is no kind is none");
	lr_lan_pass(us.lan, LR_LAN_MDNS);
	leave(put_udp(buf + LR_LAN_HEAD, "10.66.0.1", "224.0.0.251", 5353, 5353, "x"));
	is_int(v.act, LR_LAN_COPIES, "what is asked for passes");
	leave(put_udp(buf + LR_LAN_HEAD, "10.66.0.1", "224.0.0.252", 5355, 5355, "x"));
	is_int(v.drop, LR_LAN_DROP_NOISE, "the rest does not");
	lr_lan_pass(us.lan, 0);
}

static const struct {
	const char *what;
	bool six;
	uint8_t type;
	enum lr_lan_drop drop;
} icmp[] = {
	{"an echo", false, 8, 0},
	{"a redirect", false, 5, LR_LAN_DROP_REDIRECT},
	{"a router's advertisement", false, 9, LR_LAN_DROP_ROUTER},
	{"an echo", true, 128, 0},
	{"a router's advertisement, IPv6", true, 134, LR_LAN_DROP_ROUTER},
	{"a question for routers, IPv6", true, 133, LR_LAN_DROP_ROUTER},
	{"a redirect, IPv6", true, 137, LR_LAN_DROP_REDIRECT},
};

static void control(void)
{
	for (size_t i = 0; i < sizeof(icmp) / sizeof(icmp[0]); i++) {
		const char *src = icmp[i].six ? "fd66::1" : "10.66.0.1";
		const char *dst = icmp[i].six ? "fd66::2" : "10.66.0.2";
		uint8_t *p = buf + LR_LAN_HEAD;
		size_t head = put_ip(p, src, dst, icmp[i].six ? 58 : 1, 255, 24);
		memset(p + head, 0, 24);
		p[head] = icmp[i].type;
		both_ways(icmp[i].what, src, dst, head + 24, icmp[i].drop, icmp[i].drop);
	}
	size_t head = put_ip(buf, "fd66::2", "ff02::1", 58, 255, 24);
	memset(buf + head, 0, 24);
	buf[head] = 136;
	arrive(head + 24);
	is_int(v.drop, LR_LAN_DROP_NEIGHBOUR, "a member's neighbour advertisement is not heard");
}

/* The UDP packet at `p` with four bytes of options behind the IPv4 header. */
static size_t with_option(uint8_t *p, uint8_t option)
{
	size_t head = put_ip(p, "10.66.0.2", "10.66.0.1", LR_UDP, 64, 12);

	p[0] = 0x46;
	memcpy(p + head, (uint8_t[]){option, option == 1 ? 1 : 4, 1, 1}, 4);
	memset(p + head + 4, 9, 8);
	lr_put_be16(p + head + 8, 8);
	return head + 12;
}

static void hidden(void)
{
	arrive(with_option(buf, 131));
	is_int(v.drop, LR_LAN_DROP_SOURCE_ROUTE, "a loose source route");
	arrive(with_option(buf, 137));
	is_int(v.drop, LR_LAN_DROP_SOURCE_ROUTE, "a strict one");
	arrive(with_option(buf, 1));
	is_int(v.act, LR_LAN_DELIVER, "another option is none");
	size_t head = put_ip(buf, "fd66::2", "fd66::1", 43, 64, 16);
	memset(buf + head, 0, 16);
	buf[head] = LR_UDP;
	arrive(head + 16);
	is_int(v.drop, LR_LAN_DROP_SOURCE_ROUTE, "a routing header");
	head = put_ip(buf, "10.66.0.2", "10.66.0.1", LR_TCP, 64, 8);
	buf[6] = 0x20;
	arrive(head + 8);
	is_int(v.drop, LR_LAN_DROP_TINY, "a first fragment without the flags of TCP");
	head = put_ip(buf, "10.66.0.2", "10.66.0.1", LR_TCP, 64, 24);
	buf[7] = 1;
	arrive(head + 24);
	is_int(v.drop, LR_LAN_DROP_TINY, "one that would lie over them");
	buf[7] = 100;
	arrive(head + 24);
	is_int(v.act, LR_LAN_DELIVER, "a later one passes");
}

/* What passes through us as the hub of the stock peer, 10.66.0.3: to it, and from it. */
static void between(const char *what, size_t (*put)(uint8_t *p, const char *src, const char *dst),
	enum lr_lan_drop drop)
{
	lr_lan_in(us.lan, now, us.friend, buf, put(buf, "10.66.0.2", "10.66.0.3"), &v);
	is_int(v.drop, drop, what);
	ok(drop || (v.act == LR_LAN_ONWARD && v.only == us.stock), "%s: to the guest", what);
	lr_lan_in(us.lan, now, us.stock, buf, put(buf, "10.66.0.3", "10.66.0.2"), &v);
	is_int(v.drop, drop, what);
	ok(drop || (v.act == LR_LAN_ONWARD && v.only == us.friend), "%s: from the guest", what);
}
static size_t put_game(uint8_t *p, const char *src, const char *dst)
{
	return put_udp(p, src, dst, 27960, 27960, "x");
}
static size_t put_stream(uint8_t *p, const char *src, const char *dst)
{
	return put_tcp(p, src, dst, 445, 40000, 0x10);
}
static size_t put_service(uint8_t *p, const char *src, const char *dst)
{
	return put_tcp(p, src, dst, 40000, 445, 2);
}
static size_t put_dhcp(uint8_t *p, const char *src, const char *dst)
{
	return put_udp(p, src, dst, 67, 68, "x");
}
static size_t put_icmp(uint8_t *p, const char *src, const char *dst, uint8_t type)
{
	size_t head = put_ip(p, src, dst, LR_ICMP, 64, 24);
	memset(p + head, 0, 24);
	p[head] = type;
	return head + 24;
}
static size_t put_redirect(uint8_t *p, const char *src, const char *dst)
{
	return put_icmp(p, src, dst, 5);
}
static size_t put_router(uint8_t *p, const char *src, const char *dst)
{
	return put_icmp(p, src, dst, 9);
}
static size_t put_routed(uint8_t *p, const char *src, const char *dst)
{
	struct lr_ip s = ip_of(src), d = ip_of(dst);
	size_t len = with_option(p, 131);
	memcpy(p + 12, s.b, 4);
	memcpy(p + 16, d.b, 4);
	return len;
}
static size_t put_etherip(uint8_t *p, const char *src, const char *dst)
{
	return put_ip(p, src, dst, LR_ETHERIP, 64, 30) + 30;
}

static void through_the_hub(void)
{
	struct lr_lan_ports none = {0};

	between("a game", put_game, 0);
	between("TCP that opens no connection", put_stream, 0);
	between("a service", put_service, LR_LAN_DROP_SERVICE);
	between("a DHCP offer", put_dhcp, LR_LAN_DROP_DHCP);
	between("a redirect", put_redirect, LR_LAN_DROP_REDIRECT);
	between("a router's advertisement", put_router, LR_LAN_DROP_ROUTER);
	between("a source route", put_routed, LR_LAN_DROP_SOURCE_ROUTE);
	lr_lan_in(us.lan, now, us.stock, buf, put_etherip(buf, "10.66.0.3", "10.66.0.2"), &v);
	ok(v.act == LR_LAN_DROP, "a guest's EtherIP goes nowhere");
	lr_lan_isolate(us.lan, &none, false);
	between("isolated, a game that is not active", put_game, LR_LAN_DROP_ISOLATED);
	lr_lan_isolate(us.lan, NULL, false);
	lr_lan_open(us.lan, true);
	between("opened, a service", put_service, 0);
	lr_lan_open(us.lan, false);
	lr_lan_in(us.lan, now, us.stock, buf, put_game(buf, "10.66.0.3", "192.168.7.7"), &v);
	is_int(v.drop, LR_LAN_DROP_NOT_OURS, "a guest's packet for nobody here");
	lr_lan_in(us.lan, now, us.friend, buf, put_game(buf, "10.66.0.2", "10.66.0.2"), &v);
	is_int(v.drop, LR_LAN_DROP_NOT_OURS, "nothing goes back to who sent it");
	const struct lr_ip at = ip_of("10.66.0.3");
	lr_lan_member_at(us.stock, &at, &(struct lr_ip){0}, false);
	lr_lan_in(us.lan, now, us.friend, buf, put_game(buf, "10.66.0.2", "10.66.0.3"), &v);
	is_int(v.drop, LR_LAN_DROP_NOT_OURS, "between members nothing goes on");
	lr_lan_member_at(us.stock, &at, &(struct lr_ip){0}, true);
}

int main(void)
{
	both_up();
	ports();
	services();
	isolated();
	noise();
	control();
	hidden();
	through_the_hub();
	for (unsigned i = 1; i < LR_LAN_DROPS; i++)
		for (unsigned k = 1; k < i; k++)
			if (strcmp(lr_lan_drop_name(i), lr_lan_drop_name(k)) == 0)
				ok(false, "two drops are called %s", lr_lan_drop_name(i));
	both_down();
	return tap_done();
}
