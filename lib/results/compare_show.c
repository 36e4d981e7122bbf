/*
 * compare_show.c - a comparison as JSON, a table, Markdown and JUnit XML
 */
#include <math.h>
#include <string.h>

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
	lr_json_put_real(o, LR_K_P, row->p);
	lr_json_put_real(o, LR_K_THRESHOLD, row->threshold);
	lr_json_put_str(o, LR_K_VERDICT, lr_compare_word(row->verdict));
	return o;
}

json_t *lr_compare_json(const struct lr_comparison *c)
{
	json_t *o = json_object(), *rows = json_array();
	char sum[200];

	lr_compare_sum(c, sum);
	lr_json_put_str(o, LR_K_TEXT, sum);
	lr_json_put(o, LR_K_PASS, c->worse ? json_false() : c->unsure ? json_null() : json_true());
	lr_json_put_bool(o, LR_K_INTERLEAVED, c->interleaved);
	lr_json_put_int(o, LR_K_WORSE, (int64_t)c->worse);
	lr_json_put_int(o, LR_K_IMPROVED, (int64_t)c->better);
	lr_json_put_int(o, LR_K_UNSURE, (int64_t)c->unsure);
	for (size_t i = 0; i < c->n; i++)
		json_array_append_new(rows, row_json(&c->rows[i]));
	lr_json_put(o, LR_K_COMPARED, rows);
	return o;
}

void lr_compare_sum(const struct lr_comparison *c, char out[200])
{
	int len = snprintf(
		out, 200, "%zu of %zu metrics worse, %zu better", c->worse, c->n, c->better);

	if (c->unsure)
		len += snprintf(out + len, 200 - (size_t)len,
			"; of %zu it cannot be told: too few runs", c->unsure);
	if (!c->interleaved)
		snprintf(out + len, 200 - (size_t)len,
			"; not recorded in turns: only changes over %.0f %% count",
			LR_COMPARE_APART);
}

/* "+5.1 % (+4.0 to +6.3)": how much more it costs. */
static const char *change(const struct lr_compared *row, char out[64])
{
	if (isinf(row->ratio))
		return "from nothing";
	int len = snprintf(out, 64, "%+.1f %%", 100 * (row->ratio - 1));
	if (!isnan(row->low))
		snprintf(out + len, 64 - (size_t)len, " (%+.1f to %+.1f)", 100 * (row->low - 1),
			100 * (row->high - 1));
	return out;
}

void lr_compare_table(FILE *out, const struct lr_comparison *c, bool all)
{
	char a[LR_SHOW_TEXT], b[LR_SHOW_TEXT], by[64], sum[200];
	bool head = false;

	for (size_t i = 0; i < c->n; i++) {
		const struct lr_compared *row = &c->rows[i];
		if (!all && row->verdict == LR_COMPARED_SAME)
			continue;
		if (!head)
			fprintf(out, "%-28s %10s %10s  %-26s %9s  %s\n", "metric", "base", "new",
				"cost", "p", "verdict");
		head = true;
		fprintf(out, "%-28s %10s %10s  %-26s %9.2g  %s\n", row->name,
			lr_show_value(row->base, row->unit, a),
			lr_show_value(row->fresh, row->unit, b), change(row, by), row->p,
			lr_compare_word(row->verdict));
	}
	lr_compare_sum(c, sum);
	fprintf(out, "%s\n", sum);
}

void lr_compare_markdown(FILE *out, const struct lr_comparison *c)
{
	char a[LR_SHOW_TEXT], b[LR_SHOW_TEXT], by[64], sum[200], base[400], fresh[400];
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
		fprintf(out, "| `%s` | %s | %s | %s | %.2g | %s |\n", row->name,
			lr_show_value(row->base, row->unit, a),
			lr_show_value(row->fresh, row->unit, b), change(row, by), row->p,
			lr_compare_word(row->verdict));
	}
	fprintf(out, "%sbase %s; new %s\n", head ? "\n" : "", base, fresh);
}

void lr_compare_junit(FILE *out, const struct lr_comparison *c)
{
	char by[64];

	fprintf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	fprintf(out,
		"<testsuite name=\"lr-perf compare\" tests=\"%zu\" failures=\"%zu\" "
		"skipped=\"%zu\">\n",
		c->n, c->worse, c->unsure);
	for (size_t i = 0; i < c->n; i++) {
		const struct lr_compared *row = &c->rows[i];
		fputs("  <testcase classname=\"compare\" name=\"", out);
		lr_show_escaped(out, row->name);
		fputs("\">", out);
		if (row->verdict == LR_COMPARED_WORSE)
			fprintf(out, "<failure message=\"%s, p %.2g\"/>", change(row, by), row->p);
		else if (row->verdict == LR_COMPARED_UNSURE)
			fputs("<skipped message=\"cannot tell: too few runs\"/>", out);
		fputs("</testcase>\n", out);
	}
	fputs("</testsuite>\n", out);
}
