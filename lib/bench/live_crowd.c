/*
 * live_crowd.c - one game with eight peers, what a client holds, and a node with a hundred peers
 * and more
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/bench/live_inside.h"
#include "lib/perf/targets.h"
#include "lib/results/result.h"
#include "terms.h"

#define ACTIVE_S       5
#define ACTIVE_QUICK_S 2
#define WITH           LR_LIVE_ACTIVE_WITH
#define LOSS_MOST      0.05
#define TRIES          5
#define PING_MS        1000

int lr_live_connect(struct lr_live *l, struct lr_err *err)
{
	return lr_live_join(l, l->plan->quick ? 3 : 1 + WITH, err);
}

static int talk(struct lr_live *l, const struct lr_load_way *ways, struct lr_err *err)
{
	uint64_t for_ns = (l->plan->quick ? ACTIVE_QUICK_S : ACTIVE_S) * LR_NS_PER_S;
	uint64_t before, after, sent, began;
	double rss;
	long pid = l->members[0].pid;

	lr_load_talk(ways, WITH, LR_NS_PER_S / 2, &sent); /* sessions and paths are there */
	began = lr_now();
	if (lr_live_process(pid, &before, &rss, err) < 0)
		return -1;
	uint64_t back = lr_load_talk(ways, WITH, for_ns, &sent);
	if (lr_live_process(pid, &after, &rss, err) < 0)
		return -1;
	if ((double)(sent - back) > (double)sent * LOSS_MOST)
		return lr_err_set(err, LR_EXIT_FAILED,
			"of %llu packets to %d members %llu came back", (unsigned long long)sent,
			WITH, (unsigned long long)back);
	lr_live_sample(l, "cpu_active", "%",
		100.0 * (double)(after - before) / (double)(lr_now() - began));
	return 0;
}

int lr_live_active(struct lr_live *l, struct lr_err *err)
{
	struct lr_load_way ways[WITH];
	int r = lr_live_join(l, 1 + WITH, err);

	for (unsigned i = 0; i < WITH; i++)
		ways[i] = (struct lr_load_way){-1, -1};
	for (unsigned i = 0; i < WITH && r == 0; i++)
		r = lr_load_open(&ways[i], l->lab, LR_LIVE_FIRST, LR_LIVE_FIRST + 1 + i,
			l->members[1 + i].address, err);
	if (r == 0)
		r = talk(l, ways, err);
	for (unsigned i = 0; i < WITH; i++)
		lr_load_close(&ways[i]);
	return r;
}

/* The helpers of a node: what it has started. */
static double helpers_mb(long pid)
{
	char path[64];
	double sum = 0, rss;
	uint64_t cpu;
	long child;

	snprintf(path, sizeof(path), "/proc/%ld/task/%ld/children", pid, pid);
	FILE *in = fopen(path, "re");
	while (in && fscanf(in, "%ld", &child) == 1)
		if (lr_live_process(child, &cpu, &rss, NULL) == 0)
			sum += rss;
	if (in)
		fclose(in);
	return sum;
}

int lr_live_memory(struct lr_live *l, struct lr_err *err)
{
	uint64_t cpu;
	double rss;

	if (lr_live_join(l, 2, err) < 0)
		return -1;
	for (unsigned i = 0; i < l->n && i <= WITH; i++) {
		if (lr_live_process(l->members[i].pid, &cpu, &rss, err) < 0)
			return -1;
		lr_live_sample(l, "memory", "MB", rss);
		lr_live_sample(l, "memory_with_helper", "MB", rss + helpers_mb(l->members[i].pid));
	}
	return 0;
}

/* The hub and its peers, each with a file of its own. */
static int configs(unsigned peers, struct lr_err *err)
{
	struct lr_live_keys *keys = calloc(1 + peers, sizeof(*keys));
	int r = keys ? 0 : lr_err_set(err, LR_EXIT_FAILED, "out of memory");

	if (keys) {
		lr_live_keys(keys, 1 + peers);
		r = lr_live_config(keys, 0, 1, peers, err);
	}
	for (unsigned i = 1; i <= peers && r == 0; i++)
		r = lr_live_config(keys, i, 0, 1, err);
	if (keys)
		explicit_bzero(keys, (1 + peers) * sizeof(*keys));
	free(keys);
	return r;
}

/* The best round trip from the hub to a peer in a few tries; 0: there was none. */
static double best_ns(struct lr_live *l, unsigned peer)
{
	char address[32];
	uint64_t rtt, since, best = 0;

	snprintf(address, sizeof(address), "10.67.%u.%u", peer / 250, peer % 250 + 1);
	for (int i = 0; i < TRIES; i++)
		if (lr_load_ping(l->lab, 0, address, PING_MS, &rtt, &since) == 0 &&
			(best == 0 || rtt < best))
			best = rtt;
	return (double)best;
}

int lr_live_peers(struct lr_live *l, struct lr_err *err)
{
	double most = 2 * lr_targets_find("direct_latency")->documented;
	unsigned peers = l->plan->peers < LR_LIVE_PEERS_MOST ? l->plan->peers : LR_LIVE_PEERS_MOST;
	unsigned good = 0;

	if (lr_lab_hosts(l->lab, 1 + peers, err) < 0 || configs(peers, err) < 0)
		return -1;
	for (unsigned i = 0; i <= peers; i++)
		if (lr_live_up(l, i, NULL, err) < 0)
			return -1;
	for (unsigned i = 1; i <= peers; i++) {
		double rtt = best_ns(l, i);
		good += rtt > 0 && rtt < most;
		if (rtt > 0)
			lr_live_sample(l, "crowd_round_trip", "ns", rtt);
	}
	lr_live_sample(l, "peers", "peers", good);
	lr_json_put_int(lr_result_metric(l->result, "peers"), LR_K_SIZE, peers);
	for (unsigned i = 0; i <= peers; i++)
		if (lr_live_down(l, i, err) < 0)
			return -1;
	return 0;
}
