/*
 * peer_ping.c - lr-peer ping: round trips through the tunnel
 */
#include <signal.h>
#include <stdio.h>

#include "cmd/peer.h"
#include "lib/io/ping.h"
#include "lib/node/plain.h"
#include "lib/node/report.h"
#include "terms.h"

#define AT(member) offsetof(struct lr_peer_args, member)

const struct lr_opt lr_peer_ping_options[] = {
	{"count", 'c', LR_OPT_INT, "N", "how many to send (4)", AT(count), 1, LR_PING_COUNT_MAX},
	{"interval", 'i', LR_OPT_REAL, "SEC", "time between two (0.2)", AT(interval_s), 0, 3600},
	{"size", 's', LR_OPT_INT, "BYTES", "payload of each (56)", AT(size), 0, LR_PING_SIZE_MAX},
	{"wait", 'W', LR_OPT_REAL, "SEC", "how long to wait for an answer (2)", AT(wait_s), 0,
		3600},
	{"ipv4", '4', LR_OPT_FLAG, NULL, "ping the IPv4 address", AT(four)},
	{"ipv6", '6', LR_OPT_FLAG, NULL, "ping the IPv6 address", AT(six)},
	{0},
};

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
	const struct lr_peer_args *a = cli->args;
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
		return lr_peer_failed(cli);
	json_t *after = lr_peer_ask_peers(b, key, false, NULL);
	json_t *path = json_incref(json_object_get(json_array_get(after, 0), LR_K_PATH));
	json_t *found = lr_report_ping(peer, address, &r, path);
	int code = lr_peer_print_one(cli, found, lr_plain_ping);
	json_decref(found);
	json_decref(after);
	return code == LR_EXIT_OK && r.received == 0 ? LR_EXIT_FAILED : code;
}

int lr_peer_run_ping(struct lr_cli *cli)
{
	const struct lr_peer_args *a = cli->args;
	const struct sigaction on_interrupt = {.sa_handler = interrupt};
	struct lr_backend b = {.client = lr_client_open(a->iface, &cli->err)};

	if (!b.client)
		return lr_peer_failed(cli);
	if (a->four && a->six) {
		lr_client_close(b.client);
		lr_err_set(&cli->err, LR_EXIT_USAGE, "ping: either -4 or -6");
		return LR_EXIT_USAGE;
	}
	sigaction(SIGINT, &on_interrupt, NULL);
	sigaction(SIGTERM, &on_interrupt, NULL);
	json_t *peers = lr_peer_ask_peers(&b, cli->operands[0], false, &cli->err);
	int code = peers ? ping_peer(cli, &b, json_array_get(peers, 0)) : lr_peer_failed(cli);
	json_decref(peers);
	lr_client_close(b.client);
	return code;
}
