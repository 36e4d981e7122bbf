/*
 * host_moved.h - a relay on this machine that its party has left for another
 *
 * Members who were away come to the old place first. So the relay runs on beside the node, for as
 * long as a relay remembers a party that nobody uses; the file `moved` in its folder holds the
 * port, and its age is how long ago that was.
 */
#ifndef LR_NODE_HOST_MOVED_H
#define LR_NODE_HOST_MOVED_H

#include <stdint.h>

#include "lib/base/err.h"

#define LR_HOST_MOVED_DAYS 7

/* The party has left the relay on `port`, whose state lies in `folder`. 0 or -1 with `err`. */
int lr_host_moved_write(const char *folder, uint16_t port, struct lr_err *err);
/* The port of the relay that was left; 0: none was; -ETIME: longer ago than LR_HOST_MOVED_DAYS. */
int lr_host_moved_port(const char *folder);

#endif
