/*
 * lookup.c - see lookup.h; getaddrinfo(3), pipe(7)
 */
#include "lib/io/lookup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HOST_MAX 255 /* bytes of a host name, RFC 1035 section 2.3.4 */
#define STACK    (256u << 10)

struct lr_lookup {
	struct lr_lookups *all;
	struct lr_lookup *next;
	uint64_t number;
	void (*done)(void *ctx, const struct lr_lookup_got *got);
	void *ctx;
};

struct lr_lookups {
	struct lr_loop *loop;
	struct lr_source source; /* where messages come out */
	int in;                  /* where threads put them */
	uint64_t next;
	struct lr_lookup *list;
};

/* What a thread is given, and what it leaves; it shares nothing else. */
struct question {
	uint64_t number;
	int fd; /* its own */
	char host[HOST_MAX + 1], port[8];
};
struct message {
	uint64_t number;
	int rc; /* of getaddrinfo() */
	unsigned n;
	struct lr_endpoint at[LR_LOOKUP_MAX];
};
_Static_assert(sizeof(struct message) <= PIPE_BUF, "messages do not mix");

/* --- a thread --- */

static int ask_system(const struct question *q, struct message *m)
{
	const struct addrinfo hints = {
		.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo *found = NULL;
	int rc = getaddrinfo(q->host, q->port, &hints, &found);

	if (rc != 0)
		return rc;
	for (const struct addrinfo *a = found; a && m->n < LR_LOOKUP_MAX; a = a->ai_next)
		if (a->ai_family == AF_INET || a->ai_family == AF_INET6)
			memcpy(&m->at[m->n++].sa, a->ai_addr, a->ai_addrlen);
	freeaddrinfo(found);
	return m->n ? 0 : EAI_NONAME;
}

static void *run(void *arg)
{
	struct question *q = arg;
	struct message m = {.number = q->number};

	m.rc = ask_system(q, &m);
	while (write(q->fd, &m, sizeof(m)) < 0 && errno == EINTR)
		;
	close(q->fd);
	free(q);
	return NULL;
}

static int start_thread(struct question *q)
{
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t all, before;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	sigfillset(&all); /* signals are the loop's */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int r = pthread_create(&thread, &attr, run, q);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return -r;
}

/* --- the loop --- */

static struct lr_lookup *take(struct lr_lookups *l, uint64_t number)
{
	struct lr_lookup **at = &l->list, *k;

	while (*at && (*at)->number != number)
		at = &(*at)->next;
	k = *at;
	if (k)
		*at = k->next;
	return k;
}

static void tell(struct lr_lookups *l, const struct message *m)
{
	struct lr_lookup *k = take(l, m->number);
	struct lr_lookup_got got = {.n = m->n};

	if (!k)
		return;
	memcpy(got.at, m->at, sizeof(got.at));
	if (m->rc != 0) {
		got.error = gai_strerror(m->rc);
		got.temporary = m->rc != EAI_NONAME && m->rc != EAI_FAIL;
	}
	k->done(k->ctx, &got);
	free(k);
}

static void ready(struct lr_source *s, uint32_t events)
{
	struct lr_lookups *l = s->ctx;
	struct message m;

	(void)events;
	if (read(s->fd, &m, sizeof(m)) == (ssize_t)sizeof(m))
		tell(l, &m);
}

struct lr_lookups *lr_lookups_new(struct lr_loop *loop, struct lr_err *err)
{
	struct lr_lookups *l = calloc(1, sizeof(*l));
	int ends[2];

	if (!l || pipe2(ends, O_CLOEXEC) < 0) {
		lr_err_set(err, LR_EXIT_FAILED, "%s", l ? strerror(errno) : "out of memory");
		free(l);
		return NULL;
	}
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	l->loop = loop;
	l->in = ends[1];
	l->source = (struct lr_source){.fd = ends[0], .ready = ready, .ctx = l};
	int r = lr_loop_add(loop, &l->source, EPOLLIN);
	if (r == 0)
		return l;
	lr_err_set(err, LR_EXIT_FAILED, "%s", strerror(-r));
	close(ends[0]);
	close(ends[1]);
	free(l);
	return NULL;
}

void lr_lookups_free(struct lr_lookups *l)
{
	if (!l)
		return;
	while (l->list)
		lr_lookup_cancel(l->list);
	lr_loop_remove(l->loop, &l->source);
	close(l->source.fd);
	close(l->in);
	free(l);
}

struct lr_lookup *lr_lookup_start(struct lr_lookups *l, const char *host, uint16_t port,
	void (*done)(void *ctx, const struct lr_lookup_got *got), void *ctx, struct lr_err *err)
{
	struct lr_lookup *k = NULL;
	struct question *q = NULL;
	int r = -ENOMEM;

	if (strlen(host) > HOST_MAX || !*host) {
		lr_err_set(err, LR_EXIT_USAGE, "a host's name has 1 to %d bytes", HOST_MAX);
		return NULL;
	}
	k = calloc(1, sizeof(*k));
	q = calloc(1, sizeof(*q));
	if (k && q) {
		*k = (struct lr_lookup){l, l->list, ++l->next, done, ctx};
		q->number = k->number;
		snprintf(q->host, sizeof(q->host), "%s", host);
		snprintf(q->port, sizeof(q->port), "%u", port);
		q->fd = fcntl(l->in, F_DUPFD_CLOEXEC, 3);
		r = q->fd < 0 ? -errno : start_thread(q);
		if (r < 0 && q->fd >= 0)
			close(q->fd);
	}
	if (r == 0) {
		l->list = k;
		return k;
	}
	free(k);
	free(q);
	lr_err_set(err, LR_EXIT_FAILED, "%s", strerror(-r));
	return NULL;
}

void lr_lookup_cancel(struct lr_lookup *k)
{
	free(take(k->all, k->number));
}
