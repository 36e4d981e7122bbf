/*
 * page_inside.h - what the files of a page share
 */
#ifndef LR_RESULTS_PAGE_INSIDE_H
#define LR_RESULTS_PAGE_INSIDE_H

#include "lib/results/page.h"
#include "lib/results/plot.h"
#include "lib/results/show.h"

/* Where panels go. */
struct lr_page_frame {
	FILE *out;
	bool alone; /* all in one picture, which the caller frames */
	size_t n;   /* panels so far */
};

struct lr_page_plot {
	const char *name, *title;
	bool (*draw)(struct lr_page_frame *f, const struct lr_page *page); /* false: nothing to */
};

const struct lr_page_plot *lr_page_plot_all(size_t *n);

#endif
