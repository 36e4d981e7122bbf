/*
 * index.c - entries by name and by public key
 *
 * An entry stands here once for each text that it is known by. A slot keeps 32 bits of the hash
 * and, for a short name, the name itself: so most look-ups touch one bucket and no entry. What does
 * not fit into a bucket goes into the next one. Deletion fetches it back: no tombstones, look-ups
 * stay as short as at first.
 *
 * Hashed by SipHash-1-3 under a random seed (Aumasson, Bernstein 2012; one and three rounds are
 * what tables in memory use, e.g. Rust's and Ruby's): half the time of lr_siphash for a short name.
 */
#include "lib/ipam/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "lib/base/bytes.h"
#include "lib/base/clock.h"

#define SLOTS    LR_BUCKET_SLOTS
#define ROOM_MIN 8

void lr_ipam_index_init(struct lr_index *x, const struct lr_entries *entries)
{
	*x = (struct lr_index){.entries = entries};
	if (getrandom(x->seed, sizeof(x->seed), GRND_NONBLOCK) != sizeof(x->seed))
		x->seed[0] = lr_wall() ^ (uintptr_t)x; /* very early at boot */
}

void lr_ipam_index_release(struct lr_index *x)
{
	free(x->buckets);
	x->buckets = NULL;
	x->room = x->n = 0;
}

/* --- SipHash-1-3 of a text, in registers --- */

static inline uint64_t rotl(uint64_t x, unsigned by)
{
	return x << by | x >> (64 - by);
}

static inline void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] = rotl(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] = rotl(v[2], 32);
}

/* The last len % 8 bytes, without a store that a wider load would have to wait for. */
static inline uint64_t tail(const uint8_t *text, size_t len)
{
	size_t rest = len % 8;
	uint64_t w = 0;

	if (rest && len >= 8)
		return lr_get_le64(text + len - 8) >> (64 - 8 * rest);
	for (size_t i = rest; i > 0; i--)
		w = w << 8 | text[len - rest + i - 1];
	return w;
}

static uint32_t hash_of(const struct lr_index *x, const char *text, size_t len)
{
	const uint8_t *p = (const uint8_t *)text;
	uint64_t v[4] = {
		x->seed[0] ^ 0x736f6d6570736575ull,
		x->seed[1] ^ 0x646f72616e646f6dull,
		x->seed[0] ^ 0x6c7967656e657261ull,
		x->seed[1] ^ 0x7465646279746573ull,
	};

	for (size_t at = 0; at + 8 <= len; at += 8) {
		uint64_t m = lr_get_le64(p + at);
		v[3] ^= m;
		sip_round(v);
		v[0] ^= m;
	}
	uint64_t last = (uint64_t)len << 56 | tail(p, len);
	v[3] ^= last;
	sip_round(v);
	v[0] ^= last;
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(v);
	return (uint32_t)(v[0] ^ v[1] ^ v[2] ^ v[3]);
}

/* --- buckets --- */

static bool is_full(const struct lr_ipam_bucket *b)
{
	return b->ref[SLOTS - 1] != 0;
}

struct slot {
	uint32_t hash, ref;
	struct lr_brief brief;
};

static struct slot slot_at(const struct lr_ipam_bucket *b, unsigned i)
{
	return (struct slot){b->hash[i], b->ref[i], b->brief[i]};
}

static void set_slot(struct lr_ipam_bucket *b, unsigned i, struct slot s)
{
	b->hash[i] = s.hash;
	b->ref[i] = s.ref;
	b->brief[i] = s.brief;
}

static void put(struct lr_ipam_bucket *b, struct slot s)
{
	unsigned i = 0;

	while (b->ref[i])
		i++;
	set_slot(b, i, s);
}

static void fill(struct lr_ipam_bucket *buckets, size_t room, struct slot s)
{
	size_t i = s.hash & (room - 1);

	while (is_full(&buckets[i]))
		i = (i + 1) & (room - 1);
	put(&buckets[i], s);
}

int lr_ipam_index_reserve(struct lr_index *x, size_t n)
{
	size_t room = x->room ? x->room : ROOM_MIN;

	while ((x->n + n) * 4 > room * SLOTS * 3)
		room *= 2;
	if (room == x->room)
		return 0;
	struct lr_ipam_bucket *buckets = lr_ipam_entry_pages(room * sizeof(*buckets));
	if (!buckets)
		return -ENOMEM;
	memset(buckets, 0, room * sizeof(*buckets));
	for (size_t i = 0; i < x->room; i++)
		for (unsigned k = 0; k < SLOTS && x->buckets[i].ref[k]; k++)
			fill(buckets, room, slot_at(&x->buckets[i], k));
	free(x->buckets);
	x->buckets = buckets;
	x->room = room;
	return 0;
}

static uint32_t ref_of(const struct lr_entry *e)
{
	return ((uint32_t)e->number + 1) << 1;
}

#define FORMER htole64(UINT64_C(1) << 56) /* the last byte of a brief */

static struct lr_brief brief_of(const char *text, size_t len)
{
	struct lr_brief b = {{0, 0}};

	if (len < sizeof(b))
		memcpy(&b, text, len);
	return b;
}

void lr_ipam_index_add(struct lr_index *x, const char *text, const struct lr_entry *e, bool by_key)
{
	size_t len = strlen(text);
	struct slot s = {hash_of(x, text, len), ref_of(e) | by_key, {{0, 0}}};

	if (!by_key)
		s.brief = brief_of(text, len);
	if (!by_key && !e->live)
		s.brief.word[1] |= FORMER;
	fill(x->buckets, x->room, s);
	x->n++;
}

/* Whether slot `i` is an entry known by this text and, if `live`, no former lease. */
static bool is_named(const struct lr_index *x, const struct lr_ipam_bucket *b, unsigned i,
	const struct lr_brief *brief, const char *text, bool live)
{
	const struct lr_brief *own = &b->brief[i];
	uint32_t ref = b->ref[i];

	if (own->word[0]) {
		uint64_t rest = own->word[1] ^ brief->word[1];
		return own->word[0] == brief->word[0] && (rest & ~FORMER) == 0 && !(live && rest);
	}
	const struct lr_entry *e = lr_ipam_entry_at(x->entries, (ref >> 1) - 1);
	return strcmp(ref & 1 ? e->lease.public_key : e->name, text) == 0 && !(live && !e->live);
}

/* The slots with this hash, a bit each. No branch in it: which slot it is cannot be foreseen. */
static unsigned matches(const struct lr_ipam_bucket *b, uint32_t hash)
{
	unsigned set = 0;

	for (unsigned i = 0; i < SLOTS; i++)
		set |= (unsigned)(b->hash[i] == hash) << i;
	return set;
}

static inline struct lr_entry *find(const struct lr_index *x, const char *text, bool live)
{
	if (!x->n)
		return NULL;
	size_t len = strlen(text);
	const struct lr_brief brief = brief_of(text, len);
	uint32_t hash = hash_of(x, text, len);
	for (size_t at = hash & (x->room - 1);; at = (at + 1) & (x->room - 1)) {
		const struct lr_ipam_bucket *b = &x->buckets[at];
		__builtin_prefetch(&b->brief[1]); /* the second line: both are waited for at once */
		for (unsigned set = matches(b, hash); set; set &= set - 1) {
			unsigned i = (unsigned)__builtin_ctz(set);
			if (b->ref[i] && is_named(x, b, i, &brief, text, live))
				return lr_ipam_entry_at(x->entries, (b->ref[i] >> 1) - 1);
		}
		if (!is_full(b))
			return NULL;
	}
}

struct lr_entry *lr_ipam_index_find(const struct lr_index *x, const char *text)
{
	return find(x, text, false);
}

struct lr_entry *lr_ipam_index_find_live(const struct lr_index *x, const char *text)
{
	return find(x, text, true);
}

/* Frees a slot; the last used one of the bucket takes its place. */
static void take_out(struct lr_ipam_bucket *b, unsigned i)
{
	unsigned last = i;

	while (last + 1 < SLOTS && b->ref[last + 1])
		last++;
	set_slot(b, i, slot_at(b, last));
	set_slot(b, last, (struct slot){0});
}

/* A slot of bucket `k` whose text belongs in bucket `hole` or before it; SLOTS: none. */
static unsigned displaced(const struct lr_index *x, size_t k, size_t hole)
{
	size_t mask = x->room - 1;
	const struct lr_ipam_bucket *b = &x->buckets[k];
	unsigned i = 0;

	while (i < SLOTS && b->ref[i] && ((k - b->hash[i]) & mask) < ((k - hole) & mask))
		i++;
	return i < SLOTS && b->ref[i] ? i : SLOTS;
}

/* Takes slot `i` of bucket `hole` out. A bucket that was full may have sent others on: one of them
 * comes back, which makes the next hole. */
static void close_hole(struct lr_index *x, size_t hole, unsigned i)
{
	size_t mask = x->room - 1, k = hole;
	bool more = is_full(&x->buckets[hole]);

	take_out(&x->buckets[hole], i);
	while (more) {
		k = (k + 1) & mask;
		more = is_full(&x->buckets[k]);
		i = displaced(x, k, hole);
		if (i == SLOTS)
			continue;
		put(&x->buckets[hole], slot_at(&x->buckets[k], i));
		take_out(&x->buckets[k], i);
		hole = k;
	}
}

/* The slot in which `e` stands under its `text`; NULL when there is none. */
static struct lr_ipam_bucket *locate(
	const struct lr_index *x, const char *text, const struct lr_entry *e, unsigned *slot)
{
	uint32_t hash = hash_of(x, text, strlen(text));

	for (size_t at = hash & (x->room - 1);; at = (at + 1) & (x->room - 1)) {
		struct lr_ipam_bucket *b = &x->buckets[at];
		for (*slot = 0; *slot < SLOTS && b->ref[*slot]; ++*slot)
			if (b->hash[*slot] == hash && (b->ref[*slot] & ~1u) == ref_of(e))
				return b;
		if (!is_full(b))
			return NULL;
	}
}

void lr_ipam_index_remove(struct lr_index *x, const char *text, const struct lr_entry *e)
{
	unsigned slot;
	struct lr_ipam_bucket *b = locate(x, text, e, &slot);

	if (!b)
		return;
	close_hole(x, (size_t)(b - x->buckets), slot);
	x->n--;
}

void lr_ipam_index_mark(struct lr_index *x, const struct lr_entry *e)
{
	unsigned slot;
	struct lr_ipam_bucket *b = locate(x, e->name, e, &slot);

	if (!b)
		return;
	uint64_t *last = &b->brief[slot].word[1];
	*last = e->live ? *last & ~FORMER : *last | FORMER;
}
