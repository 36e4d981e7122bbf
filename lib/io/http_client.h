/*
 * http_client.h - HTTP and HTTPS calls on our own loop (libcurl)
 *
 * Theory of operation. One libcurl multi handle keeps the connections and uses them again. Each
 * socket that it wants watched is a source of the loop, its one timer is part of the owner's
 * deadline: the owner's deadline() asks lr_http_client_due(), its settle() calls
 * lr_http_client_tick(). A call ends by exactly one `done`, from tick() or from a source, never
 * from within lr_http_client_start(); a cancelled one ends without.
 *
 * Redirects are not followed, other protocols than http and https are refused, certificates are
 * checked (against the file in SSL_CERT_FILE if that is set). Proxies come from the environment, as
 * for curl(1). URLs and headers never occur in an error's text: they may hold secrets.
 */
#ifndef LR_IO_HTTP_CLIENT_H
#define LR_IO_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/io/dial.h"
#include "lib/io/loop.h"

#define LR_HTTP_BODY_MAX    (1u << 20) /* of a request: ours are records of some KiB */
#define LR_HTTP_ANSWER_MAX  (4u << 20) /* the list of the largest party is about 1 MiB */
#define LR_HTTP_HEADERS_MAX 16
#define LR_HTTP_FIELD_MAX   128 /* of an answer's header that is kept, with its NUL */

struct lr_http_client;
struct lr_http_call;
struct lr_http_stream;

struct lr_http_ask {
	const char *method; /* GET, PUT, POST or DELETE */
	const char *url;
	const char *const *headers; /* "Name: value" */
	unsigned n_headers;
	const void *body;    /* copied; NULL: none */
	size_t len;          /* at most LR_HTTP_BODY_MAX */
	unsigned timeout_ms; /* for all of it, 0: 10,000 */
	bool connect_only;   /* only TCP, and TLS for https: `stream` of the answer */
};

/* Valid during `done` only, but for `stream`. */
struct lr_http_got {
	const char *error; /* NULL: there is an answer */
	bool temporary;    /* of an error: it may go well another time */
	bool no_tls;       /* of an error: https, but no TLS is spoken there */
	unsigned status;   /* of HTTP; 0 for a stream */
	const uint8_t *body;
	size_t len;
	const char *retry_after, *content_type; /* as they came; NULL: not there */
	uint64_t rtt_us; /* from the request to the first byte; for a stream, of the connect */
	struct lr_http_stream *stream; /* to be closed by whom it was given */
};

/* NULL with `err`. Calls curl_global_init(): before other threads start. */
struct lr_http_client *lr_http_client_new(struct lr_loop *loop, struct lr_err *err);
/* Takes a connection over: the first that is wanted to its address is this one. */
void lr_http_client_dialled(struct lr_http_client *c, const struct lr_dialled *d);
/* Ends all calls without `done`. Streams must have been closed. */
void lr_http_client_free(struct lr_http_client *c);
/* NULL with `err` when the request is wrong (LR_EXIT_USAGE) or there is no memory. */
struct lr_http_call *lr_http_client_start(struct lr_http_client *c, const struct lr_http_ask *ask,
	void (*done)(void *ctx, const struct lr_http_got *got), void *ctx, struct lr_err *err);
void lr_http_client_cancel(struct lr_http_call *call);
/* For the loop's owner. */
uint64_t lr_http_client_due(const struct lr_http_client *c);
void lr_http_client_tick(struct lr_http_client *c, uint64_t now);

/* Of a stream. The descriptor is libcurl's: poll a duplicate. */
int lr_http_stream_fd(const struct lr_http_stream *s);
bool lr_http_stream_tls(const struct lr_http_stream *s); /* the bytes on `fd` are not ours */
/* Bytes that went or came, -EAGAIN, or another -errno; recv 0: the end. */
long lr_http_stream_send(struct lr_http_stream *s, const void *bytes, size_t len);
long lr_http_stream_recv(struct lr_http_stream *s, void *bytes, size_t room);
void lr_http_stream_close(struct lr_http_stream *s);

#endif
