/*
 * proof.h - proof that somebody has the private half of an X25519 key
 *
 * Theory of operation. An X25519 key is the u coordinate of a*B with the clamped private key a; the
 * same scalar makes a point A = a*B on the Edwards curve, and with it a signature of Ed25519's
 * form:
 *
 *   a = clamped private key mod L, A = a*B
 *   r = SHA-512("lanrage proof nonce 1" | private key | random (32) | message) mod L, R = r*B
 *   h = SHA-512(R | A | message) mod L, s = r + h*a mod L
 *   proof = A (32) | R (32) | s (32)
 *
 * Any Ed25519 verifies (R, s) under A; who checks a proof also turns A into its u coordinate and
 * compares that with the X25519 key. A and -A have the same one, and whoever has a has -a as well.
 * The map gives only the canonical spelling of a key, and verifying refuses points of small order
 * and of mixed order, so a key has no second spelling that could be proven beside it.
 * The message begins with a text that no other message under these keys begins with.
 *
 * Source: RFC 8032 section 5.1.6, RFC 7748 section 4.1; after XEdDSA (Perrin, 2016), which sends
 * no A but fixes its sign instead.
 */
#ifndef LR_CRYPTO_PROOF_H
#define LR_CRYPTO_PROOF_H

#include "lib/crypto/crypto.h"

#define LR_PROOF_LEN    96
#define LR_PROOF_RANDOM 32

/* Proves `private_key` over `len` bytes. `random` is fresh; were it ever the same twice, nothing
 * would be lost, since r depends on the message as well. About 45 us. */
void lr_proof_make(uint8_t proof[LR_PROOF_LEN], const void *msg, size_t len,
	const uint8_t private_key[LR_KEY_LEN], const uint8_t random[LR_PROOF_RANDOM]);
/* Whether `proof` is one over these bytes by whoever has the private half of `public_key`. Public
 * data: in no constant time. About 150 us. */
bool lr_proof_check(const uint8_t proof[LR_PROOF_LEN], const void *msg, size_t len,
	const uint8_t public_key[LR_KEY_LEN]);

#endif
