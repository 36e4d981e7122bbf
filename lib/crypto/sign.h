/*
 * sign.h - signatures, boxes to a public key, digests and key derivation (libsodium)
 *
 * Signatures are Ed25519ph (RFC 8032 section 5.1): the message is a list of spans, hashed with
 * SHA-512, so that nothing has to be copied together. The first span is a context, a text such as
 * "lanrage record 1", that no other use of a key begins with; a signature made for one use
 * is never good for another. Like crypto.h not thread safe, and lr_crypto_init() comes first; none
 * of this loads libcrypto's provider.
 */
#ifndef LR_CRYPTO_SIGN_H
#define LR_CRYPTO_SIGN_H

#include "lib/crypto/crypto.h"

#define LR_SIGN_SECRET_LEN 64 /* seed and public key, as libsodium holds it */
#define LR_SIGN_LEN        64
#define LR_BOX_EXTRA       48 /* an ephemeral public key and the tag */
#define LR_DIGEST_MAX      64

/* Ed25519 key pair, fresh or from a seed of 32 secret bytes. */
void lr_sign_keypair(uint8_t public_key[LR_KEY_LEN], uint8_t secret[LR_SIGN_SECRET_LEN]);
void lr_sign_seeded(uint8_t public_key[LR_KEY_LEN], uint8_t secret[LR_SIGN_SECRET_LEN],
	const uint8_t seed[LR_KEY_LEN]);
/* The public half of a secret. */
void lr_sign_public(uint8_t public_key[LR_KEY_LEN], const uint8_t secret[LR_SIGN_SECRET_LEN]);
/* Signs the concatenation of `n` spans. About 30 us. */
void lr_sign(uint8_t sig[LR_SIGN_LEN], const struct lr_span *spans, size_t n,
	const uint8_t secret[LR_SIGN_SECRET_LEN]);
/* Whether `sig` is that of `public_key`. False also for keys of small order and for the second
 * spelling of a signature. About 60 us. */
bool lr_sign_check(const uint8_t sig[LR_SIGN_LEN], const struct lr_span *spans, size_t n,
	const uint8_t public_key[LR_KEY_LEN]);

/* Anonymous box: whoever has the X25519 private key reads it, nobody learns who made it. `dst` has
 * len + LR_BOX_EXTRA bytes, no overlap. False when `to` is a point of low order. */
bool lr_box_seal(uint8_t *dst, const void *src, size_t len, const uint8_t to[LR_KEY_LEN]);
/* `len` counts LR_BOX_EXTRA; `dst` has len - LR_BOX_EXTRA. False: not for this key, or altered. */
bool lr_box_open(uint8_t *dst, const void *src, size_t len, const uint8_t private_key[LR_KEY_LEN]);

/* The secret of a pair of X25519 key pairs, the same at both ends: hash of the Diffie-Hellman
 * result and both public keys in sorted order, under `context`. For probes (lr_xseal_once under
 * it) and hints. False when `other` is a point of low order. About 40 us: compute it once a pair.
 */
bool lr_pair_secret(uint8_t out[LR_KEY_LEN], const char *context,
	const uint8_t private_key[LR_KEY_LEN], const uint8_t other[LR_KEY_LEN]);

/* BLAKE2b of `n` spans into `len` bytes, 16..64; `key` NULL or 16..64 secret bytes. */
void lr_digest(uint8_t *out, size_t len, const void *key, size_t key_len,
	const struct lr_span *spans, size_t n);
/* crypto_kdf: subkey number `id` of a 32-byte key, `len` 16..64; `context` has 8 characters. */
void lr_subkey(uint8_t *out, size_t len, uint64_t id, const char context[8],
	const uint8_t key[LR_KEY_LEN]);

/* Base64url without padding (RFC 4648 section 5), strict, without tables: secrets pass here.
 * `text` gets lr_base64url_len(len) characters and a NUL. */
static inline size_t lr_base64url_len(size_t len)
{
	return (len * 4 + 2) / 3;
}
const char *lr_base64url(const void *bytes, size_t len, char *text);
/* Exactly `chars` characters that stand for exactly `len` bytes. 0 or -EINVAL. */
int lr_base64url_parse(const char *text, size_t chars, void *bytes, size_t len);

#endif
