/*
 * node_given.c - what is typed: times; and which addresses the internet can reach
 */
#include "lib/node/given.h"
#include "lib/node/host_places.h"
#include "t/unit/tap.h"

#define MAX_S (30 * 86400)

static void durations(void)
{
	static const struct {
		const char *text;
		uint64_t seconds; /* 0: an error */
	} cases[] = {
		{"1s", 1},
		{"90s", 90},
		{"30m", 1800},
		{"2h", 7200},
		{"7d", 604800},
		{"1h30m", 5400},
		{"1d1h1m1s", 90061},
		{"30d", MAX_S},
		{"30d1s", 0},
		{"999999999999d", 0},
		{"9999999999999s", 0},
		{"0s", 0},
		{"0h0m", 0},
		{"", 0},
		{"2", 0},
		{"h", 0},
		{"2x", 0},
		{"2h3", 0},
		{"-2h", 0},
		{" 2h", 0},
		{"2 h", 0},
		{"1.5h", 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct lr_err err = {0};
		uint64_t s = 0;
		int rc = lr_given_duration("--for", cases[i].text, MAX_S, &s, &err);
		bool good = cases[i].seconds ? rc == 0 && s == cases[i].seconds
					     : rc == -1 && s == 0 && err.exit == LR_EXIT_USAGE &&
						       strstr(err.text, "--for");
		ok(good, "'%s' is %llu s", cases[i].text, (unsigned long long)cases[i].seconds);
	}
}

static void reach(void)
{
	static const struct {
		const char *ip;
		bool is_public;
	} cases[] = {{"203.0.113.7", true}, {"8.8.8.8", true}, {"10.66.0.1", false},
		{"172.15.0.1", true}, {"172.16.0.1", false}, {"172.31.255.255", false},
		{"172.32.0.1", true}, {"192.168.1.5", false}, {"100.63.0.1", true},
		{"100.64.0.1", false}, {"169.254.3.4", false}, {"127.0.0.1", false},
		{"0.0.0.0", false}, {"255.255.255.255", false}, {"224.0.0.1", false},
		{"2001:db8::1", true}, {"fd66::1", false}, {"fe80::1", false}, {"::1", false},
		{"ff02::1", false}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct lr_ip ip;
		ok(lr_ip_parse(cases[i].ip, &ip) == 0 && lr_ip_public(&ip) == cases[i].is_public,
			"%s is %s", cases[i].ip, cases[i].is_public ? "public" : "not public");
	}
}

static void places(void)
{
	struct lr_host_places p = {0};
	struct lr_place outside;
	struct lr_err err = {0};

	int rc = lr_host_places_find(&p, 3478, &err);

	ok(rc == 0 && p.n > 0 && p.at.family, "this machine is found somewhere: %s",
		p.n ? p.places[0].text : err.text);
	unsigned n = p.n;
	ok(lr_place_parse("198.51.100.9:4000", 17, &outside) == 0, "a place outside");
	lr_host_places_add(&p, &outside);
	ok(p.outside && p.n == n + (n < LR_PLACES_MAX), "one more place, reached from outside");
	is_str(p.places[0].text, "198.51.100.9:4000", "the place outside comes first");
}

int main(void)
{
	durations();
	reach();
	places();
	return tap_done();
}
