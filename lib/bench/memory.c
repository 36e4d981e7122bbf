/*
 * memory.c - bytes of the heap for each of something
 *
 * What many of them take, as the C library counts it, divided by how many they are; so places in
 * tables are counted with what they hold.
 */
#include <math.h>
#include <stdlib.h>

#include "lib/base/bytes.h"
#include "lib/bench/families.h"
#include "lib/bench/pair.h"
#include "lib/bench/people.h"
#include "lib/perf/hist.h"

#define PEERS   1000
#define PAIRS   32
#define MEMBERS 100
#define PARTIES 33

/* A peer of a device with its IPv4 and IPv6 address, without a session. */
static double value_peer(struct lr_bench_process *p, const struct lr_bench *b)
{
	double before = lr_bench_heap();
	struct lr_wg *wg = lr_wg_new(&(struct lr_wg_host){0});

	(void)p, (void)b;
	for (unsigned i = 0; wg && i < PEERS; i++) {
		uint8_t key[LR_KEY_LEN] = {1};
		struct lr_prefix four = {lr_ip4(0x0a420001u + i), 32};
		struct lr_prefix six = {{6, {0xfd, 0x66}}, 128};
		lr_put_be32(key + 4, i);
		lr_put_be32(six.ip.b + 12, i);
		struct lr_wg_peer *peer = lr_wg_peer_add(wg, key);
		if (!peer || lr_wg_allow(wg, peer, &four) || lr_wg_allow(wg, peer, &six))
			break;
	}
	double after = lr_bench_heap();
	bool good = wg && lr_wg_peer_count(wg) == PEERS;
	lr_wg_free(wg);
	return good ? (after - before) / PEERS : NAN;
}

/* What a session adds at one end. */
static double value_session(struct lr_bench_process *p, const struct lr_bench *b)
{
	struct lr_bench_pair *pairs[PAIRS];
	bool good = true;

	(void)p, (void)b;
	for (int i = 0; i < PAIRS; i++)
		good = (pairs[i] = lr_bench_pair_new()) && good;
	double before = lr_bench_heap();
	for (int i = 0; good && i < PAIRS; i++)
		good = lr_bench_pair_meet(pairs[i]);
	double after = lr_bench_heap();
	for (int i = 0; i < PAIRS; i++)
		lr_bench_pair_free(pairs[i]);
	return good ? (after - before) / (2 * PAIRS) : NAN;
}

/* At the relay: a party without members. */
static double value_party(struct lr_bench_process *p, const struct lr_bench *b)
{
	struct lr_bench_people *people[PARTIES];
	bool good = true;

	(void)p, (void)b;
	for (int i = 0; i < PARTIES; i++)
		good = (people[i] = lr_bench_people_new(0)) && good;
	struct lr_directory *d = good ? lr_bench_directory(people[0], 0) : NULL;
	double before = lr_bench_heap();
	for (int i = 1; d && i < PARTIES; i++)
		good = lr_directory_put_charter(d, people[i]->id, people[i]->charter,
			       people[i]->charter_len, true, &people[i]->now) == LR_DIRECTORY_OK &&
		       good;
	double after = lr_bench_heap();
	lr_directory_free(d);
	for (int i = 0; i < PARTIES; i++)
		lr_bench_people_free(people[i]);
	return d && good ? (after - before) / (PARTIES - 1) : NAN;
}

/* A member of one there. */
static double value_member(struct lr_bench_process *p, const struct lr_bench *b)
{
	struct lr_bench_people *people = lr_bench_people_new(MEMBERS);
	struct lr_directory *d = people ? lr_bench_directory(people, 0) : NULL;
	double before = lr_bench_heap();
	bool good = d != NULL;

	(void)p, (void)b;
	for (unsigned i = 0; good && i < MEMBERS; i++)
		good = lr_bench_join(d, people, i);
	double after = lr_bench_heap();
	lr_directory_free(d);
	lr_bench_people_free(people);
	return good ? (after - before) / MEMBERS : NAN;
}

/* At a member: somebody else of the party. */
static double value_known(struct lr_bench_process *p, const struct lr_bench *b)
{
	struct lr_bench_people *people = lr_bench_people_new(MEMBERS);
	struct lr_directory *d = people ? lr_bench_directory(people, MEMBERS) : NULL;
	struct lr_roster *r = d ? lr_bench_roster(people) : NULL;
	struct lr_since since = {0};
	size_t len = 0;
	uint8_t *list = r ? lr_directory_list(d, people->id, NULL, &people->now, &len) : NULL;
	double before = lr_bench_heap();

	(void)p, (void)b;
	bool good = list && lr_roster_absorb(r, list, len, people->now.mono_ns, &since) == 0 &&
		    lr_roster_count(r) == MEMBERS;
	double after = lr_bench_heap();
	free(list);
	lr_roster_free(r);
	lr_directory_free(d);
	lr_bench_people_free(people);
	return good ? (after - before) / MEMBERS : NAN;
}

/* Of all samples that there ever were. */
static double value_samples(struct lr_bench_process *p, const struct lr_bench *b)
{
	(void)p, (void)b;
	return sizeof(struct lr_hist);
}

#define ROW(name, value)                                                                           \
	{                                                                                          \
		name, "memory", PERFORMANCE | LR_BENCH_SCALING, "bytes", 0, NULL, 0, NULL, NULL,   \
			value                                                                      \
	}

const struct lr_bench lr_bench_memory[] = {
	ROW("memory_peer", value_peer),
	ROW("memory_session", value_session),
	ROW("memory_party", value_party),
	ROW("memory_member", value_member),
	ROW("memory_known_member", value_known),
	ROW("memory_lease", lr_bench_lease_bytes),
	ROW("memory_samples", value_samples),
	{0},
};
