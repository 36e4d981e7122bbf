/*
 * net_link.c - every link type with IPv4 and IPv6 in it, what is not IP, and every cut
 */
#include "lib/net/link.h"
#include "t/tools/mkcap.h"
#include "t/unit/tap.h"

static void test_found(void)
{
	uint8_t ip[64], frame[128], family;
	size_t at;

	for (size_t i = 0; i < MK_LINKS; i++) {
		const struct mk_link *l = &mk_links[i];
		for (int six = 0; six < 2; six++) {
			size_t n = six ? mk_ip6(ip, 1, 2, 4) : mk_ip4(ip, 1, 2, 4);
			size_t len = mk_frame(l, six, ip, n, frame);
			ok(lr_link_find_ip(l->link, frame, len, &at, &family) == LR_LINK_IP &&
					at == l->len && family == (six ? 6 : 4),
				"%s with IPv%d", l->kind, six ? 6 : 4);
		}
		unsigned wrong = 0;
		for (size_t cut = 0; cut < l->len; cut++)
			wrong += lr_link_find_ip(l->link, frame, cut, &at, &family) !=
					 LR_LINK_SHORT ||
				 at > cut;
		is_int(wrong, 0, "every cut inside the link header is short");
	}
}

static void test_not_ip(void)
{
	static const struct {
		const char *name;
		uint32_t link;
		uint8_t bytes[24];
		size_t len;
	} cases[] = {
		{"ARP", 1, {[12] = 8, [13] = 6}, 24},
		{"802.3 IPX", 1, {[13] = 30, 0xff, 0xff}, 24},
		{"802.3 LLC, cut behind its first bytes", 1, {[13] = 30, 0xe0, 0xe0, 3}, 17},
		{"SNAP with ARP", 1, {[13] = 30, 0xaa, 0xaa, 3, 0, 0, 0, 8, 6}, 24},
		{"VLAN with ARP", 1, {[12] = 0x81, 0, 0, 1, 8, 6}, 24},
		{"raw, version 5", 101, {0x55}, 24},
		{"null with IPX", 0, {23 + 100}, 24},
		{"loop in the wrong order", 108, {2}, 24},
		{"PPP LCP", 9, {0xff, 3, 0xc0, 0x21}, 24},
		{"an unknown link type", 147, {0x45}, 24},
	};
	uint8_t family;
	size_t at;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		is_int(lr_link_find_ip(cases[i].link, cases[i].bytes, cases[i].len, &at, &family),
			LR_LINK_NOT_IP, cases[i].name);
}

static void test_nested(void)
{
	uint8_t pppoe[] = {[12] = 0x88, 0x64, 0x11, 0, 0, 1, 0, 9, 0, 0x57, 0x60}, family,
		tags[14 + 4 * 40];
	size_t at;
	ok(lr_link_find_ip(1, pppoe, sizeof(pppoe), &at, &family) == LR_LINK_IP && at == 22 &&
			family == 6,
		"PPPoE with IPv6");
	memset(tags, 0, sizeof(tags));
	for (size_t i = 12; i < sizeof(tags); i += 4)
		mk_be16(tags + i, 0x8100);
	is_int(lr_link_find_ip(1, tags, sizeof(tags), &at, &family), LR_LINK_SHORT,
		"tags up to the end");
	mk_be16(tags + sizeof(tags) - 2, 0x0800);
	ok(lr_link_find_ip(1, tags, sizeof(tags), &at, &family) == LR_LINK_IP && at == sizeof(tags),
		"forty tags and then IP");
}

int main(void)
{
	test_found();
	test_not_ip();
	test_nested();
	return tap_done();
}
