/*
 * base_run.h - runs a function in a process of its own, with its own standard streams, so that
 * a test sees what a person would: output, errors, exit code
 */
#ifndef LR_T_UNIT_BASE_RUN_H
#define LR_T_UNIT_BASE_RUN_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

struct run {
	int code; /* exit code, or 128 + signal */
	char out[60000], err[4000];
};

static inline int run_file(const void *bytes, size_t len)
{
	int fd = memfd_create("run", MFD_CLOEXEC);

	if (fd < 0 || write(fd, bytes, len) != (ssize_t)len || lseek(fd, 0, SEEK_SET) != 0) {
		perror("run_file");
		exit(1);
	}
	return fd;
}

static inline void run_take(int fd, char *out, size_t room)
{
	ssize_t n = pread(fd, out, room - 1, 0);

	out[n < 0 ? 0 : n] = '\0';
	close(fd);
}

/* Runs fn(ctx) with `in` as standard input. `to` is its standard output, or -1 to keep it. */
static inline void run_fn(
	struct run *r, int (*fn)(void *ctx), void *ctx, const char *in, size_t len, int to)
{
	int fds[3] = {run_file(in, len), run_file("", 0), run_file("", 0)}, status = 0;

	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		dup2(fds[0], 0);
		dup2(to < 0 ? fds[1] : to, 1);
		dup2(fds[2], 2);
		_exit(fn(ctx));
	}
	while (waitpid(pid, &status, 0) < 0)
		;
	r->code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	close(fds[0]);
	run_take(fds[1], r->out, sizeof(r->out));
	run_take(fds[2], r->err, sizeof(r->err));
}

/* Removes a folder that the test made, with what is in it. */
static inline void run_remove(const char *dir)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		execlp("rm", "rm", "-rf", "--", dir, NULL);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) != pid || status != 0)
		printf("Bail out! cannot remove %s\n", dir);
}

#endif
