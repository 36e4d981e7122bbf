/*
 * net_queue.c - the two classes, the order within a flow, CoDel, the pace of a line; on a clock of
 * the test's own
 */
#include "lib/net/queue.h"

#include <errno.h>

#include "lib/base/bytes.h"
#include "lib/net/pace.h"
#include "t/unit/tap.h"

#define MS LR_NS_PER_MS

static struct lr_queue queue;

/* An IPv4 datagram from `port`; len of all of it. */
static void datagram(uint8_t *p, uint16_t port, size_t len, uint8_t tos)
{
	memset(p, 0, len);
	p[0] = 0x45;
	p[1] = tos;
	lr_put_be16(p + 2, (uint16_t)len);
	p[8] = 64;
	p[9] = 17;
	lr_put_be32(p + 12, 0x0a420001);
	lr_put_be32(p + 16, 0x0a420002);
	lr_put_be16(p + 20, port);
	lr_put_be16(p + 22, 27015);
}

static enum lr_queue_class of(
	uint64_t now, uint16_t port, size_t len, uint8_t tos, bool many, uint16_t *flow)
{
	static uint8_t p[2000];

	datagram(p, port, len, tos);
	return lr_queue_class(&queue, now, p, len, many, false, flow);
}

/* How many of a second's `rate` packets of `len` bytes are called bulk, after a second to settle.
 */
static unsigned bulk_of(uint16_t port, unsigned rate, size_t len, uint8_t tos)
{
	unsigned n = 0;
	uint16_t flow;

	lr_queue_init(&queue);
	for (unsigned i = 0; i < 2 * rate; i++) {
		uint64_t now = LR_NS_PER_S + (uint64_t)i * LR_NS_PER_S / rate;
		n += of(now, port, len, tos, false, &flow) == LR_QUEUE_BULK && i >= rate;
	}
	return n;
}

static void classes(void)
{
	uint16_t flow, other;
	size_t place, bytes;

	is_int(bulk_of(1, 128, 200, 0), 0, "128 packets a second of 200 bytes are a game");
	is_int(bulk_of(1, 60, 1400, 0), 0, "60 a second of 1,400 bytes, too");
	ok(bulk_of(1, 5000, 1400, 0) > 4800, "5,000 a second of 1,400 bytes are bulk");
	is_int(bulk_of(1, 500, 1400, 46 << 2), 0,
		"500 a second of 1,400 bytes are a game's if it says so");
	lr_queue_init(&queue);
	is_int(of(1, 7, 1400, 0, true, &flow), LR_QUEUE_BULK, "what stands for many is bulk");
	is_int(of(1, 8, 100, 0, false, &other), LR_QUEUE_GAME, "another flow beside it is not");
	ok(flow != other, "these two ports are two flows");
	lr_queue_put(&queue, 1, flow, 60000);
	is_int(of(2, 7, 100, 0, false, &flow), LR_QUEUE_BULK,
		"a small packet waits behind its flow's big ones");
	ok(lr_queue_get(&queue, 3, &place, &bytes) && bytes == 60000, "those come out");
	is_int(of(4, 7, 100, 0, false, &flow), LR_QUEUE_GAME, "and no longer when they are gone");
	is_int(lr_queue_class(&queue, 5, (const uint8_t *)"x", 1, false, false, &flow),
		LR_QUEUE_GAME, "what is no IP packet does not wait");
}

/* Frames of `len` bytes until one finds no room. How many did. */
static unsigned fill(size_t len)
{
	unsigned n = 0;

	while (lr_queue_put(&queue, 10, (uint16_t)(n % 7), len))
		n++;
	return n;
}

static void places(void)
{
	size_t place, bytes;

	lr_queue_init(&queue);
	is_int(lr_queue_place(&queue), 0, "the first frame is read to the front");
	is_int(lr_queue_place(&queue), 0, "the next too, when the first went out at once");
	unsigned n = fill(60000);
	ok(n * 60000ull > LR_QUEUE_ROOM - 3 * LR_QUEUE_FRAME && n * 60000ull <= LR_QUEUE_ROOM,
		"large frames fill the room (%u)", n);
	is_int(queue.drops[LR_QUEUE_DROP_FULL], 1, "one more is dropped, and counted");
	is_int(lr_queue_place(&queue), LR_QUEUE_ROOM, "and is read behind the ring");
	ok(lr_queue_get(&queue, 11, &place, &bytes) && place == 0 && bytes == 60000,
		"the oldest comes first");
	lr_queue_get(&queue, 11, &place, &bytes);
	is_int(lr_queue_place(&queue), 0, "its place is the next one's");
	ok(lr_queue_put(&queue, 11, 1, 60000), "which has room there");
	is_int(lr_queue_place(&queue), LR_QUEUE_ROOM, "but not one more");
	for (unsigned i = 0; i < n - 1; i++)
		lr_queue_get(&queue, 11, &place, &bytes);
	ok(place == 0 && lr_queue_empty(&queue) && queue.bytes == 0,
		"they come out in their order, and no more");
	ok(!lr_queue_get(&queue, 11, &place, &bytes), "then there is none");
	is_int(fill(60), LR_QUEUE_ITEMS, "small frames are bounded by their number");
	unsigned waiting = 0;
	for (unsigned i = 0; i < LR_QUEUE_FLOWS; i++)
		waiting += queue.flows[i].waiting;
	is_int(waiting, LR_QUEUE_ITEMS, "each flow knows how many of it wait");
}

/* Puts and gets at random: no two that wait overlap, and each comes out as it was put. */
static void overlaps(void)
{
	static uint32_t at[LR_QUEUE_ITEMS * 64], len[LR_QUEUE_ITEMS * 64];
	unsigned in = 0, out = 0, wrong = 0;
	uint32_t seed = 1;
	size_t place, bytes;

	lr_queue_init(&queue);
	while (in < 60000) {
		seed = seed * 1664525 + 1013904223; /* Numerical Recipes' generator */
		bool put = (seed >> 24) % 100 < (in / 3000 % 2 ? 40u : 70u);
		if (put) {
			len[in] = 1 + (seed >> 8) % (in / 500 % 2 ? 1500 : 65000);
			at[in] = (uint32_t)lr_queue_place(&queue);
			if (at[in] == LR_QUEUE_ROOM)
				continue;
			for (unsigned i = out; i < in; i++)
				wrong += at[i] < at[in] + len[in] && at[in] < at[i] + len[i];
			wrong += at[in] + len[in] > LR_QUEUE_ROOM;
			in += lr_queue_put(&queue, 5, 1, len[in]);
		} else if (lr_queue_get(&queue, 5, &place, &bytes)) {
			wrong += place != at[out] || bytes != len[out];
			out++;
		}
	}
	ok(out > 1000, "%u frames went through", out);
	is_int(wrong, 0, "none lay where another waited, and all came out as they went in");
}

/* One comes each `in` ns, one goes each `out`, for two seconds. What was dropped for its age. */
static uint64_t codel(uint64_t in, uint64_t out)
{
	uint64_t next_in = 0, next_out = 0;
	size_t place, bytes;

	lr_queue_init(&queue);
	for (uint64_t now = LR_NS_PER_S; now < 3 * LR_NS_PER_S; now += MS / 10) {
		for (; next_in <= now - LR_NS_PER_S; next_in += in)
			lr_queue_put(&queue, now, 1, 30000);
		for (; next_out <= now - LR_NS_PER_S; next_out += out)
			lr_queue_get(&queue, now, &place, &bytes);
	}
	return queue.drops[LR_QUEUE_DROP_AGE];
}

static void ages(void)
{
	is_int(codel(MS, MS), 0, "a line that takes all drops nothing");
	uint64_t n = codel(MS * 9 / 10, MS);
	ok(n > 5 && n < 400, "a line that is a tenth too slow drops some for their age (%llu)",
		(unsigned long long)n);
	lr_queue_init(&queue);
	for (unsigned i = 0; i < 20; i++)
		lr_queue_put(&queue, 1, 1, 60000);
	unsigned got = 0;
	size_t place, bytes;
	while (lr_queue_get(&queue, 50 * MS, &place, &bytes))
		got++;
	is_int(got, 20, "one late burst is no standing queue");
}

static void rates(void)
{
	static const struct {
		const char *text;
		int r;
		uint64_t rate;
	} cases[] = {
		{"19mbit", 0, 19000000},
		{"512kbit", 0, 512000},
		{"1.5Gbit", 0, 1500000000},
		{"100000", 0, 100000},
		{"64000bit", 0, 64000},
		{"19", -ERANGE, 0},
		{"0", -ERANGE, 0},
		{"1000gbit", -ERANGE, 0},
		{"", -EINVAL, 0},
		{"-1mbit", -EINVAL, 0},
		{"19mb", -EINVAL, 0},
		{"19mbit ", -EINVAL, 0},
		{"nan", -EINVAL, 0},
		{"inf", -EINVAL, 0},
		{"1e400", -ERANGE, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t rate = 0;
		int r = lr_pace_parse(cases[i].text, &rate);
		ok(r == cases[i].r && (r || rate == cases[i].rate), "rate \"%s\"", cases[i].text);
	}
}

static void paces(void)
{
	struct lr_pace p = {.rate = 8000000}; /* a byte a microsecond */

	ok(lr_pace_free(&p, 1), "a line is free at first");
	lr_pace_sent(&p, 1000, 958, 1, 4);
	is_int(p.free_ns, 1000 + 1000 * LR_NS_PER_US,
		"958 bytes and 42 of headers take a millisecond");
	ok(!lr_pace_free(&p, MS), "and it is busy");
	lr_pace_sent(&p, 2000, 2 * 938, 2, 6);
	is_int(p.free_ns, 1000 + 3000 * LR_NS_PER_US, "two more over IPv6 come on top");
	lr_pace_sent(&p, 10 * MS, 958, 1, 4);
	is_int(p.free_ns, 11 * MS, "an idle line gives no credit");
	for (unsigned i = 0; i < 1000; i++)
		lr_pace_sent(&p, 10 * MS, 958, 1, 4);
	is_int(p.free_ns, 260 * MS,
		"what may not wait holds up the rest for a quarter of a second at most");
	p = (struct lr_pace){0};
	lr_pace_sent(&p, 5, 100000, 70, 4);
	ok(lr_pace_free(&p, 5), "without a rate it is always free");
}

int main(void)
{
	classes();
	places();
	overlaps();
	ages();
	rates();
	paces();
	return tap_done();
}
