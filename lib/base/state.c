/*
 * state.c - state files that survive kill -9
 *
 * Theory of operation: a reader sees the old file or the new one, never a part: the new
 * bytes are on the disk under PATH.new before the name PATH moves to them, and the folder
 * is synced before anyone is told. Writers take turns by flock on PATH.lock, which the
 * kernel gives back when its holder dies; so a PATH.new that is found under the lock was
 * left by a dead writer and is removed.
 */
#include "lib/base/state.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "defaults.h"

#define READ_STEP 65536

/* "PATH: why" from errno. Keeps errno. */
static int fail(struct lr_err *err, const char *path)
{
	bool rights = errno == EACCES || errno == EPERM || errno == EROFS;

	return lr_err_set(
		err, rights ? LR_EXIT_RIGHTS : LR_EXIT_FAILED, "%.300s: %s", path, strerror(errno));
}

static int join(char *out, size_t room, const char *head, const char *tail, struct lr_err *err)
{
	if ((size_t)snprintf(out, room, "%s%s", head, tail) < room)
		return 0;
	errno = ENAMETOOLONG;
	return fail(err, head);
}

int lr_state_dir(char *out, size_t room, struct lr_err *err)
{
	const char *own = getenv("LR_STATE_DIR");
	const char *xdg = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");

	if (own && *own)
		return join(out, room, own, "", err);
	if (geteuid() == 0)
		return join(out, room, LR_DEFAULT_STATE_DIR, "", err);
	if (xdg && *xdg == '/') /* the XDG specification: relative ones are ignored */
		return join(out, room, xdg, "/lanrage", err);
	if (home && *home)
		return join(out, room, home, "/.local/state/lanrage", err);
	return lr_err_set(
		err, LR_EXIT_USAGE, "no folder for state: neither HOME nor LR_STATE_DIR is set");
}

int lr_run_dir(char *out, size_t room, struct lr_err *err)
{
	const char *own = getenv("LR_RUN_DIR");

	return join(out, room, own && *own ? own : LR_DEFAULT_RUN_DIR, "", err);
}

static int make_dir(const char *path, mode_t mode, struct lr_err *err)
{
	struct stat st;

	if (mkdir(path, mode) == 0)
		return 0;
	/* EROFS, EACCES: mkdir may look at rights before it sees that the folder exists. */
	int why = errno;
	if (stat(path, &st) == 0) {
		if (S_ISDIR(st.st_mode))
			return 0;
		why = ENOTDIR;
	}
	errno = why;
	return fail(err, path);
}

int lr_make_dirs(const char *path, mode_t mode, struct lr_err *err)
{
	char part[PATH_MAX];

	if (join(part, sizeof(part), path, "", err) < 0)
		return -1;
	for (char *slash = part; (slash = strchr(slash + 1, '/'));) {
		if (slash[-1] == '/')
			continue;
		*slash = '\0';
		if (make_dir(part, mode, err) < 0)
			return -1;
		*slash = '/';
	}
	return make_dir(part, mode, err);
}

int lr_lock_file(const char *path, struct lr_err *err)
{
	char lock[PATH_MAX];

	if (join(lock, sizeof(lock), path, ".lock", err) < 0)
		return -1;
	int fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return fail(err, lock);
	while (flock(fd, LOCK_EX) < 0) {
		if (errno == EINTR)
			continue;
		fail(err, lock);
		close(fd);
		return -1;
	}
	return fd;
}

/* Reads to the end, not to st_size: a pipe and /proc have none. */
static char *read_all(int fd, size_t max, size_t *len)
{
	size_t room = 0, n = 0;
	char *bytes = NULL;

	for (;;) {
		if (room - n < 2) {
			size_t more = room ? room * 2 : READ_STEP;
			char *wide = realloc(bytes, more);
			if (!wide)
				break;
			bytes = wide;
			room = more;
		}
		ssize_t got = read(fd, bytes + n, room - n - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			break;
		n += (size_t)got;
		if (n > max) {
			errno = EFBIG;
			break;
		}
		if (got == 0) {
			bytes[n] = '\0';
			*len = n;
			return bytes;
		}
	}
	if (bytes)
		explicit_bzero(bytes, n);
	free(bytes);
	return NULL;
}

char *lr_read_file(const char *path, size_t max, size_t *len, struct lr_err *err)
{
	char *bytes = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	*len = 0;
	if (fd >= 0)
		bytes = read_all(fd, max, len);
	int why = errno;
	if (!bytes && why == EFBIG)
		lr_err_set(err, LR_EXIT_FAILED, "%.300s: larger than %zu bytes", path, max);
	else if (!bytes)
		fail(err, path);
	if (fd >= 0)
		close(fd);
	errno = why;
	return bytes;
}

static int write_all(int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = write(fd, bytes, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Makes `path` anew with these bytes, on the disk when it returns 0. `wanted` is what it becomes: a
 * folder that is missing is told with that name. */
static int write_new(const char *path, const char *wanted, const void *bytes, size_t len,
	mode_t mode, struct lr_err *err)
{
	if (unlink(path) < 0 && errno != ENOENT)
		return fail(err, path);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode & 0600);
	if (fd < 0)
		return fail(err, errno == ENOENT ? wanted : path);
	bool good = fchmod(fd, mode) == 0 && write_all(fd, bytes, len) == 0 && fsync(fd) == 0;
	if (!good)
		fail(err, path);
	close(fd);
	if (good)
		return 0;
	unlink(path);
	return -1;
}

static int sync_folder(const char *path, struct lr_err *err)
{
	char folder[PATH_MAX];
	char *slash;

	if (join(folder, sizeof(folder), path, "", err) < 0)
		return -1;
	slash = strrchr(folder, '/');
	if (!slash)
		memcpy(folder, ".", 2);
	else
		slash[slash == folder] = '\0'; /* "/x" is in "/" */
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fail(err, folder);
	int result = fsync(fd) < 0 ? fail(err, folder) : 0;
	close(fd);
	return result;
}

int lr_replace_file(
	const char *path, const void *bytes, size_t len, mode_t mode, struct lr_err *err)
{
	char fresh[PATH_MAX];

	if (join(fresh, sizeof(fresh), path, ".new", err) < 0 ||
		write_new(fresh, path, bytes, len, mode, err) < 0)
		return -1;
	if (rename(fresh, path) < 0) {
		fail(err, path);
		unlink(fresh);
		return -1;
	}
	return sync_folder(path, err);
}

int lr_create_file(const char *path, const void *bytes, size_t len, mode_t mode, struct lr_err *err)
{
	char fresh[PATH_MAX];
	struct stat st;
	int result = 0;

	if (lstat(path, &st) == 0)
		return 1;
	if (join(fresh, sizeof(fresh), path, ".new", err) < 0 ||
		write_new(fresh, path, bytes, len, mode, err) < 0)
		return -1;
	if (link(fresh, path) < 0)
		result = errno == EEXIST ? 1 : fail(err, path);
	unlink(fresh);
	return result == 0 ? sync_folder(path, err) : result;
}
