/*
 * promise.h - the greatest TAI64N time that this key may have sent, kept over restarts
 *
 * A responder takes an initiation only if its time is later than the last one's. When the clock
 * was set back, or the battery is dead, a node without this file is shut out by its peers.
 * One small file a key; written in place, at most once a minute, without fsync: a kill -9 loses
 * nothing.
 */
#ifndef LR_NODE_PROMISE_H
#define LR_NODE_PROMISE_H

#include <stdint.h>

#include "lib/crypto/crypto.h"

struct lr_promise {
	int fd; /* -1: cannot be kept */
	uint64_t unix_ns;
};

/* Opens the file of `public_key` in `dir`, reads what was promised. Failure is no error: then
 * nothing is kept. */
void lr_promise_open(struct lr_promise *p, const char *dir, const uint8_t public_key[LR_KEY_LEN]);
void lr_promise_keep(struct lr_promise *p, uint64_t unix_ns);
void lr_promise_close(struct lr_promise *p);

#endif
