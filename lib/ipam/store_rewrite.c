/*
 * store_rewrite.c - writing a log anew: compaction and repair
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/state.h"
#include "lib/ipam/store_inside.h"

#define COPIES_MAX 1000 /* of broken logs; a repair that is needed more often has another cause */

struct text {
	char *at;
	size_t len, room, lines;
};

static int put_record(void *ctx, const struct lr_record *r)
{
	struct text *t = ctx;

	if (t->room - t->len < LR_RECORD_MAX) {
		size_t room = t->room * 2 + 64 * LR_RECORD_MAX;
		char *wide = realloc(t->at, room);
		if (!wide)
			return -ENOMEM;
		t->at = wide;
		t->room = room;
	}
	t->len += lr_record_format(r, t->at + t->len);
	t->lines++;
	return 0;
}

int lr_store_rewrite(struct lr_store *s, struct lr_err *err)
{
	struct text t = {0};
	struct stat st = {.st_mode = LR_STORE_MODE};
	int rc = -1;

	if (s->fd >= 0)
		(void)!fstat(s->fd, &st);
	if (lr_ipam_dump(s->table, put_record, &t) < 0) {
		lr_err_set(err, LR_EXIT_FAILED, "out of memory");
		goto out;
	}
	if (lr_replace_file(s->path, t.at ? t.at : "", t.len, st.st_mode & 07777, err) < 0)
		goto out;
	/* The next begin sees another file and reads it, should this open fail. */
	lr_store_close_log(s);
	s->fd = open(s->path, O_RDWR | O_APPEND | O_CLOEXEC);
	s->writable = true;
	s->journal.end = t.len;
	s->journal.lines = t.lines;
	rc = 0;
out:
	free(t.at);
	return rc;
}

/* The log as it is, under the first name of FILE.bad, FILE.bad.2 ... that is free. */
static int keep_copy(const struct lr_store *s, char *copy, struct lr_err *err)
{
	size_t len;
	int rc = 1;
	char *bytes = lr_read_file(s->path, SIZE_MAX / 4, &len, err);

	if (!bytes)
		return -1;
	for (int i = 1; rc == 1 && i <= COPIES_MAX; i++) {
		char number[16] = "";
		if (i > 1)
			snprintf(number, sizeof(number), ".%d", i);
		if (snprintf(copy, PATH_MAX, "%s.bad%s", s->path, number) >= PATH_MAX)
			break;
		rc = lr_create_file(copy, bytes, len, LR_STORE_MODE, err);
	}
	free(bytes);
	if (rc == 1)
		lr_err_set(err, LR_EXIT_FAILED, "%.300s.bad: there are too many copies", s->path);
	return rc ? -1 : 0;
}

int lr_store_repair(struct lr_store *s, void (*found)(void *ctx, const struct lr_finding *f),
	void *ctx, char *copy, struct lr_err *err)
{
	int rc = -1;

	*copy = '\0';
	if (lr_store_lock(s, err) < 0)
		return -1;
	lr_store_close_log(s);
	s->fd = open(s->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (s->fd < 0 && errno != ENOENT) {
		lr_store_fail(err, s->path);
		goto out;
	}
	rc = lr_store_load(s, found, ctx, err);
	if (rc == 0 && s->journal.flaws) {
		rc = keep_copy(s, copy, err);
		if (rc == 0)
			rc = lr_store_rewrite(s, err);
	}
out:
	s->stale = true;
	lr_store_unlock(s);
	return rc;
}
