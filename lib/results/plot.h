/*
 * plot.h - small plots as SVG
 *
 * Plots name colours by class only; lr_plot_style() says what they are, light and dark, and stands
 * once in a page or in a picture of its own. Nothing is loaded and nothing runs.
 */
#ifndef LR_RESULTS_PLOT_H
#define LR_RESULTS_PLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define LR_PLOT_WIDTH  320 /* of a panel, in pixels of its own */
#define LR_PLOT_HEIGHT 200
#define LR_PLOT_LINES  4

struct lr_plot_line {
	const char *name; /* for the legend; NULL: none */
	const double *x, *y;
	size_t n;
};

/* A panel: up to LR_PLOT_LINES lines over one pair of axes. Points that cannot be on a logarithmic
 * axis (<= 0, NAN) are left out. */
struct lr_plot {
	const char *title;
	const char *x_name;
	const char *x_unit; /* as y_unit, or NULL: plain numbers */
	const char *y_unit; /* as lr_show_value() takes it */
	bool log_x, log_y;
	bool from_zero;           /* a linear y axis begins at 0 */
	const char *const *ticks; /* names at x = 0, 1, ...; NULL: numbers */
	struct lr_plot_line lines[LR_PLOT_LINES];
	size_t n_lines;
};

/* CSS: classes of plots and their colours in both schemes. */
void lr_plot_style(FILE *out);
/* One panel as <g>, its corner at x, y. */
void lr_plot_panel(FILE *out, const struct lr_plot *p, double x, double y);
/* <svg> of that size, labelled; `alone`: with its namespace and style, to be a file. */
void lr_plot_begin(FILE *out, double width, double height, const char *label, bool alone);
void lr_plot_end(FILE *out);

#endif
