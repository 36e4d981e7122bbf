/*
 * io_netlink_routes.c - which prefixes meet; the routes of this host, seen with ip(8)'s eyes
 */
#include <stdlib.h>
#include <string.h>

#include "lib/io/netlink_routes.h"
#include "t/unit/tap.h"

static struct lr_prefix prefix(const char *text)
{
	struct lr_prefix p = {0};

	if (lr_prefix_parse(text, &p) != 0)
		abort();
	return p;
}

static void meeting(void)
{
	static const struct {
		const char *a, *b;
		bool meet;
	} cases[] = {
		{"10.66.0.0/16", "10.66.0.0/16", true},
		{"10.66.0.0/16", "10.66.3.0/24", true},
		{"10.66.0.0/16", "10.0.0.0/8", true},
		{"10.66.0.0/16", "10.67.0.0/16", false},
		{"10.66.0.0/16", "10.64.0.0/14", true},
		{"10.66.0.0/16", "10.68.0.0/14", false},
		{"10.66.0.0/16", "0.0.0.0/0", true},
		{"10.66.0.0/16", "fd66::/16", false},
		{"fd66::/64", "fd66::1/128", true},
		{"fd66::/64", "fd66:0:0:1::/64", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct lr_prefix a = prefix(cases[i].a), b = prefix(cases[i].b);
		ok(lr_prefixes_meet(&a, &b) == cases[i].meet &&
				lr_prefixes_meet(&b, &a) == cases[i].meet,
			"%s and %s %s", cases[i].a, cases[i].b, cases[i].meet ? "meet" : "do not");
	}
}

static void host(void)
{
	struct lr_met_route found[8];
	struct lr_prefix all = prefix("0.0.0.0/0"), none = prefix("240.66.0.0/16");
	struct lr_err err = {0};
	int n = lr_routes_meeting(&all, NULL, found, 8, &err);
	bool sorted = true;

	ok(n >= 0 && !err.text[0], "the routes of this host can be read: %d", n);
	for (int i = 0; i < n; i++)
		sorted &= found[i].dst.len > 0 && found[i].dst.ip.family == 4 &&
			  (i == 0 || found[i - 1].dst.len >= found[i].dst.len);
	ok(sorted, "no default route among them, the narrowest first");
	is_int(lr_routes_meeting(&none, NULL, found, 8, &err), 0, "none in 240.66.0.0/16");
	is_int(lr_routes_meeting(&all, NULL, found, 0, &err), 0, "no room, none");
}

int main(void)
{
	meeting();
	host();
	return tap_done();
}
