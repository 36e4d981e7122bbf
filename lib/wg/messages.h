/*
 * messages.h - what WireGuard puts on the wire: structs and constants only
 *
 * All numbers are little-endian. Every field is an array of bytes, so the structs have no
 * padding and may lie at any address. Source: the paper, section 5.4.
 *
 *  initiation, 148 bytes                     response, 92 bytes
 *   0  01 00 00 00                            0  02 00 00 00
 *   4  sender index                           4  sender index
 *   8  ephemeral, 32                          8  receiver index
 *  40  static, 32 + tag 16                   12  ephemeral, 32
 *  88  timestamp, 12 + tag 16                44  nothing, 0 + tag 16
 * 116  mac1, 16                              60  mac1, 16
 * 132  mac2, 16                              76  mac2, 16
 *
 *  cookie reply, 64 bytes                    data, 32 bytes and more
 *   0  03 00 00 00                            0  04 00 00 00
 *   4  receiver index                         4  receiver index
 *   8  nonce, 24                              8  counter, 8
 *  32  cookie, 16 + tag 16                   16  packet and padding, then tag 16
 */
#ifndef LR_WG_MESSAGES_H
#define LR_WG_MESSAGES_H

#include <assert.h>
#include <stdint.h>

#include "lib/base/clock.h"
#include "lib/crypto/crypto.h"

enum lr_msg_type {
	LR_MSG_INITIATION = 1,
	LR_MSG_RESPONSE = 2,
	LR_MSG_COOKIE = 3,
	LR_MSG_DATA = 4,
};

#define LR_TIMESTAMP_LEN 12 /* TAI64N: 8 bytes of seconds, 4 of nanoseconds, big-endian */
#define LR_COOKIE_LEN    16

struct lr_msg_initiation {
	uint8_t type[4];
	uint8_t sender[4];
	uint8_t ephemeral[LR_KEY_LEN];
	uint8_t remote_static[LR_KEY_LEN + LR_TAG_LEN];
	uint8_t timestamp[LR_TIMESTAMP_LEN + LR_TAG_LEN];
	uint8_t mac1[LR_MAC_LEN];
	uint8_t mac2[LR_MAC_LEN];
};

struct lr_msg_response {
	uint8_t type[4];
	uint8_t sender[4];
	uint8_t receiver[4];
	uint8_t ephemeral[LR_KEY_LEN];
	uint8_t nothing[LR_TAG_LEN];
	uint8_t mac1[LR_MAC_LEN];
	uint8_t mac2[LR_MAC_LEN];
};

struct lr_msg_cookie {
	uint8_t type[4];
	uint8_t receiver[4];
	uint8_t nonce[LR_XNONCE_LEN];
	uint8_t cookie[LR_COOKIE_LEN + LR_TAG_LEN];
};

struct lr_msg_data {
	uint8_t type[4];
	uint8_t receiver[4];
	uint8_t counter[8];
	uint8_t packet[];
};

#define LR_MSG_DATA_MIN (sizeof(struct lr_msg_data) + LR_TAG_LEN)
#define LR_MSG_MACS     (2 * LR_MAC_LEN) /* at the end of a handshake message */

static_assert(sizeof(struct lr_msg_initiation) == 148, "paper 5.4.2");
static_assert(sizeof(struct lr_msg_response) == 92, "paper 5.4.3");
static_assert(sizeof(struct lr_msg_cookie) == 64, "paper 5.4.7");
static_assert(sizeof(struct lr_msg_data) == 16, "paper 5.4.6");

/* Section 6.1, the table of constants. */
#define LR_REKEY_AFTER_MESSAGES  (1ull << 60)
#define LR_REJECT_AFTER_MESSAGES (UINT64_MAX - (1ull << 13)) /* 2^64 - 2^13 - 1 */
#define LR_REKEY_AFTER_TIME      (120 * LR_NS_PER_S)
#define LR_REJECT_AFTER_TIME     (180 * LR_NS_PER_S)
#define LR_REKEY_ATTEMPT_TIME    (90 * LR_NS_PER_S)
#define LR_REKEY_TIMEOUT         (5 * LR_NS_PER_S)
#define LR_KEEPALIVE_TIMEOUT     (10 * LR_NS_PER_S)
#define LR_COOKIE_MAX_AGE        (120 * LR_NS_PER_S) /* section 5.4.7 */

/* Not in the paper; as the implementation in Linux has them. */
#define LR_REKEY_JITTER_MS   334               /* 0..333 ms on top of a retry */
#define LR_COOKIE_LATENCY    (5 * LR_NS_PER_S) /* a cookie is not used in its last seconds */
#define LR_INITIATIONS_PER_S 50                /* accepted from one peer */
#define LR_FLOOD_GAP         (LR_NS_PER_S / LR_INITIATIONS_PER_S)

#endif
