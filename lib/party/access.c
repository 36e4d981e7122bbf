/*
 * access.c - proof of membership for requests that change nothing
 */
#include "lib/party/access.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/bytes.h"

#define SIG_TEXT 86 /* base64url of a signature */

static void spans_of(struct lr_span spans[3], const uint8_t *id, uint8_t body[10], uint16_t epoch,
	uint64_t time_s)
{
	static const char context[] = "lanrage poll 1";

	lr_put_be16(body, epoch);
	lr_put_be64(body + 2, time_s);
	spans[0] = (struct lr_span){context, sizeof(context) - 1};
	spans[1] = (struct lr_span){id, LR_PARTY_ID_LEN};
	spans[2] = (struct lr_span){body, 10};
}

const char *lr_access_text(const uint8_t id[LR_PARTY_ID_LEN], const struct lr_epoch_keys *keys,
	uint64_t time_s, char out[LR_ACCESS_TEXT])
{
	struct lr_span spans[3];
	uint8_t body[10], sig[LR_SIGN_LEN];

	spans_of(spans, id, body, keys->epoch, time_s);
	lr_sign(sig, spans, 3, keys->access_secret);
	int n = snprintf(out, LR_ACCESS_TEXT, "%u.%" PRIu64 ".", keys->epoch, time_s);
	lr_base64url(sig, sizeof(sig), out + n);
	return out;
}

/* Digits up to the next dot, at most `max`. Behind the dot, or NULL. */
static const char *number(const char *at, uint64_t max, uint64_t *out)
{
	const char *from = at;

	for (*out = 0; *at != '.'; at++) {
		if (*at < '0' || *at > '9' || *out > (max - (uint64_t)(*at - '0')) / 10)
			return NULL;
		*out = *out * 10 + (uint64_t)(*at - '0');
	}
	return at > from ? at + 1 : NULL;
}

int lr_access_check(const char *text, const uint8_t id[LR_PARTY_ID_LEN], uint16_t epoch,
	const uint8_t access_public[LR_KEY_LEN], uint64_t now_s)
{
	uint8_t body[10], sig[LR_SIGN_LEN];
	struct lr_span spans[3];
	uint64_t said, time_s;
	const char *at = number(text, UINT16_MAX, &said);

	if (!at || !(at = number(at, UINT64_MAX, &time_s)) ||
		lr_base64url_parse(at, strnlen(at, SIG_TEXT + 1), sig, sizeof(sig)) < 0)
		return -EBADMSG;
	uint64_t apart = time_s > now_s ? time_s - now_s : now_s - time_s;
	if (said != epoch || apart > LR_ACCESS_WINDOW_S)
		return -ESTALE;
	spans_of(spans, id, body, epoch, time_s);
	return lr_sign_check(sig, spans, 3, access_public) ? 0 : -EACCES;
}
