/*
 * state.c - what a start reads and a change writes
 *
 * state_load is the address log from text to a table, of so many lines, told by the line.
 * state_write replaces a file so that no power cut loses it: two syncs, most of it the disk's.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/state.h"
#include "lib/bench/families.h"
#include "lib/ipam/ipam.h"
#include "lib/ipam/record.h"

struct log {
	char *text;
	size_t len;
};

static void *setup_log(unsigned lines)
{
	struct log *l = calloc(1, sizeof(*l));

	l->text = malloc((size_t)lines * LR_RECORD_MAX);
	for (unsigned i = 0; i < lines; i++) {
		struct lr_record record = {.op = LR_REC_ALLOC, .address = lr_ip4(0x0a420001u + i)};
		snprintf(record.peer, sizeof(record.peer), "member-%u", i);
		l->len += lr_record_format(&record, l->text + l->len);
	}
	return l;
}

static void teardown_log(void *state)
{
	struct log *l = state;

	free(l->text);
	free(l);
}

static void run_load(void *state, uint64_t times)
{
	const struct log *l = state;
	const char *end = l->text + l->len;
	struct lr_prefix pool;

	lr_ipam_pool_parse("10.66.0.0/16", &pool, NULL);
	for (uint64_t i = 0; i < times; i++) {
		struct lr_ipam *table = lr_ipam_new(&pool, NULL);
		size_t line = 1;
		for (const char *at = l->text; at < end; line++) {
			const char *stop = memchr(at, '\n', (size_t)(end - at));
			struct lr_record record;
			lr_bench_sink +=
				(uintptr_t)lr_record_parse(at, (size_t)(stop - at), &record, NULL);
			lr_bench_sink += (uintptr_t)lr_ipam_apply(table, &record, line);
			at = stop + 1;
		}
		lr_ipam_free(table);
	}
}

struct file {
	char dir[64], path[PATH_MAX], bytes[4096];
};

static void teardown_file(void *state)
{
	struct file *f = state;

	unlink(f->path);
	rmdir(f->dir);
	free(f);
}

static void *setup_file(unsigned size)
{
	struct file *f = calloc(1, sizeof(*f));

	(void)size;
	memset(f->bytes, 'x', sizeof(f->bytes));
	snprintf(f->dir, sizeof(f->dir), "/var/tmp/lr-bench.XXXXXX");
	if (!mkdtemp(f->dir)) {
		free(f);
		return NULL;
	}
	snprintf(f->path, sizeof(f->path), "%s/state", f->dir);
	if (lr_replace_file(f->path, f->bytes, sizeof(f->bytes), 0600, NULL) < 0) {
		teardown_file(f);
		return NULL;
	}
	return f;
}

static void run_write(void *state, uint64_t times)
{
	struct file *f = state;

	for (uint64_t i = 0; i < times; i++)
		lr_bench_sink +=
			(uintptr_t)lr_replace_file(f->path, f->bytes, sizeof(f->bytes), 0600, NULL);
}

static void run_read(void *state, uint64_t times)
{
	const struct file *f = state;
	size_t len;

	for (uint64_t i = 0; i < times; i++) {
		char *text = lr_read_file(f->path, 1 << 20, &len, NULL);
		lr_bench_sink += len;
		free(text);
	}
}

#define LOAD(n)                                                                                    \
	{                                                                                          \
		"state_load_" #n, "state", SCALING, "ns", n, "state_load", 0, setup_log, run_load, \
			NULL, teardown_log, n                                                      \
	}

const struct lr_bench lr_bench_state[] = {
	LOAD(10),
	LOAD(1000),
	LOAD(60000),
	{"state_read", "state", PERFORMANCE, "ns", 0, NULL, 5, setup_file, run_read, NULL,
		teardown_file},
	{"state_write", "state", PERFORMANCE | BOTTLENECK, "ns", 0, NULL, 25, setup_file, run_write,
		NULL, teardown_file},
	{0},
};
