/*
 * overlap.h - when a party's pool meets a network that this host is in already
 *
 * Theory of operation. The pool of a party is fixed, and a joiner's own LAN, or another party, may
 * have the same addresses. Then our address is put on the interface alone, without the pool as a
 * network of its own, and each member gets a route of its own; but none where that would take an
 * address from a network that lies within the pool: such a member is reached by IPv6. `force`
 * gives it its route all the same. What happens is told once, never silently.
 */
#ifndef LR_NODE_OVERLAP_H
#define LR_NODE_OVERLAP_H

#include <stdbool.h>

#include "lib/net/addr.h"

#define LR_OVERLAP_MAX 8 /* networks that are told apart */

struct lr_overlap {
	bool force;  /* set by the owner */
	bool looked; /* the rest is known */
	unsigned n;
	struct lr_prefix kept[LR_OVERLAP_MAX]; /* networks that keep their addresses */
	bool meets;
};

/* The length that the prefix of our address in `pool` shall have on the interface `iface`. Looks at
 * the routes the first time, and tells what they mean through lr_log(). */
uint8_t lr_overlap_len(struct lr_overlap *o, const char *iface, const struct lr_prefix *pool);
/* Whether a route for `dst` would take addresses from a network that keeps them. */
bool lr_overlap_keeps(const struct lr_overlap *o, const struct lr_prefix *dst);

#endif
