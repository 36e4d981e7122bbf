/*
 * check.c - the release checklist, out of results
 */
#include "lib/results/check.h"

#include <math.h>
#include <string.h>

#include "lib/results/compare.h"
#include "lib/results/gate.h"
#include "lib/results/page_inside.h"
#include "terms.h"

#define GROWTH_MAX  3.2  /* times as dear with ten times as many: the square root, at most */
#define LEAK_MAX    0.5  /* bytes a round: less is the arithmetic of halves */
#define WAIT_MAX_NS 50e6 /* a handler that waits for the disk; a game's frame is 16 ms */
#define SHARE_MAX   1.0  /* percent of the time for lines of the log */

static const char *name_of(const json_t *metric)
{
	return json_string_value(json_object_get(metric, LR_K_NAME));
}

/* The worst of the metrics that begin with `prefix` and end with `suffix`; NULL: there are none. */
static const json_t *worst(const json_t *result, const char *prefix, const char *suffix)
{
	const json_t *metrics = json_object_get(result, LR_K_METRICS), *metric, *found = NULL;
	size_t i, tail = strlen(suffix);

	json_array_foreach (metrics, i, metric) {
		const char *name = name_of(metric);
		size_t len = strlen(name);
		if (strncmp(name, prefix, strlen(prefix)) != 0 || len < tail ||
			strcmp(name + len - tail, suffix) != 0)
			continue;
		if (!found || lr_result_median(metric) > lr_result_median(found))
			found = metric;
	}
	return found;
}

static void open_item(struct lr_check *c, const char *what)
{
	c->state = LR_CHECK_OPEN;
	snprintf(c->text, sizeof(c->text), "%s", what);
}

/* The worst of some metrics against a limit. */
static void limit(struct lr_check *c, const json_t *metric, double most, const char *missing)
{
	char value[LR_SHOW_TEXT], bound[LR_SHOW_TEXT];

	if (!metric) {
		open_item(c, missing);
		return;
	}
	const char *unit = json_string_value(json_object_get(metric, LR_K_UNIT));
	double median = lr_result_median(metric);
	c->state = median <= most ? LR_CHECK_PASS : LR_CHECK_FAIL;
	snprintf(c->text, sizeof(c->text), "the most is %.60s, %s (at most %s)", name_of(metric),
		lr_show_value(median, unit, value), lr_show_value(most, unit, bound));
}

static void starts(struct lr_check *c, const struct lr_page *page, const json_t *base)
{
	(void)base;
	limit(c, worst(lr_page_newest(page), "start_", "_load"),
		lr_targets_find("program_load")->documented, "no start was measured");
}

static void leaks(struct lr_check *c, const struct lr_page *page, const json_t *base)
{
	(void)base;
	limit(c, worst(lr_page_newest(page), "leak_", ""), LEAK_MAX, "no leaks were looked for");
}

static void peers(struct lr_check *c, const struct lr_page *page, const json_t *base)
{
	(void)base;
	limit(c, worst(lr_page_newest(page), "growth_", ""), GROWTH_MAX,
		"nothing was measured by how many there are");
}

/* Targets by their names, of which all that were measured must be met. */
static void targets(struct lr_check *c, const struct lr_page *page, const char *const *names,
	const char *missing)
{
	const json_t *result = lr_page_newest(page);
	char value[LR_SHOW_TEXT];
	size_t len = 0;

	c->state = LR_CHECK_OPEN;
	for (; *names; names++) {
		const json_t *metric = result ? lr_result_metric(result, *names) : NULL;
		struct lr_against a = metric ? lr_against(metric) : (struct lr_against){0};
		if (!a.target)
			continue;
		if (c->state != LR_CHECK_FAIL)
			c->state = a.documented_met ? LR_CHECK_PASS : LR_CHECK_FAIL;
		len += (size_t)snprintf(c->text + len, sizeof(c->text) - len, "%s%s %s%s",
			len ? ", " : "", *names, lr_show_value(a.value, a.target->unit, value),
			a.documented_met ? "" : " (missed)");
	}
	if (c->state == LR_CHECK_OPEN)
		open_item(c, missing);
}

static void cpu(struct lr_check *c, const struct lr_page *page, const json_t *base)
{
	static const char *const names[] = {"cpu_idle", "cpu_active", "memory", NULL};

	(void)base;
	targets(c, page, names, "no running node was measured");
}

/* Of the whole way where that was measured; else the library's part, of a replay. */
static void latency(struct lr_check *c, const struct lr_page *page, const json_t *base)
{
	static const char *const names[] = {
		"direct_latency", "relay_latency", "connect", "startup", NULL};
	const json_t *pass = json_object_get(page->replay, LR_K_PASS);

	(void)base;
	targets(c, page, names, "neither a tunnel nor a replay was measured");
	if (c->state != LR_CHECK_OPEN || !json_is_boolean(pass))
		return;
	c->state = json_is_true(pass) ? LR_CHECK_PASS : LR_CHECK_FAIL;
	snprintf(c->text, sizeof(c->text), "a replay's stages %s their targets",
		json_is_true(pass) ? "meet" : "miss");
}

static void baseline(struct lr_check *c, const struct lr_page *page, const json_t *base)
{
	const json_t *result = lr_page_newest(page);
	struct lr_comparison compared;
	struct lr_err err = {0};

	if (!base || !result) {
		open_item(c, "no baseline was given");
		return;
	}
	if (lr_compare(&compared, base, result, false, &err) < 0) {
		snprintf(c->text, sizeof(c->text), "%.190s", err.text);
		c->state = LR_CHECK_OPEN;
		return;
	}
	lr_compare_sum(&compared, c->text);
	c->state = compared.worse ? LR_CHECK_FAIL : compared.unsure ? LR_CHECK_OPEN : LR_CHECK_PASS;
	lr_compare_release(&compared);
}

/* Every documented target that a benchmark is held against. */
static void hot(struct lr_check *c, const struct lr_page *page, const json_t *base)
{
	const json_t *metrics = json_object_get(lr_page_newest(page), LR_K_METRICS), *metric;
	unsigned judged = 0, missed = 0;
	const char *first = "";
	size_t i;

	(void)base;
	json_array_foreach (metrics, i, metric) {
		struct lr_gate_row row = lr_gate(metric, false);
		judged += row.judged;
		if (row.judged && !row.met && missed++ == 0)
			first = row.name;
	}
	c->state = missed ? LR_CHECK_FAIL : judged ? LR_CHECK_PASS : LR_CHECK_OPEN;
	if (missed)
		snprintf(c->text, sizeof(c->text), "%u of %u targets missed, first %.60s", missed,
			judged, first);
	else
		snprintf(c->text, sizeof(c->text), "%u of %u targets met", judged, judged);
}

static void loop(struct lr_check *c, const struct lr_page *page, const json_t *base)
{
	const json_t *result = lr_page_newest(page), *stalls;
	const json_t *share = result ? lr_result_metric(result, "log_share") : NULL;

	(void)base;
	stalls = json_object_get(page->profile, LR_K_STALL_COUNT);
	if (stalls && json_integer_value(stalls) > 0) {
		c->state = LR_CHECK_FAIL;
		snprintf(c->text, sizeof(c->text), "%lld stalls in the profile",
			(long long)json_integer_value(stalls));
		return;
	}
	limit(c, worst(result, "state_write", ""), WAIT_MAX_NS, "no write of the state was timed");
	if (share && lr_result_median(share) > SHARE_MAX) {
		c->state = LR_CHECK_FAIL;
		snprintf(c->text, sizeof(c->text), "%.3g %% of the time goes into the log",
			lr_result_median(share));
	}
}

static const struct {
	const char *name;
	const char *next;    /* to find out why it failed */
	const char *measure; /* what it needs; NULL: the same */
	void (*run)(struct lr_check *c, const struct lr_page *page, const json_t *base);
} items[LR_CHECKS] = {
	{"starts", "lr-perf bench start", NULL, starts},
	{"leaks", "lr-perf bench leaks memory", NULL, leaks},
	{"peers", "lr-perf bench scaling", NULL, peers},
	{"cpu", "lr-perf profile --for 30s", "sudo lr-perf live", cpu},
	{"latency", "lr-perf replay share/traces/doom.pcap", "sudo lr-perf live", latency},
	{"baseline", "lr-perf bench --against BUILD", NULL, baseline},
	{"hot", "lr-perf bench performance", NULL, hot},
	{"loop", "lr-perf profile --stall 10ms", NULL, loop},
};

void lr_check_all(struct lr_check out[LR_CHECKS], const struct lr_page *page, const json_t *base)
{
	for (size_t i = 0; i < LR_CHECKS; i++) {
		out[i] = (struct lr_check){.name = items[i].name, .next = items[i].next};
		items[i].run(&out[i], page, base);
		if (out[i].state == LR_CHECK_OPEN && items[i].measure)
			out[i].next = items[i].measure;
	}
}

bool lr_check_failed(const struct lr_check checks[LR_CHECKS])
{
	bool failed = false;

	for (size_t i = 0; i < LR_CHECKS; i++)
		failed = failed || checks[i].state == LR_CHECK_FAIL;
	return failed;
}
