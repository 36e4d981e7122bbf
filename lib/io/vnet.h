/*
 * vnet.h - the header that a TUN or TAP device puts before a frame (IFF_VNET_HDR)
 *
 *   0        1          2          4           6            8            10
 *   | flags  | gso_type | hdr_len  | gso_size  | csum_start | csum_offset|
 *
 * Host byte order. Virtio 1.2 section 5.1.6, <linux/virtio_net.h>; the USO type (5) is newer than
 * Debian 12's header, so all is spelled out here.
 */
#ifndef LR_IO_VNET_H
#define LR_IO_VNET_H

#include <stdint.h>

#define LR_VNET_LEN 10

enum { LR_VNET_NEEDS_CSUM = 1, LR_VNET_DATA_VALID = 2 };
enum lr_vnet_gso {
	LR_VNET_GSO_NONE = 0,
	LR_VNET_GSO_TCP4 = 1,
	LR_VNET_GSO_TCP6 = 4,
	LR_VNET_GSO_UDP = 5,
	LR_VNET_GSO_ECN = 0x80, /* or-ed in: the TCP flow has CWR set on its first segment only */
};

struct lr_vnet {
	uint8_t flags;
	uint8_t gso_type;
	uint16_t hdr_len;
	uint16_t gso_size;
	uint16_t csum_start;
	uint16_t csum_offset;
};
_Static_assert(sizeof(struct lr_vnet) == LR_VNET_LEN, "virtio_net_hdr is 10 bytes");

#endif
