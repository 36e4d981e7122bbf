/*
 * nat_punch.c - the truth table: which two kinds of router are joined directly, and how soon
 */
#include "t/unit/nat_party.h"
#include "t/unit/tap.h"

#define ROUND_MS 40 /* four legs of 10 ms */

static bool lenient(const struct sim_kind *k)
{
	return sim_together(k).filtering <= LR_BEHAVE_AD;
}

static bool constant(const struct sim_kind *k)
{
	return sim_together(k).mapping == LR_BEHAVE_EI;
}

/* Simultaneous opening alone. */
static bool plain_joins(const struct sim_kind *a, const struct sim_kind *b)
{
	return lenient(a) || lenient(b) || (constant(a) && constant(b));
}

/* With prediction and search: unless both are symmetric and strict. */
static bool smart_joins(const struct sim_kind *a, const struct sim_kind *b)
{
	return lenient(a) || lenient(b) || constant(a) || constant(b);
}

/* Milliseconds from the later one's start to direct at both ends; -1: not within `limit_ms`. */
static double join_ms(const struct sim_kind *a, const struct sim_kind *b, bool smart,
	unsigned skew_ms, unsigned limit_ms, struct party *keep)
{
	struct party one, *p = keep ? keep : &one;
	double ms = -1;

	party_init(p, a, b);
	party_discover(p);
	if (!smart)
		for (int i = 0; i < 2; i++)
			p->member[i].reach_host.nat = (struct lr_nat){0};
	party_meet(p, 0);
	party_run(p, p->sim.now + skew_ms * LR_NS_PER_MS, NULL);
	uint64_t start = p->sim.now;
	party_meet(p, 1);
	if (party_run(p, start + limit_ms * LR_NS_PER_MS, party_direct))
		ms = (double)(p->sim.now - start) / LR_NS_PER_MS;
	if (!keep)
		party_release(p);
	return ms;
}

static void plain(unsigned skew_ms)
{
	for (size_t i = 0; i < SIM_KINDS; i++)
		for (size_t k = 0; k < SIM_KINDS; k++) {
			const struct sim_kind *a = &sim_kinds[i], *b = &sim_kinds[k];
			double ms = join_ms(a, b, false, skew_ms, 5 * ROUND_MS, NULL);
			bool joins = plain_joins(a, b);
			ok((ms >= 0) == joins, "plain, %u ms apart: %s x %s: %s (%.1f round trips)",
				skew_ms, a->name, b->name, joins ? "direct" : "relay",
				ms / ROUND_MS);
		}
}

static void smart(void)
{
	for (size_t i = 0; i < SIM_KINDS; i++)
		for (size_t k = i; k < SIM_KINDS; k++) {
			const struct sim_kind *a = &sim_kinds[i], *b = &sim_kinds[k];
			bool joins = smart_joins(a, b);
			int tries = joins && !plain_joins(a, b) ? 3 : 1; /* chance has its part */
			double ms = -1;
			while (ms < 0 && tries-- > 0)
				ms = join_ms(a, b, true, 0, 12000, NULL);
			ok((ms >= 0) == joins, "smart: %s x %s: %s (%.0f ms)", a->name, b->name,
				joins ? "direct" : "relay", ms);
		}
}

static void search(const char *a_name, const char *b_name, int want)
{
	const struct sim_kind *a = sim_kinds, *b = sim_kinds;
	int n = 0;
	double most = 0;

	while (strcmp(a->name, a_name) != 0)
		a++;
	while (strcmp(b->name, b_name) != 0)
		b++;
	for (int i = 0; i < 100; i++) {
		double ms = join_ms(a, b, true, (unsigned)(i % 5) * 10, 10000, NULL);
		n += ms >= 0;
		most = ms > most ? ms : most;
	}
	ok(n >= want, "%s x %s: %d of 100 within 10 s (at least %d; longest %.1f s)", a_name,
		b_name, n, want, most / 1000);
}

/* What a search leaves behind: sockets closed, budget kept. */
static void budget(void)
{
	struct party p;
	double ms = -1;

	for (int tries = 3; ms < 0 && tries > 0; tries--) { /* one of 500 draws misses */
		ms = join_ms(&sim_kinds[2], &sim_kinds[5], true, 0, 10000, &p);
		if (ms < 0 && tries > 1)
			party_release(&p);
	}
	ok(ms >= 0, "prc x symrand: direct");
	party_run(&p, p.sim.now + LR_NS_PER_S, NULL);
	const struct lr_budget *b = &p.member[1].reach_host.budget;
	unsigned kept = 0;
	for (int i = 0; i < LR_PATHS; i++) {
		const struct lr_path *path = &p.member[1].reach.paths.at[i];
		kept += path->state != LR_PATH_FREE && path->route.socket;
	}
	is_int(b->open, kept, "of all sockets only those of paths are left");
	ok(kept < 8, "  %u", kept);
	is_int(b->searches, 0, "the search is over");
	ok(p.member[1].most_open <= LR_BUDGET_SOCKETS, "%llu sockets at most",
		(unsigned long long)p.member[1].most_open);
	struct lr_explain e;
	char text[LR_EXPLAIN_TEXT];
	lr_reach_explain(&p.member[0].reach, p.sim.now, &e);
	is_int(e.reason, LR_REASON_SEARCHED, lr_explain_text(&e, "bob", text));
	lr_reach_release(&p.member[1].reach);
	p.member[1].up = false;
	is_int(b->open, 0, "released: none is left");
	party_release(&p);
}

#define MEMBERS 3

/* A node that searches for three members at the same time. */
struct node {
	struct lr_budget budget;
	struct lr_punch punch[MEMBERS];
	unsigned spray[MEMBERS];
	unsigned at[300]; /* packets of each second */
	uint16_t sockets;
};

static void node_init(struct node *n, bool symmetric)
{
	const struct lr_nat constant = {LR_BEHAVE_EI, LR_BEHAVE_APD, 0, 0};
	const struct lr_nat random = {LR_BEHAVE_APD, LR_BEHAVE_APD, 0, 0};

	memset(n, 0, sizeof(*n));
	lr_budget_init(&n->budget);
	for (int i = 0; i < MEMBERS; i++) {
		struct lr_candidates list = {0};
		struct lr_endpoint at = sim_endpoint(0x08080800u + (unsigned)i, 51820);
		struct lr_candidate c = lr_candidate_of(LR_CANDIDATE_REFLEXIVE, &at);
		lr_candidates_add(&list, &c);
		lr_punch_init(&n->punch[i]);
		lr_punch_set(&n->punch[i], 0, &list, symmetric ? &random : &constant,
			symmetric ? &constant : &random);
		lr_punch_start(&n->punch[i], 0, true);
	}
}

/* Runs from one ms to another, members in their order, as a node does. */
static void node_run(struct node *n, unsigned from_ms, unsigned to_ms)
{
	struct lr_punch_step step;

	for (unsigned ms = from_ms; ms < to_ms; ms++)
		for (int i = 0; i < MEMBERS; i++) {
			uint64_t now = ms * LR_NS_PER_MS;
			struct lr_punch *p = &n->punch[i];
			if (lr_punch_due(p, &n->budget, now) > now)
				continue;
			while (lr_punch_next(p, &n->budget, now, &step) != LR_PUNCH_NOTHING) {
				if (step.what == LR_PUNCH_OPEN)
					lr_punch_opened(p, &n->budget, ++n->sockets);
				n->spray[i] += step.what == LR_PUNCH_SPRAY;
				n->at[ms / 1000] += step.what == LR_PUNCH_SPRAY;
			}
		}
}

/* The most packets within 30 s. */
static unsigned most(const struct node *n)
{
	unsigned sum = 0, top = 0;

	for (unsigned s = 0; s < 300; s++) {
		sum += n->at[s] - (s >= 30 ? n->at[s - 30] : 0);
		top = sum > top ? sum : top;
	}
	return top;
}

static void share(void)
{
	struct node n;

	node_init(&n, false);
	node_run(&n, 0, 10000);
	unsigned sum = n.spray[0] + n.spray[1] + n.spray[2];
	ok(sum >= 1950 && sum <= 2100, "three ports searches: %u packets in 10 s", sum);
	for (int i = 0; i < MEMBERS; i++)
		ok(n.spray[i] * 10 >= sum * 3, "  %u of them for member %d", n.spray[i], i);
	lr_punch_direct(&n.punch[0], 10000 * LR_NS_PER_MS, true);
	unsigned before = n.spray[0];
	node_run(&n, 10000, 300000);
	is_int(n.spray[0], before, "who is met is searched no more");
	ok(n.spray[1] >= 4 * LR_BUDGET_PORTS && n.spray[2] >= 4 * LR_BUDGET_PORTS,
		"the others again and again: %u, %u in 5 minutes", n.spray[1], n.spray[2]);
	ok(most(&n) <= 4000, "at most %u ports in 30 s", most(&n));

	node_init(&n, true);
	node_run(&n, 0, 10000);
	is_int(n.budget.open, LR_BUDGET_SOCKETS, "three searches from the same sockets");
	for (int i = 0; i < MEMBERS; i++)
		ok(n.spray[i] >= LR_BUDGET_SOCKETS, "  %u packets for member %d", n.spray[i], i);
	lr_budget_use(&n.budget, 7);
	lr_budget_use(&n.budget, 7);
	for (int i = 0; i < MEMBERS; i++)
		lr_punch_direct(&n.punch[i], 10000 * LR_NS_PER_MS, true);
	node_run(&n, 10000, 10001);
	is_int(n.budget.open, 1, "then all are closed but the one with paths");
	ok(!lr_budget_leave(&n.budget, 7), "  which stays with the first of them");
	ok(lr_budget_leave(&n.budget, 7) && n.budget.open == 0, "  and goes with the last");
	is_int(n.budget.searches + n.budget.socket_searches, 0, "no search is on");
}

/* How long after a missed search the next begins, and what makes it begin at once. */
static void again(void)
{
	struct node n;
	unsigned begun[5] = {0}, k = 0;

	node_init(&n, false);
	n.punch[1].on = n.punch[2].on = false;
	for (unsigned ms = 0; ms < 200000 && k < 5; ms++) {
		unsigned before = n.punch[0].searches;
		node_run(&n, ms, ms + 1);
		if (n.punch[0].searches > before)
			begun[k++] = ms;
	}
	for (unsigned i = 1; i < 5; i++)
		ok(begun[i] > begun[i - 1] && begun[i] - begun[i - 1] < 75000,
			"search %u after %u ms", i + 1, begun[i] - begun[i - 1]);
	ok(begun[1] < 16000 && begun[2] - begun[1] < 30000, "the first soon");
	unsigned at = begun[4] + 20000;
	node_run(&n, begun[4] + 1, at);
	is_int(n.punch[0].search, LR_SEARCH_NONE, "none is on");
	lr_punch_start(&n.punch[0], at * LR_NS_PER_MS, true);
	node_run(&n, at, at + 1);
	is_int(n.punch[0].search, LR_SEARCH_PORTS, "the other end's call-me begins one");
	node_run(&n, at + 1, at + 20000);
	lr_punch_anew(&n.punch[0], (at + 20000) * LR_NS_PER_MS);
	node_run(&n, at + 20000, at + 20001);
	is_int(n.punch[0].search, LR_SEARCH_PORTS, "and another network does");
	is_int(n.punch[0].searches, 1, "  as the first of its kind");
}

int main(void)
{
	lr_crypto_init();
	plain(0);
	plain(60);
	smart();
	search("prc", "symrand", 97);
	search("symseq", "prc", 97);
	budget();
	share();
	again();
	return tap_done();
}
