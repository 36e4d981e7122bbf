/*
 * list.c - the relay's answer: what changed in a party
 */
#include "lib/party/list.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/text.h"

#define CLAIM_FIXED (LR_TOKEN_HASH_LEN + 1 + 8)

/* One number in `base` (10 or 16), digits only, ending at `stop`. Behind it, or NULL. */
static const char *number(const char *at, unsigned base, char stop, uint64_t *out)
{
	const char *from = at;

	for (*out = 0; *at != stop; at++) {
		unsigned digit = 99;
		if (*at >= '0' && *at <= '9')
			digit = (unsigned)(*at - '0');
		else if (*at >= 'a' && *at <= 'f')
			digit = (unsigned)(*at - 'a') + 10;
		if (digit >= base || *out > (UINT64_MAX - digit) / base)
			return NULL;
		*out = *out * base + digit;
	}
	return at > from ? at : NULL;
}

int lr_since_parse(const char *text, struct lr_since *out)
{
	struct lr_since s;
	const char *at = number(text, 16, '.', &s.epoch);

	if (!at || at - text != 16 || !number(at + 1, 10, '\0', &s.seq))
		return -EINVAL;
	*out = s;
	return 0;
}

const char *lr_since_text(const struct lr_since *s, char out[LR_SINCE_TEXT])
{
	snprintf(out, LR_SINCE_TEXT, "%016" PRIx64 ".%" PRIu64, s->epoch, s->seq);
	return out;
}

/* Kind, length and value of the next entry. */
static bool entry(struct lr_cursor *c, struct lr_list_entry *out)
{
	const uint8_t *head = lr_take(c, 5);

	if (!head)
		return false;
	out->kind = head[0];
	out->len = lr_get_be32(head + 1);
	out->at = lr_take(c, out->len);
	return out->at != NULL;
}

int lr_list_read(const uint8_t *bytes, size_t len, struct lr_list *out)
{
	struct lr_cursor c = lr_cursor(bytes, len);
	const uint8_t *head = lr_take(&c, LR_LIST_HEAD);
	struct lr_list_entry e;

	if (!head || memcmp(head, "LRL1", 4) != 0 || head[28] > 1)
		return -EBADMSG;
	*out = (struct lr_list){
		.now = {lr_get_be64(head + 4), lr_get_be64(head + 12)},
		.time_ms = lr_get_be64(head + 20),
		.whole = head[28],
		.rest = c,
	};
	while (c.left) {
		if (!entry(&c, &e))
			return -EBADMSG;
	}
	return 0;
}

bool lr_list_next(struct lr_list *l, struct lr_list_entry *out)
{
	while (entry(&l->rest, out)) {
		if (out->kind >= LR_LIST_RECORD && out->kind <= LR_LIST_CLAIM)
			return true;
	}
	return false;
}

int lr_claim_read(const uint8_t *bytes, size_t len, struct lr_claim *out)
{
	size_t text = len - CLAIM_FIXED;

	if (len < CLAIM_FIXED || text >= sizeof(out->who))
		return -EBADMSG;
	memcpy(out->hash, bytes, LR_TOKEN_HASH_LEN);
	out->left = bytes[LR_TOKEN_HASH_LEN];
	out->at_s = lr_get_be64(bytes + LR_TOKEN_HASH_LEN + 1);
	memcpy(out->who, bytes + CLAIM_FIXED, text);
	out->who[text] = '\0';
	lr_text_clean(out->who, true);
	return 0;
}
