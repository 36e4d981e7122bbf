/* net_sum.c - checksums against the definition, and against packets with known ones */
#include <arpa/inet.h>

#include "lib/base/bytes.h"
#include "lib/net/ip.h"
#include "t/unit/tap.h"

#define LONGEST 3000

/* RFC 1071, 1: 16-bit big-endian words with end-around carry, an odd byte padded. */
static uint16_t plainly(const uint8_t *p, size_t len, uint32_t sum)
{
	for (size_t i = 0; i < len; i++) {
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return htons((uint16_t)~sum);
}

static uint8_t room[LONGEST + 16] __attribute__((aligned(64)));

static void all_lengths(const char *what)
{
	for (size_t at = 0; at < 8; at++) {
		size_t good = 0;
		for (size_t len = 0; len <= LONGEST; len++)
			good += lr_sum_fold(lr_sum(room + at, len, 0)) ==
				plainly(room + at, len, 0);
		ok(good == LONGEST + 1, "%s: lengths 0 to %d at alignment %zu", what, LONGEST, at);
	}
}

static void lengths(void)
{
	uint32_t seed = 1;

	for (size_t i = 0; i < sizeof(room); i++) {
		seed = seed * 1664525 + 1013904223;
		room[i] = (uint8_t)(seed >> 24);
	}
	all_lengths("random bytes");
	bool good = true;
	for (size_t cut = 0; cut <= 1000; cut += 2)
		good &= lr_sum(room + cut, 1001 - cut, lr_sum(room, cut, 0)) % 0xffff ==
			lr_sum(room, 1001, 0) % 0xffff;
	ok(good, "a sum goes on behind any even length");
	memset(room, 0xff, sizeof(room));
	all_lengths("all ones");
	static uint8_t big[65536];
	memset(big, 0xff, sizeof(big));
	is_int(lr_sum_fold(lr_sum(big, 65535, 0)), plainly(big, 65535, 0), "the longest packet");
	is_int(lr_sum_fold(0), 0xffff, "of nothing");
	is_int(lr_sum_fold(0xffff), 0, "of all ones");
	is_int(lr_sum_fold(UINT64_MAX), 0, "the largest sum is folded");
	is_int(lr_sum_fold(0x1000100010001), (uint16_t)~4, "each part counts");
	is_int(lr_sum_fold(0xfffffffffffeffff), (uint16_t)~0xfffe, "every carry is taken round");
}

/* A header whose checksum is published (the example in RFC 1071's words: verify gives 0). */
static void headers(void)
{
	uint8_t ip[24] = {0x45, 0, 0, 0x73, 0, 0, 0x40, 0, 0x40, 0x11, 0xaa, 0xaa, 0xc0, 0xa8, 0, 1,
		0xc0, 0xa8, 0, 0xc7};
	static const uint8_t want[2] = {0xb8, 0x61};
	uint8_t six[40] = {0x60, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, copy[40];

	lr_ip4_checksum(ip);
	is_mem(ip + 10, want, 2, "a header's checksum, whatever stood there");
	is_int(lr_sum_fold(lr_sum(ip, 20, 0)), 0, "it verifies");
	ip[0] = 0x46;
	ip[20] = 0x94;
	lr_ip4_checksum(ip);
	is_int(lr_sum_fold(lr_sum(ip, 24, 0)), 0, "with options too");
	memcpy(copy, six, sizeof(six));
	lr_ip4_checksum(six);
	is_mem(six, copy, sizeof(six), "IPv6 has none");
}

/* The pseudo header written out as bytes (RFC 768, RFC 8200 8.1) and summed plainly. */
static void pseudo(void)
{
	uint8_t ip[40] = {0x45}, plain[40] = {0};
	static const uint8_t udp[13] = {
		0x30, 0x39, 0x10, 0xe1, 0, 13, 0, 0, 'h', 'e', 'l', 'l', 'o'};
	uint8_t all[40 + sizeof(udp)];

	for (size_t i = 12; i < 20; i++)
		ip[i] = (uint8_t)(i * 37);
	memcpy(plain, ip + 12, 8);
	plain[9] = LR_UDP;
	lr_put_be16(plain + 10, sizeof(udp));
	memcpy(all, plain, 12);
	memcpy(all + 12, udp, sizeof(udp));
	is_int(lr_sum_fold(lr_sum(udp, sizeof(udp), lr_sum_pseudo(ip, LR_UDP, sizeof(udp)))),
		plainly(all, 12 + sizeof(udp), 0), "UDP over IPv4");

	ip[0] = 0x60;
	for (size_t i = 8; i < 40; i++)
		ip[i] = (uint8_t)(i * 91);
	memcpy(plain, ip + 8, 32);
	memset(plain + 32, 0, 8);
	lr_put_be32(plain + 32, sizeof(udp));
	plain[39] = LR_UDP;
	memcpy(all, plain, 40);
	memcpy(all + 40, udp, sizeof(udp));
	is_int(lr_sum_fold(lr_sum(udp, sizeof(udp), lr_sum_pseudo(ip, LR_UDP, sizeof(udp)))),
		plainly(all, 40 + sizeof(udp), 0), "UDP over IPv6");
	lr_put_be32(plain + 32, 70000);
	is_int(lr_sum_fold(lr_sum_pseudo(ip, LR_UDP, 70000)), plainly(plain, 40, 0),
		"a length over 16 bits");
}

int main(void)
{
	lengths();
	headers();
	pseudo();
	return tap_done();
}
