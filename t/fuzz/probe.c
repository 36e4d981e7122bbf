/*
 * probe.c - fuzzer: probes from a member whose boxes are right but whose bodies are anything
 *
 * The first byte chooses the route, the rest is a body: it is sealed as that member would and
 * handed to lr_reach, which may answer and probe but never with more bytes than the ping had, and
 * runs on for ten seconds. The same bytes go in unsealed, and as text to the parsers of records.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/nat/reach.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define UNIX 1795000000000000000ull

struct watch {
	size_t sent, most;
};

static void must(bool good)
{
	if (!good)
		abort();
}

static void watch_send(
	void *ctx, const struct lr_route *route, const uint8_t *p, size_t len, bool big)
{
	struct watch *w = ctx;

	must(len <= LR_PROBE_MAX && p && route->to.sa.sa_family != AF_UNSPEC);
	must(!big || len > LR_PROBE_MIN);
	w->sent++;
	if (len > w->most)
		w->most = len;
}

static void texts(const uint8_t *data, size_t size)
{
	char text[128], out[LR_CANDIDATE_TEXT], nat_out[LR_NAT_TEXT];
	struct lr_candidate c, again;
	struct lr_nat nat, nat_again;

	if (size >= sizeof(text))
		return;
	memcpy(text, data, size);
	text[size] = '\0';
	if (lr_candidate_parse(text, &c) == 0) {
		must(lr_candidate_parse(lr_candidate_text(&c, out), &again) == 0);
		must(c.kind == again.kind && c.port == again.port &&
			lr_ip_equal(&c.ip, &again.ip) && c.channel == again.channel);
	}
	if (lr_nat_parse(text, &nat) == 0) {
		must(lr_nat_parse(lr_nat_text(&nat, nat_out), &nat_again) == 0);
		must(memcmp(&nat, &nat_again, sizeof(nat)) == 0);
	}
}

static struct lr_clocks clocks_at(uint64_t now)
{
	return (struct lr_clocks){{UNIX + now, UNIX + now}};
}

static size_t seal(const struct lr_probe_pair *pair, const uint8_t *body, size_t n, uint8_t *out)
{
	memset(out, 0, LR_PROBE_HEAD);
	out[0] = LR_PROBE_TYPE;
	out[1] = 1;
	lr_probe_hint(pair, UNIX / LR_NS_PER_S / LR_DAY_S, true, out + 4);
	lr_xseal_once(out + LR_PROBE_HEAD, body, n, out, 12, out + 12, pair->send);
	return LR_PROBE_HEAD + n + LR_TAG_LEN;
}

static void run(struct lr_reach *r, struct watch *w)
{
	uint64_t now = 2 * LR_NS_PER_S;

	w->sent = 0;
	for (int i = 0; i < 5000 && now < 12 * LR_NS_PER_S; i++) {
		struct lr_clocks clocks = clocks_at(now);
		now = lr_reach_run(r, now, &clocks);
	}
	must(w->sent < 64 + 200 * 10 + 500); /* the budget, and what measures paths */
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	return lr_crypto_init();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t secret[LR_KEY_LEN] = {7};
	struct watch w = {0};
	struct lr_reach_out out = {.ctx = &w, .send = watch_send};
	static struct lr_reach_host h;
	struct lr_probe_pair pair;
	struct lr_reach r;
	struct lr_route route = {0};
	struct lr_clocks clocks = clocks_at(0);
	uint8_t p[LR_PROBE_MAX];

	if (size < 1 || size - 1 > LR_PROBE_MAX - LR_PROBE_HEAD - LR_TAG_LEN)
		return 0;
	texts(data, size);
	must(lr_endpoint_parse(data[0] & 1 ? "[2001:db8::9]:9" : "192.0.2.9:9", &route.to) == 0);
	route.channel = data[0] & 2 ? 5 : 0;
	lr_reach_host_init(&h, &out);
	must(lr_reach_init(&r, &h, secret, true, NULL, &clocks) == 0);
	lr_reach_relays(&r, LR_NS_PER_S, &route, route.channel != 0);
	lr_reach_receive(&h, LR_NS_PER_S, &clocks, &route, data + 1, size - 1);
	must(w.sent == 0);
	lr_probe_pair_init(&pair, secret, false);
	size_t n = seal(&pair, data + 1, size - 1, p);
	int rc = lr_reach_receive(&h, LR_NS_PER_S, &clocks, &route, p, n);
	must(w.most <= n && w.sent <= 1);
	must(rc == 0 || w.sent == 0);
	run(&r, &w);
	lr_reach_release(&r);
	must(h.budget.open == 0 && h.hints.map.n == 0);
	lr_reach_host_release(&h);
	return 0;
}
