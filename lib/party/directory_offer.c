/*
 * directory_offer.c - the relay's view: token invites
 *
 * A spent offer is remembered until its expiry, so that whoever saw it on its way cannot put it
 * there again.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/party/directory_inside.h"

void lr_directory_offer_free(struct lr_directory *d, struct lr_directory_offer *o)
{
	struct lr_directory_party *p = o->party;

	*(o->prev ? &o->prev->next : &p->offers) = o->next;
	if (o->next)
		o->next->prev = o->prev;
	p->n_offers--;
	lr_map_remove(&d->offers, o->o.hash);
	lr_timer_remove(&d->timers, &o->timer);
	d->n_timers--;
	d->bytes -= sizeof(*o);
	free(o);
}

bool lr_directory_offer_take(struct lr_directory *d, struct lr_directory_party *p,
	const struct lr_offer *o, const uint8_t *bytes, const struct lr_directory_now *now)
{
	struct lr_directory_offer *n = calloc(1, sizeof(*n));

	if (!n)
		return false;
	n->o = *o;
	if (lr_directory_timer(d) < 0 || lr_map_put(&d->offers, o->hash, n) < 0) {
		free(n);
		return false;
	}
	memcpy(n->bytes, bytes, LR_OFFER_LEN);
	n->left = o->uses;
	n->party = p;
	n->timer.kind = LR_DUE_OFFER;
	n->next = p->offers;
	if (n->next)
		n->next->prev = n;
	p->offers = n;
	p->n_offers++;
	d->bytes += sizeof(*n);
	lr_timer_set(&d->timers, &n->timer, lr_directory_deadline(now, o->expiry_s));
	return true;
}

static enum lr_directory_result offer(struct lr_directory *d, struct lr_directory_party *p,
	const uint8_t *bytes, size_t len, const struct lr_directory_now *now)
{
	uint64_t now_s = now->unix_ms / 1000;
	struct lr_offer o;

	if (!p)
		return LR_DIRECTORY_UNKNOWN;
	switch (lr_offer_read(bytes, len, p->id, p->access, &o)) {
	case -EBADMSG:
		return LR_DIRECTORY_MALFORMED;
	case -EACCES:
		return LR_DIRECTORY_FORGED;
	}
	if (o.epoch != p->epoch)
		return LR_DIRECTORY_EPOCH;
	if (lr_map_get(&d->offers, o.hash))
		return LR_DIRECTORY_SAME;
	if (o.expiry_s <= now_s || o.expiry_s - now_s > LR_OFFER_MAX_S)
		return LR_DIRECTORY_EXPIRY;
	if (p->n_offers >= d->limits.offers ||
		d->bytes + sizeof(struct lr_directory_offer) > d->limits.bytes ||
		!lr_directory_offer_take(d, p, &o, bytes, now))
		return LR_DIRECTORY_FULL;
	lr_directory_used(d, p, now);
	if (d->hooks.changed) /* nothing to tell to members, but something to write down */
		d->hooks.changed(d->hooks.ctx, p->id, p->newest->seq, p->owner);
	return LR_DIRECTORY_OK;
}

enum lr_directory_result lr_directory_offer(struct lr_directory *d,
	const uint8_t id[LR_PARTY_ID_LEN], const uint8_t *bytes, size_t len,
	const struct lr_directory_now *now)
{
	return lr_directory_count(d, offer(d, lr_directory_find(d, id), bytes, len, now));
}

/* --- claims --- */

void lr_directory_claim_free(
	struct lr_directory *d, struct lr_directory_party *p, struct lr_directory_claim *c)
{
	lr_directory_unmark(p, &c->change);
	p->n_claims--;
	d->bytes -= sizeof(*c);
	free(c);
}

static void drop_oldest_claim(struct lr_directory *d, struct lr_directory_party *p)
{
	for (struct lr_change *c = p->oldest; c; c = c->next) {
		if (c->kind == LR_LIST_CLAIM) {
			lr_directory_claim_free(d, p, (struct lr_directory_claim *)c);
			return;
		}
	}
}

/* Tells the party. Without memory it stays untold; the claim counts all the same. */
static void tell_claim(struct lr_directory *d, const struct lr_directory_offer *o, const char *who,
	const struct lr_directory_now *now)
{
	struct lr_directory_claim *c = calloc(1, sizeof(*c));
	size_t text = strnlen(who, 63);

	if (!c)
		return;
	c->change.kind = LR_LIST_CLAIM;
	memcpy(c->bytes, o->o.hash, LR_TOKEN_HASH_LEN);
	c->bytes[LR_TOKEN_HASH_LEN] = o->left;
	lr_put_be64(c->bytes + LR_TOKEN_HASH_LEN + 1, now->unix_ms / 1000);
	memcpy(c->bytes + LR_TOKEN_HASH_LEN + 9, who, text);
	c->len = LR_TOKEN_HASH_LEN + 9 + text;
	d->bytes += sizeof(*c);
	if (++o->party->n_claims > LR_CLAIMS_KEPT)
		drop_oldest_claim(d, o->party);
	lr_directory_mark(d, o->party, &c->change);
}

enum lr_directory_result lr_directory_claim(struct lr_directory *d,
	const uint8_t hash[LR_TOKEN_HASH_LEN], const char *who, const struct lr_directory_now *now,
	uint8_t sealed[LR_TOKEN_SEALED])
{
	struct lr_directory_offer *o = lr_map_get(&d->offers, hash);

	if (!o || !o->left || o->timer.due_ns <= now->mono_ns)
		return lr_directory_count(d, LR_DIRECTORY_UNKNOWN);
	memcpy(sealed, o->o.sealed, LR_TOKEN_SEALED);
	o->left--;
	tell_claim(d, o, who, now);
	return lr_directory_count(d, LR_DIRECTORY_OK);
}
