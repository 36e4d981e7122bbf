/*
 * perf_bundle.c - lr-perf bundle: what to send with a bug report
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/perf_files.h"
#include "lib/base/clock.h"
#include "lib/base/state.h"
#include "lib/bench/machine.h"
#include "lib/node/client.h"
#include "lib/results/bundle.h"
#include "lib/results/scrub.h"

const struct lr_opt lr_perf_bundle_options[] = {
	{"iface", 0, LR_OPT_TEXT, "NAME", "only the node of this interface, not all that run",
		LR_PERF_AT(iface), .complete = "iface"},
	{0},
};

/* Scrubbed, then as text, indented for whoever looks into it before sending it. 0 or -1. */
static int add(struct lr_bundle *b, const char *name, const json_t *object, struct lr_err *err)
{
	char path[99];
	json_t *clean = lr_scrub(object);
	char *text = clean ? json_dumps(clean, JSON_INDENT(1) | JSON_ENCODE_ANY) : NULL;
	int code = -1;

	snprintf(path, sizeof(path), "lanrage/%.80s", name);
	if (text)
		code = lr_bundle_add(b, path, text, strlen(text), lr_wall() / LR_NS_PER_S);
	free(text);
	json_decref(clean);
	return code == 0 ? 0 : lr_err_set(err, LR_EXIT_FAILED, "out of memory");
}

static int add_machine(struct lr_bundle *b, struct lr_err *err)
{
	json_t *machine = lr_machine_result();
	int code = add(b, "machine.json", machine, err);

	json_decref(machine);
	return code;
}

/* What a node says to a question; `name` of the file. The status has the party with it, when there
 * is one. Without an answer the file is left out, with the reason. */
static int add_answer(struct lr_cli *cli, struct lr_bundle *b, struct lr_client *c,
	const char *verb, const char *name)
{
	struct lr_err why = {0};
	json_t *answer = lr_client_ask(c, lr_client_request(verb), &why);
	json_t *party = answer && strcmp(verb, "status") == 0
				? lr_client_ask(c, lr_client_request("party"), NULL)
				: NULL;
	int code = 0;

	if (party)
		json_object_update_missing(answer, party);
	json_decref(party);
	if (answer)
		code = add(b, name, answer, &cli->err);
	else
		lr_note(cli->prog, "%s is left out: %s", name, why.text);
	json_decref(answer);
	return code;
}

/* The node of `iface`; `alone`: there is no other one, and its files need not be told apart. */
static int add_node(struct lr_cli *cli, struct lr_bundle *b, const char *iface, bool alone)
{
	static const char *const verbs[] = {"status", "profile"};
	struct lr_err why = {0};
	struct lr_client *c = lr_client_open(iface, &why);
	char name[60];
	int code = 0;

	if (!c)
		lr_note(cli->prog, "the node of %s is left out: %s", iface, why.text);
	for (size_t i = 0; c && code == 0 && i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		snprintf(name, sizeof(name), "node-%s%s%s.json", alone ? "" : iface,
			alone ? "" : "-", verbs[i]);
		code = add_answer(cli, b, c, verbs[i], name);
	}
	lr_client_close(c);
	return code;
}

/* The node that --iface names, or all that run. */
static int add_nodes(struct lr_cli *cli, struct lr_bundle *b)
{
	const struct lr_perf_args *a = cli->args;
	struct lr_client_node *nodes = NULL;
	struct lr_err why = {0};
	int code = 0;

	if (a->iface)
		return add_node(cli, b, a->iface, true);
	int n = lr_client_list(&nodes, &why);
	if (n <= 0)
		lr_note(cli->prog, "no node's status and profile are in it: %s",
			n < 0 ? why.text : "none runs");
	for (int i = 0; i < n && code == 0; i++)
		code = add_node(cli, b, nodes[i].iface, n == 1);
	free(nodes);
	return code;
}

static int add_files(struct lr_bundle *b, const struct lr_perf_files *f, struct lr_err *err)
{
	char name[40];
	int code = 0;

	for (size_t i = 0; code == 0 && i < f->n; i++) {
		snprintf(name, sizeof(name), "results-%zu.json", i + 1);
		code = add(b, name, f->all[i], err);
	}
	return code;
}

static int write_bundle(struct lr_bundle *b, const char *path, struct lr_err *err)
{
	size_t len = 0;
	uint8_t *bytes = lr_bundle_pack(b, &len);
	int code = 0;

	if (!bytes)
		code = lr_err_set(err, LR_EXIT_FAILED, "out of memory");
	else if (strcmp(path, "-") != 0)
		code = lr_replace_file(path, bytes, len, 0600, err);
	else if (fwrite(bytes, 1, len, stdout) != len || fflush(stdout) != 0)
		code = lr_err_set(err, LR_EXIT_FAILED, "standard output: %s", strerror(errno));
	free(bytes);
	return code;
}

int lr_perf_run_bundle(struct lr_cli *cli)
{
	struct lr_bundle b = {0};

	if (strcmp(cli->operands[0], "-") == 0 && isatty(STDOUT_FILENO))
		return lr_err_set(&cli->err, LR_EXIT_USAGE,
			"standard output is a terminal: name a FILE.tar.gz");
	struct lr_perf_files *f =
		lr_perf_files_read(cli->operands + 1, (size_t)cli->n - 1, &cli->err);
	bool good = f && add_machine(&b, &cli->err) == 0 && add_files(&b, f, &cli->err) == 0 &&
		    add_nodes(cli, &b) == 0 && write_bundle(&b, cli->operands[0], &cli->err) == 0;

	lr_bundle_release(&b);
	lr_perf_files_free(f);
	return good ? LR_EXIT_OK : (int)cli->err.exit;
}
