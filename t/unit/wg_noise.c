/*
 * wg_noise.c - the handshake against transcripts of a second implementation (wg_noise_vectors.py)
 */
#include "lib/base/bytes.h"
#include "lib/wg/cookie.h"
#include "lib/wg/noise.h"
#include "t/unit/crypto_hex.h"
#include "t/unit/wg_noise_vectors.h"

static struct lr_identity initiator, responder;
static uint8_t ei[32], er[32], psk[32], no_psk[32], ss[32];
static uint8_t stamp[12]; /* 1,700,000,000 s of Unix time as TAI64N */

static void jar_with(struct lr_cookie_jar *jar, const uint8_t cookie[16])
{
	*jar = (struct lr_cookie_jar){0};
	if (lr_same(cookie, no_psk, 16))
		return;
	memcpy(jar->cookie, cookie, 16);
	jar->stale_ns = 2;
}

static void transcript(size_t i)
{
	struct lr_noise a, b;
	struct lr_cookie_jar jar;
	struct lr_msg_initiation m1 = {.type = {1}, .sender = {0xa1, 0xa2, 0xa3, 0xa4}};
	struct lr_msg_response m2 = {.type = {2},
		.sender = {0xb1, 0xb2, 0xb3, 0xb4},
		.receiver = {0xa1, 0xa2, 0xa3, 0xa4}};
	const uint8_t *key = transcripts[i].psk ? psk : no_psk;
	uint8_t who[32], when[12], out1[32], out2[32];

	jar_with(&jar, transcripts[i].cookie);
	ok(lr_noise_write_initiation(&a, &m1, &initiator, responder.public_key, ss, stamp, ei),
		"transcript %zu", i);
	lr_cookie_sign(&jar, 1, responder.public_key, &m1, sizeof(m1));
	is_mem(&m1, transcripts[i].initiation, 148, "its initiation");

	ok(lr_noise_read_static(&b, &m1, &responder, who), "the responder reads it");
	is_mem(who, initiator.public_key, 32, "and who sent it");
	ok(lr_noise_read_timestamp(&b, &m1, ss, when), "and the rest");
	is_mem(when, stamp, 12, "which is the time");
	ok(lr_noise_write_response(&b, &m2, initiator.public_key, key, er), "it responds");
	jar_with(&jar, transcripts[i].cookie);
	lr_cookie_sign(&jar, 1, initiator.public_key, &m2, sizeof(m2));
	is_mem(&m2, transcripts[i].response, 92, "with this response");

	ok(lr_noise_read_response(&a, &m2, &initiator, key), "which the initiator reads");
	lr_noise_split(&a, out1, out2);
	is_mem(out1, transcripts[i].to_responder, 32, "initiator: key to the responder");
	is_mem(out2, transcripts[i].to_initiator, 32, "initiator: key to the initiator");
	lr_noise_split(&b, out1, out2);
	is_mem(out1, transcripts[i].to_responder, 32, "responder: key to the responder");
	is_mem(out2, transcripts[i].to_initiator, 32, "responder: key to the initiator");
	ok(lr_same(&a, &(struct lr_noise){0}, sizeof(a)), "the state is wiped");
}

/* Every changed bit of a message is noticed, and a wrong response spoils nothing. */
static void flipped(void)
{
	struct lr_noise a, b;
	struct lr_msg_initiation m1 = {0};
	struct lr_msg_response m2 = {0};
	uint8_t who[32], when[12], *bytes = (uint8_t *)&m1;
	unsigned taken = 0;

	lr_noise_write_initiation(&a, &m1, &initiator, responder.public_key, ss, stamp, NULL);
	for (size_t bit = 8 * 8; bit < 116 * 8; bit++) {
		if (bit == 39 * 8 + 7)
			continue; /* X25519 ignores the top bit, the hash below does not */
		bytes[bit / 8] ^= 1 << bit % 8;
		taken += lr_noise_read_static(&b, &m1, &responder, who) &&
			 lr_noise_read_timestamp(&b, &m1, ss, when);
		bytes[bit / 8] ^= 1 << bit % 8;
	}
	bytes[39] ^= 0x80;
	taken += lr_noise_read_static(&b, &m1, &responder, who);
	bytes[39] ^= 0x80;
	is_int(taken, 0, "no initiation with a flipped bit is read");

	ok(lr_noise_read_static(&b, &m1, &responder, who) &&
			lr_noise_read_timestamp(&b, &m1, ss, when),
		"the right one is");
	lr_noise_write_response(&b, &m2, initiator.public_key, psk, NULL);
	bytes = (uint8_t *)&m2;
	for (size_t bit = 12 * 8; bit < 60 * 8; bit++) {
		bytes[bit / 8] ^= 1 << bit % 8;
		taken += lr_noise_read_response(&a, &m2, &initiator, psk);
		bytes[bit / 8] ^= 1 << bit % 8;
	}
	is_int(taken, 0, "no response with a flipped bit is read");
	ok(!lr_noise_read_response(&a, &m2, &initiator, no_psk), "nor with another psk");
	ok(lr_noise_read_response(&a, &m2, &initiator, psk), "the right one still is");
}

static void low_order(void)
{
	struct lr_noise n;
	struct lr_msg_initiation m1 = {0};
	uint8_t who[32];

	ok(!lr_noise_write_initiation(&n, &m1, &initiator, no_psk, ss, stamp, NULL),
		"a peer whose key has low order gets no initiation");
	ok(lr_same(&n, &(struct lr_noise){0}, sizeof(n)), "and no state is left");
	memset(&m1, 0, sizeof(m1));
	ok(!lr_noise_read_static(&n, &m1, &responder, who), "an ephemeral of low order is refused");
}

int main(void)
{
	lr_crypto_init();
	unhex(initiator.private_key, VECTOR_SI);
	unhex(responder.private_key, VECTOR_SR);
	unhex(ei, VECTOR_EI);
	unhex(er, VECTOR_ER);
	unhex(psk, VECTOR_PSK);
	unhex(stamp, "400000006553f10a00000000");
	lr_public_key(initiator.public_key, initiator.private_key);
	lr_public_key(responder.public_key, responder.private_key);
	lr_dh(ss, initiator.private_key, responder.public_key);
	for (size_t i = 0; i < sizeof(transcripts) / sizeof(transcripts[0]); i++)
		transcript(i);
	flipped();
	low_order();
	return tap_done();
}
