/*
 * client.c - the other end of the control socket
 *
 * Every wait has an end: a node that is stopped in a debugger must not hang a script.
 */
#include "lib/node/client.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/state.h"
#include "lib/crypto/crypto.h"
#include "lib/node/book.h"
#include "lib/node/control_socket.h"
#include "terms.h"

#define ANSWER_S    10
#define PID_S       1
#define DOWN_S      10
#define LINE_MAX_IN (256u << 20) /* an answer about 65,536 peers with long lists of addresses */
#define READ_BYTES  (64u << 10)

struct lr_client {
	int fd;
	char iface[IFNAMSIZ];
	char *in;
	size_t at, len, room, seen; /* at..len waits; no newline in at..seen */
};

/* --- which nodes there are --- */

static int by_name(const void *a, const void *b)
{
	const struct lr_client_node *x = a, *y = b;

	return strcmp(x->iface, y->iface);
}

/* Is there a live node behind this file of the run folder? */
static bool look(const char *dir, const char *file, struct lr_client_node *out)
{
	size_t len = strlen(file);
	char path[PATH_MAX];

	if (len <= 5 || strcmp(file + len - 5, ".sock") != 0 || len - 5 >= IFNAMSIZ)
		return false;
	if (snprintf(path, sizeof(path), "%s/%s", dir, file) >= (int)sizeof(path))
		return false;
	int fd = lr_control_socket_connect(path, 0);
	if (fd < 0 && fd != -EACCES && fd != -EPERM && fd != -EAGAIN)
		return false;
	memset(out, 0, sizeof(*out));
	memcpy(out->iface, file, len - 5);
	out->denied = fd == -EACCES || fd == -EPERM;
	if (fd >= 0)
		close(fd);
	return true;
}

int lr_client_list(struct lr_client_node **out, struct lr_err *err)
{
	char dir[PATH_MAX];
	int n = 0;

	*out = NULL;
	if (lr_run_dir(dir, sizeof(dir), err) != 0)
		return -1;
	DIR *d = opendir(dir);
	if (!d && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (!d)
		return lr_err_set(err, errno == EACCES ? LR_EXIT_RIGHTS : LR_EXIT_FAILED, "%s: %s",
			dir, strerror(errno));
	for (struct dirent *e = readdir(d); e; e = readdir(d)) {
		struct lr_client_node node;
		if (!look(dir, e->d_name, &node))
			continue;
		struct lr_client_node *more = realloc(*out, (size_t)(n + 1) * sizeof(**out));
		if (!more) {
			free(*out);
			*out = NULL;
			closedir(d);
			return lr_err_set(err, LR_EXIT_FAILED, "out of memory");
		}
		*out = more;
		more[n++] = node;
	}
	closedir(d);
	if (n > 1)
		qsort(*out, (size_t)n, sizeof(**out), by_name);
	return n;
}

/* --- opening --- */

static struct lr_client *attach(const char *iface, struct lr_err *err)
{
	char path[PATH_MAX];
	struct lr_client *c;

	if (lr_control_socket_path(path, sizeof(path), iface, err) != 0)
		return NULL;
	int fd = lr_control_socket_connect(path, ANSWER_S * 1000);
	if (fd == -EACCES || fd == -EPERM) {
		lr_err_set(err, LR_EXIT_RIGHTS,
			"%s: a node runs, but it belongs to another user: try as root", iface);
		return NULL;
	}
	if (fd < 0) {
		bool busy = fd == -EAGAIN;
		lr_err_set(err, LR_EXIT_UNREACHABLE,
			busy ? "%s: the node does not answer"
			     : "%s: no node runs: run `lr-up --iface %s` first",
			iface, iface);
		return NULL;
	}
	c = calloc(1, sizeof(*c));
	if (!c) {
		close(fd);
		lr_err_set(err, LR_EXIT_FAILED, "out of memory");
		return NULL;
	}
	c->fd = fd;
	snprintf(c->iface, sizeof(c->iface), "%s", iface);
	return c;
}

static void tell_several(const struct lr_client_node *nodes, int n, struct lr_err *err)
{
	char list[200] = "";
	size_t at = 0;

	for (int i = 0; i < n && at < sizeof(list) - IFNAMSIZ - 8; i++)
		at += (size_t)snprintf(
			list + at, sizeof(list) - at, "%s%s", i ? ", " : "", nodes[i].iface);
	lr_err_set(err, LR_EXIT_USAGE, "%d nodes run (%s): say which with --iface", n, list);
}

struct lr_client *lr_client_open(const char *iface, struct lr_err *err)
{
	struct lr_client_node *nodes = NULL;
	struct lr_client *c = NULL;

	if (iface) {
		if (*iface && strlen(iface) < IFNAMSIZ && !strchr(iface, '/'))
			return attach(iface, err);
		lr_err_set(err, LR_EXIT_USAGE, "%.40s: not a name of an interface", iface);
		return NULL;
	}
	int n = lr_client_list(&nodes, err);
	if (n == 0)
		lr_err_set(err, LR_EXIT_UNREACHABLE, "no node runs: run `lr-up` first");
	else if (n > 1)
		tell_several(nodes, n, err);
	else if (n == 1)
		c = attach(nodes[0].iface, err);
	free(nodes);
	return c;
}

void lr_client_close(struct lr_client *c)
{
	if (!c)
		return;
	close(c->fd);
	if (c->in)
		lr_wipe(c->in, c->len);
	free(c->in);
	free(c);
}

const char *lr_client_iface(const struct lr_client *c)
{
	return c->iface;
}

/* --- requests and answers --- */

static int gone(const struct lr_client *c, struct lr_err *err)
{
	return lr_err_set(err, LR_EXIT_UNREACHABLE, "%s: the node has gone", c->iface);
}

/* Waits until `fd` is ready for `events`. `until` on lr_now()'s clock, LR_NEVER: without end.
 * 0, -ETIMEDOUT. */
static int wait_for(int fd, short events, uint64_t until)
{
	for (;;) {
		struct pollfd p = {.fd = fd, .events = events};
		uint64_t now = lr_now();
		int ms = until == LR_NEVER ? -1
			 : until > now     ? (int)((until - now) / LR_NS_PER_MS + 1)
					   : 0;
		int n = poll(&p, 1, ms);
		if (n > 0)
			return 0;
		if (n == 0)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
	}
}

static int send_all(struct lr_client *c, const char *bytes, size_t len, uint64_t until)
{
	while (len) {
		ssize_t n = send(c->fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN) {
			int rc = wait_for(c->fd, POLLOUT, until);
			if (rc != 0)
				return rc;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

static int make_room(struct lr_client *c)
{
	if (c->at) {
		memmove(c->in, c->in + c->at, c->len - c->at);
		c->len -= c->at;
		c->seen -= c->at;
		c->at = 0;
	}
	if (c->room - c->len >= READ_BYTES)
		return 0;
	size_t room = c->room ? 2 * c->room : 2 * READ_BYTES;
	char *more = room <= LINE_MAX_IN ? realloc(c->in, room) : NULL;
	if (!more)
		return -ENOMEM;
	c->in = more;
	c->room = room;
	return 0;
}

/* One whole line into *line (without the newline). 0, or -errno; -ENOLINK: the other end
 * closed. */
static int read_line(struct lr_client *c, char **line, size_t *len, uint64_t until)
{
	for (;;) {
		char *end =
			c->len > c->seen ? memchr(c->in + c->seen, '\n', c->len - c->seen) : NULL;
		if (end) {
			*line = c->in + c->at;
			*len = (size_t)(end - *line);
			c->at = c->seen = (size_t)(end - c->in) + 1;
			return 0;
		}
		c->seen = c->len;
		int rc = make_room(c);
		if (rc == 0)
			rc = wait_for(c->fd, POLLIN, until);
		if (rc != 0)
			return rc;
		ssize_t n = recv(c->fd, c->in + c->len, c->room - c->len, MSG_DONTWAIT);
		if (n == 0 || (n < 0 && errno == ECONNRESET))
			return -ENOLINK;
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (n > 0)
			c->len += (size_t)n;
	}
}

/* Answers come from a node of the same user and may be long (status of 10,000 peers): the limit of
 * lr_json_parse() is for lines from strangers. */
static json_t *parse_line(
	const struct lr_client *c, const char *line, size_t len, struct lr_err *err)
{
	json_t *value = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);

	if (!json_is_object(value)) {
		lr_err_set(err, LR_EXIT_FAILED,
			"%s: the node's answer makes no sense: does it run "
			"another version?",
			c->iface);
		json_decref(value);
		return NULL;
	}
	return value;
}

json_t *lr_client_request(const char *verb)
{
	json_t *request = json_object();

	lr_json_put_str(request, LR_K_DO, verb);
	return request;
}

static int transport_error(const struct lr_client *c, int rc, struct lr_err *err)
{
	if (rc == -ETIMEDOUT)
		return lr_err_set(
			err, LR_EXIT_UNREACHABLE, "%s: the node does not answer", c->iface);
	if (rc == -ENOLINK || rc == -EPIPE)
		return gone(c, err);
	return lr_err_set(err, LR_EXIT_UNREACHABLE, "%s: the node: %s", c->iface, strerror(-rc));
}

static json_t *ask(struct lr_client *c, json_t *request, unsigned seconds, struct lr_err *err)
{
	uint64_t until = lr_now() + seconds * LR_NS_PER_S;
	char *text = lr_json_text(request), *line = NULL;
	size_t len = text ? strlen(text) : 0;
	int rc = -ENOMEM;

	json_decref(request);
	if (text) {
		text[len] = '\n'; /* in place of the NUL */
		rc = send_all(c, text, len + 1, until);
		lr_wipe(text, len);
	}
	free(text);
	/* A node that is full or going answers and closes before it reads. */
	if (rc == 0 || rc == -EPIPE)
		rc = read_line(c, &line, &len, until);
	if (rc != 0) {
		transport_error(c, rc, err);
		return NULL;
	}
	json_t *answer = parse_line(c, line, len, err);
	return answer ? lr_book_take(answer, err) : NULL;
}

json_t *lr_client_ask(struct lr_client *c, json_t *request, struct lr_err *err)
{
	return ask(c, request, ANSWER_S, err);
}

bool lr_client_wait(const struct lr_client *c, int reader)
{
	struct pollfd p[2] = {{c->fd, POLLIN, 0}, {reader, 0, 0}};

	if (c->len > c->at && memchr(c->in + c->at, '\n', c->len - c->at))
		return true;
	while (poll(p, 2, -1) < 0 && errno == EINTR)
		;
	return !(p[1].revents & (POLLERR | POLLHUP));
}

json_t *lr_client_next(struct lr_client *c, struct lr_err *err)
{
	char *line;
	size_t len;
	int rc = read_line(c, &line, &len, LR_NEVER);

	if (rc == 0)
		return parse_line(c, line, len, err);
	if (rc != -ENOLINK)
		transport_error(c, rc, err);
	return NULL;
}

/* --- the process behind it --- */

static long ask_pid(struct lr_client *c)
{
	json_t *answer = ask(c, lr_client_request("hello"), PID_S, NULL);
	bool bad = false;
	long pid = answer ? (long)lr_json_int(answer, LR_K_PID, 0, &bad) : 0;

	json_decref(answer);
	return pid;
}

long lr_client_pid(const char *iface)
{
	struct lr_client *c = lr_client_open(iface, NULL);
	long pid = c ? ask_pid(c) : 0;

	lr_client_close(c);
	return pid;
}

/* The connection's end first, then the process: behind the socket the node still has routes and
 * the interface to take away. */
static int wait_gone(struct lr_client *c, int pidfd)
{
	uint64_t until = lr_now() + DOWN_S * LR_NS_PER_S;
	char *line;
	size_t len;
	int rc;

	do
		rc = read_line(c, &line, &len, until);
	while (rc == 0);
	if (rc != -ENOLINK)
		return rc;
	return pidfd >= 0 ? wait_for(pidfd, POLLIN, until) : 0;
}

int lr_client_down(const char *iface, char *ended, struct lr_err *err)
{
	struct lr_client *c = lr_client_open(iface, err);
	int rc = -1;

	if (!c)
		return -1;
	long pid = ask_pid(c);
	int pidfd = pid > 0 ? (int)syscall(SYS_pidfd_open, (pid_t)pid, 0) : -1;
	json_t *answer = lr_client_ask(c, lr_client_request("down"), err);
	if (answer) {
		rc = wait_gone(c, pidfd);
		if (rc != 0)
			rc = lr_err_set(err, LR_EXIT_FAILED,
				"%s: the node (pid %ld) has not ended yet", c->iface, pid);
	}
	if (ended)
		snprintf(ended, IFNAMSIZ, "%s", c->iface);
	json_decref(answer);
	if (pidfd >= 0)
		close(pidfd);
	lr_client_close(c);
	return rc;
}
