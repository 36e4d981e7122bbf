/*
 * relay_stream.c - frames over TCP: cut from the stream, and the queue that drops the oldest
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/relay/stream.h"
#include "t/unit/tap.h"

#define FRAMES 40

static uint8_t frames[FRAMES][LR_STREAM_FRAME];
static size_t lens[FRAMES];

static void make_frames(void)
{
	for (unsigned i = 0; i < FRAMES; i++) {
		lens[i] = LR_FRAME_HEADER + i * 97 % 1500;
		lr_frame_header(frames[i], 0, i + 1);
		memset(frames[i] + LR_FRAME_HEADER, (int)i, lens[i] - LR_FRAME_HEADER);
	}
}

static size_t stream_of(uint8_t *out)
{
	size_t n = 0;
	for (unsigned i = 0; i < FRAMES; i++) {
		memcpy(out + n, frames[i], lens[i]);
		lr_frame_set_length(out + n, lens[i] - LR_FRAME_HEADER);
		n += lens[i];
	}
	return n;
}

/* The stream in steps of `step` bytes: all frames, as they were. */
static bool fed(const uint8_t *bytes, size_t len, size_t step)
{
	struct lr_stream s = {0};
	unsigned seen = 0;
	for (size_t at = 0; at < len; at += step) {
		size_t left = len - at < step ? len - at : step;
		const uint8_t *p = bytes + at;
		while (left) {
			size_t used;
			int n = lr_stream_feed(&s, p, left, &used);
			if (n < 0)
				return false;
			if (n && (seen >= FRAMES || (size_t)n != lens[seen] ||
					 memcmp(s.frame, frames[seen], (size_t)n) != 0))
				return false;
			seen += n > 0;
			p += used;
			left -= used;
		}
	}
	return seen == FRAMES && s.have == 0;
}

static void cutting(void)
{
	static uint8_t bytes[FRAMES * 1600];
	size_t len = stream_of(bytes), wrong = 0, used;
	struct lr_stream s = {0};
	for (size_t step = 1; step < 300; step++)
		wrong += !fed(bytes, len, step);
	is_int(wrong, 0, "every frame, whatever the pieces are");
	ok(fed(bytes, len, len), "and all at once");
	static const uint8_t foreign[8] = "GET / HT";
	is_int(lr_stream_feed(&s, foreign, 8, &used), -EBADMSG, "something else");
	uint8_t big[8] = {0xf2};
	s = (struct lr_stream){0};
	lr_frame_set_length(big, LR_FRAME_TCP_MAX + 1);
	is_int(lr_stream_feed(&s, big, 8, &used), -EBADMSG, "a frame over the limit");
	s = (struct lr_stream){0};
	lr_frame_set_length(big, LR_FRAME_TCP_MAX);
	is_int(lr_stream_feed(&s, big, 8, &used), 0, "the largest is waited for");
}

/* Takes up to `max` bytes out of the queue, as a socket does. */
static size_t drain(struct lr_queue *q, uint8_t *out, size_t max)
{
	struct iovec iov[3];
	int n = lr_queue_peek(q, iov);
	size_t got = 0;
	for (int i = 0; i < n && got < max; i++) {
		size_t k = iov[i].iov_len < max - got ? iov[i].iov_len : max - got;
		memcpy(out + got, iov[i].iov_base, k);
		got += k;
	}
	lr_queue_sent(q, got);
	return got;
}

static void queueing(void)
{
	static uint8_t want[FRAMES * 1600], got[FRAMES * 1600];
	struct lr_queue q = {0};
	size_t len = stream_of(want), n = 0;
	for (unsigned i = 0; i < FRAMES; i++)
		is_int(lr_queue_push(&q, frames[i], lens[i]), 0, "it fits");
	for (size_t step = 1, took; (took = drain(&q, got + n, step)); step = step % 3001 + 17)
		n += took;
	ok(n == len && memcmp(got, want, len) == 0, "comes out as it went in, in odd pieces");
	ok(lr_queue_empty(&q), "and then it is empty");
	lr_queue_trim(&q);
	ok(!q.ring && !q.rest, "an empty one needs no memory");
	is_int(lr_queue_push(&q, frames[0], 7), -EMSGSIZE, "less than a header");
	is_int(lr_queue_push(&q, want, LR_STREAM_FRAME + 1), -EMSGSIZE, "more than a frame");
	lr_queue_release(&q);
}

/* Frames numbered 1.. go in, some bytes out; what comes out must be whole frames in order, the
 * dropped ones the oldest. */
static void dropping(size_t first)
{
	static uint8_t out[LR_QUEUE_BYTES + LR_STREAM_FRAME], frame[1008];
	struct lr_queue q = {0};
	struct lr_stream s = {0};
	size_t n = 0, used = 0, took;
	uint32_t last = 0, order = 0, dropped = 0, seen = 0, lost = 0;
	lr_frame_header(frame, 0, 1);
	lr_queue_push(&q, frame, sizeof(frame));
	n = drain(&q, out, first);
	for (uint32_t i = 2; i <= 100; i++) {
		lr_frame_header(frame, 0, i);
		dropped += (uint32_t)lr_queue_push(&q, frame, sizeof(frame));
		ok(q.n + q.rest_n <= LR_QUEUE_BYTES, "never over 64 KiB");
	}
	while ((took = drain(&q, out + n, 5000)))
		n += took;
	for (size_t at = 0; at < n; at += used) {
		struct lr_frame f;
		int r = lr_stream_feed(&s, out + at, n - at, &used);
		if (r <= 0 || lr_frame_read(s.frame, (size_t)r, &f) < 0)
			break;
		order += f.channel <= last;
		lost += f.channel > 1 && last == 1 ? f.channel - 2 : 0;
		last = f.channel;
		seen++;
	}
	is_int(order, 0, "in order");
	is_int(last, 100, "the newest is there");
	is_int(seen + dropped, 100, "each is sent or counted as dropped");
	is_int(q.dropped, dropped, "counted");
	ok(first == 0 || lost == dropped, "after the one that was begun the oldest went");
	ok(s.have == 0, "only whole ones");
	lr_queue_release(&q);
}

int main(void)
{
	make_frames();
	cutting();
	queueing();
	dropping(0);
	dropping(1);
	dropping(1007);
	return tap_done();
}
