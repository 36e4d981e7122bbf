/*
 * A capture's busiest seconds as a load; the lines that make a laboratory.
 */
#include "lib/bench/load.h"

#include <stdlib.h>
#include <string.h>

#include "lib/bench/live.h"
#include "lib/net/link.h"
#include "t/unit/tap.h"

static uint8_t bytes[1600];

/* An IPv4 packet of UDP with `size` bytes behind its header, at `ms`. */
static struct lr_captured frame(unsigned ms, unsigned size)
{
	unsigned len = 28 + size;

	memset(bytes, 0, sizeof(bytes));
	bytes[0] = 0x45;
	bytes[2] = (uint8_t)(len >> 8);
	bytes[3] = (uint8_t)len;
	bytes[8] = 64;
	bytes[9] = 17;
	return (struct lr_captured){.time_ns = 1000000000ull + ms * 1000000ull,
		.caplen = len,
		.len = len,
		.link = LR_LINK_RAW,
		.bytes = bytes};
}

static void loads(void)
{
	static const struct {
		unsigned ms, size, at_ms, sent;
	} rows[] = {
		{10, 100, 0, 100},
		{30, 2, 20, LR_LOAD_MIN},
		{25, 1400, 20, LR_LOAD_MAX}, /* captures go back in time */
		{110, 50, 100, 50},
		{115, 60, 105, 60},
		{118, 70, 108, 70},
		{900, 80, 890, 80},
	};
	struct lr_load l = {0};
	size_t n = sizeof(rows) / sizeof(*rows);

	for (size_t i = 0; i < n; i++) {
		struct lr_captured f = frame(rows[i].ms, rows[i].size);
		ok(lr_load_take(&l, &f) && l.n == i + 1 &&
				l.packets[i].at_ns == rows[i].at_ms * 1000000ull &&
				l.packets[i].size == rows[i].sent,
			"packet %zu: its time and size", i);
	}
	struct lr_captured rubbish = frame(50, 10);
	bytes[0] = 0;
	ok(lr_load_take(&l, &rubbish) && l.n == n, "what is no IP is left out");
	lr_load_busiest(&l, 10000000);
	ok(l.n == 3 && l.packets[0].size == 50 && l.packets[0].at_ns == 0 &&
			l.packets[2].size == 70 && l.packets[2].at_ns == 8000000,
		"the busiest 10 ms");
	lr_load_busiest(&l, 1000000);
	ok(l.n == 1 && l.packets[0].size == 50, "all alike: the first");
	lr_load_release(&l);
}

static void lines(void)
{
	char *text = NULL, address[LR_LAB_ADDRESS];
	size_t len;
	FILE *out = open_memstream(&text, &len);

	lr_lab_router_lines(out, 1, 2);
	lr_lab_host_lines(out, 1);
	fclose(out);
	ok(strcmp(text, "netns add h1\n"
			"link add v1 type veth peer name eth0 netns h1\n"
			"addr add 10.90.1.1/30 dev v1\nlink set v1 up\n"
			"link set lo up\naddr add 10.90.1.2/30 dev eth0\nlink set eth0 up\n"
			"route add default via 10.90.1.1\n") == 0,
		"a host's line to the router");
	free(text);
	lr_lab_address(1023, address);
	ok(strcmp(address, "10.93.255.2") == 0, "the last host's address");
}

static void steps(void)
{
	struct lr_err err = {0};

	ok(lr_live_steps("startup", &err) == 1u << LR_LIVE_STARTUP, "one step");
	ok(lr_live_steps("peers,direct", &err) == (1u << LR_LIVE_PEERS | 1u << LR_LIVE_DIRECT),
		"two, in any order");
	ok(lr_live_steps("start", &err) == 0 && err.exit == LR_EXIT_USAGE, "half a word is none");
	ok(lr_live_steps("", &err) == 0, "nothing is none");
}

int main(void)
{
	loads();
	lines();
	steps();
	return tap_done();
}
