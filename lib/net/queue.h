/*
 * queue.h - which packets go first, and which wait
 *
 * Theory of operation. What the system has for us comes as one row: a game's packet stands behind
 * all that was written before it. So the owner empties that row and asks lr_queue_class() of each
 * packet. GAME goes out in the order in which it is read; BULK waits here, and goes when nothing
 * else is there to do and the line is free (pace.h).
 *
 * A flow's packet is bulk
 *   - while packets of its flow wait here: a packet never overtakes one of its own flow;
 *   - when it stands for many (an offloaded frame): nobody plays by the kilobyte;
 *   - when its flow sends more than LR_QUEUE_RATE, over a burst of LR_QUEUE_BURST. A packet that is
 *     marked (EF, RFC 3246, or a port that a profile names) may have LR_QUEUE_MARKED times as much.
 * Flows are the buckets of a hash; two that meet in one share its fate, and no order is harmed.
 *
 * Packets lie in a buffer of the owner, one behind the other in a ring of LR_QUEUE_ROOM bytes with
 * one frame's room behind it: the owner reads to lr_queue_place() and puts what shall wait; what
 * goes out at once is not put, and the next is read over it. An empty ring begins at its front
 * again, so that a quiet node touches one frame of it. How long bulk may stand is CoDel's to say
 * (RFC 8289); what finds no room is dropped.
 */
#ifndef LR_NET_QUEUE_H
#define LR_NET_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/clock.h"

#define LR_QUEUE_FRAME  (66u << 10) /* the longest thing that is put */
#define LR_QUEUE_ROOM   (4u << 20)  /* a TCP flow's window fits: tcp_wmem(7) grows to 4 MB */
#define LR_QUEUE_BUFFER (LR_QUEUE_ROOM + LR_QUEUE_FRAME)
#define LR_QUEUE_ITEMS  2048
#define LR_QUEUE_FLOWS  1024
#define LR_QUEUE_RATE   (128u << 10) /* bytes a second: 128 packets of 1,000 bytes */
#define LR_QUEUE_BURST  (16u << 10)  /* bytes: a dozen full packets */
#define LR_QUEUE_MARKED 8
#define LR_QUEUE_TARGET (5 * LR_NS_PER_MS)   /* RFC 8289, 4.3 */
#define LR_QUEUE_PERIOD (100 * LR_NS_PER_MS) /* its INTERVAL, 4.2 */

enum lr_queue_class { LR_QUEUE_GAME, LR_QUEUE_BULK };
enum lr_queue_drop {
	LR_QUEUE_DROP_AGE,  /* it stood too long, for too long */
	LR_QUEUE_DROP_FULL, /* no room was left */
	LR_QUEUE_DROPS
};

struct lr_queue_flow {
	uint64_t level_ns, at_ns; /* what it may still send, as time at LR_QUEUE_RATE; as of when */
	uint32_t waiting;         /* packets of it that wait */
};

struct lr_queue_item {
	uint64_t at_ns;
	uint32_t place, bytes;
	uint16_t flow;
};

struct lr_queue {
	struct lr_queue_item ring[LR_QUEUE_ITEMS];
	unsigned first, count;
	uint32_t tail;  /* where the next frame goes */
	uint64_t bytes; /* that wait */
	/* CoDel's */
	uint64_t above_ns, next_ns; /* when it is too much; when the next one goes */
	uint32_t dropped, last_dropped;
	bool dropping;
	uint64_t drops[LR_QUEUE_DROPS];
	struct lr_queue_flow flows[LR_QUEUE_FLOWS];
};

void lr_queue_init(struct lr_queue *q);
/* Of an IP packet as the device gave it; `many`: it stands for several; `marked`: its game is
 * known. *flow is for lr_queue_put(). Anything that is no IP packet is GAME. About 10 ns. */
enum lr_queue_class lr_queue_class(struct lr_queue *q, uint64_t now, const uint8_t *packet,
	size_t len, bool many, bool marked, uint16_t *flow);
/* Where in the buffer the next frame is to be read to: LR_QUEUE_FRAME bytes are free there. */
size_t lr_queue_place(struct lr_queue *q);
/* The frame of `bytes` bytes that was read there waits from `now` on. False: there is no room. */
bool lr_queue_put(struct lr_queue *q, uint64_t now, uint16_t flow, size_t bytes);
/* The frame that goes next. It may lie there until lr_queue_place() is called. False: none. */
bool lr_queue_get(struct lr_queue *q, uint64_t now, size_t *place, size_t *bytes);
static inline bool lr_queue_empty(const struct lr_queue *q)
{
	return q->count == 0;
}

#endif
