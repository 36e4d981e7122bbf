/*
 * index.c - the table of receiver indices
 */
#include "lib/wg/index.h"

#include <stdlib.h>

#include "lib/crypto/crypto.h"

#define FIRST_ROOM 16

static void put(struct lr_index *t, struct lr_index_slot entry)
{
	size_t i = entry.index & (t->room - 1);
	while (t->slots[i].index != 0)
		i = (i + 1) & (t->room - 1);
	t->slots[i] = entry;
}

static int grow(struct lr_index *t)
{
	struct lr_index bigger = {.n = t->n, .room = t->room ? 2 * t->room : FIRST_ROOM};

	bigger.slots = calloc(bigger.room, sizeof(*bigger.slots));
	if (!bigger.slots)
		return -1;
	for (size_t i = 0; i < t->room; i++)
		if (t->slots[i].index != 0)
			put(&bigger, t->slots[i]);
	free(t->slots);
	*t = bigger;
	return 0;
}

void lr_index_release(struct lr_index *t)
{
	free(t->slots);
	*t = (struct lr_index){0};
}

uint32_t lr_index_add(struct lr_index *t, struct lr_index_slot entry)
{
	if (2 * (t->n + 1) > t->room && grow(t) != 0)
		return 0;
	do {
		lr_random(&entry.index, sizeof(entry.index));
	} while (entry.index == 0 || lr_index_find(t, entry.index));
	put(t, entry);
	t->n++;
	return entry.index;
}

void lr_index_remove(struct lr_index *t, uint32_t index)
{
	struct lr_index_slot *s = lr_index_find(t, index);
	if (!s)
		return;
	size_t mask = t->room - 1, hole = (size_t)(s - t->slots);
	/* An entry behind the hole moves into it unless its home lies between hole and itself. */
	for (size_t i = (hole + 1) & mask; t->slots[i].index != 0; i = (i + 1) & mask) {
		size_t home = t->slots[i].index & mask;
		if (((i - home) & mask) >= ((i - hole) & mask)) {
			t->slots[hole] = t->slots[i];
			hole = i;
		}
	}
	t->slots[hole] = (struct lr_index_slot){0};
	t->n--;
}
