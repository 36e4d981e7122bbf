/*
 * ipam.c - addresses: given, and looked up, from 10 to 60,000
 *
 * An allocation is the mean over filling an empty pool to its size, growing of the tables
 * included. Look-ups are in random order, and what is asked for stands ready: a caller has its
 * question at hand.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bench/families.h"
#include "lib/ipam/ipam.h"

struct addresses {
	unsigned size;
	struct lr_ipam *table;
	char (*names)[24]; /* in the order of asking */
	struct lr_ip *ips;
	unsigned at;
};

static struct lr_ipam *empty(void)
{
	struct lr_prefix pool;
	return lr_ipam_pool_parse("10.66.0.0/16", &pool, NULL) == 0 ? lr_ipam_new(&pool, NULL)
								    : NULL;
}

static void teardown(void *state)
{
	struct addresses *a = state;

	lr_ipam_free(a->table);
	free(a->names);
	free(a->ips);
	free(a);
}

static void *setup_names(unsigned size)
{
	struct addresses *a = calloc(1, sizeof(*a));

	a->size = size;
	a->names = calloc(size, sizeof(*a->names));
	for (unsigned i = 0; a->names && i < size; i++)
		snprintf(a->names[i], sizeof(a->names[i]), "member-%u", i);
	return a;
}

static bool fill(struct lr_ipam *table, const struct addresses *a)
{
	bool fresh;

	for (unsigned i = 0; i < a->size; i++)
		if (!lr_ipam_alloc(table, a->names[i], &fresh))
			return false;
	return true;
}

/* A full pool, and its names and addresses in another order. */
static void *setup_full(unsigned size)
{
	struct addresses *a = setup_names(size);
	unsigned *order = lr_bench_shuffled(size);

	a->table = empty();
	a->ips = calloc(size, sizeof(*a->ips));
	if (!order || !a->ips || !a->table || !fill(a->table, a)) {
		free(order);
		teardown(a);
		return NULL;
	}
	for (unsigned i = 0; i < size; i++) {
		snprintf(a->names[i], sizeof(a->names[i]), "member-%u", order[i]);
		a->ips[i] = lr_ipam_by_peer(a->table, a->names[i])->address;
	}
	free(order);
	return a;
}

static void run_alloc(void *state, uint64_t times)
{
	struct addresses *a = state;

	for (uint64_t i = 0; i < times; i++) {
		struct lr_ipam *table = empty();
		lr_bench_sink += fill(table, a);
		lr_ipam_free(table);
	}
}

static void run_peer(void *state, uint64_t times)
{
	struct addresses *a = state;

	for (uint64_t i = 0; i < times; i++) {
		lr_bench_sink += (uintptr_t)lr_ipam_by_peer(a->table, a->names[a->at]);
		a->at = a->at + 1 < a->size ? a->at + 1 : 0;
	}
}

static void run_address(void *state, uint64_t times)
{
	struct addresses *a = state;

	for (uint64_t i = 0; i < times; i++) {
		lr_bench_sink += (uintptr_t)lr_ipam_by_address(a->table, &a->ips[a->at]);
		a->at = a->at + 1 < a->size ? a->at + 1 : 0;
	}
}

static void run_list(void *state, uint64_t times)
{
	struct addresses *a = state;

	for (uint64_t i = 0; i < times; i++)
		for (const struct lr_lease *l = NULL; (l = lr_ipam_next(a->table, l));)
			lr_bench_sink += l->address.b[3];
}

#define ROWS(n)                                                                                    \
	{"ipam_alloc_" #n, "ipam", SCALING, "ns", n, "ipam_alloc", 0, setup_names, run_alloc,      \
		NULL, teardown, n},                                                                \
		{"ipam_lookup_" #n, "ipam", SCALING, "ns", n, "ipam_lookup", 0, setup_full,        \
			run_peer, NULL, teardown},                                                 \
	{                                                                                          \
		"ipam_lookup_address_" #n, "ipam", SCALING, "ns", n, "ipam_lookup_address", 0,     \
			setup_full, run_address, NULL, teardown                                    \
	}

const struct lr_bench lr_bench_ipam[] = {
	ROWS(10),
	ROWS(100),
	ROWS(1000),
	ROWS(10000),
	ROWS(60000),
	{"ipam_list_1000", "ipam", PERFORMANCE, "ns", 1000, NULL, 0, setup_full, run_list, NULL,
		teardown},
	{0},
};
