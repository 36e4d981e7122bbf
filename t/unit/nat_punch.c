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
	is_int(b->searching != NULL, 0, "the search is over");
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

int main(void)
{
	lr_crypto_init();
	plain(0);
	plain(60);
	smart();
	search("prc", "symrand", 97);
	search("symseq", "prc", 97);
	budget();
	return tap_done();
}
