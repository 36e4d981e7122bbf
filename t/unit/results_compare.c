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
	refused();
	noise(false);
	noise(true);
	return tap_done();
}
