/*
 * kdf.c - HMAC-BLAKE2s and the key derivation of the WireGuard paper (section 5.4)
 *
 * Kdf_n(key, input): t0 = Hmac(key, input); t1 = Hmac(t0, 1); t2 = Hmac(t0, t1 || 2); ...
 * This is HKDF (RFC 5869) with an empty info and HMAC (RFC 2104) over BLAKE2s's 64-byte block.
 */
#include <string.h>

#include "lib/crypto/crypto.h"

#define BLOCK 64 /* BLAKE2s, RFC 7693 section 2.1 */

static void hmac(
	uint8_t out[LR_HASH_LEN], const uint8_t key[LR_HASH_LEN], const void *input, size_t len)
{
	uint8_t pad[BLOCK];
	uint8_t inner[LR_HASH_LEN];

	memset(pad, 0x36, sizeof(pad));
	for (size_t i = 0; i < LR_HASH_LEN; i++)
		pad[i] ^= key[i];
	lr_hash(inner, (struct lr_span[]){{pad, BLOCK}, {input, len}}, 2);
	for (size_t i = 0; i < BLOCK; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	lr_hash(out, (struct lr_span[]){{pad, BLOCK}, {inner, sizeof(inner)}}, 2);
	lr_wipe(pad, sizeof(pad));
	lr_wipe(inner, sizeof(inner));
}

void lr_kdf(uint8_t *t1, uint8_t *t2, uint8_t *t3, const uint8_t key[LR_HASH_LEN],
	const void *input, size_t len)
{
	uint8_t *outs[] = {t1, t2, t3};
	uint8_t secret[LR_HASH_LEN];
	uint8_t block[LR_HASH_LEN + 1]; /* t(i-1), then i; for i = 1 the number alone */

	hmac(secret, key, input, len);
	for (uint8_t i = 1; i <= 3 && outs[i - 1]; i++) {
		size_t had = i == 1 ? 0 : LR_HASH_LEN;
		block[had] = i;
		hmac(outs[i - 1], secret, block, had + 1);
		memcpy(block, outs[i - 1], LR_HASH_LEN);
	}
	lr_wipe(secret, sizeof(secret));
	lr_wipe(block, sizeof(block));
}
