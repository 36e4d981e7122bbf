/*
 * up_party.c - lr-up alone hosts a party, lr-up INVITE joins one
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/up.h"
#include "lib/base/json.h"
#include "lib/io/qr.h"
#include "lib/nat/redundant.h"
#include "lib/node/host.h"
#include "terms.h"

/* --- the operand --- */

/* An invite is not for the eyes of others: it leaves the list of processes at once. */
static void hide(char *word)
{
	memset(word, 'x', strlen(word));
}

static int read_invite(struct lr_invite *out, struct lr_err *err)
{
	char line[LR_INVITE_TEXT + 64] = "";

	if (!fgets(line, sizeof(line), stdin))
		return lr_err_set(err, LR_EXIT_USAGE, "standard input: there is no invite");
	int rc = lr_invite_parse(line, strlen(line), out, err);
	lr_wipe(line, sizeof(line));
	return rc;
}

/* A party's name as it may stand in its state file's: its letters, and no scheme. */
static bool looks_like_name(const char *word)
{
	return strlen(word) < LR_PARTY_NAME + 8 && !strpbrk(word, ":/#") && word[0] != '.';
}

/* What the operand says: an invite, or the name of a party that is known here. */
static int take_word(char *word, struct lr_host_ask *ask, struct lr_invite *invite, char *name,
	struct lr_err *err)
{
	int rc = 0;

	if (!word)
		return 0;
	if (strcmp(word, "-") == 0) {
		rc = read_invite(invite, err);
		ask->invite = invite;
	} else if (looks_like_name(word)) {
		snprintf(name, LR_PARTY_NAME + 8, "%s", word);
		ask->party = name;
	} else {
		rc = lr_invite_parse(word, strlen(word), invite, err);
		hide(word);
		ask->invite = invite;
	}
	return rc;
}

/* --relay says where a party meets: for who hosts. */
static bool may_move(const struct lr_host_ask *ask, struct lr_err *err)
{
	if (ask->move && ask->invite)
		lr_err_set(err, LR_EXIT_USAGE,
			"--relay is for hosting: the invite says where to join (try 'lr-up "
			"--help')");
	return !(ask->move && ask->invite);
}

/* --- what is said --- */

/* For a terminal: the line, the invite, its QR code. */
static char *host_page(const char *line, const char *invite)
{
	char *code = lr_qr_for(STDOUT_FILENO, invite, NULL), *page = NULL;

	if (asprintf(&page, "%sWho has this invite can join:\n\n%s\n%s%s\n", line, invite,
		    code ? "\n" : "", code ? code : "") < 0)
		page = NULL;
	if (code)
		lr_wipe(code, strlen(code));
	free(code);
	return page;
}

static void say(const struct lr_up_args *a, const struct lr_node *node, struct lr_party *party,
	bool hosting, int ready)
{
	char invite[LR_INVITE_TEXT] = "", *with_end = NULL;
	struct lr_err err = {0};
	bool have = lr_party_invite(party, invite, &err) == 0;
	char *line = lr_up_line(a, node, lr_party_name(party), have ? invite : NULL);
	struct lr_up_words words = {.out = line};

	if (hosting && !a->json && isatty(STDOUT_FILENO)) {
		words.out = host_page(line, invite);
		free(line);
	} else if (hosting && !a->json) {
		if (asprintf(&with_end, "%s\n", invite) < 0)
			with_end = NULL;
		words = (struct lr_up_words){.out = with_end, .err = line};
	}
	lr_wipe(invite, sizeof(invite));
	lr_up_ready(a, ready, &words);
}

static bool hosts(const struct lr_party *party)
{
	json_t *status = lr_party_status(party);
	bool hosted = json_is_true(json_object_get(status, LR_K_HOSTED));

	json_decref(status);
	return hosted;
}

/* --- running --- */

/* What lr_up_party() hands on. */
struct up {
	struct lr_host_ask ask;
	enum lr_redundant redundant;
	struct lr_node_rules rules;
};

static int start_node(struct lr_cli *cli, const struct up *up, struct lr_node *node)
{
	const struct lr_up_args *a = cli->args;
	struct lr_config config = {0};
	char iface[IFNAMSIZ];
	const struct lr_node_options options = {
		.config = &config,
		.iface = a->iface ? a->iface : iface,
		.tap = !a->tun,
		.rules = &up->rules,
		.ipx = a->ipx,
		.spin_us = (unsigned)a->spin_us,
		.uplink = a->rate,
		.party = true,
		.redundant = up->redundant,
		.force = a->force,
		.bridge = a->bridge,
		.dhcp = a->dhcp,
	};

	if (!a->iface && lr_host_iface(iface, &cli->err) != 0)
		return -1;
	if (a->name)
		snprintf(config.name, sizeof(config.name), "%s", a->name);
	return lr_node_start(node, &options, &cli->err);
}

static int run_party(struct lr_cli *cli, void *ctx, int ready)
{
	const struct lr_up_args *a = cli->args;
	const struct up *up = ctx;
	struct lr_node *node = malloc(sizeof(*node));
	struct lr_host host;
	bool started = false;

	if (!node)
		return lr_err_set(&cli->err, LR_EXIT_FAILED, "out of memory");
	int rc = lr_host_plan(&host, &up->ask, &cli->err);
	if (rc == 0) {
		rc = start_node(cli, up, node);
		started = rc == 0;
	}
	if (rc == 0)
		rc = lr_host_open(&host, node, &cli->err);
	bool failed = rc != 0;
	if (!failed) {
		say(a, node, host.party, hosts(host.party), ready);
		rc = lr_node_run(node);
		if (rc < 0)
			lr_err_set(&cli->err, LR_EXIT_FAILED, "event loop: %s", strerror(-rc));
	}
	if (started)
		lr_node_stop(node);
	lr_host_close(&host, failed);
	free(node);
	return rc < 0 ? (int)cli->err.exit : LR_EXIT_OK;
}

int lr_up_party(struct lr_cli *cli, char *word)
{
	const struct lr_up_args *a = cli->args;
	const char *usual = getenv("LR_RELAY");
	struct lr_invite invite = {0};
	struct lr_budget budget;
	char name[LR_PARTY_NAME + 8];
	struct up up = {.ask = {
				.relays = a->relay               ? a->relay
					  : usual && *usual != 0 ? usual
								 : NULL,
				.move = a->relay != NULL,
				.outside = a->outside,
				.nick = a->name,
				.hide = a->hide,
				.hide_all = a->hide_all,
				.no_map = a->no_map,
				.fresh = a->fresh,
				.budget = a->budget ? &budget : NULL,
			}};
	int code = -1;

	if (a->budget && lr_budget_parse(a->budget, &budget) != 0)
		lr_err_set(&cli->err, LR_EXIT_USAGE,
			"--punch-budget: '%.60s' is not SOCKETS,PACKETS or default", a->budget);
	else if (a->redundant && lr_redundant_parse(a->redundant, &up.redundant) != 0)
		lr_err_set(&cli->err, LR_EXIT_USAGE, "--redundant: '%.60s' is not game or all",
			a->redundant);
	else if (lr_up_rules(a, &up.rules, &cli->err) == 0 &&
		 take_word(word, &up.ask, &invite, name, &cli->err) == 0 &&
		 may_move(&up.ask, &cli->err))
		code = lr_up_start(cli, run_party, &up);
	lr_wipe(&invite, sizeof(invite));
	return code;
}
