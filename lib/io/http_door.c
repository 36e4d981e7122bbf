/*
 * http_door.c - see http_door.h
 */
#include "lib/io/http_door.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	BACKLOG = 512,
	ACCEPT_AT_ONCE = 32, /* of one wake-up: packets wait meanwhile */
	DEFER_S = 10,        /* a connection waits in the kernel for its first byte */
	NETWORK_KEY = 8,
	TLS_HANDSHAKE = 0x16, /* first byte of TLS, RFC 8446 section 5.1 */
};

struct lr_http_network {
	uint8_t key[NETWORK_KEY];
	unsigned n;
};

/* ------------------------------------------------------------------ networks */

static void network_key(const struct lr_endpoint *e, uint8_t key[NETWORK_KEY])
{
	struct lr_ip ip = lr_endpoint_ip(e);
	memset(key, 0, NETWORK_KEY);
	key[0] = ip.family;
	memcpy(key + 1, ip.b, ip.family == 4 ? 3 : 7);
}

static struct lr_http_network *network_of(struct lr_http_door *d, const struct lr_endpoint *e)
{
	uint8_t key[NETWORK_KEY];
	network_key(e, key);
	struct lr_http_network *n = lr_map_get(&d->networks, key);
	if (n)
		return n;
	n = calloc(1, sizeof(*n));
	if (n)
		memcpy(n->key, key, sizeof(key));
	if (!n || lr_map_put(&d->networks, key, n) < 0) {
		free(n);
		return NULL;
	}
	return n;
}

struct lr_http_network *lr_http_door_entered(struct lr_http_door *d, const struct lr_endpoint *peer)
{
	struct lr_http_network *n = network_of(d, peer);
	if (n)
		n->n++;
	d->connections++;
	return n;
}

void lr_http_door_left(struct lr_http_door *d, struct lr_http_network *n)
{
	d->connections--;
	if (!n || --n->n)
		return;
	lr_map_remove(&d->networks, n->key);
	free(n);
}

static bool admitted(struct lr_http_door *d, const struct lr_endpoint *peer)
{
	uint8_t key[NETWORK_KEY];
	network_key(peer, key);
	const struct lr_http_network *n = lr_map_get(&d->networks, key);
	if (d->connections >= d->max) {
		d->refused_full++;
		return false;
	}
	if (n && n->n >= d->per_network) {
		d->refused_network++;
		return false;
	}
	return true;
}

/* ------------------------------------------------------------------ accepting */

static void hand_over(struct lr_http_door *d, int fd, const struct lr_endpoint *peer, socklen_t len)
{
	const int one = 1;
	uint8_t first = 0;
	if (d->tls && recv(fd, &first, 1, MSG_PEEK | MSG_DONTWAIT) != 1) {
		close(fd); /* it said nothing for DEFER_S */
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	d->hooks.take(d->hooks.ctx, fd, peer, len, first == TLS_HANDSHAKE);
}

/* No descriptor is free: take the connection with the spare one, to refuse it. */
static void refuse_one(struct lr_http_door *d, int listener)
{
	close(d->spare);
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0)
		close(fd);
	d->refused_full++;
	d->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void accept_ready(struct lr_source *s, uint32_t events)
{
	struct lr_http_door *d = ((struct lr_http_listener *)s->ctx)->door;
	(void)events;
	for (int i = 0; i < ACCEPT_AT_ONCE; i++) {
		struct lr_endpoint peer = {0};
		socklen_t len = sizeof(peer.in6);
		int fd = accept4(s->fd, &peer.sa, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0 && (errno == EMFILE || errno == ENFILE))
			refuse_one(d, s->fd);
		if (fd < 0)
			return;
		if (admitted(d, &peer))
			hand_over(d, fd, &peer, len);
		else
			close(fd);
	}
}

int lr_http_socket(const struct lr_endpoint *at)
{
	const int one = 1, v6 = at->sa.sa_family == AF_INET6;
	int fd = socket(at->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (v6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (bind(fd, &at->sa, v6 ? sizeof(at->in6) : sizeof(at->in)) < 0 ||
		listen(fd, BACKLOG) < 0) {
		int e = errno;
		close(fd);
		return -e;
	}
	return fd;
}

/* ------------------------------------------------------------------ beginning and end */

void lr_http_door_init(struct lr_http_door *d, struct lr_loop *loop,
	const struct lr_http_options *o, const struct lr_http_door_hooks *hooks)
{
	*d = (struct lr_http_door){.loop = loop,
		.hooks = *hooks,
		.max = o->connections,
		.per_network = o->per_network,
		.tls = o->cert != NULL,
		.spare = open("/dev/null", O_RDONLY | O_CLOEXEC)};
	lr_map_init(&d->networks, NETWORK_KEY);
}

int lr_http_door_listen(struct lr_http_door *d, int fd)
{
	const int defer = DEFER_S;
	if (d->n_listeners == LR_HTTP_LISTENERS) {
		close(fd);
		return -ENOSPC;
	}
	if (d->tls)
		setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &defer, sizeof(defer));
	struct lr_http_listener *l = &d->listeners[d->n_listeners++];
	*l = (struct lr_http_listener){
		.source = {.fd = fd, .ready = accept_ready, .ctx = l}, .door = d};
	return lr_loop_add(d->loop, &l->source, EPOLLIN);
}

void lr_http_door_shut(struct lr_http_door *d)
{
	for (size_t i = 0; i < d->n_listeners; i++) {
		lr_loop_remove(d->loop, &d->listeners[i].source);
		close(d->listeners[i].source.fd);
	}
	d->n_listeners = 0;
}

void lr_http_door_release(struct lr_http_door *d)
{
	lr_map_release(&d->networks);
	close(d->spare);
}
