/*
 * classify.h - what a datagram on the tunnel's socket is, by its first bytes
 *
 * One UDP socket carries WireGuard, STUN, probes and relay frames. Nothing here is trusted: each
 * kind's own parser decides. Each segment of a GRO train is sorted by itself.
 */
#ifndef LR_NAT_CLASSIFY_H
#define LR_NAT_CLASSIFY_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/bytes.h"

#define LR_PROBE_TYPE  0xf1 /* lib/nat/probe.h */
#define LR_FRAME_TYPE  0xf2 /* relay frames */
#define LR_STUN_COOKIE 0x2112a442u

enum lr_datagram {
	LR_DATAGRAM_UNKNOWN, /* dropped by name */
	LR_DATAGRAM_WG,      /* 01-04 00 00 00 */
	LR_DATAGRAM_STUN,    /* two zero bits, the magic cookie at offset 4 (RFC 8489, section 5) */
	LR_DATAGRAM_PROBE,
	LR_DATAGRAM_FRAME,
};

static inline enum lr_datagram lr_classify(const uint8_t *p, size_t len)
{
	if (len < 4)
		return LR_DATAGRAM_UNKNOWN;
	uint32_t first = lr_get_le32(p);
	if (first - 1 < 4)
		return LR_DATAGRAM_WG;
	if (p[0] == LR_PROBE_TYPE)
		return LR_DATAGRAM_PROBE;
	if (p[0] == LR_FRAME_TYPE)
		return LR_DATAGRAM_FRAME;
	if (len >= 20 && (p[0] & 0xc0) == 0 && lr_get_be32(p + 4) == LR_STUN_COOKIE)
		return LR_DATAGRAM_STUN;
	return LR_DATAGRAM_UNKNOWN;
}

#endif
