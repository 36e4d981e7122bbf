/*
 * captured.c - see captured.h
 */
#include "lib/lan/captured.h"

#include <string.h>

#include "lib/base/clock.h"
#include "lib/net/ip.h"

/* FNV-1a over ports and payload, which are the same on every card; length and checksum are between
 * them. False: it is no UDP datagram in one piece. Source: draft-eastlake-fnv. */
static bool hash_of(const uint8_t *packet, size_t len, uint64_t *out)
{
	struct lr_packet p;
	uint64_t h = 0xcbf29ce484222325u;

	if (lr_packet_parse(packet, len, &p) != LR_IP_FINE || p.proto != LR_UDP || p.fragment ||
		p.len < p.l4_at + 8u)
		return false;
	for (size_t i = p.l4_at; i < p.len; i++)
		if (i < p.l4_at + 4u || i >= p.l4_at + 8u)
			h = (h ^ packet[i]) * 0x100000001b3u;
	*out = h;
	return true;
}

/* Whether the same was sent on another card a moment ago. */
static bool elsewhere(const struct lr_captured *c, uint64_t now, int card, uint64_t hash)
{
	for (unsigned i = 0; i < LR_CAPTURED_KNOWN; i++)
		if (c->known[i].at_ns && c->known[i].hash == hash && c->known[i].card != card &&
			now - c->known[i].at_ns < LR_CAPTURED_SAME_NS)
			return true;
	return false;
}

static void know(struct lr_captured *c, uint64_t now, int card, uint64_t hash)
{
	unsigned i = c->next_known++ % LR_CAPTURED_KNOWN;

	c->known[i].hash = hash;
	c->known[i].at_ns = now;
	c->known[i].card = card;
}

/* Our own interface sent what is held. */
static void drop_held(struct lr_captured *c, uint64_t hash)
{
	for (unsigned i = 0; i < c->n; i++) {
		unsigned at = (c->first + i) % LR_CAPTURED_HELD;
		if (c->held[at].hash == hash && c->held[at].len) {
			c->held[at].len = 0;
			c->copies++;
		}
	}
}

void lr_captured_own(struct lr_captured *c, uint64_t now, const uint8_t *packet, size_t len)
{
	uint64_t hash;

	if (!hash_of(packet, len, &hash))
		return;
	know(c, now, 0, hash);
	drop_held(c, hash);
}

void lr_captured_put(
	struct lr_captured *c, uint64_t now, int card, const uint8_t *packet, size_t len)
{
	uint64_t hash;

	if (!hash_of(packet, len, &hash))
		return;
	if (elsewhere(c, now, card, hash)) {
		c->copies++;
		return;
	}
	know(c, now, card, hash);
	if (c->n == LR_CAPTURED_HELD || len > LR_CAPTURED_BYTES) {
		c->lost++;
		return;
	}
	unsigned at = (c->first + c->n++) % LR_CAPTURED_HELD;
	c->held[at].due_ns = now + LR_CAPTURED_HOLD_NS;
	c->held[at].hash = hash;
	c->held[at].len = len;
	memcpy(c->held[at].bytes, packet, len);
}

uint8_t *lr_captured_next(struct lr_captured *c, uint64_t now, size_t *len)
{
	while (c->n && c->held[c->first].due_ns <= now) {
		unsigned at = c->first;
		c->first = (c->first + 1) % LR_CAPTURED_HELD;
		c->n--;
		*len = c->held[at].len;
		if (*len)
			return c->held[at].bytes;
	}
	return NULL;
}

uint64_t lr_captured_due(const struct lr_captured *c)
{
	return c->n ? c->held[c->first].due_ns : LR_NEVER;
}
