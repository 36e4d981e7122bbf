/*
 * peer_discover.c - lr-peer discover: would games find each other?
 */
#include "cmd/peer.h"
#include "lib/node/discover.h"
#include "terms.h"

const struct lr_opt lr_peer_discover_options[] = {
	{"game", 'g', LR_OPT_TEXT, "GAME", "on the ports of this game (lr-game list)",
		offsetof(struct lr_peer_args, game), .complete = "game"},
	{0},
};

static int discover(struct lr_cli *cli, struct lr_client *c, const json_t *peer)
{
	const struct lr_peer_args *a = cli->args;
	const struct lr_game *game = NULL;
	struct lr_discover_plan plan;
	char dir[PATH_MAX];
	struct lr_games all = {0};
	bool own = lr_games_dir(dir, NULL) == 0;
	struct lr_discover_member member = {0};
	int code = LR_EXIT_FAILED;

	if (!lr_given_address(cli->operands[0], peer, 4, &member.four)) {
		lr_err_set(&cli->err, LR_EXIT_FAILED, "%s: has no virtual IPv4 address",
			json_string_value(json_object_get(peer, LR_K_PEER)));
		return lr_peer_failed(cli);
	}
	lr_given_address("", peer, 6, &member.six);
	if (a->game && lr_games_load(&all, own ? dir : NULL, NULL, NULL) == 0)
		game = lr_games_find(&all, a->game, &cli->err);
	if (a->game && !game) {
		lr_games_release(&all);
		return lr_peer_failed(cli);
	}
	if (lr_discover_plan(&plan, game, &member, &cli->err) == 0 &&
		lr_discover_run(&plan, c, &member, &cli->err) == 0) {
		json_t *found = lr_discover_json(&plan, peer, game);
		code = lr_peer_print_one(cli, found, lr_discover_plain);
		if (code == LR_EXIT_OK && !lr_discover_all(&plan))
			code = LR_EXIT_FAILED;
		json_decref(found);
	} else {
		code = lr_peer_failed(cli);
	}
	lr_games_release(&all);
	return code;
}

int lr_peer_run_discover(struct lr_cli *cli)
{
	const struct lr_peer_args *a = cli->args;
	struct lr_backend b = {.client = lr_client_open(a->iface, &cli->err)};

	if (!b.client)
		return lr_peer_failed(cli);
	json_t *peers = lr_peer_ask_peers(&b, cli->operands[0], false, &cli->err);
	int code = peers ? discover(cli, b.client, json_array_get(peers, 0)) : lr_peer_failed(cli);
	json_decref(peers);
	lr_client_close(b.client);
	return code;
}
