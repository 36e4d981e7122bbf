/*
 * mss.h - the maximum segment size in TCP's SYNs, lowered to what a path takes
 *
 * Each end of a TCP connection tells the other how long its segments may be, in the SYN. Who knows
 * the path better lowers that number on the way (as a router does whose line takes less), in both
 * directions, and no segment needs to be fragmented. RFC 9293 3.7.1, RFC 6691; the checksum is
 * mended as RFC 1624 says, so a wrong one stays wrong.
 */
#ifndef LR_NET_MSS_H
#define LR_NET_MSS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/net/ip.h"

#define LR_TCP_SYN 0x02

/* Whether a packet that lr_packet_parse() found fine is a plain TCP SYN: a few compares, for the
 * hot path. One behind IPv6 extension headers is overlooked; its segments are then fragmented. */
static inline bool lr_mss_is_syn(const uint8_t *p, size_t len)
{
	size_t l4 = p[0] >> 4 == 4 ? (p[0] & 0xfu) * 4 : 40;

	if ((p[0] >> 4 == 4 ? p[9] : p[6]) != LR_TCP || len < l4 + 20)
		return false;
	if (p[0] >> 4 == 4 && ((p[6] & 0x1f) | p[7])) /* not the first fragment */
		return false;
	return p[l4 + 13] & LR_TCP_SYN;
}

/* Lowers the MSS option of such a SYN in place, so that the segments it asks for are packets of at
 * most `limit` bytes. Whether something was changed: not when it is low enough, or not there. */
bool lr_mss_clamp(uint8_t *packet, size_t len, size_t limit);

#endif
