/*
 * result.h - a file of results: what was measured, where, and of which build
 *
 * One JSON object (share/schema/bench.json), kept as such:
 *
 *   schema, machine, git, version, versions, recorded, parameters, metrics
 *
 * `metrics` is a list of {name, unit, better, samples}, and where it is known `family`, `series`
 * and `size` (a point of a curve over how many there are), `threshold` (in percent: smaller changes
 * are no matter) and `least` (in its unit: neither are smaller ones than that, whatever part they
 * are; what can be zero or negative needs it). `missing` names what could not be measured. The unit
 * of measurement is a process: each number in `samples` is one process's summary. Samples inside a
 * process share its luck (where its memory lies, which processor it met) and say nothing about the
 * next process; that is why they are not kept.
 *
 * A result may also hold `distributions`, a list of {name, quantiles: [[0.5, ns], ...]}: round
 * trips of the bare link and through the tunnel.
 *
 * Two results that were recorded in one sitting, in turns, have the same `parameters.sitting`.
 */
#ifndef LR_RESULTS_RESULT_H
#define LR_RESULTS_RESULT_H

#include "lib/base/json.h"

#define LR_RESULT_SCHEMA "lanrage results 1"
#define LR_RESULT_MAX_BYTES                                                                        \
	(64u << 20)             /* of a file: a thousand metrics of a thousand runs are 10 MB */
#define LR_RESULT_THRESHOLD 2.0 /* percent, where a metric has none of its own */

/* What a JSON object of ours is, told by its members. */
enum lr_result_kind {
	LR_RESULT_OTHER,
	LR_RESULT_BENCH,   /* `metrics` */
	LR_RESULT_REPLAY,  /* `stages` */
	LR_RESULT_PROFILE, /* `spans` */
};
enum lr_result_kind lr_result_kind(const json_t *object);

/* A whole file, `path` "-" is standard input; one object. New reference, or NULL with `err`
 * (LR_EXIT_FAILED). */
json_t *lr_result_read_any(const char *path, struct lr_err *err);
/* The same; only one with metrics, each with name, unit, better and samples, no name twice. */
json_t *lr_result_read(const char *path, struct lr_err *err);
/* Whether `object` is such a result; else `err` says what is wrong. 0 or -1. */
int lr_result_check(const json_t *object, const char *path, struct lr_err *err);
/* Replaces `path` (or writes to standard output: "-") with the object as one line. 0 or -1. */
int lr_result_write(const json_t *object, const char *path, struct lr_err *err);

/* The metric of that name, borrowed; NULL: none. */
json_t *lr_result_metric(const json_t *result, const char *name);
/* Appends the samples of `process` to those of `into`; metrics that are new there are added. */
void lr_result_merge(json_t *into, const json_t *process);
/* The newest of each: `fresh` with the metrics and distributions of `old` that it lacks. `old` may
 * be NULL. New reference; the two stay as they are, and share their metrics with it. */
json_t *lr_result_over(const json_t *fresh, const json_t *old);
/* The samples of a metric, malloc'd; *n may be 0. NULL: out of memory. */
double *lr_result_samples(const json_t *metric, size_t *n);
double lr_result_median(const json_t *metric); /* NAN: no samples */
bool lr_result_higher(const json_t *metric);   /* higher is better */
double lr_result_threshold(const json_t *metric);
double lr_result_least(const json_t *metric); /* 0: none */

/* Whether both were recorded on machines of the same kind: processor, cores, memory (within a
 * twentieth). `why` (200) says what differs. */
bool lr_result_same_machine(const json_t *a, const json_t *b, char why[200]);
/* Whether they were recorded in turns, in one sitting. */
bool lr_result_interleaved(const json_t *a, const json_t *b);

#endif
