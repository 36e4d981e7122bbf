/*
 * sign.c - signatures, boxes to a public key, digests and key derivation (libsodium)
 *
 * Like proof.c apart from libsodium.c: what parties need, so that a program that only runs a tunnel
 * does not link it.
 *
 * Source: RFC 8032 (Ed25519ph), RFC 7748, RFC 7693 (BLAKE2b), RFC 4648 section 5.
 */
#include "lib/crypto/sign.h"

#include <errno.h>
#include <string.h>

#include <sodium.h>

_Static_assert(LR_SIGN_SECRET_LEN == crypto_sign_SECRETKEYBYTES, "libsodium's Ed25519 secret");
_Static_assert(LR_SIGN_LEN == crypto_sign_BYTES, "libsodium's Ed25519 signature");
_Static_assert(LR_BOX_EXTRA == crypto_box_SEALBYTES, "libsodium's sealed box");
_Static_assert(LR_KEY_LEN == crypto_kdf_KEYBYTES, "libsodium's derivation key");

void lr_sign_keypair(uint8_t public_key[LR_KEY_LEN], uint8_t secret[LR_SIGN_SECRET_LEN])
{
	crypto_sign_keypair(public_key, secret);
}

void lr_sign_seeded(uint8_t public_key[LR_KEY_LEN], uint8_t secret[LR_SIGN_SECRET_LEN],
	const uint8_t seed[LR_KEY_LEN])
{
	crypto_sign_seed_keypair(public_key, secret, seed);
}

void lr_sign_public(uint8_t public_key[LR_KEY_LEN], const uint8_t secret[LR_SIGN_SECRET_LEN])
{
	crypto_sign_ed25519_sk_to_pk(public_key, secret);
}

static void take_in(crypto_sign_state *st, const struct lr_span *spans, size_t n)
{
	crypto_sign_init(st);
	for (size_t i = 0; i < n; i++)
		crypto_sign_update(st, spans[i].at, spans[i].len);
}

void lr_sign(uint8_t sig[LR_SIGN_LEN], const struct lr_span *spans, size_t n,
	const uint8_t secret[LR_SIGN_SECRET_LEN])
{
	crypto_sign_state st;

	take_in(&st, spans, n);
	crypto_sign_final_create(&st, sig, NULL, secret);
}

bool lr_sign_check(const uint8_t sig[LR_SIGN_LEN], const struct lr_span *spans, size_t n,
	const uint8_t public_key[LR_KEY_LEN])
{
	crypto_sign_state st;

	take_in(&st, spans, n);
	return crypto_sign_final_verify(&st, sig, public_key) == 0;
}

bool lr_box_seal(uint8_t *dst, const void *src, size_t len, const uint8_t to[LR_KEY_LEN])
{
	return crypto_box_seal(dst, src, len, to) == 0;
}

bool lr_box_open(uint8_t *dst, const void *src, size_t len, const uint8_t private_key[LR_KEY_LEN])
{
	uint8_t public_key[LR_KEY_LEN];

	lr_public_key(public_key, private_key);
	return crypto_box_seal_open(dst, src, len, public_key, private_key) == 0;
}

bool lr_pair_secret(uint8_t out[LR_KEY_LEN], const char *context,
	const uint8_t private_key[LR_KEY_LEN], const uint8_t other[LR_KEY_LEN])
{
	uint8_t own[LR_KEY_LEN], shared[LR_KEY_LEN];
	bool good = lr_dh(shared, private_key, other);

	lr_public_key(own, private_key);
	bool first = memcmp(own, other, LR_KEY_LEN) < 0;
	const struct lr_span spans[] = {
		{context, strlen(context)},
		{first ? own : other, LR_KEY_LEN},
		{first ? other : own, LR_KEY_LEN},
	};
	if (good)
		lr_digest(out, LR_KEY_LEN, shared, sizeof(shared), spans, 3);
	lr_wipe(shared, sizeof(shared));
	return good;
}

void lr_digest(uint8_t *out, size_t len, const void *key, size_t key_len,
	const struct lr_span *spans, size_t n)
{
	crypto_generichash_state st;

	crypto_generichash_init(&st, key, key_len, len);
	for (size_t i = 0; i < n; i++)
		crypto_generichash_update(&st, spans[i].at, spans[i].len);
	crypto_generichash_final(&st, out, len);
	lr_wipe(&st, sizeof(st));
}

void lr_subkey(
	uint8_t *out, size_t len, uint64_t id, const char context[8], const uint8_t key[LR_KEY_LEN])
{
	crypto_kdf_derive_from_key(out, len, id, context, key);
}

const char *lr_base64url(const void *bytes, size_t len, char *text)
{
	return sodium_bin2base64(text, lr_base64url_len(len) + 1, bytes, len,
		sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

int lr_base64url_parse(const char *text, size_t chars, void *bytes, size_t len)
{
	size_t got;

	if (chars != lr_base64url_len(len))
		return -EINVAL;
	if (sodium_base642bin(bytes, len, text, chars, NULL, &got, NULL,
		    sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
		got != len)
		return -EINVAL;
	return 0;
}
