/*
 * directory.c - the relay's view of all parties: charters, access, time
 */
#include "lib/party/directory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/party/directory_inside.h"

/* 1 GB: charters and records may take a quarter of it, the rest is for sockets and channels. */
const struct lr_directory_limits lr_directory_defaults = {
	.parties = 10000,
	.members = LR_MEMBERS_MAX,
	.offers = 64,
	.record_bytes = LR_RECORD_MAX,
	.bytes = (size_t)256 << 20,
	.idle_s = 7 * 86400,
};

static const struct {
	const char *name;
	unsigned status;
} results[LR_DIRECTORY_RESULTS] = {
	[LR_DIRECTORY_OK] = {"ok", 200},
	[LR_DIRECTORY_SAME] = {"same", 200},
	[LR_DIRECTORY_MALFORMED] = {"malformed", 400},
	[LR_DIRECTORY_TOO_LARGE] = {"too_large", 413},
	[LR_DIRECTORY_FORGED] = {"forged", 403},
	[LR_DIRECTORY_UNKNOWN] = {"unknown", 404},
	[LR_DIRECTORY_STALE] = {"stale", 409},
	[LR_DIRECTORY_EPOCH] = {"epoch", 409},
	[LR_DIRECTORY_EXPIRY] = {"expiry", 422},
	[LR_DIRECTORY_FULL] = {"full", 503},
	[LR_DIRECTORY_CLOSED] = {"closed", 403},
};

const char *lr_directory_result_name(enum lr_directory_result r)
{
	return results[r].name;
}

unsigned lr_directory_result_status(enum lr_directory_result r)
{
	return results[r].status;
}

struct lr_directory *lr_directory_new(const struct lr_directory_limits *limits, uint64_t epoch,
	const struct lr_directory_hooks *hooks)
{
	struct lr_directory *d = calloc(1, sizeof(*d));

	if (!d || !(d->scratch = malloc(sizeof(*d->scratch)))) {
		free(d);
		return NULL;
	}
	d->limits = *limits;
	d->hooks = *hooks;
	d->epoch = epoch;
	lr_map_init(&d->parties, LR_PARTY_ID_LEN);
	lr_map_init(&d->offers, LR_TOKEN_HASH_LEN);
	return d;
}

/* --- changes, timers --- */

void lr_directory_unmark(struct lr_directory_party *p, struct lr_change *c)
{
	if (!c->seq)
		return;
	*(c->prev ? &c->prev->next : &p->oldest) = c->next;
	*(c->next ? &c->next->prev : &p->newest) = c->prev;
	c->prev = c->next = NULL;
	c->seq = 0;
}

void lr_directory_mark(struct lr_directory *d, struct lr_directory_party *p, struct lr_change *c)
{
	lr_directory_unmark(p, c);
	c->seq = ++d->seq;
	c->prev = p->newest;
	*(p->newest ? &p->newest->next : &p->oldest) = c;
	p->newest = c;
	if (d->hooks.changed)
		d->hooks.changed(d->hooks.ctx, p->id, c->seq, p->owner);
}

int lr_directory_timer(struct lr_directory *d)
{
	size_t want = d->n_timers + 1;

	if (want > d->timers.room && lr_timers_reserve(&d->timers, want < 64 ? 64 : want * 2) < 0)
		return -ENOMEM;
	d->n_timers = want;
	return 0;
}

uint64_t lr_directory_deadline(const struct lr_directory_now *now, uint64_t expiry_s)
{
	uint64_t now_s = now->unix_ms / 1000;

	if (expiry_s <= now_s)
		return now->mono_ns;
	return now->mono_ns + (expiry_s - now_s) * LR_NS_PER_S - now->unix_ms % 1000 * LR_NS_PER_MS;
}

void lr_directory_used(
	struct lr_directory *d, struct lr_directory_party *p, const struct lr_directory_now *now)
{
	lr_timer_set(&d->timers, &p->timer, now->mono_ns + d->limits.idle_s * LR_NS_PER_S);
}

/* --- parties --- */

static struct lr_directory_party *party_new(struct lr_directory *d, const uint8_t *id)
{
	struct lr_directory_party *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	memcpy(p->id, id, LR_PARTY_ID_LEN);
	p->timer.kind = LR_DUE_PARTY;
	p->change.kind = LR_LIST_CHARTER;
	lr_map_init(&p->members, LR_KEYHASH_LEN);
	if (lr_directory_timer(d) < 0 || lr_map_put(&d->parties, id, p) < 0) {
		free(p);
		return NULL;
	}
	return p;
}

static void party_free(struct lr_directory *d, struct lr_directory_party *p)
{
	for (struct lr_change *c = p->oldest, *next; c; c = next) {
		next = c->next;
		if (c->kind == LR_LIST_RECORD)
			lr_directory_member_free(d, (struct lr_directory_member *)c);
		else if (c->kind == LR_LIST_CLAIM)
			lr_directory_claim_free(d, p, (struct lr_directory_claim *)c);
	}
	while (p->offers)
		lr_directory_offer_free(d, p->offers);
	lr_map_remove(&d->parties, p->id);
	lr_map_release(&p->members);
	lr_timer_remove(&d->timers, &p->timer);
	d->n_timers--;
	d->bytes -= p->len;
	free(p->bytes);
	free(p);
}

static void free_one(void *ctx, const uint8_t *id)
{
	struct lr_directory *d = ctx;

	party_free(d, lr_directory_find(d, id));
}

void lr_directory_free(struct lr_directory *d)
{
	if (!d)
		return;
	lr_directory_each(d, free_one, d);
	lr_map_release(&d->parties);
	lr_map_release(&d->offers);
	lr_timers_release(&d->timers);
	free(d->scratch);
	free(d);
}

void lr_directory_each(const struct lr_directory *d,
	void (*each)(void *ctx, const uint8_t id[LR_PARTY_ID_LEN]), void *ctx)
{
	size_t n = 0, count = d->parties.n;
	struct lr_directory_party **all = calloc(count + 1, sizeof(struct lr_directory_party *));

	/* `each` may make parties go away, so the map is left alone meanwhile. */
	for (size_t i = 0; all && i < d->parties.room; i++) {
		if (d->parties.values[i])
			all[n++] = d->parties.values[i];
	}
	for (size_t i = 0; i < n; i++)
		each(ctx, all[i]->id);
	free(all);
}

bool lr_directory_charter_take(struct lr_directory *d, const struct lr_charter *c,
	const uint8_t *bytes, size_t len, const struct lr_directory_now *now)
{
	struct lr_directory_party *p = lr_directory_find(d, c->id);
	uint8_t *copy = malloc(len);

	if (!copy || (!p && !(p = party_new(d, c->id)))) {
		free(copy);
		return false;
	}
	memcpy(copy, bytes, len);
	d->bytes += len - p->len;
	free(p->bytes);
	p->bytes = copy;
	p->len = len;
	bool moved = p->epoch != lr_charter_epoch(c);
	p->epoch = lr_charter_epoch(c);
	memcpy(p->access, lr_charter_access(c), LR_KEY_LEN);
	lr_directory_used(d, p, now);
	if (moved) {
		lr_directory_member_sift(d, p, c);
		while (p->offers) /* they hold a secret that is void */
			lr_directory_offer_free(d, p->offers);
	}
	lr_directory_mark(d, p, &p->change);
	return true;
}

/* Whether a charter that was read may take the place of the held one. */
static enum lr_directory_result judge(const struct lr_directory *d,
	const struct lr_directory_party *p, const uint8_t *bytes, size_t len)
{
	if (p && lr_charter_against(p->bytes, p->len, bytes, len) != LR_CHARTER_NEWER)
		return LR_DIRECTORY_STALE;
	if (d->bytes + len - (p ? p->len : 0) > d->limits.bytes && (!p || len > p->len))
		return LR_DIRECTORY_FULL;
	return !p && d->parties.n >= d->limits.parties ? LR_DIRECTORY_FULL : LR_DIRECTORY_OK;
}

static enum lr_directory_result put_charter(struct lr_directory *d, const uint8_t *id,
	const uint8_t *bytes, size_t len, bool may_create, const struct lr_directory_now *now)
{
	const struct lr_directory_party *p = lr_directory_find(d, id);
	enum lr_directory_result r;

	if (!p && !may_create)
		return LR_DIRECTORY_CLOSED;
	if (len > LR_CHARTER_MAX)
		return LR_DIRECTORY_TOO_LARGE;
	if (p && p->len == len && memcmp(p->bytes, bytes, len) == 0)
		return LR_DIRECTORY_SAME;
	int rc = lr_charter_read(bytes, len, id, d->scratch);
	if (rc < 0)
		return rc == -EACCES ? LR_DIRECTORY_FORGED : LR_DIRECTORY_MALFORMED;
	r = judge(d, p, bytes, len);
	if (r == LR_DIRECTORY_OK && !lr_directory_charter_take(d, d->scratch, bytes, len, now))
		r = LR_DIRECTORY_FULL;
	return r;
}

enum lr_directory_result lr_directory_put_charter(struct lr_directory *d,
	const uint8_t id[LR_PARTY_ID_LEN], const uint8_t *bytes, size_t len, bool may_create,
	const struct lr_directory_now *now)
{
	return lr_directory_count(d, put_charter(d, id, bytes, len, may_create, now));
}

const uint8_t *lr_directory_charter(
	const struct lr_directory *d, const uint8_t id[LR_PARTY_ID_LEN], size_t *len)
{
	const struct lr_directory_party *p = lr_directory_find(d, id);

	*len = p ? p->len : 0;
	return p ? p->bytes : NULL;
}

enum lr_directory_result lr_directory_check_access(struct lr_directory *d,
	const uint8_t id[LR_PARTY_ID_LEN], const char *header, const struct lr_directory_now *now)
{
	struct lr_directory_party *p = lr_directory_find(d, id);

	if (!p)
		return LR_DIRECTORY_UNKNOWN;
	switch (lr_access_check(header, id, p->epoch, p->access, now->unix_ms / 1000)) {
	case 0:
		lr_directory_used(d, p, now);
		return LR_DIRECTORY_OK;
	case -ESTALE:
		return LR_DIRECTORY_EPOCH;
	case -EACCES:
		return LR_DIRECTORY_FORGED;
	}
	return LR_DIRECTORY_MALFORMED;
}

void lr_directory_touch(struct lr_directory *d, const uint8_t id[LR_PARTY_ID_LEN],
	const struct lr_directory_now *now)
{
	struct lr_directory_party *p = lr_directory_find(d, id);

	if (p)
		lr_directory_used(d, p, now);
}

void **lr_directory_owner(const struct lr_directory *d, const uint8_t id[LR_PARTY_ID_LEN])
{
	struct lr_directory_party *p = lr_directory_find(d, id);

	return p ? &p->owner : NULL;
}

/* --- time --- */

static void party_due(
	struct lr_directory *d, struct lr_directory_party *p, const struct lr_directory_now *now)
{
	if (p->live) {
		lr_directory_used(d, p, now);
		return;
	}
	if (d->hooks.forgotten)
		d->hooks.forgotten(d->hooks.ctx, p->id, p->owner);
	party_free(d, p);
}

static void member_due(struct lr_directory *d, struct lr_directory_member *m)
{
	if (m->live)
		lr_directory_member_lapse(d, m);
	else
		lr_directory_member_free(d, m);
}

#define OWNER_OF(t, type) ((type *)((char *)(t)-offsetof(type, timer)))

void lr_directory_sweep(struct lr_directory *d, const struct lr_directory_now *now)
{
	struct lr_timer *t;

	while ((t = lr_timers_pop(&d->timers, now->mono_ns))) {
		if (t->kind == LR_DUE_MEMBER)
			member_due(d, OWNER_OF(t, struct lr_directory_member));
		else if (t->kind == LR_DUE_OFFER)
			lr_directory_offer_free(d, OWNER_OF(t, struct lr_directory_offer));
		else
			party_due(d, OWNER_OF(t, struct lr_directory_party), now);
	}
}

uint64_t lr_directory_due(struct lr_directory *d)
{
	return lr_timers_next(&d->timers);
}

void lr_directory_stats(const struct lr_directory *d, struct lr_directory_stats *out)
{
	*out = (struct lr_directory_stats){
		.parties = d->parties.n,
		.members = d->n_members,
		.offers = d->offers.n,
		.bytes = d->bytes,
	};
	memcpy(out->results, d->results, sizeof(out->results));
}
