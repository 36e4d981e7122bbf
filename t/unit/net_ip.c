/* net_ip.c - headers that are well-formed and headers that are not */
#include <arpa/inet.h>
#include <stdlib.h>

#include "lib/base/bytes.h"
#include "lib/net/ip.h"
#include "t/unit/tap.h"

enum { HOP = 0, ROUTING = 43, FRAGMENT = 44, ESP = 50, AH = 51, NONE = 59, DEST = 60 };

static uint8_t room[70000];

static uint8_t *ip4(unsigned words, uint16_t total, uint16_t frag)
{
	memset(room, 0, sizeof(room));
	room[0] = (uint8_t)(0x40 | words);
	lr_put_be16(room + 2, total);
	lr_put_be16(room + 6, frag);
	room[9] = LR_UDP;
	lr_put_be32(room + 12, 0x0a420001);
	lr_put_be32(room + 16, 0x0a420002);
	return room;
}

static void plain4(void)
{
	static const struct {
		const char *what;
		unsigned words, total, frag;
		size_t len;
		enum lr_ip_flaw flaw;
		bool fragment, first;
	} cases[] = {
		{"plain", 5, 28, 0, 28, LR_IP_FINE, false, true},
		{"padded", 5, 28, 0, 60, LR_IP_FINE, false, true},
		{"DF", 5, 28, 0x4000, 28, LR_IP_FINE, false, true},
		{"the reserved bit", 5, 28, 0x8000, 28, LR_IP_FINE, false, true},
		{"options", 15, 68, 0, 68, LR_IP_FINE, false, true},
		{"header only", 5, 20, 0, 20, LR_IP_FINE, false, true},
		{"the longest", 5, 65535, 0, 65535, LR_IP_FINE, false, true},
		{"no byte", 5, 20, 0, 0, LR_IP_SHORT},
		{"one byte", 5, 20, 0, 1, LR_IP_SHORT},
		{"a byte less than a header", 5, 20, 0, 19, LR_IP_SHORT},
		{"options cut", 6, 24, 0, 23, LR_IP_SHORT},
		{"a byte less than it says", 5, 28, 0, 27, LR_IP_SHORT},
		{"header length 16", 4, 28, 0, 28, LR_IP_HEADER},
		{"header length 0", 0, 28, 0, 28, LR_IP_HEADER},
		{"total below the header", 5, 19, 0, 28, LR_IP_HEADER},
		{"total 0", 5, 0, 0, 28, LR_IP_HEADER},
		{"total within the options", 6, 23, 0, 28, LR_IP_HEADER},
		{"first fragment", 5, 28, 0x2000, 28, LR_IP_FINE, true, true},
		{"first fragment with DF", 5, 28, 0x6000, 28, LR_IP_FINE, true, true},
		{"middle fragment", 5, 36, 0x2001, 36, LR_IP_FINE, true, false},
		{"last fragment", 5, 27, 0x0001, 27, LR_IP_FINE, true, false},
		{"more follow, not a multiple of 8", 5, 27, 0x2000, 27, LR_IP_FRAGMENT},
		{"the same behind options", 6, 28, 0x2000, 28, LR_IP_FRAGMENT},
		{"more follow an empty one", 5, 20, 0x2000, 20, LR_IP_FRAGMENT},
		{"ends at 65,535", 5, 31, 0x1ffc, 31, LR_IP_FINE, true, false},
		{"ends at 65,536", 5, 32, 0x1ffc, 32, LR_IP_FRAGMENT},
		{"the furthest offset", 5, 28, 0x1fff, 28, LR_IP_FRAGMENT},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const uint8_t *p =
			ip4(cases[i].words, (uint16_t)cases[i].total, (uint16_t)cases[i].frag);
		struct lr_packet k = {.family = 99};
		enum lr_ip_flaw flaw = lr_packet_parse(p, cases[i].len, &k);
		if (!ok(flaw == cases[i].flaw, "IPv4: %s", cases[i].what))
			printf("# got %s\n", lr_ip_flaw_name(flaw));
		if (cases[i].flaw != LR_IP_FINE) {
			ok(k.family == 99, "and nothing is filled in");
			continue;
		}
		ok(k.family == 4 && k.proto == LR_UDP && k.fragment == cases[i].fragment &&
				k.first == cases[i].first && k.l4_at == cases[i].words * 4 &&
				k.src_at == 12 && k.dst_at == 16 && k.len == cases[i].total,
			"and what it says");
	}
	struct lr_packet k;
	static const uint8_t other[60] = {0x50};
	static const uint8_t zero[60];
	is_int(lr_packet_parse(other, 60, &k), LR_IP_VERSION, "version 5");
	is_int(lr_packet_parse(zero, 1, &k), LR_IP_VERSION, "version 0");
	struct lr_ip a = lr_packet_src(ip4(5, 20, 0)), b = lr_packet_dst(room);
	char text[LR_ADDR_TEXT];
	is_str(lr_ip_text(&a, text), "10.66.0.1", "source");
	is_str(lr_ip_text(&b, text), "10.66.0.2", "destination");
}

/* Extension headers for the table below: kind, then what of it matters. */
struct ext {
	uint8_t kind;
	uint8_t len;    /* its length field */
	uint16_t frag;  /* FRAGMENT: offset in bytes and M */
	uint8_t option; /* HOP, DEST: the first option's type, filling all of it */
};

#define EXTS 16

/* Builds fd00::1 > fd00::2 with `exts` until `last`, then `data` bytes. Returns the length. */
static size_t ip6(const struct ext *exts, size_t n, uint8_t last, size_t data)
{
	size_t at = 40;

	memset(room, 0, sizeof(room));
	room[0] = 0x60;
	room[6] = n ? exts[0].kind : last;
	room[8] = 0xfd;
	room[23] = 1;
	room[24] = 0xfd;
	room[39] = 2;
	for (size_t i = 0; i < n; i++) {
		const struct ext *e = &exts[i];
		size_t size = e->kind == FRAGMENT ? 8
			      : e->kind == AH     ? (e->len + 2u) * 4
						  : (e->len + 1u) * 8;
		room[at] = i + 1 < n ? exts[i + 1].kind : last;
		room[at + 1] = e->len;
		if (e->kind == FRAGMENT) {
			lr_put_be16(room + at + 2, e->frag);
		} else if (e->kind != AH && e->kind != ROUTING) {
			room[at + 2] = e->option ? e->option : 1;
			room[at + 3] = (uint8_t)(size - 4 > 255 ? 252 : size - 4);
		}
		at += size;
	}
	lr_put_be16(room + 4, (uint16_t)(at - 40 + data));
	return at + data;
}

static void plain6(void)
{
	static const struct {
		const char *what;
		struct ext exts[EXTS];
		size_t n;
		uint8_t last;
		size_t data;
		enum lr_ip_flaw flaw;
		unsigned l4_at;
		bool fragment, later;
	} cases[] = {
		{"plain", {{0}}, 0, LR_UDP, 8, LR_IP_FINE, 40},
		{"nothing behind the header", {{0}}, 0, NONE, 0, LR_IP_FINE, 40},
		{"the longest", {{0}}, 0, LR_TCP, 65535, LR_IP_FINE, 40},
		{"hop-by-hop", {{HOP}}, 1, LR_ICMP6, 8, LR_IP_FINE, 48},
		{"router alert", {{HOP, .option = 5}}, 1, LR_ICMP6, 8, LR_IP_FINE, 48},
		{"all kinds", {{HOP}, {DEST, 2}, {ROUTING, 2}, {FRAGMENT}, {AH, 4}, {DEST}}, 6,
			LR_TCP, 20, LR_IP_FINE, 40 + 8 + 24 + 24 + 8 + 24 + 8},
		{"ESP is a transport", {{DEST}}, 1, ESP, 8, LR_IP_FINE, 48},
		{"no next header", {{DEST}}, 1, NONE, 0, LR_IP_FINE, 48},
		{"an unknown protocol", {{0}}, 0, 253, 0, LR_IP_FINE, 40},
		{"hop-by-hop, not first", {{DEST}, {HOP}}, 2, LR_UDP, 8, LR_IP_HEADER},
		{"hop-by-hop twice", {{HOP}, {HOP}}, 2, LR_UDP, 8, LR_IP_HEADER},
		{"jumbo payload", {{HOP, .option = 0xc2}}, 1, LR_UDP, 8, LR_IP_HEADER},
		{"12 headers",
			{{DEST}, {DEST}, {DEST}, {DEST}, {DEST}, {DEST}, {DEST}, {DEST}, {DEST},
				{DEST}, {DEST}, {DEST}},
			12, LR_UDP, 8, LR_IP_FINE, 40 + 96},
		{"13 headers",
			{{DEST}, {DEST}, {DEST}, {DEST}, {DEST}, {DEST}, {DEST}, {DEST}, {DEST},
				{DEST}, {DEST}, {DEST}, {DEST}},
			13, LR_UDP, 8, LR_IP_HEADER},
		{"atomic fragment", {{FRAGMENT}}, 1, LR_UDP, 9, LR_IP_FINE, 48},
		{"first fragment", {{FRAGMENT, .frag = 1}}, 1, LR_UDP, 16, LR_IP_FINE, 48, true},
		{"first fragment, options inside", {{FRAGMENT, .frag = 1}, {DEST}}, 2, LR_UDP, 8,
			LR_IP_FINE, 56, true},
		{"middle fragment", {{FRAGMENT, .frag = 1 + 8}}, 1, LR_UDP, 8, LR_IP_FINE, 48, true,
			true},
		{"last fragment", {{FRAGMENT, .frag = 8}}, 1, LR_UDP, 3, LR_IP_FINE, 48, true,
			true},
		{"later fragment, extension inside", {{FRAGMENT, .frag = 8}}, 1, DEST, 3,
			LR_IP_FINE, 48, true, true},
		{"reserved bits", {{FRAGMENT, .frag = 8 + 6}}, 1, LR_UDP, 3, LR_IP_FINE, 48, true,
			true},
		{"more follow, not a multiple of 8", {{FRAGMENT, .frag = 1}}, 1, LR_UDP, 9,
			LR_IP_FRAGMENT},
		{"more follow an empty one", {{FRAGMENT, .frag = 1 + 8}}, 1, LR_UDP, 0,
			LR_IP_FRAGMENT},
		{"ends at 65,535", {{FRAGMENT, .frag = 65528}}, 1, LR_UDP, 7, LR_IP_FINE, 48, true,
			true},
		{"ends at 65,536", {{FRAGMENT, .frag = 65528}}, 1, LR_UDP, 8, LR_IP_FRAGMENT},
		{"ends at 65,535 behind a header", {{DEST}, {FRAGMENT, .frag = 65520}}, 2, LR_UDP,
			7, LR_IP_FINE, 56, true, true},
		{"ends at 65,536 behind a header", {{DEST}, {FRAGMENT, .frag = 65520}}, 2, LR_UDP,
			8, LR_IP_FRAGMENT},
		{"two fragment headers", {{FRAGMENT}, {FRAGMENT}}, 2, LR_UDP, 8, LR_IP_FRAGMENT},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t len = ip6(cases[i].exts, cases[i].n, cases[i].last, cases[i].data);
		struct lr_packet k = {.family = 99};
		enum lr_ip_flaw flaw = lr_packet_parse(room, len, &k);
		if (!ok(flaw == cases[i].flaw, "IPv6: %s", cases[i].what))
			printf("# got %s\n", lr_ip_flaw_name(flaw));
		if (cases[i].flaw != LR_IP_FINE) {
			ok(k.family == 99, "and nothing is filled in");
			continue;
		}
		bool good = k.family == 6 && k.proto == cases[i].last &&
			    k.fragment == cases[i].fragment && k.first == !cases[i].later &&
			    k.l4_at == cases[i].l4_at && k.src_at == 8 && k.dst_at == 24 &&
			    k.len == len;
		if (!ok(good, "and what it says"))
			printf("# proto %u fragment %d first %d l4 %u len %u\n", k.proto,
				k.fragment, k.first, k.l4_at, k.len);
		is_int(lr_packet_parse(room, len - 1, &k), LR_IP_SHORT, "a byte less is short");
	}
	struct lr_ip a = lr_packet_src(room), b = lr_packet_dst(room);
	char text[LR_ADDR_TEXT];
	is_str(lr_ip_text(&a, text), "fd00::1", "source");
	is_str(lr_ip_text(&b, text), "fd00::2", "destination");
}

static void broken6(void)
{
	struct lr_packet k;
	size_t len = ip6((struct ext[]){{HOP, 1}}, 1, LR_UDP, 0);

	is_int(lr_packet_parse(room, 39, &k), LR_IP_SHORT, "a byte less than a header");
	lr_put_be16(room + 4, 15);
	is_int(lr_packet_parse(room, len, &k), LR_IP_HEADER, "options behind the payload's end");
	lr_put_be16(room + 4, 7);
	is_int(lr_packet_parse(room, len, &k), LR_IP_HEADER, "not even 8 bytes of them");
	lr_put_be16(room + 4, 0);
	is_int(lr_packet_parse(room, len, &k), LR_IP_HEADER, "payload length 0 with options");
	ip6((struct ext[]){{HOP}}, 1, LR_UDP, 8);
	room[43] = 5;
	is_int(lr_packet_parse(room, 56, &k), LR_IP_HEADER, "an option behind its header's end");
	memset(room + 42, 0, 6);
	is_int(lr_packet_parse(room, 56, &k), LR_IP_FINE, "six bytes of padding");
	room[47] = 1;
	is_int(lr_packet_parse(room, 56, &k), LR_IP_HEADER, "an option without a length");
	len = ip6((struct ext[]){{FRAGMENT, .frag = 1}}, 1, DEST, 8);
	room[49] = 1;
	is_int(lr_packet_parse(room, len, &k), LR_IP_FRAGMENT,
		"a first fragment without all its headers");
	len = ip6((struct ext[]){{AH, 255}}, 1, LR_UDP, 0);
	is_int(lr_packet_parse(room, len, &k), LR_IP_FINE, "the longest AH");
	is_int(k.l4_at, 40 + 1028, "is measured in words of 4 bytes");
	for (int i = 0; i < LR_IP_FLAWS; i++) {
		static const char *const names[] = {
			"fine", "short", "version", "header", "fragment"};
		is_str(lr_ip_flaw_name((enum lr_ip_flaw)i), names[i], "name of a flaw");
	}
}

/* Whatever the bytes, nothing behind `len` is read (asan sees it) and the result is sound. */
static void rubbish(void)
{
	static const uint8_t kinds[] = {HOP, ROUTING, FRAGMENT, AH, DEST, LR_UDP, NONE, 200};
	uint64_t seed = 7;
	int bad = 0, fine = 0;

	for (int n = 0; n < 200000; n++) {
		size_t len = 0;
		uint8_t *p = NULL;
		for (size_t i = 0; i < 8; i++) {
			seed = seed * 6364136223846793005ull + 1442695040888963407ull;
			uint64_t r = seed >> 16;
			if (i == 0) {
				len = r % 120;
				p = malloc(len ? len : 1);
				memset(p, 0, len ? len : 1);
				if (len > 0)
					p[0] = r & 128 ? 0x60 : (uint8_t)(0x40 | (r >> 8 & 15));
				if (len > 6) {
					p[len > 6 && r & 128 ? 5 : 3] = (uint8_t)(r >> 20 & 127);
					p[6] = r & 128 ? kinds[r >> 30 & 7] : 0;
				}
			} else if (len > 40) {
				p[40 + r % (len - 40)] = kinds[r >> 20 & 7];
				p[40 + (r >> 30) % (len - 40)] = (uint8_t)(r >> 40);
			}
		}
		struct lr_packet k;
		if (lr_packet_parse(p, len, &k) == LR_IP_FINE) {
			fine++;
			bad += k.len > len || k.l4_at > k.len || (!k.fragment && !k.first);
		}
		free(p);
	}
	is_int(bad, 0, "200,000 rubbish packets: what is accepted is sound");
	ok(fine > 10000, "and there is something accepted");
}

static void marks(void)
{
	uint8_t four[20] = {
		0x45, 0x02, 0, 20, 0, 1, 0, 0, 64, 17, 0, 0, 10, 66, 0, 1, 10, 66, 0, 2};
	uint8_t six[40] = {0x60, 0x25, 0x43, 0x21};

	lr_ip4_checksum(four);
	is_int(lr_packet_dscp(four), 0, "no mark");
	lr_packet_set_dscp(four, LR_DSCP_EF);
	is_int(lr_packet_dscp(four), LR_DSCP_EF, "EF");
	is_int(four[1] & 3, 2, "ECN stays");
	is_int(lr_sum_fold(lr_sum(four, 20, 0)), 0, "and the checksum is right");
	for (unsigned d = 0, wrong = 0; d < 64; d++) {
		lr_packet_set_dscp(four, (uint8_t)d);
		wrong += lr_sum_fold(lr_sum(four, 20, 0)) != 0;
		if (d == 63)
			is_int(wrong, 0, "of every mark");
	}
	lr_packet_set_dscp(six, LR_DSCP_EF);
	is_int(lr_packet_dscp(six), LR_DSCP_EF, "IPv6: EF");
	is_int(six[1] & 0x3f, 0x25, "its ECN and flow label stay");
	ok(six[0] >> 4 == 6 && six[2] == 0x43 && six[3] == 0x21, "and the rest");
}

int main(void)
{
	marks();
	plain4();
	plain6();
	broken6();
	rubbish();
	return tap_done();
}
