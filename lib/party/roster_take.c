/*
 * roster_take.c - what relays deliver, checked and merged
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/party/roster_inside.h"

/* Soonest that a relay can make us publish again by leaving our record out. */
#define AGAIN_NS (10 * LR_NS_PER_S)
#define BAD_MAX  8 /* entries of one list that may be forged before the rest is left alone */

/* --- charters --- */

/* Whether we have, or now get, the secret of the epoch that the charter in `scratch` is of.
 * 0, with *fresh when `secret` was filled in; -ESTALE: older than what we know; -EKEYREJECTED. */
static int secret_for(struct lr_roster *r, uint8_t secret[LR_SECRET_LEN], bool *fresh)
{
	uint16_t epoch = lr_charter_epoch(r->scratch);

	*fresh = false;
	if (r->has_keys && epoch < r->keys.epoch)
		return -ESTALE;
	if (r->has_keys && epoch == r->keys.epoch &&
		memcmp(r->keys.access_public, lr_charter_access(r->scratch), LR_KEY_LEN) == 0)
		return 0;
	*fresh = true;
	return lr_charter_open_box(r->scratch, r->me.keyhash, r->wg_private, secret) < 0
		       ? -EKEYREJECTED
		       : 0;
}

/* Members of an earlier epoch for whom there is no box are no longer in the party. */
static void drop_kicked(struct lr_roster *r)
{
	uint16_t epoch = lr_charter_epoch(r->rules);

	for (size_t i = r->n; i-- > 0;) {
		struct lr_member *m = r->members[i];
		if (m->epoch != epoch && !lr_charter_box(r->rules, m->keyhash))
			lr_roster_drop(r, m);
		else
			m->epoch = epoch;
	}
}

/* `scratch`, read from `bytes`, is the charter in force from now on. */
static bool put_in_force(struct lr_roster *r, const uint8_t *bytes, size_t len)
{
	struct lr_charter *spare = r->rules ? r->rules : malloc(sizeof(*spare));
	uint8_t *copy = malloc(len);

	if (!spare || !copy) {
		if (spare != r->rules)
			free(spare);
		free(copy);
		return false;
	}
	memcpy(copy, bytes, len);
	free(r->charter);
	r->charter = copy;
	r->charter_len = len;
	r->rules = r->scratch;
	r->scratch = spare;
	r->pool = r->rules->pool;
	r->claims_due = true;
	return true;
}

/* A charter that is newer than the held one. */
static int take_charter(struct lr_roster *r, const uint8_t *bytes, size_t len, uint64_t now_ns)
{
	uint8_t secret[LR_SECRET_LEN];
	bool fresh;
	int rc = secret_for(r, secret, &fresh);

	if (rc == -EKEYREJECTED && !r->out) {
		r->out = true;
		lr_roster_tell(r, LR_ROSTER_OUT, NULL);
	}
	if (rc < 0)
		return rc;
	if (!put_in_force(r, bytes, len))
		return -ENOMEM;
	r->out = false;
	lr_roster_tell(r, LR_ROSTER_CHARTER, NULL);
	if (fresh)
		lr_roster_take_secret(r, lr_charter_epoch(r->rules), secret, now_ns);
	drop_kicked(r);
	if (fresh)
		lr_roster_tell(r, LR_ROSTER_EPOCH, NULL);
	lr_wipe(secret, sizeof(secret));
	return 1;
}

static int check_charter(struct lr_roster *r, const uint8_t *bytes, size_t len, uint64_t now_ns)
{
	enum lr_charter_order order = LR_CHARTER_NEWER;
	int rc;

	if (r->charter_len == len && memcmp(r->charter, bytes, len) == 0)
		return 0;
	if ((rc = lr_charter_read(bytes, len, r->id, r->scratch)) < 0)
		return rc;
	if (r->charter)
		order = lr_charter_against(r->charter, r->charter_len, bytes, len);
	if (order != LR_CHARTER_OLDER && r->epoch_seen < lr_charter_epoch(r->scratch))
		r->epoch_seen = lr_charter_epoch(r->scratch);
	if (order != LR_CHARTER_NEWER)
		return -ESTALE;
	return take_charter(r, bytes, len, now_ns);
}

static int charter(struct lr_roster *r, const uint8_t *bytes, size_t len, uint64_t now_ns)
{
	int rc = check_charter(r, bytes, len, now_ns);

	if (rc < 0)
		r->stats.refused_charters++;
	return rc;
}

int lr_roster_charter(struct lr_roster *r, const uint8_t *bytes, size_t len, uint64_t now_ns)
{
	int rc = charter(r, bytes, len, now_ns);

	lr_roster_claims(r, now_ns);
	return rc;
}

/* --- records --- */

static int take_leave(struct lr_roster *r, struct lr_member *m, const struct lr_envelope *e)
{
	if (!m)
		return 0;
	m->version = e->version;
	if (m->state != LR_MEMBER_LEFT) {
		m->state = LR_MEMBER_LEFT;
		r->claims_due = true;
		lr_roster_tell(r, LR_ROSTER_LEFT, m);
	}
	return 1;
}

static bool same_addresses(const struct lr_record *a, const struct lr_record *b)
{
	if (!lr_ip_equal(&a->address, &b->address) || a->since_s != b->since_s ||
		a->n_guests != b->n_guests)
		return false;
	for (unsigned i = 0; i < a->n_guests; i++) {
		if (!lr_ip_equal(&a->guests[i].address, &b->guests[i].address))
			return false;
	}
	return true;
}

/* The member's entry takes a record that was found good. */
static void fill(struct lr_roster *r, struct lr_member *m, const struct lr_record *rec)
{
	bool was_live = m->state == LR_MEMBER_LIVE;
	bool changed = memcmp(&m->r, rec, sizeof(*rec)) != 0;

	if (!was_live || !same_addresses(&m->r, rec) ||
		memcmp(&m->r.bridge, &rec->bridge, sizeof(rec->bridge)) != 0)
		r->claims_due = true;
	if (!lr_ip_equal(&m->r.address, &rec->address))
		m->holds = false; /* a new claim, behind all that stand */
	for (unsigned g = 0; g < LR_GUESTS_MAX; g++) {
		if (!lr_ip_equal(&m->r.guests[g].address, &rec->guests[g].address))
			m->guests_held &= (uint16_t) ~(1u << g);
	}
	m->r = *rec;
	m->address6 =
		rec->address.family ? lr_keys_address6(&r->ula, &rec->address) : (struct lr_ip){0};
	m->state = LR_MEMBER_LIVE;
	if (!was_live)
		lr_roster_tell(r, LR_ROSTER_JOINED, m);
	else if (changed)
		lr_roster_tell(r, LR_ROSTER_CHANGED, m);
}

static int take_record(struct lr_roster *r, struct lr_member *m, const struct lr_envelope *e,
	const uint8_t *bytes, uint64_t until_ns)
{
	struct lr_record rec;
	int why;

	if (lr_record_open(e, bytes, r->keys.record_key, &rec) < 0)
		return -EPROTO;
	struct lr_member *of_key = lr_roster_by_key(r, rec.public_key);
	if ((of_key && of_key != m) || (m && of_key != m) ||
		memcmp(rec.public_key, r->me.r.public_key, LR_KEY_LEN) == 0)
		return -EEXIST;
	if (!m && !lr_record_owned(&rec, r->id, e->party_key))
		return -EKEYREJECTED;
	if (!m && !(m = lr_roster_add(r, e->party_key, rec.public_key, &why)))
		return why;
	m->version = e->version;
	m->epoch = e->epoch;
	m->until_ns = until_ns;
	fill(r, m, &rec);
	return 1;
}

/* Our own record came back, from before a restart, from another machine with our key, or as the
 * answer to a refused version: the next one goes on from there. */
static int take_own(
	struct lr_roster *r, const struct lr_envelope *e, const uint8_t *bytes, size_t len)
{
	if (e->version <= r->me.version)
		return 0;
	if (memcmp(e->id, r->id, LR_PARTY_ID_LEN) != 0 || !lr_envelope_by_member(e, bytes, len))
		return -EACCES;
	r->me.version = e->version;
	return 0;
}

/* Whole seconds that are left, at most what a record may have; 0: over. */
static uint64_t left_s(const struct lr_envelope *e, uint64_t time_s)
{
	uint64_t left = e->expiry_s > time_s ? e->expiry_s - time_s : 0;

	return left < LR_RECORD_EXPIRY_S ? left : LR_RECORD_EXPIRY_S;
}

static int check_record(
	struct lr_roster *r, const uint8_t *bytes, size_t len, uint64_t time_s, uint64_t now_ns)
{
	struct lr_envelope e;
	int rc;

	if (lr_envelope_read(bytes, len, &e) < 0)
		return -EBADMSG;
	if (memcmp(e.keyhash, r->me.keyhash, LR_KEYHASH_LEN) == 0)
		return take_own(r, &e, bytes, len);
	struct lr_member *m = lr_roster_by_keyhash(r, e.keyhash);
	/* Who lapsed, or was read from a file, is there again with the record that we had. */
	if (m && (e.version < m->version ||
			 (e.version == m->version && m->state != LR_MEMBER_LAPSED)))
		return 0;
	if (!r->has_keys)
		return -ESTALE;
	rc = lr_envelope_check(&e, bytes, len, r->id, r->keys.epoch, r->keys.access_public);
	if (rc < 0)
		return rc;
	if (!left_s(&e, time_s))
		return 0;
	if (e.leave)
		return take_leave(r, m, &e);
	return take_record(r, m, &e, bytes, now_ns + left_s(&e, time_s) * LR_NS_PER_S);
}

static void count(struct lr_roster *r, int rc)
{
	struct lr_roster_stats *s = &r->stats;

	*(rc == 1                     ? &s->taken
		: rc == 0             ? &s->known
		: rc == -EBADMSG      ? &s->malformed
		: rc == -EACCES       ? &s->forged
		: rc == -ESTALE       ? &s->stale
		: rc == -EPROTO       ? &s->unreadable
		: rc == -EKEYREJECTED ? &s->unproven
				      : &s->duplicate) += 1;
}

int lr_roster_record(
	struct lr_roster *r, const uint8_t *bytes, size_t len, uint64_t time_s, uint64_t now_ns)
{
	int rc = check_record(r, bytes, len, time_s, now_ns);

	count(r, rc);
	lr_roster_claims(r, now_ns);
	return rc;
}

/* --- lists --- */

static bool was_told(const struct lr_roster *r, const struct lr_claim *claim)
{
	for (unsigned i = 0; i < LR_ROSTER_TOLD; i++)
		if (r->told[i].left == claim->left &&
			memcmp(r->told[i].hash, claim->hash, sizeof(claim->hash)) == 0)
			return true;
	return false;
}

static void take_claim(struct lr_roster *r, const struct lr_list_entry *e, uint64_t time_s)
{
	struct lr_claim claim;

	if (lr_claim_read(e->at, e->len, &claim) < 0) {
		r->stats.malformed++;
		return;
	}
	if (was_told(r, &claim) || claim.at_s + LR_ROSTER_TOLD_NEW < time_s)
		return;
	unsigned i = r->next_told++ % LR_ROSTER_TOLD;
	memcpy(r->told[i].hash, claim.hash, sizeof(claim.hash));
	r->told[i].left = claim.left;
	if (r->hooks.event)
		r->hooks.event(r->hooks.ctx, LR_ROSTER_CLAIMED, NULL, &claim);
}

/* The relay's time, in the place of what it said before. */
static void take_time(struct lr_roster *r, const struct lr_list *l, uint64_t now_ns)
{
	unsigned i = 0;

	while (i < LR_PLACES_MAX && r->times[i].relay != l->now.epoch)
		i++;
	if (i == LR_PLACES_MAX)
		i = r->next_time++ % LR_PLACES_MAX;
	r->times[i].relay = l->now.epoch;
	r->times[i].offset_ms = (int64_t)l->time_ms - (int64_t)(now_ns / LR_NS_PER_MS);
}

/* A record of our own. */
static bool is_own(const struct lr_roster *r, const struct lr_list_entry *e)
{
	struct lr_envelope env;

	return lr_envelope_read(e->at, e->len, &env) == 0 &&
	       memcmp(env.keyhash, r->me.keyhash, LR_KEYHASH_LEN) == 0;
}

/* No honest relay delivers what is forged or malformed: after some of it a list is not worth the
 * time that its signatures cost, and nobody keeps more claims than that. What a member signed and
 * nobody can read is not the relay's fault: it costs no more than a good record. */
struct patience {
	uint64_t bad; /* until so many are counted */
	unsigned claims;
};

static uint64_t bad_entries(const struct lr_roster *r)
{
	return r->stats.malformed + r->stats.forged + r->stats.refused_charters;
}

static void take_entry(struct lr_roster *r, const struct lr_list *list,
	const struct lr_list_entry *e, uint64_t now_ns, struct patience *left)
{
	uint64_t time_s = list->time_ms / 1000;

	if (e->kind == LR_LIST_RECORD) {
		if (bad_entries(r) < left->bad)
			count(r, check_record(r, e->at, e->len, time_s, now_ns));
	} else if (e->kind == LR_LIST_CLAIM && left->claims) {
		left->claims--;
		take_claim(r, e, time_s);
	}
}

int lr_roster_absorb(struct lr_roster *r, const uint8_t *bytes, size_t len, uint64_t now_ns,
	struct lr_since *since)
{
	struct lr_list_entry e;
	struct lr_list list;
	struct patience left = {bad_entries(r) + BAD_MAX, LR_ROSTER_TOLD};
	bool own = false;

	/* Times that are none (over the year 6000) would not fit in our sums. */
	if (lr_list_read(bytes, len, &list) < 0 || list.time_ms >> 47 || !list.now.epoch)
		return -EBADMSG;
	take_time(r, &list, now_ns);
	for (struct lr_list l = list; lr_list_next(&l, &e);) {
		if (e.kind == LR_LIST_CHARTER && bad_entries(r) < left.bad)
			charter(r, e.at, e.len, now_ns);
	}
	for (struct lr_list l = list; lr_list_next(&l, &e);) {
		take_entry(r, &list, &e, now_ns, &left);
		own |= e.kind == LR_LIST_RECORD && is_own(r, &e);
	}
	lr_roster_claims(r, now_ns);
	if (own && !list.now.seq) /* our version was refused */
		r->publish = true;
	if (!own && list.whole && now_ns > r->published_ns + AGAIN_NS)
		r->publish = true; /* the relay lost our record */
	if (list.now.seq)
		*since = list.now;
	return 0;
}
