/*
 * nat_candidate.c - candidates, texts of NAT behaviour, pairings, explanations, relay choice,
 * budget
 */
#include <errno.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/nat/budget.h"
#include "lib/nat/explain.h"
#include "lib/nat/relay_choice.h"
#include "t/unit/tap.h"

static struct lr_candidate cand(const char *text)
{
	struct lr_candidate c = {0};

	if (lr_candidate_parse(text, &c) < 0)
		printf("# cannot parse %s\n", text);
	return c;
}

static void texts(void)
{
	static const char *const good[] = {"host 192.168.1.7:51820", "ipv6 [2001:db8::7]:51820",
		"mapped 198.51.100.9:1", "reflexive 203.0.113.1:65535",
		"predicted 203.0.113.1:30001", "relay 198.51.100.1:3478#0a1b2c3d",
		"relay [2001:db8::1]:443#ffffffff"};
	static const char *const bad[] = {"", "host", "host ", "host 1.2.3.4", "host 1.2.3.4:0",
		"Host 1.2.3.4:5", "none 1.2.3.4:5", "host  1.2.3.4:5", "host 1.2.3.4:5 ",
		"host 1.2.3.4:5#00000001", "relay 1.2.3.4:5", "relay 1.2.3.4:5#1",
		"relay 1.2.3.4:5#000000001", "relay 1.2.3.4:5#0000000G", "relay 1.2.3.4:5#0A000000",
		"ipv6 [fe80::1%1]:5", "host 01.2.3.4:5",
		"host "
		"1111111111111111111111111111111111111111111111111111111111111111111111111111:5"};
	char text[LR_CANDIDATE_TEXT];
	struct lr_candidate c;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		c = cand(good[i]);
		is_str(lr_candidate_text(&c, text), good[i], good[i]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(lr_candidate_parse(bad[i], &c) == -EINVAL, "refused: \"%.40s\"", bad[i]);
}

static void usable(void)
{
	static const struct {
		const char *text;
		bool usable;
	} cases[] = {
		{"host 0.0.0.0:1", false},
		{"host 0.1.2.3:1", false},
		{"host 127.0.0.1:1", false},
		{"host 127.255.0.1:1", false},
		{"host 224.0.0.251:5353", false},
		{"host 239.1.2.3:1", false},
		{"host 240.0.0.1:1", false},
		{"host 255.255.255.255:1", false},
		{"host 10.66.0.9:1", false},
		{"host 192.168.1.255:1", false},
		{"host 192.168.1.7:51820", false},
		{"host 192.168.1.8:51820", true},
		{"host 192.168.2.255:1", true},
		{"host 10.67.0.9:1", true},
		{"host 8.8.8.8:53", true},
		{"ipv6 [::]:1", false},
		{"ipv6 [::1]:1", false},
		{"ipv6 [::5]:1", false},
		{"ipv6 [::ffff:8.8.8.8]:1", false},
		{"ipv6 [::8.8.8.8]:1", false},
		{"ipv6 [fe80::1]:1", false},
		{"ipv6 [febf::1]:1", false},
		{"ipv6 [ff02::1]:1", false},
		{"ipv6 [fd66::5]:1", false},
		{"ipv6 [fec0::1]:1", true},
		{"ipv6 [fd67::5]:1", true},
		{"ipv6 [2001:db8::1]:1", true},
	};
	struct lr_prefix pools[2], lans[2];
	struct lr_candidate_rules rules = {.pools = pools, .n_pools = 2, .lans = lans, .n_lans = 2};

	lr_prefix_parse("10.66.0.0/16", &pools[0]);
	lr_prefix_parse("fd66::/64", &pools[1]);
	lr_prefix_parse("192.168.1.7/24", &lans[0]);
	lr_prefix_parse("2001:db8:1::7/64", &lans[1]);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct lr_candidate c = cand(cases[i].text);
		ok(lr_candidate_usable(&c, &rules) == cases[i].usable, "%s: %s", cases[i].text,
			cases[i].usable ? "may be tried" : "never");
	}
	struct lr_candidate c = cand("host 192.168.1.255:1");
	ok(lr_candidate_usable(&c, NULL), "without rules only what is never an address is refused");
	c.port = 0;
	ok(!lr_candidate_usable(&c, NULL), "port 0");
	c = cand("host 8.8.8.8:1");
	c.kind = LR_CANDIDATE_KINDS;
	ok(!lr_candidate_usable(&c, NULL), "a kind that there is not");
}

static void lists(void)
{
	struct lr_candidates list = {0};
	char text[48], got[LR_CANDIDATE_TEXT];
	struct lr_candidate c = cand("reflexive 203.0.113.1:5");

	ok(lr_candidates_add(&list, &c) && lr_candidates_add(&list, &c) && list.n == 1,
		"added once");
	c.kind = LR_CANDIDATE_HOST;
	lr_candidates_add(&list, &c);
	ok(list.n == 1 && list.at[0].kind == LR_CANDIDATE_HOST, "the earlier kind is kept");
	for (int i = 0; i < 15; i++) {
		snprintf(text, sizeof(text), "reflexive 203.0.113.9:%d", i + 1);
		c = cand(text);
		lr_candidates_add(&list, &c);
	}
	is_int(list.n, LR_CANDIDATES_MAX, "full");
	c = cand("relay 198.51.100.1:3478#00000001");
	ok(!lr_candidates_add(&list, &c), "a later kind finds no room");
	c = cand("host 192.0.2.1:1");
	ok(lr_candidates_add(&list, &c) && list.n == LR_CANDIDATES_MAX, "an earlier kind does");

	static const char *const in[] = {"reflexive 203.0.113.1:5", "relay 9.9.9.9:1#00000001",
		"ipv6 [2001:db8::2]:5", "host 192.168.9.2:5", "mapped 203.0.113.2:6",
		"host 192.168.1.9:5", "host 127.0.0.1:5", "reflexive 203.0.113.50:5"};
	static const char *const out[] = {"host 192.168.1.9:5", "reflexive 203.0.113.50:5",
		"host 192.168.9.2:5", "ipv6 [2001:db8::2]:5", "mapped 203.0.113.2:6",
		"reflexive 203.0.113.1:5", "relay 9.9.9.9:1#00000001"};
	struct lr_prefix lan;
	struct lr_candidate_rules rules = {
		.lans = &lan, .n_lans = 1, .outside = {4, {203, 0, 113, 50}}};
	lr_prefix_parse("192.168.1.7/24", &lan);
	list.n = 0;
	for (size_t i = 0; i < sizeof(in) / sizeof(in[0]); i++) {
		c = cand(in[i]);
		lr_candidates_add(&list, &c);
	}
	lr_candidates_order(&list, &rules);
	is_int(list.n, sizeof(out) / sizeof(out[0]), "ordered: loopback is gone");
	for (size_t i = 0; i < sizeof(out) / sizeof(out[0]); i++)
		is_str(lr_candidate_text(&list.at[i], got), out[i], out[i]);
}

static void nat(void)
{
	static const char *const good[] = {"ei/ei open preserves hairpin", "apd/apd delta=1", "?/?",
		"ei/ad", "ad/apd delta=-16", "?/? blocked"};
	static const char *const bad[] = {
		"", "ei", "ei/", "/ei", "x/ei", "ei/ei delta=x", "ei/ei delta=99"};
	char text[LR_NAT_TEXT];
	struct lr_nat n;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		is_int(lr_nat_parse(good[i], &n), 0, good[i]);
		is_str(lr_nat_text(&n, text), good[i], "  and back");
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(lr_nat_parse(bad[i], &n) == -EINVAL, "refused: \"%s\"", bad[i]);
	ok(lr_nat_parse("ei/apd future=1 hairpin", &n) == 0 && n.flags == LR_NAT_HAIRPIN,
		"words of a later version are skipped");
	static const struct {
		const char *a, *b;
		enum lr_pairing pair;
	} pairs[] = {
		{"ei/apd", "ei/apd", LR_PAIR_SIMPLE},
		{"apd/apd", "ei/ei", LR_PAIR_SIMPLE},
		{"apd/apd", "ei/ad", LR_PAIR_SIMPLE},
		{"apd/apd", "apd/ei", LR_PAIR_SIMPLE},
		{"apd/apd", "ei/apd", LR_PAIR_BIRTHDAY},
		{"ad/apd", "ei/apd", LR_PAIR_BIRTHDAY},
		{"apd/apd delta=2", "ei/apd", LR_PAIR_PREDICT},
		{"apd/apd delta=2", "apd/apd", LR_PAIR_HOPELESS},
		{"?/? blocked", "ei/ei", LR_PAIR_BLOCKED},
		{"?/?", "apd/apd", LR_PAIR_BIRTHDAY},
		{"?/?", "?/?", LR_PAIR_SIMPLE},
	};
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct lr_nat a, b;
		lr_nat_parse(pairs[i].a, &a);
		lr_nat_parse(pairs[i].b, &b);
		ok(lr_nat_pairing(&a, &b) == pairs[i].pair &&
				lr_nat_pairing(&b, &a) == pairs[i].pair,
			"%s x %s: %d", pairs[i].a, pairs[i].b, pairs[i].pair);
	}
}

static void relays(void)
{
	static const struct {
		uint32_t a[2], b[2], c[2];
		int chosen;
	} cases[] = {
		{{10, 50}, {30, 20}, {60, 1}, 1},
		{{10, 10}, {20, 0}, {0, 20}, 1}, /* equal: the first name, "a:1" of index 1 */
		{{10, LR_LEG_UNKNOWN}, {500, 500}, {LR_LEG_UNKNOWN, 1}, 1},
		{{10, LR_LEG_UNKNOWN}, {LR_LEG_UNKNOWN, LR_LEG_UNKNOWN}, {5, LR_LEG_UNKNOWN}, 2},
		{{LR_LEG_UNKNOWN, LR_LEG_UNKNOWN}, {LR_LEG_UNKNOWN, LR_LEG_UNKNOWN},
			{LR_LEG_UNKNOWN, LR_LEG_UNKNOWN}, -1},
		{{UINT32_MAX - 1, UINT32_MAX - 1}, {UINT32_MAX - 1, UINT32_MAX - 2},
			{UINT32_MAX - 1, UINT32_MAX - 1}, 1},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct lr_relay_offer offers[] = {
			{"m:1", cases[i].a}, {"a:1", cases[i].b}, {"z:1", cases[i].c}};
		const struct lr_relay_offer turned[] = {offers[2], offers[1], offers[0]};
		is_int(lr_relay_choose(offers, 3, 2), cases[i].chosen, "the smallest sum");
		int other = lr_relay_choose(turned, 3, 2);
		is_int(other < 0 ? other : 2 - other, cases[i].chosen, "  in whatever order");
	}
	is_int(lr_relay_choose(NULL, 0, 2), -1, "no relay");
	static const struct {
		uint32_t published, measured, want;
	} legs[] = {{LR_LEG_UNKNOWN, 20400, 20000}, {20000, 24900, 20000}, {20000, 25100, 25000},
		{100000, 120000, 100000}, {100000, 126000, 126000}, {100000, 60000, 60000},
		{4000, 100, 4000}, {4000, LR_LEG_UNKNOWN, LR_LEG_UNKNOWN},
		{LR_LEG_UNKNOWN, LR_LEG_UNKNOWN, LR_LEG_UNKNOWN}};
	for (size_t i = 0; i < sizeof(legs) / sizeof(legs[0]); i++)
		ok(lr_relay_leg(legs[i].published, legs[i].measured) == legs[i].want,
			"leg %u, measured %u: %u", legs[i].published, legs[i].measured,
			legs[i].want);
}

static void budget(void)
{
	static const char *const bad[] = {"", ",", "1", "1,", ",1", "-1,5", "1025,5", "5,10001",
		"5,5,5", "5 ,5", "x,5", "000005,5"};
	static struct lr_budget b;
	uint64_t now = LR_NS_PER_S;

	lr_budget_init(&b);
	ok(b.sockets == 256 && b.packets_s == 200, "256 sockets and 200 packets/s by default");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(lr_budget_parse(bad[i], &b) == -EINVAL, "refused: \"%s\"", bad[i]);
	ok(lr_budget_parse("16,100", &b) == 0 && b.sockets == 16 && b.packets_s == 100, "16,100");
	int n = 0;
	while (lr_budget_take(&b, now, true))
		n++;
	is_int(n, 48, "a search takes 48 at once");
	while (lr_budget_take(&b, now, false))
		n++;
	is_int(n, 64, "plain attempts the other 16");
	is_int(lr_budget_due(&b, now, false) - now, LR_NS_PER_S / 100, "the next in 10 ms");
	ok(!lr_budget_take(&b, now + LR_NS_PER_S / 100 - 1, false), "not before");
	ok(lr_budget_take(&b, now + LR_NS_PER_S / 100, false), "then it is there");
	for (n = 0, now += 10 * LR_NS_PER_S; n < 1000 && lr_budget_take(&b, now, false);)
		n++;
	is_int(n, 64, "rest saves up no more than 64");
	lr_budget_parse("0,0", &b);
	ok(!lr_budget_take(&b, now, false) && lr_budget_due(&b, now, false) == LR_NEVER,
		"0,0: never");
}

static void explain(void)
{
	char text[LR_EXPLAIN_TEXT];
	struct lr_explain e = {.own = {LR_BEHAVE_APD, LR_BEHAVE_APD, 0, 0},
		.peer = {LR_BEHAVE_APD, LR_BEHAVE_APD, 0, 1}};

	lr_endpoint_parse("[2001:db8:1234:5678:9abc:def0:1234:5678]:65535", &e.route.to);
	for (int r = 0; r < LR_REASONS; r++)
		for (int side = 0; side < 2; side++) {
			e.reason = (enum lr_reason)r;
			e.ours = side;
			e.direct = r <= LR_REASON_SEARCHED;
			lr_explain_text(
				&e, "a-name-that-is-as-long-as-names-may-be-at-most-here", text);
			size_t n = strlen(text);
			ok(n > 40 && n < LR_EXPLAIN_TEXT - 1 && text[n - 1] == '.' &&
					!strchr(text, '\n') && lr_reason_name(e.reason)[0],
				"%s: %zu characters", lr_reason_name(e.reason), n);
		}
	struct lr_explain stock = {.reason = LR_REASON_STOCK, .direct = true};
	lr_endpoint_parse("192.0.2.1:51820", &stock.route.to);
	is_str(lr_explain_text(&stock, "phone", text),
		"phone is reached directly at 192.0.2.1:51820, because it is a plain WireGuard "
		"peer, which "
		"is answered where its packets come from.",
		"a whole sentence");
}

int main(void)
{
	texts();
	usable();
	lists();
	nat();
	relays();
	budget();
	explain();
	return tap_done();
}
