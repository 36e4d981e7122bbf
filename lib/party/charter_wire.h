/*
 * charter_wire.h - the bytes of a charter; for lib/party/charter*.c only
 *
 * charter.h draws them. scan() finds the parts and holds counts and lengths to their limits;
 * it looks at no signature.
 */
#ifndef LR_PARTY_CHARTER_WIRE_H
#define LR_PARTY_CHARTER_WIRE_H

#include "lib/party/charter.h"

#define LR_CHARTER_FORMAT 1
#define LR_CONFIRMED_LEN  (LR_KEYHASH_LEN + 4)
#define LR_BOX_WIRE       (LR_KEYHASH_LEN + LR_BOX_LEN)
#define LR_LINK_BODY      (1 + LR_KEYHASH_LEN + LR_KEY_LEN + LR_HASH_LEN)
#define LR_LINK_WIRE      (LR_LINK_BODY + LR_SIGN_LEN)

/* Offsets of a head's fixed part. */
enum {
	LR_HEAD_FLAGS = 1,
	LR_HEAD_EPOCH = 2,
	LR_HEAD_NUMBER = 4,
	LR_HEAD_ID = 8,
	LR_HEAD_ACCESS = 40,
	LR_HEAD_POOL = 72,
	LR_HEAD_KICKED = 77,
	LR_HEAD_FIXED = 93,
};

struct lr_charter_layout {
	const uint8_t *bytes;
	size_t head_len;   /* what the host signed */
	size_t signed_len; /* with the signature */
	const uint8_t *relays, *kickers, *confirmed, *boxes_hash, *links, *boxes;
	unsigned n_relays, n_kickers, n_confirmed, n_links, n_boxes;
	uint32_t number;
	uint32_t epoch;        /* in force: may be over 65535, which is refused when read */
	const uint8_t *access; /* in force */
};
/* 0 or -EBADMSG. */
int lr_charter_scan(const uint8_t *bytes, size_t len, struct lr_charter_layout *out);

/* The hash of `n` boxes as they are on the wire. */
void lr_charter_boxes_hash(uint8_t out[LR_HASH_LEN], const uint8_t *boxes, unsigned n);
/* What is signed: the head; link `i` (its own fields at `body`). */
#define LR_HEAD_SPANS 2
#define LR_LINK_SPANS 4
void lr_charter_head_spans(
	struct lr_span spans[LR_HEAD_SPANS], const uint8_t *bytes, size_t head_len);
void lr_charter_link_spans(struct lr_span spans[LR_LINK_SPANS], const struct lr_charter_layout *l,
	unsigned i, const uint8_t *body);
/* The kicker is named, and none of the first `n` links kicked it. */
bool lr_charter_entitled(const struct lr_charter *c, unsigned kicker, unsigned n);

#endif
