/*
 * host_map.c - see host_map.h; the lines are those of lib/io/meet.h
 */
#include "lib/node/host_map.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/io/child.h"
#include "lib/net/addr.h"
#include "lib/node/host_places.h"
#include "terms.h"

enum { LINE = 4096, LIFETIME_S = 3600, END_MS = 3000 };
enum { TCP, UDP, BOTH };

struct lr_host_map {
	struct lr_loop *loop;
	struct lr_source answers; /* its standard output */
	int requests;             /* its standard input */
	pid_t pid;
	struct {
		bool told, mapped;
		struct lr_endpoint at;
	} maps[BOTH];
	bool started; /* changes are told from now on */
	char line[LINE];
	size_t len;
};

static int launch(struct lr_host_map *m)
{
	char program[PATH_MAX];
	const char *const argv[] = {"lr-meet", "serve", "-", NULL};
	int in[2], out[2];

	lr_child_program("lr-meet", program);
	if (pipe2(in, O_CLOEXEC) < 0)
		return -errno;
	if (pipe2(out, O_CLOEXEC) < 0) {
		int e = errno;
		close(in[0]);
		close(in[1]);
		return -e;
	}
	const int fds[] = {in[0], out[1], -1};
	m->pid = lr_child_start(program, argv, fds, 3);
	close(in[0]);
	close(out[1]);
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	m->requests = in[1];
	m->answers.fd = out[0];
	return m->pid > 0 ? 0 : m->pid;
}

static int ask(const struct lr_host_map *m, int which, uint16_t port)
{
	json_t *o = json_object();

	lr_json_put_int(o, LR_K_ID, which);
	lr_json_put_str(o, LR_K_DO, "map");
	lr_json_put_int(o, LR_K_PORT, port);
	lr_json_put_str(o, LR_K_PROTOCOL, which == TCP ? "tcp" : "udp");
	lr_json_put_int(o, LR_K_LIFETIME_S, LIFETIME_S);
	char *text = lr_json_text(o);
	json_decref(o);
	int rc = text ? dprintf(m->requests, "%s\n", text) : -1;
	free(text);
	return rc < 0 ? -1 : 0;
}

static void take_line(struct lr_host_map *m, const char *line, size_t len)
{
	json_t *o = lr_json_parse(line, len, NULL);
	bool bad = false;
	int64_t which = lr_json_int(o, LR_K_ID, -1, &bad);
	const char *mapped = lr_json_str(o, LR_K_MAPPED, &bad);
	bool twice = lr_json_bool(o, LR_K_DOUBLE_NAT, false, &bad);

	if (o && !bad && which >= 0 && which < BOTH) {
		struct lr_endpoint before = m->maps[which].at;
		m->maps[which].told = true;
		m->maps[which].mapped =
			mapped && !twice && lr_endpoint_parse(mapped, &m->maps[which].at) == 0;
		if (m->started &&
			!(m->maps[which].mapped && lr_endpoint_equal(&before, &m->maps[which].at)))
			lr_log(LR_LOG_NOTE,
				"the home router has changed: others find the relay here no longer "
				"where the invite says");
	}
	json_decref(o);
}

/* False: the helper has ended. */
static bool hear(struct lr_host_map *m)
{
	ssize_t n = read(m->answers.fd, m->line + m->len, sizeof(m->line) - m->len);
	char *end;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	m->len += (size_t)n;
	while ((end = memchr(m->line, '\n', m->len))) {
		size_t used = (size_t)(end + 1 - m->line);
		take_line(m, m->line, used - 1);
		m->len -= used;
		memmove(m->line, m->line + used, m->len);
	}
	if (m->len == sizeof(m->line)) /* no answer of ours is so long */
		m->len = 0;
	return n > 0;
}

static void on_answer(struct lr_source *s, uint32_t events)
{
	struct lr_host_map *m = s->ctx;
	(void)events;

	if (hear(m))
		return;
	lr_loop_remove(m->loop, &m->answers);
	close(m->answers.fd);
	m->answers.fd = -1;
	lr_log(LR_LOG_NOTE, "lr-meet has ended: the router's port may close within the hour");
}

static void wait_for_both(struct lr_host_map *m, unsigned wait_ms)
{
	uint64_t now = lr_now(), until = now + wait_ms * LR_NS_PER_MS;

	while (!(m->maps[TCP].told && m->maps[UDP].told) && now < until) {
		struct pollfd p = {.fd = m->answers.fd, .events = POLLIN};
		if (poll(&p, 1, (int)((until - now) / LR_NS_PER_MS) + 1) > 0 && !hear(m))
			break;
		now = lr_now();
	}
}

/* Where the relay is found from outside; false when it is not. */
static bool found(const struct lr_host_map *m, struct lr_place *outside)
{
	char text[LR_ENDPOINT_TEXT];
	struct lr_ip ip = lr_endpoint_ip(&m->maps[TCP].at);

	return m->maps[TCP].mapped && m->maps[UDP].mapped &&
	       lr_endpoint_equal(&m->maps[TCP].at, &m->maps[UDP].at) &&
	       lr_host_places_public(&ip) &&
	       lr_place_parse(lr_endpoint_text(&m->maps[TCP].at, text), strlen(text), outside) == 0;
}

struct lr_host_map *lr_host_map_start(
	struct lr_loop *loop, uint16_t port, unsigned wait_ms, struct lr_place *outside)
{
	struct lr_host_map *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->loop = loop;
	m->requests = -1;
	m->answers = (struct lr_source){.fd = -1, .ready = on_answer, .ctx = m};
	bool good = launch(m) == 0 && ask(m, TCP, port) == 0 && ask(m, UDP, port) == 0;
	if (good)
		wait_for_both(m, wait_ms);
	if (good && found(m, outside) && lr_loop_add(loop, &m->answers, EPOLLIN) == 0) {
		m->started = true;
		return m;
	}
	lr_host_map_stop(m);
	return NULL;
}

void lr_host_map_stop(struct lr_host_map *m)
{
	if (!m)
		return;
	if (m->started && m->answers.fd >= 0 && m->loop->epfd >= 0)
		lr_loop_remove(m->loop, &m->answers);
	if (m->requests >= 0)
		close(m->requests); /* it gives the port back */
	bool open = m->answers.fd >= 0;
	uint64_t until = lr_now() + END_MS * LR_NS_PER_MS;
	while (open && lr_now() < until) {
		struct pollfd p = {.fd = m->answers.fd, .events = POLLIN};
		open = poll(&p, 1, END_MS) > 0 && hear(m);
	}
	if (m->pid > 0)
		lr_child_end(m->pid, -1, open ? 0 : 1);
	if (m->answers.fd >= 0)
		close(m->answers.fd);
	free(m);
}
