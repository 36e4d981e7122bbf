/*
 * host_places.h - where others would find a relay on this machine
 */
#ifndef LR_NODE_HOST_PLACES_H
#define LR_NODE_HOST_PLACES_H

#include <stdbool.h>

#include "lib/base/err.h"
#include "lib/net/addr.h"
#include "lib/party/place.h"

struct lr_host_places {
	struct lr_place places[LR_PLACES_MAX];
	unsigned n;
	/* One of them is an address of the whole internet. Whether a firewall stands before it
	 * is not known. */
	bool outside;
	bool routed;     /* this machine has a way to the internet */
	struct lr_ip at; /* the address that a home router would lead to; family 0: none */
};

/* Looks at this machine's addresses, but for those of running nodes: the one that the internet is
 * reached from, else one of each network, else the loopback's. Reads only. 0 or -1 with `err`. */
int lr_host_places_find(struct lr_host_places *out, uint16_t port, struct lr_err *err);
/* Puts a place in front: one that is reached from outside. */
void lr_host_places_add(struct lr_host_places *p, const struct lr_place *outside);

#endif
