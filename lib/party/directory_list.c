/*
 * directory_list.c - the relay's view: what is told to members
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/party/directory_inside.h"

#define ENTRY_HEAD 5

/* Whether a change is told to members at all: not the record of one who was kicked or who has not
 * come back since the epoch moved on, since nobody could read it. */
static bool told(const struct lr_directory_party *p, const struct lr_change *c)
{
	const struct lr_directory_member *m = (const struct lr_directory_member *)c;

	return c->kind != LR_LIST_RECORD || (m->told && m->epoch == p->epoch);
}

static const uint8_t *value(const struct lr_change *c, size_t *len)
{
	if (c->kind == LR_LIST_RECORD) {
		const struct lr_directory_member *m = (const struct lr_directory_member *)c;
		*len = m->len;
		return m->bytes;
	}
	if (c->kind == LR_LIST_CLAIM) {
		const struct lr_directory_claim *claim = (const struct lr_directory_claim *)c;
		*len = claim->len;
		return claim->bytes;
	}
	const struct lr_directory_party *p = (const struct lr_directory_party *)c;
	*len = p->len;
	return p->bytes;
}

static uint8_t *put_head(uint8_t *at, const struct lr_since *now_at, uint64_t unix_ms, bool whole)
{
	memcpy(at, "LRL1", 4);
	lr_put_be64(at + 4, now_at->epoch);
	lr_put_be64(at + 12, now_at->seq);
	lr_put_be64(at + 20, unix_ms);
	at[28] = whole;
	return at + LR_LIST_HEAD;
}

static uint8_t *put_entry(uint8_t *at, const struct lr_change *c)
{
	size_t len;
	const uint8_t *bytes = value(c, &len);

	at[0] = (uint8_t)c->kind;
	lr_put_be32(at + 1, (uint32_t)len);
	memcpy(at + ENTRY_HEAD, bytes, len);
	return at + ENTRY_HEAD + len;
}

struct lr_since lr_directory_now_at(const struct lr_directory *d, const uint8_t id[LR_PARTY_ID_LEN])
{
	const struct lr_directory_party *p = lr_directory_find(d, id);

	return (struct lr_since){d->epoch, p ? p->newest->seq : 0};
}

bool lr_directory_news(const struct lr_directory *d, const uint8_t id[LR_PARTY_ID_LEN],
	const struct lr_since *since)
{
	const struct lr_directory_party *p = lr_directory_find(d, id);

	return !p || since->epoch != d->epoch || since->seq != p->newest->seq;
}

uint8_t *lr_directory_list(const struct lr_directory *d, const uint8_t id[LR_PARTY_ID_LEN],
	const struct lr_since *since, const struct lr_directory_now *now, size_t *len)
{
	const struct lr_directory_party *p = lr_directory_find(d, id);
	const struct lr_change *first = NULL;
	size_t room = LR_LIST_HEAD, one;

	if (!p)
		return NULL;
	/* A number that we have not come to was not ours. */
	bool whole = !since || since->epoch != d->epoch || since->seq > p->newest->seq;
	for (const struct lr_change *c = p->newest; c && (whole || c->seq > since->seq);
		c = c->prev) {
		value(c, &one);
		room += told(p, c) ? ENTRY_HEAD + one : 0;
		first = c;
	}
	uint8_t *out = malloc(room), *at = out;
	if (!out)
		return NULL;
	struct lr_since now_at = {d->epoch, p->newest->seq};
	at = put_head(at, &now_at, now->unix_ms, whole);
	for (const struct lr_change *c = first; c; c = c->next) {
		if (told(p, c))
			at = put_entry(at, c);
	}
	*len = room;
	return out;
}

/* What the asker should know to do better, or NULL. */
static const struct lr_change *remedy(
	const struct lr_directory_party *p, const uint8_t *keyhash, enum lr_directory_result why)
{
	const struct lr_directory_member *m;

	if (!p)
		return NULL;
	if (why == LR_DIRECTORY_EPOCH || (why == LR_DIRECTORY_STALE && !keyhash))
		return &p->change;
	if (why != LR_DIRECTORY_STALE)
		return NULL;
	m = lr_directory_member_of(p, keyhash);
	return m ? &m->change : NULL;
}

uint8_t *lr_directory_refusal(const struct lr_directory *d, const uint8_t id[LR_PARTY_ID_LEN],
	const uint8_t *keyhash, enum lr_directory_result why, const struct lr_directory_now *now,
	size_t *len)
{
	const struct lr_change *c = remedy(lr_directory_find(d, id), keyhash, why);
	struct lr_since nowhere = {d->epoch, 0};
	size_t one = 0;

	if (c)
		value(c, &one);
	*len = LR_LIST_HEAD + (c ? ENTRY_HEAD + one : 0);
	uint8_t *out = malloc(*len);
	if (!out)
		return NULL;
	uint8_t *at = put_head(out, &nowhere, now->unix_ms, false);
	if (c)
		put_entry(at, c);
	return out;
}
