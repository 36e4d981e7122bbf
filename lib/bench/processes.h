/*
 * processes.h - one summary a process: fresh processes, one or two builds in turns
 *
 * Theory of operation. `lr-perf bench --once --json` is one process's work, a result with one
 * sample a metric. Here such processes are started one after the other, each pinned to one
 * processor, and their results merged. Two builds take turns, A B B A A B B A: what drifts slowly
 * (heat, other load) meets both alike. Results of one sitting say so (parameters.sitting). Runs
 * beside which the processor was slow (calm.h) are done again, the slowest first; how many were
 * (parameters.measured_again), and how many slow ones are left (parameters.disturbed), the results
 * say.
 */
#ifndef LR_BENCH_PROCESSES_H
#define LR_BENCH_PROCESSES_H

#include "lib/base/json.h"

#define LR_BENCH_ANY_CPU  -1
#define LR_BENCH_RUNS_MAX 1000

struct lr_bench_plan {
	char *const *names; /* n of them, as lr_bench_names_check() takes them */
	size_t n;
	unsigned runs;    /* 1 .. LR_BENCH_RUNS_MAX */
	unsigned repeats; /* at most so many runs are done again */
	int cpu;          /* which processor they run on, or LR_BENCH_ANY_CPU */
	const char
		*against; /* another build: its lr-perf, the folder of it or a checkout; or NULL */
	void (*progress)(void *ctx, unsigned done, unsigned of); /* may be NULL */
	void *ctx;
};

/* The last processor that this process may run on. */
int lr_bench_last_cpu(void);

/* The measuring itself, in this process: a result with one sample a metric; new reference. NULL
 * with `err`. */
json_t *lr_bench_once(char *const *names, size_t n, struct lr_err *err);
/* *ours and, with `against`, *theirs (else NULL): new references. Until it is done, this
 * process runs on the plan's processor, too. 0, or -1 with `err`: a process failed or could not be
 * started. */
int lr_bench_runs(
	const struct lr_bench_plan *plan, json_t **ours, json_t **theirs, struct lr_err *err);

#endif
