/*
 * wg.h - the WireGuard protocol as a pure state machine
 *
 * Theory of operation. A `struct lr_wg` is one interface: a private key, peers, their
 * sessions, allowed IPs. It never opens a socket, reads a clock or sleeps. The owner
 *   - hands in datagrams (lr_wg_receive) and packets to protect (lr_wg_seal, or lr_wg_stage
 *     when there is no session yet), each with the time `now`, in ns on a clock of its own;
 *   - after every such call, and when lr_wg_deadline() has come, drains lr_wg_poll(): messages
 *     to be sent (handshakes, cookies, keepalives, staged packets now sealed);
 *   - learns what happened from named events and from counters.
 * `now` never goes back. Nothing here is thread safe: one loop owns it.
 *
 * Source: Donenfeld, "WireGuard: Next Generation Kernel Network Tunnel" (NDSS 2017; the
 * section marks in the code are those of the revision of June 2020), and the timers of
 * section 6. Limits follow the paper: REKEY_AFTER_TIME 120 s, REJECT_AFTER_TIME 180 s,
 * REKEY_AFTER_MESSAGES 2^60, REJECT_AFTER_MESSAGES 2^64 - 2^13 - 1.
 */
#ifndef LR_WG_WG_H
#define LR_WG_WG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/crypto/crypto.h"
#include "lib/net/addr.h"

#define LR_WG_HEAD      16 /* bytes of the data message in front of the ciphertext: the head room */
#define LR_WG_OVERHEAD  32 /* header and tag */
#define LR_WG_PAD       16 /* plaintext is padded to a multiple of this, never beyond the MTU */
#define LR_WG_MAX_PEERS 65536
/* Kept for a peer without a session; the oldest are dropped first. */
#define LR_WG_STAGED_BYTES (256u << 10)

struct lr_wg;

/* Why something was not delivered or not sent. Each has a counter; names are stable. */
enum lr_wg_drop {
	LR_WG_DROP_NONE,
	LR_WG_DROP_TYPE,         /* first four bytes are no WireGuard message */
	LR_WG_DROP_LENGTH,       /* length does not fit the type */
	LR_WG_DROP_MAC1,         /* mac1 wrong */
	LR_WG_DROP_MAC2,         /* under load, and mac2 is missing or wrong: a cookie was sent */
	LR_WG_DROP_RATE,         /* the source or the device is over its handshake rate */
	LR_WG_DROP_HANDSHAKE,    /* does not decrypt, low-order point */
	LR_WG_DROP_UNKNOWN_PEER, /* initiation by a key that is no peer */
	LR_WG_DROP_TIMESTAMP,    /* initiation that is not newer than the last: a replay */
	LR_WG_DROP_FLOOD,        /* initiation within 20 ms (1 s / 50) of the last from that peer */
	LR_WG_DROP_UNKNOWN_INDEX, /* receiver index belongs to nobody, or to another message type */
	LR_WG_DROP_EXPIRED,       /* the session is past REJECT_AFTER_TIME */
	LR_WG_DROP_COUNTER,       /* counter at or over REJECT_AFTER_MESSAGES */
	LR_WG_DROP_REPLAY,        /* counter seen, or older than the window */
	LR_WG_DROP_AUTH,          /* tag wrong */
	LR_WG_DROP_COOKIE,        /* a cookie reply that does not decrypt, or was not asked for */
	LR_WG_DROP_INNER,         /* what decrypted is no well-formed IP packet */
	LR_WG_DROP_ALLOWED_IP,    /* inner source is not this peer's */
	LR_WG_DROP_NO_PEER,       /* sending: no peer has the destination */
	LR_WG_DROP_NO_ENDPOINT,   /* sending: nobody knows where the peer is */
	LR_WG_DROP_STAGED_FULL,   /* sending: too much waits for a handshake */
	LR_WG_DROP_NO_SESSION, /* sending: gave up after REKEY_ATTEMPT_TIME, or private key changed
				*/
	LR_WG_DROPS
};
const char *lr_wg_drop_name(enum lr_wg_drop drop);

enum lr_wg_event_kind {
	LR_WG_EVENT_HANDSHAKE, /* a session was made */
	LR_WG_EVENT_ENDPOINT,  /* the peer roamed */
	LR_WG_EVENT_EXPIRED,   /* its last session's keys were erased */
	LR_WG_EVENT_GAVE_UP,   /* handshake unanswered for REKEY_ATTEMPT_TIME */
};

struct lr_wg_peer_stats {
	uint64_t rx_bytes, tx_bytes;     /* as `wg` counts: WireGuard messages, outer payload */
	uint64_t rx_packets, tx_packets; /* data messages with something inside */
	uint64_t last_handshake_unix_ns; /* 0: never */
	uint64_t last_handshake_ns;      /* the same, monotonic */
	uint64_t last_received_ns;       /* monotonic, authenticated; 0: never */
	uint64_t rtt_ns;                 /* round trip of the last handshake; 0: none yet */
	uint64_t drops[LR_WG_DROPS];     /* those that can be charged to the peer */
};

struct lr_wg_peer {
	/* for readers; written by lib/wg only */
	uint8_t public_key[LR_KEY_LEN];
	uint8_t preshared_key[LR_KEY_LEN];
	struct lr_endpoint endpoint;
	uint16_t keepalive_s; /* persistent keepalive, 0: off */
	bool anchored;        /* its endpoint is the owner's: packets from elsewhere move nothing */
	uint16_t mtu;         /* the longest packet that the way to it takes; 0: not known */
	struct lr_wg_peer_stats stats;
	struct lr_wg_peer *next; /* the device's list, in order of adding */
	/* for the owner; lib/wg never looks */
	void *owner;
};

struct lr_wg_event {
	enum lr_wg_event_kind kind;
	struct lr_wg_peer *peer;
};

/* What the owner provides. All but `ctx` may be NULL. */
struct lr_wg_host {
	void *ctx;
	/* Called from within; it may look at the device but adds and removes no peers. */
	void (*event)(void *ctx, const struct lr_wg_event *event);
	/* Unix time in ns for TAI64N and `last_handshake`. NULL: the device counts from 0. */
	uint64_t (*wall)(void *ctx);
	/* The greatest TAI64N time that may have been sent must be kept over restarts: called
	 * before a time beyond the last promise is used, with the new promise (Unix ns, reserved a
	 * minute ahead). */
	void (*promise)(void *ctx, uint64_t unix_ns);
	uint64_t promised; /* what was promised last time, 0: nothing */
	unsigned window;   /* replay window in bits, a power of two >= 8192; 0: 8192 */
};

struct lr_wg *lr_wg_new(const struct lr_wg_host *host); /* NULL: out of memory */
void lr_wg_free(struct lr_wg *wg);                      /* wipes everything */

/* A new key ends every session, and a peer with our own public key goes. NULL: no key. */
void lr_wg_set_key(struct lr_wg *wg, const uint8_t private_key[LR_KEY_LEN]);
const uint8_t *lr_wg_public_key(const struct lr_wg *wg);  /* NULL without a key */
const uint8_t *lr_wg_private_key(const struct lr_wg *wg); /* NULL without a key */
/* Staged packets are never padded beyond this; 1420 unless told. */
void lr_wg_set_mtu(struct lr_wg *wg, unsigned mtu);

/* --- peers --- */
/* The peer with that key, made when missing. NULL: out of memory, too many, or our own key
 * (errno ENOMEM, ENOSPC, EINVAL). */
struct lr_wg_peer *lr_wg_peer_add(struct lr_wg *wg, const uint8_t public_key[LR_KEY_LEN]);
struct lr_wg_peer *lr_wg_peer_find(struct lr_wg *wg, const uint8_t public_key[LR_KEY_LEN]);
void lr_wg_peer_remove(
	struct lr_wg *wg, struct lr_wg_peer *peer); /* and its allowed IPs, sessions */
struct lr_wg_peer *lr_wg_peers(struct lr_wg *wg);   /* first of the list */
size_t lr_wg_peer_count(const struct lr_wg *wg);
void lr_wg_peer_set_psk(struct lr_wg_peer *peer, const uint8_t psk[LR_KEY_LEN]); /* NULL: zeros */
/* A second key that a response to us may have been made with; NULL: none. */
void lr_wg_peer_set_previous_psk(struct lr_wg_peer *peer, const uint8_t psk[LR_KEY_LEN]);
void lr_wg_peer_set_endpoint(struct lr_wg_peer *peer, const struct lr_endpoint *endpoint);
/* Whether the owner alone moves the endpoint, since it knows the paths to the peer. An initiation
 * that waits for its response is sent once more when the endpoint moves, and packets are kept for
 * one that has no endpoint yet, as they are for one that has no session yet. */
void lr_wg_peer_set_anchored(struct lr_wg_peer *peer, bool anchored);
/* The initiation that waits for its response, if there is one, is sent once more: it was lost. */
void lr_wg_peer_again(struct lr_wg_peer *peer);
/* What the way to it takes: staged packets are never padded beyond it. 0: as the device's. */
void lr_wg_peer_set_mtu(struct lr_wg_peer *peer, uint16_t mtu);
/* Arms or stops the timer; going from 0 to something sends a keepalive at once. */
void lr_wg_peer_set_keepalive(
	struct lr_wg *wg, uint64_t now, struct lr_wg_peer *peer, uint16_t seconds);
#define lr_wg_peers_foreach(wg, p) for (struct lr_wg_peer *p = lr_wg_peers(wg); p; p = p->next)

/* --- allowed IPs: longest prefix match; a prefix belongs to one peer, the last to claim it --- */
int lr_wg_allow(
	struct lr_wg *wg, struct lr_wg_peer *peer, const struct lr_prefix *prefix); /* 0, -ENOMEM */
/* Takes it from that peer. 0 or -ENOENT. */
int lr_wg_disallow(struct lr_wg *wg, struct lr_wg_peer *peer, const struct lr_prefix *prefix);
void lr_wg_disallow_all(struct lr_wg *wg, struct lr_wg_peer *peer);
/* Calls `each` for every prefix of the peer, in no stated order. */
void lr_wg_allowed(struct lr_wg *wg, const struct lr_wg_peer *peer,
	void (*each)(void *ctx, const struct lr_prefix *prefix), void *ctx);
/* Whom to send a packet for `dst` (4 or 16 bytes, `family` 4 or 6). NULL: nobody.
 * Hot: < 50 ns with 1,000 peers. */
struct lr_wg_peer *lr_wg_route(const struct lr_wg *wg, uint8_t family, const uint8_t *dst);

/* --- sending --- */
/* Seals in place: `msg` has LR_WG_HEAD bytes of room, then `len` bytes of packet, then room for
 * padding (to a multiple of 16, at most `len_max` >= len in all) and the tag. Returns the
 * message's length (a multiple of 16 unless capped by len_max), or
 *   -ENOKEY   no session that may send, or an anchored peer without endpoint: stage the packet, a
 *             handshake is asked for as soon as it can be;
 *   -EDESTADDRREQ  another peer without endpoint: counted as a drop;
 *   -EIO      libcrypto failed (len > INT_MAX).
 * Asks for a rekey when the session's age or count says so. Hot. Counters leave in order of the
 * calls. */
int lr_wg_seal(struct lr_wg *wg, uint64_t now, struct lr_wg_peer *peer, uint8_t *msg, size_t len,
	size_t len_max);
/* Takes back a message that lr_wg_seal() made and that was not sent: the packet, with its padding,
 * is at `msg` + LR_WG_HEAD again. Its counter stays used. The packet's length with padding, or
 * -ENOKEY: the session that it was made with is no more. */
int lr_wg_unseal(struct lr_wg_peer *peer, uint8_t *msg, size_t len);
/* Keeps a copy until there is a session, and asks for a handshake. */
void lr_wg_stage(
	struct lr_wg *wg, uint64_t now, struct lr_wg_peer *peer, const uint8_t *packet, size_t len);

/* --- receiving --- */
enum lr_wg_rx_kind {
	LR_WG_RX_DROP,    /* see `drop`; its counters are already up */
	LR_WG_RX_CONTROL, /* handshake, cookie or keepalive: nothing to deliver; drain lr_wg_poll()
			   */
	LR_WG_RX_DATA,    /* `packet`, `len`: a well-formed IP packet from `peer`, source allowed */
};
struct lr_wg_rx {
	enum lr_wg_rx_kind kind;
	enum lr_wg_drop drop;
	struct lr_wg_peer *peer; /* who sent it, where that is known */
	uint8_t *packet;         /* inside `msg` */
	size_t len;              /* without padding */
};
/* Takes one datagram and decrypts it in place. `src` is where it came from (with the local
 * address in `from`). Hot. */
void lr_wg_receive(struct lr_wg *wg, uint64_t now, const struct lr_endpoint *src, uint8_t *msg,
	size_t len, struct lr_wg_rx *rx);

/* --- what the device itself wants to send, and when --- */
struct lr_wg_tx {
	struct lr_endpoint to;
	struct lr_wg_peer *peer; /* NULL for a cookie reply */
	const uint8_t *msg;      /* valid until the next call into the device */
	size_t len;
};
/* Fires what is due at `now`, then yields the next message; false when there is none. Call it until
 * then after each batch of calls into the device: 64 responses and cookie replies are kept, at
 * most one a message received, and then the oldest is given up. */
bool lr_wg_poll(struct lr_wg *wg, uint64_t now, struct lr_wg_tx *tx);
/* When lr_wg_poll() must be called at the latest, LR_NEVER if nothing is due. */
uint64_t lr_wg_deadline(struct lr_wg *wg);

/* What all peers received and sent, those that are gone included: it never goes down. */
struct lr_wg_sums {
	uint64_t rx_bytes, tx_bytes, rx_packets, tx_packets;
};
struct lr_wg_sums lr_wg_sum(const struct lr_wg *wg);
/* Device-wide counters, LR_WG_DROPS of them. */
const uint64_t *lr_wg_drops(const struct lr_wg *wg);
/* For an owner that drops for one of these reasons itself. */
void lr_wg_count_drop(struct lr_wg *wg, struct lr_wg_peer *peer, enum lr_wg_drop why);

#endif
