/*
 * crypto.h - the one seam to the crypto libraries
 *
 * libcrypto: ChaCha20-Poly1305 (RFC 8439) and BLAKE2s (RFC 7693), one context a key
 * that is reused with a new nonce (measured: twice libsodium's rate at 1,420 B).
 * libsodium: X25519 (RFC 7748), the one-shot AEADs, random, wiping.
 * Nobody else includes <openssl/...> or <sodium.h>. Not thread safe: one loop owns it.
 */
#ifndef LR_CRYPTO_CRYPTO_H
#define LR_CRYPTO_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LR_KEY_LEN    32 /* private, public, preshared, symmetric */
#define LR_KEY_TEXT   45 /* base64 of a key with its NUL */
#define LR_HASH_LEN   32 /* BLAKE2s-256 */
#define LR_MAC_LEN    16 /* keyed BLAKE2s-128, and the Poly1305 tag */
#define LR_TAG_LEN    16
#define LR_XNONCE_LEN 24

/* Once per process, before anything else here. 0 or -ENOSYS. Does not load openssl.cnf. */
int lr_crypto_init(void);
/* Loads what the first hash or tunnel key would load otherwise: libcrypto's provider, about a
 * millisecond. For when nobody waits: a node does it as soon as it has said that it is ready.
 * 0 or -ENOSYS. May be called again. */
int lr_crypto_load(void);
/* The libraries' own names for their versions, static: "OpenSSL 3.0.17 1 Jul 2025", "1.0.18". */
const char *lr_libcrypto_version(void);
const char *lr_libsodium_version(void);

/* --- AEAD with a context per key --- */
struct lr_aead; /* holds the key; allocated */

/* NULL when out of memory. It seals and opens. */
struct lr_aead *lr_aead_new(const uint8_t key[LR_KEY_LEN]);
void lr_aead_free(struct lr_aead *a); /* wipes the key; NULL is fine */
/* Nonce: 4 zero bytes and `counter` little-endian (WireGuard paper 5.4.6). In place when
 * dst == src, else no overlap. dst has len + LR_TAG_LEN. Hot: no allocation. 0 or -EIO. */
int lr_aead_seal(struct lr_aead *a, uint64_t counter, uint8_t *dst, const uint8_t *src, size_t len);
/* `len` counts the tag. 0; -EBADMSG when the tag is wrong: then dst is as it was. */
int lr_aead_open(struct lr_aead *a, uint64_t counter, uint8_t *dst, const uint8_t *src, size_t len);

/* --- one-shot AEADs with associated data, for handshakes and cookies --- */
void lr_seal_once(uint8_t *dst, const void *src, size_t len, const void *ad, size_t ad_len,
	uint64_t counter, const uint8_t key[LR_KEY_LEN]);
bool lr_open_once(uint8_t *dst, const void *src, size_t len, const void *ad, size_t ad_len,
	uint64_t counter, const uint8_t key[LR_KEY_LEN]);
void lr_xseal_once(uint8_t *dst, const void *src, size_t len, const void *ad, size_t ad_len,
	const uint8_t nonce[LR_XNONCE_LEN], const uint8_t key[LR_KEY_LEN]);
bool lr_xopen_once(uint8_t *dst, const void *src, size_t len, const void *ad, size_t ad_len,
	const uint8_t nonce[LR_XNONCE_LEN], const uint8_t key[LR_KEY_LEN]);

/* --- BLAKE2s --- */
struct lr_span {
	const void *at;
	size_t len;
};
/* Hash of the concatenation of `n` spans. */
void lr_hash(uint8_t out[LR_HASH_LEN], const struct lr_span *spans, size_t n);
/* Keyed BLAKE2s-128 (the paper's Mac). `key_len` 1..32. */
void lr_mac(uint8_t out[LR_MAC_LEN], const void *key, size_t key_len, const void *msg, size_t len);
/* HMAC-BLAKE2s and the paper's Kdf_n, n = 1..3; outputs may be NULL behind the n-th. */
void lr_kdf(uint8_t *t1, uint8_t *t2, uint8_t *t3, const uint8_t key[LR_HASH_LEN],
	const void *input, size_t len);

/* --- X25519 --- */
/* A fresh pair; the private key is clamped. */
void lr_keypair(uint8_t private_key[LR_KEY_LEN], uint8_t public_key[LR_KEY_LEN]);
void lr_public_key(uint8_t public_key[LR_KEY_LEN], const uint8_t private_key[LR_KEY_LEN]);
/* false when the result is all zero (a point of low order). */
bool lr_dh(uint8_t out[LR_KEY_LEN], const uint8_t private_key[LR_KEY_LEN],
	const uint8_t public_key[LR_KEY_LEN]);

/* --- small --- */
void lr_random(void *out, size_t len);
uint32_t lr_random_below(uint32_t bound); /* uniform in 0..bound-1 */
void lr_wipe(void *p, size_t len);
bool lr_same(const void *a, const void *b, size_t len); /* constant time */
/* Base64 as wg(8) writes keys: 43 characters and '='. Strict. 0 or -EINVAL. */
int lr_key_parse(const char *text, uint8_t key[LR_KEY_LEN]);
const char *lr_key_text(const uint8_t key[LR_KEY_LEN], char out[LR_KEY_TEXT]);
/* Hex, 64 lower-case digits as the UAPI has it (either case is read). */
int lr_key_parse_hex(const char *text, uint8_t key[LR_KEY_LEN]);
const char *lr_key_hex(const uint8_t key[LR_KEY_LEN], char out[65]);

#endif
