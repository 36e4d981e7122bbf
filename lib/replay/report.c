/*
 * report.c - a run and the targets as JSON and as tables
 */
#include "lib/replay/report.h"

#include <math.h>
#include <string.h>

#include "lib/base/text.h"
#include "terms.h"

static const struct {
	const char *key, *head;
	double q;
} quantiles[] = {
	{LR_K_P50_NS, "p50", 0.5},
	{LR_K_P90_NS, "p90", 0.9},
	{LR_K_P99_NS, "p99", 0.99},
	{LR_K_P999_NS, "p99.9", 0.999},
	{LR_K_MAX_NS, "max", 1},
};
#define QUANTILES (sizeof(quantiles) / sizeof(*quantiles))

static json_t *verdict_json(enum lr_verdict v)
{
	return v == LR_VERDICT_NONE ? json_null() : json_boolean(v == LR_VERDICT_PASS);
}

/* `amount` in `ns`, as a rate a second; NAN when nothing was done or no time passed. */
static double rate(uint64_t amount, uint64_t ns)
{
	return amount && ns ? (double)amount * 1e9 / (double)ns : NAN;
}

static json_t *stage_json(const struct lr_stage *s, enum lr_gate gate)
{
	json_t *o = json_object();

	lr_json_put_str(o, LR_K_NAME, s->name);
	lr_json_put_int(o, LR_K_N, (int64_t)s->hist.n);
	for (size_t i = 0; i < QUANTILES; i++)
		lr_json_put_real(o, quantiles[i].key,
			s->hist.n ? (double)lr_hist_quantile(&s->hist, quantiles[i].q) : NAN);
	lr_json_put_real(o, LR_K_TARGET_NS, s->target ? s->target->documented : NAN);
	lr_json_put_real(o, LR_K_OURS_NS, s->target ? s->target->ours : NAN);
	lr_json_put(o, LR_K_PASS, verdict_json(lr_stage_judge(s, gate)));
	lr_json_put_real(o, LR_K_PACKETS_PER_S, rate(s->hist.n, s->hist.sum));
	lr_json_put_real(o, LR_K_BYTES_PER_S, rate(s->bytes, s->hist.sum));
	return o;
}

/* Without timing there is one stage, the whole, of which only the rate is known. */
static json_t *untimed_json(const struct lr_run *r)
{
	json_t *o = json_object();

	lr_json_put_str(o, LR_K_NAME, "total");
	lr_json_put_int(o, LR_K_N, (int64_t)r->engine->delivered);
	for (size_t i = 0; i < QUANTILES; i++)
		lr_json_put(o, quantiles[i].key, json_null());
	lr_json_put(o, LR_K_TARGET_NS, json_null());
	lr_json_put(o, LR_K_OURS_NS, json_null());
	lr_json_put(o, LR_K_PASS, json_null());
	lr_json_put_real(o, LR_K_PACKETS_PER_S, rate(r->engine->delivered, r->stages_ns));
	lr_json_put_real(o, LR_K_BYTES_PER_S, rate(r->engine->bytes, r->stages_ns));
	return o;
}

/* The usual reasons always, the others when they happened. */
static json_t *dropped_json(const struct lr_engine *e)
{
	json_t *o = json_object();
	char room[48];

	for (unsigned i = 0; i < LR_REPLAY_DROPS; i++)
		if (i <= LR_REPLAY_FRAGMENT || e->dropped[i])
			lr_json_put_int(o, lr_replay_drop_name(i, room), (int64_t)e->dropped[i]);
	return o;
}

static json_t *files_json(const struct lr_run *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->plan.n_files; i++) {
		const struct lr_played *p = &r->played[i];
		json_t *o = json_object();
		lr_json_put_str(o, LR_K_FILE, p->name);
		lr_json_put_str(o, LR_K_FORMAT, p->format);
		lr_json_put_int(o, LR_K_PACKETS, (int64_t)p->packets);
		lr_json_put_bool(o, LR_K_TRUNCATED, p->truncated);
		lr_json_put_str(o, LR_K_ERROR, p->error[0] ? p->error : NULL);
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *peers_json(const struct lr_select *s)
{
	json_t *list = json_array();
	char text[LR_ADDR_TEXT];

	for (unsigned i = 0; i < s->n; i++) {
		const struct lr_select_peer *p = &s->peers[i];
		json_t *o = json_object();
		lr_json_put_str(o, LR_K_PEER, p->name);
		lr_json_put_str(o, LR_K_ADDRESS, lr_ip_text(&p->address, text));
		lr_json_put_int(o, LR_K_TX_PACKETS, (int64_t)p->tx_packets);
		lr_json_put_int(o, LR_K_TX_BYTES, (int64_t)p->tx_bytes);
		lr_json_put_int(o, LR_K_RX_PACKETS, (int64_t)p->rx_packets);
		lr_json_put_int(o, LR_K_RX_BYTES, (int64_t)p->rx_bytes);
		json_array_append_new(list, o);
	}
	return list;
}

/* All verdicts in one: false when any stage missed, null when none could be judged. */
static enum lr_verdict whole(const struct lr_run *r)
{
	enum lr_verdict all = LR_VERDICT_NONE;

	for (size_t i = 0; i < r->n_stages; i++) {
		enum lr_verdict v = lr_stage_judge(&r->stages[i], r->plan.gate);
		if (v > all)
			all = v;
	}
	return all;
}

static const char *gate_name(const struct lr_run *r)
{
	return r->plan.gate == LR_GATE_OURS ? "ours" : "documented";
}

json_t *lr_report_json(const struct lr_run *r)
{
	const struct lr_engine *e = r->engine;
	json_t *o = json_object(), *stages = json_array();

	lr_json_put_int(o, LR_K_PACKETS, (int64_t)e->packets);
	lr_json_put_int(o, LR_K_DELIVERED, (int64_t)e->delivered);
	lr_json_put(o, LR_K_DROPPED, dropped_json(e));
	lr_json_put_bool(o, LR_K_TRUNCATED, r->truncated);
	lr_json_put_int(o, LR_K_BYTES, (int64_t)e->bytes);
	lr_json_put_int(o, LR_K_MEMBERS, (int64_t)e->tunnels->members);
	lr_json_put_int(o, LR_K_TUNNELS, (int64_t)lr_tunnels_count(e->tunnels));
	lr_json_put_int(o, LR_K_DURATION_NS, (int64_t)r->duration_ns);
	lr_json_put_real(o, LR_K_PACKETS_PER_S, rate(e->packets, r->duration_ns));
	lr_json_put_real(o, LR_K_BYTES_PER_S, rate(e->bytes, r->duration_ns));
	lr_json_put_int(o, LR_K_REPEAT, r->rounds);
	lr_json_put_int(o, LR_K_SAMPLE, r->engine->every);
	lr_json_put_real(o, LR_K_SPEED, r->plan.speed > 0 ? r->plan.speed : NAN);
	lr_json_put_str(o, LR_K_CLOCK, r->plan.timing ? r->tick.source : NULL);
	lr_json_put_real(o, LR_K_OVERHEAD_NS, r->plan.timing ? r->tick.cost_ns : NAN);
	lr_json_put_str(o, LR_K_GATE, gate_name(r));
	lr_json_put(o, LR_K_PASS, verdict_json(whole(r)));
	lr_json_put(o, LR_K_FILES, files_json(r));
	if (r->plan.select.n)
		lr_json_put(o, LR_K_PEERS, peers_json(&r->plan.select));
	for (size_t i = 0; i < r->n_stages; i++)
		json_array_append_new(stages, stage_json(&r->stages[i], r->plan.gate));
	if (!r->plan.timing)
		json_array_append_new(stages, untimed_json(r));
	lr_json_put(o, LR_K_STAGES, stages);
	return o;
}

/* --- for people --- */

static const char *short_rate(double per_s, const char *unit, char out[24])
{
	static const char *const prefixes[] = {"", "k", "M", "G"};
	size_t i = 0;

	if (isnan(per_s))
		return "-";
	for (; per_s >= 999.5 && i < 3; i++)
		per_s /= 1000;
	snprintf(out, 24, "%.3g %s%s", per_s, prefixes[i], unit);
	return out;
}

static const char *verdict_text(enum lr_verdict v, bool colour)
{
	switch (v) {
	case LR_VERDICT_PASS:
		return colour ? "\033[32mpass\033[0m" : "pass";
	case LR_VERDICT_MISS:
		return colour ? "\033[31mMISS\033[0m" : "MISS";
	default:
		return "-";
	}
}

static void table_row(FILE *out, const struct lr_stage *s, enum lr_gate gate, bool colour)
{
	char a[24], b[24];

	fprintf(out, "%-11s %8llu", s->name, (unsigned long long)s->hist.n);
	for (size_t i = 0; i < QUANTILES; i++)
		fprintf(out, " %8s",
			lr_text_ns(s->hist.n ? (double)lr_hist_quantile(&s->hist, quantiles[i].q)
					     : NAN,
				a));
	fprintf(out, " %9s %10s", short_rate(rate(s->hist.n, s->hist.sum), "/s", a),
		short_rate(rate(s->bytes, s->hist.sum), "B/s", b));
	fprintf(out, " %8s", lr_text_ns(s->target ? s->target->documented : NAN, a));
	fprintf(out, " %8s  %s\n", lr_text_ns(s->target ? s->target->ours : NAN, a),
		verdict_text(lr_stage_judge(s, gate), colour));
}

static void table_sums(FILE *out, const struct lr_run *r)
{
	const struct lr_engine *e = r->engine;
	char room[48];

	fprintf(out, "%llu packets, %llu delivered, %llu bytes; %zu members, %zu tunnels\n",
		(unsigned long long)e->packets, (unsigned long long)e->delivered,
		(unsigned long long)e->bytes, e->tunnels->members, lr_tunnels_count(e->tunnels));
	for (unsigned i = 0; i < LR_REPLAY_DROPS; i++)
		if (e->dropped[i])
			fprintf(out, "dropped: %s %llu\n", lr_replay_drop_name(i, room),
				(unsigned long long)e->dropped[i]);
}

void lr_report_table(FILE *out, const struct lr_run *r, bool colour)
{
	char a[24], b[24];

	table_sums(out, r);
	fprintf(out, "%s, %s, reading and playing\n",
		short_rate(rate(r->engine->packets, r->duration_ns), " packets/s", a),
		short_rate(rate(r->engine->bytes, r->duration_ns), "B/s", b));
	if (!r->plan.timing) {
		fprintf(out, "%s, %s, all stages\n",
			short_rate(rate(r->engine->delivered, r->stages_ns), " packets/s", a),
			short_rate(rate(r->engine->bytes, r->stages_ns), "B/s", b));
		return;
	}
	fprintf(out, "\n%-11s %8s", "stage", "n");
	for (size_t i = 0; i < QUANTILES; i++)
		fprintf(out, " %8s", quantiles[i].head);
	fprintf(out, " %9s %10s %8s %8s  %s\n", "rate", "bytes", "target", "ours", gate_name(r));
	for (size_t i = 0; i < r->n_stages; i++)
		table_row(out, &r->stages[i], r->plan.gate, colour);
	fprintf(out, "clock: %s, %.3g ns a reading, which each stage includes\n", r->tick.source,
		r->tick.cost_ns);
	if (r->engine->every > 1)
		fprintf(out, "one packet in %u was timed\n", r->engine->every);
}

/* --- targets --- */

json_t *lr_report_target_json(const struct lr_target *t)
{
	json_t *o = json_object();

	lr_json_put_str(o, LR_K_NAME, t->name);
	lr_json_put_str(o, LR_K_WHAT, t->what);
	lr_json_put_str(o, LR_K_UNIT, t->unit);
	lr_json_put_real(o, LR_K_DOCUMENTED, t->documented);
	lr_json_put_real(o, LR_K_REACHED, t->reached);
	lr_json_put_real(o, LR_K_OURS, t->ours);
	lr_json_put_str(o, LR_K_BETTER, t->better);
	lr_json_put_bool(o, LR_K_STAGE, t->stage);
	lr_json_put_str(o, LR_K_SOURCE, t->source);
	return o;
}

static const char *amount(const struct lr_target *t, double v, char out[24])
{
	if (isnan(v))
		return "-";
	if (strcmp(t->unit, "ns") == 0)
		return lr_text_ns(v, out);
	snprintf(out, 24, "%.6g %s", v, t->unit);
	return out;
}

void lr_report_targets(FILE *out, const struct lr_target *targets, size_t n)
{
	char a[24], b[24], c[24];

	fprintf(out, "%-14s %11s %11s %11s  %-8s %s\n", "target", "documented", "reached", "ours",
		"replay", "what");
	for (size_t i = 0; i < n; i++) {
		const struct lr_target *t = &targets[i];
		fprintf(out, "%-14s %11s %11s %11s  %-8s %s\n", t->name,
			amount(t, t->documented, a), amount(t, t->reached, b),
			amount(t, t->ours, c), t->stage ? "yes" : "no", t->what);
	}
}
