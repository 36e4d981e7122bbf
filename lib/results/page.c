/*
 * page.c - the page itself: machine, targets, plots, all metrics; and the comment in Markdown
 */
#include "lib/results/page.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/results/against.h"
#include "lib/results/page_inside.h"
#include "terms.h"

bool lr_page_same_machine(const struct lr_page *page, char why[200])
{
	for (size_t i = 1; i < page->n; i++)
		if (!lr_result_same_machine(page->results[0], page->results[i], why))
			return false;
	return true;
}

static void head(FILE *out, const struct lr_page *page)
{
	char machine[400] = "", why[200];

	if (page->n)
		lr_show_machine(page->all, machine, sizeof(machine));
	fputs("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
	      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
	      "<meta name=\"color-scheme\" content=\"light dark\">"
	      "<link rel=\"icon\" href=\"data:,\"><title>LANrage, measured</title><style>\n",
		out);
	lr_plot_style(out);
	fputs("body{background:var(--bg);color:var(--fg);font:15px/1.5 "
	      "system-ui,sans-serif;margin:0 "
	      "auto;max-width:1040px;padding:1rem}"
	      "h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem;border-bottom:1px solid "
	      "var(--line)}p{color:var(--dim)}.w{overflow-x:auto}"
	      "table{border-collapse:collapse;font-variant-numeric:tabular-nums}"
	      "td,th{padding:.25rem .75rem .25rem 0;text-align:left;white-space:nowrap}"
	      "tr{border-bottom:1px solid var(--line)}.n{text-align:right}"
	      ".ok{color:var(--good)}.no{color:var(--bad);font-weight:600}"
	      ".p{display:flex;flex-wrap:wrap;gap:.5rem}svg{max-width:100%;height:auto;"
	      "background:var(--bg)}\n</style></head><body>\n<h1>LANrage, measured</h1>\n<p>",
		out);
	lr_show_escaped(out, machine);
	fputs("</p>\n", out);
	if (!lr_page_same_machine(page, why)) {
		fputs("<p class=\"no\">The results are of different machines, ", out);
		lr_show_escaped(out, why);
		fputs(": their history says nothing.</p>\n", out);
	}
}

static void cell(FILE *out, const char *class, const char *text)
{
	fprintf(out, "<td class=\"%s\">", class);
	lr_show_escaped(out, text);
	fputs("</td>", out);
}

static const char *met_class(bool met)
{
	return met ? "ok" : "no";
}

static const char *text_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));
	return text ? text : "";
}

static void target_row(FILE *out, const json_t *metric)
{
	struct lr_against a = lr_against(metric);
	char value[LR_SHOW_TEXT];

	if (!a.target)
		return;
	fputs("<tr>", out);
	cell(out, "", text_of(metric, LR_K_NAME));
	cell(out, "n", lr_show_value(a.value, a.target->unit, value));
	cell(out, "n", lr_show_value(a.target->documented, a.target->unit, value));
	cell(out, met_class(a.documented_met), a.documented_met ? "met" : "missed");
	cell(out, "n", lr_show_value(a.target->ours, a.target->unit, value));
	cell(out, met_class(a.ours_met), a.ours_met ? "met" : "missed");
	fputs("</tr>\n", out);
}

static void targets(FILE *out, const struct lr_page *page)
{
	const json_t *metrics = json_object_get(page->all, LR_K_METRICS), *metric;
	size_t i;

	if (!metrics)
		return;
	fputs("<h2 id=\"targets\">Targets</h2><div class=\"w\"><table><tr><th>metric<th "
	      "class=\"n\">median<th class=\"n\">documented<th><th class=\"n\">ours<th></tr>\n",
		out);
	json_array_foreach (metrics, i, metric)
		target_row(out, metric);
	fputs("</table></div>\n", out);
}

static void plot(FILE *out, const struct lr_page *page, const struct lr_page_plot *p)
{
	char *text = NULL;
	size_t len = 0;
	struct lr_page_frame f = {.out = open_memstream(&text, &len)};

	if (!f.out)
		return;
	bool drawn = p->draw(&f, page);
	fclose(f.out);
	if (drawn) {
		fprintf(out, "<h2 id=\"%s\">%s</h2><div class=\"p\">\n", p->name, p->title);
		fwrite(text, 1, len, out);
		fputs("</div>\n", out);
	}
	free(text);
}

static void all_metrics(FILE *out, const struct lr_page *page)
{
	const json_t *metrics = json_object_get(page->all, LR_K_METRICS), *metric;
	char value[LR_SHOW_TEXT];
	size_t i;

	if (!metrics)
		return;
	fputs("<h2 id=\"metrics\">All that was measured</h2><details><summary>medians over "
	      "processes</summary><div class=\"w\"><table>\n",
		out);
	json_array_foreach (metrics, i, metric) {
		fputs("<tr>", out);
		cell(out, "", text_of(metric, LR_K_NAME));
		cell(out, "n",
			lr_show_value(lr_result_median(metric), text_of(metric, LR_K_UNIT), value));
		snprintf(value, sizeof(value), "%zu",
			json_array_size(json_object_get(metric, LR_K_SAMPLES)));
		cell(out, "n", value);
		fputs("</tr>\n", out);
	}
	fputs("</table></div></details>\n", out);
}

void lr_page_html(FILE *out, const struct lr_page *page)
{
	size_t n;
	const struct lr_page_plot *plots = lr_page_plot_all(&n);

	head(out, page);
	targets(out, page);
	for (size_t i = 0; i < n; i++)
		plot(out, page, &plots[i]);
	all_metrics(out, page);
	fputs("</body></html>\n", out);
}

static void metrics_markdown(FILE *out, const json_t *newest)
{
	const json_t *metrics = json_object_get(newest, LR_K_METRICS), *metric;
	char value[LR_SHOW_TEXT], limit[LR_SHOW_TEXT], machine[400] = "";
	unsigned judged = 0, missed = 0, ours = 0;
	size_t i;

	json_array_foreach (metrics, i, metric) {
		struct lr_against a = lr_against(metric);
		judged += a.target != NULL;
		missed += a.target && !a.documented_met;
		ours += a.target && !a.ours_met;
	}
	fprintf(out, "**%u of %u documented targets missed**, %u of our own; %zu metrics\n\n",
		missed, judged, ours, json_array_size(metrics));
	if (ours)
		fputs("| metric | median | documented | ours |\n|---|---:|---:|---:|\n", out);
	json_array_foreach (metrics, i, metric) {
		struct lr_against a = lr_against(metric);
		if (!a.target || (a.documented_met && a.ours_met))
			continue;
		fprintf(out, "| `%s` | %s |", text_of(metric, LR_K_NAME),
			lr_show_value(a.value, a.target->unit, value));
		fprintf(out, " %s%s |", lr_show_value(a.target->documented, a.target->unit, limit),
			a.documented_met ? "" : " **missed**");
		fprintf(out, " %s%s |\n", lr_show_value(a.target->ours, a.target->unit, limit),
			a.ours_met ? "" : " missed");
	}
	lr_show_machine(newest, machine, sizeof(machine));
	fprintf(out, "%s%s\n", ours ? "\n" : "", machine);
}

static double ns_of(const json_t *stage, const char *key)
{
	const json_t *v = json_object_get(stage, key);
	return json_is_number(v) ? json_number_value(v) : NAN;
}

/* A replay: what was played, and what each stage took. */
static void replay_markdown(FILE *out, const json_t *replay)
{
	static const char *const keys[] = {LR_K_P50_NS, LR_K_P99_NS, LR_K_TARGET_NS};
	const json_t *stages = json_object_get(replay, LR_K_STAGES), *stage;
	const json_t *pass = json_object_get(replay, LR_K_PASS);
	char value[LR_SHOW_TEXT];
	size_t i;

	fprintf(out, "**Replay of %lld packets: %s**\n\n",
		(long long)json_integer_value(json_object_get(replay, LR_K_PACKETS)),
		json_is_true(pass)    ? "all stages meet their targets"
		: json_is_false(pass) ? "a stage misses its target"
				      : "nothing was judged");
	fputs("| stage | median | 99 % | target | |\n|---|---:|---:|---:|---|\n", out);
	json_array_foreach (stages, i, stage) {
		const json_t *met = json_object_get(stage, LR_K_PASS);
		fprintf(out, "| `%s` |", text_of(stage, LR_K_NAME));
		for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
			fprintf(out, " %s |", lr_show_value(ns_of(stage, keys[k]), "ns", value));
		fprintf(out, " %s |\n",
			json_is_true(met)    ? "met"
			: json_is_false(met) ? "**missed**"
					     : "");
	}
	fputc('\n', out);
}

void lr_page_markdown(FILE *out, const struct lr_page *page)
{
	if (page->replay)
		replay_markdown(out, page->replay);
	if (page->all)
		metrics_markdown(out, page->all);
}
