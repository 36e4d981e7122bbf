/*
 * roster_own.c - our own part: address, records, kicks
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/party/roster_inside.h"

/* --- address --- */

void lr_roster_join(struct lr_roster *r, const struct lr_ip *wanted, uint64_t now_ns)
{
	struct lr_ip before = r->me.r.address;

	lr_roster_claims(r, now_ns);
	r->round = r->yields = 0;
	lr_roster_choose(r, wanted ? wanted : &before);
	r->claims_due = true;
	lr_roster_claims(r, now_ns);
}

bool lr_roster_joining(const struct lr_roster *r)
{
	return r->phase == LR_ROSTER_JOINING;
}

void lr_roster_settle(struct lr_roster *r, uint64_t now_ns, uint64_t wall_s)
{
	uint64_t time_s = lr_roster_time(r, now_ns, wall_s);

	if (r->phase != LR_ROSTER_JOINING)
		return;
	r->phase = LR_ROSTER_SETTLED;
	r->settled_ns = now_ns;
	r->me.r.since_s = time_s ? time_s : 1;
	r->publish = true;
}

void lr_roster_touch(struct lr_roster *r)
{
	r->publish = true;
	r->claims_due = true; /* guests may be others */
}

/* --- records --- */

bool lr_roster_wants_publish(const struct lr_roster *r, uint64_t now_ns)
{
	if (!r->has_keys || r->out || r->phase == LR_ROSTER_IDLE)
		return false;
	return r->publish || !r->published_ns ||
	       now_ns >= r->published_ns + LR_ROSTER_LIFE_S / 2 * LR_NS_PER_S;
}

int lr_roster_publish(struct lr_roster *r, bool leave, uint64_t now_ns, uint64_t wall_s,
	const uint8_t nonce[LR_XNONCE_LEN], uint8_t *out)
{
	uint64_t time_s = lr_roster_time(r, now_ns, wall_s);
	uint64_t version = r->me.version + 1;
	const struct lr_signer by = {
		.id = r->id,
		.keys = &r->keys,
		.party_public = r->me.party_key,
		.party_secret = r->party_secret,
	};

	if (!r->has_keys)
		return -ENOKEY;
	/* Near the time: greater than what we published before a restart that lost the number. */
	if (version < time_s * 1000)
		version = time_s * 1000;
	int len = lr_record_sign(
		leave ? NULL : &r->me.r, version, time_s + LR_ROSTER_LIFE_S, &by, nonce, out);
	if (len < 0)
		return len;
	r->me.version = version;
	r->published_ns = now_ns ? now_ns : 1;
	r->publish = false;
	return len;
}

/* --- changing the party --- */

/* Everybody that we know, there or not, and ourselves. */
static size_t remaining(const struct lr_roster *r, struct lr_remaining *out)
{
	size_t n = 0;

	memcpy(out[n].keyhash, r->me.keyhash, LR_KEYHASH_LEN);
	memcpy(out[n++].public_key, r->me.r.public_key, LR_KEY_LEN);
	for (size_t i = 0; i < r->n; i++) {
		memcpy(out[n].keyhash, r->members[i]->keyhash, LR_KEYHASH_LEN);
		memcpy(out[n++].public_key, r->members[i]->r.public_key, LR_KEY_LEN);
	}
	return n;
}

static int host_kicks(const struct lr_roster *r, const struct lr_member *m, const uint8_t *secret,
	const struct lr_remaining *to, size_t n, const uint8_t *host_secret, uint8_t *out)
{
	struct lr_charter *c = malloc(sizeof(*c));

	if (!c)
		return -ENOMEM;
	*c = *r->rules;
	if (r->epoch_seen > lr_charter_epoch(c)) {
		/* A fork went further somewhere: our epoch must be greater than its. */
		lr_charter_fold(c);
		c->epoch = r->epoch_seen;
	}
	int rc = lr_charter_kick(c, m->party_key, secret, to, n, host_secret, out);
	free(c);
	return rc;
}

int lr_roster_kick(const struct lr_roster *r, const uint8_t keyhash[LR_KEYHASH_LEN],
	const uint8_t secret[LR_SECRET_LEN], const uint8_t *host_secret, uint8_t *out)
{
	const struct lr_member *m = lr_roster_by_keyhash(r, keyhash);
	struct lr_remaining to[LR_MEMBERS_MAX];

	if (!m)
		return -ENOENT;
	if (!r->rules || r->out)
		return -ENOKEY;
	size_t n = remaining(r, to);
	if (host_secret)
		return host_kicks(r, m, secret, to, n, host_secret, out);
	return lr_charter_link(
		r->charter, r->charter_len, keyhash, secret, to, n, r->party_secret, out);
}

static bool confirm(struct lr_charter *c, const struct lr_member *m)
{
	struct lr_confirmed *pair = &c->confirmed[c->n_confirmed];

	if (!m->holds || !m->r.since_s || c->n_confirmed == LR_MEMBERS_MAX ||
		lr_charter_confirmed(c, m->keyhash) || lr_charter_holder(c, &m->r.address))
		return false;
	memcpy(pair->keyhash, m->keyhash, LR_KEYHASH_LEN);
	pair->address = m->r.address;
	c->n_confirmed++;
	return true;
}

unsigned lr_roster_confirm(const struct lr_roster *r, struct lr_charter *c)
{
	unsigned added = confirm(c, &r->me);

	for (size_t i = 0; i < r->n; i++) {
		if (r->members[i]->state == LR_MEMBER_LIVE)
			added += confirm(c, r->members[i]);
	}
	return added;
}
