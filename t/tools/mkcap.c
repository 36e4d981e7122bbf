/*
 * mkcap.c - writes captures for tests: mkcap KIND [COUNT] >FILE
 *
 * KIND is a link type of mkcap.h ("ether", "vlan", "cooked2", ...): COUNT packets (default 200),
 * IPv4 and IPv6 in turn, in one pcap. Or one of:
 *   big nano big-nano      Ethernet pcap, that byte order, those stamps
 *   ng ng-big              pcapng with an Ethernet, a raw and a cooked2 interface, in turn
 *   ng-sections            two sections of different byte order
 *   mixed                  pcap with one of each kind of frame, good and bad; what is in it is on
 *                          stderr as "packets delivered not_ip cut_short bad_header fragment"
 *   bulk                   raw pcap, all packets 200 bytes between two hosts
 *   senders                raw pcap, every packet from another source
 *   sources                raw pcap from addresses that are nobody's
 */
#include <stdio.h>

#include "t/tools/mkcap.h"

static const struct mk_link *link_named(const char *kind)
{
	for (size_t i = 0; i < MK_LINKS; i++)
		if (strcmp(mk_links[i].kind, kind) == 0)
			return &mk_links[i];
	return NULL;
}

/* Packet `i` of a conversation of two, with a broadcast now and then; every second one IPv6. */
static size_t packet(unsigned i, bool six, uint8_t *ip)
{
	if (six)
		return mk_ip6(ip, 1 + i / 2 % 2, 2 - i / 2 % 2, 20 + i % 700);
	uint32_t a = 0x0a010001 + i / 2 % 2, b = 0x0a010002 - i / 2 % 2;
	return mk_ip4(ip, a, i % 50 ? b : 0xffffffff, 20 + i % 700);
}

static void pcap(struct mk *m, const struct mk_link *l, unsigned count)
{
	uint8_t ip[2048], frame[2200];

	mk_pcap(m, 262144, l->link);
	for (unsigned i = 0; i < count; i++) {
		bool six = i % 2;
		size_t n = mk_frame(l, six, ip, packet(i, six, ip), frame);
		mk_pcap_packet(
			m, 1700000000000000000 + i * 1000001ull, frame, (uint32_t)n, (uint32_t)n);
	}
}

static void ng_section(struct mk *m, unsigned count)
{
	static const char *const kinds[] = {"vlan", "raw", "cooked2"};
	uint8_t ip[2048], frame[2200];

	mk_ng_section(m);
	mk_ng_iface(m, 1, 262144, 9, 0);
	mk_ng_iface(m, 101, 96, 6, 0);
	mk_ng_iface(m, 276, 0, 0x80 | 20, 3600);
	mk_ng_other(m, 4, 32);
	for (unsigned i = 0; i < count; i++) {
		const struct mk_link *l = link_named(kinds[i % 3]);
		bool six = i % 2;
		uint32_t n = (uint32_t)mk_frame(l, six, ip, packet(i, six, ip), frame);
		if (i % 7 == 0)
			mk_ng_packet_old(m, (uint16_t)(i % 3), i * 1000ull, frame, n, n);
		else
			mk_ng_packet(m, i % 3, i * 1000ull, frame, n, n);
	}
}

/* One of each: what a capture may hold, and what becomes of it. */
static void mixed(struct mk *m)
{
	const struct mk_link *l = link_named("ether");
	uint8_t ip[2048] = {0}, f[2200] = {0};
	uint32_t n;

	mk_pcap(m, 262144, 1);
	n = (uint32_t)mk_frame(l, false, ip, mk_ip4(ip, 0x0a010001, 0x0a010002, 30), f);
	mk_pcap_packet(m, 1, f, n, n);         /* delivered */
	mk_pcap_packet(m, 2, f, n + 6, n + 6); /* delivered: padding of the frame */
	mk_pcap_packet(m, 3, f, n - 1, n);     /* cut_short, in the packet */
	mk_pcap_packet(m, 4, f, 13, n);        /* cut_short, in the Ethernet header */
	mk_pcap_packet(m, 5, f, 14, n);        /* cut_short, before the IP header */
	mk_pcap_packet(m, 6, f, 0, n);         /* cut_short, nothing at all */
	f[13] = 6;
	mk_pcap_packet(m, 7, f, n, n); /* not_ip: ARP */
	f[12] = f[13] = 0xff;
	mk_pcap_packet(m, 8, f, n, n); /* not_ip */
	f[12] = 8, f[13] = 0, f[14] = 0x44;
	mk_pcap_packet(m, 9, f, n, n); /* bad_header: 16 bytes of header */
	f[14] = 0x55;
	mk_pcap_packet(m, 10, f, n, n); /* bad_header: version 5 */
	f[14] = 0x45, f[17] = 10;
	mk_pcap_packet(m, 11, f, n, n); /* bad_header: shorter than its header */
	n = (uint32_t)mk_frame(l, false, ip, mk_ip4(ip, 0x0a010001, 0x0a010002, 27), f);
	f[20] = 0x20;
	mk_pcap_packet(m, 12, f, n, n); /* fragment: more, but no multiple of 8 */
	n = (uint32_t)mk_frame(l, false, ip, mk_ip4(ip, 0x0a010001, 0x0a010002, 32), f);
	f[20] = 0x20;
	mk_pcap_packet(m, 13, f, n, n); /* delivered: a first fragment */
	n = (uint32_t)mk_frame(l, true, ip, mk_ip6(ip, 1, 2, 30), f);
	mk_pcap_packet(m, 14, f, n, n); /* delivered */
	f[12] = 8, f[13] = 0;
	mk_pcap_packet(m, 15, f, n, n); /* bad_header: IPv6 in an IPv4 frame */
	fprintf(stderr, "15 4 2 4 4 1\n");
}

static void raw_from(struct mk *m, unsigned count, const char *kind)
{
	static const uint32_t odd[] = {0, 0xe0000001, 0xffffffff, 0xf0000001, 0x7f000001};
	uint8_t ip[2048];

	mk_pcap(m, 262144, 101);
	for (unsigned i = 0; i < count; i++) {
		size_t n = 0;
		if (strcmp(kind, "bulk") == 0)
			n = mk_ip4(ip, 0x0a010001 + i % 2, 0x0a010002 - i % 2, 172);
		else if (strcmp(kind, "senders") == 0)
			n = mk_ip4(ip, 0x0a020001 + i, 0x0a010002, 100);
		else if (i % 6 == 5)
			n = mk_ip6(ip, 0, 2, 100), memset(ip + 8, 0, 16);
		else
			n = mk_ip4(ip, odd[i % 6], 0x0a010002, 100);
		mk_pcap_packet(m, i * 1000ull, ip, (uint32_t)n, (uint32_t)n);
	}
}

int main(int argc, char **argv)
{
	const char *kind = argc > 1 ? argv[1] : "";
	unsigned count = argc > 2 ? (unsigned)atoi(argv[2]) : 200;
	struct mk m = {.big = strstr(kind, "big") != NULL, .nano = strstr(kind, "nano") != NULL};

	if (link_named(kind)) {
		pcap(&m, link_named(kind), count);
	} else if (strncmp(kind, "ng", 2) == 0) {
		ng_section(&m, count);
		if (strcmp(kind, "ng-sections") == 0) {
			m.big = true;
			ng_section(&m, count);
		}
	} else if (strcmp(kind, "mixed") == 0) {
		mixed(&m);
	} else if (m.big || m.nano) {
		pcap(&m, link_named("ether"), count);
	} else if (!strcmp(kind, "bulk") || !strcmp(kind, "senders") || !strcmp(kind, "sources")) {
		raw_from(&m, count, kind);
	} else {
		fprintf(stderr, "mkcap: %s: no such kind\n", kind);
		return 2;
	}
	bool written = fwrite(m.b, 1, m.n, stdout) == m.n && fflush(stdout) == 0;
	mk_free(&m);
	return !written;
}
