/*
 * http_door.h - who may connect to the HTTP server: listening sockets, and connections counted by
 * network
 *
 * Theory of operation. A connection is accepted here, admitted or closed at once, and handed over;
 * its new owner says when it began to count (entered) and when it is over (left). A network is an
 * IPv4 /24 or an IPv6 /56: what one customer commonly holds; a network without connections takes
 * no memory. When no descriptor is free a spare one is given up for a moment, so that who
 * connects is refused and not left waiting.
 *
 * With TLS the first byte of a connection tells it from plain HTTP, so one port serves both; until
 * a byte has come the connection stays in the kernel (TCP_DEFER_ACCEPT).
 *
 * For http_server.c; knows nothing of HTTP.
 */
#ifndef LR_IO_HTTP_DOOR_H
#define LR_IO_HTTP_DOOR_H

#include <sys/socket.h>

#include "lib/base/map.h"
#include "lib/io/http_server.h"

#define LR_HTTP_LISTENERS 16

struct lr_http_network;

struct lr_http_door_hooks {
	void *ctx;
	/* Takes `fd`, which is non-blocking; `tls`: its first byte says so. */
	void (*take)(void *ctx, int fd, const struct lr_endpoint *peer, socklen_t len, bool tls);
};

struct lr_http_listener {
	struct lr_source source;
	struct lr_http_door *door;
};

struct lr_http_door {
	struct lr_loop *loop;
	struct lr_http_door_hooks hooks;
	struct lr_http_listener listeners[LR_HTTP_LISTENERS];
	size_t n_listeners;
	struct lr_map networks; /* of those that have connections */
	unsigned connections, max, per_network;
	bool tls;
	int spare;
	uint64_t refused_full, refused_network;
};

/* Of `o` the limits, and whether there is a certificate. The door stays where it is. */
void lr_http_door_init(struct lr_http_door *d, struct lr_loop *loop,
	const struct lr_http_options *o, const struct lr_http_door_hooks *hooks);
/* Serves the listening socket, which it takes. 0 or -errno. */
int lr_http_door_listen(struct lr_http_door *d, int fd);
/* Accepts nothing any more. */
void lr_http_door_shut(struct lr_http_door *d);
/* When all have left. */
void lr_http_door_release(struct lr_http_door *d);

/* A connection from there counts from now on; what to give to lr_http_door_left(), or NULL. */
struct lr_http_network *lr_http_door_entered(
	struct lr_http_door *d, const struct lr_endpoint *peer);
void lr_http_door_left(struct lr_http_door *d, struct lr_http_network *n);

#endif
