/*
 * meet_out.h - JSON lines to a pipe, a file or a UNIX socket, with descriptors if it is one
 *
 * Theory of operation. Lines wait in a queue and go as the reader takes them; the loop never
 * blocks. On a UNIX socket a line may carry a descriptor (SCM_RIGHTS, with its first byte).
 * The lines that carry one say so themselves, so a reader needs only to keep those that came in
 * their order.
 */
#ifndef LR_IO_MEET_OUT_H
#define LR_IO_MEET_OUT_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/json.h"
#include "lib/io/loop.h"

struct lr_meet_line;

struct lr_meet_out {
	struct lr_loop *loop;
	struct lr_source source;
	struct lr_meet_line *first, **last;
	size_t bytes; /* that wait */
	bool socket;  /* it can carry descriptors */
	bool direct;  /* a file: epoll refuses it, and it never makes us wait */
	bool gone;    /* nobody reads any more */
	bool wants;   /* EPOLLOUT is asked for */
};

/* `fd` stays the caller's. 0 or -errno. */
int lr_meet_out_init(struct lr_meet_out *o, struct lr_loop *loop, int fd);
void lr_meet_out_release(struct lr_meet_out *o);
/* Takes `value`, and `fd` (-1: none), which is closed once it has gone. 0, -ENOTSUP when it cannot
 * carry a descriptor, -EPIPE when nobody reads, -ENOMEM. */
int lr_meet_out_put(struct lr_meet_out *o, json_t *value, int fd);

#endif
