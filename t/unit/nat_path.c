/*
 * nat_path.c - one path's figures, the choice among several, path MTU search, PCP messages
 */
#include <errno.h>
#include <string.h>

#include "lib/nat/paths.h"
#include "lib/nat/pcp.h"
#include "t/unit/tap.h"

#define MS LR_NS_PER_MS

static struct lr_route route(const char *text, uint32_t channel)
{
	struct lr_route r = {.channel = channel};

	lr_endpoint_parse(text, &r.to);
	return r;
}

/* Pings and answers `n` times, `rtt_ms` each, every 250 ms; the clock after it. */
static uint64_t answered(struct lr_path *p, uint64_t now, int n, unsigned rtt_ms)
{
	while (n--) {
		lr_path_pinged(p, now, LR_PATH_BUSY);
		lr_path_pong(p, now + rtt_ms * MS, now);
		now += 250 * MS;
		lr_path_tick(p, now);
	}
	return now;
}

static void figures(void)
{
	struct lr_path p;
	struct lr_route r = route("192.0.2.1:5", 0);
	uint64_t now = LR_NS_PER_S;

	lr_path_init(&p, now, &r, LR_CANDIDATE_HOST, LR_FOUND_CANDIDATE, 0);
	ok(p.state == LR_PATH_UNTRIED && lr_path_ping_due(&p, now), "new: untried, pinged at once");
	is_int(lr_path_rto_ns(&p) / MS, 400, "an answer may take 400 ms at first");
	now = answered(&p, now, 40, 30);
	is_int(p.state, LR_PATH_ALIVE, "alive after a pong");
	is_int(p.rtt_us, 30000, "round trip");
	is_int(p.jitter_us, 0, "no jitter");
	is_int(lr_path_score(&p), 30000, "score");
	is_int(lr_path_rto_ns(&p) / MS, 200, "now 200 ms");
	for (int i = 0; i < 400; i++)
		now = answered(&p, now, 1, i % 2 ? 20 : 40);
	ok(p.rtt_us > 28000 && p.rtt_us < 32000, "20 and 40 ms by turns: %u us", p.rtt_us);
	ok(p.jitter_us > 19000 && p.jitter_us < 20001, "jitter: %u us", p.jitter_us);
	is_int(p.least_us, 20000, "least");
	now = answered(&p, now, 60, 600);
	ok(lr_path_rto_ns(&p) >= 740 * MS, "a path of 600 ms may take 1.25 times that: %llu ms",
		(unsigned long long)(lr_path_rto_ns(&p) / MS));
}

static void loss(void)
{
	struct lr_path p, clean;
	struct lr_route r = route("192.0.2.1:5", 0);
	uint64_t now = LR_NS_PER_S;

	lr_path_init(&clean, now, &r, LR_CANDIDATE_HOST, LR_FOUND_CANDIDATE, 0);
	lr_path_init(&p, now, &r, LR_CANDIDATE_HOST, LR_FOUND_CANDIDATE, 0);
	answered(&clean, now, 128, 30);
	for (int i = 0; i < 128; i++) {
		if (i % 8) {
			now = answered(&p, now, 1, 30);
			continue;
		}
		lr_path_pinged(&p, now, LR_PATH_BUSY);
		now += 250 * MS;
		lr_path_tick(&p, now);
	}
	is_int(lr_path_loss_permille(&p), 125, "one of eight is lost");
	ok(lr_path_score(&p) > 80000, "which costs: %llu", (unsigned long long)lr_path_score(&p));
	ok(lr_path_excess_us(&p, &clean) > 10000, "more than a clean one");
	is_int(lr_path_excess_us(&clean, &p), 0, "not the other way round");
	is_int(lr_path_excess_us(&p, &p), 0, "nor more than itself");
}

static void failing(void)
{
	struct lr_path p;
	struct lr_route r = route("192.0.2.1:5", 0);
	uint64_t now = LR_NS_PER_S, from;
	int pings = 0;

	lr_path_init(&p, now, &r, LR_CANDIDATE_HOST, LR_FOUND_CANDIDATE, 0);
	now = answered(&p, now, 10, 30);
	from = now;
	while (p.state == LR_PATH_ALIVE) {
		if (lr_path_ping_due(&p, now)) {
			lr_path_pinged(&p, now, LR_PATH_BUSY);
			pings++;
		}
		now = lr_path_due(&p);
		lr_path_tick(&p, now);
	}
	ok(now - from < 800 * MS, "dead under traffic: noticed after %llu ms and %d pings",
		(unsigned long long)((now - from) / MS), pings);
	is_int((p.hold_ns - now) / MS, 5000, "not chosen again for 5 s");
	uint32_t rtt = p.rtt_us;
	for (int i = 0; i < 2; i++)
		lr_path_pong(&p, now, now - 600000 * MS);
	ok(p.state == LR_PATH_FAILING && p.rtt_us == rtt, "what came while we slept is no pong");
	ok(!lr_path_pong(&p, now, now - 30 * MS) && p.state == LR_PATH_FAILING,
		"one pong is chance");
	ok(lr_path_pong(&p, now, now - 30 * MS) && p.state == LR_PATH_ALIVE, "two are life");
	static const unsigned holds[] = {10000, 20000, 40000, 60000, 60000};
	for (int i = 0; i < 5; i++) {
		lr_path_fail(&p, now += 1000 * MS);
		is_int((p.hold_ns - now) / MS, holds[i], "the next failure holds longer");
		p.state = LR_PATH_ALIVE;
	}
	lr_path_fail(&p, now += 121000 * MS);
	is_int((p.hold_ns - now) / MS, 5000, "two good minutes are forgiveness");
}

static struct lr_path *add(
	struct lr_paths *s, uint64_t now, const char *text, uint32_t channel, unsigned rtt_ms)
{
	struct lr_route r = route(text, channel);
	struct lr_path *p = lr_paths_add(s, now, &r, LR_CANDIDATE_REFLEXIVE, LR_FOUND_CANDIDATE, 0);

	if (p && rtt_ms)
		answered(p, now, 5, rtt_ms);
	return p;
}

static void choice(void)
{
	struct lr_paths s;
	uint64_t now = 100 * LR_NS_PER_S;

	lr_paths_init(&s);
	ok(!lr_paths_choose(&s, now) && !lr_paths_current(&s), "no path");
	struct lr_path *relay = add(&s, now, "5.0.0.1:3478", 7, 0);
	ok(lr_paths_choose(&s, now) && lr_paths_current(&s) == relay, "the relay, untried");
	answered(relay, now, 5, 30);
	struct lr_path *slow = add(&s, now, "192.0.2.1:1", 0, 36);
	ok(!lr_paths_choose(&s, now), "a direct one that is 6 ms slower is not taken");
	ok(lr_paths_has_direct(&s), "though it lives");
	struct lr_path *near = add(&s, now, "192.0.2.1:2", 0, 34);
	ok(lr_paths_choose(&s, now) && lr_paths_current(&s) == near, "4 ms slower: at once");
	struct lr_path *best = add(&s, now, "192.0.2.1:3", 0, 33);
	lr_paths_choose(&s, now);
	ok(!lr_paths_choose(&s, now + 10000 * MS), "1 ms better is no reason to change");
	answered(best, now, 60, 20);
	ok(!lr_paths_choose(&s, now), "14 ms better: not at once");
	ok(!lr_paths_choose(&s, now + 2999 * MS), "nor after 2.999 s");
	ok(lr_paths_choose(&s, now + 3000 * MS) && lr_paths_current(&s) == best, "but after 3 s");
	now += 3000 * MS;
	lr_path_fail(best, now);
	ok(lr_paths_choose(&s, now) && lr_paths_current(&s) != best, "failing: left at once");
	is_int(s.direct_lost_ns, now, "which is remembered");
	best->state = LR_PATH_ALIVE;
	lr_paths_choose(&s, now);
	ok(!lr_paths_choose(&s, now + 4000 * MS), "alive again: not within its 5 s");
	lr_path_fail(near, now);
	lr_path_fail(slow, now);
	lr_path_fail(relay, now);
	ok(lr_paths_choose(&s, now) && lr_paths_current(&s) == best, "unless there is no other");
	lr_path_fail(best, now);
	ok(!lr_paths_choose(&s, now) && lr_paths_current(&s) == best, "all dead: it stays");
	lr_paths_remove(&s, best);
	ok(!lr_paths_current(&s), "removed: none in use");
}

static void ranks(void)
{
	struct lr_paths s;
	uint64_t now = 100 * LR_NS_PER_S;

	lr_paths_init(&s);
	struct lr_path *agreed = add(&s, now, "5.0.0.1:3478", 7, 80);
	struct lr_path *other = add(&s, now, "5.0.0.2:3478", 8, 20);
	other->rank = 1;
	lr_paths_choose(&s, now);
	lr_paths_choose(&s, now + 5000 * MS);
	ok(lr_paths_current(&s) == agreed && lr_paths_relay(&s) == agreed,
		"the relay that all agreed on, even when another is nearer to us");
	lr_path_fail(agreed, now);
	ok(lr_paths_choose(&s, now) && lr_paths_current(&s) == other, "the other when it dies");
	char text[32];
	for (int i = 0; i < LR_PATHS - 2; i++) {
		snprintf(text, sizeof(text), "192.0.2.1:%d", 10 + i % 90);
		add(&s, now, text, 0, 40 + (unsigned)i);
	}
	ok(!add(&s, now, "192.0.2.2:9", 0, 1), "full");
	struct lr_path *victim = lr_paths_victim(&s);
	ok(victim && victim->rtt_us == 45000, "the worst direct one would give way");
}

/* A path of `mtu` answers what fits; the datagram found, and probes needed in *n. */
static size_t searched(unsigned mtu, unsigned overhead, unsigned link, int *n)
{
	struct lr_pmtu m;
	uint64_t now = LR_NS_PER_S;

	lr_pmtu_init(&m, now, overhead, link);
	for (*n = 0; !lr_pmtu_done(&m) && *n < 200; (*n)++) {
		size_t size = lr_pmtu_next(&m, now, 200 * MS);
		if (size && size + overhead <= mtu)
			lr_pmtu_answered(&m, now, size);
		now = lr_pmtu_due(&m) > now ? lr_pmtu_due(&m) : now;
	}
	return lr_pmtu_datagram(&m);
}

static void pmtu(void)
{
	int n, most = 0;
	unsigned wrong = 0;
	struct lr_pmtu m;

	for (unsigned mtu = 576; mtu <= 1600; mtu++) {
		size_t got = searched(mtu, 28, 0, &n) + 28;
		wrong += got > mtu || got + 8 < (mtu > 1500 ? 1500 : mtu);
		most = n > most ? n : most;
	}
	is_int(wrong, 0, "every MTU from 576 to 1,600 is found to within 8 bytes");
	ok(most <= 35, "with %d probes at most", most);
	is_int(searched(1500, 28, 0, &n), 1472, "1,500 over IPv4: 1,472");
	is_int(n, 1, "  by one probe");
	is_int(searched(1500, 48, 0, &n), 1452, "over IPv6: 1,452");
	is_int(searched(1500, 36, 0, &n), 1464, "over a relay: 1,464");
	is_int(searched(9000, 28, 1400, &n), 1372, "a link of 1,400 is the most");
	lr_pmtu_init(&m, 1, 28, 0);
	is_int(lr_pmtu_datagram(&m), 1252, "before anything is known: 1,280");
	lr_pmtu_init(&m, 1, 28, 500);
	is_int(lr_pmtu_datagram(&m), 548, "never below 576");
	lr_pmtu_answered(&m, 1, 5000);
	is_int(lr_pmtu_datagram(&m), 548, "an answer to what was never sent proves nothing");
}

static void pcp(void)
{
	static const uint8_t want[LR_PCP_MAP_LEN] = {2, 1, 0, 0, 0, 0, 0x0e, 0x10, 0, 0, 0, 0, 0, 0,
		0, 0, 0, 0, 0xff, 0xff, 192, 168, 1, 7, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 17,
		0, 0, 0, 0xca, 0x6c, 0xca, 0x6d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0,
		0};
	struct lr_pcp_map map = {.nonce = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12},
				  .protocol = 17,
				  .internal_port = 51820,
				  .external_port = 51821,
				  .internal = lr_ip4(0xc0a80107),
				  .lifetime_s = 3600},
			  got;
	uint8_t p[LR_PCP_MAP_LEN];

	lr_pcp_request(p, &map);
	is_mem(p, want, sizeof(want), "a MAP request, byte for byte");
	is_int(lr_pcp_parse(p, sizeof(p), &got), -EBADMSG, "a request is no answer");
	p[1] |= 0x80;
	memset(p + 8, 0, 16);
	p[11] = 99;
	p[56] = 198, p[57] = 51, p[58] = 100, p[59] = 7;
	is_int(lr_pcp_parse(p, sizeof(p), &got), 0, "an answer");
	char text[LR_ADDR_TEXT];
	is_str(lr_ip_text(&got.external, text), "198.51.100.7", "  external address");
	ok(got.external_port == 51821 && got.lifetime_s == 3600 && got.epoch_s == 99 &&
			got.result == 0 && memcmp(got.nonce, map.nonce, 12) == 0,
		"  and all else");
	p[3] = 8;
	ok(lr_pcp_parse(p, sizeof(p), &got) == 0 && got.result == 8, "an error");
	is_str(lr_pcp_result_name(8), "no resources", "  by name");
	is_str(lr_pcp_result_name(200), "unknown result", "  or not");
	is_int(lr_pcp_parse(p, 59, &got), -EBADMSG, "cut short");
	uint8_t old[] = {0, 0x80, 0, 1, 0, 0, 0, 0};
	is_int(lr_pcp_parse(old, sizeof(old), &got), -EPROTONOSUPPORT,
		"a router with NAT-PMP only");
	static const struct {
		uint32_t before, after;
		uint64_t passed;
		bool rebooted;
	} epochs[] = {{100, 200, 100, false}, {100, 199, 100, false}, {100, 100, 100, true},
		{100, 5, 100, true}, {100, 99, 1, false}, {100, 10000, 100, true},
		{0, 3600, 3500, false}};
	for (size_t i = 0; i < sizeof(epochs) / sizeof(epochs[0]); i++)
		ok(lr_pcp_rebooted(epochs[i].before, epochs[i].after, 7, 7 + epochs[i].passed) ==
				epochs[i].rebooted,
			"epoch %u to %u in %llu s: %s", epochs[i].before, epochs[i].after,
			(unsigned long long)epochs[i].passed,
			epochs[i].rebooted ? "rebooted" : "the same");
	ok(lr_pcp_again_ms(0, 0) == 2700 && lr_pcp_again_ms(0, 255) == 3300 &&
			lr_pcp_again_ms(1, 128) >= 5400 && lr_pcp_again_ms(60, 255) <= 1126400,
		"repetitions: 3 s, doubled, at most 1,024 s");
	ok(lr_pcp_renew_s(3600, 0) == 1800 && lr_pcp_renew_s(3600, 255) == 2250 &&
			lr_pcp_renew_s(2, 0) == 4,
		"renewed between half and five eighths");
}

int main(void)
{
	figures();
	loss();
	failing();
	choice();
	ranks();
	pmtu();
	pcp();
	return tap_done();
}
