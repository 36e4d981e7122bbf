/*
 * map.h - a hash map from fixed-size byte keys to pointers
 *
 * Open addressing, linear probing, load <= 1/2, SipHash-2-4 under a random key,
 * so that keys chosen by strangers do not collide on purpose. Keys are copied in.
 */
#ifndef LR_BASE_MAP_H
#define LR_BASE_MAP_H

#include <stddef.h>
#include <stdint.h>

struct lr_map {
	uint8_t *keys; /* room * key_len */
	void **values; /* room; NULL: free */
	size_t key_len, n, room;
	uint64_t seed[2];
};

/* `key_len` 1..64 bytes. The seed is random. */
void lr_map_init(struct lr_map *m, size_t key_len);
void lr_map_release(struct lr_map *m);
void *lr_map_get(const struct lr_map *m, const void *key);
/* Replaces an older value. `value` is not NULL. 0 or -ENOMEM. */
int lr_map_put(struct lr_map *m, const void *key, void *value);
/* The value that was there, or NULL. Backward-shift deletion: no tombstones. */
void *lr_map_remove(struct lr_map *m, const void *key);
/* SipHash-2-4 of `len` bytes (Aumasson, Bernstein 2012). */
uint64_t lr_siphash(const uint64_t seed[2], const void *bytes, size_t len);

#endif
