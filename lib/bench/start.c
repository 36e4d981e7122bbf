/*
 * start.c - each program's start: exec to main, dynamic linking apart, main to its first answer
 *
 * The program is traced (ptrace) as far as its entry point, where a breakpoint says that the
 * dynamic linker is done and the C library about to call main:
 *
 *   exec            the kernel has made the new image: the stop behind execve
 *   link            the entry point: libraries are mapped, relocated, and have set themselves up
 *   run             it has ended, having answered --version; lr-relay: until it says it listens
 *
 * start_NAME_load is exec and link together (the guide's "slow imports"), the quickest of
 * several starts. Where tracing is forbidden, or the processor is another, nothing is measured.
 */
#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/bench/families.h"
#include "lib/io/child.h"

#define STARTS 12

struct start {
	double load, link, run; /* ns */
};

static uint64_t clock_now(void)
{
	return lr_clock_ns(CLOCK_MONOTONIC);
}

/* The child: where it began, then the program with nothing to read and nowhere to write. */
static void become(const char *path, const char *name, uint64_t *began)
{
	int null = open("/dev/null", O_RDWR);

	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0) {
		*began = clock_now();
		execl(path, name, "--version", (char *)NULL);
	}
	_exit(127);
}

/* The program's entry point, as the kernel told it; 0: not known. */
static unsigned long entry_of(pid_t pid)
{
	char path[40];
	unsigned long pair[2], entry = 0;

	snprintf(path, sizeof(path), "/proc/%d/auxv", (int)pid);
	FILE *in = fopen(path, "re");
	while (in && fread(pair, sizeof(pair), 1, in) == 1)
		if (pair[0] == AT_ENTRY)
			entry = pair[1];
	if (in)
		fclose(in);
	return entry;
}

static bool stopped(pid_t pid)
{
	int status;
	return waitpid(pid, &status, 0) == pid && WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP;
}

/* Runs as far as `entry`; ns that it took, NAN when it did not come there. */
static double run_to(pid_t pid, unsigned long entry)
{
#if defined(__x86_64__)
	struct user_regs_struct regs;
	long word = ptrace(PTRACE_PEEKTEXT, pid, entry, NULL);

	if (ptrace(PTRACE_POKETEXT, pid, entry, (word & ~0xffl) | 0xcc) != 0)
		return NAN;
	uint64_t from = clock_now();
	if (ptrace(PTRACE_CONT, pid, NULL, NULL) != 0 || !stopped(pid))
		return NAN;
	double ns = (double)(clock_now() - from);
	if (ptrace(PTRACE_GETREGS, pid, NULL, &regs) != 0)
		return NAN;
	regs.rip = entry;
	ptrace(PTRACE_POKETEXT, pid, entry, word);
	ptrace(PTRACE_SETREGS, pid, NULL, &regs);
	return ns;
#else
	(void)pid, (void)entry;
	return NAN;
#endif
}

/* One start. False: it could not be followed. */
static bool start_once(const char *path, const char *name, uint64_t *began, struct start *out)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0)
		become(path, name, began);
	if (pid < 0 || !stopped(pid)) {
		return false; /* it has ended by itself: no such program, or no tracing here */
	}
	double exec = (double)(clock_now() - *began);
	out->link = run_to(pid, entry_of(pid));
	out->load = exec + out->link;
	if (isnan(out->link)) {
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		return false;
	}
	uint64_t from = clock_now();
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
	waitpid(pid, &status, 0);
	out->run = (double)(clock_now() - from);
	return status == 0;
}

/* The quickest of several, by part; NAN in all when it cannot be told. */
static struct start start_of(const char *name)
{
	char path[PATH_MAX];
	struct start best = {INFINITY, INFINITY, INFINITY}, one;
	uint64_t *began = mmap(
		NULL, sizeof(*began), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	lr_child_program(name, path);
	for (int i = 0; began != MAP_FAILED && i < STARTS; i++) {
		if (!start_once(path, name, began, &one)) {
			best = (struct start){NAN, NAN, NAN};
			break;
		}
		best.load = fmin(best.load, one.load);
		best.link = fmin(best.link, one.link);
		best.run = fmin(best.run, one.run);
	}
	if (began != MAP_FAILED)
		munmap(began, sizeof(*began));
	return best;
}

/* "start_lr_peer_link" is about lr-peer. All parts come from the same starts. */
static double value_start(struct lr_bench_process *p, const struct lr_bench *b)
{
	static char held[32];
	static struct start start;
	char name[32];
	const char *part = strrchr(b->name, '_');
	int len = (int)(part - b->name) - (int)strlen("start_");

	(void)p;
	snprintf(name, sizeof(name), "%.*s", len, b->name + strlen("start_"));
	name[2] = '-';
	if (strcmp(name, held) != 0) {
		start = start_of(name);
		memcpy(held, name, sizeof(held));
	}
	return strcmp(part, "_load") == 0   ? start.load
	       : strcmp(part, "_link") == 0 ? start.link
					    : start.run;
}

/* lr-relay from fork until it says that it listens; it serves nobody and ends at once. */
static double value_ready(struct lr_bench_process *p, const struct lr_bench *b)
{
	char path[PATH_MAX], dir[] = "/var/tmp/lr-bench.XXXXXX", byte;
	int ready[2] = {-1, -1};
	double ns = NAN;

	(void)p, (void)b;
	lr_child_program("lr-relay", path);
	if (!mkdtemp(dir) || pipe2(ready, O_CLOEXEC) < 0)
		return NAN;
	uint64_t from = clock_now();
	pid_t pid = fork();
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);
		dup2(null, 1);
		dup2(null, 2);
		dup2(ready[1], 3);
		execl(path, "lr-relay", "--listen", "127.0.0.1:0", "--ready-fd", "3", "--state",
			dir, "--guest-ports", "none", (char *)NULL);
		_exit(127);
	}
	close(ready[1]);
	if (pid > 0 && read(ready[0], &byte, 1) == 1)
		ns = (double)(clock_now() - from);
	close(ready[0]);
	if (pid > 0) {
		kill(pid, SIGTERM);
		waitpid(pid, NULL, 0);
	}
	lr_bench_remove(dir);
	return ns;
}

#define KIND "start", PERFORMANCE | BOTTLENECK, "ns", 0, NULL, 10, NULL, NULL
#define PROGRAM(name)                                                                              \
	{"start_" name "_load", KIND, value_start}, {"start_" name "_link", KIND, value_start},    \
	{                                                                                          \
		"start_" name "_run", KIND, value_start                                            \
	}

const struct lr_bench lr_bench_start[] = {
	PROGRAM("lr_up"),
	PROGRAM("lr_peer"),
	PROGRAM("lr_ipam"),
	PROGRAM("lr_relay"),
	PROGRAM("lr_perf"),
	PROGRAM("lr_meet"),
	PROGRAM("lr_notify"),
	PROGRAM("lr_game"),
	{"start_lr_relay_ready", KIND, value_ready},
	{0},
};
