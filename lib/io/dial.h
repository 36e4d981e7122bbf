/*
 * dial.h - a TCP connection that is begun before the program that will use it has loaded
 *
 * Theory of operation. Loading libcurl takes as long as a round trip to a near relay. So whoever
 * starts the helper begins the connection and hands it down as a descriptor, with the address. The
 * first connection that the helper's HTTP client wants there is this one. libcurl takes only one
 * that is there, so requests for the address wait for that:
 *
 *   begun    the descriptor is watched; lr_dialled_awaited() says which requests wait
 *   there    `settled` was called; lr_dialled_take() gives it away
 *   gone     taken, refused, or LR_DIALLED_S old, when a server may have closed it: `settled` was
 *            called, and a request makes a connection of its own
 */
#ifndef LR_IO_DIAL_H
#define LR_IO_DIAL_H

#include "lib/io/loop.h"
#include "lib/net/addr.h"

#define LR_DIALLED_FD 3 /* in the helper */
#define LR_DIALLED_S  5

struct lr_dialled {
	int fd; /* -1: gone */
	bool there;
	struct lr_endpoint at;
	uint64_t until_ns; /* LR_NEVER: gone */
	struct lr_loop *loop;
	struct lr_source source;
	void (*settled)(void *ctx);
	void *ctx;
};

/* Begins it and does not wait. The descriptor, which does not block, or -errno. */
int lr_dial(const struct lr_endpoint *at);
/* Before a connection is begun: both ends' segments are to fit where routers drop what is longer
 * and do not say so (RFC 2923); what our SYN says counts for the server. */
void lr_dial_segment(int fd);
/* None: as if it was gone. */
void lr_dialled_none(struct lr_dialled *d);
/* The connection `fd` to `at` as it was handed down. 0, or -ENOTSOCK. */
int lr_dialled_init(struct lr_dialled *d, int fd, const struct lr_endpoint *at, uint64_t now);
/* Watches it; `settled` is called once from the loop, or from lr_dialled_tick(). `d` stays where it
 * is until released. */
void lr_dialled_watch(
	struct lr_dialled *d, struct lr_loop *loop, void (*settled)(void *ctx), void *ctx);
/* Whether a request for `url`, whose host is an address, shall wait until it is settled. */
bool lr_dialled_awaited(const struct lr_dialled *d, const char *url);
/* Its descriptor, the caller's from now on, when it is there and leads to `to`; else -1. */
int lr_dialled_take(struct lr_dialled *d, const struct sockaddr *to);
/* To be called at until_ns. */
void lr_dialled_tick(struct lr_dialled *d, uint64_t now);
void lr_dialled_release(struct lr_dialled *d);

#endif
