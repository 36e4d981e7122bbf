/*
 * trace_report.c - what a capture holds, as JSON and for people
 */
#include <math.h>
#include <stdlib.h>

#include "lib/replay/trace.h"
#include "terms.h"

static double share(const struct lr_trace *t, const struct lr_trace_count *c)
{
	return t->all.packets ? (double)c->packets / (double)t->all.packets : NAN;
}

static double seconds(const struct lr_trace *t)
{
	return (double)(t->last_ns - t->first_ns) / 1e9;
}

/* Indexes of the greatest of `n` counts that are not 0; how many. */
static size_t top(const struct lr_trace_count *counts, size_t n, size_t out[LR_TRACE_TOP])
{
	size_t have = 0;

	for (size_t i = 0; i < n; i++) {
		size_t at = have;
		if (!counts[i].packets)
			continue;
		while (at && counts[out[at - 1]].packets < counts[i].packets)
			at--;
		if (at == LR_TRACE_TOP)
			continue;
		have += have < LR_TRACE_TOP;
		for (size_t k = have - 1; k > at; k--)
			out[k] = out[k - 1];
		out[at] = i;
	}
	return have;
}

static void put_count(json_t *o, const struct lr_trace *t, const struct lr_trace_count *c)
{
	lr_json_put_int(o, LR_K_PACKETS, (int64_t)c->packets);
	lr_json_put_int(o, LR_K_BYTES, (int64_t)c->bytes);
	lr_json_put_real(o, LR_K_SHARE, share(t, c));
}

static json_t *count_json(const struct lr_trace *t, const struct lr_trace_count *c)
{
	json_t *o = json_object();
	put_count(o, t, c);
	return o;
}

static const struct lr_trace_count *ports_of(const struct lr_trace *t)
{
	return t->ports[0]; /* both tables, one behind the other */
}

static json_t *ports_json(const struct lr_trace *t)
{
	json_t *list = json_array();
	size_t best[LR_TRACE_TOP], n = top(ports_of(t), 2 * 65536, best);

	for (size_t i = 0; i < n; i++) {
		json_t *o = json_object();
		lr_json_put_str(o, LR_K_PROTOCOL, lr_game_proto_name(best[i] / 65536));
		lr_json_put_int(o, LR_K_PORT, (int64_t)(best[i] % 65536));
		put_count(o, t, &ports_of(t)[best[i]]);
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *games_json(const struct lr_trace *t)
{
	json_t *list = json_array();
	size_t best[LR_TRACE_TOP], n = top(t->game, t->games->n, best);

	for (size_t i = 0; i < n; i++) {
		json_t *o = json_object();
		lr_json_put_str(o, LR_K_GAME, t->games->list[best[i]]->name);
		lr_json_put_str(o, LR_K_TITLE, t->games->list[best[i]]->title);
		put_count(o, t, &t->game[best[i]]);
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *stages_json(const struct lr_trace *t)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < t->n_stages; i++) {
		const struct lr_hist_small *h = &t->stages[i].hist;
		json_t *o = json_object();
		lr_json_put_str(o, LR_K_NAME, t->stages[i].name);
		lr_json_put_int(o, LR_K_N, (int64_t)h->n);
		lr_json_put_int(o, LR_K_P50_NS, (int64_t)lr_hist_small_quantile(h, 0.5));
		lr_json_put_int(o, LR_K_P99_NS, (int64_t)lr_hist_small_quantile(h, 0.99));
		lr_json_put_int(o, LR_K_MAX_NS, (int64_t)h->max);
		json_array_append_new(list, o);
	}
	return list;
}

static void put_size(json_t *o, const char *key, const struct lr_trace *t, double q)
{
	lr_json_put(o, key,
		t->sizes.n ? json_integer((json_int_t)lr_hist_small_quantile(&t->sizes, q)) : NULL);
}

json_t *lr_trace_json(const struct lr_trace *t)
{
	json_t *o = json_object();
	double s = seconds(t);

	lr_json_put_int(o, LR_K_PACKETS, (int64_t)t->all.packets);
	lr_json_put_int(o, LR_K_BYTES, (int64_t)t->all.bytes);
	lr_json_put_real(o, LR_K_DURATION_S, s);
	lr_json_put_real(o, LR_K_PACKETS_PER_S, s > 0 ? (double)t->all.packets / s : NAN);
	lr_json_put_real(o, LR_K_BYTES_PER_S, s > 0 ? (double)t->all.bytes / s : NAN);
	put_size(o, LR_K_SIZE_P50, t, 0.5);
	put_size(o, LR_K_SIZE_P90, t, 0.9);
	put_size(o, LR_K_SIZE_P99, t, 0.99);
	put_size(o, LR_K_SIZE_MAX, t, 1);
	lr_json_put(o, LR_K_IP4, count_json(t, &t->ip4));
	lr_json_put(o, LR_K_IP6, count_json(t, &t->ip6));
	lr_json_put(o, LR_K_NOT_IP, count_json(t, &t->not_ip));
	lr_json_put(o, LR_K_BROKEN, count_json(t, &t->broken));
	lr_json_put(o, LR_K_UNICAST, count_json(t, &t->cast[LR_TRACE_UNICAST]));
	lr_json_put(o, LR_K_BROADCAST, count_json(t, &t->cast[LR_TRACE_BROADCAST]));
	lr_json_put(o, LR_K_MULTICAST, count_json(t, &t->cast[LR_TRACE_MULTICAST]));
	lr_json_put(o, LR_K_IN, count_json(t, &t->in));
	lr_json_put(o, LR_K_OUT, count_json(t, &t->out));
	lr_json_put(o, LR_K_TOP_PORTS, ports_json(t));
	lr_json_put(o, LR_K_GAMES, games_json(t));
	lr_json_put(o, LR_K_STAGES, stages_json(t));
	return o;
}

static void line(
	FILE *out, const struct lr_trace *t, const char *name, const struct lr_trace_count *c)
{
	if (c->packets)
		fprintf(out, "  %-24s %10llu packets %5.1f %% %12llu bytes\n", name,
			(unsigned long long)c->packets, 100 * share(t, c),
			(unsigned long long)c->bytes);
}

void lr_trace_table(FILE *out, const struct lr_trace *t)
{
	size_t best[LR_TRACE_TOP], n;
	double s = seconds(t);
	char name[24];

	fprintf(out, "  %llu packets, %llu bytes in %.3f s", (unsigned long long)t->all.packets,
		(unsigned long long)t->all.bytes, s);
	if (s > 0)
		fprintf(out, ", %.4g packets/s, %.4g B/s", (double)t->all.packets / s,
			(double)t->all.bytes / s);
	fprintf(out, "; sizes: half up to %llu, 99 %% up to %llu, at most %llu\n",
		(unsigned long long)lr_hist_small_quantile(&t->sizes, 0.5),
		(unsigned long long)lr_hist_small_quantile(&t->sizes, 0.99),
		(unsigned long long)t->sizes.max);
	line(out, t, "IPv4", &t->ip4);
	line(out, t, "IPv6", &t->ip6);
	line(out, t, "not IP", &t->not_ip);
	line(out, t, "broken or cut short", &t->broken);
	line(out, t, "broadcast", &t->cast[LR_TRACE_BROADCAST]);
	line(out, t, "multicast", &t->cast[LR_TRACE_MULTICAST]);
	line(out, t, "received", &t->in);
	line(out, t, "sent", &t->out);
	n = top(t->game, t->games->n, best);
	for (size_t i = 0; i < n; i++)
		line(out, t, t->games->list[best[i]]->title, &t->game[best[i]]);
	n = top(ports_of(t), 2 * 65536, best);
	for (size_t i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%s %zu", lr_game_proto_name(best[i] / 65536),
			best[i] % 65536);
		line(out, t, name, &ports_of(t)[best[i]]);
	}
	for (unsigned i = 0; i < t->n_stages; i++)
		fprintf(out,
			"  stage %-18s %10llu packets, half up to %llu ns, 99 %% up to %llu ns\n",
			t->stages[i].name, (unsigned long long)t->stages[i].hist.n,
			(unsigned long long)lr_hist_small_quantile(&t->stages[i].hist, 0.5),
			(unsigned long long)lr_hist_small_quantile(&t->stages[i].hist, 0.99));
}
