/*
 * stun_server.h - answering STUN Binding requests, from one to four sockets
 *
 * A server has one or two addresses and one or two ports: up to four places, numbered so that bit
 * 0 is the port and bit 1 the address. CHANGE-REQUEST asks for the answer from another place; what
 * the server does not have is answered with 420 (RFC 5780, section 6.1). RESPONSE-PORT is never
 * understood: it would send answers where nobody asked.
 *
 * An answer is at most 120 bytes. A request that is shorter than its answer is one of at most 20 a
 * second from one IPv4 /24 or IPv6 /56 and 2,000 in all; a request at least as long needs no such
 * limit, for nobody gains by it.
 */
#ifndef LR_NAT_STUN_SERVER_H
#define LR_NAT_STUN_SERVER_H

#include "lib/nat/limit.h"
#include "lib/nat/stun.h"

#define LR_STUN_PLACES 4

struct lr_stun_server {
	struct lr_limit limit;
	/* Counters for status and metrics. */
	uint64_t answered, refused_malformed, refused_limit, refused_not_request;
};

/* Where the server's sockets are, in one address family. AF_UNSPEC: no socket there. at[0] is the
 * main one. With a wildcard main socket give the local address that the request came to. */
struct lr_stun_site {
	struct lr_endpoint at[LR_STUN_PLACES];
};

void lr_stun_server_init(struct lr_stun_server *s);
void lr_stun_server_release(struct lr_stun_server *s);

/* Answers the request of `len` bytes that came from `src` to place `here` (0..3) of `site`.
 * Returns the answer's length in `out` and *from, the place to send it from; 0: no answer. */
size_t lr_stun_answer(struct lr_stun_server *s, uint64_t now, const struct lr_stun_site *site,
	unsigned here, const struct lr_endpoint *src, const uint8_t *request, size_t len,
	uint8_t out[LR_STUN_ANSWER_MAX], unsigned *from);

#endif
