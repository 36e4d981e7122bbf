/*
 * relay_relay.c - binding, forwarding, signals and limits of the packet relay, on the test's clock
 *
 * Two parties, x and y; members are told apart by the first byte of their keyhash. Every answer to
 * a source that is not bound is held against the length of what came from it.
 */
#include <stdlib.h>

#include "lib/base/bytes.h"
#include "lib/relay/relay.h"
#include "t/unit/tap.h"

struct person {
	uint8_t public_key[32], secret[64], keyhash[16];
	struct lr_relay_source at;
	uint32_t channel;
	bool here; /* in the party */
};

static struct lr_relay r;
static struct lr_relay_party x = {.id = "party x"}, y = {.id = "party y"};
static struct person a, b, c, z; /* z is in y */
static uint64_t now = 1000 * LR_NS_PER_S;
static unsigned changes, sent_signals;
static uint64_t sent_seq;
static unsigned amplified;

static const uint8_t *member(
	void *ctx, const uint8_t *id, const uint8_t *keyhash, struct lr_relay_party **party)
{
	struct person *const all[] = {&a, &b, &c, &z};
	(void)ctx;
	for (unsigned i = 0; i < 4; i++) {
		struct lr_relay_party *p = all[i] == &z ? &y : &x;
		if (all[i]->here && memcmp(all[i]->keyhash, keyhash, 16) == 0 &&
			memcmp(p->id, id, 32) == 0) {
			*party = p;
			return all[i]->public_key;
		}
	}
	return NULL;
}

static void changed(void *ctx, struct lr_relay_party *p)
{
	(void)ctx;
	(void)p;
	changes++;
}

static void send_signal(void *ctx, struct lr_relay_channel *to, const uint8_t *f, size_t len)
{
	struct lr_frame_control s;
	(void)ctx;
	if (lr_control_read(f, len, &s) == 0 && s.kind == LR_FRAME_SIGNAL && to->bound) {
		sent_signals++;
		sent_seq = s.seq;
	}
}

static struct lr_relay_source udp(uint32_t ip, uint16_t port)
{
	struct lr_relay_source s = {.at.in = {.sin_family = AF_INET,
					    .sin_port = htons(port),
					    .sin_addr.s_addr = htonl(ip)}};
	return s;
}

static void person(struct person *p, char name, uint32_t ip)
{
	memset(p, 0, sizeof(*p));
	lr_sign_keypair(p->public_key, p->secret);
	p->keyhash[0] = (uint8_t)name;
	p->at = udp(ip, 5000);
	p->here = true;
}

static void setup(const struct lr_admission_limits *limits)
{
	struct lr_relay_config config = {.limits = limits,
		.hooks = {NULL, member, changed, send_signal},
		.channels = 100,
		.epoch = 99,
		.id = "the relay's id."};
	lr_relay_init(&r, &config);
	x.channels = y.channels = NULL;
	x.meters = y.meters = (struct lr_meters){0};
	x.seq = y.seq = 1;
	person(&a, 'a', 0xc0000201);
	person(&b, 'b', 0xc6336402);
	person(&c, 'c', 0xcb007103);
	person(&z, 'z', 0xcb007204);
	changes = sent_signals = 0;
}

static void teardown(void)
{
	lr_relay_leave(&r, &x, NULL);
	lr_relay_leave(&r, &y, NULL);
	lr_relay_release(&r);
}

/* Hands a frame in, as it would come; what to do with it. */
static struct lr_relay_step input(const struct lr_relay_source *src, uint8_t *frame, size_t len)
{
	struct lr_relay_step step;
	struct lr_relay_channel *from = lr_relay_from(&r, src);
	lr_relay_input(&r, src, from, frame, len, now, &step);
	if (!from && step.answer_len > len)
		amplified++;
	return step;
}

/* The reason of a refusal, 0 for a BOUND, -1 for nothing, -2 for anything else. */
static int outcome(const struct lr_relay_step *s, uint32_t *channel)
{
	struct lr_frame_control m;
	if (!s->answer_len)
		return -1;
	if (lr_control_read(s->answer, s->answer_len, &m) < 0)
		return -2;
	if (m.kind == LR_FRAME_REFUSED)
		return m.reason;
	if (channel)
		*channel = m.channel;
	return m.kind == LR_FRAME_BOUND ? 0 : -2;
}

struct cookie {
	uint8_t bytes[16], relay[16];
	uint64_t time_ms;
};

static bool ask(const struct lr_relay_source *src, struct cookie *out)
{
	uint8_t frame[LR_FRAME_ASK_LEN];
	struct lr_frame_control m;
	struct lr_relay_step s = input(src, frame, lr_frame_ask(frame, 42));
	if (lr_control_read(s.answer, s.answer_len, &m) < 0 || m.kind != LR_FRAME_COOKIE ||
		m.nonce != 42)
		return false;
	memcpy(out->bytes, m.cookie, 16);
	memcpy(out->relay, m.relay_id, 16);
	out->time_ms = m.time_ms;
	return true;
}

static uint8_t last[LR_FRAME_BIND_LEN];

/* `who` signs for its own party's member `keyhash`, with this cookie, from `src`. */
static struct lr_relay_step put(uint8_t kind, struct person *who, const uint8_t *id,
	const uint8_t *keyhash, const struct lr_relay_source *src, const struct cookie *k,
	uint32_t channel, uint64_t time_ms)
{
	uint8_t copy[LR_FRAME_BIND_LEN];
	const struct lr_frame_control m = {.kind = kind,
		.channel = channel,
		.time_ms = time_ms,
		.relay_id = k->relay,
		.cookie = k->bytes,
		.id = id,
		.keyhash = keyhash};
	lr_frame_bind(last, &m, who->secret);
	memcpy(copy, last, sizeof(copy));
	return input(src, copy, sizeof(copy));
}

static int bind_as(struct person *p, uint32_t wanted)
{
	struct cookie k;
	now += LR_NS_PER_MS;
	if (!ask(&p->at, &k))
		return -3;
	struct lr_relay_step s = put(
		LR_FRAME_BIND, p, p == &z ? y.id : x.id, p->keyhash, &p->at, &k, wanted, k.time_ms);
	return outcome(&s, &p->channel);
}

static const struct person *receiver(const struct lr_relay_step *s)
{
	struct person *const all[] = {&a, &b, &c, &z};
	for (unsigned i = 0; s->to && i < 4; i++)
		if (lr_endpoint_equal(&s->to->at, &all[i]->at.at))
			return all[i];
	return NULL;
}

static struct lr_relay_step message(const struct person *from, uint32_t channel, uint8_t *frame)
{
	lr_frame_header(frame, 0, channel);
	memcpy(frame + 8, "a WireGuard message", 19);
	return input(&from->at, frame, 27);
}

/* ------------------------------------------------------------------ tests */

static void forwarding(void)
{
	uint8_t frame[64];
	struct lr_frame f;
	setup(&lr_admission_defaults);
	is_int(bind_as(&a, 0), 0, "a binds");
	is_int(bind_as(&b, 0), 0, "b binds");
	is_int(bind_as(&z, 0), 0, "z binds in another party");
	ok(a.channel && b.channel && a.channel != b.channel, "channels are not 0 and differ");
	is_int(changes, 3, "each new channel is to be written");
	struct lr_relay_step s = message(&a, b.channel, frame);
	ok(receiver(&s) == &b, "a message goes to b");
	lr_frame_read(frame, 27, &f);
	is_int(f.channel, a.channel, "and says that it is a's");
	is_mem(frame + 8, "a WireGuard message", 19, "the message is untouched");
	static const struct {
		const struct person *from;
		const uint32_t *to;
		enum lr_relay_drop why;
		const char *name;
	} cases[] = {
		{&a, &z.channel, LR_RELAY_NO_CHANNEL, "not to another party"},
		{&z, &a.channel, LR_RELAY_NO_CHANNEL, "nor from it"},
		{&a, &a.channel, LR_RELAY_NO_CHANNEL, "not to oneself"},
		{&c, &a.channel, LR_RELAY_UNBOUND, "not from an address without a channel"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t before = r.stats.drops[cases[i].why];
		s = message(cases[i].from, *cases[i].to, frame);
		ok(!s.to && s.drop == cases[i].why && r.stats.drops[cases[i].why] == before + 1,
			"%s", cases[i].name);
	}
	s = message(&c, a.channel, frame);
	is_int(outcome(&s, NULL), LR_REFUSED_UNBOUND, "who has no channel is told so");
	s = message(&a, a.channel ^ b.channel ^ 77, frame);
	is_int(s.drop, LR_RELAY_NO_CHANNEL, "a channel that nobody has");
	struct lr_relay_source twin = a.at;
	twin.socket = 1;
	is_int(input(&twin, frame, 27).drop, LR_RELAY_UNBOUND, "the same address, another socket");
	twin = a.at;
	twin.conn = 7;
	is_int(input(&twin, frame, 27).drop, LR_RELAY_UNBOUND, "or a TCP connection");
	is_int(r.stats.packets, 1, "one packet was forwarded");
	is_int(r.stats.bytes, 27, "with its bytes");
	teardown();
}

static void moving(void)
{
	uint8_t frame[64], old[LR_FRAME_BIND_LEN];
	struct lr_relay_source first;
	setup(&lr_admission_defaults);
	bind_as(&a, 0);
	memcpy(old, last, sizeof(old));
	bind_as(&b, 0);
	uint32_t channel = a.channel;
	struct lr_relay_step s = input(&a.at, old, sizeof(old));
	is_int(outcome(&s, NULL), 0, "the answer was lost: the same BIND is answered again");
	is_int(bind_as(&a, 0), 0, "a binds again from the same address");
	is_int(a.channel, channel, "and has the same channel");
	first = a.at;
	a.at = udp(0xc0000299, 6000);
	is_int(bind_as(&a, channel), 0, "a moves its channel to another address");
	is_int(a.channel, channel, "it is the same");
	s = message(&b, channel, frame);
	ok(receiver(&s) == &a, "what goes there comes to the new address");
	is_int(input(&first, frame, 27).drop, LR_RELAY_UNBOUND, "the old address has none");
	s = input(&first, old, sizeof(old));
	is_int(outcome(&s, NULL), 0,
		"an old BIND repeated at its own address gets another channel");
	ok(lr_channels_by_number(&r.channels, channel)->bound, "and moves nothing");
	is_int(lr_channels_by_number(&r.channels, channel)->at.in.sin_port, htons(6000), "indeed");
	a.at = b.at;
	is_int(bind_as(&a, channel), 0, "an address that another member had");
	s = message(&a, b.channel, frame);
	is_int(s.drop, LR_RELAY_ASLEEP, "is that member's no more");
	teardown();
}

static void replay(void)
{
	struct cookie k;
	setup(&lr_admission_defaults);
	bind_as(&a, 0);
	uint32_t channel = a.channel;
	now += LR_NS_PER_S;
	ask(&a.at, &k);
	uint64_t time_ms = k.time_ms;
	struct lr_relay_step s =
		put(LR_FRAME_BIND, &a, x.id, a.keyhash, &a.at, &k, channel, time_ms);
	uint8_t captured[LR_FRAME_BIND_LEN];
	memcpy(captured, last, sizeof(captured));
	is_int(outcome(&s, NULL), 0, "a binds");
	struct lr_relay_source home = a.at;
	a.at = udp(0xc0000210, 7000);
	is_int(bind_as(&a, channel), 0, "and moves");
	s = input(&home, captured, sizeof(captured));
	is_int(outcome(&s, NULL), LR_REFUSED_TIME, "the captured BIND moves it not back");
	struct lr_relay_source thief = udp(0xc0a80001, 1);
	s = input(&thief, captured, sizeof(captured));
	is_int(outcome(&s, NULL), LR_REFUSED_COOKIE, "nor to anybody else's address");
	now += 300 * LR_NS_PER_S;
	s = input(&home, captured, sizeof(captured));
	is_int(outcome(&s, NULL), LR_REFUSED_COOKIE, "a cookie grows old");
	teardown();
}

static void forging(void)
{
	struct cookie k, other;
	uint32_t got = 0;
	setup(&lr_admission_defaults);
	bind_as(&a, 0);
	bind_as(&z, 0);
	ask(&b.at, &k);
	ask(&c.at, &other);
	static const uint8_t nobody[16] = "nobody";
	const struct {
		struct person *signs;
		const uint8_t *id, *keyhash;
		const struct lr_relay_source *src;
		const struct cookie *cookie;
		uint32_t channel;
		uint64_t ahead;
		int want;
		const char *name;
	} cases[] = {
		{&b, x.id, a.keyhash, &b.at, &k, 0, 0, LR_REFUSED_SIGNATURE, "in another's name"},
		{&b, x.id, b.keyhash, &b.at, &k, a.channel, 0, LR_REFUSED_CHANNEL,
			"another's channel"},
		{&b, x.id, b.keyhash, &b.at, &k, z.channel, 0, LR_REFUSED_CHANNEL,
			"a channel of another party"},
		{&b, y.id, b.keyhash, &b.at, &k, 0, 0, LR_REFUSED_MEMBER, "in another party"},
		{&b, x.id, nobody, &b.at, &k, 0, 0, LR_REFUSED_MEMBER, "as nobody"},
		{&b, x.id, b.keyhash, &b.at, &other, 0, 0, LR_REFUSED_COOKIE,
			"with another address' cookie"},
		{&b, x.id, b.keyhash, &b.at, &k, 0, 60000, LR_REFUSED_TIME, "a minute ahead"},
		{&b, x.id, b.keyhash, &b.at, &k, 0, 0, 0, "and at last as it should be"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct lr_relay_step s = put(LR_FRAME_BIND, cases[i].signs, cases[i].id,
			cases[i].keyhash, cases[i].src, cases[i].cookie, cases[i].channel,
			k.time_ms + cases[i].ahead);
		is_int(outcome(&s, &got), cases[i].want, cases[i].name);
	}
	ask(&b.at, &k);
	struct lr_relay_step s =
		put(LR_FRAME_RELEASE, &b, x.id, b.keyhash, &b.at, &k, a.channel, k.time_ms + 5);
	is_int(outcome(&s, NULL), LR_REFUSED_CHANNEL, "b cannot release a's channel");
	s = put(LR_FRAME_RELEASE, &b, x.id, a.keyhash, &b.at, &k, a.channel, k.time_ms + 5);
	is_int(outcome(&s, NULL), LR_REFUSED_SIGNATURE, "nor in a's name");
	s = put(LR_FRAME_RELEASE, &b, x.id, b.keyhash, &b.at, &k, got, k.time_ms + 5);
	is_int(outcome(&s, NULL), LR_REFUSED_RELEASED, "its own it can");
	ok(!lr_channels_by_number(&r.channels, got), "and then it is gone");
	a.here = false;
	lr_relay_leave(&r, &x, a.keyhash);
	ok(!lr_channels_by_number(&r.channels, a.channel), "who is kicked has no channel");
	is_int(bind_as(&a, 0), LR_REFUSED_MEMBER, "and gets none");
	teardown();
}

static void four_channels(void)
{
	uint32_t channels[5];
	setup(&lr_admission_defaults);
	for (unsigned i = 0; i < 4; i++) {
		a.at = udp(0xc0000201, (uint16_t)(5000 + i));
		is_int(bind_as(&a, 0), 0, "a channel");
		channels[i] = a.channel;
	}
	a.at = udp(0xc0000201, 5004);
	is_int(bind_as(&a, 0), LR_REFUSED_TOO_MANY, "a fifth is refused while four are in use");
	now += 61 * LR_NS_PER_S;
	is_int(bind_as(&a, 0), 0, "when they were silent for a minute the oldest is given anew");
	is_int(a.channel, channels[0], "indeed");
	is_int(r.channels.n, 4, "four in all");
	teardown();
	struct lr_admission_limits l = lr_admission_defaults;
	setup(&l);
	r.channels.max = 1;
	is_int(bind_as(&a, 0), 0, "a full table:");
	is_int(bind_as(&b, 0), LR_REFUSED_FULL, "no room for b");
	is_int(bind_as(&a, a.channel), 0, "and nobody is thrown out for it");
	teardown();
}

static void lifetime(void)
{
	uint8_t frame[64];
	setup(&lr_admission_defaults);
	bind_as(&a, 0);
	bind_as(&b, 0);
	now += 119 * LR_NS_PER_S;
	lr_relay_tick(&r, now);
	struct lr_relay_step s = message(&a, b.channel, frame);
	ok(receiver(&s) == &b, "bound for two minutes without a word");
	now += 30 * LR_NS_PER_S;
	lr_relay_tick(&r, now);
	s = message(&a, b.channel, frame);
	is_int(s.drop, LR_RELAY_ASLEEP, "then not any more");
	s = message(&b, a.channel, frame);
	is_int(outcome(&s, NULL), LR_REFUSED_UNBOUND, "which b learns");
	uint32_t was = b.channel;
	is_int(bind_as(&b, was), 0, "it binds again");
	is_int(b.channel, was, "and has the channel that it had");
	uint8_t keepalive[LR_FRAME_SIGNAL_LEN];
	struct lr_frame_control m;
	lr_frame_number(keepalive, LR_FRAME_KEEPALIVE, 0, 0, 0);
	s = input(&a.at, keepalive, sizeof(keepalive));
	ok(lr_control_read(s.answer, s.answer_len, &m) == 0 && m.kind == LR_FRAME_KEEPALIVE &&
			m.epoch == 99 && m.seq == 1,
		"a keepalive is answered with the party's number");
	teardown();
}

static void acknowledge(struct person *p, uint64_t epoch, uint64_t seq)
{
	uint8_t frame[LR_FRAME_SIGNAL_LEN];
	lr_frame_number(frame, LR_FRAME_SIGNAL, p->channel, epoch, seq);
	(void)input(&p->at, frame, sizeof(frame));
}

static void signals(void)
{
	setup(&lr_admission_defaults);
	bind_as(&a, 0);
	bind_as(&b, 0);
	bind_as(&z, 0);
	lr_relay_tick(&r, now);
	lr_relay_signal(&r, &x, 5, now);
	ok(sent_signals == 2 && sent_seq == 5, "both of the party are told at once");
	acknowledge(&a, 99, 5);
	ok(lr_relay_due(&r) <= now + 300 * LR_NS_PER_MS, "it is due again soon");
	now += 299 * LR_NS_PER_MS;
	lr_relay_tick(&r, now);
	is_int(sent_signals, 2, "not before");
	now += LR_NS_PER_MS;
	lr_relay_tick(&r, now);
	is_int(sent_signals, 3, "who did not answer is told again");
	acknowledge(&b, 98, 5);
	acknowledge(&b, 99, 4);
	acknowledge(&b, 99, 6);
	now += LR_NS_PER_S;
	lr_relay_tick(&r, now);
	is_int(sent_signals, 4, "an answer of another epoch or number does not count");
	acknowledge(&b, 99, 5);
	now += 60 * LR_NS_PER_S;
	lr_relay_tick(&r, now);
	is_int(sent_signals, 4, "who answered is left alone");
	ok(!r.signals, "and the party is off the list");
	lr_relay_signal(&r, &x, 6, now);
	acknowledge(&a, 99, 6);
	for (int i = 0; i < 100; i++) {
		now += LR_NS_PER_S;
		lr_relay_tick(&r, now);
	}
	is_int(sent_signals, 4 + 2 + 3, "who never answers is told four times");
	lr_relay_signal(&r, &x, 7, now);
	lr_relay_leave(&r, &x, NULL);
	ok(!r.signals, "a party that is forgotten is off the list");
	teardown();
}

static void limits(void)
{
	struct lr_admission_limits l = lr_admission_defaults;
	uint8_t frame[64];
	unsigned n = 0;
	l.source_packets = 100;
	l.party_packets = 0;
	setup(&l);
	bind_as(&a, 0);
	bind_as(&b, 0);
	now += LR_NS_PER_S;
	for (int i = 0; i < 1000; i++)
		n += message(&a, b.channel, frame).to != NULL;
	is_int(n, 25, "a member that floods is cut off");
	is_int(r.stats.drops[LR_RELAY_SOURCE_RATE], 975, "and counted");
	ok(message(&b, a.channel, frame).to != NULL, "others are not");
	teardown();
	l.source_packets = 0;
	l.party_packets = 40;
	setup(&l);
	bind_as(&a, 0);
	bind_as(&b, 0);
	now += LR_NS_PER_S;
	n = 0;
	for (int i = 0; i < 1000; i++)
		n += message(&c, b.channel, frame).to != NULL;
	is_int(n, 0, "a stranger passes nothing");
	for (int i = 0; i < 1000; i++)
		n += message(&a, b.channel, frame).to != NULL;
	is_int(n, 10, "and uses nothing of the party's limit");
	is_int(r.stats.drops[LR_RELAY_PARTY_RATE], 990, "which is counted");
	teardown();
	l = lr_admission_defaults;
	l.checks_network = 3;
	l.answers_network = 20;
	setup(&l);
	struct cookie k;
	ask(&a.at, &k);
	for (int i = 0; i < 10; i++)
		(void)put(LR_FRAME_BIND, &b, x.id, a.keyhash, &a.at, &k, 0, k.time_ms);
	is_int(r.stats.refused[LR_REFUSED_SIGNATURE], 3, "only so many signatures are checked");
	is_int(r.stats.drops[LR_RELAY_CHECK_RATE], 7, "the rest is dropped");
	for (int i = 0; i < 100; i++)
		(void)ask(&a.at, &k);
	is_int(r.stats.answers, 1 + 3 + 9, "only so many answers to strangers of a network");
	is_int(bind_as(&c, 0), 0, "another network has its own");
	teardown();
}

/* Whatever a stranger sends: nothing is forwarded, and no answer is longer. */
static void strangers(void)
{
	struct lr_admission_limits l = lr_admission_defaults;
	uint8_t frame[300];
	uint64_t answers = 0;
	l.answers_network = l.answers_all = 1000000;
	setup(&l);
	bind_as(&a, 0);
	amplified = 0;
	for (unsigned kind = 0; kind < 12; kind++) {
		for (size_t len = 0; len <= 200; len++) {
			for (unsigned flags = 0; flags < 4; flags++) {
				lr_random(frame, sizeof(frame));
				lr_frame_header(frame, (uint8_t)flags, a.channel);
				frame[8] = (uint8_t)kind;
				struct lr_relay_step s = input(&c.at, frame, len);
				amplified += s.to != NULL;
				answers += s.answer_len != 0;
			}
		}
	}
	is_int(amplified, 0, "strangers get no more than they sent, and reach nobody");
	ok(answers > 200, "(%llu of them were answered)", (unsigned long long)answers);
	teardown();
}

static void over_tcp(void)
{
	uint8_t cookie[LR_FRAME_COOKIE_LEN];
	struct lr_frame_control m;
	struct cookie k;
	setup(&lr_admission_defaults);
	a.at.conn = 1;
	is_int(lr_relay_greet(&r, &a.at, now, cookie), 60, "a connection is greeted");
	ok(lr_control_read(cookie, 60, &m) == 0 && m.kind == LR_FRAME_COOKIE && m.nonce == 0,
		"with a cookie");
	memcpy(k.bytes, m.cookie, 16);
	memcpy(k.relay, m.relay_id, 16);
	struct lr_relay_source other = a.at;
	other.conn = 2;
	struct lr_relay_step s = put(LR_FRAME_BIND, &a, x.id, a.keyhash, &other, &k, 0, m.time_ms);
	is_int(outcome(&s, NULL), LR_REFUSED_COOKIE, "which is no other connection's");
	s = put(LR_FRAME_BIND, &a, x.id, a.keyhash, &a.at, &k, 0, m.time_ms);
	is_int(outcome(&s, &a.channel), 0, "and binds");
	ok(lr_channels_by_number(&r.channels, a.channel)->conn == 1, "the connection");
	lr_relay_gone(&r, &a.at);
	ok(!lr_channels_by_number(&r.channels, a.channel)->bound, "until it ends");
	teardown();
}

static void memory(void)
{
	ok(sizeof(struct lr_relay_channel) + 2 * 4 * (LR_SOURCE_KEY + 8) < 700,
		"a channel costs %zu bytes and its places in two maps",
		sizeof(struct lr_relay_channel));
}

int main(void)
{
	if (lr_crypto_init() < 0)
		return 1;
	forwarding();
	moving();
	replay();
	forging();
	four_channels();
	lifetime();
	signals();
	limits();
	strangers();
	over_tcp();
	memory();
	is_int(amplified, 0, "no answer to a stranger was longer than the question");
	return tap_done();
}
