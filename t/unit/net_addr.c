/* net_addr.c - addresses, prefixes and endpoints: texts in, texts out, comparisons */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>

#include "lib/net/addr.h"
#include "t/unit/tap.h"

static void addresses(void)
{
	static const struct {
		const char *in, *out; /* out NULL: refused */
	} cases[] = {
		{"10.66.0.1", "10.66.0.1"},
		{"0.0.0.0", "0.0.0.0"},
		{"255.255.255.255", "255.255.255.255"},
		{"fd00::1", "fd00::1"},
		{"FD00:0:0::01", "fd00::1"},
		{"::", "::"},
		{"::ffff:192.0.2.1", "::ffff:192.0.2.1"},
		{"2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6"},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
			"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
		{"", NULL},
		{"10.66.0", NULL},
		{"10.66.0.1.", NULL},
		{"10.66.0.256", NULL},
		{"10.66.0.01", NULL},
		{"010.66.0.1", NULL},
		{"0x0a.66.0.1", NULL},
		{"10.66.0.1 ", NULL},
		{" 10.66.0.1", NULL},
		{"10.66.0.1/32", NULL},
		{"10.66.0.-1", NULL},
		{"1:2:3:4:5:6:7", NULL},
		{"1::2::3", NULL},
		{"12345::", NULL},
		{"fe80::1%lo", NULL},
		{"[::1]", NULL},
		{"bob", NULL},
	};
	char text[LR_ADDR_TEXT];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct lr_ip ip = {.family = 9};
		int result = lr_ip_parse(cases[i].in, &ip);
		if (!cases[i].out)
			ok(result == -EINVAL && ip.family == 9, "refused: '%s'", cases[i].in);
		else
			is_str(lr_ip_text(&ip, text), cases[i].out, cases[i].in);
	}
	is_str(lr_ip_text(&(struct lr_ip){0}, text), "-", "no address");
}

static void prefixes(void)
{
	static const struct {
		const char *in, *out, *masked;
	} cases[] = {
		{"10.66.0.0/16", "10.66.0.0/16", "10.66.0.0/16"},
		{"10.66.7.9/16", "10.66.7.9/16", "10.66.0.0/16"},
		{"10.66.7.9", "10.66.7.9/32", "10.66.7.9/32"},
		{"255.255.255.255/1", "255.255.255.255/1", "128.0.0.0/1"},
		{"255.255.255.255/0", "255.255.255.255/0", "0.0.0.0/0"},
		{"255.255.255.255/31", "255.255.255.255/31", "255.255.255.254/31"},
		{"fd00::1", "fd00::1/128", "fd00::1/128"},
		{"fd00:1:2:3:4::/64", "fd00:1:2:3:4::/64", "fd00:1:2:3::/64"},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/127",
			"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/127",
			"ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127"},
		{"ffff::/3", "ffff::/3", "e000::/3"},
		{"::/0", "::/0", "::/0"},
		{"10.0.0.0/33", NULL},
		{"10.0.0.0/", NULL},
		{"10.0.0.0/08", NULL},
		{"10.0.0.0/+8", NULL},
		{"10.0.0.0/8 ", NULL},
		{"10.0.0.0/8/8", NULL},
		{"10.0.0.0/4294967304", NULL},
		{"10.0.0.0/18446744073709551624", NULL},
		{"::/129", NULL},
		{"/8", NULL},
		{"", NULL},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/1", NULL},
	};
	char text[LR_ADDR_TEXT];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct lr_prefix p = {.len = 99};
		int result = lr_prefix_parse(cases[i].in, &p);
		if (!cases[i].out) {
			ok(result == -EINVAL && p.len == 99, "refused: '%s'", cases[i].in);
			continue;
		}
		is_int(result, 0, cases[i].in);
		is_str(lr_prefix_text(&p, text), cases[i].out, "as text");
		lr_prefix_mask(&p);
		is_str(lr_prefix_text(&p, text), cases[i].masked, "masked");
	}
}

static void covering(void)
{
	static const struct {
		const char *prefix, *ip;
		bool covers;
	} cases[] = {
		{"10.66.0.0/16", "10.66.255.255", true},
		{"10.66.0.0/16", "10.67.0.0", false},
		{"10.66.9.9/16", "10.66.1.1", true},
		{"10.66.0.0/15", "10.67.0.1", true},
		{"10.66.0.0/17", "10.66.128.0", false},
		{"10.66.0.1/32", "10.66.0.1", true},
		{"10.66.0.1/32", "10.66.0.0", false},
		{"0.0.0.0/0", "255.1.2.3", true},
		{"0.0.0.0/0", "::1", false},
		{"::/0", "1.2.3.4", false},
		{"::/0", "ffff::", true},
		{"fd00::/8", "fdff::1", true},
		{"fd00::/8", "fe00::1", false},
		{"fd00::1/128", "fd00::1", true},
		{"fd00::1/128", "fd00::2", false},
		{"fd00::2/127", "fd00::3", true},
		{"fd00::2/127", "fd00::4", false},
	};
	struct lr_prefix p;
	struct lr_ip ip;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		lr_prefix_parse(cases[i].prefix, &p);
		lr_ip_parse(cases[i].ip, &ip);
		ok(lr_prefix_covers(&p, &ip) == cases[i].covers, "%s covers %s: %d",
			cases[i].prefix, cases[i].ip, cases[i].covers);
	}
	ok(!lr_prefix_covers(&(struct lr_prefix){0}, &ip), "no prefix covers nothing");
	is_int(lr_ip4(0x0a420001).b[0] * 256 + lr_ip4(0x0a420001).b[3], 2561, "lr_ip4");
	is_int(lr_ip_bits(&p.ip), 128, "bits of IPv6");
	ip = lr_ip4(1);
	is_int(lr_ip_bits(&ip), 32, "bits of IPv4");
}

static void endpoints(void)
{
	char lo[40], number[40], unknown[40];
	const struct {
		const char *in, *out;
	} cases[] = {
		{"192.0.2.1:51820", "192.0.2.1:51820"},
		{"192.0.2.1:1", "192.0.2.1:1"},
		{"192.0.2.1:65535", "192.0.2.1:65535"},
		{"[2001:db8::1]:51820", "[2001:db8::1]:51820"},
		{"[fe80::1%lo]:51820", "[fe80::1%lo]:51820"},
		{number, lo},
		{"[fe80::1%4294967295]:7", "[fe80::1%4294967295]:7"},
		{"192.0.2.1", NULL},
		{"192.0.2.1:", NULL},
		{"192.0.2.1:0", NULL},
		{"192.0.2.1:65536", NULL},
		{"192.0.2.1:4295019116", NULL},
		{"192.0.2.1:051820", NULL},
		{"192.0.2.1:+1", NULL},
		{"192.0.2.1:1 ", NULL},
		{" 192.0.2.1:1", NULL},
		{"192.0.2.1 :1", NULL},
		{"[192.0.2.1]:1", NULL},
		{"2001:db8::1:51820", NULL},
		{"[2001:db8::1]", NULL},
		{"[2001:db8::1]51820", NULL},
		{"[]:1", NULL},
		{"[:1", NULL},
		{":1", NULL},
		{"", NULL},
		{"localhost:1", NULL},
		{"[fe80::1%]:1", NULL},
		{"[fe80::1%0]:1", NULL},
		{"[fe80::1%4294967296]:1", NULL},
		{unknown, NULL},
		{"[2001:db8:2001:db8:2001:db8:2001:db8%averylonginterfacenameindeed]:1", NULL},
	};
	char text[LR_ENDPOINT_TEXT];

	snprintf(lo, sizeof(lo), "[fe80::1%%lo]:7");
	snprintf(number, sizeof(number), "[fe80::1%%%u]:7", if_nametoindex("lo"));
	snprintf(unknown, sizeof(unknown), "[fe80::1%%no-such-if]:7");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct lr_endpoint e = {.from_iface = 9};
		int result = lr_endpoint_parse(cases[i].in, &e);
		if (!cases[i].out) {
			ok(result == -EINVAL && e.from_iface == 9, "refused: '%s'", cases[i].in);
			continue;
		}
		is_str(lr_endpoint_text(&e, text), cases[i].out, cases[i].in);
		ok(e.from.family == 0 && e.from_iface == 0, "no local address yet");
	}
	is_str(lr_endpoint_text(&(struct lr_endpoint){0}, text), "-", "no endpoint");
}

static void comparing(void)
{
	static const char *const texts[] = {"192.0.2.1:1", "192.0.2.1:2", "192.0.2.2:1", "[::1]:1",
		"[::1]:2", "[::2]:1", "[::1%lo]:1", "[::ffff:192.0.2.1]:1"};
	struct lr_endpoint a, b, none = {0};
	char text[LR_ADDR_TEXT];

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		bool good = true;
		lr_endpoint_parse(texts[i], &a);
		a.from = lr_ip4(7);
		for (size_t j = 0; j < sizeof(texts) / sizeof(texts[0]); j++) {
			lr_endpoint_parse(texts[j], &b);
			good &= lr_endpoint_equal(&a, &b) == (i == j);
		}
		ok(good && !lr_endpoint_equal(&a, &none), "%s equals itself only", texts[i]);
	}
	ok(lr_endpoint_equal(&none, &(struct lr_endpoint){.from_iface = 1}), "none is none");
	lr_endpoint_parse("192.0.2.1:5", &a);
	struct lr_ip ip = lr_endpoint_ip(&a);
	is_str(lr_ip_text(&ip, text), "192.0.2.1", "address of an endpoint");
	is_int(lr_endpoint_port(&a), 5, "its port");
	lr_endpoint_parse("[fd00::1]:6", &b);
	ip = lr_endpoint_ip(&b);
	is_str(lr_ip_text(&ip, text), "fd00::1", "address of an IPv6 endpoint");
	is_int(lr_endpoint_port(&b), 6, "its port");
	ip = lr_endpoint_ip(&none);
	ok(ip.family == 0 && lr_endpoint_port(&none) == 0, "none has neither");
	struct lr_ip x = lr_ip4(0x01020304), y = lr_ip4(0x01020304);
	ok(lr_ip_equal(&x, &y), "equal");
	y.b[3]++;
	ok(!lr_ip_equal(&x, &y), "another address");
	y = x;
	y.family = 6;
	ok(!lr_ip_equal(&x, &y), "another family");
}

int main(void)
{
	addresses();
	prefixes();
	covering();
	endpoints();
	comparing();
	return tap_done();
}
