/*
 * helper.c - the helper lr-meet: started, asked, started again; see helper.h
 */
#include "lib/node/helper.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/io/base64.h"
#include "lib/io/child.h"
#include "lib/io/dial.h"
#include "terms.h"

#define READ_BYTES (64u << 10)
#define OUT_MAX    (4u << 20) /* that wait for a helper that does not read */
#define BACKOFF_S  30
#define BODY_MAX   (8u << 20) /* of a body that comes as a file: twice what the helper takes */

struct lr_helper_request {
	struct lr_helper_request *next;
	uint64_t id;
	lr_helper_done done;
	void *ctx;
	bool http;    /* its answer has a status and a body */
	bool lasting; /* it stays open until its error comes */
};

/* --- its start --- */

/* Starts it with `end` as its standard input and output, and perhaps with a connection to `first`
 * (lib/io/dial.h). The pid, or -errno. */
static pid_t start_program(const char *path, const struct lr_endpoint *first, int end)
{
	char at[LR_ENDPOINT_TEXT], option[LR_ENDPOINT_TEXT + 16];
	int dialled = first ? lr_dial(first) : -1;
	const int fds[] = {[0] = end, [1] = end, [2] = -1, [LR_DIALLED_FD] = dialled};
	const char *const argv[] = {"lr-meet", "serve", "-", dialled < 0 ? NULL : option, NULL};

	if (dialled < 0)
		return lr_child_start(path, argv, fds, LR_DIALLED_FD);
	snprintf(option, sizeof(option), "--dialled=%s", lr_endpoint_text(first, at));
	pid_t pid = lr_child_start(path, argv, fds, LR_DIALLED_FD + 1);
	close(dialled);
	return pid;
}

/* 0 or -errno. */
static int spawn(const char *path, const struct lr_endpoint *first, struct lr_helper_early *out)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	pid_t pid = start_program(path, first, pair[1]);
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		return (int)pid;
	}
	*out = (struct lr_helper_early){.pid = pid, .fd = pair[0]};
	return 0;
}

void lr_helper_start_early(
	struct lr_helper_early *e, const char *path, const struct lr_endpoint *first)
{
	*e = (struct lr_helper_early){.fd = -1};
	(void)!spawn(path, first, e);
}

void lr_helper_end_early(struct lr_helper_early *e)
{
	if (!e->pid)
		return;
	close(e->fd);
	lr_child_end(e->pid, -1, 0);
	*e = (struct lr_helper_early){.fd = -1};
}

/* --- life of the helper --- */

static void ready(struct lr_source *src, uint32_t events);

/* It is ours from now on. 0 or -errno. */
static int take(struct lr_helper *m, const struct lr_helper_early *e)
{
	m->starts++;
	m->pid = e->pid;
	m->source = (struct lr_source){e->fd, ready, m, "helper"};
	return lr_loop_add(m->loop, &m->source, EPOLLIN);
}

static void finish(struct lr_helper_request *q, const struct lr_helper_answer *a)
{
	if (q->done)
		q->done(q->ctx, a);
	free(q);
}

/* All that is under way gets this error. */
static void fail_all(struct lr_helper *m, const char *error)
{
	const struct lr_helper_answer a = {.error = error};
	struct lr_helper_request *list = m->requests, *next;

	m->requests = NULL;
	for (; list; list = next) {
		next = list->next;
		finish(list, &a);
	}
}

/* `leave`: it has something to do first, and ends then. */
static void reap(struct lr_helper *m, bool leave)
{
	while (m->n_fds)
		close(m->fds[--m->n_fds]);
	if (m->source.fd >= 0) {
		if (m->loop->epfd >= 0)
			lr_loop_remove(m->loop, &m->source);
		close(m->source.fd);
	}
	if (m->pid && !leave)
		lr_child_end(m->pid, -1, 0);
	m->source.fd = -1;
	m->pid = 0;
	m->in_len = m->out_len = 0;
}

static void died(struct lr_helper *m)
{
	unsigned wait_s = m->starts < 2 ? m->starts : 1u << (m->starts < 7 ? m->starts - 2 : 5);

	if (wait_s > BACKOFF_S)
		wait_s = BACKOFF_S;
	reap(m, false);
	m->due_ns = m->loop->now + wait_s * LR_NS_PER_S + LR_NS_PER_MS;
	lr_log(LR_LOG_NOTE, "%s: the helper lr-meet ended; it is started again", m->name);
	fail_all(m, "the helper lr-meet ended");
}

void lr_helper_init(struct lr_helper *m, struct lr_loop *loop, const char *name, const char *path,
	struct lr_helper_early *early)
{
	*m = (struct lr_helper){.loop = loop, .name = name, .path = path, .source = {.fd = -1}};
	if (!early || !early->pid)
		return;
	if (take(m, early) < 0)
		reap(m, false);
	*early = (struct lr_helper_early){.fd = -1};
}

void lr_helper_release(struct lr_helper *m)
{
	bool maps = false;

	while (m->requests) {
		struct lr_helper_request *q = m->requests;
		m->requests = q->next;
		maps |= q->lasting;
		free(q);
	}
	reap(m, maps);
	free(m->in);
	free(m->out);
	m->in = m->out = NULL;
}

void lr_helper_forget(struct lr_helper *m, const void *ctx)
{
	for (struct lr_helper_request *q = m->requests; q; q = q->next)
		if (q->ctx == ctx)
			q->done = NULL;
}

/* --- answers --- */

/* The descriptor that belongs to a line that says so; -1: none. */
static int take_fd(struct lr_helper *m, const json_t *o)
{
	if (!json_is_true(json_object_get(o, LR_K_FD)) || m->n_fds == 0)
		return -1;
	int fd = m->fds[0];
	m->n_fds--;
	memmove(m->fds, m->fds + 1, m->n_fds * sizeof(m->fds[0]));
	return fd;
}

/* The bytes of a file, malloc'd, or NULL. */
static uint8_t *read_file(int fd, size_t *len)
{
	struct stat st;
	uint8_t *bytes = NULL;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= BODY_MAX)
		bytes = malloc((size_t)st.st_size + 1);
	if (bytes && pread(fd, bytes, (size_t)st.st_size, 0) != st.st_size) {
		free(bytes);
		bytes = NULL;
	}
	if (bytes)
		*len = (size_t)st.st_size;
	return bytes;
}

/* The body of an HTTP answer, malloc'd: in the line, or a file that came with it. */
static uint8_t *take_body(const json_t *o, int fd, size_t *len)
{
	const char *text = json_string_value(json_object_get(o, LR_K_BODY));

	if (text)
		return lr_base64_parse(text, len);
	return fd >= 0 && json_object_get(o, LR_K_HEADERS) ? read_file(fd, len) : NULL;
}

/* The request that a line is about; NULL when it is of none. *last: it is taken out of the list. */
static struct lr_helper_request *take_request(struct lr_helper *m, const json_t *o, bool *last)
{
	struct lr_helper_request **at = &m->requests, *q;
	json_int_t id = json_integer_value(json_object_get(o, LR_K_ID));

	while (*at && (*at)->id != (uint64_t)id)
		at = &(*at)->next;
	q = *at;
	*last = q && (!q->lasting || json_object_get(o, LR_K_ERROR));
	if (*last)
		*at = q->next;
	return q;
}

static void take_answer(struct lr_helper *m, const json_t *o)
{
	bool last;
	struct lr_helper_request *q = take_request(m, o, &last);
	int fd = take_fd(m, o);
	struct lr_helper_answer a = {
		.error = json_string_value(json_object_get(o, LR_K_ERROR)), .line = o, .fd = &fd};
	json_int_t status = json_integer_value(json_object_get(o, LR_K_STATUS));
	uint8_t *body = q ? take_body(o, fd, &a.len) : NULL;

	a.body = body;
	if (body && status > 0 && status < 1000)
		a.status = (unsigned)status;
	else if (q && q->http && !a.error)
		a.error = "the helper lr-meet gave no answer";
	if (q) {
		m->starts = 0;
		if (q->done)
			q->done(q->ctx, &a);
	}
	if (last)
		free(q);
	if (fd >= 0)
		close(fd);
	free(body);
}

static void take_line(struct lr_helper *m, const char *line, size_t len)
{
	json_t *o = lr_json_parse(line, len, NULL);

	if (json_is_object(o))
		take_answer(m, o);
	json_decref(o);
}

static bool take_lines(struct lr_helper *m)
{
	size_t at = 0;
	char *end;

	while (at < m->in_len && (end = memchr(m->in + at, '\n', m->in_len - at))) {
		size_t len = (size_t)(end - m->in) - at, from = at;
		at += len + 1;
		take_line(m, m->in + from, len);
		if (m->source.fd < 0) /* an answer led to its end */
			return true;
	}
	memmove(m->in, m->in + at, m->in_len - at);
	m->in_len -= at;
	return m->in_len <= LR_JSON_LINE_MAX;
}

/* As recv(2); a descriptor that came along is kept for its line. */
static ssize_t receive(struct lr_helper *m, char *to, size_t room)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec part = {to, room};
	struct msghdr msg = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(m->source.fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
	int fd;

	if (!c || c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(sizeof(fd)))
		return n;
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	if (m->n_fds == LR_HELPER_FDS) { /* no line of it has claimed those before */
		close(fd);
		return 0;
	}
	m->fds[m->n_fds++] = fd;
	return n;
}

static bool read_in(struct lr_helper *m)
{
	if (m->in_room - m->in_len < READ_BYTES) {
		size_t room = m->in_len + 2 * READ_BYTES;
		char *wide = realloc(m->in, room);
		if (!wide)
			return false;
		m->in = wide;
		m->in_room = room;
	}
	ssize_t n = receive(m, m->in + m->in_len, READ_BYTES);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	m->in_len += (size_t)n;
	return n > 0 && take_lines(m);
}

/* --- requests --- */

static bool flush(struct lr_helper *m)
{
	size_t at = 0;

	while (at < m->out_len) {
		ssize_t n = send(
			m->source.fd, m->out + at, m->out_len - at, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return false;
		if (n < 0)
			break;
		at += (size_t)n;
	}
	memmove(m->out, m->out + at, m->out_len - at);
	m->out_len -= at;
	lr_loop_change(m->loop, &m->source, EPOLLIN | (m->out_len ? EPOLLOUT : 0));
	return true;
}

static void ready(struct lr_source *src, uint32_t events)
{
	struct lr_helper *m = src->ctx;
	bool good = true;

	if (events & EPOLLOUT)
		good = flush(m);
	if (good && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		good = read_in(m);
	if (!good && m->source.fd >= 0)
		died(m);
}

static int start(struct lr_helper *m)
{
	struct lr_helper_early e;
	int r = spawn(m->path, NULL, &e);

	m->due_ns = 0;
	if (r == 0)
		r = take(m, &e);
	if (r < 0) {
		reap(m, false);
		m->due_ns = m->loop->now + LR_NS_PER_S;
	}
	return r;
}

void lr_helper_run(struct lr_helper *m, uint64_t now)
{
	if (m->pid || !m->due_ns || m->due_ns > now)
		return;
	if (start(m) < 0)
		m->due_ns = now + BACKOFF_S * LR_NS_PER_S;
}

static json_t *request_json(const struct lr_helper_http *h)
{
	json_t *o = json_object(), *headers = json_array();
	char *body = h->body ? lr_base64(h->body, h->len) : NULL;

	lr_json_put_str(o, LR_K_DO, "http");
	lr_json_put_str(o, LR_K_METHOD, h->method);
	lr_json_put_str(o, LR_K_URL, h->url);
	if (h->header)
		json_array_append_new(headers, json_string(h->header));
	lr_json_put(o, LR_K_HEADERS, headers);
	if (body)
		lr_json_put_str(o, LR_K_BODY, body);
	lr_json_put_int(o, LR_K_TIMEOUT_MS, h->timeout_ms);
	free(body);
	return o;
}

/* Puts the line behind what waits. */
static int queue(struct lr_helper *m, json_t *o)
{
	char *text = lr_json_text(o);
	size_t len = text ? strlen(text) : 0;
	int r = text ? 0 : -ENOMEM;

	if (r == 0 && m->out_len + len + 1 > OUT_MAX)
		r = -ENOBUFS;
	if (r == 0 && m->out_len + len + 1 > m->out_room) {
		char *wide = realloc(m->out, m->out_len + len + 1);
		r = wide ? 0 : -ENOMEM;
		m->out = wide ? wide : m->out;
		m->out_room = wide ? m->out_len + len + 1 : m->out_room;
	}
	if (r == 0) {
		memcpy(m->out + m->out_len, text, len);
		m->out[m->out_len + len] = '\n';
		m->out_len += len + 1;
	}
	free(text);
	return r;
}

/* Takes the reference. */
static int ask(struct lr_helper *m, json_t *o, struct lr_helper_request want, uint64_t *id)
{
	struct lr_helper_request *q = calloc(1, sizeof(*q));
	int r = q && o ? 0 : -ENOMEM;

	if (r == 0 && !m->pid)
		r = m->due_ns ? -EAGAIN : start(m); /* it is started again later */
	if (r == 0) {
		*q = want;
		q->id = ++m->next_id;
		if (id)
			*id = q->id;
		lr_json_put_int(o, LR_K_ID, (int64_t)q->id);
		r = queue(m, o);
	}
	json_decref(o);
	if (r < 0) {
		free(q);
		return r;
	}
	q->next = m->requests;
	m->requests = q;
	flush(m); /* when it is gone, `ready` hears of it */
	return 0;
}

int lr_helper_ask(struct lr_helper *m, json_t *request, lr_helper_done done, void *ctx)
{
	return ask(m, request, (struct lr_helper_request){.done = done, .ctx = ctx}, NULL);
}

int lr_helper_http(
	struct lr_helper *m, const struct lr_helper_http *h, lr_helper_done done, void *ctx)
{
	return ask(m, request_json(h),
		(struct lr_helper_request){.done = done, .ctx = ctx, .http = true}, NULL);
}

uint64_t lr_helper_hold(struct lr_helper *m, json_t *request, lr_helper_done done, void *ctx)
{
	const struct lr_helper_request want = {.done = done, .ctx = ctx, .lasting = true};
	uint64_t id;

	return ask(m, request, want, &id) == 0 ? id : 0;
}

void lr_helper_about(struct lr_helper *m, const char *verb, uint64_t id)
{
	json_t *o = json_object();

	lr_json_put_str(o, LR_K_DO, verb);
	lr_json_put_int(o, LR_K_OF, (int64_t)id);
	if (m->source.fd >= 0 && queue(m, o) == 0)
		flush(m);
	json_decref(o);
}

bool lr_helper_wait(struct lr_helper *m, uint64_t until_ns)
{
	struct pollfd p = {.fd = m->source.fd, .events = POLLIN | (m->out_len ? POLLOUT : 0)};
	uint64_t now = m->loop->now = lr_now();

	if (p.fd < 0 || now >= until_ns)
		return false;
	if (poll(&p, 1, (int)((until_ns - now) / LR_NS_PER_MS) + 1) <= 0)
		return false;
	m->loop->now = lr_now();
	ready(&m->source,
		(p.revents & POLLOUT ? EPOLLOUT : 0) | (p.revents & ~POLLOUT ? EPOLLIN : 0));
	return m->source.fd >= 0;
}
