/*
 * watch.h - watching a process: what /proc says becomes numbers, and numbers become findings
 *
 * Theory of operation. A shell (lib/io/proc.h) reads files of /proc and hands their text in; what a
 * node says of itself it adds. Each sample is a row of numbers, NAN where nothing is known. The
 * minimum, mean and maximum of each are kept exactly; for what only a curve tells, a series of
 * at most 512 samples is kept, thinned to every second one when it is full. So memory does not
 * depend on how long is watched.
 *
 * Findings are looked for at the end:
 *
 *   leak       memory, descriptors or threads grow: the slope (least squares) over the first and
 *              over the second half is positive with t > 5 in both, and it is more than 256 KiB
 *              (1 descriptor, 1 thread) and 1 % in all. The first tenth is not looked at: starting
 * up is no leak. busy_loop  90 % of a processor for 5 s together, while fewer than 100 packets a
 * second moved cpu        the mean is over the target for what was going on (share/targets.json)
 *   stall      the event loop did not answer within 100 ms, or its profiler told of a stall
 *   slowdown   round trips, or answers, became slower: the lower quartile of the last third of
 *              the time is above the upper one of the first third, and the median is 1.3 times
 *
 * Nothing here reads a clock or a file.
 */
#ifndef LR_PERF_WATCH_H
#define LR_PERF_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum lr_watch_metric {
	LR_WATCH_CPU, /* % of one processor */
	LR_WATCH_RSS, /* bytes, resident */
	LR_WATCH_PSS, /* bytes, proportional */
	LR_WATCH_THREADS,
	LR_WATCH_FDS,      /* open descriptors */
	LR_WATCH_SWITCHES, /* context switches a second */
	LR_WATCH_RX,       /* packets a second from peers */
	LR_WATCH_TX,       /* and to them */
	LR_WATCH_DROPS,    /* a second, all reasons */
	LR_WATCH_RTT,      /* us: mean over the members that have a path */
	LR_WATCH_QUEUE,    /* bytes that wait in the sockets' and the device's queues */
	LR_WATCH_ANSWER,   /* ms until the node answered on its control socket */
	LR_WATCH_METRICS
};

struct lr_watch_kind {
	const char *name; /* "cpu", the key in JSON beside its unit */
	const char *key;  /* "cpu_percent" */
	const char *head; /* of a column */
	double scale;     /* for people: divide by this */
};
extern const struct lr_watch_kind lr_watch_kinds[LR_WATCH_METRICS];

/* What /proc counts upwards, and what it tells as it is. Zeroed before the first text is read. */
struct lr_watch_proc {
	uint64_t cpu_ns, switches;
	uint64_t waited_ns; /* ready to run, while others had the processor; 0: not told */
	double rss, pss, threads, fds;
};
/* Texts of /proc/PID/...; false when it is not understood, and nothing is changed. `ticks` a second
 * (sysconf(_SC_CLK_TCK)), `page` in bytes. */
bool lr_watch_stat(struct lr_watch_proc *p, const char *text, long ticks, long page);
bool lr_watch_schedstat(struct lr_watch_proc *p, const char *text); /* finer; of one thread only */
bool lr_watch_status(struct lr_watch_proc *p, const char *text);    /* context switches */
bool lr_watch_smaps(struct lr_watch_proc *p, const char *text);     /* smaps_rollup: Pss */

/* What a node counts upwards. `known` false: there is no node. */
struct lr_watch_node {
	bool known;
	uint64_t rx, tx, drops;
	double rtt_us, answer_ms, queue; /* NAN: unknown */
};

#define LR_WATCH_SERIES 512

struct lr_watch_sum {
	uint64_t n;
	double min, max, sum, first, last;
};

struct lr_watch {
	struct lr_watch_sum sums[LR_WATCH_METRICS];
	float series[LR_WATCH_METRICS][LR_WATCH_SERIES];
	double at_s[LR_WATCH_SERIES];
	size_t n;
	uint64_t seen, step; /* of so many samples one is in the series */
	double busy_s, busy_longest_s;
	double last_s, begin_s;
	bool began;
	struct lr_watch_proc proc;
	struct lr_watch_node node;
	uint64_t stalls; /* told by the node's profiler */
	double stall_ms; /* the longest */
	char stall_name[32];
};

void lr_watch_init(struct lr_watch *w);
/* A sample taken at `at_s` (any clock that goes on). The first only gives what later ones are
 * compared with: false, and `row` is not filled. */
bool lr_watch_add(struct lr_watch *w, double at_s, const struct lr_watch_proc *proc,
	const struct lr_watch_node *node, double row[LR_WATCH_METRICS]);
/* The node's profiler has told of a stall of a handler. */
void lr_watch_stall(struct lr_watch *w, const char *handler, double ms);
double lr_watch_mean(const struct lr_watch *w, enum lr_watch_metric m); /* NAN: never known */
/* Growth a second, by least squares over the series; NAN. */
double lr_watch_slope(const struct lr_watch *w, enum lr_watch_metric m);

enum lr_watch_what {
	LR_WATCH_LEAK,
	LR_WATCH_BUSY_LOOP,
	LR_WATCH_OVER,
	LR_WATCH_STALL,
	LR_WATCH_SLOWDOWN
};

struct lr_watch_finding {
	enum lr_watch_what what;
	enum lr_watch_metric metric;
	double t; /* of a leak: how many standard errors the slope is from none; else NAN */
	char text[160];
};
#define LR_WATCH_FINDINGS 8

const char *lr_watch_name(enum lr_watch_what what); /* "leak", ... */
/* What looks wrong. `cpu_idle`, `cpu_active`: targets in %. How many. */
size_t lr_watch_findings(const struct lr_watch *w, double cpu_idle, double cpu_active,
	struct lr_watch_finding out[LR_WATCH_FINDINGS]);

#endif
