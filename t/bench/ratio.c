/*
 * ratio.c - judges figures: median ratio of alternating rounds, its interval, the verdict
 *
 * Standard input: a JSON object a line with `ours` (list of numbers, one a round), `rival` (the
 * same, or null: the figure stands for itself), `at` ("least" or "most") and `limit`. Each comes
 * out with `value`, `low`, `high` (95 % bootstrap interval over the rounds, null when there are
 * too few), `ours_median`, `rival_median`, `rounds` and `verdict`: "met" and "missed" when
 * the whole interval says so, "undecided" between, "not measured". Exit 3 when one was
 * missed, else 1 when one was not measured.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/json.h"
#include "lib/perf/stats.h"

struct rounds {
	double v[LR_STATS_MAX];
	size_t n;
};

static void read_rounds(struct rounds *r, const json_t *list, size_t ones)
{
	size_t i;
	json_t *v;
	r->n = 0;
	json_array_foreach (list, i, v)
		if (r->n < LR_STATS_MAX && json_is_number(v))
			r->v[r->n++] = json_number_value(v);
	while (!json_is_array(list) && r->n < ones)
		r->v[r->n++] = 1;
}

static const char *judge(const struct lr_interval *x, const char *at, double limit)
{
	if (isnan(x->value))
		return "not measured";
	if (isnan(x->low) || isnan(limit))
		return "undecided";
	if (!strcmp(at, "most"))
		return x->high <= limit ? "met" : x->low > limit ? "missed" : "undecided";
	return x->low >= limit ? "met" : x->high < limit ? "missed" : "undecided";
}

static const char *figure(json_t *f)
{
	static struct rounds ours, rival;
	bool bad = false;
	const char *at = lr_json_str(f, "at", &bad), *verdict;
	const json_t *limit = json_object_get(f, "limit");
	struct lr_interval x;
	read_rounds(&ours, json_object_get(f, "ours"), 0);
	read_rounds(&rival, json_object_get(f, "rival"), ours.n);
	if (rival.n < ours.n)
		ours.n = rival.n;
	x = lr_stats_ratio(ours.v, rival.v, ours.n);
	verdict = judge(
		&x, at ? at : "least", json_is_number(limit) ? json_number_value(limit) : NAN);
	lr_json_put_real(f, "value", x.value);
	lr_json_put_real(f, "low", x.low);
	lr_json_put_real(f, "high", x.high);
	lr_json_put_real(f, "ours_median", lr_stats_median(ours.v, ours.n));
	lr_json_put_real(f, "rival_median", lr_stats_median(rival.v, ours.n));
	lr_json_put_int(f, "rounds", (int64_t)ours.n);
	lr_json_put_str(f, "verdict", verdict);
	return verdict;
}

int main(void)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t len;
	int code = 0;
	while ((len = getline(&line, &room, stdin)) > 0) {
		struct lr_err err = {0};
		json_t *f = lr_json_parse(line, (size_t)len, &err);
		const char *verdict;
		if (!json_is_object(f)) {
			fprintf(stderr, "ratio: %s\n", f ? "not an object" : err.text);
			return 2;
		}
		verdict = figure(f);
		if (!strcmp(verdict, "missed"))
			code = 3;
		else if (!strcmp(verdict, "not measured") && !code)
			code = 1;
		lr_json_line(stdout, f);
		json_decref(f);
	}
	free(line);
	return code;
}
