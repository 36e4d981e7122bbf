/*
 * lr-peer - everything about the peers of this machine
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <string.h>
#include <unistd.h>

#include "cmd/peer.h"
#include "lib/crypto/crypto.h"
#include "lib/node/metrics.h"
#include "lib/node/plain.h"
#include "lib/node/plain_party.h"
#include "terms.h"

#define AT(member) offsetof(struct lr_peer_args, member)

/* --- verbs that read --- */

/* The list of all peers, or of the one that is named. NULL with an error. */
static json_t *get_peers(struct lr_cli *cli, const char *name)
{
	const struct lr_peer_args *a = cli->args;
	struct lr_backend b;

	if (lr_backend_open(&b, a->iface, false, &cli->err) != 0)
		return NULL;
	json_t *peers = lr_peer_ask_peers(&b, name, name != NULL, &cli->err);
	lr_backend_close(&b);
	return peers;
}

static int run_list(struct lr_cli *cli)
{
	const struct lr_peer_args *a = cli->args;
	json_t *peers = get_peers(cli, NULL), *peer;
	int code = peers ? LR_EXIT_OK : lr_peer_failed(cli);
	size_t i;

	if (peers && a->json)
		json_array_foreach (peers, i, peer)
			lr_json_line(stdout, peer);
	else if (peers)
		code = lr_peer_print(cli, lr_plain_list(peers, lr_peer_unix_now()));
	json_decref(peers);
	return code;
}

static int run_show(struct lr_cli *cli)
{
	json_t *peers = get_peers(cli, cli->operands[0]);
	int code = peers ? lr_peer_print_one(cli, json_array_get(peers, 0), lr_plain_peer)
			 : lr_peer_failed(cli);

	json_decref(peers);
	return code;
}

/* --- verbs that need a node --- */

/* The status; with what there is to tell of the party when the node is in one. */
static json_t *ask_status(struct lr_cli *cli)
{
	const struct lr_peer_args *a = cli->args;
	struct lr_client *c = lr_client_open(a->iface, &cli->err);
	json_t *answer = c ? lr_client_ask(c, lr_client_request("status"), &cli->err) : NULL;
	json_t *party = answer ? lr_client_ask(c, lr_client_request("party"), NULL) : NULL;

	lr_client_close(c);
	if (party)
		json_object_update_missing(answer, party);
	json_decref(party);
	return answer;
}

static int run_status(struct lr_cli *cli)
{
	const struct lr_peer_args *a = cli->args;
	json_t *status = ask_status(cli);
	int code = status ? lr_peer_print_one(cli, status, lr_plain_status) : lr_peer_failed(cli);

	if (code == LR_EXIT_OK && !a->json && json_object_get(status, LR_K_PARTY))
		code = lr_peer_print(cli, lr_plain_party(status, 0));
	json_decref(status);
	return code;
}

static int run_metrics(struct lr_cli *cli)
{
	json_t *status = ask_status(cli);

	if (!status)
		return lr_peer_failed(cli);
	int code = lr_peer_print(cli, lr_metrics_text(status));
	json_decref(status);
	return code;
}

static int run_watch(struct lr_cli *cli)
{
	const struct lr_peer_args *a = cli->args;
	struct lr_client *c = lr_client_open(a->iface, &cli->err);
	json_t *line = c ? lr_client_ask(c, lr_client_request("watch"), &cli->err) : NULL;
	bool down = false;

	signal(SIGPIPE, SIG_IGN);
	if (!line) {
		lr_client_close(c);
		return lr_peer_failed(cli);
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
	return ended && !down ? lr_peer_failed(cli) : LR_EXIT_OK;
}

/* --- the command line --- */

static const struct lr_opt options[] = {
	{"iface", 0, LR_OPT_TEXT, "NAME", "talk to the node of this interface", AT(iface),
		.complete = "iface"},
	{"json", 'j', LR_OPT_FLAG, NULL, "print JSON, one object a line", AT(json)},
	{0},
};

static const struct lr_verb verbs[] = {
	{"list", "", "all peers", NULL, 0, 0, run_list},
	{"show", "NAME", "everything about a peer", NULL, 1, 1, run_show, "peer"},
	{"add", "[KEY...|-]", "add a peer, or change one", lr_peer_add_options, 0, -1,
		lr_peer_run_add},
	{"remove", "NAME...|-", "remove peers", NULL, 1, -1, lr_peer_run_remove, "peer"},
	{"import", "FILE...|-", "take peers from wg-quick files or JSON", NULL, 1, -1,
		lr_peer_run_import, "file"},
	{"export", "[NAME...|-]", "print the configuration as a wg-quick file, or JSON",
		lr_peer_export_options, 0, -1, lr_peer_run_export, "peer"},
	{"ping", "NAME", "round trips through the tunnel", lr_peer_ping_options, 1, 1,
		lr_peer_run_ping, "peer"},
	{"discover", "NAME", "whether games would find each other, there and back",
		lr_peer_discover_options, 1, 1, lr_peer_run_discover, "peer"},
	{"invite", "", "print an invite to the party", lr_peer_invite_options, 0, 0,
		lr_peer_run_invite},
	{"kick", "NAME", "put a member out of the party, for good", NULL, 1, 1, lr_peer_run_kick,
		"peer"},
	{"rename", "NICK", "change our own name in the party", NULL, 1, 1, lr_peer_run_rename},
	{"explain", "NAME", "why the path to a member is what it is", NULL, 1, 1,
		lr_peer_run_explain, "peer"},
	{"netcheck", "", "what this network and this machine let through", NULL, 0, 0,
		lr_peer_run_netcheck},
	{"status", "", "the running node", NULL, 0, 0, run_status},
	{"metrics", "", "the running node for Prometheus", NULL, 0, 0, run_metrics},
	{"watch", "", "events as JSON lines, as they happen", NULL, 0, 0, run_watch},
	{0},
};

static const struct lr_exit_note exits[] = {
	{LR_EXIT_OK, "done; ping: at least one answer came; discover: all of them"},
	{LR_EXIT_FAILED, "failed, no such peer, or no answer"},
	{LR_EXIT_USAGE,
		"command line or configuration wrong, or several nodes run: nothing was done"},
	{LR_EXIT_UNREACHABLE, "no node runs, or it does not answer"},
	{LR_EXIT_RIGHTS, "rights are missing"},
	{0},
};

static void defaults(void *args)
{
	struct lr_peer_args *a = args;

	a->count = 4;
	a->size = 56;
	a->interval_s = 0.2;
	a->wait_s = 2;
}

const struct lr_prog lr_peer_prog = {
	.name = "lr-peer",
	.summary = "Show and change the peers of the running node, or of the state files when none "
		   "runs.",
	.usage = "[OPTION]... VERB [NAME]...",
	.opts = options,
	.verbs = verbs,
	.exits = exits,
	.examples = "  lr-peer list\n"
		    "  lr-peer ping -c 10 bob\n"
		    "  lr-peer invite --once --for 2h\n"
		    "  lr-ipam list --json | lr-peer import -\n",
	.args_size = sizeof(struct lr_peer_args),
	.defaults = defaults,
};

int main(int argc, char **argv)
{
	if (lr_crypto_init() != 0) {
		lr_note(&lr_peer_prog, "the crypto libraries do not work here");
		return LR_EXIT_RIGHTS;
	}
	return lr_opt_main(&lr_peer_prog, argc, argv);
}
