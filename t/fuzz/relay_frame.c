/*
 * relay_frame.c - fuzzer: frames to a relay, from members and from strangers, over UDP and TCP
 *
 * The input is a list of records: who (1), length (1), bytes. Who: bits 0-1 the source (members a
 * and b of one party, z of another, a stranger), bit 2 over TCP, bit 3 the bytes are XORed over a
 * true BIND of that source. A stranger is never answered with more than it sent and never
 * forwarded; members reach only their own party. What is forwarded goes through the queue of a
 * slow TCP client and is cut from its stream again.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/relay/relay.h"
#include "lib/relay/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

enum { A, B, Z, STRANGER, WHO };

static uint8_t keys[WHO][32], secrets[WHO][64];
static const uint8_t hashes[WHO][16] = {"a", "b", "z", "nobody"};
static const uint8_t ids[2][32] = {"x", "y"};
static struct lr_relay_party parties[2];
static struct lr_relay relay;
static uint64_t now;

static void must(bool good)
{
	if (!good)
		abort();
}

static const uint8_t *member(
	void *ctx, const uint8_t *id, const uint8_t *keyhash, struct lr_relay_party **party)
{
	(void)ctx;
	for (int i = 0; i < STRANGER; i++) {
		if (memcmp(id, ids[i == Z], 32) == 0 && memcmp(keyhash, hashes[i], 16) == 0) {
			*party = &parties[i == Z];
			return keys[i];
		}
	}
	return NULL;
}

static void changed(void *ctx, struct lr_relay_party *p)
{
	(void)ctx;
	(void)p;
}

static void send_frame(void *ctx, struct lr_relay_channel *to, const uint8_t *f, size_t len)
{
	(void)ctx;
	must(to->bound && f[0] == LR_FRAME_TYPE && len == LR_FRAME_SIGNAL_LEN);
}

static struct lr_relay_source source(unsigned who)
{
	struct lr_relay_source s = {.at.in = {.sin_family = AF_INET,
					    .sin_port = htons(1000),
					    .sin_addr.s_addr = htonl(0x0a000001 + (who & 3))}};
	s.conn = who & 4 ? 1 + (who & 3) : 0;
	return s;
}

/* A BIND as that source would send it. */
static void true_bind(unsigned who, uint8_t out[LR_FRAME_BIND_LEN])
{
	struct lr_relay_source s = source(who);
	uint8_t cookie[LR_FRAME_COOKIE_LEN];
	struct lr_frame_control c;
	lr_relay_greet(&relay, &s, now, cookie);
	must(lr_control_read(cookie, sizeof(cookie), &c) == 0);
	const struct lr_frame_control bind = {.kind = LR_FRAME_BIND,
		.time_ms = c.time_ms,
		.relay_id = c.relay_id,
		.cookie = c.cookie,
		.id = ids[(who & 3) == Z],
		.keyhash = hashes[who & 3]};
	lr_frame_bind(out, &bind, secrets[who & 3]);
}

static void start(void)
{
	static struct lr_admission_limits limits;
	limits = lr_admission_defaults;
	const struct lr_relay_config config = {.limits = &limits,
		.hooks = {NULL, member, changed, send_frame},
		.channels = 6,
		.epoch = 1,
		.id = "a relay"};
	now = 1000 * LR_NS_PER_S;
	memset(parties, 0, sizeof(parties));
	memcpy(parties[0].id, ids[0], 32);
	memcpy(parties[1].id, ids[1], 32);
	lr_relay_init(&relay, &config);
	for (unsigned who = A; who < STRANGER; who++) {
		uint8_t frame[LR_FRAME_BIND_LEN];
		struct lr_relay_source s = source(who);
		struct lr_relay_step step;
		true_bind(who, frame);
		lr_relay_input(&relay, &s, NULL, frame, sizeof(frame), now, &step);
		must(step.answer_len == LR_FRAME_BOUND_LEN);
	}
	now += LR_NS_PER_MS;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	must(lr_crypto_init() == 0);
	for (unsigned who = 0; who < WHO; who++) {
		uint8_t seed[32] = {(uint8_t)who};
		lr_sign_seeded(keys[who], secrets[who], seed);
	}
	return 0;
}

static void one(unsigned who, uint8_t *frame, size_t len, struct lr_queue *q)
{
	struct lr_relay_source s = source(who);
	struct lr_relay_channel *from = lr_relay_from(&relay, &s);
	struct lr_relay_step step;
	lr_relay_input(&relay, &s, from, frame, len, now, &step);
	must(step.answer_len <= sizeof(step.answer));
	must(!step.to || !step.answer_len);
	if (!from)
		must(!step.to && step.answer_len <= len);
	if (step.to) {
		must(step.to->bound && step.to->party == from->party && step.to != from);
		must(len < LR_FRAME_HEADER || lr_queue_push(q, frame, len) >= 0);
	}
}

static void read_back(struct lr_queue *q, size_t step)
{
	struct iovec iov[3];
	struct lr_stream s = {0};
	int n;
	while ((n = lr_queue_peek(q, iov)) > 0) {
		size_t len = iov[0].iov_len < step ? iov[0].iov_len : step, at = 0, used;
		while (at < len) {
			must(lr_stream_feed(&s, (uint8_t *)iov[0].iov_base + at, len - at, &used) >=
				0);
			at += used;
		}
		lr_queue_sent(q, len);
	}
	must(s.have == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lr_queue q = {0};
	struct lr_stream s = {0};
	size_t used;
	start();
	for (size_t at = 0; at < size && lr_stream_feed(&s, data + at, size - at, &used) >= 0;)
		at += used;
	while (size >= 2) {
		uint8_t frame[256] = {0};
		unsigned who = data[0];
		size_t len = data[1] < size - 2 ? data[1] : size - 2;
		if (who & 8)
			true_bind(who, frame);
		for (size_t i = 0; i < len; i++)
			frame[i] ^= data[2 + i];
		one(who, frame, who & 8 ? LR_FRAME_BIND_LEN : len, &q);
		now += LR_NS_PER_MS * (1 + (who >> 4) * 4000ull);
		lr_relay_tick(&relay, now);
		if (who & 0x80)
			lr_relay_signal(&relay, &parties[0], parties[0].seq + 1, now);
		data += 2 + len;
		size -= 2 + len;
	}
	read_back(&q, 1 + size * 7);
	lr_queue_release(&q);
	lr_relay_leave(&relay, &parties[0], NULL);
	lr_relay_leave(&relay, &parties[1], NULL);
	lr_relay_release(&relay);
	return 0;
}
