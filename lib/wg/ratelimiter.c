/*
 * ratelimiter.c - token buckets per source address
 */
#include "lib/wg/ratelimiter.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/map.h"
#include "lib/crypto/crypto.h"

#define PER_SECOND 20
#define BURST      5
#define COST       (LR_NS_PER_S / PER_SECOND) /* a token in ns: a bucket refills by waiting */
#define FULL       (COST * BURST)
#define WAYS       8
#define SETS       512 /* 4,096 sources, 96 KiB */

struct lr_bucket {
	uint64_t source; /* hash of the address; 0: free */
	uint64_t level;  /* tokens in ns at `seen` */
	uint64_t seen;
};

void lr_ratelimiter_release(struct lr_ratelimiter *r)
{
	free(r->buckets);
	r->buckets = NULL;
}

static uint64_t source_of(const struct lr_ratelimiter *r, const struct lr_endpoint *src)
{
	uint8_t bytes[9 + sizeof(src->channel)] = {0};
	if (src->sa.sa_family == AF_INET6) {
		bytes[0] = 6;
		memcpy(bytes + 1, &src->in6.sin6_addr, 8);
	} else {
		bytes[0] = 4;
		memcpy(bytes + 1, &src->in.sin_addr, 4);
	}
	memcpy(bytes + 9, &src->channel, sizeof(src->channel));
	uint64_t hash = lr_siphash(r->seed, bytes, sizeof(bytes));
	return hash ? hash : 1;
}

static uint64_t level_at(const struct lr_bucket *b, uint64_t now)
{
	uint64_t level = b->level + (now - b->seen);
	return level < FULL ? level : FULL;
}

/* The bucket of `source`, made in a free or full one's place; NULL when all are in use. */
static struct lr_bucket *bucket_of(struct lr_ratelimiter *r, uint64_t now, uint64_t source)
{
	struct lr_bucket *set = &r->buckets[source % SETS * WAYS], *spare = NULL;

	for (int i = 0; i < WAYS; i++) {
		if (set[i].source == source)
			return &set[i];
		if (set[i].source == 0 || level_at(&set[i], now) == FULL)
			spare = &set[i];
	}
	if (spare)
		*spare = (struct lr_bucket){.source = source, .level = FULL, .seen = now};
	return spare;
}

bool lr_ratelimiter_allow(struct lr_ratelimiter *r, uint64_t now, const struct lr_endpoint *src)
{
	if (!r->buckets) {
		r->buckets = calloc((size_t)SETS * WAYS, sizeof(*r->buckets));
		if (!r->buckets)
			return false;
		lr_random(r->seed, sizeof(r->seed));
	}
	struct lr_bucket *b = bucket_of(r, now, source_of(r, src));
	if (!b)
		return false;
	b->level = level_at(b, now);
	b->seen = now;
	if (b->level < COST)
		return false;
	b->level -= COST;
	return true;
}
