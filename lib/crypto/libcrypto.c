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
 * its provider for lengths by name at every turn, which costs a small packet a quarter of its time,
 * so the provider's own functions are called, as it offers them to EVP. ChaCha20 and Poly1305 are
 * called apart and put together here as RFC 8439 section 2.8 says, because the provider's AEAD
 * makes the block of the one-time key by itself, which takes as long as 512 bytes: here 64 zero
 * bytes stand in front of the packet's copy, and one call makes both. The copy also means that
 * nothing is written before the tag is known to be right. (Seal, ns, EVP's AEAD, the provider's,
 * this: 64 B 446, 351, 232; 256 B 473 and 343; 1,424 B 1,188, 1,081, 846.)
 *
 * Source: RFC 8439, RFC 7693; provider-cipher(7ssl), provider-mac(7ssl),
 * OSSL_PROVIDER_query_operation(3ssl).
 */
#include "lib/crypto/libcrypto.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/provider.h>

#include "lib/base/bytes.h"
#include "lib/crypto/crypto.h"

/* The provider's functions, as provider-cipher(7ssl) and provider-mac(7ssl) name them. */
struct chacha {
	OSSL_FUNC_cipher_newctx_fn *newctx;
	OSSL_FUNC_cipher_freectx_fn *freectx;
	OSSL_FUNC_cipher_encrypt_init_fn *init;
	OSSL_FUNC_cipher_update_fn *update;
};
struct poly {
	OSSL_FUNC_mac_newctx_fn *newctx;
	OSSL_FUNC_mac_freectx_fn *freectx;
	OSSL_FUNC_mac_init_fn *init;
	OSSL_FUNC_mac_update_fn *update;
	OSSL_FUNC_mac_final_fn *final;
};

static struct {
	void *provider;
	struct chacha chacha;
	struct poly poly;
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

/* The provider's table for the algorithm `name`; NULL when it has none. */
static const OSSL_DISPATCH *table_of(const OSSL_PROVIDER *from, int operation, const char *name)
{
	int no_store;
	size_t len = strlen(name);
	const OSSL_ALGORITHM *all = OSSL_PROVIDER_query_operation(from, operation, &no_store);
	for (; all && all->algorithm_names; all++)
		if (strncasecmp(all->algorithm_names, name, len) == 0 &&
			(all->algorithm_names[len] == ':' || !all->algorithm_names[len]))
			return all->implementation;
	return NULL;
}

static bool take_chacha(struct chacha *c, const OSSL_DISPATCH *d)
{
	for (; d && d->function_id; d++) {
		if (d->function_id == OSSL_FUNC_CIPHER_NEWCTX)
			c->newctx = OSSL_FUNC_cipher_newctx(d);
		else if (d->function_id == OSSL_FUNC_CIPHER_FREECTX)
			c->freectx = OSSL_FUNC_cipher_freectx(d);
		else if (d->function_id == OSSL_FUNC_CIPHER_ENCRYPT_INIT)
			c->init = OSSL_FUNC_cipher_encrypt_init(d);
		else if (d->function_id == OSSL_FUNC_CIPHER_UPDATE)
			c->update = OSSL_FUNC_cipher_update(d);
	}
	return c->newctx && c->freectx && c->init && c->update;
}

static bool take_poly(struct poly *p, const OSSL_DISPATCH *d)
{
	for (; d && d->function_id; d++) {
		if (d->function_id == OSSL_FUNC_MAC_NEWCTX)
			p->newctx = OSSL_FUNC_mac_newctx(d);
		else if (d->function_id == OSSL_FUNC_MAC_FREECTX)
			p->freectx = OSSL_FUNC_mac_freectx(d);
		else if (d->function_id == OSSL_FUNC_MAC_INIT)
			p->init = OSSL_FUNC_mac_init(d);
		else if (d->function_id == OSSL_FUNC_MAC_UPDATE)
			p->update = OSSL_FUNC_mac_update(d);
		else if (d->function_id == OSSL_FUNC_MAC_FINAL)
			p->final = OSSL_FUNC_mac_final(d);
	}
	return p->newctx && p->freectx && p->init && p->update && p->final;
}

/* Fetching loads the provider, and says which one it is; the functions come from its tables. */
static bool load_aead(void)
{
	EVP_CIPHER *fetched = EVP_CIPHER_fetch(NULL, "ChaCha20", NULL);
	const OSSL_PROVIDER *from = fetched ? EVP_CIPHER_get0_provider(fetched) : NULL;
	if (!from)
		return false;
	lib.provider = OSSL_PROVIDER_get0_provider_ctx(from);
	/* `fetched` is kept: it holds the provider in memory. */
	return take_chacha(&lib.chacha, table_of(from, OSSL_OP_CIPHER, "ChaCha20")) &&
	       take_poly(&lib.poly, table_of(from, OSSL_OP_MAC, "POLY1305"));
}

int lr_crypto_load(void)
{
	if (lib.mac)
		return 0;
	lib.blake = EVP_MD_fetch(NULL, "BLAKE2S-256", NULL);
	lib.hash = EVP_MD_CTX_new();
	if (load_aead() && lib.blake && lib.hash &&
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

enum {
	BLOCK = 64,   /* of ChaCha20; the first one's begin is Poly1305's key */
	WINDOW = 2048 /* what is done at once with that block: a packet of 1,500 bytes whole */
};

struct lr_aead {
	void *chacha, *poly; /* the provider's contexts */
};

struct lr_aead *lr_aead_new(const uint8_t key[LR_KEY_LEN])
{
	struct lr_aead *a = calloc(1, sizeof(*a));
	if (!a || lr_crypto_load() != 0)
		goto out;
	a->chacha = lib.chacha.newctx(lib.provider);
	a->poly = lib.poly.newctx(lib.provider);
	if (a->chacha && a->poly && lib.chacha.init(a->chacha, key, LR_KEY_LEN, NULL, 0, NULL) == 1)
		return a;
out:
	lr_aead_free(a);
	return NULL;
}

void lr_aead_free(struct lr_aead *a)
{
	if (!a)
		return;
	if (a->chacha)
		lib.chacha.freectx(a->chacha); /* which cleanses the key schedule */
	if (a->poly)
		lib.poly.freectx(a->poly);
	free(a);
}

/* The stream from block 0 on: its first block goes into `work`, behind it `len` bytes of `src` with
 * the stream of the blocks from 1 on added. Whole blocks, because the provider makes what is left
 * of one by a second call. */
static bool stream_begin(
	struct lr_aead *a, uint64_t counter, uint8_t *work, const uint8_t *src, size_t len)
{
	uint8_t iv[16] = {0}; /* number of the block (4), nonce (12): zeros (4) and the counter */
	size_t whole = (len + BLOCK - 1) & ~(size_t)(BLOCK - 1), n;

	lr_put_le64(iv + 8, counter);
	memset(work, 0, BLOCK);
	if (len)
		memcpy(work + BLOCK, src, len);
	memset(work + BLOCK + len, 0, whole - len);
	return lib.chacha.init(a->chacha, NULL, 0, iv, sizeof(iv), NULL) == 1 &&
	       lib.chacha.update(a->chacha, work, &n, BLOCK + whole, work, BLOCK + whole) == 1;
}

static bool stream_go_on(struct lr_aead *a, uint8_t *dst, const uint8_t *src, size_t len)
{
	size_t n;
	return !len || lib.chacha.update(a->chacha, dst, &n, len, src, len) == 1;
}

/* RFC 8439 section 2.8 without associated data: text, zeros up to 16 bytes, both lengths. */
static bool tag_of(struct lr_aead *a, const uint8_t *key, const uint8_t *text, size_t len,
	uint8_t tag[LR_TAG_LEN])
{
	uint8_t end[16 + 16] = {0};
	size_t pad = -len & 15, n;

	lr_put_le64(end + pad + 8, len);
	return lib.poly.init(a->poly, key, 32, NULL) == 1 &&
	       (!len || lib.poly.update(a->poly, text, len) == 1) &&
	       lib.poly.update(a->poly, end, pad + 16) == 1 &&
	       lib.poly.final(a->poly, tag, &n, LR_TAG_LEN) == 1;
}

int lr_aead_seal(struct lr_aead *a, uint64_t counter, uint8_t *dst, const uint8_t *src, size_t len)
{
	uint8_t work[BLOCK + WINDOW];
	size_t first = len < WINDOW ? len : WINDOW;
	bool good = stream_begin(a, counter, work, src, first);

	if (good && first)
		memcpy(dst, work + BLOCK, first);
	good = good && stream_go_on(a, dst + first, src + first, len - first) &&
	       tag_of(a, work, dst, len, dst + len);
	OPENSSL_cleanse(work, BLOCK);
	return good ? 0 : -EIO;
}

int lr_aead_open(struct lr_aead *a, uint64_t counter, uint8_t *dst, const uint8_t *src, size_t len)
{
	uint8_t work[BLOCK + WINDOW], tag[LR_TAG_LEN];

	if (len < LR_TAG_LEN)
		return -EBADMSG;
	len -= LR_TAG_LEN;
	size_t first = len < WINDOW ? len : WINDOW;
	bool good = stream_begin(a, counter, work, src, first) && tag_of(a, work, src, len, tag) &&
		    CRYPTO_memcmp(tag, src + len, LR_TAG_LEN) == 0;
	if (good && first)
		memcpy(dst, work + BLOCK, first);
	good = good && stream_go_on(a, dst + first, src + first, len - first);
	OPENSSL_cleanse(work, BLOCK);
	return good ? 0 : -EBADMSG;
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

const char *lr_libcrypto_version(void)
{
	return OpenSSL_version(OPENSSL_VERSION);
}
