/*
 * roster_claims.c - who holds which address
 *
 * Theory of operation. All claims are gone through by rank, and each takes its address when
 * nobody before it did:
 *
 *   0 confirmed in the charter   1 held until now, and there (we ourselves too)
 *   2 there, by whom we knew first   3 held until now, lapsed or left   4 the others
 *
 * An address that is confirmed for somebody is never another's. Guests come behind all members,
 * in the same ranks; those of a bridge whose segment another carries now as if it had lapsed, so
 * that whoever stood by speaks for the machines there as soon as it says so.
 */
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/party/roster_inside.h"

#define RANKS 5

/* In the pool, and neither the address of a network nor that of a broadcast. */
static bool can_be_given(const struct lr_prefix *pool, const struct lr_ip *ip)
{
	uint32_t mask = pool->len <= 24 ? 0xff : (1u << (32 - pool->len)) - 1;
	uint32_t host = lr_get_be32(ip->b) & mask;

	return ip->family == 4 && lr_prefix_covers(pool, ip) && host != 0 && host != mask;
}

/* Whom the charter confirms the address for; NULL: nobody. */
static const uint8_t *confirmed_for(const struct lr_roster *r, const struct lr_ip *ip)
{
	const struct lr_confirmed *c = r->rules ? lr_charter_holder(r->rules, ip) : NULL;

	return c ? c->keyhash : NULL;
}

static bool is(const struct lr_member *m, const uint8_t *keyhash)
{
	return memcmp(m->keyhash, keyhash, LR_KEYHASH_LEN) == 0;
}

static bool is_there(const struct lr_roster *r, const struct lr_member *m)
{
	return m == &r->me || m->state == LR_MEMBER_LIVE;
}

static unsigned rank_of(
	const struct lr_roster *r, const struct lr_member *m, const struct lr_ip *ip, bool held)
{
	const uint8_t *of = confirmed_for(r, ip);

	if (of && is(m, of))
		return 0;
	if (is_there(r, m))
		return held ? 1 : 2;
	return held ? 3 : 4;
}

static unsigned rank_of_guest(
	const struct lr_roster *r, const struct lr_member *m, const struct lr_ip *ip, bool held)
{
	unsigned rank = rank_of(r, m, ip, held);

	return m->succeeded && (rank == 1 || rank == 2) ? rank + 2 : rank;
}

static bool take(struct lr_roster *r, struct lr_member *m, const struct lr_ip *ip)
{
	const uint8_t *of = confirmed_for(r, ip);

	if (!can_be_given(&r->pool, ip) || (of && !is(m, of)) || lr_map_get(&r->by_ip, ip->b))
		return false;
	return lr_map_put(&r->by_ip, ip->b, m) == 0;
}

/* What was held before, while it is decided anew. */
struct before {
	bool holds, succeeded;
	uint16_t guests;
};

static struct lr_member *claimant(struct lr_roster *r, size_t i)
{
	return i ? r->members[i - 1] : &r->me;
}

static void take_own(struct lr_roster *r, const struct before *had, unsigned rank)
{
	for (size_t i = 0; i <= r->n; i++) {
		struct lr_member *m = claimant(r, i);
		if (m->r.address.family && rank_of(r, m, &m->r.address, had[i].holds) == rank)
			m->holds = take(r, m, &m->r.address);
	}
}

static void take_guests(struct lr_roster *r, const struct before *had, unsigned rank)
{
	for (size_t i = 0; i <= r->n; i++) {
		struct lr_member *m = claimant(r, i);
		for (unsigned g = 0; g < m->r.n_guests; g++) {
			const struct lr_ip *ip = &m->r.guests[g].address;
			if (rank_of_guest(r, m, ip, had[i].guests & 1u << g) == rank &&
				take(r, m, ip))
				m->guests_held |= (uint16_t)(1u << g);
		}
	}
}

/* Two that say it of each other lie: then neither is. */
static bool is_succeeded(struct lr_roster *r, const struct lr_member *m)
{
	for (size_t i = 0; m->r.bridge.carries && i <= r->n; i++) {
		const struct lr_member *next = claimant(r, i);
		if (next != m && is_there(r, next) &&
			lr_record_carries_on(&next->r.bridge, &m->r.bridge) &&
			!lr_record_carries_on(&m->r.bridge, &next->r.bridge))
			return true;
	}
	return false;
}

static void decide(struct lr_roster *r)
{
	struct before had[LR_MEMBERS_MAX];

	for (size_t i = 0; i <= r->n; i++) {
		struct lr_member *m = claimant(r, i);
		had[i] = (struct before){m->holds, m->succeeded, m->guests_held};
		m->holds = false;
		m->guests_held = 0;
		m->succeeded = is_succeeded(r, m);
	}
	lr_map_release(&r->by_ip);
	lr_map_init(&r->by_ip, 4);
	for (unsigned rank = 0; rank < RANKS; rank++)
		take_own(r, had, rank);
	for (unsigned rank = 0; rank < RANKS; rank++)
		take_guests(r, had, rank);
	for (size_t i = 1; i <= r->n; i++) {
		struct lr_member *m = claimant(r, i);
		if (m->holds != had[i].holds || m->guests_held != had[i].guests ||
			m->succeeded != had[i].succeeded)
			lr_roster_tell(r, LR_ROSTER_HOLDS, m);
	}
}

/* --- our own address --- */

static bool is_guest(const struct lr_member *m, const struct lr_ip *ip)
{
	for (unsigned g = 0; g < m->r.n_guests; g++) {
		if (lr_ip_equal(&m->r.guests[g].address, ip))
			return true;
	}
	return false;
}

bool lr_roster_free_ip(const struct lr_roster *r, const struct lr_ip *ip)
{
	const uint8_t *of = confirmed_for(r, ip);
	const struct lr_member *m = lr_map_get(&r->by_ip, ip->b);

	return can_be_given(&r->pool, ip) && (!of || is(&r->me, of)) && (!m || m == &r->me) &&
	       !is_guest(&r->me, ip);
}

/* Any address that is free, from the pool's beginning; the host's own is left to the host. */
static struct lr_ip first_free(const struct lr_roster *r,
	bool (*is_free)(const struct lr_roster *r, const struct lr_ip *ip))
{
	struct lr_prefix pool = r->pool;

	lr_prefix_mask(&pool);
	uint32_t first = lr_get_be32(pool.ip.b),
		 last = first + (uint32_t)((1ull << (32 - pool.len)) - 1);
	for (uint32_t a = first + 2; a < last; a++) {
		struct lr_ip ip = lr_ip4(a);
		if (is_free(r, &ip))
			return ip;
	}
	return (struct lr_ip){0};
}

static bool free_for_guest(const struct lr_roster *r, const struct lr_ip *ip)
{
	return lr_roster_free_ip(r, ip) && !lr_map_get(&r->by_ip, ip->b) && !confirmed_for(r, ip) &&
	       !lr_ip_equal(&r->me.r.address, ip);
}

bool lr_roster_choose_guest(
	const struct lr_roster *r, const uint8_t public_key[LR_KEY_LEN], struct lr_ip *out)
{
	uint8_t hash[LR_KEYHASH_LEN];

	lr_keyhash(hash, public_key);
	for (unsigned round = 0; round < 64; round++) {
		*out = lr_keys_address(&r->pool, hash, round);
		if (free_for_guest(r, out))
			return true;
	}
	*out = first_free(r, free_for_guest);
	return out->family != 0;
}

bool lr_roster_ours(const struct lr_roster *r, const struct lr_ip *ip)
{
	return ip->family == 4 && lr_map_get(&r->by_ip, ip->b) == &r->me;
}

void lr_roster_choose(struct lr_roster *r, const struct lr_ip *wanted)
{
	const struct lr_confirmed *own =
		r->rules ? lr_charter_confirmed(r->rules, r->me.keyhash) : NULL;
	struct lr_ip ip = {0};

	if (own)
		ip = own->address;
	else if (wanted && wanted->family == 4 && lr_roster_free_ip(r, wanted))
		ip = *wanted;
	for (unsigned i = 0; !ip.family && i < 64; i++) {
		struct lr_ip next = lr_keys_address(&r->pool, r->me.keyhash, r->round++);
		if (lr_roster_free_ip(r, &next))
			ip = next;
	}
	if (!ip.family)
		ip = first_free(r, lr_roster_free_ip);
	r->me.r.address = ip;
	r->me.r.since_s = 0;
	r->me.address6 = lr_keys_address6(&r->ula, &ip);
	r->me.holds = false;
	r->phase = LR_ROSTER_JOINING;
	r->publish = true;
}

/* Whether our claim gives way to that of a live member (roster.h has the rule). */
static bool gives_way(const struct lr_roster *r, const struct lr_member *m, uint64_t now_ns)
{
	bool larger = memcmp(r->me.keyhash, m->keyhash, LR_KEYHASH_LEN) > 0;

	if (r->phase == LR_ROSTER_JOINING)
		return m->r.since_s || larger;
	if (now_ns - r->settled_ns > LR_ROSTER_GRACE_S * LR_NS_PER_S ||
		r->yields >= LR_ROSTER_YIELDS || !m->r.since_s)
		return false;
	return larger || m->r.since_s + LR_ROSTER_GRACE_S < r->me.r.since_s;
}

static bool claims_ip(const struct lr_member *m, const struct lr_ip *ip)
{
	return is_guest(m, ip) || lr_ip_equal(&m->r.address, ip);
}

static bool must_move(const struct lr_roster *r, uint64_t now_ns)
{
	const struct lr_ip *ip = &r->me.r.address;
	const struct lr_confirmed *own =
		r->rules ? lr_charter_confirmed(r->rules, r->me.keyhash) : NULL;
	const uint8_t *of = ip->family ? confirmed_for(r, ip) : NULL;

	if (own)
		return !lr_ip_equal(&own->address, ip);
	if (!ip->family || of || !can_be_given(&r->pool, ip))
		return ip->family != 0;
	for (size_t i = 0; i < r->n; i++) {
		const struct lr_member *m = r->members[i];
		if (m->state == LR_MEMBER_LIVE && claims_ip(m, ip) && gives_way(r, m, now_ns))
			return true;
	}
	return false;
}

void lr_roster_claims(struct lr_roster *r, uint64_t now_ns)
{
	if (!r->claims_due)
		return;
	r->claims_due = false;
	decide(r);
	if (r->phase == LR_ROSTER_IDLE || !must_move(r, now_ns))
		return;
	r->yields += r->phase == LR_ROSTER_SETTLED;
	lr_roster_choose(r, NULL);
	decide(r);
	lr_roster_tell(r, LR_ROSTER_MOVED, NULL);
}
