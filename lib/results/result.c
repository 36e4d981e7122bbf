/*
 * result.c - files of results: read, checked, merged, written
 */
#include "lib/results/result.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/state.h"
#include "lib/perf/stats.h"
#include "terms.h"

enum lr_result_kind lr_result_kind(const json_t *object)
{
	if (json_is_array(json_object_get(object, LR_K_METRICS)))
		return LR_RESULT_BENCH;
	if (json_is_array(json_object_get(object, LR_K_STAGES)))
		return LR_RESULT_REPLAY;
	if (json_is_array(json_object_get(object, LR_K_SPANS)))
		return LR_RESULT_PROFILE;
	return LR_RESULT_OTHER;
}

/* All of standard input, malloc'd. NULL with errno. */
static char *read_stdin(size_t *len)
{
	size_t room = 1 << 16;
	char *text = malloc(room), *more;

	*len = 0;
	while (text) {
		*len += fread(text + *len, 1, room - *len, stdin);
		if (*len < room)
			return text;
		more = room < LR_RESULT_MAX_BYTES ? realloc(text, room * 2) : NULL;
		if (!more)
			free(text);
		text = more;
		room *= 2;
	}
	return NULL;
}

json_t *lr_result_read_any(const char *path, struct lr_err *err)
{
	bool input = strcmp(path, "-") == 0;
	const char *name = input ? "standard input" : path;
	json_error_t why;
	size_t len;
	char *text = input ? read_stdin(&len) : lr_read_file(path, LR_RESULT_MAX_BYTES, &len, err);

	if (!text) {
		if (input)
			lr_err_set(err, LR_EXIT_FAILED, "%s: too long, or out of memory", name);
		return NULL;
	}
	json_t *object = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why);
	free(text);
	if (!object)
		lr_err_set(
			err, LR_EXIT_FAILED, "%s: no JSON: line %d: %s", name, why.line, why.text);
	if (object && !json_is_object(object)) {
		lr_err_set(err, LR_EXIT_FAILED, "%s: not one JSON object", name);
		json_decref(object);
		return NULL;
	}
	return object;
}

static bool metric_fits(const json_t *metric)
{
	bool bad = false;
	const char *name = lr_json_str(metric, LR_K_NAME, &bad);
	const char *unit = lr_json_str(metric, LR_K_UNIT, &bad);
	const char *better = lr_json_str(metric, LR_K_BETTER, &bad);
	const json_t *samples = json_object_get(metric, LR_K_SAMPLES), *sample;
	size_t i;

	if (bad || !name || !unit || !better || !json_is_array(samples))
		return false;
	json_array_foreach (samples, i, sample)
		if (!json_is_number(sample))
			return false;
	return strcmp(better, "lower") == 0 || strcmp(better, "higher") == 0;
}

int lr_result_check(const json_t *object, const char *path, struct lr_err *err)
{
	const json_t *metrics = json_object_get(object, LR_K_METRICS), *metric;
	json_t *names = json_object();
	int code = 0;
	size_t i;

	if (lr_result_kind(object) != LR_RESULT_BENCH)
		code = lr_err_set(err, LR_EXIT_FAILED,
			"%s: holds no metrics: `lr-perf bench --json` writes such files", path);
	json_array_foreach (metrics, i, metric) {
		const char *name = json_string_value(json_object_get(metric, LR_K_NAME));
		if (!metric_fits(metric))
			code = lr_err_set(err, LR_EXIT_FAILED,
				"%s: metric %zu has no name, unit, better or samples", path, i + 1);
		else if (json_object_get(names, name))
			code = lr_err_set(err, LR_EXIT_FAILED, "%s: %s is there twice", path, name);
		if (code)
			break;
		json_object_set_new(names, name, json_true());
	}
	json_decref(names);
	return code;
}

json_t *lr_result_read(const char *path, struct lr_err *err)
{
	json_t *object = lr_result_read_any(path, err);

	if (object && lr_result_check(object, path, err) < 0) {
		json_decref(object);
		return NULL;
	}
	return object;
}

int lr_result_write(const json_t *object, const char *path, struct lr_err *err)
{
	if (strcmp(path, "-") == 0)
		return lr_json_line(stdout, object) == 0
			       ? 0
			       : lr_err_set(err, LR_EXIT_FAILED, "standard output: %s",
					 strerror(errno));
	char *text = lr_json_text(object);
	size_t len = text ? strlen(text) : 0;
	if (!text)
		return lr_err_set(err, LR_EXIT_FAILED, "out of memory");
	text[len] = '\n'; /* in the place of its NUL */
	int code = lr_replace_file(path, text, len + 1, 0644, err);
	free(text);
	return code;
}

json_t *lr_result_metric(const json_t *result, const char *name)
{
	const json_t *metrics = json_object_get(result, LR_K_METRICS);
	json_t *metric;
	size_t i;

	json_array_foreach (metrics, i, metric)
		if (strcmp(json_string_value(json_object_get(metric, LR_K_NAME)), name) == 0)
			return metric;
	return NULL;
}

static bool listed(const json_t *list, const json_t *text)
{
	const json_t *one;
	size_t i;

	json_array_foreach (list, i, one)
		if (json_equal(one, text))
			return true;
	return false;
}

void lr_result_merge(json_t *into, const json_t *process)
{
	const json_t *metrics = json_object_get(process, LR_K_METRICS);
	const json_t *missing = json_object_get(process, LR_K_MISSING);
	json_t *metric, *lacks = json_object_get(into, LR_K_MISSING);
	size_t i;

	for (i = 0; i < json_array_size(missing); i++)
		if (!lacks)
			lr_json_put(into, LR_K_MISSING, lacks = json_copy((json_t *)missing));
		else if (!listed(lacks, json_array_get(missing, i)))
			json_array_append(lacks, json_array_get(missing, i));
	json_array_foreach (metrics, i, metric) {
		const char *name = json_string_value(json_object_get(metric, LR_K_NAME));
		json_t *held = lr_result_metric(into, name);
		if (held)
			json_array_extend(json_object_get(held, LR_K_SAMPLES),
				json_object_get(metric, LR_K_SAMPLES));
		else
			json_array_append_new(
				json_object_get(into, LR_K_METRICS), json_deep_copy(metric));
	}
}

static bool among(const json_t *list, const json_t *one)
{
	const json_t *name = json_object_get(one, LR_K_NAME), *other;
	size_t i;

	json_array_foreach (list, i, other)
		if (json_equal(json_object_get(other, LR_K_NAME), name))
			return true;
	return false;
}

/* The entries of the list `key` in both, those of `fresh` first; a metric without samples is none.
 * NULL: there are none. */
static json_t *newest_of(const json_t *fresh, const json_t *old, const char *key)
{
	const json_t *const lists[] = {json_object_get(fresh, key), json_object_get(old, key)};
	json_t *out = lists[0] || lists[1] ? json_array() : NULL, *one;
	size_t i;

	for (size_t side = 0; side < 2; side++)
		json_array_foreach (lists[side], i, one) {
			const json_t *samples = json_object_get(one, LR_K_SAMPLES);
			bool empty = samples && json_array_size(samples) == 0;
			if (!empty && (side == 0 || !among(out, one)))
				json_array_append(out, one);
		}
	return out;
}

json_t *lr_result_over(const json_t *fresh, const json_t *old)
{
	static const char *const keys[] = {LR_K_METRICS, LR_K_DISTRIBUTIONS};
	json_t *out = json_copy((json_t *)fresh);

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		json_t *list = newest_of(fresh, old, keys[i]);
		if (list)
			lr_json_put(out, keys[i], list);
	}
	return out;
}

double *lr_result_samples(const json_t *metric, size_t *n)
{
	const json_t *list = json_object_get(metric, LR_K_SAMPLES);
	double *v = malloc((json_array_size(list) + 1) * sizeof(*v));

	*n = v ? json_array_size(list) : 0;
	for (size_t i = 0; i < *n; i++)
		v[i] = json_number_value(json_array_get(list, i));
	return v;
}

double lr_result_median(const json_t *metric)
{
	size_t n;
	double *v = lr_result_samples(metric, &n);
	double median = lr_stats_median(v, n);

	free(v);
	return median;
}

bool lr_result_higher(const json_t *metric)
{
	const char *better = json_string_value(json_object_get(metric, LR_K_BETTER));
	return better && strcmp(better, "higher") == 0;
}

double lr_result_threshold(const json_t *metric)
{
	const json_t *own = json_object_get(metric, LR_K_THRESHOLD);
	return json_is_number(own) ? json_number_value(own) : LR_RESULT_THRESHOLD;
}

double lr_result_least(const json_t *metric)
{
	return json_number_value(json_object_get(metric, LR_K_LEAST));
}

static bool text_differs(
	const json_t *a, const json_t *b, const char *key, const char *what, char why[200])
{
	const char *x = json_string_value(json_object_get(a, key));
	const char *y = json_string_value(json_object_get(b, key));

	if (x == y || (x && y && strcmp(x, y) == 0)) /* both NULL: neither kernel tells */
		return false;
	snprintf(why, 200, "%s: %.80s and %.80s", what, x ? x : "unknown", y ? y : "unknown");
	return true;
}

static bool number_differs(const json_t *a, const json_t *b, const char *key, const char *what,
	double within, char why[200])
{
	double x = json_number_value(json_object_get(a, key));
	double y = json_number_value(json_object_get(b, key));

	if (x > 0 && y > 0 && fabs(x - y) <= within * fmax(x, y))
		return false;
	snprintf(why, 200, "%s: %.0f and %.0f", what, x, y);
	return true;
}

bool lr_result_same_machine(const json_t *a, const json_t *b, char why[200])
{
	const json_t *x = json_object_get(a, LR_K_MACHINE), *y = json_object_get(b, LR_K_MACHINE);

	return !text_differs(x, y, LR_K_CPU, "processor", why) &&
	       !number_differs(x, y, LR_K_CORES, "cores", 0, why) &&
	       !number_differs(x, y, LR_K_MEMORY_KB, "kB of memory", 0.05, why);
}

bool lr_result_interleaved(const json_t *a, const json_t *b)
{
	const char *x = json_string_value(
		json_object_get(json_object_get(a, LR_K_PARAMETERS), LR_K_SITTING));
	const char *y = json_string_value(
		json_object_get(json_object_get(b, LR_K_PARAMETERS), LR_K_SITTING));

	return x && y && strcmp(x, y) == 0;
}
