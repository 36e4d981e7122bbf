/*
 * watch.c - what /proc says as numbers, their sums and series; see watch.h
 *
 * Source of the texts: proc(5).
 */
#include "lib/perf/watch.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/perf/stats.h"

#define BUSY_PERCENT  90
#define BUSY_AT_LEAST 20  /* percent that it really had: waiting alone is no loop */
#define BUSY_PACKETS  100 /* a second; more is work */

const struct lr_watch_kind lr_watch_kinds[LR_WATCH_METRICS] = {
	[LR_WATCH_CPU] = {"processor", "cpu_percent", "cpu %", 1},
	[LR_WATCH_RSS] = {"resident memory", "rss_bytes", "rss MB", 1e6},
	[LR_WATCH_PSS] = {"proportional memory", "pss_bytes", "pss MB", 1e6},
	[LR_WATCH_THREADS] = {"threads", "threads", "thr", 1},
	[LR_WATCH_FDS] = {"descriptors", "descriptors", "fds", 1},
	[LR_WATCH_SWITCHES] = {"context switches", "switches_per_s", "csw/s", 1},
	[LR_WATCH_RX] = {"packets received", "rx_per_s", "rx/s", 1},
	[LR_WATCH_TX] = {"packets sent", "tx_per_s", "tx/s", 1},
	[LR_WATCH_DROPS] = {"drops", "drops_per_s", "drop/s", 1},
	[LR_WATCH_RTT] = {"round trips", "rtt_us", "rtt us", 1},
	[LR_WATCH_QUEUE] = {"queue", "queue_bytes", "queue B", 1},
	[LR_WATCH_ANSWER] = {"answers", "answer_ms", "answer ms", 1},
};

/* --- /proc --- */

/* The name in parentheses may hold anything: fields are counted behind its last ')'. */
bool lr_watch_stat(struct lr_watch_proc *p, const char *text, long ticks, long page)
{
	const char *at = strrchr(text, ')');
	unsigned long long user, system;
	long threads, rss;

	if (!at || ticks <= 0 ||
		sscanf(at + 1,
			" %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d %*d "
			"%ld "
			"%*d %*u %*u %ld",
			&user, &system, &threads, &rss) != 4)
		return false;
	p->cpu_ns = (uint64_t)((double)(user + system) * 1e9 / (double)ticks);
	p->threads = (double)threads;
	p->rss = (double)rss * (double)page;
	return true;
}

bool lr_watch_schedstat(struct lr_watch_proc *p, const char *text)
{
	unsigned long long ns, waited = 0;

	if (sscanf(text, "%llu %llu", &ns, &waited) < 1)
		return false;
	p->cpu_ns = ns;
	p->waited_ns = waited;
	return true;
}

/* The number behind "\nNAME:"; false when it is not there. */
static bool field(const char *text, const char *name, unsigned long long *out)
{
	size_t len = strlen(name);

	for (const char *at = text; at; at = (at = strchr(at, '\n')) ? at + 1 : NULL)
		if (strncmp(at, name, len) == 0 && at[len] == ':')
			return sscanf(at + len + 1, "%llu", out) == 1;
	return false;
}

bool lr_watch_status(struct lr_watch_proc *p, const char *text)
{
	unsigned long long own, forced;

	if (!field(text, "voluntary_ctxt_switches", &own) ||
		!field(text, "nonvoluntary_ctxt_switches", &forced))
		return false;
	p->switches = own + forced;
	return true;
}

bool lr_watch_smaps(struct lr_watch_proc *p, const char *text)
{
	unsigned long long kib;

	if (!field(text, "Pss", &kib))
		return false;
	p->pss = (double)kib * 1024;
	return true;
}

/* --- samples --- */

void lr_watch_init(struct lr_watch *w)
{
	*w = (struct lr_watch){.step = 1};
}

/* A counter that went back has begun anew. */
static double rate(uint64_t now, uint64_t before, double seconds)
{
	return now >= before ? (double)(now - before) / seconds : NAN;
}

static void make_row(const struct lr_watch *w, double seconds, const struct lr_watch_proc *p,
	const struct lr_watch_node *n, double row[LR_WATCH_METRICS])
{
	bool node = n->known && w->node.known;

	row[LR_WATCH_CPU] = rate(p->cpu_ns, w->proc.cpu_ns, seconds) / 1e7;
	row[LR_WATCH_RSS] = p->rss;
	row[LR_WATCH_PSS] = p->pss > 0 ? p->pss : NAN;
	row[LR_WATCH_THREADS] = p->threads;
	row[LR_WATCH_FDS] = p->fds;
	row[LR_WATCH_SWITCHES] = rate(p->switches, w->proc.switches, seconds);
	row[LR_WATCH_RX] = node ? rate(n->rx, w->node.rx, seconds) : NAN;
	row[LR_WATCH_TX] = node ? rate(n->tx, w->node.tx, seconds) : NAN;
	row[LR_WATCH_DROPS] = node ? rate(n->drops, w->node.drops, seconds) : NAN;
	row[LR_WATCH_RTT] = n->known ? n->rtt_us : NAN;
	row[LR_WATCH_QUEUE] = n->known ? n->queue : NAN;
	row[LR_WATCH_ANSWER] = n->known ? n->answer_ms : NAN;
}

static void add_sum(struct lr_watch_sum *s, double v)
{
	if (isnan(v))
		return;
	if (s->n == 0)
		s->first = s->min = s->max = v;
	s->min = fmin(s->min, v);
	s->max = fmax(s->max, v);
	s->last = v;
	s->sum += v;
	s->n++;
}

static void add_series(struct lr_watch *w, double at_s, const double row[LR_WATCH_METRICS])
{
	if (w->seen++ % w->step)
		return;
	if (w->n == LR_WATCH_SERIES) {
		for (size_t i = 0; i < LR_WATCH_SERIES / 2; i++) {
			w->at_s[i] = w->at_s[2 * i];
			for (int m = 0; m < LR_WATCH_METRICS; m++)
				w->series[m][i] = w->series[m][2 * i];
		}
		w->n /= 2;
		w->step *= 2;
	}
	w->at_s[w->n] = at_s;
	for (int m = 0; m < LR_WATCH_METRICS; m++)
		w->series[m][w->n] = (float)row[m];
	w->n++;
}

/* How long together it was busy with nothing to do. Where it shares a processor it cannot have all
 * of it: what it waited for its turn counts, of what has run at all. */
static void note_busy(struct lr_watch *w, double seconds, const struct lr_watch_proc *p,
	const double row[LR_WATCH_METRICS])
{
	double waited = fmax(0, rate(p->waited_ns, w->proc.waited_ns, seconds) / 1e7);
	double wanted = row[LR_WATCH_CPU] >= BUSY_AT_LEAST ? row[LR_WATCH_CPU] + waited : 0;
	double packets =
		fmax(0, row[LR_WATCH_RX]) + fmax(0, row[LR_WATCH_TX]); /* fmax(0, NAN) is 0 */

	w->busy_s = wanted >= BUSY_PERCENT && packets < BUSY_PACKETS ? w->busy_s + seconds : 0;
	w->busy_longest_s = fmax(w->busy_longest_s, w->busy_s);
}

bool lr_watch_add(struct lr_watch *w, double at_s, const struct lr_watch_proc *proc,
	const struct lr_watch_node *node, double row[LR_WATCH_METRICS])
{
	double seconds = at_s - w->last_s;
	bool first = !w->began;

	if (first)
		w->begin_s = at_s;
	else if (seconds <= 0)
		return false;
	if (!first) {
		make_row(w, seconds, proc, node, row);
		for (int m = 0; m < LR_WATCH_METRICS; m++)
			add_sum(&w->sums[m], row[m]);
		add_series(w, at_s, row);
		note_busy(w, seconds, proc, row);
	}
	w->began = true;
	w->last_s = at_s;
	w->proc = *proc;
	w->node = *node;
	return !first;
}

void lr_watch_stall(struct lr_watch *w, const char *handler, double ms)
{
	w->stalls++;
	if (ms < w->stall_ms)
		return;
	w->stall_ms = ms;
	snprintf(w->stall_name, sizeof(w->stall_name), "%s", handler);
}

double lr_watch_mean(const struct lr_watch *w, enum lr_watch_metric m)
{
	return w->sums[m].n ? w->sums[m].sum / (double)w->sums[m].n : NAN;
}

double lr_watch_slope(const struct lr_watch *w, enum lr_watch_metric m)
{
	double x[LR_WATCH_SERIES], y[LR_WATCH_SERIES];
	size_t n = 0;

	for (size_t i = 0; i < w->n; i++) {
		if (isnan(w->series[m][i]))
			continue;
		x[n] = w->at_s[i];
		y[n++] = w->series[m][i];
	}
	return lr_stats_slope(x, y, n);
}
