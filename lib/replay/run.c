/*
 * run.c - file after file through one engine, so that members keep their tunnels
 */
#include "lib/replay/run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/perf/capture.h"

#define SLICE_NS          (100 * LR_NS_PER_MS) /* so often it is looked whether to go on */
#define BATCH             64                   /* as many as one sendmsg() of the node takes */
#define BESIDE_ROUNDS_MAX 100 /* of about 15 ms each, however often the capture is repeated */

/* Packets that were read and not yet played: without timing, the clock is read once a batch, so
 * that reading the file is not counted as work of the stages. */
struct batch {
	size_t n, used;
	struct lr_captured frames[BATCH];
	uint8_t bytes[LR_PCAPNG_BLOCK_MAX];
};

static void play_batch(struct lr_run *r, struct batch *b)
{
	uint64_t made = r->engine->tunnels->made_ns, begin = lr_clock_ns(CLOCK_MONOTONIC_RAW);

	for (size_t i = 0; i < b->n; i++)
		lr_engine_packet(r->engine, &b->frames[i]);
	r->stages_ns += lr_clock_ns(CLOCK_MONOTONIC_RAW) - begin;
	r->stages_ns -= r->engine->tunnels->made_ns - made;
	b->n = b->used = 0;
}

static void play_later(struct lr_run *r, struct batch *b, const struct lr_captured *frame)
{
	if (b->n == BATCH || b->used + frame->caplen > sizeof(b->bytes))
		play_batch(r, b);
	b->frames[b->n] = *frame;
	b->frames[b->n++].bytes = b->bytes + b->used;
	memcpy(b->bytes + b->used, frame->bytes, frame->caplen);
	b->used += frame->caplen;
}

/* Whether to go on. */
static bool goes_on(const struct lr_run *r)
{
	return !(r->plan.stop && *r->plan.stop) && (!r->plan.until || lr_now() < r->plan.until);
}

/* Waits until the packet's time has come, counted from the file's first; false: it is over. */
static bool pace(struct lr_run *r, const struct lr_captured *frame)
{
	if (!r->begun_ns) {
		r->begun_ns = lr_clock_ns(CLOCK_MONOTONIC);
		r->first_ns = frame->time_ns;
	}
	if (frame->time_ns > r->first_ns) {
		double after = (double)(frame->time_ns - r->first_ns) / r->plan.speed;
		uint64_t at = r->begun_ns + (uint64_t)fmin(after, 1e18), now;
		while (goes_on(r) && (now = lr_clock_ns(CLOCK_MONOTONIC)) < at) {
			uint64_t left = at - now < SLICE_NS ? at : now + SLICE_NS;
			struct timespec ts = {.tv_sec = (time_t)(left / LR_NS_PER_S),
				.tv_nsec = (long)(left % LR_NS_PER_S)};
			clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
		}
	}
	return goes_on(r);
}

/* Whether the plan has nothing to say about single packets. */
static bool takes_all(const struct lr_plan *plan)
{
	return !plan->filter && !plan->select.n && !plan->select.direction;
}

static bool wants(struct lr_run *r, const struct lr_captured *frame)
{
	return (!r->filter || lr_filter_passes(r->filter, frame)) &&
	       lr_select_wants(&r->plan.select, frame);
}

static void play_now(struct lr_run *r, const struct lr_captured *frame)
{
	lr_engine_packet(r->engine, frame);
	if (r->annotate.out)
		lr_annotate_add(&r->annotate, r->engine, frame);
}

/* Plays what is left of the capture; what lr_capture_next() said last. */
static int play_all(
	struct lr_run *r, struct lr_capture *capture, uint64_t *packets, struct lr_err *err)
{
	struct batch *batch = r->plan.timing ? NULL : malloc(sizeof(*batch));
	bool all = takes_all(&r->plan), ends = r->plan.stop || r->plan.until;
	struct lr_captured frame;
	int more;

	if (batch)
		batch->n = batch->used = 0;
	r->begun_ns = 0;
	while ((more = lr_capture_next(capture, &frame, err)) == 1) {
		if (r->plan.speed > 0 && !pace(r, &frame))
			break;
		if (ends && !goes_on(r))
			break;
		if (!all && !wants(r, &frame))
			lr_engine_skip(r->engine);
		else if (batch)
			play_later(r, batch, &frame);
		else
			play_now(r, &frame);
		++*packets;
	}
	if (batch)
		play_batch(r, batch);
	free(batch);
	if (more < 0 && ends && !goes_on(r)) { /* a signal ended the reading, not the file */
		*err = (struct lr_err){0};
		return 0;
	}
	return more < 0 ? more : 0;
}

static void play_file(struct lr_run *r, struct lr_played *played, const char *path)
{
	struct lr_err err = {0};

	*played = (struct lr_played){.name = path};
	struct lr_capture *capture = lr_capture_open(path, &err);
	if (capture) {
		played->format = lr_capture_format(capture);
		played->truncated = play_all(r, capture, &played->packets, &err) < 0;
		r->truncated = r->truncated || played->truncated;
		lr_capture_close(capture);
	}
	snprintf(played->error, sizeof(played->error), "%s", err.text);
}

/* Whether both paths lead to one file. */
static bool same_file(const char *a, const char *b)
{
	struct stat x, y;

	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static int check_plan(const struct lr_plan *plan, struct lr_err *err)
{
	unsigned streams = 0;

	for (size_t i = 0; i < plan->n_files; i++) {
		bool stream = strcmp(plan->files[i], "-") == 0;
		streams += stream;
		if (stream && (streams > 1 || plan->repeat > 1))
			return lr_err_set(err, LR_EXIT_USAGE,
				"-: standard input can be read only once: give a file, or it once "
				"and without --repeat or --loop");
		if (plan->annotate && !stream && same_file(plan->annotate, plan->files[i]))
			return lr_err_set(err, LR_EXIT_USAGE,
				"--annotate %s: it is to be read, too: write to another file",
				plan->annotate);
	}
	return 0;
}

static int prepare(struct lr_run *r, const struct lr_plan *plan, struct lr_err *err)
{
	*r = (struct lr_run){.plan = *plan};
	if (check_plan(plan, err) < 0)
		return -1;
	if (plan->filter && !(r->filter = lr_filter_new(plan->filter, err)))
		return -1;
	if (lr_crypto_init() < 0)
		return lr_err_set(err, LR_EXIT_FAILED, "the crypto libraries do not start");
	if (plan->annotate && lr_annotate_open(&r->annotate, plan->annotate, err) < 0)
		return -1;
	if (plan->timing)
		lr_tick_init(&r->tick);
	r->engine = lr_engine_new(plan->timing ? &r->tick : NULL, err);
	if (!r->engine)
		return -1;
	r->engine->every = r->engine->until = plan->sample ? plan->sample : 1;
	r->played = calloc(plan->n_files, sizeof(*r->played));
	r->stages = calloc(LR_RUN_STAGES, sizeof(*r->stages));
	if (!r->played || !r->stages)
		return lr_err_set(err, LR_EXIT_FAILED, "out of memory");
	return 0;
}

/* The engine's stages and those beside, in one row. */
static int collect(struct lr_run *r, struct lr_err *err)
{
	struct lr_stage *beside = r->stages + LR_ENGINE_STAGES;
	unsigned rounds = r->plan.repeat < BESIDE_ROUNDS_MAX ? r->plan.repeat : BESIDE_ROUNDS_MAX;

	memcpy(r->stages, r->engine->stages, LR_ENGINE_STAGES * sizeof(*r->stages));
	lr_beside_name(beside);
	for (unsigned i = 0; i < rounds; i++)
		if (lr_beside_measure(beside, &r->tick, r->engine->tunnels->members, err) < 0)
			return -1;
	r->n_stages = LR_RUN_STAGES;
	return 0;
}

/* Each file once. Whether any had a packet. */
static bool play_round(struct lr_run *r)
{
	bool any = false;

	for (size_t i = 0; i < r->plan.n_files; i++) {
		play_file(r, &r->played[i], r->plan.files[i]);
		any = any || r->played[i].packets;
	}
	r->rounds++;
	return any;
}

int lr_run_play(struct lr_run *r, const struct lr_plan *plan, struct lr_err *err)
{
	bool opened = false;

	if (prepare(r, plan, err) < 0)
		return -1;
	uint64_t begin = lr_clock_ns(CLOCK_MONOTONIC_RAW);
	while (play_round(r) && r->rounds < plan->repeat && goes_on(r))
		;
	int written = lr_annotate_close(&r->annotate);
	if (written < 0)
		return lr_err_set(
			err, LR_EXIT_FAILED, "%s: %s", plan->annotate, strerror(-written));
	r->duration_ns = lr_clock_ns(CLOCK_MONOTONIC_RAW) - begin;
	for (size_t i = 0; i < plan->n_files; i++)
		opened = opened || r->played[i].format;
	if (!opened)
		return lr_err_set(err, LR_EXIT_FAILED, "%s", r->played[0].error);
	return plan->timing ? collect(r, err) : 0;
}

void lr_run_release(struct lr_run *r)
{
	lr_engine_free(r->engine);
	lr_filter_free(r->filter);
	(void)!lr_annotate_close(&r->annotate);
	free(r->played);
	free(r->stages);
	*r = (struct lr_run){0};
}

bool lr_run_missed(const struct lr_run *r)
{
	for (size_t i = 0; i < r->n_stages; i++)
		if (lr_stage_judge(&r->stages[i], r->plan.gate) == LR_VERDICT_MISS)
			return true;
	return false;
}

bool lr_run_explain(const struct lr_run *r, const struct lr_stage *s, char out[200])
{
	bool ours = r->plan.gate == LR_GATE_OURS;
	double value, limit;

	if (lr_stage_judge(s, r->plan.gate) != LR_VERDICT_MISS)
		return false;
	lr_stage_compared(s, r->plan.gate, &value, &limit);
	snprintf(out, 200, "%s: %s is %.0f ns, %s target is %.0f ns: %.0f ns (%.0f %%) too slow",
		s->name, ours ? "p50" : "p99", value, ours ? "our" : "the documented", limit,
		value - limit, (value / limit - 1) * 100);
	return true;
}
