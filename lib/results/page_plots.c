/*
 * page_plots.c - the plots of a page: stages, latency, curves, history, flame graph
 *
 * Each draws its panels through a frame, which puts a panel into an <svg> of its own (a page, where
 * they wrap) or beside the others in one (a file).
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/perf/flame.h"
#include "lib/results/page_inside.h"
#include "terms.h"

#define POINTS_MAX 64
#define COLUMNS    3

const char *const lr_page_plots[] = {"waterfall", "latency", "scaling", "history", "flame", NULL};

/* --- panels --- */

static void put_panel(struct lr_page_frame *f, const struct lr_plot *p)
{
	if (!f->alone)
		lr_plot_begin(f->out, LR_PLOT_WIDTH, LR_PLOT_HEIGHT, p->title, false);
	lr_plot_panel(f->out, p, f->alone ? f->n % COLUMNS * LR_PLOT_WIDTH : 0,
		f->alone ? f->n / COLUMNS * LR_PLOT_HEIGHT : 0);
	if (!f->alone)
		lr_plot_end(f->out);
	f->n++;
}

static const char *text_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));
	return text ? text : "";
}

/* --- stages of a replay: one behind the other, each as long as its median --- */

static double stage_ns(const json_t *stage)
{
	const json_t *v = json_object_get(stage, LR_K_P50_NS);
	return json_is_number(v) ? json_number_value(v) : 0;
}

static bool in_packet(const char *name)
{
	static const char *const names[] = {"parse", "lookup", "seal", "open", "replay", "deliver"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static bool waterfall(struct lr_page_frame *f, const struct lr_page *page)
{
	const json_t *stages = json_object_get(page->replay, LR_K_STAGES), *stage;
	double total = 0, at = 0, width = 1.25 * LR_PLOT_WIDTH, scale;
	char label[LR_SHOW_TEXT];
	size_t i, row = 0;

	json_array_foreach (stages, i, stage)
		total += in_packet(text_of(stage, LR_K_NAME)) ? stage_ns(stage) : 0;
	if (!(total > 0))
		return false;
	scale = (width - 130) / total;
	if (!f->alone)
		lr_plot_begin(f->out, width, 190, "stages of a packet", false);
	fputs("<text x=\"4\" y=\"15\" class=\"t\">a packet's way, median of each stage</text>\n",
		f->out);
	json_array_foreach (stages, i, stage) {
		const char *name = text_of(stage, LR_K_NAME);
		double ns = stage_ns(stage), y = 30 + 26 * (double)row;
		if (!in_packet(name))
			continue;
		fprintf(f->out,
			"<text x=\"58\" y=\"%.0f\" text-anchor=\"end\" class=\"l\">%s</text>"
			"<rect class=\"f%zu\" x=\"%.1f\" y=\"%.0f\" width=\"%.1f\" height=\"16\"/>"
			"<text x=\"%.1f\" y=\"%.0f\" class=\"l\">%s</text>\n",
			y + 12, name, row % 4, 66 + at * scale, y, fmax(1, ns * scale),
			72 + (at + ns) * scale, y + 12, lr_show_value(ns, "ns", label));
		at += ns;
		row++;
	}
	if (!f->alone)
		lr_plot_end(f->out);
	f->n += 2;
	return true;
}

/* --- latency through the tunnel beside the bare link --- */

static bool latency(struct lr_page_frame *f, const struct lr_page *page)
{
	const json_t *list = json_object_get(page->all, LR_K_DISTRIBUTIONS), *one, *point;
	double x[LR_PLOT_LINES][POINTS_MAX], y[LR_PLOT_LINES][POINTS_MAX];
	struct lr_plot p = {.title = "round trips",
		.x_name = "ns",
		.y_unit = "%",
		.log_x = true,
		.from_zero = true};
	size_t i, k;

	json_array_foreach (list, i, one) {
		const json_t *points = json_object_get(one, LR_K_QUANTILES);
		size_t n = 0;
		if (i == LR_PLOT_LINES)
			break;
		json_array_foreach (points, k, point) {
			if (n == POINTS_MAX)
				break;
			y[i][n] = 100 * json_number_value(json_array_get(point, 0));
			x[i][n++] = json_number_value(json_array_get(point, 1));
		}
		p.lines[p.n_lines++] =
			(struct lr_plot_line){text_of(one, LR_K_NAME), x[i], y[i], n};
	}
	if (p.n_lines)
		put_panel(f, &p);
	return p.n_lines > 0;
}

/* --- curves over how many there are --- */

static bool seen_before(const json_t *metrics, size_t upto, const char *series)
{
	for (size_t i = 0; i < upto; i++)
		if (strcmp(text_of(json_array_get(metrics, i), LR_K_SERIES), series) == 0)
			return true;
	return false;
}

static bool scaling(struct lr_page_frame *f, const struct lr_page *page)
{
	const json_t *metrics = json_object_get(page->all, LR_K_METRICS), *metric;
	size_t i;

	json_array_foreach (metrics, i, metric) {
		const char *series = text_of(metric, LR_K_SERIES);
		double x[POINTS_MAX], y[POINTS_MAX];
		size_t n = 0;
		if (!*series || seen_before(metrics, i, series))
			continue;
		for (size_t k = i; k < json_array_size(metrics) && n < POINTS_MAX; k++) {
			const json_t *m = json_array_get(metrics, k);
			if (strcmp(text_of(m, LR_K_SERIES), series) != 0)
				continue;
			x[n] = json_number_value(json_object_get(m, LR_K_SIZE));
			y[n++] = lr_result_median(m);
		}
		const struct lr_plot p = {.title = series,
			.x_name = "how many, or bytes",
			.y_unit = text_of(metric, LR_K_UNIT),
			.log_x = true,
			.log_y = true,
			.lines = {{NULL, x, y, n}},
			.n_lines = 1};
		if (n > 2)
			put_panel(f, &p);
	}
	return f->n > 0;
}

/* --- over several results: each family's cost --- */

/* The median of a metric of that name in the first of `n` results that has one; NAN: none. */
static double first_median(const json_t *const *results, size_t n, const char *name)
{
	double median = NAN;

	for (size_t i = 0; i < n && isnan(median); i++) {
		const json_t *metric = lr_result_metric(results[i], name);
		median = metric ? lr_result_median(metric) : NAN;
	}
	return median;
}

/* Results, and the metrics of one family in the newest of them. */
struct history {
	const json_t *const *results;
	size_t n;
	const json_t *metrics; /* of all families */
	const char *family;
	const char *const *ticks;
	double x[POINTS_MAX];
};

static bool of_family(const struct history *h, const json_t *metric)
{
	return strcmp(text_of(metric, LR_K_FAMILY), h->family) == 0;
}

/* Geometric mean of the family's medians in `result`, each over that in the first result that has
 * it; NAN: none that is above 0 in both. */
static double family_cost(const struct history *h, const json_t *result)
{
	const json_t *metric;
	double sum = 0;
	size_t i, n = 0;

	json_array_foreach (h->metrics, i, metric) {
		const char *name = text_of(metric, LR_K_NAME);
		const json_t *now = of_family(h, metric) ? lr_result_metric(result, name) : NULL;
		double a = now ? first_median(h->results, h->n, name) : NAN;
		double b = now ? lr_result_median(now) : NAN;
		if (!(a > 0) || !(b > 0))
			continue;
		sum += lr_result_higher(metric) ? log(a / b) : log(b / a);
		n++;
	}
	return n ? exp(sum / (double)n) : NAN;
}

static void relative(struct lr_page_frame *f, const struct history *h)
{
	double y[POINTS_MAX];
	bool any = false;

	for (size_t k = 0; k < h->n; k++) {
		y[k] = 100 * family_cost(h, h->results[k]);
		any = any || isfinite(y[k]);
	}
	const struct lr_plot p = {.title = h->family,
		.x_name = "cost, of the first result",
		.y_unit = "%",
		.from_zero = true,
		.ticks = h->ticks,
		.lines = {{NULL, h->x, y, h->n}},
		.n_lines = 1};
	if (any)
		put_panel(f, &p);
}

/* What is 0 or below anywhere has no ratio: those metrics as they are, the first few by name, of
 * which some that changed come first. */
static void absolute(struct lr_page_frame *f, const struct history *h)
{
	double y[LR_PLOT_LINES][POINTS_MAX];
	char title[80];
	struct lr_plot p = {
		.title = title, .x_name = "median", .from_zero = true, .ticks = h->ticks};
	const json_t *metric;
	size_t i;

	for (int still = 0; still < 2; still++)
		json_array_foreach (h->metrics, i, metric) {
			double *line = y[p.n_lines], low = INFINITY, high = -INFINITY;
			const char *name = text_of(metric, LR_K_NAME);
			if (p.n_lines == LR_PLOT_LINES || !of_family(h, metric) ||
				(p.n_lines && strcmp(p.y_unit, text_of(metric, LR_K_UNIT)) != 0))
				continue;
			for (size_t k = 0; k < h->n; k++) {
				const json_t *now = lr_result_metric(h->results[k], name);
				line[k] = now ? lr_result_median(now) : NAN;
				low = fmin(low, line[k]);
				high = fmax(high, line[k]);
			}
			if (!(low <= 0) || (high > low) == (still == 1))
				continue;
			p.y_unit = text_of(metric, LR_K_UNIT);
			p.lines[p.n_lines++] = (struct lr_plot_line){name, h->x, line, h->n};
		}
	snprintf(title, sizeof(title), "%.60s, from zero", h->family);
	if (p.n_lines)
		put_panel(f, &p);
}

static bool known_family(const json_t *metrics, size_t upto, const char *family)
{
	for (size_t i = 0; i < upto; i++)
		if (strcmp(text_of(json_array_get(metrics, i), LR_K_FAMILY), family) == 0)
			return true;
	return false;
}

static bool history(struct lr_page_frame *f, const struct lr_page *page)
{
	size_t n = page->n < POINTS_MAX ? page->n : POINTS_MAX, i;
	char names[POINTS_MAX][8];
	const char *ticks[POINTS_MAX];
	struct history h = {.results = page->results + (page->n - n),
		.n = n,
		.metrics = json_object_get(page->all, LR_K_METRICS),
		.ticks = ticks};
	const json_t *metric;

	if (n < 2)
		return false;
	for (i = 0; i < n; i++) {
		snprintf(names[i], sizeof(names[i]), "%.7s", text_of(h.results[i], LR_K_GIT));
		ticks[i] = names[i];
		h.x[i] = (double)i;
	}
	json_array_foreach (h.metrics, i, metric) {
		h.family = text_of(metric, LR_K_FAMILY);
		if (!*h.family || known_family(h.metrics, i, h.family))
			continue;
		relative(f, &h);
		absolute(f, &h);
	}
	return f->n > 0;
}

/* --- flame graph --- */

static bool flame(struct lr_page_frame *f, const struct lr_page *page)
{
	const json_t *spans = json_object_get(page->profile, LR_K_SPANS), *span;
	struct lr_flame_stack *stacks =
		calloc(json_array_size(spans) + 1, sizeof(struct lr_flame_stack));
	size_t i, n = 0;
	bool good = false;

	json_array_foreach (spans, i, span)
		if (stacks)
			stacks[n++] = (struct lr_flame_stack){text_of(span, LR_K_STACK),
				(uint64_t)json_integer_value(json_object_get(span, LR_K_OWN_NS))};
	if (n)
		good = lr_flame_svg(f->out, "where a node's time goes", stacks, n) == 0;
	free(stacks);
	return good;
}

static const struct lr_page_plot plots[] = {
	{"waterfall", "Stages of a packet", waterfall},
	{"latency", "Latency through the tunnel and of the bare link", latency},
	{"scaling", "By how many there are", scaling},
	{"history", "Over the results", history},
	{"flame", "Where a running node's time goes", flame},
};

const struct lr_page_plot *lr_page_plot_all(size_t *n)
{
	*n = sizeof(plots) / sizeof(plots[0]);
	return plots;
}

/* Drawn into memory first: how large it is, is known at the end. */
bool lr_page_svg(FILE *out, const struct lr_page *page, const char *plot)
{
	char *text = NULL;
	size_t len = 0;
	bool good = false;

	for (size_t i = 0; i < sizeof(plots) / sizeof(plots[0]); i++) {
		if (strcmp(plots[i].name, plot) != 0)
			continue;
		struct lr_page_frame f = {.out = open_memstream(&text, &len), .alone = true};
		if (!f.out)
			return false;
		good = plots[i].draw(&f, page);
		fclose(f.out);
		size_t columns = f.n < COLUMNS ? f.n : COLUMNS;
		bool whole = plots[i].draw == flame;
		if (good && !whole)
			lr_plot_begin(out, (double)columns * LR_PLOT_WIDTH,
				(double)((f.n + COLUMNS - 1) / COLUMNS) * LR_PLOT_HEIGHT,
				plots[i].title, true);
		if (good)
			fwrite(text, 1, len, out);
		if (good && !whole)
			lr_plot_end(out);
		free(text);
	}
	return good;
}
