/*
 * profile.c - see profile.h
 */
#include "lib/node/profile.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/node/book.h"
#include "lib/perf/profile.h"
#include "terms.h"

#define STALL_US   10000 /* a frame of a game at 60 a second is 16.7 ms */
#define REPORT_S   3600
#define EVERY_MAX  1000000
#define LINE       256
#define STALL_TELL LR_NS_PER_S /* a listener hears of one stall in this time */

struct lr_node_profile {
	struct lr_spans *spans;
	uint64_t since, ended; /* lr_now(); ended 0: it is on */
	uint64_t report_ns, report_at;
	uint64_t stall_told;
};

static void stalled(void *ctx, const struct lr_span_late *stall)
{
	struct lr_node *node = ctx;
	struct lr_node_profile *p = node->profile;
	char text[LINE];

	if (p->stall_told && stall->at_ns < p->stall_told + STALL_TELL)
		return;
	p->stall_told = stall->at_ns;
	snprintf(text, sizeof(text), "%s held the loop up for %.1f ms", stall->name,
		(double)stall->ns / 1e6);
	lr_node_tell_event(
		node, &(struct lr_node_event){.kind = LR_NODE_EVENT_STALL, .text = text});
}

static struct lr_node_profile *new_profile(struct lr_node *node)
{
	struct lr_node_profile *p = calloc(1, sizeof(*p));

	if (p && (p->spans = lr_spans_new())) {
		p->spans->stalled = stalled;
		p->spans->ctx = node;
		return p;
	}
	free(p);
	return NULL;
}

/* --- requests --- */

struct wish {
	int64_t every, report_s;
	double slow_us, stall_us; /* NAN: none */
};

/* Microseconds, more than 0. */
static double limit_of(const json_t *request, const char *key, double absent, bool *bad)
{
	const json_t *v = json_object_get(request, key);

	if (!v || json_is_null(v))
		return absent;
	double us = json_number_value(v);
	if (!json_is_number(v) || !(us > 0) || us > 1e12)
		*bad = true;
	return us;
}

static bool read_wish(const json_t *request, struct wish *w)
{
	bool bad = false;

	w->every = lr_json_int(request, LR_K_EVERY, 1, &bad);
	w->report_s = lr_json_int(request, LR_K_REPORT_S, REPORT_S, &bad);
	w->slow_us = limit_of(request, LR_K_SLOW_US, NAN, &bad);
	w->stall_us = limit_of(request, LR_K_STALL_US, STALL_US, &bad);
	return !bad && w->every >= 1 && w->every <= EVERY_MAX && w->report_s >= 0 &&
	       w->report_s <= 366 * 86400;
}

static uint64_t limit_ns(double us)
{
	return isnan(us) ? LR_NEVER : (uint64_t)(us * 1e3);
}

static void begin_anew(struct lr_node_profile *p, uint64_t now)
{
	lr_spans_reset(p->spans);
	p->since = now;
	p->report_at = p->report_ns ? now + p->report_ns : LR_NEVER;
}

static int switch_on(struct lr_node *node, const struct wish *w)
{
	struct lr_node_profile *p = node->profile;

	if (!p && !(p = node->profile = new_profile(node)))
		return -1;
	p->spans->every = (uint32_t)w->every;
	p->spans->slow_ns = limit_ns(w->slow_us);
	p->spans->stall_ns = limit_ns(w->stall_us);
	p->report_ns = (uint64_t)w->report_s * LR_NS_PER_S;
	p->ended = 0;
	begin_anew(p, node->loop.now);
	node->loop.spans = p->spans;
	return 0;
}

static void switch_off(struct lr_node *node)
{
	struct lr_node_profile *p = node->profile;

	if (p && !p->ended)
		p->ended = node->loop.now;
	node->loop.spans = NULL;
}

/* 0, or -1 with `err`. */
static int set(struct lr_node *node, const json_t *request, const char *what, struct lr_err *err)
{
	struct wish w;

	if (strcmp(what, "on") == 0) {
		if (!read_wish(request, &w))
			return lr_err_set(err, LR_EXIT_USAGE,
				"every: 1 to %d; slow_us and stall_us: more than 0; report_s: 0 or "
				"more",
				EVERY_MAX);
		if (switch_on(node, &w) < 0)
			return lr_err_set(err, LR_EXIT_FAILED, "out of memory");
	} else if (strcmp(what, "off") == 0) {
		switch_off(node);
	} else if (strcmp(what, "reset") == 0) {
		if (node->profile)
			begin_anew(node->profile, node->loop.now);
	} else {
		return lr_err_set(err, LR_EXIT_USAGE, "%.40s: set is on, off or reset", what);
	}
	return 0;
}

json_t *lr_node_profile_report(const struct lr_node *node)
{
	const struct lr_node_profile *p = node->profile;

	if (!p)
		return NULL;
	uint64_t now = node->loop.now, end = p->ended ? p->ended : now;
	return lr_profile_json(p->spans, end - p->since, now);
}

json_t *lr_node_profile_answer(struct lr_node *node, const json_t *request)
{
	struct lr_err err = {0};
	bool bad = false;
	const char *what = lr_json_str(request, LR_K_SET, &bad);

	if (bad)
		lr_err_set(&err, LR_EXIT_USAGE, "set is on, off or reset");
	if (bad || (what && set(node, request, what, &err) < 0))
		return lr_book_no(&err);
	json_t *answer = lr_book_yes(), *report = what ? NULL : lr_node_profile_report(node);
	lr_json_put_str(answer, LR_K_IFACE, node->iface);
	lr_json_put_bool(answer, LR_K_ON, node->loop.spans != NULL);
	if (node->profile)
		lr_json_put_int(
			answer, LR_K_REPORT_S, (int64_t)(node->profile->report_ns / LR_NS_PER_S));
	if (report)
		json_object_update_missing(answer, report);
	json_decref(report);
	return answer;
}

/* --- reports --- */

uint64_t lr_node_profile_due(const struct lr_node *node)
{
	return node->loop.spans ? node->profile->report_at : LR_NEVER;
}

void lr_node_profile_settle(struct lr_node *node, uint64_t now)
{
	struct lr_node_profile *p = node->profile;
	char text[LINE];

	if (now < lr_node_profile_due(node))
		return;
	lr_profile_line(p->spans, now - p->since, text, sizeof(text));
	lr_node_tell_event(
		node, &(struct lr_node_event){.kind = LR_NODE_EVENT_PROFILE, .text = text});
	begin_anew(p, now);
}

void lr_node_profile_close(struct lr_node *node)
{
	node->loop.spans = NULL;
	if (node->profile)
		lr_spans_free(node->profile->spans);
	free(node->profile);
	node->profile = NULL;
}
