/*
 * trace.h - what a capture holds: kinds of packets, sizes, rates, ports, games
 *
 * Memory does not grow with the capture: counters by port, small histograms, and a counter a game.
 */
#ifndef LR_REPLAY_TRACE_H
#define LR_REPLAY_TRACE_H

#include <stdio.h>

#include "lib/base/json.h"
#include "lib/game/game.h"
#include "lib/perf/hist.h"
#include "lib/perf/pcapng.h"

#define LR_TRACE_STAGES 16 /* different names of stage stamps that are told */
#define LR_TRACE_TOP    10 /* ports, and games */

enum lr_trace_cast { LR_TRACE_UNICAST, LR_TRACE_BROADCAST, LR_TRACE_MULTICAST, LR_TRACE_CASTS };

struct lr_trace_count {
	uint64_t packets, bytes;
};

struct lr_trace_stage {
	char name[32];
	struct lr_hist_small hist;
};

struct lr_trace {
	const struct lr_games *games;
	struct lr_trace_count all, ip4, ip6, not_ip, broken; /* broken: headers that contradict */
	struct lr_trace_count cast[LR_TRACE_CASTS], in, out;
	uint64_t first_ns, last_ns; /* the least and the greatest stamp; 0: no packet has one */
	struct lr_hist_small sizes;
	struct lr_trace_count (*ports)[65536]; /* by lr_game_proto: of a packet's lower port */
	struct lr_trace_count *game;           /* games->n */
	struct lr_trace_stage stages[LR_TRACE_STAGES];
	unsigned n_stages;
};

/* `games` stays the caller's. 0 or -ENOMEM. */
int lr_trace_init(struct lr_trace *t, const struct lr_games *games);
void lr_trace_release(struct lr_trace *t);
void lr_trace_add(struct lr_trace *t, const struct lr_captured *frame);

/* share/schema/trace.json, without the file's own members; and for people. */
json_t *lr_trace_json(const struct lr_trace *t);
void lr_trace_table(FILE *out, const struct lr_trace *t);

#endif
