/*
 * elapsed.c - how long programs take, one after the other, from the first exec to the last exit
 *
 *   elapsed [--repeat N] [--after CMD] -- PROGRAM [ARG]... [, PROGRAM [ARG]...]...
 *
 * No shell is between the clock and the programs. With --repeat, CMD runs (by /bin/sh) after
 * each round, unmeasured. Output of the programs goes to stderr. One JSON object: the
 * microseconds of each round and their median. Exit 1 as soon as a program does not exit with 0.
 */
#include <getopt.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/perf/stats.h"

#define ROUNDS 1000

extern char **environ;

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Runs one program to its end. Its standard output joins standard error. */
static bool run(char **argv)
{
	posix_spawn_file_actions_t io;
	pid_t pid;
	int status, failed;
	posix_spawn_file_actions_init(&io);
	posix_spawn_file_actions_adddup2(&io, 2, 1);
	failed = posix_spawnp(&pid, *argv, &io, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&io);
	if (failed) {
		fprintf(stderr, "elapsed: %s: %s\n", *argv, strerror(failed));
		return false;
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status)) {
		fprintf(stderr, "elapsed: %s: did not exit with 0\n", *argv);
		return false;
	}
	return true;
}

/* `argv` has a NULL where each "," stood, and one more behind the last. */
static bool round_of(char **argv, int argc, double *us)
{
	uint64_t start = now_ns();
	for (int i = 0; i < argc; i++)
		if (argv[i] && (!i || !argv[i - 1]) && !run(argv + i))
			return false;
	*us = (double)(now_ns() - start) / 1e3;
	return true;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{"repeat", 1, NULL, 'r'}, {"after", 1, NULL, 'a'}, {NULL}};
	static double us[ROUNDS];
	const char *after = NULL;
	int name, repeat = 1;
	while ((name = getopt_long(argc, argv, "+", longs, NULL)) != -1)
		if (name == 'r')
			repeat = atoi(optarg);
		else if (name == 'a')
			after = optarg;
		else
			repeat = 0;
	argv += optind;
	argc -= optind;
	if (argc < 1 || repeat < 1 || repeat > ROUNDS) {
		fputs("usage: elapsed [--repeat N] [--after CMD] -- PROGRAM [ARG]... "
		      "[, PROGRAM [ARG]...]...\n",
			stderr);
		return 2;
	}
	for (int i = 0; i < argc; i++)
		if (!strcmp(argv[i], ","))
			argv[i] = NULL;
	for (int i = 0; i < repeat; i++)
		if (!round_of(argv, argc, &us[i]) || (after && system(after)))
			return 1;
	printf("{\"median_us\": %.1f, \"us\": [", lr_stats_median(us, (size_t)repeat));
	for (int i = 0; i < repeat; i++)
		printf("%s%.1f", i ? ", " : "", us[i]);
	printf("]}\n");
	return 0;
}
