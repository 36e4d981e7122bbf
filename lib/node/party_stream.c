/*
 * party_stream.c - frames to and from a relay over TCP, where no UDP gets through
 *
 * Theory of operation. The helper opens the stream (HTTP Upgrade, with TLS for https) and passes it
 * on: a plain one is the connection itself, which is ours from then on whatever becomes of the
 * helper; of one with TLS we hold the end of a pair, and it ends with the helper. What is sent is
 * written at once as far as the socket takes it; what is left waits in a queue of LR_QUEUE_BYTES,
 * out of which the oldest whole frames go when more comes (lib/relay/stream.h). What comes is cut
 * into frames where it lies, and a partial frame waits for its rest: so neither side can make us
 * hold more than two fixed buffers.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/node/party_inside.h"
#include "lib/node/pump.h"
#include "lib/relay/stream.h"
#include "terms.h"

#define IN_BYTES    (65536 + LR_STREAM_FRAME)
#define READS       4 /* before others get a turn */
#define TIMEOUT_MS  5000
#define FRAMES_PATH "/v1/frames"

struct lr_party_stream {
	struct lr_party_relay *relay;
	struct lr_source source; /* fd -1: it is being opened */
	struct lr_queue queue;
	bool full; /* the socket takes no more for now */
	bool lost; /* it has ended; told when nobody stands in the middle of it */
	size_t have;
	uint8_t in[IN_BYTES];
};

/* --- the end --- */

void lr_party_stream_hang_up(struct lr_party_relay *r)
{
	struct lr_party_stream *t = r->stream;

	if (!t)
		return;
	r->stream = NULL;
	lr_helper_forget(&r->party->helper, t);
	if (t->source.fd >= 0) {
		lr_loop_remove(&r->party->node->loop, &t->source);
		close(t->source.fd);
	}
	lr_queue_release(&t->queue);
	free(t);
}

static void ended(struct lr_party_relay *r, bool hopeless)
{
	lr_party_stream_hang_up(r);
	lr_binding_ended(&r->bind, lr_party_now(r->party), hopeless);
	r->party->reroute = true;
	lr_party_wake(r->party);
}

/* --- sending --- */

static void ask_for_room(struct lr_party_stream *t, bool full)
{
	if (full != t->full)
		lr_loop_change(&t->relay->party->node->loop, &t->source,
			EPOLLIN | (full ? (uint32_t)EPOLLOUT : 0));
	t->full = full;
}

/* As much as the socket takes. */
static void flush(struct lr_party_stream *t)
{
	struct iovec iov[3];
	bool full = false;

	while (!lr_queue_empty(&t->queue) && !full && !t->lost) {
		struct msghdr msg = {
			.msg_iov = iov, .msg_iovlen = (size_t)lr_queue_peek(&t->queue, iov)};
		ssize_t n = sendmsg(t->source.fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n > 0)
			lr_queue_sent(&t->queue, (size_t)n);
		full = n < 0 && errno == EAGAIN;
		t->lost |= n < 0 && errno != EAGAIN && errno != EINTR;
	}
	if (!t->lost)
		ask_for_room(t, full);
}

int lr_party_stream_send(
	struct lr_party_relay *r, const uint8_t *frames, size_t len, size_t segment)
{
	struct lr_party_stream *t = r->stream;
	uint64_t *drops = r->party->node->drops;

	if (!t || t->source.fd < 0 || t->lost)
		return -ENOTCONN;
	for (size_t at = 0; at < len; at += segment) {
		size_t n = len - at < segment ? len - at : segment;
		int older = lr_queue_push(&t->queue, frames + at, n);
		if (older < 0)
			return older;
		drops[LR_NODE_DROP_STREAM] += (unsigned)older;
		if (!t->full && t->queue.n > LR_QUEUE_BYTES / 2)
			flush(t);
	}
	if (!t->full)
		flush(t);
	return 0;
}

/* --- receiving --- */

/* The frames that are whole, where they lie; how many bytes they took. The stream is lost when it
 * cannot be followed. */
static size_t take_frames(struct lr_party_stream *t)
{
	struct lr_party_relay *r = t->relay;
	struct lr_pump *pump = r->party->node->pump;
	size_t at = 0;
	struct lr_frame f;

	while (t->have - at >= LR_FRAME_HEADER) {
		uint8_t *frame = t->in + at;
		if (lr_frame_read(frame, LR_FRAME_HEADER, &f) < 0 || f.length > LR_FRAME_TCP_MAX) {
			t->lost = true;
			break;
		}
		size_t whole = LR_FRAME_HEADER + (size_t)f.length;
		if (t->have - at < whole)
			break;
		lr_frame_set_length(frame, 0);
		if (f.flags & LR_FRAME_CONTROL)
			lr_channel_control(r, LR_WAY_STREAM, NULL, frame, whole);
		else
			lr_pump_take_frame(pump, &r->at, frame, whole);
		at += whole;
	}
	lr_pump_taken(pump);
	return at;
}

static void read_some(struct lr_party_stream *t)
{
	for (int i = 0; i < READS && !t->lost; i++) {
		size_t room = sizeof(t->in) - t->have;
		ssize_t n = recv(t->source.fd, t->in + t->have, room, MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			t->lost = true;
			return;
		}
		t->have += (size_t)n;
		size_t taken = take_frames(t);
		t->have -= taken;
		memmove(t->in, t->in + taken, t->have);
		if ((size_t)n < room)
			return;
	}
}

static void ready(struct lr_source *s, uint32_t events)
{
	struct lr_party_stream *t = s->ctx;

	if (events & EPOLLOUT)
		flush(t);
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		read_some(t);
	if (t->lost)
		ended(t->relay, false);
}

/* --- opening --- */

static int take_over(struct lr_party_stream *t, int *fd)
{
	struct lr_node *node = t->relay->party->node;

	t->source = (struct lr_source){.fd = *fd, .ready = ready, .ctx = t, .name = "relay_stream"};
	*fd = -1;
	if (node->fwmark)
		setsockopt(t->source.fd, SOL_SOCKET, SO_MARK, &node->fwmark, sizeof(node->fwmark));
	int r = lr_loop_add(&node->loop, &t->source, EPOLLIN);
	if (r < 0) {
		close(t->source.fd);
		t->source.fd = -1;
	}
	return r;
}

static void dialled(void *ctx, const struct lr_helper_answer *a)
{
	struct lr_party_stream *t = ctx;
	struct lr_party_relay *r = t->relay;
	bool bad = false;

	if (a->fd && *a->fd >= 0 && take_over(t, a->fd) == 0) {
		lr_binding_opened(&r->bind, lr_party_now(r->party));
		lr_party_wake(r->party);
		return;
	}
	bool again = lr_https_give_up(r, a, NULL);
	ended(r, !again && a->line && !lr_json_bool(a->line, LR_K_TEMPORARY, true, &bad));
}

void lr_party_stream_dial(struct lr_party_relay *r)
{
	struct lr_party_stream *t = calloc(1, sizeof(*t));
	char url[LR_SYNC_URL];
	json_t *o = json_object();

	lr_party_stream_hang_up(r);
	lr_sync_url(r, FRAMES_PATH, url);
	lr_json_put_str(o, LR_K_DO, "upgrade");
	lr_json_put_str(o, LR_K_URL, url);
	lr_json_put_bool(o, LR_K_FD, true);
	lr_json_put_int(o, LR_K_TIMEOUT_MS, TIMEOUT_MS);
	r->stream = t;
	if (t) {
		t->relay = r;
		t->source.fd = -1;
	}
	if (lr_helper_ask(&r->party->helper, o, dialled, t) < 0 || !t)
		ended(r, false);
}
