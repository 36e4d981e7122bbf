/* Figures of a ping, and a ping of the loopback address. */
#include "lib/io/ping.h"

#include <arpa/inet.h>

#include "lib/base/clock.h"
#include "lib/crypto/crypto.h"
#include "t/unit/tap.h"

static void figures(void)
{
	static const struct {
		const char *name;
		size_t n;
		uint64_t rtts[8];
		uint64_t min, mean, p50, p90, p99, max, jitter;
	} cases[] = {
		{"none", 0, {0}, 0, 0, 0, 0, 0, 0, 0},
		{"one", 1, {7}, 7, 7, 7, 7, 7, 7, 0},
		{"two", 2, {30, 10}, 10, 20, 10, 30, 30, 30, 20},
		{"rising", 4, {10, 20, 30, 40}, 10, 25, 20, 40, 40, 40, 10},
		{"order matters for jitter only", 4, {10, 40, 20, 30}, 10, 25, 20, 40, 40, 40, 20},
		{"equal", 3, {5, 5, 5}, 5, 5, 5, 5, 5, 5, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct lr_ping_result r = {.min_ns = 99, .jitter_ns = 99};
		uint64_t rtts[8];
		memcpy(rtts, cases[i].rtts, sizeof(rtts));
		lr_ping_figures(rtts, cases[i].n, &r);
		ok(r.min_ns == cases[i].min && r.mean_ns == cases[i].mean &&
				r.p50_ns == cases[i].p50 && r.p90_ns == cases[i].p90 &&
				r.p99_ns == cases[i].p99 && r.max_ns == cases[i].max &&
				r.jitter_ns == cases[i].jitter,
			"figures: %s", cases[i].name);
	}
	struct lr_ping_result r;
	uint64_t hundred[100];
	for (unsigned i = 0; i < 100; i++)
		hundred[i] = 100 - i;
	lr_ping_figures(hundred, 100, &r);
	ok(r.p50_ns == 50 && r.p90_ns == 90 && r.p99_ns == 99 && r.max_ns == 100,
		"nearest rank of 100 values");
}

struct heard {
	unsigned n, last;
	size_t size;
	bool sane;
};

static void on_reply(void *ctx, const struct lr_ping_reply *reply)
{
	struct heard *h = ctx;

	h->n++;
	h->last = reply->seq;
	h->size = reply->size;
	h->sane &= reply->rtt_ns > 0;
}

static void loopback(const char *address, unsigned size)
{
	struct lr_ping_options o = {
		.count = 3, .size = size, .interval_ns = LR_NS_PER_MS, .wait_ns = 5 * LR_NS_PER_S};
	struct heard h = {.sane = true};
	struct lr_ping_result r;
	struct lr_err err = {0};

	lr_ip_parse(address, &o.to);
	if (lr_ping_run(&o, on_reply, &h, &r, &err) != 0 && err.exit == LR_EXIT_RIGHTS) {
		printf("ok %u - ping %s # SKIP not allowed to ping here\n", ++tap_n, address);
		return;
	}
	ok(r.sent == 3 && r.received == 3 && h.n == 3 && h.last == 3 && h.size == size + 8 &&
			h.sane && r.min_ns <= r.p50_ns && r.p50_ns <= r.max_ns,
		"ping %s with %u bytes", address, size);
}

static void stopped(void)
{
	volatile sig_atomic_t stop = 1;
	struct lr_ping_options o = {
		.count = 5, .interval_ns = LR_NS_PER_S, .wait_ns = LR_NS_PER_S, .stop = &stop};
	struct lr_ping_result r = {.sent = 9};
	struct lr_err err = {0};

	lr_ip_parse("127.0.0.1", &o.to);
	int rc = lr_ping_run(&o, NULL, NULL, &r, &err);
	if (rc != 0 && err.exit == LR_EXIT_RIGHTS)
		printf("ok %u - stop # SKIP not allowed to ping here\n", ++tap_n);
	else
		ok(rc == 0 && r.sent == 0 && r.received == 0,
			"a stop is seen before anything is sent");
	o.iface = "lr-none-such-if";
	rc = lr_ping_run(&o, NULL, NULL, &r, &err);
	ok(rc == -1 && err.text[0], "an interface that is not there: %s", err.text);
}

int main(void)
{
	lr_crypto_init();
	figures();
	loopback("127.0.0.1", 0);
	loopback("127.0.0.1", 56);
	loopback("127.0.0.1", 20000);
	loopback("::1", 56);
	stopped();
	return tap_done();
}
