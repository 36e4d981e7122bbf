/*
 * merge.h - packets out of the tunnel into as few device writes as possible
 *
 * The inverse of split.h: consecutive TCP segments of one flow, or UDP datagrams of one flow and
 * size, become one frame that the kernel takes as TSO or USO. Nothing is copied: a frame is a list
 * of slices into the packets, which must stay where they are until the batch was written.
 *
 * Theory of operation. A batch is a list of groups in order of arrival. A packet joins the latest
 * group of its own flow if it continues it exactly (same addresses, ports, TTL, TOS, options, ACK
 * and window; next sequence number; no larger than the first), else it opens a new group. So the
 * order within a flow is never changed. Only a packet with a right checksum joins: the merged frame
 * is handed over as "checksum to be filled in", and must not make a broken packet whole. What stays
 * alone goes out untouched, its checksum for the kernel to verify.
 */
#ifndef LR_IO_MERGE_H
#define LR_IO_MERGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "lib/io/vnet.h"

#define LR_MERGE_PACKETS 256 /* in one batch; a GRO train has at most 64 (128 in newer kernels) */

struct lr_merge_group {
	struct lr_vnet vnet;
	uint8_t *packet;     /* the first packet, whose headers serve for all */
	uint32_t len;        /* of the merged frame */
	uint32_t next_seq;   /* TCP: what continues it */
	uint16_t head, l4;   /* bytes of headers; where the transport begins */
	uint16_t body;       /* payload bytes of the first */
	uint16_t count;      /* packets in it */
	uint8_t proto;       /* 0: can't be continued by anything */
	bool closed;         /* a short or pushed packet ended it */
	int16_t first, last; /* chain of slices */
};

struct lr_merge {
	bool tcp, udp; /* what the device takes (TSO, USO) */
	unsigned n_groups, n_slices;
	struct lr_merge_group groups[LR_MERGE_PACKETS];
	struct iovec slices[LR_MERGE_PACKETS];
	int16_t next[LR_MERGE_PACKETS];
};

void lr_merge_init(struct lr_merge *m, bool tcp, bool udp);
static inline bool lr_merge_full(const struct lr_merge *m)
{
	return m->n_slices == LR_MERGE_PACKETS;
}
/* Adds a well-formed IP packet of `len` bytes. The batch must not be full. */
void lr_merge_add(struct lr_merge *m, uint8_t *packet, size_t len);
/* Group `g` as an iovec: iov[0] is left for the caller (device headers), its packets follow.
 * Headers of merged frames are finished here. Returns how many of iov were used, iov[0] included;
 * `iov` has room for LR_MERGE_PACKETS + 1. */
int lr_merge_frame(struct lr_merge *m, unsigned g, struct iovec *iov);
void lr_merge_reset(struct lr_merge *m);

#endif
