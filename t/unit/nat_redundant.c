/*
 * nat_redundant.c - which packets go over two paths, over which second one, and what it was worth
 */
#include <errno.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/nat/copies.h"
#include "lib/nat/redundant.h"
#include "t/unit/tap.h"

#define MS LR_NS_PER_MS

static uint64_t now = 100 * LR_NS_PER_S;

/* --- modes and packets --- */

static void modes(void)
{
	enum lr_redundant m = LR_REDUNDANT_OFF;

	ok(lr_redundant_parse("", &m) == 0 && m == LR_REDUNDANT_GAME, "nothing said: game");
	ok(lr_redundant_parse("all", &m) == 0 && m == LR_REDUNDANT_ALL, "all");
	ok(lr_redundant_parse("game", &m) == 0 && m == LR_REDUNDANT_GAME, "game");
	is_int(lr_redundant_parse("off", &m), -EINVAL, "off is what leaving it out says");
	is_int(lr_redundant_parse("gam", &m), -EINVAL, "no beginnings of words");
	is_str(lr_redundant_name(LR_REDUNDANT_OFF), "off", "named");
}

static size_t packet4(uint8_t *p, uint8_t proto, uint8_t dscp, size_t payload)
{
	size_t len = 20 + (proto == 6 ? 20 : 8) + payload;

	memset(p, 0, len);
	p[0] = 0x45;
	p[1] = (uint8_t)(dscp << 2);
	lr_put_be16(p + 2, (uint16_t)len);
	p[8] = 64;
	p[9] = proto;
	if (proto == 17)
		lr_put_be16(p + 24, (uint16_t)(8 + payload));
	else
		p[32] = 5 << 4;
	return len;
}

static size_t packet6(uint8_t *p, uint8_t dscp, size_t payload)
{
	memset(p, 0, 48 + payload);
	p[0] = (uint8_t)(0x60 | dscp >> 2);
	p[1] = (uint8_t)(dscp << 6);
	lr_put_be16(p + 4, (uint16_t)(8 + payload));
	p[6] = 17;
	lr_put_be16(p + 44, (uint16_t)(8 + payload));
	return 48 + payload;
}

static void packets(void)
{
	static const struct {
		uint8_t family, proto, dscp;
		size_t payload;
		bool game;
		const char *what;
	} cases[] = {
		{4, 17, 0, 0, true, "UDP without payload"},
		{4, 17, 0, 400, true, "UDP of 400 bytes"},
		{4, 17, 0, 401, false, "UDP of 401 bytes"},
		{4, 17, 46, 1200, true, "UDP of 1,200 bytes marked EF"},
		{4, 17, 8, 1200, false, "and marked CS1"},
		{4, 6, 0, 10, false, "TCP"},
		{4, 6, 46, 10, false, "TCP marked EF"},
		{4, 1, 0, 10, false, "ICMP"},
		{6, 17, 0, 400, true, "IPv6: UDP of 400 bytes"},
		{6, 17, 0, 401, false, "IPv6: UDP of 401 bytes"},
		{6, 17, 46, 1200, true, "IPv6: marked EF"},
	};
	uint8_t p[2048];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct lr_redundant_rate rate = {0};
		size_t len = cases[i].family == 4
				     ? packet4(p, cases[i].proto, cases[i].dscp, cases[i].payload)
				     : packet6(p, cases[i].dscp, cases[i].payload);
		ok(lr_redundant_game(&rate, now, p, len) == cases[i].game, "%s", cases[i].what);
	}
	struct lr_redundant_rate rate = {0};
	size_t len = packet4(p, 17, 0, 100);
	lr_put_be16(p + 6, 0x2000);
	ok(!lr_redundant_game(&rate, now, p, len), "a fragment is not");
	ok(!lr_redundant_game(&rate, now, p, 19), "nor what is no packet");
}

static void rates(void)
{
	struct lr_redundant_rate rate = {0};
	uint8_t p[2048];
	size_t len = packet4(p, 17, 0, 100);
	unsigned n = 0;

	for (int i = 0; i < 1000; i++)
		n += lr_redundant_game(&rate, now, p, len);
	is_int(n, LR_REDUNDANT_BURST, "a burst of them is bulk from some point on");
	n = 0;
	for (int i = 0; i < 2000; i++)
		n += lr_redundant_game(&rate, now += 1 * MS, p, len);
	ok(n >= 2 * LR_REDUNDANT_RATE - 2 && n <= 2 * LR_REDUNDANT_RATE + 2,
		"1,000 a second: so many as the rate says");
	n = 0;
	for (int i = 0; i < 1000; i++)
		n += lr_redundant_game(&rate, now += 5 * MS, p, len);
	ok(n >= 999, "200 a second: all");
}

/* --- the second path --- */

static struct lr_path *add(struct lr_paths *s, const char *text, uint32_t channel, unsigned rtt_ms)
{
	struct lr_route r = {.channel = channel};

	lr_endpoint_parse(text, &r.to);
	struct lr_path *p = lr_paths_add(s, now, &r, LR_CANDIDATE_REFLEXIVE, LR_FOUND_CANDIDATE, 0);
	uint64_t t = now;
	for (int i = 0; rtt_ms && i < 5; i++, t += 250 * MS) {
		lr_path_pinged(p, t, LR_PATH_BUSY);
		lr_path_pong(p, t + rtt_ms * MS, t);
	}
	return p;
}

static void second(void)
{
	struct lr_paths s;

	lr_paths_init(&s);
	ok(!lr_redundant_second(&s), "no path, no second");
	struct lr_path *direct = add(&s, "192.0.2.1:1", 0, 10);
	lr_paths_choose(&s, now);
	ok(lr_paths_current(&s) == direct && !lr_redundant_second(&s), "one path, no second");
	struct lr_path *port = add(&s, "192.0.2.1:2", 0, 11);
	ok(lr_redundant_second(&s) == port, "another port is better than nothing");
	struct lr_path *six = add(&s, "[2001:db8::1]:1", 0, 20);
	ok(lr_redundant_second(&s) == six, "another family, though slower");
	struct lr_path *relay = add(&s, "198.51.100.1:3478", 7, 50);
	ok(lr_redundant_second(&s) == relay, "a relay shares least");
	struct lr_path *near = add(&s, "198.51.100.2:3478", 8, 40);
	near->rank = 1;
	ok(lr_redundant_second(&s) == relay, "the relay that was agreed on");
	lr_path_fail(relay, now);
	ok(lr_redundant_second(&s) == near, "not one that fails");
	lr_path_fail(near, now);
	add(&s, "198.51.100.3:3478", 9, 150);
	ok(lr_redundant_second(&s) == six, "one that is too late is of no use to a game");
	lr_path_fail(six, now);
	lr_path_fail(port, now);
	ok(lr_redundant_second(&s) == &s.at[5], "unless there is no other");
	lr_path_fail(direct, now);
	lr_paths_choose(&s, now);
	ok(lr_paths_current(&s) == &s.at[5] && !lr_redundant_second(&s), "then there is one left");
	relay->state = LR_PATH_ALIVE;
	near->state = LR_PATH_ALIVE;
	port->state = LR_PATH_ALIVE;
	ok(lr_redundant_second(&s) != NULL && lr_redundant_second(&s) != lr_paths_current(&s),
		"from a relay to another path");
}

/* --- what it was worth --- */

static struct lr_copies c;

static void came(uint64_t counter, bool other, bool again)
{
	lr_copies_came(&c, now, 5, counter, other, again);
}

static void worth(uint64_t again, uint64_t first, uint64_t only, const char *what)
{
	lr_copies_settle(&c, now += 1000 * MS);
	lr_copies_settle(&c, now += 1000 * MS);
	ok(c.again == again && c.second_first == first && c.second_only == only,
		"%s: %u twice, %u first by the other path, %u only by it", what, (unsigned)c.again,
		(unsigned)c.second_first, (unsigned)c.second_only);
}

static void copies(void)
{
	memset(&c, 0, sizeof(c));
	came(10, true, true);
	worth(0, 0, 0, "the first copy, of a message that was not marked");
	for (uint64_t i = 11; i < 21; i++, now += 10 * MS) {
		came(i, false, false);
		came(i, true, true);
	}
	worth(10, 0, 0, "all over both, ours first");
	for (uint64_t i = 21; i < 31; i++, now += 10 * MS) {
		came(i, true, false);
		came(i, false, true);
	}
	came(31, false, false);
	came(32, true, false);
	came(33, false, false);
	worth(20, 10, 1, "some over one only");
	came(32, false, true);
	worth(21, 11, 0, "a copy that was very late corrects it");
	came(40, true, false);
	came(40, true, true);
	came(40, true, true);
	worth(21, 11, 1, "repeated on the same path: not ours");
}

static void copies_edges(void)
{
	memset(&c, 0, sizeof(c));
	came(1, true, true);
	now += 5000 * MS;
	for (uint64_t i = 2; i < 102; i++)
		came(i, true, false);
	worth(0, 0, 0, "a sender that sends no copies (any more)");
	came(102, false, false);
	came(102, true, true);
	for (uint64_t i = 103; i < 103 + 3 * LR_COPIES_RING; i++)
		came(i, true, false);
	worth(1, 0, 3 * LR_COPIES_RING, "more than the ring holds within a second");
	came(10 * LR_COPIES_RING, true, false);
	came(40 * LR_COPIES_RING, true, false);
	came(10 * LR_COPIES_RING, false, true);
	came(40 * LR_COPIES_RING - LR_COPIES_RING, false, true);
	worth(1, 0, 3 * LR_COPIES_RING + 1, "leaps of the counter");
	lr_copies_came(&c, now, 6, 0, false, false);
	lr_copies_came(&c, now, 6, 0, true, true);
	lr_copies_came(&c, now, 5, 40 * LR_COPIES_RING, false, true);
	worth(2, 0, 3 * LR_COPIES_RING + 1, "another session; the one before is forgotten");
	lr_copies_came(&c, now, 6, UINT64_MAX - 10, true, false);
	lr_copies_came(&c, now, 6, UINT64_MAX - 10, false, true);
	worth(3, 1, 3 * LR_COPIES_RING + 1, "the last counters");
}

int main(void)
{
	modes();
	packets();
	rates();
	second();
	copies();
	copies_edges();
	return tap_done();
}
