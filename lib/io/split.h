/*
 * split.h - one offloaded frame from the device into the packets it stands for
 *
 * The kernel hands over TCP (TSO) and UDP (USO) frames of up to 64 KiB with unfinished
 * checksums; a tunnel carries packets of at most the MTU. Pure: bytes in, packets out.
 */
#ifndef LR_IO_SPLIT_H
#define LR_IO_SPLIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/io/vnet.h"

struct lr_split {
	uint8_t *frame; /* the IP packet */
	size_t len;
	size_t head;   /* bytes of IP and transport header, repeated in each segment */
	size_t l4;     /* where the transport header begins */
	size_t gso;    /* payload bytes a segment; 0: the frame is one packet */
	size_t at;     /* next payload byte */
	uint8_t proto; /* LR_TCP or LR_UDP when gso != 0 */
	bool v6;
	uint32_t seq; /* TCP: of the first segment */
	uint16_t id;  /* IPv4: of the first segment */
	uint8_t tcp_flags;
};

/* Looks at a frame and its header. A single packet gets its checksum finished in place. 0, or
 * -EINVAL when header and frame do not fit together. */
int lr_split_begin(struct lr_split *s, const struct lr_vnet *h, uint8_t *frame, size_t len);

/* TCP is cut so that no packet is longer than `limit`, where headers leave room for that; all else
 * is left as it is: a UDP datagram's length means something. Before the first lr_split_next(). */
void lr_split_fit(struct lr_split *s, size_t limit);

/* Largest packet that next() will write: the frame itself, or head + gso. */
size_t lr_split_packet_max(const struct lr_split *s);

/* Writes the next packet to `dst`, headers and checksums finished; returns its length, 0 when all
 * are out. All packets but the last have the same length. About a memcpy and a checksum. */
size_t lr_split_next(struct lr_split *s, uint8_t *dst);

#endif
