/*
 * perf_files.h - files of results that verbs are given, of any kind
 */
#ifndef LR_CMD_PERF_FILES_H
#define LR_CMD_PERF_FILES_H

#include "cmd/perf.h"
#include "lib/results/page.h"

#define LR_PERF_FILES_MAX 1024

struct lr_perf_files {
	json_t *all[LR_PERF_FILES_MAX];
	const json_t *results[LR_PERF_FILES_MAX];
	size_t n;
	json_t *over; /* page.all */
	struct lr_page page;
};

/* NULL with `err`: one cannot be read, or is neither results nor a replay nor a profile. */
struct lr_perf_files *lr_perf_files_read(char *const *paths, size_t n, struct lr_err *err);
/* Takes one more that is there already, and its reference. 0 or -1. */
int lr_perf_files_add(
	struct lr_perf_files *f, json_t *object, const char *name, struct lr_err *err);
void lr_perf_files_free(struct lr_perf_files *f); /* NULL is fine */

#endif
