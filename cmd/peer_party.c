/*
 * peer_party.c - lr-peer's verbs about the party: invite, kick, rename, explain, netcheck
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/peer.h"
#include "lib/base/lines.h"
#include "lib/crypto/crypto.h"
#include "lib/io/qr.h"
#include "lib/node/client.h"
#include "lib/node/plain_party.h"
#include "lib/party/token.h"
#include "terms.h"

#define AT(member)  offsetof(struct lr_peer_args, member)
#define ONCE_LIFE_S 86400 /* --once without --for */

const struct lr_opt lr_peer_invite_options[] = {
	{"once", 0, LR_OPT_FLAG, NULL, "good for one who joins, within a day unless --for says so",
		AT(once)},
	{"for", 0, LR_OPT_TEXT, "TIME", "good for so long: 30m, 2h, 7d", AT(life)},
	{0},
};

/* Asks the node and closes. A new reference, or NULL with an error. */
static json_t *ask(struct lr_cli *cli, json_t *request)
{
	const struct lr_peer_args *a = cli->args;
	struct lr_client *c = lr_client_open(a->iface, &cli->err);
	json_t *answer = NULL;

	if (c)
		answer = lr_client_ask(c, json_incref(request), &cli->err);
	lr_client_close(c);
	json_decref(request);
	return answer;
}

/* --- invite --- */

/* The invite on a line of its own; on a terminal its QR code too. */
static void print_invite(const char *invite)
{
	char *code = lr_qr_for(STDOUT_FILENO, invite, NULL);

	printf("%s\n", invite);
	if (code) {
		printf("\n%s", code);
		lr_wipe(code, strlen(code));
	}
	free(code);
}

int lr_peer_run_invite(struct lr_cli *cli)
{
	const struct lr_peer_args *a = cli->args;
	json_t *request = lr_client_request("invite");
	uint64_t life_s = ONCE_LIFE_S;

	if (a->life &&
		lr_given_duration("--for", a->life, LR_OFFER_MAX_S, &life_s, &cli->err) != 0) {
		json_decref(request);
		return lr_peer_failed(cli);
	}
	if (a->once)
		lr_json_put_int(request, LR_K_USES, 1);
	if (a->once || a->life)
		lr_json_put_int(request, LR_K_LIFE_S, (int64_t)life_s);
	json_t *answer = ask(cli, request);
	if (!answer)
		return lr_peer_failed(cli);
	if (a->json)
		lr_json_line(stdout, answer);
	else
		print_invite(json_string_value(json_object_get(answer, LR_K_INVITE)));
	json_decref(answer);
	return LR_EXIT_OK;
}

/* --- kick, rename --- */

int lr_peer_run_kick(struct lr_cli *cli)
{
	const struct lr_peer_args *a = cli->args;
	json_t *request = lr_client_request("kick");

	lr_json_put_str(request, LR_K_PEER, cli->operands[0]);
	json_t *answer = ask(cli, request);
	if (!answer)
		return lr_peer_failed(cli);
	if (a->json)
		lr_json_line(stdout, answer);
	else
		printf("%s is out, and all invites that were made before are void; `lr-peer "
		       "invite` makes a new one\n",
			json_string_value(json_object_get(answer, LR_K_PEER)));
	json_decref(answer);
	return LR_EXIT_OK;
}

int lr_peer_run_rename(struct lr_cli *cli)
{
	const struct lr_peer_args *a = cli->args;
	json_t *request = lr_client_request("rename");

	lr_json_put_str(request, LR_K_NAME, cli->operands[0]);
	json_t *answer = ask(cli, request);
	if (!answer)
		return lr_peer_failed(cli);
	if (a->json)
		lr_json_line(stdout, answer);
	json_decref(answer);
	return LR_EXIT_OK;
}

/* --- explain, netcheck --- */

int lr_peer_run_explain(struct lr_cli *cli)
{
	json_t *request = lr_client_request("explain");

	lr_json_put_str(request, LR_K_PEER, cli->operands[0]);
	json_t *answer = ask(cli, request);
	int code = answer ? lr_peer_print_one(cli, answer, lr_plain_explain) : lr_peer_failed(cli);
	json_decref(answer);
	return code;
}

int lr_peer_run_netcheck(struct lr_cli *cli)
{
	json_t *answer = ask(cli, lr_client_request("netcheck"));
	int code = answer ? lr_peer_print_one(cli, answer, lr_plain_netcheck) : lr_peer_failed(cli);

	json_decref(answer);
	return code;
}
