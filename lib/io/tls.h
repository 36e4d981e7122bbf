/*
 * tls.h - TLS in front of the HTTP server
 *
 * Theory of operation. A connection whose first byte says TLS comes here from the door. When the
 * handshake is done, one end of a pair of UNIX sockets is given away as if it were the connection,
 * in plain; we carry between the other end and TLS until either side ends. Whoever has the
 * plain end knows nothing of TLS: it speaks HTTP there, and after an Upgrade frames.
 *
 *   shaking -> open -> over (the plain end has ended; what waits is sent) -> freed
 *      |         `---> lost (the network has ended; the plain end is told, and is waited for)
 *      `-> freed (refused, too slow)
 *
 * Nothing is held twice: bytes are looked at where they lie (in the pair, in a TLS record) and
 * taken away when the other side has them. What waits of one direction is at most what the pair's
 * buffer holds, one TLS record and LR_TLS_LOWAT bytes in the kernel; a side that does not read is
 * not read for.
 *
 * A handshake costs us a signature before the client has shown anything. So each network (IPv4
 * /24, IPv6 /56) may begin LR_TLS_SHAKES a second; and one that takes longer than LR_TLS_TIME_S, or
 * that is the oldest of more than LR_TLS_TIMED, is closed. The same time is given to a client to
 * take the end of an answer.
 *
 * TLS 1.2 and 1.3 (RFC 5246, RFC 8446), without renegotiation, compression, or sessions kept here.
 */
#ifndef LR_IO_TLS_H
#define LR_IO_TLS_H

#include <sys/socket.h>

#include "lib/base/err.h"
#include "lib/io/http_door.h"

#define LR_TLS_SHAKES     50 /* handshakes a second of one network, */
#define LR_TLS_SHAKES_ALL 1000
#define LR_TLS_TIME_S     10
#define LR_TLS_TIMED      256 /* in a handshake, or ending, at once: some 60 KB each */
#define LR_TLS_LOWAT      16384

struct lr_tls;

struct lr_tls_hooks {
	void *ctx;
	/* Takes `fd`, non-blocking: the connection of `peer` in plain. */
	void (*take)(void *ctx, int fd, const struct lr_endpoint *peer, socklen_t len);
};

/* `cert` (a chain) and `key` are PEM text. NULL with `err` (exit 2 when they cannot be used).
 * Connections count at `door` from handshake to end. SIGPIPE must be ignored. */
struct lr_tls *lr_tls_new(struct lr_loop *loop, struct lr_http_door *door, const char *cert,
	const char *key, const struct lr_tls_hooks *hooks, struct lr_err *err);
/* Sends what can be sent at once of what lies in the pairs, and ends all connections. */
void lr_tls_free(struct lr_tls *t);
/* Takes the connection `fd`, which is non-blocking. */
void lr_tls_take(struct lr_tls *t, int fd, const struct lr_endpoint *peer, socklen_t len);
/* For the loop's owner: what is due by now, and when next. */
void lr_tls_tick(struct lr_tls *t, uint64_t now);
uint64_t lr_tls_due(struct lr_tls *t);
void lr_tls_stats(const struct lr_tls *t, struct lr_tls_stats *out);

#endif
