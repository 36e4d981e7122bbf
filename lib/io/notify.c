/*
 * notify.c - see notify.h
 */
#include "lib/io/notify.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/io/http_client.h"
#include "lib/io/line_reader.h"
#include "lib/io/webhook.h"
#include "terms.h"

#define POST_MS 15000
/* Handshakes come every two minutes, and addresses and paths change: nothing that a player waits
 * for. A peer that was added or removed was so by hand, or is a member that joined or left. */
#define NOISE "watching,handshake,endpoint,peer-added,peer-removed,path,quality,network"

extern char **environ;

struct notify {
	const struct lr_notify_options *o;
	struct lr_loop loop;
	struct lr_source in, signals;
	struct lr_line_reader lines;
	struct lr_webhook queue;
	struct lr_http_client *client;
	struct lr_http_call *call;
	bool in_file; /* epoll refuses it, and it never makes us wait */
	bool ended, bad, told;
	uint64_t until;
	struct lr_err *err; /* set when the webhook is gone */
	bool gone;
};

/* --- lines in --- */

/* Whether `name` is one of a list with commas. */
static bool listed(const char *list, const char *name)
{
	size_t len = strlen(name);

	while (*list) {
		size_t n = strcspn(list, ",");
		if (n == len && memcmp(list, name, n) == 0)
			return true;
		list += n + (list[n] == ',');
	}
	return false;
}

static bool wanted(const struct notify *n, const char *event)
{
	if (!n->o->only)
		return !listed(NOISE, event);
	return strcmp(n->o->only, "all") == 0 || listed(n->o->only, event);
}

static void take_line(void *ctx, const char *text, size_t len)
{
	struct notify *n = ctx;
	struct lr_err err = {0};
	bool bad = false;
	json_t *event = text ? lr_json_parse(text, len, &err) : NULL;
	const char *name = json_is_object(event) ? lr_json_str(event, LR_K_EVENT, &bad) : NULL;

	if (!name) {
		lr_log(LR_LOG_ERROR, "line %u: %s", n->lines.line,
			!text    ? "longer than 1 MiB"
			: !event ? err.text
				 : "not an event");
		n->bad = true;
		json_decref(event);
	} else if (wanted(n, name)) {
		lr_webhook_add(&n->queue, event, n->loop.now);
	} else {
		json_decref(event);
	}
}

static void end_input(struct notify *n)
{
	if (n->ended)
		return;
	if (!n->in_file)
		lr_loop_remove(&n->loop, &n->in);
	n->ended = true;
	n->until = n->loop.now + LR_NOTIFY_END_S * LR_NS_PER_S;
	lr_webhook_hurry(&n->queue, n->loop.now);
}

static void in_ready(struct lr_source *s, uint32_t events)
{
	struct notify *n = s->ctx;

	(void)events;
	if (!lr_line_reader_read(&n->lines, s->fd))
		end_input(n);
}

static void signalled(struct lr_source *s, uint32_t events)
{
	struct notify *n = s->ctx;
	struct signalfd_siginfo info;

	(void)events;
	if (read(s->fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	if (n->ended)
		n->until = n->loop.now; /* the second time: at once */
	end_input(n);
}

/* --- posts out --- */

static uint8_t dice(void)
{
	uint8_t random = 128;

	(void)!getrandom(&random, 1, 0);
	return random;
}

/* One line a spell of failures: it may last for hours. */
static void tell_trouble(struct notify *n, const char *why)
{
	if (!n->told)
		lr_log(LR_LOG_NOTE, "the webhook: %s: trying again", why);
	n->told = true;
}

static void posted(void *ctx, const struct lr_http_got *got)
{
	struct notify *n = ctx;
	enum lr_webhook_outcome outcome = LR_WEBHOOK_AGAIN;
	double after_s = -1;
	char why[40];

	n->call = NULL;
	if (got->error) {
		if (!got->temporary)
			outcome = LR_WEBHOOK_REFUSED;
		n->gone = !got->temporary;
	} else {
		outcome = lr_webhook_outcome(got->status, &n->gone);
		after_s = lr_webhook_retry_after(got->retry_after, lr_wall() / LR_NS_PER_S);
	}
	snprintf(why, sizeof(why), "HTTP status %u", got->status);
	if (n->gone)
		lr_err_set(
			n->err, LR_EXIT_FAILED, "the webhook: %s", got->error ? got->error : why);
	else if (outcome == LR_WEBHOOK_AGAIN)
		tell_trouble(n, got->error ? got->error : why);
	else if (outcome == LR_WEBHOOK_REFUSED)
		lr_log(LR_LOG_ERROR, "the webhook refused a post: %s", why);
	else
		n->told = false;
	/* One that is gone will not take them either: they stay, and are told at the end. */
	lr_webhook_result(
		&n->queue, n->gone ? LR_WEBHOOK_AGAIN : outcome, after_s, dice(), lr_now());
}

/* notify-send's outcome is its own: a desktop that is not there must not stop the posts. */
static void show(struct notify *n, const json_t *events, uint64_t left_out)
{
	char *text = lr_notice_desktop(events, left_out);
	char name[] = "notify-send", app[] = "--app-name=lanrage", end[] = "--",
	     title[] = "LANrage";
	char *argv[] = {name, app, end, title, text, NULL};
	posix_spawnattr_t attr;
	sigset_t none;
	pid_t pid;

	if (!text || posix_spawnattr_init(&attr) != 0) {
		free(text);
		return;
	}
	sigemptyset(&none);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	int r = posix_spawnp(&pid, argv[0], NULL, &attr, argv, environ);
	if (r) {
		lr_log(LR_LOG_ERROR, "notify-send: %s", strerror(r));
		n->bad = true;
	}
	posix_spawnattr_destroy(&attr);
	free(text);
}

static int post(struct notify *n, const char *body)
{
	static const char *const headers[] = {"Content-Type: application/json"};
	struct lr_http_ask ask = {.method = "POST",
		.url = n->o->url,
		.headers = headers,
		.n_headers = 1,
		.body = body,
		.len = strlen(body),
		.timeout_ms = POST_MS};

	n->call = lr_http_client_start(n->client, &ask, posted, n, n->err);
	return n->call ? 0 : -1;
}

static void take_post(struct notify *n, uint64_t now)
{
	uint64_t left_out = 0;
	json_t *events = lr_webhook_take(&n->queue, now, &left_out);

	if (!events)
		return;
	char *body = lr_notice_body(events, left_out, n->o->form);
	/* A post that is tried again was shown already. */
	if (n->o->desktop && !n->o->dry_run && !n->queue.failures)
		show(n, events, left_out);
	if (n->o->dry_run && body) {
		puts(body);
		fflush(stdout);
	}
	if (!body || (n->o->url && !n->o->dry_run && post(n, body) < 0))
		n->gone = true;
	else if (!n->call)
		lr_webhook_result(&n->queue, LR_WEBHOOK_DONE, -1, 0, now);
	free(body);
	json_decref(events);
}

/* --- the loop --- */

static uint64_t deadline(void *ctx)
{
	struct notify *n = ctx;
	uint64_t due = n->client ? lr_http_client_due(n->client) : LR_NEVER;

	if (n->loop.stop || (n->in_file && !n->ended))
		return n->loop.now;
	if (lr_webhook_due(&n->queue) < due)
		due = lr_webhook_due(&n->queue);
	if (n->ended && n->until < due)
		due = n->until;
	return due;
}

static void settle(void *ctx, uint64_t now)
{
	struct notify *n = ctx;

	if (n->client)
		lr_http_client_tick(n->client, now);
	if (n->in_file && !n->ended)
		in_ready(&n->in, 0);
	take_post(n, now);
	n->loop.stop |= n->gone || (n->ended && (!n->queue.n || now >= n->until));
}

static int open_sources(struct notify *n)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	if (n->o->dry_run == false)
		signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN); /* notify-send is not waited for */
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	n->signals = (struct lr_source){
		.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), .ready = signalled, .ctx = n};
	int r = n->signals.fd < 0 ? -errno : lr_loop_add(&n->loop, &n->signals, EPOLLIN);
	if (r < 0)
		return r;
	n->in = (struct lr_source){.fd = n->o->in, .ready = in_ready, .ctx = n};
	r = lr_loop_add(&n->loop, &n->in, EPOLLIN);
	n->in_file = r == -EPERM;
	return n->in_file ? 0 : r;
}

static void tell_left(struct notify *n)
{
	if (n->queue.n)
		lr_log(LR_LOG_ERROR, "events that were not posted: %u", n->queue.n);
	if (n->queue.dropped)
		lr_log(LR_LOG_NOTE, "events that were left out: %llu",
			(unsigned long long)n->queue.dropped);
	n->bad |= n->queue.n != 0;
}

int lr_notify_run(const struct lr_notify_options *options, struct lr_err *err)
{
	struct notify n = {.o = options, .signals.fd = -1, .err = err};
	struct lr_loop_owner owner = {.ctx = &n, .deadline = deadline, .settle = settle};
	int r = lr_loop_init(&n.loop);

	lr_webhook_init(&n.queue);
	n.lines = (struct lr_line_reader){.take = take_line, .ctx = &n};
	if (r == 0 && options->url && !options->dry_run) {
		n.client = lr_http_client_new(&n.loop, err);
		r = n.client ? 0 : -ENOMEM;
	}
	if (r == 0)
		r = open_sources(&n);
	if (r == 0)
		r = lr_loop_run(&n.loop, &owner);
	tell_left(&n);
	lr_http_client_free(n.client);
	lr_line_reader_release(&n.lines);
	lr_webhook_release(&n.queue);
	if (n.signals.fd >= 0)
		close(n.signals.fd);
	lr_loop_release(&n.loop);
	if (r < 0)
		return lr_err_set(err, LR_EXIT_FAILED, "the loop: %s", strerror(-r));
	return n.gone ? -1 : n.bad ? LR_EXIT_FAILED : LR_EXIT_OK;
}
