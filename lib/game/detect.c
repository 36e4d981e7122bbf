/*
 * detect.c - which games run on this machine
 */
#include "lib/game/detect.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/game/names.h"

#define COMMAND_MAX 4096
#define NARROW      16 /* ports in a range that still says which game it is */

/* How sure each kind of finding is; an open port of the profile adds what is behind it. */
#define SURE_EXACT    90
#define SURE_ARGUMENT 95
#define SURE_CLOSE    60
#define SURE_PORTS    40
#define PORT_EXACT    9
#define PORT_CLOSE    30

struct scan {
	const struct lr_games *all;
	struct lr_names names;
	int proc;
	lr_detect_listeners *listeners;
	struct lr_detect_game *out;
	int n;
	struct lr_detect_socket sockets[LR_DETECT_SOCKETS];
	unsigned n_sockets;
};

/* The entry of `game`: the one that is there, or a new one; NULL: no room. */
static struct lr_detect_game *entry(struct scan *s, const struct lr_game *game)
{
	for (int i = 0; i < s->n; i++)
		if (s->out[i].game == game)
			return &s->out[i];
	if (s->n == LR_DETECT_MAX)
		return NULL;
	struct lr_detect_game *g = &s->out[s->n++];
	*g = (struct lr_detect_game){.game = game};
	return g;
}

static void found(struct scan *s, pid_t pid, struct lr_names_match m, const char *name)
{
	unsigned sure = !m.exact ? SURE_CLOSE : m.argument ? SURE_ARGUMENT : SURE_EXACT;
	struct lr_detect_game *g = entry(s, m.game);

	if (!g || g->confidence >= sure)
		return;
	g->pid = pid;
	g->by = m.exact ? LR_DETECT_EXACT : LR_DETECT_CLOSE;
	g->argument = m.argument;
	g->confidence = sure;
	snprintf(g->process, sizeof(g->process), "%.63s", name);
	lr_text_clean(g->process, true);
}

/* --- processes --- */

/* What a loader runs: the first word behind it whose file is known. Words end at spaces: so does
 * "Age of Empires II/age2_x1.exe", and its last word is the file. */
static struct lr_names_match loaded(
	const struct scan *s, char *rest, const char *command, char name[256])
{
	struct lr_names_match m = {0};

	for (char *at = rest; *at && !m.game;) {
		size_t len = strcspn(at, " ");
		snprintf(name, 256, "%.*s", (int)(len < 255 ? len : 255), at);
		const char *base = lr_names_base(name);
		if (*base)
			m = lr_names_find(&s->names, base, command);
		if (m.game && !m.exact)
			m.game = NULL; /* an option is close to too much */
		if (m.game)
			memmove(name, base, strlen(base) + 1);
		at += len + (at[len] == ' ');
	}
	return m;
}

/* Where the names of what it runs begin, behind the loader or behind the loader's interpreter;
 * NULL: it is neither. `rest` is the command line behind the first word, `base`. */
static char *behind_loader(const char *base, char *rest)
{
	char script[256];
	size_t len = strcspn(rest, " ");

	if (lr_names_is_loader(base))
		return rest;
	if (!lr_names_is_interpreter(base))
		return NULL;
	snprintf(script, sizeof(script), "%.*s", (int)(len < 255 ? len : 255), rest);
	return lr_names_is_loader(lr_names_base(script)) ? rest + len : NULL;
}

/* The name of the file that it runs; "" when we may not know, or it runs none. */
static void running(const struct scan *s, pid_t pid, char name[256])
{
	char path[32], link[1024];

	snprintf(path, sizeof(path), "%d/exe", (int)pid);
	ssize_t n = readlinkat(s->proc, path, link, sizeof(link) - 1);
	link[n > 0 ? n : 0] = 0;
	char *deleted = strstr(link, " (deleted)");
	if (deleted)
		*deleted = 0;
	snprintf(name, 256, "%.255s", lr_names_base(link));
}

/* A command line costs ten times what the link costs: it is read where the file may be a game's. */
static void look(struct scan *s, pid_t pid)
{
	char command[COMMAND_MAX], first[COMMAND_MAX], name[256], file[256];
	size_t len;

	running(s, pid, file);
	if (file[0] && !lr_names_known(&s->names, file) && !lr_names_is_loader(file) &&
		!lr_names_is_interpreter(file))
		return;
	ssize_t n = lr_detect_command(s->proc, pid, command, sizeof(command), &len);
	if (n <= 0) /* a kernel thread, or gone */
		return;
	memcpy(first, command, len);
	first[len] = 0;
	const char *base = lr_names_base(first);
	struct lr_names_match m = lr_names_find(&s->names, base, command);
	snprintf(name, sizeof(name), "%.255s", base);
	char *rest = behind_loader(base, command + len + (command[len] == ' '));
	if (!m.game && rest)
		m = loaded(s, rest + strspn(rest, " "), command, name);
	if (!m.game && file[0]) {
		m = lr_names_find(&s->names, file, command);
		memcpy(name, file, sizeof(name));
	}
	if (m.game)
		found(s, pid, m, name);
}

static void each_process(struct scan *s, DIR *dir, void (*one)(struct scan *, pid_t))
{
	const struct dirent *e;

	rewinddir(dir);
	while ((e = readdir(dir)))
		if (isdigit((uint8_t)e->d_name[0]))
			one(s, (pid_t)strtol(e->d_name, NULL, 10));
}

/* --- sockets --- */

static bool has_port(const struct lr_game *g, const struct lr_detect_socket *k, bool narrow)
{
	for (size_t i = 0; i < g->n_ports + (size_t)g->n_discovery; i++) {
		const struct lr_game_ports *p =
			i < g->n_ports ? &g->ports[i].ports : &g->discovery[i - g->n_ports].ports;
		if (lr_game_has_port(p, k->proto, k->port) &&
			(!narrow || (p->last - p->first) / p->step < NARROW))
			return true;
	}
	return false;
}

/* A service that many programs use (mDNS, SSDP) is no game that runs. */
static bool is_service(const struct lr_game *g)
{
	for (size_t i = 0; i < g->n_discovery; i++)
		if (g->discovery[i].kind != LR_GAME_MULTICAST)
			return false;
	return g->n_executables == 0;
}

/* The one game that the socket's port says; NULL: none, or more than one. */
static const struct lr_game *only_game(const struct scan *s, const struct lr_detect_socket *k)
{
	const struct lr_game *only = NULL;

	for (size_t i = 0; i < s->all->n; i++) {
		if (!has_port(s->all->list[i], k, true) || is_service(s->all->list[i]))
			continue;
		if (only)
			return NULL;
		only = s->all->list[i];
	}
	return only;
}

struct owner {
	struct scan *scan;
	struct lr_detect_game *game;
	pid_t pid;
};

static bool own_port(void *ctx, uint32_t inode)
{
	struct owner *o = ctx;

	for (unsigned i = 0; i < o->scan->n_sockets; i++) {
		struct lr_detect_socket *k = &o->scan->sockets[i];
		if (k->inode != inode || !has_port(o->game->game, k, false))
			continue;
		o->game->port = k->port;
		k->inode = 0; /* whose it is, is known */
	}
	return true;
}

static bool strange_port(void *ctx, uint32_t inode)
{
	struct owner *o = ctx;
	struct scan *s = o->scan;

	for (unsigned i = 0; i < s->n_sockets; i++) {
		struct lr_detect_socket *k = &s->sockets[i];
		if (k->inode != inode)
			continue;
		k->inode = 0;
		const struct lr_game *game = only_game(s, k);
		struct lr_detect_game *g = game ? entry(s, game) : NULL;
		if (!g || g->confidence >= SURE_PORTS)
			continue;
		*g = (struct lr_detect_game){.game = game,
			.pid = o->pid,
			.by = LR_DETECT_PORTS,
			.port = k->port,
			.confidence = SURE_PORTS};
		char command[256];
		size_t first;
		if (lr_detect_command(s->proc, o->pid, command, sizeof(command), &first) > 0) {
			command[first] = 0;
			snprintf(g->process, sizeof(g->process), "%s", lr_names_base(command));
			lr_text_clean(g->process, true);
		}
	}
	return true;
}

static void look_for_ports(struct scan *s, pid_t pid)
{
	struct owner o = {.scan = s, .pid = pid};
	char name[16];
	struct stat st;

	snprintf(name, sizeof(name), "%d", (int)pid);
	if (fstatat(s->proc, name, &st, 0) != 0)
		return;
	for (unsigned i = 0; i < s->n_sockets; i++)
		if (s->sockets[i].inode && s->sockets[i].uid == st.st_uid) {
			lr_detect_fds(s->proc, pid, strange_port, &o);
			return;
		}
}

static void weigh_sockets(struct scan *s, DIR *dir)
{
	unsigned keep = 0;

	s->n_sockets = lr_detect_sockets(s->proc, true, s->listeners, s->sockets);
	for (int i = 0; i < s->n; i++) {
		struct owner o = {s, &s->out[i], s->out[i].pid};
		lr_detect_fds(s->proc, o.pid, own_port, &o);
		if (s->out[i].port)
			s->out[i].confidence += s->out[i].by == LR_DETECT_CLOSE ? PORT_CLOSE
						: s->out[i].argument            ? PORT_EXACT / 2
										: PORT_EXACT;
	}
	for (unsigned i = 0; i < s->n_sockets; i++)
		if (s->sockets[i].inode && only_game(s, &s->sockets[i]))
			s->sockets[keep++] = s->sockets[i];
	s->n_sockets = keep;
	if (keep)
		each_process(s, dir, look_for_ports);
}

static int surest(const void *a, const void *b)
{
	const struct lr_detect_game *x = a, *y = b;

	if (x->confidence != y->confidence)
		return x->confidence > y->confidence ? -1 : 1;
	return strcmp(x->game->name, y->game->name);
}

int lr_detect(const struct lr_games *all, const char *proc, lr_detect_listeners *listeners,
	struct lr_detect_game out[LR_DETECT_MAX], struct lr_err *err)
{
	DIR *dir = opendir(proc);
	struct scan *s = calloc(1, sizeof(*s));
	int n = -1;

	if (!dir) {
		lr_err_set(err, LR_EXIT_FAILED, "%s: %s", proc, strerror(errno));
		goto out;
	}
	if (!s || lr_names_init(&s->names, all) < 0) {
		lr_err_set(err, LR_EXIT_FAILED, "out of memory");
		goto out;
	}
	s->all = all;
	s->listeners = listeners;
	s->proc = dirfd(dir);
	s->out = out;
	each_process(s, dir, look);
	weigh_sockets(s, dir);
	qsort(out, (size_t)s->n, sizeof(*out), surest);
	n = s->n;
out:
	if (s)
		lr_names_release(&s->names);
	free(s);
	if (dir)
		closedir(dir);
	return n;
}
