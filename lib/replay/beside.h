/*
 * beside.h - the stages that no packet goes through, timed beside the replay
 *
 *   ipam_alloc   a new name gets an address in a /16 pool
 *   ipam_lookup  a lease by name and by address, in turn
 *   metrics      one sample into a histogram
 *   config_load  a wg-quick text with the capture's members as peers (1 to 32) becomes a value
 *   state_load   the address log of as many members becomes a table
 *
 * All in memory: what a disk adds is the disk's.
 */
#ifndef LR_REPLAY_BESIDE_H
#define LR_REPLAY_BESIDE_H

#include "lib/base/err.h"
#include "lib/replay/stage.h"

enum lr_beside_stage {
	LR_BESIDE_ALLOC,
	LR_BESIDE_LOOKUP,
	LR_BESIDE_METRICS,
	LR_BESIDE_CONFIG,
	LR_BESIDE_STATE,
	LR_BESIDE_STAGES
};

/* Names and targets into `stages`, LR_BESIDE_STAGES of them, zeroed by the caller. */
void lr_beside_name(struct lr_stage *stages);
/* One round: 1,000 samples of each of the first three, 100 of each of the others; about 15 ms.
 * Look-ups and histogram samples are timed eight at a time and counted with their share; a load
 * during which the scheduler took the processor away is done again.
 * `members` as the capture had. 0, or -1 with `err` when memory is short. Needs lr_crypto_init().
 */
int lr_beside_measure(
	struct lr_stage *stages, const struct lr_tick *tick, size_t members, struct lr_err *err);

#endif
