/*
 * check.c - the release checklist, out of results
 */
#include "lib/results/check.h"

#include <stdarg.h>
#include <string.h>

#include "lib/results/compare.h"
#include "lib/results/gate.h"
#include "lib/results/page_inside.h"
#include "terms.h"

#define GROWTH_MAX  3.2  /* times as dear with ten times as many: the square root, at most */
#define LEAK_MAX    0.5  /* bytes a round: less is the arithmetic of halves */
#define WAIT_MAX_NS 50e6 /* a handler that waits for the disk; a game's frame is 16 ms */
#define SHARE_MAX   1.0  /* percent of the time for lines of the log */

#define PROFILE "sudo lr-perf profile --for 30s"
#define REPLAY  "lr-perf synth openttd | lr-perf replay -"
#define SCALING                                                                                    \
	"lr-perf bench --out scaling.json scaling && "                                             \
	"lr-perf report --svg scaling scaling.json >scaling.svg"

/* A finding. Those that failed stand alone, one behind the other; the first of them says what comes
 * next (NULL: the item's own command). */
__attribute__((format(printf, 4, 5))) static void found(
	struct lr_check *c, bool good, const char *next, const char *fmt, ...)
{
	enum lr_check_state to = good ? LR_CHECK_PASS : LR_CHECK_FAIL;
	size_t len = c->state == to ? strlen(c->text) : 0;
	va_list ap;

	if (c->state == LR_CHECK_FAIL && good)
		return;
	if (len && len < sizeof(c->text) - 2)
		len += (size_t)snprintf(c->text + len, sizeof(c->text) - len, ", ");
	va_start(ap, fmt);
	vsnprintf(c->text + len, sizeof(c->text) - len, fmt, ap);
	va_end(ap);
	if (!good && next && c->state != LR_CHECK_FAIL)
		snprintf(c->next, sizeof(c->next), "%s", next);
	c->state = to;
}

static const char *text_of(const json_t *metric, const char *key)
{
	const char *text = json_string_value(json_object_get(metric, key));
	return text ? text : "";
}

/* The worst of the metrics that begin with `prefix` and end with `suffix`; NULL: there are none. */
static const json_t *worst(const struct lr_page *page, const char *prefix, const char *suffix)
{
	const json_t *metrics = json_object_get(page->all, LR_K_METRICS), *metric, *most = NULL;
	size_t i, tail = strlen(suffix);

	json_array_foreach (metrics, i, metric) {
		const char *name = text_of(metric, LR_K_NAME);
		size_t len = strlen(name);
		if (strncmp(name, prefix, strlen(prefix)) != 0 || len < tail ||
			strcmp(name + len - tail, suffix) != 0)
			continue;
		if (!most || lr_result_median(metric) > lr_result_median(most))
			most = metric;
	}
	return most;
}

/* The worst of some metrics against a limit; nothing when there are none. */
static void limit(struct lr_check *c, const json_t *metric, double most, const char *next)
{
	char value[LR_SHOW_TEXT], bound[LR_SHOW_TEXT];

	if (!metric)
		return;
	const char *unit = text_of(metric, LR_K_UNIT);
	double median = lr_result_median(metric);
	found(c, median <= most, next, "%.60s %s (at most %s)", text_of(metric, LR_K_NAME),
		lr_show_value(median, unit, value), lr_show_value(most, unit, bound));
}

/* A documented target by its name, when it was measured. */
static void promised(
	struct lr_check *c, const struct lr_page *page, const char *name, const char *next)
{
	const json_t *metric = lr_result_metric(page->all, name);
	struct lr_gate_row row = metric ? lr_gate(metric, false) : (struct lr_gate_row){0};
	char value[LR_SHOW_TEXT], bound[LR_SHOW_TEXT];

	if (row.judged)
		found(c, row.met, next, "%s %s (%s %s)", name,
			lr_show_value(row.value, row.unit, value),
			lr_result_higher(metric) ? "at least" : "under",
			lr_show_value(row.limit, row.unit, bound));
}

static void starts(struct lr_check *c, const struct lr_page *page, const json_t *base)
{
	(void)base;
	limit(c, worst(page, "start_", "_load"), lr_targets_find("program_load")->documented, NULL);
	limit(c, worst(page, "start_", "_ready"), lr_targets_find("startup")->documented, NULL);
	promised(c, page, "startup", NULL);
}

static void leaks(struct lr_check *c, const struct lr_page *page, const json_t *base)
{
	(void)base;
	limit(c, worst(page, "leak_", ""), LEAK_MAX, NULL);
}

static void peers(struct lr_check *c, const struct lr_page *page, const json_t *base)
{
	(void)base;
	limit(c, worst(page, "growth_", ""), GROWTH_MAX, SCALING);
	promised(c, page, "peers", PROFILE);
}

static void cpu(struct lr_check *c, const struct lr_page *page, const json_t *base)
{
	(void)base;
	promised(c, page, "cpu_idle", NULL);
	promised(c, page, "cpu_active", NULL);
}

static void memory(struct lr_check *c, const struct lr_page *page, const json_t *base)
{
	(void)base;
	promised(c, page, "memory", NULL);
}

/* The whole way, and the library's part of it, of a replay. */
static void latency(struct lr_check *c, const struct lr_page *page, const json_t *base)
{
	const json_t *pass = json_object_get(page->replay, LR_K_PASS);

	(void)base;
	promised(c, page, "direct_latency", REPLAY);
	promised(c, page, "relay_latency", REPLAY);
	promised(c, page, "connect", "lr-peer netcheck");
	if (json_is_boolean(pass))
		found(c, json_is_true(pass), "lr-perf bench crypto wg",
			"a replay's stages %s their targets", json_is_true(pass) ? "meet" : "miss");
	else if (page->replay && c->state == LR_CHECK_OPEN)
		snprintf(c->text, sizeof(c->text),
			"the replay was not timed, or too short to be judged");
}

/* The base with those of its metrics that `part` has; of a single file, all. New reference. */
static json_t *base_part(json_t *base, const json_t *part, const struct lr_page *page)
{
	json_t *out = json_copy(base), *metrics = json_array(), *metric;
	size_t i;

	json_array_foreach (json_object_get(base, LR_K_METRICS), i, metric)
		if (page->n == 1 || lr_result_metric(part, text_of(metric, LR_K_NAME)))
			json_array_append(metrics, metric);
	lr_json_put(out, LR_K_METRICS, metrics);
	return out;
}

/* `result` with those of its metrics whose newest samples stand in it; new reference. */
static json_t *newest_part(const json_t *result, const struct lr_page *page)
{
	json_t *out = json_copy((json_t *)result), *metrics = json_array(), *metric;
	size_t i;

	json_array_foreach (json_object_get(result, LR_K_METRICS), i, metric)
		if (lr_result_metric(page->all, text_of(metric, LR_K_NAME)) == metric)
			json_array_append(metrics, metric);
	lr_json_put(out, LR_K_METRICS, metrics);
	return out;
}

/* A result against the base: each file by itself, as each was recorded in its own sitting. */
static void against_base(struct lr_check *c, const json_t *result, const json_t *base)
{
	struct lr_comparison compared;
	struct lr_err err = {0};
	char sum[LR_COMPARE_SUM], next[120];

	if (lr_compare(&compared, base, result, false, &err) < 0) {
		if (c->state == LR_CHECK_OPEN)
			snprintf(c->text, sizeof(c->text), "%.230s", err.text);
		return;
	}
	lr_compare_sum(&compared, sum);
	const char *first = "";
	for (size_t i = 0; i < compared.n && !*first; i++)
		if (compared.rows[i].verdict == LR_COMPARED_WORSE)
			first = compared.rows[i].name;
	if (*first) {
		snprintf(next, sizeof(next), "lr-perf bench --against BUILD %.40s",
			text_of(lr_result_metric(result, first), LR_K_FAMILY));
		found(c, false, next, "%.150s, first %.60s", sum, first);
	} else if (lr_compare_exit(&compared) == LR_EXIT_OK)
		found(c, true, NULL, "%.200s", sum);
	else if (c->state == LR_CHECK_OPEN)
		snprintf(c->text, sizeof(c->text), "%.230s", sum);
	lr_compare_release(&compared);
}

static void baseline(struct lr_check *c, const struct lr_page *page, const json_t *base)
{
	for (size_t i = page->n; base && i-- > 0;) {
		json_t *part = newest_part(page->results[i], page);
		json_t *before = base_part((json_t *)base, part, page);
		if (json_array_size(json_object_get(part, LR_K_METRICS)))
			against_base(c, part, before);
		json_decref(before);
		json_decref(part);
	}
}

/* Every documented target that a benchmark is held against; what live measures has its own items.
 */
static void hot(struct lr_check *c, const struct lr_page *page, const json_t *base)
{
	const json_t *metrics = json_object_get(page->all, LR_K_METRICS), *metric, *first = NULL;
	unsigned judged = 0, missed = 0;
	char next[80];
	size_t i;

	(void)base;
	json_array_foreach (metrics, i, metric) {
		struct lr_gate_row row = lr_gate(metric, false);
		if (!row.judged || strcmp(text_of(metric, LR_K_FAMILY), "live") == 0)
			continue;
		judged++;
		if (!row.met && missed++ == 0)
			first = metric;
	}
	snprintf(next, sizeof(next), "lr-perf bench %.40s", text_of(first, LR_K_FAMILY));
	if (missed)
		found(c, false, next, "%u of %u targets missed, first %.60s", missed, judged,
			text_of(first, LR_K_NAME));
	else if (judged)
		found(c, true, NULL, "%u of %u targets met", judged, judged);
}

static void loop(struct lr_check *c, const struct lr_page *page, const json_t *base)
{
	const json_t *stalls = json_object_get(page->profile, LR_K_STALL_COUNT);

	(void)base;
	if (stalls)
		found(c, json_integer_value(stalls) == 0, NULL, "%lld stalls in the profile",
			(long long)json_integer_value(stalls));
	limit(c, worst(page, "state_write", ""), WAIT_MAX_NS, "lr-perf bench state");
	limit(c, lr_result_metric(page->all, "log_share"), SHARE_MAX, "lr-perf bench logging");
}

static const struct {
	const char *name, *guide;
	const char *next;    /* to find out why it failed */
	const char *measure; /* what it needs; NULL: the same */
	const char *missing; /* says that it was not there */
	void (*run)(struct lr_check *c, const struct lr_page *page, const json_t *base);
} items[LR_CHECKS] = {
	{"starts", "The start is slow", "lr-perf bench start config state", NULL,
		"no start was measured", starts},
	{"leaks", "Memory grows", "lr-perf bench leaks memory", NULL, "no leaks were looked for",
		leaks},
	{"peers", "Slower with more peers", "lr-perf bench scaling", NULL,
		"nothing was measured by how many there are", peers},
	{"cpu", "The processor is busy", PROFILE, "sudo lr-perf live",
		"no running node was measured", cpu},
	{"memory", "Memory grows", "sudo lr-perf monitor --for 10m", "sudo lr-perf live",
		"no running node was measured", memory},
	{"latency", "Find", REPLAY, "sudo lr-perf live",
		"neither a tunnel nor a replay was measured", latency},
	{"baseline", "Validate", "lr-perf bench --against BUILD", NULL, "no baseline was given",
		baseline},
	{"hot", "Find", "lr-perf bench performance", NULL, "no target of a benchmark was measured",
		hot},
	{"loop", "Waiting inside the event loop", "sudo lr-perf profile --stall 10ms", NULL,
		"no profile, and no write of the state was timed", loop},
};

void lr_check_all(struct lr_check out[LR_CHECKS], const struct lr_page *page, const json_t *base)
{
	for (size_t i = 0; i < LR_CHECKS; i++) {
		struct lr_check *c = &out[i];
		*c = (struct lr_check){
			.name = items[i].name, .guide = items[i].guide, .state = LR_CHECK_OPEN};
		snprintf(c->next, sizeof(c->next), "%s", items[i].next);
		items[i].run(c, page, base);
		if (c->state == LR_CHECK_OPEN && items[i].measure)
			snprintf(c->next, sizeof(c->next), "%s", items[i].measure);
		if (!c->text[0])
			snprintf(c->text, sizeof(c->text), "%s", items[i].missing);
	}
}

enum lr_exit lr_check_exit(const struct lr_check checks[LR_CHECKS])
{
	enum lr_exit code = LR_EXIT_FAILED;

	for (size_t i = 0; i < LR_CHECKS; i++) {
		if (checks[i].state == LR_CHECK_FAIL)
			return LR_EXIT_MISSED;
		if (checks[i].state == LR_CHECK_PASS)
			code = LR_EXIT_OK;
	}
	return code;
}
