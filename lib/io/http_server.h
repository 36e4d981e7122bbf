/*
 * http_server.h - HTTP/1.1 and HTTPS on our own loop (libmicrohttpd)
 *
 * Theory of operation. The owner listens and accepts nothing itself: lr_http_listen() adds a
 * listening socket, connections are counted by network (IPv4 /24, IPv6 /56) and handed to
 * libmicrohttpd, whose epoll descriptor is one source of the loop. With a certificate one
 * port serves both HTTP and HTTPS; TLS is ours (tls.h), as libmicrohttpd 0.9.75 moves an upgraded
 * TLS connection through a buffer of 8 bytes.
 *
 * A request is announced when its head is complete (`begin`, which may refuse it before the
 * body comes), handed over with its body (`handle`) and answered by lr_http_answer(), there or at
 * any later time; meanwhile it costs its connection's memory and no time. `done` is the last
 * that is heard of it, also when the client has gone.
 *
 * An upgraded connection gives its descriptor to the owner, with TLS one end of a pair of sockets.
 */
#ifndef LR_IO_HTTP_SERVER_H
#define LR_IO_HTTP_SERVER_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/io/loop.h"
#include "lib/net/addr.h"

struct lr_http;
struct lr_http_request;
struct lr_http_tunnel; /* an upgraded connection */

struct lr_http_hooks {
	void *ctx;
	/* Returns how many bytes the body may have, or minus an HTTP status that refuses it. */
	long (*begin)(void *ctx, struct lr_http_request *q);
	void (*handle)(void *ctx, struct lr_http_request *q);
	void (*done)(void *ctx, struct lr_http_request *q);
	/* After lr_http_upgrade(): `fd` is non-blocking; `extra` came behind the request. Takes
	 * `t`, to be closed with lr_http_close(). */
	void (*upgraded)(void *ctx, struct lr_http_tunnel *t, int fd,
		const struct lr_endpoint *peer, const void *extra, size_t len);
};
struct lr_http_options {
	const char *cert, *key; /* PEM text, or NULL */
	unsigned connections;   /* in all */
	unsigned per_network;   /* of one network */
	unsigned idle_s;        /* a connection without a request is closed after */
};
struct lr_http_stats {
	unsigned connections;
	uint64_t refused_full, refused_network;
	struct lr_tls_stats {
		uint64_t shaken, failed; /* handshakes that were done, and that came to nothing */
		uint64_t refused;        /* over their rate, before anything was said */
	} tls;
};

/* NULL with `err` (exit 2 for a certificate that cannot be used). `hooks` is copied. */
struct lr_http *lr_http_new(struct lr_loop *loop, const struct lr_http_options *options,
	const struct lr_http_hooks *hooks, struct lr_err *err);
/* Ends all requests (those that wait are answered with 503) and connections. Tunnels must have been
 * closed. */
void lr_http_free(struct lr_http *h);
/* Serves the listening TCP socket `fd`, which it takes. 0 or -errno. */
int lr_http_listen(struct lr_http *h, int fd);
/* A listening TCP socket at `at`; IPv6 ones for IPv6 only. Or -errno. */
int lr_http_socket(const struct lr_endpoint *at);
/* For the loop's owner: what is due by now, and when next. */
void lr_http_tick(struct lr_http *h, uint64_t now);
uint64_t lr_http_due(const struct lr_http *h);
void lr_http_stats(const struct lr_http *h, struct lr_http_stats *out);

/* Of a request. Texts are valid as long as it is. NULL: there is none. */
const char *lr_http_method(const struct lr_http_request *q);
const char *lr_http_path(const struct lr_http_request *q); /* without the query, not decoded */
const char *lr_http_query(const struct lr_http_request *q, const char *name);
const char *lr_http_header(const struct lr_http_request *q, const char *name);
const struct lr_endpoint *lr_http_peer(const struct lr_http_request *q);
const uint8_t *lr_http_body(const struct lr_http_request *q, size_t *len);
/* A place for the owner's own pointer. */
void **lr_http_owner(struct lr_http_request *q);

/* Once a request. `bytes` is malloc'd or NULL and is taken; `type` is a literal. */
void lr_http_answer(
	struct lr_http_request *q, unsigned status, const char *type, void *bytes, size_t len);
/* Instead of an answer, in `handle`: 101, and `upgraded` is called. */
void lr_http_upgrade(struct lr_http_request *q, const char *protocol);
void lr_http_close(struct lr_http_tunnel *t);

#endif
