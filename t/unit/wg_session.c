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

/* Each way takes 7 ms; the first data message of all is lost, or not. */
static void round_trip(bool lost)
{
	uint8_t packet[100];

	pair_open();
	make_packet(packet, sizeof(packet), &a, &b, 7);
	lr_wg_stage(a.wg, now, a.peer, packet, sizeof(packet));
	drain(&a);
	now += 7 * MS;
	deliver(&a, &b, &drained[0]);
	drain(&b);
	now += 7 * MS;
	deliver(&b, &a, &drained[0]);
	is_int(a.peer->stats.rtt_ns, 14 * MS, "who began knows the handshake's round trip");
	size_t n = drain(&a);
	now += 7 * MS;
	if (!lost && n)
		deliver(&a, &b, &drained[0]);
	is_int(b.peer->stats.rtt_ns, lost ? 0 : 14 * MS, "who answered, from the first message on");
	now += 1000 * MS;
	carry(&a, &b, 9);
	is_int(b.peer->stats.rtt_ns, lost ? 0 : 14 * MS, "not from a later one");
	pair_close();
}

static struct lr_peer *pa(void)
{
	return lr_peer_of(a.peer);
}

static struct lr_peer *pb(void)
{
	return lr_peer_of(b.peer);
}

/* Traffic both ways for ten minutes, a packet each 100 ms: no rekey loses one. */
static void rekey_under_traffic(void)
{
	unsigned lost = 0;

	pair_open();
	pair_connect();
	for (int i = 0; i < 5990; i++) {
		now += 100 * MS;
		struct message first = sealed(&a, &b, 1), second = sealed(&b, &a, 2);
		settle(); /* a handshake may overtake what is on the way */
		lost += first.len == 0 || deliver(&a, &b, &first).kind != LR_WG_RX_DATA;
		lost += second.len == 0 || deliver(&b, &a, &second).kind != LR_WG_RX_DATA;
		settle();
	}
	is_int(lost, 0, "11,980 packets in 599 s, none lost");
	is_int(a.events[LR_WG_EVENT_HANDSHAKE], 5, "over five sessions, one each 120 s");
	is_int(b.events[LR_WG_EVENT_HANDSHAKE], 5, "as b counts too");
	ok(pa()->current->initiator && !pb()->current->initiator, "a stays the initiator");
	ok(a.wg->index.n <= 3 && b.wg->index.n <= 3, "no index is left over");
	pair_close();
}

static void rekey_times(void)
{
	pair_open();
	pair_connect();
	run_until(1120 * S - 1);
	carry(&a, &b, 1);
	is_int(drain(&a), 0, "before 120 s no rekey");
	now += 1;
	carry(&b, &a, 1);
	is_int(drain(&b), 0, "nor at 120 s by the responder");
	carry(&a, &b, 1);
	is_int(drain(&a), 1, "but by the initiator who sends");
	is_int(drained[0].len, 148, "with an initiation");
	pair_close();

	pair_open();
	pair_connect();
	run_until(1156 * S);
	carry(&b, &a,
		1); /* only b speaks: a's keepalive would be due too late to save the session */
	now = 1165 * S - 1;
	carry(&b, &a, 1);
	unsigned early = 0;
	for (size_t i = 0, n = drain(&a); i < n; i++)
		early += drained[i].len == 148;
	is_int(early, 0, "hearing data before 165 s asks for nothing");
	now = 1165 * S;
	carry(&b, &a, 1);
	is_int(drain(&a), 1, "at 165 s it does");
	is_int(drained[0].len, 148, "a new session");
	carry(&b, &a, 1);
	is_int(drain(&a), 0, "once");
	pair_close();
}

static void too_old(void)
{
	pair_open();
	pair_connect();
	now += 180 * S - 1;
	struct message late = sealed(&a, &b, 1), later = sealed(&a, &b, 2);
	ok(late.len, "a session may send until 180 s");
	is_int(deliver(&a, &b, &late).kind, LR_WG_RX_DATA, "and receive");
	now += 1;
	is_int(deliver(&a, &b, &later).drop, LR_WG_DROP_EXPIRED, "then what comes is too late");
	ok(sealed(&a, &b, 3).len == 0, "and nothing is sealed");
	ok(sealed(&b, &a, 3).len == 0, "on either side");
	settle();
	ok(carry(&a, &b, 4) && carry(&b, &a, 5), "which made a new session");
	pair_close();
}

static void message_limits(void)
{
	pair_open();
	pair_connect();
	now += 6 * S;
	pb()->current->send_counter = 1ull << 60;
	ok(sealed(&b, &a, 1).len, "message 2^60 is sent");
	is_int(drain(&b), 1, "and asks for a rekey, though b is the responder");
	is_int(drained[0].len, 148, "with an initiation");
	pa()->current->send_counter = UINT64_MAX - (1ull << 13) - 1;
	struct message m = sealed(&a, &b, 2);
	is_int(lr_get_le64(m.bytes + 8), UINT64_MAX - (1ull << 13) - 1, "the last counter is used");
	is_int(deliver(&a, &b, &m).kind, LR_WG_RX_DATA, "and accepted");
	ok(sealed(&a, &b, 3).len == 0, "none behind it");
	pair_close();
}

/* What is on its way when the session changes still arrives. */
static void previous_keypair(void)
{
	pair_open();
	pair_connect();
	now += 121 * S;
	struct message from_a = sealed(&a, &b, 1), from_b = sealed(&b, &a, 2);
	settle();
	ok(pa()->previous && pa()->current, "a has a new session, and the old one");
	ok(carry(&a, &b, 3), "data under the new");
	is_int(deliver(&a, &b, &from_a).kind, LR_WG_RX_DATA, "a's old message arrives");
	is_int(deliver(&b, &a, &from_b).kind, LR_WG_RX_DATA, "and b's");
	struct message oldest = sealed(&a, &b, 4);
	now += 121 * S;
	sealed(&a, &b, 5);
	settle();
	now += 10 * S;
	lr_send_initiation(pa(), now, false);
	settle();
	is_int(deliver(&a, &b, &oldest).drop, LR_WG_DROP_UNKNOWN_INDEX,
		"two sessions back is gone");
	pair_close();
}

/* Both sides start at the same moment; the messages cross. */
static void simultaneous(void)
{
	uint8_t packet[100];

	pair_open();
	make_packet(packet, sizeof(packet), &a, &b, 1);
	lr_wg_stage(a.wg, now, a.peer, packet, sizeof(packet));
	make_packet(packet, sizeof(packet), &b, &a, 2);
	lr_wg_stage(b.wg, now, b.peer, packet, sizeof(packet));
	is_int(drain(&a), 1, "a begins");
	struct message first = drained[0];
	is_int(drain(&b), 1, "and b");
	deliver(&b, &a, &drained[0]);
	deliver(&a, &b, &first);
	is_int(drain(&a), 1, "a responds");
	first = drained[0];
	is_int(drain(&b), 1, "b responds");
	is_int(deliver(&b, &a, &drained[0]).kind, LR_WG_RX_CONTROL, "a's handshake is complete");
	is_int(deliver(&a, &b, &first).kind, LR_WG_RX_CONTROL, "and b's");
	is_int(settle(), 2, "both staged packets arrive at once");
	ok(carry(&a, &b, 3) && carry(&b, &a, 4), "data both ways");
	now += 5 * S;
	carry(&b, &a, 5);
	carry(&a, &b, 6);
	is_int(drain(&a) + drain(&b), 0, "and nobody tries again");
	pair_close();
}

static void lost_response(void)
{
	uint8_t packet[100];

	pair_open();
	make_packet(packet, sizeof(packet), &a, &b, 1);
	lr_wg_stage(a.wg, now, a.peer, packet, sizeof(packet));
	drain(&a);
	deliver(&a, &b, &drained[0]);
	is_int(drain(&b), 1, "the response is lost");
	is_int(run_until(now + 6 * S), 1, "the retry brings the packet");
	ok(carry(&b, &a, 2), "and b its answer");
	ok(!pb()->next, "the first, unconfirmed session was replaced");
	pair_close();
}

static void psk(void)
{
	uint8_t key[32], packet[100];

	pair_open();
	lr_random(key, sizeof(key));
	lr_wg_peer_set_psk(a.peer, key);
	lr_wg_peer_set_psk(b.peer, key);
	pair_connect();
	ok(carry(&a, &b, 1) && carry(&b, &a, 2), "with a preshared key");
	pair_close();

	pair_open();
	lr_wg_peer_set_psk(a.peer, key);
	make_packet(packet, sizeof(packet), &a, &b, 1);
	lr_wg_stage(a.wg, now, a.peer, packet, sizeof(packet));
	is_int(settle(), 0, "with it on one side only nothing arrives");
	is_int(a.peer->stats.drops[LR_WG_DROP_HANDSHAKE], 1, "since the response does not open");
	lr_wg_peer_set_psk(a.peer, NULL);
	is_int(run_until(now + 6 * S), 1, "taken away, the retry succeeds");
	pair_close();
}

static void key_change(void)
{
	uint8_t packet[100], other[32], other_public[32];

	pair_open();
	is_mem(lr_wg_public_key(a.wg), a.public_key, 32, "the device knows its key");
	is_mem(lr_wg_private_key(a.wg), a.private_key, 32, "both halves");
	pair_connect();
	lr_wg_set_key(a.wg, a.private_key);
	ok(carry(&a, &b, 1), "the same key again ends nothing");
	lr_keypair(other, other_public);
	lr_wg_set_key(a.wg, other);
	ok(sealed(&a, &b, 2).len == 0, "a new one ends the session");
	is_int(a.wg->index.n, 0, "and frees its indices");
	lr_wg_peer_remove(b.wg, b.peer);
	memcpy(a.public_key, other_public, 32);
	side_meet(&b, &a);
	is_int(run_until(now + 6 * S), 0, "b learns it");
	ok(carry(&a, &b, 3) && carry(&b, &a, 4), "data flows again");

	make_packet(packet, sizeof(packet), &a, &b, 1);
	lr_wg_set_key(a.wg, NULL);
	ok(!lr_wg_public_key(a.wg) && !lr_wg_private_key(a.wg), "no key at all");
	lr_wg_stage(a.wg, now, a.peer, packet, sizeof(packet));
	is_int(a.peer->stats.drops[LR_WG_DROP_NO_SESSION], 1, "nothing is staged then");
	is_int(drain(&a), 0, "or sent");
	lr_wg_set_key(b.wg, other);
	is_int(lr_wg_peer_count(b.wg), 0, "who takes a peer's key loses that peer");
	ok(!lr_wg_peer_add(b.wg, other_public) && errno == EINVAL, "and cannot add it again");
	pair_close();
}

/* --- timestamps --- */

static uint64_t stamp_of(struct lr_peer *p)
{
	uint8_t t[LR_TIMESTAMP_LEN];
	lr_wg_timestamp(p, now, t);
	return (lr_get_be64(t) - 0x400000000000000aull) * S + lr_get_be32(t + 8);
}

static void timestamps(void)
{
	uint64_t last, t;
	unsigned bad = 0;

	pair_open();
	a.wall += 123456789;
	last = stamp_of(pa());
	is_int(last, (a.wall + now) / S * S + (123456789 & ~0xffffffu),
		"the time, whitened to 2^24 ns");
	is_int(a.promise, last + 60 * S, "a minute ahead is promised");
	is_int(a.promises, 1, "once");
	for (int i = 0; i < 1000; i++) {
		t = stamp_of(pa());
		bad += t <= last || t % S & 0xffffff;
		last = t;
	}
	is_int(bad, 0, "the next is greater, though the clock stands");
	is_int(a.promises, 1, "under the same promise");
	now += 61 * S;
	stamp_of(pa());
	is_int(a.promises, 2, "until the minute is over");
	a.wall -= 1000000 * S;
	ok(stamp_of(pa()) > last, "the clock goes back, the time does not");
	last = stamp_of(pa());
	lr_wg_peer_remove(a.wg, a.peer);
	side_meet(&a, &b);
	ok(stamp_of(pa()) > last, "a peer that was away goes on from there");
	pair_close();

	struct side c;
	side_open(&c, 3);
	lr_wg_free(c.wg);
	struct lr_wg_host host = {.ctx = &c, .wall = on_wall, .promised = c.wall + now + 3600 * S};
	c.wg = lr_wg_new(&host);
	lr_wg_set_key(c.wg, c.private_key);
	struct lr_wg_peer *p = lr_wg_peer_add(c.wg, b.public_key);
	ok(stamp_of(lr_peer_of(p)) > host.promised, "after a restart, beyond what was promised");
	lr_wg_free(c.wg);
}

/* --- staging --- */

static void staging(void)
{
	static uint8_t big[1420], huge[300000];
	unsigned fit = 0;

	pair_open();
	make_packet(big, sizeof(big), &a, &b, 0);
	while (a.peer->stats.drops[LR_WG_DROP_STAGED_FULL] == 0 && ++fit < 1000) {
		big[19] = (uint8_t)fit;
		lr_wg_stage(a.wg, now, a.peer, big, sizeof(big));
	}
	fit--;
	ok(fit > 160 && fit < 185, "%u large packets fit", fit);
	ok(pa()->staged_bytes <= LR_WG_STAGED_BYTES, "in the bytes allowed");
	is_int(pa()->staged->msg[LR_WG_HEAD + 19], 2, "the oldest was dropped");
	lr_wg_stage(a.wg, now, a.peer, huge, sizeof(huge));
	is_int(a.peer->stats.drops[LR_WG_DROP_STAGED_FULL], 2, "one that never fits is dropped");
	is_int(settle(), fit, "all others arrive");
	is_int(b.peer->stats.rx_bytes, 148 + fit * (1420 + 32), "not padded beyond the MTU");
	is_int(pa()->staged_bytes, 0, "nothing stays");
	lr_wg_set_mtu(a.wg, 1500);
	uint64_t before = b.peer->stats.rx_bytes;
	lr_wg_stage(a.wg, now, a.peer, big, sizeof(big));
	is_int(settle(), 1, "with a session it leaves at once");
	is_int(b.peer->stats.rx_bytes - before, 1424 + 32, "padded when the MTU allows");
	pair_close();

	pair_open();
	lr_wg_peer_set_endpoint(a.peer, &(struct lr_endpoint){0});
	lr_wg_stage(a.wg, now, a.peer, big, sizeof(big));
	is_int(a.peer->stats.drops[LR_WG_DROP_NO_ENDPOINT], 1, "without an endpoint nothing waits");
	is_int(lr_wg_seal(a.wg, now, a.peer, big, 20, 20), -EDESTADDRREQ, "and nothing is sealed");
	is_int(a.peer->stats.drops[LR_WG_DROP_NO_ENDPOINT], 2, "each is counted");
	pair_close();
}

static void padding(void)
{
	static const struct {
		size_t len, max, want;
	} cases[] = {
		{20, 1420, 32},
		{32, 1420, 32},
		{33, 1420, 48},
		{1419, 1420, 1420},
		{1420, 1420, 1420},
		{1408, 1420, 1408},
		{1409, 1420, 1420},
		{20, 20, 20},
		{65000, 65000, 65000},
	};
	static uint8_t msg[65536];

	pair_open();
	pair_connect();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(msg, 0xff, sizeof(msg));
		make_packet(msg + LR_WG_HEAD, cases[i].len, &a, &b, 9);
		int len = lr_wg_seal(a.wg, now, a.peer, msg, cases[i].len, cases[i].max);
		struct lr_wg_rx rx;
		lr_wg_receive(b.wg, now, &a.at, msg, (size_t)len, &rx);
		ok(len == (int)cases[i].want + 32 && rx.len == cases[i].len,
			"%zu bytes of at most %zu become %zu, and come out as they were",
			cases[i].len, cases[i].max, cases[i].want);
		unsigned rest = 0;
		for (size_t at = cases[i].len; at < cases[i].want; at++)
			rest |= rx.packet[at];
		is_int(rest, 0, "padded with zeros");
	}
	pair_close();
}

/* What was sealed and not sent is the packet again; sealing goes on. */
static void unsealing(void)
{
	static uint8_t msg[2048], packet[1400];
	struct lr_wg_peer_stats before;
	struct lr_wg_rx rx;

	pair_open();
	pair_connect();
	before = a.peer->stats;
	make_packet(packet, sizeof(packet), &a, &b, 3);
	memcpy(msg + LR_WG_HEAD, packet, sizeof(packet));
	int len = lr_wg_seal(a.wg, now, a.peer, msg, sizeof(packet), 1420);
	is_int(lr_wg_unseal(a.peer, msg, (size_t)len), 1408, "taken back, with its padding");
	is_mem(msg + LR_WG_HEAD, packet, sizeof(packet), "it is what it was");
	ok(a.peer->stats.tx_bytes == before.tx_bytes &&
			a.peer->stats.tx_packets == before.tx_packets,
		"and was not sent");
	len = lr_wg_seal(a.wg, now, a.peer, msg, sizeof(packet), 1420);
	is_int(lr_get_le64(msg + 8), pa()->current->send_counter - 1, "the next counter");
	msg[4] ^= 1;
	is_int(lr_wg_unseal(a.peer, msg, (size_t)len), -ENOKEY, "not of another session");
	msg[4] ^= 1;
	is_int(lr_wg_unseal(a.peer, msg, 31), -ENOKEY, "nor what is too short");
	lr_wg_receive(b.wg, now, &a.at, msg, (size_t)len, &rx);
	ok(rx.kind == LR_WG_RX_DATA && rx.len == sizeof(packet), "what is sent is opened there");
	pair_close();
}

static void peer_mtu(void)
{
	static uint8_t packet[1218];
	uint64_t before;

	pair_open();
	pair_connect();
	lr_wg_peer_set_mtu(a.peer, 1220);
	make_packet(packet, sizeof(packet), &a, &b, 3);
	before = b.peer->stats.rx_bytes;
	lr_wg_stage(a.wg, now, a.peer, packet, sizeof(packet));
	is_int(settle(), 1, "a staged packet");
	is_int(b.peer->stats.rx_bytes - before, 1220 + 32, "is padded to what the way takes");
	pair_close();
}

int main(void)
{
	lr_crypto_init();
	first_contact();
	round_trip(false);
	round_trip(true);
	rekey_under_traffic();
	rekey_times();
	too_old();
	message_limits();
	previous_keypair();
	simultaneous();
	lost_response();
	psk();
	key_change();
	timestamps();
	staging();
	padding();
	unsealing();
	peer_mtu();
	return tap_done();
}
