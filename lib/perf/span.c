/*
 * span.c - the tree of spans, turns and handlers
 */
#include "lib/perf/span.h"

#include <stdlib.h>
#include <string.h>

__thread struct lr_spans *lr_spans_live;

struct lr_spans *lr_spans_new(void)
{
	struct lr_spans *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	lr_tick_init(&s->tick);
	s->every = 1;
	s->slow_ns = s->stall_ns = LR_NEVER;
	s->random = 0x9e3779b97f4a7c15u;
	lr_spans_reset(s);
	return s;
}

void lr_spans_free(struct lr_spans *s)
{
	if (s && lr_spans_live == s)
		lr_spans_live = NULL;
	free(s);
}

static void forget(struct lr_spans *s)
{
	memset(s->at, 0, s->n * sizeof(*s->at));
	s->at[0].name = "turn";
	s->n = 1;
	s->n_done = 0;
	s->turns = s->measured = s->busy_ns = s->lost = 0;
	s->slow = s->stalls = (struct lr_span_lates){0};
	s->forget = false;
	s->skip = 0;
}

void lr_spans_reset(struct lr_spans *s)
{
	if (s->open)
		s->forget = true;
	else
		forget(s);
}

void lr_spans_count(struct lr_spans *s)
{
	for (size_t i = 0; i < s->n_done; i++)
		lr_hist_small_add(&s->done[i].place->hist, s->done[i].ticks);
	s->n_done = 0;
}

uint64_t lr_span_ns(const struct lr_spans *s, uint64_t ticks)
{
	return lr_tick_ns(&s->tick, 0, ticks);
}

uint64_t lr_span_own(const struct lr_span_place *place)
{
	uint64_t inner = 0;

	for (const struct lr_span_place *at = place->child; at; at = at->sibling)
		inner += at->hist.sum;
	return place->hist.sum > inner ? place->hist.sum - inner : 0; /* it may be open still */
}

/* --- turns --- */

/* xorshift64 (Marsaglia 2003): 1 to 2 every - 1, on average `every`. */
static uint32_t next_skip(struct lr_spans *s)
{
	s->random ^= s->random << 13;
	s->random ^= s->random >> 7;
	s->random ^= s->random << 17;
	return 1 + (uint32_t)(s->random % (2 * (uint64_t)s->every - 1));
}

void lr_spans_begin(struct lr_spans *s, uint64_t now)
{
	s->now_ns = now;
	s->turns++;
	s->turn_begin = lr_tick_glance(&s->tick);
	if (s->skip > 1) {
		s->skip--;
		return;
	}
	s->skip = next_skip(s);
	s->measured++;
	s->slow_ticks = lr_tick_count(&s->tick, s->slow_ns);
	s->at[0].begin = s->turn_begin;
	s->open = s->at;
	lr_spans_live = s;
}

static uint64_t ticks_since(uint64_t begin, uint64_t now)
{
	return now > begin ? now - begin : 0; /* another core's counter may be behind */
}

void lr_spans_end(struct lr_spans *s)
{
	uint64_t ticks = ticks_since(s->turn_begin, lr_tick_glance(&s->tick));

	s->busy_ns += lr_span_ns(s, ticks);
	if (s->open) {
		lr_hist_small_add(&s->at[0].hist, ticks);
		lr_spans_count(s);
	}
	s->open = NULL;
	lr_spans_live = NULL;
	if (s->forget)
		forget(s);
}

static const struct lr_span_late *note(struct lr_spans *s, struct lr_span_lates *list,
	const char *name, const char *within, uint64_t ns)
{
	struct lr_span_late *late = &list->at[list->n++ % LR_SPANS_RING];

	*late = (struct lr_span_late){name, within, ns, s->now_ns};
	return late;
}

/* --- spans --- */

/* A new place below `in`; a name that is the same text elsewhere is the same name. NULL: no room.
 */
static struct lr_span_place *new_place(
	struct lr_spans *s, struct lr_span_place *in, const char *name)
{
	for (struct lr_span_place *at = in->child; at; at = at->sibling)
		if (strcmp(at->name, name) == 0)
			return at;
	if (s->n == LR_SPANS_MAX)
		return NULL;
	struct lr_span_place *at = &s->at[s->n++], **end = &in->child;
	at->name = name;
	at->parent = in;
	while (*end)
		end = &(*end)->sibling;
	return *end = at;
}

/* The same name at another address, or a new place. */
__attribute__((noinline, cold)) static struct lr_span_place *enter_new(
	struct lr_spans *s, const char *name)
{
	struct lr_span_place *at = new_place(s, s->open, name);

	if (!at) {
		s->lost++;
		return NULL;
	}
	s->open = at;
	at->begin = lr_tick_glance(&s->tick);
	return at;
}

struct lr_span_place *lr_span_enter(const char *name)
{
	struct lr_spans *s = lr_spans_live;
	struct lr_span_place *at = s->open->child;

	while (at && at->name != name)
		at = at->sibling;
	if (__builtin_expect(!at, 0))
		return enter_new(s, name);
	s->open = at;
	at->begin = lr_tick_glance(&s->tick);
	return at;
}

__attribute__((noinline, cold)) static void note_slow(
	struct lr_spans *s, const struct lr_span_place *span, uint64_t ticks)
{
	note(s, &s->slow, span->name, span->parent->name, lr_span_ns(s, ticks));
}

static inline void leave_at(struct lr_spans *s, struct lr_span_place *span, uint64_t now)
{
	uint64_t ticks = ticks_since(span->begin, now);

	s->open = span->parent;
	s->done[s->n_done++] = (struct lr_span_done){span, ticks};
	if (__builtin_expect(ticks > s->slow_ticks, 0))
		note_slow(s, span, ticks);
	if (__builtin_expect(s->n_done == LR_SPANS_DONE, 0))
		lr_spans_count(s);
}

void lr_span_leave(struct lr_span_place *span)
{
	struct lr_spans *s = lr_spans_live;

	leave_at(s, span, lr_tick_glance(&s->tick));
}

/* --- handlers: one reading is the span's and the stall's --- */

void lr_spans_handler(struct lr_spans *s, const char *name)
{
	struct lr_span_place *span = lr_spans_live ? lr_span_enter(name) : NULL;

	s->handled = span ? span->begin : lr_tick_glance(&s->tick);
}

void lr_spans_handled(struct lr_spans *s, const char *name)
{
	uint64_t now = lr_tick_glance(&s->tick), ns = lr_tick_ns(&s->tick, s->handled, now);

	if (lr_spans_live && s->open->parent)
		leave_at(s, s->open, now);
	if (ns <= s->stall_ns)
		return;
	const struct lr_span_late *late = note(s, &s->stalls, name, "", ns);
	if (s->stalled)
		s->stalled(s->ctx, late);
}
