/*
 * refit.h - sealed messages that a path turned out not to take
 *
 * Theory of operation. What a path takes is known before anything is sealed, but the interface to
 * the outside can have got a smaller MTU since: then the system refuses a message (EMSGSIZE), the
 * path's size is lowered, and what was refused is opened again, fragmented to the new size, sealed
 * and sent. Nothing is lost by it. This is rare, so it goes message by message.
 */
#ifndef LR_NODE_REFIT_H
#define LR_NODE_REFIT_H

#include <stddef.h>
#include <stdint.h>

#include "lib/wg/wg.h"

struct lr_refit {
	struct lr_wg *wg;
	uint64_t now;
	struct lr_wg_peer *peer;
	/* Sends a message on the way to the peer. 0 or -errno; with -EMSGSIZE it has lowered
	 * peer->mtu. */
	int (*send)(void *ctx, struct lr_wg_peer *peer, const uint8_t *msg, size_t len);
	void *ctx;
};

/* Sends again what is in `len` bytes of messages, `segment` bytes each (the last may be shorter),
 * behind `head` bytes of something else. How many packets were lost. */
unsigned lr_refit(
	const struct lr_refit *r, const uint8_t *msgs, size_t len, size_t segment, size_t head);

#endif
