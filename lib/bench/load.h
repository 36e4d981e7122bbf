/*
 * load.h - a game's packets as sizes and times, and what sends them in a laboratory
 *
 * Theory of operation. A load is the busiest seconds of a capture: of each IP packet its time and
 * how much it carries. It is sent as UDP packets of those sizes at those times, as often as one
 * likes, on the bare link or through a tunnel: always the same packets. A packet bears its number,
 * and the time on its way is from the clock before its sending to the kernel's time stamp on
 * arrival (SO_TIMESTAMPNS); both ends have the machine's one clock. When the measuring process gets
 * to reading it is no matter.
 */
#ifndef LR_BENCH_LOAD_H
#define LR_BENCH_LOAD_H

#include "lib/bench/lab.h"
#include "lib/game/game.h"
#include "lib/perf/hist.h"
#include "lib/perf/pcapng.h"

#define LR_LOAD_MIN  16   /* bytes of a packet's payload: its number has to find room */
#define LR_LOAD_MAX  1372 /* larger ones would be cut on the way: they are made so large */
#define LR_LOAD_MANY 65536

struct lr_load_packet {
	uint64_t at_ns; /* after the first */
	uint16_t size;  /* of the UDP payload */
};

struct lr_load {
	struct lr_load_packet *packets;
	size_t n, room;
	uint64_t first_ns;
};

/* One more frame of the capture. False: there are LR_LOAD_MANY, or there is no memory. */
bool lr_load_take(struct lr_load *l, const struct lr_captured *frame);
/* Keeps the `window_ns` with the most packets, the first of such. */
void lr_load_busiest(struct lr_load *l, uint64_t window_ns);
/* The busiest `window_ns` of a capture, or of traffic made from a game's profile. 0, or -1 with
 * `err`: not readable, or fewer than 20 packets of IP. Released in any case. */
int lr_load_capture(struct lr_load *l, const char *path, uint64_t window_ns, struct lr_err *err);
int lr_load_synth(
	struct lr_load *l, const struct lr_game *game, uint64_t window_ns, struct lr_err *err);
void lr_load_release(struct lr_load *l);

/* --- in a laboratory --- */

/* A way: a socket on one host, connected to one on another. */
struct lr_load_way {
	int tx, rx; /* -1: closed */
};
/* From host `from` to `address` of host `to`. 0, or -1 with `err`. Closed in any case. */
int lr_load_open(struct lr_load_way *w, const struct lr_lab *lab, unsigned from, unsigned to,
	const char *address, struct lr_err *err);
void lr_load_close(struct lr_load_way *w);
/* Sends the load; the times on the way go into `h`. How many were lost. */
uint64_t lr_load_send(const struct lr_load_way *w, const struct lr_load *l, struct lr_hist *h);
/* 60 packets a second; after half a second `cut` loses the way. The longest silence from then on
 * until packets come again, in ns; 0: `cut` failed, or they did not within `limit_s`. */
uint64_t lr_load_silence(
	const struct lr_load_way *w, bool (*cut)(void *ctx), void *ctx, unsigned limit_s);
/* Each way 60 times a second a packet of 200 bytes, which the other end sends back. How many came
 * back, of *sent. */
uint64_t lr_load_talk(const struct lr_load_way *ways, size_t n, uint64_t for_ns, uint64_t *sent);
/* The round trip of the first ping that is answered, and since the call; one is sent every 5 ms. 0,
 * or -ETIMEDOUT after `limit_ms`, or -errno. */
int lr_load_ping(const struct lr_lab *lab, unsigned host, const char *address, int limit_ms,
	uint64_t *rtt_ns, uint64_t *since_ns);

#endif
