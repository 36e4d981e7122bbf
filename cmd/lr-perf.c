/*
 * lr-perf.c - plays captures through the library's stages, and shows the targets
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/opt.h"
#include "lib/replay/report.h"

struct args {
	bool json, tap, no_timing;
	const char *junit, *gate;
	long repeat;
};

static void defaults(void *args)
{
	struct args *a = args;
	a->gate = "documented";
	a->repeat = 1;
}

static const struct lr_opt options[] = {
	{"json", 0, LR_OPT_FLAG, NULL, "print JSON", offsetof(struct args, json)},
	{0},
};

static const struct lr_opt replay_options[] = {
	{"repeat", 'r', LR_OPT_INT, "N", "play each file N times, for more samples",
		offsetof(struct args, repeat), 1, 1000000},
	{"gate", 'g', LR_OPT_TEXT, "WHICH", "judge these targets: documented (p99) or ours (p50)",
		offsetof(struct args, gate), .complete = "documented ours"},
	{"tap", 0, LR_OPT_FLAG, NULL, "print TAP, a test a stage", offsetof(struct args, tap)},
	{"junit", 0, LR_OPT_TEXT, "FILE", "write JUnit XML to FILE too",
		offsetof(struct args, junit), .complete = "file"},
	{"no-timing", 0, LR_OPT_FLAG, NULL, "do not time packets, only the whole",
		offsetof(struct args, no_timing)},
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
	const struct args *a = cli->args;

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
	const struct args *a = cli->args;

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

static int replay(struct lr_cli *cli)
{
	const struct args *a = cli->args;
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

static int targets(struct lr_cli *cli)
{
	const struct args *a = cli->args;
	const struct lr_target *list;
	size_t n;

	list = lr_targets_all(&n);
	if (cli->n) {
		list = lr_targets_find(cli->operands[0]);
		n = 1;
	}
	if (!list) {
		lr_err_set(&cli->err, LR_EXIT_FAILED,
			"%s: no such target: lr-perf targets lists them", cli->operands[0]);
		return LR_EXIT_FAILED;
	}
	if (!a->json)
		lr_report_targets(stdout, list, n);
	for (size_t i = 0; a->json && i < n; i++) {
		json_t *row = lr_report_target_json(&list[i]);
		int failed = lr_json_line(stdout, row);
		json_decref(row);
		if (failed)
			return LR_EXIT_FAILED;
	}
	return LR_EXIT_OK;
}

static const struct lr_verb verbs[] = {
	{"replay", "FILE...", "play captures through every stage and time each", replay_options, 1,
		-1, replay, "file"},
	{"targets", "[NAME]", "show what is to be reached", NULL, 0, 1, targets, NULL},
	{0},
};

static const struct lr_exit_note exits[] = {
	{LR_EXIT_OK, "every stage that can be judged met its target"},
	{LR_EXIT_FAILED, "no capture could be opened, no such target, or the output not written"},
	{LR_EXIT_USAGE, "wrong command line"},
	{LR_EXIT_MISSED, "a stage missed its target"},
	{0},
};

static const struct lr_prog prog = {
	.name = "lr-perf",
	.summary =
		"Plays captured packets through the tunnel's real stages and times each of them.",
	.usage = "[OPTION]... VERB [OPERAND]...",
	.opts = options,
	.verbs = verbs,
	.exits = exits,
	.examples = "  lr-perf replay game.pcap\n"
		    "  tcpdump -i eth0 -c 1000 -w - | lr-perf replay --json -\n"
		    "  lr-perf replay --gate ours --repeat 20 game.pcapng\n"
		    "  lr-perf targets\n",
	.args_size = sizeof(struct args),
	.defaults = defaults,
};

int main(int argc, char **argv)
{
	return lr_opt_main(&prog, argc, argv);
}
