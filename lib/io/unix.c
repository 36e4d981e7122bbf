/*
 * unix.c - see unix.h; unix(7)
 */
#include "lib/io/unix.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int address(struct sockaddr_un *sun, const char *path)
{
	*sun = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(sun->sun_path))
		return -ENAMETOOLONG;
	memcpy(sun->sun_path, path, strlen(path) + 1);
	return 0;
}

/* Whether somebody listens at `path`: 0, or -errno: -ECONNREFUSED, nobody does. Waits for nothing:
 * one whose queue is full lives, too. */
static int knock(const struct sockaddr_un *sun)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	int r = connect(fd, (const struct sockaddr *)sun, sizeof(*sun)) < 0 ? -errno : 0;
	close(fd);
	return r == -EAGAIN ? 0 : r;
}

/* 0 when the name is free now; -EADDRINUSE when somebody answers on it. */
static int clear_stale(const struct sockaddr_un *sun)
{
	const char *path = sun->sun_path;
	struct stat st;
	int r = knock(sun);
	if (r == 0)
		return -EADDRINUSE;
	if (r == -ENOENT)
		return 0;
	if (r != -ECONNREFUSED)
		return r;
	if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode))
		return -EEXIST;
	return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
}

static int bind_with_mode(int fd, const struct sockaddr_un *sun, mode_t mode)
{
	mode_t was = umask(0777 & ~mode);
	int r = bind(fd, (const struct sockaddr *)sun, sizeof(*sun)) < 0 ? -errno : 0;
	umask(was);
	return r;
}

int lr_unix_listen(struct lr_unix *u, const char *path, mode_t mode)
{
	struct sockaddr_un sun;
	struct stat st;
	u->fd = -1;
	int r = address(&sun, path);
	if (r < 0)
		return r;
	memcpy(u->path, sun.sun_path, sizeof(u->path));
	u->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (u->fd < 0)
		return -errno;
	r = bind_with_mode(u->fd, &sun, mode);
	if (r == -EADDRINUSE) {
		r = clear_stale(&sun);
		if (r == 0)
			r = bind_with_mode(u->fd, &sun, mode);
	}
	if (r == 0 && (listen(u->fd, 16) < 0 || lstat(path, &st) < 0))
		r = -errno;
	if (r < 0) {
		close(u->fd);
		u->fd = -1;
		return r;
	}
	u->dev = st.st_dev;
	u->ino = st.st_ino;
	return 0;
}

void lr_unix_close(struct lr_unix *u)
{
	struct stat st;
	if (u->fd < 0)
		return;
	close(u->fd);
	u->fd = -1;
	if (lstat(u->path, &st) == 0 && st.st_dev == u->dev && st.st_ino == u->ino)
		unlink(u->path);
}
