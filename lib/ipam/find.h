/*
 * find.h - the lease that a person or another program means
 */
#ifndef LR_IPAM_FIND_H
#define LR_IPAM_FIND_H

#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/ipam/ipam.h"

/* By what `name` says (a peer's name, its public key or a unique prefix of that, an address), else
 * by the members of `obj`; either may be NULL. NULL with `err`. */
const struct lr_lease *lr_ipam_find(
	const struct lr_ipam *t, const char *name, const json_t *obj, struct lr_err *err);

#endif
