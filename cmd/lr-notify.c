/*
 * lr-notify.c - posts what happens in a party: lr-peer watch | lr-notify --discord -
 *
 * The webhook's address gives everyone who has it the right to post, so it is never an argument,
 * and never printed.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/opt.h"
#include "lib/base/state.h"
#include "lib/io/notify.h"

#define URL_MAX 2048
#define URL_ENV "LR_WEBHOOK_URL"

struct args {
	bool discord, webhook, desktop, dry_run, json;
	const char *url_file, *events;
};

#define AT(member) offsetof(struct args, member)

static const struct lr_prog prog;

static void to_stderr(enum lr_log_level level, const char *line)
{
	(void)level;
	lr_note(&prog, "%s", line);
}

/* The URL from the file or the environment, malloc'd; the environment forgets it. */
static char *read_url(const struct args *a, struct lr_err *err)
{
	size_t len = 0;
	char *url = NULL, *env = getenv(URL_ENV);

	if (a->url_file) {
		url = lr_read_file(a->url_file, URL_MAX, &len, err);
		if (!url)
			err->exit = LR_EXIT_USAGE;
	} else if (env && *env) {
		url = strdup(env);
	} else {
		lr_err_set(err, LR_EXIT_USAGE, "no webhook: give --url-file FILE or set " URL_ENV);
	}
	if (env) {
		explicit_bzero(env, strlen(env));
		unsetenv(URL_ENV);
	}
	if (url)
		url[strcspn(url, "\r\n")] = '\0';
	return url;
}

static bool good_url(const char *url)
{
	const char *rest = strncasecmp(url, "https://", 8) == 0  ? url + 8
			   : strncasecmp(url, "http://", 7) == 0 ? url + 7
								 : "";
	/* What libcurl would take for a host is told in errors: it must be one. */
	return *rest && *rest != '/' && !strpbrk(url, " \t@\\");
}

static int check(const struct args *a, struct lr_cli *cli)
{
	if (strcmp(cli->operands[0], "-") != 0)
		return lr_err_set(&cli->err, LR_EXIT_USAGE,
			"events come on standard input: lr-peer watch | lr-notify --discord -");
	if (a->discord && a->webhook)
		return lr_err_set(&cli->err, LR_EXIT_USAGE, "--discord and --webhook: one of them");
	if (!a->discord && !a->webhook && !a->desktop)
		return lr_err_set(&cli->err, LR_EXIT_USAGE,
			"nowhere to post to: give --discord, --webhook or --desktop");
	return 0;
}

static int run(struct lr_cli *cli)
{
	const struct args *a = cli->args;
	bool posts = a->discord || a->webhook;
	struct lr_notify_options o = {.in = STDIN_FILENO,
		.form = a->webhook ? LR_NOTICE_PLAIN : LR_NOTICE_DISCORD,
		.desktop = a->desktop,
		.dry_run = a->dry_run,
		.only = a->events};
	char *url = NULL;
	int code = -1;

	if (check(a, cli) < 0)
		return -1;
	setrlimit(RLIMIT_CORE, &(struct rlimit){0}); /* the URL is in no core file */
	lr_log_to(to_stderr, LR_LOG_NOTE);
	if (posts && !a->dry_run) {
		url = read_url(a, &cli->err);
		if (!url)
			return -1;
		if (!good_url(url)) {
			lr_err_set(&cli->err, LR_EXIT_USAGE,
				"the webhook's URL is not like https://HOST/PATH");
			goto out;
		}
	}
	o.url = url;
	code = lr_notify_run(&o, &cli->err);
out:
	if (url)
		explicit_bzero(url, strlen(url));
	free(url);
	return code;
}

static const struct lr_opt opts[] = {
	{"discord", 'd', LR_OPT_FLAG, NULL, "post to a Discord webhook", AT(discord)},
	{"webhook", 'w', LR_OPT_FLAG, NULL, "post JSON to any webhook", AT(webhook)},
	{"desktop", 0, LR_OPT_FLAG, NULL, "show it on the desktop, with notify-send", AT(desktop)},
	{"url-file", 'u', LR_OPT_TEXT, "FILE", "the webhook's URL (default $LR_WEBHOOK_URL)",
		AT(url_file), 0, 0, "file"},
	{"events", 'e', LR_OPT_TEXT, "LIST", "names of events with commas, or all", AT(events), 0,
		0,
		"all up down peer-added peer-removed handshake endpoint expired gave-up joined "
		"left lapsed kicked renamed address path network relay-connected "
		"relay-lost invite-claimed out"},
	{"dry-run", 'n', LR_OPT_FLAG, NULL, "print the posts instead, one JSON object a line",
		AT(dry_run)},
	{"json", 'j', LR_OPT_FLAG, NULL, "changes nothing: what it prints is JSON", AT(json)},
	{NULL},
};
static const struct lr_exit_note exits[] = {
	{LR_EXIT_OK, "all was posted"},
	{LR_EXIT_FAILED,
		"a line was no event, something was not posted, or there is no such webhook"},
	{LR_EXIT_USAGE, "command line or URL wrong; nothing was posted"},
	{0, NULL},
};
static const struct lr_prog prog = {
	.name = "lr-notify",
	.summary = "Posts the events of lr-peer watch to a webhook or to the desktop.",
	.usage = "[OPTION]... -",
	.opts = opts,
	.run = run,
	.min = 1,
	.max = 1,
	.exits = exits,
	.examples = "  lr-peer watch | lr-notify --discord --url-file ~/.config/lanrage-webhook -\n"
		    "  lr-peer watch | lr-notify --desktop --events peer-added,expired -\n",
	.args_size = sizeof(struct args),
};

int main(int argc, char **argv)
{
	return lr_opt_main(&prog, argc, argv);
}
