/*
 * replay_engine.c - packets through the engine: every link type, every reason, every kind of
 * source, more senders than tunnels; timed and not
 */
#include <math.h>

#include "lib/replay/engine.h"
#include "t/tools/mkcap.h"
#include "t/unit/tap.h"

static struct lr_tick tick;

static struct lr_engine *engine(bool timed)
{
	struct lr_err err;
	struct lr_engine *e = lr_engine_new(timed ? &tick : NULL, &err);
	ok(e != NULL, "an engine, %s", timed ? "timed" : "not timed");
	return e;
}

static void put(struct lr_engine *e, uint32_t link, const uint8_t *bytes, size_t n)
{
	struct lr_captured frame = {
		.link = link, .caplen = (uint32_t)n, .len = (uint32_t)n, .bytes = bytes};
	lr_engine_packet(e, &frame);
}

static bool adds_up(const struct lr_engine *e)
{
	uint64_t sum = e->delivered;
	for (unsigned i = 0; i < LR_REPLAY_DROPS; i++)
		sum += e->dropped[i];
	return sum == e->packets;
}

static void test_links(bool timed)
{
	struct lr_engine *e = engine(timed);
	uint8_t ip[2048], frame[2200];
	unsigned n = 0;

	for (size_t i = 0; i < MK_LINKS; i++)
		for (size_t size = 0; size <= 1400; size += 100)
			for (int six = 0; six < 2; six++, n++) {
				size_t len = six ? mk_ip6(ip, 1, 2, size) : mk_ip4(ip, 1, 2, size);
				len = mk_frame(&mk_links[i], six, ip, len, frame);
				put(e, mk_links[i].link, frame, len);
			}
	is_int(e->packets, n, "every packet was counted");
	is_int(e->delivered, n, "every packet of every link type and size came out");
	is_int(e->tunnels->members, 4, "four addresses are four members");
	is_int(lr_tunnels_count(e->tunnels), 2, "two of them sent");
	lr_engine_free(e);
}

static void test_largest(bool timed)
{
	struct lr_engine *e = engine(timed);
	static uint8_t ip[70000];

	put(e, 101, ip, mk_ip4(ip, 1, 2, 65535 - 28));
	put(e, 101, ip, mk_ip6(ip, 1, 2, 65535 - 8));
	is_int(e->packets, 2, "the largest IPv4 and IPv6 packets are counted");
	ok(adds_up(e), "and accounted for");
	is_int(e->delivered, 2, "and delivered");
	lr_engine_free(e);
}

static void test_reasons(bool timed)
{
	struct lr_engine *e = engine(timed);
	uint8_t ip[256];
	size_t n = mk_ip4(ip, 1, 2, 32);

	for (size_t cut = 0; cut < n; cut++)
		put(e, 228, ip, cut);
	is_int(e->dropped[LR_REPLAY_CUT_SHORT], n, "every cut of a packet is cut short");
	put(e, 147, ip, n);
	is_int(e->dropped[LR_REPLAY_NOT_IP], 1, "an unknown link type is not IP");
	put(e, 229, ip, n);
	is_int(e->dropped[LR_REPLAY_BAD_HEADER], 1, "IPv4 where the link says IPv6");
	ip[6] = 0x20;
	ip[3]--;
	put(e, 228, ip, n);
	is_int(e->dropped[LR_REPLAY_FRAGMENT], 1, "more fragments, but no multiple of 8");
	is_int(e->delivered, 0, "nothing was delivered");
	ok(adds_up(e), "the sums agree");
	lr_engine_free(e);
}

/* 0.0.0.0, multicast, broadcast and :: as sources: nobody's, but delivered. */
static void test_sources(bool timed)
{
	static const uint32_t sources[] = {0, 0xe00000fb, 0xffffffff, 0xf0000001};
	struct lr_engine *e = engine(timed);
	uint8_t ip[256];
	size_t n;

	for (size_t i = 0; i < 4; i++) {
		n = mk_ip4(ip, sources[i], 0xffffffff, 10);
		put(e, 101, ip, n);
	}
	n = mk_ip6(ip, 0, 0, 10);
	memset(ip + 8, 0, 16);
	memset(ip + 24, 0xff, 16);
	put(e, 101, ip, n);
	is_int(e->delivered, 5, "packets from nobody's addresses are delivered");
	is_int(e->tunnels->members, 0, "and make no members");
	is_int(lr_tunnels_count(e->tunnels), 1, "they share one tunnel");
	n = mk_ip4(ip, 0x0a010001, 0xe00000fb, 10);
	put(e, 101, ip, n);
	is_int(e->tunnels->members, 1, "a multicast destination is no member, its sender is");
	n = mk_ip4(ip, 0x0a010002, 0x0a010001, 10);
	put(e, 101, ip, n);
	put(e, 101, ip, n);
	is_int(e->delivered, 8, "a member that was silent can begin to send");
	is_int(e->tunnels->members, 2, "and is not counted twice");
	lr_engine_free(e);
}

static void test_many_senders(bool timed)
{
	struct lr_engine *e = engine(timed);
	uint8_t ip[256];

	for (unsigned round = 0; round < 2; round++)
		for (unsigned i = 0; i < LR_TUNNELS_MAX + 50; i++)
			put(e, 101, ip, mk_ip4(ip, 0x0a010001 + i, 0x0a010001, 10));
	is_int(e->delivered, 2 * (LR_TUNNELS_MAX + 50), "more senders than tunnels: all delivered");
	is_int(e->tunnels->members, LR_TUNNELS_MAX + 50, "each is a member");
	is_int(lr_tunnels_count(e->tunnels), LR_TUNNELS_MAX, "tunnels are shared");
	lr_engine_free(e);
}

/* Past the place for members: still everything is delivered, through the shared tunnel. */
static void test_many_members(void)
{
	struct lr_engine *e = engine(false);
	uint8_t ip[256];

	for (unsigned i = 0; i < LR_MEMBERS_MAX + 10; i++)
		put(e, 101, ip, mk_ip4(ip, 0x0a000001, 0x0b000001 + i, 10));
	is_int(e->tunnels->members, LR_MEMBERS_MAX, "members have a limit");
	put(e, 101, ip, mk_ip4(ip, 0x0c000001, 0x0a000001, 10));
	is_int(e->delivered, LR_MEMBERS_MAX + 11, "a source beyond it is delivered");
	lr_engine_free(e);
}

/* After three minutes without a handshake the old session may not be used. */
static void test_new_session(bool timed)
{
	struct lr_engine *e = engine(timed);
	uint8_t ip[256];
	size_t n = mk_ip4(ip, 0x0a010001, 0x0a010002, 10);

	for (int i = 0; i < 5; i++) {
		put(e, 101, ip, n);
		e->tunnels->now += 200 * LR_NS_PER_S;
	}
	is_int(e->delivered, 5, "sessions that expired are made anew");
	is_int(lr_tunnels_count(e->tunnels), 1, "in the same tunnel");
	is_int(e->tunnels->each[0].sessions, 5, "by a handshake each");
	lr_engine_free(e);
}

static void test_stages(void)
{
	struct lr_engine *e = engine(true), *bare = engine(false);
	uint8_t ip[256];
	size_t n = mk_ip4(ip, 0x0a010001, 0x0a010002, 100);

	for (int i = 0; i < 150; i++) {
		put(e, 101, ip, n);
		put(bare, 101, ip, n);
	}
	put(e, 101, ip, 3);
	is_int(e->stages[LR_STAGE_PARSE].hist.n, 151, "parse sees every packet");
	bool same = true, sums = true, some = true;
	uint64_t parts = 0;
	for (int i = LR_STAGE_LOOKUP; i < LR_ENGINE_STAGES; i++) {
		same = same && e->stages[i].hist.n == 150;
		sums = sums && e->stages[i].bytes == 150 * n;
		some = some && bare->stages[i].hist.n == 0;
		if (i < LR_STAGE_TOTAL)
			parts += e->stages[i].hist.sum;
	}
	ok(same, "each later stage sees every delivered packet");
	ok(sums, "and its bytes");
	ok(some, "without timing there are no samples");
	uint64_t whole = e->stages[LR_STAGE_TOTAL].hist.sum,
		 parse = e->stages[LR_STAGE_PARSE].hist.sum;
	ok(whole >= parts && whole <= parts + parse, "total is the sum of the six");
	lr_engine_free(e);
	lr_engine_free(bare);
}

static struct lr_stage stage_of(const struct lr_target *t, unsigned n, uint64_t ns)
{
	struct lr_stage s = {.name = "test", .target = t};
	for (unsigned i = 0; i < n; i++)
		lr_hist_add(&s.hist, ns);
	return s;
}

/* The judgement: p99 against the documented, p50 against ours; at least 100 samples. */
static void test_judgement(void)
{
	struct lr_target t = {
		.name = "t", .unit = "ns", .documented = 1000, .ours = 50, .stage = true};
	struct lr_target none = {
		.name = "n", .unit = "ns", .documented = NAN, .ours = NAN, .stage = true};
	struct lr_target away = t;
	away.stage = false;

	struct lr_stage s = stage_of(&t, 99, 5000);
	is_int(lr_stage_judge(&s, LR_GATE_DOCUMENTED), LR_VERDICT_NONE, "99 samples: no judgement");
	s = stage_of(&t, 100, 5000);
	is_int(lr_stage_judge(&s, LR_GATE_DOCUMENTED), LR_VERDICT_MISS, "100 samples: missed");
	s = stage_of(&t, 100, 60);
	is_int(lr_stage_judge(&s, LR_GATE_DOCUMENTED), LR_VERDICT_PASS, "documented: met");
	is_int(lr_stage_judge(&s, LR_GATE_OURS), LR_VERDICT_MISS, "ours: missed");
	s = stage_of(&t, 1000, 40);
	for (int i = 0; i < 11; i++)
		lr_hist_add(&s.hist, 100000);
	is_int(lr_stage_judge(&s, LR_GATE_DOCUMENTED), LR_VERDICT_MISS, "p99 over the documented");
	is_int(lr_stage_judge(&s, LR_GATE_OURS), LR_VERDICT_PASS, "p50 under ours");
	s = stage_of(&none, 1000, 5000);
	is_int(lr_stage_judge(&s, LR_GATE_OURS), LR_VERDICT_NONE, "no number: no judgement");
	s = stage_of(&away, 1000, 5000);
	is_int(lr_stage_judge(&s, LR_GATE_DOCUMENTED), LR_VERDICT_NONE,
		"not replay's: no judgement");
	s = stage_of(NULL, 1000, 5000);
	is_int(lr_stage_judge(&s, LR_GATE_DOCUMENTED), LR_VERDICT_NONE, "no target: no judgement");
	ok(lr_targets_find("ipam_alloc") && !lr_targets_find("nonsense"), "targets by name");
}

int main(void)
{
	lr_crypto_init();
	lr_tick_init(&tick);
	for (int timed = 0; timed < 2; timed++) {
		test_links(timed);
		test_largest(timed);
		test_reasons(timed);
		test_sources(timed);
		test_many_senders(timed);
		test_new_session(timed);
	}
	test_many_members();
	test_stages();
	test_judgement();
	return tap_done();
}
