/*
 * sniff.h - listens to all packets of an interface: packet(7)
 *
 * The stamp is the kernel's, when the packet passed; how long after it was read is told, too. The
 * buffer in the kernel is 8 MiB where that is allowed; what did not fit is counted.
 */
#ifndef LR_IO_SNIFF_H
#define LR_IO_SNIFF_H

#include "lib/base/err.h"
#include "lib/perf/pcapng.h"

struct lr_sniff {
	int fd;
	uint32_t link; /* as in captures: Ethernet or raw IP */
	uint32_t snaplen;
	uint64_t lost;
	uint8_t *buffer;
};

/* 0 or -1 with `err`: no such interface, no right (LR_EXIT_RIGHTS), or one whose frames are
 * neither Ethernet nor IP. Closed in any case. */
int lr_sniff_open(struct lr_sniff *s, const char *iface, uint32_t snaplen, struct lr_err *err);
void lr_sniff_close(struct lr_sniff *s);
/* 1: *out is a packet, valid until the next call, and *late_ns how long after its stamp it was
 * read; 0: there is none now (poll s->fd); -errno: the interface is gone. */
int lr_sniff_next(struct lr_sniff *s, struct lr_captured *out, uint64_t *late_ns);
/* How many the kernel had to drop since the beginning. */
uint64_t lr_sniff_lost(struct lr_sniff *s);

#endif
