/*
 * background.c - see background.h; daemon(7)
 */
#include "lib/io/background.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int child_code(pid_t child)
{
	int status;
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* What the child says, printed as it comes; then its fate if it said nothing. */
static int wait_ready(int fd, pid_t child)
{
	char buf[512];
	bool said = false;
	ssize_t n;
	while ((n = read(fd, buf, sizeof(buf))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		said = true;
		fwrite(buf[0] == '\n' ? buf + 1 : buf, 1, (size_t)(buf[0] == '\n' ? n - 1 : n),
			stdout);
	}
	return said ? 0 : child_code(child);
}

int lr_background_fork(int *ready, int *code)
{
	int fds[2];
	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	fflush(NULL);
	pid_t child = fork();
	if (child < 0) {
		int e = errno;
		close(fds[0]);
		close(fds[1]);
		return -e;
	}
	if (child == 0) {
		close(fds[0]);
		*ready = fds[1];
		return 0;
	}
	close(fds[1]);
	*code = wait_ready(fds[0], child);
	close(fds[0]);
	return 1;
}

void lr_background_ready(int ready, const char *line)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	setsid();
	if (chdir("/") < 0) { /* then the folder that we stand in stays busy: no harm */
	}
	for (int fd = 0; fd < 3 && null >= 0; fd++)
		dup2(null, fd);
	if (null > 2)
		close(null);
	/* The newline in front says "ready" even if there is nothing to print. */
	dprintf(ready, "\n%s", line);
	close(ready);
}

void lr_background_close_inherited(int keep, int keep_too)
{
	int low = keep < keep_too ? keep : keep_too, high = keep < keep_too ? keep_too : keep;
	int from = 3;
	for (int i = 0; i < 2; i++) {
		int kept = i == 0 ? low : high;
		if (kept < from)
			continue;
		if (kept > from)
			close_range((unsigned)from, (unsigned)kept - 1, 0);
		from = kept + 1;
	}
	close_range((unsigned)from, ~0u, 0);
}
