/*
 * report.c - what the relay says of itself: /v1/relay and /metrics
 *
 * Source: prometheus.io, "Exposition formats", text format 0.0.4.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/json.h"
#include "lib/server/server_inside.h"
#include "terms.h"

/* ------------------------------------------------------------------ JSON */

bool lr_server_listens(const struct lr_server *s, unsigned i, struct lr_endpoint *out)
{
	if (i >= s->n_listens)
		return false;
	*out = s->listens[i];
	return true;
}

static json_t *ports_json(const struct lr_server *s)
{
	json_t *o = json_object();
	lr_json_put_int(o, LR_K_MAIN, lr_endpoint_port(&s->listens[0]));
	lr_json_put(o, LR_K_SECOND,
		s->options.second_port ? json_integer(s->options.second_port) : json_null());
	return o;
}

static json_t *load_json(const struct lr_server *s)
{
	struct lr_directory_stats d;
	struct lr_http_stats h;
	json_t *o = json_object();
	lr_directory_stats(s->directory, &d);
	lr_http_stats(s->http, &h);
	lr_json_put_int(o, LR_K_PARTIES, (int64_t)d.parties);
	lr_json_put_int(o, LR_K_MEMBERS, (int64_t)d.members);
	lr_json_put_int(o, LR_K_CHANNELS, (int64_t)s->relay.channels.n);
	lr_json_put_int(o, LR_K_BOUND, (int64_t)s->relay.channels.n_bound);
	lr_json_put_int(o, LR_K_CONNECTIONS, h.connections);
	return o;
}

static json_t *limits_json(const struct lr_server *s)
{
	const struct lr_server_options *p = &s->options;
	json_t *o = json_object();
	lr_json_put_int(o, LR_K_PARTIES, p->directory.parties);
	lr_json_put_int(o, LR_K_PARTY_MEMBERS, p->directory.members);
	lr_json_put_int(o, LR_K_RECORD_BYTES, (int64_t)p->directory.record_bytes);
	lr_json_put_int(o, LR_K_SOURCE_PACKETS, (int64_t)p->admission.source_packets);
	lr_json_put_int(o, LR_K_SOURCE_BYTES, (int64_t)p->admission.source_bytes);
	lr_json_put_int(o, LR_K_PARTY_PACKETS, (int64_t)p->admission.party_packets);
	lr_json_put_int(o, LR_K_PARTY_BYTES, (int64_t)p->admission.party_bytes);
	return o;
}

json_t *lr_server_json(const struct lr_server *s)
{
	char id[32];
	json_t *o = json_object();
	lr_json_put_str(o, LR_K_RELAY_ID, lr_base64url(s->relay.id, LR_RELAY_ID_LEN, id));
	lr_json_put_str(o, LR_K_VERSION, LR_VERSION);
	lr_json_put_str(o, LR_K_REGION, s->options.region);
	lr_json_put_bool(o, LR_K_OPEN, !s->token && !s->options.only);
	lr_json_put_bool(o, LR_K_TLS, s->options.cert != NULL);
	lr_json_put(o, LR_K_PORTS, ports_json(s));
	lr_json_put(o, LR_K_LOAD, load_json(s));
	lr_json_put(o, LR_K_LIMITS, limits_json(s));
	return o;
}

/* ------------------------------------------------------------------ Prometheus */

static void head(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP lanrage_relay_%s %s\n# TYPE lanrage_relay_%s %s\n", name, help, name,
		type);
}

static void counter(FILE *out, const char *name, const char *help, uint64_t v)
{
	head(out, name, "counter", help);
	fprintf(out, "lanrage_relay_%s %" PRIu64 "\n", name, v);
}

static void gauge(FILE *out, const char *name, const char *help, uint64_t v)
{
	head(out, name, "gauge", help);
	fprintf(out, "lanrage_relay_%s %" PRIu64 "\n", name, v);
}

static void directory_metrics(FILE *out, const struct lr_server *s)
{
	struct lr_directory_stats d;
	lr_directory_stats(s->directory, &d);
	gauge(out, "parties", "Parties that are remembered.", d.parties);
	gauge(out, "members", "Members that are in a party now.", d.members);
	gauge(out, "invites", "One-time and expiring invites that wait.", d.offers);
	gauge(out, "directory_bytes", "Bytes of charters, records and invites.", d.bytes);
	counter(out, "parties_founded_total", "New parties.", s->founded);
	head(out, "changes_total", "counter",
		"Charters, records and invites that were put, by what became of them.");
	for (unsigned r = 0; r < LR_DIRECTORY_RESULTS; r++)
		fprintf(out, "lanrage_relay_changes_total{result=\"%s\"} %" PRIu64 "\n",
			lr_directory_result_name(r), d.results[r]);
}

static void http_metrics(FILE *out, const struct lr_server *s)
{
	struct lr_http_stats h;
	lr_http_stats(s->http, &h);
	gauge(out, "connections", "TCP connections.", h.connections);
	gauge(out, "polls", "Requests that wait for news.", s->n_polls);
	gauge(out, "tunnels", "Clients that are relayed over TCP.", s->n_tunnels);
	counter(out, "connections_refused_total", "Connections over a limit.",
		h.refused_full + h.refused_network + h.tls.refused);
	counter(out, "tls_handshakes_total", "TLS handshakes that were done.", h.tls.shaken);
	counter(out, "tls_failed_total", "TLS handshakes that came to nothing.", h.tls.failed);
	counter(out, "requests_limited_total", "Requests answered with 429.", s->limited);
	head(out, "requests_total", "counter", "Requests by the class of their status.");
	for (unsigned i = 1; i < 6; i++)
		fprintf(out, "lanrage_relay_requests_total{status=\"%uxx\"} %" PRIu64 "\n", i,
			s->requests[i]);
}

static void packet_metrics(FILE *out, const struct lr_server *s)
{
	const struct lr_relay_stats *r = &s->relay.stats;
	uint64_t queued = r->drops[LR_RELAY_QUEUE_FULL];
	for (const struct lr_tunnel *t = s->tunnels; t; t = t->next)
		queued += t->queue.dropped;
	gauge(out, "channels", "Channels that belong to a member.", s->relay.channels.n);
	gauge(out, "channels_bound", "Channels that a member is behind now.",
		s->relay.channels.n_bound);
	counter(out, "forwarded_packets_total", "Packets forwarded.", r->packets);
	counter(out, "forwarded_bytes_total", "Bytes forwarded, frame headers included.", r->bytes);
	counter(out, "answers_total", "Frames that were answered.", r->answers);
	counter(out, "binds_total", "Channels bound or moved.", r->binds);
	counter(out, "signals_total", "Signals sent to members.", r->signals);
	head(out, "dropped_packets_total", "counter", "Packets dropped, by reason.");
	for (unsigned i = 1; i < LR_RELAY_DROPS; i++)
		fprintf(out, "lanrage_relay_dropped_packets_total{reason=\"%s\"} %" PRIu64 "\n",
			lr_relay_drop_name(i), i == LR_RELAY_QUEUE_FULL ? queued : r->drops[i]);
	head(out, "refused_total", "counter", "Requests for channels refused, by reason.");
	for (unsigned i = 1; i < LR_REFUSED_REASONS; i++)
		fprintf(out, "lanrage_relay_refused_total{reason=\"%s\"} %" PRIu64 "\n",
			lr_frame_reason_name(i), r->refused[i]);
}

static void stun_metrics(FILE *out, const struct lr_server *s)
{
	counter(out, "stun_answers_total", "STUN requests answered.", s->stun.answered);
	counter(out, "stun_refused_total", "STUN requests not answered.",
		s->stun.refused_malformed + s->stun.refused_limit + s->stun.refused_not_request);
}

char *lr_server_metrics(const struct lr_server *s)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	if (!out)
		return NULL;
	directory_metrics(out, s);
	http_metrics(out, s);
	packet_metrics(out, s);
	stun_metrics(out, s);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}
