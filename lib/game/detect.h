/*
 * detect.h - which games run on this machine
 *
 * Theory of operation. One pass over the process table, relative to its open folder, into buffers
 * on the stack. A process is known by the name of its executable (names.h): its first word, what a
 * loader such as Wine was told to run, else what its exe link says. Then the kernel's socket
 * tables are read, and those sockets that are bound to a port of a profile are looked for among the
 * descriptors: of the processes found, to be surer of them, and, when such a socket is nobody's so
 * far, of the other processes of its user. The folder is an argument, so that a test can bring one
 * of its own.
 */
#ifndef LR_GAME_DETECT_H
#define LR_GAME_DETECT_H

#include <sys/types.h>

#include "lib/game/game.h"

#define LR_DETECT_MAX 64 /* games at once */

enum lr_detect_by { LR_DETECT_EXACT, LR_DETECT_CLOSE, LR_DETECT_PORTS };

struct lr_detect_game {
	const struct lr_game *game;
	pid_t pid;
	enum lr_detect_by by;
	bool argument;       /* and by its command line */
	uint16_t port;       /* of the profile, which it has open; 0: none */
	unsigned confidence; /* 1..100 */
	char process[64];    /* name of the executable */
};

/* The sockets of one process (detect_sockets.c). */
struct lr_detect_socket {
	enum lr_game_proto proto;
	uint16_t port, peer_port; /* own port; the other end's, 0: not connected */
	uint32_t inode, uid;
	uint8_t family; /* 4 or 6 */
	bool loopback;  /* bound to an address of this machine alone; not told by `listeners` */
};

#define LR_DETECT_SOCKETS 1024

/* A quicker way than PROC/net/tcp to the TCP sockets that listen: how many, or -errno: the files
 * are to be read. */
typedef int lr_detect_listeners(struct lr_detect_socket *out, unsigned room);

/* Games that run, surest first, each once. `listeners` may be NULL. How many, or -1 with `err` (no
 * such folder). */
int lr_detect(const struct lr_games *all, const char *proc, lr_detect_listeners *listeners,
	struct lr_detect_game out[LR_DETECT_MAX], struct lr_err *err);

/* UDP sockets that are bound and TCP sockets that listen (`listening`), or all that are connected
 * as well, out of PROC/net. `listeners` (NULL: none) is asked first for what it knows. Returns how
 * many. */
unsigned lr_detect_sockets(int proc, bool listening, lr_detect_listeners *listeners,
	struct lr_detect_socket out[LR_DETECT_SOCKETS]);
/* Calls `each` for the inode of every socket among the descriptors of process `pid` until that
 * returns false. */
void lr_detect_fds(int proc, pid_t pid, bool (*each)(void *ctx, uint32_t inode), void *ctx);
/* The words of a command line, with spaces between, in `out`. Bytes, or -errno. `first`: behind the
 * first word. */
ssize_t lr_detect_command(int proc, pid_t pid, char *out, size_t room, size_t *first);

#endif
