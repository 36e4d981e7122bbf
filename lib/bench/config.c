/*
 * config.c - configurations from text to a value and back
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bench/families.h"
#include "lib/wg/config.h"

#define PEER_TEXT 256

struct text {
	char *at;
	size_t len;
	struct lr_config config;
};

static void teardown(void *state)
{
	struct text *t = state;

	lr_config_release(&t->config);
	free(t->at);
	free(t);
}

static char *quick_text(unsigned peers, size_t *len)
{
	char *text = malloc((peers + 2) * PEER_TEXT), key[LR_KEY_TEXT];
	uint8_t raw[LR_KEY_LEN];

	lr_random(raw, sizeof(raw));
	*len = (size_t)snprintf(text, PEER_TEXT,
		"[Interface]\nPrivateKey = %s\nAddress = 10.66.0.1/16\nListenPort = 51820\n",
		lr_key_text(raw, key));
	for (unsigned i = 0; i < peers; i++) {
		lr_random(raw, sizeof(raw));
		*len += (size_t)snprintf(text + *len, PEER_TEXT,
			"\n[Peer]\n# Name = member-%u\nPublicKey = %s\n"
			"AllowedIPs = 10.66.%u.%u/32\nEndpoint = 192.0.2.1:51820\n",
			i, lr_key_text(raw, key), i / 250, 2 + i % 250);
	}
	return text;
}

static void *setup(unsigned peers)
{
	struct text *t = calloc(1, sizeof(*t));

	t->at = quick_text(peers, &t->len);
	if (lr_config_parse(&t->config, t->at, t->len, "bench", NULL, NULL) < 0) {
		free(t->at);
		free(t);
		return NULL;
	}
	return t;
}

static void *setup_json(unsigned peers)
{
	struct text *t = setup(peers);
	json_t *object = t ? lr_config_json(&t->config, true) : NULL;

	if (!object)
		return NULL;
	free(t->at);
	t->at = lr_json_text(object);
	t->len = strlen(t->at);
	json_decref(object);
	return t;
}

static void run_load(void *state, uint64_t times)
{
	const struct text *t = state;
	struct lr_config config;

	for (uint64_t i = 0; i < times; i++) {
		lr_bench_sink +=
			(uintptr_t)lr_config_parse(&config, t->at, t->len, "bench", NULL, NULL);
		lr_config_release(&config);
	}
}

static void run_write(void *state, uint64_t times)
{
	const struct text *t = state;

	for (uint64_t i = 0; i < times; i++) {
		char *text = lr_config_text(&t->config, true);
		lr_bench_sink += (uintptr_t)text[0];
		free(text);
	}
}

#define LOAD(n)                                                                                    \
	{                                                                                          \
		"config_load_" #n, "config", SCALING, "ns", n, "config_load", 0, setup, run_load,  \
			NULL, teardown                                                             \
	}

const struct lr_bench lr_bench_config[] = {
	LOAD(1),
	LOAD(8),
	LOAD(32),
	LOAD(1000),
	{"config_load_json_32", "config", PERFORMANCE, "ns", 32, NULL, 0, setup_json, run_load,
		NULL, teardown},
	{"config_write_32", "config", PERFORMANCE, "ns", 32, NULL, 0, setup, run_write, NULL,
		teardown},
	{0},
};
