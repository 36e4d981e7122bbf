/*
 * meet_out.c - see meet_out.h; unix(7), pipe(7)
 */
#include "lib/io/meet_out.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct lr_meet_line {
	struct lr_meet_line *next;
	char *text;
	size_t at, len;
	int fd; /* -1: none, or gone */
};

static void drop_first(struct lr_meet_out *o)
{
	struct lr_meet_line *l = o->first;

	o->first = l->next;
	if (!o->first)
		o->last = &o->first;
	o->bytes -= l->len - l->at;
	if (l->fd >= 0)
		close(l->fd);
	free(l->text);
	free(l);
}

static void drop_all(struct lr_meet_out *o)
{
	while (o->first)
		drop_first(o);
}

static ssize_t send_socket(struct lr_meet_out *o, struct lr_meet_line *l)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec part = {l->text + l->at, l->len - l->at};
	struct msghdr msg = {.msg_iov = &part, .msg_iovlen = 1};

	if (l->fd >= 0) {
		control.head = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)),
			.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS};
		memcpy(CMSG_DATA(&control.head), &l->fd, sizeof(int));
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control.room);
	}
	ssize_t n = sendmsg(o->source.fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n > 0 && l->fd >= 0) {
		close(l->fd);
		l->fd = -1;
	}
	return n;
}

/* The mode of a pipe is shared with others, so it is not made non-blocking: one that poll(2) calls
 * writable takes PIPE_BUF bytes at once. */
static ssize_t send_pipe(struct lr_meet_out *o, struct lr_meet_line *l)
{
	struct pollfd p = {.fd = o->source.fd, .events = POLLOUT};
	size_t len = l->len - l->at;

	if (!o->direct) {
		if (poll(&p, 1, 0) == 0) {
			errno = EAGAIN;
			return -1;
		}
		if (len > PIPE_BUF)
			len = PIPE_BUF;
	}
	return write(o->source.fd, l->text + l->at, len);
}

static void ask_for_room(struct lr_meet_out *o, bool wants)
{
	if (o->direct || o->wants == wants || o->gone)
		return;
	o->wants = wants;
	lr_loop_change(o->loop, &o->source, wants ? EPOLLOUT : 0);
}

static void reader_gone(struct lr_meet_out *o)
{
	if (!o->direct && !o->gone)
		lr_loop_remove(o->loop, &o->source);
	o->gone = true;
	drop_all(o);
}

static void flush(struct lr_meet_out *o)
{
	while (o->first && !o->gone) {
		struct lr_meet_line *l = o->first;
		ssize_t n = o->socket ? send_socket(o, l) : send_pipe(o, l);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) {
			reader_gone(o);
			return;
		}
		l->at += (size_t)n;
		o->bytes -= (size_t)n;
		if (l->at == l->len)
			drop_first(o);
	}
	ask_for_room(o, o->first != NULL);
}

static void out_ready(struct lr_source *s, uint32_t events)
{
	struct lr_meet_out *o = s->ctx;

	if (events & (EPOLLERR | EPOLLHUP))
		reader_gone(o);
	else
		flush(o);
}

int lr_meet_out_init(struct lr_meet_out *o, struct lr_loop *loop, int fd)
{
	int domain = 0;
	socklen_t len = sizeof(domain);

	*o = (struct lr_meet_out){.loop = loop,
		.source = {.fd = fd, .ready = out_ready, .ctx = o},
		.last = &o->first};
	o->socket = getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 && domain == AF_UNIX;
	int r = lr_loop_add(loop, &o->source, 0);
	o->direct = r == -EPERM;
	return o->direct ? 0 : r;
}

void lr_meet_out_release(struct lr_meet_out *o)
{
	reader_gone(o);
}

int lr_meet_out_put(struct lr_meet_out *o, json_t *value, int fd)
{
	struct lr_meet_line *l = NULL;
	char *text = lr_json_text(value);
	int r = -ENOMEM;

	json_decref(value);
	if (!text || !(l = calloc(1, sizeof(*l))))
		goto out;
	r = o->gone ? -EPIPE : fd >= 0 && !o->socket ? -ENOTSUP : 0;
	if (r < 0)
		goto out;
	size_t len = strlen(text);
	text[len++] = '\n'; /* in place of the NUL */
	*l = (struct lr_meet_line){.text = text, .len = len, .fd = fd};
	*o->last = l;
	o->last = &l->next;
	o->bytes += len;
	flush(o);
	return 0;
out:
	free(text);
	free(l);
	if (fd >= 0)
		close(fd);
	return r;
}
