/*
 * perf_check.c - lr-perf check: the release checklist
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/perf_files.h"
#include "lib/bench/processes.h"
#include "lib/results/check.h"

/* Processes, where it measures itself: enough for a comparison of all metrics, or for a look. */
#define RUNS_COMPARED 10
#define RUNS          3

const struct lr_opt lr_perf_check_options[] = {
	{"baseline", 0, LR_OPT_TEXT, "FILE", "compare with the results in FILE, too",
		LR_PERF_AT(baseline), .complete = "file"},
	{"md", 0, LR_OPT_FLAG, NULL, "print Markdown", LR_PERF_AT(md)},
	{"junit", 0, LR_OPT_TEXT, "FILE", "write JUnit XML to FILE too", LR_PERF_AT(junit),
		.complete = "file"},
	{0},
};

/* With root's rights also what only running programs show; without, those items are open. */
static int measure_live(json_t *result, struct lr_err *err)
{
	json_t *live = geteuid() == 0 ? lr_perf_live_quick(err) : NULL;

	if (!live)
		return geteuid() == 0 && err->exit != LR_EXIT_RIGHTS ? -1 : 0;
	lr_result_merge(result, live);
	json_decref(live);
	return 0;
}

/* Without files: measured now. */
static int measure(struct lr_perf_files *f, unsigned runs, struct lr_err *err)
{
	static char performance[] = "performance", bottlenecks[] = "bottlenecks";
	char *const names[] = {performance, bottlenecks};
	const struct lr_bench_plan plan = {
		.names = names, .n = 2, .runs = runs, .repeats = runs, .cpu = lr_bench_last_cpu()};
	json_t *result;

	if (lr_bench_runs(&plan, &result, NULL, err) < 0)
		return -1;
	if (measure_live(result, err) < 0) {
		json_decref(result);
		return -1;
	}
	return lr_perf_files_add(f, result, "bench", err);
}

static int write_junit(const struct lr_check *checks, const char *path, struct lr_err *err)
{
	FILE *out = fopen(path, "we");

	if (!out)
		return lr_err_set(err, LR_EXIT_FAILED, "%s: %s", path, strerror(errno));
	lr_check_junit(out, checks);
	if (ferror(out) | fclose(out))
		return lr_err_set(err, LR_EXIT_FAILED, "%s: %s", path, strerror(errno));
	return 0;
}

static int print(struct lr_cli *cli, const struct lr_check *checks)
{
	const struct lr_perf_args *a = cli->args;

	for (size_t i = 0; a->json && i < LR_CHECKS; i++) {
		json_t *o = lr_check_json(&checks[i]);
		int failed = lr_json_line(stdout, o);
		json_decref(o);
		if (failed)
			return LR_EXIT_FAILED;
	}
	if (a->md)
		lr_check_markdown(stdout, checks);
	else if (!a->json)
		lr_check_table(stdout, checks, isatty(STDOUT_FILENO) && !getenv("NO_COLOR"));
	if (a->junit && write_junit(checks, a->junit, &cli->err) < 0)
		return cli->err.exit;
	enum lr_exit code = lr_check_exit(checks);
	if (code == LR_EXIT_FAILED)
		lr_note(cli->prog, "nothing could be checked: no item finds what it needs");
	return (int)code;
}

int lr_perf_run_check(struct lr_cli *cli)
{
	const struct lr_perf_args *a = cli->args;
	struct lr_perf_files *f = lr_perf_files_read(cli->operands, (size_t)cli->n, &cli->err);
	struct lr_check checks[LR_CHECKS];
	json_t *base = NULL;
	int code = LR_EXIT_OK;

	if (!f || (a->baseline && !(base = lr_result_read(a->baseline, &cli->err))))
		code = cli->err.exit;
	else if (cli->n == 0 && measure(f, base ? RUNS_COMPARED : RUNS, &cli->err) < 0)
		code = cli->err.exit;
	if (code == LR_EXIT_OK) {
		lr_check_all(checks, &f->page, base);
		code = print(cli, checks);
	}
	json_decref(base);
	lr_perf_files_free(f);
	return code;
}
