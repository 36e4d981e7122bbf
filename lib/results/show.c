/*
 * show.c - results for people: numbers with units, and the table of a result
 */
#include "lib/results/show.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/results/against.h"
#include "terms.h"

static const char *scaled(double v, double step, const char *const *units, int n, char *out)
{
	int i = 0;

	for (; i < n - 1 && fabs(v) >= step * 0.9995; i++)
		v /= step;
	snprintf(out, LR_SHOW_TEXT, fabs(v) >= 999.5 ? "%.0f %s" : "%.3g %s", v, units[i]);
	return out;
}

const char *lr_show_value(double value, const char *unit, char out[LR_SHOW_TEXT])
{
	static const char *const times[] = {"ns", "us", "ms", "s"};
	static const char *const sizes[] = {"B", "kB", "MB", "GB"};

	if (isnan(value))
		return "-";
	if (strcmp(unit, "ns") == 0)
		return scaled(value, 1000, times, 4, out);
	if (strcmp(unit, "us") == 0)
		return scaled(value, 1000, times + 1, 3, out);
	if (strcmp(unit, "bytes") == 0)
		return scaled(value, 1000, sizes, 4, out);
	snprintf(
		out, LR_SHOW_TEXT, fabs(value) >= 999.5 ? "%.0f %.20s" : "%.3g %.20s", value, unit);
	return out;
}

void lr_show_escaped(FILE *out, const char *text)
{
	lr_text_escaped(out, text, strlen(text));
}

static const char *text_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));
	return text ? text : "unknown";
}

void lr_show_machine(const json_t *result, char *out, size_t room)
{
	const json_t *m = json_object_get(result, LR_K_MACHINE);

	snprintf(out, room, "%s, %s, %lld cores, Linux %s", text_of(result, LR_K_GIT),
		text_of(m, LR_K_CPU), (long long)json_integer_value(json_object_get(m, LR_K_CORES)),
		text_of(m, LR_K_KERNEL));
}

static void row(FILE *out, const json_t *metric)
{
	char a[LR_SHOW_TEXT], b[LR_SHOW_TEXT], c[LR_SHOW_TEXT];
	const char *unit = text_of(metric, LR_K_UNIT);
	struct lr_against against = lr_against(metric);
	size_t n;
	double *v = lr_result_samples(metric, &n), low = INFINITY, high = -INFINITY;

	for (size_t i = 0; i < n; i++) {
		low = fmin(low, v[i]);
		high = fmax(high, v[i]);
	}
	double median = lr_result_median(metric);
	fprintf(out, "%-28s %10s", text_of(metric, LR_K_NAME), lr_show_value(median, unit, a));
	if (n > 1 && median > 0)
		fprintf(out, "  +- %4.1f %%", 50 * (high - low) / median);
	else
		fprintf(out, "  %9s", "");
	if (against.target)
		fprintf(out, "  %9s  %s",
			lr_show_value(against.target->documented, against.target->unit, b),
			against.documented_met ? "met" : "MISSED");
	if (against.target)
		fprintf(out, ", ours %s %s",
			lr_show_value(against.target->ours, against.target->unit, c),
			against.ours_met ? "met" : "missed");
	fputc('\n', out);
	free(v);
}

void lr_show_result(FILE *out, const json_t *result)
{
	const json_t *metrics = json_object_get(result, LR_K_METRICS), *metric;
	const json_t *missing = json_object_get(result, LR_K_MISSING);
	char text[400];
	size_t i;

	fprintf(out, "%-28s %10s  %9s  %9s\n", "metric", "median", "spread", "target");
	json_array_foreach (metrics, i, metric)
		row(out, metric);
	json_array_foreach (missing, i, metric)
		fprintf(out, "%-28s %10s\n", json_string_value(metric), "not here");
	lr_show_machine(result, text, sizeof(text));
	fprintf(out, "%s\n", text);
}
