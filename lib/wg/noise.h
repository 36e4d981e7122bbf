/*
 * noise.h - the handshake Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s, message by message
 *
 * Theory of operation. A `struct lr_noise` is the symmetric state of one handshake: chaining key
 * and hash, and for the initiator its ephemeral key. Each function works on a state that its
 * caller holds, knows no peers and no time, and writes an output only when everything before it
 * was authentic.
 *
 *   initiator                                    responder
 *   lr_noise_write_initiation  -- message 1 -->  lr_noise_read_static      who is it?
 *                                                lr_noise_read_timestamp   is it they, and when?
 *   lr_noise_read_response    <-- message 2 --   lr_noise_write_response
 *   lr_noise_split                               lr_noise_split            session keys
 *
 * The responder's state lives within one call and its own initiation, when it has one on the way,
 * is left alone: two sides that start at once both succeed (see session.h).
 *
 * Source: the paper, sections 5.4.1 to 5.4.5; the names in the comments are the paper's.
 */
#ifndef LR_WG_NOISE_H
#define LR_WG_NOISE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/wg/messages.h"

struct lr_identity {
	uint8_t private_key[LR_KEY_LEN];
	uint8_t public_key[LR_KEY_LEN];
};

struct lr_noise {
	uint8_t chaining_key[LR_HASH_LEN];
	uint8_t hash[LR_HASH_LEN];
	uint8_t ephemeral[LR_KEY_LEN];        /* own private ephemeral; initiator only */
	uint8_t remote_ephemeral[LR_KEY_LEN]; /* responder only */
};

/* The sender index and the macs are the caller's. `ephemeral` NULL: a fresh one; tests give one.
 * `ss` is DH(own static, theirs). false: their key is a point of low order. The state is
 * then wiped. */
bool lr_noise_write_initiation(struct lr_noise *n, struct lr_msg_initiation *msg,
	const struct lr_identity *own, const uint8_t theirs[LR_KEY_LEN],
	const uint8_t ss[LR_KEY_LEN], const uint8_t timestamp[LR_TIMESTAMP_LEN],
	const uint8_t *ephemeral);

/* First half of reading message 1: who sent it, or so they say. */
bool lr_noise_read_static(struct lr_noise *n, const struct lr_msg_initiation *msg,
	const struct lr_identity *own, uint8_t theirs[LR_KEY_LEN]);
/* Second half: it is they, since they know `ss`. */
bool lr_noise_read_timestamp(struct lr_noise *n, const struct lr_msg_initiation *msg,
	const uint8_t ss[LR_KEY_LEN], uint8_t timestamp[LR_TIMESTAMP_LEN]);

bool lr_noise_write_response(struct lr_noise *n, struct lr_msg_response *msg,
	const uint8_t theirs[LR_KEY_LEN], const uint8_t psk[LR_KEY_LEN], const uint8_t *ephemeral);
/* Leaves `n` as it was when the message is not authentic, so that the true one may still come. */
bool lr_noise_read_response(struct lr_noise *n, const struct lr_msg_response *msg,
	const struct lr_identity *own, const uint8_t psk[LR_KEY_LEN]);

/* The keys for data from the initiator to the responder, and back. Wipes the state. */
void lr_noise_split(
	struct lr_noise *n, uint8_t to_responder[LR_KEY_LEN], uint8_t to_initiator[LR_KEY_LEN]);

#endif
