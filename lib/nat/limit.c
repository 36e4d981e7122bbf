/*
 * limit.c - token buckets per source network
 */
#include "lib/nat/limit.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/map.h"
#include "lib/crypto/crypto.h"

#define WAYS 8
#define SETS 256 /* 2,048 networks, 48 KiB */

struct lr_limit_bucket {
	uint64_t network; /* hash; 0: free */
	uint64_t level;   /* tokens in ns at `seen`; a full bucket holds a second */
	uint64_t seen;
};

void lr_limit_init(struct lr_limit *l, uint32_t per_network, uint32_t per_all)
{
	*l = (struct lr_limit){.per_network = per_network, .per_all = per_all};
}

void lr_limit_release(struct lr_limit *l)
{
	free(l->buckets);
	l->buckets = NULL;
}

static uint64_t network_of(const struct lr_limit *l, const struct lr_ip *ip)
{
	uint8_t bytes[8] = {ip->family};

	memcpy(bytes + 1, ip->b, ip->family == 4 ? 3 : 7);
	uint64_t hash = lr_siphash(l->seed, bytes, sizeof(bytes));
	return hash ? hash : 1;
}

static uint64_t level_at(uint64_t level, uint64_t seen, uint64_t now)
{
	uint64_t waited = now > seen ? now - seen : 0;

	return waited >= LR_NS_PER_S - level ? LR_NS_PER_S : level + waited;
}

static struct lr_limit_bucket *bucket_of(struct lr_limit *l, uint64_t now, uint64_t network)
{
	struct lr_limit_bucket *set = &l->buckets[network % SETS * WAYS], *spare = NULL;

	for (int i = 0; i < WAYS; i++) {
		if (set[i].network == network)
			return &set[i];
		if (!set[i].network || level_at(set[i].level, set[i].seen, now) == LR_NS_PER_S)
			spare = &set[i];
	}
	if (spare)
		*spare = (struct lr_limit_bucket){network, LR_NS_PER_S, now};
	return spare;
}

static bool start(struct lr_limit *l, uint64_t now)
{
	l->buckets = calloc((size_t)SETS * WAYS, sizeof(*l->buckets));
	if (!l->buckets)
		return false;
	lr_random(l->seed, sizeof(l->seed));
	l->all_level = LR_NS_PER_S;
	l->all_seen = now;
	return true;
}

bool lr_limit_allow(struct lr_limit *l, uint64_t now, const struct lr_ip *ip)
{
	if (!l->buckets && !start(l, now))
		return false;
	uint64_t cost = LR_NS_PER_S / l->per_network, cost_all = LR_NS_PER_S / l->per_all;

	l->all_level = level_at(l->all_level, l->all_seen, now);
	l->all_seen = now;
	if (l->all_level < cost_all)
		return false;
	struct lr_limit_bucket *b = bucket_of(l, now, network_of(l, ip));
	if (!b)
		return false;
	b->level = level_at(b->level, b->seen, now);
	b->seen = now;
	if (b->level < cost)
		return false;
	b->level -= cost;
	l->all_level -= cost_all;
	return true;
}
