/*
 * token.c - one-time and expiring invites at the relay
 */
#include "lib/party/token.h"

#include <errno.h>
#include <string.h>

#include "lib/base/bytes.h"

#define TEXT(s)                                                                                    \
	{                                                                                          \
		s, sizeof(s) - 1                                                                   \
	}
#define FORMAT     1
#define INSIDE_LEN (LR_TOKEN_SEALED - LR_XNONCE_LEN - LR_TAG_LEN)
#define SIGNED_LEN (LR_OFFER_LEN - LR_SIGN_LEN)

/* Offsets in an offer, and in what is sealed in it. */
enum { AT_USES = 1, AT_EPOCH = 2, AT_EXPIRY = 4, AT_HASH = 12, AT_SEALED = 44 };
enum { IN_ID = 0, IN_EPOCH = 32, IN_SECRET = 34, IN_FLAGS = 50 };
_Static_assert(IN_FLAGS + 1 == INSIDE_LEN, "what is sealed in an offer");
_Static_assert(AT_SEALED + LR_TOKEN_SEALED == SIGNED_LEN, "what is signed of an offer");

void lr_token_hash(uint8_t out[LR_TOKEN_HASH_LEN], const uint8_t token[LR_TOKEN_LEN])
{
	lr_digest(out, LR_TOKEN_HASH_LEN, NULL, 0,
		(struct lr_span[]){TEXT("lanrage token 1"), {token, LR_TOKEN_LEN}}, 2);
}

static void sealing_key(uint8_t out[LR_KEY_LEN], const uint8_t token[LR_TOKEN_LEN])
{
	lr_digest(out, LR_KEY_LEN, token, LR_TOKEN_LEN,
		(struct lr_span[]){TEXT("lanrage token key 1")}, 1);
}

int lr_token_hash_parse(const char *text, size_t chars, uint8_t hash[LR_TOKEN_HASH_LEN])
{
	return lr_base64url_parse(text, chars, hash, LR_TOKEN_HASH_LEN);
}

const char *lr_token_hash_text(const uint8_t hash[LR_TOKEN_HASH_LEN], char out[LR_TOKEN_HASH_TEXT])
{
	return lr_base64url(hash, LR_TOKEN_HASH_LEN, out);
}

void lr_offer_sign(const struct lr_invite *v, const struct lr_epoch_keys *keys, uint8_t uses,
	uint64_t expiry_s, const uint8_t nonce[LR_XNONCE_LEN], uint8_t out[LR_OFFER_LEN])
{
	uint8_t inside[INSIDE_LEN], key[LR_KEY_LEN];

	out[0] = FORMAT;
	out[AT_USES] = uses;
	lr_put_be16(out + AT_EPOCH, keys->epoch);
	lr_put_be64(out + AT_EXPIRY, expiry_s);
	lr_token_hash(out + AT_HASH, v->token);
	memcpy(inside + IN_ID, v->id, LR_PARTY_ID_LEN);
	lr_put_be16(inside + IN_EPOCH, keys->epoch);
	memcpy(inside + IN_SECRET, keys->secret, LR_SECRET_LEN);
	inside[IN_FLAGS] = v->flags & (LR_INVITE_POOL | LR_INVITE_HIDE | LR_INVITE_TLS);
	sealing_key(key, v->token);
	memcpy(out + AT_SEALED, nonce, LR_XNONCE_LEN);
	lr_xseal_once(out + AT_SEALED + LR_XNONCE_LEN, inside, sizeof(inside), NULL, 0, nonce, key);
	lr_sign(out + SIGNED_LEN,
		(struct lr_span[]){
			TEXT("lanrage offer 1"), {v->id, LR_PARTY_ID_LEN}, {out, SIGNED_LEN}},
		3, keys->access_secret);
	lr_wipe(inside, sizeof(inside));
	lr_wipe(key, sizeof(key));
}

int lr_offer_read(const uint8_t *bytes, size_t len, const uint8_t id[LR_PARTY_ID_LEN],
	const uint8_t access_public[LR_KEY_LEN], struct lr_offer *out)
{
	if (len != LR_OFFER_LEN || bytes[0] != FORMAT || bytes[AT_USES] == 0)
		return -EBADMSG;
	if (!lr_sign_check(bytes + SIGNED_LEN,
		    (struct lr_span[]){
			    TEXT("lanrage offer 1"), {id, LR_PARTY_ID_LEN}, {bytes, SIGNED_LEN}},
		    3, access_public))
		return -EACCES;
	out->uses = bytes[AT_USES];
	out->epoch = lr_get_be16(bytes + AT_EPOCH);
	out->expiry_s = lr_get_be64(bytes + AT_EXPIRY);
	memcpy(out->hash, bytes + AT_HASH, LR_TOKEN_HASH_LEN);
	memcpy(out->sealed, bytes + AT_SEALED, LR_TOKEN_SEALED);
	return 0;
}

int lr_token_open(struct lr_invite *v, const uint8_t *sealed, size_t len)
{
	uint8_t inside[INSIDE_LEN], key[LR_KEY_LEN];
	bool good = false;

	if (len != LR_TOKEN_SEALED)
		return -EBADMSG;
	sealing_key(key, v->token);
	good = lr_xopen_once(
		inside, sealed + LR_XNONCE_LEN, len - LR_XNONCE_LEN, NULL, 0, sealed, key);
	if (good) {
		memcpy(v->id, inside + IN_ID, LR_PARTY_ID_LEN);
		v->epoch = lr_get_be16(inside + IN_EPOCH);
		memcpy(v->secret, inside + IN_SECRET, LR_SECRET_LEN);
		v->flags = LR_INVITE_TOKEN | inside[IN_FLAGS];
	}
	lr_wipe(inside, sizeof(inside));
	lr_wipe(key, sizeof(key));
	return good ? 0 : -EBADMSG;
}
