/*
 * perf_replay.c - lr-perf replay: plays captures through the library's stages
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/perf.h"
#include "lib/replay/report.h"

const struct lr_opt lr_perf_replay_options[] = {
	{"repeat", 'r', LR_OPT_INT, "N", "play each file N times, for more samples",
		LR_PERF_AT(repeat), 1, 1000000},
	{"gate", 'g', LR_OPT_TEXT, "WHICH", "judge these targets: documented (p99) or ours (p50)",
		LR_PERF_AT(gate), .complete = "documented ours"},
	{"tap", 0, LR_OPT_FLAG, NULL, "print TAP, a test a stage", LR_PERF_AT(tap)},
	{"junit", 0, LR_OPT_TEXT, "FILE", "write JUnit XML to FILE too", LR_PERF_AT(junit),
		.complete = "file"},
	{"no-timing", 0, LR_OPT_FLAG, NULL, "do not time packets, only the whole",
		LR_PERF_AT(no_timing)},
	{0},
};

static int write_junit(const struct lr_run *r, const char *path, struct lr_err *err)
{
	FILE *out = fopen(path, "we");

	if (!out)
		return lr_err_set(err, LR_EXIT_FAILED, "%s: %s", path, strerror(errno));
	lr_report_junit(out, r);
	if (ferror(out) | fclose(out))
		return lr_err_set(err, LR_EXIT_FAILED, "%s: %s", path, strerror(errno));
	return 0;
}

static int print(struct lr_cli *cli, const struct lr_run *r)
{
	const struct lr_perf_args *a = cli->args;

	if (a->json) {
		json_t *report = lr_report_json(r);
		int failed = lr_json_line(stdout, report);
		json_decref(report);
		return failed;
	}
	if (a->tap)
		lr_report_tap(stdout, r);
	else
		lr_report_table(stdout, r, isatty(STDOUT_FILENO) && !getenv("NO_COLOR"));
	return 0;
}

/* Notes about files, then about stages that missed. The exit code. */
static int conclude(struct lr_cli *cli, const struct lr_run *r)
{
	char text[200];

	for (size_t i = 0; i < r->plan.n_files; i++)
		if (r->played[i].error[0])
			lr_note(cli->prog, "%s%s", r->played[i].error,
				r->played[i].format ? "; what came before was played" : "");
	for (size_t i = 0; i < r->n_stages; i++)
		if (lr_run_explain(r, &r->stages[i], text))
			lr_note(cli->prog, "%s", text);
	return lr_run_missed(r) ? LR_EXIT_MISSED : LR_EXIT_OK;
}

static int plan_of(struct lr_cli *cli, struct lr_plan *plan)
{
	const struct lr_perf_args *a = cli->args;

	*plan = (struct lr_plan){
		.files = cli->operands,
		.n_files = (size_t)cli->n,
		.repeat = (unsigned)a->repeat,
		.timing = !a->no_timing,
		.gate = strcmp(a->gate, "ours") == 0 ? LR_GATE_OURS : LR_GATE_DOCUMENTED,
	};
	if (plan->gate == LR_GATE_DOCUMENTED && strcmp(a->gate, "documented") != 0)
		return lr_err_set(&cli->err, LR_EXIT_USAGE,
			"--gate %s: there are two, documented and ours", a->gate);
	if (a->json && a->tap)
		return lr_err_set(&cli->err, LR_EXIT_USAGE, "--json and --tap exclude each other");
	return 0;
}

int lr_perf_run_replay(struct lr_cli *cli)
{
	const struct lr_perf_args *a = cli->args;
	struct lr_plan plan;
	struct lr_run run = {0};
	int code = LR_EXIT_FAILED;

	if (plan_of(cli, &plan) < 0)
		return cli->err.exit;
	if (lr_run_play(&run, &plan, &cli->err) < 0)
		code = cli->err.exit;
	else if (!a->junit || write_junit(&run, a->junit, &cli->err) == 0)
		code = print(cli, &run) < 0 ? LR_EXIT_FAILED : conclude(cli, &run);
	lr_run_release(&run);
	return code;
}
