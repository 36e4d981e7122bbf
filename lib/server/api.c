/*
 * api.c - the HTTP interface
 *
 *   GET    /healthz                              "ok"
 *   GET    /metrics                              Prometheus
 *   GET    /v1/relay                             about this relay, JSON
 *   GET    /v1/frames                            Upgrade: lanrage-relay (tunnels.c)
 *   GET    /v1/parties/ID                        the charter
 *   PUT    /v1/parties/ID                        a charter; answer: the list
 *   GET    /v1/parties/ID/members?since=&wait=   the list (list.h), with LR-Access (access.h)
 *   PUT    /v1/parties/ID/members/KEYHASH        a record; answer: the list since ?since=
 *   DELETE /v1/parties/ID/members/KEYHASH        the same, a record that leaves
 *   POST   /v1/parties/ID/invites                an offer (token.h)
 *   POST   /v1/invites/HASH/claim                answer: the sealed part of the offer
 *
 * ID, KEYHASH, HASH: base64url. Everything but text and JSON is application/octet-stream. A refusal
 * has the status of lr_directory_result_status() and a list as lr_directory_refusal() makes it, or
 * nothing; 429 says that this network asks too much.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/json.h"
#include "lib/server/server_inside.h"

#define BYTES "application/octet-stream"
#define TEXT  "text/plain; charset=utf-8"

#define WAIT_MAX_S 60
/* Polls that one party may hold: two a member. */
#define POLLS_MAX     (2 * LR_MEMBERS_MAX)
#define CHECKS_RECORD 2 /* signature checks that a request is charged with */

struct call {
	struct lr_server *server;
	struct lr_http_request *request;
	const uint8_t *body;
	size_t len;
	uint8_t id[LR_PARTY_ID_LEN];
	uint8_t keyhash[LR_KEYHASH_LEN];
	uint8_t hash[LR_TOKEN_HASH_LEN];
	struct lr_since since;
	bool has_since;
};

/* ------------------------------------------------------------------ answers */

void lr_api_answer(struct lr_server *s, struct lr_http_request *q, unsigned status,
	const char *type, void *bytes, size_t len)
{
	s->requests[status / 100 < 6 ? status / 100 : 0]++;
	s->limited += status == 429;
	lr_http_answer(q, status, type, bytes, len);
}

void lr_api_answer_list(struct lr_server *s, struct lr_http_request *q,
	const uint8_t id[LR_PARTY_ID_LEN], const struct lr_since *since)
{
	struct lr_directory_now now = lr_server_now(s);
	size_t len = 0;
	uint8_t *list = lr_directory_list(s->directory, id, since, &now, &len);
	lr_api_answer(s, q, list ? 200 : 404, BYTES, list, len);
}

static void answer(const struct call *c, unsigned status)
{
	lr_api_answer(c->server, c->request, status, TEXT, NULL, 0);
}

static void answer_text(const struct call *c, const char *type, char *text)
{
	lr_api_answer(c->server, c->request, text ? 200 : 500, type, text, text ? strlen(text) : 0);
}

static void answer_refusal(
	const struct call *c, const uint8_t *keyhash, enum lr_directory_result why)
{
	struct lr_directory_now now = lr_server_now(c->server);
	size_t len = 0;
	uint8_t *body = lr_directory_refusal(c->server->directory, c->id, keyhash, why, &now, &len);
	lr_api_answer(c->server, c->request, lr_directory_result_status(why), BYTES, body, len);
}

/* After a change: what the directory said, when it is on the disk. `list`: with the list. */
static void answer_change(
	const struct call *c, const uint8_t *keyhash, enum lr_directory_result r, bool list)
{
	if (r != LR_DIRECTORY_OK && r != LR_DIRECTORY_SAME)
		answer_refusal(c, keyhash, r);
	else if (list)
		lr_parties_list_saved(
			c->server, c->request, c->id, c->has_since ? &c->since : NULL);
	else
		lr_parties_answer_saved(c->server, c->request, NULL, 0);
}

/* Charges `checks` signature checks to the network of the client. */
static bool admitted(const struct call *c, unsigned checks)
{
	struct lr_ip ip = lr_endpoint_ip(lr_http_peer(c->request));
	for (unsigned i = 0; i < checks; i++)
		if (!lr_admission_check(&c->server->relay.admission, &ip, c->server->loop.now))
			return false;
	return true;
}

/* ------------------------------------------------------------------ about the relay */

static void get_health(struct call *c)
{
	answer_text(c, TEXT, strdup("ok\n"));
}

static void get_metrics(struct call *c)
{
	answer_text(c, "text/plain; version=0.0.4", lr_server_metrics(c->server));
}

static void get_relay(struct call *c)
{
	json_t *o = lr_server_json(c->server);
	answer_text(c, "application/json", lr_json_text(o));
	json_decref(o);
}

static void get_frames(struct call *c)
{
	const char *upgrade = lr_http_header(c->request, "Upgrade");
	if (!upgrade || strcasecmp(upgrade, "lanrage-relay") != 0) {
		answer(c, 426);
		return;
	}
	c->server->requests[1]++;
	lr_http_upgrade(c->request, "lanrage-relay");
}

/* ------------------------------------------------------------------ parties */

static void get_charter(struct call *c)
{
	size_t len = 0;
	const uint8_t *held = lr_directory_charter(c->server->directory, c->id, &len);
	uint8_t *copy = held ? malloc(len) : NULL;
	if (copy)
		memcpy(copy, held, len);
	lr_api_answer(c->server, c->request, copy ? 200 : held ? 500 : 404, BYTES, copy, len);
}

static bool token_right(const struct call *c)
{
	static const char scheme[] = "Bearer ";
	const char *want = c->server->token, *given = lr_http_header(c->request, "Authorization");
	if (!given || strncasecmp(given, scheme, sizeof(scheme) - 1) != 0)
		return false;
	given += sizeof(scheme) - 1;
	return strlen(given) == strlen(want) && lr_same(given, want, strlen(want));
}

/* 0: it may; 403; 429: this network founded enough for now. */
static unsigned may_found(const struct call *c)
{
	const struct lr_server *s = c->server;
	struct lr_ip ip = lr_endpoint_ip(lr_http_peer(c->request));
	if (s->options.only)
		return memcmp(c->id, s->options.only, LR_PARTY_ID_LEN) == 0 ? 0 : 403;
	if (s->token)
		return token_right(c) ? 0 : 403;
	return lr_admission_found(&c->server->relay.admission, &ip, s->loop.now) ? 0 : 429;
}

static void put_charter(struct call *c)
{
	struct lr_server *s = c->server;
	struct lr_directory_now now = lr_server_now(s);
	size_t held;
	bool founds = !lr_directory_charter(s->directory, c->id, &held);
	unsigned no = founds ? may_found(c) : 0;
	if (no == 429 || !admitted(c, lr_charter_checks(c->body, c->len))) {
		answer(c, 429);
		return;
	}
	enum lr_directory_result r =
		lr_directory_put_charter(s->directory, c->id, c->body, c->len, !no, &now);
	s->founded += founds && r == LR_DIRECTORY_OK;
	answer_change(c, NULL, r, true);
}

static void put_record(struct call *c)
{
	struct lr_directory_now now = lr_server_now(c->server);
	if (!admitted(c, CHECKS_RECORD)) {
		answer(c, 429);
		return;
	}
	enum lr_directory_result r = lr_directory_put_record(
		c->server->directory, c->id, c->keyhash, c->body, c->len, &now);
	answer_change(c, c->keyhash, r, true);
}

/* Seconds that a poll may wait; 0: answer at once. */
static unsigned wait_of(const struct call *c)
{
	const char *text = lr_http_query(c->request, "wait");
	unsigned long n = text ? strtoul(text, NULL, 10) : 0;
	return n > WAIT_MAX_S ? WAIT_MAX_S : (unsigned)n;
}

static void get_members(struct call *c)
{
	struct lr_server *s = c->server;
	struct lr_directory_now now = lr_server_now(s);
	const char *access = lr_http_header(c->request, "LR-Access");
	if (!admitted(c, 1)) {
		answer(c, 429);
		return;
	}
	enum lr_directory_result r =
		access ? lr_directory_check_access(s->directory, c->id, access, &now)
		       : LR_DIRECTORY_FORGED;
	struct lr_server_party *p = r == LR_DIRECTORY_OK ? lr_party_of(s, c->id) : NULL;
	unsigned wait = wait_of(c);
	if (!p) {
		answer_refusal(c, NULL, r);
	} else if (wait && c->has_since && !lr_directory_news(s->directory, c->id, &c->since)) {
		if (p->n_polls >= POLLS_MAX)
			answer(c, 503);
		else
			lr_parties_poll(
				s, c->request, p, &c->since, s->loop.now + wait * LR_NS_PER_S);
	} else {
		lr_api_answer_list(s, c->request, c->id, c->has_since ? &c->since : NULL);
	}
}

static void post_offer(struct call *c)
{
	struct lr_directory_now now = lr_server_now(c->server);
	if (!admitted(c, 1)) {
		answer(c, 429);
		return;
	}
	enum lr_directory_result r =
		lr_directory_offer(c->server->directory, c->id, c->body, c->len, &now);
	answer_change(c, NULL, r, false);
}

static void post_claim(struct call *c)
{
	struct lr_server *s = c->server;
	struct lr_directory_now now = lr_server_now(s);
	char who[LR_ENDPOINT_TEXT];
	if (!admitted(c, 1)) {
		answer(c, 429);
		return;
	}
	lr_endpoint_text(lr_http_peer(c->request), who);
	who[63] = '\0'; /* what the directory keeps */
	uint8_t *sealed = malloc(LR_TOKEN_SEALED);
	enum lr_directory_result r = LR_DIRECTORY_FULL;
	if (sealed)
		r = lr_directory_claim(s->directory, c->hash, who, &now, sealed);
	if (r != LR_DIRECTORY_OK) {
		free(sealed);
		answer(c, lr_directory_result_status(r));
		return;
	}
	lr_parties_answer_saved(s, c->request, sealed, LR_TOKEN_SEALED);
}

/* ------------------------------------------------------------------ routes */

/* In a pattern 'I' stands for ID, 'K' for KEYHASH, 'H' for HASH; nothing else there is a capital.
 */
static const struct route {
	const char *method, *pattern;
	size_t body; /* at most */
	void (*run)(struct call *c);
} routes[] = {
	{"GET", "/healthz", 0, get_health},
	{"GET", "/metrics", 0, get_metrics},
	{"GET", "/v1/relay", 0, get_relay},
	{"GET", "/v1/frames", 0, get_frames},
	{"GET", "/v1/parties/I", 0, get_charter},
	{"PUT", "/v1/parties/I", LR_CHARTER_MAX, put_charter},
	{"GET", "/v1/parties/I/members", 0, get_members},
	{"PUT", "/v1/parties/I/members/K", LR_RECORD_MAX, put_record},
	{"DELETE", "/v1/parties/I/members/K", LR_RECORD_MAX, put_record},
	{"POST", "/v1/parties/I/invites", LR_OFFER_LEN, post_offer},
	{"POST", "/v1/invites/H/claim", 0, post_claim},
};

static bool parse_part(struct call *c, char kind, const char *text, size_t chars)
{
	if (kind == 'I')
		return lr_party_id_parse(text, chars, c->id) == 0;
	if (kind == 'K')
		return lr_keyhash_parse(text, chars, c->keyhash) == 0;
	return lr_token_hash_parse(text, chars, c->hash) == 0;
}

static bool matches(struct call *c, const char *pattern, const char *path)
{
	for (; *pattern; pattern++) {
		if (*pattern != 'I' && *pattern != 'K' && *pattern != 'H') {
			if (*path++ != *pattern)
				return false;
			continue;
		}
		size_t chars = strcspn(path, "/");
		if (!parse_part(c, *pattern, path, chars))
			return false;
		path += chars;
	}
	return *path == '\0';
}

/* The route, or NULL and the status that says why not. */
static const struct route *route_of(struct call *c, unsigned *status)
{
	const char *method = lr_http_method(c->request), *path = lr_http_path(c->request);
	*status = 404;
	if (strcmp(method, "HEAD") == 0)
		method = "GET";
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (!matches(c, routes[i].pattern, path))
			continue;
		if (strcmp(method, routes[i].method) == 0)
			return &routes[i];
		*status = 405;
	}
	return NULL;
}

static long begin(void *ctx, struct lr_http_request *q)
{
	struct call c = {.server = ctx, .request = q};
	unsigned status;
	const struct route *r = route_of(&c, &status);
	if (r)
		return (long)r->body;
	c.server->requests[status / 100]++;
	return -(long)status;
}

static void handle(void *ctx, struct lr_http_request *q)
{
	struct call c = {.server = ctx, .request = q};
	unsigned status;
	const struct route *r = route_of(&c, &status);
	const char *since = lr_http_query(q, "since");
	c.body = lr_http_body(q, &c.len);
	if (!r || (since && lr_since_parse(since, &c.since) < 0)) {
		answer(&c, r ? 400 : status);
		return;
	}
	c.has_since = since != NULL;
	r->run(&c);
}

static void done(void *ctx, struct lr_http_request *q)
{
	lr_parties_forget(ctx, q);
}

const struct lr_http_hooks lr_api_hooks = {
	.begin = begin, .handle = handle, .done = done, .upgraded = lr_tunnel_upgraded};
