/*
 * storm.c - how much one member may send to all
 *
 * GCRA, the bucket that needs one time: `at` is when everything so far would have left at the
 * allowed rate; it may be a second ahead. A port has a slot of its own unless two of one member's
 * fall together. Source: ITU-T I.371 annex A.
 */
#include "lib/lan/lan_inside.h"

#include <stdlib.h>

static uint64_t next(uint64_t at, uint64_t now, unsigned rate)
{
	return (at > now ? at : now) + LR_NS_PER_S / rate;
}

bool lr_lan_storm_passes(struct lr_lan_member *m, uint32_t key, uint64_t now)
{
	if (!m->storm && !(m->storm = calloc(1, sizeof(*m->storm))))
		return false;
	struct lr_lan_storm *s = m->storm;
	size_t i = (key * 0x9e3779b1u) >> 26;
	if (s->slots[i].key != key && s->slots[i].at <= now) {
		s->slots[i].key = key;
		s->slots[i].at = now;
	}
	uint64_t all = next(s->at, now, LR_LAN_STORM_MEMBER);
	uint64_t port = next(s->slots[i].at, now, LR_LAN_STORM_PORT);
	if (all > now + LR_NS_PER_S || port > now + LR_NS_PER_S)
		return false;
	s->at = all;
	s->slots[i].at = port;
	return true;
}
