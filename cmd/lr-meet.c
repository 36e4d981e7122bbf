/*
 * lr-meet.c - helper of the node: HTTP with relays, and a port on the home router
 *
 * `serve -` is how the node uses it (meet.h); the other verbs are single requests for people.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/opt.h"
#include "lib/io/base64.h"
#include "lib/io/meet.h"
#include "terms.h"

struct args {
	bool json, tcp;
	long port, lifetime_s, timeout_ms;
	const char *dialled;
};

#define AT(member) offsetof(struct args, member)

static const struct lr_prog prog;

static void to_stderr(enum lr_log_level level, const char *line)
{
	(void)level;
	lr_note(&prog, "%s", line);
}

/* --- serve --- */

static int run_serve(struct lr_cli *cli)
{
	const struct args *a = cli->args;
	struct lr_endpoint at = {.channel = 0};
	struct lr_dialled dialled;

	if (strcmp(cli->operands[0], "-") != 0) {
		lr_err_set(&cli->err, LR_EXIT_USAGE,
			"serve: requests come on standard input: lr-meet serve -");
		return LR_EXIT_USAGE;
	}
	lr_log_to(to_stderr, LR_LOG_NOTE);
	if (!a->dialled)
		return lr_meet_run(STDIN_FILENO, STDOUT_FILENO, NULL, &cli->err);
	if (lr_endpoint_parse(a->dialled, &at) < 0)
		return lr_err_set(&cli->err, LR_EXIT_USAGE,
			"--dialled: '%.60s' is not ADDRESS:PORT", a->dialled);
	if (lr_dialled_init(&dialled, LR_DIALLED_FD, &at, lr_now()) < 0)
		return lr_err_set(&cli->err, LR_EXIT_USAGE,
			"--dialled: descriptor %d is no connection", LR_DIALLED_FD);
	return lr_meet_run(STDIN_FILENO, STDOUT_FILENO, &dialled, &cli->err);
}

/* --- one request --- */

struct one {
	struct lr_cli *cli;
	const struct args *args;
	enum lr_exit code;
};

/* An error line: what the program says and exits with. */
static void failed(struct one *one, const json_t *answer)
{
	const json_t *attempts = json_object_get(answer, LR_K_ATTEMPTS), *try;
	bool bad = false;
	size_t i;

	one->code = LR_EXIT_FAILED;
	if (lr_json_bool(answer, LR_K_TEMPORARY, false, &bad))
		one->code = LR_EXIT_UNREACHABLE;
	json_array_foreach (attempts, i, try)
		lr_note(&prog, "%s: %s", lr_json_str(try, LR_K_BY, &bad),
			lr_json_str(try, LR_K_ERROR, &bad));
	lr_err_set(&one->cli->err, one->code, "%s", lr_json_str(answer, LR_K_ERROR, &bad));
}

static void got_told(void *ctx, const json_t *answer)
{
	struct one *one = ctx;
	bool bad = false;
	const char *body = lr_json_str(answer, LR_K_BODY, &bad);
	size_t len = 0;

	if (!body) {
		failed(one, answer);
		return;
	}
	int64_t status = lr_json_int(answer, LR_K_STATUS, 0, &bad);
	if (one->args->json) {
		lr_json_line(stdout, answer);
	} else {
		uint8_t *bytes = lr_base64_parse(body, &len);
		if (bytes)
			fwrite(bytes, 1, len, stdout);
		free(bytes);
	}
	if (status >= 400) {
		one->code = LR_EXIT_FAILED;
		lr_err_set(&one->cli->err, one->code, "HTTP status %d", (int)status);
	}
}

static void map_told(void *ctx, const json_t *answer)
{
	struct one *one = ctx;
	bool bad = false;
	const char *mapped = lr_json_str(answer, LR_K_MAPPED, &bad);

	if (mapped && one->args->json) {
		lr_json_line(stdout, answer);
	} else if (mapped) {
		printf("%s by %s%s\n", mapped, lr_json_str(answer, LR_K_BY, &bad),
			lr_json_bool(answer, LR_K_DOUBLE_NAT, false, &bad)
				? ", which is no public address: the router is behind another NAT"
				: "");
		fflush(stdout);
	} else if (json_object_get(answer, LR_K_ATTEMPTS)) {
		failed(one, answer);
	}
}

static int run_one(struct lr_cli *cli, json_t *ask, void (*told)(void *ctx, const json_t *answer))
{
	struct one one = {.cli = cli, .args = cli->args};
	int r = ask ? lr_meet_one(ask, told, &one, &cli->err)
		    : lr_err_set(&cli->err, LR_EXIT_FAILED, "out of memory");

	json_decref(ask);
	return r < 0 ? r : (int)one.code;
}

static int run_get(struct lr_cli *cli)
{
	const struct args *a = cli->args;
	json_t *ask = json_object();

	lr_json_put_int(ask, LR_K_ID, 1);
	lr_json_put_str(ask, LR_K_DO, "http");
	lr_json_put_str(ask, LR_K_URL, cli->operands[0]);
	lr_json_put_int(ask, LR_K_TIMEOUT_MS, a->timeout_ms);
	return run_one(cli, ask, got_told);
}

static int run_map(struct lr_cli *cli)
{
	const struct args *a = cli->args;
	json_t *ask = json_object();

	lr_json_put_int(ask, LR_K_ID, 1);
	lr_json_put_str(ask, LR_K_DO, "map");
	lr_json_put_int(ask, LR_K_PORT, a->port);
	lr_json_put_str(ask, LR_K_PROTOCOL, a->tcp ? "tcp" : "udp");
	lr_json_put_int(ask, LR_K_LIFETIME_S, a->lifetime_s);
	return run_one(cli, ask, map_told);
}

/* --- the command line --- */

static void defaults(void *args)
{
	*(struct args *)args =
		(struct args){.port = 51820, .lifetime_s = 3600, .timeout_ms = 10000};
}

static const struct lr_opt opts[] = {
	{"json", 'j', LR_OPT_FLAG, NULL, "answers as JSON", AT(json)},
	{NULL},
};
static const struct lr_opt serve_opts[] = {
	{"dialled", 0, LR_OPT_TEXT, "ADDRESS:PORT",
		"descriptor 3 is a TCP connection to there, made or being made: use it first",
		AT(dialled)},
	{NULL},
};
static const struct lr_opt get_opts[] = {
	{"timeout", 't', LR_OPT_INT, "MS", "how long it may take (default 10000)", AT(timeout_ms),
		1, 600000},
	{NULL},
};
static const struct lr_opt map_opts[] = {
	{"port", 'p', LR_OPT_INT, "N", "the port here, and the one wished for (default 51820)",
		AT(port), 1, 65535},
	{"tcp", 0, LR_OPT_FLAG, NULL, "a TCP port instead of a UDP port", AT(tcp)},
	{"lifetime", 0, LR_OPT_INT, "S", "ask for it for so many seconds (default 3600)",
		AT(lifetime_s), 1, 604800},
	{NULL},
};
static const struct lr_verb verbs[] = {
	{"serve", "-", "answer requests, JSON lines on standard input", serve_opts, 1, 1,
		run_serve},
	{"get", "URL", "print what a relay answers, as the node would ask it", get_opts, 1, 1,
		run_get},
	{"map", "", "ask the router for a port, hold it until interrupted", map_opts, 0, 0,
		run_map},
	{NULL},
};
static const struct lr_exit_note exits[] = {
	{LR_EXIT_OK, "done"},
	{LR_EXIT_FAILED, "failed, or a line was no request; the others were answered"},
	{LR_EXIT_USAGE, "command line wrong; nothing was done"},
	{LR_EXIT_UNREACHABLE, "the other side does not answer, or the router gives no port"},
	{0, NULL},
};
static const struct lr_prog prog = {
	.name = "lr-meet",
	.summary = "Helper of the node: talks to relays over HTTP and asks the router for a port.",
	.usage = "[OPTION]... VERB",
	.opts = opts,
	.verbs = verbs,
	.exits = exits,
	.examples = "  lr-meet get http://relay.example.org:3478/v1/relay\n"
		    "  lr-meet map --port 51820\n",
	.args_size = sizeof(struct args),
	.defaults = defaults,
};

int main(int argc, char **argv)
{
	return lr_opt_main(&prog, argc, argv);
}
