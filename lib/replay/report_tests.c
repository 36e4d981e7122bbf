/*
 * report_tests.c - a run for those who read test results: TAP and JUnit XML
 *
 * A stage is a test: passed, failed, or skipped when its target cannot be judged. One more test
 * says whether every packet is accounted for.
 */
#include "lib/replay/report.h"

#include <math.h>
#include <string.h>

#include "lib/base/junit.h"

static uint64_t dropped(const struct lr_engine *e)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i < LR_REPLAY_DROPS; i++)
		sum += e->dropped[i];
	return sum;
}

static bool adds_up(const struct lr_engine *e)
{
	return e->packets == e->delivered + dropped(e);
}

static const char *why_skipped(const struct lr_run *r, const struct lr_stage *s)
{
	double value, limit;
	lr_stage_compared(s, r->plan.gate, &value, &limit);
	return limit != limit ? "no target" : "fewer than 100 samples";
}

void lr_report_tap(FILE *out, const struct lr_run *r)
{
	char text[200];

	fprintf(out, "TAP version 13\n1..%zu\n", r->n_stages + 1);
	fprintf(out, "%sok 1 - packets: %llu, delivered: %llu, dropped: %llu\n",
		adds_up(r->engine) ? "" : "not ", (unsigned long long)r->engine->packets,
		(unsigned long long)r->engine->delivered, (unsigned long long)dropped(r->engine));
	for (size_t i = 0; i < r->n_stages; i++) {
		const struct lr_stage *s = &r->stages[i];
		bool miss = lr_run_explain(r, s, text);
		fprintf(out, "%sok %zu - %s: p50 %llu ns, p99 %llu ns", miss ? "not " : "", i + 2,
			s->name, (unsigned long long)lr_hist_quantile(&s->hist, 0.5),
			(unsigned long long)lr_hist_quantile(&s->hist, 0.99));
		if (lr_stage_judge(s, r->plan.gate) == LR_VERDICT_NONE)
			fprintf(out, " # SKIP %s", why_skipped(r, s));
		fprintf(out, "\n%s%s%s", miss ? "# " : "", miss ? text : "", miss ? "\n" : "");
	}
}

void lr_report_junit(FILE *out, const struct lr_run *r)
{
	const bool whole = adds_up(r->engine);
	struct lr_junit_counts counts = {.tests = r->n_stages + 1, .failures = !whole};
	char text[200];

	for (size_t i = 0; i < r->n_stages; i++) {
		enum lr_verdict v = lr_stage_judge(&r->stages[i], r->plan.gate);
		counts.failures += v == LR_VERDICT_MISS;
		counts.skipped += v == LR_VERDICT_NONE;
	}
	struct lr_junit j = lr_junit_begin(
		out, "lr-perf replay", "replay", counts, (double)r->duration_ns / 1e9);
	lr_junit_case(&j, "packets", NAN, whole ? LR_JUNIT_PASSED : LR_JUNIT_FAILED,
		"packets are not accounted for");
	for (size_t i = 0; i < r->n_stages; i++) {
		const struct lr_stage *s = &r->stages[i];
		double mean_s = lr_hist_mean(&s->hist) / 1e9;
		if (lr_run_explain(r, s, text))
			lr_junit_case(&j, s->name, mean_s, LR_JUNIT_FAILED, text);
		else if (lr_stage_judge(s, r->plan.gate) == LR_VERDICT_NONE)
			lr_junit_case(&j, s->name, mean_s, LR_JUNIT_SKIPPED, why_skipped(r, s));
		else
			lr_junit_case(&j, s->name, mean_s, LR_JUNIT_PASSED, NULL);
	}
	lr_junit_end(&j);
}
