/*
 * directory_inside.h - the inside of struct lr_directory; for lib/party/directory*.c only
 *
 * Theory of operation. A party stands in the map under its id, its members in its own map under
 * their keyhash. All that can be told to members (the charter, a member's record, a claim) begins
 * with a `struct lr_change`, which stands in the party's list in the order of its last change.
 * Members, offers and parties each have a timer in one heap; a deadline that moves to later, which
 * is the rule, costs nothing until the old one is reached.
 *
 * A member entry has two deadlines: `until_ns`, when its record lapses, and `forget_ns`, until
 * when its version must be remembered: the latest expiry of any record that was taken from it,
 * since until then somebody could bring that record back.
 */
#ifndef LR_PARTY_DIRECTORY_INSIDE_H
#define LR_PARTY_DIRECTORY_INSIDE_H

#include "lib/base/clock.h"
#include "lib/base/map.h"
#include "lib/base/timer.h"
#include "lib/party/directory.h"

#define LR_CLAIMS_KEPT 16 /* the last claims of a party that are still told */

struct lr_change {
	struct lr_change *prev, *next; /* older, newer */
	uint64_t seq;                  /* 0: in no list */
	enum lr_list_kind kind;
};

enum { LR_DUE_MEMBER, LR_DUE_OFFER, LR_DUE_PARTY };

struct lr_directory_party;

struct lr_directory_member {
	struct lr_change change; /* first */
	struct lr_timer timer;
	struct lr_directory_party *party;
	uint8_t *bytes; /* the newest record as it came */
	uint64_t until_ns, forget_ns, version;
	uint16_t len, epoch;
	bool live; /* in the party: neither left, lapsed nor kicked */
	bool told; /* `bytes` may be told: it was not kicked */
	uint8_t keyhash[LR_KEYHASH_LEN];
};

struct lr_directory_claim {
	struct lr_change change; /* first */
	size_t len;
	uint8_t bytes[LR_TOKEN_HASH_LEN + 1 + 8 + 63];
};

struct lr_directory_offer {
	struct lr_timer timer;
	struct lr_directory_party *party;
	struct lr_directory_offer *prev, *next; /* of the same party */
	uint8_t left; /* uses; 0: spent, remembered so that it cannot be offered again */
	uint8_t bytes[LR_OFFER_LEN];
	struct lr_offer o;
};

struct lr_directory_party {
	struct lr_change change; /* first: the charter */
	struct lr_timer timer;
	uint8_t id[LR_PARTY_ID_LEN];
	uint8_t access[LR_KEY_LEN];
	uint16_t epoch;
	unsigned live, n_offers, n_claims;
	size_t len;
	uint8_t *bytes; /* the charter */
	struct lr_change *oldest, *newest;
	struct lr_directory_offer *offers;
	struct lr_map members; /* keyhash -> lr_directory_member */
	void *owner;
};

struct lr_directory {
	struct lr_directory_limits limits;
	struct lr_directory_hooks hooks;
	uint64_t epoch, seq;
	struct lr_map parties; /* id -> lr_directory_party */
	struct lr_map offers;  /* token hash -> lr_directory_offer */
	struct lr_timers timers;
	size_t n_timers, n_members, bytes;
	uint64_t results[LR_DIRECTORY_RESULTS];
	struct lr_charter *scratch; /* what was read last */
};

static inline struct lr_directory_party *lr_directory_find(
	const struct lr_directory *d, const uint8_t id[LR_PARTY_ID_LEN])
{
	return lr_map_get(&d->parties, id);
}
static inline enum lr_directory_result lr_directory_count(
	struct lr_directory *d, enum lr_directory_result r)
{
	d->results[r]++;
	return r;
}
/* The newest change of a party, now; and nothing of it any more. */
void lr_directory_mark(struct lr_directory *d, struct lr_directory_party *p, struct lr_change *c);
void lr_directory_unmark(struct lr_directory_party *p, struct lr_change *c);
/* Room for one more timer: 0 or -ENOMEM. */
int lr_directory_timer(struct lr_directory *d);
/* When something that expires at `expiry_s` (unix) is over, on the monotonic clock. */
uint64_t lr_directory_deadline(const struct lr_directory_now *now, uint64_t expiry_s);
void lr_directory_used(
	struct lr_directory *d, struct lr_directory_party *p, const struct lr_directory_now *now);

/* directory_member.c */
void lr_directory_member_lapse(struct lr_directory *d, struct lr_directory_member *m);
void lr_directory_member_free(struct lr_directory *d, struct lr_directory_member *m);
/* The epoch moved on: who has no box in `c` is out, and forgotten: no record of an earlier epoch is
 * taken, so that none can be brought back, and made-up members take up no room. */
void lr_directory_member_sift(
	struct lr_directory *d, struct lr_directory_party *p, const struct lr_charter *c);
/* Puts a record in place that was found good. Returns false when memory is short. */
bool lr_directory_member_take(struct lr_directory *d, struct lr_directory_party *p,
	const struct lr_envelope *e, const uint8_t *bytes, size_t len,
	const struct lr_directory_now *now);
struct lr_directory_member *lr_directory_member_of(
	const struct lr_directory_party *p, const uint8_t keyhash[LR_KEYHASH_LEN]);

/* directory_offer.c */
void lr_directory_offer_free(struct lr_directory *d, struct lr_directory_offer *o);
void lr_directory_claim_free(
	struct lr_directory *d, struct lr_directory_party *p, struct lr_directory_claim *c);
/* Takes an offer that was found good. */
bool lr_directory_offer_take(struct lr_directory *d, struct lr_directory_party *p,
	const struct lr_offer *o, const uint8_t *bytes, const struct lr_directory_now *now);

/* directory.c: takes a charter that is good, with `c` as read from it. */
bool lr_directory_charter_take(struct lr_directory *d, const struct lr_charter *c,
	const uint8_t *bytes, size_t len, const struct lr_directory_now *now);

#endif
