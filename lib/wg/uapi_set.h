/*
 * uapi_set.h - carries out the lines of a "set" request (private to lib/wg)
 */
#ifndef LR_WG_UAPI_SET_H
#define LR_WG_UAPI_SET_H

#include "lib/wg/uapi.h"

/* `lines` is what stands behind "set=1\n", with the empty line at the end. 0 or -errno. */
int lr_uapi_set(struct lr_wg *wg, uint64_t now, const struct lr_uapi_host *host, const char *lines,
	size_t len);

#endif
