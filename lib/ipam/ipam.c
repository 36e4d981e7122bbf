/*
 * ipam.c - the table of leases: addresses, and applying what a record says
 */
#include "lib/ipam/ipam.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/ipam/table.h"

/* --- blocks of 256 addresses --- */

static void raise_bit(uint64_t set[4], unsigned i)
{
	set[i / 64] |= 1ull << (i % 64);
}
static void clear_bit(uint64_t set[4], unsigned i)
{
	set[i / 64] &= ~(1ull << (i % 64));
}

/* The addresses of block `b` that are never given. */
static void closed_of(const struct lr_ipam *t, size_t b, uint64_t out[4])
{
	unsigned low = b == 0 ? (t->first & 255) + 1 : 1;
	unsigned high = b == t->n_blocks - 1 ? (t->last & 255) - 1 : 254;

	for (unsigned w = 0; w < 4; w++) {
		unsigned base = w * 64;
		uint64_t open = ~0ull;
		if (low >= base + 64 || high < base) {
			out[w] = ~0ull;
			continue;
		}
		if (low > base)
			open &= ~0ull << (low - base);
		if (high < base + 63)
			open &= ~0ull >> (base + 63 - high);
		out[w] = ~open;
	}
}

static size_t block_of(const struct lr_ipam *t, uint32_t address)
{
	return (address >> 8) - (t->first >> 8);
}

static struct lr_block *block_make(struct lr_ipam *t, size_t b)
{
	if (!t->blocks[b]) {
		t->blocks[b] = calloc(1, sizeof(*t->blocks[b]));
		if (t->blocks[b])
			closed_of(t, b, t->blocks[b]->closed);
	}
	return t->blocks[b];
}

bool lr_table_usable(const struct lr_ipam *t, const struct lr_ip *ip)
{
	uint32_t a = lr_table_host(ip);

	return ip->family == 4 && a > t->first && a < t->last && (a & 255) != 0 && (a & 255) != 255;
}

struct lr_entry *lr_table_holder(const struct lr_ipam *t, const struct lr_ip *ip)
{
	uint32_t a = lr_table_host(ip);

	if (a < t->first || a > t->last)
		return NULL;
	const struct lr_block *block = t->blocks[block_of(t, a)];
	return block ? block->at[a & 255] : NULL;
}

/* First address >= `from` in block `b` that may be given, 0 when there is none. */
static uint32_t pick_in(const struct lr_ipam *t, size_t b, unsigned from, bool fresh)
{
	const struct lr_block *block = t->blocks[b];
	uint64_t closed[4];

	if (!block)
		closed_of(t, b, closed);
	for (unsigned w = from / 64; w < 4; w++) {
		uint64_t open = ~closed[w];
		if (block)
			open = ~(
				block->closed[w] | block->leased[w] | (fresh ? block->held[w] : 0));
		if (w == from / 64)
			open &= ~0ull << (from % 64);
		if (open)
			return (uint32_t)(((t->first >> 8) + b) << 8) + w * 64 +
			       (unsigned)__builtin_ctzll(open);
	}
	return 0;
}

uint32_t lr_table_pick(const struct lr_ipam *t)
{
	bool fresh = t->used + t->former < t->capacity;
	size_t start = block_of(t, t->cursor);

	if (t->used == t->capacity)
		return 0;
	for (size_t i = 0; i <= t->n_blocks; i++) {
		uint32_t a = pick_in(t, (start + i) % t->n_blocks, i ? 0 : t->cursor & 255, fresh);
		if (a)
			return a;
	}
	return 0;
}

/* --- entries --- */

static struct lr_ip address6_of(const struct lr_ipam *t, const struct lr_ip *address)
{
	struct lr_ip six = {.family = 6};

	memcpy(six.b, t->ula.ip.b, 8);
	memcpy(six.b + 12, address->b, 4);
	return six;
}

static struct lr_entry *entry_new(
	struct lr_ipam *t, const struct lr_record *r, const char *key, size_t line)
{
	bool own_key = key && strcmp(key, r->peer) != 0;
	char *copy = own_key ? strdup(key) : NULL;
	struct lr_entry *e = own_key && !copy ? NULL : lr_ipam_entry_new(&t->entries);

	if (!e) {
		free(copy);
		return NULL;
	}
	LR_RECORD_PUT(e->name, r->peer);
	e->lease = (struct lr_lease){
		.peer = e->name,
		.public_key = own_key ? copy
			      : key   ? e->name
				      : NULL,
		.address = r->address,
		.address6 = address6_of(t, &r->address),
		.reserved = r->reserved,
	};
	e->line = (uint32_t)line;
	return e;
}

static void attach(struct lr_ipam *t, struct lr_block *block, struct lr_entry *e, bool live)
{
	unsigned i = e->lease.address.b[3];

	e->live = live;
	block->at[i] = e;
	raise_bit(live ? block->leased : block->held, i);
	t->used += live;
	t->former += !live;
	t->reserved += live && e->lease.reserved;
	lr_ipam_index_add(&t->index, e->name, e, false);
	if (lr_ipam_entry_key(e))
		lr_ipam_index_add(&t->index, e->lease.public_key, e, true);
}

/* Forgets a former lease. */
static void forget(struct lr_ipam *t, struct lr_entry *e)
{
	struct lr_block *block = t->blocks[block_of(t, lr_table_host(&e->lease.address))];

	block->at[e->lease.address.b[3]] = NULL;
	clear_bit(block->held, e->lease.address.b[3]);
	t->former--;
	lr_ipam_index_remove(&t->index, e->name, e);
	if (lr_ipam_entry_key(e))
		lr_ipam_index_remove(&t->index, e->lease.public_key, e);
	lr_ipam_entry_free(&t->entries, e);
}

/* --- records --- */

static int apply_place(struct lr_ipam *t, const struct lr_record *r, bool live, size_t line)
{
	const char *key = r->public_key[0] ? r->public_key : NULL;

	if (lr_name_is_key(r->peer)) {
		if (key && strcmp(key, r->peer) != 0)
			return LR_FLAW_MALFORMED;
		key = r->peer;
	}
	if (!lr_table_usable(t, &r->address))
		return LR_FLAW_STRAY;
	struct lr_entry *a = lr_ipam_index_find(&t->index, r->peer);
	struct lr_entry *b = key ? lr_ipam_index_find(&t->index, key) : NULL;
	struct lr_entry *h = lr_table_holder(t, &r->address);
	if ((a && a->live) || (b && b->live))
		return LR_FLAW_DUPLICATE_PEER;
	if (h && h->live)
		return LR_FLAW_DUPLICATE_ADDRESS;
	uint32_t address = lr_table_host(&r->address);
	bool in_sequence = live && lr_table_pick(t) == address;
	struct lr_block *block = block_make(t, block_of(t, address));
	struct lr_entry *e = entry_new(t, r, key, line);
	if (!block || !e || lr_ipam_index_reserve(&t->index, 2) < 0) {
		if (e)
			lr_ipam_entry_free(&t->entries, e);
		return -ENOMEM;
	}
	if (a)
		forget(t, a);
	if (b && b != a)
		forget(t, b);
	if (h && h != a && h != b)
		forget(t, h);
	attach(t, block, e, live);
	if (in_sequence)
		t->cursor = address == t->last ? t->first : address + 1;
	return 0;
}

static int apply_release(struct lr_ipam *t, const struct lr_record *r)
{
	struct lr_entry *e = lr_ipam_index_find(&t->index, r->peer);

	if (!e || !e->live || (r->address.family && !lr_ip_equal(&r->address, &e->lease.address)))
		return LR_FLAW_UNKNOWN;
	struct lr_block *block = t->blocks[block_of(t, lr_table_host(&e->lease.address))];
	clear_bit(block->leased, e->lease.address.b[3]);
	raise_bit(block->held, e->lease.address.b[3]);
	t->used--;
	t->former++;
	t->reserved -= e->lease.reserved;
	e->lease.reserved = false;
	e->live = false;
	lr_ipam_index_mark(&t->index, e);
	return 0;
}

static int apply_texts(struct lr_ipam *t, struct lr_entry *e, const struct lr_record *r)
{
	bool rename = r->name[0] && strcmp(r->name, e->name) != 0;
	bool named_by_key = e->lease.public_key == e->name;
	const char *key = named_by_key ? e->name : r->public_key;
	bool keyed = *key && !lr_ipam_entry_key(e) && (rename || !named_by_key);
	char *copy = keyed ? strdup(key) : NULL;

	if ((keyed && !copy) || lr_ipam_index_reserve(&t->index, 2) < 0) {
		free(copy);
		return -ENOMEM;
	}
	if (rename) {
		lr_ipam_index_remove(&t->index, e->name, e);
		LR_RECORD_PUT(e->name, r->name);
		lr_ipam_index_add(&t->index, e->name, e, false);
	}
	if (keyed) {
		e->lease.public_key = copy;
		lr_ipam_index_add(&t->index, copy, e, true);
	}
	return 0;
}

static int apply_set(struct lr_ipam *t, const struct lr_record *r)
{
	struct lr_entry *e = lr_ipam_index_find(&t->index, r->peer);
	struct lr_entry *n = r->name[0] ? lr_ipam_index_find(&t->index, r->name) : NULL;
	struct lr_entry *k = r->public_key[0] ? lr_ipam_index_find(&t->index, r->public_key) : NULL;

	if (!e || !e->live)
		return LR_FLAW_UNKNOWN;
	if (lr_name_is_key(r->name))
		return LR_FLAW_MALFORMED;
	if ((n && n != e && n->live) || (k && k != e && k->live))
		return LR_FLAW_DUPLICATE_PEER;
	if (r->public_key[0] && e->lease.public_key &&
		strcmp(r->public_key, e->lease.public_key) != 0)
		return LR_FLAW_DUPLICATE_PEER;
	if (n && n != e)
		forget(t, n);
	if (k && k != e && k != n)
		forget(t, k);
	int rc = apply_texts(t, e, r);
	if (rc == 0 && r->reserved && !e->lease.reserved) {
		e->lease.reserved = true;
		t->reserved++;
	}
	return rc;
}

static int apply_next(struct lr_ipam *t, const struct lr_record *r)
{
	uint32_t a = lr_table_host(&r->address);

	if (a < t->first || a > t->last)
		return LR_FLAW_STRAY;
	t->cursor = a;
	return 0;
}

static int apply_pool(struct lr_ipam *t, const struct lr_record *r)
{
	if (r->pool.len != t->pool.len || !lr_ip_equal(&r->pool.ip, &t->pool.ip) || t->used ||
		t->former || r->ula.len != 64)
		return LR_FLAW_MALFORMED;
	t->ula = r->ula;
	t->ula_derived = false;
	return 0;
}

int lr_ipam_apply(struct lr_ipam *t, const struct lr_record *r, size_t line)
{
	switch (r->op) {
	case LR_REC_NONE:
		return 0;
	case LR_REC_ALLOC:
		return apply_place(t, r, true, line);
	case LR_REC_FORMER:
		return apply_place(t, r, false, line);
	case LR_REC_SET:
		return apply_set(t, r);
	case LR_REC_RELEASE:
		return apply_release(t, r);
	case LR_REC_NEXT:
		return apply_next(t, r);
	case LR_REC_POOL:
		return apply_pool(t, r);
	}
	return LR_FLAW_MALFORMED;
}

/* --- life --- */

struct lr_ipam *lr_ipam_new(const struct lr_prefix *pool, const struct lr_prefix *ula)
{
	if (pool->ip.family != 4 || pool->len < 8 || pool->len > 30) {
		errno = EINVAL;
		return NULL;
	}
	struct lr_ipam *t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	t->pool = *pool;
	lr_prefix_mask(&t->pool);
	t->ula = ula ? *ula : lr_ipam_ula_of(pool);
	t->ula_derived = !ula;
	t->first = lr_table_host(&t->pool.ip);
	t->last = t->first | (0xffffffffu >> t->pool.len);
	t->cursor = t->first;
	t->capacity = lr_ipam_usable(&t->pool);
	t->n_blocks = (t->last >> 8) - (t->first >> 8) + 1;
	t->blocks = calloc(t->n_blocks, sizeof(struct lr_block *));
	lr_ipam_index_init(&t->index, &t->entries);
	if (t->blocks)
		return t;
	free(t);
	return NULL;
}

void lr_ipam_free(struct lr_ipam *t)
{
	if (!t)
		return;
	for (size_t b = 0; b < t->n_blocks; b++)
		free(t->blocks[b]);
	lr_ipam_entries_release(&t->entries);
	free(t->blocks);
	lr_ipam_index_release(&t->index);
	free(t);
}

void lr_ipam_expect(struct lr_ipam *t, size_t n)
{
	/* Without it the table grows by itself. */
	(void)!lr_ipam_index_reserve(&t->index, n < t->capacity ? n : t->capacity);
}
