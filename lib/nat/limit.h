/*
 * limit.h - how often one network may ask for something, and how often all together may
 *
 * Theory of operation. A token bucket per source network (IPv4 /24, IPv6 /56: what one customer
 * commonly holds) and one for all. The buckets lie in a table of fixed size, sets of 8, under a
 * keyed hash, so that nobody can aim at one set and memory does not grow with the number of
 * sources. A full bucket says nothing that a new one would not, so it gives its place up first;
 * when a set holds 8 networks that all asked a moment ago, a ninth is refused.
 */
#ifndef LR_NAT_LIMIT_H
#define LR_NAT_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/net/addr.h"

struct lr_limit {
	uint32_t per_network, per_all; /* a second; a bucket holds one second's worth */
	struct lr_limit_bucket *buckets;
	uint64_t seed[2];
	uint64_t all_level, all_seen; /* tokens in ns, and when that was so */
};

/* Rates per second, 1..1,000,000. Allocates at first use (2,048 networks, 48 KiB). */
void lr_limit_init(struct lr_limit *l, uint32_t per_network, uint32_t per_all);
void lr_limit_release(struct lr_limit *l);
/* Takes one token of the network of `ip` and one of all; false, and takes none, when either has
 * none left. */
bool lr_limit_allow(struct lr_limit *l, uint64_t now, const struct lr_ip *ip);

#endif
