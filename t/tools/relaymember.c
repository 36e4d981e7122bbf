/*
 * relaymember.c - a party's members as a relay sees them, for tests
 *
 *   relaymember found DIR                 a party; DIR/charter is its charter
 *   relaymember id DIR                    its id
 *   relaymember kick DIR NAME OTHER...    DIR/charter of the next epoch, with boxes for OTHER...
 *   relaymember epoch DIR N               sign with that epoch from now on
 *   relaymember keyhash DIR NAME
 *   relaymember record DIR NAME VERSION [SECONDS [leave]]   a signed record to standard output
 *   relaymember access DIR [SECONDS]      the value of LR-Access, for now plus SECONDS
 *   relaymember offer DIR TOKEN USES SECONDS  a signed offer; `tokenhash TOKEN` its hash
 *   relaymember list                      a list on standard input, one entry a line
 *   relaymember talk DIR HOST:PORT        packets: see relaytalk.h
 *
 * All keys come from DIR/seed, so DIR and names are all that has to be remembered.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/state.h"
#include "lib/party/access.h"
#include "lib/party/charter.h"
#include "lib/party/list.h"
#include "lib/party/record.h"
#include "lib/party/token.h"
#include "t/tools/relayparty.h"
#include "t/tools/relaytalk.h"

static const char *dir;

static const char *file(const char *name)
{
	static char path[4096];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void save(const char *name, const void *bytes, size_t len)
{
	if (lr_replace_file(file(name), bytes, len, 0600, NULL) < 0)
		stop(name);
}

static uint8_t *load(const char *name, size_t *len)
{
	uint8_t *bytes = (uint8_t *)lr_read_file(file(name), 1 << 20, len, NULL);
	if (!bytes)
		stop(name);
	return bytes;
}

static void open_party(void)
{
	size_t len;
	uint8_t *bytes = load("seed", &len);
	memcpy(seed, bytes, sizeof(seed));
	free(bytes);
	bytes = load("epoch", &len);
	use_party((unsigned)strtoul((char *)bytes, NULL, 10));
	free(bytes);
}

/* ------------------------------------------------------------------ party */

static void set_epoch(unsigned epoch)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%u", epoch);
	save("epoch", text, (size_t)n);
}

static int found(void)
{
	static uint8_t out[LR_CHARTER_MAX];
	lr_random(seed, sizeof(seed));
	if (lr_make_dirs(dir, 0700, NULL) < 0)
		stop(dir);
	save("seed", seed, sizeof(seed));
	set_epoch(1);
	open_party();
	save("charter", out, party_charter(out));
	return 0;
}

static int kick(int n, char **names)
{
	static struct lr_charter c;
	static uint8_t out[LR_CHARTER_MAX];
	static struct lr_remaining to[MEMBERS];
	uint8_t kicked[LR_KEY_LEN], secret[LR_SIGN_SECRET_LEN], hash[LR_KEYHASH_LEN];
	size_t len;
	uint8_t *held = load("charter", &len);
	if (lr_charter_read(held, len, id, &c) < 0)
		stop("charter");
	for (int i = 1; i < n; i++) {
		uint8_t party[LR_KEY_LEN], wg[LR_KEY_LEN];
		party_keys(names[i], party, secret, to[i - 1].keyhash);
		wg_private(names[i], wg);
		lr_public_key(to[i - 1].public_key, wg);
	}
	party_keys(names[0], kicked, secret, hash);
	use_epoch(lr_charter_epoch(&c) + 1u);
	int made = lr_charter_kick(&c, kicked, keys.secret, to, (size_t)n - 1, host_secret, out);
	if (made < 0)
		stop("kick");
	save("charter", out, (size_t)made);
	set_epoch(keys.epoch);
	free(held);
	return 0;
}

static int record(int n, char **a)
{
	uint8_t out[LR_RECORD_MAX];
	long seconds = n > 2 ? strtol(a[2], NULL, 10) : 600;
	size_t len = party_record(
		a[0], strtoull(a[1], NULL, 10), (uint64_t)(time(NULL) + seconds), n > 3, out);
	fwrite(out, 1, len, stdout);
	return 0;
}

static void token_of(const char *text, uint8_t token[LR_TOKEN_LEN])
{
	memset(token, 0, LR_TOKEN_LEN);
	memcpy(token, text, strlen(text) < LR_TOKEN_LEN ? strlen(text) : LR_TOKEN_LEN);
}

static int offer(char **a)
{
	struct lr_invite v = {.flags = LR_INVITE_TOKEN};
	uint8_t nonce[LR_XNONCE_LEN], out[LR_OFFER_LEN];
	token_of(a[0], v.token);
	memcpy(v.id, id, sizeof(id));
	lr_random(nonce, sizeof(nonce));
	lr_offer_sign(&v, &keys, (uint8_t)strtoul(a[1], NULL, 10),
		(uint64_t)(time(NULL) + strtol(a[2], NULL, 10)), nonce, out);
	fwrite(out, 1, sizeof(out), stdout);
	return 0;
}

static int print_list(void)
{
	static uint8_t bytes[1 << 20];
	struct lr_list l;
	struct lr_list_entry e;
	char text[64];
	size_t len = fread(bytes, 1, sizeof(bytes), stdin);
	if (lr_list_read(bytes, len, &l) < 0) {
		puts("no list");
		return 1;
	}
	printf("list %s %s\n", l.whole ? "whole" : "part", lr_since_text(&l.now, text));
	while (lr_list_next(&l, &e)) {
		struct lr_envelope v;
		struct lr_claim c;
		if (e.kind == LR_LIST_CHARTER)
			puts("charter");
		else if (e.kind == LR_LIST_CLAIM && lr_claim_read(e.at, e.len, &c) == 0)
			printf("claim left %u by %s\n", c.left, c.who);
		else if (lr_envelope_read(e.at, e.len, &v) == 0)
			printf("record %s version %llu%s\n", lr_keyhash_text(v.keyhash, text),
				(unsigned long long)v.version, v.leave ? " left" : "");
	}
	return 0;
}

/* ------------------------------------------------------------------ command line */

int main(int argc, char **argv)
{
	char text[128];
	uint8_t party[LR_KEY_LEN], secret[LR_SIGN_SECRET_LEN], hash[LR_TOKEN_HASH_LEN],
		token[LR_TOKEN_LEN];
	const char *what = argc > 1 ? argv[1] : "";
	if (lr_crypto_init() < 0)
		stop("crypto");
	if (!strcmp(what, "list"))
		return print_list();
	if (argc < 3)
		stop("usage: relaymember COMMAND DIR ...");
	dir = argv[2];
	if (!strcmp(what, "tokenhash")) {
		token_of(argv[2], token);
		lr_token_hash(hash, token);
		return puts(lr_token_hash_text(hash, text)) < 0;
	}
	if (!strcmp(what, "found"))
		return found();
	open_party();
	if (!strcmp(what, "id"))
		return puts(lr_party_id_text(id, text)) < 0;
	if (!strcmp(what, "access"))
		return puts(lr_access_text(id, &keys,
			       (uint64_t)(time(NULL) + (argc > 3 ? atol(argv[3]) : 0)), text)) < 0;
	if (argc < 4)
		stop("usage");
	if (!strcmp(what, "epoch"))
		return set_epoch((unsigned)strtoul(argv[3], NULL, 10)), 0;
	if (!strcmp(what, "kick"))
		return kick(argc - 3, argv + 3);
	if (!strcmp(what, "keyhash")) {
		party_keys(argv[3], party, secret, hash);
		return puts(lr_keyhash_text(hash, text)) < 0;
	}
	if (!strcmp(what, "talk"))
		return talk(argv[3]);
	if (!strcmp(what, "record") && argc > 4)
		return record(argc - 3, argv + 3);
	if (!strcmp(what, "offer") && argc > 5)
		return offer(argv + 3);
	stop("usage");
}
