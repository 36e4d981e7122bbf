/*
 * peer_print.c - what all verbs of lr-peer need: asking for peers, printing, the exit code
 */
#include <stdio.h>
#include <stdlib.h>

#include "cmd/peer.h"
#include "lib/base/clock.h"
#include "terms.h"

double lr_peer_unix_now(void)
{
	return (double)lr_wall() / (double)LR_NS_PER_S;
}

int lr_peer_print(struct lr_cli *cli, char *text)
{
	if (!text) {
		lr_err_set(&cli->err, LR_EXIT_FAILED, "out of memory");
		return LR_EXIT_FAILED;
	}
	fputs(text, stdout);
	free(text);
	return LR_EXIT_OK;
}

int lr_peer_print_one(struct lr_cli *cli, const json_t *obj, char *(*plain)(const json_t *, double))
{
	const struct lr_peer_args *a = cli->args;

	if (!a->json)
		return lr_peer_print(cli, plain(obj, lr_peer_unix_now()));
	lr_json_line(stdout, obj);
	return LR_EXIT_OK;
}

int lr_peer_failed(const struct lr_cli *cli)
{
	return cli->err.exit ? cli->err.exit : LR_EXIT_FAILED;
}

json_t *lr_peer_ask_peers(struct lr_backend *b, const char *name, bool detail, struct lr_err *err)
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
