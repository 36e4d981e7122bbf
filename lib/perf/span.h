/*
 * span.h - the profiler: named spans around functions and blocks
 *
 *      static void seal_all(...)
 *      {
 *              LR_SPAN(seal);          // until the end of the block
 *              ...
 *
 * Theory of operation. What a thread measures lies in a `struct lr_spans` of its own, so there is
 * no lock. A span is a name below the span that was open when it began: the spans seen so far
 * form a tree, and each place of it counts, sums and has a small histogram. `lr_spans_live` is
 * where the thread's spans go, NULL while nothing is measured: then a span is one predicted
 * branch.
 *
 * Measuring is decided by turn, never in the middle: a turn is one round of an event loop, from
 * its wake-up until it sleeps again (lr_spans_begin(), lr_spans_end()), and of all turns one in
 * `every` is measured, chosen at random around that distance so that no rhythm of the traffic
 * hides from it. What is switched in a turn takes effect with the next. An event loop also
 * says what each of its handlers took (lr_spans_handled()), measured or not, and one that held
 * the loop up for longer than the limit is a stall.
 *
 * A span's end only notes which place and how many ticks: LR_SPANS_DONE of these are counted
 * together, when so many wait and at the turn's end, because the same counting is three times
 * slower between readings of the clock. So in one span of so many its parent is charged some 100 ns
 * more.
 *
 * A span's time includes about one reading of the clock, and what its inner spans cost. The clock
 * is the time stamp counter without fences (lr_tick_glance(), tick.h says what that may be off by).
 *
 * Where <sys/sdt.h> exists, each span is also a USDT probe, "lanrage:NAME" at its begin and
 * "lanrage:span__end" with its name at the end, whether the profiler is on or not: a no-op
 * until perf or bpftrace asks for it.
 */
#ifndef LR_PERF_SPAN_H
#define LR_PERF_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/perf/hist.h"
#include "lib/perf/tick.h"

#if defined(__has_include) && !defined(LR_NO_USDT)
#if __has_include(<sys/sdt.h>)
#include <sys/sdt.h>
#define LR_SPAN_PROBE(name)     DTRACE_PROBE(lanrage, name)
#define LR_SPAN_PROBE_END(name) DTRACE_PROBE1(lanrage, span__end, name)
#endif
#endif
#ifndef LR_SPAN_PROBE
#define LR_SPAN_PROBE(name)     ((void)0)
#define LR_SPAN_PROBE_END(name) ((void)0)
#endif

#define LR_SPANS_MAX  256 /* places in a thread's tree; further ones count for their parent */
#define LR_SPANS_RING 32  /* slow spans, and stalls, that are remembered */
#define LR_SPANS_DONE 64  /* finished ones that are counted together: 1 KB */

/* A place in the tree. */
struct lr_span_place {
	const char *name; /* static text */
	struct lr_span_place *parent, *child, *sibling;
	uint64_t begin;            /* the reading, while it is open */
	struct lr_hist_small hist; /* ticks of the clock: lr_span_ns() */
};

/* A span that has ended and is not yet counted. */
struct lr_span_done {
	struct lr_span_place *place;
	uint64_t ticks;
};

/* Something that took too long. */
struct lr_span_late {
	const char *name;   /* of the span, or of the handler */
	const char *within; /* the span around it; "" for a handler */
	uint64_t ns, at_ns; /* how long; when it ended, as lr_now() of its turn */
};

struct lr_span_lates {
	struct lr_span_late at[LR_SPANS_RING]; /* at[n % LR_SPANS_RING] is the next to be written */
	uint64_t n;
};

struct lr_spans {
	struct lr_tick tick;
	uint32_t every;    /* of so many turns one is measured, >= 1 */
	uint64_t slow_ns;  /* a span that took longer is remembered; LR_NEVER: none */
	uint64_t stall_ns; /* a handler that took longer is a stall; LR_NEVER: none */
	uint64_t turns, measured, busy_ns; /* busy: of all turns; their sum */
	uint64_t lost;                     /* spans for which the tree had no place */
	struct lr_span_lates slow, stalls;
	/* Told of a stall; NULL: nobody is. */
	void (*stalled)(void *ctx, const struct lr_span_late *stall);
	void *ctx;
	/* its own */
	struct lr_span_place *open; /* the innermost that is open; NULL outside of turns */
	size_t n_done;
	struct lr_span_done done[LR_SPANS_DONE];
	uint64_t slow_ticks; /* slow_ns, as the clock counts */
	uint64_t now_ns, turn_begin, handled;
	bool forget;   /* lr_spans_reset() waits for the turn's end */
	uint32_t skip; /* turns until the next that is measured */
	uint64_t random;
	size_t n;
	struct lr_span_place at[LR_SPANS_MAX]; /* at[0] is the turn itself */
};

/* NULL: out of memory. About 600 KB, of which only what is used becomes resident; 3 ms for the
 * clock's rate. */
struct lr_spans *lr_spans_new(void);
void lr_spans_free(struct lr_spans *s);
/* Forgets all that was measured; not inside a turn that is measured, except by its handler: then
 * it is done when the turn ends. */
void lr_spans_reset(struct lr_spans *s);
/* Counts what has ended: whoever reads the tree inside a turn calls it first. */
void lr_spans_count(struct lr_spans *s);
/* Ticks as ns; and the ticks that a place took itself, without the spans in it. */
uint64_t lr_span_ns(const struct lr_spans *s, uint64_t ticks);
uint64_t lr_span_own(const struct lr_span_place *place);

/* --- of an event loop --- */

/* A turn begins, at `now` (lr_now()), and ends: nothing is open then. */
void lr_spans_begin(struct lr_spans *s, uint64_t now);
void lr_spans_end(struct lr_spans *s);
/* A handler begins; and has returned. Their time is a span below the turn. */
void lr_spans_handler(struct lr_spans *s, const char *name);
void lr_spans_handled(struct lr_spans *s, const char *name);

/* --- spans --- */

extern __thread struct lr_spans *lr_spans_live;

struct lr_span_place *lr_span_enter(const char *name);
void lr_span_leave(struct lr_span_place *span);

struct lr_span_scope {
	struct lr_span_place *span; /* NULL: not measured */
	const char *name;
};

static inline void lr_span_close(const struct lr_span_scope *scope)
{
	LR_SPAN_PROBE_END(scope->name);
	if (__builtin_expect(scope->span != NULL, 0))
		lr_span_leave(scope->span);
}

#ifdef __cppcheck__ /* it cannot expand one of these in the other */
#define LR_SPAN(word)                ((void)0)
#define LR_SPAN_OF(word, expression) (expression)
#else
/* A span until the end of the block. `word` is its name, not in quotes. (The end has a text of its
 * own, so that none is kept over the block.) */
#define LR_SPAN(word)                                                                              \
	LR_SPAN_PROBE(word);                                                                       \
	__attribute__((cleanup(lr_span_close), unused))                                            \
	const struct lr_span_scope lr_span_##word = {                                              \
		__builtin_expect(lr_spans_live != NULL, 0) ? lr_span_enter(#word) : NULL,          \
		#word "\0"}

/* The value of an expression, and a span around it. */
#define LR_SPAN_OF(word, expression)                                                               \
	({                                                                                         \
		LR_SPAN(word);                                                                     \
		expression;                                                                        \
	})
#endif

#endif
