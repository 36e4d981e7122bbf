/*
 * json.c - a node's status as JSON: read, written
 */
#include "lib/bench/json.h"

#include <stdlib.h>
#include <string.h>

#include "lib/bench/families.h"
#include "lib/crypto/crypto.h"

static json_t *peer_of(unsigned i)
{
	char key[LR_KEY_TEXT], name[32], address[32], allowed[40];
	uint8_t raw[LR_KEY_LEN] = {(uint8_t)i, (uint8_t)(i >> 8), 1};

	snprintf(name, sizeof(name), "member-%u", i);
	snprintf(address, sizeof(address), "10.66.%u.%u", i / 250, 2 + i % 250);
	snprintf(allowed, sizeof(allowed), "%s/32", address);
	return json_pack("{s:s,s:s,s:s,s:n,s:s,s:[s],s:i,s:b,s:s,s:I,s:I,s:I,s:I,s:{s:s,s:s,s:f}}",
		"peer", name, "public_key", lr_key_text(raw, key), "address", address, "address6",
		"endpoint", "192.0.2.7:51820", "allowed_ips", allowed, "keepalive", 25, "preshared",
		1, "last_handshake", "2026-01-31T12:00:30.000Z", "rx_bytes",
		(json_int_t)123456789 + i, "tx_bytes", (json_int_t)987654321 + i, "rx_packets",
		(json_int_t)123456, "tx_packets", (json_int_t)654321, "path", "kind", "direct",
		"endpoint", "192.0.2.7:51820", "rtt_us", 12345.5);
}

json_t *lr_bench_status(unsigned peers)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < peers; i++)
		json_array_append_new(list, peer_of(i));
	return json_pack("{s:s,s:i,s:s,s:n,s:n,s:s,s:i,s:i,s:i,s:[s],s:s,s:I,s:I,s:I,s:I,s:I,s:I,"
			 "s:I,s:{s:i,s:i},s:i,s:o}",
		"iface", "lr0", "pid", 7, "version", LR_VERSION, "name", "public_key", "device",
		"tap", "listen_port", 51820, "fwmark", 0, "mtu", 1500, "addresses", "10.66.0.1/16",
		"started", "2026-01-31T12:00:00.500Z", "rx_packets", (json_int_t)1, "tx_packets",
		(json_int_t)2, "rx_bytes", (json_int_t)3, "tx_bytes", (json_int_t)4,
		"device_rx_packets", (json_int_t)5, "device_tx_packets", (json_int_t)6, "wakeups",
		(json_int_t)9, "drops", "replay", 2, "auth", 0, "peer_count", (int)peers, "peers",
		list);
}

struct both {
	json_t *object;
	char *text;
	size_t len;
};

static void teardown(void *state)
{
	struct both *b = state;

	json_decref(b->object);
	free(b->text);
	free(b);
}

static void *setup(unsigned peers)
{
	struct both *b = calloc(1, sizeof(*b));

	b->object = lr_bench_status(peers);
	b->text = b->object ? lr_json_text(b->object) : NULL;
	if (!b->text) {
		teardown(b);
		return NULL;
	}
	b->len = strlen(b->text);
	return b;
}

static void run_read(void *state, uint64_t times)
{
	const struct both *b = state;

	for (uint64_t i = 0; i < times; i++) {
		json_t *object = lr_json_parse(b->text, b->len, NULL);
		lr_bench_sink += json_object_size(object);
		json_decref(object);
	}
}

static void run_write(void *state, uint64_t times)
{
	const struct both *b = state;

	for (uint64_t i = 0; i < times; i++) {
		char *text = lr_json_text(b->object);
		lr_bench_sink += (uintptr_t)text[0];
		free(text);
	}
}

#define ROWS(n)                                                                                    \
	{"json_read_" #n, "json", SCALING, "ns", n, "json_read", 0, setup, run_read, NULL,         \
		teardown},                                                                         \
	{                                                                                          \
		"json_write_" #n, "json", SCALING, "ns", n, "json_write", 0, setup, run_write,     \
			NULL, teardown                                                             \
	}

const struct lr_bench lr_bench_json[] = {ROWS(1), ROWS(8), ROWS(100), ROWS(1000), {0}};
