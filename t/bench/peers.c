/*
 * peers.c - what finding a packet's peer costs, from 1 to 1,000 peers
 *
 * One JSON object a line, {"name":"peer_lookup_1000","unit":"ns","value":...}: the mean over
 * addresses in random order, the median of several passes. Each peer has an IPv4 and an IPv6
 * host prefix, as members of a party have.
 */
#include <stdio.h>
#include <stdlib.h>

#include "lib/perf/stats.h"
#include "lib/perf/tick.h"
#include "lib/wg/allowedips.h"
#include "lib/wg/peer.h"

#define PEERS   1000
#define PASSES  9
#define LOOKUPS 200000

static struct lr_tick tick;
static volatile uintptr_t sink;

static struct lr_prefix address_of(unsigned peer)
{
	unsigned host = 0x0a420000u + peer / 254 * 256 + peer % 254 + 1;
	return (struct lr_prefix){lr_ip4(host), 32};
}

static struct lr_prefix address6_of(unsigned peer)
{
	struct lr_prefix p = {{6, {0xfd, 0x66, [14] = (uint8_t)(peer >> 8), (uint8_t)peer}}, 128};
	return p;
}

static double pass(const struct lr_allowedips *t, unsigned n)
{
	static uint8_t wanted[4096][4];
	uint64_t from, random = 88172645463325252ull;
	for (unsigned i = 0; i < 4096; i++) {
		struct lr_prefix p;
		random ^= random << 13, random ^= random >> 7, random ^= random << 17;
		p = address_of((unsigned)(random % n));
		for (unsigned b = 0; b < 4; b++)
			wanted[i][b] = p.ip.b[b];
	}
	from = lr_tick_read(&tick);
	for (unsigned i = 0; i < LOOKUPS; i++)
		sink = (uintptr_t)lr_allowedips_lookup(t, 4, wanted[i % 4096]);
	return (double)lr_tick_ns(&tick, from, lr_tick_read(&tick)) / LOOKUPS;
}

static void bench(struct lr_peer *peers, unsigned n)
{
	struct lr_allowedips t = {0};
	double ns[PASSES];
	for (unsigned i = 0; i < n; i++) {
		struct lr_prefix p4 = address_of(i), p6 = address6_of(i);
		if (lr_allowedips_insert(&t, &peers[i], &p4) ||
			lr_allowedips_insert(&t, &peers[i], &p6))
			abort();
	}
	for (unsigned i = 0; i < n; i++) {
		struct lr_prefix p = address_of(i);
		if (lr_allowedips_lookup(&t, 4, p.ip.b) != &peers[i])
			abort();
	}
	for (unsigned i = 0; i < PASSES; i++)
		ns[i] = pass(&t, n);
	printf("{\"name\":\"peer_lookup_%u\",\"unit\":\"ns\",\"value\":%.2f}\n", n,
		lr_stats_median(ns, PASSES));
	for (unsigned i = 0; i < n; i++)
		lr_allowedips_remove_all(&t, &peers[i]);
	lr_allowedips_release(&t);
}

int main(void)
{
	struct lr_peer *peers = calloc(PEERS, sizeof *peers);
	if (!peers)
		abort();
	lr_tick_init(&tick);
	for (unsigned n = 1; n <= PEERS; n *= 10)
		bench(peers, n);
	free(peers);
	return 0;
}
