/*
 * repeat.h - announcements that a game makes once, made again for those who come later
 *
 * Theory of operation. A lobby that is announced once is never seen by who joins a second later, or
 * lost a packet. The owner hands in what went out to a port that a profile wants repeated; a copy
 * is kept, and comes back each `every_ms` until `for_ms` after the game said it last. Announcements
 * are the same when ports and the first four bytes of payload are: what a newer one of a kind says
 * stands in the place of the older. What the profile says ends them, a lobby that is closed, is not
 * kept, and what is kept between its ports is forgotten.
 */
#ifndef LR_GAME_REPEAT_H
#define LR_GAME_REPEAT_H

#include "lib/base/clock.h"
#include "lib/game/game.h"

#define LR_REPEAT_ITEMS 16   /* kept at once; the one that ends first gives way */
#define LR_REPEAT_BYTES 1600 /* of one; longer ones are not kept */

struct lr_repeat_item {
	uint64_t next_ns, until_ns; /* until_ns 0: free */
	uint32_t every_ms;
	uint16_t sport, dport;
	uint8_t kind[4];
	uint16_t len;
	uint8_t bytes[LR_REPEAT_BYTES];
};

struct lr_repeats {
	struct lr_repeat_item items[LR_REPEAT_ITEMS];
};

/* The UDP datagram to more than one at `udp` (its header and `n` bytes in all) went out at `now`;
 * what is to come back are the `len` bytes at `bytes`. */
void lr_repeats_take(struct lr_repeats *r, uint64_t now, const struct lr_game_repeat *rule,
	const uint8_t *udp, size_t n, const void *bytes, size_t len);
/* One that is due, valid until the next call; NULL: none is. */
const uint8_t *lr_repeats_next(struct lr_repeats *r, uint64_t now, size_t *len);
uint64_t lr_repeats_due(const struct lr_repeats *r); /* LR_NEVER: never */
/* Those to that port are forgotten. */
void lr_repeats_forget(struct lr_repeats *r, uint16_t dport);

#endif
