/*
 * crypto.c - what the tunnel and the handshake ask of the crypto libraries
 */
#include <stdlib.h>

#include "lib/bench/families.h"
#include "lib/crypto/crypto.h"
#include "lib/crypto/sign.h"

struct box {
	struct lr_aead *aead;
	size_t len;
	uint64_t counter;
	uint8_t bytes[16384 + LR_TAG_LEN], sealed[16384 + LR_TAG_LEN];
	uint8_t private_key[LR_KEY_LEN], public_key[LR_KEY_LEN], out[LR_KEY_LEN];
	uint8_t sign_public[LR_KEY_LEN], sign_secret[LR_SIGN_SECRET_LEN], signature[LR_SIGN_LEN];
};

static void teardown(void *state)
{
	struct box *b = state;

	lr_aead_free(b->aead);
	free(b);
}

static void *setup(unsigned len)
{
	struct box *b = calloc(1, sizeof(*b));
	uint8_t key[LR_KEY_LEN] = {1};

	b->aead = lr_aead_new(key);
	b->len = len;
	lr_keypair(b->private_key, b->public_key);
	lr_sign_keypair(b->sign_public, b->sign_secret);
	lr_sign(b->signature, &(struct lr_span){b->bytes, b->len}, 1, b->sign_secret);
	if (!b->aead || lr_aead_seal(b->aead, 7, b->sealed, b->bytes, b->len) < 0) {
		teardown(b);
		return NULL;
	}
	return b;
}

static void run_seal(void *state, uint64_t times)
{
	struct box *b = state;

	for (uint64_t i = 0; i < times; i++)
		lr_bench_sink +=
			(uintptr_t)lr_aead_seal(b->aead, b->counter++, b->bytes, b->bytes, b->len);
}

static void run_open(void *state, uint64_t times)
{
	struct box *b = state;

	for (uint64_t i = 0; i < times; i++)
		lr_bench_sink += (uintptr_t)lr_aead_open(
			b->aead, 7, b->bytes, b->sealed, b->len + LR_TAG_LEN);
}

static void run_hash(void *state, uint64_t times)
{
	struct box *b = state;
	const struct lr_span span = {b->bytes, b->len};

	for (uint64_t i = 0; i < times; i++)
		lr_hash(b->out, &span, 1);
}

static void run_dh(void *state, uint64_t times)
{
	struct box *b = state;

	for (uint64_t i = 0; i < times; i++)
		lr_bench_sink += lr_dh(b->out, b->private_key, b->public_key);
}

static void run_sign(void *state, uint64_t times)
{
	struct box *b = state;
	const struct lr_span span = {b->bytes, b->len};

	for (uint64_t i = 0; i < times; i++)
		lr_sign(b->signature, &span, 1, b->sign_secret);
}

static void run_verify(void *state, uint64_t times)
{
	struct box *b = state;
	const struct lr_span span = {b->bytes, b->len};

	for (uint64_t i = 0; i < times; i++)
		lr_bench_sink += lr_sign_check(b->signature, &span, 1, b->sign_public);
}

#define ROWS(n)                                                                                    \
	{"crypto_seal_" #n, "crypto", PERFORMANCE, "ns", n, "crypto_seal", 0, setup, run_seal,     \
		NULL, teardown},                                                                   \
	{                                                                                          \
		"crypto_open_" #n, "crypto", PERFORMANCE, "ns", n, "crypto_open", 0, setup,        \
			run_open, NULL, teardown                                                   \
	}

const struct lr_bench lr_bench_crypto[] = {
	ROWS(64),
	ROWS(200),
	ROWS(1420),
	ROWS(16384),
	{"crypto_hash_64", "crypto", PERFORMANCE, "ns", 64, NULL, 0, setup, run_hash, NULL,
		teardown},
	{"crypto_x25519", "crypto", PERFORMANCE, "ns", 32, NULL, 0, setup, run_dh, NULL, teardown},
	{"crypto_sign", "crypto", PERFORMANCE, "ns", 200, NULL, 0, setup, run_sign, NULL, teardown},
	{"crypto_verify", "crypto", PERFORMANCE, "ns", 200, NULL, 0, setup, run_verify, NULL,
		teardown},
	{0},
};
