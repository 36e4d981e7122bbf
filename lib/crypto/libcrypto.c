/*
 * libcrypto.c - the only file that includes <openssl/...>: ChaCha20-Poly1305 and BLAKE2s
 *
 * Theory of operation. Fetching an algorithm loads libcrypto's default provider, which takes
 * about a millisecond and 1 MB of touched pages, so a program that only reads keys must not pay
 * it: load() runs at the first hash or tunnel key, or earlier through lr_crypto_load(). From then
 * on one digest context and one MAC context serve the process; neither allocates again, so that
 * hashing cannot fail. What fails in load() is a libcrypto without its default provider: then
 * there is no right answer to give, and abort() is better than a wrong one.
 *
 * The data path: a context per key and direction, key set once, per packet only the nonce. Of the
 * four ways that EVP has for this (Init_ex or Init_ex2; Update and Final or EVP_Cipher; tag by ctrl
 * or by OSSL_PARAM) none differed from the others by more than 2 % at 64, 208 and 1,424 bytes.
 *
 * Source: RFC 8439, RFC 7693; EVP_EncryptInit(3ssl), provider-cipher(7ssl).
 */
#include "lib/crypto/libcrypto.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "lib/base/bytes.h"
#include "lib/crypto/crypto.h"

static struct {
	EVP_CIPHER *chacha;
	EVP_MD *blake;
	EVP_MD_CTX *hash; /* blake is set, only to be started again */
	EVP_MAC_CTX *mac; /* 16 bytes out, only to be keyed again */
} lib;

int lr_libcrypto_init(void)
{
	uint64_t flags = OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS |
			 OPENSSL_INIT_NO_ATEXIT;
	return OPENSSL_init_crypto(flags, NULL) == 1 ? 0 : -ENOSYS;
}

static bool load_mac(void)
{
	size_t out_len = LR_MAC_LEN;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &out_len),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "BLAKE2SMAC", NULL);
	lib.mac = mac ? EVP_MAC_CTX_new(mac) : NULL;
	EVP_MAC_free(mac); /* the context holds it */
	return lib.mac && EVP_MAC_CTX_set_params(lib.mac, params) == 1;
}

int lr_crypto_load(void)
{
	if (lib.mac)
		return 0;
	lib.chacha = EVP_CIPHER_fetch(NULL, "ChaCha20-Poly1305", NULL);
	lib.blake = EVP_MD_fetch(NULL, "BLAKE2S-256", NULL);
	lib.hash = EVP_MD_CTX_new();
	if (lib.chacha && lib.blake && lib.hash &&
		EVP_DigestInit_ex2(lib.hash, lib.blake, NULL) == 1 && load_mac())
		return 0;
	EVP_MAC_CTX_free(lib.mac);
	EVP_MD_CTX_free(lib.hash);
	EVP_MD_free(lib.blake);
	EVP_CIPHER_free(lib.chacha);
	lib.mac = NULL;
	return -ENOSYS;
}

static void must(int result)
{
	if (result != 1)
		abort();
}

/* --- AEAD --- */

struct lr_aead {
	EVP_CIPHER_CTX *ctx;
};

struct lr_aead *lr_aead_new(const uint8_t key[LR_KEY_LEN], bool seal)
{
	struct lr_aead *a = calloc(1, sizeof(*a));
	if (!a || lr_crypto_load() != 0)
		goto out;
	a->ctx = EVP_CIPHER_CTX_new();
	if (a->ctx && EVP_CipherInit_ex(a->ctx, lib.chacha, NULL, key, NULL, seal) == 1)
		return a;
out:
	lr_aead_free(a);
	return NULL;
}

void lr_aead_free(struct lr_aead *a)
{
	if (!a)
		return;
	EVP_CIPHER_CTX_free(a->ctx); /* the provider cleanses the key schedule */
	free(a);
}

static void nonce_of(uint8_t nonce[12], uint64_t counter)
{
	memset(nonce, 0, 4);
	lr_put_le64(nonce + 4, counter);
}

int lr_aead_seal(struct lr_aead *a, uint64_t counter, uint8_t *dst, const uint8_t *src, size_t len)
{
	uint8_t nonce[12];
	int n;

	if (len > INT_MAX)
		return -EIO;
	nonce_of(nonce, counter);
	if (EVP_EncryptInit_ex(a->ctx, NULL, NULL, NULL, nonce) != 1 ||
		(len && EVP_EncryptUpdate(a->ctx, dst, &n, src, (int)len) != 1) ||
		EVP_EncryptFinal_ex(a->ctx, dst + len, &n) != 1 ||
		EVP_CIPHER_CTX_ctrl(a->ctx, EVP_CTRL_AEAD_GET_TAG, LR_TAG_LEN, dst + len) != 1)
		return -EIO;
	return 0;
}

int lr_aead_open(struct lr_aead *a, uint64_t counter, uint8_t *dst, const uint8_t *src, size_t len)
{
	uint8_t nonce[12];
	int n;

	if (len < LR_TAG_LEN || len > INT_MAX)
		return -EBADMSG;
	len -= LR_TAG_LEN;
	nonce_of(nonce, counter);
	if (EVP_DecryptInit_ex(a->ctx, NULL, NULL, NULL, nonce) != 1 ||
		EVP_CIPHER_CTX_ctrl(
			a->ctx, EVP_CTRL_AEAD_SET_TAG, LR_TAG_LEN, (void *)(src + len)) != 1 ||
		(len && EVP_DecryptUpdate(a->ctx, dst, &n, src, (int)len) != 1) ||
		EVP_DecryptFinal_ex(a->ctx, dst + len, &n) != 1)
		return -EBADMSG;
	return 0;
}

/* --- BLAKE2s --- */

void lr_hash(uint8_t out[LR_HASH_LEN], const struct lr_span *spans, size_t n)
{
	must(lr_crypto_load() == 0);
	must(EVP_DigestInit_ex2(lib.hash, NULL, NULL));
	for (size_t i = 0; i < n; i++)
		must(EVP_DigestUpdate(lib.hash, spans[i].at, spans[i].len));
	must(EVP_DigestFinal_ex(lib.hash, out, NULL));
}

void lr_mac(uint8_t out[LR_MAC_LEN], const void *key, size_t key_len, const void *msg, size_t len)
{
	size_t n = 0;
	must(lr_crypto_load() == 0);
	must(EVP_MAC_init(lib.mac, key, key_len, NULL));
	must(EVP_MAC_update(lib.mac, msg, len));
	must(EVP_MAC_final(lib.mac, out, &n, LR_MAC_LEN) == 1 && n == LR_MAC_LEN);
}
