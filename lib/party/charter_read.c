/*
 * charter_read.c - from bytes to a charter whose every signature was checked
 */
#include <errno.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/party/charter_wire.h"

#define TEXT(s)                                                                                    \
	{                                                                                          \
		s, sizeof(s) - 1                                                                   \
	}

static unsigned take8(struct lr_cursor *c)
{
	const uint8_t *p = lr_take(c, 1);

	return p ? *p : 0;
}

static unsigned take16(struct lr_cursor *c)
{
	const uint8_t *p = lr_take(c, 2);

	return p ? lr_get_be16(p) : 0;
}

static int scan_head(struct lr_cursor *c, struct lr_charter_layout *out)
{
	const uint8_t *fixed = lr_take(c, LR_HEAD_FIXED);

	if (!fixed || fixed[0] != LR_CHARTER_FORMAT)
		return -EBADMSG;
	out->number = lr_get_be32(fixed + LR_HEAD_NUMBER);
	out->n_relays = take8(c);
	out->relays = c->at;
	if (out->n_relays > LR_PLACES_MAX)
		return -EBADMSG;
	for (unsigned i = 0; i < out->n_relays; i++)
		lr_take(c, take8(c));
	out->n_kickers = take8(c);
	if (out->n_kickers > LR_KICKERS_MAX)
		return -EBADMSG;
	out->kickers = lr_take(c, (size_t)out->n_kickers * LR_KEY_LEN);
	out->n_confirmed = take16(c);
	if (out->n_confirmed > LR_MEMBERS_MAX)
		return -EBADMSG;
	out->confirmed = lr_take(c, (size_t)out->n_confirmed * LR_CONFIRMED_LEN);
	out->boxes_hash = lr_take(c, LR_HASH_LEN);
	out->head_len = (size_t)(c->at - out->bytes);
	lr_take(c, LR_SIGN_LEN);
	out->signed_len = (size_t)(c->at - out->bytes);
	return c->bad ? -EBADMSG : 0;
}

int lr_charter_scan(const uint8_t *bytes, size_t len, struct lr_charter_layout *out)
{
	struct lr_cursor c = lr_cursor(bytes, len);

	*out = (struct lr_charter_layout){.bytes = bytes};
	if (len > LR_CHARTER_MAX || scan_head(&c, out) < 0)
		return -EBADMSG;
	out->n_links = take8(&c);
	if (out->n_links > LR_LINKS_MAX)
		return -EBADMSG;
	out->links = lr_take(&c, (size_t)out->n_links * LR_LINK_WIRE);
	out->n_boxes = take16(&c);
	if (out->n_boxes > LR_MEMBERS_MAX)
		return -EBADMSG;
	out->boxes = lr_take(&c, (size_t)out->n_boxes * LR_BOX_WIRE);
	if (c.bad || c.left)
		return -EBADMSG;
	out->epoch = lr_get_be16(bytes + LR_HEAD_EPOCH) + out->n_links;
	out->access = bytes + LR_HEAD_ACCESS;
	if (out->n_links)
		out->access =
			out->links + (size_t)(out->n_links - 1) * LR_LINK_WIRE + 1 + LR_KEYHASH_LEN;
	return 0;
}

void lr_charter_boxes_hash(uint8_t out[LR_HASH_LEN], const uint8_t *boxes, unsigned n)
{
	lr_digest(out, LR_HASH_LEN, NULL, 0,
		(struct lr_span[]){TEXT("lanrage boxes 1"), {boxes, (size_t)n * LR_BOX_WIRE}}, 2);
}

void lr_charter_head_spans(
	struct lr_span spans[LR_HEAD_SPANS], const uint8_t *bytes, size_t head_len)
{
	spans[0] = (struct lr_span)TEXT("lanrage charter 1");
	spans[1] = (struct lr_span){bytes, head_len};
}

void lr_charter_link_spans(struct lr_span spans[LR_LINK_SPANS], const struct lr_charter_layout *l,
	unsigned i, const uint8_t *body)
{
	spans[0] = (struct lr_span)TEXT("lanrage kick 1");
	spans[1] = (struct lr_span){l->bytes, l->signed_len};
	spans[2] = (struct lr_span){l->links, (size_t)i * LR_LINK_WIRE};
	spans[3] = (struct lr_span){body, LR_LINK_BODY};
}

static bool pool_ok(struct lr_prefix *pool)
{
	struct lr_prefix masked = *pool;
	uint8_t first = pool->ip.b[0];

	lr_prefix_mask(&masked);
	return pool->len >= 8 && pool->len <= 30 && lr_ip_equal(&masked.ip, &pool->ip) &&
	       first != 0 && first != 127 && first < 224;
}

static bool fill_fixed(const struct lr_charter_layout *l, struct lr_charter *out)
{
	const uint8_t *p = l->bytes;

	out->flags = p[LR_HEAD_FLAGS];
	out->epoch = lr_get_be16(p + LR_HEAD_EPOCH);
	out->number = l->number;
	memcpy(out->id, p + LR_HEAD_ID, LR_PARTY_ID_LEN);
	memcpy(out->access_public, p + LR_HEAD_ACCESS, LR_KEY_LEN);
	out->pool = (struct lr_prefix){.ip = {.family = 4}, .len = p[LR_HEAD_POOL + 4]};
	memcpy(out->pool.ip.b, p + LR_HEAD_POOL, 4);
	memcpy(out->kicked, p + LR_HEAD_KICKED, LR_KEYHASH_LEN);
	return !(out->flags & ~(LR_CHARTER_HIDE | LR_CHARTER_TLS)) && out->epoch && out->number &&
	       l->epoch <= UINT16_MAX && pool_ok(&out->pool);
}

static bool fill_relays(const struct lr_charter_layout *l, struct lr_charter *out)
{
	const uint8_t *at = l->relays;

	out->n_relays = l->n_relays;
	for (unsigned i = 0; i < l->n_relays; i++, at += 1 + at[0]) {
		struct lr_place *p = &out->relays[i];
		if (lr_place_parse((const char *)at + 1, at[0], p) < 0 ||
			strlen(p->text) != at[0] || memcmp(p->text, at + 1, at[0]) != 0)
			return false;
	}
	return true;
}

/* Each pair's address is in the pool, and no address or member occurs twice. */
static bool fill_confirmed(const struct lr_charter_layout *l, struct lr_charter *out)
{
	out->n_confirmed = 0;
	for (unsigned i = 0; i < l->n_confirmed; i++) {
		const uint8_t *at = l->confirmed + (size_t)i * LR_CONFIRMED_LEN;
		struct lr_confirmed *pair = &out->confirmed[i];
		pair->address = lr_ip4(lr_get_be32(at + LR_KEYHASH_LEN));
		memcpy(pair->keyhash, at, LR_KEYHASH_LEN);
		if (!lr_prefix_covers(&out->pool, &pair->address) ||
			lr_charter_confirmed(out, pair->keyhash) ||
			lr_charter_holder(out, &pair->address))
			return false;
		out->n_confirmed = i + 1;
	}
	return true;
}

static void fill_lists(const struct lr_charter_layout *l, struct lr_charter *out)
{
	out->n_kickers = l->n_kickers;
	out->n_links = l->n_links;
	out->n_boxes = l->n_boxes;
	memcpy(out->kickers, l->kickers, (size_t)l->n_kickers * LR_KEY_LEN);
	for (unsigned i = 0; i < l->n_links; i++) {
		const uint8_t *at = l->links + (size_t)i * LR_LINK_WIRE;
		out->links[i].kicker = at[0];
		memcpy(out->links[i].kicked, at + 1, LR_KEYHASH_LEN);
		memcpy(out->links[i].access_public, at + 1 + LR_KEYHASH_LEN, LR_KEY_LEN);
	}
	for (unsigned i = 0; i < l->n_boxes; i++) {
		const uint8_t *at = l->boxes + (size_t)i * LR_BOX_WIRE;
		memcpy(out->boxes[i].keyhash, at, LR_KEYHASH_LEN);
		memcpy(out->boxes[i].sealed, at + LR_KEYHASH_LEN, LR_BOX_LEN);
	}
}

static bool check_links(const struct lr_charter_layout *l, const struct lr_charter *c)
{
	for (unsigned i = 0; i < l->n_links; i++) {
		const uint8_t *body = l->links + (size_t)i * LR_LINK_WIRE;
		struct lr_span spans[LR_LINK_SPANS];
		lr_charter_link_spans(spans, l, i, body);
		if (!lr_charter_entitled(c, body[0], i) ||
			!lr_sign_check(
				body + LR_LINK_BODY, spans, LR_LINK_SPANS, c->kickers[body[0]]))
			return false;
	}
	return true;
}

static bool check_signatures(const struct lr_charter_layout *l, const struct lr_charter *c)
{
	struct lr_span spans[LR_HEAD_SPANS];
	uint8_t hash[LR_HASH_LEN];
	const uint8_t *said = l->boxes_hash;

	lr_charter_head_spans(spans, l->bytes, l->head_len);
	if (!lr_sign_check(l->bytes + l->head_len, spans, LR_HEAD_SPANS, c->id))
		return false;
	if (l->n_links)
		said = l->links + (size_t)(l->n_links - 1) * LR_LINK_WIRE + LR_LINK_BODY -
		       LR_HASH_LEN;
	lr_charter_boxes_hash(hash, l->boxes, l->n_boxes);
	return memcmp(hash, said, sizeof(hash)) == 0 && check_links(l, c);
}

unsigned lr_charter_checks(const uint8_t *bytes, size_t len)
{
	struct lr_charter_layout l;

	return lr_charter_scan(bytes, len, &l) < 0 ? 1 : 1 + l.n_links;
}

int lr_charter_read(
	const uint8_t *bytes, size_t len, const uint8_t id[LR_PARTY_ID_LEN], struct lr_charter *out)
{
	struct lr_charter_layout l;

	if (lr_charter_scan(bytes, len, &l) < 0 || !fill_fixed(&l, out) || !fill_relays(&l, out) ||
		!fill_confirmed(&l, out))
		return -EBADMSG;
	fill_lists(&l, out);
	if (id && memcmp(id, out->id, LR_PARTY_ID_LEN) != 0)
		return -EACCES;
	return check_signatures(&l, out) ? 0 : -EACCES;
}
