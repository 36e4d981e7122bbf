/*
 * portmap.c - see portmap.h: threads, messages, renewing
 */
#include "lib/io/portmap.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/io/portmap_inside.h"

#define RENEW_MAX_S 600   /* a router that was restarted has forgotten us */
#define LOOK_MS     30000 /* whether the default route leads to another router */
#define STACK       (256u << 10)

struct message {
	struct message *next;
	struct lr_portmap *from;
	struct lr_portmap_told told;
};

struct lr_portmaps {
	struct lr_loop *loop;
	struct lr_source source;
	void (*told)(void *ctx, const struct lr_portmap_told *t);
	unsigned n; /* threads that have not ended */
	pthread_mutex_t lock;
	struct message *first, **last; /* under `lock` */
};

struct lr_portmap {
	struct lr_portmaps *all;
	void *ctx;
	pthread_t thread;
	struct lr_portmap_work work;
};

static const struct lr_portmap_protocol *const protocols[LR_PORTMAP_PROTOCOLS] = {
	[LR_PORTMAP_PCP] = &lr_portmap_pcp,
	[LR_PORTMAP_NATPMP] = &lr_portmap_natpmp,
	[LR_PORTMAP_UPNP] = &lr_portmap_upnp,
};

const char *lr_portmap_name(enum lr_portmap_by by)
{
	return protocols[by]->name;
}

/* --- for the protocols --- */

int lr_portmap_failed(struct lr_portmap_work *w, enum lr_portmap_by by, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(w->told->why[by], sizeof(w->told->why[by]), fmt, ap);
	va_end(ap);
	return -1;
}

int lr_portmap_wait(const struct lr_portmap_work *w, int fd, int ms)
{
	struct pollfd p[2] = {{.fd = w->stop, .events = POLLIN}, {.fd = fd, .events = POLLIN}};
	int n = poll(p, 2, ms);

	if (n > 0 && p[0].revents)
		return -ECANCELED;
	return n > 0;
}

/* --- the thread of a mapping --- */

/* Tells the loop. Without memory for it the line is lost, but never the last one. */
static void post(struct lr_portmap *m, const struct lr_portmap_told *t, struct message *msg)
{
	struct lr_portmaps *all = m->all;

	if (!msg)
		msg = malloc(sizeof(*msg));
	if (!msg)
		return;
	*msg = (struct message){.from = m, .told = *t};
	pthread_mutex_lock(&all->lock);
	*all->last = msg;
	all->last = &msg->next;
	pthread_mutex_unlock(&all->lock);
	eventfd_write(all->source.fd, 1);
}

static bool stopped(const struct lr_portmap_work *w)
{
	return lr_portmap_wait(w, -1, 0) < 0;
}

static bool try_one(struct lr_portmap_work *w, enum lr_portmap_by by)
{
	struct lr_portmap_told *t = w->told;

	if (protocols[by]->map(w) < 0)
		return false;
	t->by = by;
	t->mapped = true;
	struct lr_ip outside = lr_endpoint_ip(&t->external);
	t->double_nat = !lr_ip_public(&outside);
	w->external_port = lr_endpoint_port(&t->external);
	return true;
}

static bool try_all(struct lr_portmap_work *w)
{
	memset(w->told, 0, sizeof(*w->told));
	for (unsigned by = 0; by < LR_PORTMAP_PROTOCOLS && !stopped(w); by++)
		if (try_one(w, by))
			return true;
	return false;
}

static uint64_t renew_at(const struct lr_portmap_told *t)
{
	const char *test = getenv("LR_PORTMAP_RENEW_MS");
	uint8_t random = 0;
	uint32_t s = RENEW_MAX_S;

	if (test && *test)
		return lr_now() + strtoull(test, NULL, 10) * LR_NS_PER_MS;
	(void)!getrandom(&random, 1, 0);
	if (t->lifetime_s && lr_pcp_renew_s(t->lifetime_s, random) < s)
		s = lr_pcp_renew_s(t->lifetime_s, random);
	return lr_now() + s * LR_NS_PER_S;
}

/* Sleeps until it is time to renew, in pieces: time goes on while the machine sleeps, and the
 * network may be another one. False: stopped. *again: it was asked for. */
static bool rest(struct lr_portmap_work *w, bool *again)
{
	uint64_t due = renew_at(w->told), now;
	struct in_addr gateway = w->gateway;
	eventfd_t n;

	*again = false;
	while ((now = lr_now()) < due) {
		uint64_t ms = (due - now) / LR_NS_PER_MS + 1;
		int r = lr_portmap_wait(w, w->again, ms < LOOK_MS ? (int)ms : LOOK_MS);
		if (r < 0)
			return false;
		if (r > 0) {
			eventfd_read(w->again, &n);
			lr_portmap_upnp_release(w); /* it knows our address, which may be another */
			*again = true;
			break;
		}
		lr_portmap_natpmp_gateway(&gateway);
		if (w->gateway.s_addr && gateway.s_addr != w->gateway.s_addr)
			break;
	}
	return true;
}

static bool same(const struct lr_portmap_told *a, const struct lr_portmap_told *b)
{
	return a->by == b->by && a->lifetime_s == b->lifetime_s &&
	       lr_endpoint_equal(&a->external, &b->external);
}

/* Holds the mapping until it is stopped (true) or lost (false). */
static bool hold(struct lr_portmap *m)
{
	struct lr_portmap_work *w = &m->work;
	struct lr_portmap_told had;
	bool again;

	post(m, w->told, NULL);
	while (rest(w, &again)) {
		had = *w->told;
		if (!try_one(w, had.by) && !try_all(w))
			break;
		if (again || !same(&had, w->told))
			post(m, w->told, NULL);
	}
	if (!stopped(w))
		return false;
	if (!w->told->mapped)
		*w->told = had; /* stopped while it was renewed: that one is removed */
	return true;
}

struct thread {
	struct lr_portmap *m;
	struct message *last;
};

static void *work(void *ctx)
{
	struct thread *t = ctx;
	struct lr_portmap *m = t->m;
	struct message *last = t->last;
	struct lr_portmap_told told = {0};

	free(t);
	m->work.told = &told;
	m->work.external_port = m->work.ask.port;
	if (try_all(&m->work) && hold(m)) {
		/* Asked to stop: what blocks now is bounded by the protocols' own limits. */
		int stop = m->work.stop;
		m->work.stop = -1;
		protocols[told.by]->unmap(&m->work);
		m->work.stop = stop;
	}
	lr_portmap_upnp_release(&m->work);
	told.stopped = stopped(&m->work);
	told.mapped = false;
	told.last = true;
	post(m, &told, last);
	return NULL;
}

/* --- the loop's side --- */

static void release(struct lr_portmap *m)
{
	if (m->work.stop >= 0)
		close(m->work.stop);
	if (m->work.again >= 0)
		close(m->work.again);
	free(m);
}

static void posted(struct lr_source *s, uint32_t events)
{
	struct lr_portmaps *all = s->ctx;
	eventfd_t n;

	(void)events;
	eventfd_read(s->fd, &n);
	pthread_mutex_lock(&all->lock);
	struct message *list = all->first, *next;
	all->first = NULL;
	all->last = &all->first;
	pthread_mutex_unlock(&all->lock);
	for (; list; list = next) {
		struct lr_portmap *m = list->from;
		next = list->next;
		if (list->told.last) {
			pthread_join(m->thread, NULL);
			all->n--;
		}
		all->told(m->ctx, &list->told);
		if (list->told.last)
			release(m);
		free(list);
	}
}

struct lr_portmaps *lr_portmaps_new(struct lr_loop *loop,
	void (*told)(void *ctx, const struct lr_portmap_told *t), struct lr_err *err)
{
	struct lr_portmaps *all = calloc(1, sizeof(*all));

	if (!all)
		goto out;
	*all = (struct lr_portmaps){.loop = loop, .told = told, .last = &all->first};
	pthread_mutex_init(&all->lock, NULL);
	all->source = (struct lr_source){
		.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .ready = posted, .ctx = all};
	if (all->source.fd >= 0 && lr_loop_add(loop, &all->source, EPOLLIN) == 0)
		return all;
out:
	lr_err_set(err, LR_EXIT_FAILED, "port mapping: %s", strerror(errno));
	free(all);
	return NULL;
}

void lr_portmaps_free(struct lr_portmaps *all)
{
	if (!all)
		return;
	lr_loop_remove(all->loop, &all->source);
	if (all->n) /* their threads still post */
		return;
	close(all->source.fd);
	pthread_mutex_destroy(&all->lock);
	free(all);
}

static int start_thread(struct lr_portmap *m)
{
	struct thread *t = malloc(sizeof(*t));
	struct message *last = malloc(sizeof(*last));
	pthread_attr_t attr;
	int r = ENOMEM;

	if (t && last && pthread_attr_init(&attr) == 0) {
		*t = (struct thread){.m = m, .last = last};
		pthread_attr_setstacksize(&attr, STACK);
		r = pthread_create(&m->thread, &attr, work, t);
		pthread_attr_destroy(&attr);
	}
	if (r) {
		free(t);
		free(last);
	}
	return -r;
}

struct lr_portmap *lr_portmap_start(
	struct lr_portmaps *all, const struct lr_portmap_ask *ask, void *ctx, struct lr_err *err)
{
	struct lr_portmap *m = calloc(1, sizeof(*m));
	int r = -ENOMEM;

	if (m) {
		*m = (struct lr_portmap){.all = all, .ctx = ctx, .work.ask = *ask};
		m->work.stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		m->work.again = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		r = m->work.stop < 0 || m->work.again < 0 ? -errno : start_thread(m);
	}
	if (r == 0) {
		all->n++;
		return m;
	}
	if (m)
		release(m);
	lr_err_set(err, LR_EXIT_FAILED, "port mapping: %s", strerror(-r));
	return NULL;
}

void lr_portmap_stop(struct lr_portmap *m)
{
	eventfd_write(m->work.stop, 1);
}

void lr_portmap_again(struct lr_portmap *m)
{
	eventfd_write(m->work.again, 1);
}
