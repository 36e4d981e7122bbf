/*
 * peer_party.c - lr-peer's verbs about the party: invite, kick, rename, explain
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
#include "lib/node/guest_file.h"
#include "lib/node/plain_party.h"
#include "lib/party/invite.h"
#include "lib/party/token.h"
#include "terms.h"

#define AT(member)  offsetof(struct lr_peer_args, member)
#define ONCE_LIFE_S 86400 /* --once without --for */

const struct lr_opt lr_peer_invite_options[] = {
	{"once", 0, LR_OPT_FLAG, NULL, "good for one who joins, within a day unless --for says so",
		AT(once)},
	{"for", 0, LR_OPT_TEXT, "TIME", "good for so long: 30m, 2h, 7d", AT(life)},
	{"wireguard", 'w', LR_OPT_TEXT, "NAME",
		"a wg-quick file for a guest with a stock WireGuard client", AT(guest)},
	{"endpoint", 'e', LR_OPT_TEXT, "HOST[:PORT]", "where the guest reaches this machine",
		AT(add.endpoint)},
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

/* The text; on a terminal also `in_code` as a QR code. */
static void print_with_code(const char *text, const char *in_code)
{
	char *code = lr_qr_for(STDOUT_FILENO, in_code, NULL);

	fputs(text, stdout);
	if (code) {
		printf("\n%s", code);
		lr_wipe(code, strlen(code));
	}
	free(code);
}

static void print_guest(const char *file)
{
	char *compact = lr_guest_compact(file);

	print_with_code(file, compact ? compact : file);
	if (compact)
		lr_wipe(compact, strlen(compact));
	free(compact);
}

static void print_invite(const char *invite)
{
	char line[LR_INVITE_TEXT + 1];

	snprintf(line, sizeof(line), "%s\n", invite);
	print_with_code(line, invite);
	lr_wipe(line, sizeof(line));
}

/* A guest with a stock WireGuard client: on standard output is its file, and nothing else. */
static int invite_guest(struct lr_cli *cli)
{
	const struct lr_peer_args *a = cli->args;
	struct lr_client *c = lr_client_open(a->iface, &cli->err);
	json_t *guest = c ? lr_guest_file(c, a->guest, a->add.endpoint, &cli->err) : NULL;

	lr_client_close(c);
	if (!guest)
		return lr_peer_failed(cli);
	const char *relay = json_string_value(json_object_get(guest, LR_K_RELAY));
	if (a->json)
		lr_json_line(stdout, guest);
	else
		print_guest(json_string_value(json_object_get(guest, LR_K_WG_QUICK)));
	if (relay && !a->json)
		lr_note(&lr_peer_prog,
			"%s comes through the relay %s, since nobody outside can reach this "
			"machine",
			a->guest, relay);
	json_decref(guest);
	return LR_EXIT_OK;
}

int lr_peer_run_invite(struct lr_cli *cli)
{
	const struct lr_peer_args *a = cli->args;
	json_t *request;
	uint64_t life_s = ONCE_LIFE_S;

	if ((a->guest && (a->once || a->life)) || (a->add.endpoint && !a->guest)) {
		lr_err_set(&cli->err, LR_EXIT_USAGE,
			a->guest ? "--wireguard: a guest stays until `lr-peer kick`: neither "
				   "--once nor --for"
				 : "--endpoint: belongs to --wireguard NAME");
		return lr_peer_failed(cli);
	}
	if (a->guest)
		return invite_guest(cli);
	request = lr_client_request("invite");
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
	const char *name = json_string_value(json_object_get(answer, LR_K_PEER));
	if (a->json)
		lr_json_line(stdout, answer);
	else if (json_is_true(json_object_get(answer, LR_K_GUEST)))
		printf("%s, a guest, is out; for all others everything stays, since a guest never "
		       "knew the party's secret\n",
			name);
	else
		printf("%s is out, and all invites that were made before are void; `lr-peer "
		       "invite` makes a new one\n",
			name);
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

/* --- explain --- */

int lr_peer_run_explain(struct lr_cli *cli)
{
	json_t *request = lr_client_request("explain");

	lr_json_put_str(request, LR_K_PEER, cli->operands[0]);
	json_t *answer = ask(cli, request);
	int code = answer ? lr_peer_print_one(cli, answer, lr_plain_explain) : lr_peer_failed(cli);
	json_decref(answer);
	return code;
}
