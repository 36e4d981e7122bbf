/*
 * lr-peer - everything about the peers of this machine
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/lines.h"
#include "lib/base/opt.h"
#include "lib/base/state.h"
#include "lib/crypto/crypto.h"
#include "lib/io/ping.h"
#include "lib/io/resolve.h"
#include "lib/node/backend.h"
#include "lib/node/exchange.h"
#include "lib/node/given.h"
#include "lib/node/metrics.h"
#include "lib/node/plain.h"
#include "lib/node/report.h"
#include "terms.h"

struct args {
	const char *iface;
	bool json;
	struct lr_given add;
	/* export */
	bool with_private;
	/* ping */
	long count, size;
	double interval_s, wait_s;
	bool four, six;
};

#define AT(member) offsetof(struct args, member)

static const struct lr_prog prog;

static double unix_now(void)
{
	return (double)lr_wall() / (double)LR_NS_PER_S;
}

/* Prints malloc'd text. */
static int print(struct lr_cli *cli, char *text)
{
	if (!text) {
		lr_err_set(&cli->err, LR_EXIT_FAILED, "out of memory");
		return LR_EXIT_FAILED;
	}
	fputs(text, stdout);
	free(text);
	return LR_EXIT_OK;
}

/* Prints one object as JSON or for people. */
static int print_one(struct lr_cli *cli, const json_t *obj, char *(*plain)(const json_t *, double))
{
	const struct args *a = cli->args;

	if (!a->json)
		return print(cli, plain(obj, unix_now()));
	lr_json_line(stdout, obj);
	return LR_EXIT_OK;
}

/* The exit code that goes with cli->err. */
static int failed(struct lr_cli *cli)
{
	return cli->err.exit ? cli->err.exit : LR_EXIT_FAILED;
}

/* --- verbs that read --- */

static json_t *ask_peers(struct lr_backend *b, const char *name, bool detail, struct lr_err *err)
{
	json_t *request = lr_client_request("peers"), *answer;

	if (name)
		lr_json_put(request, LR_K_NAMES, json_pack("[s]", name));
	lr_json_put_bool(request, LR_K_DETAIL, detail);
	answer = lr_backend_ask(b, request, err);
	json_t *peers = json_incref(json_object_get(answer, LR_K_PEERS));
	json_decref(answer);
	return peers;
}

/* The list of all peers, or of the one that is named. NULL with an error. */
static json_t *get_peers(struct lr_cli *cli, const char *name)
{
	const struct args *a = cli->args;
	struct lr_backend b;

	if (lr_backend_open(&b, a->iface, false, &cli->err) != 0)
		return NULL;
	json_t *peers = ask_peers(&b, name, name != NULL, &cli->err);
	lr_backend_close(&b);
	return peers;
}

static int run_list(struct lr_cli *cli)
{
	const struct args *a = cli->args;
	json_t *peers = get_peers(cli, NULL), *peer;
	int code = peers ? LR_EXIT_OK : failed(cli);
	size_t i;

	if (peers && a->json)
		json_array_foreach (peers, i, peer)
			lr_json_line(stdout, peer);
	else if (peers)
		code = print(cli, lr_plain_list(peers, unix_now()));
	json_decref(peers);
	return code;
}

static int run_show(struct lr_cli *cli)
{
	json_t *peers = get_peers(cli, cli->operands[0]);
	int code = peers ? print_one(cli, json_array_get(peers, 0), lr_plain_peer) : failed(cli);

	json_decref(peers);
	return code;
}

/* --- verbs that change --- */

/* A backend and the operands or lines that go to it. */
struct change {
	struct lr_backend backend;
	const struct lr_cli *cli;
	bool json;
};

static int open_change(struct lr_cli *cli, struct change *c)
{
	const struct args *a = cli->args;

	c->cli = cli;
	c->json = a->json;
	return lr_backend_open(&c->backend, a->iface, true, &cli->err);
}

/* Ends a verb whose operands gave `code`. */
static int close_change(struct lr_cli *cli, struct change *c, int code)
{
	int rc = lr_backend_commit(&c->backend, &cli->err);

	lr_backend_close(&c->backend);
	return rc == 0 ? code : failed(cli);
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

static int run_add(struct lr_cli *cli)
{
	const struct lr_given *g = &((const struct args *)cli->args)->add;
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
		return failed(cli);
	if (open_change(cli, &c) != 0) {
		json_decref(obj);
		return failed(cli);
	}
	if (obj)
		code = set_peer(&c, obj, &cli->err) == 0 ? LR_EXIT_OK : failed(cli);
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

static int run_remove(struct lr_cli *cli)
{
	struct change c;

	if (open_change(cli, &c) != 0)
		return failed(cli);
	return close_change(cli, &c, lr_each_operand(cli, remove_operand, &c));
}

/* --- import and export --- */

static void note(void *ctx, const char *line)
{
	(void)ctx;
	lr_note(&prog, "%s", line);
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
		lr_note(&prog, "the private key is not imported: this machine keeps its own");
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
		lr_note(&prog, "%s", err.text);
		return err.exit;
	}
	int code = lr_exchange_import(
		&to, text, len, strcmp(file, "-") == 0 ? "standard input" : file);
	lr_wipe(text, len);
	free(text);
	return code;
}

static int run_import(struct lr_cli *cli)
{
	struct change c;
	int code = LR_EXIT_OK;

	if (open_change(cli, &c) != 0)
		return failed(cli);
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

static int run_export(struct lr_cli *cli)
{
	const struct args *a = cli->args;
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
		return failed(cli);
	const json_t *config = json_object_get(answer, LR_K_CONFIG);
	if (a->json)
		lr_json_line(stdout, config);
	else if (print(cli, lr_exchange_text(config, a->with_private, &cli->err)) != LR_EXIT_OK)
		code = failed(cli);
	json_decref(answer);
	return code;
}

/* --- verbs that need a node --- */

static json_t *ask_status(struct lr_cli *cli)
{
	const struct args *a = cli->args;
	struct lr_client *c = lr_client_open(a->iface, &cli->err);
	json_t *answer = c ? lr_client_ask(c, lr_client_request("status"), &cli->err) : NULL;

	lr_client_close(c);
	return answer;
}

static int run_status(struct lr_cli *cli)
{
	json_t *status = ask_status(cli);
	int code = status ? print_one(cli, status, lr_plain_status) : failed(cli);

	json_decref(status);
	return code;
}

static int run_metrics(struct lr_cli *cli)
{
	json_t *status = ask_status(cli);

	if (!status)
		return failed(cli);
	int code = print(cli, lr_metrics_text(status));
	json_decref(status);
	return code;
}

static int run_watch(struct lr_cli *cli)
{
	const struct args *a = cli->args;
	struct lr_client *c = lr_client_open(a->iface, &cli->err);
	json_t *line = c ? lr_client_ask(c, lr_client_request("watch"), &cli->err) : NULL;
	bool down = false;

	signal(SIGPIPE, SIG_IGN);
	if (!line) {
		lr_client_close(c);
		return failed(cli);
	}
	json_decref(line);
	while (lr_client_wait(c, STDOUT_FILENO)) {
		line = lr_client_next(c, &cli->err);
		if (!line)
			break;
		const char *event = json_string_value(json_object_get(line, LR_K_EVENT));
		down = event && strcmp(event, "down") == 0;
		int rc = lr_json_line(stdout, line);
		json_decref(line);
		if (rc == -EPIPE) { /* who wanted a line or two has them: that is no failure */
			__fpurge(stdout);
			clearerr(stdout);
			break;
		}
	}
	bool ended = !line;
	if (ended && !down && !cli->err.text[0])
		lr_err_set(&cli->err, LR_EXIT_UNREACHABLE, "%s: the node has gone",
			lr_client_iface(c));
	lr_client_close(c);
	return ended && !down ? failed(cli) : LR_EXIT_OK;
}

/* --- ping --- */

static volatile sig_atomic_t interrupted;

static void interrupt(int signal)
{
	(void)signal;
	interrupted = 1;
}

struct pinging {
	const char *who, *address;
	bool quiet;
};

static void on_reply(void *ctx, const struct lr_ping_reply *r)
{
	const struct pinging *p = ctx;

	if (p->quiet)
		return;
	printf("%s (%s): %zu bytes, %u, %.3f ms\n", p->who, p->address, r->size, r->seq,
		(double)r->rtt_ns / 1e6);
	fflush(stdout);
}

static int ping_peer(struct lr_cli *cli, struct lr_backend *b, const json_t *peer)
{
	const struct args *a = cli->args;
	struct lr_ping_options o = {.iface = lr_client_iface(b->client),
		.count = (unsigned)a->count,
		.size = (unsigned)a->size,
		.interval_ns = (uint64_t)(a->interval_s * 1e9),
		.wait_ns = (uint64_t)(a->wait_s * 1e9),
		.stop = &interrupted};
	const char *key = json_string_value(json_object_get(peer, LR_K_PUBLIC_KEY));
	const char *who = json_string_value(json_object_get(peer, LR_K_PEER));
	const char *address = lr_given_address(cli->operands[0], peer,
		a->four  ? 4
		: a->six ? 6
			 : 0,
		&o.to);
	struct pinging p = {who, address, a->json};
	struct lr_ping_result r;

	if (!address) {
		lr_err_set(&cli->err, LR_EXIT_FAILED,
			"%s: has no virtual %saddress: give it one in its allowed IPs", who,
			a->six    ? "IPv6 "
			: a->four ? "IPv4 "
				  : "");
		return LR_EXIT_FAILED;
	}
	if (lr_ping_run(&o, on_reply, &p, &r, &cli->err) != 0)
		return failed(cli);
	json_t *after = ask_peers(b, key, false, NULL);
	json_t *path = json_incref(json_object_get(json_array_get(after, 0), LR_K_PATH));
	json_t *found = lr_report_ping(peer, address, &r, path);
	int code = print_one(cli, found, lr_plain_ping);
	json_decref(found);
	json_decref(after);
	return code == LR_EXIT_OK && r.received == 0 ? LR_EXIT_FAILED : code;
}

static int run_ping(struct lr_cli *cli)
{
	const struct args *a = cli->args;
	const struct sigaction on_interrupt = {.sa_handler = interrupt};
	struct lr_backend b = {.client = lr_client_open(a->iface, &cli->err)};

	if (!b.client)
		return failed(cli);
	if (a->four && a->six) {
		lr_client_close(b.client);
		lr_err_set(&cli->err, LR_EXIT_USAGE, "ping: either -4 or -6");
		return LR_EXIT_USAGE;
	}
	sigaction(SIGINT, &on_interrupt, NULL);
	sigaction(SIGTERM, &on_interrupt, NULL);
	json_t *peers = ask_peers(&b, cli->operands[0], false, &cli->err);
	int code = peers ? ping_peer(cli, &b, json_array_get(peers, 0)) : failed(cli);
	json_decref(peers);
	lr_client_close(b.client);
	return code;
}

/* --- the command line --- */

static const struct lr_opt options[] = {
	{"iface", 0, LR_OPT_TEXT, "NAME", "talk to the node of this interface", AT(iface),
		.complete = "iface"},
	{"json", 'j', LR_OPT_FLAG, NULL, "print JSON, one object a line", AT(json)},
	{0},
};

static const struct lr_opt add_options[] = {
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

static const struct lr_opt export_options[] = {
	{"private", 0, LR_OPT_FLAG, NULL, "with our own private key", AT(with_private)},
	{0},
};

static const struct lr_opt ping_options[] = {
	{"count", 'c', LR_OPT_INT, "N", "how many to send (4)", AT(count), 1, LR_PING_COUNT_MAX},
	{"interval", 'i', LR_OPT_REAL, "SEC", "time between two (0.2)", AT(interval_s), 0, 3600},
	{"size", 's', LR_OPT_INT, "BYTES", "payload of each (56)", AT(size), 0, LR_PING_SIZE_MAX},
	{"wait", 'W', LR_OPT_REAL, "SEC", "how long to wait for an answer (2)", AT(wait_s), 0,
		3600},
	{"ipv4", '4', LR_OPT_FLAG, NULL, "ping the IPv4 address", AT(four)},
	{"ipv6", '6', LR_OPT_FLAG, NULL, "ping the IPv6 address", AT(six)},
	{0},
};

static const struct lr_verb verbs[] = {
	{"list", "", "all peers", NULL, 0, 0, run_list},
	{"show", "NAME", "everything about a peer", NULL, 1, 1, run_show, "peer"},
	{"add", "[KEY...|-]", "add a peer, or change one", add_options, 0, -1, run_add},
	{"remove", "NAME...|-", "remove peers", NULL, 1, -1, run_remove, "peer"},
	{"import", "FILE...|-", "take peers from wg-quick files or JSON", NULL, 1, -1, run_import,
		"file"},
	{"export", "[NAME...|-]", "print the configuration as a wg-quick file, or JSON",
		export_options, 0, -1, run_export, "peer"},
	{"ping", "NAME", "round trips through the tunnel", ping_options, 1, 1, run_ping, "peer"},
	{"status", "", "the running node", NULL, 0, 0, run_status},
	{"metrics", "", "the running node for Prometheus", NULL, 0, 0, run_metrics},
	{"watch", "", "events as JSON lines, as they happen", NULL, 0, 0, run_watch},
	{0},
};

static const struct lr_exit_note exits[] = {
	{LR_EXIT_OK, "done; ping: at least one answer came"},
	{LR_EXIT_FAILED, "failed, no such peer, or no answer"},
	{LR_EXIT_USAGE,
		"command line or configuration wrong, or several nodes run: nothing was done"},
	{LR_EXIT_UNREACHABLE, "no node runs, or it does not answer"},
	{LR_EXIT_RIGHTS, "rights are missing"},
	{0},
};

static void defaults(void *args)
{
	struct args *a = args;

	a->count = 4;
	a->size = 56;
	a->interval_s = 0.2;
	a->wait_s = 2;
}

static const struct lr_prog prog = {
	.name = "lr-peer",
	.summary = "Show and change the peers of the running node, or of the state files when none "
		   "runs.",
	.usage = "[OPTION]... VERB [NAME]...",
	.opts = options,
	.verbs = verbs,
	.exits = exits,
	.examples = "  lr-peer list\n"
		    "  lr-peer ping -c 10 bob\n"
		    "  lr-ipam list --json | lr-peer import -\n",
	.args_size = sizeof(struct args),
	.defaults = defaults,
};

int main(int argc, char **argv)
{
	if (lr_crypto_init() != 0) {
		lr_note(&prog, "the crypto libraries do not work here");
		return LR_EXIT_RIGHTS;
	}
	return lr_opt_main(&prog, argc, argv);
}
