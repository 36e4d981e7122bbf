/*
 * child.c - see child.h; capabilities(7), prctl(2)
 */
#include "lib/io/child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FDS_MAX = 8 };

void lr_child_program(const char *name, char out[PATH_MAX])
{
	ssize_t len = readlink("/proc/self/exe", out, PATH_MAX - 1);
	size_t chars = strlen(name) + 1;

	out[len > 0 ? len : 0] = '\0';
	char *slash = strrchr(out, '/');
	if (slash && (size_t)(slash + 1 - out) + chars <= PATH_MAX) {
		memcpy(slash + 1, name, chars);
		if (access(out, X_OK) == 0)
			return;
	}
	memcpy(out, name, chars);
}

static void lower_rights(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{0}};

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (geteuid() != 0)
		return;
	prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED);
	data[0].effective = data[0].permitted = data[0].inheritable = 1u << CAP_DAC_OVERRIDE;
	syscall(SYS_capset, &head, data);
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0);
}

/* Puts fds[i] at i: first out of each other's way. False when one cannot be had. */
static bool arrange(const int *fds, int n)
{
	int high[FDS_MAX];

	for (int i = 0; i < n; i++) {
		int from = fds[i] >= 0 ? fds[i] : open("/dev/null", O_RDWR | O_CLOEXEC);
		high[i] = fcntl(from, F_DUPFD, FDS_MAX);
		if (high[i] < 0)
			return false;
	}
	for (int i = 0; i < n; i++)
		if (dup2(high[i], i) < 0)
			return false;
	close_range((unsigned)n, ~0u, 0);
	return true;
}

static void become(
	const char *program, const char *const *argv, const int *fds, int n, pid_t parent)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent || !arrange(fds, n))
		_exit(1);
	lower_rights();
	execvp(program, (char *const *)argv);
	dprintf(2, "%s: %s\n", argv[0],
		errno == ENOENT ? "is neither beside this program nor in PATH" : strerror(errno));
	_exit(1);
}

pid_t lr_child_start(const char *program, const char *const *argv, const int *fds, int n)
{
	pid_t parent = getpid(), pid = n <= FDS_MAX ? fork() : -1;

	if (pid == 0)
		become(program, argv, fds, n, parent);
	return pid > 0 ? pid : n > FDS_MAX ? -EINVAL : -errno;
}

int lr_child_end(pid_t pid, int closes, int end_ms)
{
	struct pollfd end = {.fd = closes};
	int status = 0;

	if (end_ms)
		kill(pid, SIGTERM);
	if (!end_ms || closes < 0 || poll(&end, 1, end_ms) <= 0)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
	}
	return status;
}
