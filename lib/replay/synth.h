/*
 * synth.h - traffic of a game as its profile tells it, for tests without captures
 *
 * Theory of operation. A party of players, the first of whom hosts, has a stream for each thing
 * that somebody says to somebody again and again: searches and announcements as the profile's
 * discovery has them, and play between host and each player on the first port that the profile
 * knows. What a profile does not tell follows from what waiting costs in it: fast games send 60
 * small packets a second each way, normal ones 20, slow ones 2. Intervals vary by 10 %, sizes
 * within the stream's range; all of it by the seed alone, so the same seed gives the same capture.
 *
 * Frames are Ethernet with right checksums; addresses 10.66.0.1 and on. IPX is not made.
 */
#ifndef LR_REPLAY_SYNTH_H
#define LR_REPLAY_SYNTH_H

#include "lib/game/game.h"
#include "lib/perf/pcapng.h"

#define LR_SYNTH_PLAYERS 64
#define LR_SYNTH_FRAME   1514

struct lr_synth;

/* `players` 2 to LR_SYNTH_PLAYERS. NULL with `err`: out of memory, or the profile has no port that
 * packets could be sent to (LR_EXIT_FAILED). The game must stay. */
struct lr_synth *lr_synth_new(
	const struct lr_game *game, unsigned players, uint64_t seed, struct lr_err *err);
void lr_synth_free(struct lr_synth *s); /* NULL is fine */
/* The next packet, with its time from 2026-01-01T00:00:00Z on; valid until the next call. It never
 * ends. */
void lr_synth_next(struct lr_synth *s, struct lr_captured *out);
#define LR_SYNTH_EPOCH_NS 1767225600000000000ull

#endif
