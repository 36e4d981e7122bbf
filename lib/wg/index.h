/*
 * index.h - from a receiver index to what it names
 *
 * Theory of operation. Indices are 32 random bits of our own choice, so their low bits are the
 * hash: open addressing, linear probing, load at most one half, backward-shift deletion. Index 0
 * is never given and marks a free slot. A look-up is one or two probes, a few ns.
 */
#ifndef LR_WG_INDEX_H
#define LR_WG_INDEX_H

#include <stddef.h>
#include <stdint.h>

struct lr_keypair;
struct lr_peer;

enum lr_index_kind {
	LR_INDEX_NONE,
	LR_INDEX_HANDSHAKE, /* an initiation that waits for its response: .peer */
	LR_INDEX_KEYPAIR,   /* .keypair */
};

struct lr_index_slot {
	uint32_t index;
	enum lr_index_kind kind;
	union {
		struct lr_peer *peer;
		struct lr_keypair *keypair;
	};
};

struct lr_index {
	struct lr_index_slot *slots;
	size_t n, room; /* room: 0 or a power of two */
};

void lr_index_release(struct lr_index *t);
/* Enters `entry` under a fresh random index, which is returned; 0 when out of memory. */
uint32_t lr_index_add(struct lr_index *t, struct lr_index_slot entry);
/* Takes an index out; 0 and unknown ones are fine. */
void lr_index_remove(struct lr_index *t, uint32_t index);

/* NULL when nobody has it. Valid until the next add or remove. Hot. */
static inline struct lr_index_slot *lr_index_find(const struct lr_index *t, uint32_t index)
{
	if (index == 0 || t->room == 0)
		return NULL;
	for (size_t i = index & (t->room - 1);; i = (i + 1) & (t->room - 1)) {
		struct lr_index_slot *s = &t->slots[i];
		if (s->index == index)
			return s;
		if (s->index == 0)
			return NULL;
	}
}

#endif
