/*
 * stream.h - frames over TCP: cut from the stream, and waiting to be sent
 *
 * Theory of operation of the queue. It holds whole frames that wait, at most LR_QUEUE_BYTES; when a
 * new one does not fit, the oldest go, because a late game packet is worth less than a
 * fresh one. A frame of which a part was sent cannot go any more: its rest is kept apart.
 */
#ifndef LR_RELAY_STREAM_H
#define LR_RELAY_STREAM_H

#include <sys/uio.h>

#include "lib/relay/frame.h"

#define LR_QUEUE_BYTES  65536
#define LR_STREAM_FRAME (LR_FRAME_HEADER + LR_FRAME_TCP_MAX)

struct lr_stream {
	size_t have;
	uint8_t frame[LR_STREAM_FRAME];
};
/* Takes up to `len` bytes; *used says how many. Returns the length of the frame that is complete
 * now in s->frame (its length field is 0 then), 0 when more is needed, -EBADMSG when the
 * stream cannot be followed any more. Call again with the rest. */
int lr_stream_feed(struct lr_stream *s, const uint8_t *bytes, size_t len, size_t *used);

struct lr_queue {
	uint8_t *ring; /* LR_QUEUE_BYTES, NULL until needed */
	size_t head, n;
	size_t rest_at, rest_n; /* of the frame that was sent in part */
	uint8_t *rest;          /* LR_STREAM_FRAME */
	uint64_t dropped;
};
void lr_queue_release(struct lr_queue *q);
/* Copies a frame as on UDP (length 0) of at most LR_STREAM_FRAME bytes. How many older ones were
 * dropped for it, or -errno: -EMSGSIZE, -ENOMEM. */
int lr_queue_push(struct lr_queue *q, const uint8_t *frame, size_t len);
static inline bool lr_queue_empty(const struct lr_queue *q)
{
	return q->n == 0 && q->rest_n == 0;
}
/* What to write next, in order: up to 3 pieces. And what of it was written. */
int lr_queue_peek(const struct lr_queue *q, struct iovec out[3]);
void lr_queue_sent(struct lr_queue *q, size_t bytes);
/* Gives memory back when nothing waits. */
void lr_queue_trim(struct lr_queue *q);

#endif
