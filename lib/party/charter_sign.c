/*
 * charter_sign.c - making charters: the host's heads, the kickers' links, the boxes
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/party/charter_wire.h"

static uint8_t *put(uint8_t *at, const void *bytes, size_t len)
{
	memcpy(at, bytes, len);
	return at + len;
}

static uint8_t *put16(uint8_t *at, unsigned v)
{
	lr_put_be16(at, (uint16_t)v);
	return at + 2;
}

static uint8_t *put_boxes(uint8_t *at, const struct lr_box *boxes, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		at = put(at, boxes[i].keyhash, LR_KEYHASH_LEN);
		at = put(at, boxes[i].sealed, LR_BOX_LEN);
	}
	return at;
}

static uint8_t *put_fixed(uint8_t *at, const struct lr_charter *c)
{
	*at++ = LR_CHARTER_FORMAT;
	*at++ = c->flags;
	at = put16(at, c->epoch);
	lr_put_be32(at, c->number);
	at = put(at + 4, c->id, LR_PARTY_ID_LEN);
	at = put(at, c->access_public, LR_KEY_LEN);
	at = put(at, c->pool.ip.b, 4);
	*at++ = c->pool.len;
	return put(at, c->kicked, LR_KEYHASH_LEN);
}

static uint8_t *put_lists(uint8_t *at, const struct lr_charter *c)
{
	*at++ = (uint8_t)c->n_relays;
	for (unsigned i = 0; i < c->n_relays; i++) {
		size_t len = strlen(c->relays[i].text);
		*at++ = (uint8_t)len;
		at = put(at, c->relays[i].text, len);
	}
	*at++ = (uint8_t)c->n_kickers;
	at = put(at, c->kickers, (size_t)c->n_kickers * LR_KEY_LEN);
	at = put16(at, c->n_confirmed);
	for (unsigned i = 0; i < c->n_confirmed; i++) {
		at = put(at, c->confirmed[i].keyhash, LR_KEYHASH_LEN);
		at = put(at, c->confirmed[i].address.b, 4);
	}
	return at;
}

int lr_charter_sign(
	const struct lr_charter *c, const uint8_t host_secret[LR_SIGN_SECRET_LEN], uint8_t *out)
{
	uint8_t host[LR_KEY_LEN];
	struct lr_span spans[LR_HEAD_SPANS];

	lr_sign_public(host, host_secret);
	if (memcmp(host, c->id, LR_PARTY_ID_LEN) != 0 || c->n_links ||
		c->n_relays > LR_PLACES_MAX || c->n_kickers > LR_KICKERS_MAX ||
		c->n_confirmed > LR_MEMBERS_MAX || c->n_boxes > LR_MEMBERS_MAX)
		return -EINVAL;
	uint8_t *hash = put_lists(put_fixed(out, c), c);
	uint8_t *sig = hash + LR_HASH_LEN, *boxes = sig + LR_SIGN_LEN + 1 + 2;
	uint8_t *end = put_boxes(boxes, c->boxes, c->n_boxes);
	lr_charter_boxes_hash(hash, boxes, c->n_boxes);
	lr_charter_head_spans(spans, out, (size_t)(sig - out));
	lr_sign(sig, spans, LR_HEAD_SPANS, host_secret);
	sig[LR_SIGN_LEN] = 0; /* no links */
	put16(sig + LR_SIGN_LEN + 1, c->n_boxes);

	/* What nobody would accept is not handed out: an address outside the pool, a bad relay. */
	struct lr_charter *again = malloc(sizeof(*again));
	int rc = again ? lr_charter_read(out, (size_t)(end - out), c->id, again) : -ENOMEM;
	free(again);
	return rc == -ENOMEM ? rc : rc < 0 ? -EINVAL : (int)(end - out);
}

static void forget_member(struct lr_charter *c, const uint8_t keyhash[LR_KEYHASH_LEN])
{
	unsigned kept = 0;

	for (unsigned i = 0; i < c->n_confirmed; i++) {
		if (memcmp(c->confirmed[i].keyhash, keyhash, LR_KEYHASH_LEN) != 0)
			c->confirmed[kept++] = c->confirmed[i];
	}
	c->n_confirmed = kept;
	kept = 0;
	for (unsigned i = 0; i < c->n_kickers; i++) {
		uint8_t of[LR_KEYHASH_LEN];
		lr_keyhash(of, c->kickers[i]);
		if (memcmp(of, keyhash, LR_KEYHASH_LEN) != 0)
			memmove(c->kickers[kept++], c->kickers[i], LR_KEY_LEN);
	}
	c->n_kickers = kept;
}

void lr_charter_fold(struct lr_charter *c)
{
	if (c->n_links) {
		const struct lr_link *last = &c->links[c->n_links - 1];
		memcpy(c->access_public, last->access_public, LR_KEY_LEN);
		memcpy(c->kicked, last->kicked, LR_KEYHASH_LEN);
		c->epoch = lr_charter_epoch(c);
		for (unsigned i = 0; i < c->n_links; i++)
			forget_member(c, c->links[i].kicked);
	}
	c->n_links = 0;
	c->number++;
}

/* Boxes for all but the kicked one. How many. */
static unsigned fill_boxes(struct lr_box *boxes, const uint8_t kicked[LR_KEYHASH_LEN],
	const uint8_t secret[LR_SECRET_LEN], const struct lr_remaining *to, size_t n)
{
	unsigned made = 0;

	for (size_t i = 0; i < n && made < LR_MEMBERS_MAX; i++) {
		struct lr_box *box = &boxes[made];
		if (memcmp(to[i].keyhash, kicked, LR_KEYHASH_LEN) == 0)
			continue;
		memcpy(box->keyhash, to[i].keyhash, LR_KEYHASH_LEN);
		made += lr_box_seal(box->sealed, secret, LR_SECRET_LEN, to[i].public_key);
	}
	return made;
}

int lr_charter_kick(struct lr_charter *c, const uint8_t kicked_key[LR_KEY_LEN],
	const uint8_t secret[LR_SECRET_LEN], const struct lr_remaining *to, size_t n,
	const uint8_t host_secret[LR_SIGN_SECRET_LEN], uint8_t *out)
{
	struct lr_epoch_keys keys;

	if (n > LR_MEMBERS_MAX)
		return -EINVAL;
	if (lr_charter_epoch(c) == UINT16_MAX || c->number == UINT32_MAX)
		return -EOVERFLOW;
	lr_charter_fold(c);
	c->epoch++;
	lr_keys_of_epoch(&keys, c->id, c->epoch, secret);
	memcpy(c->access_public, keys.access_public, LR_KEY_LEN);
	lr_wipe(&keys, sizeof(keys));
	lr_keyhash(c->kicked, kicked_key);
	forget_member(c, c->kicked);
	c->n_boxes = fill_boxes(c->boxes, c->kicked, secret, to, n);
	return lr_charter_sign(c, host_secret, out);
}

/* Index of the kicker that `secret` belongs to, when it may kick; else -EPERM. */
static int kicker_of(const struct lr_charter *c, const uint8_t secret[LR_SIGN_SECRET_LEN])
{
	uint8_t own[LR_KEY_LEN];

	lr_sign_public(own, secret);
	for (unsigned i = 0; i < c->n_kickers; i++) {
		if (memcmp(c->kickers[i], own, LR_KEY_LEN) == 0)
			return lr_charter_entitled(c, i, c->n_links) ? (int)i : -EPERM;
	}
	return -EPERM;
}

/* Writes link number c->n_links behind the others, and the boxes. Length. */
static int append_link(const struct lr_charter_layout *l, const struct lr_charter *c, int kicker,
	const uint8_t kicked[LR_KEYHASH_LEN], const uint8_t access[LR_KEY_LEN],
	const uint8_t kicker_secret[LR_SIGN_SECRET_LEN], uint8_t *out)
{
	size_t before = l->signed_len + 1 + (size_t)l->n_links * LR_LINK_WIRE;
	uint8_t *body = out + before, *at = body;
	uint8_t *boxes = body + LR_LINK_WIRE + 2;
	struct lr_span spans[LR_LINK_SPANS];

	memcpy(out, l->bytes, before);
	out[l->signed_len]++;
	*at++ = (uint8_t)kicker;
	at = put(at, kicked, LR_KEYHASH_LEN);
	at = put(at, access, LR_KEY_LEN);
	put16(body + LR_LINK_WIRE, c->n_boxes);
	uint8_t *end = put_boxes(boxes, c->boxes, c->n_boxes);
	lr_charter_boxes_hash(at, boxes, c->n_boxes);
	lr_charter_link_spans(spans, l, l->n_links, body);
	lr_sign(body + LR_LINK_BODY, spans, LR_LINK_SPANS, kicker_secret);
	return (int)(end - out);
}

int lr_charter_link(const uint8_t *bytes, size_t len, const uint8_t kicked[LR_KEYHASH_LEN],
	const uint8_t secret[LR_SECRET_LEN], const struct lr_remaining *to, size_t n,
	const uint8_t kicker_secret[LR_SIGN_SECRET_LEN], uint8_t *out)
{
	struct lr_charter *c = malloc(sizeof(*c));
	struct lr_charter_layout l;
	struct lr_epoch_keys keys;
	int rc = -EINVAL, kicker;

	if (!c)
		return -ENOMEM;
	if (n > LR_MEMBERS_MAX || lr_charter_read(bytes, len, NULL, c) < 0)
		goto out;
	lr_charter_scan(bytes, len, &l);
	rc = kicker = kicker_of(c, kicker_secret);
	if (kicker < 0)
		goto out;
	rc = c->n_links == LR_LINKS_MAX ? -ENOSPC : -EOVERFLOW;
	if (c->n_links == LR_LINKS_MAX || lr_charter_epoch(c) == UINT16_MAX)
		goto out;
	lr_keys_of_epoch(&keys, c->id, (uint16_t)(lr_charter_epoch(c) + 1), secret);
	c->n_boxes = fill_boxes(c->boxes, kicked, secret, to, n);
	rc = append_link(&l, c, kicker, kicked, keys.access_public, kicker_secret, out);
	lr_wipe(&keys, sizeof(keys));
out:
	free(c);
	return rc;
}
