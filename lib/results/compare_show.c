/*
 * compare_show.c - a comparison as JSON, a table, Markdown and JUnit XML
 */
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "lib/base/junit.h"
#include "lib/results/compare.h"
#include "lib/results/show.h"
#include "terms.h"

static json_t *row_json(const struct lr_compared *row)
{
	json_t *o = json_object();

	lr_json_put_str(o, LR_K_NAME, row->name);
	lr_json_put_str(o, LR_K_UNIT, row->unit);
	lr_json_put_real(o, LR_K_BASE, row->base);
	lr_json_put_real(o, LR_K_FRESH, row->fresh);
	lr_json_put_real(o, LR_K_RATIO, row->ratio);
	lr_json_put_real(o, LR_K_LOW, row->low);
	lr_json_put_real(o, LR_K_HIGH, row->high);
	lr_json_put_real(o, LR_K_DIFFERENCE, row->shift);
	lr_json_put_real(o, LR_K_P, row->verdict == LR_COMPARED_UNSURE ? NAN : row->p);
	lr_json_put_real(o, LR_K_THRESHOLD, row->threshold);
	lr_json_put_real(o, LR_K_LEAST, row->least);
	lr_json_put_real(o, LR_K_VISIBLE, row->visible);
	lr_json_put_str(o, LR_K_VERDICT, lr_compare_word(row->verdict));
	return o;
}

json_t *lr_compare_json(const struct lr_comparison *c)
{
	json_t *o = json_object(), *rows = json_array();
	char sum[LR_COMPARE_SUM];
	bool told = lr_compare_exit(c) == LR_EXIT_OK;

	lr_compare_sum(c, sum);
	lr_json_put_str(o, LR_K_TEXT, sum);
	lr_json_put(o, LR_K_PASS, c->worse ? json_false() : told ? json_true() : json_null());
	lr_json_put_bool(o, LR_K_INTERLEAVED, c->interleaved);
	lr_json_put_int(o, LR_K_WORSE, (int64_t)c->worse);
	lr_json_put_int(o, LR_K_IMPROVED, (int64_t)c->better);
	lr_json_put_int(o, LR_K_UNSURE, (int64_t)c->unsure);
	for (size_t i = 0; i < c->n; i++)
		json_array_append_new(rows, row_json(&c->rows[i]));
	lr_json_put(o, LR_K_COMPARED, rows);
	lr_json_put(o, LR_K_GONE, json_incref(c->gone));
	lr_json_put(o, LR_K_ADDED, json_incref(c->added));
	return o;
}

__attribute__((format(printf, 2, 3))) static void append(
	char out[LR_COMPARE_SUM], const char *fmt, ...)
{
	size_t len = strlen(out);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(out + len, LR_COMPARE_SUM - len, fmt, ap);
	va_end(ap);
}

void lr_compare_sum(const struct lr_comparison *c, char out[LR_COMPARE_SUM])
{
	size_t gone = json_array_size(c->gone);

	out[0] = '\0';
	append(out, "%zu of %zu metrics worse, %zu better", c->worse, c->n, c->better);
	if (c->unsure)
		append(out, "; of %zu it cannot be told: too few runs", c->unsure);
	if (gone)
		append(out, "; %zu of the base's are gone", gone);
	if (c->slowed)
		append(out, "; slowed by %.20s (LR_BENCH_SLOW)", c->slowed);
	if (!c->interleaved)
		append(out, "; not recorded in turns: only changes over %.0f %% count",
			LR_COMPARE_APART);
}

const char *lr_compare_change(const struct lr_compared *row, char out[64])
{
	char a[LR_SHOW_TEXT], b[LR_SHOW_TEXT], d[LR_SHOW_TEXT];
	int len;

	if (row->verdict == LR_COMPARED_UNSURE || isnan(row->shift))
		return "-";
	if (!row->relative) {
		snprintf(out, 64, "%s%s (%s to %s)", row->shift > 0 ? "+" : "",
			lr_show_value(row->shift, row->unit, d),
			lr_show_value(row->shift_low, row->unit, a),
			lr_show_value(row->shift_high, row->unit, b));
		return out;
	}
	len = snprintf(out, 64, "%+.1f %%", 100 * (row->ratio - 1));
	if (!isnan(row->low))
		snprintf(out + len, 64 - (size_t)len, " (%+.1f to %+.1f)", 100 * (row->low - 1),
			100 * (row->high - 1));
	return out;
}

static const char *p_text(const struct lr_compared *row, char out[16])
{
	if (row->verdict == LR_COMPARED_UNSURE)
		return "-";
	snprintf(out, 16, "%.2g", row->p);
	return out;
}

/* What a network measured scatters: how much it would have to change to be seen. And what is in one
 * of the two only. */
static void notes(FILE *out, const struct lr_comparison *c, const char *end)
{
	const json_t *const lists[] = {c->gone, c->added}, *name;
	static const char *const heads[] = {"not in the new result: ", "not in the base: "};
	char value[LR_SHOW_TEXT];
	size_t k, n = 0;

	for (size_t i = 0; i < c->n; i++) {
		const struct lr_compared *row = &c->rows[i];
		if (!row->network || isnan(row->visible))
			continue;
		fprintf(out, "%s%s %s",
			n++ ? ", " : "smallest change that these runs show: ", row->name,
			lr_show_value(row->visible, row->unit, value));
		if (row->relative)
			fprintf(out, " (%.3g %%)", 100 * row->visible / row->base);
	}
	if (n)
		fputs(end, out);
	for (size_t i = 0; i < 2; i++) {
		json_array_foreach (lists[i], k, name)
			fprintf(out, "%s%s", k ? ", " : heads[i], json_string_value(name));
		if (json_array_size(lists[i]))
			fputs(end, out);
	}
}

void lr_compare_table(FILE *out, const struct lr_comparison *c, bool all)
{
	char a[LR_SHOW_TEXT], b[LR_SHOW_TEXT], by[64], p[16], sum[LR_COMPARE_SUM];
	bool head = false;

	for (size_t i = 0; i < c->n; i++) {
		const struct lr_compared *row = &c->rows[i];
		if (!all && row->verdict == LR_COMPARED_SAME)
			continue;
		if (!head)
			fprintf(out, "%-28s %10s %10s  %-26s %9s  %s\n", "metric", "base", "new",
				"cost", "p", "verdict");
		head = true;
		fprintf(out, "%-28s %10s %10s  %-26s %9s  %s\n", row->name,
			lr_show_value(row->base, row->unit, a),
			lr_show_value(row->fresh, row->unit, b), lr_compare_change(row, by),
			p_text(row, p), lr_compare_word(row->verdict));
	}
	notes(out, c, "\n");
	lr_compare_sum(c, sum);
	fprintf(out, "%s\n", sum);
}

void lr_compare_markdown(FILE *out, const struct lr_comparison *c)
{
	char a[LR_SHOW_TEXT], b[LR_SHOW_TEXT], by[64], p[16], sum[LR_COMPARE_SUM], base[400],
		fresh[400];
	bool head = false;

	lr_compare_sum(c, sum);
	lr_show_machine(c->base, base, sizeof(base));
	lr_show_machine(c->fresh, fresh, sizeof(fresh));
	fprintf(out, "**%s**\n\n", sum);
	for (size_t i = 0; i < c->n; i++) {
		const struct lr_compared *row = &c->rows[i];
		if (row->verdict == LR_COMPARED_SAME)
			continue;
		if (!head)
			fprintf(out, "| metric | base | new | cost | p | |\n"
				     "|---|---:|---:|---:|---:|---|\n");
		head = true;
		fprintf(out, "| `%s` | %s | %s | %s | %s | %s |\n", row->name,
			lr_show_value(row->base, row->unit, a),
			lr_show_value(row->fresh, row->unit, b), lr_compare_change(row, by),
			p_text(row, p), lr_compare_word(row->verdict));
	}
	fputs(head ? "\n" : "", out);
	notes(out, c, "\n\n");
	fprintf(out, "base %s; new %s\n", base, fresh);
}

void lr_compare_junit(FILE *out, const struct lr_comparison *c)
{
	const struct lr_junit_counts counts = {c->n, c->worse, c->unsure};
	struct lr_junit j = lr_junit_begin(out, "lr-perf compare", "compare", counts, NAN);
	char by[64], why[100];

	for (size_t i = 0; i < c->n; i++) {
		const struct lr_compared *row = &c->rows[i];
		if (row->verdict == LR_COMPARED_WORSE) {
			snprintf(
				why, sizeof(why), "%s, p %.2g", lr_compare_change(row, by), row->p);
			lr_junit_case(&j, row->name, NAN, LR_JUNIT_FAILED, why);
		} else if (row->verdict == LR_COMPARED_UNSURE) {
			lr_junit_case(
				&j, row->name, NAN, LR_JUNIT_SKIPPED, "cannot tell: too few runs");
		} else {
			lr_junit_case(&j, row->name, NAN, LR_JUNIT_PASSED, NULL);
		}
	}
	lr_junit_end(&j);
}
