/*
 * perf_replay.c - lr-perf replay: plays captures through the library's stages
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/perf.h"
#include "lib/base/clock.h"
#include "lib/node/given.h"
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
	{"annotate", 0, LR_OPT_TEXT, "FILE", "write the packets to FILE with what each stage took",
		LR_PERF_AT(annotate), .complete = "file"},
	{"sample", 0, LR_OPT_INT, "N", "time one packet in N", LR_PERF_AT(sample), 1, 1000000},
	{"speed", 0, LR_OPT_TEXT, "N", "at N times the capture's own pace; max: as fast as it goes",
		LR_PERF_AT(speed), .complete = "1 max"},
	{"loop", 0, LR_OPT_FLAG, NULL, "begin anew at the end, until an interrupt or --for",
		LR_PERF_AT(loop)},
	{"for", 0, LR_OPT_TEXT, "TIME", "end after so long", LR_PERF_AT(time)},
	{"filter", 0, LR_OPT_TEXT, "EXPRESSION", "play what this pcap-filter(7) lets through",
		LR_PERF_AT(filter)},
	{"peers", 0, LR_OPT_TEXT, "MAP", "play these peers' packets: ADDRESS=NAME,...",
		LR_PERF_AT(peers)},
	{"direction", 0, LR_OPT_TEXT, "WHICH", "play what went in, out or both",
		LR_PERF_AT(direction), .complete = "in out both"},
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

/* Notes about files from number `i` on. Whether all could be opened. */
static bool note_files(struct lr_cli *cli, const struct lr_run *r, size_t i)
{
	bool all = true;

	for (; r->played && i < r->plan.n_files; i++) {
		const struct lr_played *p = &r->played[i];
		if (p->error[0])
			lr_note(cli->prog, "%s%s", p->error,
				p->format ? "; what came before was played" : "");
		all = all && p->format;
	}
	return all;
}

/* Notes about files, then about stages that missed. The exit code. */
static int conclude(struct lr_cli *cli, const struct lr_run *r)
{
	const struct lr_engine *e = r->engine;
	bool all = note_files(cli, r, 0);
	char text[200];

	if (e->packets && e->dropped[LR_REPLAY_FILTERED] == e->packets)
		lr_note(cli->prog, "no packet was chosen%s",
			r->plan.select.direction && !r->plan.select.n
				? ": where a capture does not tell directions, --peers does"
				: "");
	for (size_t i = 0; i < r->n_stages; i++)
		if (lr_run_explain(r, &r->stages[i], text))
			lr_note(cli->prog, "%s", text);
	if (!all)
		return LR_EXIT_FAILED;
	return lr_run_missed(r) ? LR_EXIT_MISSED : LR_EXIT_OK;
}

static volatile int interrupted;
static void on_signal(int signal_number)
{
	(void)signal_number;
	interrupted = 1;
}

/* The options about which packets, when and how long. 0 or -1. */
static int choose(struct lr_cli *cli, struct lr_plan *plan)
{
	const struct lr_perf_args *a = cli->args;
	const struct sigaction act = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
	uint64_t seconds = 0;
	char *end;

	if (a->speed && strcmp(a->speed, "max") != 0) {
		plan->speed = strtod(a->speed, &end);
		if (end == a->speed || *end || !(plan->speed > 0) || plan->speed > 1e6)
			return lr_err_set(&cli->err, LR_EXIT_USAGE,
				"--speed %s: it is a number above 0, or max", a->speed);
	}
	if (a->time && lr_given_duration("--for", a->time, 366 * 86400, &seconds, &cli->err) < 0)
		return -1;
	if (a->loop || a->time || plan->speed > 0) { /* else an interrupt ends it as any program */
		sigaction(SIGINT, &act, NULL);
		sigaction(SIGALRM, &act, NULL);
		plan->stop = &interrupted;
	}
	alarm((unsigned)seconds); /* a pipe that says nothing is not waited for */
	plan->until = a->time ? lr_now() + seconds * LR_NS_PER_S : 0;
	if (a->peers && lr_select_peers(&plan->select, a->peers, &cli->err) < 0)
		return -1;
	return a->direction ? lr_select_direction(&plan->select, a->direction, &cli->err) : 0;
}

static int plan_of(struct lr_cli *cli, struct lr_plan *plan)
{
	const struct lr_perf_args *a = cli->args;

	*plan = (struct lr_plan){
		.files = cli->operands,
		.n_files = (size_t)cli->n,
		.repeat = a->loop ? UINT_MAX : (unsigned)a->repeat,
		.timing = !a->no_timing,
		.sample = (unsigned)a->sample,
		.filter = a->filter,
		.annotate = a->annotate,
		.gate = strcmp(a->gate, "ours") == 0 ? LR_GATE_OURS : LR_GATE_DOCUMENTED,
	};
	if (plan->gate == LR_GATE_DOCUMENTED && strcmp(a->gate, "documented") != 0)
		return lr_err_set(&cli->err, LR_EXIT_USAGE,
			"--gate %s: there are two, documented and ours", a->gate);
	if (a->annotate && a->no_timing)
		return lr_err_set(
			&cli->err, LR_EXIT_USAGE, "--annotate needs what --no-timing leaves out");
	if (a->sample > 1 && a->no_timing)
		return lr_err_set(
			&cli->err, LR_EXIT_USAGE, "--sample needs what --no-timing leaves out");
	if (a->loop && a->repeat > 1)
		return lr_err_set(
			&cli->err, LR_EXIT_USAGE, "--loop and --repeat exclude each other");
	if (a->json && a->tap)
		return lr_err_set(&cli->err, LR_EXIT_USAGE, "--json and --tap exclude each other");
	return choose(cli, plan);
}

int lr_perf_run_replay(struct lr_cli *cli)
{
	const struct lr_perf_args *a = cli->args;
	struct lr_plan plan;
	struct lr_run run = {0};
	int code = LR_EXIT_FAILED;

	if (plan_of(cli, &plan) < 0)
		return cli->err.exit;
	if (lr_run_play(&run, &plan, &cli->err) < 0) {
		note_files(cli, &run, 1);
		code = cli->err.exit;
	} else if (!a->junit || write_junit(&run, a->junit, &cli->err) == 0)
		code = print(cli, &run) < 0 ? LR_EXIT_FAILED : conclude(cli, &run);
	lr_run_release(&run);
	return code;
}
