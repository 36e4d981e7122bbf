/*
 * want.c - deciding about a request, and questions to the table
 */
#include "lib/ipam/ipam.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/ipam/table.h"

static const char *show(const struct lr_lease *l, char text[LR_ADDR_TEXT])
{
	return lr_ip_text(&l->address, text);
}

/* --- deciding --- */

/* A lease exists already: only what is new about the peer is written. */
static int want_more(const struct lr_ipam *t, const struct lr_lease *l, const struct lr_want *w,
	const char *key, struct lr_record *out, struct lr_err *err)
{
	char has[LR_ADDR_TEXT];
	bool rename = !lr_name_is_key(w->peer) && strcmp(w->peer, l->peer) != 0;

	(void)t;
	if (key && l->public_key && strcmp(key, l->public_key) != 0)
		return lr_err_set(err, LR_EXIT_FAILED,
			"%s: is known with another public key, %s: release %s first", w->peer,
			l->public_key, w->peer);
	if (w->exact && !lr_ip_equal(&w->address, &l->address))
		return lr_err_set(err, LR_EXIT_FAILED, "%s: has %s already: release %s first",
			w->peer, show(l, has), w->peer);
	if (!rename && !(key && !l->public_key) && !(w->reserve && !l->reserved))
		return 0;
	out->op = LR_REC_SET;
	LR_RECORD_PUT(out->peer, l->peer);
	if (rename)
		LR_RECORD_PUT(out->name, w->peer);
	if (key && !l->public_key)
		LR_RECORD_PUT(out->public_key, key);
	out->reserved = w->reserve;
	return 0;
}

/* The address asked for. 1: taken it; 0: it was only a wish and cannot be; -1: error. */
static int want_address(
	const struct lr_ipam *t, const struct lr_want *w, struct lr_record *out, struct lr_err *err)
{
	char text[LR_ADDR_TEXT], pool[LR_ADDR_TEXT];
	const struct lr_ip *a = &w->address;
	bool inside = lr_prefix_covers(&t->pool, a);

	if (lr_table_usable(t, a)) {
		const struct lr_entry *h = lr_table_holder(t, a);
		if (!h || !h->live) {
			out->address = *a;
			return 1;
		}
		if (w->exact)
			return lr_err_set(err, LR_EXIT_FAILED,
				"%s: is held by %s: release %s or choose another address",
				lr_ip_text(a, text), h->lease.peer, h->lease.peer);
	}
	if (!w->exact)
		return 0;
	if (inside)
		return lr_err_set(err, LR_EXIT_USAGE,
			"%s: network and broadcast addresses, .0 and .255 are never given",
			lr_ip_text(a, text));
	return lr_err_set(err, LR_EXIT_USAGE, "%s: is not in the pool %s", lr_ip_text(a, text),
		lr_prefix_text(&t->pool, pool));
}

/* The address that the peer had, else the next of the sequence. */
static int want_any(const struct lr_ipam *t, const struct lr_entry *a, const struct lr_entry *b,
	const char *key, struct lr_record *out, struct lr_err *err)
{
	char pool[LR_ADDR_TEXT];

	if (a && key && a->lease.public_key && strcmp(key, a->lease.public_key) != 0)
		a = NULL; /* somebody else had that name */
	const struct lr_entry *was = a ? a : b;
	if (was) {
		out->address = was->lease.address;
		if (!key && was->lease.public_key)
			LR_RECORD_PUT(out->public_key, was->lease.public_key);
		return 0;
	}
	uint32_t next = lr_table_pick(t);
	if (next) {
		out->address = lr_ip4(next);
		return 0;
	}
	errno = ENOSPC;
	return lr_err_set(err, LR_EXIT_FAILED,
		"pool %s is full: all %zu addresses are held: release some or use a larger pool",
		lr_prefix_text(&t->pool, pool), t->capacity);
}

static int want_new(const struct lr_ipam *t, const struct lr_entry *a, const struct lr_entry *b,
	const struct lr_want *w, const char *key, struct lr_record *out, struct lr_err *err)
{
	int given = w->address.family ? want_address(t, w, out, err) : 0;

	if (given < 0 || (given == 0 && want_any(t, a, b, key, out, err) < 0))
		return -1;
	out->op = LR_REC_ALLOC;
	LR_RECORD_PUT(out->peer, w->peer);
	/* A name that is a key says so itself. */
	if (key && strcmp(key, w->peer) != 0)
		LR_RECORD_PUT(out->public_key, key);
	out->reserved = w->reserve;
	return 0;
}

static int check_want(const struct lr_want *w, const char *key, struct lr_err *err)
{
	errno = EINVAL;
	if (!w->peer)
		return lr_err_set(err, LR_EXIT_FAILED, "neither a name nor a public key");
	if (lr_name_check(w->peer, err) < 0)
		return -1;
	if (key && !lr_name_is_key(key))
		return lr_err_set(
			err, LR_EXIT_FAILED, "%s: public_key is not a public key", w->peer);
	if (key && lr_name_is_key(w->peer) && strcmp(key, w->peer) != 0)
		return lr_err_set(
			err, LR_EXIT_FAILED, "%s: is a key, but public_key is another", w->peer);
	return 0;
}

static void clear(struct lr_record *r)
{
	r->op = LR_REC_NONE;
	r->peer[0] = r->name[0] = r->public_key[0] = '\0';
	r->address = (struct lr_ip){0};
	r->reserved = false;
}

int lr_ipam_want(const struct lr_ipam *t, const struct lr_want *want, struct lr_record *out,
	struct lr_err *err)
{
	struct lr_want w = *want;
	char one[LR_ADDR_TEXT], two[LR_ADDR_TEXT];

	clear(out);
	if (!w.peer)
		w.peer = w.public_key;
	if (check_want(&w, w.public_key, err) < 0)
		return -1;
	const char *key = w.public_key;
	if (!key && lr_name_is_key(w.peer))
		key = w.peer;
	const struct lr_entry *a = lr_ipam_index_find(&t->index, w.peer);
	const struct lr_entry *b = key && key != w.peer ? lr_ipam_index_find(&t->index, key) : NULL;
	if (a && a->live && b && b->live && a != b)
		return lr_err_set(err, LR_EXIT_FAILED,
			"%s: has %s, but its key is known as %s with %s: release one of them",
			w.peer, show(&a->lease, one), b->lease.peer, show(&b->lease, two));
	if (a && a->live)
		return want_more(t, &a->lease, &w, key, out, err);
	if (b && b->live)
		return want_more(t, &b->lease, &w, key, out, err);
	return want_new(t, a, b, &w, key, out, err);
}

void lr_ipam_drop(const struct lr_lease *lease, struct lr_record *out)
{
	clear(out);
	out->op = LR_REC_RELEASE;
	LR_RECORD_PUT(out->peer, lease->peer);
	out->address = lease->address;
}

/* --- the short forms --- */

const struct lr_lease *lr_ipam_alloc(struct lr_ipam *t, const char *peer, bool *fresh)
{
	struct lr_record r;
	const struct lr_lease *l = lr_ipam_by_peer(t, peer);

	*fresh = !l;
	if (l)
		return l;
	if (lr_ipam_want(t, &(struct lr_want){.peer = peer}, &r, NULL) < 0)
		return NULL;
	if (lr_ipam_apply(t, &r, 0) != 0) {
		errno = ENOMEM;
		return NULL;
	}
	return &lr_table_holder(t, &r.address)->lease;
}

int lr_ipam_release(struct lr_ipam *t, const char *peer)
{
	struct lr_record r;
	const struct lr_lease *l = lr_ipam_by_peer(t, peer);

	if (!l)
		return -ENOENT;
	lr_ipam_drop(l, &r);
	return lr_ipam_apply(t, &r, 0) == 0 ? 0 : -ENOENT;
}

/* --- questions --- */

const struct lr_lease *lr_ipam_by_peer(const struct lr_ipam *t, const char *peer)
{
	const struct lr_entry *e = lr_ipam_index_find_live(&t->index, peer);

	return e ? &e->lease : NULL;
}

const struct lr_lease *lr_ipam_by_address(const struct lr_ipam *t, const struct lr_ip *ip)
{
	struct lr_ip four = *ip;

	if (ip->family == 6) {
		static const uint8_t zeros[4];
		if (memcmp(ip->b, t->ula.ip.b, 8) != 0 || memcmp(ip->b + 8, zeros, 4) != 0)
			return NULL;
		four = (struct lr_ip){
			.family = 4, .b = {ip->b[12], ip->b[13], ip->b[14], ip->b[15]}};
	} else if (ip->family != 4) {
		return NULL;
	}
	const struct lr_entry *e = lr_table_holder(t, &four);
	return e && e->live ? &e->lease : NULL;
}

const struct lr_lease *lr_ipam_by_prefix(const struct lr_ipam *t, const char *prefix, bool *several)
{
	const struct lr_lease *found = NULL;
	size_t len = strlen(prefix);

	*several = false;
	if (len < 6)
		return NULL;
	for (const struct lr_lease *l = NULL; (l = lr_ipam_next(t, l));) {
		if (!l->public_key || strncmp(l->public_key, prefix, len) != 0)
			continue;
		*several = found != NULL;
		if (*several)
			return NULL;
		found = l;
	}
	return found;
}

size_t lr_ipam_count(const struct lr_ipam *t)
{
	return t->used;
}

size_t lr_ipam_line(const struct lr_lease *lease)
{
	return ((const struct lr_entry *)(const void *)lease)->line;
}

/* The first entry from address `from` on, leased or held; NULL behind the last. */
static const struct lr_entry *entry_from(const struct lr_ipam *t, uint64_t from, bool live)
{
	for (; from <= t->last; from = (from | 255) + 1) {
		const struct lr_block *b = t->blocks[(from >> 8) - (t->first >> 8)];
		if (!b)
			continue;
		for (unsigned i = from & 255; i < 256; i++) {
			const uint64_t *set = live ? b->leased : b->held;
			if (set[i / 64] >> (i % 64) & 1)
				return b->at[i];
		}
	}
	return NULL;
}

static const struct lr_entry *entry_next(
	const struct lr_ipam *t, const struct lr_lease *prev, bool live)
{
	return entry_from(t, prev ? (uint64_t)lr_table_host(&prev->address) + 1 : t->first, live);
}

const struct lr_lease *lr_ipam_next(const struct lr_ipam *t, const struct lr_lease *prev)
{
	const struct lr_entry *e = entry_next(t, prev, true);

	return e ? &e->lease : NULL;
}

static void record_of(const struct lr_lease *l, enum lr_record_op op, struct lr_record *out)
{
	clear(out);
	out->op = op;
	LR_RECORD_PUT(out->peer, l->peer);
	if (l->public_key && strcmp(l->public_key, l->peer) != 0)
		LR_RECORD_PUT(out->public_key, l->public_key);
	out->address = l->address;
	out->reserved = l->reserved;
}

static int dump_entries(const struct lr_ipam *t, bool live,
	int (*each)(void *ctx, const struct lr_record *r), void *ctx)
{
	struct lr_record r;
	int rc = 0;

	for (const struct lr_entry *e = NULL;
		!rc && (e = entry_next(t, e ? &e->lease : NULL, live));) {
		record_of(&e->lease, live ? LR_REC_ALLOC : LR_REC_FORMER, &r);
		rc = each(ctx, &r);
	}
	return rc;
}

int lr_ipam_dump(
	const struct lr_ipam *t, int (*each)(void *ctx, const struct lr_record *r), void *ctx)
{
	struct lr_record r;
	int rc = 0;

	clear(&r);
	if (!t->ula_derived) {
		r.op = LR_REC_POOL;
		r.pool = t->pool;
		r.ula = t->ula;
		rc = each(ctx, &r);
	}
	if (!rc)
		rc = dump_entries(t, true, each, ctx);
	if (!rc)
		rc = dump_entries(t, false, each, ctx);
	if (!rc && t->cursor != t->first) {
		clear(&r);
		r.op = LR_REC_NEXT;
		r.address = lr_ip4(t->cursor);
		rc = each(ctx, &r);
	}
	return rc;
}

void lr_ipam_stats(const struct lr_ipam *t, struct lr_ipam_stats *out)
{
	uint32_t next = lr_table_pick(t);

	*out = (struct lr_ipam_stats){
		.capacity = t->capacity,
		.used = t->used,
		.reserved = t->reserved,
		.former = t->former,
		.next = next ? lr_ip4(next) : (struct lr_ip){0},
	};
}

const struct lr_prefix *lr_ipam_pool(const struct lr_ipam *t)
{
	return &t->pool;
}

const struct lr_prefix *lr_ipam_ula(const struct lr_ipam *t)
{
	return &t->ula;
}

bool lr_ipam_ula_derived(const struct lr_ipam *t)
{
	return t->ula_derived;
}
