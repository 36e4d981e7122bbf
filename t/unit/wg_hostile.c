/*
 * wg_hostile.c - what a hostile datagram does: nothing, but for one counter
 *
 * expect() is the law that each case is held to: nothing is delivered, exactly the named counter
 * goes up by exactly one (on the device, and on the peer when the peer is known), at most one
 * message goes back, only a cookie reply, and it is smaller than what came. After each group, a
 * true packet still gets through.
 */
#include "t/unit/wg_pair.h"

static unsigned cases, broken;

static void violate(const char *what, const char *why, size_t n)
{
	if (broken++ < 20)
		printf("# %s (%zu): %s\n", what, n, why);
}

static bool only(const uint64_t *before, const uint64_t *after, enum lr_wg_drop up, unsigned by)
{
	for (int i = 0; i < LR_WG_DROPS; i++)
		if (after[i] != before[i] + (i == (int)up ? by : 0))
			return false;
	return true;
}

/* Delivers `m` to b from where a is; `n` tells cases of one name apart. */
static void expect(const char *what, size_t n, struct message *m, enum lr_wg_drop want)
{
	uint64_t device[LR_WG_DROPS], peer[LR_WG_DROPS];
	uint64_t packets = b.peer->stats.rx_packets, bytes = b.peer->stats.rx_bytes;
	struct lr_wg_rx rx;
	struct lr_wg_tx tx;

	memcpy(device, lr_wg_drops(b.wg), sizeof(device));
	memcpy(peer, b.peer->stats.drops, sizeof(peer));
	lr_wg_receive(b.wg, now, &a.at, m->bytes, m->len, &rx);
	cases++;
	if (rx.kind != LR_WG_RX_DROP || rx.packet || rx.drop != want)
		violate(what, lr_wg_drop_name(rx.drop), n);
	if (!only(device, lr_wg_drops(b.wg), want, 1))
		violate(what, "the device's counters", n);
	if (!only(peer, b.peer->stats.drops, want, rx.peer == b.peer))
		violate(what, "the peer's counters", n);
	if (b.peer->stats.rx_packets != packets)
		violate(what, "counted as a packet", n);
	/* What was opened is of the peer, whatever is inside; else no byte is its. */
	bool opened = want == LR_WG_DROP_INNER || want == LR_WG_DROP_ALLOWED_IP;
	if ((b.peer->stats.rx_bytes != bytes) != opened)
		violate(what, "bytes of the peer", n);
	if (want == LR_WG_DROP_MAC2) {
		if (!lr_wg_poll(b.wg, now, &tx) || tx.len != 64 || tx.len >= m->len || tx.peer)
			violate(what, "no cookie reply", n);
	}
	if (lr_wg_poll(b.wg, now, &tx))
		violate(what, "an answer", n);
}

static void group(const char *name)
{
	ok(broken == 0, "%s: %u cases", name, cases);
	cases = broken = 0;
}

/* --- material --- */

/* A fresh initiation of a's; its response from b; a cookie reply. Nothing was delivered yet. */
static struct message initiation(void)
{
	lr_peer_of(a.peer)->next_initiation_ns = 0;
	lr_send_initiation(lr_peer_of(a.peer), now, false);
	drain(&a);
	return drained[0];
}

/* What a would send in answer to b's initiation; b waits for it. */
static struct message response_for_b(void)
{
	lr_peer_of(b.peer)->next_initiation_ns = 0;
	lr_send_initiation(lr_peer_of(b.peer), now, false);
	drain(&b);
	deliver(&b, &a, &drained[0]);
	drain(&a);
	return drained[0];
}

static struct message cookie_for_b(void)
{
	a.wg->load.forced = true;
	lr_peer_of(b.peer)->next_initiation_ns = 0;
	lr_send_initiation(lr_peer_of(b.peer), now, false);
	drain(&b);
	deliver(&b, &a, &drained[0]);
	drain(&a);
	a.wg->load.forced = false;
	return drained[0];
}

/* mac1 made right again, as anybody can who knows b's public key. */
static void sign(struct message *m)
{
	struct lr_cookie_jar jar = {0};
	lr_cookie_sign(&jar, now, b.public_key, m->bytes, m->len);
}

static enum lr_wg_drop by_type(const struct message *m)
{
	uint32_t type = m->len >= 4 ? lr_get_le32(m->bytes) : 0;
	return type >= 1 && type <= 4 ? LR_WG_DROP_LENGTH : LR_WG_DROP_TYPE;
}

static void flip(struct message *m, size_t bit)
{
	m->bytes[bit / 8] ^= 1 << bit % 8;
}

/* --- groups --- */

static void truncated(const char *name, struct message full)
{
	for (size_t len = 0; len <= full.len + 1; len++) {
		struct message m = full;
		m.len = len;
		if (len == full.len)
			continue;
		bool data = full.bytes[0] == LR_MSG_DATA && len >= LR_MSG_DATA_MIN;
		expect(name, len, &m, data ? LR_WG_DROP_AUTH : by_type(&m));
	}
	group(name);
}

static void truncations(void)
{
	pair_open();
	pair_connect();
	truncated("truncated initiation", initiation());
	truncated("truncated response", response_for_b());
	truncated("truncated cookie reply", cookie_for_b());
	truncated("truncated data", sealed(&a, &b, 1));
	ok(carry(&a, &b, 2), "and then a true one gets through");
	pair_close();
}

static void initiation_bits(void)
{
	pair_open();
	struct message full = initiation();
	for (size_t bit = 0; bit < 132 * 8; bit++) { /* mac2 is not looked at without load */
		struct message m = full;
		flip(&m, bit);
		expect("bit", bit, &m, bit < 32 ? by_type(&m) : LR_WG_DROP_MAC1);
	}
	group("each bit of an initiation");
	for (size_t bit = 8 * 8; bit < 116 * 8; bit++) {
		struct message m = full;
		flip(&m, bit);
		sign(&m);
		expect("bit", bit, &m, LR_WG_DROP_HANDSHAKE);
	}
	group("each bit behind a good mac1");
	b.wg->load.forced = true;
	for (size_t bit = 116 * 8; bit < 148 * 8; bit++) {
		struct message m = full;
		flip(&m, bit);
		expect("bit", bit, &m, bit < 132 * 8 ? LR_WG_DROP_MAC1 : LR_WG_DROP_MAC2);
	}
	group("each bit of both macs, under load");
	b.wg->load.forced = false;
	is_int(deliver(&a, &b, &full).kind, LR_WG_RX_CONTROL, "the true one is still good");
	pair_close();
}

static void response_bits(void)
{
	pair_open();
	struct message full = response_for_b();
	for (size_t bit = 0; bit < 76 * 8; bit++) {
		struct message m = full;
		flip(&m, bit);
		expect("bit", bit, &m, bit < 32 ? by_type(&m) : LR_WG_DROP_MAC1);
	}
	group("each bit of a response");
	for (size_t bit = 8 * 8; bit < 60 * 8; bit++) {
		struct message m = full;
		flip(&m, bit);
		sign(&m);
		expect("bit", bit, &m, bit < 96 ? LR_WG_DROP_UNKNOWN_INDEX : LR_WG_DROP_HANDSHAKE);
	}
	group("each bit behind a good mac1");
	b.wg->load.forced = true;
	for (size_t bit = 76 * 8; bit < 92 * 8; bit++) {
		struct message m = full;
		flip(&m, bit);
		expect("bit", bit, &m, LR_WG_DROP_MAC2);
	}
	group("each bit of mac2, under load");
	b.wg->load.forced = false;
	struct message again = full;
	is_int(deliver(&a, &b, &full).kind, LR_WG_RX_CONTROL, "the true one is still good");
	drain(&b);
	expect("twice", 0, &again, LR_WG_DROP_UNKNOWN_INDEX);
	group("and good only once");
	pair_close();
}

static void cookie_bits(void)
{
	pair_open();
	struct message full = cookie_for_b();
	for (size_t bit = 0; bit < full.len * 8; bit++) {
		struct message m = full;
		flip(&m, bit);
		expect("bit", bit, &m,
			bit < 32   ? by_type(&m)
			: bit < 64 ? LR_WG_DROP_UNKNOWN_INDEX
				   : LR_WG_DROP_COOKIE);
	}
	group("each bit of a cookie reply");
	struct message again = full;
	is_int(deliver(&a, &b, &full).kind, LR_WG_RX_CONTROL, "the true one is still good");
	expect("twice", 0, &again, LR_WG_DROP_COOKIE);
	group("and good only once");
	pair_close();
}

static void data_bits(void)
{
	pair_open();
	pair_connect();
	struct message full = sealed(&a, &b, 1);
	for (size_t bit = 0; bit < full.len * 8; bit += bit < 160 ? 1 : 7) {
		struct message m = full;
		flip(&m, bit);
		expect("bit", bit, &m,
			bit < 32   ? by_type(&m)
			: bit < 64 ? LR_WG_DROP_UNKNOWN_INDEX
				   : LR_WG_DROP_AUTH);
	}
	group("bits of a data message");
	struct message again = full;
	is_int(deliver(&a, &b, &full).kind, LR_WG_RX_DATA, "the true one arrives");
	expect("replayed", 0, &again, LR_WG_DROP_REPLAY);
	group("and never again");
	pair_close();
}

static void replayed(void)
{
	pair_open();
	struct message first = initiation(), m = first;
	deliver(&a, &b, &m);
	drain(&b);
	for (size_t i = 0; i < 10; i++) {
		m = first;
		now += i * S;
		expect("initiation", i, &m, LR_WG_DROP_TIMESTAMP);
	}
	struct message older = initiation(), newer = initiation();
	now += S;
	deliver(&a, &b, &newer);
	drain(&b);
	expect("an older one behind a newer", 0, &older, LR_WG_DROP_TIMESTAMP);
	m = initiation();
	now += 20 * MS - 1;
	expect("a newer one too soon", 0, &m, LR_WG_DROP_FLOOD);
	group("initiations again, out of order, too often");
	now += 1;
	m = initiation();
	is_int(deliver(&a, &b, &m).kind, LR_WG_RX_CONTROL, "20 ms after the last one is good");
	pair_close();
}

static void reordered(void)
{
	static struct message old[3];
	unsigned lost = 0;

	pair_open();
	pair_connect();
	for (int i = 0; i < 3; i++)
		old[i] = sealed(&a, &b, 1);
	for (int i = 0; i < 8191; i++)
		lost += !carry(&a, &b, 2);
	is_int(lost, 0, "8,191 messages overtake three");
	expect("8,193 behind", 0, &old[0], LR_WG_DROP_REPLAY);
	expect("8,192 behind", 0, &old[1], LR_WG_DROP_REPLAY);
	group("beyond the window");
	is_int(deliver(&a, &b, &old[2]).kind, LR_WG_RX_DATA, "8,191 behind is inside");
	pair_close();
}

/* Sealed with a's true key under a counter of our choice. */
static struct message with_counter(uint64_t counter)
{
	struct lr_keypair *kp = lr_peer_of(a.peer)->current;
	uint64_t next = kp->send_counter;
	struct message m = {.len = 16 + 112 + 16};

	kp->send_counter = counter;
	lr_put_le32(m.bytes, 4);
	lr_put_le32(m.bytes + 4, kp->remote_index);
	lr_put_le64(m.bytes + 8, counter);
	make_packet(m.bytes + 16, 100, &a, &b, 1);
	lr_aead_seal(kp->seal, counter, m.bytes + 16, m.bytes + 16, 112);
	kp->send_counter = next;
	return m;
}

static void counters(void)
{
	static const uint64_t limit = UINT64_MAX - (1ull << 13); /* 2^64 - 2^13 - 1 */
	struct message m;

	pair_open();
	pair_connect();
	m = with_counter(limit);
	expect("at the limit", 0, &m, LR_WG_DROP_COUNTER);
	m = with_counter(limit + 1);
	expect("behind it", 0, &m, LR_WG_DROP_COUNTER);
	m = with_counter(UINT64_MAX);
	expect("the greatest", 0, &m, LR_WG_DROP_COUNTER);
	ok(carry(&a, &b, 1), "small ones are still good");
	m = with_counter(limit - 1);
	is_int(deliver(&a, &b, &m).kind, LR_WG_RX_DATA, "the last below the limit is good");
	m = sealed(&a, &b, 1);
	expect("and ends the rest", 0, &m, LR_WG_DROP_REPLAY);
	group("counters at their limits");
	m = with_counter(limit - 2);
	now += 180 * S;
	struct lr_wg_tx tx;
	while (lr_wg_poll(b.wg, now, &tx)) /* its keepalive */
		;
	expect("after 180 s", 0, &m, LR_WG_DROP_EXPIRED);
	group("a session that is too old");
	pair_close();
}

static void indices(void)
{
	struct message m;
	uint32_t waiting;

	pair_open();
	pair_connect();
	m = sealed(&a, &b, 1);
	lr_put_le32(m.bytes + 4, 0);
	expect("data for index 0", 0, &m, LR_WG_DROP_UNKNOWN_INDEX);
	for (size_t i = 0; i < 1000; i++) {
		uint32_t index = lr_random_below(UINT32_MAX);
		m.len = 144;
		lr_put_le32(m.bytes + 4, index);
		if (!lr_index_find(&b.wg->index, index))
			expect("data for a random index", i, &m, LR_WG_DROP_UNKNOWN_INDEX);
	}
	struct message response = response_for_b();
	waiting = lr_peer_of(b.peer)->handshake->index;
	lr_put_le32(m.bytes + 4, waiting);
	expect("data for a handshake", 0, &m, LR_WG_DROP_UNKNOWN_INDEX);
	lr_put_le32(response.bytes + 8, lr_peer_of(b.peer)->current->local_index);
	sign(&response);
	expect("a response for a session", 0, &response, LR_WG_DROP_UNKNOWN_INDEX);
	group("unknown indices");
	pair_close();
}

static void inside(void)
{
	static const struct {
		const char *name;
		size_t len;
		uint8_t head[20];
		enum lr_wg_drop want;
	} packets[] = {
		{"version 0", 32, {0}, LR_WG_DROP_INNER},
		{"version 5", 32, {0x55, 0, 0, 32}, LR_WG_DROP_INNER},
		{"one byte", 1, {0x45}, LR_WG_DROP_INNER},
		{"19 bytes", 19, {0x45, 0, 0, 19}, LR_WG_DROP_INNER},
		{"length says more", 32, {0x45, 0, 0, 33}, LR_WG_DROP_INNER},
		{"length says 65,535", 32, {0x45, 0, 0xff, 0xff}, LR_WG_DROP_INNER},
		{"length less than a header", 32, {0x45, 0, 0, 19}, LR_WG_DROP_INNER},
		{"length 0", 32, {0x45, 0, 0, 0}, LR_WG_DROP_INNER},
		{"header of 16 bytes", 32, {0x44, 0, 0, 32}, LR_WG_DROP_INNER},
		{"header beyond the length", 32, {0x4f, 0, 0, 32}, LR_WG_DROP_INNER},
		{"IPv6, 39 bytes", 39, {0x60}, LR_WG_DROP_INNER},
		{"IPv6, length says more", 48, {0x60, 0, 0, 0, 0, 9}, LR_WG_DROP_INNER},
		{"IPv6 of nobody", 48, {0x60, 0, 0, 0, 0, 8}, LR_WG_DROP_ALLOWED_IP},
		{"another peer's source", 32,
			{0x45, 0, 0, 32, 0, 0, 0, 0, 0, 0, 0, 0, 10, 66, 0, 3, 10, 66, 0, 2},
			LR_WG_DROP_ALLOWED_IP},
		{"b's own source", 32,
			{0x45, 0, 0, 32, 0, 0, 0, 0, 0, 0, 0, 0, 10, 66, 0, 2, 10, 66, 0, 2},
			LR_WG_DROP_ALLOWED_IP},
		{"nobody's source", 32,
			{0x45, 0, 0, 32, 0, 0, 0, 0, 0, 0, 0, 0, 10, 66, 0, 4, 10, 66, 0, 2},
			LR_WG_DROP_ALLOWED_IP},
		{"source 0.0.0.0", 32, {0x45, 0, 0, 32}, LR_WG_DROP_ALLOWED_IP},
	};

	struct side c;

	pair_open();
	side_open(&c, 3);
	side_meet(&b, &c); /* 10.66.0.3 is another peer of b's */
	b.peer = lr_wg_peer_find(b.wg, a.public_key);
	pair_connect();
	for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++) {
		struct message m = {0};
		memcpy(m.bytes + LR_WG_HEAD, packets[i].head, sizeof(packets[i].head));
		m.len = (size_t)lr_wg_seal(
			a.wg, now, a.peer, m.bytes, packets[i].len, packets[i].len);
		expect(packets[i].name, i, &m, packets[i].want);
	}
	group("inside: no IP packet, or not this peer's");
	ok(carry(&a, &b, 1), "and then a true one gets through");
	lr_wg_free(c.wg);
	pair_close();
}

static void strangers(void)
{
	struct message m;
	struct side c;

	pair_open();
	m = initiation();
	lr_wg_peer_remove(b.wg, b.peer);
	side_open(&c, 9);
	side_meet(&b, &c); /* b knows somebody, but not a */
	expect("an unknown key", 0, &m, LR_WG_DROP_UNKNOWN_PEER);
	lr_wg_set_key(b.wg, NULL);
	expect("to nobody", 0, &m, LR_WG_DROP_MAC1);
	group("strangers");
	lr_wg_free(c.wg);
	pair_close();
}

/* The largest datagram there is, of every type; and nothing at all. */
static void sizes(void)
{
	static struct {
		struct message m;
		uint8_t more[65536];
	} big;

	pair_open();
	pair_connect();
	for (uint8_t type = 0; type <= 6; type++) {
		struct lr_wg_rx rx;
		uint64_t before[LR_WG_DROPS];
		enum lr_wg_drop want = type == 4                ? LR_WG_DROP_AUTH
				       : type >= 1 && type <= 3 ? LR_WG_DROP_LENGTH
								: LR_WG_DROP_TYPE;
		lr_random(big.more, 65535);
		lr_put_le32(big.more, type);
		lr_put_le32(big.more + 4, lr_peer_of(b.peer)->current->local_index);
		lr_put_le64(big.more + 8, 99);
		memcpy(before, lr_wg_drops(b.wg), sizeof(before));
		lr_wg_receive(b.wg, now, &a.at, big.more, 65535, &rx);
		is_int(rx.drop, want, "65,535 bytes");
		ok(rx.kind == LR_WG_RX_DROP && only(before, lr_wg_drops(b.wg), want, 1),
			"of type %u: one counter", type);
	}
	struct message none = {.len = 0};
	expect("nothing", 0, &none, LR_WG_DROP_TYPE);
	group("a datagram of no bytes");
	for (size_t i = 0; i < 20000; i++) {
		struct message m = {.len = lr_random_below(300)};
		lr_random(m.bytes, m.len);
		m.bytes[0] |= 8; /* no type of ours */
		expect("noise", i, &m, LR_WG_DROP_TYPE);
	}
	group("noise");
	ok(carry(&a, &b, 1), "and then a true one gets through");
	pair_close();
}

int main(void)
{
	lr_crypto_init();
	truncations();
	initiation_bits();
	response_bits();
	cookie_bits();
	data_bits();
	replayed();
	reordered();
	counters();
	indices();
	inside();
	strangers();
	sizes();
	return tap_done();
}
