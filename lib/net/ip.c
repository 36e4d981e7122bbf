/*
 * ip.c - IPv4 and IPv6 packets: checked reading of headers
 *
 * A plain header costs a few compares; only fragments and IPv6 extension headers leave the
 * first screen of each parser. Nothing is read behind the IP length that the header states,
 * and that is never more than the buffer holds.
 *
 * Source: RFC 791, 3.1 and 3.2; RFC 8200, 3 and 4; RFC 4302, 2 (AH); RFC 2675 (jumbograms,
 * refused); RFC 6946 (atomic fragments, whole packets); RFC 7112 (the first fragment holds
 * all extension headers).
 */
#include "lib/net/ip.h"

#include "lib/base/bytes.h"

#define IP4_HEADER 20
#define IP6_HEADER 40
#define LENGTH_MAX 65535
#define HOPS       64
/* More extension headers than any real packet has; bounds the walk over a hostile one. */
#define HEADERS_MAX 12

enum { NEXT_HOP = 0, NEXT_ROUTING = 43, NEXT_FRAGMENT = 44, NEXT_AH = 51, NEXT_DEST = 60 };
enum { OPTION_PAD1 = 0, OPTION_JUMBO = 0xc2 };
enum { IP4_MORE = 0x2000, IP4_OFFSET = 0x1fff };
enum { IP6_MORE = 1, IP6_OFFSET = 0xfff8 };

const char *lr_ip_flaw_name(enum lr_ip_flaw flaw)
{
	static const char *const names[LR_IP_FLAWS] = {
		[LR_IP_FINE] = "fine",
		[LR_IP_SHORT] = "short",
		[LR_IP_VERSION] = "version",
		[LR_IP_HEADER] = "header",
		[LR_IP_FRAGMENT] = "fragment",
	};
	return flaw < LR_IP_FLAWS ? names[flaw] : "unknown";
}

/* `data` bytes at byte `offset` of a datagram with `head` bytes of header before it. */
static enum lr_ip_flaw fragment_rules(uint32_t head, uint32_t offset, uint32_t data, bool more)
{
	if (more && (data % 8 != 0 || data == 0))
		return LR_IP_FRAGMENT;
	return head + offset + data > LENGTH_MAX ? LR_IP_FRAGMENT : LR_IP_FINE;
}

static enum lr_ip_flaw parse4(const uint8_t *p, size_t len, struct lr_packet *out)
{
	if (len < IP4_HEADER)
		return LR_IP_SHORT;
	uint32_t head = (p[0] & 0xfu) * 4;
	uint32_t total = lr_get_be16(p + 2);
	uint16_t frag = lr_get_be16(p + 6);
	uint32_t offset = (frag & IP4_OFFSET) * 8u;
	if (head < IP4_HEADER)
		return LR_IP_HEADER;
	if (head > len)
		return LR_IP_SHORT;
	if (total < head)
		return LR_IP_HEADER;
	if (total > len)
		return LR_IP_SHORT;
	*out = (struct lr_packet){
		.family = 4,
		.proto = p[9],
		.fragment = (frag & (IP4_OFFSET | IP4_MORE)) != 0,
		.first = offset == 0,
		.l4_at = (uint16_t)head,
		.src_at = 12,
		.dst_at = 16,
		.len = total,
	};
	if (!out->fragment)
		return LR_IP_FINE;
	return fragment_rules(head, offset, total - head, frag & IP4_MORE);
}

/* The options of one hop-by-hop header: well-formed, and no jumbo payload among them. */
static bool hop_options(const uint8_t *p, size_t len)
{
	struct lr_cursor c = lr_cursor(p + 2, len - 2);

	while (c.left) {
		uint8_t type = *lr_take(&c, 1);
		if (type == OPTION_PAD1)
			continue;
		const uint8_t *size = lr_take(&c, 1);
		if (type == OPTION_JUMBO || !size || !lr_take(&c, *size))
			return false;
	}
	return true;
}

/* The length in bytes of the extension header `next` that begins with `p`; 0: none of ours. */
static size_t extension(uint8_t next, const uint8_t *p)
{
	switch (next) {
	case NEXT_HOP:
	case NEXT_ROUTING:
	case NEXT_DEST:
		return (p[1] + 1u) * 8;
	case NEXT_AH:
		return (p[1] + 2u) * 4;
	case NEXT_FRAGMENT:
		return 8;
	}
	return 0;
}

static bool is_extension(uint8_t next)
{
	static const uint8_t zero[2];

	return extension(next, zero) != 0;
}

/* The fragment header at out->l4_at; l4_at moves behind it. */
static enum lr_ip_flaw fragment6(const uint8_t *p, struct lr_packet *out)
{
	uint16_t word = lr_get_be16(p + out->l4_at + 2);
	uint32_t offset = word & IP6_OFFSET;
	uint32_t before = out->l4_at - IP6_HEADER;

	out->l4_at += 8;
	if (offset == 0 && !(word & IP6_MORE))
		return LR_IP_FINE;
	out->fragment = true;
	out->first = offset == 0;
	return fragment_rules(before, offset, out->len - out->l4_at, word & IP6_MORE);
}

static enum lr_ip_flaw extensions6(const uint8_t *p, struct lr_packet *out)
{
	bool seen_fragment = false;

	for (int n = 0; out->first && is_extension(out->proto); n++) {
		const uint8_t *at = p + out->l4_at;
		uint8_t kind = out->proto;
		size_t left = out->len - out->l4_at;
		enum lr_ip_flaw cut = out->fragment ? LR_IP_FRAGMENT : LR_IP_HEADER;
		if (left < 8 || extension(kind, at) > left)
			return cut;
		if (n == HEADERS_MAX || (kind == NEXT_HOP && n > 0))
			return LR_IP_HEADER;
		if (kind == NEXT_HOP && !hop_options(at, extension(kind, at)))
			return LR_IP_HEADER;
		out->proto = at[0];
		if (kind != NEXT_FRAGMENT) {
			out->l4_at += (uint16_t)extension(kind, at);
			continue;
		}
		if (seen_fragment)
			return LR_IP_FRAGMENT;
		seen_fragment = true;
		enum lr_ip_flaw flaw = fragment6(p, out);
		if (flaw != LR_IP_FINE)
			return flaw;
	}
	return LR_IP_FINE;
}

static enum lr_ip_flaw parse6(const uint8_t *p, size_t len, struct lr_packet *out)
{
	if (len < IP6_HEADER)
		return LR_IP_SHORT;
	uint32_t total = IP6_HEADER + lr_get_be16(p + 4);
	if (total > len)
		return LR_IP_SHORT;
	*out = (struct lr_packet){
		.family = 6,
		.proto = p[6],
		.first = true,
		.l4_at = IP6_HEADER,
		.src_at = 8,
		.dst_at = 24,
		.len = total,
	};
	if (!is_extension(p[6]))
		return LR_IP_FINE;
	return extensions6(p, out);
}

enum lr_ip_flaw lr_packet_parse(const uint8_t *p, size_t len, struct lr_packet *out)
{
	struct lr_packet packet = {0};
	enum lr_ip_flaw flaw = LR_IP_VERSION;

	if (len == 0)
		return LR_IP_SHORT;
	if (p[0] >> 4 == 4)
		flaw = parse4(p, len, &packet);
	else if (p[0] >> 4 == 6)
		flaw = parse6(p, len, &packet);
	if (flaw == LR_IP_FINE)
		*out = packet;
	return flaw;
}

void lr_packet_set_dscp(uint8_t *p, uint8_t dscp)
{
	if (p[0] >> 4 == 6) {
		uint8_t class = (uint8_t)(dscp << 2 | (p[1] >> 4 & 3));
		p[0] = (uint8_t)(0x60 | class >> 4);
		p[1] = (uint8_t)(class << 4 | (p[1] & 15));
		return;
	}
	uint32_t sum = (uint16_t)~lr_get_be16(p + 10) + (uint32_t)(uint16_t)~lr_get_be16(p);
	p[1] = (uint8_t)(dscp << 2 | (p[1] & 3));
	sum += lr_get_be16(p); /* RFC 1624, equation 3 */
	sum = (sum & 0xffff) + (sum >> 16);
	lr_put_be16(p + 10, (uint16_t) ~(sum + (sum >> 16)));
}

void lr_udp_checksum(const uint8_t *ip, uint8_t *udp, uint32_t len)
{
	memset(udp + 6, 0, 2);
	uint16_t sum = lr_sum_fold(lr_sum(udp, len, lr_sum_pseudo(ip, LR_UDP, len)));
	sum = sum ? sum : 0xffff;
	memcpy(udp + 6, &sum, 2);
}

size_t lr_ip_head(uint8_t *ip, const struct lr_ip *src, const struct lr_ip *dst, uint16_t id,
	uint8_t protocol, size_t payload)
{
	if (src->family == 6) {
		memset(ip, 0, IP6_HEADER);
		ip[0] = 0x60;
		lr_put_be16(ip + 4, (uint16_t)payload);
		ip[6] = protocol;
		ip[7] = HOPS;
		memcpy(ip + 8, src->b, 16);
		memcpy(ip + 24, dst->b, 16);
		return IP6_HEADER;
	}
	memset(ip, 0, IP4_HEADER);
	ip[0] = 0x45;
	lr_put_be16(ip + 2, (uint16_t)(IP4_HEADER + payload));
	lr_put_be16(ip + 4, id);
	ip[8] = HOPS;
	ip[9] = protocol;
	memcpy(ip + 12, src->b, 4);
	memcpy(ip + 16, dst->b, 4);
	lr_ip4_checksum(ip);
	return IP4_HEADER;
}
