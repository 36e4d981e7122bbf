/*
 * kill_writers.c - two lr-ipam at once, each ended by SIGKILL at a random moment, many times
 *
 * Usage: kill_writers PROGRAM ROUNDS SEED. Prints every lease that PROGRAM acknowledged, "NAME
 * ADDRESS", and on stderr how many rounds were cut off. What must hold is for the test to say.
 *
 * Moments are spread evenly over the time that an undisturbed pair takes, which is measured
 * again every MEASURE rounds because the log grows. A line counts as acknowledged when its newline
 * was read.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/clock.h"

#define MEASURE   25
#define NAMES_MAX 24
#define SHARED    400 /* names that both writers ask for again and again */

struct writer {
	pid_t pid;
	int out;
};

static uint64_t state;

static unsigned below(unsigned bound)
{
	state ^= state << 13, state ^= state >> 7, state ^= state << 17;
	return (unsigned)((state >> 20) % bound);
}

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void start(struct writer *w, char *program, unsigned round, unsigned which)
{
	static char names[NAMES_MAX][32];
	static char verb[] = "alloc";
	char *argv[NAMES_MAX + 3] = {program, verb};
	unsigned n = 1 + below(NAMES_MAX);
	int ends[2];

	for (unsigned i = 0; i < n; i++) {
		if (below(4) == 0)
			snprintf(names[i], sizeof(names[i]), "shared-%u", below(SHARED));
		else
			snprintf(names[i], sizeof(names[i]), "w%u-%u-%u", which, round, i);
		argv[i + 2] = names[i];
	}
	argv[n + 2] = NULL;
	if (pipe(ends) < 0 || (w->pid = fork()) < 0)
		fail("kill_writers");
	if (w->pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		execvp(program, argv);
		_exit(127);
	}
	close(ends[1]);
	w->out = ends[0];
}

/* Takes what it printed; whole lines only. */
static unsigned reap(struct writer *w, int *status)
{
	char text[65536], name[64], address[64];
	size_t len = 0;
	ssize_t n;
	unsigned lines = 0;

	while ((n = read(w->out, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	close(w->out);
	if (waitpid(w->pid, status, 0) < 0)
		fail("waitpid");
	for (char *at = text, *nl; (nl = strchr(at, '\n')); at = nl + 1) {
		*nl = '\0';
		if (sscanf(at, "%63s %63s", name, address) == 2 && ++lines)
			printf("%s %s\n", name, address);
	}
	return lines;
}

static void wait_until(uint64_t when_ns)
{
	struct timespec ts = {(time_t)(when_ns / LR_NS_PER_S), (long)(when_ns % LR_NS_PER_S)};

	while (clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
}

/* One round; `span_ns` 0: undisturbed. Returns how long it took. */
static uint64_t run_round(
	char *program, unsigned round, uint64_t span_ns, unsigned *cut, unsigned *mute)
{
	struct writer w[2];
	uint64_t began = lr_now();
	unsigned first = below(2);
	int status;

	for (unsigned i = 0; i < 2; i++)
		start(&w[i], program, round, i);
	if (span_ns) {
		uint64_t a = began + span_ns * below(1000) / 1000;
		uint64_t b = began + span_ns * below(1000) / 1000;
		wait_until(a < b ? a : b);
		kill(w[first].pid, SIGKILL);
		wait_until(a < b ? b : a);
		kill(w[!first].pid, SIGKILL);
	}
	for (unsigned i = 0; i < 2; i++) {
		unsigned lines = reap(&w[i], &status);
		*cut += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
		*mute += WIFSIGNALED(status) && !lines;
		if (WIFEXITED(status) && WEXITSTATUS(status) != 0) {
			fprintf(stderr, "%s: exit %d in round %u\n", program, WEXITSTATUS(status),
				round);
			exit(1);
		}
	}
	return lr_now() - began;
}

int main(int argc, char **argv)
{
	unsigned cut = 0, mute = 0;
	uint64_t span_ns = 0;

	if (argc != 4) {
		fprintf(stderr, "usage: kill_writers PROGRAM ROUNDS SEED\n");
		return 2;
	}
	unsigned rounds = (unsigned)strtoul(argv[2], NULL, 10);
	state = strtoull(argv[3], NULL, 10) * 2654435761u + 1;
	for (unsigned i = 0; i < rounds; i++) {
		if (i % MEASURE == 0)
			span_ns = run_round(argv[1], rounds + i, 0, &cut, &mute) * 5 / 4;
		run_round(argv[1], i, span_ns, &cut, &mute);
	}
	fprintf(stderr,
		"%u rounds, %u of %u writers killed, %u of them before they said anything\n",
		rounds, cut, 2 * rounds, mute);
	return fflush(stdout) != 0;
}
