/*
 * compare.c - whether a build is worse than another one
 */
#include "lib/results/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/perf/rank.h"
#include "lib/perf/stats.h"
#include "terms.h"

#define CONFIDENCE 0.95

const char *lr_compare_word(enum lr_verdict_of v)
{
	static const char *const words[] = {"same", "worse", "better", "unsure"};
	return words[v];
}

/* Whether runs as few as these could say anything at all: the least p that there can be, that of
 * two sides that do not overlap, corrected for `tests`. */
static bool enough(const struct lr_compared *row, size_t tests)
{
	double n = (double)row->n_base, m = (double)row->n_fresh;
	double ways = exp(lgamma(n + m + 1) - lgamma(n + 1) - lgamma(m + 1));

	return row->n_base >= LR_COMPARE_RUNS && row->n_fresh >= LR_COMPARE_RUNS &&
	       2 / ways * (double)tests < LR_COMPARE_P;
}

/* 1: surely so much more, -1: surely so much less, else 0. */
static int beyond(const struct lr_compared *row, double threshold, double least)
{
	double by = 1 + threshold / 100;

	if (row->p >= LR_COMPARE_P)
		return 0;
	if (row->shift_low > least && (!row->relative || row->low > by))
		return 1;
	return row->shift_high < -least && (!row->relative || row->high < 1 / by) ? -1 : 0;
}

static void judge(struct lr_compared *row, size_t tests)
{
	static const enum lr_verdict_of verdicts[] = {
		LR_COMPARED_BETTER, LR_COMPARED_SAME, LR_COMPARED_WORSE};

	row->visible = NAN;
	if (!enough(row, tests)) {
		row->verdict = LR_COMPARED_UNSURE;
		return;
	}
	row->verdict = verdicts[1 + beyond(row, row->threshold, row->least)];
	row->risen = beyond(row, row->own_threshold, row->own_least) > 0;
	row->visible = row->least + (row->shift_high - row->shift_low);
	if (row->relative)
		row->visible = fmax(row->visible,
			row->base * ((1 + row->threshold / 100) * row->high / row->low - 1));
}

static bool all_above_zero(const double *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!(v[i] > 0))
			return false;
	return true;
}

/* Ratio and difference of the cost. */
static void measure(struct lr_compared *row, const double *b, const double *f, bool higher)
{
	size_t nb = row->n_base, nf = row->n_fresh;
	struct lr_interval r = {NAN, NAN, NAN}, d;

	row->relative = nb && nf && all_above_zero(b, nb) && all_above_zero(f, nf);
	if (row->relative)
		r = higher ? lr_rank_ratio(f, nf, b, nb, CONFIDENCE)
			   : lr_rank_ratio(b, nb, f, nf, CONFIDENCE);
	d = higher ? lr_rank_shift(f, nf, b, nb, CONFIDENCE)
		   : lr_rank_shift(b, nb, f, nf, CONFIDENCE);
	row->ratio = r.value, row->low = r.low, row->high = r.high;
	row->shift = d.value, row->shift_low = d.low, row->shift_high = d.high;
}

/* All but the verdict, with the p of this one test. -1: too many samples. */
static int test(struct lr_compared *row, const json_t *base, const json_t *fresh, bool interleaved)
{
	double *b = lr_result_samples(base, &row->n_base);
	double *f = lr_result_samples(fresh, &row->n_fresh);
	const char *family = json_string_value(json_object_get(fresh, LR_K_FAMILY));
	bool fits = row->n_base <= LR_RANK_MAX && row->n_fresh <= LR_RANK_MAX;

	row->name = json_string_value(json_object_get(fresh, LR_K_NAME));
	row->unit = json_string_value(json_object_get(fresh, LR_K_UNIT));
	row->network = family && strcmp(family, "live") == 0;
	row->threshold = row->own_threshold = lr_result_threshold(base);
	row->least = row->own_least = lr_result_least(base);
	if (!interleaved && row->threshold < LR_COMPARE_APART) {
		row->least *= LR_COMPARE_APART / row->threshold;
		row->threshold = LR_COMPARE_APART;
	}
	row->base = lr_stats_median(b, row->n_base);
	row->fresh = lr_stats_median(f, row->n_fresh);
	row->p = fits ? lr_rank_p(b, row->n_base, f, row->n_fresh) : 1;
	if (fits && b && f)
		measure(row, b, f, lr_result_higher(fresh));
	free(b);
	free(f);
	return fits ? 0 : -1;
}

static bool same_kind(const json_t *a, const json_t *b)
{
	return json_equal(json_object_get(a, LR_K_UNIT), json_object_get(b, LR_K_UNIT)) &&
	       lr_result_higher(a) == lr_result_higher(b);
}

/* The names of those of `a` that `b` lacks. */
static json_t *only(const json_t *a, const json_t *b)
{
	const json_t *metric;
	json_t *names = json_array();
	size_t i;

	json_array_foreach (json_object_get(a, LR_K_METRICS), i, metric) {
		json_t *name = json_object_get(metric, LR_K_NAME);
		if (!lr_result_metric(b, json_string_value(name)))
			json_array_append(names, name);
	}
	return names;
}

static int test_all(struct lr_comparison *c, struct lr_err *err)
{
	const json_t *list = json_object_get(c->fresh, LR_K_METRICS), *fresh;
	size_t i;

	json_array_foreach (list, i, fresh) {
		const char *name = json_string_value(json_object_get(fresh, LR_K_NAME));
		const json_t *base = lr_result_metric(c->base, name);
		if (!base)
			continue;
		if (!same_kind(base, fresh))
			return lr_err_set(err, LR_EXIT_FAILED,
				"%s: not in the same unit in both results", name);
		if (test(&c->rows[c->n++], base, fresh, c->interleaved) < 0)
			return lr_err_set(err, LR_EXIT_FAILED,
				"%s: more than %d samples: nothing takes so many into account",
				name, LR_RANK_MAX);
	}
	c->gone = only(c->base, c->fresh);
	c->added = only(c->fresh, c->base);
	return c->n ? 0
		    : lr_err_set(err, LR_EXIT_FAILED, "the two results have no metric in common");
}

/* By Holm, over all metrics of the new result: those that the base lacks are tests, too, which
 * found nothing. */
static void correct(struct lr_comparison *c)
{
	size_t tests = c->n + json_array_size(c->added);
	double *p = malloc((tests + 1) * sizeof(*p));

	for (size_t i = 0; p && i < tests; i++)
		p[i] = i < c->n ? c->rows[i].p : 1;
	if (p)
		lr_rank_holm(p, tests);
	for (size_t i = 0; i < c->n; i++) {
		struct lr_compared *row = &c->rows[i];
		row->p = p ? p[i] : 1;
		judge(row, tests);
		c->worse += row->verdict == LR_COMPARED_WORSE;
		c->better += row->verdict == LR_COMPARED_BETTER;
		c->unsure += row->verdict == LR_COMPARED_UNSURE;
	}
	free(p);
}

static const json_t *parameter(const json_t *result, const char *key)
{
	return json_object_get(json_object_get(result, LR_K_PARAMETERS), key);
}

static bool asked_alike(const json_t *base, const json_t *fresh)
{
	const json_t *x = parameter(base, LR_K_NAMES), *y = parameter(fresh, LR_K_NAMES);
	return x == y || json_equal(x, y);
}

int lr_compare(struct lr_comparison *c, const json_t *base, const json_t *fresh, bool any_machine,
	struct lr_err *err)
{
	char why[200];

	*c = (struct lr_comparison){.base = base, .fresh = fresh};
	if (!any_machine && !lr_result_same_machine(base, fresh, why))
		return lr_err_set(err, LR_EXIT_FAILED,
			"recorded on different machines (%s): --any-machine compares them all the "
			"same",
			why);
	c->interleaved = lr_result_interleaved(base, fresh);
	c->alike = asked_alike(base, fresh);
	c->slowed = json_string_value(parameter(fresh, LR_K_SLOWED));
	if (!c->slowed)
		c->slowed = json_string_value(parameter(base, LR_K_SLOWED));
	c->rows =
		calloc(json_array_size(json_object_get(fresh, LR_K_METRICS)) + 1, sizeof(*c->rows));
	if (!c->rows)
		return lr_err_set(err, LR_EXIT_FAILED, "out of memory");
	if (test_all(c, err) < 0) {
		lr_compare_release(c);
		return -1;
	}
	correct(c);
	return 0;
}

void lr_compare_release(struct lr_comparison *c)
{
	json_decref(c->gone);
	json_decref(c->added);
	free(c->rows);
	c->rows = NULL;
	c->gone = c->added = NULL;
}

enum lr_exit lr_compare_exit(const struct lr_comparison *c)
{
	if (c->worse)
		return LR_EXIT_MISSED;
	return c->unsure || (c->alike && json_array_size(c->gone)) ? LR_EXIT_FAILED : LR_EXIT_OK;
}

bool lr_compare_replaces(const struct lr_comparison *c, char why[200])
{
	const char *gone = json_string_value(json_array_get(c->gone, 0));
	char by[64];

	if (c->worse || c->unsure)
		snprintf(why, 200, "%s",
			c->worse ? "something is worse" : "too few runs, of one or the other");
	else if (gone)
		snprintf(why, 200, "%.80s is not in the new result", gone);
	else if (c->slowed)
		snprintf(why, 200, "a result was slowed by %.40s", c->slowed);
	for (size_t i = 0; i < c->n; i++)
		if (c->rows[i].risen && !c->worse && !c->unsure && !gone && !c->slowed) {
			snprintf(why, 200, "%.80s rose, %s, and only another sitting excuses that",
				c->rows[i].name, lr_compare_change(&c->rows[i], by));
			return false;
		}
	return !c->worse && !c->unsure && !gone && !c->slowed;
}
