/*
 * keys.c - what is derived from what in a party
 *
 * The contexts in quotes are part of the protocol: with other ones, other parties.
 */
#include "lib/party/keys.h"

#include <string.h>

#include "lib/base/bytes.h"

#define TEXT(s)                                                                                    \
	{                                                                                          \
		s, sizeof(s) - 1                                                                   \
	}
#define SUBKEYS "LRepoch1" /* crypto_kdf's context: 8 characters */

enum { SUB_RECORD = 1, SUB_ACCESS = 2, SUB_PSK = 3 };

void lr_keys_of_epoch(struct lr_epoch_keys *out, const uint8_t id[LR_PARTY_ID_LEN], uint16_t epoch,
	const uint8_t secret[LR_SECRET_LEN])
{
	uint8_t master[LR_KEY_LEN], seed[LR_KEY_LEN], number[2];

	lr_put_be16(number, epoch);
	const struct lr_span spans[] = {TEXT("lanrage secret 1"), {id, LR_PARTY_ID_LEN},
		{number, sizeof(number)}, {secret, LR_SECRET_LEN}};
	lr_digest(master, sizeof(master), NULL, 0, spans, 4);
	out->epoch = epoch;
	memcpy(out->secret, secret, LR_SECRET_LEN);
	lr_subkey(out->record_key, LR_KEY_LEN, SUB_RECORD, SUBKEYS, master);
	lr_subkey(seed, sizeof(seed), SUB_ACCESS, SUBKEYS, master);
	lr_sign_seeded(out->access_public, out->access_secret, seed);
	lr_subkey(out->psk_seed, LR_KEY_LEN, SUB_PSK, SUBKEYS, master);
	lr_wipe(master, sizeof(master));
	lr_wipe(seed, sizeof(seed));
}

void lr_keys_of_member(uint8_t public_key[LR_KEY_LEN], uint8_t secret[LR_SIGN_SECRET_LEN],
	const uint8_t wg_private[LR_KEY_LEN], const uint8_t id[LR_PARTY_ID_LEN])
{
	uint8_t seed[LR_KEY_LEN];

	lr_digest(seed, sizeof(seed), wg_private, LR_KEY_LEN,
		(struct lr_span[]){TEXT("lanrage member 1"), {id, LR_PARTY_ID_LEN}}, 2);
	lr_sign_seeded(public_key, secret, seed);
	lr_wipe(seed, sizeof(seed));
}

void lr_keyhash(uint8_t out[LR_KEYHASH_LEN], const uint8_t party_key[LR_KEY_LEN])
{
	lr_digest(out, LR_KEYHASH_LEN, NULL, 0,
		(struct lr_span[]){TEXT("lanrage keyhash 1"), {party_key, LR_KEY_LEN}}, 2);
}

void lr_keys_psk(uint8_t out[LR_KEY_LEN], const uint8_t psk_seed[LR_KEY_LEN],
	const uint8_t a[LR_KEY_LEN], const uint8_t b[LR_KEY_LEN])
{
	bool first = memcmp(a, b, LR_KEY_LEN) < 0;

	lr_digest(out, LR_KEY_LEN, psk_seed, LR_KEY_LEN,
		(struct lr_span[]){TEXT("lanrage psk 1"), {first ? a : b, LR_KEY_LEN},
			{first ? b : a, LR_KEY_LEN}},
		3);
}

/* 32 bytes that follow from the id, for what is public about a party. */
static void of_id(uint8_t out[32], const uint8_t id[LR_PARTY_ID_LEN], const char *context)
{
	lr_digest(out, 32, NULL, 0,
		(struct lr_span[]){{context, strlen(context)}, {id, LR_PARTY_ID_LEN}}, 2);
}

struct lr_prefix lr_keys_ula(const uint8_t id[LR_PARTY_ID_LEN])
{
	struct lr_prefix ula = {.ip = {.family = 6, .b = {0xfd}}, .len = 64};
	uint8_t h[32];

	of_id(h, id, "lanrage ula 1");
	memcpy(ula.ip.b + 1, h, 7);
	return ula;
}

struct lr_prefix lr_keys_pool(const uint8_t id[LR_PARTY_ID_LEN], bool alternative)
{
	uint8_t h[32], x = 66;

	if (alternative) {
		of_id(h, id, "lanrage pool 1");
		x = (uint8_t)(64 + lr_get_be32(h) % 190); /* 64..253, and 66 and above move up */
		x += x >= 66;
	}
	return (struct lr_prefix){.ip = {.family = 4, .b = {10, x}}, .len = 16};
}

struct lr_ip lr_keys_address6(const struct lr_prefix *ula, const struct lr_ip *address)
{
	struct lr_ip ip = {.family = 6};

	memcpy(ip.b, ula->ip.b, 8);
	memcpy(ip.b + 12, address->b, 4);
	return ip;
}

/* Addresses of the pool that end in neither .0 nor .255 (nor are the ends of a small pool), and
 * the n-th of them; as lib/ipam counts them. */
static uint32_t usable(const struct lr_prefix *pool)
{
	uint32_t all = (uint32_t)1 << (32 - pool->len);

	return pool->len <= 24 ? all / 256 * 254 : all - 2;
}

static struct lr_ip nth(const struct lr_prefix *pool, uint32_t n)
{
	uint32_t base = lr_get_be32(pool->ip.b);

	return lr_ip4(base + (pool->len <= 24 ? n / 254 * 256 + n % 254 : n) + 1);
}

struct lr_ip lr_keys_address(
	const struct lr_prefix *pool, const uint8_t keyhash[LR_KEYHASH_LEN], unsigned round)
{
	struct lr_prefix masked = *pool;
	uint8_t h[32], count[4];

	lr_prefix_mask(&masked);
	lr_put_be32(count, round);
	lr_digest(h, sizeof(h), NULL, 0,
		(struct lr_span[]){
			TEXT("lanrage address 1"), {keyhash, LR_KEYHASH_LEN}, {count, 4}},
		3);
	return nth(&masked, 1 + (uint32_t)(lr_get_be64(h) % (usable(&masked) - 1)));
}

struct lr_ip lr_keys_host_address(const struct lr_prefix *pool)
{
	struct lr_prefix masked = *pool;

	lr_prefix_mask(&masked);
	return nth(&masked, 0);
}

int lr_party_id_parse(const char *text, size_t chars, uint8_t id[LR_PARTY_ID_LEN])
{
	return lr_base64url_parse(text, chars, id, LR_PARTY_ID_LEN);
}

const char *lr_party_id_text(const uint8_t id[LR_PARTY_ID_LEN], char out[LR_PARTY_ID_TEXT])
{
	return lr_base64url(id, LR_PARTY_ID_LEN, out);
}

int lr_keyhash_parse(const char *text, size_t chars, uint8_t keyhash[LR_KEYHASH_LEN])
{
	return lr_base64url_parse(text, chars, keyhash, LR_KEYHASH_LEN);
}

const char *lr_keyhash_text(const uint8_t keyhash[LR_KEYHASH_LEN], char out[LR_KEYHASH_TEXT])
{
	return lr_base64url(keyhash, LR_KEYHASH_LEN, out);
}
