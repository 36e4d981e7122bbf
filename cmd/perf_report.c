/*
 * perf_report.c - lr-perf report: results as a page, a plot, or a comment
 */
#include <errno.h>
#include <string.h>

#include "cmd/perf_files.h"
#include "lib/results/page.h"

const struct lr_opt lr_perf_report_options[] = {
	{"html", 0, LR_OPT_TEXT, "FILE", "write the page to FILE", LR_PERF_AT(html),
		.complete = "file"},
	{"svg", 0, LR_OPT_TEXT, "NAME", "print one plot as SVG", LR_PERF_AT(svg),
		.complete = "waterfall latency scaling history flame"},
	{"md", 0, LR_OPT_FLAG, NULL, "print Markdown", LR_PERF_AT(md)},
	{0},
};

static int write_html(const struct lr_page *page, const char *path, struct lr_err *err)
{
	bool alone = strcmp(path, "-") != 0;
	FILE *out = alone ? fopen(path, "we") : stdout;

	if (!out)
		return lr_err_set(err, LR_EXIT_FAILED, "%s: %s", path, strerror(errno));
	lr_page_html(out, page);
	if (ferror(out) | (alone ? fclose(out) : fflush(out)))
		return lr_err_set(err, LR_EXIT_FAILED, "%s: %s", path, strerror(errno));
	return 0;
}

static bool known(const char *plot)
{
	for (size_t i = 0; lr_page_plots[i]; i++)
		if (strcmp(lr_page_plots[i], plot) == 0)
			return true;
	return false;
}

static int deliver(struct lr_cli *cli, const struct lr_page *page)
{
	const struct lr_perf_args *a = cli->args;

	if (a->html && write_html(page, a->html, &cli->err) < 0)
		return cli->err.exit;
	if (a->md)
		lr_page_markdown(stdout, page);
	if (a->svg && !lr_page_svg(stdout, page, a->svg)) {
		lr_err_set(&cli->err, LR_EXIT_FAILED,
			"--svg %s: nothing to draw in these files: waterfall needs a replay, "
			"history several results, flame a profile",
			a->svg);
		return cli->err.exit;
	}
	return LR_EXIT_OK;
}

int lr_perf_run_report(struct lr_cli *cli)
{
	const struct lr_perf_args *a = cli->args;
	struct lr_perf_files *f;

	if (!a->html && !a->svg && !a->md)
		return lr_err_set(&cli->err, LR_EXIT_USAGE,
			"say what to make of it: --html FILE, --svg NAME or --md");
	if (a->svg && !known(a->svg))
		return lr_err_set(&cli->err, LR_EXIT_USAGE,
			"--svg %s: plots are waterfall, latency, scaling, history, flame", a->svg);
	f = lr_perf_files_read(cli->operands, (size_t)cli->n, &cli->err);
	char why[200];
	if (f && !lr_page_same_machine(&f->page, why))
		lr_note(cli->prog, "results of different machines, %s: their history says nothing",
			why);
	int code = f ? deliver(cli, &f->page) : (int)cli->err.exit;
	lr_perf_files_free(f);
	return code;
}
