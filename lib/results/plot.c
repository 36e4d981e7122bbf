/*
 * plot.c - small plots as SVG
 */
#include "lib/results/plot.h"

#include <math.h>
#include <string.h>

#include "lib/results/show.h"

#define LEFT   58.0
#define RIGHT  24.0
#define TOP    26.0
#define BOTTOM 34.0
#define TICKS  4

struct axis {
	double low, high; /* logarithms when `log` */
	bool log;
	double from, to; /* pixels */
};

void lr_plot_style(FILE *out)
{
	fputs(":root{--bg:#fff;--fg:#1b1f24;--dim:#59636e;--line:#d1d9e0;--c0:#0969da;--c1:#bc4c00;"
	      "--c2:#1a7f37;--c3:#8250df;--bad:#cf222e;--good:#1a7f37;--soft:#f6f8fa}\n"
	      "@media(prefers-color-scheme:dark){:root{--bg:#0d1117;--fg:#e6edf3;--dim:#9198a1;"
	      "--line:#3d444d;--c0:#4493f8;--c1:#f0883e;--c2:#3fb950;--c3:#ab7df8;--bad:#f85149;"
	      "--good:#3fb950;--soft:#151b23}}\n"
	      ".t{fill:var(--fg);font:600 13px system-ui,sans-serif}"
	      ".l{fill:var(--dim);font:11px system-ui,sans-serif}"
	      ".g{stroke:var(--line);stroke-width:1;fill:none}"
	      ".s0{stroke:var(--c0)}.s1{stroke:var(--c1)}.s2{stroke:var(--c2)}.s3{stroke:var(--c3)}"
	      ".s{fill:none;stroke-width:2}"
	      ".f0{fill:var(--c0)}.f1{fill:var(--c1)}.f2{fill:var(--c2)}.f3{fill:var(--c3)}\n",
		out);
}

void lr_plot_begin(FILE *out, double width, double height, const char *label, bool alone)
{
	fprintf(out, "<svg viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" height=\"%.0f\" role=\"img\"",
		width, height, width, height);
	if (alone)
		fputs(" xmlns=\"http://www.w3.org/2000/svg\"", out);
	fputs(" aria-label=\"", out);
	lr_show_escaped(out, label);
	fputs("\">\n", out);
	if (!alone)
		return;
	fputs("<style>", out);
	lr_plot_style(out);
	fputs("</style><rect width=\"100%\" height=\"100%\" fill=\"var(--bg)\"/>\n", out);
}

void lr_plot_end(FILE *out)
{
	fputs("</svg>\n", out);
}

static bool usable(double v, bool log)
{
	return isfinite(v) && (!log || v > 0);
}

static void widen(struct axis *a, double v)
{
	if (!usable(v, a->log))
		return;
	v = a->log ? log10(v) : v;
	a->low = fmin(a->low, v);
	a->high = fmax(a->high, v);
}

/* Whole steps around what is there, and never no room at all. */
static void settle(struct axis *a, bool whole)
{
	if (a->low > a->high)
		a->low = 0, a->high = 1;
	if (a->log && whole) {
		a->low = floor(a->low + 1e-9);
		a->high = ceil(a->high - 1e-9);
	}
	if (a->high - a->low < 1e-9)
		a->high = a->low + (a->log || a->low == 0 ? 1 : fabs(a->low) * 0.1);
}

static double place(const struct axis *a, double v)
{
	v = a->log ? log10(v) : v;
	return a->from + (v - a->low) / (a->high - a->low) * (a->to - a->from);
}

static void axes_of(const struct lr_plot *p, struct axis *x, struct axis *y)
{
	*x = (struct axis){INFINITY, -INFINITY, p->log_x, LEFT, LR_PLOT_WIDTH - RIGHT};
	*y = (struct axis){INFINITY, -INFINITY, p->log_y, LR_PLOT_HEIGHT - BOTTOM, TOP};
	for (size_t l = 0; l < p->n_lines; l++)
		for (size_t i = 0; i < p->lines[l].n; i++) {
			widen(x, p->lines[l].x[i]);
			widen(y, p->lines[l].y[i]);
		}
	if (p->from_zero && !p->log_y) {
		widen(y, 0);
	}
	settle(x, false);
	settle(y, true);
}

static void text(
	FILE *out, double x, double y, const char *anchor, const char *class, const char *t)
{
	fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" class=\"%s\">", x, y, anchor,
		class);
	lr_show_escaped(out, t);
	fputs("</text>\n", out);
}

static void y_ticks(FILE *out, const struct lr_plot *p, const struct axis *y)
{
	char label[LR_SHOW_TEXT];
	double span = y->high - y->low, step = y->log ? ceil(span / TICKS) : span / TICKS;

	for (double v = y->low; v <= y->high + 1e-9 * span; v += step) {
		double value = y->log ? pow(10, v) : v, at = place(y, value);
		fprintf(out, "<path class=\"g\" d=\"M%.1f %.1fH%.1f\"/>", LEFT, at,
			LR_PLOT_WIDTH - RIGHT);
		text(out, LEFT - 6, at + 4, "end", "l", lr_show_value(value, p->y_unit, label));
	}
}

static void x_ticks(FILE *out, const struct lr_plot *p, const struct axis *x)
{
	const struct lr_plot_line *l = &p->lines[0];
	double last = -INFINITY;
	char label[LR_SHOW_TEXT];

	for (size_t i = 0; i < l->n; i++) {
		double at = place(x, l->x[i]);
		if (!usable(l->x[i], x->log) || at - last < 44)
			continue;
		last = at;
		if (p->x_unit)
			lr_show_value(l->x[i], p->x_unit, label);
		else
			snprintf(label, sizeof(label), "%.7g", l->x[i]);
		text(out, at, LR_PLOT_HEIGHT - BOTTOM + 15, "middle", "l",
			p->ticks ? p->ticks[(size_t)l->x[i]] : label);
	}
	text(out, (LEFT + LR_PLOT_WIDTH - RIGHT) / 2, LR_PLOT_HEIGHT - 4, "middle", "l", p->x_name);
}

static void line(FILE *out, const struct lr_plot_line *l, size_t number, const struct axis *x,
	const struct axis *y)
{
	bool begun = false;

	fprintf(out, "<path class=\"s s%zu\" d=\"", number);
	for (size_t i = 0; i < l->n; i++) {
		if (!usable(l->x[i], x->log) || !usable(l->y[i], y->log))
			continue;
		fprintf(out, "%c%.1f %.1f", begun ? 'L' : 'M', place(x, l->x[i]),
			place(y, l->y[i]));
		begun = true;
	}
	fputs("\"/>", out);
	for (size_t i = 0; i < l->n; i++)
		if (usable(l->x[i], x->log) && usable(l->y[i], y->log) && l->n <= 20)
			fprintf(out, "<circle class=\"f%zu\" cx=\"%.1f\" cy=\"%.1f\" r=\"3\"/>",
				number, place(x, l->x[i]), place(y, l->y[i]));
	fputc('\n', out);
}

void lr_plot_panel(FILE *out, const struct lr_plot *p, double left, double top)
{
	struct axis x, y;

	axes_of(p, &x, &y);
	fprintf(out, "<g transform=\"translate(%.0f %.0f)\">\n", left, top);
	text(out, 4, 15, "start", "t", p->title);
	y_ticks(out, p, &y);
	x_ticks(out, p, &x);
	for (size_t l = 0; l < p->n_lines; l++) {
		line(out, &p->lines[l], l, &x, &y);
		if (!p->lines[l].name)
			continue;
		fprintf(out,
			"<rect class=\"f%zu\" x=\"%.0f\" y=\"%.0f\" width=\"10\" height=\"3\"/>", l,
			LEFT + 8, TOP + 8 + 15 * (double)l);
		text(out, LEFT + 24, TOP + 13 + 15 * (double)l, "start", "l", p->lines[l].name);
	}
	fputs("</g>\n", out);
}
