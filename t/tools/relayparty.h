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
#include "lib/party/keys.h"

#define MEMBERS 64

static uint8_t seed[32], id[LR_PARTY_ID_LEN], host_secret[LR_SIGN_SECRET_LEN];
static struct lr_epoch_keys keys;
static const char *dir;

__attribute__((noreturn)) static void stop(const char *what)
{
	fprintf(stderr, "relaymember: %s: %s\n", what, strerror(errno));
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

#endif
