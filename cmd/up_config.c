/*
 * up_config.c - lr-up --config: a wg-quick file, or our JSON, as a node
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/up.h"
#include "defaults.h"
#include "lib/base/state.h"
#include "lib/io/resolve.h"

static void note(void *ctx, const char *line)
{
	(void)ctx;
	lr_note(&lr_up_prog, "%s", line);
}

static char *read_stdin(size_t *len, struct lr_err *err)
{
	char *text = malloc(LR_CONFIG_MAX_BYTES + 2);
	if (!text)
		return NULL;
	*len = fread(text, 1, LR_CONFIG_MAX_BYTES + 1, stdin);
	if (ferror(stdin)) {
		lr_err_set(err, LR_EXIT_USAGE, "standard input: %s", strerror(errno));
		free(text);
		return NULL;
	}
	text[*len] = '\0';
	return text;
}

static int load(const char *file, struct lr_config *config, struct lr_err *err)
{
	bool from_stdin = strcmp(file, "-") == 0;
	const struct lr_config_hooks hooks = {.note = note, .resolve = lr_resolve};
	size_t len = 0;
	char *text = from_stdin ? read_stdin(&len, err)
				: lr_read_file(file, LR_CONFIG_MAX_BYTES, &len, err);
	if (!text) {
		if (err->text[0] == '\0')
			lr_err_set(err, LR_EXIT_FAILED, "out of memory");
		err->exit = LR_EXIT_USAGE;
		return -1;
	}
	int r = lr_config_parse(
		config, text, len, from_stdin ? "standard input" : file, &hooks, err);
	lr_wipe(text, len);
	free(text);
	return r;
}

struct plan {
	struct lr_config config;
	struct lr_node_rules rules;
};

static int run_node(struct lr_cli *cli, void *ctx, int ready)
{
	const struct lr_up_args *a = cli->args;
	const struct plan *plan = ctx;
	const struct lr_node_options node_options = {
		.config = &plan->config,
		.iface = a->iface ? a->iface : LR_DEFAULT_IFACE,
		.tap = a->tap,
		.rules = &plan->rules,
		.ipx = a->ipx,
		.spin_us = (unsigned)a->spin_us,
		.uplink = a->rate,
	};
	struct lr_node *node = malloc(sizeof(*node));

	if (!node)
		return lr_err_set(&cli->err, LR_EXIT_FAILED, "out of memory");
	if (lr_node_start(node, &node_options, &cli->err) < 0) {
		free(node);
		return cli->err.exit;
	}
	struct lr_up_words words = {.out = lr_up_line(a, node, NULL, NULL)};
	lr_up_ready(a, ready, &words);
	int r = lr_node_run(node);
	lr_node_stop(node);
	free(node);
	if (r < 0)
		lr_err_set(&cli->err, LR_EXIT_FAILED, "event loop: %s", strerror(-r));
	return r < 0 ? LR_EXIT_FAILED : LR_EXIT_OK;
}

int lr_up_config(struct lr_cli *cli)
{
	const struct lr_up_args *a = cli->args;
	struct plan plan;

	if (lr_up_rules(a, &plan.rules, &cli->err) < 0 ||
		load(a->config, &plan.config, &cli->err) < 0)
		return cli->err.exit;
	int code = lr_up_start(cli, run_node, &plan);
	lr_config_release(&plan.config);
	return code;
}
