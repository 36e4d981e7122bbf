/*
 * http_server.c - see http_server.h; the only file that sees libmicrohttpd(3), external epoll
 */
#include "lib/io/http_server.h"

#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/io/http_door.h"
#include "lib/io/tls.h"

enum { PLAIN, INSIDE, DAEMONS }; /* INSIDE: of the pairs behind TLS */
enum {
	POOL_BYTES = 4096, /* of one connection: head of the request, head of the answer */
	BODY_STEP = 2048,
};

struct daemon {
	struct lr_source source;
	struct MHD_Daemon *mhd;
	struct lr_http *http;
};

struct lr_http {
	struct lr_loop *loop;
	struct lr_http_hooks hooks;
	struct daemon daemons[DAEMONS];
	struct lr_http_door door;
	struct lr_tls *tls; /* NULL: without a certificate */
	struct lr_http_request *first;
	/* resumed: libmicrohttpd 0.9.75 does not say that it is due then */
	bool ending, resumed;
};

struct lr_http_request {
	struct lr_http *http;
	struct lr_http_request *next, **prev;
	struct MHD_Connection *connection;
	struct MHD_Response *response;
	void *owner;
	char *method, *path;
	uint8_t *body;
	size_t body_len, body_room, body_max;
	unsigned status;
	bool handled, waiting, upgrading;
	struct lr_endpoint peer;
};

struct lr_http_tunnel {
	struct MHD_UpgradeResponseHandle *handle;
	struct lr_http *http;
};

/* ------------------------------------------------------------------ requests */

static void release_request(struct lr_http_request *q)
{
	*q->prev = q->next;
	if (q->next)
		q->next->prev = q->prev;
	if (q->response)
		MHD_destroy_response(q->response);
	free(q->method);
	free(q->path);
	free(q->body);
	free(q);
}

static struct lr_http_request *new_request(
	struct lr_http *h, struct MHD_Connection *c, const char *url, const char *method)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	struct lr_http_request *q = calloc(1, sizeof(*q));
	if (!q)
		return NULL;
	q->http = h;
	q->connection = c;
	if (info && info->client_addr)
		memcpy(&q->peer.sa, info->client_addr,
			info->client_addr->sa_family == AF_INET ? sizeof(q->peer.in)
								: sizeof(q->peer.in6));
	q->prev = &h->first;
	q->next = h->first;
	if (q->next)
		q->next->prev = &q->next;
	h->first = q;
	q->method = strdup(method);
	q->path = strdup(url);
	if (q->method && q->path)
		return q;
	release_request(q);
	return NULL;
}

const char *lr_http_method(const struct lr_http_request *q)
{
	return q->method;
}

const char *lr_http_path(const struct lr_http_request *q)
{
	return q->path;
}

const char *lr_http_query(const struct lr_http_request *q, const char *name)
{
	return MHD_lookup_connection_value(q->connection, MHD_GET_ARGUMENT_KIND, name);
}

const char *lr_http_header(const struct lr_http_request *q, const char *name)
{
	return MHD_lookup_connection_value(q->connection, MHD_HEADER_KIND, name);
}

const struct lr_endpoint *lr_http_peer(const struct lr_http_request *q)
{
	return &q->peer;
}

const uint8_t *lr_http_body(const struct lr_http_request *q, size_t *len)
{
	*len = q->body_len;
	return q->body;
}

void **lr_http_owner(struct lr_http_request *q)
{
	return &q->owner;
}

static void make_response(struct lr_http_request *q, const char *type, void *bytes, size_t len)
{
	static char nothing[1];
	q->response = MHD_create_response_from_buffer(bytes ? len : 0, bytes ? bytes : nothing,
		bytes ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
	if (!q->response) {
		free(bytes);
		return;
	}
	MHD_add_response_header(q->response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	MHD_add_response_header(q->response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
}

/* Lets libmicrohttpd ask again; then respond() has what it needs. */
static void wake(struct lr_http_request *q)
{
	if (!q->waiting)
		return;
	q->waiting = false;
	MHD_resume_connection(q->connection);
	q->http->resumed = true;
}

void lr_http_answer(
	struct lr_http_request *q, unsigned status, const char *type, void *bytes, size_t len)
{
	if (q->response) {
		free(bytes);
		return;
	}
	q->status = status;
	make_response(q, type, bytes, len);
	wake(q);
}

/* ------------------------------------------------------------------ upgrades */

static void upgraded(void *ctx, struct MHD_Connection *c, void *con, const char *extra,
	size_t extra_len, MHD_socket fd, struct MHD_UpgradeResponseHandle *handle)
{
	struct lr_http_request *q = con;
	struct lr_http_tunnel *t = q->http->ending ? NULL : calloc(1, sizeof(*t));
	const int one = 1,
		  net = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	(void)ctx;
	if (!t) {
		MHD_upgrade_action(handle, MHD_UPGRADE_ACTION_CLOSE);
		return;
	}
	t->handle = handle;
	t->http = q->http;
	setsockopt(
		net, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)); /* it was taken away just now */
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	q->http->hooks.upgraded(q->http->hooks.ctx, t, fd, &q->peer, extra, extra_len);
}

void lr_http_upgrade(struct lr_http_request *q, const char *protocol)
{
	q->upgrading = true;
	q->status = MHD_HTTP_SWITCHING_PROTOCOLS;
	q->response = MHD_create_response_for_upgrade(upgraded, NULL);
	if (q->response)
		MHD_add_response_header(q->response, MHD_HTTP_HEADER_UPGRADE, protocol);
}

void lr_http_close(struct lr_http_tunnel *t)
{
	MHD_upgrade_action(t->handle, MHD_UPGRADE_ACTION_CLOSE);
	t->http->resumed = true;
	free(t);
}

/* ------------------------------------------------------------------ what libmicrohttpd calls */

static enum MHD_Result respond(struct lr_http_request *q)
{
	return q->response ? MHD_queue_response(q->connection, q->status, q->response) : MHD_NO;
}

/* The head is complete. */
static enum MHD_Result begin(struct lr_http_request *q)
{
	const char *text = lr_http_header(q, MHD_HTTP_HEADER_CONTENT_LENGTH);
	long max = q->http->hooks.begin(q->http->hooks.ctx, q);
	if (max >= 0 && text && strtoull(text, NULL, 10) > (unsigned long long)max)
		max = -(long)MHD_HTTP_CONTENT_TOO_LARGE;
	if (max >= 0) {
		q->body_max = (size_t)max;
		return MHD_YES;
	}
	q->handled = true;
	if (!q->response) {
		q->status = (unsigned)-max;
		make_response(q, "text/plain", NULL, 0);
	}
	return respond(q);
}

/* A part of the body. MHD_NO: the connection is closed. */
static enum MHD_Result take_body(struct lr_http_request *q, const char *bytes, size_t len)
{
	if (len > q->body_max - q->body_len)
		return MHD_NO;
	if (q->body_len + len > q->body_room) {
		size_t room = q->body_len + len + BODY_STEP;
		uint8_t *wide = realloc(q->body, room);
		if (!wide)
			return MHD_NO;
		q->body = wide;
		q->body_room = room;
	}
	memcpy(q->body + q->body_len, bytes, len);
	q->body_len += len;
	return MHD_YES;
}

static enum MHD_Result access_handler(void *ctx, struct MHD_Connection *c, const char *url,
	const char *method, const char *version, const char *upload, size_t *upload_len, void **con)
{
	struct lr_http *h = ctx;
	struct lr_http_request *q = *con;
	(void)version;
	if (!q) {
		*con = q = new_request(h, c, url, method);
		return q ? begin(q) : MHD_NO;
	}
	if (*upload_len) {
		size_t len = *upload_len;
		*upload_len = 0;
		return q->handled ? MHD_YES : take_body(q, upload, len);
	}
	if (!q->handled) {
		q->handled = true;
		if (h->ending) /* nothing may begin to wait now */
			lr_http_answer(q, MHD_HTTP_SERVICE_UNAVAILABLE, "text/plain", NULL, 0);
		else
			h->hooks.handle(h->hooks.ctx, q);
	}
	if (q->response || q->upgrading)
		return respond(q);
	if (q->status)
		return MHD_NO; /* answered, but there was no memory for it */
	if (!q->waiting)
		MHD_suspend_connection(c);
	q->waiting = true;
	return MHD_YES;
}

static void completed(
	void *ctx, struct MHD_Connection *c, void **con, enum MHD_RequestTerminationCode why)
{
	struct lr_http *h = ctx;
	struct lr_http_request *q = *con;
	(void)c;
	(void)why;
	*con = NULL;
	if (!q)
		return;
	h->hooks.done(h->hooks.ctx, q);
	release_request(q);
}

static void connection_changed(
	void *ctx, struct MHD_Connection *c, void **own, enum MHD_ConnectionNotificationCode what)
{
	struct lr_http *h = ctx;
	if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
		lr_http_door_left(&h->door, *own);
		return;
	}
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	struct lr_endpoint peer = {0};
	if (info && info->client_addr)
		memcpy(&peer.sa, info->client_addr,
			info->client_addr->sa_family == AF_INET ? sizeof(peer.in)
								: sizeof(peer.in6));
	*own = lr_http_door_entered(&h->door, &peer);
}

/* What clients do wrong is theirs; what we do wrong shows in the answers. */
__attribute__((format(printf, 2, 0))) static void quiet(void *ctx, const char *fmt, va_list ap)
{
	(void)ctx;
	(void)fmt;
	(void)ap;
}

/* ------------------------------------------------------------------ beginning and end */

/* The door hands over a connection. */
static void take_connection(
	void *ctx, int fd, const struct lr_endpoint *peer, socklen_t len, bool tls)
{
	struct lr_http *h = ctx;
	if (tls)
		lr_tls_take(h->tls, fd, peer, len);
	else
		MHD_add_connection(h->daemons[PLAIN].mhd, fd, &peer->sa, len); /* or closes */
}

/* TLS hands over what is inside; the door counts the outside. */
static void take_inside(void *ctx, int fd, const struct lr_endpoint *peer, socklen_t len)
{
	struct lr_http *h = ctx;
	MHD_add_connection(h->daemons[INSIDE].mhd, fd, &peer->sa, len); /* or closes */
}

int lr_http_listen(struct lr_http *h, int fd)
{
	return lr_http_door_listen(&h->door, fd);
}

static void daemon_ready(struct lr_source *s, uint32_t events)
{
	(void)events;
	MHD_run(((struct daemon *)s->ctx)->mhd);
}

static int start_daemon(struct lr_http *h, int which, const struct lr_http_options *o)
{
	struct daemon *d = &h->daemons[which];
	unsigned flags = MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME |
			 MHD_ALLOW_UPGRADE | MHD_USE_ERROR_LOG;
	d->http = h;
	d->mhd = MHD_start_daemon(flags, 0, NULL, NULL, access_handler, h,
		MHD_OPTION_EXTERNAL_LOGGER, quiet, NULL, MHD_OPTION_NOTIFY_COMPLETED, completed, h,
		MHD_OPTION_NOTIFY_CONNECTION, which == PLAIN ? connection_changed : NULL, h,
		MHD_OPTION_CONNECTION_LIMIT, o->connections + 1, MHD_OPTION_CONNECTION_TIMEOUT,
		o->idle_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL_BYTES,
		MHD_OPTION_CONNECTION_MEMORY_INCREMENT, (size_t)1024, MHD_OPTION_END);
	if (!d->mhd)
		return -EINVAL;
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(d->mhd, MHD_DAEMON_INFO_EPOLL_FD);
	if (!info)
		return -ENOSYS;
	d->source = (struct lr_source){.fd = info->epoll_fd, .ready = daemon_ready, .ctx = d};
	return lr_loop_add(h->loop, &d->source, EPOLLIN);
}

static int start_tls(struct lr_http *h, const struct lr_http_options *o, struct lr_err *err)
{
	const struct lr_tls_hooks hooks = {.ctx = h, .take = take_inside};
	if (!o->cert)
		return 0;
	h->tls = lr_tls_new(h->loop, &h->door, o->cert, o->key, &hooks, err);
	if (!h->tls)
		return -1;
	return start_daemon(h, INSIDE, o) < 0
		       ? lr_err_set(err, LR_EXIT_FAILED, "the HTTP server does not start")
		       : 0;
}

struct lr_http *lr_http_new(struct lr_loop *loop, const struct lr_http_options *o,
	const struct lr_http_hooks *hooks, struct lr_err *err)
{
	struct lr_http *h = calloc(1, sizeof(*h));
	if (!h) {
		lr_err_set(err, LR_EXIT_FAILED, "out of memory");
		return NULL;
	}
	h->loop = loop;
	h->hooks = *hooks;
	const struct lr_http_door_hooks door = {.ctx = h, .take = take_connection};
	lr_http_door_init(&h->door, loop, o, &door);
	if (start_daemon(h, PLAIN, o) < 0)
		lr_err_set(err, LR_EXIT_FAILED, "the HTTP server does not start");
	else if (start_tls(h, o, err) == 0)
		return h;
	lr_http_free(h);
	return NULL;
}

/* libmicrohttpd ends the program when a connection is still suspended. Those that wait were
 * resumed, which the first run notices; it sends the last answers, and an Upgrade among them, which
 * is closed at once then, is gone with the second. */
static void stop_daemon(struct daemon *d)
{
	MHD_run(d->mhd);
	MHD_run(d->mhd);
	if (d->source.ready)
		lr_loop_remove(d->http->loop, &d->source);
	MHD_stop_daemon(d->mhd);
}

void lr_http_free(struct lr_http *h)
{
	if (!h)
		return;
	lr_http_door_shut(&h->door);
	h->ending = true;
	for (struct lr_http_request *q = h->first; q; q = q->next)
		if (q->waiting)
			lr_http_answer(q, MHD_HTTP_SERVICE_UNAVAILABLE, "text/plain", NULL, 0);
	for (int i = 0; i < DAEMONS; i++)
		if (h->daemons[i].mhd)
			stop_daemon(&h->daemons[i]);
	lr_tls_free(h->tls); /* now that the last answers lie in its pairs */
	lr_http_door_release(&h->door);
	free(h);
}

/* ------------------------------------------------------------------ time */

static uint64_t due_of(const struct daemon *d, uint64_t now)
{
	MHD_UNSIGNED_LONG_LONG ms;
	if (!d->mhd || MHD_get_timeout(d->mhd, &ms) != MHD_YES)
		return LR_NEVER;
	return now + ms * LR_NS_PER_MS;
}

uint64_t lr_http_due(const struct lr_http *h)
{
	uint64_t plain = due_of(&h->daemons[PLAIN], h->loop->now);
	uint64_t inside = due_of(&h->daemons[INSIDE], h->loop->now);
	uint64_t tls = h->tls ? lr_tls_due(h->tls) : LR_NEVER;
	uint64_t due = plain < inside ? plain : inside;
	return h->resumed ? 0 : due < tls ? due : tls;
}

void lr_http_tick(struct lr_http *h, uint64_t now)
{
	bool resumed = h->resumed;
	h->resumed = false;
	for (int i = 0; i < DAEMONS; i++)
		if (h->daemons[i].mhd && (resumed || due_of(&h->daemons[i], now) <= now))
			MHD_run(h->daemons[i].mhd);
	if (h->tls)
		lr_tls_tick(h->tls, now);
}

void lr_http_stats(const struct lr_http *h, struct lr_http_stats *out)
{
	*out = (struct lr_http_stats){.connections = h->door.connections,
		.refused_full = h->door.refused_full,
		.refused_network = h->door.refused_network};
	if (h->tls)
		lr_tls_stats(h->tls, &out->tls);
}
