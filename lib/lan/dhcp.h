/*
 * dhcp.h - addresses of the pool for machines of the house that ask for one (RFC 2131)
 *
 * Theory of operation. A `struct lr_dhcp` is what a DHCP server knows: up to LR_DHCP_LEASES leases,
 * one a MAC. It gets each frame of the segment that is for a server, and says what to answer:
 *
 *   DISCOVER ---> OFFER: the address that the MAC had, else one that the owner chooses
 *   REQUEST ----> ACK: the offer taken, or a lease renewed; the address is the machine's from here
 *             \-> NAK: another address than ours, or one that somebody of the party has by now
 *   DECLINE       another machine has it: it is not given for LR_DHCP_BAD_S
 *   RELEASE       the lease ends, its address is kept for the MAC as long as there is room
 *   INFORM -----> ACK without an address
 *
 * A lease lasts LR_DHCP_LEASE_S from the last ACK, an offer LR_DHCP_OFFER_S. Who comes with an
 * address of ours that is not in the table, of before a restart or of the bridge before us, gets it
 * again when the owner knows it as that machine's. There is one server on a segment, so what is not
 * known is refused at once and not passed over in silence (RFC 2131 4.3.2 leaves that to who runs
 * it). No router and no name server is told: the way to the internet is not ours to give.
 *
 * Nothing here is more than an owner of the segment's own machines can take: requests are bound to
 * the MAC that sent them, relays of DHCP are not answered.
 *
 * Pure: no socket, no clock.
 */
#ifndef LR_LAN_DHCP_H
#define LR_LAN_DHCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/net/addr.h"

#define LR_DHCP_LEASES  16
#define LR_DHCP_LEASE_S 3600
#define LR_DHCP_OFFER_S 60
#define LR_DHCP_BAD_S   600
#define LR_DHCP_BAD     8   /* so many addresses that were declined are kept */
#define LR_DHCP_FRAME   400 /* the longest that we write */
#define LR_DHCP_MAC     6

struct lr_dhcp_lease {
	uint8_t mac[LR_DHCP_MAC];
	struct lr_ip at;   /* family 0: none */
	bool bound;        /* the machine has it; else it was offered, or had it */
	uint64_t since_ns; /* bound, or offered */
	uint64_t until_ns;
};

struct lr_dhcp_host {
	void *ctx;
	/* An address of the pool that nobody has, for that machine; another one for each `round`.
	 * False: there is none. */
	bool (*choose)(
		void *ctx, const uint8_t mac[LR_DHCP_MAC], unsigned round, struct lr_ip *out);
	/* Whether the address is settled as ours to give. */
	bool (*ours)(void *ctx, const struct lr_ip *ip);
	/* Whether the machine is known to have it. */
	bool (*has)(void *ctx, const uint8_t mac[LR_DHCP_MAC], const struct lr_ip *ip);
};

struct lr_dhcp {
	struct lr_dhcp_host host;
	uint8_t mac[LR_DHCP_MAC]; /* the server's */
	struct lr_prefix own;     /* its address, and the pool's length; family 0: not yet */
	struct lr_dhcp_lease leases[LR_DHCP_LEASES];
	struct {
		struct lr_ip at;
		uint64_t until_ns;
	} bad[LR_DHCP_BAD];
	unsigned next_bad;
};

/* Whether the frame is for a DHCP server, or from one to a client. */
bool lr_dhcp_is_question(const uint8_t *frame, size_t len);
bool lr_dhcp_is_answer(const uint8_t *frame, size_t len);

/* What became of a machine's address by a question. */
enum lr_dhcp_deed { LR_DHCP_NOTHING, LR_DHCP_BOUND, LR_DHCP_FREED };
/* A frame that is a question. The answer's length, a frame at `out`; 0: none. *deed and *lease (a
 * copy): what it meant. */
size_t lr_dhcp_take(struct lr_dhcp *d, uint64_t now, const uint8_t *frame, size_t len,
	uint8_t out[LR_DHCP_FRAME], enum lr_dhcp_deed *deed, struct lr_dhcp_lease *lease);

/* A lease of before a restart, good for LR_DHCP_LEASE_S from now. False: no room. */
bool lr_dhcp_keep(
	struct lr_dhcp *d, uint64_t now, const uint8_t mac[LR_DHCP_MAC], const struct lr_ip *at);

/* --- is there a server already? --- */

/* A DISCOVER from that MAC; its length. */
size_t lr_dhcp_ask(const uint8_t mac[LR_DHCP_MAC], uint32_t xid, uint8_t out[LR_DHCP_FRAME]);
/* Whether the frame answers it; *server: who says so. */
bool lr_dhcp_answers(const uint8_t *frame, size_t len, uint32_t xid, struct lr_ip *server);

#endif
