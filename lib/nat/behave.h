/*
 * behave.h - finding out how the router in front of us maps and filters UDP
 *
 * Theory of operation (RFC 5780, section 4). Requests go out from two sockets:
 *  - socket 0, the tunnel's own: one Binding request to each place of each server, in one burst,
 *    so that the router sees them in order. Equal answers: endpoint-independent mapping; equal for
 *    equal server addresses: address-dependent; else address-and-port-dependent. Steps of equal
 *    small size between the ports of the burst: a sequential router, delta.
 *  - socket 1, opened for this only, because filters must not know the other places yet: after
 *    its own address is known, requests that ask for the answer from the other address and port
 *    (answered: endpoint-independent filtering), from the other port (address-dependent); neither:
 *    address-and-port-dependent. Then a request from socket 1 to the address that socket 0 has
 *    outside; it comes in at socket 0 when the router does hairpin.
 * Lost requests are sent again with the same id after 200, 600 and 1,400 ms; 2 s after the last the
 * place counts as silent. Questions to which silence is an answer (filtering, hairpin) are asked
 * three times in 400 ms and given up three round trips, at least 300 ms, after the last. With one
 * address and two ports, or the other way round, what cannot be told apart is taken for the
 * friendlier mapping and the stricter filtering: punching finds out anyway.
 *
 * The caller sends what lr_behave_next() hands out, gives every STUN datagram that came in to
 * lr_behave_receive() and looks at lr_behave_due() for its timer. One object an address family.
 */
#ifndef LR_NAT_BEHAVE_H
#define LR_NAT_BEHAVE_H

#include "lib/nat/nat.h"
#include "lib/nat/stun.h"

#define LR_BEHAVE_SERVERS 4 /* at most */
#define LR_BEHAVE_ASKS    16

struct lr_behave_ask {
	struct lr_endpoint to;
	uint8_t id[LR_STUN_ID_LEN];
	uint8_t change, socket, sends, purpose;
	uint64_t sent_ns, again_ns; /* first sending; when it is due again or given up */
	bool answered, gave_up;
	struct lr_endpoint mapped; /* the answer */
	uint32_t rtt_us;
};

struct lr_behave {
	struct lr_behave_ask asks[LR_BEHAVE_ASKS];
	uint8_t n, stage;
	struct lr_endpoint local; /* of socket 0 */
	struct lr_endpoint other; /* OTHER-ADDRESS of the first server that told one */
	bool done;
	/* What is known so far; final when done. */
	struct lr_nat nat;
	struct lr_endpoint mapped;        /* of socket 0; AF_UNSPEC: none */
	struct lr_endpoint filter_mapped; /* of socket 1 */
	uint32_t rtt_us;                  /* to the first server that answered, 0: none */
};

struct lr_behave_send {
	struct lr_endpoint to;
	uint8_t socket; /* 0: the tunnel's own; 1: the one opened for this */
	uint8_t bytes[LR_STUN_REQUEST_LEN];
};

/* `servers`: 1..LR_BEHAVE_SERVERS main addresses of one family. `local`: address and port of socket
 * 0 as the machine itself sees it (address AF_UNSPEC when unknown): tells preservation and
 * absence of translation. Takes ids from lr_random(). */
void lr_behave_init(struct lr_behave *b, const struct lr_endpoint *servers, size_t n,
	const struct lr_endpoint *local);
/* The next request that is due now; false when there is none. Call until false. */
bool lr_behave_next(struct lr_behave *b, uint64_t now, struct lr_behave_send *out);
/* When lr_behave_next() has something again; LR_NEVER when done. */
uint64_t lr_behave_due(const struct lr_behave *b);
/* A STUN datagram that came to `socket` from `from`. Whether it was one of ours. */
bool lr_behave_receive(struct lr_behave *b, uint64_t now, unsigned socket,
	const struct lr_endpoint *from, const uint8_t *p, size_t len);

#endif
