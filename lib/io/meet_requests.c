/*
 * meet_requests.c - what each request of meet.h asks for, and its answers
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/io/base64.h"
#include "lib/io/meet.h"
#include "lib/io/meet_inside.h"
#include "terms.h"

#define TIMEOUT_MS_MAX 600000
#define LIFETIME_S     3600
#define LIFETIME_S_MAX 604800
#define INLINE_MAX     (256u << 10)    /* a longer body goes as a file, if it can */
#define RELAY_PROTOCOL "lanrage-relay" /* of a relay's frames over TCP */

/* --- answers --- */

/* `fd` (-1: none) goes with it. */
static void say_with(struct lr_meet *m, json_t *answer, int fd)
{
	if (m->told) {
		m->told(m->told_ctx, answer);
		json_decref(answer);
	} else {
		(void)!lr_meet_out_put(&m->out, answer, fd);
	}
}

static void say(struct lr_meet *m, json_t *answer)
{
	say_with(m, answer, -1);
}

static json_t *answer_to(json_int_t id)
{
	json_t *a = json_object();

	lr_json_put_int(a, LR_K_ID, id);
	return a;
}

void lr_meet_refuse(struct lr_meet *m, const json_int_t *id, const char *error, bool temporary,
	json_t *attempts)
{
	json_t *a = json_object();

	lr_json_put(a, LR_K_ID, id ? json_integer(*id) : json_null());
	lr_json_put_str(a, LR_K_ERROR, error);
	lr_json_put_bool(a, LR_K_TEMPORARY, temporary);
	if (attempts)
		lr_json_put(a, LR_K_ATTEMPTS, attempts);
	say(m, a);
}

static void refuse(struct lr_meet_request *q, const char *error, bool temporary)
{
	lr_meet_refuse(q->meet, &q->id, error, temporary, NULL);
}

/* An HTTP call has failed. */
static void call_failed(struct lr_meet_request *q, const char *error, bool temporary, bool no_tls)
{
	json_t *a = answer_to(q->id);

	lr_json_put_str(a, LR_K_ERROR, error);
	lr_json_put_bool(a, LR_K_TEMPORARY, temporary);
	if (no_tls)
		lr_json_put_bool(a, LR_K_TLS, false);
	say(q->meet, a);
}

/* --- open requests --- */

static struct lr_meet_request *find(struct lr_meet *m, json_int_t id)
{
	struct lr_meet_request *q = m->requests;

	while (q && q->id != id)
		q = q->next;
	return q;
}

static struct lr_meet_request *open_request(struct lr_meet *m, json_int_t id)
{
	struct lr_meet_request *q = calloc(1, sizeof(*q));

	if (!q)
		return NULL;
	*q = (struct lr_meet_request){.meet = m, .id = id, .next = m->requests, .at = &m->requests};
	if (q->next)
		q->next->at = &q->next;
	m->requests = q;
	m->n_requests++;
	return q;
}

/* Its call, upgrade or mapping is over, or will not be heard of any more. */
static void close_request(struct lr_meet_request *q)
{
	*q->at = q->next;
	if (q->next)
		q->next->at = q->at;
	q->meet->n_requests--;
	free(q);
}

void lr_meet_forget(struct lr_meet_request *q)
{
	if (q->call)
		lr_http_client_cancel(q->call);
	lr_upgrade_free(q->upgrade);
	if (q->lookup)
		lr_lookup_cancel(q->lookup);
	close_request(q);
}

void lr_meet_wind_up(struct lr_meet *m, bool all)
{
	struct lr_meet_request *next;

	for (struct lr_meet_request *q = m->requests; q; q = next) {
		next = q->next;
		if (q->map)
			lr_portmap_stop(q->map);
		else if (all)
			lr_meet_forget(q);
	}
}

/* --- HTTP --- */

/* The bytes as a sealed file without a name; -1. */
static int file_of(const uint8_t *bytes, size_t len)
{
	int fd = memfd_create("lr-meet", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -1;
	for (size_t at = 0; at < len;) {
		ssize_t n = write(fd, bytes + at, len - at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			close(fd);
			return -1;
		}
		at += (size_t)n;
	}
	fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
	return fd;
}

/* The body into the answer, or as the file that goes with it: its descriptor, else -1. */
static int put_body(struct lr_meet *m, json_t *a, const struct lr_http_got *got)
{
	int fd = m->out.socket && got->len > INLINE_MAX ? file_of(got->body, got->len) : -1;
	char *body = fd < 0 ? lr_base64(got->body, got->len) : NULL;

	if (fd >= 0)
		lr_json_put_bool(a, LR_K_FD, true);
	else
		lr_json_put_str(a, LR_K_BODY, body ? body : "");
	free(body);
	return fd;
}

static void http_done(void *ctx, const struct lr_http_got *got)
{
	struct lr_meet_request *q = ctx;

	q->call = NULL;
	if (got->error) {
		call_failed(q, got->error, got->temporary, got->no_tls);
		close_request(q);
		return;
	}
	json_t *a = answer_to(q->id), *headers = json_object();
	lr_json_put_int(a, LR_K_STATUS, got->status);
	int fd = put_body(q->meet, a, got);
	if (got->content_type)
		lr_json_put_str(headers, "content-type", got->content_type);
	if (got->retry_after)
		lr_json_put_str(headers, "retry-after", got->retry_after);
	lr_json_put(a, LR_K_HEADERS, headers);
	lr_json_put_int(a, LR_K_RTT_US, (int64_t)got->rtt_us);
	say_with(q->meet, a, fd);
	close_request(q);
}

/* What http and upgrade have in common. 0, or -1 with `err`. */
static int read_ask(const json_t *o, struct lr_http_ask *ask,
	const char *lines[LR_HTTP_HEADERS_MAX], struct lr_err *err)
{
	bool bad = false;
	const json_t *headers = json_object_get(o, LR_K_HEADERS), *line;
	int64_t ms = lr_json_int(o, LR_K_TIMEOUT_MS, 0, &bad);
	size_t i;

	ask->url = lr_json_str(o, LR_K_URL, &bad);
	ask->headers = lines;
	if (bad || !ask->url)
		return lr_err_set(err, LR_EXIT_USAGE, "%s must be text", LR_K_URL);
	if (ms < 0 || ms > TIMEOUT_MS_MAX)
		return lr_err_set(
			err, LR_EXIT_USAGE, "%s: 0 to %d", LR_K_TIMEOUT_MS, TIMEOUT_MS_MAX);
	ask->timeout_ms = (unsigned)ms;
	if (headers && (!json_is_array(headers) || json_array_size(headers) > LR_HTTP_HEADERS_MAX))
		return lr_err_set(err, LR_EXIT_USAGE, "%s must be a list of at most %d lines",
			LR_K_HEADERS, LR_HTTP_HEADERS_MAX);
	json_array_foreach (headers, i, line) {
		if (!json_is_string(line))
			return lr_err_set(err, LR_EXIT_USAGE, "%s must be text", LR_K_HEADERS);
		lines[ask->n_headers++] = json_string_value(line);
	}
	return 0;
}

static int do_http(struct lr_meet_request *q, const json_t *o, struct lr_err *err)
{
	const char *lines[LR_HTTP_HEADERS_MAX];
	struct lr_http_ask ask = {0};
	bool bad = false;
	const char *body = lr_json_str(o, LR_K_BODY, &bad);
	const char *method = lr_json_str(o, LR_K_METHOD, &bad);
	uint8_t *bytes = NULL;

	if (bad)
		return lr_err_set(
			err, LR_EXIT_USAGE, "%s, %s must be text", LR_K_BODY, LR_K_METHOD);
	if (read_ask(o, &ask, lines, err) < 0)
		return -1;
	ask.method = method ? method : "GET";
	if (body && !(bytes = lr_base64_parse(body, &ask.len)))
		return lr_err_set(err, LR_EXIT_USAGE, "%s is not base64", LR_K_BODY);
	ask.body = bytes;
	q->call = lr_http_client_start(q->meet->client, &ask, http_done, q, err);
	free(bytes);
	return q->call ? 0 : -1;
}

/* --- upgrade --- */

static void upgrade_done(void *ctx, const struct lr_upgrade_got *got)
{
	struct lr_meet_request *q = ctx;

	if (got->error) {
		call_failed(q, got->error, got->temporary, got->no_tls);
		return;
	}
	json_t *a = answer_to(q->id);
	lr_json_put_int(a, LR_K_STATUS, got->status);
	lr_json_put_bool(a, LR_K_FD, true);
	lr_json_put_int(a, LR_K_RTT_US, (int64_t)got->rtt_us);
	(void)!lr_meet_out_put(&q->meet->out, a, got->fd);
}

static void upgrade_gone(void *ctx)
{
	struct lr_meet_request *q = ctx;

	q->upgrade = NULL;
	close_request(q);
}

static int do_upgrade(struct lr_meet_request *q, const json_t *o, struct lr_err *err)
{
	const char *lines[LR_HTTP_HEADERS_MAX];
	struct lr_http_ask ask = {0};
	struct lr_upgrade_hooks hooks = {.done = upgrade_done, .gone = upgrade_gone, .ctx = q};

	if (read_ask(o, &ask, lines, err) < 0)
		return -1;
	if (!q->meet->out.socket)
		return lr_err_set(err, LR_EXIT_USAGE,
			"standard output is no UNIX socket, so it cannot carry a descriptor");
	q->upgrade = lr_upgrade_start(
		q->meet->client, &q->meet->loop, &ask, RELAY_PROTOCOL, &hooks, err);
	return q->upgrade ? 0 : -1;
}

/* --- names --- */

static void looked_up(void *ctx, const struct lr_lookup_got *got)
{
	struct lr_meet_request *q = ctx;
	char text[LR_ENDPOINT_TEXT];

	q->lookup = NULL;
	if (got->error) {
		refuse(q, got->error, got->temporary);
	} else {
		json_t *a = answer_to(q->id), *list = json_array();
		for (unsigned i = 0; i < got->n; i++)
			json_array_append_new(
				list, json_string(lr_endpoint_text(&got->at[i], text)));
		lr_json_put(a, LR_K_ENDPOINTS, list);
		say(q->meet, a);
	}
	close_request(q);
}

static int do_resolve(struct lr_meet_request *q, const json_t *o, struct lr_err *err)
{
	struct lr_meet *m = q->meet;
	bool bad = false;
	const char *host = lr_json_str(o, LR_K_HOST, &bad);
	int64_t port = lr_json_int(o, LR_K_PORT, 0, &bad);

	if (bad || !host)
		return lr_err_set(err, LR_EXIT_USAGE, "%s must be text", LR_K_HOST);
	if (port < 1 || port > 65535)
		return lr_err_set(err, LR_EXIT_USAGE, "%s: 1 to 65535", LR_K_PORT);
	if (!m->lookups)
		m->lookups = lr_lookups_new(&m->loop, err);
	if (m->lookups)
		q->lookup = lr_lookup_start(m->lookups, host, (uint16_t)port, looked_up, q, err);
	return q->lookup ? 0 : -1;
}

/* --- mappings --- */

static json_t *attempts_of(const struct lr_portmap_told *t)
{
	json_t *list = json_array();

	for (unsigned by = 0; by < LR_PORTMAP_PROTOCOLS; by++) {
		if (!t->why[by][0])
			continue;
		json_t *one = json_object();
		lr_json_put_str(one, LR_K_BY, lr_portmap_name(by));
		lr_json_put_str(one, LR_K_ERROR, t->why[by]);
		json_array_append_new(list, one);
	}
	return list;
}

static void map_told(void *ctx, const struct lr_portmap_told *t)
{
	struct lr_meet_request *q = ctx;
	char text[LR_ENDPOINT_TEXT];

	if (t->mapped) {
		json_t *a = answer_to(q->id), *attempts = attempts_of(t);
		lr_json_put_str(a, LR_K_MAPPED, lr_endpoint_text(&t->external, text));
		lr_json_put_str(a, LR_K_BY, lr_portmap_name(t->by));
		lr_json_put_int(a, LR_K_LIFETIME_S, t->lifetime_s);
		lr_json_put_bool(a, LR_K_DOUBLE_NAT, t->double_nat);
		if (json_array_size(attempts))
			lr_json_put(a, LR_K_ATTEMPTS, attempts);
		else
			json_decref(attempts);
		say(q->meet, a);
	} else {
		lr_meet_refuse(q->meet, &q->id,
			t->stopped ? "the mapping was removed" : "the router gave no port",
			!t->stopped, t->stopped ? NULL : attempts_of(t));
	}
	if (t->last)
		close_request(q);
}

static int do_map(struct lr_meet_request *q, const json_t *o, struct lr_err *err)
{
	struct lr_meet *m = q->meet;
	bool bad = false;
	const char *protocol = lr_json_str(o, LR_K_PROTOCOL, &bad);
	int64_t port = lr_json_int(o, LR_K_PORT, 0, &bad);
	int64_t lifetime_s = lr_json_int(o, LR_K_LIFETIME_S, LIFETIME_S, &bad);
	struct lr_portmap_ask ask = {.tcp = protocol && strcmp(protocol, "tcp") == 0};

	if (bad || (protocol && !ask.tcp && strcmp(protocol, "udp") != 0))
		return lr_err_set(err, LR_EXIT_USAGE, "%s must be udp or tcp", LR_K_PROTOCOL);
	if (port < 1 || port > 65535)
		return lr_err_set(err, LR_EXIT_USAGE, "%s: 1 to 65535", LR_K_PORT);
	if (lifetime_s < 1 || lifetime_s > LIFETIME_S_MAX)
		return lr_err_set(
			err, LR_EXIT_USAGE, "%s: 1 to %d", LR_K_LIFETIME_S, LIFETIME_S_MAX);
	ask.port = (uint16_t)port;
	ask.lifetime_s = (uint32_t)lifetime_s;
	if (!m->portmaps)
		m->portmaps = lr_portmaps_new(&m->loop, map_told, err);
	if (m->portmaps)
		q->map = lr_portmap_start(m->portmaps, &ask, q, err);
	return q->map ? 0 : -1;
}

/* --- about others --- */

enum about { CANCEL, UNMAP, RENEW };

/* cancel, unmap and renew: at once, no request stays open. Without an id there is no answer. */
static void about_other(struct lr_meet *m, const json_int_t *id, const json_t *o, enum about what)
{
	bool bad = false;
	json_int_t of = lr_json_int(o, LR_K_OF, 0, &bad);
	struct lr_meet_request *other = bad || !json_object_get(o, LR_K_OF) ? NULL : find(m, of);
	bool fits = other && (what != CANCEL) == (other->map != NULL);

	if (fits && what == UNMAP) {
		lr_portmap_stop(other->map);
	} else if (fits && what == RENEW) {
		lr_portmap_again(other->map);
	} else if (fits) {
		refuse(other, "cancelled", false);
		lr_meet_forget(other);
	}
	if (!id)
		return;
	json_t *a = answer_to(*id);
	lr_json_put_bool(a, LR_K_DONE, fits);
	say(m, a);
}

static const char *const abouts[] = {[CANCEL] = "cancel", [UNMAP] = "unmap", [RENEW] = "renew"};

/* --- all of them --- */

static const struct {
	const char *name;
	int (*run)(struct lr_meet_request *q, const json_t *o, struct lr_err *err);
} verbs[] = {{"http", do_http}, {"upgrade", do_upgrade}, {"map", do_map}, {"resolve", do_resolve}};

static void begin(struct lr_meet *m, json_int_t id, const char *verb, const json_t *o)
{
	struct lr_err err = {0};
	unsigned i = 0, n = sizeof(verbs) / sizeof(verbs[0]);

	while (i < n && strcmp(verbs[i].name, verb) != 0)
		i++;
	if (i == n) {
		lr_meet_refuse(m, &id,
			"do: not http, cancel, map, renew, resolve, unmap or upgrade", false, NULL);
		return;
	}
	if (m->n_requests >= LR_MEET_OPEN_MAX) {
		lr_meet_refuse(m, &id, "too many open requests", true, NULL);
		return;
	}
	struct lr_meet_request *q = open_request(m, id);
	if (!q || verbs[i].run(q, o, &err) < 0) {
		lr_meet_refuse(
			m, &id, q ? err.text : "out of memory", err.exit != LR_EXIT_USAGE, NULL);
		if (q)
			close_request(q);
	}
}

void lr_meet_take(struct lr_meet *m, const json_t *o)
{
	const json_t *number = json_object_get(o, LR_K_ID);
	json_int_t id = json_integer_value(number);
	bool bad = false;
	const char *verb = lr_json_str(o, LR_K_DO, &bad);
	unsigned about = 0;

	while (verb && about <= RENEW && strcmp(verb, abouts[about]) != 0)
		about++;
	if (verb && about <= RENEW)
		about_other(m, json_is_integer(number) ? &id : NULL, o, about);
	else if (!json_is_integer(number))
		lr_meet_refuse(m, NULL, "id must be a number", false, NULL);
	else if (!verb)
		lr_meet_refuse(m, &id, "do must be text", false, NULL);
	else if (find(m, id))
		lr_meet_refuse(m, NULL, "id: another request with this one is open", false, NULL);
	else
		begin(m, id, verb, o);
}
