/*
 * perf_compare.c - lr-perf compare: is the new result worse than the base?
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cmd/perf.h"
#include "lib/results/compare.h"
#include "terms.h"

const struct lr_opt lr_perf_compare_options[] = {
	{"baseline", 0, LR_OPT_TEXT, "FILE", "the base is in FILE; only NEW is named",
		LR_PERF_AT(baseline), .complete = "file"},
	{"update", 0, LR_OPT_FLAG, NULL, "NEW becomes the baseline, unless something is worse",
		LR_PERF_AT(update)},
	{"any-machine", 0, LR_OPT_FLAG, NULL, "also compare results of different machines",
		LR_PERF_AT(any_machine)},
	{"all", 'a', LR_OPT_FLAG, NULL, "also show what is the same", LR_PERF_AT(all)},
	{"md", 0, LR_OPT_FLAG, NULL, "print Markdown", LR_PERF_AT(md)},
	{"junit", 0, LR_OPT_TEXT, "FILE", "write JUnit XML to FILE too", LR_PERF_AT(junit),
		.complete = "file"},
	{0},
};

static int print(struct lr_cli *cli, const struct lr_comparison *c)
{
	const struct lr_perf_args *a = cli->args;

	if (a->json) {
		json_t *report = lr_compare_json(c);
		int failed = lr_json_line(stdout, report);
		json_decref(report);
		return failed;
	}
	if (a->md)
		lr_compare_markdown(stdout, c);
	else
		lr_compare_table(stdout, c, a->all);
	return 0;
}

static int write_junit(const struct lr_comparison *c, const char *path, struct lr_err *err)
{
	FILE *out = fopen(path, "we");

	if (!out)
		return lr_err_set(err, LR_EXIT_FAILED, "%s: %s", path, strerror(errno));
	lr_compare_junit(out, c);
	if (ferror(out) | fclose(out))
		return lr_err_set(err, LR_EXIT_FAILED, "%s: %s", path, strerror(errno));
	return 0;
}

/* NEW becomes the baseline, or stderr says why not. 0, or -1 with an error. */
static int update(struct lr_cli *cli, const struct lr_comparison *c)
{
	const struct lr_perf_args *a = cli->args;
	char why[200];

	if (lr_compare_replaces(c, why))
		return lr_result_write(c->fresh, a->baseline, &cli->err);
	lr_note(cli->prog, "%s is as it was: %s", a->baseline, why);
	return 0;
}

/* The first baseline; one of few runs will never let itself be compared. */
static int first(struct lr_cli *cli, const json_t *fresh, const char *path)
{
	const json_t *metric = json_array_get(json_object_get(fresh, LR_K_METRICS), 0);

	if (json_array_size(json_object_get(metric, LR_K_SAMPLES)) < LR_COMPARE_RUNS)
		lr_note(cli->prog, "%s has fewer than %d runs: nothing can be compared with it",
			path, LR_COMPARE_RUNS);
	return lr_result_write(fresh, path, &cli->err) < 0 ? (int)cli->err.exit : LR_EXIT_OK;
}

int lr_perf_show_compared(struct lr_cli *cli, const json_t *base, const json_t *fresh)
{
	const struct lr_perf_args *a = cli->args;
	struct lr_comparison c;
	char by[64];

	if (lr_compare(&c, base, fresh, a->any_machine, &cli->err) < 0)
		return cli->err.exit;
	int code = print(cli, &c) < 0 ? LR_EXIT_FAILED : (int)lr_compare_exit(&c);
	if (a->junit && write_junit(&c, a->junit, &cli->err) < 0)
		code = cli->err.exit;
	if (a->update && update(cli, &c) < 0)
		code = cli->err.exit;
	for (size_t i = 0; i < c.n; i++)
		if (c.rows[i].verdict == LR_COMPARED_WORSE)
			lr_note(cli->prog, "%s is worse: %s", c.rows[i].name,
				lr_compare_change(&c.rows[i], by));
	if (!c.worse && c.unsure)
		lr_note(cli->prog, "cannot tell: too few runs; ten at a side see 100 metrics");
	else if (code == LR_EXIT_FAILED && !c.unsure)
		lr_note(cli->prog, "cannot tell: %zu metrics of the base are gone",
			json_array_size(c.gone));
	lr_compare_release(&c);
	return code;
}

/* Which files. 0, or -1 with an error. */
static int files_of(struct lr_cli *cli, const char **base, const char **fresh)
{
	const struct lr_perf_args *a = cli->args;

	if (a->update && !a->baseline)
		return lr_err_set(&cli->err, LR_EXIT_USAGE, "--update: of which --baseline FILE?");
	if (cli->n != (a->baseline ? 1 : 2))
		return lr_err_set(&cli->err, LR_EXIT_USAGE,
			a->baseline ? "with --baseline, name only the new result"
				    : "name two results, BASE and NEW");
	*base = a->baseline ? a->baseline : cli->operands[0];
	*fresh = cli->operands[a->baseline ? 0 : 1];
	if (strcmp(*base, "-") == 0 && strcmp(*fresh, "-") == 0)
		return lr_err_set(
			&cli->err, LR_EXIT_USAGE, "only one of the two can be standard input");
	return 0;
}

int lr_perf_run_compare(struct lr_cli *cli)
{
	const struct lr_perf_args *a = cli->args;
	const char *base_path = NULL, *fresh_path = NULL;

	if (files_of(cli, &base_path, &fresh_path) < 0)
		return cli->err.exit;
	json_t *fresh = lr_result_read(fresh_path, &cli->err);
	if (!fresh)
		return cli->err.exit;
	if (a->update && access(base_path, F_OK) != 0) { /* the first baseline */
		int code = first(cli, fresh, base_path);
		json_decref(fresh);
		return code;
	}
	json_t *base = lr_result_read(base_path, &cli->err);
	int code = base ? lr_perf_show_compared(cli, base, fresh) : (int)cli->err.exit;
	json_decref(base);
	json_decref(fresh);
	return code;
}
