/*
 * segment.h - a cable into an Ethernet segment of this house: packet(7)
 *
 * Every frame that passes is heard, whoever it is for; what this host itself sends there is not,
 * and what is sent here goes out to the wire only. Frames come and go with a struct lr_vnet, as
 * those of a TAP do, so that offloads of the interface cost nothing. Frames with a VLAN tag are not
 * ours and are left out.
 */
#ifndef LR_IO_SEGMENT_H
#define LR_IO_SEGMENT_H

#include <stdint.h>
#include <sys/types.h>

#include "lib/base/err.h"
#include "lib/io/vnet.h"

/* The descriptor, non-blocking; or -1 with `err`: no such interface, no Ethernet, no right
 * (LR_EXIT_RIGHTS). */
int lr_segment_open(const char *iface, struct lr_err *err);
/* One frame into `buf`, its header into *h. Its bytes; 0: one to leave out; -errno (-EAGAIN: there
 * is none now). */
ssize_t lr_segment_read(int fd, struct lr_vnet *h, void *buf, size_t room);
/* 0 or -errno. */
int lr_segment_write(int fd, const struct lr_vnet *h, const void *frame, size_t len);

#endif
