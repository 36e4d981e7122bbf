/*
 * perf_live.c - lr-perf live: the promises end to end, in a laboratory of namespaces
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/perf.h"
#include "lib/base/clock.h"
#include "lib/bench/live.h"
#include "lib/crypto/crypto.h"
#include "lib/results/gate.h"

#define GAME            "doom"
#define WINDOW_NS       (LR_NS_PER_S * 3 / 2)
#define WINDOW_QUICK_NS (LR_NS_PER_S * 3 / 5)

const struct lr_opt lr_perf_live_options[] = {
	{"gate", 'g', LR_OPT_TEXT, "WHICH", "judge by these targets: documented or ours",
		LR_PERF_AT(gate), .complete = "documented ours"},
	{"quick", 0, LR_OPT_FLAG, NULL, "fewer rounds, and no crowd", LR_PERF_AT(quick)},
	{"only", 0, LR_OPT_TEXT, "STEP[,STEP...]",
		"only these: startup, idle, connect, direct, failover, relay, active, memory, "
		"peers",
		LR_PERF_AT(only),
		.complete = "startup idle connect direct failover relay active memory peers"},
	{"members", 0, LR_OPT_INT, "N", "in the last step so many peers (100)", LR_PERF_AT(crowd),
		1, 1000},
	{"out", 'o', LR_OPT_TEXT, "FILE", "write the results to FILE", LR_PERF_AT(out),
		.complete = "file"},
	{"tap", 0, LR_OPT_FLAG, NULL, "print TAP, a test a target", LR_PERF_AT(tap)},
	{"junit", 0, LR_OPT_TEXT, "FILE", "write JUnit XML to FILE too", LR_PERF_AT(junit),
		.complete = "file"},
	{0},
};

static void progress(void *ctx, const char *step)
{
	(void)ctx;
	fprintf(stderr, "\r\033[K%s", step);
}

/* The packets that are sent: of a capture, or (NULL) as the game's profile makes them. */
static int load_of(struct lr_load *load, const char *capture, bool quick, struct lr_err *err)
{
	uint64_t window = quick ? WINDOW_QUICK_NS : WINDOW_NS;
	struct lr_games games = {0};
	int r;

	if (capture)
		return lr_load_capture(load, capture, window, err);
	r = lr_perf_games(&games, err);
	const struct lr_game *game = r < 0 ? NULL : lr_games_find(&games, GAME, err);
	r = game ? lr_load_synth(load, game, window, err) : -1;
	lr_games_release(&games);
	return r;
}

static json_t *measure(struct lr_live_plan *plan, const char *capture, struct lr_err *err)
{
	struct lr_load load = {0};
	json_t *result = NULL;

	plan->load = &load;
	plan->progress = isatty(STDERR_FILENO) ? progress : NULL;
	if (lr_crypto_init() < 0)
		lr_err_set(err, LR_EXIT_FAILED, "the crypto libraries cannot be used");
	else if (load_of(&load, capture, plan->quick, err) == 0)
		result = lr_live_run(plan, err);
	if (plan->progress)
		fprintf(stderr, "\r\033[K");
	lr_load_release(&load);
	return result;
}

json_t *lr_perf_live_quick(struct lr_err *err)
{
	struct lr_live_plan plan = {.quick = true, .steps = LR_LIVE_QUICK};

	return measure(&plan, NULL, err);
}

static int write_junit(
	const json_t *result, const struct lr_perf_args *a, bool ours, struct lr_err *err)
{
	FILE *out = fopen(a->junit, "we");

	if (!out)
		return lr_err_set(err, LR_EXIT_FAILED, "%s: %s", a->junit, strerror(errno));
	lr_gate_junit(out, result, ours, "lr-perf live");
	if (ferror(out) | fclose(out))
		return lr_err_set(err, LR_EXIT_FAILED, "%s: %s", a->junit, strerror(errno));
	return 0;
}

static int deliver(struct lr_cli *cli, json_t *result, bool ours)
{
	const struct lr_perf_args *a = cli->args;
	bool missed = lr_gate_missed(result, ours, NULL);

	lr_gate_json(result, ours);
	if (a->out && lr_result_write(result, a->out, &cli->err) < 0)
		return cli->err.exit;
	if (a->junit && write_junit(result, a, ours, &cli->err) < 0)
		return cli->err.exit;
	if (a->json && lr_json_line(stdout, result) < 0)
		return LR_EXIT_FAILED;
	if (a->tap)
		lr_gate_tap(stdout, result, ours);
	else if (!a->json)
		lr_gate_table(stdout, result, ours, isatty(STDOUT_FILENO) && !getenv("NO_COLOR"));
	return missed ? LR_EXIT_MISSED : LR_EXIT_OK;
}

int lr_perf_run_live(struct lr_cli *cli)
{
	const struct lr_perf_args *a = cli->args;
	bool ours = strcmp(a->gate, "ours") == 0;
	struct lr_live_plan plan = {.quick = a->quick,
		.peers = (unsigned)a->crowd,
		.steps = a->only    ? lr_live_steps(a->only, &cli->err)
			 : a->quick ? LR_LIVE_QUICK
				    : LR_LIVE_ALL};

	if (!plan.steps)
		return cli->err.exit;
	if (!ours && strcmp(a->gate, "documented") != 0)
		return lr_err_set(&cli->err, LR_EXIT_USAGE,
			"--gate %s: there are two, documented and ours", a->gate);
	if (a->json && a->tap)
		return lr_err_set(&cli->err, LR_EXIT_USAGE, "--json and --tap exclude each other");
	json_t *result = measure(&plan, cli->n ? cli->operands[0] : NULL, &cli->err);
	int code = result ? deliver(cli, result, ours) : (int)cli->err.exit;
	json_decref(result);
	return code;
}
