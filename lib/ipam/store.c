/*
 * store.c - a pool on disk: reading, locking, appending
 */
#include "lib/ipam/store.h"

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

#define READ_STEP     (128u << 10)
#define LINE_TYPICAL  64 /* bytes; only a guess at how many leases a log has */
#define DIR_MODE      0755
#define COMPACT_LINES 1000

int lr_store_fail(struct lr_err *err, const char *path)
{
	bool rights = errno == EACCES || errno == EPERM || errno == EROFS;

	return lr_err_set(
		err, rights ? LR_EXIT_RIGHTS : LR_EXIT_FAILED, "%.300s: %s", path, strerror(errno));
}

/* --- life --- */

struct lr_store *lr_store_new(const char *state_dir, const struct lr_prefix *pool,
	const struct lr_prefix *ula, struct lr_err *err)
{
	char name[LR_ADDR_TEXT];
	struct lr_store *s = calloc(1, sizeof(*s));

	if (!s) {
		lr_err_set(err, LR_EXIT_FAILED, "out of memory");
		return NULL;
	}
	lr_prefix_text(pool, name);
	*strchr(name, '/') = '_';
	s->fd = s->lock = -1;
	s->pool = *pool;
	s->has_ula = ula != NULL;
	if (ula)
		s->ula = *ula;
	if ((size_t)snprintf(s->path, sizeof(s->path), "%s/ipam/%s.jsonl", state_dir, name) <
		sizeof(s->path))
		return s;
	errno = ENAMETOOLONG;
	lr_store_fail(err, state_dir);
	free(s);
	return NULL;
}

void lr_store_unlock(struct lr_store *s)
{
	if (s->lock >= 0)
		close(s->lock);
	s->lock = -1;
}

static void drop_table(struct lr_store *s)
{
	lr_journal_release(&s->journal);
	lr_ipam_free(s->table);
	s->table = NULL;
}

void lr_store_close_log(struct lr_store *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

void lr_store_free(struct lr_store *s)
{
	if (!s)
		return;
	drop_table(s);
	lr_store_close_log(s);
	lr_store_unlock(s);
	free(s->pending);
	free(s);
}

const char *lr_store_path(const struct lr_store *s)
{
	return s->path;
}

const struct lr_ipam *lr_store_table(const struct lr_store *s)
{
	return s->table;
}

size_t lr_store_flaws(const struct lr_store *s)
{
	return s->journal.flaws;
}

bool lr_store_torn(const struct lr_store *s)
{
	return s->tail == 2;
}

/* --- reading --- */

/* Feeds what the file has behind what is known already. */
static int read_on(struct lr_store *s, struct lr_err *err)
{
	uint64_t at = s->journal.end;
	char *piece = malloc(READ_STEP);
	ssize_t got = -1;

	errno = ENOMEM;
	while (piece && (got = pread(s->fd, piece, READ_STEP, (off_t)at)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			break;
		lr_journal_feed(&s->journal, piece, (size_t)got);
		at += (uint64_t)got;
	}
	free(piece);
	if (got < 0)
		return lr_store_fail(err, s->path);
	s->tail = lr_journal_finish(&s->journal);
	if (!s->journal.no_memory)
		return 0;
	return lr_err_set(err, LR_EXIT_FAILED, "%.300s: out of memory", s->path);
}

/* A prefix given by the caller: it must be the log's, or the pool must be empty. */
static int settle_ula(struct lr_store *s, struct lr_err *err)
{
	struct lr_record r = {.op = LR_REC_POOL, .pool = s->pool, .ula = s->ula};
	char text[LR_ADDR_TEXT], pool[LR_ADDR_TEXT];

	if (!s->has_ula || lr_ip_equal(&lr_ipam_ula(s->table)->ip, &s->ula.ip))
		return 0;
	if (lr_ipam_apply(s->table, &r, 0) != 0)
		return lr_err_set(err, LR_EXIT_USAGE,
			"--ula: the leases of pool %s have addresses in %s already; only an empty "
			"pool takes another prefix",
			lr_prefix_text(&s->pool, pool),
			lr_prefix_text(lr_ipam_ula(s->table), text));
	return s->lock >= 0 ? lr_store_write_later(s, &r, err) : 0;
}

int lr_store_load(struct lr_store *s, void (*found)(void *ctx, const struct lr_finding *f),
	void *ctx, struct lr_err *err)
{
	struct stat st;

	drop_table(s);
	s->tail = 0;
	s->pending_len = 0;
	s->table = lr_ipam_new(&s->pool, NULL);
	lr_journal_init(&s->journal, s->table);
	s->journal.found = found;
	s->journal.ctx = ctx;
	if (!s->table)
		return lr_err_set(err, LR_EXIT_FAILED, "out of memory");
	if (s->fd < 0)
		return settle_ula(s, err);
	if (fstat(s->fd, &st) < 0)
		return lr_store_fail(err, s->path);
	lr_ipam_expect(s->table, (size_t)st.st_size / LINE_TYPICAL);
	return read_on(s, err) < 0 ? -1 : settle_ula(s, err);
}

static int open_log(struct lr_store *s, int flags, struct lr_err *err)
{
	lr_store_close_log(s);
	s->fd = open(s->path, flags | O_CLOEXEC | O_NOCTTY);
	s->writable = (flags & O_ACCMODE) == O_RDWR;
	return s->fd < 0 && errno != ENOENT ? lr_store_fail(err, s->path) : 0;
}

/* Is what we have open still what the path names, and does it still begin with what we know? */
static bool same_file(const struct lr_store *s)
{
	struct stat ours, named;

	return s->fd >= 0 && s->table && !s->stale && fstat(s->fd, &ours) == 0 &&
	       stat(s->path, &named) == 0 && ours.st_ino == named.st_ino &&
	       ours.st_dev == named.st_dev && (uint64_t)ours.st_size >= s->journal.end;
}

/* Not a byte more or less than what was read without a flaw. */
static bool unchanged(const struct lr_store *s)
{
	struct stat st;

	return same_file(s) && !s->journal.flaws && fstat(s->fd, &st) == 0 &&
	       (uint64_t)st.st_size == s->journal.end;
}

int lr_store_read(struct lr_store *s, void (*found)(void *ctx, const struct lr_finding *f),
	void *ctx, struct lr_err *err)
{
	if (unchanged(s))
		return 0;
	if (open_log(s, O_RDONLY, err) < 0 || lr_store_load(s, NULL, NULL, err) < 0)
		return -1;
	if (!s->journal.flaws)
		return 0;
	/* Perhaps a writer was in the middle of a line. Without the right to lock, the second
	 * look is as good as the first. */
	int lock = lr_lock_file(s->path, NULL);
	int rc = open_log(s, O_RDONLY, err);
	if (rc == 0)
		rc = lr_store_load(s, found, ctx, err);
	if (lock >= 0)
		close(lock);
	return rc;
}

/* --- writing --- */

/* The tail behind the last newline: a whole record gets its newline, a torn one is cut off. */
static int heal(struct lr_store *s, struct lr_err *err)
{
	struct lr_journal *j = &s->journal;

	if (s->tail == 1 && pwrite(s->fd, "\n", 1, (off_t)(j->end + j->pending)) != 1)
		return lr_store_fail(err, s->path);
	if (s->tail == 2 && ftruncate(s->fd, (off_t)j->end) < 0)
		return lr_store_fail(err, s->path);
	if (s->tail == 1)
		j->end += j->pending + 1;
	j->pending = 0;
	j->carry_len = 0;
	j->overlong = false;
	return 0;
}

static int bring_up_to_date(struct lr_store *s, struct lr_err *err)
{
	if (s->writable && same_file(s)) {
		s->tail = 0;
		return read_on(s, err);
	}
	s->stale = false;
	if (open_log(s, O_RDWR | O_APPEND, err) < 0)
		return -1;
	if (s->fd < 0 && (lr_create_file(s->path, "", 0, LR_STORE_MODE, err) < 0 ||
				 open_log(s, O_RDWR | O_APPEND, err) < 0))
		return -1;
	return lr_store_load(s, NULL, NULL, err);
}

int lr_store_lock(struct lr_store *s, struct lr_err *err)
{
	char folder[PATH_MAX];

	memcpy(folder, s->path, sizeof(folder));
	*strrchr(folder, '/') = '\0';
	if (lr_make_dirs(folder, DIR_MODE, err) < 0)
		return -1;
	s->lock = lr_lock_file(s->path, err);
	return s->lock < 0 ? -1 : 0;
}

int lr_store_begin(struct lr_store *s, struct lr_err *err)
{
	if (lr_store_lock(s, err) < 0)
		return -1;
	s->pending_len = 0;
	if (bring_up_to_date(s, err) == 0 && heal(s, err) == 0)
		return 0;
	s->stale = true;
	lr_store_unlock(s);
	return -1;
}

int lr_store_write_later(struct lr_store *s, const struct lr_record *r, struct lr_err *err)
{
	if (s->pending_room - s->pending_len < LR_RECORD_MAX) {
		size_t room = s->pending_room * 2 + LR_RECORD_MAX * 8;
		char *wide = realloc(s->pending, room);
		if (!wide)
			return lr_err_set(err, LR_EXIT_FAILED, "out of memory");
		s->pending = wide;
		s->pending_room = room;
	}
	s->pending_len += lr_record_format(r, s->pending + s->pending_len);
	s->journal.lines++;
	return 0;
}

static int do_and_write(struct lr_store *s, const struct lr_record *r, struct lr_err *err)
{
	int rc = lr_ipam_apply(s->table, r, s->journal.lines + 1);

	if (rc != 0)
		return lr_err_set(err, LR_EXIT_FAILED, "%s: %s", r->peer,
			rc < 0 ? "out of memory" : lr_flaw_name((enum lr_flaw)rc));
	return lr_store_write_later(s, r, err);
}

const struct lr_lease *lr_store_alloc(
	struct lr_store *s, const struct lr_want *want, struct lr_err *err)
{
	struct lr_record r;

	if (lr_ipam_want(s->table, want, &r, err) < 0)
		return NULL;
	if (r.op != LR_REC_NONE && do_and_write(s, &r, err) < 0)
		return NULL;
	return lr_ipam_by_peer(s->table, want->peer ? want->peer : want->public_key);
}

int lr_store_release(struct lr_store *s, const struct lr_lease *lease, struct lr_err *err)
{
	struct lr_record r;

	lr_ipam_drop(lease, &r);
	return do_and_write(s, &r, err);
}

static bool worth_compacting(const struct lr_store *s)
{
	struct lr_ipam_stats st;

	lr_ipam_stats(s->table, &st);
	size_t lines = s->journal.lines, alive = st.used + st.former + 2;
	return !s->journal.flaws && lines > COMPACT_LINES && lines > alive &&
	       (lines - alive) * 2 > lines;
}

static int append(struct lr_store *s, struct lr_err *err)
{
	const char *at = s->pending;
	size_t left = s->pending_len;
	ssize_t n;

	for (; left; at += n, left -= (size_t)n) {
		n = write(s->fd, at, left);
		if (n < 0 && errno == EINTR)
			n = 0;
		if (n < 0)
			break;
	}
	if (!left && fdatasync(s->fd) == 0) {
		s->journal.end += s->pending_len;
		return 0;
	}
	lr_store_fail(err, s->path);
	/* If this fails too, the rest of the batch is in the log, though nobody was told:
	 * leases that nobody knows, but no address twice. */
	(void)!ftruncate(s->fd, (off_t)s->journal.end);
	s->stale = true;
	return -1;
}

int lr_store_commit(struct lr_store *s, struct lr_err *err)
{
	int rc = s->pending_len ? append(s, err) : 0;

	/* Compacting is for speed: when it fails, the log stands as it is. */
	if (rc == 0 && s->pending_len && worth_compacting(s))
		(void)!lr_store_rewrite(s, NULL);
	s->pending_len = 0;
	lr_store_unlock(s);
	return rc;
}
