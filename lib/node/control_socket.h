/*
 * control_socket.h - the socket file of a node: $LR_RUN_DIR/IFACE.sock
 *
 * Theory of operation. Whether a node lives behind a socket file is asked by connecting: the kernel
 * refuses when nobody listens. Two nodes that start at the same moment take turns under a
 * lock on the folder, so that neither mistakes the other's new socket for a stale one. At the end
 * the file is removed only when it is still the one that was made.
 */
#ifndef LR_NODE_CONTROL_SOCKET_H
#define LR_NODE_CONTROL_SOCKET_H

#include <stddef.h>

#include "lib/base/err.h"
#include "lib/io/unix.h"

/* $LR_RUN_DIR/IFACE.sock. 0 or -1 with `err`: also when it is too long for a socket's name. */
int lr_control_socket_path(char *out, size_t room, const char *iface, struct lr_err *err);
/* A connection, or -errno: -ECONNREFUSED nobody listens, -ENOENT no file, -EACCES not ours,
 * -EAGAIN somebody listens and has not accepted within `wait_ms` (0: does not wait). */
int lr_control_socket_connect(const char *path, unsigned wait_ms);
/* Listens, non-blocking, mode 0600. 0 or -1 with `err`: a live node holds the name (its pid is
 * told), or the file is no socket. Ends with lr_unix_close(). */
int lr_control_socket_bind(struct lr_unix *s, const char *iface, struct lr_err *err);

#endif
