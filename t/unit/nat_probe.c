/*
 * nat_probe.c - the wire format of probes, hints, and pings that wait
 */
#include <errno.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/nat/hints.h"
#include "lib/nat/pings.h"
#include "t/unit/tap.h"

#define UNIX 1795000000000000000ull
#define DAY  (LR_DAY_S * LR_NS_PER_S)

static struct lr_probe_pair low, high;

static struct lr_endpoint at(const char *text)
{
	struct lr_endpoint e = {0};

	lr_endpoint_parse(text, &e);
	return e;
}

static size_t sealed(const struct lr_probe_pair *p, const struct lr_probe *probe, uint8_t *out)
{
	return lr_probe_build(p, UNIX, probe, out, LR_PROBE_MAX);
}

static void ping_pong(void)
{
	struct lr_probe ping = {.kind = LR_PROBE_PING, .id = {1, 2, 3}}, got;
	uint8_t b[LR_PROBE_MAX];
	size_t n = sealed(&low, &ping, b);

	is_int(n, LR_PROBE_MIN, "a ping has 81 bytes");
	is_int(lr_classify(b, n), LR_DATAGRAM_PROBE, "it is sorted as a probe");
	ok(lr_probe_open(&high, b, n, &got) == 0 && got.kind == LR_PROBE_PING &&
			memcmp(got.id, ping.id, sizeof(ping.id)) == 0 && got.size == n,
		"the other end reads it");
	is_int(lr_probe_open(&low, b, n, &got), -EBADMSG, "its own end does not: reflection");
	static const char *const seen[] = {"192.0.2.1:51820", "[2001:db8::1]:1"};
	for (int i = 0; i < 2; i++) {
		struct lr_probe pong = {.kind = LR_PROBE_PONG, .id = {9}, .seen = at(seen[i])};
		char text[LR_ENDPOINT_TEXT];
		size_t k = sealed(&high, &pong, b);
		ok(k <= n, "a pong is no longer than a ping");
		is_int(lr_probe_open(&low, b, k, &got), 0, "and read");
		is_str(lr_endpoint_text(&got.seen, text), seen[i], "with the address seen");
	}
	struct lr_probe pong = {.kind = LR_PROBE_PONG};
	n = sealed(&high, &pong, b);
	ok(lr_probe_open(&low, b, n, &got) == 0 && got.seen.sa.sa_family == AF_UNSPEC,
		"through a relay no address is seen");
}

static void sizes(void)
{
	static const struct {
		size_t want, got;
	} cases[] = {
		{0, 81}, {80, 81}, {82, 82}, {1200, 1200}, {1472, 1472}, {1473, 0}, {60000, 0}};
	uint8_t b[LR_PROBE_MAX];
	struct lr_probe got;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct lr_probe ping = {.kind = LR_PROBE_PING, .size = cases[i].want};
		size_t n = sealed(&low, &ping, b);
		ok(n == cases[i].got && (n == 0 || (lr_probe_open(&high, b, n, &got) == 0 &&
							   got.size == n)),
			"a ping of %zu has %zu bytes", cases[i].want, n);
	}
	struct lr_probe ping = {.kind = LR_PROBE_PING};
	is_int(lr_probe_build(&low, UNIX, &ping, b, 80), 0, "no room: nothing");
}

static void call_me(void)
{
	struct lr_probe call = {.kind = LR_PROBE_CALL,
		.time_ms = UNIX / 1000000,
		.nat = {LR_BEHAVE_APD, LR_BEHAVE_AD, LR_NAT_HAIRPIN, -3}};
	struct lr_probe got;
	uint8_t b[LR_PROBE_MAX];

	for (unsigned i = 0; i < LR_CANDIDATES_MAX; i++) {
		struct lr_candidate c = {.kind = (uint8_t)(1 + i % 6),
			.port = (uint16_t)(1000 + i),
			.channel = i % 6 == 5 ? 77 : 0,
			.ip = lr_ip4(0x01020300 + i)};
		if (i % 2)
			lr_ip_parse("2001:db8::5", &c.ip);
		lr_candidates_add(&call.list, &c);
		size_t n = sealed(&high, &call, b);
		ok(n == 67 + 24 * (i + 1) && lr_probe_open(&low, b, n, &got) == 0 &&
				got.time_ms == call.time_ms &&
				memcmp(&got.nat, &call.nat, sizeof(got.nat)) == 0 &&
				lr_candidates_same(&got.list, &call.list),
			"a call-me with %u candidates: %zu bytes", i + 1, n);
	}
	is_int(sealed(&high, &call, b), LR_PROBE_CALL_MAX, "the longest");
}

static void altered(void)
{
	struct lr_probe ping = {.kind = LR_PROBE_PING}, got;
	uint8_t b[LR_PROBE_MAX];
	size_t n = sealed(&low, &ping, b), taken = 0;

	for (size_t i = 0; i < n; i++) {
		b[i] ^= 1;
		taken += lr_probe_open(&high, b, n, &got) == 0;
		b[i] ^= 1;
	}
	for (size_t k = 0; k < n; k++)
		taken += lr_probe_open(&high, b, k, &got) == 0;
	is_int(taken, 0, "no altered or cut probe is taken");
	ok(lr_probe_open(&high, b, n, &got) == 0, "the whole one is");
	ok(!lr_probe_hint_of(b, 50) && !lr_probe_hint_of(b, 2000), "too short or long: no hint");
}

/* Right boxes with bodies that make no sense, as a faulty member would send them. */
static void nonsense(void)
{
	static const struct {
		const char *name;
		uint8_t body[64];
		size_t len;
	} cases[] = {
		{"kind 0", {0}, 29},
		{"kind 4", {4}, 29},
		{"a ping of 28", {1}, 28},
		{"a pong that saw family 5", {2, [10] = 5}, 29},
		{"a call-me of 15 that says 1", {3, [14] = 1}, 15},
		{"a call-me of 39 that says 17", {3, [14] = 17}, 39},
		{"a candidate of kind 0", {3, [14] = 1, [15] = 0, [16] = 4}, 39},
		{"a candidate of kind 7", {3, [14] = 1, [15] = 7, [16] = 4}, 39},
		{"a candidate of family 9", {3, [14] = 1, [15] = 1, [16] = 9}, 39},
	};
	struct lr_probe ping = {.kind = LR_PROBE_PING}, got;
	uint8_t b[LR_PROBE_MAX];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		sealed(&low, &ping, b);
		lr_xseal_once(
			b + LR_PROBE_HEAD, cases[i].body, cases[i].len, b, 12, b + 12, low.send);
		is_int(lr_probe_open(&high, b, LR_PROBE_HEAD + cases[i].len + LR_TAG_LEN, &got),
			-EBADMSG, cases[i].name);
	}
}

static void hints(void)
{
	struct lr_hints h;
	struct lr_hint_set set = {0}, other_set = {0};
	struct lr_probe_pair other;
	uint8_t hint[LR_PROBE_HINT_LEN];
	int member = 0, stranger = 0;
	static const uint8_t secret[LR_KEY_LEN] = {3};
	uint64_t today = UNIX / DAY;
	const struct lr_clocks now = {{UNIX, UNIX}}, tomorrow = {{UNIX + DAY, UNIX + DAY}};
	const struct lr_clocks unset = {{UNIX, 0}};

	lr_probe_pair_init(&other, secret, true);
	lr_hints_init(&h);
	is_int(lr_hints_set(&h, &set, &high, &now, &member), 0, "a member");
	lr_hints_set(&h, &other_set, &other, &now, &stranger);
	for (uint64_t day = today - 2; day <= today + 2; day++) {
		lr_probe_hint(&low, day, true, hint);
		bool near = day >= today - 1 && day <= today + 1;
		ok(lr_hints_find(&h, hint) == (near ? &member : NULL), "hint of day %+d",
			(int)(day - today));
	}
	lr_probe_hint(&high, today, true, hint);
	ok(!lr_hints_find(&h, hint), "what we send ourselves has an unknown hint");
	is_int(h.map.n, 6, "three a member");
	lr_hints_set(&h, &set, &high, &tomorrow, &member);
	is_int(h.map.n, 6, "and three the next day");
	lr_probe_hint(&low, today + 2, true, hint);
	ok(lr_hints_find(&h, hint) == &member, "that of the day after tomorrow by then");
	lr_probe_hint(&low, today - 1, true, hint);
	ok(!lr_hints_find(&h, hint), "the oldest is gone");
	lr_hints_remove(&h, &set);
	is_int(h.map.n, 3, "removed: only the other's are left");
	is_int(lr_hints_set(&h, &set, &high, &unset, &member), 0, "a clock at 1970");
	lr_probe_hint(&low, 0, true, hint);
	ok(lr_hints_find(&h, hint) == &member, "  still finds its member");
	ok(lr_hints_by(&set, LR_CLOCK_OWN, hint) && !lr_hints_by(&set, LR_CLOCK_RELAYS, hint),
		"  by its own clock");
	lr_probe_hint(&low, today, true, hint);
	ok(lr_hints_find(&h, hint) == &member, "and one that goes by the relays' clock");
	ok(!lr_hints_by(&set, LR_CLOCK_OWN, hint) && lr_hints_by(&set, LR_CLOCK_RELAYS, hint),
		"  which is another");
	lr_hints_release(&h);
}

static void pings(void)
{
	struct lr_pings p = {0};
	struct lr_route a = {.to = at("192.0.2.1:1")}, b = {.to = at("192.0.2.1:2")}, s = a;
	struct lr_ping got;
	uint8_t id[LR_PROBE_ID_LEN];

	s.socket = 3;
	memcpy(id, lr_pings_add(&p, 7, &a, 81, 5)->id, sizeof(id));
	ok(!lr_pings_take(&p, id, &b, &got), "a pong from another port does not count");
	ok(!lr_pings_take(&p, id, &s, &got), "nor one to another socket");
	ok(lr_pings_take(&p, id, &a, &got) && got.sent_ns == 7 && got.size == 81 &&
			got.purpose == 5,
		"the right one does");
	ok(!lr_pings_take(&p, id, &a, &got), "once");
	memcpy(id, lr_pings_add(&p, 8, &a, 81, 0)->id, sizeof(id));
	for (int i = 0; i < LR_PINGS - 1; i++)
		lr_pings_add(&p, 9, &b, 81, 0);
	ok(lr_pings_take(&p, id, &a, &got), "remembered behind 31 newer ones");
	memset(id, 0, sizeof(id));
	lr_pings_add(&p, 9, &b, 81, 0);
	ok(!lr_pings_take(&p, id, &a, &got), "a free place matches nothing");
}

int main(void)
{
	static const uint8_t secret[LR_KEY_LEN] = {1, 2};

	lr_crypto_init();
	lr_probe_pair_init(&low, secret, true);
	lr_probe_pair_init(&high, secret, false);
	ping_pong();
	sizes();
	call_me();
	altered();
	nonsense();
	hints();
	pings();
	return tap_done();
}
