/*
 * leases.c - addresses that are held: their bytes, and ten processes that take them from one pool
 * on disk at the same time
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/bench/families.h"
#include "lib/ipam/ipam.h"
#include "lib/ipam/store.h"

#define PROCESSES 10
#define EACH      10
#define LEASES    60000

/* What one of them does. The exit code. */
static int take(const char *dir, unsigned who)
{
	struct lr_prefix pool;
	struct lr_store *s = NULL;
	char name[32];
	int code = 0;

	if (lr_ipam_pool_parse("10.66.0.0/16", &pool, NULL) == 0)
		s = lr_store_new(dir, &pool, NULL, NULL);
	for (unsigned i = 0; s && code == 0 && i < EACH; i++) {
		const struct lr_want want = {.peer = name};
		snprintf(name, sizeof(name), "process-%u-%u", who, i);
		code = lr_store_begin(s, NULL) < 0 || !lr_store_alloc(s, &want, NULL) ||
		       lr_store_commit(s, NULL) < 0;
	}
	lr_store_free(s);
	return s ? code : 1;
}

double lr_bench_leases(struct lr_bench_process *p, const struct lr_bench *b)
{
	char dir[] = "/var/tmp/lr-bench.XXXXXX";
	bool good = mkdtemp(dir) != NULL;
	uint64_t from = lr_clock_ns(CLOCK_MONOTONIC);

	(void)p, (void)b;
	if (!good)
		return NAN;
	for (unsigned i = 0; i < PROCESSES; i++) {
		pid_t pid = fork();
		if (pid == 0)
			_exit(take(dir, i));
		good = good && pid > 0;
	}
	for (int status; wait(&status) > 0;)
		good = good && status == 0;
	uint64_t ns = lr_clock_ns(CLOCK_MONOTONIC) - from;
	lr_bench_remove(dir);
	return good ? (double)ns / (PROCESSES * EACH) : NAN;
}

double lr_bench_lease_bytes(struct lr_bench_process *p, const struct lr_bench *b)
{
	struct lr_prefix pool;
	bool fresh, good = lr_ipam_pool_parse("10.66.0.0/16", &pool, NULL) == 0;
	double before = lr_bench_heap();
	struct lr_ipam *t = good ? lr_ipam_new(&pool, NULL) : NULL;
	char name[32];

	(void)p, (void)b;
	for (unsigned i = 0; t && i < LEASES; i++) {
		snprintf(name, sizeof(name), "member-%u", i);
		lr_ipam_alloc(t, name, &fresh);
	}
	double after = lr_bench_heap();
	good = t && lr_ipam_count(t) == LEASES;
	lr_ipam_free(t);
	return good ? (after - before) / LEASES : NAN;
}
