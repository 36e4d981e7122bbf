/*
 * perf_pcapng.c - the pcapng reader block by block, and captures through both readers: byte
 * orders, stamps, several interfaces and sections, and files cut at every byte
 */
#include <errno.h>
#include <stdio.h>

#include "lib/perf/capture.h"
#include "t/tools/mkcap.h"
#include "t/unit/tap.h"

static struct lr_err err;

static struct lr_capture *open_bytes(const void *bytes, size_t n)
{
	FILE *in = fmemopen((void *)(uintptr_t)bytes, n, "r");
	err.text[0] = 0;
	return in ? lr_capture_stream(in, "test", &err) : NULL;
}

/* Packets up to the end or the flaw; *end is what the last call said; *last the last packet. */
static int count(const struct mk *m, size_t n, int *end, struct lr_captured *last)
{
	struct lr_capture *c = open_bytes(m->b, n);
	int packets = 0;

	if (!c)
		return -1;
	while ((*end = lr_capture_next(c, last, &err)) == 1)
		packets++;
	struct lr_captured none;
	if (lr_capture_next(c, &none, &err) != 0)
		packets = -2; /* after the end or a flaw there must be nothing */
	lr_capture_close(c);
	return packets;
}

static struct lr_captured only_packet(const struct mk *m, const char *name)
{
	struct lr_captured p = {0};
	int end, n = count(m, m->n, &end, &p);
	ok(n == 1 && end == 0, "%s: one packet, sound end (%d, %d %s)", name, n, end, err.text);
	return p;
}

static void test_stamps(void)
{
	static const struct {
		const char *name;
		int tsresol;
		int64_t offset;
		uint64_t stamp, want;
	} cases[] = {
		{"default is microseconds", -1, 0, 1700000000123456, 1700000000123456000},
		{"nanoseconds", 9, 0, 1700000000123456789, 1700000000123456789},
		{"seconds", 0, 0, 1700000000, 1700000000000000000},
		{"picoseconds", 12, 0, 5000000000001, 5000000000},
		{"10^-127", 127, 0, UINT64_MAX, 0},
		{"2^-10", 0x80 | 10, 0, 1536, 1500000000},
		{"2^-127", 0xff, 0, UINT64_MAX, 0},
		{"an offset", 6, 1000, 500000, 1000500000000},
		{"an offset to before", 6, -1, 1500000, 500000000},
		{"an offset beyond the beginning", 6, -1000, 1, 0},
		{"too great sticks", 0, 0, UINT64_MAX, UINT64_MAX},
		{"the least offset", 6, INT64_MIN, 1, 0},
		{"the greatest offset", 6, INT64_MAX, 1, UINT64_MAX},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		for (int big = 0; big < 2; big++) {
			struct mk m = {.big = big};
			mk_ng_section(&m);
			mk_ng_iface(&m, 1, 0, cases[i].tsresol, cases[i].offset);
			mk_ng_packet(&m, 0, cases[i].stamp, "abcd", 4, 60);
			struct lr_captured p = only_packet(&m, cases[i].name);
			ok(p.time_ns == cases[i].want, "%s: time", cases[i].name);
			ok(p.caplen == 4 && p.len == 60 && p.link == 1, "%s: lengths",
				cases[i].name);
			mk_free(&m);
		}
	}
}

/* What libpcap refuses: interfaces that differ, two sections of different byte order. */
static void test_interfaces(void)
{
	struct mk m = {0};
	struct lr_captured p;

	mk_ng_section(&m);
	mk_ng_iface(&m, 1, 96, -1, 0);
	mk_ng_iface(&m, 101, 65535, 9, 0);
	mk_ng_other(&m, 4, 64);          /* name resolution */
	mk_ng_other(&m, 0x80000bad, 24); /* nobody's */
	mk_ng_packet(&m, 1, 5, "E", 1, 1);
	mk_ng_packet_old(&m, 0, 7, "abc", 3, 99);
	mk_ng_packet_simple(&m, "0123456789", 10, 10);
	m.big = true;
	mk_ng_section(&m);
	mk_ng_iface(&m, 276, 4, -1, 0);
	mk_ng_packet_simple(&m, "wxyz", 4, 1000);

	static const struct {
		uint32_t link, iface, caplen, len;
		uint64_t ns;
		const char *bytes;
	} want[] = {
		{101, 1, 1, 1, 5, "E"},
		{1, 0, 3, 99, 7000, "abc"},
		{1, 0, 10, 10, 0, "0123456789"},
		{276, 0, 4, 1000, 0, "wxyz"},
	};
	struct lr_capture *c = open_bytes(m.b, m.n);
	ok(c && strcmp(lr_capture_format(c), "pcapng") == 0, "several interfaces: opened");
	for (size_t i = 0; i < sizeof(want) / sizeof(*want); i++) {
		bool got = lr_capture_next(c, &p, &err) == 1;
		ok(got && p.link == want[i].link && p.iface == want[i].iface &&
				p.caplen == want[i].caplen && p.len == want[i].len &&
				p.time_ns == want[i].ns &&
				memcmp(p.bytes, want[i].bytes, p.caplen) == 0,
			"packet %zu of several interfaces and sections", i);
	}
	is_int(lr_capture_next(c, &p, &err), 0, "then the end");
	lr_capture_close(c);
	mk_free(&m);
}

/* Damage behind a first sound packet: that packet is read, then the flaw is told. */
static void test_damage(void)
{
	static const struct {
		const char *name, *why;
		size_t at;
		uint8_t value;
	} cases[] = {
		{"length not a multiple of 4", "length makes no sense", 4, 33},
		{"length below 12", "length makes no sense", 4, 8},
		{"length over 1 MiB", "longer than 1 MiB", 6, 0x20},
		{"length beyond the file", "ends inside", 5, 1},
		{"unknown interface", "not described", 8, 1},
		{"caplen over the block", "longer than its block", 20, 200},
		{"the two lengths differ", "two lengths differ", 32, 40},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct mk m = {0};
		struct lr_captured p;
		int end;
		mk_ng_section(&m);
		mk_ng_iface(&m, 1, 0, -1, 0);
		mk_ng_packet(&m, 0, 1, "good", 4, 4);
		size_t at = m.n;
		mk_ng_packet(&m, 0, 1, "evil", 4, 4);
		mk_ng_packet(&m, 0, 1, "more", 4, 4);
		m.b[at + cases[i].at] = cases[i].value;
		is_int(count(&m, m.n, &end, &p), 1, cases[i].name);
		ok(end == -1 && strstr(err.text, cases[i].why), "%s: told: %s", cases[i].name,
			err.text);
		mk_free(&m);
	}
}

static void test_refused(void)
{
	struct mk m = {0};
	struct lr_captured p;
	int end;

	ok(!open_bytes("", 0) && strstr(err.text, "too short"), "no bytes at all: %s", err.text);
	ok(!open_bytes("ab", 2) && strstr(err.text, "too short"), "2 bytes: %s", err.text);
	ok(!open_bytes("hello world, this is text", 25), "text: %s", err.text);
	ok(!open_bytes("\x1f\x8b\x08\0\0\0", 6) && strstr(err.text, "gzip -dc"), "gzip: %s",
		err.text);
	mk_ng_section(&m);
	m.b[8] ^= 1;
	is_int(count(&m, m.n, &end, &p), -1, "no byte-order magic");
	m.b[8] ^= 1;
	m.b[12] = 2;
	is_int(count(&m, m.n, &end, &p), -1, "version 2");
	mk_free(&m);
	mk_ng_section(&m);
	is_int(count(&m, m.n, &end, &p), 0, "a section without anything is empty, not broken");
	is_int(end, 0, "and ends soundly");
	mk_free(&m);
}

static void build(struct mk *m, bool ng)
{
	uint8_t ip[64];
	size_t n = mk_ip4(ip, 0x0a010001, 0x0a010002, 8);
	if (ng) {
		mk_ng_section(m);
		mk_ng_iface(m, 101, 0, 9, 0);
		for (int i = 0; i < 3; i++)
			mk_ng_packet(m, 0, 1000, ip, (uint32_t)n, (uint32_t)n);
	} else {
		mk_pcap(m, 65535, 101);
		for (int i = 0; i < 3; i++)
			mk_pcap_packet(m, 1000, ip, (uint32_t)n, (uint32_t)n);
	}
}

/* Every prefix of a file: whole packets are read, and whether it was cut is told. */
static void test_prefixes(bool ng, bool big)
{
	struct mk m = {.big = big};
	build(&m, ng);
	size_t head = ng ? 28 : 24, per = ng ? 36 + 32 : 16 + 36, first = ng ? 28 + 32 : 24;
	unsigned wrong = 0;

	for (size_t n = 0; n <= m.n; n++) {
		struct lr_captured p;
		int end = 9, got = n ? count(&m, n, &end, &p) : -1;
		int want = n < head ? -1 : n < first ? 0 : (int)((n - first) / per);
		bool at_end = n >= head && (n == head || (n >= first && (n - first) % per == 0));
		wrong += got != want || (got >= 0 && end != (at_end ? 0 : -1));
	}
	is_int(wrong, 0, ng ? "pcapng: every prefix" : "pcap: every prefix");
	mk_free(&m);
}

static void test_pcap(void)
{
	for (int i = 0; i < 4; i++) {
		struct mk m = {.big = i & 1, .nano = i & 2};
		mk_pcap(&m, 65535, 1);
		mk_pcap_packet(&m, 1700000000123456789, "abc", 3, 90);
		struct lr_captured p = only_packet(&m, "pcap");
		ok(p.time_ns == (m.nano ? 1700000000123456789u : 1700000000123456000u),
			"pcap: time, %s-endian, %s", m.big ? "big" : "little",
			m.nano ? "nanoseconds" : "microseconds");
		ok(p.caplen == 3 && p.len == 90 && p.link == 1, "pcap: lengths");
		mk_free(&m);
	}
}

/* A hostile number of interfaces stops at the limit; a huge unknown block is passed over. */
static void test_limits(void)
{
	struct mk m = {0};
	struct lr_captured p;
	int end;

	mk_ng_section(&m);
	for (unsigned i = 0; i <= LR_PCAPNG_IFACES_MAX; i++)
		mk_ng_iface(&m, 1, 0, -1, 0);
	is_int(count(&m, m.n, &end, &p), 0, "65,537 interfaces");
	ok(end == -1 && strstr(err.text, "65,536"), "told: %s", err.text);
	mk_free(&m);
	mk_ng_section(&m);
	mk_ng_iface(&m, 1, 0, -1, 0);
	mk_ng_other(&m, 0x55, 3u << 20);
	mk_ng_packet(&m, 0, 1, "abc", 3, 3);
	is_int(count(&m, m.n, &end, &p), 1, "a foreign block of 3 MiB is passed over");
	is_int(end, 0, "and the end is sound");
	mk_free(&m);
}

int main(void)
{
	test_stamps();
	test_interfaces();
	test_damage();
	test_refused();
	test_pcap();
	for (int big = 0; big < 2; big++) {
		test_prefixes(false, big);
		test_prefixes(true, big);
	}
	test_limits();
	return tap_done();
}
