/*
 * mkcap.h - builds captures in memory for tests: both formats, both byte orders, every link type
 *
 * Used by the unit tests, and by mkcap.c for the tests of the programs and the fuzzers' seeds.
 */
#ifndef LR_T_TOOLS_MKCAP_H
#define LR_T_TOOLS_MKCAP_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct mk {
	uint8_t *b;
	size_t n, room;
	bool big, nano;
};

static inline void mk_bytes(struct mk *m, const void *p, size_t n)
{
	if (m->n + n > m->room) {
		m->room = 2 * (m->n + n) + 256;
		m->b = realloc(m->b, m->room);
		if (!m->b)
			abort();
	}
	if (p)
		memcpy(m->b + m->n, p, n);
	else
		memset(m->b + m->n, 0, n);
	m->n += n;
}

static inline void mk_num(struct mk *m, uint64_t v, unsigned n)
{
	uint8_t b[8];
	for (unsigned i = 0; i < n; i++)
		b[m->big ? n - 1 - i : i] = (uint8_t)(v >> (8 * i));
	mk_bytes(m, b, n);
}

static inline void mk_free(struct mk *m)
{
	free(m->b);
	*m = (struct mk){0};
}

/* --- pcap --- */

static inline void mk_pcap(struct mk *m, uint32_t snaplen, uint32_t link)
{
	mk_num(m, m->nano ? 0xa1b23c4d : 0xa1b2c3d4, 4);
	mk_num(m, 2, 2);
	mk_num(m, 4, 2);
	mk_num(m, 0, 8);
	mk_num(m, snaplen, 4);
	mk_num(m, link, 4);
}

static inline void mk_pcap_packet(
	struct mk *m, uint64_t ns, const void *p, uint32_t caplen, uint32_t len)
{
	mk_num(m, ns / 1000000000, 4);
	mk_num(m, ns % 1000000000 / (m->nano ? 1 : 1000), 4);
	mk_num(m, caplen, 4);
	mk_num(m, len, 4);
	mk_bytes(m, p, caplen);
}

/* --- pcapng --- */

static inline size_t mk_ng_begin(struct mk *m, uint32_t type)
{
	size_t at = m->n;
	mk_num(m, type, 4);
	mk_num(m, 0, 4);
	return at;
}

static inline void mk_ng_end(struct mk *m, size_t at)
{
	mk_bytes(m, NULL, (4 - m->n % 4) % 4);
	size_t total = m->n - at + 4;
	struct mk length = {.big = m->big};
	mk_num(&length, total, 4);
	memcpy(m->b + at + 4, length.b, 4);
	mk_bytes(m, length.b, 4);
	mk_free(&length);
}

static inline void mk_ng_section(struct mk *m)
{
	size_t at = mk_ng_begin(m, 0x0a0d0d0a);
	mk_num(m, 0x1a2b3c4d, 4);
	mk_num(m, 1, 2);
	mk_num(m, 0, 2);
	mk_num(m, UINT64_MAX, 8);
	mk_ng_end(m, at);
}

/* `tsresol` < 0 and `offset_s` 0: no such option. */
static inline void mk_ng_iface(
	struct mk *m, uint16_t link, uint32_t snaplen, int tsresol, int64_t offset_s)
{
	size_t at = mk_ng_begin(m, 1);
	mk_num(m, link, 2);
	mk_num(m, 0, 2);
	mk_num(m, snaplen, 4);
	if (tsresol >= 0) {
		mk_num(m, 9, 2);
		mk_num(m, 1, 2);
		mk_num(m, (uint64_t)tsresol, 1);
		mk_bytes(m, NULL, 3);
	}
	if (offset_s) {
		mk_num(m, 14, 2);
		mk_num(m, 8, 2);
		mk_num(m, (uint64_t)offset_s, 8);
	}
	mk_num(m, 0, 4);
	mk_ng_end(m, at);
}

static inline void mk_ng_packet(
	struct mk *m, uint32_t iface, uint64_t stamp, const void *p, uint32_t caplen, uint32_t len)
{
	size_t at = mk_ng_begin(m, 6);
	mk_num(m, iface, 4);
	mk_num(m, stamp >> 32, 4);
	mk_num(m, stamp & 0xffffffff, 4);
	mk_num(m, caplen, 4);
	mk_num(m, len, 4);
	mk_bytes(m, p, caplen);
	mk_ng_end(m, at);
}

static inline void mk_ng_packet_old(
	struct mk *m, uint16_t iface, uint64_t stamp, const void *p, uint32_t caplen, uint32_t len)
{
	size_t at = mk_ng_begin(m, 2);
	mk_num(m, iface, 2);
	mk_num(m, 0xffff, 2);
	mk_num(m, stamp >> 32, 4);
	mk_num(m, stamp & 0xffffffff, 4);
	mk_num(m, caplen, 4);
	mk_num(m, len, 4);
	mk_bytes(m, p, caplen);
	mk_ng_end(m, at);
}

static inline void mk_ng_packet_simple(struct mk *m, const void *p, uint32_t caplen, uint32_t len)
{
	size_t at = mk_ng_begin(m, 3);
	mk_num(m, len, 4);
	mk_bytes(m, p, caplen);
	mk_ng_end(m, at);
}

static inline void mk_ng_other(struct mk *m, uint32_t type, size_t body)
{
	size_t at = mk_ng_begin(m, type);
	mk_bytes(m, NULL, body);
	mk_ng_end(m, at);
}

/* --- packets; all return their length, network byte order --- */

static inline void mk_be16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void mk_udp(uint8_t *p, size_t payload)
{
	mk_be16(p, 27960);
	mk_be16(p + 2, 27960);
	mk_be16(p + 4, (unsigned)(8 + payload));
	mk_be16(p + 6, 0);
	for (size_t i = 0; i < payload; i++)
		p[8 + i] = (uint8_t)i;
}

/* IPv4 and UDP, from 10.1.0.`src` to `dst` (host order). */
static inline size_t mk_ip4(uint8_t *p, uint32_t src, uint32_t dst, size_t payload)
{
	size_t len = 28 + payload;
	uint32_t sum = 0;

	memset(p, 0, 20);
	p[0] = 0x45;
	mk_be16(p + 2, (unsigned)len);
	p[8] = 64;
	p[9] = 17;
	mk_be16(p + 12, src >> 16);
	mk_be16(p + 14, src & 0xffff);
	mk_be16(p + 16, dst >> 16);
	mk_be16(p + 18, dst & 0xffff);
	for (int i = 0; i < 20; i += 2)
		sum += (unsigned)p[i] << 8 | p[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	sum += sum >> 16;
	mk_be16(p + 10, ~sum & 0xffff);
	mk_udp(p + 20, payload);
	return len;
}

/* IPv6 and UDP, from fd00::`src` to fd00::`dst`. */
static inline size_t mk_ip6(uint8_t *p, unsigned src, unsigned dst, size_t payload)
{
	memset(p, 0, 40);
	p[0] = 0x60;
	mk_be16(p + 4, (unsigned)(8 + payload));
	p[6] = 17;
	p[7] = 64;
	p[8] = p[24] = 0xfd;
	mk_be16(p + 22, src);
	mk_be16(p + 38, dst);
	mk_udp(p + 40, payload);
	return 48 + payload;
}

/* A link header in front of an IP packet; returns its length. `kind` names it. */
struct mk_link {
	const char *kind;
	uint32_t link;
	uint8_t head4[40]; /* for IPv4 */
	size_t len;
	int type_at; /* where 08 00 becomes 86 dd; -1: `af_at` */
	int af_at;   /* where an address family of 2 becomes 10 (least byte); -1: nothing */
};

static const struct mk_link mk_links[] = {
	{"ether", 1, {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0}, 14, 12, -1},
	{"vlan", 1, {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x81, 0, 0, 5, 8, 0}, 18, 16, -1},
	{"qinq", 1, {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xa8, 0, 7, 0x81, 0, 0, 5, 8, 0}, 22,
		20, -1},
	{"snap", 1, {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0, 100, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0}, 22,
		20, -1},
	{"raw", 101, {0}, 0, -1, -1},
	{"raw12", 12, {0}, 0, -1, -1},
	{"cooked", 113, {0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0}, 16, 14, -1},
	{"cooked2", 276, {8, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0}, 20, 0, -1},
	{"null", 0, {2, 0, 0, 0}, 4, -1, 0},
	{"null-swapped", 0, {0, 0, 0, 2}, 4, -1, 3},
	{"loop", 108, {0, 0, 0, 2}, 4, -1, 3},
	{"ppp", 9, {0xff, 3, 0, 0x21}, 4, -1, -1},
};
#define MK_LINKS (sizeof(mk_links) / sizeof(*mk_links))

/* The frame of an IP packet in that link type; `six`: the packet is IPv6. */
static inline size_t mk_frame(
	const struct mk_link *l, bool six, const uint8_t *ip, size_t len, uint8_t *out)
{
	memcpy(out, l->head4, l->len);
	if (six && l->type_at >= 0)
		mk_be16(out + l->type_at, 0x86dd);
	if (six && l->af_at >= 0)
		out[l->af_at] = 10;
	if (six && l->link == 9)
		out[3] = 0x57;
	memcpy(out + l->len, ip, len);
	return l->len + len;
}

#endif
