/*
 * ratelimiter.h - how many handshake messages one source may have answered under load
 *
 * Theory of operation. A token bucket per source: an IPv4 address or an IPv6 /64. 20 a second,
 * bursts of 5. The buckets lie in a table of fixed size, sets of 8, under a keyed hash, so that
 * nobody can aim at one set. A full bucket says nothing that a new one would not, so it gives its
 * place up first; when a set holds 8 sources that are all within their last quarter of a second,
 * a ninth is refused. Only sources that proved their address (mac2) come here.
 *
 * Source: the paper, section 5.3; rate and burst as the implementation in Linux has them.
 */
#ifndef LR_WG_RATELIMITER_H
#define LR_WG_RATELIMITER_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/net/addr.h"

struct lr_ratelimiter {
	struct lr_bucket *buckets; /* allocated when first asked */
	uint64_t seed[2];
};

void lr_ratelimiter_release(struct lr_ratelimiter *r);
/* Takes a token of `src`; false when it has none left. */
bool lr_ratelimiter_allow(struct lr_ratelimiter *r, uint64_t now, const struct lr_endpoint *src);

#endif
