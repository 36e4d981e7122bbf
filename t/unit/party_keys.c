/*
 * party_keys.c - what is derived in a party, places of relays, text forms
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/party/keys.h"
#include "lib/party/place.h"
#include "t/unit/crypto_hex.h"

#define RECORD_KEY "c10d455214463dbb33488a7c5d3f592a6d2b465882f249764de95a237d111b0a"
#define ACCESS     "04d9d66d8a7c6d7b9bb6879dca874daaa18b500a70b82a1b9e00a72be1abcd54"
#define PSK_SEED   "399b2bfb25246439ede66bdb9ee5c3f3c5763fe52961f5cb6bb5e1a42b8e77ca"
#define MEMBER     "6c2b5a9595e893aa6248db1b803bc86c708e4ec411cc8d7ea0413221bc78be53"
#define KEYHASH    "e74ab737153918d117bda131b7f54eaa"
#define PSK        "2a6d733900aa9618e0407df13f568d1cd4a5cd25e0e6afb32c3611a5ba481b1c"
#define ULA        "fd8d:4da5:bc87:d207::/64"
#define POOL       "10.223.0.0/16"
#define ADDRESS    "10.66.236.114"
#define ADDRESS6   "fd8d:4da5:bc87:d207::a42:1"

static uint8_t id[32], secret[16], wg[32];

/* Computed with Python's hashlib and cryptography from the definitions in keys.h, for id = 0, 1, ..
 * 31; secret = 100, 101, ..; WireGuard private key = 7, 7, ... Other values are another party. */
static void fixed(void)
{
	struct lr_epoch_keys k;
	uint8_t pub[32], sec[64], hash[16], psk[32], a[32] = {1}, b[32] = {2};
	char text[LR_ADDR_TEXT];

	lr_keys_of_epoch(&k, id, 258, secret);
	is_hex(k.record_key, RECORD_KEY, "record key");
	is_hex(k.access_public, ACCESS, "access key");
	is_hex(k.psk_seed, PSK_SEED, "seed of the preshared keys");
	is_int(k.epoch, 258, "epoch");
	lr_keys_of_member(pub, sec, wg, id);
	is_hex(pub, MEMBER, "a member's key in the party");
	lr_keyhash(hash, pub);
	is_hex(hash, KEYHASH, "KEYHASH");
	lr_keys_psk(psk, k.psk_seed, a, b);
	is_hex(psk, PSK, "preshared key");
	lr_keys_psk(psk, k.psk_seed, b, a);
	is_hex(psk, PSK, "in any order");
	struct lr_prefix ula = lr_keys_ula(id), pool = lr_keys_pool(id, true);
	is_str(lr_prefix_text(&ula, text), ULA, "IPv6 prefix");
	is_str(lr_prefix_text(&pool, text), POOL, "the other pool");
	pool = lr_keys_pool(id, false);
	is_str(lr_prefix_text(&pool, text), "10.66.0.0/16", "the pool");
	struct lr_ip ip = lr_keys_address(&pool, hash, 0);
	is_str(lr_ip_text(&ip, text), ADDRESS, "the address tried first");
	ip = lr_keys_host_address(&pool);
	is_str(lr_ip_text(&ip, text), "10.66.0.1", "the host's");
	ip = lr_keys_address6(&ula, &ip);
	is_str(lr_ip_text(&ip, text), ADDRESS6, "and the one beside it");
}

/* Everything that goes into a key changes it. */
static void apart(void)
{
	struct lr_epoch_keys one, other;
	uint8_t p1[32], p2[32], s[64];

	lr_keys_of_epoch(&one, id, 1, secret);
	lr_keys_of_epoch(&other, id, 2, secret);
	ok(memcmp(one.access_public, other.access_public, 32) &&
			memcmp(one.record_key, other.record_key, 32) &&
			memcmp(one.psk_seed, other.psk_seed, 32),
		"another epoch: all other keys");
	id[0] ^= 1;
	lr_keys_of_epoch(&other, id, 1, secret);
	ok(memcmp(one.access_public, other.access_public, 32) &&
			memcmp(one.record_key, other.record_key, 32),
		"another party: all other keys");
	lr_keys_of_member(p1, s, wg, id);
	id[0] ^= 1;
	lr_keys_of_member(p2, s, wg, id);
	ok(memcmp(p1, p2, 32) != 0, "a person has another key in another party");
}

static void pools(void)
{
	unsigned seen[256] = {0}, bad = 0, kinds = 0;
	uint8_t any[32];

	for (unsigned i = 0; i < 4000; i++) {
		lr_random(any, sizeof(any));
		struct lr_prefix p = lr_keys_pool(any, true);
		bad += p.len != 16 || p.ip.b[0] != 10 || p.ip.b[1] < 64 || p.ip.b[1] == 66 ||
		       p.ip.b[1] == 255 || p.ip.b[2] || p.ip.b[3];
		kinds += seen[p.ip.b[1]]++ == 0;
	}
	is_int(bad, 0, "the other pool is 10.64.0.0/16 to 10.254.0.0/16 without 10.66");
	ok(kinds > 180, "and any of them: %u", kinds);
}

/* No address that ends in .0 or .255, none outside the pool, never the host's. */
static void addresses(void)
{
	for (uint8_t len = 8; len <= 30; len++) {
		struct lr_prefix pool = {.ip = {.family = 4, .b = {10}}, .len = len};
		struct lr_ip host = lr_keys_host_address(&pool);
		uint8_t hash[16];
		unsigned bad = 0;
		for (unsigned i = 0; i < 2000; i++) {
			lr_random(hash, sizeof(hash));
			struct lr_ip ip = lr_keys_address(&pool, hash, i % 7);
			uint8_t mask = len <= 24 ? 255 : (uint8_t)((1u << (32 - len)) - 1);
			bad += !lr_prefix_covers(&pool, &ip) || (ip.b[3] & mask) == 0 ||
			       (ip.b[3] & mask) == mask || lr_ip_equal(&ip, &host);
		}
		ok(!bad, "/%u: %u bad addresses", len, bad);
	}
}

static void places(void)
{
	static const struct {
		const char *text, *canonical, *host;
		unsigned port;
	} cases[] = {
		{"relay.example", "relay.example", "relay.example", 3478},
		{"Relay.Example:3478", "relay.example", "relay.example", 3478},
		{"relay.example:443", "relay.example:443", "relay.example", 443},
		{"192.0.2.1:1", "192.0.2.1:1", "192.0.2.1", 1},
		{"[2001:DB8:0::1]", "[2001:db8::1]", "2001:db8::1", 3478},
		{"[::1]:65535", "[::1]:65535", "::1", 65535},
		{"a_b-c", "a_b-c", "a_b-c", 3478},
		{"", NULL, NULL, 0},
		{":1", NULL, NULL, 0},
		{"a:", NULL, NULL, 0},
		{"a:0", NULL, NULL, 0},
		{"a:65536", NULL, NULL, 0},
		{"a:01", NULL, NULL, 0},
		{"a:1x", NULL, NULL, 0},
		{"a b", NULL, NULL, 0},
		{"-a", NULL, NULL, 0},
		{".a", NULL, NULL, 0},
		{"a..b", NULL, NULL, 0},
		{"::1", NULL, NULL, 0},
		{"[::1", NULL, NULL, 0},
		{"[::1]x", NULL, NULL, 0},
		{"[1.2.3.4]", NULL, NULL, 0},
		{"[fe80::1%eth0]", NULL, NULL, 0},
		{"a/b", NULL, NULL, 0},
		{"a@b", NULL, NULL, 0},
		{"[]", NULL, NULL, 0},
		{"a:123456", NULL, NULL, 0},
		{"x23456789012345678901234567890123456789012345678901234567890123456789012345678901"
		 "234567"
		 "8901234567890123456789012345678901234567890",
			NULL, NULL, 0},
	};
	char host[LR_PLACE_TEXT];
	struct lr_place p;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int rc = lr_place_parse(cases[i].text, strlen(cases[i].text), &p);
		ok(rc == (cases[i].host ? 0 : -EINVAL), "\"%.40s\": %d", cases[i].text, rc);
		if (rc < 0 || !cases[i].host)
			continue;
		is_str(p.text, cases[i].canonical, "as text");
		is_int(lr_place_split(&p, host), cases[i].port, "its port");
		is_str(host, cases[i].host, "its host");
	}
	ok(lr_place_parse("a\0b", 3, &p) == -EINVAL, "no NUL in a name");
}

static void texts(void)
{
	char text[LR_PARTY_ID_TEXT], hash_text[LR_KEYHASH_TEXT];
	uint8_t back[32];

	lr_party_id_text(id, text);
	is_int(strlen(text), 43, "an id has 43 characters");
	is_int(lr_party_id_parse(text, 43, back), 0, "and is read");
	is_mem(back, id, 32, "back");
	is_int(lr_party_id_parse(text, 42, back), -EINVAL, "not when it is cut off");
	lr_keyhash_text(id, hash_text);
	is_int(strlen(hash_text), 22, "a keyhash has 22 characters");
	is_int(lr_keyhash_parse(hash_text, 22, back), 0, "and is read");
}

int main(void)
{
	lr_crypto_init();
	for (unsigned i = 0; i < 32; i++) {
		id[i] = (uint8_t)i;
		wg[i] = 7;
		secret[i % 16] = (uint8_t)(100 + i % 16);
	}
	fixed();
	apart();
	pools();
	addresses();
	places();
	texts();
	return tap_done();
}
