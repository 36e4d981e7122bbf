/*
 * watch_find.c - what looks wrong in what was watched; the rules: watch.h
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/perf/stats.h"
#include "lib/perf/watch.h"

#define LEAK_SAMPLES 20 /* in each half */
#define LEAK_T       5
#define LEAK_SHARE   0.01
#define BUSY_S       5
#define STALL_MS     100
#define ACTIVE       1 /* packets a second; below, a node is idle */
#define OVER_SAMPLES 10
#define SLOW_SAMPLES 15 /* in each third */
#define SLOW_RATIO   1.3

const char *lr_watch_name(enum lr_watch_what what)
{
	static const char *const names[] = {"leak", "busy_loop", "cpu", "stall", "slowdown"};
	return names[what];
}

struct found {
	struct lr_watch_finding *out;
	size_t n;
};

__attribute__((format(printf, 4, 5))) static struct lr_watch_finding *tell(
	struct found *f, enum lr_watch_what what, enum lr_watch_metric m, const char *fmt, ...)
{
	static struct lr_watch_finding none;
	struct lr_watch_finding *k = f->n < LR_WATCH_FINDINGS ? &f->out[f->n++] : &none;
	va_list ap;

	k->what = what;
	k->metric = m;
	k->t = NAN;
	va_start(ap, fmt);
	vsnprintf(k->text, sizeof(k->text), fmt, ap);
	va_end(ap);
	return k;
}

/* The samples of the series from `from` to `to` that are known. */
struct part {
	double x[LR_WATCH_SERIES], y[LR_WATCH_SERIES];
	size_t n;
};

static void take(
	struct part *p, const struct lr_watch *w, enum lr_watch_metric m, size_t from, size_t to)
{
	p->n = 0;
	for (size_t i = from; i < to; i++) {
		if (isnan(w->series[m][i]))
			continue;
		p->x[p->n] = w->at_s[i];
		p->y[p->n++] = w->series[m][i];
	}
}

/* The slope over its standard error; INFINITY for a line without any noise. NAN: too few. */
static double t_of(const struct part *p)
{
	double slope = lr_stats_slope(p->x, p->y, p->n), mx = lr_stats_mean(p->x, p->n),
	       my = lr_stats_mean(p->y, p->n), rest = 0, xx = 0;

	if (p->n < LEAK_SAMPLES || isnan(slope))
		return NAN;
	for (size_t i = 0; i < p->n; i++) {
		double off = p->y[i] - my - slope * (p->x[i] - mx);
		rest += off * off;
		xx += (p->x[i] - mx) * (p->x[i] - mx);
	}
	double se = sqrt(rest / (double)(p->n - 2) / xx);
	if (se < fabs(slope) * 1e-6)
		return slope > 0 ? INFINITY : slope < 0 ? -INFINITY : 0;
	return slope / se;
}

static void find_leak(
	struct found *f, const struct lr_watch *w, enum lr_watch_metric m, double least)
{
	struct part a, b;
	size_t from = w->n / 10, middle = from + (w->n - from) / 2;

	take(&a, w, m, from, middle);
	take(&b, w, m, middle, w->n);
	double ta = t_of(&a), tb = t_of(&b), t = fmin(ta, tb);
	if (!(ta > LEAK_T) || !(tb > LEAK_T))
		return;
	double grown = b.y[b.n - 1] - a.y[0], slope = lr_watch_slope(w, m),
	       scale = lr_watch_kinds[m].scale;
	if (grown < least || grown < LEAK_SHARE * a.y[0])
		return;
	const char *unit = scale > 1 ? " MB" : "";
	tell(f, LR_WATCH_LEAK, m, "%s grows: %.3g%s in %.0f s, %.3g%s an hour (t = %.0f)",
		lr_watch_kinds[m].name, grown / scale, unit, b.x[b.n - 1] - a.x[0],
		slope * 3600 / scale, unit, fmin(t, 999))
		->t = fmin(t, 1e6);
}

static void find_busy(struct found *f, const struct lr_watch *w, double idle, double active)
{
	double cpu = lr_watch_mean(w, LR_WATCH_CPU);
	double packets =
		fmax(0, lr_watch_mean(w, LR_WATCH_RX)) + fmax(0, lr_watch_mean(w, LR_WATCH_TX));
	bool works = packets >= ACTIVE;

	if (w->busy_longest_s >= BUSY_S)
		tell(f, LR_WATCH_BUSY_LOOP, LR_WATCH_CPU,
			"it ran, or waited to run, for %.0f s together while next to no packets "
			"moved",
			w->busy_longest_s);
	else if (w->sums[LR_WATCH_CPU].n >= OVER_SAMPLES && cpu > (works ? active : idle))
		tell(f, LR_WATCH_OVER, LR_WATCH_CPU, "%.3g %% processor, the target %s is %g %%",
			cpu, works ? "while games are played" : "at rest", works ? active : idle);
}

static void find_stall(struct found *f, const struct lr_watch *w)
{
	const struct lr_watch_sum *answer = &w->sums[LR_WATCH_ANSWER];

	if (w->stalls)
		tell(f, LR_WATCH_STALL, LR_WATCH_ANSWER,
			"the event loop was held up %llu times, for %.1f ms by %s",
			(unsigned long long)w->stalls, w->stall_ms, w->stall_name);
	else if (answer->n && answer->max > STALL_MS)
		tell(f, LR_WATCH_STALL, LR_WATCH_ANSWER,
			"the event loop did not answer for %.0f ms; lr-perf profile names the "
			"handler",
			answer->max);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static void find_slowdown(struct found *f, const struct lr_watch *w, enum lr_watch_metric m)
{
	struct part a, b;

	take(&a, w, m, 0, w->n / 3);
	take(&b, w, m, w->n - w->n / 3, w->n);
	if (a.n < SLOW_SAMPLES || b.n < SLOW_SAMPLES)
		return;
	qsort(a.y, a.n, sizeof(*a.y), by_value);
	qsort(b.y, b.n, sizeof(*b.y), by_value);
	double before = a.y[a.n / 2], now = b.y[b.n / 2];
	if (b.y[b.n / 4] > a.y[3 * a.n / 4] && now > SLOW_RATIO * before)
		tell(f, LR_WATCH_SLOWDOWN, m, "%s became slower: %.3g, before %.3g (%s)",
			lr_watch_kinds[m].name, now, before, lr_watch_kinds[m].head);
}

size_t lr_watch_findings(const struct lr_watch *w, double cpu_idle, double cpu_active,
	struct lr_watch_finding out[LR_WATCH_FINDINGS])
{
	struct found f = {out, 0};

	find_leak(&f, w, LR_WATCH_RSS, 256 << 10);
	find_leak(&f, w, LR_WATCH_FDS, 1);
	find_leak(&f, w, LR_WATCH_THREADS, 1);
	find_busy(&f, w, cpu_idle, cpu_active);
	find_stall(&f, w);
	find_slowdown(&f, w, LR_WATCH_RTT);
	find_slowdown(&f, w, LR_WATCH_ANSWER);
	return f.n;
}
