/*
 * wg_roam.c - endpoints follow authentic messages, and nothing else
 */
#include "t/unit/wg_pair.h"

static struct lr_endpoint elsewhere(void)
{
	struct lr_endpoint e = {0};
	e.in6.sin6_family = AF_INET6;
	e.in6.sin6_port = htons(1234);
	e.in6.sin6_addr.s6_addr[0] = 0x20;
	e.in6.sin6_addr.s6_addr[15] = 0x99;
	return e;
}

static void data(void)
{
	char text[LR_ENDPOINT_TEXT];

	pair_open();
	pair_connect();
	unsigned before = b.events[LR_WG_EVENT_ENDPOINT];
	is_int(before, 0, "nobody moved yet");
	a.at = endpoint4(77, 1);
	ok(carry(&a, &b, 1), "data from another address");
	is_str(lr_endpoint_text(&b.peer->endpoint, text), "192.0.2.77:1", "moves the peer there");
	is_int(b.events[LR_WG_EVENT_ENDPOINT], 1, "and the owner is told");
	carry(&a, &b, 2);
	is_int(b.events[LR_WG_EVENT_ENDPOINT], 1, "once");
	a.at = elsewhere();
	run_until(now + 10 * S);
	carry(&b, &a, 1);
	run_until(now + 10 * S);
	is_str(lr_endpoint_text(&b.peer->endpoint, text), "[2000::99]:1234",
		"a keepalive does too");
	lr_wg_stage(b.wg, now, b.peer, (uint8_t[20]){0x45}, 20);
	is_int(drain(&b), 1, "what b sends next");
	is_str(lr_endpoint_text(&drained[0].to, text), "[2000::99]:1234", "goes there");
	pair_close();
}

static void source(void)
{
	pair_open();
	pair_connect();
	a.at.from = lr_ip4(0x0a000001);
	a.at.from_iface = 3;
	carry(&a, &b, 1);
	is_int(b.events[LR_WG_EVENT_ENDPOINT], 0, "another local address is no event");
	is_int(b.peer->endpoint.from.b[0], 10, "but is used from now on");
	is_int(b.peer->endpoint.from_iface, 3, "with its interface");
	pair_close();
}

static void handshake(void)
{
	char text[LR_ENDPOINT_TEXT];

	pair_open();
	a.at = endpoint4(78, 2);
	b.at = endpoint4(79, 3);
	pair_connect();
	is_str(lr_endpoint_text(&b.peer->endpoint, text), "192.0.2.78:2", "an initiation moves");
	is_str(lr_endpoint_text(&a.peer->endpoint, text), "192.0.2.79:3", "a response does too");
	is_int(a.events[LR_WG_EVENT_ENDPOINT] + b.events[LR_WG_EVENT_ENDPOINT], 2, "two events");
	pair_close();

	pair_open();
	lr_wg_peer_set_endpoint(b.peer, &(struct lr_endpoint){0});
	pair_connect();
	ok(carry(&b, &a, 1), "a responder needs no endpoint beforehand");
	pair_close();
}

static void forged(void)
{
	char text[LR_ENDPOINT_TEXT];
	static const struct {
		size_t at;
		const char *name;
	} flips[] = {{20, "a changed byte"}, {9, "a changed counter"}, {4, "another index"}};

	pair_open();
	pair_connect();
	struct message good = sealed(&a, &b, 1), again = good;
	a.at = endpoint4(66, 6);
	for (size_t i = 0; i < sizeof(flips) / sizeof(flips[0]); i++) {
		struct message bad = good;
		bad.bytes[flips[i].at] ^= 1;
		deliver(&a, &b, &bad);
		is_str(lr_endpoint_text(&b.peer->endpoint, text), "192.0.2.1:51820", flips[i].name);
	}
	a.at = endpoint4(1, 51820);
	is_int(deliver(&a, &b, &good).kind, LR_WG_RX_DATA, "the true one arrives first");
	a.at = endpoint4(66, 6);
	is_int(deliver(&a, &b, &again).drop, LR_WG_DROP_REPLAY, "its copy from elsewhere");
	is_str(lr_endpoint_text(&b.peer->endpoint, text), "192.0.2.1:51820", "moves nothing");

	now += 6 * S;
	lr_send_initiation(lr_peer_of(a.peer), now, false);
	drain(&a);
	struct message init = drained[0];
	a.at = endpoint4(1, 51820);
	struct message copy = init;
	deliver(&a, &b, &init);
	a.at = endpoint4(66, 6);
	is_int(deliver(&a, &b, &copy).drop, LR_WG_DROP_TIMESTAMP, "a copied initiation");
	is_str(lr_endpoint_text(&b.peer->endpoint, text), "192.0.2.1:51820",
		"moves nothing either");
	is_int(b.events[LR_WG_EVENT_ENDPOINT], 0, "and nobody was told anything");
	pair_close();
}

/* A member whose path is not known yet: its owner says when it is. */
static void anchored(void)
{
	const struct lr_endpoint nowhere = {0}, there = endpoint4(2, 51820);
	uint8_t packet[100];
	struct message first;

	pair_open();
	make_packet(packet, sizeof(packet), &a, &b, 0);
	lr_wg_peer_set_anchored(a.peer, true);
	lr_wg_peer_set_endpoint(a.peer, &nowhere);
	lr_wg_stage(a.wg, now, a.peer, packet, sizeof(packet));
	is_int(drain(&a), 0, "nothing goes to a peer without endpoint");
	now += S / 10;
	lr_wg_peer_set_endpoint(a.peer, &there);
	is_int(drain(&a), 1, "its path is known: the handshake begins at once");
	is_int(drained[0].bytes[0], LR_MSG_INITIATION, "  an initiation");
	first = drained[0];
	deliver(&a, &b, &first);
	is_int(settle(), 1, "and the packet that waited arrives");
	lr_wg_peer_set_endpoint(a.peer, &nowhere);
	lr_wg_stage(a.wg, now, a.peer, packet, sizeof(packet));
	is_int(drain(&a), 0, "with a session: nothing goes nowhere");
	lr_wg_peer_set_endpoint(a.peer, &there);
	is_int(drain(&a), 1, "but all at once when there is a path");
	is_int(drained[0].bytes[0], LR_MSG_DATA, "  data");
	lr_wg_peer_set_endpoint(a.peer, &nowhere);
	lr_wg_stage(a.wg, now, a.peer, packet, sizeof(packet));
	run_until(now + 100 * S);
	lr_wg_peer_set_endpoint(a.peer, &there);
	is_int(drain(&a), 0, "what has waited for 90 s is given up");
	pair_close();
}

/* The endpoint moves while the initiation is on its way: both arrive, either's response will do. */
static void anchored_moves(void)
{
	const struct lr_endpoint there = endpoint4(2, 51821);
	uint8_t packet[100];
	struct message first, second;

	pair_open();
	lr_wg_peer_set_anchored(a.peer, true);
	make_packet(packet, sizeof(packet), &a, &b, 0);
	lr_wg_stage(a.wg, now, a.peer, packet, sizeof(packet));
	drain(&a);
	first = drained[0];
	lr_wg_peer_set_endpoint(a.peer, &there);
	is_int(drain(&a), 1, "the endpoint moves: the initiation goes there, too");
	second = drained[0];
	ok(lr_endpoint_equal(&second.to, &there), "  there");
	is_mem(first.bytes, second.bytes, sizeof(struct lr_msg_initiation), "  and is the same");
	deliver(&a, &b, &second);
	drain(&b);
	struct message response = drained[0];
	is_int(deliver(&a, &b, &first).drop, LR_WG_DROP_TIMESTAMP,
		"the one that comes later is old");
	deliver(&b, &a, &response);
	is_int(settle(), 1, "and the packet that waited arrives");
	pair_close();
}

/* It asks while the way to it is not known yet. */
static void anchored_asks(void)
{
	const struct lr_endpoint nowhere = {0};
	uint8_t packet[100];

	pair_open();
	lr_wg_peer_set_anchored(b.peer, true);
	lr_wg_peer_set_endpoint(b.peer, &nowhere);
	make_packet(packet, sizeof(packet), &a, &b, 0);
	lr_wg_stage(a.wg, now, a.peer, packet, sizeof(packet));
	drain(&a);
	deliver(&a, &b, &drained[0]);
	is_int(drain(&b), 1, "an initiation of whom no way is known to: answered");
	ok(lr_endpoint_equal(&drained[0].to, &a.at), "  the way that it came");
	ok(b.peer->endpoint.sa.sa_family == AF_UNSPEC, "  and that moves nothing");
	deliver(&b, &a, &drained[0]);
	is_int(settle(), 1, "so that the packet arrives");
	pair_close();
}

int main(void)
{
	lr_crypto_init();
	data();
	source();
	handshake();
	forged();
	anchored();
	anchored_asks();
	anchored_moves();
	return tap_done();
}
