/*
 * engine.h - plays captured packets through the library's real stages, one after the other
 *
 *   parse     the link header and the IP headers; what it is and where it goes
 *   lookup    whose the destination is: the allowed IPs of all members
 *   seal      lr_wg_seal() on the sender's device
 *   open      the receiver's session by the message's index, and the decryption
 *   replay    the replay check
 *   deliver   bookkeeping, the inner header, the source against the allowed IPs, the copy to where
 *             an interface would take it
 *   total     the six above of one packet
 *   receive   open, replay and deliver together: lr_wg_receive() and the copy
 *
 * With a stopwatch the same functions are called as without, those that the node calls; readings
 * inside lr_wg_receive() it takes itself (struct lr_wg_stamps). What the harness does (reading the
 * capture, choosing the tunnel, copying the packet in, comparing what came out with what went in)
 * is in no stage.
 *
 * Every packet is either delivered, byte for byte, or dropped for one named reason; the sums agree.
 */
#ifndef LR_REPLAY_ENGINE_H
#define LR_REPLAY_ENGINE_H

#include "lib/perf/pcapng.h"
#include "lib/replay/stage.h"
#include "lib/replay/tunnels.h"

enum lr_replay_drop {
	LR_REPLAY_NOT_IP,     /* the frame holds something else */
	LR_REPLAY_CUT_SHORT,  /* fewer bytes than the headers say: most often a snap length */
	LR_REPLAY_BAD_HEADER, /* IP headers that make no sense */
	LR_REPLAY_FRAGMENT,   /* a fragment that breaks the rules */
	LR_REPLAY_NO_SESSION, /* no tunnel could be made */
	LR_REPLAY_ALTERED,    /* what came out is not what went in */
	LR_REPLAY_FILTERED,   /* it was not to be played: lr_engine_skip() */
	LR_REPLAY_REFUSED,    /* + enum lr_wg_drop: refused by the tunnel */
	LR_REPLAY_DROPS = LR_REPLAY_REFUSED + LR_WG_DROPS
};
/* "not_ip", ...; behind LR_REPLAY_REFUSED the tunnel's own name with "tunnel_" in front. */
const char *lr_replay_drop_name(unsigned drop, char out[48]);

/* The stages that each packet goes through, in order. */
enum lr_engine_stage {
	LR_STAGE_PARSE,
	LR_STAGE_LOOKUP,
	LR_STAGE_SEAL,
	LR_STAGE_OPEN,
	LR_STAGE_REPLAY,
	LR_STAGE_DELIVER,
	LR_STAGE_TOTAL,
	LR_STAGE_RECEIVE,
	LR_ENGINE_STAGES
};

struct lr_engine {
	const struct lr_tick *tick; /* NULL: without timing */
	unsigned every, until;      /* of so many packets one is timed; packets until the next */
	struct lr_tunnels *tunnels;
	struct lr_stage *stages;            /* LR_ENGINE_STAGES */
	uint64_t packets, delivered, bytes; /* bytes: of delivered IP packets */
	uint64_t dropped[LR_REPLAY_DROPS];
	bool timed; /* the last packet went through all stages, and each was timed: */
	uint64_t last_ns[LR_ENGINE_STAGES];
	uint8_t *msg, *sink; /* LR_ENGINE_ROOM each */
};

#define LR_ENGINE_ROOM (66u << 10) /* the longest IP packet, message header, padding and tag */

/* `tick` NULL: nothing is timed. NULL with `err`. Needs lr_crypto_init(). */
struct lr_engine *lr_engine_new(const struct lr_tick *tick, struct lr_err *err);
void lr_engine_free(struct lr_engine *e);
/* One frame that is only counted, as filtered. */
void lr_engine_skip(struct lr_engine *e);
/* One frame through all stages. Always counted, in `delivered` or in one of `dropped`. */
void lr_engine_packet(struct lr_engine *e, const struct lr_captured *frame);

#endif
