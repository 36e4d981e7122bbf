/*
 * tunnels.c - relay frames over TCP, for players whose network drops UDP
 *
 * GET /v1/frames with "Upgrade: lanrage-relay" becomes a stream of frames (frame.h) both ways. The
 * relay sends a COOKIE first. A connection that no channel is bound to for a while is closed. What
 * a client does not take in time is dropped, oldest first (stream.h); the kernel is given little
 * ahead (TCP_NOTSENT_LOWAT), so that what is dropped is old.
 */
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/server/server_inside.h"

#define UNBOUND_NS  (15 * LR_NS_PER_S) /* to bind a channel, before the connection is closed */
#define SWEEP_NS    (5 * LR_NS_PER_S)
#define LOWAT_BYTES 16384
#define READ_BYTES  16384
#define READS       4 /* of one connection, one wake-up */

void lr_tunnels_init(struct lr_server *s)
{
	lr_map_init(&s->by_conn, sizeof(uint64_t));
	s->next_conn = 1;
	s->tunnels_due = LR_NEVER;
}

static void tunnel_free(struct lr_tunnel *t)
{
	struct lr_server *s = t->server;
	struct lr_tunnel **at = &s->dirty_tunnels;
	while (*at && *at != t)
		at = &(*at)->next_dirty;
	if (*at)
		*at = t->next_dirty;
	*t->prev = t->next;
	if (t->next)
		t->next->prev = t->prev;
	lr_relay_gone(&s->relay, &t->from);
	lr_map_remove(&s->by_conn, &t->from.conn);
	lr_loop_remove(&s->loop, &t->source);
	lr_http_close(t->http);
	s->relay.stats.drops[LR_RELAY_QUEUE_FULL] += t->queue.dropped;
	lr_queue_release(&t->queue);
	s->n_tunnels--;
	free(t);
}

void lr_tunnels_release(struct lr_server *s)
{
	while (s->tunnels)
		tunnel_free(s->tunnels);
	lr_map_release(&s->by_conn);
}

/* ------------------------------------------------------------------ sending */

static void push(struct lr_tunnel *t, const uint8_t *frame, size_t len)
{
	struct lr_server *s = t->server;
	if (lr_queue_push(&t->queue, frame, len) < 0)
		s->relay.stats.drops[LR_RELAY_SEND_REFUSED]++;
	if (t->dirty || t->full)
		return;
	t->dirty = true;
	t->next_dirty = s->dirty_tunnels;
	s->dirty_tunnels = t;
}

void lr_tunnel_push(struct lr_server *s, uint64_t conn, const uint8_t *frame, size_t len)
{
	struct lr_tunnel *t = lr_map_get(&s->by_conn, &conn);
	if (t)
		push(t, frame, len);
}

/* Writes what the socket takes; false: the connection is broken. */
static bool write_some(struct lr_tunnel *t)
{
	struct iovec iov[3];
	bool full = false;
	while (!lr_queue_empty(&t->queue) && !full) {
		struct msghdr msg = {
			.msg_iov = iov, .msg_iovlen = (size_t)lr_queue_peek(&t->queue, iov)};
		ssize_t n = sendmsg(t->source.fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return false;
		if (n > 0)
			lr_queue_sent(&t->queue, (size_t)n);
		full = n < 0 && errno == EAGAIN;
	}
	if (full != t->full)
		lr_loop_change(&t->server->loop, &t->source, EPOLLIN | (full ? EPOLLOUT : 0));
	t->full = full;
	return true;
}

/* ------------------------------------------------------------------ receiving */

static void one_frame(struct lr_tunnel *t, size_t len)
{
	struct lr_server *s = t->server;
	struct lr_relay_step step;
	lr_relay_input(&s->relay, &t->from, lr_relay_from(&s->relay, &t->from), t->stream.frame,
		len, s->loop.now, &step);
	if (step.answer_len) {
		push(t, step.answer, step.answer_len);
	} else if (step.lent) {
		lr_server_to_guest(s, &step, t->stream.frame, len);
		lr_server_flush(s); /* the next frame comes to the same place */
	} else if (step.to && step.to->conn) {
		lr_tunnel_push(s, step.to->conn, t->stream.frame, len);
	} else if (step.to) {
		const struct lr_server_socket *k = &s->sockets[step.to->socket];
		lr_batch_send(
			s->batch, k->source.fd, k->gso, &step.to->at, t->stream.frame, len, NULL);
		lr_server_flush(s); /* the next frame comes to the same place */
	}
}

/* Whether the stream can be followed. */
static bool feed(struct lr_tunnel *t, const uint8_t *bytes, size_t len)
{
	while (len) {
		size_t used;
		int frame = lr_stream_feed(&t->stream, bytes, len, &used);
		if (frame < 0) {
			t->server->relay.stats.drops[LR_RELAY_MALFORMED]++;
			return false;
		}
		if (frame)
			one_frame(t, (size_t)frame);
		bytes += used;
		len -= used;
	}
	return true;
}

static bool read_some(struct lr_tunnel *t)
{
	uint8_t bytes[READ_BYTES];
	for (int i = 0; i < READS; i++) {
		ssize_t n = recv(t->source.fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return true;
		if (n <= 0 || !feed(t, bytes, (size_t)n))
			return false;
		if ((size_t)n < sizeof(bytes))
			return true;
	}
	return true;
}

static void tunnel_ready(struct lr_source *source, uint32_t events)
{
	struct lr_tunnel *t = source->ctx;
	bool good = !(events & EPOLLERR);
	if (good && (events & (EPOLLIN | EPOLLHUP)))
		good = read_some(t);
	if (good && (events & EPOLLOUT))
		good = write_some(t);
	if (!good)
		tunnel_free(t);
}

/* ------------------------------------------------------------------ beginning, time */

static void set_options(int fd)
{
	const int one = 1, lowat = LOWAT_BYTES;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	/* With TLS the descriptor is one end of a pair: then its buffer is what lies ahead. */
	if (setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &lowat, sizeof(lowat)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &lowat, sizeof(lowat));
}

void lr_tunnel_upgraded(void *ctx, struct lr_http_tunnel *http, int fd,
	const struct lr_endpoint *peer, const void *extra, size_t len)
{
	struct lr_server *s = ctx;
	uint8_t cookie[LR_FRAME_COOKIE_LEN];
	struct lr_tunnel *t = calloc(1, sizeof(*t));
	if (!t || lr_map_put(&s->by_conn, &s->next_conn, t) < 0) {
		free(t);
		lr_http_close(http);
		return;
	}
	t->server = s;
	t->http = http;
	t->from = (struct lr_relay_source){.at = *peer, .conn = s->next_conn++};
	t->opened = s->loop.now;
	t->source = (struct lr_source){.fd = fd, .ready = tunnel_ready, .ctx = t};
	t->prev = &s->tunnels;
	t->next = s->tunnels;
	if (t->next)
		t->next->prev = &t->next;
	s->tunnels = t;
	s->n_tunnels++;
	set_options(fd);
	push(t, cookie, lr_relay_greet(&s->relay, &t->from, s->loop.now, cookie));
	if (s->tunnels_due == LR_NEVER)
		s->tunnels_due = s->loop.now + SWEEP_NS;
	if (lr_loop_add(&s->loop, &t->source, EPOLLIN) < 0 || !feed(t, extra, len))
		tunnel_free(t);
}

static void sweep(struct lr_server *s, uint64_t now)
{
	for (struct lr_tunnel *t = s->tunnels, *next; t; t = next) {
		next = t->next;
		if (lr_relay_from(&s->relay, &t->from))
			lr_queue_trim(&t->queue);
		else if (now > t->opened + UNBOUND_NS)
			tunnel_free(t);
	}
	s->tunnels_due = s->tunnels ? now + SWEEP_NS : LR_NEVER;
}

void lr_tunnels_settle(struct lr_server *s, uint64_t now)
{
	for (struct lr_tunnel *t; (t = s->dirty_tunnels);) {
		s->dirty_tunnels = t->next_dirty;
		t->dirty = false;
		if (!write_some(t))
			tunnel_free(t);
	}
	if (now >= s->tunnels_due)
		sweep(s, now);
}
