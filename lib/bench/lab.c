/*
 * lab.c - a laboratory of network namespaces that belongs to one process; see lab.h
 */
#include "lib/bench/lab.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/bench/lab_inside.h"

#define ANSWER_MAX (16u << 20)

/* --- the child and its namespaces --- */

static bool put_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return done;
}

/* Files that nobody else sees, and of the network nothing but what is made here. */
static int furnish(struct lr_err *err)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("tmpfs", "/run", "tmpfs", 0, "mode=755") < 0 ||
		mount("proc", "/proc", "proc", 0, NULL) < 0)
		return lr_err_set(
			err, LR_EXIT_RIGHTS, "mount inside the laboratory: %s", strerror(errno));
	if (mkdir(LR_LAB_DIR, 0755) < 0 || !put_text("/proc/sys/net/ipv4/ip_forward", "1"))
		return lr_err_set(err, LR_EXIT_FAILED, "the laboratory: %s", strerror(errno));
	return 0;
}

static bool write_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(fd, text, len);
		if (n <= 0)
			return false;
		text += n;
		len -= (size_t)n;
	}
	return true;
}

/* The first process inside. Its exit code, and what it writes: the object, or the error's text. */
static void inside(lr_lab_work *work, void *ctx, int answer)
{
	struct pollfd reader = {.fd = answer};
	struct lr_err err = {0};
	struct lr_lab *lab = calloc(1, sizeof(*lab));
	json_t *result = NULL;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!lab || poll(&reader, 1, 0) != 0) /* who started us has gone meanwhile */
		_exit(LR_EXIT_FAILED);
	if (furnish(&err) == 0)
		result = work(lab, ctx, &err);
	char *text = result ? lr_json_text(result) : NULL;
	const char *say = text ? text : err.text;
	_exit(!write_all(answer, say, strlen(say)) ? LR_EXIT_FAILED
		: text                             ? LR_EXIT_OK
		: err.exit                         ? (int)err.exit
						   : LR_EXIT_FAILED);
}

/* Reads to the end of `fd`, at most until `until`. What was read, malloc'd; NULL: late, too long.
 */
static char *read_until(int fd, uint64_t until, size_t *len)
{
	char *text = malloc(ANSWER_MAX);
	struct pollfd p = {.fd = fd, .events = POLLIN};
	ssize_t n = text ? 1 : -1;

	for (*len = 0; n > 0 && *len<ANSWER_MAX; *len += n> 0 ? (size_t)n : 0) {
		uint64_t now = lr_now();
		int left = now < until ? (int)((until - now) / LR_NS_PER_MS) + 1 : 0;
		n = poll(&p, 1, left) > 0 ? read(fd, text + *len, ANSWER_MAX - *len) : -1;
		if (n < 0 && errno == EINTR && left)
			n = 1, *len -= 1; /* neither data nor the end */
	}
	if (n == 0)
		return text;
	free(text);
	return NULL;
}

json_t *lr_lab_inside(lr_lab_work *work, void *ctx, unsigned limit_s, struct lr_err *err)
{
	uint64_t until = lr_now() + limit_s * LR_NS_PER_S;
	int answer[2], status = -1;
	json_t *result = NULL;
	size_t len;

	if (geteuid() != 0)
		return lr_err_set(err, LR_EXIT_RIGHTS,
			       "a laboratory of namespaces needs root: sudo lr-perf live"),
		       NULL;
	if (pipe2(answer, O_CLOEXEC) < 0)
		return lr_err_set(err, LR_EXIT_FAILED, "pipe: %s", strerror(errno)), NULL;
	long pid = syscall(SYS_clone, CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | SIGCHLD, NULL,
		NULL, NULL, 0);
	if (pid == 0) {
		close(answer[0]);
		inside(work, ctx, answer[1]);
	}
	int why = errno;
	close(answer[1]);
	if (pid < 0) {
		close(answer[0]);
		return lr_err_set(err, LR_EXIT_RIGHTS, "no namespaces: %s", strerror(why)), NULL;
	}
	char *text = read_until(answer[0], until, &len);
	if (!text)
		kill((pid_t)pid, SIGKILL);
	while (waitpid((pid_t)pid, &status, 0) < 0 && errno == EINTR) {
	}
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : LR_EXIT_FAILED;
	if (!text)
		lr_err_set(err, LR_EXIT_FAILED, "not done in %u s: is the machine busy?", limit_s);
	else if (code != LR_EXIT_OK || len == 0)
		lr_err_set(err, code ? (enum lr_exit)code : LR_EXIT_FAILED, "%.*s",
			len ? (int)len : 25, len ? text : "the laboratory came to an end");
	else
		result = lr_json_parse(text, len, err);
	free(text);
	close(answer[0]);
	return result;
}

/* --- hosts --- */

static void line_address(unsigned host, unsigned end, char out[LR_LAB_ADDRESS])
{
	snprintf(
		out, LR_LAB_ADDRESS, "10.%u.%u.%u", (90 + host / 256) % 256, host % 256, end % 256);
}

void lr_lab_address(unsigned host, char out[LR_LAB_ADDRESS])
{
	line_address(host, 2, out);
}

void lr_lab_router_lines(FILE *out, unsigned from, unsigned to)
{
	char a[LR_LAB_ADDRESS];

	for (unsigned i = from; i < to; i++) {
		line_address(i, 1, a);
		fprintf(out, "netns add h%u\n", i);
		fprintf(out, "link add v%u type veth peer name eth0 netns h%u\n", i, i);
		fprintf(out, "addr add %s/30 dev v%u\nlink set v%u up\n", a, i, i);
	}
}

void lr_lab_host_lines(FILE *out, unsigned host)
{
	char a[LR_LAB_ADDRESS], router[LR_LAB_ADDRESS];

	line_address(host, 2, a);
	line_address(host, 1, router);
	fprintf(out, "link set lo up\naddr add %s/30 dev eth0\nlink set eth0 up\n", a);
	fprintf(out, "route add default via %s\n", router);
}

/* ip(8) -batch with the lines of one of the two, in the router (LR_LAB_ROUTER) or on a host. */
static int batch(struct lr_lab *lab, unsigned where, unsigned from, unsigned to, struct lr_err *err)
{
	const char *const argv[] = {"ip", "-batch", LR_LAB_DIR "/batch", NULL};
	FILE *out = fopen(LR_LAB_DIR "/batch", "we");

	if (!out)
		return lr_err_set(err, LR_EXIT_FAILED, "the laboratory: %s", strerror(errno));
	if (where == LR_LAB_ROUTER)
		lr_lab_router_lines(out, from, to);
	else
		lr_lab_host_lines(out, from);
	if (fclose(out) != 0)
		return lr_err_set(err, LR_EXIT_FAILED, "the laboratory: %s", strerror(errno));
	return lr_lab_run(lab, where, argv, NULL, err);
}

static int open_host(struct lr_lab *lab, unsigned host, struct lr_err *err)
{
	char path[64];

	snprintf(path, sizeof(path), "/run/netns/h%u", host);
	lab->net[host] = open(path, O_RDONLY | O_CLOEXEC);
	if (lab->net[host] < 0)
		return lr_err_set(err, LR_EXIT_FAILED, "%s: %s", path, strerror(errno));
	lab->n = host + 1;
	for (int i = 0; i < 3; i++) {
		static const char *const parts[] = {"", "/state", "/run"};
		snprintf(path, sizeof(path), LR_LAB_DIR "/h%u%s", host, parts[i]);
		if (mkdir(path, 0700) < 0)
			return lr_err_set(err, LR_EXIT_FAILED, "%s: %s", path, strerror(errno));
	}
	return batch(lab, host, host, host + 1, err);
}

int lr_lab_hosts(struct lr_lab *lab, unsigned n, struct lr_err *err)
{
	unsigned from = lab->n;

	if (n <= from)
		return 0;
	if (n > LR_LAB_HOSTS)
		return lr_err_set(err, LR_EXIT_FAILED, "at most %d hosts", LR_LAB_HOSTS);
	if (batch(lab, LR_LAB_ROUTER, from, n, err) < 0)
		return -1;
	for (unsigned i = from; i < n; i++)
		if (open_host(lab, i, err) < 0)
			return -1;
	return 0;
}

int lr_lab_socket(const struct lr_lab *lab, unsigned host, int family, int type, int protocol)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), fd = -1;

	if (home >= 0 && setns(lab->net[host], CLONE_NEWNET) == 0)
		fd = socket(family, type | SOCK_CLOEXEC, protocol);
	int r = fd < 0 ? -errno : fd;
	if (home >= 0 && setns(home, CLONE_NEWNET) < 0)
		_exit(LR_EXIT_FAILED); /* lost among the hosts: nothing below would be true */
	if (home >= 0)
		close(home);
	return r;
}

int lr_lab_block(struct lr_lab *lab, unsigned a, unsigned b, bool lose, struct lr_err *err)
{
	char from[LR_LAB_ADDRESS], to[LR_LAB_ADDRESS];

	lr_lab_address(a, from);
	lr_lab_address(b, to);
	const char *const there[] = {"ip", "rule", lose ? "add" : "del", "from", from, "to", to,
		"pref", "10", "blackhole", NULL};
	const char *const back[] = {"ip", "rule", lose ? "add" : "del", "from", to, "to", from,
		"pref", "10", "blackhole", NULL};
	return lr_lab_run(lab, LR_LAB_ROUTER, there, NULL, err) < 0 ||
			       lr_lab_run(lab, LR_LAB_ROUTER, back, NULL, err) < 0
		       ? -1
		       : 0;
}
