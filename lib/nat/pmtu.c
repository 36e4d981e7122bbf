/*
 * pmtu.c - how large a datagram may be on one path
 */
#include "lib/nat/pmtu.h"

#include "lib/base/clock.h"
#include "lib/nat/probe.h"

#define NEAR 8 /* bytes to which the search goes */

void lr_pmtu_init(struct lr_pmtu *m, uint64_t now, unsigned overhead, unsigned link_mtu)
{
	unsigned packet = link_mtu && link_mtu < LR_PMTU_PACKET_MAX ? link_mtu : LR_PMTU_PACKET_MAX;
	unsigned max = packet > overhead ? packet - overhead : 0;

	if (max > LR_PROBE_MAX)
		max = LR_PROBE_MAX;
	*m = (struct lr_pmtu){.base = (uint16_t)(LR_PMTU_PACKET_BASE - overhead),
		.floor = (uint16_t)(LR_PMTU_PACKET_MIN - overhead),
		.max = (uint16_t)max,
		.refuted = (uint16_t)(max + 1),
		.due_ns = now};
	if (m->max < m->floor)
		m->max = m->floor;
	if (m->base > m->max)
		m->base = m->max;
	m->refuted = (uint16_t)(m->max + 1);
}

bool lr_pmtu_done(const struct lr_pmtu *m)
{
	return m->proven && (m->proven == m->max || m->refuted - m->proven <= NEAR);
}

/* The next size to try; 0: nothing is left to search. */
static uint16_t choose(const struct lr_pmtu *m)
{
	if (lr_pmtu_done(m))
		return 0;
	if (m->refuted > m->max)
		return m->max;
	if (!m->proven && m->refuted > m->base)
		return m->base;
	uint16_t low = m->proven ? m->proven : m->floor;
	if (m->refuted <= low)
		return 0;
	return m->refuted - low <= NEAR ? low : (uint16_t)(low + (m->refuted - low) / 2);
}

static void rest(struct lr_pmtu *m, uint64_t now)
{
	if (!m->raise_ns)
		m->raise_ns = now + LR_PMTU_RAISE_S * LR_NS_PER_S;
	if (m->proven < m->max && m->raise_ns <= now) {
		m->refuted = (uint16_t)(m->max + 1);
		m->raise_ns = 0;
		m->size = choose(m);
		return;
	}
	m->checking = true;
	m->size = m->proven ? m->proven : m->floor;
}

static void refute(struct lr_pmtu *m, uint64_t now)
{
	bool least = m->size <= m->floor;

	m->refuted = m->size;
	if (m->checking)
		m->proven = 0;
	m->checking = false;
	m->size = 0;
	m->due_ns = least ? now + LR_PMTU_CHECK_S * LR_NS_PER_S : now;
}

size_t lr_pmtu_next(struct lr_pmtu *m, uint64_t now, uint64_t rto_ns)
{
	if (now < m->due_ns)
		return 0;
	if (m->size && m->tries == LR_PMTU_TRIES) {
		refute(m, now);
		if (now < m->due_ns)
			return 0;
	}
	if (!m->size) {
		m->tries = 0;
		m->size = choose(m);
		if (!m->size)
			rest(m, now);
	}
	m->tries++;
	m->due_ns = now + rto_ns;
	return m->size;
}

void lr_pmtu_answered(struct lr_pmtu *m, uint64_t now, size_t size)
{
	if (size < m->floor || size > m->max)
		return;
	if (size > m->proven)
		m->proven = (uint16_t)size;
	if (m->refuted <= m->proven)
		m->refuted = (uint16_t)(m->max + 1);
	if (m->size > size || m->size == 0)
		return;
	m->size = 0;
	m->tries = 0;
	m->due_ns = lr_pmtu_done(m) ? now + LR_PMTU_CHECK_S * LR_NS_PER_S : now;
	m->checking = false;
}

void lr_pmtu_too_big(struct lr_pmtu *m, uint64_t now, size_t size)
{
	if (size > m->max || size <= m->floor)
		return;
	if (size < m->refuted)
		m->refuted = (uint16_t)size;
	if (m->proven >= size)
		m->proven = 0;
	if (m->base >= size)
		m->base = m->floor;
	m->size = 0;
	m->checking = false;
	m->due_ns = now;
}
