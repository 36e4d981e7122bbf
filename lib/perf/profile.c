/*
 * profile.c - see profile.h
 */
#include "lib/perf/profile.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/base/clock.h"
#include "terms.h"

#define LINE_SPANS 3

static int by_own(const void *a, const void *b)
{
	uint64_t x = lr_span_own(*(const struct lr_span_place *const *)a),
		 y = lr_span_own(*(const struct lr_span_place *const *)b);
	return (x < y) - (x > y);
}

/* The places with the greatest own time first; how many. */
static size_t sorted(const struct lr_spans *s, const struct lr_span_place *out[LR_SPANS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		if (s->at[i].hist.n)
			out[n++] = &s->at[i];
	qsort(out, n, sizeof(*out), by_own);
	return n;
}

/* "device;send;seal", without the turn; the turn alone is "turn". Cut in front when it is too long.
 */
static const char *stack_of(const struct lr_span_place *p, char out[LR_PROFILE_STACK])
{
	char *at = out + LR_PROFILE_STACK - 1;

	*at = '\0';
	for (const struct lr_span_place *k = p; k && (k->parent || k == p); k = k->parent) {
		size_t len = strlen(k->name);
		if ((size_t)(at - out) < len + 1)
			break;
		if (k != p)
			*--at = ';';
		at -= len;
		memcpy(at, k->name, len);
	}
	return at;
}

static double share_of(const struct lr_spans *s, const struct lr_span_place *p)
{
	return s->at[0].hist.sum ? (double)lr_span_own(p) / (double)s->at[0].hist.sum : NAN;
}

static void put_ns(json_t *o, const char *key, const struct lr_spans *s, uint64_t ticks)
{
	lr_json_put_int(o, key, (int64_t)lr_span_ns(s, ticks));
}

static json_t *span_json(const struct lr_spans *s, const struct lr_span_place *p)
{
	char stack[LR_PROFILE_STACK];
	json_t *o = json_object();

	lr_json_put_str(o, LR_K_STACK, stack_of(p, stack));
	lr_json_put_str(o, LR_K_NAME, p->name);
	lr_json_put_int(o, LR_K_N, (int64_t)p->hist.n);
	put_ns(o, LR_K_TOTAL_NS, s, p->hist.sum);
	put_ns(o, LR_K_OWN_NS, s, lr_span_own(p));
	lr_json_put_real(o, LR_K_SHARE, share_of(s, p));
	put_ns(o, LR_K_MIN_NS, s, p->hist.min);
	put_ns(o, LR_K_P50_NS, s, lr_hist_small_quantile(&p->hist, 0.5));
	put_ns(o, LR_K_P90_NS, s, lr_hist_small_quantile(&p->hist, 0.9));
	put_ns(o, LR_K_P99_NS, s, lr_hist_small_quantile(&p->hist, 0.99));
	put_ns(o, LR_K_MAX_NS, s, p->hist.max);
	return o;
}

/* The latest first. */
static json_t *lates_json(const struct lr_span_lates *list, uint64_t now)
{
	json_t *out = json_array();
	uint64_t n = list->n < LR_SPANS_RING ? list->n : LR_SPANS_RING;

	for (uint64_t i = 1; i <= n; i++) {
		const struct lr_span_late *late = &list->at[(list->n - i) % LR_SPANS_RING];
		json_t *o = json_object();
		lr_json_put_str(o, LR_K_NAME, late->name);
		lr_json_put_str(o, LR_K_WITHIN, late->within[0] ? late->within : NULL);
		lr_json_put_int(o, LR_K_DURATION_NS, (int64_t)late->ns);
		lr_json_put_real(
			o, LR_K_AGO_S, now > late->at_ns ? (double)(now - late->at_ns) / 1e9 : 0);
		json_array_append_new(out, o);
	}
	return out;
}

static void put_limit(json_t *o, const char *key, uint64_t ns)
{
	lr_json_put(o, key, ns == LR_NEVER ? NULL : json_real((double)ns / 1e3));
}

static double busy_share(const struct lr_spans *s, uint64_t for_ns)
{
	return for_ns ? (double)s->busy_ns / (double)for_ns : NAN;
}

json_t *lr_profile_json(struct lr_spans *s, uint64_t for_ns, uint64_t now)
{
	const struct lr_span_place *list[LR_SPANS_MAX];
	json_t *o = json_object(), *spans = json_array();

	lr_spans_count(s);
	size_t n = sorted(s, list);

	lr_json_put_str(o, LR_K_SCHEMA, "lanrage-profile-1");
	lr_json_put_int(o, LR_K_DURATION_NS, (int64_t)for_ns);
	lr_json_put_int(o, LR_K_EVERY, s->every);
	lr_json_put_int(o, LR_K_TURNS, (int64_t)s->turns);
	lr_json_put_int(o, LR_K_TURNS_MEASURED, (int64_t)s->measured);
	lr_json_put_int(o, LR_K_BUSY_NS, (int64_t)s->busy_ns);
	lr_json_put_real(o, LR_K_BUSY, busy_share(s, for_ns));
	lr_json_put_int(o, LR_K_LOST, (int64_t)s->lost);
	lr_json_put_str(o, LR_K_CLOCK, s->tick.source);
	put_limit(o, LR_K_SLOW_US, s->slow_ns);
	put_limit(o, LR_K_STALL_US, s->stall_ns);
	lr_json_put_int(o, LR_K_SLOW_COUNT, (int64_t)s->slow.n);
	lr_json_put_int(o, LR_K_STALL_COUNT, (int64_t)s->stalls.n);
	for (size_t i = 0; i < n; i++)
		json_array_append_new(spans, span_json(s, list[i]));
	lr_json_put(o, LR_K_SPANS, spans);
	lr_json_put(o, LR_K_SLOW, lates_json(&s->slow, now));
	lr_json_put(o, LR_K_STALLS, lates_json(&s->stalls, now));
	return o;
}

void lr_profile_line(struct lr_spans *s, uint64_t for_ns, char *out, size_t room)
{
	const struct lr_span_place *list[LR_SPANS_MAX];
	char stack[LR_PROFILE_STACK];
	FILE *f = fmemopen(out, room, "w");

	lr_spans_count(s);
	size_t n = sorted(s, list);
	out[0] = '\0';
	if (!f)
		return;
	fprintf(f, "busy %.2g %%", for_ns ? 100 * busy_share(s, for_ns) : 0);
	for (size_t i = 0; i < n && i < LINE_SPANS; i++)
		fprintf(f, "%s %s %.0f %%", i ? "," : ":", stack_of(list[i], stack),
			100 * share_of(s, list[i]));
	if (s->stalls.n) {
		const struct lr_span_late *last = &s->stalls.at[(s->stalls.n - 1) % LR_SPANS_RING];
		fprintf(f, "; %llu stalls, the last %.1f ms in %s", (unsigned long long)s->stalls.n,
			(double)last->ns / 1e6, last->name);
	}
	fclose(f);
	out[room - 1] = '\0';
}

/* --- for people --- */

static double number(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);
	return json_is_number(v) ? json_number_value(v) : NAN;
}

static const char *text(const json_t *o, const char *key)
{
	const char *t = json_string_value(json_object_get(o, key));
	return t ? t : "";
}

static void table_head(FILE *out, const json_t *p)
{
	char a[16];

	fprintf(out, "%s, busy %.3g %%, %.0f turns", lr_text_ns(number(p, LR_K_DURATION_NS), a),
		100 * number(p, LR_K_BUSY), number(p, LR_K_TURNS));
	if (number(p, LR_K_EVERY) > 1)
		fprintf(out, ", %.0f of them measured", number(p, LR_K_TURNS_MEASURED));
	fprintf(out, "\n\n%-32s %9s %8s %6s %9s %8s %8s %8s\n", "span", "n", "own", "share",
		"with inner", "p50", "p99", "max");
}

static void table_lates(FILE *out, const json_t *p, const char *key, const char *what)
{
	const json_t *list = json_object_get(p, key), *late;
	char a[16];
	size_t i;

	json_array_foreach ((json_t *)list, i, late) {
		fprintf(out, "%s%s %s", i ? "" : "\n", what, text(late, LR_K_NAME));
		if (*text(late, LR_K_WITHIN))
			fprintf(out, " in %s", text(late, LR_K_WITHIN));
		fprintf(out, ": %s, %.3g s ago\n", lr_text_ns(number(late, LR_K_DURATION_NS), a),
			number(late, LR_K_AGO_S));
	}
}

void lr_profile_table(FILE *out, const json_t *p, unsigned top)
{
	const json_t *spans = json_object_get(p, LR_K_SPANS), *span;
	char a[16], b[16], c[16], d[16], e[16];
	size_t i;

	table_head(out, p);
	json_array_foreach ((json_t *)spans, i, span) {
		if (top && i == top)
			break;
		fprintf(out, "%-32s %9.0f %8s %5.1f%% %10s %8s %8s %8s\n", text(span, LR_K_STACK),
			number(span, LR_K_N), lr_text_ns(number(span, LR_K_OWN_NS), a),
			100 * number(span, LR_K_SHARE), lr_text_ns(number(span, LR_K_TOTAL_NS), b),
			lr_text_ns(number(span, LR_K_P50_NS), c),
			lr_text_ns(number(span, LR_K_P99_NS), d),
			lr_text_ns(number(span, LR_K_MAX_NS), e));
	}
	table_lates(out, p, LR_K_STALLS, "stall:");
	table_lates(out, p, LR_K_SLOW, "slow:");
}

void lr_profile_folded(FILE *out, const json_t *p)
{
	const json_t *span;
	size_t i;

	json_array_foreach (json_object_get(p, LR_K_SPANS), i, span)
		if (number(span, LR_K_OWN_NS) > 0)
			fprintf(out, "%s %.0f\n", text(span, LR_K_STACK),
				number(span, LR_K_OWN_NS));
}
