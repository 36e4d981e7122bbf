/*
 * wg_message.c - fuzzer: datagrams to a device that has peers, sessions and a handshake under way
 *
 * The first byte says how the rest becomes a datagram, so that the search gets past each gate:
 *   0  as it is
 *   1  a handshake message whose mac1 is made good (and mac2, with a true cookie, when the bit 0x80
 *      of the first byte puts the device under load)
 *   2  the inside of a data message, sealed with the peer's true key
 *   3  XORed over a true message: initiation, response, cookie reply or data by the bits 0x30
 * Two devices serve as long as inputs leave their sessions alone (kinds 0 and 2); a handshake for
 * each input would cost most of the time.
 *
 * The law of t/unit/wg_hostile.c holds for each: one counter up by one, or none; what is delivered
 * is a well-formed packet from its peer; nothing that comes back is larger than what came.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/wg/device.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROOM = 2048 };

struct side {
	struct lr_wg *wg;
	struct lr_wg_peer *peer;
	uint8_t private_key[LR_KEY_LEN], public_key[LR_KEY_LEN];
	struct lr_endpoint at;
};

static struct side a, b;
static uint64_t now;

static void must(bool good)
{
	if (!good)
		abort();
}

static void side_open(struct side *s, uint8_t n)
{
	memset(s, 0, sizeof(*s));
	s->wg = lr_wg_new(&(struct lr_wg_host){0});
	memset(s->private_key, n, sizeof(s->private_key));
	lr_public_key(s->public_key, s->private_key);
	s->at.in.sin_family = AF_INET;
	s->at.in.sin_port = htons(n);
	s->at.in.sin_addr.s_addr = htonl(0xc0000200u | n);
	lr_wg_set_key(s->wg, s->private_key);
}

static void side_meet(struct side *s, const struct side *other, uint8_t n)
{
	struct lr_prefix p4 = {.ip = lr_ip4(0x0a420000u | n), .len = 32};
	struct lr_prefix p6 = {.ip = {.family = 6, .b = {0xfd, n}}, .len = 16};
	s->peer = lr_wg_peer_add(s->wg, other->public_key);
	lr_wg_peer_set_endpoint(s->peer, &other->at);
	must(lr_wg_allow(s->wg, s->peer, &p4) == 0 && lr_wg_allow(s->wg, s->peer, &p6) == 0);
}

/* The next message that `s` sends, copied; 0: none. */
static size_t next(struct side *s, uint8_t *out)
{
	struct lr_wg_tx tx;
	if (!lr_wg_poll(s->wg, now, &tx))
		return 0;
	memcpy(out, tx.msg, tx.len);
	return tx.len;
}

static size_t initiation(struct side *from, uint8_t *out)
{
	lr_peer_of(from->peer)->next_initiation_ns = 0;
	now += LR_FLOOD_GAP;
	lr_send_initiation(lr_peer_of(from->peer), now, false);
	return next(from, out);
}

static void pass(struct side *from, struct side *to, uint8_t *msg, size_t len)
{
	struct lr_wg_rx rx;
	lr_wg_receive(to->wg, now, &from->at, msg, len, &rx);
}

static void open_pair(void)
{
	uint8_t msg[ROOM];
	size_t len;

	now = 1000 * LR_NS_PER_S;
	side_open(&a, 1);
	side_open(&b, 2);
	side_meet(&a, &b, 2);
	side_meet(&b, &a, 1);
	pass(&a, &b, msg, initiation(&a, msg));
	pass(&b, &a, msg, next(&b, msg));
	while ((len = next(&a, msg)))
		pass(&a, &b, msg, len);
	must(lr_peer_of(b.peer)->current != NULL);
}

/* A true message to b of the kind that the bits ask for. */
static size_t true_message(unsigned kind, uint8_t *msg)
{
	uint8_t other[ROOM];

	if (kind == 0)
		return initiation(&a, msg);
	if (kind == 3) {
		memset(msg + LR_WG_HEAD, 0, 48);
		msg[LR_WG_HEAD] = 0x45;
		return (size_t)lr_wg_seal(a.wg, now, a.peer, msg, 40, 1420);
	}
	a.wg->load.forced = kind == 2;
	pass(&b, &a, other, initiation(&b, other));
	a.wg->load.forced = false;
	return next(&a, msg);
}

static void sign(uint8_t *msg, size_t len)
{
	struct lr_cookie_jar jar = {0};
	struct lr_msg_cookie reply;

	lr_cookie_sign(&jar, now, b.public_key, msg, len);
	if (!b.wg->load.forced)
		return;
	lr_cookie_mint_init(&b.wg->mint, b.public_key);
	b.wg->mint_made = true;
	lr_cookie_reply(&b.wg->mint, now, &a.at, msg, len, &reply);
	must(lr_cookie_take(&jar, now, b.public_key, &reply));
	lr_cookie_sign(&jar, now, b.public_key, msg, len);
}

static size_t make(uint8_t *msg, const uint8_t *data, size_t size)
{
	unsigned how = data[0];
	size_t len = size - 1 < 1500 ? size - 1 : 1500;

	b.wg->load.forced = how & 0x80;
	memcpy(msg + (how % 4 == 2 ? LR_WG_HEAD : 0), data + 1, len);
	if (how % 4 == 1 && len >= LR_MSG_MACS)
		sign(msg, len);
	if (how % 4 == 2)
		return (size_t)lr_wg_seal(a.wg, now, a.peer, msg, len, len);
	if (how % 4 == 3) {
		size_t true_len = true_message(how >> 4 & 3, msg);
		for (size_t i = 0; i < len && i < true_len; i++)
			msg[i] ^= data[1 + i];
		return true_len;
	}
	return len;
}

static void check(const struct lr_wg_rx *rx, const uint64_t *before, size_t len)
{
	const uint64_t *after = lr_wg_drops(b.wg);
	uint64_t up = 0;
	struct lr_wg_tx tx;

	for (int i = 0; i < LR_WG_DROPS; i++)
		up += after[i] - before[i];
	must(up == (rx->kind == LR_WG_RX_DROP));
	must(rx->kind != LR_WG_RX_DROP || after[rx->drop] == before[rx->drop] + 1);
	if (rx->kind == LR_WG_RX_DATA) {
		must(rx->peer == b.peer && rx->len >= 20 && rx->len <= len - LR_WG_OVERHEAD);
		must(rx->packet[0] >> 4 == 4 || rx->packet[0] >> 4 == 6);
		must(lr_wg_route(b.wg, rx->packet[0] >> 4,
			     rx->packet + (rx->packet[0] >> 4 == 4 ? 12 : 8)) == b.peer);
	}
	for (int i = 0; lr_wg_poll(b.wg, now, &tx); i++)
		must(tx.len <= len && i < 2);
	must(lr_wg_deadline(b.wg) > now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t msg[ROOM] = {0};
	uint64_t before[LR_WG_DROPS];
	struct lr_wg_rx rx;

	if (size == 0)
		return 0;
	lr_crypto_init();
	if (!a.wg)
		open_pair();
	size_t len = make(msg, data, size);
	uint8_t waits[ROOM];
	while (next(&b, waits)) /* what making the message left behind */
		;
	memcpy(before, lr_wg_drops(b.wg), sizeof(before));
	lr_wg_receive(b.wg, now, &a.at, msg, len, &rx);
	check(&rx, before, len);
	if (data[0] & 1 || rx.kind == LR_WG_RX_CONTROL) {
		lr_wg_free(a.wg);
		lr_wg_free(b.wg);
		a.wg = b.wg = NULL;
	}
	return 0;
}
