/*
 * map.c - a hash map from fixed-size byte keys to pointers
 *
 * Theory of operation: `room` is 0 or a power of two; an entry stands in the first free slot
 * at or behind its hash (linear probing). Removing shifts later entries of the same run back
 * over the hole, so a look-up may always stop at a free slot.
 *
 * Source: Aumasson and Bernstein, SipHash: a fast short-input PRF (2012), with c = 2, d = 4;
 * Knuth, The Art of Computer Programming 3, algorithm 6.4R (deletion).
 */
#include "lib/base/map.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "lib/base/bytes.h"

#define MAP_ROOM_MIN 16

struct sip {
	uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotl(uint64_t x, unsigned by)
{
	return x << by | x >> (64 - by);
}

static inline void sip_round(struct sip *s)
{
	s->v0 += s->v1;
	s->v2 += s->v3;
	s->v1 = rotl(s->v1, 13) ^ s->v0;
	s->v3 = rotl(s->v3, 16) ^ s->v2;
	s->v0 = rotl(s->v0, 32);
	s->v2 += s->v1;
	s->v0 += s->v3;
	s->v1 = rotl(s->v1, 17) ^ s->v2;
	s->v3 = rotl(s->v3, 21) ^ s->v0;
	s->v2 = rotl(s->v2, 32);
}

static inline void sip_word(struct sip *s, uint64_t m)
{
	s->v3 ^= m;
	sip_round(s);
	sip_round(s);
	s->v0 ^= m;
}

uint64_t lr_siphash(const uint64_t seed[2], const void *bytes, size_t len)
{
	struct sip s = {
		seed[0] ^ 0x736f6d6570736575ull,
		seed[1] ^ 0x646f72616e646f6dull,
		seed[0] ^ 0x6c7967656e657261ull,
		seed[1] ^ 0x7465646279746573ull,
	};
	const uint8_t *p = bytes;
	uint8_t last[8] = {0};

	for (size_t left = len; left >= 8; left -= 8, p += 8)
		sip_word(&s, lr_get_le64(p));
	memcpy(last, p, len % 8);
	last[7] = (uint8_t)len;
	sip_word(&s, lr_get_le64(last));
	s.v2 ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

void lr_map_init(struct lr_map *m, size_t key_len)
{
	*m = (struct lr_map){.key_len = key_len};
	/* 16 bytes come whole or, with a signal before the pool is ready, not at all. */
	while (getrandom(m->seed, sizeof(m->seed), 0) < 0 && errno == EINTR)
		;
}

void lr_map_release(struct lr_map *m)
{
	free(m->keys);
	free(m->values);
	*m = (struct lr_map){0};
}

static size_t home(const struct lr_map *m, const void *key)
{
	return lr_siphash(m->seed, key, m->key_len) & (m->room - 1);
}

/* The key's slot, or the free slot where it would go. room > n. */
static size_t find(const struct lr_map *m, const void *key)
{
	size_t i = home(m, key);

	while (m->values[i] && memcmp(m->keys + i * m->key_len, key, m->key_len) != 0)
		i = (i + 1) & (m->room - 1);
	return i;
}

void *lr_map_get(const struct lr_map *m, const void *key)
{
	return m->n ? m->values[find(m, key)] : NULL;
}

static void fill(struct lr_map *m, size_t i, const void *key, void *value)
{
	memcpy(m->keys + i * m->key_len, key, m->key_len);
	m->values[i] = value;
}

static int grow(struct lr_map *m)
{
	struct lr_map wide = *m;

	wide.room = m->room ? m->room * 2 : MAP_ROOM_MIN;
	wide.keys = reallocarray(NULL, wide.room, m->key_len);
	wide.values = calloc(wide.room, sizeof(*wide.values));
	if (!wide.keys || !wide.values) {
		free(wide.keys);
		free(wide.values);
		return -ENOMEM;
	}
	for (size_t i = 0; i < m->room; i++) {
		const uint8_t *key = m->keys + i * m->key_len;
		if (m->values[i])
			fill(&wide, find(&wide, key), key, m->values[i]);
	}
	free(m->keys);
	free(m->values);
	*m = wide;
	return 0;
}

int lr_map_put(struct lr_map *m, const void *key, void *value)
{
	if (m->n) {
		size_t i = find(m, key);
		if (m->values[i]) {
			m->values[i] = value;
			return 0;
		}
	}
	if ((m->n + 1) * 2 > m->room && grow(m) < 0)
		return -ENOMEM;
	fill(m, find(m, key), key, value);
	m->n++;
	return 0;
}

void *lr_map_remove(struct lr_map *m, const void *key)
{
	if (!m->n)
		return NULL;
	size_t mask = m->room - 1, hole = find(m, key);
	void *gone = m->values[hole];
	if (!gone)
		return NULL;
	for (size_t i = (hole + 1) & mask; m->values[i]; i = (i + 1) & mask) {
		const uint8_t *k = m->keys + i * m->key_len;
		/* Its home lies behind the hole: it must stay where it is. */
		if (((i - home(m, k)) & mask) < ((i - hole) & mask))
			continue;
		fill(m, hole, k, m->values[i]);
		hole = i;
	}
	m->values[hole] = NULL;
	m->n--;
	return gone;
}
