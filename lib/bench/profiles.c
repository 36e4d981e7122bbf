/*
 * profiles.c - game profiles: loaded, read from JSON, found, and packets recognised by them
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/bench/families.h"
#include "lib/game/game.h"
#include "lib/game/names.h"
#include "lib/game/traffic.h"

struct profiles {
	struct lr_games all;
	struct lr_names names;
	json_t **json; /* of each profile */
	size_t most;   /* of all: which has the most ranges of ports */
	struct lr_traffic traffic;
	uint8_t packet[64];
};

static void teardown(void *state)
{
	struct profiles *p = state;

	for (size_t i = 0; p->json && i < p->all.n; i++)
		json_decref(p->json[i]);
	free(p->json);
	lr_names_release(&p->names);
	lr_games_release(&p->all);
	free(p);
}

/* A datagram to the port that Quake III's servers listen on. */
static void datagram(uint8_t *p)
{
	p[0] = 0x45;
	lr_put_be16(p + 2, 64);
	p[9] = 17;
	lr_put_be32(p + 12, 0x0a420001u);
	lr_put_be32(p + 16, 0x0a4200ffu);
	lr_put_be16(p + 20, 40000);
	lr_put_be16(p + 22, 27960);
	lr_put_be16(p + 24, 44);
}

static void *setup(unsigned active)
{
	struct profiles *p = calloc(1, sizeof(*p));

	if (lr_games_load(&p->all, NULL, NULL, NULL) < 0 || lr_names_init(&p->names, &p->all) < 0) {
		teardown(p);
		return NULL;
	}
	p->json = calloc(p->all.n, sizeof(json_t *));
	for (size_t i = 0; i < p->all.n; i++)
		p->json[i] = lr_game_to_json(p->all.list[i]);
	for (size_t i = 0; i < p->all.n; i++)
		if (p->all.list[i]->n_ports > p->all.list[p->most]->n_ports)
			p->most = i;
	struct lr_game *read = lr_game_from_json(p->json[p->most], NULL);
	if (!read) {
		teardown(p);
		return NULL;
	}
	lr_game_free(read);
	lr_traffic_build(&p->traffic, p->all.list, active < p->all.n ? active : p->all.n);
	datagram(p->packet);
	return p;
}

static void run_load(void *state, uint64_t times)
{
	struct lr_games all;
	struct lr_names names;

	(void)state;
	for (uint64_t i = 0; i < times; i++) {
		lr_bench_sink += (uintptr_t)lr_games_load(&all, NULL, NULL, NULL);
		lr_bench_sink += (uintptr_t)lr_names_init(&names, &all);
		lr_names_release(&names);
		lr_games_release(&all);
	}
}

static void run_read(void *state, uint64_t times)
{
	const struct profiles *p = state;

	for (uint64_t i = 0; i < times; i++)
		for (size_t k = 0; k < p->all.n; k++)
			lr_game_free(lr_game_from_json(p->json[k], NULL));
}

/* The profile with the most ranges of ports. */
static void run_ports(void *state, uint64_t times)
{
	const struct profiles *p = state;

	for (uint64_t i = 0; i < times; i++)
		lr_game_free(lr_game_from_json(p->json[p->most], NULL));
}

static void run_find(void *state, uint64_t times)
{
	const struct profiles *p = state;

	for (uint64_t i = 0; i < times; i++)
		lr_bench_sink +=
			(uintptr_t)lr_games_find(&p->all, p->all.list[i % p->all.n]->name, NULL);
}

static void run_process(void *state, uint64_t times)
{
	const struct profiles *p = state;

	for (uint64_t i = 0; i < times; i++)
		lr_bench_sink += lr_names_find(&p->names, "ioquake3.x86_64", "ioquake3").exact;
}

static void run_recognise(void *state, uint64_t times)
{
	const struct profiles *p = state;

	for (uint64_t i = 0; i < times; i++)
		lr_bench_sink +=
			(uintptr_t)lr_games_recognise(&p->all, LR_GAME_UDP, 40000, 27960, NULL);
}

static void run_classify(void *state, uint64_t times)
{
	const struct profiles *p = state;

	for (uint64_t i = 0; i < times; i++)
		lr_bench_sink += lr_traffic_of(&p->traffic, p->packet, sizeof(p->packet))->flags;
}

static void run_build(void *state, uint64_t times)
{
	struct profiles *p = state;

	for (uint64_t i = 0; i < times; i++)
		lr_traffic_build(&p->traffic, p->all.list, 8);
}

#define ROW(name, run)                                                                             \
	{                                                                                          \
		name, "profiles", PERFORMANCE, "ns", 8, NULL, 0, setup, run, NULL, teardown        \
	}
#define CLASSIFY(n)                                                                                \
	{                                                                                          \
		"profiles_classify_" #n, "profiles", SCALING, "ns", n, "profiles_classify", 0,     \
			setup, run_classify, NULL, teardown                                        \
	}

const struct lr_bench lr_bench_profiles[] = {
	ROW("profiles_load", run_load),
	ROW("profiles_read_all", run_read),
	ROW("profiles_read_ports", run_ports),
	ROW("profiles_find", run_find),
	ROW("profiles_process", run_process),
	ROW("profiles_recognise", run_recognise),
	CLASSIFY(1),
	CLASSIFY(8),
	CLASSIFY(100),
	ROW("profiles_traffic", run_build),
	{0},
};
