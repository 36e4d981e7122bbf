/*
 * admission.c - see admission.h; ITU-T I.371, annex A (generic cell rate algorithm)
 */
#include "lib/relay/admission.h"

#define PS_PER_S        1000000000000ull
#define SECONDS_AN_HOUR 3600

const struct lr_admission_limits lr_admission_defaults = {
	/* One member may have half of a line of 1 Gbit/s, for a file copied to a friend: 500
	 * Mbit/s, which are 45,000 full packets; as small ones they are a quarter of a core. A
	 * party may have the line, or half of the core. */
	.source_packets = 50000,
	.source_bytes = 60 << 20,
	.party_packets = 100000,
	.party_bytes = 120 << 20,
	.checks_network = 200, /* a school's worth of members that come back at once */
	.checks_all = 4000,    /* a quarter of a core */
	.answers_network = 1000,
	.answers_all = 50000,
	.founded_network = 60,
	.founded_all = 20000,
};

struct lr_rate lr_rate_of(uint64_t packets, uint64_t bytes)
{
	return (struct lr_rate){
		.ps_per_packet = packets ? PS_PER_S / packets : 0,
		.ps_per_byte = bytes ? PS_PER_S / bytes : 0,
	};
}

void lr_admission_init(struct lr_admission *a, const struct lr_admission_limits *limits)
{
	*a = (struct lr_admission){
		.source = lr_rate_of(limits->source_packets, limits->source_bytes),
		.party = lr_rate_of(limits->party_packets, limits->party_bytes),
	};
	lr_limit_init(&a->checks, limits->checks_network, limits->checks_all);
	lr_limit_init(&a->answers, limits->answers_network, limits->answers_all);
	lr_limit_init(&a->founded, limits->founded_network, limits->founded_all);
}

void lr_admission_release(struct lr_admission *a)
{
	lr_limit_release(&a->checks);
	lr_limit_release(&a->answers);
	lr_limit_release(&a->founded);
}

static bool counted(bool allowed, uint64_t *refused)
{
	*refused += !allowed;
	return allowed;
}

bool lr_admission_check(struct lr_admission *a, const struct lr_ip *ip, uint64_t now)
{
	return counted(lr_limit_allow(&a->checks, now, ip), &a->refused_checks);
}

bool lr_admission_answer(struct lr_admission *a, const struct lr_ip *ip, uint64_t now)
{
	return counted(lr_limit_allow(&a->answers, now, ip), &a->refused_answers);
}

/* The limit counts in its clock's seconds: a clock that goes 3,600 times slower makes them hours.
 */
bool lr_admission_found(struct lr_admission *a, const struct lr_ip *ip, uint64_t now)
{
	return counted(lr_limit_allow(&a->founded, now / SECONDS_AN_HOUR, ip), &a->refused_founded);
}
