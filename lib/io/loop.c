/*
 * loop.c - see loop.h; epoll(7), level-triggered
 *
 * The timeout goes to epoll_pwait2 in nanoseconds: with a millisecond timeout every timer would be
 * up to 1 ms late, or would need a second wake-up.
 */
#include "lib/io/loop.h"

#include <errno.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/clock.h"

int lr_loop_init(struct lr_loop *l)
{
	*l = (struct lr_loop){.epfd = epoll_create1(EPOLL_CLOEXEC), .now = lr_now()};
	return l->epfd < 0 ? -errno : 0;
}

void lr_loop_release(struct lr_loop *l)
{
	if (l->epfd >= 0)
		close(l->epfd);
	l->epfd = -1;
}

static int control(struct lr_loop *l, int op, struct lr_source *s, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = s};
	return epoll_ctl(l->epfd, op, s->fd, &ev) < 0 ? -errno : 0;
}

int lr_loop_add(struct lr_loop *l, struct lr_source *s, uint32_t events)
{
	return control(l, EPOLL_CTL_ADD, s, events);
}

int lr_loop_change(struct lr_loop *l, struct lr_source *s, uint32_t events)
{
	return control(l, EPOLL_CTL_MOD, s, events);
}

void lr_loop_remove(struct lr_loop *l, struct lr_source *s)
{
	control(l, EPOLL_CTL_DEL, s, 0);
	for (int i = l->at_event; i < l->n_events; i++)
		if (l->events[i].data.ptr == s)
			l->events[i].data.ptr = NULL;
}

/* Sleeps until `due` at the latest; LR_NEVER: without end. */
static int wait_until(struct lr_loop *l, uint64_t now, uint64_t due)
{
	const int room = sizeof(l->events) / sizeof(l->events[0]);
	if (due == LR_NEVER)
		return epoll_wait(l->epfd, l->events, room, -1);
	uint64_t wait = due > now ? due - now : 0;
	struct timespec ts = {
		.tv_sec = (time_t)(wait / LR_NS_PER_S), .tv_nsec = (long)(wait % LR_NS_PER_S)};
	return epoll_pwait2(l->epfd, l->events, room, &ts, NULL);
}

/* Polls without sleeping until something is ready, `due` comes, or `until` has passed. The
 * clock is read a poll: there is nothing else to do. */
static int spin(struct lr_loop *l, uint64_t until, uint64_t due)
{
	const int room = sizeof(l->events) / sizeof(l->events[0]);
	int n;
	do {
		n = epoll_wait(l->epfd, l->events, room, 0);
		l->now = lr_now();
	} while (n == 0 && l->now < until && l->now < due);
	return n;
}

/* The source may be gone when its handler returns. */
static void handle(struct lr_spans *spans, struct lr_source *s, uint32_t events)
{
	const char *name = s->name ? s->name : "source";
	lr_spans_handler(spans, name);
	s->ready(s, events);
	lr_spans_handled(spans, name);
}

static void dispatch(struct lr_loop *l, struct lr_spans *spans, int n)
{
	l->n_events = n;
	for (l->at_event = 0; l->at_event < n && !l->stop;) {
		struct epoll_event *ev = &l->events[l->at_event++];
		struct lr_source *s = ev->data.ptr;
		if (s && __builtin_expect(spans != NULL, 0))
			handle(spans, s, ev->events);
		else if (s)
			s->ready(s, ev->events);
	}
	l->n_events = 0;
}

static void settle(
	const struct lr_loop *l, struct lr_spans *spans, const struct lr_loop_owner *owner)
{
	if (spans)
		lr_spans_handler(spans, "timers");
	owner->settle(owner->ctx, l->now);
	if (spans) {
		lr_spans_handled(spans, "timers");
		lr_spans_end(spans);
	}
}

int lr_loop_run(struct lr_loop *l, const struct lr_loop_owner *owner)
{
	struct lr_spans *spans = NULL; /* of this turn */
	uint64_t spin_until = 0;
	l->now = lr_now();
	while (!l->stop) {
		settle(l, spans, owner);
		uint64_t due = owner->deadline(owner->ctx);
		int n = 0;
		if (l->spin_ns && l->now < spin_until)
			n = spin(l, spin_until, due);
		if (n == 0) /* what is due already must not keep what is ready waiting */
			n = wait_until(l, l->now, due);
		if (n < 0 && errno != EINTR)
			return -errno;
		l->now = lr_now();
		l->wakeups++;
		spans = l->spans;
		if (spans)
			lr_spans_begin(spans, l->now);
		if (n > 0 && l->spin_ns)
			spin_until = l->now + l->spin_ns;
		dispatch(l, spans, n > 0 ? n : 0);
	}
	settle(l, spans, owner);
	return 0;
}
