/*
 * ping.h - ICMP echo in process: round trips, jitter, loss
 *
 * Theory of operation. One socket, SOCK_DGRAM/IPPROTO_ICMP where the kernel lets us
 * (net.ipv4.ping_group_range), else SOCK_RAW. Requests leave on a schedule, answers are taken as
 * they come, and neither waits for the other. An answer counts once, when it carries the run's
 * own token and comes within `wait_ns`. Its round trip ends when the kernel saw it
 * (SO_TIMESTAMPNS), not when we were woken: the time that it lay in the socket's queue, measured
 * on the wall clock over those few microseconds, is taken off a monotonic difference, so a
 * stepped clock does no harm.
 *
 * Source: RFC 792, RFC 4443 section 4.
 */
#ifndef LR_IO_PING_H
#define LR_IO_PING_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/net/addr.h"

#define LR_PING_COUNT_MAX 100000
#define LR_PING_SIZE_MAX  65000 /* payload bytes */

struct lr_ping_options {
	struct lr_ip to;
	const char *iface; /* leave by this interface; NULL: as the routes say */
	unsigned count;    /* 1..LR_PING_COUNT_MAX */
	unsigned size;     /* bytes behind the ICMP header, 0..LR_PING_SIZE_MAX */
	uint64_t interval_ns, wait_ns;
	const volatile sig_atomic_t *stop; /* not 0: end early. NULL: never */
};

struct lr_ping_reply {
	unsigned seq; /* from 1 */
	size_t size;  /* ICMP bytes, header included */
	uint64_t rtt_ns;
};

struct lr_ping_result {
	unsigned sent, received;
	/* all zero when nothing was received */
	uint64_t min_ns, mean_ns, p50_ns, p90_ns, p99_ns, max_ns;
	uint64_t jitter_ns; /* mean of the differences of neighbouring round trips, by order of
			     * sending; 0 with fewer than two */
};

/* Runs until all is answered, late, or stopped. `each` (may be NULL) hears of every answer as it
 * comes. 0, also when nothing came (then err->text says why, where that is known); -1 with
 * `err` when it could not start: LR_EXIT_RIGHTS when no socket may be opened. */
int lr_ping_run(const struct lr_ping_options *o,
	void (*each)(void *ctx, const struct lr_ping_reply *reply), void *ctx,
	struct lr_ping_result *out, struct lr_err *err);

/* The figures of `n` round trips in order of sending; sorts them in place. Percentiles are by
 * nearest rank: the smallest value that at least p % do not exceed. */
void lr_ping_figures(uint64_t *rtts_ns, size_t n, struct lr_ping_result *out);

#endif
