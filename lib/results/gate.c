/*
 * gate.c - a result held against the documented targets or against ours; see gate.h
 */
#include "lib/results/gate.h"

#include <math.h>

#include "lib/base/junit.h"
#include "lib/results/show.h"
#include "terms.h"

static const char *gate_name(bool ours)
{
	return ours ? "ours" : "documented";
}

struct lr_gate_row lr_gate(const json_t *metric, bool ours)
{
	struct lr_against a = lr_against(metric);
	struct lr_gate_row row = {
		.name = json_string_value(json_object_get(metric, LR_K_NAME)),
		.unit = json_string_value(json_object_get(metric, LR_K_UNIT)),
		.value = lr_result_median(metric),
		.limit = !a.target ? NAN
			 : ours    ? a.target->ours
				   : a.target->documented,
	};
	const json_t *tried = json_object_get(metric, LR_K_SIZE);

	row.met = a.target && (ours ? a.ours_met : a.documented_met);
	row.judged = !isnan(row.limit) && !isnan(row.value);
	if (tried && !row.met && lr_result_higher(metric) &&
		row.value >= (double)json_integer_value(tried))
		row.judged = false;
	return row;
}

bool lr_gate_missed(const json_t *result, bool ours, unsigned *judged)
{
	const json_t *metrics = json_object_get(result, LR_K_METRICS), *metric;
	unsigned n = 0, missed = 0;
	size_t i;

	json_array_foreach (metrics, i, metric) {
		struct lr_gate_row row = lr_gate(metric, ours);
		n += row.judged;
		missed += row.judged && !row.met;
	}
	if (judged)
		*judged = n;
	return missed > 0;
}

static json_t *verdict(const struct lr_gate_row *row)
{
	return row->judged ? json_boolean(row->met) : json_null();
}

void lr_gate_json(json_t *result, bool ours)
{
	json_t *metrics = json_object_get(result, LR_K_METRICS), *metric;
	unsigned judged;
	bool missed = lr_gate_missed(result, ours, &judged);
	size_t i;

	json_array_foreach (metrics, i, metric) {
		struct lr_gate_row row = lr_gate(metric, ours);
		lr_json_put_real(metric, LR_K_TARGET, row.limit);
		lr_json_put(metric, LR_K_PASS, verdict(&row));
	}
	lr_json_put_str(result, LR_K_GATE, gate_name(ours));
	lr_json_put(result, LR_K_PASS, judged ? json_boolean(!missed) : json_null());
}

static const char *word(const struct lr_gate_row *row, bool colour)
{
	if (!row->judged)
		return isnan(row->limit) ? "" : "not tried";
	if (row->met)
		return colour ? "\033[32mpass\033[0m" : "pass";
	return colour ? "\033[31mMISS\033[0m" : "MISS";
}

void lr_gate_table(FILE *out, const json_t *result, bool ours, bool colour)
{
	const json_t *metrics = json_object_get(result, LR_K_METRICS), *metric;
	char a[LR_SHOW_TEXT], b[LR_SHOW_TEXT], machine[400];
	size_t i;

	fprintf(out, "%-22s %12s %4s %14s  %s\n", "metric", "median", "n", "target",
		gate_name(ours));
	json_array_foreach (metrics, i, metric) {
		struct lr_gate_row row = lr_gate(metric, ours);
		fprintf(out, "%-22s %12s %4zu %14s  %s\n", row.name,
			lr_show_value(row.value, row.unit, a),
			json_array_size(json_object_get(metric, LR_K_SAMPLES)),
			lr_show_value(row.limit, row.unit, b), word(&row, colour));
	}
	lr_show_machine(result, machine, sizeof(machine));
	fprintf(out, "%s\n", machine);
}

/* "direct_latency: 60 us, the documented target is 5 ms" */
static const char *say(const struct lr_gate_row *row, bool ours, char out[200])
{
	char a[LR_SHOW_TEXT], b[LR_SHOW_TEXT];

	snprintf(out, 200, "%s: %s, %s target is %s", row->name,
		lr_show_value(row->value, row->unit, a), ours ? "our" : "the documented",
		lr_show_value(row->limit, row->unit, b));
	return out;
}

static unsigned with_target(const json_t *metrics)
{
	const json_t *metric;
	unsigned n = 0;
	size_t i;

	json_array_foreach (metrics, i, metric)
		n += lr_against(metric).target != NULL;
	return n;
}

void lr_gate_tap(FILE *out, const json_t *result, bool ours)
{
	const json_t *metrics = json_object_get(result, LR_K_METRICS), *metric;
	char text[200];
	unsigned n = 0;
	size_t i;

	fprintf(out, "TAP version 13\n1..%u\n", with_target(metrics));
	json_array_foreach (metrics, i, metric) {
		struct lr_gate_row row = lr_gate(metric, ours);
		if (!lr_against(metric).target)
			continue;
		fprintf(out, "%sok %u - %s%s\n", row.judged && !row.met ? "not " : "", ++n,
			say(&row, ours, text), row.judged ? "" : " # SKIP cannot be judged");
	}
}

void lr_gate_junit(FILE *out, const json_t *result, bool ours, const char *name)
{
	const json_t *metrics = json_object_get(result, LR_K_METRICS), *metric;
	struct lr_junit_counts counts = {.tests = with_target(metrics)};
	char text[200];
	size_t i, judged = 0;

	json_array_foreach (metrics, i, metric) {
		struct lr_gate_row row = lr_gate(metric, ours);
		judged += row.judged;
		counts.failures += row.judged && !row.met;
	}
	counts.skipped = counts.tests - judged;
	struct lr_junit j = lr_junit_begin(out, name, name, counts, NAN);
	json_array_foreach (metrics, i, metric) {
		struct lr_gate_row row = lr_gate(metric, ours);
		if (!lr_against(metric).target)
			continue;
		if (!row.judged)
			lr_junit_case(&j, row.name, NAN, LR_JUNIT_SKIPPED, "cannot be judged");
		else
			lr_junit_case(&j, row.name, NAN,
				row.met ? LR_JUNIT_PASSED : LR_JUNIT_FAILED, say(&row, ours, text));
	}
	lr_junit_end(&j);
}
