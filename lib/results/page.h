/*
 * page.h - one page about any number of results
 *
 * Files of results in the order of their age: of each metric and each distribution the newest is
 * shown, whichever file has it, and those before it are its history; the last replay and profile
 * are shown with them.
 * The page is one file that loads nothing and runs nothing, in light and dark, for a screen of any
 * width.
 */
#ifndef LR_RESULTS_PAGE_H
#define LR_RESULTS_PAGE_H

#include <stdio.h>

#include "lib/results/result.h"

struct lr_page {
	const json_t *const *results; /* with metrics, oldest first */
	size_t n;
	const json_t *all;     /* lr_result_over() of them: the newest of each metric; NULL: none */
	const json_t *replay;  /* lr-perf replay --json; or NULL */
	const json_t *profile; /* lr-perf profile --json; or NULL */
};

/* Names of the plots, NULL-terminated: waterfall latency scaling history flame. */
extern const char *const lr_page_plots[];

/* Whether all results are of machines of the same kind; `why` (200) says what differs. */
bool lr_page_same_machine(const struct lr_page *page, char why[200]);
void lr_page_html(FILE *out, const struct lr_page *page);
/* One plot as an SVG file. False: there is no such plot, or nothing to draw in it. */
bool lr_page_svg(FILE *out, const struct lr_page *page, const char *plot);
/* For a pull request: targets that are missed, and a line about the rest. */
void lr_page_markdown(FILE *out, const struct lr_page *page);

#endif
