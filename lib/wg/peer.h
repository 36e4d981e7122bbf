/*
 * peer.h - what the device knows of a peer, beyond what wg.h shows
 *
 * An idle peer costs about 900 bytes: what only a handshake or a session needs is allocated when
 * there is one.
 */
#ifndef LR_WG_PEER_H
#define LR_WG_PEER_H

#include "lib/base/timer.h"
#include "lib/wg/cookie.h"
#include "lib/wg/messages.h"
#include "lib/wg/session.h"
#include "lib/wg/wg.h"

/* The five timers of section 6 (timers.c). */
enum lr_peer_timer {
	LR_TIMER_RETRANSMIT,    /* the initiation was not answered */
	LR_TIMER_KEEPALIVE,     /* data came and nothing went back */
	LR_TIMER_NEW_HANDSHAKE, /* data went and nothing came back */
	LR_TIMER_ZERO_KEYS,     /* the keys are too old to be kept */
	LR_TIMER_PERSISTENT,    /* the peer's NAT must be kept open */
	LR_PEER_TIMERS
};

/* An initiation that waits for its response. */
struct lr_handshake {
	struct lr_noise noise;
	uint32_t index;
	uint64_t sent_ns;
	struct lr_msg_initiation msg;
};

/* A packet that waits for a session, with room to be sealed in place. */
struct lr_staged {
	struct lr_staged *next;
	size_t len, cost; /* bytes of the packet; bytes charged to LR_WG_STAGED_BYTES */
	uint8_t msg[];
};

struct lr_peer {
	struct lr_wg_peer pub; /* first: the owner's pointer is ours */
	struct lr_wg *wg;
	struct lr_peer *before; /* in the device's list */

	struct lr_keypair *previous, *current, *next;
	struct lr_handshake *handshake;             /* NULL: no initiation is on its way */
	uint8_t ss[LR_KEY_LEN];                     /* DH(own static, theirs) once ss_known */
	uint8_t latest_timestamp[LR_TIMESTAMP_LEN]; /* greatest received */
	uint64_t sent_unix_ns;                      /* greatest timestamp sent */
	uint64_t next_accept_ns;                    /* initiations before that are a flood */
	uint64_t next_initiation_ns; /* ours are not sent before that: REKEY_TIMEOUT */
	uint64_t attempt_ns;         /* when somebody last asked for a session */
	struct lr_cookie_jar jar;

	struct lr_timer timer[LR_PEER_TIMERS];
	uint32_t allowed; /* head of its list in the trie's nodes */

	struct lr_staged *staged, **staged_end;
	size_t staged_bytes;
	struct lr_peer *ready_next; /* the device's list of peers with something to send */

	uint8_t previous_psk[LR_KEY_LEN]; /* for responses to us, when has_previous_psk */

	bool ss_known, ss_low_order;
	bool has_previous_psk;
	bool ready; /* on that list */
	bool want_initiation, want_again;
	bool want_keepalive;
	bool rekeyed_late; /* asked for a new session in the last seconds of this one */
};

/* DH(own static, theirs), computed when first needed. NULL: theirs is a point of low order. */
const uint8_t *lr_peer_static_shared(struct lr_peer *peer);
/* Ends sessions and the handshake under way, wiping them; staged packets are dropped as `why`. */
void lr_peer_forget(struct lr_peer *peer, enum lr_wg_drop why);
void lr_peer_drop_staged(struct lr_peer *peer, enum lr_wg_drop why);
void lr_peer_drop_handshake(struct lr_peer *peer);
/* An authenticated message came from `src`: that is where the peer is now (section 2.1). */
void lr_peer_roam(struct lr_peer *peer, const struct lr_endpoint *src);

static inline struct lr_peer *lr_peer_of(struct lr_wg_peer *pub)
{
	return (struct lr_peer *)pub;
}

#endif
