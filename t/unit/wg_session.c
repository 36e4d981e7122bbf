/*
 * wg_session.c - two devices: handshake, data both ways, rekey, expiry, rotation
 */
#include <errno.h>

#include "t/unit/wg_pair.h"

static void first_contact(void)
{
	uint8_t packet[100];

	pair_open();
	struct message none = sealed(&a, &b, 1);
	is_int(none.len, 0, "no session: sealing is refused");
	make_packet(packet, sizeof(packet), &a, &b, 7);
	lr_wg_stage(a.wg, now, a.peer, packet, sizeof(packet));
	is_int(drain(&a), 1, "and one message is asked for");
	is_int(drained[0].len, 148, "an initiation");
	struct lr_wg_rx rx = deliver(&a, &b, &drained[0]);
	is_int(rx.kind, LR_WG_RX_CONTROL, "which b accepts");
	ok(rx.peer == b.peer, "knowing whose it is");
	is_int(drain(&b), 1, "b answers");
	is_int(drained[0].len, 92, "with a response");
	ok(sealed(&b, &a, 1).len == 0, "but does not send data before a confirmed");
	is_int(drain(&b), 1, "asking for a session of its own instead");
	pair_close();

	pair_open();
	lr_wg_stage(a.wg, now, a.peer, packet, sizeof(packet));
	make_packet(packet, sizeof(packet), &a, &b, 8);
	lr_wg_stage(a.wg, now, a.peer, packet, sizeof(packet));
	is_int(settle(), 2, "both staged packets arrive after the handshake");
	is_int(a.events[LR_WG_EVENT_HANDSHAKE], 1, "a tells of a session once");
	is_int(b.events[LR_WG_EVENT_HANDSHAKE], 1, "and b");
	ok(carry(&a, &b, 1) && carry(&b, &a, 2), "data goes both ways");
	is_int(a.peer->stats.tx_bytes, 148 + 3 * 144, "a counts what it sent");
	is_int(a.peer->stats.rx_bytes, 92 + 144, "and what it got");
	is_int(b.peer->stats.rx_bytes, 148 + 3 * 144, "b got all of it");
	is_int(b.peer->stats.rx_packets, 3, "three packets");
	is_int(b.peer->stats.last_handshake_unix_ns, b.wall + now, "b knows when it was");
	pair_close();
}

int main(void)
{
	lr_crypto_init();
	first_contact();
	return tap_done();
}
