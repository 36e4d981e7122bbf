/*
 * proof.c - proof that somebody has the private half of an X25519 key (libsodium)
 *
 * The drawing and the source are in proof.h.
 */
#include "lib/crypto/proof.h"

#include <string.h>

#include <sodium.h>

#define POINT  crypto_core_ed25519_BYTES
#define SCALAR crypto_core_ed25519_SCALARBYTES
#define WIDE   crypto_core_ed25519_NONREDUCEDSCALARBYTES

_Static_assert(WIDE == crypto_hash_sha512_BYTES, "a hash is reduced to a scalar");
_Static_assert(POINT + crypto_sign_BYTES == LR_PROOF_LEN, "a proof is a point and a signature");

/* The private key as a scalar below L. Its clamped form may be above, and is never a multiple of
 * L: it is one of 8, and 8 L is more than 255 bits hold. */
static void clamped(uint8_t a[SCALAR], const uint8_t private_key[LR_KEY_LEN])
{
	uint8_t wide[WIDE] = {0};

	memcpy(wide, private_key, LR_KEY_LEN);
	wide[0] &= 248;
	wide[31] &= 127;
	wide[31] |= 64;
	crypto_core_ed25519_scalar_reduce(a, wide);
	lr_wipe(wide, sizeof(wide));
}

/* The hash of `n` spans as a scalar. */
static void hashed(uint8_t out[SCALAR], const struct lr_span *spans, size_t n)
{
	crypto_hash_sha512_state st;
	uint8_t wide[WIDE];

	crypto_hash_sha512_init(&st);
	for (size_t i = 0; i < n; i++)
		crypto_hash_sha512_update(&st, spans[i].at, spans[i].len);
	crypto_hash_sha512_final(&st, wide);
	crypto_core_ed25519_scalar_reduce(out, wide);
	lr_wipe(&st, sizeof(st));
	lr_wipe(wide, sizeof(wide));
}

void lr_proof_make(uint8_t proof[LR_PROOF_LEN], const void *msg, size_t len,
	const uint8_t private_key[LR_KEY_LEN], const uint8_t random[LR_PROOF_RANDOM])
{
	static const char context[] = "lanrage proof nonce 1";
	uint8_t *point = proof, *commitment = proof + POINT, *s = proof + 2 * POINT;
	uint8_t a[SCALAR], r[SCALAR], h[SCALAR];

	clamped(a, private_key);
	hashed(r,
		(struct lr_span[]){{context, sizeof(context) - 1}, {private_key, LR_KEY_LEN},
			{random, LR_PROOF_RANDOM}, {msg, len}},
		4);
	/* These fail for the scalar 0 only. */
	(void)!crypto_scalarmult_ed25519_base_noclamp(point, a);
	(void)!crypto_scalarmult_ed25519_base_noclamp(commitment, r);
	hashed(h, (struct lr_span[]){{commitment, POINT}, {point, POINT}, {msg, len}}, 3);
	crypto_core_ed25519_scalar_mul(s, h, a);
	crypto_core_ed25519_scalar_add(s, r, s);
	lr_wipe(a, sizeof(a));
	lr_wipe(r, sizeof(r));
}

bool lr_proof_check(const uint8_t proof[LR_PROOF_LEN], const void *msg, size_t len,
	const uint8_t public_key[LR_KEY_LEN])
{
	uint8_t u[LR_KEY_LEN];

	return crypto_sign_ed25519_pk_to_curve25519(u, proof) == 0 &&
	       memcmp(u, public_key, LR_KEY_LEN) == 0 &&
	       crypto_sign_verify_detached(proof + POINT, msg, len, proof) == 0;
}
