/*
 * ip.h - IPv4 and IPv6 packets: checked reading of headers, checksums
 *
 * RFC 791, RFC 8200, RFC 768, RFC 9293, RFC 1071.
 */
#ifndef LR_NET_IP_H
#define LR_NET_IP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/net/addr.h"

enum lr_proto { LR_ICMP = 1, LR_TCP = 6, LR_UDP = 17, LR_ICMP6 = 58, LR_ETHERIP = 97 };

/* Why a buffer is not a well-formed IP packet. */
enum lr_ip_flaw {
	LR_IP_FINE,
	LR_IP_SHORT,    /* fewer bytes than the header or the length field says */
	LR_IP_VERSION,  /* neither 4 nor 6 */
	LR_IP_HEADER,   /* header length, extension headers or total length make no sense */
	LR_IP_FRAGMENT, /* a fragment that breaks the rules (RFC 791, RFC 8200 4.5, RFC 5722) */
	LR_IP_FLAWS
};
/* "fine", "short", "version", "header", "fragment". */
const char *lr_ip_flaw_name(enum lr_ip_flaw flaw);

struct lr_packet {
	uint8_t family;          /* 4 or 6 */
	uint8_t proto;           /* of the transport header, behind IPv6 extension headers */
	bool fragment;           /* offset or more-fragments set */
	bool first;              /* offset 0: the transport header is there */
	uint16_t l4_at;          /* offset of the transport header (or of the fragment's data) */
	uint16_t src_at, dst_at; /* offsets of the addresses: 12/16 (IPv4) or 8/24 (IPv6) */
	uint32_t len;            /* IP length; bytes behind it are padding */
};

/* Looks at `len` bytes. Fills *out when the result is LR_IP_FINE. No allocation, < 10 ns for
 * a plain header. Does not verify checksums. */
enum lr_ip_flaw lr_packet_parse(const uint8_t *p, size_t len, struct lr_packet *out);

/* The addresses of a header that lr_packet_parse() found fine. */
static inline struct lr_ip lr_packet_src(const uint8_t *p)
{
	struct lr_ip ip = {.family = p[0] >> 4};

	if (ip.family == 4)
		memcpy(ip.b, p + 12, 4);
	else
		memcpy(ip.b, p + 8, 16);
	return ip;
}
static inline struct lr_ip lr_packet_dst(const uint8_t *p)
{
	struct lr_ip ip = {.family = p[0] >> 4};

	if (ip.family == 4)
		memcpy(ip.b, p + 16, 4);
	else
		memcpy(ip.b, p + 24, 16);
	return ip;
}

#define LR_DSCP_EF 46 /* RFC 3246: expedited forwarding */
/* The DSCP of a header that lr_packet_parse() found fine (RFC 2474). */
static inline uint8_t lr_packet_dscp(const uint8_t *p)
{
	return (uint8_t)(p[0] >> 4 == 4 ? p[1] : p[0] << 4 | p[1] >> 4) >> 2;
}

/* Puts `dscp` (0..63) into that header and leaves its checksum right; ECN stays. */
void lr_packet_set_dscp(uint8_t *p, uint8_t dscp);

/* RFC 1071 one's complement sum of `len` bytes added to `sum`, not folded, not inverted.
 * Vectorised where the CPU allows: about 30 ns for 1,400 bytes. Any alignment. To go on with
 * another piece of the same data, the piece before must have had an even length. */
uint64_t lr_sum(const void *p, size_t len, uint64_t sum);
/* Folds to 16 bits and inverts: the value for the field, in network order as stored. */
uint16_t lr_sum_fold(uint64_t sum);
/* The pseudo header's sum for a transport of `l4_len` bytes. `ip` has a parsed header. */
uint64_t lr_sum_pseudo(const uint8_t *ip, uint8_t proto, uint32_t l4_len);
/* Writes the checksum of the UDP datagram of `len` bytes at `udp` inside the packet `ip`, never 0,
 * which would say that there is none. */
void lr_udp_checksum(const uint8_t *ip, uint8_t *udp, uint32_t len);
/* Writes the IPv4 header checksum; nothing for IPv6. */
void lr_ip4_checksum(uint8_t *ip);
/* Writes the header, without options and with 64 hops to live, of a packet from `src` to `dst`,
 * which are of one family, with `payload` bytes behind it; `id` is for IPv4. Its length, 20 or 40.
 */
size_t lr_ip_head(uint8_t *ip, const struct lr_ip *src, const struct lr_ip *dst, uint16_t id,
	uint8_t protocol, size_t payload);

#endif
