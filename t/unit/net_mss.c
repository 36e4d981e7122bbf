/*
 * net_mss.c - the MSS of a SYN is lowered, its checksum stays what it was: right, or wrong
 */
#include "lib/base/bytes.h"
#include "lib/net/mss.h"
#include "t/unit/tap.h"

static uint8_t packet[128];

enum { SYN = 2, ACK = 16 };

static uint16_t sum_of(size_t len)
{
	size_t l4 = packet[0] >> 4 == 4 ? 20 : 40;
	return lr_sum_fold(
		lr_sum(packet + l4, len - l4, lr_sum_pseudo(packet, LR_TCP, (uint32_t)(len - l4))));
}

static size_t build(bool v6, uint8_t flags, const uint8_t *options, size_t n)
{
	size_t l4 = v6 ? 40 : 20, len = l4 + 20 + n;

	memset(packet, 0, sizeof(packet));
	packet[0] = v6 ? 0x60 : 0x45;
	if (v6) {
		lr_put_be16(packet + 4, (uint16_t)(20 + n));
		packet[6] = LR_TCP;
		memset(packet + 8, 0xfd, 32);
	} else {
		lr_put_be16(packet + 2, (uint16_t)len);
		packet[6] = 0x40;
		packet[9] = LR_TCP;
		memset(packet + 12, 10, 8);
	}
	packet[l4 + 3] = 80;
	packet[l4 + 12] = (uint8_t)((20 + n) / 4 << 4);
	packet[l4 + 13] = flags;
	memcpy(packet + l4 + 20, options, n);
	uint16_t sum = sum_of(len);
	memcpy(packet + l4 + 16, &sum, 2);
	return len;
}

static const struct {
	const char *what;
	uint8_t options[12];
	unsigned n, at; /* length; where the MSS is, 0: there is none */
} cases[] = {
	{"first", {2, 4, 5, 180}, 4, 2},
	{"behind one byte: an odd place", {1, 2, 4, 5, 180, 1, 1, 0}, 8, 3},
	{"behind others", {1, 3, 3, 7, 4, 2, 2, 4, 5, 180, 0, 0}, 12, 8},
	{"none", {1, 1, 4, 2}, 4, 0},
	{"behind the end", {0, 2, 4, 5, 180, 0, 0, 0}, 8, 0},
	{"of a wrong length", {2, 3, 5, 1}, 4, 0},
	{"cut off", {1, 1, 1, 2}, 4, 0},
	{"beyond the options", {1, 1, 2, 4}, 4, 0},
	{"behind one of length 0", {8, 0, 2, 4, 5, 180, 0, 0}, 8, 0},
	{"behind one that is too long", {8, 9, 2, 4, 5, 180, 0, 0}, 8, 0},
};

static void options(bool v6)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t len = build(v6, SYN, cases[i].options, cases[i].n), l4 = v6 ? 40 : 20;
		size_t limit = v6 ? 1219 : 1211;
		uint8_t before[sizeof(packet)];
		memcpy(before, packet, sizeof(packet));
		bool changed = lr_mss_is_syn(packet, len) && lr_mss_clamp(packet, len, limit);
		is_int(changed, cases[i].at != 0, cases[i].what);
		is_int(sum_of(len), 0, "the checksum is right");
		if (!cases[i].at) {
			is_mem(packet, before, sizeof(packet), "nothing is changed");
			continue;
		}
		size_t at = l4 + 20 + cases[i].at;
		is_int(lr_get_be16(packet + at), limit - l4 - 20, "what fits");
		memcpy(before + at, packet + at, 2);
		memcpy(before + l4 + 16, packet + l4 + 16, 2);
		is_mem(packet, before, sizeof(packet), "and nothing else is changed");
		is_int(lr_mss_clamp(packet, len, limit), false, "once is enough");
	}
}

static void which(void)
{
	static const uint8_t mss[] = {2, 4, 5, 180};
	size_t len = build(false, SYN | ACK, mss, 4);

	ok(lr_mss_is_syn(packet, len), "the answer to a SYN is one");
	is_int(lr_mss_clamp(packet, len, 1501), false, "what is low enough stays");
	is_int(lr_mss_clamp(packet, len, 40), false, "a limit of nothing changes nothing");
	packet[36] ^= 1;
	uint16_t wrong = sum_of(len);
	lr_mss_clamp(packet, len, 1000);
	is_int(sum_of(len), wrong, "a wrong checksum stays as wrong as it was");
	packet[7] = 1;
	ok(!lr_mss_is_syn(packet, len), "not a later fragment");
	len = build(false, ACK, mss, 4);
	ok(!lr_mss_is_syn(packet, len), "not without SYN");
	len = build(true, SYN, mss, 4);
	packet[6] = LR_UDP;
	ok(!lr_mss_is_syn(packet, len), "not UDP");
	len = build(false, SYN, mss, 4);
	ok(!lr_mss_is_syn(packet, 39), "not when the header is cut off");
	packet[32] = 0x40;
	is_int(lr_mss_clamp(packet, len, 1000), false, "nor with a header of 16 bytes");
	packet[32] = 0xf0;
	is_int(lr_mss_clamp(packet, len, 1000), false, "nor with one longer than the packet");
}

int main(void)
{
	options(false);
	options(true);
	which();
	return tap_done();
}
