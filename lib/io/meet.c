/*
 * meet.c - see meet.h: lines in, the loop, the end
 */
#include "lib/io/meet.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/io/meet_inside.h"

#define OUT_MAX   (16u << 20) /* answers that wait: no further request is read before they went */
#define UNMAP_MAX (2 * LR_NS_PER_S)

/* --- lines --- */

static void bad_line(struct lr_meet *m, const char *why)
{
	char text[sizeof(((struct lr_err *)0)->text) + 24];

	snprintf(text, sizeof(text), "line %u: %s", m->lines.line, why);
	lr_log(LR_LOG_ERROR, "%s", text);
	m->bad = true;
	lr_meet_refuse(m, NULL, text, false, NULL);
}

static void take_line(void *ctx, const char *text, size_t len)
{
	struct lr_meet *m = ctx;
	struct lr_err err = {0};

	if (!text) {
		bad_line(m, "longer than 1 MiB");
		return;
	}
	json_t *ask = lr_json_parse(text, len, &err);
	if (json_is_object(ask))
		lr_meet_take(m, ask);
	else
		bad_line(m, ask ? "not an object" : err.text);
	json_decref(ask);
}

/* --- the end --- */

static void wind_up(struct lr_meet *m, bool all)
{
	if (!m->ended && m->in.fd >= 0 && !m->in_file)
		lr_loop_remove(&m->loop, &m->in);
	if (!m->ended)
		m->until = m->loop.now + UNMAP_MAX;
	m->ended = true;
	lr_meet_wind_up(m, all);
}

static void in_ready(struct lr_source *s, uint32_t events)
{
	struct lr_meet *m = s->ctx;

	(void)events;
	if (!lr_line_reader_read(&m->lines, s->fd))
		wind_up(m, m->in_node);
}

static void signalled(struct lr_source *s, uint32_t events)
{
	struct lr_meet *m = s->ctx;
	struct signalfd_siginfo info;

	(void)events;
	if (read(s->fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		wind_up(m, true);
}

/* --- the loop --- */

static uint64_t deadline(void *ctx)
{
	struct lr_meet *m = ctx;
	uint64_t due = lr_http_client_due(m->client);

	for (struct lr_meet_request *q = m->requests; q; q = q->next)
		if (q->upgrade && lr_upgrade_due(q->upgrade) < due)
			due = lr_upgrade_due(q->upgrade);
	if (m->loop.stop || (m->in_file && !m->ended && !m->held))
		due = m->loop.now;
	if (m->ended && m->portmaps && m->until < due)
		due = m->until;
	return due;
}

static bool waits_for_mapping(const struct lr_meet *m)
{
	for (const struct lr_meet_request *q = m->requests; q; q = q->next)
		if (q->map)
			return true;
	return false;
}

static bool is_over(const struct lr_meet *m, uint64_t now)
{
	if (m->told && !m->requests)
		return true;
	if (!m->ended)
		return false;
	if (waits_for_mapping(m) && now < m->until)
		return false;
	if (m->out.gone)
		return true;
	for (const struct lr_meet_request *q = m->requests; q; q = q->next)
		if (!q->map)
			return false;
	return !m->out.first || m->in_node;
}

/* While answers pile up, nothing more is asked. */
static void hold_input(struct lr_meet *m)
{
	bool hold = m->out.bytes > OUT_MAX;

	if (hold == m->held || m->in_file || m->ended)
		return;
	m->held = hold;
	lr_loop_change(&m->loop, &m->in, hold ? 0 : EPOLLIN);
}

static void settle(void *ctx, uint64_t now)
{
	struct lr_meet *m = ctx;
	struct lr_meet_request *next;

	lr_http_client_tick(m->client, now);
	for (struct lr_meet_request *q = m->requests; q; q = next) {
		next = q->next;
		if (q->upgrade)
			lr_upgrade_tick(q->upgrade, now);
	}
	if (m->in_file && !m->ended && !m->held)
		in_ready(&m->in, 0);
	if (m->out.gone && !m->ended)
		wind_up(m, true);
	hold_input(m);
	m->loop.stop |= is_over(m, now);
}

static int open_signals(struct lr_meet *m)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	m->signals = (struct lr_source){
		.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), .ready = signalled, .ctx = m};
	return m->signals.fd < 0 ? -errno : lr_loop_add(&m->loop, &m->signals, EPOLLIN);
}

static int open_lines(struct lr_meet *m, int in, int out)
{
	int domain;
	socklen_t len = sizeof(domain);

	m->in = (struct lr_source){.fd = in, .ready = in_ready, .ctx = m};
	m->in_node = getsockopt(in, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0;
	int r = lr_loop_add(&m->loop, &m->in, EPOLLIN);
	m->in_file = r == -EPERM;
	if (r < 0 && !m->in_file)
		return r;
	return lr_meet_out_init(&m->out, &m->loop, out);
}

static void release(struct lr_meet *m)
{
	while (m->requests)
		lr_meet_forget(m->requests);
	lr_portmaps_free(m->portmaps);
	lr_lookups_free(m->lookups);
	lr_http_client_free(m->client);
	if (m->out.loop)
		lr_meet_out_release(&m->out);
	if (m->signals.fd >= 0)
		close(m->signals.fd);
	lr_line_reader_release(&m->lines);
	lr_loop_release(&m->loop);
}

static int init(struct lr_meet *m)
{
	*m = (struct lr_meet){.in.fd = -1, .signals.fd = -1, .lines.take = take_line};
	m->lines.ctx = m;
	int r = lr_loop_init(&m->loop);
	if (r == 0)
		m->client = lr_http_client_new(&m->loop, NULL);
	if (r == 0)
		r = m->client ? open_signals(m) : -ENOMEM;
	return r;
}

/* Runs unless `r` is an error already, and ends it. */
static int run(struct lr_meet *m, int r, struct lr_err *err)
{
	struct lr_loop_owner owner = {.ctx = m, .deadline = deadline, .settle = settle};

	if (r == 0)
		r = lr_loop_run(&m->loop, &owner);
	release(m);
	if (r < 0)
		return lr_err_set(err, LR_EXIT_FAILED, "the loop: %s", strerror(-r));
	return m->bad ? LR_EXIT_FAILED : LR_EXIT_OK;
}

int lr_meet_run(int in, int out, const struct lr_dialled *dialled, struct lr_err *err)
{
	struct lr_meet m;
	int r = init(&m);

	if (r == 0 && dialled)
		lr_http_client_dialled(m.client, dialled);
	if (r == 0)
		r = open_lines(&m, in, out);
	return run(&m, r, err);
}

int lr_meet_one(const json_t *ask, void (*told)(void *ctx, const json_t *answer), void *ctx,
	struct lr_err *err)
{
	struct lr_meet m;
	int r = init(&m);

	m.told = told;
	m.told_ctx = ctx;
	if (r == 0)
		lr_meet_take(&m, ask);
	return run(&m, r, err);
}
