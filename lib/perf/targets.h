/*
 * targets.h - what is to be reached: the documented targets and ours
 *
 * The rows come from share/targets.json and are compiled in; that file says what each means
 * and where it comes from.
 */
#ifndef LR_PERF_TARGETS_H
#define LR_PERF_TARGETS_H

#include <stdbool.h>
#include <stddef.h>

struct lr_target {
	const char *name;   /* "ipam_alloc" */
	const char *what;   /* one line for people */
	const char *unit;   /* "ns", "ms", "%", "MB", "peers" */
	double documented;  /* NAN: none */
	double reached;     /* documented as reached; NAN: none */
	double ours;        /* NAN: none */
	const char *better; /* "lower" or "higher" */
	bool stage;         /* replay has a stage for it */
	const char *source;
};

/* The table, *n rows, in the file's order. Static. */
const struct lr_target *lr_targets_all(size_t *n);
/* NULL when there is none of that name. */
const struct lr_target *lr_targets_find(const char *name);

#endif
