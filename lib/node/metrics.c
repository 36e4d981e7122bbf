/*
 * metrics.c - a node's status as Prometheus text
 *
 * Source: prometheus.io, "Exposition formats", text format 0.0.4.
 */
#include "lib/node/metrics.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/node/report.h"
#include "terms.h"

/* Label values: backslash, quote and newline are escaped. */
static void put_label(FILE *out, const char *name, const char *value)
{
	fprintf(out, "%s=\"", name);
	for (; value && *value; value++) {
		if (*value == '\\' || *value == '"')
			putc('\\', out);
		if (*value == '\n')
			fputs("\\n", out);
		else
			putc(*value, out);
	}
	putc('"', out);
}

static const char *text_of(const json_t *obj, const char *key)
{
	const char *text = json_string_value(json_object_get(obj, key));

	return text ? text : "";
}

static void head(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP lanrage_%s %s\n# TYPE lanrage_%s %s\n", name, help, name, type);
}

static void put_number(FILE *out, const json_t *v)
{
	if (json_is_integer(v))
		fprintf(out, " %" JSON_INTEGER_FORMAT "\n", json_integer_value(v));
	else
		fprintf(out, " %.17g\n", json_number_value(v));
}

/* --- the node --- */

static void put_info(FILE *out, const json_t *node)
{
	head(out, "info", "gauge", "What runs: always 1.");
	fputs("lanrage_info{", out);
	put_label(out, "iface", text_of(node, LR_K_IFACE));
	putc(',', out);
	put_label(out, "public_key", text_of(node, LR_K_PUBLIC_KEY));
	putc(',', out);
	put_label(out, "version", text_of(node, LR_K_VERSION));
	fputs("} 1\n", out);
}

static void put_started(FILE *out, const json_t *node)
{
	double at = lr_report_unix_seconds(text_of(node, LR_K_STARTED));

	if (at < 0)
		return;
	head(out, "start_time_seconds", "gauge", "When the node started, in Unix time.");
	fputs("lanrage_start_time_seconds{", out);
	put_label(out, "iface", text_of(node, LR_K_IFACE));
	fprintf(out, "} %.3f\n", at);
}

static void put_totals(FILE *out, const json_t *node)
{
	static const struct {
		const char *key, *name, *type, *help;
	} rows[] = {
		{LR_K_PEER_COUNT, "peers", "gauge", "Peers that the node knows."},
		{LR_K_MTU, "mtu_bytes", "gauge", "Largest inner packet."},
		{LR_K_RX_BYTES, "receive_bytes_total", "counter",
			"Bytes of WireGuard messages received from the present peers."},
		{LR_K_TX_BYTES, "transmit_bytes_total", "counter",
			"Bytes of WireGuard messages sent to the present peers."},
		{LR_K_RX_PACKETS, "receive_packets_total", "counter",
			"Inner packets received from the present peers."},
		{LR_K_TX_PACKETS, "transmit_packets_total", "counter",
			"Inner packets sent to the present peers."},
		{LR_K_DEVICE_RX_PACKETS, "device_receive_packets_total", "counter",
			"Packets read from the interface."},
		{LR_K_DEVICE_TX_PACKETS, "device_transmit_packets_total", "counter",
			"Packets written to the interface."},
		{LR_K_WAKEUPS, "wakeups_total", "counter", "How often the loop woke up."},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const json_t *v = json_object_get(node, rows[i].key);
		if (!json_is_number(v))
			continue;
		head(out, rows[i].name, rows[i].type, rows[i].help);
		fprintf(out, "lanrage_%s{", rows[i].name);
		put_label(out, "iface", text_of(node, LR_K_IFACE));
		putc('}', out);
		put_number(out, v);
	}
}

static void put_drops(FILE *out, const json_t *node)
{
	const char *reason;
	json_t *v;

	head(out, "drops_total", "counter", "Packets that were dropped, by reason.");
	json_object_foreach (json_object_get(node, LR_K_DROPS), reason, v) {
		fputs("lanrage_drops_total{", out);
		put_label(out, "iface", text_of(node, LR_K_IFACE));
		putc(',', out);
		put_label(out, "reason", reason);
		putc('}', out);
		put_number(out, v);
	}
}

/* --- its peers --- */

static void peer_labels(FILE *out, const char *name, const json_t *node, const json_t *peer)
{
	fprintf(out, "lanrage_%s{", name);
	put_label(out, "iface", text_of(node, LR_K_IFACE));
	putc(',', out);
	put_label(out, "peer", text_of(peer, LR_K_PEER));
	putc(',', out);
	put_label(out, "public_key", text_of(peer, LR_K_PUBLIC_KEY));
	putc('}', out);
}

static void put_peer_counters(FILE *out, const json_t *node)
{
	static const struct {
		const char *in, *key, *name, *help;
	} rows[] = {
		{NULL, LR_K_RX_BYTES, "peer_receive_bytes_total", "Bytes of messages from a peer."},
		{NULL, LR_K_TX_BYTES, "peer_transmit_bytes_total", "Bytes of messages to a peer."},
		{NULL, LR_K_RX_PACKETS, "peer_receive_packets_total", "Inner packets from a peer."},
		{NULL, LR_K_TX_PACKETS, "peer_transmit_packets_total", "Inner packets to a peer."},
		{LR_K_REDUNDANCY, LR_K_COPIES_SENT, "peer_copies_transmit_total",
			"Messages sent to a member over a second path, too."},
		{LR_K_REDUNDANCY, LR_K_COPIES_RECEIVED, "peer_copies_receive_total",
			"Messages of a member that came a second time, over another path."},
		{LR_K_REDUNDANCY, LR_K_SECOND_FIRST, "peer_second_path_first_total",
			"Of those, messages that came first over another path than the one in "
			"use."},
		{LR_K_REDUNDANCY, LR_K_SECOND_ONLY, "peer_second_path_only_total",
			"Messages that came over another path than the one in use only "
			"(estimated)."},
	};
	size_t k;
	json_t *peer;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		head(out, rows[i].name, "counter", rows[i].help);
		json_array_foreach (json_object_get(node, LR_K_PEERS), k, peer) {
			const json_t *of = rows[i].in ? json_object_get(peer, rows[i].in) : peer;
			const json_t *v = json_object_get(of, rows[i].key);
			if (!json_is_number(v))
				continue;
			peer_labels(out, rows[i].name, node, peer);
			put_number(out, v);
		}
	}
}

/* How good the way to each member is. */
static void put_peer_paths(FILE *out, const json_t *node)
{
	static const struct {
		const char *in, *key, *name, *help;
		double unit;
	} rows[] = {
		{NULL, LR_K_RTT_US, "peer_rtt_seconds", "Round trip to a member.", 1e-6},
		{NULL, LR_K_JITTER_US, "peer_jitter_seconds", "Jitter of round trips to a member.",
			1e-6},
		{NULL, LR_K_LOSS, "peer_loss_ratio", "Lost part of the last pings to a member.", 1},
		{LR_K_QUALITY, LR_K_SCORE, "peer_quality_score",
			"How well one can play with a member: 0 to 100.", 1},
	};
	size_t k;
	json_t *peer;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		head(out, rows[i].name, "gauge", rows[i].help);
		json_array_foreach (json_object_get(node, LR_K_PEERS), k, peer) {
			const json_t *path = json_object_get(peer, LR_K_PATH);
			const json_t *of = rows[i].in ? json_object_get(path, rows[i].in) : path;
			const json_t *v = json_object_get(of, rows[i].key);
			if (!json_is_number(v))
				continue;
			peer_labels(out, rows[i].name, node, peer);
			fprintf(out, " %.9g\n", json_number_value(v) * rows[i].unit);
		}
	}
}

static void put_peer_states(FILE *out, const json_t *node)
{
	static const char handshake[] = "peer_last_handshake_seconds", up[] = "peer_up";
	const json_t *peers = json_object_get(node, LR_K_PEERS);
	size_t k;
	json_t *peer;

	head(out, handshake, "gauge", "When the last handshake was complete, in Unix time.");
	json_array_foreach ((json_t *)peers, k, peer) {
		double at = lr_report_unix_seconds(text_of(peer, LR_K_LAST_HANDSHAKE));
		if (at < 0)
			continue;
		peer_labels(out, handshake, node, peer);
		fprintf(out, " %.3f\n", at);
	}
	head(out, up, "gauge", "1 when a session with the peer is live.");
	json_array_foreach ((json_t *)peers, k, peer) {
		const char *kind = text_of(json_object_get(peer, LR_K_PATH), LR_K_KIND);
		peer_labels(out, up, node, peer);
		fprintf(out, " %d\n", *kind && strcmp(kind, "none") != 0);
	}
}

/* --- games --- */

static void session_labels(FILE *out, const char *name, const json_t *node, const json_t *session)
{
	fprintf(out, "lanrage_%s{", name);
	put_label(out, "iface", text_of(node, LR_K_IFACE));
	putc(',', out);
	put_label(out, "game", text_of(session, LR_K_GAME));
}

/* Only those that are on: a game that nobody plays has no value. */
static bool is_on(const json_t *session)
{
	return json_is_null(json_object_get(session, LR_K_ENDED));
}

static void put_session_peer(FILE *out, const json_t *node, const json_t *session, const char *name,
	const char *key, double unit)
{
	const json_t *peer;
	size_t k;

	json_array_foreach (json_object_get(session, LR_K_PEERS), k, peer) {
		const json_t *v = json_object_get(peer, key);
		if (!json_is_number(v))
			continue;
		session_labels(out, name, node, session);
		putc(',', out);
		put_label(out, "peer", text_of(peer, LR_K_PEER));
		fprintf(out, "} %.9g\n", json_number_value(v) * unit);
	}
}

static void put_sessions(FILE *out, const json_t *node)
{
	static const struct {
		const char *key, *name, *help;
		double unit;
	} rows[] = {
		{LR_K_RTT_US, "game_peer_rtt_seconds", "Mean round trip since the game began.",
			1e-6},
		{LR_K_JITTER_US, "game_peer_jitter_seconds", "Mean jitter since the game began.",
			1e-6},
		{LR_K_LOSS, "game_peer_loss_ratio", "Mean loss since the game began.", 1},
		{LR_K_SCORE, "game_peer_quality_score", "Mean quality since the game began.", 1},
	};
	static const char seconds[] = "game_session_seconds";
	const json_t *sessions = json_object_get(node, LR_K_SESSIONS), *s;
	size_t k;

	head(out, seconds, "gauge", "How long a game has been active.");
	json_array_foreach (sessions, k, s) {
		if (!is_on(s))
			continue;
		session_labels(out, seconds, node, s);
		fprintf(out, "} %.3f\n", json_number_value(json_object_get(s, LR_K_DURATION_S)));
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		head(out, rows[i].name, "gauge", rows[i].help);
		json_array_foreach (sessions, k, s)
			if (is_on(s))
				put_session_peer(
					out, node, s, rows[i].name, rows[i].key, rows[i].unit);
	}
}

char *lr_metrics_text(const json_t *status)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	put_info(out, status);
	put_started(out, status);
	put_totals(out, status);
	put_drops(out, status);
	put_peer_counters(out, status);
	put_peer_states(out, status);
	put_peer_paths(out, status);
	put_sessions(out, status);
	bool bad = ferror(out);
	if (fclose(out) != 0 || bad) {
		free(text);
		return NULL;
	}
	return text;
}
