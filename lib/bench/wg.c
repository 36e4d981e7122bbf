/*
 * wg.c - the tunnel: handshakes, packets sealed and received, whose an address is, copies
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/bench/families.h"
#include "lib/bench/pair.h"
#include "lib/nat/classify.h"
#include "lib/nat/copies.h"
#include "lib/wg/replay.h"

#define MESSAGE_MAX 1600
#define RING        64 /* messages in flight: sealed before the stopwatch starts */
#define WINDOW      8192

struct tunnel {
	struct lr_bench_pair *pair;
	unsigned size; /* of a packet */
	uint8_t packet[MESSAGE_MAX], message[MESSAGE_MAX];
};

static void teardown(void *state)
{
	struct tunnel *t = state;

	lr_bench_pair_free(t->pair);
	free(t);
}

/* An IPv4 packet from 10.66.0.1 to 10.66.0.2. */
static void ip_packet(uint8_t *p, unsigned len)
{
	memset(p, 0, len);
	p[0] = 0x45;
	lr_put_be16(p + 2, (uint16_t)len);
	p[8] = 64;
	p[9] = 17;
	lr_put_be32(p + 12, 0x0a420001u);
	lr_put_be32(p + 16, 0x0a420002u);
}

static void *setup(unsigned size)
{
	struct tunnel *t = calloc(1, sizeof(*t));

	t->pair = lr_bench_pair_new();
	t->size = size;
	ip_packet(t->packet, size);
	if (!t->pair || !lr_bench_pair_meet(t->pair)) {
		teardown(t);
		return NULL;
	}
	return t;
}

static void run_handshake(void *state, uint64_t times)
{
	struct tunnel *t = state;

	for (uint64_t i = 0; i < times; i++)
		lr_bench_sink += lr_bench_pair_meet(t->pair);
}

static int seal(struct tunnel *t)
{
	memcpy(t->message + LR_WG_HEAD, t->packet, t->size);
	return lr_wg_seal(t->pair->wg[0], t->pair->now, t->pair->peer[0], t->message, t->size,
		t->size + LR_WG_PAD);
}

static void run_seal(void *state, uint64_t times)
{
	struct tunnel *t = state;

	for (uint64_t i = 0; i < times; i++)
		lr_bench_sink += (uintptr_t)seal(t);
}

/* From the packet to the packet: sealed by one, received by the other. */
static void run_through(void *state, uint64_t times)
{
	struct tunnel *t = state;
	struct lr_wg_rx rx;

	for (uint64_t i = 0; i < times; i++) {
		int len = seal(t);
		lr_wg_receive(t->pair->wg[1], t->pair->now, &t->pair->at[0], t->message,
			(size_t)len, &rx);
		lr_bench_sink += rx.len;
	}
}

/* The same message again: dropped by its counter, behind the decryption. */
static void run_again(void *state, uint64_t times)
{
	struct tunnel *t = state;
	struct lr_wg_rx rx;
	uint8_t copy[MESSAGE_MAX];
	int len = seal(t);

	for (uint64_t i = 0; i < times; i++) {
		memcpy(copy, t->message, (size_t)len);
		lr_wg_receive(
			t->pair->wg[1], t->pair->now, &t->pair->at[0], copy, (size_t)len, &rx);
		lr_bench_sink += rx.drop;
	}
}

/* --- whose an address is --- */

struct members {
	struct lr_wg *wg;
	unsigned size, at;
	uint8_t (*asked)[4];
};

static void teardown_members(void *state)
{
	struct members *m = state;

	lr_wg_free(m->wg);
	free(m->asked);
	free(m);
}

static bool add_member(struct lr_wg *wg, unsigned i, uint8_t asked[4])
{
	uint8_t key[LR_KEY_LEN] = {1};
	struct lr_prefix four = {lr_ip4(0x0a420001u + i), 32};
	struct lr_prefix six = {{6, {0xfd, 0x66}}, 128};

	lr_put_be32(key + 4, i);
	lr_put_be32(six.ip.b + 12, 0x0a420001u + i);
	memcpy(asked, four.ip.b, 4);
	struct lr_wg_peer *peer = lr_wg_peer_add(wg, key);
	return peer && lr_wg_allow(wg, peer, &four) == 0 && lr_wg_allow(wg, peer, &six) == 0;
}

static void *setup_members(unsigned size)
{
	struct members *m = calloc(1, sizeof(*m));
	unsigned *order = lr_bench_shuffled(size);
	bool good = true;

	m->wg = lr_wg_new(&(struct lr_wg_host){0});
	m->asked = calloc(size, sizeof(*m->asked));
	m->size = size;
	for (unsigned i = 0; good && i < size; i++)
		good = add_member(m->wg, i, m->asked[order[i]]);
	free(order);
	if (!good) {
		teardown_members(m);
		return NULL;
	}
	return m;
}

static void run_route(void *state, uint64_t times)
{
	struct members *m = state;

	for (uint64_t i = 0; i < times; i++) {
		lr_bench_sink += (uintptr_t)lr_wg_route(m->wg, 4, m->asked[m->at]);
		m->at = m->at + 1 < m->size ? m->at + 1 : 0;
	}
}

/* --- copies --- */

static void *setup_window(unsigned bits)
{
	struct lr_replay *r = calloc(1, lr_replay_size(bits));

	lr_replay_init(r, bits);
	return r;
}

/* Each counter and, as with a second path, once more. */
static void run_window(void *state, uint64_t times)
{
	struct lr_replay *r = state;

	for (uint64_t i = 0; i < times; i++) {
		uint64_t counter = r->next;
		lr_bench_sink += lr_replay_accept(r, counter);
		lr_bench_sink += lr_replay_accept(r, counter);
	}
}

static void *setup_copies(unsigned size)
{
	return calloc(1, size);
}

static void run_copies(void *state, uint64_t times)
{
	struct lr_copies *c = state;

	for (uint64_t i = 0; i < times; i++) {
		uint64_t counter = c->next;
		lr_copies_came(c, 1000 + i, 1, counter, false, false);
		lr_copies_came(c, 1000 + i, 1, counter, true, true);
	}
}

static void *setup_datagrams(unsigned size)
{
	uint8_t(*d)[32] = calloc(RING, sizeof(*d));
	static const uint8_t first[4] = {4, LR_PROBE_TYPE, LR_FRAME_TYPE, 0};

	(void)size;
	for (unsigned i = 0; i < RING; i++) {
		d[i][0] = first[i * 7 / 3 % 4];
		if (d[i][0] == 0)
			lr_put_be32(d[i] + 4, LR_STUN_COOKIE);
	}
	return d;
}

static void run_classify(void *state, uint64_t times)
{
	uint8_t(*d)[32] = state;

	for (uint64_t i = 0; i < times; i++)
		lr_bench_sink += lr_classify(d[i % RING], 32);
}

#define BY_SIZE(n)                                                                                 \
	{"wg_seal_" #n, "wg", PERFORMANCE, "ns", n, "wg_seal", 0, setup, run_seal, NULL,           \
		teardown},                                                                         \
	{                                                                                          \
		"wg_through_" #n, "wg", PERFORMANCE, "ns", n, "wg_through", 0, setup, run_through, \
			NULL, teardown                                                             \
	}
#define ROUTE(n)                                                                                   \
	{                                                                                          \
		"wg_route_" #n, "wg", SCALING, "ns", n, "wg_route", 0, setup_members, run_route,   \
			NULL, teardown_members                                                     \
	}

const struct lr_bench lr_bench_wg[] = {
	{"wg_handshake", "wg", PERFORMANCE, "ns", 64, NULL, 0, setup, run_handshake, NULL,
		teardown},
	BY_SIZE(64),
	BY_SIZE(200),
	BY_SIZE(1420),
	{"wg_again_200", "wg", PERFORMANCE, "ns", 200, NULL, 0, setup, run_again, NULL, teardown},
	ROUTE(1),
	ROUTE(10),
	ROUTE(100),
	ROUTE(1000),
	ROUTE(10000),
	{"wg_window", "wg", PERFORMANCE, "ns", WINDOW, NULL, 0, setup_window, run_window, NULL,
		free},
	{"wg_copies", "wg", PERFORMANCE, "ns", sizeof(struct lr_copies), NULL, 0, setup_copies,
		run_copies, NULL, free},
	{"wg_classify", "wg", PERFORMANCE, "ns", 0, NULL, 0, setup_datagrams, run_classify, NULL,
		free},
	{0},
};
