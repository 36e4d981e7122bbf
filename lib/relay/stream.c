/*
 * stream.c - see stream.h
 */
#include "lib/relay/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/bytes.h"

/* Fills the frame up to `want` bytes; whether it has them. */
static bool fill(struct lr_stream *s, size_t want, const uint8_t *bytes, size_t len, size_t *used)
{
	size_t need = want - s->have, n = len - *used < need ? len - *used : need;
	memcpy(s->frame + s->have, bytes + *used, n);
	s->have += n;
	*used += n;
	return s->have == want;
}

int lr_stream_feed(struct lr_stream *s, const uint8_t *bytes, size_t len, size_t *used)
{
	struct lr_frame f;
	*used = 0;
	if (s->have < LR_FRAME_HEADER && !fill(s, LR_FRAME_HEADER, bytes, len, used))
		return 0;
	if (lr_frame_read(s->frame, LR_FRAME_HEADER, &f) < 0 || f.length > LR_FRAME_TCP_MAX)
		return -EBADMSG;
	size_t whole = LR_FRAME_HEADER + (size_t)f.length;
	if (!fill(s, whole, bytes, len, used))
		return 0;
	lr_frame_set_length(s->frame, 0);
	s->have = 0;
	return (int)whole;
}

/* ------------------------------------------------------------------ the ring */

static uint8_t *place(const struct lr_queue *q, size_t offset)
{
	return q->ring + (q->head + offset) % LR_QUEUE_BYTES;
}

static void copy_in(struct lr_queue *q, const uint8_t *bytes, size_t len)
{
	size_t at = (q->head + q->n) % LR_QUEUE_BYTES;
	size_t first = LR_QUEUE_BYTES - at < len ? LR_QUEUE_BYTES - at : len;
	memcpy(q->ring + at, bytes, first);
	memcpy(q->ring, bytes + first, len - first);
	q->n += len;
}

static void copy_out(const struct lr_queue *q, size_t offset, uint8_t *out, size_t len)
{
	for (size_t i = 0; i < len; i++)
		out[i] = *place(q, offset + i);
}

static void skip(struct lr_queue *q, size_t len)
{
	q->head = (q->head + len) % LR_QUEUE_BYTES;
	q->n -= len;
}

/* Length of the whole frame that stands first. */
static size_t first_frame(const struct lr_queue *q)
{
	return LR_FRAME_HEADER + ((size_t)*place(q, 2) << 8 | *place(q, 3));
}

void lr_queue_release(struct lr_queue *q)
{
	free(q->ring);
	free(q->rest);
	*q = (struct lr_queue){0};
}

void lr_queue_trim(struct lr_queue *q)
{
	if (!lr_queue_empty(q))
		return;
	free(q->ring);
	free(q->rest);
	q->ring = q->rest = NULL;
}

int lr_queue_push(struct lr_queue *q, const uint8_t *frame, size_t len)
{
	uint8_t head[LR_FRAME_HEADER];
	int dropped = 0;
	if (len < LR_FRAME_HEADER || len > LR_STREAM_FRAME)
		return -EMSGSIZE;
	if (!q->ring)
		q->ring = malloc(LR_QUEUE_BYTES);
	if (!q->rest)
		q->rest = malloc(LR_STREAM_FRAME);
	if (!q->ring || !q->rest)
		return -ENOMEM;
	while (q->n + q->rest_n + len > LR_QUEUE_BYTES) {
		skip(q, first_frame(q));
		dropped++;
	}
	memcpy(head, frame, sizeof(head));
	lr_frame_set_length(head, len - LR_FRAME_HEADER);
	copy_in(q, head, sizeof(head));
	copy_in(q, frame + LR_FRAME_HEADER, len - LR_FRAME_HEADER);
	q->dropped += (uint64_t)dropped;
	return dropped;
}

int lr_queue_peek(const struct lr_queue *q, struct iovec out[3])
{
	int n = 0;
	if (q->rest_n)
		out[n++] = (struct iovec){q->rest + q->rest_at, q->rest_n};
	if (q->n) {
		size_t first = LR_QUEUE_BYTES - q->head < q->n ? LR_QUEUE_BYTES - q->head : q->n;
		out[n++] = (struct iovec){q->ring + q->head, first};
		if (first < q->n)
			out[n++] = (struct iovec){q->ring, q->n - first};
	}
	return n;
}

void lr_queue_sent(struct lr_queue *q, size_t bytes)
{
	size_t of_rest = bytes < q->rest_n ? bytes : q->rest_n;
	q->rest_at += of_rest;
	q->rest_n -= of_rest;
	bytes -= of_rest;
	while (bytes) {
		size_t frame = first_frame(q);
		if (bytes >= frame) {
			skip(q, frame);
			bytes -= frame;
			continue;
		}
		q->rest_at = 0;
		q->rest_n = frame - bytes;
		copy_out(q, bytes, q->rest, q->rest_n);
		skip(q, frame);
		break;
	}
}
