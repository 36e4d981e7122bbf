/*
 * party.c - charters, records, and a member's way into a party
 */
#include <stdlib.h>

#include "lib/bench/families.h"
#include "lib/bench/people.h"

struct meeting {
	struct lr_bench_people *people;
	struct lr_directory *directory;
	uint8_t *list; /* what the relay answers who joins last */
	size_t len;
};

static void teardown(void *state)
{
	struct meeting *m = state;

	lr_directory_free(m->directory);
	lr_bench_people_free(m->people);
	free(m->list);
	free(m);
}

static void *setup(unsigned members)
{
	struct meeting *m = calloc(1, sizeof(*m));

	m->people = lr_bench_people_new(members);
	m->directory = m->people ? lr_bench_directory(m->people, members) : NULL;
	if (m->directory)
		m->list = lr_directory_list(
			m->directory, m->people->id, NULL, &m->people->now, &m->len);
	if (!m->list) {
		teardown(m);
		return NULL;
	}
	return m;
}

static void run_charter(void *state, uint64_t times)
{
	const struct meeting *m = state;
	struct lr_charter *c = malloc(sizeof(*c));

	for (uint64_t i = 0; c && i < times; i++)
		lr_bench_sink += (uintptr_t)lr_charter_read(
			m->people->charter, m->people->charter_len, m->people->id, c);
	free(c);
}

/* A record from its bytes: envelope, both signatures, contents. */
static void run_record(void *state, uint64_t times)
{
	const struct lr_bench_people *p = ((const struct meeting *)state)->people;
	const struct lr_bench_person *who = &p->each[0];
	struct lr_envelope e;
	struct lr_record r;

	for (uint64_t i = 0; i < times; i++) {
		lr_bench_sink += (uintptr_t)lr_envelope_read(who->bytes, who->len, &e);
		lr_bench_sink += (uintptr_t)lr_envelope_check(
			&e, who->bytes, who->len, p->id, 1, p->keys.access_public);
		lr_bench_sink += (uintptr_t)lr_record_open(&e, who->bytes, p->keys.record_key, &r);
	}
}

/* Somebody new takes in the whole party. */
static void run_absorb(void *state, uint64_t times)
{
	const struct meeting *m = state;

	for (uint64_t i = 0; i < times; i++) {
		struct lr_roster *r = lr_bench_roster(m->people);
		struct lr_since since = {0};
		lr_bench_sink += (uintptr_t)lr_roster_absorb(
			r, m->list, m->len, m->people->now.mono_ns, &since);
		lr_roster_free(r);
	}
}

static void run_list(void *state, uint64_t times)
{
	const struct meeting *m = state;
	size_t len;

	for (uint64_t i = 0; i < times; i++)
		free(lr_directory_list(m->directory, m->people->id, NULL, &m->people->now, &len));
}

static void run_export(void *state, uint64_t times)
{
	const struct meeting *m = state;

	for (uint64_t i = 0; i < times; i++)
		json_decref(lr_directory_export(m->directory, m->people->id, &m->people->now));
}

#define ABSORB(n)                                                                                  \
	{"party_absorb_" #n, "party", SCALING, "ns", n, "party_absorb", 0, setup, run_absorb,      \
		NULL, teardown, n},                                                                \
	{                                                                                          \
		"party_list_" #n, "party", SCALING, "ns", n, "party_list", 0, setup, run_list,     \
			NULL, teardown, n                                                          \
	}

const struct lr_bench lr_bench_party[] = {
	{"party_charter_read", "party", PERFORMANCE, "ns", 1, NULL, 0, setup, run_charter, NULL,
		teardown},
	{"party_record_open", "party", PERFORMANCE, "ns", 1, NULL, 0, setup, run_record, NULL,
		teardown},
	ABSORB(8),
	ABSORB(100),
	{"party_export_100", "party", PERFORMANCE, "ns", 100, NULL, 0, setup, run_export, NULL,
		teardown},
	{0},
};
