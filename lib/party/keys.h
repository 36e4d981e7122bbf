/*
 * keys.h - what is derived from what in a party
 *
 * The host key pair (Ed25519) is the party: its public half is the id. The secret of an epoch
 * gives the record key, the access key pair and the seed of the preshared keys; the party key of a
 * member comes from its WireGuard private key and the id, so that no second file is needed
 * and nobody can link a person across parties by it.
 *
 *   master       = BLAKE2b-256("lanrage secret 1" | id | epoch | secret)
 *   record key   = crypto_kdf(master, 1), access seed = (master, 2), psk seed = (master, 3)
 *   party seed   = BLAKE2b-256(key: WireGuard private key, "lanrage member 1" | id)
 *   KEYHASH      = BLAKE2b-128("lanrage keyhash 1" | party public key)
 *   psk(a, b)    = BLAKE2b-256(key: psk seed, "lanrage psk 1" | lesser public key | greater)
 */
#ifndef LR_PARTY_KEYS_H
#define LR_PARTY_KEYS_H

#include "lib/crypto/sign.h"
#include "lib/net/addr.h"

#define LR_PARTY_ID_LEN  32
#define LR_PARTY_ID_TEXT 44 /* base64url, 43 characters and NUL: in URLs and file names */
#define LR_SECRET_LEN    16
#define LR_KEYHASH_LEN   16
#define LR_KEYHASH_TEXT  23  /* base64url, 22 characters and NUL */
#define LR_MEMBERS_MAX   256 /* of one party: a LAN's worth; bounds charters and lists */

/* All that an epoch's secret gives. Holds secrets: lr_wipe it. */
struct lr_epoch_keys {
	uint16_t epoch;
	uint8_t secret[LR_SECRET_LEN];
	uint8_t record_key[LR_KEY_LEN];
	uint8_t access_public[LR_KEY_LEN];
	uint8_t access_secret[LR_SIGN_SECRET_LEN];
	uint8_t psk_seed[LR_KEY_LEN];
};
void lr_keys_of_epoch(struct lr_epoch_keys *out, const uint8_t id[LR_PARTY_ID_LEN], uint16_t epoch,
	const uint8_t secret[LR_SECRET_LEN]);

/* A member's party key pair, from its WireGuard private key. */
void lr_keys_of_member(uint8_t public_key[LR_KEY_LEN], uint8_t secret[LR_SIGN_SECRET_LEN],
	const uint8_t wg_private[LR_KEY_LEN], const uint8_t id[LR_PARTY_ID_LEN]);
void lr_keyhash(uint8_t out[LR_KEYHASH_LEN], const uint8_t party_key[LR_KEY_LEN]);
/* WireGuard's preshared key of two members, from an epoch's psk_seed and their WireGuard public
 * keys in any order. */
void lr_keys_psk(uint8_t out[LR_KEY_LEN], const uint8_t psk_seed[LR_KEY_LEN],
	const uint8_t a[LR_KEY_LEN], const uint8_t b[LR_KEY_LEN]);

/* fdXX:XXXX:XXXX:XXXX::/64 from the id (the shape of RFC 4193 3.2). */
struct lr_prefix lr_keys_ula(const uint8_t id[LR_PARTY_ID_LEN]);
/* 10.66.0.0/16, or the alternative: 10.x.0.0/16, x = 64..254 but 66, chosen by the id. */
struct lr_prefix lr_keys_pool(const uint8_t id[LR_PARTY_ID_LEN], bool alternative);
/* The IPv6 address beside an IPv4 one: the /64, and `address` in the low 32 bits. */
struct lr_ip lr_keys_address6(const struct lr_prefix *ula, const struct lr_ip *address);
/* The address that a member tries first (round 0), or after `round` refusals: chosen by its
 * keyhash, in the pool (/8../30), never ending in .0 or .255 and never its first usable address,
 * which is left to the host. */
struct lr_ip lr_keys_address(
	const struct lr_prefix *pool, const uint8_t keyhash[LR_KEYHASH_LEN], unsigned round);
/* The host's own: the first usable address, 10.66.0.1. */
struct lr_ip lr_keys_host_address(const struct lr_prefix *pool);

/* Text forms for URLs: strict. 0 or -EINVAL. `text` need not end behind `chars`. */
int lr_party_id_parse(const char *text, size_t chars, uint8_t id[LR_PARTY_ID_LEN]);
const char *lr_party_id_text(const uint8_t id[LR_PARTY_ID_LEN], char out[LR_PARTY_ID_TEXT]);
int lr_keyhash_parse(const char *text, size_t chars, uint8_t keyhash[LR_KEYHASH_LEN]);
const char *lr_keyhash_text(const uint8_t keyhash[LR_KEYHASH_LEN], char out[LR_KEYHASH_TEXT]);

#endif
