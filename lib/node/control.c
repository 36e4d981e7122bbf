/*
 * control.c - the server side of the control socket
 *
 * Theory of operation. Each client has a buffer of what it sent and one of what waits for it.
 * While something waits, its next request is not looked at and nothing more is read: the
 * socket's own buffers push back. A client is freed in its own callback only; whoever finds it
 * hopeless elsewhere (an event that does not fit) shuts its socket down, and the loop calls.
 */
#include "lib/node/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/json.h"
#include "lib/node/control_socket.h"
#include "lib/node/node_book.h"
#include "lib/node/party.h"
#include "lib/node/play.h"
#include "lib/node/profile.h"
#include "lib/node/report.h"
#include "terms.h"

#define CLIENTS_MAX 64           /* each costs a descriptor and up to 1 MiB of request */
#define EVENTS_MAX  (256u << 10) /* bytes of events that may wait for a client */
#define READ_BYTES  (16u << 10)

struct buffer {
	char *bytes;
	size_t at, len, room; /* at..len is what counts */
};

struct client {
	struct lr_source source;
	struct lr_control *control;
	struct buffer in, out;
	bool watching;
	bool ending; /* nothing more is read; closed when `out` is empty */
	struct client *next;
};

struct lr_control {
	struct lr_node *node;
	struct lr_unix socket;
	struct lr_source listening;
	struct lr_node_listener listener;
	struct client *clients;
	unsigned n_clients;
};

static int append(struct buffer *b, const char *bytes, size_t len)
{
	if (b->at == b->len)
		b->at = b->len = 0;
	if (b->len + len > b->room) {
		size_t room = b->room ? b->room : 1024;
		while (room < b->len + len)
			room *= 2;
		char *more = malloc(room);
		if (!more)
			return -ENOMEM;
		if (b->bytes) { /* moved by hand: what is left behind may hold a key */
			memcpy(more, b->bytes, b->len);
			lr_wipe(b->bytes, b->len);
			free(b->bytes);
		}
		b->bytes = more;
		b->room = room;
	}
	memcpy(b->bytes + b->len, bytes, len);
	b->len += len;
	return 0;
}

/* An idle client keeps no large buffer: a request may have held a preshared key. */
static void empty(struct buffer *b)
{
	if (b->bytes)
		lr_wipe(b->bytes, b->len);
	free(b->bytes);
	*b = (struct buffer){0};
}

/* Sends what waits. False: the client is gone. */
static bool flush(struct client *c)
{
	while (c->out.at < c->out.len) {
		ssize_t n = send(c->source.fd, c->out.bytes + c->out.at, c->out.len - c->out.at,
			MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN;
		c->out.at += (size_t)n;
	}
	empty(&c->out);
	return true;
}

static void interest(struct client *c)
{
	bool waits = c->out.at < c->out.len;

	lr_loop_change(&c->control->node->loop, &c->source,
		waits       ? EPOLLOUT
		: c->ending ? 0
			    : EPOLLIN);
}

/* Takes the reference. */
static int say(struct client *c, json_t *value)
{
	char *text = value ? lr_json_text(value) : NULL;
	int rc = -ENOMEM;

	if (text) {
		size_t len = strlen(text);
		text[len] = '\n'; /* in place of the NUL */
		rc = append(&c->out, text, len + 1);
		lr_wipe(text, len);
	}
	free(text);
	json_decref(value);
	return rc;
}

/* --- requests --- */

static json_t *answer_hello(struct lr_node *node)
{
	json_t *answer = lr_book_yes();
	char started[32];

	lr_rfc3339(node->started_unix_ns, started);
	lr_json_put_str(answer, LR_K_IFACE, node->iface);
	lr_json_put_int(answer, LR_K_PID, getpid());
	lr_json_put_str(answer, LR_K_VERSION, LR_VERSION);
	lr_json_put_str(answer, LR_K_STARTED, started);
	return answer;
}

static json_t *answer_status(struct lr_node *node, const json_t *request)
{
	bool bad = false, with_peers = lr_json_bool(request, LR_K_PEERS, true, &bad);
	json_t *peers = NULL;

	if (with_peers) {
		struct lr_node_book b;
		lr_node_book_init(&b, node);
		uint64_t now = lr_now();
		peers = json_array();
		lr_wg_peers_foreach (node->wg, p) {
			const struct lr_config_peer *value = b.book.view(b.book.ctx, p);
			if (value)
				json_array_append_new(peers, lr_report_peer(value, p, now, false));
		}
		lr_node_book_release(&b);
	}
	json_t *answer = lr_report_node(node, peers);
	lr_json_put_bool(answer, LR_K_OK, true);
	return answer;
}

static json_t *answer_book(struct lr_node *node, const json_t *request, const char *verb)
{
	struct lr_node_book b;
	struct lr_err err = {0};
	bool mine;

	lr_node_book_init(&b, node);
	json_t *answer = lr_book_answer(&b.book, request, &mine);
	lr_node_book_release(&b);
	if (mine)
		return answer;
	lr_err_set(&err, LR_EXIT_USAGE, "%.40s: no such request", verb);
	return lr_book_no(&err);
}

static json_t *answer(struct client *c, const json_t *request)
{
	struct lr_node *node = c->control->node;
	const char *verb = json_string_value(json_object_get(request, LR_K_DO));
	struct lr_err err = {0};

	if (!verb) {
		lr_err_set(&err, LR_EXIT_USAGE, "a request is an object with \"do\"");
		return lr_book_no(&err);
	}
	if (strcmp(verb, "hello") == 0)
		return answer_hello(node);
	if (strcmp(verb, "status") == 0)
		return answer_status(node, request);
	if (strcmp(verb, "down") == 0) {
		node->loop.stop = true;
		return lr_book_yes();
	}
	if (strcmp(verb, "profile") == 0)
		return lr_node_profile_answer(node, request);
	if (strcmp(verb, "watch") == 0)
		return lr_book_yes();
	bool mine;
	json_t *known = lr_play_answer(node, request, c, &mine);
	if (!mine)
		known = lr_party_answer(node, request, &mine);
	return mine ? known : answer_book(node, request, verb);
}

static int serve_line(struct client *c, const char *line, size_t len)
{
	struct lr_err err = {0};
	json_t *request = lr_json_parse(line, len, &err);
	const char *verb = json_string_value(json_object_get(request, LR_K_DO));
	bool watch = verb && strcmp(verb, "watch") == 0 && !c->watching;

	int rc = say(c, request ? answer(c, request) : lr_book_no(&err));
	json_decref(request);
	if (rc == 0 && watch) {
		rc = say(c, lr_report_own_event(c->control->node, "watching", lr_wall()));
		c->watching = true;
	}
	return rc;
}

/* Answers what is whole in the buffer, until an answer has to wait. False: the client goes. */
static bool serve(struct client *c)
{
	while (c->out.at == c->out.len && !c->ending) {
		char *line = c->in.bytes + c->in.at;
		size_t left = c->in.len - c->in.at;
		char *end = left ? memchr(line, '\n', left) : NULL;
		if (!end && left > LR_JSON_LINE_MAX) {
			struct lr_err err = {0};
			lr_err_set(&err, LR_EXIT_USAGE, "a request has at most %u bytes",
				LR_JSON_LINE_MAX);
			c->ending = true;
			return say(c, lr_book_no(&err)) == 0 && flush(c);
		}
		if (!end)
			return true;
		c->in.at += (size_t)(end - line) + 1;
		if (serve_line(c, line, (size_t)(end - line)) != 0 || !flush(c))
			return false;
		if (c->in.at == c->in.len)
			empty(&c->in);
	}
	return true;
}

/* --- clients come and go --- */

static void drop_client(struct client *c)
{
	struct lr_control *control = c->control;
	struct client **at = &control->clients;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	control->n_clients--;
	lr_play_drop(control->node, c);
	lr_loop_remove(&control->node->loop, &c->source);
	close(c->source.fd);
	empty(&c->in);
	empty(&c->out);
	free(c);
}

/* Moves what is left of a request to the front, so that the buffer stays small. */
static void compact(struct buffer *b)
{
	if (b->at == 0)
		return;
	memmove(b->bytes, b->bytes + b->at, b->len - b->at);
	b->len -= b->at;
	b->at = 0;
}

/* One read per wake-up: a talkative client must not starve the tunnel. False: it is gone. */
static bool take_in(struct client *c)
{
	char bytes[READ_BYTES];
	ssize_t n = recv(c->source.fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0)
		return false;
	compact(&c->in);
	int rc = append(&c->in, bytes, (size_t)n);
	lr_wipe(bytes, (size_t)n);
	return rc == 0;
}

static void client_ready(struct lr_source *s, uint32_t events)
{
	struct client *c = s->ctx;
	bool alive = true;

	if (events & EPOLLOUT)
		alive = flush(c);
	if (alive && (events & (EPOLLHUP | EPOLLERR)) && !(events & EPOLLIN))
		alive = false;
	if (alive && (events & EPOLLIN))
		alive = take_in(c);
	if (alive)
		alive = serve(c);
	if (alive && c->ending && c->out.at == c->out.len)
		alive = false;
	if (alive)
		interest(c);
	else
		drop_client(c);
}

static void welcome(struct lr_control *control, int fd)
{
	struct client *c = control->n_clients < CLIENTS_MAX ? calloc(1, sizeof(*c)) : NULL;

	if (!c) {
		static const char full[] = "{\"ok\":false,\"exit\":4,\"error\":\"the node has too "
					   "many clients\"}\n";
		(void)!send(fd, full, sizeof(full) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
		close(fd);
		return;
	}
	c->source = (struct lr_source){
		.fd = fd, .ready = client_ready, .ctx = c, .name = "control_client"};
	c->control = control;
	if (lr_loop_add(&control->node->loop, &c->source, EPOLLIN) != 0) {
		close(fd);
		free(c);
		return;
	}
	c->next = control->clients;
	control->clients = c;
	control->n_clients++;
}

static void listening_ready(struct lr_source *s, uint32_t events)
{
	int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (fd >= 0)
		welcome(s->ctx, fd);
}

/* --- events --- */

static void hear(void *ctx, const struct lr_node_event *event)
{
	struct lr_control *control = ctx;
	json_t *line = NULL;

	for (struct client *c = control->clients; c; c = c->next) {
		if (!c->watching || c->ending)
			continue;
		if (!line)
			line = lr_report_event(control->node, event);
		bool good = c->out.len - c->out.at <= EVENTS_MAX &&
			    say(c, json_incref(line)) == 0 && flush(c);
		if (good) {
			interest(c);
			continue;
		}
		c->ending = true;
		shutdown(c->source.fd, SHUT_RDWR); /* its own callback frees it */
	}
	json_decref(line);
}

/* --- the socket --- */

struct lr_control *lr_control_open(struct lr_node *node, struct lr_err *err)
{
	struct lr_control *c = calloc(1, sizeof(*c));

	if (!c) {
		lr_err_set(err, LR_EXIT_FAILED, "%s: out of memory", node->iface);
		return NULL;
	}
	if (lr_control_socket_bind(&c->socket, node->iface, err) != 0) {
		free(c);
		return NULL;
	}
	c->node = node;
	c->listening = (struct lr_source){
		.fd = c->socket.fd, .ready = listening_ready, .ctx = c, .name = "control"};
	int rc = lr_loop_add(&node->loop, &c->listening, EPOLLIN);
	if (rc != 0) {
		lr_err_set(err, LR_EXIT_FAILED, "%s: %s", c->socket.path, strerror(-rc));
		lr_unix_close(&c->socket);
		free(c);
		return NULL;
	}
	c->listener = (struct lr_node_listener){.hear = hear, .ctx = c};
	lr_node_listen(node, &c->listener);
	return c;
}

void lr_control_close(struct lr_control *c)
{
	if (!c)
		return;
	lr_node_unlisten(c->node, &c->listener);
	while (c->clients)
		drop_client(c->clients);
	lr_play_end(c->node);
	lr_loop_remove(&c->node->loop, &c->listening);
	lr_unix_close(&c->socket);
	free(c);
}
