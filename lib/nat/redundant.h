/*
 * redundant.h - which packets go over two paths, and over which second one
 *
 * Theory of operation. The same sealed message is sent over the path in use and over a second one;
 * the receiver's replay window lets the first to arrive through. That costs the line twice, so it
 * is off unless asked for, and with LR_REDUNDANT_GAME only packets that look like a game's go
 * twice: UDP, up to LR_REDUNDANT_BYTES of payload, at most LR_REDUNDANT_RATE a second to a member,
 * and any UDP that is marked EF (RFC 3246). TCP repairs itself.
 *
 * The second path is to share as little as possible with the first: where that breaks, the second
 * should live. Another relay, or a relay beside a direct path, shares least; then another family;
 * the same address on another port shares all but the mapping. Of those that share least the one of
 * the least cost; one that is more than LR_REDUNDANT_LATE_MS later than the quickest is of no use
 * to a game unless there is no other.
 */
#ifndef LR_NAT_REDUNDANT_H
#define LR_NAT_REDUNDANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/nat/paths.h"

#define LR_REDUNDANT_BYTES   400
#define LR_REDUNDANT_RATE    400 /* a second: three games at 128 ticks */
#define LR_REDUNDANT_BURST   100
#define LR_REDUNDANT_LATE_MS 100

enum lr_redundant { LR_REDUNDANT_OFF, LR_REDUNDANT_GAME, LR_REDUNDANT_ALL, LR_REDUNDANTS };

/* "off", "game", "all". */
const char *lr_redundant_name(enum lr_redundant mode);
/* "game", "all", or "" for game. 0 or -EINVAL. */
int lr_redundant_parse(const char *text, enum lr_redundant *out);

struct lr_redundant_rate {
	uint64_t level_ns, at_ns; /* zeroed: a full bucket */
};

/* Whether an IP packet as it comes from the device (it may stand for several) goes twice in the
 * mode GAME. About 10 ns. */
bool lr_redundant_game(
	struct lr_redundant_rate *rate, uint64_t now, const uint8_t *packet, size_t len);

/* The usable path for the second copy, NULL when there is none. About 30 ns. */
struct lr_path *lr_redundant_second(struct lr_paths *s);

#endif
