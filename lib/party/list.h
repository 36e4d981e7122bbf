/*
 * list.h - the relay's answer: what changed in a party
 *
 *   "LRL1" | relay epoch (8) | sequence (8) | relay time, unix milliseconds (8) | flags (1: whole)
 *   | entries: kind (1), length (4), value
 *
 * Kinds: 1 a record (record.h), 2 the charter (charter.h), 3 a claim: token hash (32), uses left
 * (1), unix seconds (8), who (text, as the relay saw it). Unknown kinds are skipped. The relay
 * epoch is a random number of the relay's process; with another one than before, nothing that was
 * remembered of this relay's sequence counts. In URLs: "EPOCH.SEQ", 16 hex digits and a decimal.
 */
#ifndef LR_PARTY_LIST_H
#define LR_PARTY_LIST_H

#include "lib/base/bytes.h"
#include "lib/party/token.h"

#define LR_LIST_HEAD  29
#define LR_SINCE_TEXT 40

struct lr_since {
	uint64_t epoch; /* of the relay; 0: never asked */
	uint64_t seq;
};
int lr_since_parse(const char *text, struct lr_since *out); /* 0 or -EINVAL */
const char *lr_since_text(const struct lr_since *s, char out[LR_SINCE_TEXT]);

enum lr_list_kind { LR_LIST_RECORD = 1, LR_LIST_CHARTER = 2, LR_LIST_CLAIM = 3 };
struct lr_list {
	struct lr_since now; /* what to ask with next time */
	uint64_t time_ms;    /* the relay's unix time */
	bool whole;          /* everything, not only what changed */
	struct lr_cursor rest;
};
struct lr_list_entry {
	enum lr_list_kind kind;
	const uint8_t *at;
	size_t len;
};
struct lr_claim {
	uint8_t hash[LR_TOKEN_HASH_LEN];
	uint8_t left;
	uint64_t at_s;
	char who[64]; /* cleaned of control characters */
};
/* 0 or -EBADMSG; the whole is checked for its framing at once. */
int lr_list_read(const uint8_t *bytes, size_t len, struct lr_list *out);
/* The next entry of a known kind; false behind the last. */
bool lr_list_next(struct lr_list *l, struct lr_list_entry *out);
int lr_claim_read(const uint8_t *bytes, size_t len, struct lr_claim *out);

#endif
