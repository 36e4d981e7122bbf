/*
 * roster.h - a member's view of its party: who is in it, with which keys and addresses
 *
 * Theory of operation. Fed with lists from any number of relays, in any order and as often as they
 * like; it checks everything itself and merges by member and version, so relays can delay or hide
 * a record but never make, alter or bring back one.
 *
 * Time. Expiries are counted down on the caller's monotonic clock, from the distance to the time
 * of the relay that delivered the record; our own wall clock is asked only before the first answer.
 * So a clock that jumps, here or at a relay, lapses nobody. A lapsed member stays in the table:
 * its session may well be alive, and its address stays its own while nobody else claims it.
 *
 * Addresses. A joiner publishes an address unasked with since_s 0 (it is joining), absorbs the
 * answers to its first PUTs, and lr_roster_settle()s. Its own claim gives way (another address is
 * chosen, and it is joining again) to
 *   - the member for which the charter confirms the address, always;
 *   - while joining: every live claim that is settled; of two that are joining, the larger keyhash
 *     gives way;
 *   - within LR_ROSTER_GRACE_S of settling: a settled claim that is older by more than that; else
 *     the larger keyhash gives way. A joining claim does not count: it sees ours and gives way, or
 *     it had not seen ours and will be settled;
 *   - after that, nobody else; nor after LR_ROSTER_YIELDS times: anybody can say that a claim is
 * old, and two relays that find each other again cost one move. So of two that found each other at
 * least one moves. Between others, whoever is confirmed, else whom we knew first, is the holder
 * (`holds`); a newer claim is not honoured, until the holder moves, leaves or lapses.
 *
 * Epochs. A charter with a new epoch replaces the keys; the ones before stay for
 * LR_ROSTER_PREVIOUS_S, for initiators. Members without a box are dropped (LR_ROSTER_KICKED) at
 * once. Without a box for ourselves we are out (`out`).
 */
#ifndef LR_PARTY_ROSTER_H
#define LR_PARTY_ROSTER_H

#include "lib/base/json.h"
#include "lib/party/charter.h"
#include "lib/party/invite.h"
#include "lib/party/list.h"
#include "lib/party/record.h"

#define LR_ROSTER_GRACE_S    60
#define LR_ROSTER_YIELDS     3
#define LR_ROSTER_PREVIOUS_S 180 /* WireGuard's REJECT_AFTER_TIME */
#define LR_ROSTER_LIFE_S     900 /* of our own records; refreshed at half of it */

enum lr_member_state { LR_MEMBER_LIVE, LR_MEMBER_LAPSED, LR_MEMBER_LEFT };

struct lr_member {
	uint8_t keyhash[LR_KEYHASH_LEN];
	uint8_t party_key[LR_KEY_LEN];
	enum lr_member_state state;
	uint64_t version;
	uint64_t until_ns;     /* when it lapses, on the caller's clock */
	uint16_t epoch;        /* in which it was a member last */
	uint32_t order;        /* counts up: whom we knew first */
	bool holds;            /* its address is its own */
	uint16_t guests_held;  /* bit i: the address of guest i is */
	bool succeeded;        /* another member carries its segment now */
	struct lr_record r;    /* the newest, also when lapsed or left */
	struct lr_ip address6; /* beside r.address */
	void *owner;           /* the caller's */
};

enum lr_roster_event {
	LR_ROSTER_JOINED,  /* new, or back from lapsed or left */
	LR_ROSTER_CHANGED, /* another record: candidates, channels, name, address... */
	LR_ROSTER_HOLDS,   /* `holds`, `guests_held` or `succeeded` changed */
	LR_ROSTER_LAPSED,
	LR_ROSTER_LEFT,
	LR_ROSTER_KICKED,  /* or forgotten; it is freed behind this call */
	LR_ROSTER_CHARTER, /* member NULL: another charter is in force */
	LR_ROSTER_EPOCH,   /* member NULL: other keys are, too */
	LR_ROSTER_OUT,     /* member NULL: we are no longer in the party */
	LR_ROSTER_MOVED,   /* member NULL: our own address is another now: publish */
	LR_ROSTER_CLAIMED, /* member NULL: an invite was claimed, see `claim` */
};
/* JOINED comes before it is decided who holds what: HOLDS follows. Hooks look, but change nothing
 * in the roster. */
struct lr_roster_hooks {
	void *ctx;
	void (*event)(void *ctx, enum lr_roster_event what, struct lr_member *member,
		const struct lr_claim *claim);
};

struct lr_roster;

/* Our own part: who we are. `wg_private` is kept (wiped at free). NULL: out of memory. */
struct lr_roster *lr_roster_new(const uint8_t id[LR_PARTY_ID_LEN],
	const uint8_t wg_private[LR_KEY_LEN], const struct lr_roster_hooks *hooks);
void lr_roster_free(struct lr_roster *r);
/* From an invite (or the founder's own secret): epoch and secret, and the pool that counts until a
 * charter says otherwise. 0, or -ESTALE when a newer epoch is known already. */
int lr_roster_enter(struct lr_roster *r, uint16_t epoch, const uint8_t secret[LR_SECRET_LEN],
	const struct lr_prefix *pool);

/* --- what comes in; `now_ns` monotonic --- */

/* A whole answer of a relay: charters first, then the rest. Bad entries are skipped and counted
 * (lr_roster_stats). *since is what to ask this relay with next time. 0 or -EBADMSG. */
int lr_roster_absorb(struct lr_roster *r, const uint8_t *bytes, size_t len, uint64_t now_ns,
	struct lr_since *since);
/* 1 taken, 0 known already; -EBADMSG, -EACCES, -ESTALE (older, or a fork); -EKEYREJECTED: good, but
 * its epoch is not ours and it has no box for us: we were kicked, or the invite is void. */
int lr_roster_charter(struct lr_roster *r, const uint8_t *bytes, size_t len, uint64_t now_ns);
/* 1 taken, 0 not newer; -EBADMSG, -EACCES, -ESTALE (epoch); of what a member signed: -EPROTO (the
 * contents are none), -EKEYREJECTED (no proof that its WireGuard key is its own), -EEXIST (a member
 * has that key, or it had another one); -ENOSPC, -ENOMEM. `time_s` is the delivering relay's. */
int lr_roster_record(
	struct lr_roster *r, const uint8_t *bytes, size_t len, uint64_t time_s, uint64_t now_ns);
/* Lapses whom nobody refreshed; drops the previous keys. */
void lr_roster_tick(struct lr_roster *r, uint64_t now_ns);
uint64_t lr_roster_due(const struct lr_roster *r); /* when to tick, or refresh; LR_NEVER */

/* --- ourselves --- */

/* What we publish: set name, candidates, channels, games, guests, hidden, nat here, then call
 * lr_roster_touch(). Address and since_s belong to the roster. */
struct lr_record *lr_roster_self(struct lr_roster *r);
const uint8_t *lr_roster_keyhash(const struct lr_roster *r);
/* Begins (or begins anew) to claim an address: the one that the charter confirms for us, else
 * `wanted` (NULL: the one of lr_roster_import) when it seems free, else one by our keyhash. The
 * host wants lr_keys_host_address(). */
void lr_roster_join(struct lr_roster *r, const struct lr_ip *wanted, uint64_t now_ns);
/* The answers to the first PUTs of all relays that answer have been absorbed. `wall_s`: our own
 * clock, used only when no relay has told the time yet. */
void lr_roster_settle(struct lr_roster *r, uint64_t now_ns, uint64_t wall_s);
bool lr_roster_joining(const struct lr_roster *r);
/* An address for a guest of ours, by its WireGuard key: one that is neither a member's nor another
 * guest's, as far as we know, nor the charter's for anybody. false: the pool is full. */
bool lr_roster_choose_guest(
	const struct lr_roster *r, const uint8_t public_key[LR_KEY_LEN], struct lr_ip *out);
/* Whether an IPv4 address is our own or a guest's of ours, and nobody's before us. */
bool lr_roster_ours(const struct lr_roster *r, const struct lr_ip *ip);
void lr_roster_touch(struct lr_roster *r);
/* Whether there is something to publish: touched, moved, settled, new epoch, or time to refresh. */
bool lr_roster_wants_publish(const struct lr_roster *r, uint64_t now_ns);
/* Our next record into `out` (LR_RECORD_MAX), for all relays of the charter; `leave`: the one
 * that leaves. What a relay answers is absorbed, refusals too; after that wants_publish() says
 * whether to try again (another version, another epoch); after a refused expiry (422) call
 * lr_roster_touch(), since the time is known now; to a relay that does not know the party (404) PUT
 * the charter first. Length, or as lr_record_sign(), or -ENOKEY when nothing was entered. */
int lr_roster_publish(struct lr_roster *r, bool leave, uint64_t now_ns, uint64_t wall_s,
	const uint8_t nonce[LR_XNONCE_LEN], uint8_t *out);
/* The unix time of a relay: of those that told us theirs, the one nearest to `wall_s`, our own
 * clock (so that one relay that lies does not count, nor our own clock when it is wrong); else
 * `wall_s`. */
uint64_t lr_roster_time(const struct lr_roster *r, uint64_t now_ns, uint64_t wall_s);

/* --- what is known --- */

struct lr_member *lr_roster_first(const struct lr_roster *r);
struct lr_member *lr_roster_next(const struct lr_roster *r, const struct lr_member *prev);
struct lr_member *lr_roster_by_keyhash(
	const struct lr_roster *r, const uint8_t keyhash[LR_KEYHASH_LEN]);
/* By WireGuard key. */
struct lr_member *lr_roster_by_key(const struct lr_roster *r, const uint8_t public_key[LR_KEY_LEN]);
/* The member that holds an address of its own or of a guest, IPv4 or IPv6. */
struct lr_member *lr_roster_holder(const struct lr_roster *r, const struct lr_ip *ip);
size_t lr_roster_count(const struct lr_roster *r); /* without ourselves, in any state */
const struct lr_charter *lr_roster_rules(const struct lr_roster *r); /* NULL: none yet */
const uint8_t *lr_roster_charter_bytes(const struct lr_roster *r, size_t *len);
const struct lr_epoch_keys *lr_roster_keys(const struct lr_roster *r); /* NULL: none */
bool lr_roster_out(const struct lr_roster *r);
/* The preshared key with a member; `previous`: that of the epoch before, false when there is none
 * or its time is over. */
bool lr_roster_psk(const struct lr_roster *r, const struct lr_member *m, bool previous,
	uint64_t now_ns, uint8_t out[LR_KEY_LEN]);
struct lr_prefix lr_roster_pool(const struct lr_roster *r);
struct lr_prefix lr_roster_ula(const struct lr_roster *r);
const uint8_t *lr_roster_id(const struct lr_roster *r);

struct lr_roster_stats {
	uint64_t taken, known, stale, duplicate;      /* records */
	uint64_t malformed, forged, refused_charters; /* by no honest relay */
	uint64_t unreadable, unproven;                /* by a member */
};
const struct lr_roster_stats *lr_roster_stats(const struct lr_roster *r);

/* --- changing the party --- */

/* The charter that kicks a member: signed by the host when host_secret is not NULL, else by
 * ourselves as a named kicker. `secret` is fresh and random. Length in `out` (LR_CHARTER_MAX), or
 * -ENOENT (no such member), -EPERM, -ENOSPC, -ENOKEY (no charter yet), -EOVERFLOW. Give it to
 * the relays, and to lr_roster_charter(). */
int lr_roster_kick(const struct lr_roster *r, const uint8_t keyhash[LR_KEYHASH_LEN],
	const uint8_t secret[LR_SECRET_LEN], const uint8_t *host_secret, uint8_t *out);
/* Host: adds the pair of every live, settled member that holds its address, and our own, to `c`
 * (a copy of the rules). How many were added: when there are any, fold and sign. */
unsigned lr_roster_confirm(const struct lr_roster *r, struct lr_charter *c);

/* --- state files --- */

/* Members, versions, addresses, charter, secret: what `parties/NAME.json` keeps. New reference. */
json_t *lr_roster_export(const struct lr_roster *r);
/* Into a fresh roster. Members come back lapsed. 0, or -1 with `err`. */
int lr_roster_import(struct lr_roster *r, const json_t *obj, uint64_t now_ns, struct lr_err *err);

#endif
