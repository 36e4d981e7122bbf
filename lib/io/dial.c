/*
 * dial.c - see dial.h; connect(2)
 */
#include "lib/io/dial.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/clock.h"

#define SEGMENT 1220 /* bytes: with IPv6's and TCP's headers 1,280, which cross every network */

void lr_dial_segment(int fd)
{
	const int segment = SEGMENT;

	(void)!setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof(segment));
}

int lr_dial(const struct lr_endpoint *at)
{
	bool v4 = at->sa.sa_family == AF_INET;
	int fd = socket(at->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	lr_dial_segment(fd);
	if (connect(fd, &at->sa, v4 ? sizeof(at->in) : sizeof(at->in6)) < 0 &&
		errno != EINPROGRESS) {
		int error = -errno;
		close(fd);
		return error;
	}
	return fd;
}

/* --- in the helper --- */

void lr_dialled_none(struct lr_dialled *d)
{
	*d = (struct lr_dialled){.fd = -1, .until_ns = LR_NEVER};
}

int lr_dialled_init(struct lr_dialled *d, int fd, const struct lr_endpoint *at, uint64_t now)
{
	int type = 0;
	socklen_t len = sizeof(type);

	lr_dialled_none(d);
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0 || type != SOCK_STREAM)
		return -ENOTSOCK;
	d->fd = fd;
	d->at = *at;
	d->until_ns = now + LR_DIALLED_S * LR_NS_PER_S;
	return 0;
}

static void settled(struct lr_dialled *d)
{
	void (*call)(void *ctx) = d->settled;

	d->settled = NULL;
	if (!call)
		return;
	lr_loop_remove(d->loop, &d->source);
	call(d->ctx);
}

static void ready(struct lr_source *s, uint32_t events)
{
	struct lr_dialled *d = s->ctx;
	int error = 0;
	socklen_t len = sizeof(error);

	(void)events;
	d->there = getsockopt(d->fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && !error;
	settled(d);
	if (!d->there)
		lr_dialled_release(d);
}

void lr_dialled_watch(
	struct lr_dialled *d, struct lr_loop *loop, void (*on_settled)(void *ctx), void *ctx)
{
	d->source = (struct lr_source){.fd = d->fd, .ready = ready, .ctx = d};
	d->loop = loop;
	d->settled = on_settled;
	d->ctx = ctx;
	if (lr_loop_add(loop, &d->source, EPOLLOUT) < 0) {
		d->settled = NULL;
		lr_dialled_release(d);
	}
}

bool lr_dialled_awaited(const struct lr_dialled *d, const char *url)
{
	const char *host = strstr(url, "://");
	char at[LR_ENDPOINT_TEXT];
	size_t len;

	if (d->fd < 0 || d->there || !host)
		return false;
	len = strlen(lr_endpoint_text(&d->at, at));
	return strncmp(host + 3, at, len) == 0 && host[3 + len] == '/';
}

int lr_dialled_take(struct lr_dialled *d, const struct sockaddr *to)
{
	struct lr_endpoint e = {.channel = 0};
	int fd = d->fd;

	if (to->sa_family == AF_INET)
		e.in = *(const struct sockaddr_in *)to;
	else if (to->sa_family == AF_INET6)
		e.in6 = *(const struct sockaddr_in6 *)to;
	if (!d->there || !lr_endpoint_equal(&e, &d->at))
		return -1;
	lr_dialled_none(d);
	return fd;
}

void lr_dialled_tick(struct lr_dialled *d, uint64_t now)
{
	if (now < d->until_ns)
		return;
	settled(d);
	lr_dialled_release(d);
}

void lr_dialled_release(struct lr_dialled *d)
{
	if (d->settled)
		lr_loop_remove(d->loop, &d->source);
	if (d->fd >= 0)
		close(d->fd);
	lr_dialled_none(d);
}
