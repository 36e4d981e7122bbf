/*
 * resolve.h - host names to endpoints, by the system's resolver
 */
#ifndef LR_IO_RESOLVE_H
#define LR_IO_RESOLVE_H

#include "lib/base/err.h"
#include "lib/net/addr.h"

/* The first address that the resolver gives for `host` (a name or an address). Blocks as long as
 * the resolver does. The form of lr_config_hooks.resolve; `ctx` is not used. 0 or -1 with
 * `err`. */
int lr_resolve(
	void *ctx, const char *host, const char *port, struct lr_endpoint *out, struct lr_err *err);

/* "HOST:PORT" or "[ADDR]:PORT". 0 or -1 with `err` (LR_EXIT_USAGE when the form is wrong). */
int lr_resolve_endpoint(const char *text, struct lr_endpoint *out, struct lr_err *err);

#endif
