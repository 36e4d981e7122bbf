/*
 * relay.c - frames through the packet relay, without its sockets
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/bench/families.h"
#include "lib/relay/relay.h"

#define FRAME (LR_FRAME_HEADER + 232) /* a packet of 200 B, sealed */

struct bench {
	struct lr_relay relay;
	struct lr_relay_party party;
	struct lr_relay_source *sources;
	struct lr_relay_channel **channels;
	unsigned size, at;
	uint64_t now;
	uint8_t frame[FRAME], ask[LR_FRAME_ASK_LEN];
};

static const uint8_t *nobody(
	void *ctx, const uint8_t *id, const uint8_t *keyhash, struct lr_relay_party **party)
{
	(void)ctx, (void)id, (void)keyhash, (void)party;
	return NULL;
}

static void changed(void *ctx, struct lr_relay_party *p)
{
	(void)ctx, (void)p;
}

static void send_frame(void *ctx, struct lr_relay_channel *to, const uint8_t *frame, size_t len)
{
	(void)ctx, (void)to, (void)frame, (void)len;
}

static void teardown(void *state)
{
	struct bench *b = state;

	lr_relay_leave(&b->relay, &b->party, NULL);
	lr_relay_release(&b->relay);
	free(b->sources);
	free(b->channels);
	free(b);
}

static bool bind_channel(struct bench *b, unsigned i)
{
	uint8_t keyhash[LR_FRAME_KEYHASH] = {1};

	lr_put_be32(keyhash + 4, i);
	b->sources[i].at.in = (struct sockaddr_in){.sin_family = AF_INET,
		.sin_port = htons((uint16_t)(1024 + i % 60000)),
		.sin_addr.s_addr = htonl(0xc6120001u + i)};
	b->channels[i] = lr_channels_open(&b->relay.channels, &b->party, keyhash, 0);
	return b->channels[i] &&
	       lr_channels_bind(&b->relay.channels, b->channels[i], &b->sources[i], b->now) == 0;
}

static void *setup(unsigned size)
{
	static const struct lr_admission_limits open = {
		.answers_network = 1000000000, .answers_all = 1000000000};
	struct bench *b = calloc(1, sizeof(*b));
	const struct lr_relay_config config = {.limits = &open,
		.hooks = {NULL, nobody, changed, send_frame},
		.channels = size,
		.epoch = 1,
		.id = "bench"};
	bool good = true;

	lr_relay_init(&b->relay, &config);
	b->now = 1000 * LR_NS_PER_S;
	b->size = size;
	b->sources = calloc(size, sizeof(*b->sources));
	b->channels = calloc(size, sizeof(struct lr_relay_channel *));
	for (unsigned i = 0; good && i < size; i++)
		good = bind_channel(b, i);
	lr_frame_ask(b->ask, 7);
	if (!good) {
		teardown(b);
		return NULL;
	}
	return b;
}

/* Each member to the one seven on, all in turn. */
static void run_forward(void *state, uint64_t times)
{
	struct bench *b = state;
	struct lr_relay_step step;

	for (uint64_t i = 0; i < times; i++) {
		const struct lr_relay_source *src = &b->sources[b->at];
		lr_frame_header(b->frame, 0, b->channels[(b->at + 7) % b->size]->number);
		lr_relay_input(&b->relay, src, lr_relay_from(&b->relay, src), b->frame, FRAME,
			b->now, &step);
		lr_bench_sink += (uintptr_t)step.to;
		b->at = b->at + 1 < b->size ? b->at + 1 : 0;
	}
}

/* A stranger's question, and its answer with a cookie. */
static void run_ask(void *state, uint64_t times)
{
	struct bench *b = state;
	struct lr_relay_source stranger = {
		.at.in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0xcb007101u)}};
	struct lr_relay_step step;

	for (uint64_t i = 0; i < times; i++) {
		b->now += LR_NS_PER_MS;
		lr_relay_input(&b->relay, &stranger, NULL, b->ask, sizeof(b->ask), b->now, &step);
		lr_bench_sink += step.answer_len;
	}
}

static void run_read(void *state, uint64_t times)
{
	struct bench *b = state;
	struct lr_frame f;

	for (uint64_t i = 0; i < times; i++)
		lr_bench_sink += (uintptr_t)lr_frame_read(b->frame, FRAME, &f);
}

#define FORWARD(n)                                                                                 \
	{                                                                                          \
		"relay_forward_" #n, "relay", SCALING, "ns", n, "relay_forward", 0, setup,         \
			run_forward, NULL, teardown                                                \
	}

const struct lr_bench lr_bench_relay[] = {
	FORWARD(10),
	FORWARD(100),
	FORWARD(1000),
	FORWARD(10000),
	{"relay_ask", "relay", PERFORMANCE, "ns", 10, NULL, 0, setup, run_ask, NULL, teardown},
	{"relay_frame_read", "relay", PERFORMANCE, "ns", 10, NULL, 0, setup, run_read, NULL,
		teardown},
	{0},
};
