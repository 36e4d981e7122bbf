/*
 * io_unix.c - who has a name: nobody, a live process, one that is too busy to answer
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/io/unix.h"
#include "t/unit/tap.h"

static int knock(const char *path)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	memcpy(sun.sun_path, path, strlen(path) + 1);
	return connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0 ? -errno : 0;
}

int main(void)
{
	char dir[] = "/tmp/io_unix.XXXXXX", path[64];
	struct lr_unix a, b;
	int knocks = 0;

	alarm(30); /* waiting for ever is what must not be */
	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof(path), "%s/s", dir);
	is_int(lr_unix_listen(&a, path, 0600), 0, "a free name");
	is_int(lr_unix_listen(&b, path, 0600), -EADDRINUSE, "somebody listens");
	while (knock(path) == 0 && knocks < 1000)
		knocks++;
	ok(knocks > 0 && knocks < 1000, "its queue is full after %d", knocks);
	is_int(lr_unix_listen(&b, path, 0600), -EADDRINUSE, "its queue is full: told at once");
	close(a.fd); /* as a killed process leaves it */
	is_int(lr_unix_listen(&b, path, 0600), 0, "a stale name is replaced");
	a.fd = b.fd;
	lr_unix_close(&b);
	is_int(access(path, F_OK), -1, "and removed by its owner");
	is_int(lr_unix_listen(&b, "/nonexistent/s", 0600), -ENOENT, "no folder");
	rmdir(dir);
	return tap_done();
}
