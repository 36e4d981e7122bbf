/*
 * tunnels.h - the party that a capture is played through: members, and a tunnel for each that sends
 *
 * Theory of operation. One device, the hub, receives; it has a peer for every sender, with the
 * sender's addresses as allowed IPs. Every sender has a device of its own with one peer, the
 * hub, to which everything is allowed. They meet by real handshakes, whose messages go from one
 * to the other in memory, on a clock that only this code moves.
 *
 * Every unicast address seen in a capture becomes a member. It begins with the `quiet` peer, a
 * peer that never speaks; when it first sends, it gets a tunnel. All else, the addresses that are
 * nobody's (unspecified, multicast, broadcast) and those beyond the limits, belongs to the
 * `shared` tunnel, whose allowed IPs are 0.0.0.0/0 and ::/0: so nothing well-formed is turned away.
 */
#ifndef LR_REPLAY_TUNNELS_H
#define LR_REPLAY_TUNNELS_H

#include "lib/base/err.h"
#include "lib/wg/replay.h"
#include "lib/wg/wg.h"

/* A handshake costs 0.4 to 0.8 ms, and a thousand packets may have a thousand senders: 128 tunnels
 * stay within 0.1 s. Later senders share them in turn, each with its own allowed IPs. */
#define LR_TUNNELS_MAX 128
/* Addresses with a place in the tries; 65,536 take about 10 MB. */
#define LR_MEMBERS_MAX 65536

struct lr_tunnel {
	struct lr_wg *wg;          /* the sender's device; NULL for the quiet one */
	struct lr_wg_peer *to_hub; /* the hub, as the sender sees it */
	struct lr_wg_peer *from;   /* the sender, as the hub sees it; its `owner` is this tunnel */
	struct lr_endpoint endpoint; /* where the sender's messages come from */
	unsigned sessions;           /* handshakes that were completed */
};

/* A source that sent lately: an address that once has a tunnel keeps it. */
struct lr_recent {
	struct lr_tunnel *tunnel; /* NULL: free */
	uint8_t family, addr[16];
};
#define LR_TUNNELS_RECENT 64

struct lr_tunnels {
	struct lr_wg *hub;
	struct lr_endpoint hub_endpoint;
	uint64_t now;     /* the clock of all devices, ns */
	uint64_t made_ns; /* what making sessions has taken, by the real clock */
	size_t members;   /* unicast addresses that have a place */
	size_t senders;   /* how many of them have been given a tunnel */
	size_t n;         /* tunnels that members have, at most LR_TUNNELS_MAX */
	struct lr_recent recent[LR_TUNNELS_RECENT]; /* by the address's last bits */
	struct lr_tunnel quiet, shared;
	struct lr_tunnel each[LR_TUNNELS_MAX];
};

/* Large: allocated. NULL with `err`. Needs lr_crypto_init(). */
struct lr_tunnels *lr_tunnels_new(struct lr_err *err);
void lr_tunnels_free(struct lr_tunnels *t);

/* The tunnel of a source, made when it is new; a session is up. NULL: out of memory or the
 * handshake failed. `addr` is 4 or 16 bytes. Hot: a trie look-up for a known source. */
struct lr_tunnel *lr_tunnels_of(struct lr_tunnels *t, uint8_t family, const uint8_t *addr);
/* Notes a destination as a member when `owner`, what lr_wg_route() said about it, is nobody. 0 or
 * -ENOMEM. */
int lr_tunnels_note(
	struct lr_tunnels *t, uint8_t family, const uint8_t *addr, const struct lr_wg_peer *owner);
/* Makes a new session, after lr_wg_seal() said -ENOKEY. 0 or -ETIMEDOUT. */
int lr_tunnels_meet(struct lr_tunnels *t, struct lr_tunnel *tunnel);
/* How many tunnels have had a session. */
size_t lr_tunnels_count(const struct lr_tunnels *t);
/* Of one host, as far as the address alone can tell: not unspecified, multicast, broadcast, class
 * E. */
bool lr_tunnels_unicast(uint8_t family, const uint8_t *addr);

#endif
