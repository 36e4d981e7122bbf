/*
 * unix.h - UNIX sockets by path: listening, stale names replaced
 */
#ifndef LR_IO_UNIX_H
#define LR_IO_UNIX_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/un.h>

struct lr_unix {
	int fd; /* -1: not open */
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	dev_t dev; /* of the file that we made, so that only our own is removed */
	ino_t ino;
};

/* Binds and listens, non-blocking, with `mode`. A stale socket file (nobody answers) is
 * replaced. Never waits, not even for one whose queue is full. 0, -EADDRINUSE when a live process
 * holds the name, -ENAMETOOLONG, or -errno. */
int lr_unix_listen(struct lr_unix *u, const char *path, mode_t mode);
/* Closes, and removes the file if it is still ours. */
void lr_unix_close(struct lr_unix *u);

#endif
