/*
 * game_learn.c - lr-game learn: watches a running game, and writes a profile of what it did
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd/game.h"
#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/base/state.h"
#include "lib/game/learn.h"
#include "lib/io/sniff.h"
#include "lib/net/link.h"
#include "lib/node/given.h"

#define IFACES  16
#define LOOK_MS 200 /* between two looks at its sockets */
#define SECONDS 30  /* unless --for says more or less */
#define LONGEST 86400

const struct lr_opt lr_game_learn_options[] = {
	{"for", 0, LR_OPT_TEXT, "TIME", "watch for so long; 30s unless given",
		offsetof(struct lr_game_args, time)},
	{"name", 'n', LR_OPT_TEXT, "NAME", "call the profile so",
		offsetof(struct lr_game_args, name)},
	{"save", 's', LR_OPT_FLAG, NULL, "keep it as an own profile",
		offsetof(struct lr_game_args, save)},
	{NULL},
};

static volatile sig_atomic_t ending;

static void end(int signal)
{
	(void)signal;
	ending = 1;
}

struct learning {
	const struct lr_game_args *args;
	struct lr_learn core;
	struct lr_learn_who who;
	int proc;
	pid_t pid;
	uint64_t until;
	struct lr_sniff sniffs[IFACES];
	unsigned n_sniffs;
};

/* --- watching --- */

/* The ports that the kernel gives; its own default where it does not say. */
static void automatic(int proc, uint16_t *first, uint16_t *last)
{
	char text[64] = "";
	unsigned a = 32768, b = 60999;
	int fd = openat(proc, "sys/net/ipv4/ip_local_port_range", O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		if (read(fd, text, sizeof(text) - 1) > 0 && sscanf(text, "%u %u", &a, &b) != 2)
			a = 32768, b = 60999;
		close(fd);
	}
	*first = (uint16_t)a;
	*last = (uint16_t)b;
}

/* All that packets can leave by; without the right to capture, none. 0 or -1 with `err`. */
static int open_sniffs(struct learning *l, const struct lr_prog *prog, struct lr_err *err)
{
	struct if_nameindex *all = if_nameindex();

	for (size_t i = 0; all && all[i].if_name && l->n_sniffs < IFACES; i++) {
		struct lr_sniff *s = &l->sniffs[l->n_sniffs];
		struct lr_err why = {0};
		if (strcmp(all[i].if_name, "lo") == 0)
			continue;
		if (lr_sniff_open(s, all[i].if_name, 0, &why) == 0) {
			l->n_sniffs++;
			continue;
		}
		lr_sniff_close(s);
		if (why.exit == LR_EXIT_RIGHTS) {
			l->who.deaf = true;
			lr_note(prog, "%s; its sockets alone are watched", why.text);
			break;
		}
	}
	if (!all)
		return lr_err_set(err, LR_EXIT_FAILED, "interfaces: %s", strerror(errno));
	if_freenameindex(all);
	return 0;
}

/* `late_ns`: so long ago it passed. */
static void take(struct learning *l, const struct lr_captured *c, uint64_t late_ns)
{
	static const uint8_t all[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	const bool ethernet = c->link == LR_LINK_ETHERNET && c->caplen >= sizeof(all);
	uint8_t family;
	size_t at;

	if (lr_link_find_ip(c->link, c->bytes, c->caplen, &at, &family) == LR_LINK_IP)
		lr_learn_packet(&l->core, lr_now() - late_ns, c->direction == LR_DIRECTION_OUT,
			ethernet && memcmp(c->bytes, all, sizeof(all)) == 0, c->bytes + at,
			c->caplen - at);
}

static void drain(struct learning *l, const struct pollfd *p)
{
	struct lr_captured c;
	uint64_t late;

	for (unsigned i = 0; i < l->n_sniffs; i++)
		while (p[i].revents && lr_sniff_next(&l->sniffs[i], &c, &late) == 1)
			take(l, &c, late);
}

/* Until it is time, somebody says so, or the game has ended. 0 or -errno: its sockets cannot be
 * seen at all. */
static int watch(struct learning *l)
{
	struct pollfd p[IFACES];
	int rc = lr_learn_look(&l->core, l->proc, l->pid);
	uint64_t look = lr_now(), now = look;

	if (rc < 0)
		return rc;
	for (unsigned i = 0; i < l->n_sniffs; i++)
		p[i] = (struct pollfd){.fd = l->sniffs[i].fd, .events = POLLIN};
	while (rc == 0 && !ending && now < l->until) {
		if (poll(p, l->n_sniffs, LOOK_MS) > 0)
			drain(l, p);
		now = lr_now();
		if (now - look >= LOOK_MS * LR_NS_PER_MS) {
			rc = lr_learn_look(&l->core, l->proc, l->pid);
			look = now;
		}
	}
	return 0;
}

/* --- the profile --- */

static int save(const char *name, json_t *profile, struct lr_err *err)
{
	char dir[PATH_MAX], path[PATH_MAX + LR_GAME_NAME_MAX + 8];

	if (lr_games_dir(dir, err) < 0 || lr_make_dirs(dir, 0755, err) < 0)
		return -1;
	snprintf(path, sizeof(path), "%s/%s.json", dir, name);
	char *text = json_dumps(profile, JSON_INDENT(2));
	if (!text)
		return lr_err_set(err, LR_EXIT_FAILED, "out of memory");
	int lock = lr_lock_file(path, err);
	int rc = lock < 0 ? -1 : lr_create_file(path, text, strlen(text), 0644, err);
	if (lock >= 0)
		close(lock);
	free(text);
	return rc == 1 ? lr_err_set(err, LR_EXIT_FAILED, "%s: is there already", path) : rc;
}

static int finish(struct learning *l, struct lr_err *err)
{
	struct lr_learned learned;

	lr_learn_profile(&l->core, lr_now(), &l->who, &learned);
	json_t *profile = lr_game_to_json(&learned.game);
	struct lr_game *checked = lr_game_from_json(profile, err);
	int rc = !checked ? -1 : l->args->save ? save(l->who.name, profile, err) : 0;
	if (rc == 0)
		lr_game_line(json_incref(profile));
	lr_game_free(checked);
	json_decref(profile);
	return rc;
}

/* A profile of ours is not put aside by what was seen in half a minute. */
static int known(struct lr_cli *cli, const char *name)
{
	struct lr_games all;
	int code = lr_game_load(cli, &all);

	if (code != LR_EXIT_OK)
		return -1;
	const struct lr_game *g = lr_games_find(&all, name, NULL);
	bool same = g && strcmp(g->name, name) == 0;
	lr_games_release(&all);
	return same ? lr_err_set(&cli->err, LR_EXIT_FAILED,
			      "%s: there is such a profile: --name NAME calls this one otherwise",
			      name)
		    : 0;
}

static int begin(struct learning *l, struct lr_cli *cli)
{
	const struct lr_game_args *a = cli->args;
	uint64_t seconds = SECONDS, now = lr_now();
	uint16_t first, last;
	time_t wall = (time_t)(lr_wall() / LR_NS_PER_S);
	struct tm day;
	char *rest;
	long pid = strtol(cli->operands[0], &rest, 10);

	if (*rest || pid <= 0)
		return lr_err_set(
			&cli->err, LR_EXIT_USAGE, "%s: no process's number", cli->operands[0]);
	if (a->time && lr_given_duration("--for", a->time, LONGEST, &seconds, &cli->err) < 0)
		return -1;
	l->pid = (pid_t)pid;
	l->proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = l->proc < 0 ? -errno : lr_learn_who(l->proc, l->pid, &l->who);
	if (rc < 0)
		return lr_err_set(&cli->err, LR_EXIT_FAILED, "%ld: %s", pid,
			rc == -ENOENT ? "there is no such process" : strerror(-rc));
	if (a->name)
		lr_learn_name(a->name, l->who.name);
	if (a->save && known(cli, l->who.name) < 0)
		return -1;
	gmtime_r(&wall, &day);
	strftime(l->who.day, sizeof(l->who.day), "%Y-%m-%d", &day);
	automatic(l->proc, &first, &last);
	lr_learn_init(&l->core, now, first, last);
	l->until = now + seconds * LR_NS_PER_S;
	return open_sniffs(l, cli->prog, &cli->err);
}

int lr_game_run_learn(struct lr_cli *cli)
{
	const struct sigaction on_end = {.sa_handler = end};
	struct learning *l = calloc(1, sizeof(*l));
	int code = l ? 0 : lr_err_set(&cli->err, LR_EXIT_FAILED, "out of memory"), rc;

	if (!l)
		return code;
	l->args = cli->args;
	l->proc = -1;
	sigaction(SIGINT, &on_end, NULL);
	sigaction(SIGTERM, &on_end, NULL);
	code = begin(l, cli);
	if (code == 0 && isatty(STDERR_FILENO))
		lr_note(cli->prog, "watching process %d: let it search, host or join now",
			(int)l->pid);
	if (code == 0 && (rc = watch(l)) < 0)
		code = lr_err_set(&cli->err, rc == -EACCES ? LR_EXIT_RIGHTS : LR_EXIT_FAILED,
			"%s: its sockets: %s", cli->operands[0], strerror(-rc));
	if (code == 0)
		code = finish(l, &cli->err);
	for (unsigned i = 0; i < l->n_sniffs; i++)
		lr_sniff_close(&l->sniffs[i]);
	if (l->proc >= 0)
		close(l->proc);
	free(l);
	return code;
}
