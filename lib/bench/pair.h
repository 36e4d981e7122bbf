/*
 * pair.h - two WireGuard devices and the wire between them, in memory
 *
 * One dials; with a session both can send. Time is the pair's own and only goes on when it is told.
 */
#ifndef LR_BENCH_PAIR_H
#define LR_BENCH_PAIR_H

#include "lib/wg/wg.h"

struct lr_bench_pair {
	struct lr_wg *wg[2];
	struct lr_wg_peer *peer[2]; /* the other one, as each sees it */
	struct lr_endpoint at[2];
	uint64_t now;
	unsigned sessions; /* that the one who dials has made */
};

/* NULL: out of memory. Without a session yet. */
struct lr_bench_pair *lr_bench_pair_new(void);
void lr_bench_pair_free(struct lr_bench_pair *p);
/* A fresh handshake, some time later, whole: initiation, response, first keepalive. False: there
 * was none. */
bool lr_bench_pair_meet(struct lr_bench_pair *p);

#endif
