/*
 * roster.c - a member's view of its party: what is known, and for how long
 */
#include "lib/party/roster.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/party/roster_inside.h"

struct lr_roster *lr_roster_new(const uint8_t id[LR_PARTY_ID_LEN],
	const uint8_t wg_private[LR_KEY_LEN], const struct lr_roster_hooks *hooks)
{
	struct lr_roster *r = calloc(1, sizeof(*r));
	uint8_t random[LR_PROOF_RANDOM];

	if (!r || !(r->scratch = malloc(sizeof(*r->scratch)))) {
		free(r);
		return NULL;
	}
	memcpy(r->id, id, LR_PARTY_ID_LEN);
	memcpy(r->wg_private, wg_private, LR_KEY_LEN);
	r->hooks = *hooks;
	r->ula = lr_keys_ula(id);
	r->pool = lr_keys_pool(id, false);
	lr_keys_of_member(r->me.party_key, r->party_secret, wg_private, id);
	lr_keyhash(r->me.keyhash, r->me.party_key);
	lr_random(random, sizeof(random));
	lr_record_own(&r->me.r, wg_private, id, r->me.party_key, random);
	lr_map_init(&r->by_keyhash, LR_KEYHASH_LEN);
	lr_map_init(&r->by_key, LR_KEY_LEN);
	lr_map_init(&r->by_ip, 4);
	return r;
}

void lr_roster_free(struct lr_roster *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n; i++)
		free(r->members[i]);
	free(r->members);
	lr_map_release(&r->by_keyhash);
	lr_map_release(&r->by_key);
	lr_map_release(&r->by_ip);
	free(r->rules);
	free(r->scratch);
	free(r->charter);
	lr_wipe(r, sizeof(*r));
	free(r);
}

void lr_roster_take_secret(
	struct lr_roster *r, uint16_t epoch, const uint8_t *secret, uint64_t now_ns)
{
	if (r->has_keys) {
		r->previous = r->keys;
		r->previous_until_ns = now_ns + LR_ROSTER_PREVIOUS_S * LR_NS_PER_S;
	}
	lr_keys_of_epoch(&r->keys, r->id, epoch, secret);
	r->has_keys = true;
	r->out = false;
	r->publish = true;
	if (r->epoch_seen < epoch)
		r->epoch_seen = epoch;
}

int lr_roster_enter(struct lr_roster *r, uint16_t epoch, const uint8_t secret[LR_SECRET_LEN],
	const struct lr_prefix *pool)
{
	if (r->has_keys && epoch < r->keys.epoch)
		return -ESTALE;
	lr_roster_take_secret(r, epoch, secret, 0);
	r->previous_until_ns = 0;
	if (!r->rules)
		r->pool = *pool;
	return 0;
}

/* --- members --- */

struct lr_member *lr_roster_first(const struct lr_roster *r)
{
	return r->n ? r->members[0] : NULL;
}

/* Members keep their order, so the next one is the first with a greater number. */
struct lr_member *lr_roster_next(const struct lr_roster *r, const struct lr_member *prev)
{
	size_t lo = 0, hi = r->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		if (r->members[mid]->order <= prev->order)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < r->n ? r->members[lo] : NULL;
}

struct lr_member *lr_roster_by_keyhash(
	const struct lr_roster *r, const uint8_t keyhash[LR_KEYHASH_LEN])
{
	return lr_map_get(&r->by_keyhash, keyhash);
}

struct lr_member *lr_roster_by_key(const struct lr_roster *r, const uint8_t public_key[LR_KEY_LEN])
{
	return lr_map_get(&r->by_key, public_key);
}

struct lr_member *lr_roster_holder(const struct lr_roster *r, const struct lr_ip *ip)
{
	static const uint8_t zero[4];
	struct lr_member *m;

	if (ip->family == 6 && (memcmp(ip->b, r->ula.ip.b, 8) != 0 || memcmp(ip->b + 8, zero, 4)))
		return NULL;
	m = ip->family ? lr_map_get(&r->by_ip, ip->family == 6 ? ip->b + 12 : ip->b) : NULL;
	return m == &r->me ? NULL : m;
}

size_t lr_roster_count(const struct lr_roster *r)
{
	return r->n;
}

static void forget(struct lr_roster *r, struct lr_member *m)
{
	size_t i = 0;

	while (r->members[i] != m)
		i++;
	memmove(&r->members[i], &r->members[i + 1], (r->n - i - 1) * sizeof(*r->members));
	r->n--;
	lr_map_remove(&r->by_keyhash, m->keyhash);
	lr_map_remove(&r->by_key, m->r.public_key);
	for (unsigned k = 0; k <= m->r.n_guests; k++) {
		const struct lr_ip *ip = k ? &m->r.guests[k - 1].address : &m->r.address;
		if (lr_map_get(&r->by_ip, ip->b) == m)
			lr_map_remove(&r->by_ip, ip->b);
	}
	r->claims_due = true;
}

void lr_roster_drop(struct lr_roster *r, struct lr_member *m)
{
	forget(r, m);
	lr_roster_tell(r, LR_ROSTER_KICKED, m);
	free(m);
}

/* When the table is full: the one known longest of those who are not there, and not confirmed. */
static bool make_room(struct lr_roster *r)
{
	for (size_t i = 0; i < r->n; i++) {
		struct lr_member *m = r->members[i];
		if (m->state != LR_MEMBER_LIVE &&
			!(r->rules && lr_charter_confirmed(r->rules, m->keyhash))) {
			lr_roster_drop(r, m);
			return true;
		}
	}
	return false;
}

struct lr_member *lr_roster_add(struct lr_roster *r, const uint8_t party_key[LR_KEY_LEN],
	const uint8_t public_key[LR_KEY_LEN], int *why)
{
	*why = -ENOSPC;
	if (r->n >= LR_MEMBERS_MAX - 1 && !make_room(r)) /* one is ourselves */
		return NULL;
	*why = -ENOMEM;
	if (r->n == r->room) {
		size_t room = r->room ? r->room * 2 : 8;
		struct lr_member **wide =
			reallocarray(r->members, room, sizeof(struct lr_member *));
		if (!wide)
			return NULL;
		r->members = wide;
		r->room = room;
	}
	struct lr_member *m = calloc(1, sizeof(*m));
	if (!m)
		return NULL;
	memcpy(m->party_key, party_key, LR_KEY_LEN);
	lr_keyhash(m->keyhash, party_key);
	memcpy(m->r.public_key, public_key, LR_KEY_LEN);
	m->state = LR_MEMBER_LAPSED;
	m->order = ++r->order;
	if (lr_map_put(&r->by_keyhash, m->keyhash, m) < 0 ||
		lr_map_put(&r->by_key, public_key, m) < 0) {
		lr_map_remove(&r->by_keyhash, m->keyhash);
		free(m);
		return NULL;
	}
	r->members[r->n++] = m;
	return m;
}

/* --- time --- */

void lr_roster_tick(struct lr_roster *r, uint64_t now_ns)
{
	for (size_t i = 0; i < r->n; i++) {
		struct lr_member *m = r->members[i];
		if (m->state != LR_MEMBER_LIVE || m->until_ns > now_ns)
			continue;
		m->state = LR_MEMBER_LAPSED;
		r->claims_due = true;
		lr_roster_tell(r, LR_ROSTER_LAPSED, m);
	}
	if (r->previous_until_ns && r->previous_until_ns <= now_ns) {
		lr_wipe(&r->previous, sizeof(r->previous));
		r->previous_until_ns = 0;
	}
	lr_roster_claims(r, now_ns);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t lr_roster_due(const struct lr_roster *r)
{
	uint64_t due = r->previous_until_ns ? r->previous_until_ns : LR_NEVER;

	for (size_t i = 0; i < r->n; i++) {
		if (r->members[i]->state == LR_MEMBER_LIVE)
			due = earlier(due, r->members[i]->until_ns);
	}
	if (r->published_ns && !r->out)
		due = earlier(due, r->published_ns + LR_ROSTER_LIFE_S / 2 * LR_NS_PER_S);
	return due;
}

uint64_t lr_roster_time(const struct lr_roster *r, uint64_t now_ns, uint64_t wall_s)
{
	int64_t now_ms = (int64_t)(now_ns / LR_NS_PER_MS), wall_ms = (int64_t)wall_s * 1000;
	int64_t best = 0, least = INT64_MAX;

	for (unsigned i = 0; i < LR_PLACES_MAX; i++) {
		int64_t said = now_ms + r->times[i].offset_ms;
		int64_t apart = said > wall_ms ? said - wall_ms : wall_ms - said;
		if (r->times[i].relay && apart < least) {
			least = apart;
			best = said;
		}
	}
	return least == INT64_MAX ? wall_s : (uint64_t)best / 1000;
}

/* --- what is known --- */

struct lr_record *lr_roster_self(struct lr_roster *r)
{
	return &r->me.r;
}

const uint8_t *lr_roster_keyhash(const struct lr_roster *r)
{
	return r->me.keyhash;
}

const struct lr_charter *lr_roster_rules(const struct lr_roster *r)
{
	return r->rules;
}

const uint8_t *lr_roster_charter_bytes(const struct lr_roster *r, size_t *len)
{
	*len = r->charter_len;
	return r->charter;
}

const struct lr_epoch_keys *lr_roster_keys(const struct lr_roster *r)
{
	return r->has_keys ? &r->keys : NULL;
}

bool lr_roster_out(const struct lr_roster *r)
{
	return r->out;
}

bool lr_roster_psk(const struct lr_roster *r, const struct lr_member *m, bool previous,
	uint64_t now_ns, uint8_t out[LR_KEY_LEN])
{
	if (!r->has_keys || (previous && r->previous_until_ns <= now_ns))
		return false;
	lr_keys_psk(out, previous ? r->previous.psk_seed : r->keys.psk_seed, r->me.r.public_key,
		m->r.public_key);
	return true;
}

struct lr_prefix lr_roster_pool(const struct lr_roster *r)
{
	return r->pool;
}

struct lr_prefix lr_roster_ula(const struct lr_roster *r)
{
	return r->ula;
}

const uint8_t *lr_roster_id(const struct lr_roster *r)
{
	return r->id;
}

const struct lr_roster_stats *lr_roster_stats(const struct lr_roster *r)
{
	return &r->stats;
}
