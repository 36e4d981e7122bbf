/*
 * perf_files.c - files of results that verbs are given, of any kind
 */
#include "cmd/perf_files.h"

#include <stdlib.h>

static void take(struct lr_perf_files *f, const json_t *result)
{
	json_t *over = lr_result_over(result, f->over);

	json_decref(f->over);
	f->page.all = f->over = over;
}

int lr_perf_files_add(struct lr_perf_files *f, json_t *object, const char *name, struct lr_err *err)
{
	if (f->n == LR_PERF_FILES_MAX) {
		json_decref(object);
		return lr_err_set(err, LR_EXIT_FAILED, "more than %d files", LR_PERF_FILES_MAX);
	}
	f->all[f->n++] = object;
	switch (lr_result_kind(object)) {
	case LR_RESULT_BENCH:
		if (lr_result_check(object, name, err) < 0)
			return -1;
		f->results[f->page.n++] = object;
		f->page.results = f->results;
		take(f, object);
		return 0;
	case LR_RESULT_REPLAY:
		f->page.replay = object;
		return 0;
	case LR_RESULT_PROFILE:
		f->page.profile = object;
		return 0;
	default:
		return lr_err_set(err, LR_EXIT_FAILED,
			"%s: neither results nor a replay nor a profile in JSON", name);
	}
}

struct lr_perf_files *lr_perf_files_read(char *const *paths, size_t n, struct lr_err *err)
{
	struct lr_perf_files *f = calloc(1, sizeof(*f));

	for (size_t i = 0; f && i < n; i++) {
		json_t *object = lr_result_read_any(paths[i], err);
		if (!object || lr_perf_files_add(f, object, paths[i], err) < 0) {
			lr_perf_files_free(f);
			return NULL;
		}
	}
	if (!f)
		lr_err_set(err, LR_EXIT_FAILED, "out of memory");
	return f;
}

void lr_perf_files_free(struct lr_perf_files *f)
{
	for (size_t i = 0; f && i < f->n; i++)
		json_decref(f->all[i]);
	if (f)
		json_decref(f->over);
	free(f);
}
