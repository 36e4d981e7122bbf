/*
 * party_people.h - a party, its people and its relays, on a clock that the test owns
 *
 * A person has a WireGuard key and a roster; a relay is a directory. `person_put` and
 * `person_get` are the requests of a node, with the directory in the place of the wire.
 */
#ifndef LR_T_UNIT_PARTY_PEOPLE_H
#define LR_T_UNIT_PARTY_PEOPLE_H

#include <errno.h>
#include <stdlib.h>

#include "lib/base/clock.h"
#include "lib/party/directory.h"
#include "lib/party/roster.h"
#include "t/unit/tap.h"

#define START_S 1800000000ull

static struct lr_directory_now now = {.mono_ns = 1000 * LR_NS_PER_S, .unix_ms = START_S * 1000};

__attribute__((unused)) static void pass(uint64_t ms)
{
	now.mono_ns += ms * LR_NS_PER_MS;
	now.unix_ms += ms;
}

struct party {
	uint8_t id[32], host_secret[64], secret[16], charter[LR_CHARTER_MAX];
	int charter_len;
	struct lr_epoch_keys keys;
};

/* A party in its first epoch, and its first charter. */
__attribute__((unused)) static void found(struct party *p)
{
	struct lr_charter *c = calloc(1, sizeof(*c));

	lr_sign_keypair(p->id, p->host_secret);
	lr_random(p->secret, sizeof(p->secret));
	lr_keys_of_epoch(&p->keys, p->id, 1, p->secret);
	c->epoch = 1;
	c->number = 1;
	memcpy(c->id, p->id, 32);
	memcpy(c->access_public, p->keys.access_public, 32);
	c->pool = lr_keys_pool(p->id, false);
	c->n_relays = 1;
	lr_place_parse("relay.example", 13, &c->relays[0]);
	p->charter_len = lr_charter_sign(c, p->host_secret, p->charter);
	free(c);
}

#define EVENTS 12
struct person {
	uint8_t priv[32], pub[32];
	struct lr_roster *r;
	struct lr_since since[2];
	unsigned events[EVENTS];
};

__attribute__((unused)) static void heard(
	void *ctx, enum lr_roster_event what, struct lr_member *m, const struct lr_claim *claim)
{
	struct person *p = ctx;

	(void)m;
	(void)claim;
	p->events[what]++;
}

/* A roster for a key that is there already (a restart), or with a fresh one (NULL). */
__attribute__((unused)) static void person_with(
	struct person *p, const uint8_t *id, const char *name, const uint8_t *priv)
{
	const struct lr_roster_hooks hooks = {.ctx = p, .event = heard};

	memset(p, 0, sizeof(*p));
	if (priv)
		memcpy(p->priv, priv, 32);
	else
		lr_keypair(p->priv, p->pub);
	lr_public_key(p->pub, p->priv);
	p->r = lr_roster_new(id, p->priv, &hooks);
	snprintf(lr_roster_self(p->r)->name, LR_MEMBER_NAME, "%s", name);
}

/* Has an invite of the party's first epoch, and claims an address. */
__attribute__((unused)) static void person_enter(
	struct person *p, const struct party *of, const char *name)
{
	struct lr_prefix pool = lr_keys_pool(of->id, false);

	person_with(p, of->id, name, NULL);
	lr_roster_enter(p->r, 1, of->secret, &pool);
	lr_roster_join(p->r, NULL, now.mono_ns);
}

__attribute__((unused)) static void person_leave(struct person *p)
{
	lr_roster_free(p->r);
}

/* What the relay answers goes to the roster, a refusal as well. */
__attribute__((unused)) static void answer(
	struct person *p, struct lr_directory *d, unsigned relay, enum lr_directory_result res)
{
	const uint8_t *id = lr_roster_id(p->r);
	bool good = res == LR_DIRECTORY_OK || res == LR_DIRECTORY_SAME;
	size_t len;
	uint8_t *list =
		good ? lr_directory_list(d, id, &p->since[relay], &now, &len)
		     : lr_directory_refusal(d, id, lr_roster_keyhash(p->r), res, &now, &len);

	if (list)
		lr_roster_absorb(p->r, list, len, now.mono_ns, &p->since[relay]);
	free(list);
}

/* Publishes to one relay and takes the answer in. */
__attribute__((unused)) static enum lr_directory_result person_put(
	struct person *p, struct lr_directory *d, unsigned relay)
{
	uint8_t nonce[24], out[LR_RECORD_MAX];
	enum lr_directory_result res;

	lr_random(nonce, sizeof(nonce));
	int len = lr_roster_publish(p->r, false, now.mono_ns, now.unix_ms / 1000, nonce, out);
	if (len < 0)
		return LR_DIRECTORY_MALFORMED;
	res = lr_directory_put_record(
		d, lr_roster_id(p->r), lr_roster_keyhash(p->r), out, (size_t)len, &now);
	answer(p, d, relay, res);
	return res;
}

__attribute__((unused)) static enum lr_directory_result person_get(
	struct person *p, struct lr_directory *d, unsigned relay)
{
	char header[LR_ACCESS_TEXT];
	enum lr_directory_result res;

	lr_access_text(lr_roster_id(p->r), lr_roster_keys(p->r),
		lr_roster_time(p->r, now.mono_ns, now.unix_ms / 1000), header);
	res = lr_directory_check_access(d, lr_roster_id(p->r), header, &now);
	answer(p, d, relay, res);
	return res;
}

/* First PUT, its answer, settled, second PUT: a member like any other. */
__attribute__((unused)) static void person_join(struct person *p, struct lr_directory *d)
{
	for (int i = 0; i < 8 && lr_roster_joining(p->r); i++) {
		person_put(p, d, 0);
		if (!lr_roster_wants_publish(p->r, now.mono_ns))
			lr_roster_settle(p->r, now.mono_ns, now.unix_ms / 1000);
	}
	person_put(p, d, 0);
}

__attribute__((unused)) static struct lr_member *knows(
	const struct person *who, const struct person *whom)
{
	return lr_roster_by_key(who->r, whom->pub);
}

__attribute__((unused)) static struct lr_directory *relay_with(const struct party *p)
{
	const struct lr_directory_hooks none = {0};
	uint64_t epoch;

	lr_random(&epoch, sizeof(epoch));
	struct lr_directory *d = lr_directory_new(&lr_directory_defaults, epoch | 1, &none);
	if (p)
		lr_directory_put_charter(d, p->id, p->charter, (size_t)p->charter_len, true, &now);
	return d;
}

#endif
