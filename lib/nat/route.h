/*
 * route.h - one way to hand a datagram to a member
 */
#ifndef LR_NAT_ROUTE_H
#define LR_NAT_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/net/addr.h"

struct lr_route {
	struct lr_endpoint to; /* the member's address; the relay's when `channel` is not 0 */
	uint32_t channel;      /* the member's channel at that relay; 0: direct */
	uint16_t socket;       /* 0: the tunnel's own socket; else one that punching opened */
};

static inline bool lr_route_same(const struct lr_route *a, const struct lr_route *b)
{
	return a->channel == b->channel && a->socket == b->socket &&
	       lr_endpoint_equal(&a->to, &b->to);
}

/* Bytes of IP and UDP header (and relay frame) around a datagram on this route. */
static inline unsigned lr_route_overhead(const struct lr_route *r)
{
	return (r->to.sa.sa_family == AF_INET6 ? 48 : 28) + (r->channel ? 8 : 0);
}

#endif
