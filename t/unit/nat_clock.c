/*
 * nat_clock.c - two members over days, with clocks that are wrong and relays that lie about the
 * time
 */
#include "t/unit/nat_party.h"
#include "t/unit/tap.h"

/* Days pass: hints change, both still understand each other; nothing is lost at the change. */
static void midnight(void)
{
	struct party p;

	party_begin(&p, "open", "open");
	party_meet_both(&p);
	unsigned switches = 0;
	for (int i = 0; i < 3; i++) {
		p.sim.now += 86000 * LR_NS_PER_S; /* asleep */
		party_traffic(&p, 5000, NULL);
		switches = p.member[0].reach.paths.switches;
		party_run(&p, p.sim.now + 800000 * MS, NULL);
	}
	ok(party_direct(&p), "three days on: still direct");
	is_int(p.member[0].reach.paths.switches, switches, "midnight changes nothing");
	is_int(p.member[0].reach_host.drop_unknown, 0, "no probe was unknown");
	party_release(&p);
}

/* Clocks that are wrong, and relays that lie about the time, from the beginning and later. */
static void clocks(void)
{
	static const struct {
		int64_t wrong_s[2], lie_s[2], later_s[2];
		const char *what;
	} cases[] = {
		{{-1795000000, 0}, {0, 0}, {0, 0}, "one is in 1970"},
		{{LR_DAY_S, -LR_DAY_S}, {0, 0}, {0, 0}, "one is a day fast, one a day slow"},
		{{-1795000000, 40 * LR_DAY_S}, {0, 0}, {0, 0}, "neither is near"},
		{{0, 0}, {-1000000000, 0}, {-1000000000, 0}, "one is told lies"},
		{{0, 0}, {0, 0}, {-1000000000, 70000000}, "both are told lies later"},
		{{-LR_DAY_S, 0}, {0, 0}, {-1000000000, -1000000000}, "all are told the same lie"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct party p;
		party_begin(&p, "prc", "prc");
		for (int k = 0; k < 2; k++) {
			p.member[k].wrong_s = cases[i].wrong_s[k];
			p.member[k].lie_s = cases[i].lie_s[k];
		}
		party_meet_both(&p);
		party_run(&p, p.sim.now + 2000 * MS, party_direct);
		ok(party_direct(&p), "clocks: %s: direct", cases[i].what);
		for (int k = 0; k < 2; k++)
			p.member[k].lie_s = cases[i].later_s[k];
		uint32_t switches = p.member[0].reach.paths.switches;
		party_traffic(&p, 10000, NULL);
		p.member[0].wrong_s = p.member[1].wrong_s = 0; /* somebody sets them */
		party_traffic(&p, 10000, NULL);
		ok(party_direct(&p) && p.member[0].reach.paths.switches == switches,
			"  and stays so");
		party_release(&p);
	}
}

int main(void)
{
	lr_crypto_init();
	midnight();
	clocks();
	return tap_done();
}
