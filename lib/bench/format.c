/*
 * format.c - text for people and from people: keys, addresses, endpoints, names, ranges
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/bench/families.h"
#include "lib/crypto/crypto.h"
#include "lib/net/addr.h"
#include "lib/party/invite.h"

struct words {
	uint8_t key[LR_KEY_LEN];
	char key_text[LR_KEY_TEXT], ip_text[LR_ADDR_TEXT], end_text[LR_ENDPOINT_TEXT];
	char line[80], invite[LR_INVITE_TEXT];
	struct lr_ip ip;
	struct lr_endpoint end;
};

static void *setup(unsigned size)
{
	struct words *w = calloc(1, sizeof(*w));
	struct lr_invite v = {.n_relays = 1, .name = "lan", .epoch = 1};

	(void)size;
	lr_random(w->key, sizeof(w->key));
	lr_key_text(w->key, w->key_text);
	lr_ip_parse("fd00:66::a42:17", &w->ip);
	lr_endpoint_parse("[2001:db8::17]:51820", &w->end);
	snprintf(w->line, sizeof(w->line), "%s",
		"A name \xc3\xa4 with umlauts, and 70 bytes of text for a person to read");
	if (lr_place_parse("relay.example", 13, &v.relays[0]) < 0 ||
		lr_invite_text(&v, w->invite) < 0) {
		free(w);
		return NULL;
	}
	return w;
}

static void run_key(void *state, uint64_t times)
{
	struct words *w = state;

	for (uint64_t i = 0; i < times; i++)
		lr_bench_sink += (uintptr_t)lr_key_text(w->key, w->key_text);
}

static void run_key_parse(void *state, uint64_t times)
{
	struct words *w = state;

	for (uint64_t i = 0; i < times; i++)
		lr_bench_sink += (uintptr_t)lr_key_parse(w->key_text, w->key);
}

static void run_ip(void *state, uint64_t times)
{
	struct words *w = state;

	for (uint64_t i = 0; i < times; i++)
		lr_bench_sink += (uintptr_t)lr_ip_text(&w->ip, w->ip_text);
}

static void run_endpoint(void *state, uint64_t times)
{
	struct words *w = state;

	for (uint64_t i = 0; i < times; i++)
		lr_bench_sink += (uintptr_t)lr_endpoint_text(&w->end, w->end_text);
}

static void run_endpoint_parse(void *state, uint64_t times)
{
	struct words *w = state;

	for (uint64_t i = 0; i < times; i++)
		lr_bench_sink += (uintptr_t)lr_endpoint_parse("[2001:db8::17]:51820", &w->end);
}

static void run_clean(void *state, uint64_t times)
{
	struct words *w = state;

	for (uint64_t i = 0; i < times; i++)
		lr_text_clean(w->line, true);
}

static void run_invite(void *state, uint64_t times)
{
	struct words *w = state;
	struct lr_invite v;

	for (uint64_t i = 0; i < times; i++)
		lr_bench_sink += (uintptr_t)lr_invite_parse(w->invite, strlen(w->invite), &v, NULL);
}

#define ROW(name, run)                                                                             \
	{                                                                                          \
		name, "format", PERFORMANCE, "ns", 0, NULL, 0, setup, run, NULL, free              \
	}

const struct lr_bench lr_bench_format[] = {
	ROW("format_key", run_key),
	ROW("format_key_parse", run_key_parse),
	ROW("format_ip", run_ip),
	ROW("format_endpoint", run_endpoint),
	ROW("format_endpoint_parse", run_endpoint_parse),
	ROW("format_clean", run_clean),
	ROW("format_invite_parse", run_invite),
	{0},
};
