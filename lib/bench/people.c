/*
 * people.c - a party, its members' signed records, and a directory to put them into
 */
#include "lib/bench/people.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/net/addr.h"

#define START_S 1800000000ull
#define LIFE_S  900

static bool found(struct lr_bench_people *p)
{
	struct lr_charter *c = calloc(1, sizeof(*c));
	uint8_t host_secret[LR_SIGN_SECRET_LEN];
	int len = -1;

	if (!c)
		return false;
	lr_sign_keypair(p->id, host_secret);
	lr_random(p->secret, sizeof(p->secret));
	lr_keys_of_epoch(&p->keys, p->id, 1, p->secret);
	c->epoch = 1;
	c->number = 1;
	memcpy(c->id, p->id, sizeof(c->id));
	memcpy(c->access_public, p->keys.access_public, sizeof(c->access_public));
	c->pool = lr_keys_pool(p->id, false);
	c->n_relays = 1;
	if (lr_place_parse("relay.example", 13, &c->relays[0]) == 0)
		len = lr_charter_sign(c, host_secret, p->charter);
	lr_wipe(host_secret, sizeof(host_secret));
	free(c);
	p->charter_len = len > 0 ? (size_t)len : 0;
	return len > 0;
}

static bool sign_up(const struct lr_bench_people *p, struct lr_bench_person *who, unsigned i)
{
	uint8_t party_key[LR_KEY_LEN], party_secret[LR_SIGN_SECRET_LEN], nonce[LR_XNONCE_LEN];
	const struct lr_signer by = {p->id, &p->keys, party_key, party_secret};
	struct lr_record r = {.since_s = START_S - 1000};

	lr_keypair(who->wg_private, r.public_key);
	lr_keys_of_member(party_key, party_secret, who->wg_private, p->id);
	lr_keyhash(who->keyhash, party_key);
	snprintf(r.name, sizeof(r.name), "member-%u", i);
	r.address = lr_ip4(0x0a420102u + i / 200 * 256 + i % 200);
	lr_random(nonce, sizeof(nonce));
	int len = lr_record_sign(&r, 1, START_S + LIFE_S, &by, nonce, who->bytes);
	lr_wipe(party_secret, sizeof(party_secret));
	who->len = len > 0 ? (size_t)len : 0;
	return len > 0;
}

struct lr_bench_people *lr_bench_people_new(unsigned n)
{
	struct lr_bench_people *p = calloc(1, sizeof(*p));
	bool good = p && (p->each = calloc(n + 1, sizeof(*p->each))) && found(p);

	if (good) {
		p->now = (struct lr_directory_now){1000 * LR_NS_PER_S, START_S * 1000};
		p->n = n;
	}
	for (unsigned i = 0; good && i < n; i++)
		good = sign_up(p, &p->each[i], i);
	if (good)
		return p;
	lr_bench_people_free(p);
	return NULL;
}

void lr_bench_people_free(struct lr_bench_people *p)
{
	if (!p)
		return;
	free(p->each);
	lr_wipe(&p->keys, sizeof(p->keys));
	free(p);
}

bool lr_bench_join(struct lr_directory *d, const struct lr_bench_people *p, unsigned i)
{
	const struct lr_bench_person *who = &p->each[i];
	size_t len;

	if (lr_directory_put_record(d, p->id, who->keyhash, who->bytes, who->len, &p->now) !=
		LR_DIRECTORY_OK)
		return false;
	free(lr_directory_list(d, p->id, NULL, &p->now, &len));
	return true;
}

struct lr_directory *lr_bench_directory(const struct lr_bench_people *p, unsigned members)
{
	const struct lr_directory_hooks none = {0};
	struct lr_directory_limits limits = lr_directory_defaults;
	struct lr_directory *d = lr_directory_new(&limits, 1, &none);
	bool good = d && lr_directory_put_charter(d, p->id, p->charter, p->charter_len, true,
				 &p->now) == LR_DIRECTORY_OK;

	for (unsigned i = 0; good && i < members; i++)
		good = lr_bench_join(d, p, i);
	if (good)
		return d;
	lr_directory_free(d);
	return NULL;
}

struct lr_roster *lr_bench_roster(const struct lr_bench_people *p)
{
	const struct lr_roster_hooks none = {0};
	uint8_t private_key[LR_KEY_LEN], public_key[LR_KEY_LEN];
	struct lr_prefix pool = lr_keys_pool(p->id, false);

	lr_keypair(private_key, public_key);
	struct lr_roster *r = lr_roster_new(p->id, private_key, &none);
	lr_wipe(private_key, sizeof(private_key));
	if (r && lr_roster_enter(r, 1, p->secret, &pool) == 0) {
		lr_roster_join(r, NULL, p->now.mono_ns);
		return r;
	}
	lr_roster_free(r);
	return NULL;
}
