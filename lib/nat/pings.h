/*
 * pings.h - pings to one member that wait for their pong
 *
 * Each has a random id and the route that it went out on. A pong counts once, and only when it came
 * from the address that was pinged, to the same socket. A ring: the oldest makes place.
 */
#ifndef LR_NAT_PINGS_H
#define LR_NAT_PINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/nat/probe.h"
#include "lib/nat/route.h"

#define LR_PINGS 32

struct lr_ping {
	uint8_t id[LR_PROBE_ID_LEN];
	struct lr_route route;
	uint64_t sent_ns; /* 0: free */
	uint16_t size;    /* of the datagram */
	uint8_t purpose;  /* the owner's mark */
};

struct lr_pings {
	struct lr_ping at[LR_PINGS];
	unsigned next;
};

/* Remembers a ping and makes its id. */
const struct lr_ping *lr_pings_add(struct lr_pings *p, uint64_t now, const struct lr_route *route,
	size_t size, uint8_t purpose);
/* The ping that a pong with `id` over `route` answers, taken out into *out; false: none. */
bool lr_pings_take(struct lr_pings *p, const uint8_t id[LR_PROBE_ID_LEN],
	const struct lr_route *route, struct lr_ping *out);

#endif
