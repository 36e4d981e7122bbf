/*
 * lab_run.c - programs on the hosts of a laboratory
 *
 * We are the first process of a PID namespace: what goes to the background becomes our child when
 * its parent ends. So whoever waits takes every child that has ended.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/bench/lab_inside.h"
#include "lib/io/child.h"

#define READY_FD 3
#define READY_MS 10000

static void become(
	const struct lr_lab *lab, unsigned host, const char *const *argv, const int fds[4])
{
	char dir[64], program[PATH_MAX];
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (host != LR_LAB_ROUTER && setns(lab->net[host], CLONE_NEWNET) < 0)
		_exit(126);
	snprintf(dir, sizeof(dir), LR_LAB_DIR "/h%u/state", host);
	setenv("LR_STATE_DIR", dir, 1);
	snprintf(dir, sizeof(dir), LR_LAB_DIR "/h%u/run", host);
	setenv("LR_RUN_DIR", dir, 1);
	for (int i = 0; i < 4; i++)
		if (fds[i] >= 0 && dup2(fds[i], i) < 0)
			_exit(126);
	close_range(fds[READY_FD] < 0 ? READY_FD : READY_FD + 1, ~0u, 0);
	lr_child_program(argv[0], program);
	execvp(program, (char *const *)argv);
	dprintf(2, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

/* A process with these as its descriptors 0 to 3 (3: -1 for none). All are above 9. */
static pid_t launch(const struct lr_lab *lab, unsigned host, const char *const *argv,
	const int fds[4], struct lr_err *err)
{
	pid_t pid = fork();

	if (pid == 0)
		become(lab, host, argv, fds);
	if (pid < 0)
		lr_err_set(err, LR_EXIT_FAILED, "fork: %s", strerror(errno));
	return pid;
}

/* A descriptor out of the way of those that a program gets. */
static int high(int fd)
{
	int r = fcntl(fd, F_DUPFD_CLOEXEC, 10);

	close(fd);
	return r;
}

static int pipe_high(int ends[2])
{
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -1;
	ends[0] = high(ends[0]);
	ends[1] = high(ends[1]);
	return 0;
}

static int wait_for(pid_t pid)
{
	int status = 0;
	pid_t ended;

	do
		ended = waitpid(-1, &status, 0);
	while (ended != pid && (ended > 0 || errno == EINTR));
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* What is in the pipe now; it is closed. */
static void take(int ends[2], char *out, size_t room)
{
	ssize_t n = read(ends[0], out, room - 1);

	out[n > 0 ? n : 0] = '\0';
	close(ends[0]);
	close(ends[1]);
}

int lr_lab_run(struct lr_lab *lab, unsigned host, const char *const *argv, struct lr_lab_said *said,
	struct lr_err *err)
{
	int out[2], trouble[2];
	struct lr_lab_said unsaid;

	said = said ? said : &unsaid;
	if (pipe_high(out) < 0 || pipe_high(trouble) < 0)
		return lr_err_set(err, LR_EXIT_FAILED, "pipe: %s", strerror(errno));
	int null = high(open("/dev/null", O_RDWR | O_CLOEXEC));
	const int fds[4] = {null, out[1], trouble[1], -1};
	uint64_t began = lr_now();
	pid_t pid = launch(lab, host, argv, fds, err);
	said->code = pid > 0 ? wait_for(pid) : -1;
	said->took_ns = lr_now() - began;
	close(null);
	take(out, said->out, sizeof(said->out));
	take(trouble, said->err, sizeof(said->err));
	said->err[strcspn(said->err, "\n")] = '\0';
	if (pid < 0)
		return -1;
	return said->code == 0 ? 0
			       : lr_err_set(err, LR_EXIT_FAILED, "%s: %.200s (%d)", argv[0],
					 said->err, said->code);
}

pid_t lr_lab_start(struct lr_lab *lab, unsigned host, const char *const *argv, struct lr_err *err)
{
	int ready[2];
	char word;

	if (pipe_high(ready) < 0)
		return lr_err_set(err, LR_EXIT_FAILED, "pipe: %s", strerror(errno));
	int null = high(open("/dev/null", O_RDWR | O_CLOEXEC));
	const int fds[4] = {null, null, null, ready[1]};
	pid_t pid = launch(lab, host, argv, fds, err);
	close(null);
	close(ready[1]);
	struct pollfd p = {.fd = ready[0], .events = POLLIN};
	bool works = pid > 0 && poll(&p, 1, READY_MS) == 1 && read(ready[0], &word, 1) == 1;
	close(ready[0]);
	if (works || pid < 0)
		return pid;
	kill(pid, SIGKILL);
	wait_for(pid);
	return lr_err_set(err, LR_EXIT_FAILED, "%s does not start", argv[0]);
}
