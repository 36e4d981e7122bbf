/*
 * node_refit.c - what a path refused arrives in smaller pieces, each byte of it
 */
#include <errno.h>

#include "lib/net/ip.h"
#include "lib/node/refit.h"
#include "t/unit/wg_pair.h"

enum { HEAD = 8 };

static unsigned takes;      /* the longest message that the way takes now */
static unsigned tries, got; /* messages; packets at the other end */
static uint16_t next_mtu[4];
static unsigned lowered;
static uint8_t whole[4096];
static size_t whole_len;

/* The way to the other end: what it does not take lowers the peer's size. */
static int way(void *ctx, struct lr_wg_peer *peer, const uint8_t *msg, size_t len)
{
	struct message m = {.len = len};
	(void)ctx;

	tries++;
	if (len > takes) {
		if (next_mtu[lowered])
			lr_wg_peer_set_mtu(peer, next_mtu[lowered++]);
		return -EMSGSIZE;
	}
	memcpy(m.bytes, msg, len);
	struct lr_wg_rx rx = deliver(&a, &b, &m);
	if (rx.kind != LR_WG_RX_DATA)
		return -EIO;
	memcpy(whole + whole_len, rx.packet + 20, rx.len - 20);
	whole_len += rx.len - 20;
	got++;
	return 0;
}

/* A train of `n` packets of 1,400 bytes, the last of 300, each behind HEAD bytes. */
static size_t train(uint8_t *buf, unsigned n)
{
	size_t at = 0;

	for (unsigned i = 0; i < n; i++) {
		size_t len = i + 1 < n ? 1400 : 300;
		uint8_t *msg = buf + at + HEAD;
		make_packet(msg + LR_WG_HEAD, len, &a, &b, (uint8_t)i);
		lr_put_be16(msg + LR_WG_HEAD + 6, 0x4000);
		lr_ip4_checksum(msg + LR_WG_HEAD);
		at += HEAD + (size_t)lr_wg_seal(a.wg, now, a.peer, msg, len, 1408);
	}
	return at;
}

static void begin(unsigned way_takes, uint16_t mtu)
{
	pair_open();
	pair_connect();
	lr_wg_peer_set_mtu(a.peer, mtu);
	takes = way_takes;
	tries = got = lowered = 0;
	whole_len = 0;
	memset(next_mtu, 0, sizeof(next_mtu));
}

static void arrives(const char *what, unsigned packets)
{
	bool right = whole_len == 2 * 1380 + 280;
	for (unsigned i = 0; i < 3 && right; i++)
		right = whole[i * 1380 + (i < 2 ? 1379 : 279)] == i;
	ok(right, "%s: every byte arrives", what);
	is_int(got, packets, "in so many packets");
}

int main(void)
{
	static uint8_t buf[8192];
	struct lr_refit r;

	lr_crypto_init();
	begin(1032, 1000);
	r = (struct lr_refit){a.wg, now, a.peer, way, NULL};
	size_t len = train(buf, 3), segment = HEAD + 1408 + LR_WG_OVERHEAD;
	is_int(lr_refit(&r, buf, len, segment, HEAD), 0, "a train that is too long: nothing lost");
	arrives("in two pieces each", 5);
	pair_close();

	begin(632, 1000);
	r = (struct lr_refit){a.wg, now, a.peer, way, NULL};
	next_mtu[0] = 600;
	len = train(buf, 3);
	is_int(lr_refit(&r, buf, len, segment, HEAD), 0, "it takes less than thought");
	is_int(lowered, 1, "and that is learned once");
	ok(whole_len == 2 * 1380 + 280, "every byte arrives");
	pair_close();

	begin(200, 1000);
	r = (struct lr_refit){a.wg, now, a.peer, way, NULL};
	len = train(buf, 3);
	is_int(lr_refit(&r, buf, len, segment, HEAD), 3, "a way that takes nothing: all are lost");
	ok(tries < 20, "after few tries: %u", tries);
	pair_close();

	begin(1500, 1000);
	r = (struct lr_refit){a.wg, now, a.peer, way, NULL};
	len = train(buf, 3);
	buf[HEAD + LR_WG_HEAD + 40] ^= 1;
	is_int(lr_refit(&r, buf, len, segment, HEAD), 1, "what was altered is lost alone");
	len = (size_t)lr_wg_seal(a.wg, now, a.peer, buf, 0, 0);
	is_int(lr_refit(&r, buf, len, len, 0), 0, "a keepalive needs nothing");
	pair_close();
	return tap_done();
}
