/*
 * learn_proc.c - a game's sockets and its name, out of the process table
 *
 * Source: proc(5): task/TID/children, fd, net/udp, exe, cmdline.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/game/learn.h"
#include "lib/game/names.h"

#define FAMILY 64 /* processes */

/* --- sockets --- */

struct family {
	pid_t pids[FAMILY];
	unsigned n;
	uint32_t inodes[LR_DETECT_SOCKETS];
	unsigned n_inodes;
};

static void take_children(struct family *f, int tasks, const char *tid)
{
	char path[300], text[4096];

	snprintf(path, sizeof(path), "%s/children", tid);
	int fd = openat(tasks, path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = 0;
	for (char *at = text, *end; f->n < FAMILY; at = end) {
		long pid = strtol(at, &end, 10);
		if (end == at)
			return;
		f->pids[f->n++] = (pid_t)pid;
	}
}

/* Each of its threads may have begun some. */
static void descend(struct family *f, int proc, pid_t pid)
{
	char path[32];
	const struct dirent *e;

	snprintf(path, sizeof(path), "%d/task", (int)pid);
	int fd = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	while (dir && (e = readdir(dir)))
		if (isdigit((uint8_t)e->d_name[0]))
			take_children(f, dirfd(dir), e->d_name);
	if (dir)
		closedir(dir);
	else if (fd >= 0)
		close(fd);
}

static bool take_inode(void *ctx, uint32_t inode)
{
	struct family *f = ctx;

	f->inodes[f->n_inodes++] = inode;
	return f->n_inodes < LR_DETECT_SOCKETS;
}

static bool has_inode(const struct family *f, uint32_t inode)
{
	for (unsigned i = 0; i < f->n_inodes; i++)
		if (f->inodes[i] == inode)
			return true;
	return false;
}

int lr_learn_look(struct lr_learn *l, int proc, pid_t pid)
{
	struct lr_detect_socket sockets[LR_DETECT_SOCKETS];
	struct family f = {.pids = {pid}, .n = 1};
	char path[32];

	snprintf(path, sizeof(path), "%d/fd", (int)pid);
	int own = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (own < 0)
		return -errno;
	close(own);
	for (unsigned i = 0; i < f.n; i++) {
		descend(&f, proc, f.pids[i]);
		if (f.n_inodes < LR_DETECT_SOCKETS)
			lr_detect_fds(proc, f.pids[i], take_inode, &f);
	}
	snprintf(path, sizeof(path), "%d", (int)pid);
	own = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (own < 0)
		return -errno;
	unsigned n = lr_detect_sockets(own, false, NULL, sockets);
	close(own);
	for (unsigned i = 0; i < n; i++)
		if (has_inode(&f, sockets[i].inode))
			lr_learn_socket(l, &sockets[i]);
	return 0;
}

/* --- its name --- */

/* Programs that run what an argument names, and stand for many others. */
static bool interprets(const char *name)
{
	static const char *const begins[] = {"java", "python", "perl", "ruby", "node", "lua",
		"bash", "dash", "sh", "love", "godot", "renpy"};

	for (size_t i = 0; i < sizeof(begins) / sizeof(*begins); i++) {
		size_t len = strlen(begins[i]);
		if (strncasecmp(name, begins[i], len) == 0 && !isalpha((uint8_t)name[len]))
			return true;
	}
	return false;
}

/* The first word of `rest` that is no option, without its folder. False: there is none. */
static bool first_word(const char *rest, char out[64])
{
	for (const char *at = rest; *(at += strspn(at, " ")); at += strcspn(at, " ")) {
		char word[256];
		if (*at == '-')
			continue;
		snprintf(word, sizeof(word), "%.*s", (int)strcspn(at, " "), at);
		snprintf(out, 64, "%.63s", lr_names_base(word));
		return out[0] != 0;
	}
	return false;
}

void lr_learn_name(const char *text, char out[LR_GAME_NAME_MAX])
{
	unsigned n = 0;

	for (; *text && n < LR_GAME_NAME_MAX - 1; text++)
		if (isalnum((uint8_t)*text))
			out[n++] = (char)tolower((uint8_t)*text);
		else if (n && out[n - 1] != '-')
			out[n++] = '-';
	while (n && out[n - 1] == '-')
		n--;
	out[n] = 0;
	if (!n)
		snprintf(out, LR_GAME_NAME_MAX, "game");
}

static void call_it(struct lr_learn_who *who)
{
	static const char *const ends[] = {".exe", ".jar", ".py", ".sh"};
	char text[64];

	snprintf(text, sizeof(text), "%s", who->argument[0] ? who->argument : who->executable);
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		char *end = text + strlen(text) - strlen(ends[i]);
		if (end > text && strcasecmp(end, ends[i]) == 0)
			*end = 0;
	}
	lr_learn_name(text, who->name);
}

int lr_learn_who(int proc, pid_t pid, struct lr_learn_who *out)
{
	char command[4096], path[32], link[1024];
	size_t first;
	ssize_t n = lr_detect_command(proc, pid, command, sizeof(command), &first);

	if (n <= 0)
		return n < 0 ? (int)n : -ESRCH;
	snprintf(path, sizeof(path), "%d/exe", (int)pid);
	ssize_t len = readlinkat(proc, path, link, sizeof(link) - 1);
	link[len > 0 ? len : 0] = 0;
	const char *rest = command[first] ? command + first + 1 : "", *file = lr_names_base(link);
	command[first] = 0;
	const char *called = lr_names_base(command);
	bool loader = lr_names_is_loader(file) || !*file;
	snprintf(out->executable, sizeof(out->executable), "%.63s", loader ? called : file);
	out->argument[0] = 0;
	if (lr_names_is_loader(out->executable))
		first_word(rest, out->executable);
	else if (interprets(out->executable))
		first_word(rest, out->argument);
	lr_text_clean(out->executable, true);
	lr_text_clean(out->argument, true);
	len = (ssize_t)strlen(out->executable);
	out->system = len > 4 && strcasecmp(out->executable + len - 4, ".exe") == 0
			      ? LR_GAME_WINDOWS
			      : LR_GAME_LINUX;
	call_it(out);
	return 0;
}
