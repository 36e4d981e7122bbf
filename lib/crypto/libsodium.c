/*
 * libsodium.c - with sign.c and proof.c the only one that includes <sodium.h>: X25519, the one-shot
 * AEADs, random, wiping, comparing
 *
 * The one-shot ChaCha20-Poly1305 of handshakes is libsodium's, because it needs no context: it
 * neither allocates nor fails. Same algorithm as the tunnel's, and held to the same vectors.
 *
 * Source: RFC 7748 (X25519), RFC 8439, draft-irtf-cfrg-xchacha-03.
 */
#include <errno.h>
#include <string.h>

#include <sodium.h>

#include "lib/base/bytes.h"
#include "lib/crypto/crypto.h"
#include "lib/crypto/libcrypto.h"

int lr_crypto_init(void)
{
	if (sodium_init() < 0)
		return -ENOSYS;
	return lr_libcrypto_init();
}

static void nonce_of(uint8_t nonce[12], uint64_t counter)
{
	memset(nonce, 0, 4);
	lr_put_le64(nonce + 4, counter);
}

void lr_seal_once(uint8_t *dst, const void *src, size_t len, const void *ad, size_t ad_len,
	uint64_t counter, const uint8_t key[LR_KEY_LEN])
{
	uint8_t nonce[12];
	nonce_of(nonce, counter);
	crypto_aead_chacha20poly1305_ietf_encrypt(
		dst, NULL, src, len, ad, ad_len, NULL, nonce, key);
}

bool lr_open_once(uint8_t *dst, const void *src, size_t len, const void *ad, size_t ad_len,
	uint64_t counter, const uint8_t key[LR_KEY_LEN])
{
	uint8_t nonce[12];
	nonce_of(nonce, counter);
	return crypto_aead_chacha20poly1305_ietf_decrypt(
		       dst, NULL, NULL, src, len, ad, ad_len, nonce, key) == 0;
}

void lr_xseal_once(uint8_t *dst, const void *src, size_t len, const void *ad, size_t ad_len,
	const uint8_t nonce[LR_XNONCE_LEN], const uint8_t key[LR_KEY_LEN])
{
	crypto_aead_xchacha20poly1305_ietf_encrypt(
		dst, NULL, src, len, ad, ad_len, NULL, nonce, key);
}

bool lr_xopen_once(uint8_t *dst, const void *src, size_t len, const void *ad, size_t ad_len,
	const uint8_t nonce[LR_XNONCE_LEN], const uint8_t key[LR_KEY_LEN])
{
	return crypto_aead_xchacha20poly1305_ietf_decrypt(
		       dst, NULL, NULL, src, len, ad, ad_len, nonce, key) == 0;
}

void lr_keypair(uint8_t private_key[LR_KEY_LEN], uint8_t public_key[LR_KEY_LEN])
{
	randombytes_buf(private_key, LR_KEY_LEN);
	private_key[0] &= 248; /* RFC 7748 section 5, decodeScalar25519 */
	private_key[31] = (private_key[31] & 127) | 64;
	lr_public_key(public_key, private_key);
}

void lr_public_key(uint8_t public_key[LR_KEY_LEN], const uint8_t private_key[LR_KEY_LEN])
{
	/* Clamps a copy, so it cannot fail: a clamped scalar times the base point is never zero. */
	(void)crypto_scalarmult_base(public_key, private_key);
}

bool lr_dh(uint8_t out[LR_KEY_LEN], const uint8_t private_key[LR_KEY_LEN],
	const uint8_t public_key[LR_KEY_LEN])
{
	return crypto_scalarmult(out, private_key, public_key) == 0;
}

void lr_random(void *out, size_t len)
{
	randombytes_buf(out, len);
}

uint32_t lr_random_below(uint32_t bound)
{
	return randombytes_uniform(bound);
}

void lr_wipe(void *p, size_t len)
{
	sodium_memzero(p, len);
}

bool lr_same(const void *a, const void *b, size_t len)
{
	return sodium_memcmp(a, b, len) == 0;
}

const char *lr_libsodium_version(void)
{
	return sodium_version_string();
}
