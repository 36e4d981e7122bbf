/*
 * results_compare.c - does a comparison alarm when nothing changed, and does it find what changed?
 *
 * The noise model, which stands for nothing but itself: a process's summary of a metric is
 *
 *   cost * exp(0.012 * N(0, 1)) * (in one process of twenty: 1 + Exp(mean 0.10))
 *
 * cost is 10^U(0, 7) ns, the same for all processes of both builds; the second factor is how
 * processes differ (where their memory lies), the third one that was disturbed all its life. Drawn
 * by splitmix64 from the pair's number. A pair is two results of ten runs of 40 metrics; in a
 * slowed pair one of the 40, by turns, costs 5 % more in the new build.
 *
 * With LR_TEST_ALL set, 1,000 pairs of each kind, else 100.
 */
#include "lib/results/compare.h"

#include <math.h>
#include <stdlib.h>

#include "lib/perf/rank.h"
#include "t/unit/tap.h"

#define METRICS 40
#define RUNS    20 /* at most */

static uint64_t state;

/* (0, 1), splitmix64 (Steele, Lea, Flood 2014). */
static double uniform(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15u;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return ((double)((z ^ (z >> 31)) >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(void)
{
	return sqrt(-2 * log(uniform())) * cos(2 * M_PI * uniform());
}

static double summary(double cost, bool shared)
{
	double v = cost * exp(0.012 * normal());
	return shared && uniform() < 0.05 ? v * (1 - 0.10 * log(uniform())) : v;
}

static json_t *empty(const char *sitting, double memory_kb)
{
	return json_pack("{s:{s:s,s:i,s:f},s:s,s:{s:s?},s:[]}", "machine", "cpu", "model", "cores",
		2, "memory_kb", memory_kb, "git", "abc", "parameters", "sitting", sitting,
		"metrics");
}

static void add(json_t *result, const char *name, const char *better, const double *v, size_t n)
{
	json_t *samples = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(samples, json_real(v[i]));
	json_array_append_new(json_object_get(result, "metrics"),
		json_pack("{s:s,s:s,s:s,s:o}", "name", name, "unit", "ns", "better", better,
			"samples", samples));
}

/* Two results of one sitting; `slowed` of the metrics costs `by` more in the second, -1: none. */
static void pair(uint64_t number, bool shared, int slowed, double by, json_t *out[2])
{
	double cost[METRICS], v[RUNS];
	char name[16];
	int runs = shared ? 20 : 10;

	state = number * 1000003;
	for (int m = 0; m < METRICS; m++)
		cost[m] = pow(10, 7 * uniform());
	for (int side = 0; side < 2; side++) {
		out[side] = empty("one sitting", 8e6);
		for (int m = 0; m < METRICS; m++) {
			for (int i = 0; i < runs; i++)
				v[i] = summary(cost[m], shared) *
				       (side && m == slowed ? 1 + by : 1);
			snprintf(name, sizeof(name), "m%d", m);
			add(out[side], name, "lower", v, (size_t)runs);
		}
	}
}

/* How many of `n` pairs alarm; with `by` > 0 only those count that name the slowed metric. */
static unsigned alarms(unsigned n, bool shared, double by, unsigned *wrong)
{
	unsigned found = 0;

	for (unsigned i = 0; i < n; i++) {
		json_t *side[2];
		struct lr_comparison c;
		int slowed = by > 0 ? (int)(i % METRICS) : -1;
		pair((by > 0 ? 100001 : 1) + i, shared, slowed, by, side);
		if (lr_compare(&c, side[0], side[1], false, NULL) < 0)
			abort();
		for (size_t m = 0; m < c.n; m++) {
			bool worse = c.rows[m].verdict == LR_COMPARED_WORSE;
			found += worse && ((int)m == slowed || by == 0);
			*wrong += worse && (int)m != slowed && by > 0;
		}
		lr_compare_release(&c);
		json_decref(side[0]);
		json_decref(side[1]);
	}
	return found;
}

static void noise(bool shared)
{
	unsigned n = getenv("LR_TEST_ALL") ? 1000 : 100, wrong = 0;
	unsigned equal = alarms(n, shared, 0, &wrong), found = alarms(n, shared, 0.05, &wrong);
	const char *where = shared ? "20 runs, shared machine" : "10 runs, own machine";

	ok(equal * 100 <= n, "%s: %u of %u equal pairs alarm, at most one of 100 may", where, equal,
		n);
	ok(found * 100 >= n * 98, "%s: %u of %u pairs 5 %% slower are found, 98 of 100 must be",
		where, found, n);
	ok(wrong * 100 <= n, "and %u times something else was named", wrong);
}

static enum lr_verdict_of verdict(json_t *base, json_t *fresh, struct lr_comparison *c)
{
	struct lr_err err = {0};

	if (lr_compare(c, base, fresh, false, &err) < 0) {
		printf("# %s\n", err.text);
		abort();
	}
	enum lr_verdict_of v = c->rows[0].verdict;
	lr_compare_release(c);
	json_decref(base);
	json_decref(fresh);
	return v;
}

static enum lr_verdict_of by_hand(
	double factor, const char *better, size_t n, const char *sitting, struct lr_comparison *c)
{
	json_t *base = empty(sitting, 8e6), *fresh = empty(sitting, 8e6);
	double v[RUNS], w[RUNS];

	for (size_t i = 0; i < n; i++) {
		v[i] = 100 + 0.01 * (double)i;
		w[i] = factor * v[i] + 0.001;
	}
	add(base, "one", better, v, n);
	add(fresh, "one", better, w, n);
	return verdict(base, fresh, c);
}

static void verdicts(void)
{
	struct lr_comparison c;

	is_int(by_hand(1.10, "lower", 10, "s", &c), LR_COMPARED_WORSE, "10 % more: worse");
	is_int(lr_compare_exit(&c), LR_EXIT_MISSED, "exit 3");
	is_int(by_hand(0.90, "lower", 10, "s", &c), LR_COMPARED_BETTER, "10 % less: better");
	is_int(lr_compare_exit(&c), LR_EXIT_OK, "exit 0");
	is_int(by_hand(0.90, "higher", 10, "s", &c), LR_COMPARED_WORSE, "of what is better high");
	is_int(by_hand(1.01, "lower", 10, "s", &c), LR_COMPARED_SAME, "sure, but 1 % is no matter");
	is_int(by_hand(1.10, "lower", 10, NULL, &c), LR_COMPARED_SAME,
		"not recorded in turns: 10 % is no matter");
	is_int(by_hand(1.30, "lower", 10, NULL, &c), LR_COMPARED_WORSE, "30 % is");
	is_int(by_hand(1.30, "lower", 4, "s", &c), LR_COMPARED_UNSURE, "four runs: cannot tell");
	is_int(lr_compare_exit(&c), LR_EXIT_FAILED, "exit 1");
	is_int(by_hand(1.30, "lower", 5, "s", &c), LR_COMPARED_WORSE, "five can of one metric");
	is_int(by_hand(0, "lower", 10, "s", &c), LR_COMPARED_BETTER, "nearly nothing left");
}

static void leaks(void)
{
	const double none[10] = {0}, some[10] = {64, 64, 64, 64, 64, 64, 64, 64, 64, 64};
	struct lr_comparison c;
	json_t *base = empty("s", 8e6), *fresh = empty("s", 8e6);

	add(base, "leak", "lower", none, 10);
	add(fresh, "leak", "lower", some, 10);
	is_int(verdict(base, fresh, &c), LR_COMPARED_WORSE, "a leak where there was none");
	base = empty("s", 8e6), fresh = empty("s", 8e6);
	add(base, "leak", "lower", none, 10);
	add(fresh, "leak", "lower", none, 10);
	is_int(verdict(base, fresh, &c), LR_COMPARED_SAME, "none and none");
}

/* One metric, the middle of whose ten samples is `base` and `fresh`; `least` 0: none. */
static enum lr_verdict_of differing(double base, double fresh, double least, const char *sitting)
{
	json_t *side[2] = {empty(sitting, 8e6), empty(sitting, 8e6)};
	struct lr_comparison c;
	double values[10];

	for (int s = 0; s < 2; s++) {
		for (int i = 0; i < 10; i++)
			values[i] = (s ? fresh : base) + 0.1 * (i - 5);
		add(side[s], "latency", "lower", values, 10);
		if (least > 0)
			json_object_set_new(
				lr_result_metric(side[s], "latency"), "least", json_real(least));
	}
	if (lr_compare(&c, side[0], side[1], false, NULL) < 0)
		abort();
	enum lr_verdict_of v = c.rows[0].verdict;
	lr_compare_release(&c);
	json_decref(side[0]);
	json_decref(side[1]);
	return v;
}

/* What can be zero and below: a difference of two measures, a leak. */
static void differences(void)
{
	static const struct {
		double base, fresh, least;
		const char *sitting;
		enum lr_verdict_of want;
		const char *what;
	} rows[] = {
		{-3, 54, 0, "s", LR_COMPARED_WORSE, "-3 ns, then +54: worse"},
		{54, -3, 0, "s", LR_COMPARED_BETTER, "+54 ns, then -3: better"},
		{-54, -3, 0, "s", LR_COMPARED_WORSE, "-54 ns, then -3: worse"},
		{-3, 54, 100, "s", LR_COMPARED_SAME, "less than the least that matters"},
		{0, 54, 10, NULL, LR_COMPARED_SAME, "apart: ten times the least at 2 %"},
		{0, 154, 10, NULL, LR_COMPARED_WORSE, "apart: more than that"},
		{0, 1, 10, "s", LR_COMPARED_SAME, "next to nothing, from nothing"},
		{50, 54, 10, "s", LR_COMPARED_SAME, "8 %, but no matter"},
		{50, 154, 10, "s", LR_COMPARED_WORSE, "both are beyond"},
		{1e6, 1.001e6, 10, "s", LR_COMPARED_SAME, "1 us, but a thousandth"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum lr_verdict_of v =
			differing(rows[i].base, rows[i].fresh, rows[i].least, rows[i].sitting);
		is_int(v, rows[i].want, rows[i].what);
	}
}

/* A pair of results of metrics a, b with ten samples each; the new one times `factor`. */
static void two(json_t *side[2], const char *sitting, double factor)
{
	double v[10], w[10];

	for (int i = 0; i < 10; i++) {
		v[i] = 100 + 0.01 * i;
		w[i] = v[i] * factor;
	}
	for (int s = 0; s < 2; s++) {
		side[s] = empty(sitting, 8e6);
		add(side[s], "a", "lower", s ? w : v, 10);
		add(side[s], "b", "lower", v, 10);
	}
}

static void put_names(json_t *result, const char *name)
{
	json_object_set_new(json_object_get(result, "parameters"), "names", json_pack("[s]", name));
}

/* What the base had and the new one lacks is named, and cannot be told when it was asked for. */
static void vanished(void)
{
	struct lr_comparison c;
	json_t *side[2];
	char sum[LR_COMPARE_SUM], why[200];

	for (int subset = 0; subset < 2; subset++) {
		two(side, "s", 1);
		json_array_remove(json_object_get(side[1], "metrics"), 0);
		put_names(side[0], "performance");
		put_names(side[1], subset ? "wg" : "performance");
		is_int(lr_compare(&c, side[0], side[1], false, NULL), 0, "one of two is gone");
		is_str(json_string_value(json_array_get(c.gone, 0)), "a", "it is named");
		is_int(lr_compare_exit(&c), subset ? LR_EXIT_OK : LR_EXIT_FAILED,
			subset ? "it was not asked for: exit 0" : "it was asked for: exit 1");
		lr_compare_sum(&c, sum);
		ok(strstr(sum, "1 of the base's are gone"), "%s", sum);
		ok(!lr_compare_replaces(&c, why) && strstr(why, "a is not in"), "%s", why);
		lr_compare_release(&c);
		json_decref(side[0]);
		json_decref(side[1]);
	}
}

static bool replaces(const char *sitting, double factor, char why[200])
{
	struct lr_comparison c;
	json_t *side[2];

	two(side, sitting, factor);
	if (lr_compare(&c, side[0], side[1], false, NULL) < 0)
		abort();
	bool good = lr_compare_replaces(&c, why);
	lr_compare_release(&c);
	json_decref(side[0]);
	json_decref(side[1]);
	return good;
}

static void bases(void)
{
	char why[200];

	ok(replaces("s", 1.01, why), "1 %% more in one sitting becomes the base");
	ok(replaces(NULL, 1.01, why), "and of another sitting");
	ok(!replaces("s", 1.1, why), "10 %% more does not: %s", why);
	ok(!replaces(NULL, 1.1, why) && strstr(why, "a rose, +10"),
		"nor of another sitting, where it is called the same: %s", why);
	ok(replaces(NULL, 0.9, why), "10 %% less does");
}

/* A build widens its own threshold; five runs of many metrics; more samples than are looked at. */
static void rules(void)
{
	static double many[LR_RANK_MAX + 1];
	struct lr_comparison c;
	struct lr_err err = {0};
	json_t *side[2];

	two(side, "s", 1.1);
	json_object_set_new(lr_result_metric(side[1], "a"), "threshold", json_real(50));
	is_int(lr_compare(&c, side[0], side[1], false, NULL), 0, "a threshold of its own");
	is_int(c.rows[0].verdict, LR_COMPARED_WORSE, "the base's counts");
	double p = c.rows[0].p;
	lr_compare_release(&c);
	for (int i = 0; i < 30; i++) {
		char name[8];
		snprintf(name, sizeof(name), "n%d", i);
		add(side[1], name, "lower", many, 10);
	}
	is_int(lr_compare(&c, side[0], side[1], false, NULL), 0, "30 more metrics");
	ok(c.rows[0].p > 10 * p, "Holm's correction is over all of the file");
	ok(c.rows[1].visible > 2 && c.rows[1].visible < 3, "2 %% and the scatter are visible: %g",
		c.rows[1].visible);
	lr_compare_release(&c);
	for (int s = 0; s < 2; s++)
		add(side[s], "many", "lower", many, LR_RANK_MAX + 1);
	is_int(lr_compare(&c, side[0], side[1], false, &err), -1, "too many samples");
	ok(strstr(err.text, "many: more than"), "are told: %s", err.text);
	json_decref(side[0]);
	json_decref(side[1]);
}

/* ARM kernels name no processor. */
static void nameless(void)
{
	char why[200];
	json_t *a = empty("s", 8e6), *b = empty("s", 8e6);

	json_object_set_new(json_object_get(a, "machine"), "cpu", json_null());
	ok(!lr_result_same_machine(a, b, why), "one has a name: %s", why);
	json_object_set_new(json_object_get(b, "machine"), "cpu", json_null());
	ok(lr_result_same_machine(a, b, why), "neither has: the same");
	json_decref(a);
	json_decref(b);
}

static void refused(void)
{
	json_t *base = empty("s", 8e6), *fresh = empty("s", 4e6);
	const double v[5] = {1, 2, 3, 4, 5};
	struct lr_comparison c;
	struct lr_err err = {0};

	add(base, "one", "lower", v, 5);
	add(fresh, "one", "lower", v, 5);
	is_int(lr_compare(&c, base, fresh, false, &err), -1, "another machine's");
	is_int(err.exit, LR_EXIT_FAILED, "exit 1");
	is_int(lr_compare(&c, base, fresh, true, &err), 0, "unless it is said");
	lr_compare_release(&c);
	json_decref(fresh);
	fresh = empty("s", 8e6);
	add(fresh, "two", "lower", v, 5);
	is_int(lr_compare(&c, base, fresh, false, &err), -1, "nothing in common");
	add(fresh, "one", "higher", v, 5);
	is_int(lr_compare(&c, base, fresh, false, &err), -1, "turned round");
	json_decref(base);
	json_decref(fresh);
}

int main(void)
{
	verdicts();
	leaks();
	differences();
	vanished();
	bases();
	rules();
	nameless();
	refused();
	noise(false);
	noise(true);
	return tap_done();
}
