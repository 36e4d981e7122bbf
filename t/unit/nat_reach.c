/*
 * nat_reach.c - two members over time: failing paths, moves, forgers, observers, budgets
 */
#include <errno.h>

#include "t/unit/nat_party.h"
#include "t/unit/tap.h"

static bool both_relay(const struct party *p)
{
	return !party_direct_at(p, 0) && !party_direct_at(p, 1);
}

static enum lr_reason reason(struct party *p, int i, char text[LR_EXPLAIN_TEXT])
{
	struct lr_explain e;

	lr_reach_explain(&p->member[i].reach, p->sim.now, &e);
	lr_explain_text(&e, "bob", text);
	return e.reason;
}

static void relay_first(void)
{
	struct party p;
	char text[LR_EXPLAIN_TEXT];

	party_begin(&p, "prc", "prc");
	party_meet(&p, 0);
	struct lr_path *path = lr_reach_current(&p.member[0].reach);
	ok(path && path->route.channel, "the relay carries the first packet");
	is_int(reason(&p, 0, text), LR_REASON_TRYING, text);
	party_meet(&p, 1);
	ok(party_run(&p, p.sim.now + 200 * MS, party_direct), "then direct");
	is_int(reason(&p, 0, text), LR_REASON_PUNCHED, text);
	is_int(p.member[0].changes > 0 && p.member[1].changes > 0, 1, "both nodes were told");
	ok(lr_endpoint_port(&p.member[0].reach.seen) == 51820,
		"the pong tells our address outside");
	party_release(&p);
}

/* The direct path dies, noticed after how many ms; `phase` moves the moment. */
static double lost_once(bool busy, unsigned phase, double *back)
{
	struct party p;
	char text[LR_EXPLAIN_TEXT];

	party_begin(&p, "prc", "prc");
	party_meet_both(&p);
	party_run(&p, p.sim.now + 3000 * MS, NULL);
	party_traffic(&p, 4000, NULL);
	if (!busy)
		party_run(&p, p.sim.now + 10000 * MS, NULL);
	party_run(&p, p.sim.now + phase * MS, NULL);
	p.member[1].router[0].drops = true;
	uint64_t from = p.sim.now;
	bool left = busy ? party_traffic(&p, 5000, both_relay)
			 : party_run(&p, p.sim.now + 5000 * MS, both_relay);
	double ms = left ? (double)(p.sim.now - from) / MS : 9999;
	party_run(&p, p.sim.now + 2000 * MS, NULL);
	if (phase == 0)
		is_int(reason(&p, 0, text), LR_REASON_DIRECT_LOST, text);
	p.member[1].router[0].drops = false;
	from = p.sim.now;
	party_run(&p, p.sim.now + 90000 * MS, party_direct);
	*back = party_direct(&p) ? (double)(p.sim.now - from) / MS : 99999;
	party_release(&p);
	return ms;
}

static void lost(bool busy)
{
	double most = 0, back, most_back = 0;

	for (unsigned phase = 0; phase < 2000; phase += busy ? 30 : 70) {
		double ms = lost_once(busy, phase, &back);
		most = ms > most ? ms : most;
		most_back = back > most_back ? back : most_back;
	}
	ok(most < (busy ? 1000 : 3000), "%s: a dead path is left after at most %.0f ms",
		busy ? "traffic" : "idle", most);
	ok(most_back < 60000, "  and taken again at most %.1f s after it came back",
		most_back / 1000);
}

/* A relay that dies and comes back while it carries everything. */
static void relay_restart(void)
{
	struct party p;
	char text[LR_EXPLAIN_TEXT];

	party_begin(&p, "symrand", "symrand");
	party_meet_both(&p);
	party_traffic(&p, 15000, NULL);
	is_int(reason(&p, 0, text), LR_REASON_BOTH_SYMMETRIC, text);
	p.relay_down = true;
	party_traffic(&p, 3000, NULL);
	is_int(reason(&p, 0, text), LR_REASON_NONE, text);
	struct lr_path *path = lr_reach_current(&p.member[0].reach);
	ok(path && path->state == LR_PATH_FAILING,
		"a dead relay stays the path: there is no other");
	p.relay_down = false;
	uint64_t from = p.sim.now;
	party_traffic(&p, 1000, NULL);
	path = lr_reach_current(&p.member[0].reach);
	ok(path->state == LR_PATH_ALIVE && p.sim.now - from < 2000 * MS, "alive within 1 s");
	party_release(&p);
}

/* Loss of some percent must not make the path flap. */
static void lossy(void)
{
	struct party p;

	party_begin(&p, "prc", "adf");
	party_meet_both(&p);
	party_traffic(&p, 2000, NULL);
	p.sim.loss_percent = 1;
	unsigned before = p.member[0].reach.paths.switches;
	party_traffic(&p, 120000, NULL);
	unsigned flaps = p.member[0].reach.paths.switches - before;
	ok(flaps <= 2, "1 %% loss at each hop for two minutes: %u changes of path", flaps);
	party_release(&p);
}

/* A direct path that loses a tenth each way is left for a relay that does not. */
static void lossy_direct(void)
{
	struct party p;

	party_begin(&p, "prc", "adf");
	party_meet_both(&p);
	party_traffic(&p, 2000, NULL);
	p.sim.loss_percent = 5;
	p.relay_clean = true;
	ok(party_traffic(&p, 60000, both_relay), "heavy loss on the direct path only: the relay");
	party_release(&p);
}

/* A router that forgets its mappings in mid-game (rebinding). */
static void rebinding(void)
{
	struct party p;

	party_begin(&p, "prcrange", "adf");
	party_meet_both(&p);
	party_traffic(&p, 3000, NULL);
	ok(party_direct(&p), "direct before a rebinding");
	p.member[0].router[0].n_map = p.member[0].router[0].n_filter = 0;
	uint64_t from = p.sim.now;
	party_traffic(&p, 1500, NULL);
	ok(party_direct(&p) || (party_traffic(&p, 3000, party_direct), party_direct(&p)),
		"direct again %.1f s after", (double)(p.sim.now - from) / MS / 1000);
	party_release(&p);
}

/* The host gets another address: another network altogether. */
static void moved(void)
{
	struct party p;
	struct party_member *m = &p.member[0];

	party_begin(&p, "prc", "adf");
	party_meet_both(&p);
	party_traffic(&p, 6000, NULL);
	struct lr_endpoint old = lr_reach_current(&p.member[1].reach)->route.to;
	m->router[0].n_map = m->router[0].n_filter = 0;
	m->router[0].outside = 0x02000077;
	struct lr_endpoint outside = sim_endpoint(0x02000077, 51820);
	m->reach_host.own.n = 1;
	struct lr_candidate c = lr_candidate_of(LR_CANDIDATE_REFLEXIVE, &outside);
	lr_candidates_add(&m->reach_host.own, &c);
	m->reach_host.rules.outside = lr_endpoint_ip(&outside);
	lr_reach_moved(&m->reach, p.sim.now);
	uint64_t from = p.sim.now;
	party_traffic(&p, 900, NULL);
	struct lr_path *path = lr_reach_current(&p.member[1].reach);
	ok(path && !lr_endpoint_equal(&path->route.to, &old) && path->state == LR_PATH_ALIVE,
		"after a move the other end sends elsewhere within %.1f s",
		(double)(p.sim.now - from) / MS / 1000);
	party_traffic(&p, 2000, party_direct);
	ok(party_direct(&p), "and directly again");
	party_release(&p);
}

static void same_lan(void)
{
	struct party p;
	char text[LR_EXPLAIN_TEXT];

	party_begin(&p, "prc", "prc");
	/* Both in the home of member 0. */
	p.member[1].host.ip = p.member[0].host.ip + 1;
	p.member[1].host.router[0] = p.member[0].host.router[0];
	p.member[1].host.port[0] = 51821;
	for (int i = 0; i < 2; i++) {
		struct party_member *m = &p.member[i];
		struct lr_endpoint local = sim_endpoint(m->host.ip, m->host.port[0]);
		m->reach_host.own.n = 0;
		struct lr_candidate c = lr_candidate_of(LR_CANDIDATE_HOST, &local);
		lr_candidates_add(&m->reach_host.own, &c);
		m->lan.ip = lr_ip4(m->host.ip);
		m->reach_host.rules.outside = lr_ip4(0x02000001);
	}
	party_meet_both(&p);
	ok(party_run(&p, p.sim.now + 200 * MS, party_direct), "one LAN: direct, no hairpin needed");
	is_int(reason(&p, 0, text), LR_REASON_LAN, text);
	ok(lr_reach_current(&p.member[0].reach)->rtt_us < 2000, "over the LAN itself");
	party_release(&p);
}

/* Two subscribers of one carrier that does hairpin. */
static void carrier(void)
{
	static const struct sim_kind home = {"prc+cg=fullcone", true, LR_BEHAVE_EI, LR_BEHAVE_APD,
		SIM_PRESERVE, false, &sim_kinds[0]};
	struct party p;
	char text[LR_EXPLAIN_TEXT];

	party_init(&p, &home, &home);
	p.member[1].host.router[1] = &p.member[0].router[1];
	p.member[0].router[1].hairpin = true;
	party_discover(&p);
	party_meet_both(&p);
	ok(party_run(&p, p.sim.now + 400 * MS, party_direct), "one carrier, hairpin: direct");
	is_int(reason(&p, 0, text), LR_REASON_HAIRPIN, text);
	party_release(&p);
}

static void relay_faster(void)
{
	struct party p;
	char text[LR_EXPLAIN_TEXT];

	party_begin(&p, "open", "open");
	party_meet_both(&p);
	party_traffic(&p, 3000, NULL);
	ok(party_direct(&p), "equally fast: direct");
	p.relay_extra_ms = 200;
	party_traffic(&p, 10000, NULL);
	ok(party_direct(&p), "a slow relay changes nothing");
	p.relay_extra_ms = 0;
	p.sim.detour_ns = 80 * MS;
	party_traffic(&p, 3000, NULL);
	party_traffic(&p, 90000, both_relay);
	ok(both_relay(&p), "much slower than the relay: left after a while");
	is_int(reason(&p, 0, text), LR_REASON_RELAY_FASTER, text);
	p.sim.detour_ns = 0;
	ok(party_traffic(&p, 60000, party_direct), "as fast again: direct again");
	party_release(&p);
}

static void hide(void)
{
	struct party p;
	char text[LR_EXPLAIN_TEXT];

	party_begin(&p, "open", "open");
	p.member[0].reach_host.hidden = true;
	uint64_t sent = p.member[0].probes;
	party_meet_both(&p);
	party_traffic(&p, 20000, NULL);
	ok(both_relay(&p), "hidden: stays on the relay");
	is_int(p.member[0].probes - sent, 0, "the hidden end sends nothing directly");
	ok(p.member[0].reach_host.drop_hidden > 0, "and counts what it does not answer");
	is_int(reason(&p, 0, text), LR_REASON_HIDDEN, text);
	party_release(&p);
}

/* An address that never answers: ten packets at first, then one a minute for ever. */
static void backoff(void)
{
	struct party p;
	struct lr_reach *r = &p.member[0].reach;
	struct lr_candidates list = {0};
	struct lr_endpoint third = sim_endpoint(0x09090909, 53);
	struct lr_candidate c = lr_candidate_of(LR_CANDIDATE_REFLEXIVE, &third);

	party_begin(&p, "prc", "prc");
	party_meet(&p, 0);
	lr_candidates_add(&list, &c);
	lr_reach_peer(r, p.sim.now, &list, &p.member[1].reach_host.nat, false);
	uint64_t from = p.member[0].probes;
	party_run(&p, p.sim.now + 60000 * MS, NULL);
	uint64_t first = p.member[0].probes - from;
	ok(first >= 5 && first <= 60, "%llu probes to a third party in the first minute",
		(unsigned long long)first);
	party_run(&p, p.sim.now + 120000 * MS, NULL);
	from = p.member[0].probes;
	party_run(&p, p.sim.now + 3600000 * MS, NULL);
	uint64_t hour = p.member[0].probes - from;
	ok(hour >= 55 && hour <= 65, "then %llu in an hour", (unsigned long long)hour);
	party_release(&p);
}

/* Attempts have become seldom; when traffic begins they begin anew. */
static void wanted(void)
{
	struct party p;

	party_begin(&p, "prc", "prc");
	p.member[1].router[0].drops = true;
	party_meet_both(&p);
	party_run(&p, p.sim.now + 600000 * MS, NULL);
	uint64_t from = p.member[0].probes;
	lr_reach_sent(&p.member[0].reach, p.sim.now, 100);
	party_run(&p, p.sim.now + 1000 * MS, NULL);
	ok(p.member[0].probes - from >= 4, "traffic after a lull: %llu probes in a second",
		(unsigned long long)(p.member[0].probes - from));
	uint64_t first = p.member[0].reach.punch.first_ns;
	party_traffic(&p, 40000, NULL);
	ok(p.member[0].reach.punch.first_ns == first, "  and none begins while it goes on");
	party_run(&p, p.sim.now + 600000 * MS, NULL);
	p.member[1].router[0].drops = false;
	ok(party_traffic(&p, 2000, party_direct), "direct as soon as it is possible and wanted");
	party_release(&p);
}

/* 16 candidates that all point at strangers, and no budget beyond 20 packets/s. */
static void budget(void)
{
	struct party p;
	struct lr_candidates list = {0};

	party_begin(&p, "prc", "symrand");
	party_meet(&p, 0);
	lr_budget_parse("0,20", &p.member[0].reach_host.budget);
	for (int i = 0; i < LR_CANDIDATES_MAX; i++) {
		struct lr_endpoint e = sim_endpoint(0x09090900u + (uint32_t)i, 1000);
		struct lr_candidate c = lr_candidate_of(LR_CANDIDATE_REFLEXIVE, &e);
		lr_candidates_add(&list, &c);
	}
	lr_reach_peer(&p.member[0].reach, p.sim.now, &list, &p.member[1].reach_host.nat, false);
	uint64_t from = p.member[0].probes;
	party_run(&p, p.sim.now + 10000 * MS, NULL);
	uint64_t n = p.member[0].probes - from;
	ok(n <= 64 + 20 * 10, "20 packets/s: %llu in 10 s", (unsigned long long)n);
	is_int(p.member[0].opened, 0, "no socket was opened");
	lr_budget_parse("0,0", &p.member[0].reach_host.budget);
	from = p.member[0].probes;
	party_run(&p, p.sim.now + 10000 * MS, NULL);
	is_int(p.member[0].probes - from, 0, "0 packets/s: none");
	party_release(&p);
}

static size_t build(struct party *p, int i, const struct lr_probe *probe, uint8_t *out)
{
	return lr_probe_build(
		&p->member[i].reach.pair, PARTY_UNIX + p->sim.now, probe, out, LR_PROBE_MAX);
}

static int give(struct party *p, int i, const struct lr_route *route, const uint8_t *b, size_t n)
{
	struct lr_clocks clocks = party_clocks(p, i);

	return lr_reach_receive(&p->member[i].reach_host, p->sim.now, &clocks, route, b, n);
}

static void hostile(void)
{
	struct party p;
	uint8_t b[LR_PROBE_MAX], old[LR_PROBE_MAX];
	struct lr_route relay = party_relay_route(0);
	struct lr_route stranger = {.to = sim_endpoint(0x09090909, 7)};
	struct lr_probe ping = {.kind = LR_PROBE_PING}, pong = {.kind = LR_PROBE_PONG};

	party_begin(&p, "open", "open");
	party_meet_both(&p);
	party_traffic(&p, 3000, NULL);
	struct lr_reach_host *h = &p.member[1].reach_host;
	size_t n = build(&p, 0, &ping, b);
	b[40] ^= 1;
	is_int(give(&p, 1, &relay, b, n), -EBADMSG, "a forged box");
	is_int(h->drop_bad, 1, "  is counted");
	b[5] ^= 1;
	is_int(give(&p, 1, &relay, b, n), -ENOENT, "an unknown hint");
	is_int(h->drop_unknown, 1, "  is counted");
	n = build(&p, 1, &ping, b);
	is_int(give(&p, 1, &stranger, b, n), -ENOENT, "our own ping sent back: unknown");
	n = build(&p, 0, &pong, b);
	is_int(give(&p, 1, &relay, b, n), -EALREADY, "a pong that nobody asked for");

	/* A call-me counts once; an older one not at all; two within 5 s not. */
	struct lr_probe call = {
		.kind = LR_PROBE_CALL, .time_ms = (PARTY_UNIX + p.sim.now) / MS + 100000};
	call.list = p.member[0].reach_host.own;
	call.nat = p.member[0].reach_host.nat;
	party_traffic(&p, 6000, NULL);
	n = build(&p, 0, &call, old);
	is_int(give(&p, 1, &relay, old, n), 0, "a call-me");
	is_int(give(&p, 1, &relay, old, n), -EALREADY, "replayed at once");
	call.time_ms++;
	size_t k = build(&p, 0, &call, b);
	is_int(give(&p, 1, &relay, b, k), -EALREADY, "a newer one within 5 s");
	party_traffic(&p, 6000, NULL);
	is_int(give(&p, 1, &relay, old, n), -EALREADY, "replayed later");
	is_int(give(&p, 1, &relay, b, k), 0, "the newer one later");
	party_release(&p);
}

/* A record and a call-me whose candidates are nobody's, everybody's, ours, or behind a tunnel. */
static void aimed(void)
{
	static const char *const bad[] = {"host 127.0.0.1:80", "host 0.0.0.0:80",
		"host 224.0.0.251:5353", "host 255.255.255.255:9", "host 10.66.0.9:51820",
		"reflexive 10.66.0.9:51820", "ipv6 [::1]:80", "ipv6 [ff02::1]:80",
		"ipv6 [fe80::1]:80", "ipv6 [::ffff:127.0.0.1]:80", "mapped 240.0.0.1:1"};
	struct lr_probe call = {.kind = LR_PROBE_CALL, .nat = {.delta = 1}};
	struct lr_probe ping = {.kind = LR_PROBE_PING};
	struct lr_route inside = {.to = sim_endpoint(0x0a420009, 51820)};
	struct lr_route relay = party_relay_route(0);
	struct lr_candidate c;
	struct lr_prefix pool;
	struct party p;
	uint8_t b[LR_PROBE_MAX];

	party_begin(&p, "open", "open");
	lr_prefix_parse("10.66.0.0/16", &pool);
	struct lr_reach_host *h = &p.member[1].reach_host;
	h->rules.pools = &pool;
	h->rules.n_pools = 1;
	party_meet(&p, 0);
	party_meet(&p, 1);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		lr_candidate_parse(bad[i], &c);
		lr_candidates_add(&call.list, &c);
	}
	struct lr_ip own = lr_ip4(p.member[1].host.ip);
	c = (struct lr_candidate){.kind = LR_CANDIDATE_HOST, .port = 22, .ip = own};
	lr_candidates_add(&call.list, &c);
	lr_candidate_parse("predicted 10.66.0.9:1024", &c);
	lr_candidates_add(&call.list, &c);
	lr_reach_peer(&p.member[1].reach, p.sim.now, &call.list, &call.nat, false);
	uint64_t from = p.member[1].probes;
	call.time_ms = (PARTY_UNIX + p.sim.now) / MS + 1;
	size_t n = build(&p, 0, &call, b);
	is_int(give(&p, 1, &relay, b, n), 0, "a call-me with what must never be tried");
	party_run_member(&p.member[1]);
	is_int(p.member[1].probes - from, 0, "not one probe goes out");
	n = build(&p, 0, &ping, b);
	is_int(give(&p, 1, &inside, b, n), -EADDRNOTAVAIL, "a ping through the tunnel");
	lr_reach_heard(&p.member[1].reach, p.sim.now, &inside);
	party_run_member(&p.member[1]);
	is_int(p.member[1].probes - from, 0, "is not answered, nor is that address tried");
	is_int(h->drop_pool, 1, "and counted");
	party_release(&p);
}

/* Somebody sees a packet on its way and sends it again from his own address. */
static void observer(void)
{
	struct party p;
	uint8_t b[LR_PROBE_MAX];
	struct lr_probe ping = {.kind = LR_PROBE_PING};

	party_begin(&p, "open", "open");
	party_meet_both(&p);
	party_traffic(&p, 3000, NULL);
	struct lr_route before = lr_reach_current(&p.member[1].reach)->route;
	struct lr_route stranger = {.to = sim_endpoint(0x09090909, 7)};
	uint64_t sent = p.member[1].probes;
	for (int i = 0; i < 100; i++) { /* for 10 s: tunnel packets and probes from elsewhere */
		size_t n = build(&p, 0, &ping, b);
		give(&p, 1, &stranger, b, n);
		lr_reach_heard(&p.member[1].reach, p.sim.now, &stranger);
		party_traffic(&p, 100, NULL);
	}
	struct lr_path *path = lr_reach_current(&p.member[1].reach);
	ok(lr_route_same(&path->route, &before), "the path did not move");
	ok(!lr_paths_find(&p.member[1].reach.paths, &stranger), "his address is no path");
	ok(p.member[1].probes - sent < 800, "%llu probes went out in 10 s",
		(unsigned long long)(p.member[1].probes - sent));
	party_release(&p);
}

/* A flood of good pings from a member: answered 400 times a second at most. */
static void flood(void)
{
	struct party p;
	uint8_t b[LR_PROBE_MAX];
	struct lr_route relay = party_relay_route(0);
	struct lr_probe ping = {.kind = LR_PROBE_PING};

	party_begin(&p, "open", "open");
	party_meet_both(&p);
	party_traffic(&p, 3000, NULL);
	size_t n = build(&p, 0, &ping, b), before = p.n_frames;
	for (int i = 0; i < 5000; i++)
		give(&p, 1, &relay, b, n);
	ok(p.n_frames - before <= 400 && p.n_frames - before > 300, "5,000 pings, %zu pongs",
		p.n_frames - before);
	party_release(&p);
}

static void path_mtu(void)
{
	static const unsigned mtus[] = {1500, 1492, 1420, 1280, 1124, 600};

	for (size_t i = 0; i < sizeof(mtus) / sizeof(mtus[0]); i++) {
		struct party p;
		party_begin(&p, "open", "prc");
		p.member[1].host.mtu = mtus[i];
		party_meet_both(&p);
		party_traffic(&p, 40000, NULL);
		struct lr_path *path = lr_reach_current(&p.member[0].reach);
		unsigned got = (unsigned)lr_pmtu_datagram(&path->pmtu) + 28;
		ok(party_direct(&p) && got <= mtus[i] && got + 8 >= mtus[i],
			"path MTU %u: %u found", mtus[i], got);
		party_release(&p);
	}
}

/* The MTU of a path in use becomes smaller, silently. */
static bool fits(const struct party *p)
{
	for (int i = 0; i < 2; i++) {
		const struct lr_paths *s = &p->member[i].reach.paths;
		if (lr_pmtu_datagram(&s->at[s->current].pmtu) + 28 > p->member[1].host.mtu)
			return false;
	}
	return true;
}

static void black_hole(void)
{
	static const struct {
		unsigned mtu, len, within_ms;
	} cases[] = {{1300, 100, 62000}, {1300, 1472, 3500}, {1000, 1472, 6500}};
	struct party p;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		party_begin(&p, "open", "prc");
		party_meet_both(&p);
		party_traffic(&p, 5000, NULL);
		p.data_len = cases[i].len;
		party_traffic(&p, 5000, NULL);
		p.member[1].host.mtu = cases[i].mtu;
		uint64_t from = p.sim.now;
		bool noticed = party_traffic(&p, cases[i].within_ms, fits);
		ok(noticed, "datagrams of %u bytes into a black hole of %u: noticed within %llu ms",
			cases[i].len, cases[i].mtu, (unsigned long long)((p.sim.now - from) / MS));
		party_traffic(&p, 5000, NULL);
		ok(fits(&p) && party_direct(&p), "  and the path stays in use");
		if (i < 2)
			party_release(&p);
	}
	struct lr_path *path = lr_reach_current(&p.member[0].reach);
	struct lr_route route = path->route;
	lr_reach_too_big(&p.member[0].reach, p.sim.now, &route, 900);
	ok(lr_pmtu_datagram(&path->pmtu) < 900, "EMSGSIZE lowers it at once: %zu",
		lr_pmtu_datagram(&path->pmtu));
	lr_reach_unreachable(&p.member[0].reach, p.sim.now, &route);
	ok(!party_direct_at(&p, 0), "EHOSTUNREACH leaves the path at once");
	party_release(&p);
}

int main(void)
{
	lr_crypto_init();
	relay_first();
	lost(true);
	lost(false);
	relay_restart();
	lossy();
	lossy_direct();
	rebinding();
	moved();
	same_lan();
	carrier();
	relay_faster();
	hide();
	backoff();
	wanted();
	budget();
	hostile();
	aimed();
	observer();
	flood();
	path_mtu();
	black_hole();
	return tap_done();
}
