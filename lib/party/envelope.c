/*
 * envelope.c - the outside of a record: what a relay checks, and members before they open it
 *
 * The drawing is in record.h. The member's signature covers everything before it, the access
 * signature the member's as well; so neither can be moved to another record.
 */
#include <errno.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/party/record_wire.h"

#define TEXT(s)                                                                                    \
	{                                                                                          \
		s, sizeof(s) - 1                                                                   \
	}

int lr_envelope_read(const uint8_t *bytes, size_t len, struct lr_envelope *out)
{
	if (len < LR_RECORD_MIN || len > LR_RECORD_MAX || bytes[0] != LR_RECORD_FORMAT ||
		(bytes[LR_RECORD_FLAGS] & ~LR_RECORD_LEAVE))
		return -EBADMSG;
	*out = (struct lr_envelope){
		.leave = bytes[LR_RECORD_FLAGS] & LR_RECORD_LEAVE,
		.epoch = lr_get_be16(bytes + LR_RECORD_EPOCH),
		.version = lr_get_be64(bytes + LR_RECORD_VERSION),
		.expiry_s = lr_get_be64(bytes + LR_RECORD_EXPIRY),
		.id = bytes + LR_RECORD_ID,
		.party_key = bytes + LR_RECORD_KEY,
		.sealed = bytes + LR_RECORD_SEALED,
		.sealed_len = lr_get_be16(bytes + LR_RECORD_LEN),
	};
	if (out->sealed_len != len - LR_RECORD_MIN || out->version == 0 ||
		out->version == UINT64_MAX || out->leave != (out->sealed_len == 0) ||
		(out->sealed_len && out->sealed_len < LR_SEAL_EXTRA))
		return -EBADMSG;
	lr_keyhash(out->keyhash, out->party_key);
	return 0;
}

bool lr_envelope_by_member(const struct lr_envelope *e, const uint8_t *bytes, size_t len)
{
	size_t signed_len = len - 2 * LR_SIGN_LEN;

	return lr_sign_check(bytes + signed_len,
		(struct lr_span[]){TEXT("lanrage record 1"), {bytes, signed_len}}, 2, e->party_key);
}

int lr_envelope_check(const struct lr_envelope *e, const uint8_t *bytes, size_t len,
	const uint8_t id[LR_PARTY_ID_LEN], uint16_t epoch, const uint8_t access_public[LR_KEY_LEN])
{
	size_t signed_len = len - LR_SIGN_LEN;

	if (memcmp(e->id, id, LR_PARTY_ID_LEN) != 0)
		return -EACCES;
	if (e->epoch != epoch)
		return -ESTALE;
	if (!lr_sign_check(bytes + signed_len,
		    (struct lr_span[]){TEXT("lanrage access 1"), {bytes, signed_len}}, 2,
		    access_public))
		return -EACCES;
	return lr_envelope_by_member(e, bytes, len) ? 0 : -EACCES;
}

int lr_record_open(const struct lr_envelope *e, const uint8_t *bytes,
	const uint8_t record_key[LR_KEY_LEN], struct lr_record *out)
{
	uint8_t plain[LR_RECORD_MAX];
	size_t len = e->sealed_len - LR_SEAL_EXTRA;

	if (e->leave ||
		!lr_xopen_once(plain, e->sealed + LR_XNONCE_LEN, e->sealed_len - LR_XNONCE_LEN,
			bytes, LR_RECORD_SEALED, e->sealed, record_key))
		return -EBADMSG;
	return lr_record_decode(plain, len, out);
}

/* Everything before the seal, then the seal. Length so far, or negative. */
static int put_body(const struct lr_record *r, const uint8_t nonce[LR_XNONCE_LEN],
	const uint8_t *key, uint8_t *out)
{
	uint8_t plain[LR_RECORD_MAX];
	uint8_t *sealed = out + LR_RECORD_SEALED;
	int len = r ? lr_record_encode(r, plain, LR_RECORD_MAX - LR_RECORD_MIN - LR_SEAL_EXTRA) : 0;

	if (len < 0)
		return len;
	lr_put_be16(out + LR_RECORD_LEN, (uint16_t)(r ? len + LR_SEAL_EXTRA : 0));
	if (!r)
		return LR_RECORD_SEALED;
	memcpy(sealed, nonce, LR_XNONCE_LEN);
	lr_xseal_once(
		sealed + LR_XNONCE_LEN, plain, (size_t)len, out, LR_RECORD_SEALED, nonce, key);
	return LR_RECORD_SEALED + len + LR_SEAL_EXTRA;
}

int lr_record_sign(const struct lr_record *r, uint64_t version, uint64_t expiry_s,
	const struct lr_signer *by, const uint8_t nonce[LR_XNONCE_LEN], uint8_t *out)
{
	if (version == 0 || version == UINT64_MAX)
		return -EINVAL;
	out[0] = LR_RECORD_FORMAT;
	out[LR_RECORD_FLAGS] = r ? 0 : LR_RECORD_LEAVE;
	lr_put_be16(out + LR_RECORD_EPOCH, by->keys->epoch);
	lr_put_be64(out + LR_RECORD_VERSION, version);
	lr_put_be64(out + LR_RECORD_EXPIRY, expiry_s);
	memcpy(out + LR_RECORD_ID, by->id, LR_PARTY_ID_LEN);
	memcpy(out + LR_RECORD_KEY, by->party_public, LR_KEY_LEN);
	int at = put_body(r, nonce, by->keys->record_key, out);
	if (at < 0)
		return at;
	lr_sign(out + at, (struct lr_span[]){TEXT("lanrage record 1"), {out, (size_t)at}}, 2,
		by->party_secret);
	at += LR_SIGN_LEN;
	lr_sign(out + at, (struct lr_span[]){TEXT("lanrage access 1"), {out, (size_t)at}}, 2,
		by->keys->access_secret);
	return at + LR_SIGN_LEN;
}
