/*
 * frame.h - the bytes between a member and the packet relay
 *
 *     0        1        2                 4                                 8
 *    +--------+--------+-----------------+---------------------------------+----------
 *    |  0xF2  | flags  | length          | channel                         | message ...
 *    +--------+--------+-----------------+---------------------------------+----------
 *
 * All numbers are big-endian. `length` is 0 on UDP, where the datagram has one; on TCP it counts
 * the bytes behind the header. `channel`: towards the relay the destination, from the relay the
 * source. Flags 0: the message is one member's to another, most often WireGuard's; the relay does
 * not look at it. Flag 1, control: the message is between member and relay:
 *
 *   1 ASK        kind (1), 0 (3) | nonce (8) | zeros, to LR_FRAME_COOKIE_LEN bytes in all
 *   2 COOKIE     kind, 0 | nonce (8) | relay's time in ms (8) | relay's id (16) | cookie (16)
 *   3 BIND       kind, 0 | time (8) | cookie (16) | party id (32) | keyhash (16) | signature (64)
 *   4 BOUND      kind, 0 | lifetime in s (4) | relay epoch (8) | sequence (8) | port (2), ip (16)
 *   5 REFUSED    kind, reason (1), 0 (2)
 *   6 RELEASE    as BIND
 *   7 KEEPALIVE  kind, 0 | relay epoch (8) | sequence (8)
 *   8 SIGNAL     as KEEPALIVE
 *   9 LEND       kind, 0 (3) | port, 0: any (2), 0 (2) | tag (4)
 *  10 LENT       kind, reason (1), 0 (2) | port (2), lifetime in s (2) | tag (4)
 *  11 RETURN     as LEND
 *
 * Binding. A member asks; the answer, never longer than the question, has a cookie that is good
 * only from its address and for some minutes. On TCP the relay sends a COOKIE at once, with nonce 0
 * and a cookie of the connection. BIND names the wanted channel in the header, 0 for a
 * new one, and carries the cookie back with the relay's time (as the cookie told it, plus what has
 * passed since), signed by the member's party key (lr_sign) over "lanrage bind 1" (or "lanrage
 * release 1"), the relay's id, and all of the frame before the signature, with length 0 also
 * on TCP. The time must be later than that of the last BIND of that channel, so that a
 * captured one moves nothing. BOUND tells the channel, how long it lasts without a frame from
 * the member, and the address that the relay sees (IPv4 as ::ffff:a.b.c.d; zeros on TCP).
 * RELEASE is answered with REFUSED, reason "released".
 * A member need not wait for BOUND: frames that it sends behind the BIND find the channel bound.
 * One that overtook it on the way is refused as "unbound".
 *
 * A KEEPALIVE is answered with one that has the party's number at the relay. SIGNAL says
 * that the party changed (record.h, list.h: ask for what is since); the member sends it back, else
 * it comes again.
 */
#ifndef LR_RELAY_FRAME_H
#define LR_RELAY_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/crypto/sign.h"
#include "lib/net/addr.h"

#define LR_FRAME_TYPE    0xf2
#define LR_FRAME_HEADER  8
#define LR_FRAME_CONTROL 1 /* flags */
#define LR_FRAME_GUEST   2
#define LR_FRAME_NAMED   4    /* only beside GUEST */
#define LR_FRAME_TCP_MAX 4096 /* bytes behind the header on TCP: twice a large Ethernet packet */

#define LR_RELAY_ID_LEN  16 /* the relay's own random name, kept over restarts */
#define LR_COOKIE_LEN    16
#define LR_FRAME_ID_LEN  32 /* of a party, as in lib/party */
#define LR_FRAME_KEYHASH 16

enum lr_frame_kind {
	LR_FRAME_ASK = 1,
	LR_FRAME_COOKIE = 2,
	LR_FRAME_BIND = 3,
	LR_FRAME_BOUND = 4,
	LR_FRAME_REFUSED = 5,
	LR_FRAME_RELEASE = 6,
	LR_FRAME_KEEPALIVE = 7,
	LR_FRAME_SIGNAL = 8,
	LR_FRAME_LEND = 9,
	LR_FRAME_LENT = 10,
	LR_FRAME_RETURN = 11,
};

enum lr_frame_reason {
	LR_REFUSED_UNBOUND = 1,   /* a frame came from an address that no channel has: bind */
	LR_REFUSED_COOKIE = 2,    /* the cookie is not of this address, or old: ask again */
	LR_REFUSED_MEMBER = 3,    /* no such member here: put a record first */
	LR_REFUSED_SIGNATURE = 4, /* not signed by the member's party key */
	LR_REFUSED_CHANNEL = 5,   /* the channel is another's */
	LR_REFUSED_TIME = 6,      /* not later than the last, or too far ahead */
	LR_REFUSED_TOO_MANY = 7,  /* four channels are in use */
	LR_REFUSED_FULL = 8,      /* the relay has no room */
	LR_REFUSED_RELEASED = 9,  /* the answer to a RELEASE or a RETURN */
	LR_REFUSED_PORTS = 10,    /* the relay lends no ports */
	LR_REFUSED_REASONS
};
/* "unbound", "cookie" ...: for status and logs. "unknown" for numbers of the future. */
const char *lr_frame_reason_name(unsigned reason);

/* Lengths of whole frames. */
#define LR_FRAME_COOKIE_LEN  60
#define LR_FRAME_ASK_LEN     LR_FRAME_COOKIE_LEN
#define LR_FRAME_BIND_LEN    148
#define LR_FRAME_BOUND_LEN   50
#define LR_FRAME_REFUSED_LEN 12
#define LR_FRAME_SIGNAL_LEN  28
#define LR_FRAME_LEND_LEN    20                  /* and LENT, RETURN */
#define LR_FRAME_GUEST_HEAD  28                  /* in front of a guest's message */
#define LR_FRAME_ANSWER_MAX  LR_FRAME_COOKIE_LEN /* the longest that a relay sends on its own */

/* A control message, read. Pointers go into the frame. What its kind has not is 0 or NULL. */
struct lr_frame_control {
	uint8_t kind;
	uint8_t reason;
	uint32_t channel;
	uint32_t lifetime_s;
	uint64_t nonce;
	uint64_t time_ms;
	uint64_t epoch, seq;
	const uint8_t *relay_id, *cookie, *id, *keyhash, *signature;
	struct lr_ip seen; /* family 0: not told */
	uint16_t seen_port;
	uint16_t port; /* LEND, LENT, RETURN */
	uint32_t tag;
};

/* A guest's message behind LR_FRAME_GUEST_HEAD bytes. */
struct lr_frame_guest {
	bool named;
	uint16_t port;         /* lent */
	struct lr_endpoint at; /* who is outside */
};

struct lr_frame {
	uint8_t flags;
	uint16_t length; /* as written */
	uint32_t channel;
};

/* A header, from at least LR_FRAME_HEADER bytes. 0; -EBADMSG: no relay frame, or unknown flags. */
int lr_frame_read(const uint8_t *p, size_t len, struct lr_frame *out);
/* A whole control frame, as it came in a datagram (length 0) or was cut from a stream. 0 or
 * -EBADMSG. BIND, ASK: the exact length; others may grow at their end. */
int lr_control_read(const uint8_t *p, size_t len, struct lr_frame_control *out);

/* Each writes a whole frame with length 0 and returns its bytes; `out` has room. */
void lr_frame_header(uint8_t out[LR_FRAME_HEADER], uint8_t flags, uint32_t channel);
size_t lr_frame_ask(uint8_t out[LR_FRAME_ASK_LEN], uint64_t nonce);
size_t lr_frame_cookie(uint8_t out[LR_FRAME_COOKIE_LEN], uint64_t nonce, uint64_t time_ms,
	const uint8_t relay_id[LR_RELAY_ID_LEN], const uint8_t cookie[LR_COOKIE_LEN]);
size_t lr_frame_bound(uint8_t out[LR_FRAME_BOUND_LEN], const struct lr_frame_control *c);
size_t lr_frame_refused(
	uint8_t out[LR_FRAME_REFUSED_LEN], uint32_t channel, enum lr_frame_reason reason);
/* KEEPALIVE or SIGNAL. */
size_t lr_frame_number(uint8_t out[LR_FRAME_SIGNAL_LEN], enum lr_frame_kind kind, uint32_t channel,
	uint64_t epoch, uint64_t seq);
/* LEND or RETURN; LENT, with `reason` 0 or why not. */
size_t lr_frame_lend(
	uint8_t out[LR_FRAME_LEND_LEN], enum lr_frame_kind kind, uint16_t port, uint32_t tag);
size_t lr_frame_lent(uint8_t out[LR_FRAME_LEND_LEN], const struct lr_frame_control *c);
/* What stands in front of a guest's message. */
void lr_frame_guest(uint8_t out[LR_FRAME_GUEST_HEAD], const struct lr_frame_guest *g);
/* A frame with the flag. 0, or -EBADMSG: no port, no address, no message. */
int lr_guest_read(const uint8_t *p, size_t len, struct lr_frame_guest *out);
/* The member: BIND or RELEASE. Of `c` are taken kind, channel, time_ms, relay_id, cookie, id and
 * keyhash. */
size_t lr_frame_bind(uint8_t out[LR_FRAME_BIND_LEN], const struct lr_frame_control *c,
	const uint8_t party_secret[LR_SIGN_SECRET_LEN]);
/* The relay: whether the BIND or RELEASE frame `p`, read into `c`, is signed by `party_key`. */
bool lr_frame_signed(const uint8_t *p, const struct lr_frame_control *c,
	const uint8_t relay_id[LR_RELAY_ID_LEN], const uint8_t party_key[LR_KEY_LEN]);

/* On TCP: writes `len` - LR_FRAME_HEADER into the header's length, or takes it out again. */
void lr_frame_set_length(uint8_t *p, size_t length);

#endif
