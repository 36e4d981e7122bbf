/*
 * output.c - see output.h; posix_spawn(3)
 */
#include "lib/io/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/clock.h"

#define WAIT_NS (10 * UINT64_C(1000000000))
#define CHUNK   65536

extern char **environ;

/* --- where it is --- */

static bool find(const char *name, char path[PATH_MAX])
{
	static const char admin[] = "/usr/local/sbin:/usr/sbin:/sbin";
	const char *dirs = getenv("PATH");
	char all[4096], *rest = all, *dir;

	snprintf(all, sizeof(all), "%s:%s", dirs ? dirs : "/usr/bin:/bin", admin);
	while ((dir = strsep(&rest, ":")))
		if (*dir == '/' && snprintf(path, PATH_MAX, "%s/%s", dir, name) < PATH_MAX &&
			access(path, X_OK) == 0)
			return true;
	return false;
}

/* --- what it prints --- */

struct stream {
	int fd;
	char *text;
	size_t len, room, most;
	bool over;
};

/* False: it has ended. */
static bool read_more(struct stream *s)
{
	if (s->room - s->len < CHUNK) {
		char *more = realloc(s->text, s->room + 2 * CHUNK);
		if (!more)
			return s->over = true, false;
		s->text = more;
		s->room += 2 * CHUNK;
	}
	ssize_t n = read(s->fd, s->text + s->len, s->room - s->len - 1);
	if (n <= 0)
		return n < 0 && errno == EINTR;
	s->len += (size_t)n;
	s->text[s->len] = 0;
	s->over |= s->len > s->most;
	return !s->over;
}

/* Until both have ended; false: too long, or too much. */
static bool read_both(struct stream s[2])
{
	uint64_t until = lr_now() + WAIT_NS;
	bool open[2] = {true, true};

	while (open[0] || open[1]) {
		struct pollfd fds[2] = {{.fd = open[0] ? s[0].fd : -1, .events = POLLIN},
			{.fd = open[1] ? s[1].fd : -1, .events = POLLIN}};
		uint64_t now = lr_now();
		if (now >= until || s[0].over)
			return false;
		if (poll(fds, 2, (int)((until - now) / 1000000) + 1) <= 0)
			continue;
		for (int i = 0; i < 2; i++)
			if (open[i] && fds[i].revents)
				open[i] = read_more(&s[i]);
	}
	return !s[0].over;
}

static int start(const char *path, const char *const *argv, int out, int err, pid_t *pid)
{
	posix_spawn_file_actions_t acts;
	int r = posix_spawn_file_actions_init(&acts);

	if (r)
		return r;
	posix_spawn_file_actions_addopen(&acts, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&acts, out, 1);
	posix_spawn_file_actions_adddup2(&acts, err, 2);
	r = posix_spawn(pid, path, &acts, NULL, (char *const *)(uintptr_t)argv, environ);
	posix_spawn_file_actions_destroy(&acts);
	return r;
}

/* Its first line on standard error, without its own name before. */
static void complain(struct lr_err *err, const char *name, const struct stream *said)
{
	const char *text = said->len ? said->text : "it failed";

	lr_err_set(err, LR_EXIT_FAILED, "%s: %.*s", name, (int)strcspn(text, "\n"), text);
}

char *lr_output_of(
	const char *const *argv, size_t most, size_t *len, bool *absent, struct lr_err *err)
{
	struct stream s[2] = {{.fd = -1, .most = most}, {.fd = -1, .most = CHUNK}};
	int out[2] = {-1, -1}, bad[2] = {-1, -1}, status = -1, r;
	char path[PATH_MAX];
	pid_t pid = 0;

	*absent = !find(argv[0], path);
	if (*absent) {
		lr_err_set(err, LR_EXIT_FAILED, "%s: is not installed", argv[0]);
		return NULL;
	}
	r = pipe2(out, O_CLOEXEC) || pipe2(bad, O_CLOEXEC)
		    ? errno
		    : start(path, argv, out[1], bad[1], &pid);
	close(out[1]);
	close(bad[1]);
	s[0].fd = out[0];
	s[1].fd = bad[0];
	if (r == 0) {
		if (!read_both(s))
			kill(pid, SIGKILL);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	close(out[0]);
	close(bad[0]);
	bool good = r == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0 && !s[0].over;
	if (r)
		lr_err_set(err, LR_EXIT_FAILED, "%s: %s", argv[0], strerror(r));
	else if (s[0].over)
		lr_err_set(err, LR_EXIT_FAILED, "%s: prints too much", argv[0]);
	else if (!good)
		complain(err, argv[0], &s[1]);
	free(s[1].text);
	if (!good || !s[0].text) {
		free(s[0].text);
		return good ? *len = 0, strdup("") : NULL;
	}
	*len = s[0].len;
	return s[0].text;
}
