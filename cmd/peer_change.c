/*
 * peer_change.c - lr-peer's verbs that change peers, and import and export
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/peer.h"
#include "lib/base/lines.h"
#include "lib/crypto/crypto.h"
#include "lib/io/resolve.h"
#include "lib/node/exchange.h"
#include "terms.h"

#define AT(member) offsetof(struct lr_peer_args, member)

const struct lr_opt lr_peer_add_options[] = {
	{"key", 'k', LR_OPT_TEXT, "KEY", "the peer's public key", AT(add.key)},
	{"name", 'n', LR_OPT_TEXT, "NAME", "its nickname", AT(add.name)},
	{"endpoint", 'e', LR_OPT_TEXT, "HOST:PORT", "where it is reached", AT(add.endpoint)},
	{"allowed-ips", 'a', LR_OPT_TEXT, "LIST", "prefixes that are its own, with commas",
		AT(add.allowed_ips)},
	{"psk-file", 0, LR_OPT_TEXT, "FILE", "file with the preshared key", AT(add.psk_file),
		.complete = "file"},
	{"keepalive", 0, LR_OPT_INT, "SEC", "send a keepalive so often", AT(add.keepalive_s), 0,
		65535},
	{0},
};

const struct lr_opt lr_peer_export_options[] = {
	{"private", 0, LR_OPT_FLAG, NULL, "with our own private key", AT(with_private)},
	{0},
};

/* A backend and the operands or lines that go to it. */
struct change {
	struct lr_backend backend;
	const struct lr_cli *cli;
	bool json;
};

static int open_change(struct lr_cli *cli, struct change *c)
{
	const struct lr_peer_args *a = cli->args;

	c->cli = cli;
	c->json = a->json;
	return lr_backend_open(&c->backend, a->iface, true, &cli->err);
}

/* Ends a verb whose operands gave `code`. */
static int close_change(struct lr_cli *cli, struct change *c, int code)
{
	int rc = lr_backend_commit(&c->backend, &cli->err);

	lr_backend_close(&c->backend);
	return rc == 0 ? code : lr_peer_failed(cli);
}

/* Sends a request about one peer; with --json, the object that comes back is printed.
 * `ourselves`, unless NULL, tells that the object was about ourselves and changed nothing. */
static int change_peer(
	struct change *c, const char *verb, json_t *peer, bool *ourselves, struct lr_err *err)
{
	json_t *request = lr_client_request(verb);

	lr_json_put(request, LR_K_PEER, peer);
	json_t *answer = lr_backend_ask(&c->backend, request, err);
	if (!answer)
		return -1;
	const json_t *now = json_object_get(answer, LR_K_PEER);
	if (ourselves)
		*ourselves = json_is_null(now);
	if (c->json && json_is_object(now))
		lr_json_line(stdout, now);
	json_decref(answer);
	return 0;
}

static int set_peer(struct change *c, json_t *obj, struct lr_err *err)
{
	bool ourselves;

	if (change_peer(c, "peer-set", obj, &ourselves, err) != 0)
		return -1;
	if (ourselves)
		return lr_err_set(err, LR_EXIT_FAILED, "that is this machine itself, no peer");
	return 0;
}

static int add_operand(void *ctx, const struct lr_operand *op, struct lr_err *err)
{
	uint8_t key[LR_KEY_LEN];

	if (op->json)
		return set_peer(ctx, json_copy((json_t *)op->json), err);
	if (lr_key_parse(op->name, key) != 0)
		return lr_err_set(err, LR_EXIT_FAILED, "%.60s: no public key", op->name);
	return set_peer(ctx, json_pack("{s:s}", LR_K_PUBLIC_KEY, op->name), err);
}

int lr_peer_run_add(struct lr_cli *cli)
{
	const struct lr_given *g = &((const struct lr_peer_args *)cli->args)->add;
	bool others = g->name || g->endpoint || g->allowed_ips || g->psk_file || g->keepalive_s;
	struct change c;
	json_t *obj = NULL;
	int code;

	if (!g->key == !cli->n || (others && !g->key)) {
		lr_err_set(&cli->err, LR_EXIT_USAGE,
			g->key   ? "add: either --key or operands, not both"
			: others ? "add: --key is missing"
				 : "add: --key KEY is missing; - reads keys or JSON lines from "
				   "standard input");
		return LR_EXIT_USAGE;
	}
	if (g->key && !(obj = lr_given_peer(g, &cli->err)))
		return lr_peer_failed(cli);
	if (open_change(cli, &c) != 0) {
		json_decref(obj);
		return lr_peer_failed(cli);
	}
	if (obj)
		code = set_peer(&c, obj, &cli->err) == 0 ? LR_EXIT_OK : lr_peer_failed(cli);
	else
		code = lr_each_operand(cli, add_operand, &c);
	return close_change(cli, &c, code);
}

static int remove_operand(void *ctx, const struct lr_operand *op, struct lr_err *err)
{
	const char *key = json_string_value(json_object_get(op->json, LR_K_PUBLIC_KEY));

	if (!op->name)
		return lr_err_set(err, LR_EXIT_FAILED, "neither peer nor public_key");
	return change_peer(ctx, "peer-remove", json_string(key ? key : op->name), NULL, err);
}

int lr_peer_run_remove(struct lr_cli *cli)
{
	struct change c;

	if (open_change(cli, &c) != 0)
		return lr_peer_failed(cli);
	return close_change(cli, &c, lr_each_operand(cli, remove_operand, &c));
}

/* --- import and export --- */

static void note(void *ctx, const char *line)
{
	(void)ctx;
	lr_note(&lr_peer_prog, "%s", line);
}

static int import_peer(void *ctx, const json_t *obj, struct lr_err *err)
{
	return change_peer(ctx, "peer-set", json_copy((json_t *)obj), NULL, err);
}

/* A running node keeps its own section; the state files take from it what they lack. */
static void import_interface(void *ctx, const struct lr_config *config)
{
	struct change *c = ctx;

	if (config->has_key)
		lr_note(&lr_peer_prog,
			"the private key is not imported: this machine keeps its own");
	if (!c->backend.client)
		lr_state_book_adopt(&c->backend.state, config);
}

static int import_file(struct change *c, const char *file)
{
	const struct lr_config_hooks hooks = {.note = note, .resolve = lr_resolve};
	const struct lr_exchange to = {.ctx = c,
		.peer = import_peer,
		.interface = import_interface,
		.complain = note,
		.hooks = &hooks};
	struct lr_err err = {.exit = LR_EXIT_FAILED};
	size_t len;
	char *text = lr_exchange_read(file, &len, &err);

	if (!text) {
		lr_note(&lr_peer_prog, "%s", err.text);
		return err.exit;
	}
	int code = lr_exchange_import(
		&to, text, len, strcmp(file, "-") == 0 ? "standard input" : file);
	lr_wipe(text, len);
	free(text);
	return code;
}

int lr_peer_run_import(struct lr_cli *cli)
{
	struct change c;
	int code = LR_EXIT_OK;

	if (open_change(cli, &c) != 0)
		return lr_peer_failed(cli);
	for (int i = 0; i < cli->n; i++) {
		int one = import_file(&c, cli->operands[i]);
		if (code == LR_EXIT_OK)
			code = one;
	}
	return close_change(cli, &c, code);
}

static int collect_name(void *ctx, const struct lr_operand *op, struct lr_err *err)
{
	if (!op->name)
		return lr_err_set(err, LR_EXIT_FAILED, "neither peer nor public_key");
	json_array_append_new(ctx, json_string(op->name));
	return 0;
}

int lr_peer_run_export(struct lr_cli *cli)
{
	const struct lr_peer_args *a = cli->args;
	json_t *request = lr_client_request("config"), *names = json_array(), *answer = NULL;
	int code = cli->n ? lr_each_operand(cli, collect_name, names) : LR_EXIT_OK;
	struct lr_backend b;

	lr_json_put_bool(request, LR_K_PRIVATE, a->with_private);
	if (cli->n)
		lr_json_put(request, LR_K_NAMES, names);
	else
		json_decref(names);
	if (lr_backend_open(&b, a->iface, false, &cli->err) == 0) {
		answer = lr_backend_ask(&b, json_incref(request), &cli->err);
		lr_backend_close(&b);
	}
	json_decref(request);
	if (!answer)
		return lr_peer_failed(cli);
	const json_t *config = json_object_get(answer, LR_K_CONFIG);
	if (a->json)
		lr_json_line(stdout, config);
	else if (lr_peer_print(cli, lr_exchange_text(config, a->with_private, &cli->err)) !=
		 LR_EXIT_OK)
		code = lr_peer_failed(cli);
	json_decref(answer);
	return code;
}
