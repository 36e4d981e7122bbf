/*
 * wg_cookie.c - macs, cookies and the limits under load
 */
#include "t/unit/wg_pair.h"

static struct lr_endpoint endpoint6(uint8_t net, uint8_t host)
{
	struct lr_endpoint e = {0};
	e.in6.sin6_family = AF_INET6;
	e.in6.sin6_port = htons(9);
	e.in6.sin6_addr.s6_addr[0] = 0x20;
	e.in6.sin6_addr.s6_addr[7] = net;
	e.in6.sin6_addr.s6_addr[15] = host;
	return e;
}

static void mint_and_jar(void)
{
	struct lr_cookie_mint mint = {0};
	struct lr_cookie_jar jar = {0};
	struct lr_msg_initiation msg = {.type = {1}, .sender = {1, 2, 3, 4}};
	struct lr_msg_cookie reply, again;
	struct lr_endpoint src = endpoint4(1, 1000), port = endpoint4(1, 1001),
			   host = endpoint4(2, 1000), six = endpoint6(1, 1), six2 = endpoint6(1, 2);
	uint8_t key[32], theirs[32], *bytes = (uint8_t *)&msg;
	uint64_t t = 1000 * S;

	lr_keypair(key, theirs);
	lr_cookie_mint_init(&mint, theirs);
	lr_cookie_sign(&jar, t, theirs, &msg, sizeof(msg));
	ok(lr_cookie_mac1_good(&mint, bytes, sizeof(msg)), "mac1 is good");
	ok(lr_same(msg.mac2, (uint8_t[16]){0}, 16), "without a cookie mac2 is zero");
	ok(!lr_cookie_mac2_good(&mint, t, &src, bytes, sizeof(msg)), "which is not good");
	lr_cookie_reply(&mint, t, &src, bytes, sizeof(msg), &reply);
	is_mem(reply.receiver, msg.sender, 4, "the reply is for the sender");
	again = reply;
	reply.cookie[3] ^= 1;
	ok(!lr_cookie_take(&jar, t, theirs, &reply), "a forged reply is not taken");
	ok(lr_cookie_take(&jar, t, theirs, &again), "the true one is");
	ok(!lr_cookie_take(&jar, t, theirs, &again), "but not twice");
	lr_cookie_sign(&jar, t, theirs, &msg, sizeof(msg));
	ok(lr_cookie_mac2_good(&mint, t, &src, bytes, sizeof(msg)), "then mac2 is good");
	ok(!lr_cookie_mac2_good(&mint, t, &port, bytes, sizeof(msg)), "not from another port");
	ok(!lr_cookie_mac2_good(&mint, t, &host, bytes, sizeof(msg)), "nor another address");
	ok(!lr_cookie_mac2_good(&mint, t, &six, bytes, sizeof(msg)), "nor over IPv6");
	ok(lr_cookie_mac2_good(&mint, t + 120 * S - 1, &src, bytes, sizeof(msg)),
		"for as long as the secret lives");
	lr_cookie_sign(&jar, t + 115 * S - 1, theirs, &msg, sizeof(msg));
	ok(!lr_same(msg.mac2, (uint8_t[16]){0}, 16), "a cookie is used for 115 s");
	struct lr_msg_initiation late = msg;
	lr_cookie_sign(&jar, t + 115 * S, theirs, &msg, sizeof(msg));
	ok(lr_same(msg.mac2, (uint8_t[16]){0}, 16), "and then no more");
	ok(!lr_cookie_mac2_good(&mint, t + 120 * S, &src, (uint8_t *)&late, sizeof(late)),
		"after 120 s it is void");
	lr_cookie_reply(&mint, t, &six, bytes, sizeof(msg), &reply);
	ok(lr_cookie_take(&jar, t, theirs, &reply), "a cookie for an IPv6 address");
	lr_cookie_sign(&jar, t, theirs, &msg, sizeof(msg));
	ok(lr_cookie_mac2_good(&mint, t, &six, bytes, sizeof(msg)), "is good there");
	ok(!lr_cookie_mac2_good(&mint, t, &six2, bytes, sizeof(msg)), "and not at the next");
}

static void limiter(void)
{
	struct lr_ratelimiter r = {0};
	struct lr_endpoint one = endpoint4(1, 1), other = endpoint4(2, 1), port = endpoint4(1, 2);
	unsigned taken = 0;
	uint64_t t = 1000 * S;

	for (int i = 0; i < 10; i++)
		taken += lr_ratelimiter_allow(&r, t, i & 1 ? &one : &port);
	is_int(taken, 5, "a burst of 5 for an address, whatever its ports");
	ok(lr_ratelimiter_allow(&r, t, &other), "another has its own");
	ok(!lr_ratelimiter_allow(&r, t + 50 * MS - 1, &one), "the next token takes 50 ms");
	ok(lr_ratelimiter_allow(&r, t + 50 * MS, &one), "then it is there");
	taken = 0;
	for (int i = 0; i < 1000; i++)
		taken += lr_ratelimiter_allow(&r, t + S + i * MS, &one);
	is_int(taken, 5 + 19, "20 a second and a burst");
	struct lr_endpoint a6 = endpoint6(1, 1), b6 = endpoint6(1, 2), c6 = endpoint6(2, 1);
	taken = 0;
	for (int i = 0; i < 10; i++)
		taken += lr_ratelimiter_allow(&r, t, i & 1 ? &a6 : &b6);
	is_int(taken, 5, "IPv6: a /64 is one source");
	ok(lr_ratelimiter_allow(&r, t, &c6), "the next /64 another");

	/* More sources than there are buckets, all at once: nobody gets more than the limit. */
	taken = 0;
	for (uint32_t i = 0; i < 20000; i++) {
		struct lr_endpoint e = {0};
		e.in.sin_family = AF_INET;
		e.in.sin_addr.s_addr = htonl(0x0b000000u + i);
		taken += lr_ratelimiter_allow(&r, t + 100 * S, &e);
	}
	is_int(taken, 4096, "the table bounds all sources together");
	ok(lr_ratelimiter_allow(&r, t + 101 * S, &other), "a second later there is room again");
	lr_ratelimiter_release(&r);
}

static void stage(struct side *from, struct side *to)
{
	uint8_t packet[100];
	make_packet(packet, sizeof(packet), from, to, 0);
	lr_wg_stage(from->wg, now, from->peer, packet, sizeof(packet));
}

/* The responder is under load: initiation, cookie, initiation with mac2, response. */
static void responder_under_load(void)
{
	pair_open();
	b.wg->load.forced = true;
	stage(&a, &b);
	drain(&a);
	struct lr_wg_rx rx = deliver(&a, &b, &drained[0]);
	is_int(rx.drop, LR_WG_DROP_MAC2, "without a cookie an initiation is dropped");
	is_int(lr_wg_drops(b.wg)[LR_WG_DROP_MAC2], 1, "and counted");
	is_int(drain(&b), 1, "one answer");
	is_int(drained[0].len, 64, "a cookie reply");
	ok(!drained[0].peer && lr_endpoint_equal(&drained[0].to, &a.at), "to where it came from");
	is_int(deliver(&b, &a, &drained[0]).kind, LR_WG_RX_CONTROL, "a takes it");
	is_int(drain(&a), 0, "and waits");
	is_int(run_until(now + 6 * S), 1, "the retry with mac2 goes through");
	ok(carry(&b, &a, 1), "and all is well");
	pair_close();
}

/* The initiator is: it demands a cookie for the response. */
static void initiator_under_load(void)
{
	pair_open();
	a.wg->load.forced = true;
	stage(&a, &b);
	drain(&a);
	deliver(&a, &b, &drained[0]);
	is_int(drain(&b), 1, "b responds");
	is_int(deliver(&b, &a, &drained[0]).drop, LR_WG_DROP_MAC2, "a demands a cookie");
	is_int(drain(&a), 1, "and says so");
	is_int(deliver(&a, &b, &drained[0]).kind, LR_WG_RX_CONTROL, "b takes it");
	is_int(run_until(now + 6 * S), 1, "the next response is good");
	pair_close();
}

/* Real load: more than 1,000 handshake messages a second. */
static void load(void)
{
	struct message replay;
	unsigned stale = 0, mac2 = 0, bad = 0;

	pair_open();
	stage(&a, &b);
	drain(&a);
	replay = drained[0];
	deliver(&a, &b, &drained[0]);
	drain(&b);
	for (int i = 0; i < 2000; i++) {
		struct lr_wg_rx rx = deliver(&a, &b, &replay);
		stale += rx.drop == LR_WG_DROP_TIMESTAMP;
		mac2 += rx.drop == LR_WG_DROP_MAC2;
		now += 10000;
	}
	is_int(stale, 999, "1,000 in the same second are looked at");
	is_int(mac2, 1001, "all others need a cookie");
	is_int(drain(&b), LR_WG_REPLIES, "who does not poll keeps the newest replies only");
	now += S + 1;
	is_int(deliver(&a, &b, &replay).drop, LR_WG_DROP_TIMESTAMP, "a second later it is over");

	/* Garbage does not count: only who knows our key can bring load about. */
	struct message garbage = replay;
	garbage.bytes[120] ^= 1;
	for (int i = 0; i < 3000; i++)
		bad += deliver(&a, &b, &garbage).drop == LR_WG_DROP_MAC1;
	is_int(bad, 3000, "3,000 with a wrong mac1 are dropped as such");
	is_int(deliver(&a, &b, &replay).drop, LR_WG_DROP_TIMESTAMP, "and are no load");
	pair_close();
}

/* Under load a source with a cookie has 20 a second. */
static void rate(void)
{
	struct message m;
	unsigned limited = 0;

	pair_open();
	b.wg->load.forced = true;
	stage(&a, &b);
	drain(&a);
	deliver(&a, &b, &drained[0]);
	drain(&b);
	deliver(&b, &a, &drained[0]);
	now += 6 * S;
	drain(&a);
	m = drained[0];
	for (int i = 0; i < 10; i++)
		limited += deliver(&a, &b, &m).drop == LR_WG_DROP_RATE;
	is_int(limited, 5, "five pass, five are over the rate");
	is_int(drain(&b), 1, "and only the good one is answered");
	pair_close();
}

int main(void)
{
	lr_crypto_init();
	mint_and_jar();
	limiter();
	responder_under_load();
	initiator_under_load();
	load();
	rate();
	return tap_done();
}
