/*
 * loop.h - one epoll loop
 *
 * Sources are embedded in their owners and carry a callback. There are no ticks: the loop
 * sleeps until a descriptor is ready or the owner's deadline comes, and reads the clock once
 * a wake-up. After all ready sources of one wake-up have run, `settle` is called once; there the
 * owner sends what became due.
 *
 * With `spans` set the loop tells the profiler (lib/perf/span.h) its turns and what each handler
 * took, by the source's name; `settle` counts as a handler named "timers".
 */
#ifndef LR_IO_LOOP_H
#define LR_IO_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "lib/perf/span.h"

struct lr_source {
	int fd;
	void (*ready)(struct lr_source *s, uint32_t events);
	void *ctx;
	const char *name; /* static; what the profiler calls it, NULL: "source" */
};

struct lr_loop {
	int epfd;
	bool stop;        /* set it to leave lr_loop_run() after this wake-up */
	uint64_t now;     /* CLOCK_BOOTTIME ns, read once a wake-up */
	uint64_t spin_ns; /* keep polling without sleeping this long after the last event; 0: off */
	uint64_t wakeups;
	struct lr_spans
		*spans; /* NULL: nobody measures; a change takes effect with the next turn */
	struct epoll_event events[16];
	int n_events, at_event; /* of this wake-up, so that a removed source is not called */
};

struct lr_loop_owner {
	void *ctx;
	uint64_t (*deadline)(void *ctx); /* LR_NEVER: none */
	void (*settle)(void *ctx, uint64_t now);
};

int lr_loop_init(struct lr_loop *l); /* 0 or -errno */
void lr_loop_release(struct lr_loop *l);
int lr_loop_add(struct lr_loop *l, struct lr_source *s, uint32_t events); /* 0 or -errno */
int lr_loop_change(struct lr_loop *l, struct lr_source *s, uint32_t events);
void lr_loop_remove(struct lr_loop *l, struct lr_source *s);
/* Until `stop`; 0 or -errno. */
int lr_loop_run(struct lr_loop *l, const struct lr_loop_owner *owner);

#endif
