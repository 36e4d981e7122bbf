/*
 * addr.h - IP addresses, prefixes and endpoints as values
 *
 * Text forms are those of `ip` and `wg`: "10.66.0.1", "fd00::1", "10.66.0.0/16",
 * "192.0.2.1:51820", "[2001:db8::1%eth0]:51820".
 */
#ifndef LR_NET_ADDR_H
#define LR_NET_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LR_ADDR_TEXT     48 /* longest address or prefix text with its NUL */
#define LR_ENDPOINT_TEXT 72 /* longest "[addr%scope]:port" with its NUL */

struct lr_ip {
	uint8_t family; /* 4, 6, or 0 for none */
	uint8_t b[16];  /* network order; IPv4 in the first four, the rest zero */
};

struct lr_prefix {
	struct lr_ip ip;
	uint8_t len; /* 0..32 or 0..128 */
};

/* A UDP endpoint, and the local address that it is talked to from (sticky source, as
 * wg(8) does it): so that a host with several addresses answers from the one asked. */
struct lr_endpoint {
	union {
		struct sockaddr sa; /* sa_family AF_UNSPEC: no endpoint */
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	};
	struct lr_ip from;   /* local address, family 0 when unknown */
	uint32_t from_iface; /* interface index, 0 when unknown */
	uint32_t channel; /* behind a relay at that address: the channel; 0: the address itself */
	uint16_t guest;   /* behind a port that a relay lent us: the guest's number; 0: no such */
};

/* Strict parsers: the whole string must match. 0 or -EINVAL. */
int lr_ip_parse(const char *text, struct lr_ip *out);
/* "ADDR" alone is a host prefix. Bits behind `len` are kept: callers mask when they must. */
int lr_prefix_parse(const char *text, struct lr_prefix *out);
/* Numeric only; the port is needed, 1..65535. */
int lr_endpoint_parse(const char *text, struct lr_endpoint *out);

const char *lr_ip_text(const struct lr_ip *ip, char out[LR_ADDR_TEXT]); /* "-" for none */
const char *lr_prefix_text(const struct lr_prefix *p, char out[LR_ADDR_TEXT]);
const char *lr_endpoint_text(const struct lr_endpoint *e, char out[LR_ENDPOINT_TEXT]);

bool lr_ip_equal(const struct lr_ip *a, const struct lr_ip *b);
/* Compares remote address, port, scope, channel and guest, not `from`. */
bool lr_endpoint_equal(const struct lr_endpoint *a, const struct lr_endpoint *b);
void lr_prefix_mask(struct lr_prefix *p);
bool lr_prefix_covers(const struct lr_prefix *p, const struct lr_ip *ip);
/* Whether it is an address of the whole internet: not private (RFC 1918, RFC 4193), a carrier's
 * (RFC 6598), link-local, loopback, multicast or unspecified. */
bool lr_ip_public(const struct lr_ip *ip);
/* fe80::/10 (RFC 4291 2.5.6). */
static inline bool lr_ip_link_local(const struct lr_ip *ip)
{
	return ip->family == 6 && ip->b[0] == 0xfe && (ip->b[1] & 0xc0) == 0x80;
}
struct lr_ip lr_endpoint_ip(const struct lr_endpoint *e);
uint16_t lr_endpoint_port(const struct lr_endpoint *e);

static inline struct lr_ip lr_ip4(uint32_t host_order)
{
	return (struct lr_ip){.family = 4,
		.b = {host_order >> 24, host_order >> 16, host_order >> 8, host_order}};
}
static inline unsigned lr_ip_bits(const struct lr_ip *ip)
{
	return ip->family == 4 ? 32 : 128;
}

#endif
