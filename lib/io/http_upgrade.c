/*
 * http_upgrade.c - see http_upgrade.h
 */
#include "lib/io/http_upgrade.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/clock.h"

#define HEAD_MAX   4096
#define CARRY      16384 /* bytes of one direction that wait with us */
#define LOWAT      16384 /* bytes that wait unsent in the kernel: late packets are worth less */
#define TIMEOUT_MS 10000

/* One direction of carrying. */
struct way {
	uint8_t *bytes; /* CARRY */
	size_t at, end;
};

struct lr_upgrade {
	struct lr_loop *loop;
	struct lr_upgrade_hooks hooks;
	struct lr_http_call *call;     /* while connecting */
	struct lr_http_stream *stream; /* from then on */
	struct lr_source net, pair; /* a duplicate of the stream's descriptor; our end. -1: none */
	uint32_t net_events, pair_events;
	uint64_t due, asked;
	char *request;
	size_t request_len, sent;
	char head[HEAD_MAX + 1];
	size_t head_len;
	struct way in, out; /* from the net, to the net */
	bool over;          /* one side has ended */
};

/* --- the end --- */

static void drop_source(struct lr_upgrade *u, struct lr_source *s)
{
	if (s->fd < 0)
		return;
	lr_loop_remove(u->loop, s);
	close(s->fd);
	s->fd = -1;
}

void lr_upgrade_free(struct lr_upgrade *u)
{
	if (!u)
		return;
	if (u->call)
		lr_http_client_cancel(u->call);
	drop_source(u, &u->net);
	drop_source(u, &u->pair);
	if (u->stream)
		lr_http_stream_close(u->stream);
	free(u->request);
	free(u->in.bytes);
	free(u->out.bytes);
	free(u);
}

/* Tells the outcome when there is one, then that it is gone. */
static void end(struct lr_upgrade *u, const struct lr_upgrade_got *got)
{
	struct lr_upgrade_hooks hooks = u->hooks;

	if (got)
		hooks.done(hooks.ctx, got);
	lr_upgrade_free(u);
	hooks.gone(hooks.ctx);
}

static void fail(struct lr_upgrade *u, bool temporary, const char *error)
{
	end(u, &(struct lr_upgrade_got){.error = error, .temporary = temporary, .fd = -1});
}

/* --- carrying --- */

/* Bytes, 0: not now, -1: the side has ended. */
static long net_read(struct lr_upgrade *u, void *to, size_t room)
{
	long n = lr_http_stream_recv(u->stream, to, room);
	return n > 0 ? n : n == -EAGAIN ? 0 : -1;
}

static long net_write(struct lr_upgrade *u, const void *from, size_t len)
{
	long n = lr_http_stream_send(u->stream, from, len);
	return n >= 0 ? n : n == -EAGAIN ? 0 : -1;
}

static long pair_read(struct lr_upgrade *u, void *to, size_t room)
{
	ssize_t n = recv(u->pair.fd, to, room, MSG_DONTWAIT);
	return n > 0 ? n : n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

static long pair_write(struct lr_upgrade *u, const void *from, size_t len)
{
	ssize_t n = send(u->pair.fd, from, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	return n >= 0 ? n : errno == EAGAIN || errno == EINTR ? 0 : -1;
}

/* One step of one direction; whether anything moved. What has come is delivered also after the
 * side that sent it has ended. */
static bool move(struct lr_upgrade *u, struct way *w,
	long (*take)(struct lr_upgrade *, void *, size_t),
	long (*give)(struct lr_upgrade *, const void *, size_t))
{
	long n = 0;

	if (w->at == w->end && !u->over) {
		n = take(u, w->bytes, CARRY);
		u->over |= n < 0;
		w->at = 0;
		w->end = n > 0 ? (size_t)n : 0;
	}
	if (w->at == w->end)
		return false;
	n = give(u, w->bytes + w->at, w->end - w->at);
	if (n < 0) {
		u->over = true;
		w->at = w->end;
		return false;
	}
	w->at += (size_t)n;
	return n > 0;
}

static void want(struct lr_upgrade *u, struct lr_source *s, uint32_t *had, uint32_t events)
{
	if (*had != events)
		lr_loop_change(u->loop, s, events);
	*had = events;
}

static void carry(struct lr_upgrade *u)
{
	bool moved;

	do {
		moved = move(u, &u->in, net_read, pair_write);
		moved |= move(u, &u->out, pair_read, net_write);
	} while (moved);
	bool in = u->in.at < u->in.end, out = u->out.at < u->out.end;
	if (u->over && !in) {
		end(u, NULL);
		return;
	}
	want(u, &u->net, &u->net_events,
		(in || u->over ? 0 : EPOLLIN) | (out ? (uint32_t)EPOLLOUT : 0));
	want(u, &u->pair, &u->pair_events,
		(out || u->over ? 0 : EPOLLIN) | (in ? (uint32_t)EPOLLOUT : 0));
}

static void pair_ready(struct lr_source *s, uint32_t events)
{
	struct lr_upgrade *u = s->ctx;

	if (events & EPOLLERR || (events & EPOLLHUP && !(events & EPOLLIN)))
		end(u, NULL);
	else
		carry(u);
}

static void carry_ready(struct lr_source *s, uint32_t events)
{
	(void)events;
	carry(s->ctx);
}

/* A pair of sockets between the caller and us. Its end for the caller, or -errno. */
static int begin_carrying(struct lr_upgrade *u)
{
	int ends[2], room = CARRY;

	u->in.bytes = malloc(CARRY);
	u->out.bytes = malloc(CARRY);
	if (!u->in.bytes || !u->out.bytes)
		return -ENOMEM;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
		return -errno;
	for (int i = 0; i < 2; i++)
		setsockopt(ends[i], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	u->pair = (struct lr_source){.fd = ends[0], .ready = pair_ready, .ctx = u};
	u->pair_events = EPOLLIN;
	int r = lr_loop_add(u->loop, &u->pair, EPOLLIN);
	if (r < 0) {
		close(ends[0]);
		close(ends[1]);
		u->pair.fd = -1;
		return r;
	}
	u->net.ready = carry_ready;
	return ends[1];
}

/* --- asking --- */

static void granted(struct lr_upgrade *u, size_t behind)
{
	int on = 1, lowat = LOWAT, fd = -1;
	struct lr_upgrade_got got = {
		.status = 101, .rtt_us = (lr_now() - u->asked) / LR_NS_PER_US, .fd = -1};
	struct lr_upgrade_hooks hooks = u->hooks;

	setsockopt(u->net.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(u->net.fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &lowat, sizeof(lowat));
	u->due = LR_NEVER;
	if (!lr_http_stream_tls(u->stream)) {
		got.fd = fcntl(u->net.fd, F_DUPFD_CLOEXEC, 3);
		if (got.fd < 0)
			got.error = strerror(errno);
		end(u, &got);
		return;
	}
	fd = begin_carrying(u);
	if (fd < 0) {
		fail(u, true, strerror(-fd));
		return;
	}
	memcpy(u->in.bytes, u->head + u->head_len - behind, behind);
	u->in.end = behind;
	got.fd = fd;
	hooks.done(hooks.ctx, &got);
	carry(u);
}

static void refused(struct lr_upgrade *u)
{
	char why[80];
	unsigned status = 0;

	if (sscanf(u->head, "HTTP/1.%*1[01] %3u", &status) != 1 || status < 100)
		snprintf(why, sizeof(why), "the answer is not HTTP/1.1");
	else
		snprintf(why, sizeof(why), "not upgraded: HTTP status %u", status);
	end(u, &(struct lr_upgrade_got){.error = why,
		       .temporary = status == 429 || status >= 500,
		       .status = status,
		       .fd = -1});
}

/* Reads of a plain connection only up to the end of the head: the rest is the stream's new
 * owner's. Bytes, 0: not now, -1: ended. */
static long read_head(struct lr_upgrade *u)
{
	char *to = u->head + u->head_len;
	size_t room = HEAD_MAX - u->head_len;

	if (lr_http_stream_tls(u->stream))
		return net_read(u, to, room);
	ssize_t n = recv(u->net.fd, to, room, MSG_PEEK | MSG_DONTWAIT);
	if (n <= 0)
		return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
	to[n] = '\0';
	char *stop = strstr(u->head, "\r\n\r\n");
	if (stop)
		n = stop + 4 - to;
	return recv(u->net.fd, to, (size_t)n, MSG_DONTWAIT);
}

static void take_head(struct lr_upgrade *u)
{
	char *stop;
	long n = read_head(u);

	if (n == 0)
		return;
	if (n < 0) {
		fail(u, true, "the connection ended before an answer");
		return;
	}
	u->head_len += (size_t)n;
	u->head[u->head_len] = '\0';
	stop = strstr(u->head, "\r\n\r\n");
	if (stop && strncmp(u->head, "HTTP/1.1 101", 12) == 0)
		granted(u, u->head_len - (size_t)(stop + 4 - u->head));
	else if (stop)
		refused(u);
	else if (u->head_len == HEAD_MAX)
		fail(u, false, "the answer's head is longer than 4 KiB");
}

static void ask_ready(struct lr_source *s, uint32_t events)
{
	struct lr_upgrade *u = s->ctx;

	(void)events;
	if (u->sent < u->request_len) {
		long n = net_write(u, u->request + u->sent, u->request_len - u->sent);
		if (n < 0) {
			fail(u, true, "the connection ended before the request was sent");
			return;
		}
		u->sent += (size_t)n;
		if (u->sent < u->request_len)
			return;
		want(u, &u->net, &u->net_events, EPOLLIN);
	}
	take_head(u);
}

static void connected(void *ctx, const struct lr_http_got *got)
{
	struct lr_upgrade *u = ctx;

	u->call = NULL;
	if (got->error) {
		end(u, &(struct lr_upgrade_got){.error = got->error,
			       .temporary = got->temporary,
			       .no_tls = got->no_tls,
			       .fd = -1});
		return;
	}
	u->stream = got->stream;
	u->asked = lr_now();
	u->net = (struct lr_source){.fd = fcntl(lr_http_stream_fd(u->stream), F_DUPFD_CLOEXEC, 3),
		.ready = ask_ready,
		.ctx = u};
	u->net_events = EPOLLOUT;
	if (u->net.fd < 0 || lr_loop_add(u->loop, &u->net, EPOLLOUT) < 0)
		fail(u, true, strerror(errno));
}

/* --- the request --- */

/* The parts of "scheme://AUTHORITY/PATH?QUERY". */
static int split(const char *url, const char **authority, int *authority_len, const char **path)
{
	const char *at = strstr(url, "://");

	if (!at)
		return -EINVAL;
	at += 3;
	*authority = at;
	*authority_len = (int)strcspn(at, "/?#");
	*path = at + *authority_len;
	for (const char *p = url; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f)
			return -EINVAL;
	return *authority_len && !memchr(at, '@', (size_t)*authority_len) && !strchr(*path, '#')
		       ? 0
		       : -EINVAL;
}

static int write_request(struct lr_upgrade *u, const struct lr_http_ask *ask, const char *protocol)
{
	const char *authority, *path;
	int authority_len;
	bool named = false;
	FILE *f;

	if (split(ask->url, &authority, &authority_len, &path) < 0)
		return -EINVAL;
	f = open_memstream(&u->request, &u->request_len);
	if (!f)
		return -ENOMEM;
	fprintf(f, "GET %s%s HTTP/1.1\r\nHost: %.*s\r\nConnection: Upgrade\r\n",
		*path == '/' ? "" : "/", path, authority_len, authority);
	for (unsigned i = 0; i < ask->n_headers; i++) {
		named |= strncasecmp(ask->headers[i], "upgrade:", 8) == 0;
		fprintf(f, "%s\r\n", ask->headers[i]);
	}
	if (!named)
		fprintf(f, "Upgrade: %s\r\n", protocol);
	fputs("\r\n", f);
	return fclose(f) == 0 ? 0 : -ENOMEM;
}

struct lr_upgrade *lr_upgrade_start(struct lr_http_client *client, struct lr_loop *loop,
	const struct lr_http_ask *ask, const char *protocol, const struct lr_upgrade_hooks *hooks,
	struct lr_err *err)
{
	struct lr_http_ask connect = *ask;
	struct lr_upgrade *u = calloc(1, sizeof(*u));
	unsigned ms = ask->timeout_ms ? ask->timeout_ms : TIMEOUT_MS;
	int r = u ? 0 : -ENOMEM;

	if (u) {
		*u = (struct lr_upgrade){
			.loop = loop, .hooks = *hooks, .net.fd = -1, .pair.fd = -1};
		u->due = lr_now() + ms * LR_NS_PER_MS;
		r = write_request(u, ask, protocol);
	}
	if (r < 0) {
		lr_err_set(err, LR_EXIT_USAGE,
			r == -EINVAL ? "the URL is not right" : "out of memory");
		lr_upgrade_free(u);
		return NULL;
	}
	connect.connect_only = true;
	connect.method = "GET";
	connect.timeout_ms = ms;
	u->call = lr_http_client_start(client, &connect, connected, u, err);
	if (u->call)
		return u;
	lr_upgrade_free(u);
	return NULL;
}

uint64_t lr_upgrade_due(const struct lr_upgrade *u)
{
	return u->due;
}

void lr_upgrade_tick(struct lr_upgrade *u, uint64_t now)
{
	if (now >= u->due)
		fail(u, true, "no answer in time");
}
