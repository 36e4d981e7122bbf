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

static enum lr_verdict_of judge(const struct lr_compared *row, size_t tests)
{
	double by = 1 + row->threshold / 100;

	if (!enough(row, tests))
		return LR_COMPARED_UNSURE;
	if (row->p >= LR_COMPARE_P)
		return LR_COMPARED_SAME;
	if (row->low > by)
		return LR_COMPARED_WORSE;
	return row->high < 1 / by ? LR_COMPARED_BETTER : LR_COMPARED_SAME;
}

/* All but the verdict, with the p of this one test. */
static void test(struct lr_compared *row, const json_t *base, const json_t *fresh, bool interleaved)
{
	double *b = lr_result_samples(base, &row->n_base);
	double *f = lr_result_samples(fresh, &row->n_fresh);
	double own = lr_result_threshold(fresh);
	struct lr_interval r = {NAN, NAN, NAN};

	row->name = json_string_value(json_object_get(fresh, LR_K_NAME));
	row->unit = json_string_value(json_object_get(fresh, LR_K_UNIT));
	row->threshold = interleaved || own > LR_COMPARE_APART ? own : LR_COMPARE_APART;
	row->base = lr_stats_median(b, row->n_base);
	row->fresh = lr_stats_median(f, row->n_fresh);
	row->p = lr_rank_p(b, row->n_base, f, row->n_fresh);
	if (b && f)
		r = lr_result_higher(fresh)
			    ? lr_rank_ratio(f, row->n_fresh, b, row->n_base, CONFIDENCE)
			    : lr_rank_ratio(b, row->n_base, f, row->n_fresh, CONFIDENCE);
	row->ratio = r.value;
	row->low = r.low;
	row->high = r.high;
	free(b);
	free(f);
}

static bool same_kind(const json_t *a, const json_t *b)
{
	return json_equal(json_object_get(a, LR_K_UNIT), json_object_get(b, LR_K_UNIT)) &&
	       lr_result_higher(a) == lr_result_higher(b);
}

static int test_all(struct lr_comparison *c, struct lr_err *err)
{
	const json_t *list = json_object_get(c->fresh, LR_K_METRICS), *fresh;
	size_t i;

	json_array_foreach (list, i, fresh) {
		const char *name = json_string_value(json_object_get(fresh, LR_K_NAME));
		const json_t *base = lr_result_metric(c->base, name);
		if (!base)
			c->only_fresh++;
		else if (!same_kind(base, fresh))
			return lr_err_set(err, LR_EXIT_FAILED,
				"%s: not in the same unit in both results", name);
		else
			test(&c->rows[c->n++], base, fresh, c->interleaved);
	}
	c->only_base = json_array_size(json_object_get(c->base, LR_K_METRICS)) - c->n;
	return c->n ? 0
		    : lr_err_set(err, LR_EXIT_FAILED, "the two results have no metric in common");
}

static void correct(struct lr_comparison *c)
{
	double *p = malloc((c->n + 1) * sizeof(*p));

	for (size_t i = 0; p && i < c->n; i++)
		p[i] = c->rows[i].p;
	if (p)
		lr_rank_holm(p, c->n);
	for (size_t i = 0; i < c->n; i++) {
		struct lr_compared *row = &c->rows[i];
		row->p = p ? p[i] : 1;
		row->verdict = judge(row, c->n);
		c->worse += row->verdict == LR_COMPARED_WORSE;
		c->better += row->verdict == LR_COMPARED_BETTER;
		c->unsure += row->verdict == LR_COMPARED_UNSURE;
	}
	free(p);
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
	free(c->rows);
	c->rows = NULL;
}

enum lr_exit lr_compare_exit(const struct lr_comparison *c)
{
	if (c->worse)
		return LR_EXIT_MISSED;
	return c->unsure ? LR_EXIT_FAILED : LR_EXIT_OK;
}
