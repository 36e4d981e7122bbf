/*
 * lend.h - UDP ports of the relay, lent to members for their guests
 *
 * Theory of operation. A guest has a stock WireGuard client, which knows neither channels nor
 * frames. When nobody outside can reach the member that is its hub, the relay lends the hub a port
 * of its own: what comes to the port goes to the hub's channel, framed with the address that it
 * came from (frame.h), and the hub's answers go out from the port to the address that they name.
 *
 *   lent      by LEND over a bound channel; stays for LR_LENT_LIFE_S, and as long as it is asked
 *             for again. The owner's state file brings it back after a restart.
 *   returned  by RETURN, by silence, or when the channel goes
 *
 * So that a lent port is neither a reflector nor a proxy:
 *   - only what looks like WireGuard goes in or out, and nothing goes to an address that was not
 *     heard at the port within LR_LENT_HEARD_S;
 *   - an address gets no more bytes than came from it, until the hub names it as the guest, which
 *     it does with session data only: who has a session is known by its key. One address is named;
 *     the guest roams when the hub names another;
 *   - all addresses but the named one have a small allowance of packets, by network and by port, so
 *     that a stranger costs the hub next to nothing, and a network that floods a port uses up its
 *     own allowance and places, not those of a guest who comes from elsewhere and is not named yet.
 *     The guest is charged like a member: by port and by party.
 *
 * Cost: a lent port about 800 bytes and its owner's sockets; a packet one look-up and a walk over
 * LR_LENT_SOURCES addresses.
 */
#ifndef LR_RELAY_LEND_H
#define LR_RELAY_LEND_H

#include "lib/relay/channels.h"

#define LR_LENT_LIFE_S    300  /* without being asked for */
#define LR_LENT_HEARD_S   180  /* an address is forgotten that was silent for so long */
#define LR_LENT_SOURCES   8    /* addresses remembered */
#define LR_LENT_MEMBER    16   /* ports of one member */
#define LR_LENT_PARTY     32   /* of one party */
#define LR_LENT_MESSAGE   2048 /* bytes of a guest's message, at most */
#define LR_LENT_NETWORK   2    /* of them of one network (/24, /56) */
#define LR_LENT_STRANGERS 64   /* packets a second of one network, from addresses not named */
#define LR_LENT_ALL       256  /* the same of all networks, to one port */

struct lr_lent_source {
	struct lr_endpoint at; /* AF_UNSPEC: free */
	uint64_t heard;
	uint32_t credit; /* bytes that it may still get */
};

struct lr_lent {
	uint16_t port;
	uint32_t tag;
	struct lr_relay_channel *channel;
	struct lr_lent *next; /* of the channel */
	struct lr_lent_source *named;
	uint64_t until; /* ns */
	struct lr_meters strangers, guest;
	struct lr_lent_source sources[LR_LENT_SOURCES];
	void *owner; /* of the sockets */
};

struct lr_lend_hooks {
	void *ctx;
	/* Opens the port lent->port, or with 0 any, and sets it; `owner` is free for use. 0, or
	 * -errno. NULL: the relay lends none. */
	int (*open)(void *ctx, struct lr_lent *lent);
	void (*close)(void *ctx, struct lr_lent *lent);
};

struct lr_lends {
	struct lr_lend_hooks hooks;
	struct lr_map by_port;
	size_t n, max;
	struct lr_rate strangers, guest, party;
	struct lr_limit networks; /* of addresses that are not named */
};

/* At most `max` ports; the rates of a guest and of all of a party, its members included. */
void lr_lends_init(struct lr_lends *l, const struct lr_lend_hooks *hooks, size_t max,
	const struct lr_rate *guest, const struct lr_rate *party);
void lr_lends_release(struct lr_lends *l); /* every channel has gone before */

/* What LEND asks for: what the member has under that tag, else `port`, else (0) any. NULL with *why
 * (enum lr_frame_reason). *fresh: it was not the channel's before. */
struct lr_lent *lr_lend_ask(struct lr_lends *l, struct lr_relay_channel *c, uint16_t port,
	uint32_t tag, uint64_t now, bool *fresh, int *why);
/* Whether the member had it. */
bool lr_lend_return(struct lr_lends *l, struct lr_relay_channel *c, uint16_t port, uint32_t tag);
void lr_lend_gone(struct lr_lends *l, struct lr_relay_channel *c); /* all of the channel */
/* Takes back what nobody asked for in time; calls `changed` for each. O(ports). */
void lr_lends_sweep(struct lr_lends *l, uint64_t now, void *ctx,
	void (*changed)(void *ctx, struct lr_relay_party *p));

enum lr_lend_verdict {
	LR_LEND_PASS,
	LR_LEND_FOREIGN, /* no WireGuard message, no such port, not this member's */
	LR_LEND_RATE,    /* too much from strangers, or from the guest */
	LR_LEND_CREDIT,  /* to an address that sent nothing, or less than it would get */
};
/* A message came to the port: `head` is what stands in front of it on its way to lent->channel,
 * which may be bound or not. */
enum lr_lend_verdict lr_lend_in(struct lr_lends *l, struct lr_lent *lent,
	const struct lr_endpoint *from, const uint8_t *message, size_t len, uint64_t now,
	uint8_t head[LR_FRAME_GUEST_HEAD]);
/* A guest's frame came from the channel. PASS: its message, behind LR_FRAME_GUEST_HEAD bytes, goes
 * out from *lent to *to, which stays valid until the next call. */
enum lr_lend_verdict lr_lend_out(struct lr_lends *l, const struct lr_relay_channel *c,
	const uint8_t *frame, size_t len, uint64_t now, struct lr_lent **lent,
	const struct lr_endpoint **to);

#endif
