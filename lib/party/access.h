/*
 * access.h - proof of membership for requests that change nothing (list, long poll)
 *
 * One header line, "LR-Access: EPOCH.TIME.SIGNATURE": the party's epoch, the relay's own unix time
 * in seconds as the member knows it from the last answer, and the access key's signature
 * (base64url) over "lanrage poll 1", id, epoch (2) and time (8). Good for LR_ACCESS_WINDOW_S.
 */
#ifndef LR_PARTY_ACCESS_H
#define LR_PARTY_ACCESS_H

#include "lib/party/keys.h"

#define LR_ACCESS_TEXT     128
#define LR_ACCESS_WINDOW_S 60 /* each way: a request in flight, a poll of 25 s before it */

const char *lr_access_text(const uint8_t id[LR_PARTY_ID_LEN], const struct lr_epoch_keys *keys,
	uint64_t time_s, char out[LR_ACCESS_TEXT]);
/* 0; -EBADMSG not of this form; -ESTALE epoch or time is not near; -EACCES signature wrong. */
int lr_access_check(const char *text, const uint8_t id[LR_PARTY_ID_LEN], uint16_t epoch,
	const uint8_t access_public[LR_KEY_LEN], uint64_t now_s);

#endif
