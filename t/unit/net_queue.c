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

	is_int(bulk_of(1, 128, 200, 0), 0, "128 packets a second of 200 bytes are a game");
	is_int(bulk_of(1, 60, 1400, 0), 0, "60 a second of 1,400 bytes, too");
	ok(bulk_of(1, 5000, 1400, 0) > 4800, "5,000 a second of 1,400 bytes are bulk");
	is_int(bulk_of(1, 500, 1400, 46 << 2), 0,
		"500 a second of 1,400 bytes are a game's if it says so");
	lr_queue_init(&queue);
	is_int(of(1, 7, 1400, 0, true, &flow), LR_QUEUE_BULK, "what stands for many is bulk");
	is_int(of(1, 8, 100, 0, false, &other), LR_QUEUE_GAME, "another flow beside it is not");
	ok(flow != other, "these two ports are two flows");
	lr_queue_put(&queue, 1, lr_queue_slot(&queue), flow, 60000);
	is_int(of(2, 7, 100, 0, false, &flow), LR_QUEUE_BULK,
		"a small packet waits behind its flow's big ones");
	lr_queue_spare(&queue, (unsigned)lr_queue_get(&queue, 3));
	is_int(of(4, 7, 100, 0, false, &flow), LR_QUEUE_GAME, "and no longer when they are gone");
	is_int(lr_queue_class(&queue, 5, (const uint8_t *)"x", 1, false, false, &flow),
		LR_QUEUE_GAME, "what is no IP packet does not wait");
}

static void slots(void)
{
	unsigned first, last = 0;

	lr_queue_init(&queue);
	first = lr_queue_slot(&queue);
	lr_queue_spare(&queue, first);
	is_int(lr_queue_slot(&queue), first, "the slot given back last is taken first");
	lr_queue_spare(&queue, first);
	for (unsigned i = 0; i < LR_QUEUE_SLOTS; i++) {
		last = lr_queue_slot(&queue);
		lr_queue_put(&queue, 10 + i, last, (uint16_t)i, 100);
	}
	is_int(queue.bytes, 100 * LR_QUEUE_SLOTS, "bytes that wait");
	is_int(lr_queue_slot(&queue), first, "when none is left, the oldest gives way");
	is_int(queue.drops[LR_QUEUE_DROP_FULL], 1, "which is counted");
	is_int(queue.flows[0].waiting, 0, "and waits no more");
	unsigned n = 0, got = 0;
	for (int slot; (slot = lr_queue_get(&queue, 20)) >= 0; n++, got = (unsigned)slot)
		lr_queue_spare(&queue, (unsigned)slot);
	is_int(n, LR_QUEUE_SLOTS - 1, "the others come out");
	is_int(got, last, "in the order in which they came");
	ok(lr_queue_empty(&queue) && queue.bytes == 0, "nothing is left");
	is_int(lr_queue_get(&queue, 20), -1, "and then there is none");
}

/* One comes each `in` ns, one goes each `out`, for two seconds. What was dropped for its age. */
static uint64_t codel(uint64_t in, uint64_t out)
{
	uint64_t next_in = 0, next_out = 0;

	lr_queue_init(&queue);
	for (uint64_t now = LR_NS_PER_S; now < 3 * LR_NS_PER_S; now += MS / 10) {
		for (; next_in <= now - LR_NS_PER_S; next_in += in)
			lr_queue_put(&queue, now, lr_queue_slot(&queue), 1, 30000);
		for (; next_out <= now - LR_NS_PER_S; next_out += out) {
			int slot = lr_queue_get(&queue, now);
			if (slot >= 0)
				lr_queue_spare(&queue, (unsigned)slot);
		}
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
		lr_queue_put(&queue, 1, lr_queue_slot(&queue), 1, 60000);
	unsigned got = 0;
	for (int slot; (slot = lr_queue_get(&queue, 50 * MS)) >= 0; got++)
		lr_queue_spare(&queue, (unsigned)slot);
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
	slots();
	ages();
	rates();
	paces();
	return tap_done();
}
