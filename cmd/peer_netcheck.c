/*
 * peer_netcheck.c - lr-peer netcheck: what this network, and this machine, lets through
 */
#include "cmd/peer.h"
#include "lib/node/client.h"
#include "lib/node/firewall_check.h"
#include "lib/node/plain_party.h"
#include "terms.h"

/* The node knows the network; the rules of this machine's firewall are read here, since a node
 * waits for no other program. */
static void add_firewall(json_t *netcheck, const json_t *status)
{
	char dir[PATH_MAX];
	struct lr_games all = {0};
	bool own = lr_games_dir(dir, NULL) == 0;

	(void)lr_games_load(&all, own ? dir : NULL, NULL, NULL);
	lr_json_put(netcheck, LR_K_FIREWALL, lr_firewall_check(status, &all));
	lr_games_release(&all);
}

int lr_peer_run_netcheck(struct lr_cli *cli)
{
	const struct lr_peer_args *a = cli->args;
	struct lr_client *c = lr_client_open(a->iface, &cli->err);
	json_t *answer = c ? lr_client_ask(c, lr_client_request("netcheck"), &cli->err) : NULL;
	json_t *status = answer ? lr_client_ask(c, lr_client_request("status"), &cli->err) : NULL;
	int code = LR_EXIT_OK;

	lr_client_close(c);
	if (status) {
		add_firewall(answer, status);
		code = lr_peer_print_one(cli, answer, lr_plain_netcheck);
	} else {
		code = lr_peer_failed(cli);
	}
	json_decref(status);
	json_decref(answer);
	return code;
}
