/*
 * charter.c - what a charter says, and which of two counts
 */
#include "lib/party/charter.h"

#include <errno.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/party/charter_wire.h"

bool lr_charter_entitled(const struct lr_charter *c, unsigned kicker, unsigned n)
{
	uint8_t keyhash[LR_KEYHASH_LEN];

	if (kicker >= c->n_kickers)
		return false;
	lr_keyhash(keyhash, c->kickers[kicker]);
	for (unsigned i = 0; i < n; i++) {
		if (memcmp(c->links[i].kicked, keyhash, LR_KEYHASH_LEN) == 0)
			return false;
	}
	return true;
}

bool lr_charter_may_kick(const struct lr_charter *c, const uint8_t party_key[LR_KEY_LEN])
{
	for (unsigned i = 0; i < c->n_kickers; i++) {
		if (memcmp(c->kickers[i], party_key, LR_KEY_LEN) == 0)
			return lr_charter_entitled(c, i, c->n_links);
	}
	return false;
}

const struct lr_box *lr_charter_box(
	const struct lr_charter *c, const uint8_t keyhash[LR_KEYHASH_LEN])
{
	for (unsigned i = 0; i < c->n_boxes; i++) {
		if (memcmp(c->boxes[i].keyhash, keyhash, LR_KEYHASH_LEN) == 0)
			return &c->boxes[i];
	}
	return NULL;
}

const struct lr_confirmed *lr_charter_confirmed(
	const struct lr_charter *c, const uint8_t keyhash[LR_KEYHASH_LEN])
{
	for (unsigned i = 0; i < c->n_confirmed; i++) {
		if (memcmp(c->confirmed[i].keyhash, keyhash, LR_KEYHASH_LEN) == 0)
			return &c->confirmed[i];
	}
	return NULL;
}

const struct lr_confirmed *lr_charter_holder(const struct lr_charter *c, const struct lr_ip *ip)
{
	for (unsigned i = 0; i < c->n_confirmed; i++) {
		if (lr_ip_equal(&c->confirmed[i].address, ip))
			return &c->confirmed[i];
	}
	return NULL;
}

/* The same head: one chain of links must be the beginning of the other. */
static enum lr_charter_order by_links(
	const struct lr_charter_layout *held, const struct lr_charter_layout *other)
{
	unsigned common = held->n_links < other->n_links ? held->n_links : other->n_links;

	if (held->signed_len != other->signed_len ||
		memcmp(held->bytes, other->bytes, held->signed_len) != 0 ||
		memcmp(held->links, other->links, (size_t)common * LR_LINK_WIRE) != 0 ||
		held->n_links == other->n_links)
		return LR_CHARTER_FORK;
	return other->n_links > held->n_links ? LR_CHARTER_NEWER : LR_CHARTER_OLDER;
}

enum lr_charter_order lr_charter_against(
	const uint8_t *held, size_t held_len, const uint8_t *other, size_t other_len)
{
	struct lr_charter_layout h, o;

	if (held_len == other_len && memcmp(held, other, held_len) == 0)
		return LR_CHARTER_SAME;
	if (lr_charter_scan(held, held_len, &h) < 0 || lr_charter_scan(other, other_len, &o) < 0)
		return LR_CHARTER_FORK;
	if (o.number < h.number)
		return LR_CHARTER_OLDER;
	if (o.number == h.number)
		return by_links(&h, &o);
	if (o.epoch < h.epoch ||
		(o.epoch == h.epoch && memcmp(o.access, h.access, LR_KEY_LEN) != 0))
		return LR_CHARTER_FORK;
	return LR_CHARTER_NEWER;
}

int lr_charter_open_box(const struct lr_charter *c, const uint8_t keyhash[LR_KEYHASH_LEN],
	const uint8_t wg_private[LR_KEY_LEN], uint8_t secret[LR_SECRET_LEN])
{
	const struct lr_box *box = lr_charter_box(c, keyhash);
	struct lr_epoch_keys keys;
	uint8_t opened[LR_SECRET_LEN];
	int rc = -EACCES;

	if (!box)
		return -ENOENT;
	if (!lr_box_open(opened, box->sealed, LR_BOX_LEN, wg_private))
		return -EACCES;
	lr_keys_of_epoch(&keys, c->id, lr_charter_epoch(c), opened);
	if (memcmp(keys.access_public, lr_charter_access(c), LR_KEY_LEN) == 0) {
		memcpy(secret, opened, LR_SECRET_LEN);
		rc = 0;
	}
	lr_wipe(&keys, sizeof(keys));
	lr_wipe(opened, sizeof(opened));
	return rc;
}
