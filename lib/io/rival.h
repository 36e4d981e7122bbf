/*
 * rival.h - whether an Ethernet segment has a DHCP server already
 *
 * Two servers on one segment give machines addresses of two networks, as it happens. So who wants
 * to be one asks first: a DISCOVER, three times, and 4.5 s of listening; a server on this very
 * host, which does not hear what we send there, is known by its port. A bridge of ours that says
 * hello there (lib/lan/hello.c) is no rival: of those one carries.
 */
#ifndef LR_IO_RIVAL_H
#define LR_IO_RIVAL_H

#include <stdint.h>

#include "lib/base/err.h"
#include "lib/lan/lan.h"

/* `fd` is that of lr_segment_open(); what comes there meanwhile is lost. `mac`: who asks. Blocks
 * for up to 4.5 s. 0: there is none; -1 with `err`: who it is. */
int lr_rival_look(int fd, const char *iface, const uint8_t mac[LR_MAC], struct lr_err *err);

#endif
