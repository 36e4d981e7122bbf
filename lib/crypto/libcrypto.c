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
 * The data path: a context per key and direction, key set once, per packet only the nonce. EVP asks
 * its provider for nonce and tag lengths by name at every turn, which costs a small packet a
 * quarter of its time, so the provider's own functions are called, as it offers them to EVP. (Seal,
 * ns: 64 B 348 instead of 446, 208 B 571 for 664, 1,424 B 1,065 for 1,188.)
 *
 * Source: RFC 8439, RFC 7693; provider-cipher(7ssl), OSSL_PROVIDER_query_operation(3ssl).
 */
#include "lib/crypto/libcrypto.h"

#include <errno.h>
#include <stdlib.h>
#include <strings.h>

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/provider.h>

#include "lib/base/bytes.h"
#include "lib/crypto/crypto.h"

/* The provider's ChaCha20-Poly1305, as provider-cipher(7ssl) names its functions. */
struct chacha {
	void *provider;
	OSSL_FUNC_cipher_newctx_fn *newctx;
	OSSL_FUNC_cipher_freectx_fn *freectx;
	OSSL_FUNC_cipher_encrypt_init_fn *encrypt_init;
	OSSL_FUNC_cipher_decrypt_init_fn *decrypt_init;
	OSSL_FUNC_cipher_update_fn *update;
	OSSL_FUNC_cipher_final_fn *final;
	OSSL_FUNC_cipher_get_ctx_params_fn *get_params;
	OSSL_FUNC_cipher_set_ctx_params_fn *set_params;
};

static struct {
	struct chacha chacha;
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

static void take_function(struct chacha *c, const OSSL_DISPATCH *d)
{
	switch (d->function_id) {
	case OSSL_FUNC_CIPHER_NEWCTX:
		c->newctx = OSSL_FUNC_cipher_newctx(d);
		break;
	case OSSL_FUNC_CIPHER_FREECTX:
		c->freectx = OSSL_FUNC_cipher_freectx(d);
		break;
	case OSSL_FUNC_CIPHER_ENCRYPT_INIT:
		c->encrypt_init = OSSL_FUNC_cipher_encrypt_init(d);
		break;
	case OSSL_FUNC_CIPHER_DECRYPT_INIT:
		c->decrypt_init = OSSL_FUNC_cipher_decrypt_init(d);
		break;
	case OSSL_FUNC_CIPHER_UPDATE:
		c->update = OSSL_FUNC_cipher_update(d);
		break;
	case OSSL_FUNC_CIPHER_FINAL:
		c->final = OSSL_FUNC_cipher_final(d);
		break;
	case OSSL_FUNC_CIPHER_GET_CTX_PARAMS:
		c->get_params = OSSL_FUNC_cipher_get_ctx_params(d);
		break;
	case OSSL_FUNC_CIPHER_SET_CTX_PARAMS:
		c->set_params = OSSL_FUNC_cipher_set_ctx_params(d);
		break;
	default:
		break;
	}
}

/* Fetching loads the provider, and says which one it is; the functions come from its table. */
static bool load_chacha(struct chacha *c)
{
	static const char name[] = "ChaCha20-Poly1305";
	EVP_CIPHER *fetched = EVP_CIPHER_fetch(NULL, name, NULL);
	const OSSL_PROVIDER *from = fetched ? EVP_CIPHER_get0_provider(fetched) : NULL;
	int no_store;
	const OSSL_ALGORITHM *all =
		from ? OSSL_PROVIDER_query_operation(from, OSSL_OP_CIPHER, &no_store) : NULL;
	for (; all && all->algorithm_names; all++)
		if (strncasecmp(all->algorithm_names, name, sizeof(name) - 1) == 0)
			break;
	if (!all || !all->algorithm_names)
		return false;
	c->provider = OSSL_PROVIDER_get0_provider_ctx(from);
	for (const OSSL_DISPATCH *d = all->implementation; d->function_id; d++)
		take_function(c, d);
	/* `fetched` is kept: it holds the provider in memory. */
	return c->newctx && c->freectx && c->encrypt_init && c->decrypt_init && c->update &&
	       c->final && c->get_params && c->set_params;
}

int lr_crypto_load(void)
{
	if (lib.mac)
		return 0;
	lib.blake = EVP_MD_fetch(NULL, "BLAKE2S-256", NULL);
	lib.hash = EVP_MD_CTX_new();
	if (load_chacha(&lib.chacha) && lib.blake && lib.hash &&
		EVP_DigestInit_ex2(lib.hash, lib.blake, NULL) == 1 && load_mac())
		return 0;
	EVP_MAC_CTX_free(lib.mac);
	EVP_MD_CTX_free(lib.hash);
	EVP_MD_free(lib.blake);
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
	void *ctx; /* the provider's */
};

struct lr_aead *lr_aead_new(const uint8_t key[LR_KEY_LEN], bool seal)
{
	struct lr_aead *a = calloc(1, sizeof(*a));
	if (!a || lr_crypto_load() != 0)
		goto out;
	a->ctx = lib.chacha.newctx(lib.chacha.provider);
	if (a->ctx && (seal ? lib.chacha.encrypt_init : lib.chacha.decrypt_init)(
			      a->ctx, key, LR_KEY_LEN, NULL, 0, NULL) == 1)
		return a;
out:
	lr_aead_free(a);
	return NULL;
}

void lr_aead_free(struct lr_aead *a)
{
	if (!a)
		return;
	if (a->ctx)
		lib.chacha.freectx(a->ctx); /* which cleanses the key schedule */
	free(a);
}

static void nonce_of(uint8_t nonce[12], uint64_t counter)
{
	memset(nonce, 0, 4);
	lr_put_le64(nonce + 4, counter);
}

/* The one parameter of each packet, written out: OSSL_PARAM_construct_*() copies it twice. */
#define TAG_PARAM(at)                                                                              \
	{                                                                                          \
		{OSSL_CIPHER_PARAM_AEAD_TAG, OSSL_PARAM_OCTET_STRING, (at), LR_TAG_LEN, 0},        \
		{                                                                                  \
			0                                                                          \
		}                                                                                  \
	}

int lr_aead_seal(struct lr_aead *a, uint64_t counter, uint8_t *dst, const uint8_t *src, size_t len)
{
	const struct chacha *c = &lib.chacha;
	OSSL_PARAM tag[] = TAG_PARAM(dst + len);
	uint8_t nonce[12];
	size_t n;

	nonce_of(nonce, counter);
	if (c->encrypt_init(a->ctx, NULL, 0, nonce, sizeof(nonce), NULL) != 1 ||
		(len && c->update(a->ctx, dst, &n, len, src, len) != 1) ||
		c->final(a->ctx, dst + len, &n, LR_TAG_LEN) != 1 || c->get_params(a->ctx, tag) != 1)
		return -EIO;
	return 0;
}

int lr_aead_open(struct lr_aead *a, uint64_t counter, uint8_t *dst, const uint8_t *src, size_t len)
{
	const struct chacha *c = &lib.chacha;
	uint8_t nonce[12];
	size_t n;

	if (len < LR_TAG_LEN)
		return -EBADMSG;
	len -= LR_TAG_LEN;
	OSSL_PARAM tag[] = TAG_PARAM((void *)(src + len));
	nonce_of(nonce, counter);
	if (c->decrypt_init(a->ctx, NULL, 0, nonce, sizeof(nonce), NULL) != 1 ||
		c->set_params(a->ctx, tag) != 1 ||
		(len && c->update(a->ctx, dst, &n, len, src, len) != 1) ||
		c->final(a->ctx, dst + len, &n, 0) != 1)
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
