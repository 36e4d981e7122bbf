/*
 * invite.h - lr://HOST[:PORT][,HOST...]/NAME#BLOB
 *
 * BLOB is base64url of
 *   lasting  version and flags (1) | epoch (2) | secret (16) | id (32) | checksum (4): 55 bytes
 *   token    version and flags (1) | token (16) | checksum (4): 21 bytes
 * Version in the high four bits (1), flags in the low four: 1 token, 2 the alternative pool,
 * 4 addresses are hidden, 8 the relays on port 443 speak TLS. The checksum is BLAKE2b over all that
 * stands before it in canonical form, hosts and name included, so that a mistyped host is told as
 * well.
 *
 * A token invite holds no secret: the relay keeps, under the token's hash, the secret and id sealed
 * under a key from the token, for a time and a number of uses (token.h).
 */
#ifndef LR_PARTY_INVITE_H
#define LR_PARTY_INVITE_H

#include "lib/base/err.h"
#include "lib/party/keys.h"
#include "lib/party/place.h"

#define LR_PARTY_NAME  33 /* letters, digits, - _ .; with its NUL */
#define LR_TOKEN_LEN   16
#define LR_INVITE_TEXT (6 + LR_PLACES_MAX * LR_PLACE_TEXT + LR_PARTY_NAME + 80)

#define LR_INVITE_TOKEN 1 /* flags */
#define LR_INVITE_POOL  2
#define LR_INVITE_HIDE  4
#define LR_INVITE_TLS   8

/* Holds secrets: lr_wipe it. */
struct lr_invite {
	uint8_t flags;
	unsigned n_relays; /* 1..LR_PLACES_MAX */
	struct lr_place relays[LR_PLACES_MAX];
	char name[LR_PARTY_NAME];
	/* a lasting invite, or a token invite after the claim (lr_token_open) */
	uint16_t epoch;
	uint8_t secret[LR_SECRET_LEN];
	uint8_t id[LR_PARTY_ID_LEN];
	/* with LR_INVITE_TOKEN */
	uint8_t token[LR_TOKEN_LEN];
};

/* Whether `name` can be a party's name: 1..32 letters, digits, '-', '_', '.'; not '.' or '-' first.
 */
bool lr_party_name_ok(const char *name);
/* Reads text from a person: white space around it is ignored. 0, or -1 with `err` (exit 2): not an
 * invite, cut off, mistyped, made by a newer version... The text of an error never has the BLOB. */
int lr_invite_parse(const char *text, size_t len, struct lr_invite *out, struct lr_err *err);
/* 0, or -EINVAL when `v` cannot be written (no relay, bad name, unknown flags). */
int lr_invite_text(const struct lr_invite *v, char out[LR_INVITE_TEXT]);

#endif
