/*
 * servers.h - asks for servers of games: by broadcast, and at addresses that are known
 *
 * Theory of operation. A query of lib/game/query.h belongs to an address and a protocol. What
 * answers a broadcast is asked once more by itself. A question without an answer is asked again,
 * three times in all. Over UDP each try of a protocol has a socket of its own, and the broadcasts
 * have one: by where an answer comes it belongs to one question, so that the round trip is that of
 * a question and its answer (Karn's ambiguity, RFC 6298, 3, does not arise), up to the time at
 * which the kernel took it in. Over TCP the time to connect counts as well: the shorter of the two
 * is told. IPv4.
 */
#ifndef LR_IO_SERVERS_H
#define LR_IO_SERVERS_H

#include <netinet/in.h>

#include "lib/base/err.h"
#include "lib/game/query.h"

#define LR_SERVERS_MAX 4096 /* queries at once; the rest is not asked */

struct lr_servers_found {
	const struct lr_query_protocol *protocol; /* that it answered in last */
	const struct lr_query_protocol *asked;    /* that it was found by */
	struct sockaddr_in at;                    /* where it was asked */
	struct lr_query_server server;
	uint64_t rtt_ns; /* the shortest that was seen */
};

struct lr_servers;

/* NULL: out of memory. `found` is called once for every server that has answered. */
struct lr_servers *lr_servers_new(
	void (*found)(void *ctx, const struct lr_servers_found *server), void *ctx);
void lr_servers_free(struct lr_servers *s);
/* What is to be asked. Asking twice is asking once. 0, -ENOSPC, -ENOMEM or -errno of a socket. */
int lr_servers_ask(struct lr_servers *s, const struct lr_query_protocol *protocol,
	const struct sockaddr_in *at);
/* The same by broadcast: to 255.255.255.255 and to every interface's broadcast address. Protocols
 * over TCP, and those whose servers answer none, are left out. */
int lr_servers_broadcast(
	struct lr_servers *s, const struct lr_query_protocol *protocol, uint16_t port);
/* Until everything has answered, or `wait_ns` are over. */
void lr_servers_run(struct lr_servers *s, uint64_t wait_ns);

#endif
