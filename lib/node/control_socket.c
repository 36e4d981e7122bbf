/*
 * control_socket.c - the socket file of a node
 */
#include "lib/node/control_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/state.h"
#include "lib/node/client.h"

#define LOCK_TRIES    200
#define LOCK_PAUSE_MS 10

static int to_sockaddr(struct sockaddr_un *out, const char *path)
{
	*out = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(out->sun_path))
		return -ENAMETOOLONG;
	memcpy(out->sun_path, path, strlen(path) + 1);
	return 0;
}

int lr_control_socket_path(char *out, size_t room, const char *iface, struct lr_err *err)
{
	struct sockaddr_un sun;
	char dir[PATH_MAX - 32];

	if (lr_run_dir(dir, sizeof(dir), err) != 0)
		return -1;
	if (snprintf(out, room, "%s/%s.sock", dir, iface) >= (int)room ||
		to_sockaddr(&sun, out) != 0)
		return lr_err_set(err, LR_EXIT_USAGE,
			"%s: the path is too long for a socket (%zu bytes at most): set a shorter "
			"LR_RUN_DIR",
			out, sizeof(sun.sun_path) - 1);
	return 0;
}

int lr_control_socket_connect(const char *path, unsigned wait_ms)
{
	const struct timeval wait = {wait_ms / 1000, wait_ms % 1000 * 1000};
	struct sockaddr_un sun;
	int rc = to_sockaddr(&sun, path), flags = SOCK_CLOEXEC | (wait_ms ? 0 : SOCK_NONBLOCK);
	int fd = rc ? rc : socket(AF_UNIX, SOCK_STREAM | flags, 0);

	if (fd < 0)
		return rc ? rc : -errno;
	/* What limits sending limits the wait for a place in the queue of unix(7), too. */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) == 0 &&
		connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0)
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

/* Takes turns, but not for ever: everybody who may read the folder can hold its lock. */
static int lock_folder(const char *iface, struct lr_err *err)
{
	char dir[PATH_MAX];

	if (lr_run_dir(dir, sizeof(dir), err) != 0 || lr_make_dirs(dir, 0755, err) != 0)
		return -1;
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return lr_err_set(err, errno == EACCES ? LR_EXIT_RIGHTS : LR_EXIT_FAILED,
			"%s: %s: %s", iface, dir, strerror(errno));
	for (unsigned i = 0; i < LOCK_TRIES && flock(fd, LOCK_EX | LOCK_NB) != 0; i++)
		poll(NULL, 0, LOCK_PAUSE_MS);
	return fd;
}

static int runs_already(const char *iface, struct lr_err *err)
{
	long pid = lr_client_pid(iface);

	if (pid > 0)
		return lr_err_set(
			err, LR_EXIT_FAILED, "%s: a node runs already (pid %ld)", iface, pid);
	return lr_err_set(err, LR_EXIT_FAILED, "%s: a node runs already", iface);
}

int lr_control_socket_bind(struct lr_unix *s, const char *iface, struct lr_err *err)
{
	char path[PATH_MAX];

	s->fd = -1;
	if (lr_control_socket_path(path, sizeof(path), iface, err) != 0)
		return -1;
	int lock = lock_folder(iface, err);
	if (lock < 0)
		return -1;
	int rc = lr_unix_listen(s, path, 0600);
	close(lock);
	if (rc == 0)
		return 0;
	if (rc == -EADDRINUSE)
		return runs_already(iface, err);
	if (rc == -EEXIST)
		return lr_err_set(err, LR_EXIT_FAILED, "%s: is no socket: remove it", path);
	return lr_err_set(err, rc == -EACCES ? LR_EXIT_RIGHTS : LR_EXIT_FAILED, "%s: %s", path,
		strerror(-rc));
}
