/*
 * up_show.c - lr-up --down and --status
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/up.h"
#include "lib/node/client.h"
#include "terms.h"

int lr_up_down(struct lr_cli *cli)
{
	struct lr_up_args *a = cli->args;
	const char *iface = cli->n ? cli->operands[0] : a->iface;
	char ended[IFNAMSIZ];
	if (lr_client_down(iface, ended, &cli->err) < 0)
		return cli->err.exit;
	if (!a->json)
		printf("%s is down\n", ended);
	return LR_EXIT_OK;
}

static void print_status(const json_t *s, bool as_json)
{
	bool bad = false;
	if (as_json) {
		lr_json_line(stdout, s);
		return;
	}
	const json_t *addresses = json_object_get(s, LR_K_ADDRESSES);
	const char *address = json_string_value(json_array_get(addresses, 0));
	printf("%-15s %-20s port %-5lld %lld peers, pid %lld\n", lr_json_str(s, LR_K_IFACE, &bad),
		address ? address : "-", (long long)lr_json_int(s, LR_K_LISTEN_PORT, 0, &bad),
		(long long)lr_json_int(s, LR_K_PEER_COUNT, 0, &bad),
		(long long)lr_json_int(s, LR_K_PID, 0, &bad));
}

int lr_up_status(struct lr_cli *cli)
{
	struct lr_up_args *a = cli->args;
	struct lr_client_node *nodes = NULL;
	const char *iface = cli->n ? cli->operands[0] : a->iface;
	int n = lr_client_list(&nodes, &cli->err), shown = 0;
	for (int i = 0; i < n; i++) {
		if (iface && strcmp(iface, nodes[i].iface) != 0)
			continue;
		struct lr_client *c = lr_client_open(nodes[i].iface, &cli->err);
		json_t *s = c ? lr_client_ask(c, lr_client_request("status"), &cli->err) : NULL;
		lr_client_close(c);
		if (!s)
			continue;
		print_status(s, a->json);
		json_decref(s);
		shown++;
	}
	free(nodes);
	if (cli->err.text[0])
		return cli->err.exit;
	if (shown == 0)
		lr_err_set(&cli->err, LR_EXIT_UNREACHABLE,
			iface ? "%s: no node runs there" : "no node runs", iface);
	return shown ? LR_EXIT_OK : LR_EXIT_UNREACHABLE;
}
