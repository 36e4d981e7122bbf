/*
 * perf_profile.c - lr-perf profile: where a running node's time goes
 *
 * Switches the node's profiler on, waits, asks, and leaves it as it was found: one that measures
 * for production (--on) goes on with its own settings, and begins anew.
 */
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/perf.h"
#include "lib/base/clock.h"
#include "lib/node/client.h"
#include "lib/node/given.h"
#include "lib/perf/flame.h"
#include "lib/perf/profile.h"
#include "terms.h"

#define FOR_MAX_S (24 * 3600)

const struct lr_opt lr_perf_profile_options[] = {
	{"for", 0, LR_OPT_TEXT, "TIME", "measure so long (10s)", LR_PERF_AT(time)},
	{"top", 0, LR_OPT_INT, "N", "print the N spans that take most (20), 0 for all",
		LR_PERF_AT(top), 0, 1000},
	{"slow", 0, LR_OPT_TEXT, "TIME", "tell spans that take longer, as 10ms or 200us",
		LR_PERF_AT(slow)},
	{"stall", 0, LR_OPT_TEXT, "TIME", "tell handlers that hold the loop up longer (10ms)",
		LR_PERF_AT(stall)},
	{"every", 0, LR_OPT_INT, "N", "measure one turn of the event loop in N", LR_PERF_AT(every),
		1, 1000000},
	{"folded", 0, LR_OPT_FLAG, NULL, "print folded stacks, for flame graph tools",
		LR_PERF_AT(folded)},
	{"svg", 0, LR_OPT_TEXT, "FILE", "write a flame graph to FILE too", LR_PERF_AT(svg),
		.complete = "file"},
	{"on", 0, LR_OPT_FLAG, NULL,
		"switch it on, 1 % of all turns unless --every says else, and end", LR_PERF_AT(on)},
	{"report", 0, LR_OPT_TEXT, "TIME", "with --on: tell an event so often (1h)",
		LR_PERF_AT(report)},
	{"off", 0, LR_OPT_FLAG, NULL, "switch it off, and end", LR_PERF_AT(off)},
	{"reset", 0, LR_OPT_FLAG, NULL, "forget what was found, and end", LR_PERF_AT(reset)},
	{"now", 0, LR_OPT_FLAG, NULL, "print what was found so far, and change nothing",
		LR_PERF_AT(now)},
	{0},
};

static volatile sig_atomic_t interrupted;
static void on_signal(int signal_number)
{
	(void)signal_number;
	interrupted = 1;
}

/* "10ms", "200us", "1.5s" as microseconds. */
static int short_time(const char *what, const char *text, double *us, struct lr_err *err)
{
	static const struct {
		const char *unit;
		double us;
	} units[] = {{"us", 1}, {"ms", 1e3}, {"s", 1e6}};
	char *end;

	*us = strtod(text, &end);
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (end != text && *us > 0 && *us < 1e6 && strcmp(end, units[i].unit) == 0) {
			*us *= units[i].us;
			return 0;
		}
	return lr_err_set(
		err, LR_EXIT_USAGE, "%s %s: a time is like 10ms, 200us or 1.5s", what, text);
}

static json_t *set_request(const char *what)
{
	json_t *request = lr_client_request("profile");

	lr_json_put_str(request, LR_K_SET, what);
	return request;
}

/* Puts what the options say into a request. 0 or -1 with `err`. */
static int put_settings(json_t *request, const struct lr_perf_args *a, struct lr_err *err)
{
	double us;
	uint64_t s;

	lr_json_put_int(request, LR_K_EVERY, a->every ? a->every : a->on ? 100 : 1);
	if (a->slow) {
		if (short_time("--slow", a->slow, &us, err) < 0)
			return -1;
		lr_json_put_real(request, LR_K_SLOW_US, us);
	}
	if (a->stall) {
		if (short_time("--stall", a->stall, &us, err) < 0)
			return -1;
		lr_json_put_real(request, LR_K_STALL_US, us);
	}
	if (a->report) {
		if (lr_given_duration("--report", a->report, FOR_MAX_S, &s, err) < 0)
			return -1;
		lr_json_put_int(request, LR_K_REPORT_S, (int64_t)s);
	}
	return 0;
}

static int tell(struct lr_client *c, json_t *request, struct lr_err *err)
{
	json_t *answer = lr_client_ask(c, request, err);

	json_decref(answer);
	return answer ? 0 : -1;
}

static void wait_for(uint64_t seconds)
{
	const struct sigaction act = {.sa_handler = on_signal};
	uint64_t end = lr_now() + seconds * LR_NS_PER_S, now;

	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	while (!interrupted && (now = lr_now()) < end)
		poll(NULL, 0, (int)((end - now) / LR_NS_PER_MS) + 1);
}

/* Measures as the options say, and puts back what was. NULL with `err`. */
static json_t *measure(struct lr_client *c, const struct lr_perf_args *a, struct lr_err *err)
{
	json_t *request = set_request("on"), *before;
	uint64_t seconds;

	lr_json_put_int(request, LR_K_REPORT_S, 0);
	if (put_settings(request, a, err) < 0 ||
		lr_given_duration("--for", a->time ? a->time : "10s", FOR_MAX_S, &seconds, err) <
			0 ||
		!(before = lr_client_ask(c, lr_client_request("profile"), err))) {
		json_decref(request);
		return NULL;
	}
	json_t *found = NULL;
	if (tell(c, request, err) == 0) {
		wait_for(seconds);
		found = lr_client_ask(c, lr_client_request("profile"), err);
		bool was_on = json_is_true(json_object_get(before, LR_K_ON));
		request = set_request(was_on ? "on" : "off");
		static const char *const kept[] = {
			LR_K_EVERY, LR_K_SLOW_US, LR_K_STALL_US, LR_K_REPORT_S};
		for (size_t i = 0; was_on && i < sizeof(kept) / sizeof(*kept); i++)
			json_object_set(request, kept[i], json_object_get(before, kept[i]));
		if (tell(c, request, found ? err : NULL) < 0 && found) {
			json_decref(found);
			found = NULL;
		}
	}
	json_decref(before);
	return found;
}

/* --- printing --- */

static int write_svg(const json_t *profile, const char *path, struct lr_err *err)
{
	const json_t *spans = json_object_get(profile, LR_K_SPANS), *span;
	struct lr_flame_stack *stacks = calloc(json_array_size(spans) + 1, sizeof(*stacks));
	char title[128];
	size_t n = 0, i;
	FILE *out = stacks ? fopen(path, "we") : NULL;
	int r = out ? 0 : -1;

	json_array_foreach ((json_t *)spans, i, span)
		if (out)
			stacks[n++] = (struct lr_flame_stack){
				json_string_value(json_object_get(span, LR_K_STACK)),
				(uint64_t)json_integer_value(json_object_get(span, LR_K_OWN_NS))};
	snprintf(title, sizeof(title), "%s: %.3g s, busy %.3g %%",
		json_string_value(json_object_get(profile, LR_K_IFACE)),
		json_number_value(json_object_get(profile, LR_K_DURATION_NS)) / 1e9,
		100 * json_number_value(json_object_get(profile, LR_K_BUSY)));
	if (out) {
		r = lr_flame_svg(out, title, stacks, n);
		r |= ferror(out) | fclose(out);
	}
	free(stacks);
	return r ? lr_err_set(err, LR_EXIT_FAILED, "%s: %s", path, strerror(errno)) : 0;
}

static int print(struct lr_cli *cli, json_t *profile)
{
	const struct lr_perf_args *a = cli->args;

	json_object_del(profile, LR_K_OK);
	if (!json_object_get(profile, LR_K_SPANS))
		return lr_err_set(&cli->err, LR_EXIT_FAILED,
			"%s: nothing was measured yet: leave --now out, or begin with --on",
			json_string_value(json_object_get(profile, LR_K_IFACE)));
	if (a->svg && write_svg(profile, a->svg, &cli->err) < 0)
		return LR_EXIT_FAILED;
	if (a->json)
		return lr_json_line(stdout, profile) ? LR_EXIT_FAILED : LR_EXIT_OK;
	if (a->folded)
		lr_profile_folded(stdout, profile);
	else
		lr_profile_table(stdout, profile, (unsigned)a->top);
	return LR_EXIT_OK;
}

/* --on, --off, --reset. */
static int switch_it(struct lr_cli *cli, struct lr_client *c)
{
	const struct lr_perf_args *a = cli->args;
	json_t *request = set_request(a->on ? "on" : a->off ? "off" : "reset");

	if (a->on && put_settings(request, a, &cli->err) < 0) {
		json_decref(request);
		return -1;
	}
	return tell(c, request, &cli->err);
}

int lr_perf_run_profile(struct lr_cli *cli)
{
	const struct lr_perf_args *a = cli->args;
	struct lr_client *c;
	int code;

	if (a->on + a->off + a->reset + a->now > 1)
		return lr_err_set(&cli->err, LR_EXIT_USAGE,
			"--on, --off, --reset and --now exclude each other");
	if (a->json && a->folded)
		return lr_err_set(
			&cli->err, LR_EXIT_USAGE, "--json and --folded exclude each other");
	if (!(c = lr_client_open(cli->n ? cli->operands[0] : NULL, &cli->err)))
		return cli->err.exit;
	if (a->on || a->off || a->reset) {
		code = switch_it(cli, c);
	} else {
		json_t *found = a->now ? lr_client_ask(c, lr_client_request("profile"), &cli->err)
				       : measure(c, a, &cli->err);
		code = found ? print(cli, found) : -1;
		json_decref(found);
	}
	lr_client_close(c);
	return code;
}
