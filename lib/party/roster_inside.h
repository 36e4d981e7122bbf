/*
 * roster_inside.h - the inside of struct lr_roster; for lib/party/roster*.c only
 *
 * Theory of operation. Members are found by keyhash and by WireGuard key. `by_ip` holds who has
 * which IPv4 address, guests' included; it is made anew from all claims whenever one changed
 * (claims_due), since the rule looks at all of them and a party is small. We ourselves are the
 * claimant `me`, which is in no list.
 */
#ifndef LR_PARTY_ROSTER_INSIDE_H
#define LR_PARTY_ROSTER_INSIDE_H

#include "lib/base/clock.h"
#include "lib/base/map.h"
#include "lib/party/roster.h"

#define LR_ROSTER_TOLD     16  /* as many as a relay keeps */
#define LR_ROSTER_TOLD_NEW 120 /* s: older ones were told before we were restarted */

enum lr_roster_phase { LR_ROSTER_IDLE, LR_ROSTER_JOINING, LR_ROSTER_SETTLED };

struct lr_roster {
	uint8_t id[LR_PARTY_ID_LEN];
	uint8_t wg_private[LR_KEY_LEN];
	uint8_t party_secret[LR_SIGN_SECRET_LEN];
	struct lr_roster_hooks hooks;

	bool has_keys, out;
	struct lr_epoch_keys keys, previous;
	uint64_t previous_until_ns; /* 0: there are none */
	uint16_t epoch_seen;        /* greatest of any good charter, forks included */
	struct lr_prefix pool, ula;
	struct lr_charter *rules, *scratch; /* rules: NULL until there is a charter */
	uint8_t *charter;
	size_t charter_len;

	struct lr_member me; /* version: the last published or seen */
	enum lr_roster_phase phase;
	uint64_t settled_ns, published_ns; /* published 0: never */
	bool publish;
	unsigned round;  /* addresses tried */
	unsigned yields; /* settled addresses given up */

	struct {
		uint64_t relay;    /* its epoch; 0: free */
		int64_t offset_ms; /* its unix time less our monotonic clock */
	} times[LR_PLACES_MAX];
	unsigned next_time;

	struct lr_member **members; /* in the order in which we knew them */
	size_t n, room;
	uint32_t order;
	bool claims_due;
	struct { /* of invites, told last: lists may repeat them */
		uint8_t hash[LR_TOKEN_HASH_LEN], left;
	} told[LR_ROSTER_TOLD];
	unsigned next_told;
	struct lr_map by_keyhash, by_key, by_ip;
	struct lr_roster_stats stats;
};

static inline void lr_roster_tell(
	struct lr_roster *r, enum lr_roster_event what, struct lr_member *m)
{
	if (r->hooks.event)
		r->hooks.event(r->hooks.ctx, what, m, NULL);
}

/* roster.c */
void lr_roster_drop(struct lr_roster *r, struct lr_member *m); /* tells KICKED and frees */
/* A new entry, lapsed and without a record, in all lists: NULL with *why -ENOSPC or -ENOMEM. */
struct lr_member *lr_roster_add(struct lr_roster *r, const uint8_t party_key[LR_KEY_LEN],
	const uint8_t public_key[LR_KEY_LEN], int *why);
/* Takes a secret; the one before is kept for a while when there was one. */
void lr_roster_take_secret(
	struct lr_roster *r, uint16_t epoch, const uint8_t *secret, uint64_t now_ns);

/* roster_claims.c: who holds what; then whether our own claim must give way. */
void lr_roster_claims(struct lr_roster *r, uint64_t now_ns);
/* Nobody that we know of has it, and it is an address of the pool that can be given. */
bool lr_roster_free_ip(const struct lr_roster *r, const struct lr_ip *ip);
/* Chooses our address; `wanted` may be NULL. */
void lr_roster_choose(struct lr_roster *r, const struct lr_ip *wanted);

#endif
