/*
 * server.c - see server.h
 */
#include "lib/server/server.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "lib/base/state.h"
#include "lib/server/server_inside.h"
#include "terms.h"

#define SELF_FILE  "relay.json"
#define LOCK_FILE  "relay.lock"
#define SELF_BYTES 4096

void lr_server_defaults(struct lr_server_options *o)
{
	*o = (struct lr_server_options){
		.directory = lr_directory_defaults,
		.admission = lr_admission_defaults,
		.guest_first = LR_SERVER_GUEST_FIRST,
		.guest_last = LR_SERVER_GUEST_LAST,
		.channels = 65536, /* 20 MB */
		.connections = 8192,
		.connections_network = 512,
	};
}

/* ------------------------------------------------------------------ state of the relay itself */

/* One relay a folder: two would overwrite each other's parties. */
static int take_folder(struct lr_server *s, struct lr_err *err)
{
	char path[PATH_MAX];
	if (asprintf(&s->dir, "%s/relay", s->options.state) < 0)
		return lr_err_set(err, LR_EXIT_FAILED, "out of memory");
	if (lr_make_dirs(s->dir, 0700, err) < 0)
		return -1;
	snprintf(path, sizeof(path), "%s/" LOCK_FILE, s->dir);
	s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->lock < 0)
		return lr_err_set(err, LR_EXIT_FAILED, "%.300s: %s", path, strerror(errno));
	if (flock(s->lock, LOCK_EX | LOCK_NB) < 0)
		return lr_err_set(err, LR_EXIT_FAILED,
			"%.300s: another lr-relay runs with this folder; choose one with --state",
			s->dir);
	return 0;
}

/* The relay's id, made at the first start. */
static int own_id(struct lr_server *s, uint8_t id[LR_RELAY_ID_LEN], struct lr_err *err)
{
	char path[PATH_MAX], text[32];
	size_t len = 0;
	bool bad = false;
	snprintf(path, sizeof(path), "%s/" SELF_FILE, s->dir);
	char *bytes = lr_read_file(path, SELF_BYTES, &len, NULL);
	json_t *o = bytes ? lr_json_parse(bytes, len, NULL) : NULL;
	const char *known = o ? lr_json_str(o, LR_K_RELAY_ID, &bad) : NULL;
	bool good =
		known && !bad && lr_base64url_parse(known, strlen(known), id, LR_RELAY_ID_LEN) == 0;
	free(bytes);
	json_decref(o);
	if (good)
		return 0;
	lr_random(id, LR_RELAY_ID_LEN);
	o = json_object();
	lr_json_put_str(o, LR_K_RELAY_ID, lr_base64url(id, LR_RELAY_ID_LEN, text));
	bytes = lr_json_text(o);
	json_decref(o);
	int r = bytes ? lr_replace_file(path, bytes, strlen(bytes), 0600, err)
		      : lr_err_set(err, LR_EXIT_FAILED, "out of memory");
	free(bytes);
	return r;
}

/* ------------------------------------------------------------------ parts */

static void signal_ready(struct lr_source *source, uint32_t events)
{
	struct lr_server *s = source->ctx;
	struct signalfd_siginfo info;
	(void)events;
	while (read(source->fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		s->loop.stop = true;
}

static int add_signals(struct lr_server *s)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	s->signals = (struct lr_source){.fd = fd, .ready = signal_ready, .ctx = s};
	return lr_loop_add(&s->loop, &s->signals, EPOLLIN);
}

/* As many descriptors as the system lets us have. */
static void raise_files(void)
{
	struct rlimit l;
	if (getrlimit(RLIMIT_NOFILE, &l) < 0 || l.rlim_cur == l.rlim_max)
		return;
	l.rlim_cur = l.rlim_max;
	setrlimit(RLIMIT_NOFILE, &l);
}

static int make_directory(struct lr_server *s, struct lr_err *err)
{
	struct lr_directory_hooks hooks = lr_parties_directory_hooks;
	struct lr_relay_config config = {.limits = &s->options.admission,
		.hooks = lr_parties_relay_hooks,
		.channels = s->options.channels,
		.ports = (size_t)(s->options.guest_last - s->options.guest_first) + 1};
	hooks.ctx = config.hooks.ctx = s;
	do
		lr_random(&config.epoch, sizeof(config.epoch));
	while (!config.epoch);
	if (own_id(s, config.id, err) < 0)
		return -1;
	if (lr_server_lends(s, &config.lend) < 0)
		return lr_err_set(err, LR_EXIT_FAILED, "out of memory");
	lr_relay_init(&s->relay, &config);
	lr_stun_server_init(&s->stun);
	s->directory = lr_directory_new(&s->options.directory, config.epoch, &hooks);
	if (!s->directory)
		return lr_err_set(err, LR_EXIT_FAILED, "out of memory");
	return 0;
}

static int make_saver(struct lr_server *s, struct lr_err *err)
{
	s->saver = lr_saver_new();
	if (!s->saver)
		return lr_err_set(
			err, LR_EXIT_FAILED, "the thread for state files: %s", strerror(errno));
	s->saved = (struct lr_source){
		.fd = lr_saver_fd(s->saver), .ready = lr_parties_saved, .ctx = s};
	int r = lr_loop_add(&s->loop, &s->saved, EPOLLIN);
	return r < 0 ? lr_err_set(err, LR_EXIT_FAILED, "epoll: %s", strerror(-r)) : 0;
}

static int make_http(struct lr_server *s, struct lr_err *err)
{
	const struct lr_http_options options = {
		.cert = s->options.cert,
		.key = s->options.key,
		.connections = s->options.connections,
		.per_network = s->options.connections_network,
		.idle_s = 30,
	};
	struct lr_http_hooks hooks = lr_api_hooks;
	hooks.ctx = s;
	s->http = lr_http_new(&s->loop, &options, &hooks, err);
	return s->http ? 0 : -1;
}

static int start(struct lr_server *s, struct lr_err *err)
{
	int r = lr_loop_init(&s->loop);
	if (r < 0 || (r = add_signals(s)) < 0)
		return lr_err_set(err, LR_EXIT_FAILED, "event loop: %s", strerror(-r));
	if (take_folder(s, err) < 0 || make_directory(s, err) < 0 || make_saver(s, err) < 0 ||
		make_http(s, err) < 0)
		return -1;
	lr_tunnels_init(s);
	if (lr_server_sockets(s, err) < 0)
		return -1;
	return lr_parties_load(s, err);
}

struct lr_server *lr_server_new(const struct lr_server_options *o, struct lr_err *err)
{
	struct lr_server *s = calloc(1, sizeof(*s));
	if (!s) {
		lr_err_set(err, LR_EXIT_FAILED, "out of memory");
		return NULL;
	}
	raise_files();
	s->options = *o;
	s->loop.epfd = s->lock = s->signals.fd = -1;
	s->last_save = &s->saves;
	s->token = o->token ? strdup(o->token) : NULL;
	if ((o->token && !s->token) || start(s, err) < 0) {
		lr_server_free(s);
		return NULL;
	}
	return s;
}

void lr_server_free(struct lr_server *s)
{
	if (!s)
		return;
	if (s->http)
		lr_tunnels_release(s);
	lr_http_free(s->http);
	lr_server_sockets_close(s);
	lr_saver_free(s->saver);
	if (s->directory) {
		lr_parties_release(s);
		lr_directory_free(s->directory);
		lr_relay_release(&s->relay);
		lr_stun_server_release(&s->stun);
	}
	if (s->signals.fd >= 0)
		close(s->signals.fd);
	if (s->loop.epfd >= 0)
		lr_loop_release(&s->loop);
	if (s->lock >= 0)
		close(s->lock);
	free(s->guest_slots);
	free(s->dir);
	free(s->token);
	free(s);
}

/* ------------------------------------------------------------------ the loop */

static void settle(void *ctx, uint64_t now)
{
	struct lr_server *s = ctx;
	if (lr_directory_due(s->directory) <= now) {
		struct lr_directory_now at = lr_server_now(s);
		lr_directory_sweep(s->directory, &at);
	}
	lr_http_tick(s->http, now);
	lr_parties_settle(s, now);
	lr_relay_tick(&s->relay, now);
	lr_tunnels_settle(s, now);
	lr_server_flush(s);
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t deadline(void *ctx)
{
	struct lr_server *s = ctx;
	uint64_t due = least(lr_directory_due(s->directory), lr_http_due(s->http));
	due = least(due, lr_timers_next(&s->polls));
	due = least(due, s->tunnels_due);
	if (s->relay.signals || s->relay.channels.n_bound || s->relay.lends.n)
		due = least(due, lr_relay_due(&s->relay));
	return due;
}

int lr_server_run(struct lr_server *s)
{
	const struct lr_loop_owner owner = {.ctx = s, .deadline = deadline, .settle = settle};
	return lr_loop_run(&s->loop, &owner);
}
