/*
 * entries.c - where entries lie: an arena of chunks, each twice as large as the one before
 *
 * An entry is named by a number of 31 bits, so that a slot of the index is 8 bytes, and never
 * moves. Large chunks ask for huge pages: 60,000 entries are then four pages to the processor, not
 * two thousand.
 */
#include "lib/ipam/table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define FIRST_LOG 7 /* entries in the first chunk: 128, 16 KB */
#define HUGE_PAGE ((size_t)2 << 20)

static unsigned chunk_of(uint32_t number)
{
	return 31 - (unsigned)__builtin_clz(number + (1u << FIRST_LOG)) - FIRST_LOG;
}

struct lr_entry *lr_ipam_entry_at(const struct lr_entries *es, uint32_t number)
{
	unsigned c = chunk_of(number);

	return es->chunks[c] + (number + (1u << FIRST_LOG) - (1u << (FIRST_LOG + c)));
}

void *lr_ipam_entry_pages(size_t size)
{
	bool huge = size >= HUGE_PAGE;
	size_t align = huge ? HUGE_PAGE : sizeof(struct lr_entry);
	void *p = aligned_alloc(align, (size + align - 1) / align * align);

	if (p && huge)
		(void)!madvise(p, size, MADV_HUGEPAGE);
	return p;
}

struct lr_entry *lr_ipam_entry_new(struct lr_entries *es)
{
	struct lr_entry *e;

	if (es->free) {
		e = es->free;
		es->free = e->next_free;
	} else {
		unsigned c = chunk_of(es->n);
		if (!es->chunks[c])
			es->chunks[c] = lr_ipam_entry_pages(sizeof(*e) << (FIRST_LOG + c));
		if (!es->chunks[c])
			return NULL;
		e = lr_ipam_entry_at(es, es->n);
		e->number = es->n++ & 0x7fffffff;
	}
	e->lease.public_key = NULL;
	return e;
}

void lr_ipam_entry_free(struct lr_entries *es, struct lr_entry *e)
{
	free(lr_ipam_entry_key(e));
	e->lease.public_key = NULL;
	e->next_free = es->free;
	es->free = e;
}

void lr_ipam_entries_release(struct lr_entries *es)
{
	for (uint32_t i = 0; i < es->n; i++)
		free(lr_ipam_entry_key(lr_ipam_entry_at(es, i)));
	for (unsigned c = 0; c < LR_ENTRY_CHUNKS; c++)
		free(es->chunks[c]);
	*es = (struct lr_entries){0};
}
