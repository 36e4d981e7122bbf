/*
 * select.h - which packets of a capture are played: by direction, and by whose they are
 *
 * What is not wanted is counted as dropped for the reason "filtered", so that the sums stay right.
 * Directions come from the capture (pcapng packet flags, Linux cooked headers); with a map of peers
 * whose first is ourselves, from the addresses, too.
 */
#ifndef LR_REPLAY_SELECT_H
#define LR_REPLAY_SELECT_H

#include "lib/base/err.h"
#include "lib/net/addr.h"
#include "lib/perf/pcapng.h"

#define LR_SELECT_PEERS 64
#define LR_SELECT_NAME  64

struct lr_select_peer {
	struct lr_ip address;
	char name[LR_SELECT_NAME];
	uint64_t tx_packets, tx_bytes, rx_packets, rx_bytes; /* sent by it, and to it */
};

struct lr_select {
	enum lr_direction direction; /* UNKNOWN: both */
	struct lr_select_peer peers[LR_SELECT_PEERS];
	unsigned n; /* 0: everybody's */
};

/* "ADDR=NAME,ADDR=NAME,..." into s->peers; the first is ourselves. 0, or -1 with `err`
 * (LR_EXIT_USAGE). */
int lr_select_peers(struct lr_select *s, const char *map, struct lr_err *err);
/* "in", "out" or "both". 0, or -1 with `err`. */
int lr_select_direction(struct lr_select *s, const char *text, struct lr_err *err);
/* Whether a packet is to be played; counts for the peers whose it is. */
bool lr_select_wants(struct lr_select *s, const struct lr_captured *frame);
/* The direction of a frame, as its capture tells. */
enum lr_direction lr_select_direction_of(const struct lr_captured *frame);

#endif
