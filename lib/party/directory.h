/*
 * directory.h - the relay's view of all parties
 *
 * Theory of operation. A party is made by its first charter, which proves itself by its id. Records
 * are kept as they came, sealed; only the envelope is looked at. A record counts when both its
 * signatures are right under the charter in force and its version is greater than the last; that
 * is remembered until the record's expiry, also after it left, and a refused version is answered
 * with the record held, so that an honest member can go on from there and need not believe us.
 *
 * Changes of a party are numbered. Each charter, record and claim stands in one list by its
 * last number, so "what changed since" costs what changed. Numbers mean something only together
 * with the directory's random epoch.
 *
 * Time: `mono_ns` runs expiries, `unix_ms` is only compared with what members wrote. So a wall
 * clock that jumps lapses nobody. Nothing here reads a clock, a file or a socket.
 *
 * Cost: look-ups and changes O(1) (a refresh moves a lazy timer), lists what they contain. An idle
 * member costs its record and about 200 bytes.
 */
#ifndef LR_PARTY_DIRECTORY_H
#define LR_PARTY_DIRECTORY_H

#include "lib/base/json.h"
#include "lib/party/access.h"
#include "lib/party/charter.h"
#include "lib/party/list.h"
#include "lib/party/record.h"

struct lr_directory;

struct lr_directory_limits {
	unsigned parties;
	unsigned members;    /* a party */
	unsigned offers;     /* token invites a party */
	size_t record_bytes; /* of one record */
	size_t bytes;        /* of all charters, records and offers together */
	unsigned idle_s;     /* a party without members is forgotten after */
};
/* For a VPS with 1 GB. */
extern const struct lr_directory_limits lr_directory_defaults;

struct lr_directory_now {
	uint64_t mono_ns;
	uint64_t unix_ms;
};

struct lr_directory_hooks {
	void *ctx;
	/* The party has a change with this number: wake its waiters, write its state. `owner` is
	 * what lr_directory_owner() points to. */
	void (*changed)(void *ctx, const uint8_t id[LR_PARTY_ID_LEN], uint64_t seq, void *owner);
	/* A member left, lapsed or was kicked: release its channels. */
	void (*gone)(void *ctx, const uint8_t id[LR_PARTY_ID_LEN],
		const uint8_t keyhash[LR_KEYHASH_LEN], void *owner);
	/* The party is forgotten: remove its state. */
	void (*forgotten)(void *ctx, const uint8_t id[LR_PARTY_ID_LEN], void *owner);
};

enum lr_directory_result {
	LR_DIRECTORY_OK,
	LR_DIRECTORY_SAME,      /* known already, nothing changed */
	LR_DIRECTORY_MALFORMED, /* not what it should be */
	LR_DIRECTORY_TOO_LARGE,
	LR_DIRECTORY_FORGED,  /* id, key, keyhash or signature wrong */
	LR_DIRECTORY_UNKNOWN, /* no such party, invite */
	LR_DIRECTORY_STALE,   /* not newer than what is held */
	LR_DIRECTORY_EPOCH,   /* of another epoch than the charter in force */
	LR_DIRECTORY_EXPIRY,  /* over, or too far ahead, on our clock */
	LR_DIRECTORY_FULL,    /* a limit is reached */
	LR_DIRECTORY_CLOSED,  /* new parties are not taken (from this asker) */
	LR_DIRECTORY_RESULTS
};
/* "ok", "same", "malformed", "too_large", "forged", "unknown", "stale", "epoch", "expiry", "full",
 * "closed": counters and answers; and the HTTP status that says it (200, 400, 403, 404, 409, 413,
 * 422, 503). */
const char *lr_directory_result_name(enum lr_directory_result r);
unsigned lr_directory_result_status(enum lr_directory_result r);

/* `epoch` is random and not 0. `limits` and `hooks` are copied. NULL: out of memory. */
struct lr_directory *lr_directory_new(const struct lr_directory_limits *limits, uint64_t epoch,
	const struct lr_directory_hooks *hooks);
void lr_directory_free(struct lr_directory *d);

/* PUT /v1/parties/ID. `may_create`: whether this asker may found one. Up to LR_LINKS_MAX + 1
 * signature checks: the caller limits how often. */
enum lr_directory_result lr_directory_put_charter(struct lr_directory *d,
	const uint8_t id[LR_PARTY_ID_LEN], const uint8_t *bytes, size_t len, bool may_create,
	const struct lr_directory_now *now);
/* GET /v1/parties/ID, for anyone. NULL: unknown. Valid until the next change. */
const uint8_t *lr_directory_charter(
	const struct lr_directory *d, const uint8_t id[LR_PARTY_ID_LEN], size_t *len);

/* PUT and DELETE /v1/parties/ID/members/KEYHASH. */
enum lr_directory_result lr_directory_put_record(struct lr_directory *d,
	const uint8_t id[LR_PARTY_ID_LEN], const uint8_t keyhash[LR_KEYHASH_LEN],
	const uint8_t *bytes, size_t len, const struct lr_directory_now *now);

/* GET .../members: whether the LR-Access header is right. OK, FORGED, EPOCH (or time), UNKNOWN,
 * MALFORMED. Counts as use of the party. */
enum lr_directory_result lr_directory_check_access(struct lr_directory *d,
	const uint8_t id[LR_PARTY_ID_LEN], const char *header, const struct lr_directory_now *now);
/* The answer to a good PUT or GET: everything since `since` (NULL, of another epoch, or not reached
 * yet: the whole).
 * malloc'd; NULL when the party is unknown or memory is short. */
uint8_t *lr_directory_list(const struct lr_directory *d, const uint8_t id[LR_PARTY_ID_LEN],
	const struct lr_since *since, const struct lr_directory_now *now, size_t *len);
/* The body of a refusal, also a list: our time, and for STALE the record or charter held (`keyhash`
 * NULL: the charter), for EPOCH the charter. Its sequence number is 0: not to be remembered. */
uint8_t *lr_directory_refusal(const struct lr_directory *d, const uint8_t id[LR_PARTY_ID_LEN],
	const uint8_t *keyhash, enum lr_directory_result why, const struct lr_directory_now *now,
	size_t *len);
/* The number of the last change: a poll with `since` waits while lr_directory_news() is false. */
bool lr_directory_news(const struct lr_directory *d, const uint8_t id[LR_PARTY_ID_LEN],
	const struct lr_since *since);
struct lr_since lr_directory_now_at(
	const struct lr_directory *d, const uint8_t id[LR_PARTY_ID_LEN]);

/* POST /v1/parties/ID/invites, and the claim. `who`: the claimer as we see it, at most 63 bytes. */
enum lr_directory_result lr_directory_offer(struct lr_directory *d,
	const uint8_t id[LR_PARTY_ID_LEN], const uint8_t *bytes, size_t len,
	const struct lr_directory_now *now);
enum lr_directory_result lr_directory_claim(struct lr_directory *d,
	const uint8_t hash[LR_TOKEN_HASH_LEN], const char *who, const struct lr_directory_now *now,
	uint8_t sealed[LR_TOKEN_SEALED]);

/* For the packet relay: the party key of a member that is in the party now, else NULL. */
const uint8_t *lr_directory_member(const struct lr_directory *d, const uint8_t id[LR_PARTY_ID_LEN],
	const uint8_t keyhash[LR_KEYHASH_LEN]);
/* The party is in use (packets flow): not to be forgotten. */
void lr_directory_touch(struct lr_directory *d, const uint8_t id[LR_PARTY_ID_LEN],
	const struct lr_directory_now *now);
/* A pointer for the caller beside the party, NULL at first; NULL: no such party. */
void **lr_directory_owner(const struct lr_directory *d, const uint8_t id[LR_PARTY_ID_LEN]);

/* Expiries. Costs what is due. */
void lr_directory_sweep(struct lr_directory *d, const struct lr_directory_now *now);
uint64_t lr_directory_due(struct lr_directory *d); /* mono_ns of the next sweep, or LR_NEVER */

struct lr_directory_stats {
	size_t parties, members, offers, bytes;
	uint64_t results[LR_DIRECTORY_RESULTS]; /* of everything that was put, offered, claimed */
};
void lr_directory_stats(const struct lr_directory *d, struct lr_directory_stats *out);

/* A party as one JSON object, for its state file: new reference, NULL when unknown. Import checks
 * the charter anew; no hook is called. 0, or -1 with `err`: what stood before the fault is taken.
 */
json_t *lr_directory_export(const struct lr_directory *d, const uint8_t id[LR_PARTY_ID_LEN],
	const struct lr_directory_now *now);
int lr_directory_import(struct lr_directory *d, const json_t *obj,
	const struct lr_directory_now *now, struct lr_err *err);
/* Calls `each` for every party, in no order. */
void lr_directory_each(const struct lr_directory *d,
	void (*each)(void *ctx, const uint8_t id[LR_PARTY_ID_LEN]), void *ctx);

#endif
