/*
 * captured.h - what this machine sends to all on other interfaces, on its way into the party
 *
 * Theory of operation. A game that picks its network card sends its broadcasts out of the wrong
 * one. The owner captures them there and puts them here. Some games send on every card, ours
 * included: then each datagram comes several times, and only one may reach the party. So
 *   - a captured datagram is held for LR_CAPTURED_HOLD_NS;
 *   - it is a copy, and goes no further, when the same (ports and payload) went out by our own
 *     interface, or came from another card than this, within LR_CAPTURED_SAME_NS.
 * Games do repeat themselves: on one card the same again is a new datagram, each is carried.
 *
 * What is due goes through lr_lan_out_captured() (lan.h), which gives it our address.
 */
#ifndef LR_LAN_CAPTURED_H
#define LR_LAN_CAPTURED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/lan/lan.h"

#define LR_CAPTURED_HOLD_NS 20000000  /* a program's sends on all cards follow at once */
#define LR_CAPTURED_SAME_NS 250000000 /* under any game's cadence */
#define LR_CAPTURED_HELD    256       /* a browser of servers that asks 169 ports at once passes */
#define LR_CAPTURED_KNOWN   512       /* on each of three cards */
#define LR_CAPTURED_BYTES   2048      /* longest packet */

struct lr_captured {
	struct {
		uint64_t hash, at_ns;
		int card; /* 0: our own interface */
	} known[LR_CAPTURED_KNOWN];
	unsigned next_known;
	struct {
		uint64_t due_ns, hash;
		size_t len;
		uint8_t head[LR_LAN_HEAD]; /* room for one */
		uint8_t bytes[LR_CAPTURED_BYTES];
	} held[LR_CAPTURED_HELD]; /* a ring, by due_ns */
	unsigned first, n;
	uint64_t copies, lost; /* dropped: sent elsewhere, too; more than can be held */
};

/* All zero is empty. Packets are IP; what is no whole UDP datagram is left out. */

/* This went out by our own interface, to all. */
void lr_captured_own(struct lr_captured *c, uint64_t now, const uint8_t *packet, size_t len);
/* This was captured on that card (any number but 0). Copied. */
void lr_captured_put(
	struct lr_captured *c, uint64_t now, int card, const uint8_t *packet, size_t len);
/* The next one to carry, valid until the next call; it may be changed in place, and so may the
 * LR_LAN_HEAD bytes in front of it. NULL: none. */
uint8_t *lr_captured_next(struct lr_captured *c, uint64_t now, size_t *len);
uint64_t lr_captured_due(const struct lr_captured *c); /* LR_NEVER: nothing is held */

#endif
