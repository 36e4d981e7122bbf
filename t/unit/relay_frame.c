/*
 * relay_frame.c - relay frames: exact bytes, round trips, lengths, signatures
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/base/bytes.h"
#include "lib/relay/frame.h"
#include "t/unit/tap.h"

static uint8_t public_key[32], secret[64];
static const uint8_t relay_id[16] = "relay number one", cookie[16] = "sixteen bytes...";
static const uint8_t id[32] = "a party", keyhash[16] = "a member";

static struct lr_frame_control bind_fields(uint8_t kind)
{
	return (struct lr_frame_control){.kind = kind,
		.channel = 0x01020304,
		.time_ms = 0x1122334455667788,
		.relay_id = relay_id,
		.cookie = cookie,
		.id = id,
		.keyhash = keyhash};
}

static void headers(void)
{
	static const uint8_t want[8] = {0xf2, 1, 0, 0, 0xde, 0xad, 0xbe, 0xef};
	static const struct {
		uint8_t bytes[8];
		size_t len;
		int result;
		const char *name;
	} cases[] = {
		{{0xf2, 0, 0, 0, 0, 0, 0, 1}, 8, 0, "a message"},
		{{0xf2, 1, 0, 0, 0, 0, 0, 1}, 8, 0, "control"},
		{{0xf2, 0, 5, 220, 0, 0, 0, 1}, 8, 0, "a length"},
		{{0xf2, 0, 0, 0, 0, 0, 0}, 7, -EBADMSG, "seven bytes"},
		{{0xf2}, 0, -EBADMSG, "nothing"},
		{{0xf1, 0, 0, 0, 0, 0, 0, 1}, 8, -EBADMSG, "a probe"},
		{{0xf2, 2, 0, 0, 0, 0, 0, 1}, 8, 0, "a guest's message"},
		{{0xf2, 6, 0, 0, 0, 0, 0, 1}, 8, 0, "to a guest by name"},
		{{0xf2, 4, 0, 0, 0, 0, 0, 1}, 8, -EBADMSG, "named, but no guest"},
		{{0xf2, 3, 0, 0, 0, 0, 0, 1}, 8, -EBADMSG, "control and guest at once"},
		{{0xf2, 8, 0, 0, 0, 0, 0, 1}, 8, -EBADMSG, "an unknown flag"},
		{{0xf2, 0x81, 0, 0, 0, 0, 0, 1}, 8, -EBADMSG, "an unknown flag beside control"},
	};
	uint8_t out[8];
	struct lr_frame f = {0};
	lr_frame_header(out, LR_FRAME_CONTROL, 0xdeadbeef);
	is_mem(out, want, 8, "the drawing: type, flags, length 0, channel");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		is_int(lr_frame_read(cases[i].bytes, cases[i].len, &f), cases[i].result,
			cases[i].name);
	lr_frame_set_length(out, 1500);
	is_int(lr_frame_read(out, 8, &f), 0, "with a length it is still a frame");
	is_int(f.length, 1500, "length");
	is_int(f.channel, 0xdeadbeef, "channel");
	is_int(f.flags, LR_FRAME_CONTROL, "flags");
}

static void asking(void)
{
	uint8_t ask[LR_FRAME_ASK_LEN], out[LR_FRAME_COOKIE_LEN];
	struct lr_frame_control c;
	is_int(lr_frame_ask(ask, 0x0102030405060708), 60, "ASK has 60 bytes");
	is_int(lr_control_read(ask, sizeof(ask), &c), 0, "ASK is read");
	ok(c.kind == LR_FRAME_ASK && c.nonce == 0x0102030405060708, "its nonce");
	is_int(lr_frame_cookie(out, 9, 77, relay_id, cookie), 60, "COOKIE is no longer");
	is_int(lr_control_read(out, sizeof(out), &c), 0, "COOKIE is read");
	ok(c.kind == LR_FRAME_COOKIE && c.nonce == 9 && c.time_ms == 77, "its nonce and time");
	is_mem(c.relay_id, relay_id, 16, "its relay");
	is_mem(c.cookie, cookie, 16, "its cookie");
}

static void answers(void)
{
	struct lr_frame_control c, bound = {.channel = 5, .lifetime_s = 120, .epoch = 6, .seq = 7};
	uint8_t out[LR_FRAME_BOUND_LEN];
	bound.seen = lr_ip4(0xc0000201);
	bound.seen_port = 4711;
	is_int(lr_frame_bound(out, &bound), 50, "BOUND has 50 bytes");
	is_int(lr_control_read(out, 50, &c), 0, "BOUND is read");
	ok(c.channel == 5 && c.lifetime_s == 120 && c.epoch == 6 && c.seq == 7, "its numbers");
	ok(lr_ip_equal(&c.seen, &bound.seen) && c.seen_port == 4711, "the address seen, IPv4");
	bound.seen = (struct lr_ip){6, {0x20, 1, 0xd, 0xb8, [15] = 9}};
	lr_frame_bound(out, &bound);
	ok(lr_control_read(out, 50, &c) == 0 && lr_ip_equal(&c.seen, &bound.seen), "IPv6");
	bound.seen.family = 0;
	lr_frame_bound(out, &bound);
	ok(lr_control_read(out, 50, &c) == 0 && c.seen.family == 0, "none");
	is_int(lr_frame_refused(out, 3, LR_REFUSED_TIME), 12, "REFUSED has 12 bytes");
	ok(lr_control_read(out, 12, &c) == 0 && c.channel == 3 && c.reason == LR_REFUSED_TIME,
		"its channel and reason");
	is_int(lr_frame_number(out, LR_FRAME_SIGNAL, 3, 1, 2), 28, "SIGNAL has 28 bytes");
	ok(lr_control_read(out, 28, &c) == 0 && c.kind == LR_FRAME_SIGNAL && c.epoch == 1 &&
			c.seq == 2,
		"its numbers");
	is_str(lr_frame_reason_name(LR_REFUSED_COOKIE), "cookie", "a reason's name");
	is_str(lr_frame_reason_name(200), "unknown", "a reason of the future");
}

static void lending(void)
{
	static const uint8_t want[20] = {
		0xf2, 1, [8] = LR_FRAME_LEND, [12] = 0x6d, 0x60, [16] = 1, 2, 3, 4};
	struct lr_frame_control c, lent = {.port = 28000, .lifetime_s = 300, .tag = 7};
	uint8_t out[LR_FRAME_LEND_LEN];
	is_int(lr_frame_lend(out, LR_FRAME_LEND, 28000, 0x01020304), 20, "LEND has 20 bytes");
	is_mem(out, want, 20, "kind, port, tag");
	ok(lr_control_read(out, 20, &c) == 0 && c.kind == LR_FRAME_LEND && c.port == 28000 &&
			c.tag == 0x01020304,
		"LEND is read");
	is_int(lr_frame_lent(out, &lent), 20, "LENT has 20 bytes");
	ok(lr_control_read(out, 20, &c) == 0 && c.kind == LR_FRAME_LENT && c.port == 28000 &&
			c.lifetime_s == 300 && c.tag == 7 && !c.reason,
		"its port, lifetime and tag");
	lent.reason = LR_REFUSED_PORTS;
	lr_frame_lent(out, &lent);
	ok(lr_control_read(out, 20, &c) == 0 && c.reason == LR_REFUSED_PORTS, "or why not");
	is_str(lr_frame_reason_name(LR_REFUSED_PORTS), "ports", "by name");
}

static void guests(void)
{
	static const uint8_t want[28] = {
		0xf2, 6, [8] = 0x6d, 0x60, 0x12, 0x67, [22] = 0xff, 0xff, 192, 0, 2, 1};
	struct lr_frame_guest g = {.named = true, .port = 28000}, back;
	uint8_t out[LR_FRAME_GUEST_HEAD + 1] = {0};
	g.at.in = (struct sockaddr_in){.sin_family = AF_INET,
		.sin_port = htons(4711),
		.sin_addr.s_addr = htonl(0xc0000201)};
	lr_frame_guest(out, &g);
	is_mem(out, want, 28, "the drawing: port lent, port and address outside");
	is_int(lr_guest_read(out, 28, &back), -EBADMSG, "without a message it is nothing");
	ok(lr_guest_read(out, 29, &back) == 0 && back.named && back.port == 28000 &&
			lr_endpoint_equal(&back.at, &g.at),
		"it is read");
	out[1] = LR_FRAME_GUEST;
	ok(lr_guest_read(out, 29, &back) == 0 && !back.named, "not named");
	out[1] = 0;
	is_int(lr_guest_read(out, 29, &back), -EBADMSG, "a member's message is no guest's");
	g.at.in6 = (struct sockaddr_in6){.sin6_family = AF_INET6,
		.sin6_port = htons(1),
		.sin6_addr.s6_addr = {0x20, 1, [15] = 9}};
	lr_frame_guest(out, &g);
	ok(lr_guest_read(out, 29, &back) == 0 && lr_endpoint_equal(&back.at, &g.at), "IPv6");
	g.port = 0;
	lr_frame_guest(out, &g);
	is_int(lr_guest_read(out, 29, &back), -EBADMSG, "no port");
	g.port = 1;
	memset(&g.at, 0, sizeof(g.at));
	lr_frame_guest(out, &g);
	is_int(lr_guest_read(out, 29, &back), -EBADMSG, "no address");
	unsigned wrong = 0;
	for (size_t len = 0; len < 28; len++) {
		uint8_t *p = malloc(len ? len : 1); /* the sanitizer sees its end */
		memcpy(p, want, len);
		wrong += lr_guest_read(p, len, &back) == 0;
		free(p);
	}
	is_int(wrong, 0, "at no shorter length");
}

static bool signed_right(const uint8_t *frame, const uint8_t *relay, const uint8_t *key)
{
	struct lr_frame_control c;
	return lr_control_read(frame, LR_FRAME_BIND_LEN, &c) == 0 &&
	       lr_frame_signed(frame, &c, relay, key);
}

static void signatures(void)
{
	static const uint8_t other_relay[16] = "relay number two";
	uint8_t out[LR_FRAME_BIND_LEN], other_key[32], other_secret[64];
	struct lr_frame_control c = bind_fields(LR_FRAME_BIND);
	unsigned bad = 0;
	lr_sign_keypair(other_key, other_secret);
	is_int(lr_frame_bind(out, &c, secret), 148, "BIND has 148 bytes");
	ok(signed_right(out, relay_id, public_key), "signed");
	ok(!signed_right(out, other_relay, public_key), "not good at another relay");
	ok(!signed_right(out, relay_id, other_key), "nor for another key");
	lr_frame_set_length(out, 140);
	ok(signed_right(out, relay_id, public_key), "the length on TCP is not signed");
	lr_frame_set_length(out, 0);
	for (size_t i = 4; i < sizeof(out); i++) {
		out[i] ^= 1;
		bad += signed_right(out, relay_id, public_key);
		out[i] ^= 1;
	}
	is_int(bad, 0, "no byte can be changed: channel, kind, time, cookie, id, keyhash");
	out[8] = LR_FRAME_RELEASE;
	ok(!signed_right(out, relay_id, public_key), "a BIND is no RELEASE");
	ok(lr_control_read(out, 148, &c) == 0 && c.time_ms == 0x1122334455667788, "its time");
	is_mem(c.id, id, 32, "its party");
	is_mem(c.keyhash, keyhash, 16, "its member");
	is_mem(c.cookie, cookie, 16, "its cookie");
}

/* Every kind at every length: read only where it is whole, and never past its end. */
static void hostile(void)
{
	static const size_t whole[12] = {0, 60, 60, 148, 50, 12, 148, 28, 28, 20, 20, 20};
	for (unsigned kind = 0; kind < 256; kind++) {
		unsigned wrong = 0;
		for (size_t len = 0; len < 200; len++) {
			bool exact = kind == LR_FRAME_ASK || kind == LR_FRAME_BIND ||
				     kind == LR_FRAME_RELEASE;
			bool good = kind >= 1 && kind <= 11 &&
				    (exact ? len == whole[kind] : len >= whole[kind]);
			uint8_t *p = malloc(len ? len : 1); /* the sanitizer sees its end */
			struct lr_frame_control c;
			memset(p, 0x5a, len);
			if (len >= 9) {
				lr_frame_header(p, LR_FRAME_CONTROL, 1);
				p[8] = (uint8_t)kind;
			}
			wrong += (lr_control_read(p, len, &c) == 0) != good;
			free(p);
		}
		if (kind < 13 || wrong)
			ok(!wrong, "kind %u is read at its own length only", kind);
	}
	uint8_t message[60] = {0xf2, 0};
	struct lr_frame_control c;
	message[8] = LR_FRAME_ASK;
	is_int(lr_control_read(message, 60, &c), -EBADMSG, "a message is no control message");
}

int main(void)
{
	if (lr_crypto_init() < 0)
		return 1;
	lr_sign_keypair(public_key, secret);
	headers();
	asking();
	answers();
	lending();
	guests();
	signatures();
	hostile();
	return tap_done();
}
