/*
 * relay_admission.c - meters and limits, on the test's own clock
 */
#include "lib/base/clock.h"
#include "lib/crypto/crypto.h"
#include "lib/relay/admission.h"
#include "t/unit/tap.h"

/* How many of `tries` packets of `len` bytes pass when one comes every `every` ns. */
static unsigned passed(const struct lr_rate *rate, size_t len, uint64_t every, unsigned tries)
{
	struct lr_meters m = {0};
	unsigned n = 0;
	uint64_t now = 5 * LR_NS_PER_S;
	for (unsigned i = 0; i < tries; i++, now += every)
		n += lr_meters_allow(&m, rate, len, now);
	return n;
}

static void meters(void)
{
	struct lr_rate packets = lr_rate_of(1000, 0), bytes = lr_rate_of(0, 100000),
		       none = lr_rate_of(0, 0), both = lr_rate_of(1000, 1000000);
	is_int(passed(&packets, 100, 0, 10000), 250, "a quarter of a second's worth at once");
	is_int(passed(&packets, 100, LR_NS_PER_MS, 5000), 5000, "at the rate all pass");
	unsigned n = passed(&packets, 100, LR_NS_PER_MS / 2, 10000);
	ok(n >= 5000 && n <= 5251, "at twice the rate half of them pass (%u)", n);
	is_int(passed(&bytes, 1000, 0, 1000), 25, "the same in bytes");
	is_int(passed(&bytes, 1000, 10 * LR_NS_PER_MS, 1000), 1000, "and at that rate");
	is_int(passed(&none, 1500, 0, 100000), 100000, "0 is no limit");
	is_int(passed(&both, 100, 0, 10000), 250, "the stricter of the two counts: packets");
	is_int(passed(&both, 10000, 0, 10000), 25, "bytes");
	struct lr_meters m = {0};
	for (int i = 0; i < 1000; i++)
		(void)lr_meters_allow(&m, &both, 100, 0);
	uint64_t packets_then = m.packets.busy_until, bytes_then = m.bytes.busy_until;
	ok(!lr_meters_allow(&m, &both, 100, 0) && m.packets.busy_until == packets_then &&
			m.bytes.busy_until == bytes_then,
		"what is refused costs nothing");
	ok(lr_meters_allow(&m, &both, 100, LR_NS_PER_S), "a second later there is room again");
}

static unsigned allowed(bool (*one)(struct lr_admission *, const struct lr_ip *, uint64_t),
	struct lr_admission *a, uint32_t ip, uint64_t now, unsigned tries)
{
	unsigned n = 0;
	struct lr_ip from = lr_ip4(ip);
	for (unsigned i = 0; i < tries; i++)
		n += one(a, &from, now);
	return n;
}

static void networks(void)
{
	struct lr_admission a;
	struct lr_admission_limits l = {.checks_network = 10,
		.checks_all = 25,
		.answers_network = 5,
		.answers_all = 1000,
		.founded_network = 6,
		.founded_all = 1000};
	uint64_t now = 7200 * LR_NS_PER_S;
	lr_admission_init(&a, &l);
	is_int(allowed(lr_admission_check, &a, 0xc0000201, now, 100), 10, "checks of a network");
	is_int(allowed(lr_admission_check, &a, 0xc00002fe, now, 100), 0, "its neighbour's too");
	is_int(allowed(lr_admission_check, &a, 0xc0000301, now, 100), 10, "another network's");
	is_int(allowed(lr_admission_check, &a, 0xc0000401, now, 100), 5, "what all may is over");
	is_int(a.refused_checks, 375, "refusals are counted");
	is_int(allowed(lr_admission_check, &a, 0xc0000201, now + LR_NS_PER_S, 100), 10,
		"a second later again");
	is_int(allowed(lr_admission_answer, &a, 0xc0000201, now, 100), 5, "answers are apart");
	is_int(allowed(lr_admission_found, &a, 0xc0000201, now, 100), 6, "new parties");
	is_int(allowed(lr_admission_found, &a, 0xc0000201, now + 60 * LR_NS_PER_S, 100), 0,
		"a minute later none");
	is_int(allowed(lr_admission_found, &a, 0xc0000201, now + 1201 * LR_NS_PER_S, 100), 2,
		"after twenty minutes a third of an hour's");
	is_int(allowed(lr_admission_found, &a, 0xc0000201, now + 7200 * LR_NS_PER_S, 100), 6,
		"after two hours an hour's");
	lr_admission_release(&a);
}

int main(void)
{
	if (lr_crypto_init() < 0)
		return 1;
	meters();
	networks();
	return tap_done();
}
