/*
 * perf_monitor.c - lr-perf monitor: a process second by second, and what looks wrong at the end
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cmd/perf.h"
#include "lib/base/clock.h"
#include "lib/node/given.h"
#include "lib/node/monitor.h"
#include "lib/perf/targets.h"

const struct lr_opt lr_perf_monitor_options[] = {
	{"interval", 'i', LR_OPT_REAL, "SECONDS", "take a sample so often (1.0)",
		LR_PERF_AT(interval), 0, 3600},
	{"for", 0, LR_OPT_TEXT, "TIME", "end after so long; unless given, at an interrupt",
		LR_PERF_AT(time)},
	{0},
};

static volatile sig_atomic_t ended;
static void on_signal(int signal_number)
{
	(void)signal_number;
	ended = 1;
}

static void watch_signals(void)
{
	const struct sigaction act = {.sa_handler = on_signal};

	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void sleep_until(uint64_t at)
{
	for (uint64_t now = lr_now(); !ended && now < at; now = lr_now())
		poll(NULL, 0, (int)((at - now + LR_NS_PER_MS - 1) / LR_NS_PER_MS));
}

static unsigned columns(void)
{
	struct winsize size;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

/* A terminal on which the cursor cannot be moved. */
static bool is_dumb(void)
{
	const char *term = getenv("TERM");

	return term && strcmp(term, "dumb") == 0;
}

struct view {
	bool json, live;
	unsigned lines; /* of the live table that stand above the cursor */
};

/* False: nobody reads any more. */
static bool show(struct view *v, const struct lr_monitor *m)
{
	if (v->json) {
		json_t *row = lr_monitor_json(m);
		int r = lr_json_line(stdout, row);
		json_decref(row);
		return r == 0;
	}
	if (v->live) {
		if (v->lines)
			printf("\033[%uA", v->lines);
		v->lines = lr_monitor_live(stdout, m, columns());
	} else {
		lr_monitor_row(stdout, m);
	}
	return !ferror(stdout);
}

static int summarise(struct view *v, struct lr_monitor *m)
{
	const struct lr_target *idle = lr_targets_find("cpu_idle"),
			       *active = lr_targets_find("cpu_active");
	struct lr_watch_finding found[LR_WATCH_FINDINGS];
	int r = 0;

	lr_monitor_end(m);
	size_t n = lr_watch_findings(&m->watch, idle->documented, active->documented, found);
	if (v->json) {
		json_t *summary = lr_monitor_summary(m, found, n);
		r = lr_json_line(stdout, summary);
		json_decref(summary);
	} else {
		putchar('\n');
		lr_monitor_end_table(stdout, m, found, n);
	}
	return r && r != -EPIPE ? LR_EXIT_FAILED : n ? LR_EXIT_MISSED : LR_EXIT_OK;
}

static void run(struct view *v, struct lr_monitor *m, double interval_s, uint64_t for_s)
{
	uint64_t begin = lr_now(), step = (uint64_t)(interval_s * 1e9);
	uint64_t end = for_s ? begin + for_s * LR_NS_PER_S : LR_NEVER;

	for (uint64_t i = 1;; i++) {
		int more = lr_monitor_sample(m);
		if (more < 0 || (more > 0 && !show(v, m)) || ended || lr_now() >= end)
			return;
		sleep_until(begin + i * step < end ? begin + i * step : end);
	}
}

int lr_perf_run_monitor(struct lr_cli *cli)
{
	const struct lr_perf_args *a = cli->args;
	struct view view = {
		.json = a->json, .live = !a->json && isatty(STDOUT_FILENO) && !is_dumb()};
	struct lr_monitor *m = calloc(1, sizeof(*m));
	uint64_t for_s = 0;
	int code = -1;

	if (!m)
		return lr_err_set(&cli->err, LR_EXIT_FAILED, "out of memory");
	if (a->interval < 0.01)
		lr_err_set(&cli->err, LR_EXIT_USAGE, "--interval: at least 0.01");
	else if ((!a->time || lr_given_duration("--for", a->time, 366 * 86400, &for_s, &cli->err) ==
				      0) &&
		 lr_monitor_open(m, cli->n ? cli->operands[0] : NULL, &cli->err) == 0) {
		watch_signals();
		if (!view.json && !view.live)
			lr_monitor_head(stdout, m);
		run(&view, m, a->interval, for_s);
		code = summarise(&view, m);
	}
	lr_monitor_close(m);
	free(m);
	return code;
}
