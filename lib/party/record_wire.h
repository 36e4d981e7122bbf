/*
 * record_wire.h - the bytes of a record; for lib/party only
 */
#ifndef LR_PARTY_RECORD_WIRE_H
#define LR_PARTY_RECORD_WIRE_H

#include "lib/party/record.h"

#define LR_RECORD_FORMAT 1
#define LR_RECORD_LEAVE  1 /* flag */
#define LR_SEAL_EXTRA    (LR_XNONCE_LEN + LR_TAG_LEN)

/* Offsets in an envelope; the signatures are the last two times LR_SIGN_LEN bytes. */
enum {
	LR_RECORD_FLAGS = 1,
	LR_RECORD_EPOCH = 2,
	LR_RECORD_VERSION = 4,
	LR_RECORD_EXPIRY = 12,
	LR_RECORD_ID = 20,
	LR_RECORD_KEY = 52,
	LR_RECORD_LEN = 84,
	LR_RECORD_SEALED = 86,
};
_Static_assert(LR_RECORD_SEALED + 2 * LR_SIGN_LEN == LR_RECORD_MIN, "an empty record");

/* Fields of the contents: tag (1), length (2), value. */
enum lr_record_tag {
	LR_TAG_NAME = 1,    /* text, once */
	LR_TAG_KEY = 2,     /* WireGuard public key (32), once */
	LR_TAG_ADDRESS = 3, /* IPv4 (4), since (8); at most once */
	LR_TAG_NAT = 4, /* flags (1: hidden), mapping, filtering, flags, delta: 1 byte each; once */
	LR_TAG_CANDIDATE = 5, /* kind (1), port (2), IPv4 or IPv6 */
	LR_TAG_CHANNEL = 6,   /* channel (4), round trip in microseconds (4), relay as text */
	LR_TAG_GAME = 7,      /* text */
	LR_TAG_GUEST = 8,     /* IPv4 (4), name */
	LR_TAG_INVITE = 9,    /* first 8 bytes of a token hash; at most once */
	LR_TAG_PROOF = 10,    /* lib/crypto/proof.h (96), once: see record.h */
	LR_TAG_BRIDGE = 11,   /* mark (16), shown (16); at most once: it carries one */
	LR_TAGS
};

/* All fields at their longest: whoever keeps to the limits of each can publish. */
#define LR_FIELD(n) (3 + (n))
_Static_assert(LR_RECORD_MIN + LR_SEAL_EXTRA + LR_FIELD(LR_MEMBER_NAME - 1) + LR_FIELD(LR_KEY_LEN) +
			       LR_FIELD(LR_PROOF_LEN) + LR_FIELD(12) + LR_FIELD(5) + LR_FIELD(8) +
			       LR_FIELD(2 * LR_BRIDGE_TOKEN) +
			       LR_CANDIDATES_MAX * LR_FIELD(3 + 16) +
			       LR_CHANNELS_MAX * LR_FIELD(8 + LR_PLACE_TEXT - 1) +
			       LR_GAMES_MAX * LR_FIELD(LR_GAME_NAME - 1) +
			       LR_GUESTS_MAX * LR_FIELD(4 + LR_MEMBER_NAME - 1) <=
		       LR_RECORD_MAX,
	"the fullest record");

#endif
