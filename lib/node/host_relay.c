/*
 * host_relay.c - see host_relay.h
 */
#include "lib/node/host_relay.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/state.h"
#include "lib/io/child.h"
#include "lib/party/place.h"

enum { PORTS = 20, READY_MS = 10000, END_MS = 3000, STARTS_MAX = 5, LINE = 400 };

/* Beyond this the relay ran well, and the starts are counted anew. */
#define RAN_WELL_NS (60 * LR_NS_PER_S)

struct lr_host_relay {
	struct lr_loop *loop;
	struct lr_source said; /* its standard error */
	pid_t pid;
	unsigned starts;
	uint64_t started_ns;
	char line[LINE]; /* what it said of a line so far */
	size_t len;
	char program[PATH_MAX], state[PATH_MAX], id[LR_PARTY_ID_TEXT], listen[8];
};

/* --- ports --- */

static bool can_bind(int family, int type, uint16_t port)
{
	int fd = socket(family, type | SOCK_CLOEXEC, 0), one = 1;
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port)};

	if (fd < 0) /* a host without the family has nobody there either */
		return errno == EAFNOSUPPORT;
	if (type == SOCK_STREAM) /* connections that have ended hold no port */
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	int rc = family == AF_INET ? bind(fd, (struct sockaddr *)&four, sizeof(four))
				   : bind(fd, (struct sockaddr *)&six, sizeof(six));
	bool free = rc == 0 || errno == EADDRNOTAVAIL;
	if (rc == 0 && type == SOCK_STREAM)
		free = listen(fd, 1) == 0;
	close(fd);
	return free;
}

bool lr_host_relay_can_have(uint16_t port)
{
	return can_bind(AF_INET, SOCK_STREAM, port) && can_bind(AF_INET, SOCK_DGRAM, port) &&
	       can_bind(AF_INET6, SOCK_STREAM, port) && can_bind(AF_INET6, SOCK_DGRAM, port);
}

uint16_t lr_host_relay_port(struct lr_err *err)
{
	for (uint16_t port = LR_PLACE_PORT; port < LR_PLACE_PORT + PORTS; port++)
		if (lr_host_relay_can_have(port))
			return port;
	lr_err_set(err, LR_EXIT_FAILED, "ports %d to %d are taken by other programs: name a relay",
		LR_PLACE_PORT, LR_PLACE_PORT + PORTS - 1);
	return 0;
}

/* --- the program --- */

/* Starts the program; r->said.fd is where it speaks, ready[0] where it says that it listens
 * (`ready` NULL: nobody waits for that). 0 or -errno. */
static int launch(struct lr_host_relay *r, int *ready)
{
	const char *const argv[] = {"lr-relay", "--listen", r->listen, "--party", r->id, "--state",
		r->state, "--ready-fd", "3", NULL};
	int said[2], pipes[2] = {-1, -1};

	if (pipe2(said, O_CLOEXEC) < 0)
		return -errno;
	if (ready && pipe2(pipes, O_CLOEXEC) < 0) {
		int e = errno;
		close(said[0]);
		close(said[1]);
		return -e;
	}
	fcntl(said[0], F_SETFL, O_NONBLOCK);
	const int fds[] = {-1, -1, said[1], pipes[1]};
	pid_t pid = lr_child_start(r->program, argv, fds, 4);
	close(said[1]);
	if (ready)
		close(pipes[1]);
	if (pid < 0) {
		close(said[0]);
		if (ready)
			close(pipes[0]);
		return pid;
	}
	if (ready)
		*ready = pipes[0];
	r->pid = pid;
	r->said.fd = said[0];
	r->starts++;
	r->started_ns = lr_now();
	return 0;
}

/* --- what it says --- */

/* Whole lines of what it said go to the log. */
static void log_lines(struct lr_host_relay *r)
{
	char *at = r->line, *end;

	while ((end = strchr(at, '\n'))) {
		*end = '\0';
		lr_log(LR_LOG_NOTE, "%s", at);
		at = end + 1;
	}
	if (at == r->line && r->len == sizeof(r->line) - 1) { /* a line that is too long */
		lr_log(LR_LOG_NOTE, "%s", at);
		at += r->len;
	}
	r->len -= (size_t)(at - r->line);
	memmove(r->line, at, r->len + 1);
}

/* Takes what is there. False: it has ended. */
static bool hear(struct lr_host_relay *r)
{
	for (;;) {
		size_t room = sizeof(r->line) - 1 - r->len;
		ssize_t n = room ? read(r->said.fd, r->line + r->len, room) : 0;
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return room && n < 0 && errno == EAGAIN;
		r->len += (size_t)n;
		r->line[r->len] = '\0';
		log_lines(r);
	}
}

/* Ends it, after SIGTERM and `end_ms` by force. How it ended, as waitpid() says it. */
static int end(struct lr_host_relay *r, int end_ms)
{
	int status = r->pid > 0 ? lr_child_end(r->pid, r->said.fd, end_ms) : 0;

	if (r->said.fd >= 0)
		close(r->said.fd);
	r->said.fd = -1;
	r->pid = 0;
	return status;
}

static void on_said(struct lr_source *s, uint32_t events)
{
	struct lr_host_relay *r = s->ctx;
	(void)events;

	if (hear(r))
		return;
	lr_loop_remove(r->loop, &r->said);
	end(r, 0); /* it may only have closed its standard error */
	if (lr_now() - r->started_ns > RAN_WELL_NS)
		r->starts = 0;
	bool again = r->starts < STARTS_MAX;
	lr_log(LR_LOG_NOTE, "the relay on this machine has ended%s",
		again ? ": it is started again" : "");
	if (again && launch(r, NULL) == 0)
		lr_loop_add(r->loop, &r->said, EPOLLIN);
}

/* --- starting and ending --- */

/* Why it did not get ready: what it said, and its exit code. */
static int explain(struct lr_host_relay *r, struct lr_err *err)
{
	ssize_t n = read(r->said.fd, r->line, sizeof(r->line) - 1);
	int status = end(r, 0); /* when it only hangs */

	r->line[n > 0 ? n : 0] = '\0';
	r->line[strcspn(r->line, "\n")] = '\0';
	enum lr_exit code = WIFEXITED(status) && WEXITSTATUS(status) == LR_EXIT_RIGHTS
				    ? LR_EXIT_RIGHTS
				    : LR_EXIT_FAILED;
	return lr_err_set(
		err, code, "%s", r->line[0] ? r->line : "lr-relay: it does not get ready");
}

/* Waits until it says that it listens. 0, or -1 with `err`. */
static int await(struct lr_host_relay *r, int ready, struct lr_err *err)
{
	struct pollfd p = {.fd = ready, .events = POLLIN};
	uint64_t until = lr_now() + READY_MS * LR_NS_PER_MS;
	char byte;
	int n;

	do {
		uint64_t now = lr_now();
		n = poll(&p, 1, now < until ? (int)((until - now) / LR_NS_PER_MS) + 1 : 0);
	} while (n < 0 && errno == EINTR);
	return n > 0 && read(ready, &byte, 1) == 1 ? 0 : explain(r, err);
}

static int make_folder(struct lr_host_relay *r, struct lr_err *err)
{
	char dir[PATH_MAX - 64];

	if (lr_state_dir(dir, sizeof(dir), err) < 0)
		return -1;
	snprintf(r->state, sizeof(r->state), "%s/relays/%s", dir, r->id);
	return lr_make_dirs(r->state, 0700, err);
}

struct lr_host_relay *lr_host_relay_start(
	struct lr_loop *loop, const uint8_t id[LR_PARTY_ID_LEN], uint16_t port, struct lr_err *err)
{
	struct lr_host_relay *r = calloc(1, sizeof(*r));

	if (!r) {
		lr_err_set(err, LR_EXIT_FAILED, "out of memory");
		return NULL;
	}
	r->loop = loop;
	r->said = (struct lr_source){.fd = -1, .ready = on_said, .ctx = r, .name = "own_relay"};
	lr_child_program("lr-relay", r->program);
	lr_party_id_text(id, r->id);
	snprintf(r->listen, sizeof(r->listen), ":%u", port);
	int ready = -1, rc = make_folder(r, err);
	if (rc == 0 && (rc = launch(r, &ready)) < 0)
		lr_err_set(err, LR_EXIT_FAILED, "lr-relay: %s", strerror(-rc));
	if (rc == 0)
		rc = await(r, ready, err);
	if (ready >= 0)
		close(ready);
	if (rc == 0)
		rc = lr_loop_add(loop, &r->said, EPOLLIN);
	if (rc == 0)
		return r;
	lr_host_relay_stop(r);
	return NULL;
}

void lr_host_relay_stop(struct lr_host_relay *r)
{
	if (!r)
		return;
	if (r->said.fd >= 0 && r->loop->epfd >= 0)
		lr_loop_remove(r->loop, &r->said);
	end(r, END_MS);
	free(r);
}
