/*
 * io_offload.c - split and merge: one undoes the other, and neither invents or reorders
 */
#include <stdlib.h>

#include "lib/base/bytes.h"
#include "lib/io/merge.h"
#include "lib/io/split.h"
#include "lib/net/ip.h"
#include "t/unit/tap.h"

static uint64_t seed = 88172645463325252ull;

static uint32_t rnd(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 33) % below;
}

struct shape {
	bool v6, udp;
	unsigned opt; /* TCP option bytes, a multiple of 4 */
	unsigned gso, body;
	uint8_t flags;
	uint16_t port;
	uint32_t seq;
};

static size_t l4_of(const struct shape *s)
{
	return s->v6 ? 40 : 20;
}

static size_t head_of(const struct shape *s)
{
	return l4_of(s) + (s->udp ? 8 : 20 + s->opt);
}

static void fill_checksum(uint8_t *p, size_t len, size_t l4, uint8_t proto)
{
	size_t at = l4 + (proto == LR_UDP ? 6 : 16);
	memset(p + at, 0, 2);
	uint16_t sum = lr_sum_fold(
		lr_sum(p + l4, len - l4, lr_sum_pseudo(p, proto, (uint32_t)(len - l4))));
	if (sum == 0 && proto == LR_UDP)
		sum = 0xffff;
	memcpy(p + at, &sum, 2);
}

/* A packet of that shape with random payload and a right checksum. */
static size_t build(const struct shape *s, uint8_t *p)
{
	size_t l4 = l4_of(s), head = head_of(s), len = head + s->body;
	uint8_t proto = s->udp ? LR_UDP : LR_TCP;
	memset(p, 0, head);
	if (s->v6) {
		p[0] = 0x60;
		lr_put_be16(p + 4, (uint16_t)(len - 40));
		p[6] = proto;
		p[7] = 64;
		p[8] = p[24] = 0xfd;
		p[23] = 1;
		p[39] = 2;
	} else {
		p[0] = 0x45;
		lr_put_be16(p + 2, (uint16_t)len);
		lr_put_be16(p + 4, 0x1234);
		p[6] = 0x40;
		p[8] = 64;
		p[9] = proto;
		lr_put_be32(p + 12, 0x0a420001);
		lr_put_be32(p + 16, 0x0a420002);
		lr_ip4_checksum(p);
	}
	lr_put_be16(p + l4, s->port);
	lr_put_be16(p + l4 + 2, 5201);
	if (s->udp) {
		lr_put_be16(p + l4 + 4, (uint16_t)(len - l4));
	} else {
		lr_put_be32(p + l4 + 4, s->seq);
		lr_put_be32(p + l4 + 8, 777);
		p[l4 + 12] = (uint8_t)((20 + s->opt) / 4 << 4);
		p[l4 + 13] = s->flags;
		lr_put_be16(p + l4 + 14, 500);
		memset(p + l4 + 20, 1, s->opt);
	}
	for (size_t i = head; i < len; i++)
		p[i] = (uint8_t)rnd(256);
	fill_checksum(p, len, l4, proto);
	return len;
}

static struct lr_vnet gso_header(const struct shape *s)
{
	return (struct lr_vnet){
		.flags = LR_VNET_NEEDS_CSUM,
		.gso_type = s->udp  ? LR_VNET_GSO_UDP
			    : s->v6 ? LR_VNET_GSO_TCP6
				    : LR_VNET_GSO_TCP4,
		.hdr_len = (uint16_t)head_of(s),
		.gso_size = (uint16_t)s->gso,
		.csum_start = (uint16_t)l4_of(s),
		.csum_offset = s->udp ? 6 : 16,
	};
}

static bool checksums_right(const uint8_t *p, size_t len, const struct shape *s)
{
	size_t l4 = l4_of(s);
	uint8_t proto = s->udp ? LR_UDP : LR_TCP;
	if (!s->v6 && lr_sum_fold(lr_sum(p, 20, 0)) != 0)
		return false;
	return lr_sum_fold(lr_sum(
		       p + l4, len - l4, lr_sum_pseudo(p, proto, (uint32_t)(len - l4)))) == 0;
}

static struct lr_merge m;
static uint8_t frame[65536 + 64], parts[70][2048], again[65536 + 64];

/* What the kernel would see of group `g`: header and slices as one piece. */
static size_t gather(unsigned g, uint8_t *out)
{
	static struct iovec iov[LR_MERGE_PACKETS + 1];
	int n = lr_merge_frame(&m, g, iov);
	size_t at = 0;
	for (int i = 1; i < n; i++) {
		memcpy(out + at, iov[i].iov_base, iov[i].iov_len);
		at += iov[i].iov_len;
	}
	return at;
}

/* Splits a random frame, checks each part, merges the parts and compares with the frame. */
static bool round_trip(void)
{
	struct shape s = {.v6 = rnd(2),
		.udp = rnd(2),
		.opt = rnd(2) * 12,
		.gso = 100 + rnd(1300),
		.flags = 0x10,
		.port = (uint16_t)(1024 + rnd(60000)),
		.seq = rnd(2) ? 0xffffff00u : rnd(1u << 31)};
	if (s.udp)
		s.opt = 0;
	unsigned count = 2 + rnd(40), last = 1 + rnd(s.gso);
	s.body = (count - 1) * s.gso + last;
	if (s.body + head_of(&s) > 65535)
		return true;
	if (!s.udp && rnd(2))
		s.flags |= 0x08;
	size_t len = build(&s, frame), n;
	struct lr_vnet h = gso_header(&s);
	struct lr_split sp;
	unsigned k = 0;
	bool good = lr_split_begin(&sp, &h, frame, len) == 0 &&
		    lr_split_packet_max(&sp) == head_of(&s) + s.gso;
	lr_merge_init(&m, true, true);
	while (good && (n = lr_split_next(&sp, parts[k])) > 0) {
		size_t want = head_of(&s) + (k + 1 < count ? s.gso : last);
		good = n == want && checksums_right(parts[k], n, &s) &&
		       (s.udp || (parts[k][l4_of(&s) + 13] & 8) ==
					 (k + 1 == count ? s.flags & 8 : 0));
		lr_merge_add(&m, parts[k++], n);
	}
	if (!good || k != count || m.n_groups != 1)
		return false;
	size_t merged = gather(0, again);
	const struct lr_vnet *v = &m.groups[0].vnet;
	fill_checksum(again, merged, l4_of(&s), s.udp ? LR_UDP : LR_TCP);
	return merged == len && memcmp(again, frame, len) == 0 && v->gso_size == s.gso &&
	       v->gso_type == h.gso_type && v->csum_start == h.csum_start &&
	       v->csum_offset == h.csum_offset && v->hdr_len == h.hdr_len;
}

static unsigned groups_of(
	const struct shape *shapes, unsigned n, void (*spoil)(uint8_t *, unsigned))
{
	lr_merge_init(&m, true, true);
	for (unsigned i = 0; i < n; i++) {
		size_t len = build(&shapes[i], parts[i]);
		if (spoil)
			spoil(parts[i], i);
		lr_merge_add(&m, parts[i], len);
	}
	return m.n_groups;
}

static void spoil_second(uint8_t *p, unsigned i)
{
	if (i == 1)
		p[60] ^= 1;
}

static void spoil_first(uint8_t *p, unsigned i)
{
	if (i == 0)
		p[60] ^= 1;
}

static void other_ttl(uint8_t *p, unsigned i)
{
	if (i == 1) {
		p[8] = 63;
		lr_ip4_checksum(p);
	}
}

static void fragment(uint8_t *p, unsigned i)
{
	if (i == 1) {
		p[6] = 0x20;
		lr_ip4_checksum(p);
	}
}

static void merge_rules(void)
{
	const struct shape t = {.body = 500, .flags = 0x10, .port = 9, .seq = 1000};
	struct shape a[3] = {t, t, t};
	a[1].seq = 1500;
	a[2].seq = 2000;
	is_int(groups_of(a, 3, NULL), 1, "three segments in order are one frame");
	is_int(groups_of(a, 2, spoil_second), 2, "a wrong checksum does not join");
	is_int(groups_of(a, 2, spoil_first), 2, "nothing joins a wrong checksum");
	is_int(groups_of(a, 2, other_ttl), 2, "another TTL does not join");
	is_int(groups_of(a, 2, fragment), 2, "a fragment does not join");
	a[1].seq = 1501;
	is_int(groups_of(a, 2, NULL), 2, "a hole in the sequence does not join");
	a[1].seq = 1500;
	a[1].body = 501;
	is_int(groups_of(a, 2, NULL), 2, "a longer segment does not join");
	a[1].body = 499;
	a[2].seq = 1999;
	is_int(groups_of(a, 3, NULL), 2, "a shorter one joins and ends the frame");
	a[1] = t, a[1].seq = 1500, a[1].flags = 0x18;
	a[2].seq = 2000;
	is_int(groups_of(a, 3, NULL), 2, "a pushed one joins and ends the frame");
	a[1].flags = 0x11;
	is_int(groups_of(a, 2, NULL), 2, "FIN stands alone");
	struct shape u = {.udp = true, .body = 200, .port = 7};
	struct shape b[5] = {u, u, u, u, u};
	b[1].body = 0;
	groups_of(b, 3, NULL);
	is_int(m.n_groups, 3, "an empty datagram between two others keeps its place");
}

/* The kernel refuses a USO frame of more than UDP_MAX_SEGMENTS datagrams. */
static void long_train(void)
{
	static struct shape s[150];
	bool good = true;
	for (unsigned i = 0; i < 150; i++)
		s[i] = (struct shape){.udp = true, .body = 20, .port = 5};
	lr_merge_init(&m, true, true);
	static uint8_t packets[150][64];
	for (unsigned i = 0; i < 150; i++)
		lr_merge_add(&m, packets[i], build(&s[i], packets[i]));
	for (unsigned g = 0; g < m.n_groups; g++)
		good = good && m.groups[g].count <= 64;
	ok(m.n_groups == 3 && good, "150 small datagrams are three frames of at most 64");
}

/* Four flows interleaved: each one's order stays, and each is one frame. */
static void interleaved(void)
{
	struct shape s[40];
	bool good = true;
	for (unsigned i = 0; i < 40; i++)
		s[i] = (struct shape){.udp = i % 4 < 2,
			.v6 = i % 2,
			.body = 300,
			.flags = 0x10,
			.port = (uint16_t)(100 + i % 4),
			.seq = 5000 + i / 4 * 300};
	is_int(groups_of(s, 40, NULL), 4, "four interleaved flows are four frames");
	for (unsigned g = 0; g < m.n_groups; g++)
		good = good && m.groups[g].count == 10;
	ok(good, "of ten packets each");
}

static void off_switches(void)
{
	struct shape u[2] = {
		{.udp = true, .body = 99, .port = 5}, {.udp = true, .body = 99, .port = 5}};
	uint8_t *p0 = parts[0], *p1 = parts[1];
	size_t n0 = build(&u[0], p0), n1 = build(&u[1], p1);
	lr_merge_init(&m, true, false);
	lr_merge_add(&m, p0, n0);
	lr_merge_add(&m, p1, n1);
	is_int(m.n_groups, 2, "without USO datagrams stay apart");
	is_int(m.groups[0].vnet.gso_type, LR_VNET_GSO_NONE, "and carry no offload");
}

/* Rubbish in the device header: refused or within bounds; asan watches. */
static void hostile_headers(void)
{
	unsigned refused = 0, taken = 0;
	for (unsigned i = 0; i < 50000; i++) {
		struct shape s = {.v6 = rnd(2),
			.udp = rnd(2),
			.gso = 1 + rnd(1500),
			.body = rnd(1400),
			.flags = 0x10};
		size_t len = build(&s, frame), n;
		struct lr_vnet h = {(uint8_t)rnd(4),
			rnd(2) ? gso_header(&s).gso_type : (uint8_t)rnd(256), (uint16_t)rnd(65536),
			(uint16_t)rnd(2000), (uint16_t)rnd(3000), (uint16_t)rnd(200)};
		uint8_t *exact = malloc(len);
		struct lr_split sp;
		if (rnd(4) == 0)
			frame[rnd((uint32_t)len)] ^= (uint8_t)(1 << rnd(8));
		memcpy(exact, frame, len);
		if (lr_split_begin(&sp, &h, exact, len) < 0) {
			refused++;
		} else {
			size_t max = lr_split_packet_max(&sp);
			uint8_t *room = malloc(max);
			for (unsigned parts_left = 2000;
				parts_left && (n = lr_split_next(&sp, room)) > 0; parts_left--)
				if (n > max)
					ok(false, "a part is longer than packet_max");
			taken++;
			free(room);
		}
		free(exact);
	}
	ok(refused > 1000 && taken > 1000, "50,000 random headers: %u refused, %u taken", refused,
		taken);
}

int main(void)
{
	unsigned bad = 0;
	for (unsigned i = 0; i < 3000; i++)
		bad += !round_trip();
	is_int(bad, 0, "3,000 random TSO and USO frames: split, checked, merged, the same again");
	merge_rules();
	interleaved();
	long_train();
	off_switches();
	hostile_headers();
	return tap_done();
}
