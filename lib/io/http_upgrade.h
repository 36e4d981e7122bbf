/*
 * http_upgrade.h - a stream of bytes by HTTP Upgrade (RFC 9110, section 7.8), as a descriptor
 *
 * Theory of operation. Connecting is libcurl's, the request is written by hand. After "101" a plain
 * connection's own socket is handed over; bytes behind the answer's head are still in it. With
 * TLS the caller gets one end of a pair of UNIX sockets and we carry the bytes between the other
 * end and TLS until one side ends; at most 16 KiB wait with us in each direction.
 *
 *   start -> connecting -> asking -> done (fd) -> carrying (TLS) -> gone
 *                    `---------`---> done (error) ----------------> gone
 */
#ifndef LR_IO_HTTP_UPGRADE_H
#define LR_IO_HTTP_UPGRADE_H

#include "lib/io/http_client.h"

struct lr_upgrade;

struct lr_upgrade_got {
	const char *error;      /* NULL: `fd` is the stream */
	bool temporary, no_tls; /* as of a call of http_client.h */
	unsigned status;        /* of the HTTP answer, 0: there was none */
	int fd;                 /* non-blocking, close-on-exec; taken by `done` */
	uint64_t rtt_us;        /* from the request to the answer */
};
struct lr_upgrade_hooks {
	void (*done)(void *ctx, const struct lr_upgrade_got *got); /* once */
	void (*gone)(void *ctx); /* the last that is heard: the upgrade is freed */
	void *ctx;
};

/* `url`, `headers`, `timeout_ms` of `ask` count; without an Upgrade header among them `protocol` is
 * asked for. NULL with `err`. */
struct lr_upgrade *lr_upgrade_start(struct lr_http_client *client, struct lr_loop *loop,
	const struct lr_http_ask *ask, const char *protocol, const struct lr_upgrade_hooks *hooks,
	struct lr_err *err);
/* Ends it without `done` or `gone`. */
void lr_upgrade_free(struct lr_upgrade *u);
/* For the loop's owner: when the attempt has lasted too long, and what to do then. */
uint64_t lr_upgrade_due(const struct lr_upgrade *u);
void lr_upgrade_tick(struct lr_upgrade *u, uint64_t now);

#endif
