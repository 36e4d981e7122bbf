/*
 * index.c - entries by name and by public key
 *
 * An entry stands here once for each text that it is known by; a slot keeps 32 bits of the hash, so
 * that a probe touches an entry only when it is most likely the right one.
 * Deletion shifts back: no tombstones, look-ups stay as short as at first.
 */
#include "lib/ipam/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "lib/base/clock.h"
#include "lib/base/map.h"

#define ROOM_MIN 64

void lr_ipam_index_init(struct lr_index *x, const struct lr_entries *entries)
{
	*x = (struct lr_index){.entries = entries};
	if (getrandom(x->seed, sizeof(x->seed), GRND_NONBLOCK) != sizeof(x->seed))
		x->seed[0] = lr_wall() ^ (uintptr_t)x; /* very early at boot */
}

void lr_ipam_index_release(struct lr_index *x)
{
	free(x->slots);
	x->slots = NULL;
	x->room = x->n = 0;
}

static uint32_t hash_of(const struct lr_index *x, const char *text)
{
	return (uint32_t)lr_siphash(x->seed, text, strlen(text));
}

static void fill(struct lr_ipam_index_slot *slots, size_t room, struct lr_ipam_index_slot s)
{
	size_t i = s.hash & (room - 1);

	while (slots[i].ref)
		i = (i + 1) & (room - 1);
	slots[i] = s;
}

int lr_ipam_index_reserve(struct lr_index *x, size_t n)
{
	size_t room = x->room ? x->room : ROOM_MIN;

	while ((x->n + n) * 2 > room)
		room *= 2;
	if (room == x->room)
		return 0;
	struct lr_ipam_index_slot *slots = lr_ipam_entry_pages(room * sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	memset(slots, 0, room * sizeof(*slots));
	for (size_t i = 0; i < x->room; i++)
		if (x->slots[i].ref)
			fill(slots, room, x->slots[i]);
	free(x->slots);
	x->slots = slots;
	x->room = room;
	return 0;
}

static uint32_t ref_of(const struct lr_entry *e)
{
	return ((uint32_t)e->number + 1) << 1;
}

void lr_ipam_index_add(struct lr_index *x, const char *text, const struct lr_entry *e, bool by_key)
{
	fill(x->slots, x->room, (struct lr_ipam_index_slot){hash_of(x, text), ref_of(e) | by_key});
	x->n++;
}

struct lr_entry *lr_ipam_index_find(const struct lr_index *x, const char *text)
{
	if (!x->n)
		return NULL;
	uint32_t hash = hash_of(x, text);
	size_t mask = x->room - 1;
	for (size_t i = hash & mask; x->slots[i].ref; i = (i + 1) & mask) {
		if (x->slots[i].hash != hash)
			continue;
		uint32_t ref = x->slots[i].ref;
		struct lr_entry *e = lr_ipam_entry_at(x->entries, (ref >> 1) - 1);
		if (strcmp(ref & 1 ? e->lease.public_key : e->name, text) == 0)
			return e;
	}
	return NULL;
}

static void close_hole(struct lr_index *x, size_t hole)
{
	size_t mask = x->room - 1;

	for (size_t i = (hole + 1) & mask; x->slots[i].ref; i = (i + 1) & mask) {
		/* One whose home lies behind the hole must stay where it is. */
		if (((i - x->slots[i].hash) & mask) < ((i - hole) & mask))
			continue;
		x->slots[hole] = x->slots[i];
		hole = i;
	}
	x->slots[hole].ref = 0;
	x->n--;
}

void lr_ipam_index_remove(struct lr_index *x, const char *text, const struct lr_entry *e)
{
	uint32_t hash = hash_of(x, text);
	size_t mask = x->room - 1;

	for (size_t i = hash & mask; x->slots[i].ref; i = (i + 1) & mask) {
		if (x->slots[i].hash == hash && (x->slots[i].ref & ~1u) == ref_of(e)) {
			close_hole(x, i);
			return;
		}
	}
}
