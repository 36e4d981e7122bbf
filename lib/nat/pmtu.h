/*
 * pmtu.h - how large a datagram may be on one path
 *
 * Theory of operation (RFC 8899). Sizes are UDP payloads. A padded probe of size s that is answered
 * proves s; one that is lost LR_PMTU_TRIES times in a row, while short probes are answered, refutes
 * it. Order: the largest first (most paths carry 1,500-byte packets and are done at once), then the
 * base (a path MTU of 1,280), then halving between the largest proven and the smallest refuted, to
 * within 8 bytes. If the base fails, halving goes on below it. After LR_PMTU_RAISE_S the search is
 * made again from what is proven upwards; every LR_PMTU_CHECK_S the proven size is tried again,
 * every LR_PMTU_WATCH_S while data of about that size goes out, and when that fails (the path
 * changed, a black hole) everything is searched anew from the base, which data uses from then on.
 * Before anything is proven the base is used. Probes never carry data.
 */
#ifndef LR_NAT_PMTU_H
#define LR_NAT_PMTU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/clock.h"

#define LR_PMTU_PACKET_MAX  1500
#define LR_PMTU_PACKET_BASE 1280
#define LR_PMTU_PACKET_MIN  576
#define LR_PMTU_TRIES       3
#define LR_PMTU_RAISE_S     600
#define LR_PMTU_CHECK_S     60
#define LR_PMTU_WATCH_S     2 /* one probe: 6 kbit/s beside bulk */

struct lr_pmtu {
	uint16_t proven;  /* largest answered; 0: none yet */
	uint16_t refuted; /* smallest known not to pass */
	uint16_t base, floor, max;
	uint16_t size; /* of the probe under way, 0: none */
	uint8_t tries;
	bool checking;     /* the probe under way tries what is proven once more */
	uint64_t due_ns;   /* when to send, or to give the probe under way up */
	uint64_t raise_ns; /* when to search upwards again */
};

/* `overhead`: bytes around a datagram on this route (lr_route_overhead). `link_mtu`: of the local
 * interface, 0 when unknown. */
void lr_pmtu_init(struct lr_pmtu *m, uint64_t now, unsigned overhead, unsigned link_mtu);
/* Length of the datagram to send now as a padded ping, 0 for none. `rto_ns`: how long an answer
 * may take on this path. Call only while the path answers short pings. */
size_t lr_pmtu_next(struct lr_pmtu *m, uint64_t now, uint64_t rto_ns);
void lr_pmtu_answered(struct lr_pmtu *m, uint64_t now, size_t size);
/* The kernel refused `size` (EMSGSIZE), probe or data. */
void lr_pmtu_too_big(struct lr_pmtu *m, uint64_t now, size_t size);
/* The largest datagram to use now. */
static inline size_t lr_pmtu_datagram(const struct lr_pmtu *m)
{
	return m->proven ? m->proven : m->base;
}
static inline uint64_t lr_pmtu_due(const struct lr_pmtu *m)
{
	return m->due_ns;
}
/* A datagram of data of `len` bytes went out. Hot: once a batch. */
static inline void lr_pmtu_used(struct lr_pmtu *m, uint64_t now, size_t len)
{
	const uint64_t soon = now + LR_PMTU_WATCH_S * LR_NS_PER_S;

	if (len > lr_pmtu_datagram(m) / 4 * 3 && m->due_ns > soon)
		m->due_ns = soon;
}
bool lr_pmtu_done(const struct lr_pmtu *m);

#endif
