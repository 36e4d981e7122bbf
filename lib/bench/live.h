/*
 * live.h - what the guide promises end to end, measured with real programs in a laboratory
 *
 * Theory of operation. A result (lib/results/result.h) whose metrics bear the names of targets, so
 * that compare, check and report know them. One laboratory serves all steps, in this order:
 *
 *   startup   lr-up --config on host 0: from before its start to the interface with its address
 *   idle      two static tunnels, one session: the processor that a node takes at rest
 *   connect   members join a party whose relay is host 0 and whose host is host 1: from the start
 * of lr-up to the host's first answer to a ping direct    the load on the bare link and through the
 * tunnel in turns: the difference of the medians of the time on the way failover  60 packets a
 * second; the direct path loses packets from now on: the longest silence relay     the load through
 * the relay, against two bare links active    60 packets of 200 bytes a second to eight members,
 * each sent back: the processor memory    what a member's node holds then, and with its helper
 *   peers     a hundred static peers of host 0, each a node: how many of them answer it within the
 *             latency that is documented for the direct path, there and back. (A party of as many
 * on one machine would measure what a hundred nodes cost that machine, not one of them.)
 *
 * A step that needs members lets them join. Each number is one sample of its metric.
 */
#ifndef LR_BENCH_LIVE_H
#define LR_BENCH_LIVE_H

#include "lib/bench/load.h"

enum lr_live_step {
	LR_LIVE_STARTUP,
	LR_LIVE_IDLE,
	LR_LIVE_CONNECT,
	LR_LIVE_DIRECT,
	LR_LIVE_FAILOVER,
	LR_LIVE_RELAY,
	LR_LIVE_ACTIVE,
	LR_LIVE_MEMORY,
	LR_LIVE_PEERS,
	LR_LIVE_STEPS
};

struct lr_live_plan {
	const struct lr_load *load;
	unsigned steps; /* 1 << enum lr_live_step, or-ed */
	bool quick;     /* fewer rounds */
	unsigned peers; /* of the last step */
	void (*progress)(
		void *ctx, const char *step); /* called inside the laboratory; may be NULL */
	void *ctx;
};

/* "startup,direct" as a mask; 0 with `err` (LR_EXIT_USAGE): no such step. */
unsigned lr_live_steps(const char *words, struct lr_err *err);
/* All of them, or those of a quick run: without the crowd. */
#define LR_LIVE_ALL   ((1u << LR_LIVE_STEPS) - 1)
#define LR_LIVE_QUICK (LR_LIVE_ALL & ~(1u << LR_LIVE_PEERS))

/* A result with its distributions of times on the way; new reference. NULL with `err`. */
json_t *lr_live_run(const struct lr_live_plan *plan, struct lr_err *err);

#endif
