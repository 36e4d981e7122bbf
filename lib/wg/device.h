/*
 * device.h - the device itself, as its own files see it
 */
#ifndef LR_WG_DEVICE_H
#define LR_WG_DEVICE_H

#include "lib/base/bytes.h"
#include "lib/base/map.h"
#include "lib/perf/tick.h"
#include "lib/wg/allowedips.h"
#include "lib/wg/index.h"
#include "lib/wg/peer.h"
#include "lib/wg/ratelimiter.h"
#include "lib/wg/wg.h"

#define LR_WG_WINDOW     8192 /* replay window in bits unless the host says otherwise */
#define LR_WG_MTU        1420 /* staged packets are not padded beyond it unless told */
#define LR_WG_REPLIES    64 /* responses and cookie replies kept for an owner that is slow to poll */
#define LR_WG_LOAD_LIMIT 1000 /* handshake messages a second with a good mac1: more is load */

/* A response or a cookie reply that waits for lr_wg_poll(). */
struct lr_reply {
	struct lr_endpoint to;
	struct lr_peer *peer; /* NULL: a cookie reply */
	size_t len;           /* 0: its peer is gone */
	uint8_t msg[sizeof(struct lr_msg_response)];
};

/* Is there more to do than a second holds (section 5.3)? */
struct lr_load {
	uint64_t window_ns; /* when the second began that is being counted */
	uint64_t until_ns;  /* under load until then: a second after the last excess */
	unsigned count;
	bool forced; /* for tests */
};

/* Readings of a stopwatch on a data message's way in, for whoever times that way (lib/replay). */
struct lr_wg_stamps {
	const struct lr_tick *tick;
	uint64_t opened, accepted; /* its tag was right; the replay window took it */
};

struct lr_wg {
	struct lr_wg_host host;
	struct lr_wg_stamps *stamps; /* NULL: nobody times */
	unsigned window, mtu;
	struct lr_identity identity;
	bool has_key, mint_made;
	struct lr_cookie_mint mint;
	struct lr_load load;
	struct lr_ratelimiter ratelimiter;

	struct lr_index index;
	struct lr_allowedips allowed;
	struct lr_map by_key;
	struct lr_wg_peer *peers;
	struct lr_peer *last_peer;
	size_t n_peers;

	struct lr_timers timers;
	struct lr_peer *ready, **ready_end; /* peers with something to send */
	struct lr_reply replies[LR_WG_REPLIES];
	size_t first_reply, n_replies;
	struct lr_staged *spent; /* the staged packet that was handed out last */
	uint8_t out[sizeof(struct lr_msg_initiation)]; /* what was handed out last, else */

	uint64_t floor_unix_ns;    /* no timestamp up to here is sent: it may have been */
	uint64_t promised_unix_ns; /* up to here the host has been told */
	uint64_t chance;           /* state of the jitter's generator: nothing secret */
	uint64_t drops[LR_WG_DROPS];
	struct lr_wg_sums gone; /* of the peers that were removed */
};

/* --- device.c --- */
void lr_wg_sum_add(struct lr_wg_sums *sum, const struct lr_wg_peer_stats *of);

/* --- send.c --- */
/* Asks for an initiation, unless one was sent within REKEY_TIMEOUT. `retry`: it is the timer that
 * asks, so REKEY_ATTEMPT_TIME goes on running. */
void lr_send_initiation(struct lr_peer *peer, uint64_t now, bool retry);
/* Asks for the initiation that waits for its response to be sent once more, to another endpoint. It
 * is the same: of two that arrive the later is no flood, and either's response is understood. */
void lr_send_again(struct lr_peer *peer);
/* Asks for staged packets or, when there are none, a keepalive to be sent. */
void lr_send_keepalive(struct lr_peer *peer);
/* Room for a reply; the oldest is given up when the owner does not poll. */
struct lr_reply *lr_send_reply(struct lr_wg *wg);
/* The peer goes away: nothing may point to it any more. */
void lr_send_forget(struct lr_peer *peer);

/* --- handshake.c --- */
/* Takes a message of the types 1 to 3. */
void lr_handshake_receive(struct lr_wg *wg, uint64_t now, const struct lr_endpoint *src,
	const uint8_t *msg, size_t len, struct lr_wg_rx *rx);
/* Writes the next initiation into wg->out. 0; -ENOMEM; -EKEYREJECTED: low-order public key. */
int lr_handshake_initiate(struct lr_peer *peer, uint64_t now);

/* --- device.c --- */
void lr_wg_tell(struct lr_peer *peer, enum lr_wg_event_kind kind);
uint64_t lr_wg_wall(struct lr_wg *wg, uint64_t now);
/* A TAI64N label, greater than any that was sent to the peer, whatever the clock says. */
void lr_wg_timestamp(struct lr_peer *peer, uint64_t now, uint8_t out[LR_TIMESTAMP_LEN]);
/* Counts this handshake message; true: cookies are demanded. */
bool lr_wg_under_load(struct lr_wg *wg, uint64_t now);
/* 0..333 ms, in ns: retries of two sides shall not meet for ever. No system call. */
uint64_t lr_wg_jitter(struct lr_wg *wg);

#endif
