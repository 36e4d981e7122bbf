/*
 * monitor_report.c - what was watched, as JSON, as rows and as a table with sparklines
 */
#include <math.h>

#include "lib/base/clock.h"
#include "lib/node/monitor.h"
#include "terms.h"

#define NUMBERS 52 /* columns of the live table before its sparklines */

static json_t *begin_object(const struct lr_monitor *m, const char *event)
{
	json_t *o = json_object();
	char time[32];

	lr_rfc3339(lr_wall(), time);
	lr_json_put_str(o, LR_K_EVENT, event);
	lr_json_put_str(o, LR_K_TIME, time);
	lr_json_put_int(o, LR_K_PID, m->pid);
	lr_json_put_str(o, LR_K_IFACE, m->iface[0] ? m->iface : NULL);
	return o;
}

json_t *lr_monitor_json(const struct lr_monitor *m)
{
	json_t *o = begin_object(m, "sample");

	for (int i = 0; i < LR_WATCH_METRICS; i++)
		lr_json_put_real(o, lr_watch_kinds[i].key, m->row[i]);
	lr_json_put(o, LR_K_DROPS, json_incref(m->drops));
	return o;
}

static double growth_of(const struct lr_watch_sum *s)
{
	return s->n ? s->last - s->first : NAN;
}

json_t *lr_monitor_summary(
	const struct lr_monitor *m, const struct lr_watch_finding *found, size_t n)
{
	json_t *o = begin_object(m, "summary"), *metrics = json_array(), *findings = json_array();

	lr_json_put_real(o, LR_K_DURATION_S, m->watch.last_s - m->watch.begin_s);
	lr_json_put_int(o, LR_K_N, (int64_t)m->watch.sums[LR_WATCH_CPU].n);
	for (int i = 0; i < LR_WATCH_METRICS; i++) {
		const struct lr_watch_sum *s = &m->watch.sums[i];
		json_t *k = json_object();
		lr_json_put_str(k, LR_K_NAME, lr_watch_kinds[i].key);
		lr_json_put_real(k, LR_K_MIN, s->n ? s->min : NAN);
		lr_json_put_real(k, LR_K_MEAN, lr_watch_mean(&m->watch, i));
		lr_json_put_real(k, LR_K_MAX, s->n ? s->max : NAN);
		lr_json_put_real(k, LR_K_GROWTH, growth_of(s));
		lr_json_put_real(k, LR_K_SLOPE_PER_S, lr_watch_slope(&m->watch, i));
		json_array_append_new(metrics, k);
	}
	for (size_t i = 0; i < n; i++) {
		json_t *k = json_object();
		lr_json_put_str(k, LR_K_REASON, lr_watch_name(found[i].what));
		lr_json_put_str(k, LR_K_NAME, lr_watch_kinds[found[i].metric].key);
		lr_json_put_str(k, LR_K_TEXT, found[i].text);
		lr_json_put_real(k, LR_K_T, found[i].t);
		json_array_append_new(findings, k);
	}
	lr_json_put(o, LR_K_METRICS, metrics);
	lr_json_put(o, LR_K_FINDINGS, findings);
	return o;
}

/* --- for people --- */

static const char *value_text(enum lr_watch_metric m, double v, char out[24])
{
	if (isnan(v))
		return "-";
	v /= lr_watch_kinds[m].scale;
	snprintf(out, 24, fabs(v) >= 1e4 ? "%.0f" : "%.4g", v);
	return out;
}

void lr_monitor_head(FILE *out, const struct lr_monitor *m)
{
	(void)m;
	for (int i = 0; i < LR_WATCH_METRICS; i++)
		fprintf(out, "%s%9s", i ? " " : "", lr_watch_kinds[i].head);
	putc('\n', out);
}

void lr_monitor_row(FILE *out, const struct lr_monitor *m)
{
	char text[24];

	for (int i = 0; i < LR_WATCH_METRICS; i++)
		fprintf(out, "%s%9s", i ? " " : "", value_text(i, m->row[i], text));
	putc('\n', out);
	fflush(out);
}

/* The latest values of a metric, the lowest of them as the lowest block. */
static void put_sparks(FILE *out, const struct lr_watch *w, enum lr_watch_metric m, size_t room)
{
	static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	size_t from = w->n > room ? w->n - room : 0;
	double least = INFINITY, most = -INFINITY;

	for (size_t i = from; i < w->n; i++) {
		least = fmin(least, w->series[m][i]);
		most = fmax(most, w->series[m][i]);
	}
	for (size_t i = from; i < w->n; i++) {
		double v = w->series[m][i];
		fputs(isnan(v)         ? " "
			: most > least ? blocks[(int)((v - least) / (most - least) * 7.99)]
				       : blocks[0],
			out);
	}
}

static void table_line(FILE *out, const struct lr_watch *w, enum lr_watch_metric m, double now)
{
	const struct lr_watch_sum *s = &w->sums[m];
	char a[24], b[24], c[24], d[24];

	fprintf(out, "%-10s %9s %9s %9s %9s", lr_watch_kinds[m].head, value_text(m, now, a),
		value_text(m, s->n ? s->min : NAN, b), value_text(m, lr_watch_mean(w, m), c),
		value_text(m, s->n ? s->max : NAN, d));
}

unsigned lr_monitor_live(FILE *out, const struct lr_monitor *m, unsigned columns)
{
	size_t room = columns > NUMBERS + 1 ? columns - NUMBERS - 1 : 0;

	fprintf(out, "%-10s %9s %9s %9s %9s  %s %ld\033[K\n", m->iface, "now", "min", "mean", "max",
		"process", m->pid);
	for (int i = 0; i < LR_WATCH_METRICS; i++) {
		table_line(out, &m->watch, i, m->row[i]);
		fputs("  ", out);
		put_sparks(out, &m->watch, i, room);
		fputs("\033[K\n", out);
	}
	fflush(out);
	return LR_WATCH_METRICS + 1;
}

static void put_drops(FILE *out, const struct lr_monitor *m)
{
	const char *reason;
	json_t *v;

	json_object_foreach (m->drops, reason, v) {
		json_int_t before = json_integer_value(json_object_get(m->drops_before, reason));
		if (json_integer_value(v) > before)
			fprintf(out, "dropped: %s %lld\n", reason,
				(long long)(json_integer_value(v) - before));
	}
}

void lr_monitor_end_table(
	FILE *out, const struct lr_monitor *m, const struct lr_watch_finding *found, size_t n)
{
	char text[24];

	fprintf(out, "%-10s %10s %10s %10s %10s %10s\n", "", "last", "min", "mean", "max",
		"growth");
	for (int i = 0; i < LR_WATCH_METRICS; i++) {
		table_line(out, &m->watch, i, m->watch.sums[i].n ? m->watch.sums[i].last : NAN);
		fprintf(out, " %10s\n", value_text(i, growth_of(&m->watch.sums[i]), text));
	}
	put_drops(out, m);
	for (size_t i = 0; i < n; i++)
		fprintf(out, "%s: %s\n", lr_watch_name(found[i].what), found[i].text);
	if (n == 0)
		fputs("nothing looks wrong\n", out);
}
