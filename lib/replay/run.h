/*
 * run.h - captures through the engine, and what came of it
 */
#ifndef LR_REPLAY_RUN_H
#define LR_REPLAY_RUN_H

#include "lib/replay/annotate.h"
#include "lib/replay/beside.h"
#include "lib/replay/engine.h"
#include "lib/replay/select.h"

#define LR_RUN_STAGES (LR_ENGINE_STAGES + LR_BESIDE_STAGES)

struct lr_plan {
	char **files; /* n_files; "-" is standard input */
	size_t n_files;
	unsigned repeat;      /* times each file is played, >= 1 */
	bool timing;          /* false: only the whole rate is measured */
	unsigned sample;      /* of so many packets one is timed; 0 or 1: each */
	double speed;         /* 1: at the pace of the capture, 2: twice; 0: as fast as it goes */
	const char *annotate; /* a capture to write with the stages' times, or NULL; with timing */
	const char *filter;   /* pcap-filter(7), or NULL */
	const volatile int *stop; /* plays until it is not 0; NULL: to the end */
	uint64_t until;           /* lr_now() when it ends at the latest; 0: never */
	struct lr_select select;
	enum lr_gate gate;
};

/* One file, as it was played the last time. */
struct lr_played {
	const char *name;
	const char *format; /* "pcap", "pcapng"; NULL: could not be opened */
	uint64_t packets;
	bool truncated;  /* it broke off; `error` says where it did */
	char error[400]; /* "" when there was none */
};

struct lr_run {
	struct lr_plan plan;
	struct lr_tick tick;
	struct lr_engine *engine;
	uint64_t first_ns, begun_ns; /* for the pace: a file's first stamp; when it began */
	struct lr_played *played;    /* plan.n_files */
	struct lr_stage *stages; /* n_stages: the engine's, then those beside; not timed: none */
	size_t n_stages;
	unsigned rounds;      /* that were begun */
	uint64_t duration_ns; /* of reading and playing the packets */
	uint64_t stages_ns; /* without timing: of all stages, without reading and making tunnels */
	struct lr_annotate annotate;
	struct lr_filter *filter; /* NULL: none */
	bool truncated;           /* any file was */
};

/* Plays everything. 0, or -1 with `err` when no file could be opened (LR_EXIT_FAILED), or
 * standard input is to be read twice, or `annotate` is one of the files (LR_EXIT_USAGE). A file
 * that cannot be opened or breaks off is noted in `played`, the others are still played. `r` is
 * initialised and must be released in any case. */
int lr_run_play(struct lr_run *r, const struct lr_plan *plan, struct lr_err *err);
void lr_run_release(struct lr_run *r);

/* Some stage missed its target under the plan's gate. */
bool lr_run_missed(const struct lr_run *r);
/* One line about a miss: "seal: p99 1,234 ns, target 1,000 ns: 23 % over"; `out` holds 200. False:
 * no miss. */
bool lr_run_explain(const struct lr_run *r, const struct lr_stage *s, char out[200]);

#endif
