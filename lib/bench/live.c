/*
 * live.c - the steps of a live measurement, in their order, and their result
 */
#include "lib/bench/live.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/clock.h"
#include "lib/bench/live_inside.h"
#include "lib/bench/machine.h"
#include "lib/io/proc.h"
#include "lib/perf/targets.h"
#include "lib/results/result.h"
#include "terms.h"

#define LIMIT_S      300 /* of all together: a machine that is slow beyond measure */
#define ROUNDS       4
#define ROUNDS_QUICK 2

static const struct {
	const char *name;
	lr_live_do *run;
} steps[LR_LIVE_STEPS] = {
	[LR_LIVE_STARTUP] = {"startup", lr_live_startup},
	[LR_LIVE_IDLE] = {"idle", lr_live_idle},
	[LR_LIVE_CONNECT] = {"connect", lr_live_connect},
	[LR_LIVE_DIRECT] = {"direct", lr_live_direct},
	[LR_LIVE_FAILOVER] = {"failover", lr_live_failover},
	[LR_LIVE_RELAY] = {"relay", lr_live_relay},
	[LR_LIVE_ACTIVE] = {"active", lr_live_active},
	[LR_LIVE_MEMORY] = {"memory", lr_live_memory},
	[LR_LIVE_PEERS] = {"peers", lr_live_peers},
};

unsigned lr_live_steps(const char *words, struct lr_err *err)
{
	unsigned mask = 0;

	while (*words) {
		size_t len = strcspn(words, ","), i = 0;
		while (i < LR_LIVE_STEPS &&
			(strlen(steps[i].name) != len || strncmp(steps[i].name, words, len) != 0))
			i++;
		if (i == LR_LIVE_STEPS) {
			lr_err_set(err, LR_EXIT_USAGE,
				"--only %.*s: there are startup, idle, connect, direct, failover, "
				"relay, "
				"active, memory and peers",
				(int)len, words);
			return 0;
		}
		mask |= 1u << i;
		words += len + (words[len] == ',');
	}
	if (!mask)
		lr_err_set(err, LR_EXIT_USAGE, "--only: what?");
	return mask;
}

#define LATENCY_LEAST_NS 10000 /* of an added latency: a tenth of what we promise */

static json_t *new_metric(const char *name, const char *unit)
{
	json_t *o = json_object();
	const struct lr_target *t = lr_targets_find(name);

	lr_json_put_str(o, LR_K_NAME, name);
	lr_json_put_str(o, LR_K_UNIT, unit);
	lr_json_put_str(o, LR_K_BETTER, t ? t->better : "lower");
	lr_json_put_str(o, LR_K_FAMILY, "live");
	if (strstr(name, "_latency")) /* a difference of two measures, which can be 0 and below */
		lr_json_put_real(o, LR_K_LEAST, LATENCY_LEAST_NS);
	lr_json_put(o, LR_K_SAMPLES, json_array());
	return o;
}

void lr_live_sample(struct lr_live *l, const char *name, const char *unit, double value)
{
	json_t *metric = lr_result_metric(l->result, name);

	if (!metric) {
		metric = new_metric(name, unit);
		json_array_append_new(json_object_get(l->result, LR_K_METRICS), metric);
	}
	json_array_append_new(json_object_get(metric, LR_K_SAMPLES), json_real(value));
}

void lr_live_distribution(struct lr_live *l, const char *name, const struct lr_hist *h)
{
	static const double at[] = {0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1};
	json_t *list = json_object_get(l->result, LR_K_DISTRIBUTIONS), *o = json_object();
	json_t *quantiles = json_array();

	if (!list)
		lr_json_put(l->result, LR_K_DISTRIBUTIONS, list = json_array());
	for (size_t i = 0; i < sizeof(at) / sizeof(*at); i++)
		json_array_append_new(
			quantiles, json_pack("[f, f]", at[i], (double)lr_hist_quantile(h, at[i])));
	lr_json_put_str(o, LR_K_NAME, name);
	lr_json_put(o, LR_K_QUANTILES, quantiles);
	json_array_append_new(list, o);
}

int lr_live_process(long pid, uint64_t *cpu_ns, double *rss_mb, struct lr_err *err)
{
	struct lr_proc p;
	int r = lr_proc_open(&p, pid, err);

	if (r == 0 && !lr_proc_read(&p))
		r = lr_err_set(err, LR_EXIT_FAILED, "process %ld has ended", pid);
	if (r == 0) {
		*cpu_ns = p.last.cpu_ns;
		*rss_mb = p.last.rss / 1e6;
	}
	lr_proc_close(&p);
	return r;
}

void lr_live_pause(uint64_t ns)
{
	struct timespec ts = {(time_t)(ns / LR_NS_PER_S), (long)(ns % LR_NS_PER_S)};

	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, &ts) == EINTR) {
	}
}

/* Inside the laboratory. */
static json_t *work(struct lr_lab *lab, void *ctx, struct lr_err *err)
{
	const struct lr_live_plan *plan = ctx;
	struct lr_live *l = calloc(1, sizeof(*l));
	json_t *result = NULL;

	if (!l) {
		lr_err_set(err, LR_EXIT_FAILED, "out of memory");
		return NULL;
	}
	l->plan = plan;
	l->lab = lab;
	l->rounds = plan->quick ? ROUNDS_QUICK : ROUNDS;
	l->result = lr_machine_result();
	int r = lr_lab_hosts(lab, 2, err);
	for (size_t i = 0; i < LR_LIVE_STEPS && r == 0; i++) {
		if (!(plan->steps & 1u << i))
			continue;
		if (plan->progress)
			plan->progress(plan->ctx, steps[i].name);
		r = steps[i].run(l, err);
	}
	if (r == 0)
		result = l->result;
	else
		json_decref(l->result);
	free(l);
	return result;
}

json_t *lr_live_run(const struct lr_live_plan *plan, struct lr_err *err)
{
	struct lr_live_plan copy = *plan;

	return lr_lab_inside(work, &copy, LIMIT_S, err);
}
