/*
 * ipx.h - the IPX network of DOSBox: games of the IPX years, as packets inside UDP through a server
 *
 * Theory of operation. DOSBox gives the game inside it an IPX card. What the card sends goes as one
 * UDP datagram to a server, at UDP port 213 unless told otherwise, which plays the cable:
 *
 *     0        2      4    5    6                12     16            22     24
 *     | ffff   | len  | 0  | type | to: network | node        | socket | from: the same | data
 *
 * all in network order, 30 bytes before the data. A node's number is its IPv4 address and UDP port
 * as the server sees them. So
 *   - a packet to node 0:0, socket 2, is a registration: it is answered with one to the client's
 *     number, which it learns by that;
 *   - a packet to node ff:ff:ff:ff:ff:ff goes to all other clients;
 *   - any other goes to the client with that number, and to nobody else;
 *   - a packet to all, socket 2, is an echo request, which each client answers to who asked. The
 *     server answers, too: who pings with nobody else there sees that it is connected.
 *
 * A client says nothing when it goes, and nothing while its game waits. So one that is quiet for
 * LR_IPX_QUIET_NS is asked for an echo, each time that long passes, and is forgotten when it said
 * nothing for LR_IPX_LIFE_NS. One that speaks under its own number without a registration is taken
 * in: the server was started anew, and the client has no way to learn of that.
 *
 * Nobody speaks under another's number, and nobody from outside the virtual network is answered.
 * What one client sends to all is limited, since the server multiplies it.
 *
 * The owner hands in datagrams (lr_ipx_take), sends what comes out of `send`, and calls
 * lr_ipx_settle() when lr_ipx_due() has come.
 *
 * Source: the tunnel of DOSBox 0.74 (IPXNET, its manual), seen on the wire; IPX: Novell's IPX
 * Router Specification, 107-000029-001.
 */
#ifndef LR_LAN_IPX_H
#define LR_LAN_IPX_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/clock.h"
#include "lib/net/addr.h"

#define LR_IPX_PORT     213
#define LR_IPX_WRAPPER  54792 /* where IPXWrapper broadcasts frames as UDP */
#define LR_IPX_NODE     6     /* bytes of a node's number: IPv4 address, UDP port */
#define LR_IPX_HEAD     30
#define LR_IPX_CLIENTS  64
#define LR_IPX_OF_ONE   8   /* of them at one address */
#define LR_IPX_TO_ALL   200 /* a second from one client; a second's at once */
#define LR_IPX_QUIET_NS (30 * LR_NS_PER_S)
#define LR_IPX_LIFE_NS  (120 * LR_NS_PER_S)

enum lr_ipx_drop {
	LR_IPX_DROP_NONE,
	LR_IPX_DROP_PACKET,  /* no IPX packet, or longer than the datagram */
	LR_IPX_DROP_FOREIGN, /* from outside the virtual network */
	LR_IPX_DROP_SOURCE,  /* under a number that is not the sender's */
	LR_IPX_DROP_FULL,    /* one client more than there may be */
	LR_IPX_DROP_NOBODY,  /* no client has the number that it is for */
	LR_IPX_DROP_STORM,   /* more to all than any game needs */
	LR_IPX_DROPS
};
const char *lr_ipx_drop_name(enum lr_ipx_drop drop);

struct lr_ipx_host {
	void *ctx;
	/* A datagram from the server to the node `to`. `packet` is valid for the call. */
	void (*send)(void *ctx, const uint8_t to[LR_IPX_NODE], const uint8_t *packet, size_t len);
};

struct lr_ipx_client {
	uint8_t node[LR_IPX_NODE];
	uint64_t heard_ns, asked_ns; /* its last word; our last request for an echo */
	uint64_t storm_ns; /* when all that it sent to all would be sent at the allowed rate */
};
struct lr_ipx {
	uint8_t own[LR_IPX_NODE];
	struct lr_prefix pool;
	struct lr_ipx_client clients[LR_IPX_CLIENTS];
	unsigned n;
	uint64_t drops[LR_IPX_DROPS];
};

/* The number of who has that IPv4 address and port (host order). */
void lr_ipx_node(uint8_t out[LR_IPX_NODE], const struct lr_ip *ip, uint16_t port);

/* The server is at that number from now on, clients have addresses of `pool`. Those it had are
 * forgotten; the drops go on. *x was zero, or is a server. */
void lr_ipx_start(struct lr_ipx *x, const uint8_t own[LR_IPX_NODE], const struct lr_prefix *pool);
/* A datagram that came from the node `from`; read only. */
void lr_ipx_take(struct lr_ipx *x, uint64_t now, const struct lr_ipx_host *host,
	const uint8_t from[LR_IPX_NODE], const uint8_t *packet, size_t len);
/* Asks who is quiet, forgets who is gone. */
void lr_ipx_settle(struct lr_ipx *x, uint64_t now, const struct lr_ipx_host *host);
uint64_t lr_ipx_due(const struct lr_ipx *x); /* LR_NEVER: there is no client */

#endif
