/*
 * perf_bench.c - lr-perf bench: every operation that counts, measured in fresh processes
 */
#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/perf.h"
#include "lib/bench/bench.h"
#include "lib/bench/machine.h"
#include "lib/bench/processes.h"
#include "lib/results/result.h"
#include "lib/results/show.h"
#include "terms.h"

#define BUSY 0.5 /* load by core above which the machine does something else, too */

const struct lr_opt lr_perf_bench_options[] = {
	{"runs", 'n', LR_OPT_INT, "N", "measure in so many fresh processes (10)", LR_PERF_AT(runs),
		1, LR_BENCH_RUNS_MAX},
	{"repeats", 0, LR_OPT_INT, "N",
		"measure up to N runs again that met a slow processor (twice --runs)",
		LR_PERF_AT(repeats), 0, LR_BENCH_RUNS_MAX},
	{"against", 0, LR_OPT_TEXT, "BUILD", "measure another build, too, in turns with this one",
		LR_PERF_AT(against), .complete = "file"},
	{"against-out", 0, LR_OPT_TEXT, "FILE", "write the other build's results to FILE",
		LR_PERF_AT(against_out), .complete = "file"},
	{"out", 'o', LR_OPT_TEXT, "FILE", "write the results to FILE", LR_PERF_AT(out),
		.complete = "file"},
	{"cpu", 0, LR_OPT_TEXT, "N|any", "the processor to run on (the last one)", LR_PERF_AT(cpu),
		.complete = "any"},
	{"once", 0, LR_OPT_FLAG, NULL, "measure in this process, once; what --runs starts",
		LR_PERF_AT(once)},
	{0},
};

static void progress(void *ctx, unsigned done, unsigned of)
{
	(void)ctx;
	fprintf(stderr, "\r\033[K%s", "");
	if (done < of)
		fprintf(stderr, "%u of %u processes", done, of);
	fflush(stderr);
}

/* 0, or -1 with an error. */
static int plan_of(struct lr_cli *cli, struct lr_bench_plan *plan)
{
	const struct lr_perf_args *a = cli->args;
	char *end;

	*plan = (struct lr_bench_plan){
		.names = cli->operands,
		.n = (size_t)cli->n,
		.runs = (unsigned)a->runs,
		.repeats = (unsigned)(a->repeats < 0 ? 2 * a->runs : a->repeats),
		.cpu = LR_BENCH_ANY_CPU,
		.against = a->against,
		.progress = isatty(STDERR_FILENO) ? progress : NULL,
	};
	if (lr_bench_names_check(plan->names, plan->n, &cli->err) < 0)
		return -1;
	if (a->json && a->against && !a->against_out)
		return lr_err_set(&cli->err, LR_EXIT_USAGE,
			"--json prints this build's results: say with --against-out where the "
			"other's go");
	if (a->against_out && !a->against)
		return lr_err_set(&cli->err, LR_EXIT_USAGE,
			"--against-out: of which build? --against names it");
	if (!a->cpu)
		plan->cpu = lr_bench_last_cpu();
	else if (strcmp(a->cpu, "any") != 0) {
		long cpu = strtol(a->cpu, &end, 10);
		if (end == a->cpu || *end || cpu < 0 || cpu >= CPU_SETSIZE)
			return lr_err_set(
				&cli->err, LR_EXIT_USAGE, "--cpu %s: a number, or any", a->cpu);
		plan->cpu = (int)cpu;
	}
	return 0;
}

static int once(struct lr_cli *cli, const struct lr_bench_plan *plan)
{
	const struct lr_perf_args *a = cli->args;
	json_t *result = lr_bench_once(plan->names, plan->n, &cli->err);

	if (!result)
		return cli->err.exit;
	if (a->json)
		lr_json_line(stdout, result);
	else
		lr_show_result(stdout, result);
	json_decref(result);
	return LR_EXIT_OK;
}

/* Where the results go: files, and standard output as JSON or for people. */
static int deliver(struct lr_cli *cli, const json_t *ours, const json_t *theirs)
{
	const struct lr_perf_args *a = cli->args;

	if (a->out && lr_result_write(ours, a->out, &cli->err) < 0)
		return cli->err.exit;
	if (a->against_out && lr_result_write(theirs, a->against_out, &cli->err) < 0)
		return cli->err.exit;
	if (a->json)
		return lr_json_line(stdout, ours) < 0 ? LR_EXIT_FAILED : LR_EXIT_OK;
	if (theirs)
		return lr_perf_show_compared(cli, theirs, ours);
	lr_show_result(stdout, ours);
	return LR_EXIT_OK;
}

static void note_disturbed(const struct lr_cli *cli, const json_t *result)
{
	const json_t *o = json_object_get(result, LR_K_PARAMETERS);
	json_int_t slow = json_integer_value(json_object_get(o, LR_K_DISTURBED));

	if (slow)
		lr_note(cli->prog, "the processor was slow beside %d of %d runs: they scatter",
			(int)slow, (int)json_integer_value(json_object_get(o, LR_K_RUNS)));
}

int lr_perf_run_bench(struct lr_cli *cli)
{
	const struct lr_perf_args *a = cli->args;
	struct lr_bench_plan plan;
	json_t *ours = NULL, *theirs = NULL;
	double load = lr_machine_load();

	if (plan_of(cli, &plan) < 0)
		return cli->err.exit;
	if (a->once)
		return once(cli, &plan);
	if (load > BUSY)
		lr_note(cli->prog,
			"the machine is busy (load %.2f for each processor): results "
			"will scatter",
			load);
	if (lr_bench_runs(&plan, &ours, &theirs, &cli->err) < 0)
		return cli->err.exit;
	note_disturbed(cli, ours);
	int code = deliver(cli, ours, theirs);
	json_decref(ours);
	json_decref(theirs);
	return code;
}
