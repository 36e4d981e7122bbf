/*
 * plain.c - a node and its peers for people
 */
#include "lib/game/session.h"
#include "lib/node/plain.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/node/report.h"
#include "terms.h"

#define CELL    80
#define COLUMNS 7
#define LABEL   16 /* width of the labels of one thing */

static char *end(FILE *out, char **text)
{
	bool bad = ferror(out);

	if (fclose(out) == 0 && !bad)
		return *text;
	free(*text);
	return NULL;
}

static const char *text_of(const json_t *obj, const char *key)
{
	const char *text = json_string_value(json_object_get(obj, key));

	return text ? text : "-";
}

/* --- values --- */

static void write_bytes(char out[CELL], const json_t *v)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
	double n = json_number_value(v);
	unsigned unit = 0;

	for (; n >= 1024 && unit < 5; unit++)
		n /= 1024;
	if (!json_is_number(v))
		snprintf(out, CELL, "-");
	else
		snprintf(out, CELL, unit ? "%.1f %s" : "%.0f %s", n, units[unit]);
}

static void write_age(char out[CELL], const char *time, double unix_now)
{
	double at = lr_report_unix_seconds(time);
	long age = at < 0 ? -1 : unix_now > at ? (long)(unix_now - at) : 0;

	if (age < 0)
		snprintf(out, CELL, "-");
	else if (age < 120)
		snprintf(out, CELL, "%ld s ago", age);
	else if (age < 7200)
		snprintf(out, CELL, "%ld min ago", age / 60);
	else if (age < 172800)
		snprintf(out, CELL, "%ld h ago", age / 3600);
	else
		snprintf(out, CELL, "%ld days ago", age / 86400);
}

static void write_list(FILE *out, const json_t *list)
{
	size_t i;
	json_t *v;

	if (!json_array_size(list))
		putc('-', out);
	json_array_foreach ((json_t *)list, i, v)
		fprintf(out, "%s%s", i ? ", " : "", json_string_value(v));
	putc('\n', out);
}

static void write_number(FILE *out, const char *label, const json_t *v)
{
	fprintf(out, "%-*s", LABEL, label);
	if (json_is_integer(v))
		fprintf(out, "%" JSON_INTEGER_FORMAT "\n", json_integer_value(v));
	else
		fputs("-\n", out);
}

static void write_text(FILE *out, const char *label, const char *text)
{
	char clean[512];

	snprintf(clean, sizeof(clean), "%s", text);
	lr_text_clean(clean, true);
	fprintf(out, "%-*s%s\n", LABEL, label, clean);
}

/* --- the table --- */

static const char *const heads[COLUMNS] = {
	"PEER", "PUBLIC KEY", "ADDRESS", "ENDPOINT", "HANDSHAKE", "RECEIVED", "SENT"};

static void cells(const json_t *peer, double unix_now, char out[COLUMNS][CELL])
{
	const char *address = text_of(peer, LR_K_ADDRESS);
	const char *key = text_of(peer, LR_K_PUBLIC_KEY), *name = text_of(peer, LR_K_PEER);

	if (*address == '-')
		address = text_of(peer, LR_K_ADDRESS6);
	snprintf(out[0], CELL, "%s%s", strcmp(name, key) == 0 ? "-" : name,
		json_is_true(json_object_get(peer, LR_K_GUEST)) ? " (guest)" : "");
	snprintf(out[1], CELL, "%s", key);
	snprintf(out[2], CELL, "%s", address);
	snprintf(out[3], CELL, "%s", text_of(peer, LR_K_ENDPOINT));
	write_age(out[4], text_of(peer, LR_K_LAST_HANDSHAKE), unix_now);
	write_bytes(out[5], json_object_get(peer, LR_K_RX_BYTES));
	write_bytes(out[6], json_object_get(peer, LR_K_TX_BYTES));
	for (unsigned c = 0; c < COLUMNS; c++)
		lr_text_clean(out[c], true);
}

/* Characters, not bytes: continuation bytes take no place. */
static unsigned width(const char *text)
{
	unsigned n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text >> 6) != 2;
	return n;
}

static void write_row(FILE *out, const char *const row[COLUMNS], const unsigned widths[COLUMNS])
{
	for (unsigned c = 0; c < COLUMNS; c++) {
		fputs(row[c], out);
		if (c == COLUMNS - 1)
			break;
		for (unsigned w = width(row[c]); w < widths[c] + 2; w++)
			putc(' ', out);
	}
	putc('\n', out);
}

static void write_table(FILE *out, const json_t *peers, double unix_now)
{
	char row[COLUMNS][CELL];
	const char *at[COLUMNS];
	unsigned widths[COLUMNS];
	size_t i;
	json_t *peer;

	for (unsigned c = 0; c < COLUMNS; c++) {
		widths[c] = width(heads[c]);
		at[c] = row[c];
	}
	json_array_foreach ((json_t *)peers, i, peer) {
		cells(peer, unix_now, row);
		for (unsigned c = 0; c < COLUMNS; c++)
			if (width(row[c]) > widths[c])
				widths[c] = width(row[c]);
	}
	if (json_array_size(peers))
		write_row(out, heads, widths);
	json_array_foreach ((json_t *)peers, i, peer) {
		cells(peer, unix_now, row);
		write_row(out, at, widths);
	}
}

char *lr_plain_list(const json_t *peers, double unix_now)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	write_table(out, peers, unix_now);
	return end(out, &text);
}

/* --- one thing --- */

static void write_drops(FILE *out, const json_t *drops)
{
	const char *reason;
	json_t *v;
	bool any = false;

	json_object_foreach ((json_t *)drops, reason, v) {
		if (json_integer_value(v) == 0)
			continue;
		fprintf(out, "%-*s%" JSON_INTEGER_FORMAT " %s\n", LABEL, any ? "" : "dropped",
			json_integer_value(v), reason);
		any = true;
	}
	if (!any)
		fprintf(out, "%-*snothing\n", LABEL, "dropped");
}

static void write_traffic(FILE *out, const char *label, const json_t *packets, const json_t *bytes)
{
	char amount[CELL];

	write_bytes(amount, bytes);
	if (json_is_integer(packets))
		fprintf(out, "%-*s%" JSON_INTEGER_FORMAT " packets, %s\n", LABEL, label,
			json_integer_value(packets), amount);
	else
		fprintf(out, "%-*s-\n", LABEL, label);
}

static void write_path(FILE *out, const json_t *path)
{
	const char *kind = text_of(path, LR_K_KIND);
	const json_t *mtu = json_object_get(path, LR_K_MTU);
	char line[CELL * 2], size[CELL] = "";

	if (json_is_integer(mtu))
		snprintf(
			size, sizeof(size), ", MTU %" JSON_INTEGER_FORMAT, json_integer_value(mtu));
	snprintf(line, sizeof(line), "%s%s%s%s", kind, strcmp(kind, "none") == 0 ? "" : " via ",
		strcmp(kind, "none") == 0 ? "" : text_of(path, LR_K_ENDPOINT), size);
	write_text(out, "path", line);
}

static void write_quality(FILE *out, const json_t *path)
{
	const json_t *q = json_object_get(path, LR_K_QUALITY);
	const json_t *rtt = json_object_get(path, LR_K_RTT_US);
	char line[160];

	if (!json_is_object(q) && json_is_number(rtt)) {
		snprintf(line, sizeof(line), "%.1f ms, of the last handshake",
			json_number_value(rtt) / 1e3);
		write_text(out, "round trip", line);
	}
	if (!json_is_object(q))
		return;
	snprintf(line, sizeof(line),
		"%s, %s: %" JSON_INTEGER_FORMAT
		" of 100; round trip %.1f ms, jitter %.1f ms, loss %.1f %%",
		text_of(q, LR_K_GRADE), text_of(q, LR_K_TREND),
		json_integer_value(json_object_get(q, LR_K_SCORE)),
		json_number_value(json_object_get(path, LR_K_RTT_US)) / 1e3,
		json_number_value(json_object_get(path, LR_K_JITTER_US)) / 1e3,
		json_number_value(json_object_get(path, LR_K_LOSS)) * 100);
	write_text(out, "quality", line);
}

/* Nothing while nothing is sent twice. */
static void write_redundancy(FILE *out, const json_t *redundancy)
{
	static const char *const keys[] = {
		LR_K_COPIES_SENT, LR_K_COPIES_RECEIVED, LR_K_SECOND_FIRST, LR_K_SECOND_ONLY};
	long long n[4];

	for (size_t i = 0; i < 4; i++)
		n[i] = json_integer_value(json_object_get(redundancy, keys[i]));
	if (n[0] || n[1])
		fprintf(out,
			"%-*s%lld sent twice, %lld came twice: %lld first by the second path; "
			"only by it %lld\n",
			LABEL, "copies", n[0], n[1], n[2], n[3]);
}

char *lr_plain_peer(const json_t *peer, double unix_now)
{
	char *text = NULL, age[CELL];
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	write_text(out, "peer", text_of(peer, LR_K_PEER));
	if (json_is_true(json_object_get(peer, LR_K_GUEST)))
		write_text(out, "guest", "yes: a stock WireGuard client, whose hub we are");
	write_text(out, "public key", text_of(peer, LR_K_PUBLIC_KEY));
	write_text(out, "preshared key",
		json_is_true(json_object_get(peer, LR_K_PRESHARED)) ? "yes" : "no");
	write_text(out, "address", text_of(peer, LR_K_ADDRESS));
	write_text(out, "address6", text_of(peer, LR_K_ADDRESS6));
	fprintf(out, "%-*s", LABEL, "allowed IPs");
	write_list(out, json_object_get(peer, LR_K_ALLOWED_IPS));
	write_text(out, "endpoint", text_of(peer, LR_K_ENDPOINT));
	write_number(out, "keepalive", json_object_get(peer, LR_K_KEEPALIVE));
	write_path(out, json_object_get(peer, LR_K_PATH));
	write_quality(out, json_object_get(peer, LR_K_PATH));
	write_age(age, text_of(peer, LR_K_LAST_HANDSHAKE), unix_now);
	write_text(out, "handshake", age);
	write_traffic(out, "received", json_object_get(peer, LR_K_RX_PACKETS),
		json_object_get(peer, LR_K_RX_BYTES));
	write_traffic(out, "sent", json_object_get(peer, LR_K_TX_PACKETS),
		json_object_get(peer, LR_K_TX_BYTES));
	write_redundancy(out, json_object_get(peer, LR_K_REDUNDANCY));
	if (json_is_object(json_object_get(peer, LR_K_DROPS)))
		write_drops(out, json_object_get(peer, LR_K_DROPS));
	return end(out, &text);
}

static void write_offloads(FILE *out, const json_t *offloads)
{
	const char *name;
	json_t *v;

	fprintf(out, "%-*s", LABEL, "offloads");
	unsigned n = 0;
	json_object_foreach ((json_t *)offloads, name, v) {
		if (json_is_true(v))
			fprintf(out, "%s%s", n++ ? ", " : "", name);
	}
	fputs(n ? "\n" : "none\n", out);
}

/* How the games that are on have gone so far. */
static void write_sessions(FILE *out, const json_t *sessions)
{
	const json_t *s;
	size_t i;

	json_array_foreach (sessions, i, s) {
		unsigned t = (unsigned)json_number_value(json_object_get(s, LR_K_DURATION_S));
		if (!json_is_null(json_object_get(s, LR_K_ENDED)))
			continue;
		fprintf(out, "%-*s%s for %u:%02u:%02u\n", LABEL, "played", text_of(s, LR_K_GAME),
			t / 3600, t / 60 % 60, t % 60);
		lr_session_print(out, json_object_get(s, LR_K_PEERS));
	}
}

char *lr_plain_status(const json_t *node, double unix_now)
{
	char *text = NULL, age[CELL];
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	fprintf(out, "%-*s%s (%s), pid %" JSON_INTEGER_FORMAT "\n", LABEL, "interface",
		text_of(node, LR_K_IFACE), text_of(node, LR_K_DEVICE),
		json_integer_value(json_object_get(node, LR_K_PID)));
	write_text(out, "name", text_of(node, LR_K_NAME));
	write_text(out, "public key", text_of(node, LR_K_PUBLIC_KEY));
	fprintf(out, "%-*s", LABEL, "addresses");
	write_list(out, json_object_get(node, LR_K_ADDRESSES));
	write_number(out, "listen port", json_object_get(node, LR_K_LISTEN_PORT));
	write_number(out, "MTU", json_object_get(node, LR_K_MTU));
	write_age(age, text_of(node, LR_K_STARTED), unix_now);
	write_text(out, "started", age);
	write_offloads(out, json_object_get(node, LR_K_OFFLOADS));
	write_traffic(out, "received", json_object_get(node, LR_K_RX_PACKETS),
		json_object_get(node, LR_K_RX_BYTES));
	write_traffic(out, "sent", json_object_get(node, LR_K_TX_PACKETS),
		json_object_get(node, LR_K_TX_BYTES));
	write_drops(out, json_object_get(node, LR_K_DROPS));
	if (json_array_size(json_object_get(node, LR_K_GAMES))) {
		fprintf(out, "%-*s", LABEL, "games");
		write_list(out, json_object_get(node, LR_K_GAMES));
	}
	write_sessions(out, json_object_get(node, LR_K_SESSIONS));
	write_number(out, "peers", json_object_get(node, LR_K_PEER_COUNT));
	if (json_array_size(json_object_get(node, LR_K_PEERS)))
		putc('\n', out);
	write_table(out, json_object_get(node, LR_K_PEERS), unix_now);
	return end(out, &text);
}

static double ms(const json_t *ping, const char *key)
{
	return json_number_value(json_object_get(ping, key)) / 1000;
}

char *lr_plain_ping(const json_t *ping, double unix_now)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	const json_t *path = json_object_get(ping, LR_K_PATH);
	json_int_t received = json_integer_value(json_object_get(ping, LR_K_RECEIVED));

	(void)unix_now; /* nothing in it has an age */
	if (!out)
		return NULL;
	fprintf(out,
		"%" JSON_INTEGER_FORMAT " sent, %" JSON_INTEGER_FORMAT
		" received, %.3g %% lost, path %s",
		json_integer_value(json_object_get(ping, LR_K_SENT)), received,
		100 * json_number_value(json_object_get(ping, LR_K_LOSS)),
		text_of(path, LR_K_KIND));
	if (json_is_string(json_object_get(path, LR_K_ENDPOINT)))
		fprintf(out, " via %s", text_of(path, LR_K_ENDPOINT));
	putc('\n', out);
	if (received > 0)
		fprintf(out, "round trip p50 %.3f ms, p90 %.3f ms, p99 %.3f ms, max %.3f ms",
			ms(ping, LR_K_P50_US), ms(ping, LR_K_P90_US), ms(ping, LR_K_P99_US),
			ms(ping, LR_K_MAX_US));
	if (received > 1)
		fprintf(out, ", jitter %.3f ms", ms(ping, LR_K_JITTER_US));
	if (received > 0)
		putc('\n', out);
	return end(out, &text);
}
