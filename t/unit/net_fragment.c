/*
 * net_fragment.c - fragments fit, are well-formed, and put together are the packet again
 */
#include <errno.h>

#include "lib/base/bytes.h"
#include "lib/net/fragment.h"
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

static uint8_t packet[65536], piece[65536], whole[65536 * 2];

static void fill(size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		packet[i] = (uint8_t)rnd(256);
}

/* `options`: a multiple of 4 bytes. `word`: flags and offset. */
static size_t build4(const uint8_t *options, size_t n, size_t data, uint16_t id, uint16_t word)
{
	size_t head = 20 + n, len = head + data;

	memset(packet, 0, head);
	packet[0] = (uint8_t)(0x40 | head / 4);
	lr_put_be16(packet + 2, (uint16_t)len);
	lr_put_be16(packet + 4, id);
	lr_put_be16(packet + 6, word);
	packet[8] = 64;
	packet[9] = LR_UDP;
	lr_put_be32(packet + 12, 0x0a420001);
	lr_put_be32(packet + 16, 0x0a420002);
	if (n)
		memcpy(packet + 20, options, n);
	lr_ip4_checksum(packet);
	fill(head, len);
	return len;
}

/* `chain`: extension headers, the first of type `next`; they end by naming UDP. */
static size_t build6(uint8_t next, const uint8_t *chain, size_t n, size_t data)
{
	size_t len = 40 + n + data;

	memset(packet, 0, 40);
	packet[0] = 0x60;
	lr_put_be16(packet + 4, (uint16_t)(len - 40));
	packet[6] = next;
	packet[7] = 64;
	packet[8] = packet[24] = 0xfd;
	packet[23] = 1;
	packet[39] = 2;
	if (n)
		memcpy(packet + 40, chain, n);
	fill(40 + n, len);
	return len;
}

struct result {
	unsigned n;
	bool good;      /* each fits and is well-formed, and they follow each other */
	bool last_more; /* the last one says that more follows */
	uint32_t id;    /* of all */
	size_t from;    /* offset of the first */
	size_t data;    /* in `whole` */
};

/* Offset, identification and more-flag of the fragment in `piece`; where its data begins. */
static size_t look(const struct lr_packet *p, size_t *offset, uint32_t *id, bool *more)
{
	if (p->family == 4) {
		uint16_t word = lr_get_be16(piece + 6);
		*offset = (word & 0x1fffu) * 8;
		*more = word & 0x2000;
		*id = lr_get_be16(piece + 4);
		return p->l4_at;
	}
	size_t at = 40, next_at = 6;
	while (piece[next_at] != 44) {
		next_at = at;
		at += (piece[at + 1] + 1u) * 8;
	}
	*offset = lr_get_be16(piece + at + 2) & 0xfff8;
	*more = piece[at + 3] & 1;
	*id = lr_get_be32(piece + at + 4);
	return at + 8;
}

static struct result cut(size_t len, size_t limit, uint32_t id)
{
	struct result r = {.good = true};
	struct lr_fragment f;
	struct lr_packet p;
	bool more = true;

	if (lr_fragment_begin(&f, packet, len, limit, id) != 0)
		return (struct result){0};
	for (size_t n; (n = lr_fragment_next(&f, piece)); r.n++) {
		size_t offset;
		uint32_t its;
		r.good &= more && n <= limit && lr_packet_parse(piece, n, &p) == LR_IP_FINE &&
			  p.len == n &&
			  (p.family == 6 || lr_sum_fold(lr_sum(piece, p.l4_at, 0)) == 0);
		if (!r.good)
			return r;
		size_t at = look(&p, &offset, &its, &more);
		if (r.n == 0) {
			r.id = its;
			r.from = offset;
		}
		r.good &= its == r.id && offset == r.from + r.data;
		memcpy(whole + r.data, piece + at, n - at);
		r.data += n - at;
		r.last_more = more;
	}
	return r;
}

static bool same(const struct result *r, size_t head, size_t len)
{
	return r->good && r->data == len - head && memcmp(whole, packet + head, r->data) == 0;
}

static void ip4(void)
{
	size_t len = build4(NULL, 0, 1480, 0x1234, 0);
	struct result r = cut(len, 1220, 0xabcd5678);

	ok(same(&r, 20, len) && r.n == 2 && !r.last_more, "1,500 bytes go as two of 1,220");
	is_int(r.id, 0x1234, "without DF its own identification stays");
	len = build4(NULL, 0, 1480, 0, 0x4000);
	r = cut(len, 1220, 0xabcd5678);
	ok(same(&r, 20, len) && r.n == 2, "DF is no obstacle");
	is_int(r.id, 0x5678, "and it is given an identification");
	is_int(lr_get_be16(piece + 6) & 0x4000, 0, "the fragments have no DF");

	len = build4(NULL, 0, 1480, 7, 0x2000 | 185);
	r = cut(len, 1000, 99);
	ok(same(&r, 20, len) && r.id == 7 && r.from == 185 * 8 && r.last_more,
		"a fragment becomes smaller ones of the same packet");
	len = build4(NULL, 0, 1333, 7, 370);
	r = cut(len, 1000, 99);
	ok(same(&r, 20, len) && r.id == 7 && r.from == 370 * 8 && !r.last_more,
		"so does a last one");
}

static void options4(void)
{
	/* record route (not copied), no-operation, router alert (copied), end */
	static const uint8_t options[] = {7, 7, 4, 0, 0, 0, 0, 1, 0x94, 4, 0, 0, 0, 0, 0, 0};
	size_t len = build4(options, sizeof(options), 1400, 1, 0);
	struct lr_fragment f;
	struct result r = cut(len, 600, 1);

	ok(same(&r, 36, len) && r.n == 3, "with options: the data is the same");
	is_int(lr_fragment_begin(&f, packet, len, 600, 1), 0, "again");
	lr_fragment_next(&f, piece);
	ok((piece[0] & 15) == 9 && memcmp(piece + 20, options, sizeof(options)) == 0,
		"the first fragment has all of them");
	lr_fragment_next(&f, piece);
	ok((piece[0] & 15) == 6 && memcmp(piece + 20, options + 8, 4) == 0,
		"the others those that are copied");
	static const uint8_t rubbish[] = {0x94, 40, 0, 0};
	len = build4(rubbish, sizeof(rubbish), 1400, 1, 0);
	r = cut(len, 600, 1);
	ok(same(&r, 24, len), "options that lie about their length harm nothing");
}

static void ip6(void)
{
	static const uint8_t hop[] = {LR_UDP, 0, 5, 2, 0, 0, 1, 0};
	static const uint8_t all[] = {60, 0, 1, 4, 0, 0, 0, 0, /* hop-by-hop */
		43, 0, 1, 4, 0, 0, 0, 0,                       /* destination options */
		60, 0, 0, 0, 0, 0, 0, 0,                       /* routing */
		LR_UDP, 0, 1, 4, 0, 0, 0, 0};                  /* destination options */
	static const uint8_t atom[] = {LR_UDP, 0, 0, 0, 1, 2, 3, 4};
	static const uint8_t part[] = {LR_UDP, 0, 0x05, 0xa9, 1, 2, 3, 4};
	size_t len = build6(LR_UDP, NULL, 0, 1460);
	struct result r = cut(len, 1220, 0xabcd5678);

	ok(same(&r, 40, len) && r.n == 2 && r.id == 0xabcd5678, "IPv6: with a fragment header");
	len = build6(0, hop, sizeof(hop), 1400);
	r = cut(len, 1220, 1);
	ok(same(&r, 48, len) && r.n == 2, "hop-by-hop options stay in front of it");
	len = build6(0, all, sizeof(all), 1400);
	r = cut(len, 1220, 1);
	ok(same(&r, 64, len) && r.n == 2, "so does a routing header and what is for its nodes");
	len = build6(44, atom, sizeof(atom), 1400);
	r = cut(len, 1220, 9);
	ok(same(&r, 48, len) && r.id == 0x01020304 && r.from == 0, "an atomic fragment");
	len = build6(44, part, sizeof(part), 1400);
	r = cut(len, 1220, 9);
	ok(same(&r, 48, len) && r.id == 0x01020304 && r.from == 0x5a8 && r.last_more,
		"a fragment becomes smaller ones of the same packet");
}

static void limits(void)
{
	struct lr_fragment f;
	unsigned bad = 0;
	size_t len = build4(NULL, 0, 1480, 1, 0);

	is_int(lr_fragment_begin(&f, packet, len, 27, 1), -EMSGSIZE, "no room behind the header");
	is_int(lr_fragment_begin(&f, packet, len, 28, 1), 0, "eight bytes are enough");
	is_int(lr_fragment_begin(&f, packet, len - 1, 28, 1), -EINVAL, "a packet that is cut off");
	len = build6(LR_UDP, NULL, 0, 1460);
	is_int(lr_fragment_begin(&f, packet, len, 55, 1), -EMSGSIZE, "IPv6 needs eight more");
	is_int(lr_fragment_begin(&f, packet, len, 56, 1), 0, "of them");
	static const uint8_t ah[40] = {LR_UDP, 8};
	len = build6(51, ah, sizeof(ah), 1400);
	is_int(lr_fragment_begin(&f, packet, len, 87, 1), -EMSGSIZE, "room for half its headers");
	is_int(lr_fragment_begin(&f, packet, len, 88, 1), 0, "for all of them");
	for (size_t limit = 56; limit <= 1500; limit++) {
		len = build4(NULL, 0, 1480, 1, 0x4000);
		struct result r = cut(len, limit, 5);
		bad += !same(&r, 20, len);
		len = build6(LR_UDP, NULL, 0, 1460);
		r = cut(len, limit, 5);
		bad += !same(&r, 40, len);
	}
	is_int(bad, 0, "every limit from 56 to 1,500, both families");
	for (unsigned i = 0; i < 3000; i++) {
		size_t data = 1 + rnd(60000), limit = 600 + rnd(900);
		bool v6 = rnd(2);
		len = v6 ? build6(LR_UDP, NULL, 0, data) : build4(NULL, 0, data, 1, 0x4000);
		struct result r = cut(len, limit, i);
		bad += !same(&r, v6 ? 40 : 20, len);
	}
	is_int(bad, 0, "3,000 packets of any length");
}

int main(void)
{
	ip4();
	options4();
	ip6();
	limits();
	return tap_done();
}
