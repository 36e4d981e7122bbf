/*
 * admission.h - how much anyone may ask of the relay
 *
 * Theory of operation. Who is verified (a channel is bound to the address) is charged by name: each
 * packet to its channel and to its party, by two meters each, packets and bytes. Who is not is
 * charged by network (lib/nat/limit.h: IPv4 /24, IPv6 /56): answers, signature checks, new
 * parties. So a stranger can use up only what its own network has, and a forged source address
 * nothing of the party that it is aimed at.
 *
 * A meter is the generic cell rate algorithm: the time at which all that was let through would have
 * gone at the allowed rate. What would put that further ahead than a burst is refused and costs
 * nothing.
 */
#ifndef LR_RELAY_ADMISSION_H
#define LR_RELAY_ADMISSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/nat/limit.h"

struct lr_admission_limits {
	/* Of one channel and of one party, a second; 0: no limit. */
	uint64_t source_packets, source_bytes, party_packets, party_bytes;
	/* Of one network and of all, a second. */
	uint32_t checks_network, checks_all;   /* signatures looked at */
	uint32_t answers_network, answers_all; /* to addresses that are not verified */
	uint32_t founded_network, founded_all; /* new parties, an HOUR */
};
/* For a VPS with 1 GB and 1 Gbit/s. */
extern const struct lr_admission_limits lr_admission_defaults;

struct lr_meter {
	uint64_t busy_until; /* ns */
};
struct lr_rate {
	uint64_t ps_per_packet, ps_per_byte; /* picoseconds; 0: no limit */
};
struct lr_meters {
	struct lr_meter packets, bytes;
};

#define LR_METER_BURST_NS 250000000ull /* a quarter of a second's worth at once */

struct lr_rate lr_rate_of(uint64_t packets, uint64_t bytes); /* a second */
/* Whether `len` bytes may pass; charges both meters, or none. */
static inline bool lr_meters_allow(
	struct lr_meters *m, const struct lr_rate *rate, size_t len, uint64_t now)
{
	uint64_t p = m->packets.busy_until > now ? m->packets.busy_until : now;
	uint64_t b = m->bytes.busy_until > now ? m->bytes.busy_until : now;
	p += rate->ps_per_packet / 1000;
	b += len * rate->ps_per_byte / 1000;
	if (p - now > LR_METER_BURST_NS || b - now > LR_METER_BURST_NS)
		return false;
	m->packets.busy_until = p;
	m->bytes.busy_until = b;
	return true;
}

struct lr_admission {
	struct lr_rate source, party;
	struct lr_limit checks, answers, founded;
	uint64_t refused_checks, refused_answers, refused_founded;
};
void lr_admission_init(struct lr_admission *a, const struct lr_admission_limits *limits);
void lr_admission_release(struct lr_admission *a);
/* One signature check, one answer, one new party for `ip`: false, and counted, when that is too
 * many. */
bool lr_admission_check(struct lr_admission *a, const struct lr_ip *ip, uint64_t now);
bool lr_admission_answer(struct lr_admission *a, const struct lr_ip *ip, uint64_t now);
bool lr_admission_found(struct lr_admission *a, const struct lr_ip *ip, uint64_t now);

#endif
