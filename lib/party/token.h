/*
 * token.h - one-time and expiring invites at the relay
 *
 * A member offers:   POST /v1/parties/ID/invites      body: an offer
 * A joiner claims:   POST /v1/invites/HASH/claim      answer: the sealed part of the offer
 *
 *   offer   format 1 | uses (1) | epoch (2) | expiry, unix seconds (8) | token hash (32)
 *           | sealed (LR_TOKEN_SEALED) | access signature (64)
 *   sealed  nonce (24) | XChaCha20-Poly1305 of: id (32), epoch (2), secret (16), flags (1)
 *
 * Token hash = BLAKE2b-256("lanrage token 1" | token); the sealing key = BLAKE2b-256(key: token,
 * "lanrage token key 1"). Signed with the epoch's access key over "lanrage offer 1", the id and
 * all before the signature.
 */
#ifndef LR_PARTY_TOKEN_H
#define LR_PARTY_TOKEN_H

#include "lib/party/invite.h"

#define LR_TOKEN_HASH_LEN  32
#define LR_TOKEN_HASH_TEXT 44
#define LR_TOKEN_SEALED    (24 + 51 + 16)
#define LR_OFFER_LEN       (1 + 1 + 2 + 8 + LR_TOKEN_HASH_LEN + LR_TOKEN_SEALED + LR_SIGN_LEN)
#define LR_OFFER_MAX_S     (30 * 86400) /* longest life of an offer */

struct lr_offer {
	uint8_t uses; /* 1..255 */
	uint16_t epoch;
	uint64_t expiry_s; /* unix */
	uint8_t hash[LR_TOKEN_HASH_LEN];
	uint8_t sealed[LR_TOKEN_SEALED];
};

void lr_token_hash(uint8_t out[LR_TOKEN_HASH_LEN], const uint8_t token[LR_TOKEN_LEN]);
int lr_token_hash_parse(const char *text, size_t chars, uint8_t hash[LR_TOKEN_HASH_LEN]);
const char *lr_token_hash_text(const uint8_t hash[LR_TOKEN_HASH_LEN], char out[LR_TOKEN_HASH_TEXT]);

/* A member: the offer for token v->token of an invite to the party v->id at the epoch of `keys`.
 * v->flags says pool and hiding. `nonce` is random. */
void lr_offer_sign(const struct lr_invite *v, const struct lr_epoch_keys *keys, uint8_t uses,
	uint64_t expiry_s, const uint8_t nonce[LR_XNONCE_LEN], uint8_t out[LR_OFFER_LEN]);
/* The relay: reads and checks against the access key in force. 0, -EBADMSG, -EACCES. */
int lr_offer_read(const uint8_t *bytes, size_t len, const uint8_t id[LR_PARTY_ID_LEN],
	const uint8_t access_public[LR_KEY_LEN], struct lr_offer *out);
/* The joiner: opens what a claim was answered with; v->token is given, id, epoch, secret and
 * flags are filled in. 0 or -EBADMSG (v is then unchanged). */
int lr_token_open(struct lr_invite *v, const uint8_t *sealed, size_t len);

#endif
