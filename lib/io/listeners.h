/*
 * listeners.h - who listens for TCP, without a walk over all that is connected
 *
 * /proc/net/tcp goes over the kernel's whole hash table of connections, however few there are:
 * milliseconds on a machine with much memory. sock_diag(7) can be asked for those that listen
 * alone.
 */
#ifndef LR_IO_LISTENERS_H
#define LR_IO_LISTENERS_H

#include "lib/game/detect.h"

/* The TCP sockets of our own network namespace that listen, IPv4 and IPv6; what is beyond `room` is
 * left out. How many, or -errno: this kernel does not say. An lr_detect_listeners. */
int lr_listeners(struct lr_detect_socket *out, unsigned room);

#endif
