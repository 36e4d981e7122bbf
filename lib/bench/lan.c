/*
 * lan.c - the virtual Ethernet: what it costs a packet to go by its rules, and a copy to a member
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/bench/families.h"
#include "lib/lan/lan.h"
#include "lib/net/ip.h"

#define NOW  LR_NS_PER_S
#define ROOM 1600

struct ground {
	struct lr_lan *lan;
	struct lr_lan_member **members;
	unsigned n;
	uint64_t now;
	size_t len;
	uint8_t frame[ROOM], at_work[ROOM];
};

static struct lr_lan_member *holder(void *ctx, uint8_t family, const uint8_t *address)
{
	const struct ground *g = ctx;
	unsigned host = lr_get_be16(address + 2);

	return family == 4 && host >= 2 && host < g->n + 2 ? g->members[host - 2] : NULL;
}

static void teardown(void *state)
{
	struct ground *g = state;

	lr_lan_free(g->lan);
	free(g->members);
	free(g);
}

static const uint8_t own_mac[LR_MAC] = {2, 0, 0, 0, 0, 1};

/* 10.66.0.1/16 with `n` members behind it. */
static struct ground *ground(unsigned n)
{
	struct ground *g = calloc(1, sizeof(*g));
	const struct lr_lan_host host = {g, holder};
	const struct lr_prefix own = {lr_ip4(0x0a420001), 16};

	g->lan = lr_lan_new(&host, true, own_mac);
	g->members = calloc(n, sizeof(struct lr_lan_member *));
	g->now = NOW;
	if (!g->lan || !g->members) {
		teardown(g);
		return NULL;
	}
	lr_lan_own(g->lan, &own, 1);
	for (; g->n < n; g->n++) {
		uint8_t key[LR_KEY_LEN] = {(uint8_t)g->n, (uint8_t)(g->n >> 8), 1};
		const struct lr_ip four = lr_ip4(0x0a420002 + g->n), none = {0};
		g->members[g->n] = lr_lan_join(g->lan, key, NULL, NOW);
		if (!g->members[g->n]) {
			teardown(g);
			return NULL;
		}
		lr_lan_member_at(g->members[g->n], &four, &none, false);
	}
	return g;
}

/* A frame of 200 bytes of UDP from us. */
static void datagram(struct ground *g, const uint8_t *to_mac, uint32_t to)
{
	uint8_t *p = g->frame + LR_LAN_HEAD;

	memcpy(g->frame, to_mac, LR_MAC);
	memcpy(g->frame + LR_MAC, own_mac, LR_MAC);
	lr_put_be16(g->frame + 12, 0x0800);
	p[0] = 0x45;
	lr_put_be16(p + 2, 228);
	p[8] = 64;
	p[9] = 17;
	lr_put_be32(p + 12, 0x0a420001);
	lr_put_be32(p + 16, to);
	lr_ip4_checksum(p);
	lr_put_be16(p + 20, 27960);
	lr_put_be16(p + 22, 27960);
	lr_put_be16(p + 24, 208);
	g->len = LR_LAN_HEAD + 228;
}

static void *setup_unicast(unsigned n)
{
	struct ground *g = ground(n);
	uint8_t key[LR_KEY_LEN] = {0, 0, 1}, mac[LR_MAC];

	lr_lan_mac(key, mac);
	if (g)
		datagram(g, mac, 0x0a420002);
	return g;
}

static void *setup_broadcast(unsigned n)
{
	static const uint8_t all[LR_MAC] = {255, 255, 255, 255, 255, 255};
	struct ground *g = ground(n);

	if (g)
		datagram(g, all, UINT32_MAX);
	return g;
}

/* The question who has the first member's address. */
static void *setup_arp(unsigned n)
{
	static const uint8_t ask[] = {0, 1, 8, 0, 6, 4, 0, 1};
	struct ground *g = ground(n);

	if (!g)
		return NULL;
	memset(g->frame, 255, LR_MAC);
	memcpy(g->frame + LR_MAC, own_mac, LR_MAC);
	lr_put_be16(g->frame + 12, 0x0806);
	memcpy(g->frame + 14, ask, sizeof(ask));
	memcpy(g->frame + 22, own_mac, LR_MAC);
	lr_put_be32(g->frame + 28, 0x0a420001);
	lr_put_be32(g->frame + 38, 0x0a420002);
	g->len = 42;
	return g;
}

/* Each on a clock that goes on by 10 ms, so that no storm control bites. */
static void run_out(void *state, uint64_t times)
{
	struct ground *g = state;
	struct lr_lan_verdict v;

	for (uint64_t i = 0; i < times; i++) {
		g->now += 10 * LR_NS_PER_MS;
		memcpy(g->at_work, g->frame, g->len);
		lr_lan_out(g->lan, g->now, g->at_work, g->len, false, &v);
		lr_bench_sink += (uintptr_t)v.act;
	}
}

/* The same, and the walk over those that get a copy. */
static void run_fan(void *state, uint64_t times)
{
	struct ground *g = state;
	struct lr_lan_verdict v;

	for (uint64_t i = 0; i < times; i++) {
		g->now += 10 * LR_NS_PER_MS;
		memcpy(g->at_work, g->frame, g->len);
		lr_lan_out(g->lan, g->now, g->at_work, g->len, false, &v);
		const struct lr_lan_member *m = NULL;
		while ((m = lr_lan_next(g->lan, &v, m)) != NULL)
			lr_bench_sink += (uintptr_t)m;
	}
}

static void run_in(void *state, uint64_t times)
{
	struct ground *g = state;
	struct lr_lan_verdict v;
	uint8_t *packet = g->at_work + LR_LAN_HEAD;

	for (uint64_t i = 0; i < times; i++) {
		memcpy(g->at_work, g->frame, g->len);
		lr_put_be32(packet + 12, 0x0a420002);
		lr_put_be32(packet + 16, 0x0a420001);
		lr_lan_in(g->lan, g->now, g->members[0], packet, g->len - LR_LAN_HEAD, &v);
		lr_bench_sink += (uintptr_t)v.act;
	}
}

#define ROW(name, n, setup, run)                                                                   \
	{                                                                                          \
		name "_" #n, "lan", SCALING, "ns", n, name, 0, setup, run, NULL, teardown          \
	}

const struct lr_bench lr_bench_lan[] = {
	ROW("lan_out", 10, setup_unicast, run_out),
	ROW("lan_out", 1000, setup_unicast, run_out),
	ROW("lan_in", 10, setup_unicast, run_in),
	ROW("lan_in", 1000, setup_unicast, run_in),
	ROW("lan_arp", 10, setup_arp, run_out),
	ROW("lan_arp", 1000, setup_arp, run_out),
	ROW("lan_broadcast", 10, setup_broadcast, run_fan),
	ROW("lan_broadcast", 32, setup_broadcast, run_fan),
	ROW("lan_broadcast", 1000, setup_broadcast, run_fan),
	{0},
};
