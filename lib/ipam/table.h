/*
 * table.h - the inside of struct lr_ipam; for lib/ipam only
 *
 * Theory of operation. Two ways lead to an entry. By text: a hash table (buckets of five, load
 * <= 3/4, SipHash-1-3 under a random seed) in which an entry stands under its name and, when it has
 * one, under its public key. By address: one block a /24, made on first use, with a
 * pointer for each of the 256 addresses and three bit sets. An address is closed (never given),
 * leased, held for the peer who had it last (a former lease), or fresh. The cursor is where the
 * search for the next address begins: fresh ones first; when there are none left, held ones.
 */
#ifndef LR_IPAM_TABLE_H
#define LR_IPAM_TABLE_H

#include "lib/ipam/ipam.h"

/* Two lines of a cache: what is known of the peer, and its name, which a look-up compares. A key
 * that is not the name is allocated. */
struct lr_entry {
	struct lr_lease lease; /* first: a lease is its entry; lease.peer is `name` */
	uint32_t line;         /* of the log */
	uint32_t number : 31;  /* of the entry in the arena */
	uint32_t live : 1;     /* 0: a former lease */
	union {
		char name[LR_PEER_MAX + 1];
		struct lr_entry *next_free;
	};
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct lr_entry) == 128, "an entry is two lines of a cache");

/* The key when it is not the name, else NULL. */
static inline char *lr_ipam_entry_key(const struct lr_entry *e)
{
	return e->lease.public_key == e->name ? NULL : (char *)e->lease.public_key;
}

#define LR_ENTRY_CHUNKS 24 /* 128 << 24 entries are more than a /8 has */

struct lr_entries {
	struct lr_entry *chunks[LR_ENTRY_CHUNKS];
	struct lr_entry *free;
	uint32_t n; /* entries that were ever given out */
};

/* A name of up to 15 bytes, filled up with zeros; none for a longer one or a key. The last byte is
 * 1 for a former lease. */
struct lr_brief {
	uint64_t word[2];
};

/* Two lines of a cache: five slots, the used ones first. A slot has the short name of its entry, so
 * that a look-up waits for memory once and not for the entry, too. Of 60,000 entries the buckets
 * are 2 MB and the entries 8. */
#define LR_BUCKET_SLOTS 5
struct lr_ipam_bucket {
	uint32_t hash[LR_BUCKET_SLOTS];
	/* Number of the entry + 1, shifted by one; bit 0: under its key. 0: free. */
	uint32_t ref[LR_BUCKET_SLOTS];
	uint64_t unused; /* the first brief ends with the first line */
	struct lr_brief brief[LR_BUCKET_SLOTS];
} __attribute__((aligned(128)));
_Static_assert(sizeof(struct lr_ipam_bucket) == 128, "a bucket is two lines of a cache");

struct lr_index {
	const struct lr_entries *entries;
	struct lr_ipam_bucket *buckets;
	size_t room, n; /* buckets (a power of two, or 0); texts */
	uint64_t seed[2];
};

struct lr_block {
	uint64_t closed[4], leased[4], held[4];
	struct lr_entry *at[256];
};

struct lr_ipam {
	struct lr_prefix pool, ula;
	bool ula_derived;
	uint32_t first, last; /* network and broadcast address of the pool, host order */
	uint32_t cursor;      /* first <= cursor <= last */
	size_t capacity, used, reserved, former;
	size_t n_blocks;
	struct lr_block **blocks;
	struct lr_entries entries;
	struct lr_index index;
};

/* entries.c: never moved. new: without a key, or NULL when out of memory. */
struct lr_entry *lr_ipam_entry_new(struct lr_entries *es);
void lr_ipam_entry_free(struct lr_entries *es, struct lr_entry *e);
struct lr_entry *lr_ipam_entry_at(const struct lr_entries *es, uint32_t number);
void lr_ipam_entries_release(struct lr_entries *es);
/* `size` bytes for free(), in huge pages when it is large. */
void *lr_ipam_entry_pages(size_t size);

/* index.c. reserve: room for `n` more, 0 or -ENOMEM; add never fails after it. */
void lr_ipam_index_init(struct lr_index *x, const struct lr_entries *entries);
void lr_ipam_index_release(struct lr_index *x);
int lr_ipam_index_reserve(struct lr_index *x, size_t n);
/* `text` is the name of `e` or (by_key) its key. */
void lr_ipam_index_add(struct lr_index *x, const char *text, const struct lr_entry *e, bool by_key);
void lr_ipam_index_remove(struct lr_index *x, const char *text, const struct lr_entry *e);
struct lr_entry *lr_ipam_index_find(const struct lr_index *x, const char *text);
/* The same, NULL for a former lease; hot: most look-ups do not touch the entry. */
struct lr_entry *lr_ipam_index_find_live(const struct lr_index *x, const char *text);
/* After e->live has changed. */
void lr_ipam_index_mark(struct lr_index *x, const struct lr_entry *e);

/* ipam.c */
static inline uint32_t lr_table_host(const struct lr_ip *ip)
{
	return (uint32_t)ip->b[0] << 24 | (uint32_t)ip->b[1] << 16 | (uint32_t)ip->b[2] << 8 |
	       ip->b[3];
}
/* Inside the pool and not closed. */
bool lr_table_usable(const struct lr_ipam *t, const struct lr_ip *ip);
/* Lease or former lease at an address of the pool, or NULL. */
struct lr_entry *lr_table_holder(const struct lr_ipam *t, const struct lr_ip *ip);
/* The address that the sequence gives next; 0 when the pool is full. */
uint32_t lr_table_pick(const struct lr_ipam *t);

#endif
