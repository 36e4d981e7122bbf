/*
 * lookup.h - host names to endpoints without waiting for the resolver
 *
 * Theory of operation. getaddrinfo(3) blocks for as long as the servers of names let it, up to half
 * a minute: each look-up has a thread of its own, which leaves one message of a fixed size in a
 * pipe for the loop. A look-up that was cancelled, or whose owner is gone, ends unheard.
 */
#ifndef LR_IO_LOOKUP_H
#define LR_IO_LOOKUP_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/io/loop.h"
#include "lib/net/addr.h"

#define LR_LOOKUP_MAX 8 /* endpoints of one name */

struct lr_lookups;
struct lr_lookup;

struct lr_lookup_got {
	const char *error; /* NULL: there is at least one endpoint */
	bool temporary;    /* of an error: no server of names answered */
	unsigned n;
	struct lr_endpoint at[LR_LOOKUP_MAX]; /* both families, in the system's order (RFC 6724) */
};

/* NULL with `err`. */
struct lr_lookups *lr_lookups_new(struct lr_loop *loop, struct lr_err *err);
/* NULL is fine. Look-ups under way end without `done`. */
void lr_lookups_free(struct lr_lookups *l);
/* NULL with `err`. `done` is called once, from the loop; the look-up is gone then. */
struct lr_lookup *lr_lookup_start(struct lr_lookups *l, const char *host, uint16_t port,
	void (*done)(void *ctx, const struct lr_lookup_got *got), void *ctx, struct lr_err *err);
/* Ends it without `done`. */
void lr_lookup_cancel(struct lr_lookup *k);

#endif
