/*
 * relayparty.h - the keys of a test's party: all come from one seed and the members' names
 */
#ifndef LR_T_TOOLS_RELAYPARTY_H
#define LR_T_TOOLS_RELAYPARTY_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/party/charter.h"
#include "lib/party/record.h"

#define MEMBERS 64

static uint8_t seed[32], id[LR_PARTY_ID_LEN], host_secret[LR_SIGN_SECRET_LEN];
static struct lr_epoch_keys keys;

__attribute__((noreturn)) static void stop(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

static void derive(uint8_t *out, size_t len, const char *what, const char *name)
{
	const struct lr_span spans[] = {
		{seed, sizeof(seed)}, {what, strlen(what) + 1}, {name, strlen(name)}};
	lr_digest(out, len, NULL, 0, spans, 3);
}

static void wg_private(const char *name, uint8_t out[LR_KEY_LEN])
{
	derive(out, LR_KEY_LEN, "member", name);
}

static void party_keys(const char *name, uint8_t public_key[LR_KEY_LEN],
	uint8_t secret[LR_SIGN_SECRET_LEN], uint8_t keyhash[LR_KEYHASH_LEN])
{
	uint8_t wg[LR_KEY_LEN];
	wg_private(name, wg);
	lr_keys_of_member(public_key, secret, wg, id);
	lr_keyhash(keyhash, public_key);
}

static void use_epoch(unsigned epoch)
{
	char text[16];
	uint8_t secret[LR_SECRET_LEN];
	snprintf(text, sizeof(text), "%u", epoch);
	derive(secret, sizeof(secret), "secret", text);
	lr_keys_of_epoch(&keys, id, (uint16_t)epoch, secret);
}

/* The party of `seed`, in that epoch. */
__attribute__((unused)) static void use_party(unsigned epoch)
{
	uint8_t host_seed[32];
	derive(host_seed, sizeof(host_seed), "host", "");
	lr_sign_seeded(id, host_secret, host_seed);
	use_epoch(epoch);
}

/* Its first charter: bytes in `out` (LR_CHARTER_MAX). */
__attribute__((unused)) static size_t party_charter(uint8_t *out)
{
	static struct lr_charter c;
	memset(&c, 0, sizeof(c));
	memcpy(c.id, id, sizeof(id));
	c.epoch = c.number = 1;
	memcpy(c.access_public, keys.access_public, LR_KEY_LEN);
	c.pool = lr_keys_pool(id, false);
	int len = lr_charter_sign(&c, host_secret, out);
	if (len < 0)
		stop("charter");
	return (size_t)len;
}

/* A member's record: bytes in `out` (LR_RECORD_MAX). */
__attribute__((unused)) static size_t party_record(
	const char *name, uint64_t version, uint64_t until_s, bool leave, uint8_t *out)
{
	static struct lr_record r;
	uint8_t nonce[LR_XNONCE_LEN], party[LR_KEY_LEN], secret[LR_SIGN_SECRET_LEN],
		hash[LR_KEYHASH_LEN], wg[LR_KEY_LEN], random[LR_PROOF_RANDOM];
	const struct lr_signer by = {id, &keys, party, secret};
	party_keys(name, party, secret, hash);
	wg_private(name, wg);
	lr_random(nonce, sizeof(nonce));
	derive(random, sizeof(random), "proof", name);
	lr_record_own(&r, wg, id, party, random);
	snprintf(r.name, sizeof(r.name), "%s", name);
	int len = lr_record_sign(leave ? NULL : &r, version, until_s, &by, nonce, out);
	if (len < 0)
		stop("record");
	return (size_t)len;
}

#endif
