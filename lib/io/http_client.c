/*
 * http_client.c - see http_client.h; libcurl-multi(3), CURLMOPT_SOCKETFUNCTION(3)
 */
#include "lib/io/http_client.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "lib/io/dial.h"
#include "lib/io/http_ask.h"

#define CONNECTIONS    8 /* kept while idle: a few relays, two each */
#define ANSWER_ROOM    4096
#define SET(call, ...) (void)curl_easy_setopt((call)->easy, __VA_ARGS__)

struct lr_http_client {
	struct lr_loop *loop;
	CURLM *multi;
	uint64_t due;
	struct lr_http_call *calls;
	struct lr_dialled dialled;
	int given; /* the same, while libcurl asks what it is; -1 */
};

/* A socket that libcurl wants watched. */
struct watch {
	struct lr_source source;
	struct lr_http_client *client;
};

struct lr_http_call {
	struct lr_http_client *client;
	struct lr_http_call *next, **at;
	CURL *easy;
	struct curl_slist *headers;
	void (*done)(void *ctx, const struct lr_http_got *got);
	void *ctx;
	bool connect_only, too_long;
	bool held; /* not begun: the dialled connection is awaited */
	uint8_t *body;
	size_t len, room;
	char retry_after[LR_HTTP_FIELD_MAX], content_type[LR_HTTP_FIELD_MAX];
	char why[CURL_ERROR_SIZE];
};

/* A call that has connected. */
struct lr_http_stream {
	struct lr_http_call *call;
	int fd;
	bool tls;
};

/* --- sockets and the timer --- */

static void settle_messages(struct lr_http_client *c);

static void socket_ready(struct lr_source *s, uint32_t events)
{
	struct lr_http_client *c = s->ctx; /* `s` may be gone after the call */
	int running, what = 0;

	if (events & (EPOLLIN | EPOLLHUP))
		what |= CURL_CSELECT_IN;
	if (events & EPOLLOUT)
		what |= CURL_CSELECT_OUT;
	if (events & EPOLLERR)
		what |= CURL_CSELECT_ERR;
	curl_multi_socket_action(c->multi, s->fd, what, &running);
	settle_messages(c);
}

static void forget(struct lr_http_client *c, struct watch *w)
{
	if (!w)
		return;
	lr_loop_remove(c->loop, &w->source);
	free(w);
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *mine)
{
	struct lr_http_client *c = ctx;
	struct watch *w = mine;
	uint32_t events =
		(what & CURL_POLL_IN ? EPOLLIN : 0) | (what & CURL_POLL_OUT ? EPOLLOUT : 0);

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		forget(c, w);
		curl_multi_assign(c->multi, fd, NULL);
		return 0;
	}
	if (w)
		return lr_loop_change(c->loop, &w->source, events) < 0 ? -1 : 0;
	w = calloc(1, sizeof(*w));
	if (!w)
		return -1;
	w->source = (struct lr_source){.fd = fd, .ready = socket_ready, .ctx = c};
	if (lr_loop_add(c->loop, &w->source, events) < 0) {
		free(w);
		return -1;
	}
	curl_multi_assign(c->multi, fd, w);
	return 0;
}

static int set_timer(CURLM *multi, long ms, void *ctx)
{
	struct lr_http_client *c = ctx;

	(void)multi;
	c->due = ms < 0 ? LR_NEVER : lr_now() + (uint64_t)ms * LR_NS_PER_MS;
	return 0;
}

uint64_t lr_http_client_due(const struct lr_http_client *c)
{
	return c->due < c->dialled.until_ns ? c->due : c->dialled.until_ns;
}

void lr_http_client_tick(struct lr_http_client *c, uint64_t now)
{
	int running;

	lr_dialled_tick(&c->dialled, now);
	if (now < c->due)
		return;
	c->due = LR_NEVER;
	curl_multi_socket_action(c->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	settle_messages(c);
}

struct lr_http_client *lr_http_client_new(struct lr_loop *loop, struct lr_err *err)
{
	struct lr_http_client *c = calloc(1, sizeof(*c));

	if (!c || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
		!(c->multi = curl_multi_init())) {
		free(c);
		lr_err_set(err, LR_EXIT_FAILED, "HTTP: libcurl does not start");
		return NULL;
	}
	c->loop = loop;
	c->due = LR_NEVER;
	c->given = -1;
	lr_dialled_none(&c->dialled);
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
	curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS);
	return c;
}

void lr_http_client_free(struct lr_http_client *c)
{
	if (!c)
		return;
	while (c->calls)
		lr_http_client_cancel(c->calls);
	curl_multi_cleanup(c->multi);
	lr_dialled_release(&c->dialled);
	free(c);
	curl_global_cleanup();
}

/* --- a connection that was begun before --- */

/* libcurl would wait a millisecond before it begins. */
static bool begin(struct lr_http_call *call)
{
	call->client->due = 0;
	return curl_multi_add_handle(call->client->multi, call->easy) == CURLM_OK;
}

static void finish(struct lr_http_call *call, CURLcode code);

/* The connection is there, or will not be. */
static void begin_held(void *ctx)
{
	struct lr_http_client *c = ctx;

	for (struct lr_http_call *call = c->calls, *next; call; call = next) {
		next = call->next;
		if (!call->held)
			continue;
		call->held = false;
		if (!begin(call))
			finish(call, CURLE_OUT_OF_MEMORY);
	}
}

void lr_http_client_dialled(struct lr_http_client *c, const struct lr_dialled *d)
{
	c->dialled = *d;
	lr_dialled_watch(&c->dialled, c->loop, begin_held, c);
}

static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct lr_http_client *c = ctx;

	(void)purpose;
	c->given = lr_dialled_take(&c->dialled, &a->addr);
	return c->given >= 0 ? c->given
			     : socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

/* libcurl would call connect(2) again, which is an error. */
static int know_socket(void *ctx, curl_socket_t fd, curlsocktype purpose)
{
	struct lr_http_client *c = ctx;
	bool given = fd == c->given;

	(void)purpose;
	c->given = -1;
	return given ? CURL_SOCKOPT_ALREADY_CONNECTED : CURL_SOCKOPT_OK;
}

static void offer_dialled(struct lr_http_call *call)
{
	struct lr_http_client *c = call->client;

	if (c->dialled.fd < 0)
		return;
	SET(call, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	SET(call, CURLOPT_OPENSOCKETDATA, c);
	SET(call, CURLOPT_SOCKOPTFUNCTION, know_socket);
	SET(call, CURLOPT_SOCKOPTDATA, c);
}

/* --- an answer --- */

static size_t take_body(char *bytes, size_t size, size_t n, void *ctx)
{
	struct lr_http_call *call = ctx;
	size_t len = size * n;

	if (call->len + len > LR_HTTP_ANSWER_MAX) {
		call->too_long = true;
		return 0;
	}
	if (call->len + len > call->room) {
		size_t room = call->room ? call->room : ANSWER_ROOM;
		while (room < call->len + len)
			room *= 2;
		uint8_t *wide = realloc(call->body, room);
		if (!wide)
			return 0;
		call->body = wide;
		call->room = room;
	}
	memcpy(call->body + call->len, bytes, len);
	call->len += len;
	return len;
}

/* The value of "Name: value" without the blanks around it, when it fits. */
static void keep_field(const char *line, size_t len, const char *name, char out[LR_HTTP_FIELD_MAX])
{
	size_t at = strlen(name);

	if (len <= at || strncasecmp(line, name, at) != 0 || line[at++] != ':')
		return;
	while (at < len && (line[at] == ' ' || line[at] == '\t'))
		at++;
	while (len > at && strchr(" \t\r\n", line[len - 1]))
		len--;
	if (len - at >= LR_HTTP_FIELD_MAX)
		return;
	memcpy(out, line + at, len - at);
	out[len - at] = '\0';
	lr_text_clean(out, true);
}

static size_t take_header(char *line, size_t size, size_t n, void *ctx)
{
	struct lr_http_call *call = ctx;

	keep_field(line, size * n, "retry-after", call->retry_after);
	keep_field(line, size * n, "content-type", call->content_type);
	return size * n;
}

static uint64_t elapsed(CURL *easy, CURLINFO until, CURLINFO since)
{
	curl_off_t a = 0, b = 0;

	curl_easy_getinfo(easy, since, &a);
	curl_easy_getinfo(easy, until, &b);
	return b > a ? (uint64_t)(b - a) : 0;
}

/* Whether the same request may go well another time. */
static bool is_temporary(const struct lr_http_call *call, CURLcode code)
{
	switch (code) {
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_URL_MALFORMAT:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
		return false;
	default:
		return !call->too_long;
	}
}

static struct lr_http_stream *open_stream(struct lr_http_call *call)
{
	struct lr_http_stream *s = calloc(1, sizeof(*s));
	char *scheme = NULL;
	curl_socket_t fd = CURL_SOCKET_BAD;

	if (!s)
		return NULL;
	curl_easy_getinfo(call->easy, CURLINFO_ACTIVESOCKET, &fd);
	curl_easy_getinfo(call->easy, CURLINFO_SCHEME, &scheme);
	*s = (struct lr_http_stream){
		.call = call, .fd = fd, .tls = scheme && strcasecmp(scheme, "https") == 0};
	if (fd != CURL_SOCKET_BAD)
		return s;
	free(s);
	return NULL;
}

static void fill_error(struct lr_http_call *call, CURLcode code, struct lr_http_got *got)
{
	got->error = call->too_long ? "the answer is longer than 4 MiB"
		     : *call->why   ? call->why
				    : curl_easy_strerror(code);
	got->temporary = is_temporary(call, code);
	got->no_tls = code == CURLE_SSL_CONNECT_ERROR;
	lr_text_clean(call->why, true);
}

static void release_call(struct lr_http_call *call)
{
	*call->at = call->next;
	if (call->next)
		call->next->at = call->at;
	if (call->easy) {
		curl_multi_remove_handle(call->client->multi, call->easy);
		curl_easy_cleanup(call->easy);
	}
	curl_slist_free_all(call->headers);
	free(call->body);
	free(call);
}

static void finish(struct lr_http_call *call, CURLcode code)
{
	struct lr_http_got got = {.body = call->body, .len = call->len};
	long status = 0;

	if (code != CURLE_OK) {
		fill_error(call, code, &got);
	} else if (call->connect_only) {
		got.stream = open_stream(call);
		if (!got.stream)
			got.error = "out of memory";
		got.rtt_us =
			elapsed(call->easy, CURLINFO_CONNECT_TIME_T, CURLINFO_NAMELOOKUP_TIME_T);
	} else {
		curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
		got.status = (unsigned)status;
		got.retry_after = *call->retry_after ? call->retry_after : NULL;
		got.content_type = *call->content_type ? call->content_type : NULL;
		got.rtt_us = elapsed(
			call->easy, CURLINFO_STARTTRANSFER_TIME_T, CURLINFO_PRETRANSFER_TIME_T);
	}
	call->done(call->ctx, &got);
	if (!got.stream)
		release_call(call);
}

static void settle_messages(struct lr_http_client *c)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(c->multi, &left))) {
		struct lr_http_call *call = NULL;
		CURLcode code = m->data.result; /* `m` is gone once the handle is */
		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&call);
		finish(call, code);
	}
}

/* --- a request --- */

static int set_up(struct lr_http_call *call, const struct lr_http_ask *ask)
{
	int bad;

	call->easy = curl_easy_init();
	if (!call->easy)
		return -ENOMEM;
	SET(call, CURLOPT_PRIVATE, call);
	SET(call, CURLOPT_ERRORBUFFER, call->why);
	bad = lr_http_ask_set(call->easy, ask, &call->headers);
	if (bad || ask->connect_only)
		return bad;
	offer_dialled(call);
	SET(call, CURLOPT_WRITEFUNCTION, take_body);
	SET(call, CURLOPT_WRITEDATA, call);
	SET(call, CURLOPT_HEADERFUNCTION, take_header);
	SET(call, CURLOPT_HEADERDATA, call);
	return 0;
}

struct lr_http_call *lr_http_client_start(struct lr_http_client *c, const struct lr_http_ask *ask,
	void (*done)(void *ctx, const struct lr_http_got *got), void *ctx, struct lr_err *err)
{
	if (lr_http_ask_check(ask, err) < 0)
		return NULL;
	struct lr_http_call *call = calloc(1, sizeof(*call));
	if (!call) {
		lr_err_set(err, LR_EXIT_FAILED, "out of memory");
		return NULL;
	}
	*call = (struct lr_http_call){.client = c,
		.next = c->calls,
		.at = &c->calls,
		.done = done,
		.ctx = ctx,
		.connect_only = ask->connect_only};
	if (c->calls)
		c->calls->at = &call->next;
	c->calls = call;
	call->held = !ask->connect_only && lr_dialled_awaited(&c->dialled, ask->url);
	if (set_up(call, ask) < 0 || (!call->held && !begin(call))) {
		release_call(call);
		lr_err_set(err, LR_EXIT_FAILED, "out of memory");
		return NULL;
	}
	return call;
}

void lr_http_client_cancel(struct lr_http_call *call)
{
	release_call(call);
}

/* --- streams --- */

int lr_http_stream_fd(const struct lr_http_stream *s)
{
	return s->fd;
}

bool lr_http_stream_tls(const struct lr_http_stream *s)
{
	return s->tls;
}

static long outcome(CURLcode code, size_t n)
{
	return code == CURLE_OK ? (long)n : code == CURLE_AGAIN ? -EAGAIN : -EPIPE;
}

long lr_http_stream_send(struct lr_http_stream *s, const void *bytes, size_t len)
{
	size_t n = 0;

	CURLcode code = curl_easy_send(s->call->easy, bytes, len, &n);

	return outcome(code, n);
}

long lr_http_stream_recv(struct lr_http_stream *s, void *bytes, size_t room)
{
	size_t n = 0;

	CURLcode code = curl_easy_recv(s->call->easy, bytes, room, &n);

	return outcome(code, n);
}

void lr_http_stream_close(struct lr_http_stream *s)
{
	release_call(s->call);
	free(s);
}
