/*
 * relay_lend.c - ports lent for guests: who gets one, what passes, and what a stranger gets out of
 * it
 *
 * One party with members a and b, another with z; their channels are bound by hand. Every byte that
 * goes out to somebody outside is held against what came from there, until he is named.
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/base/bytes.h"
#include "lib/relay/relay.h"
#include "t/unit/tap.h"

static struct lr_relay r;
static struct lr_relay_party x = {.id = "party x"}, y = {.id = "party y"};
static struct lr_relay_channel *a, *b, *z;
static uint64_t now = 1000 * LR_NS_PER_S;
static unsigned changes, open_ports, closed;
static uint16_t next_port = 28000, busy;

static const uint8_t *member(
	void *ctx, const uint8_t *id, const uint8_t *keyhash, struct lr_relay_party **party)
{
	(void)ctx, (void)id, (void)keyhash, (void)party;
	return NULL;
}
static void changed(void *ctx, struct lr_relay_party *p)
{
	(void)ctx, (void)p;
	changes++;
}
static void send_frame(void *ctx, struct lr_relay_channel *to, const uint8_t *f, size_t len)
{
	(void)ctx, (void)to, (void)f, (void)len;
}
static int port_open(void *ctx, struct lr_lent *lent)
{
	(void)ctx;
	if (lent->port && lent->port == busy)
		return -EADDRINUSE;
	if (!lent->port)
		lent->port = next_port++;
	open_ports++;
	return 0;
}
static void port_close(void *ctx, struct lr_lent *lent)
{
	(void)ctx, (void)lent;
	open_ports--;
	closed++;
}

static struct lr_endpoint outside(uint32_t ip, uint16_t port)
{
	return (struct lr_endpoint){.in = {.sin_family = AF_INET,
					    .sin_port = htons(port),
					    .sin_addr.s_addr = htonl(ip)}};
}

static struct lr_relay_channel *channel(
	struct lr_relay_party *p, const char *keyhash, uint32_t ip, uint32_t number)
{
	uint8_t hash[16] = {0};
	struct lr_relay_source src = {.at = outside(ip, 5000)};
	memcpy(hash, keyhash, strlen(keyhash));
	struct lr_relay_channel *c = lr_channels_open(&r.channels, p, hash, number);
	if (!c || lr_channels_bind(&r.channels, c, &src, now) < 0)
		exit(1);
	return c;
}

static void setup(bool lends, size_t ports)
{
	static const struct lr_admission_limits limits = {.checks_network = 9,
		.checks_all = 9,
		.answers_network = 1000,
		.answers_all = 1000,
		.founded_network = 9,
		.founded_all = 9};
	struct lr_relay_config config = {.limits = &limits,
		.hooks = {NULL, member, changed, send_frame},
		.lend = {NULL, lends ? port_open : NULL, lends ? port_close : NULL},
		.channels = 100,
		.ports = ports,
		.epoch = 99,
		.id = "the relay's id."};
	lr_relay_init(&r, &config);
	a = channel(&x, "a", 0x0a000001, 0);
	b = channel(&x, "b", 0x0a000002, 0);
	z = channel(&y, "z", 0x0a000003, 0);
	changes = closed = 0;
	busy = 0;
}

static void teardown(void)
{
	lr_relay_leave(&r, &x, NULL);
	lr_relay_leave(&r, &y, NULL);
	ok(!open_ports, "no port is left open");
	lr_relay_release(&r);
}

/* A frame as it would come from that channel's address. */
static struct lr_relay_step input(struct lr_relay_channel *c, uint8_t *frame, size_t len)
{
	struct lr_relay_source src = {.at = c->at};
	struct lr_relay_step step;
	lr_relay_input(&r, &src, lr_relay_from(&r, &src), frame, len, now, &step);
	return step;
}

static struct lr_frame_control say(
	struct lr_relay_channel *c, enum lr_frame_kind kind, uint16_t port, uint32_t tag)
{
	static uint8_t answer[LR_FRAME_ANSWER_MAX];
	uint8_t frame[LR_FRAME_LEND_LEN];
	struct lr_frame_control out = {0};
	struct lr_relay_step s = input(c, frame, lr_frame_lend(frame, kind, port, tag));
	memcpy(answer, s.answer, s.answer_len);
	if (s.answer_len && lr_control_read(answer, s.answer_len, &out) < 0)
		out.reason = 255;
	return out;
}

static uint16_t lend(struct lr_relay_channel *c, uint32_t tag)
{
	struct lr_frame_control f = say(c, LR_FRAME_LEND, 0, tag);
	return f.kind == LR_FRAME_LENT && !f.reason ? f.port : 0;
}

static struct lr_lent *lent_of(struct lr_relay_channel *c)
{
	return c->lents;
}

static void asking(void)
{
	uint8_t frame[LR_FRAME_LEND_LEN];
	struct lr_relay_source nobody = {.at = outside(0x0b000001, 1)};
	struct lr_relay_step s;
	setup(true, 100);
	uint16_t port = lend(a, 1);
	ok(port && changes == 1, "a is lent a port, which is to be written");
	is_int(lend(a, 1), port, "asked for again it is the same");
	is_int(changes, 1, "and nothing is new");
	ok(lend(a, 2) != port, "another tag, another port");
	struct lr_frame_control f = say(b, LR_FRAME_LEND, port, 1);
	is_int(f.reason, LR_REFUSED_FULL, "another member does not get that one");
	f = say(b, LR_FRAME_LEND, 28500, 1);
	ok(!f.reason && f.port == 28500, "but one that it wishes for and nobody has");
	f = say(b, LR_FRAME_LEND, 28501, 1);
	is_int(f.reason, LR_REFUSED_FULL, "under one tag there is one port");
	busy = 28600;
	f = say(a, LR_FRAME_LEND, 28600, 3);
	is_int(f.reason, LR_REFUSED_FULL,
		"one that the system refuses is refused, not another given");
	lr_relay_input(
		&r, &nobody, NULL, frame, lr_frame_lend(frame, LR_FRAME_LEND, 0, 1), now, &s);
	ok(s.answer_len <= sizeof(frame) && s.answer[9] == LR_REFUSED_UNBOUND,
		"who has no channel gets none");
	f = say(b, LR_FRAME_RETURN, port, 1);
	ok(f.reason == LR_REFUSED_RELEASED && lent_of(a), "what is another's cannot be returned");
	f = say(a, LR_FRAME_RETURN, port, 9);
	is_int(closed, 0, "nor under another tag");
	f = say(a, LR_FRAME_RETURN, port, 1);
	ok(f.kind == LR_FRAME_LENT && f.reason == LR_REFUSED_RELEASED && closed == 1,
		"one's own can");
	teardown();
	setup(false, 100);
	f = say(a, LR_FRAME_LEND, 0, 1);
	is_int(f.reason, LR_REFUSED_PORTS, "a relay that lends none says so");
	teardown();
}

static void limits(void)
{
	char name[16];
	unsigned n = 0, party = 0;
	setup(true, 1000);
	while (n < 100 && lend(a, n + 1))
		n++;
	is_int(n, LR_LENT_MEMBER, "a member's limit");
	is_int(say(a, LR_FRAME_LEND, 0, 999).reason, LR_REFUSED_TOO_MANY, "and it is told");
	ok(lend(a, 1), "what it has it is still told");
	for (int m = 0; m < 5; m++) {
		snprintf(name, sizeof(name), "m%d", m);
		struct lr_relay_channel *c = channel(&x, name, 0x0a000100 + (uint32_t)m, 0);
		for (uint32_t tag = 1; tag < 30; tag++)
			party += lend(c, tag) != 0;
	}
	is_int(n + party, LR_LENT_PARTY, "a party's limit");
	ok(lend(z, 1), "of another party no matter");
	teardown();
	setup(true, 3);
	n = 0;
	while (n < 100 && lend(a, n + 1))
		n++;
	is_int(n, 3, "the relay's limit");
	is_int(say(a, LR_FRAME_LEND, 0, 999).reason, LR_REFUSED_FULL, "and it is told");
	teardown();
}

static void lifetime(void)
{
	setup(true, 100);
	uint16_t port = lend(a, 1);
	for (int i = 0; i < 5; i++) {
		now += (LR_LENT_LIFE_S - 40) * LR_NS_PER_S;
		lr_channels_bind(&r.channels, a, &(struct lr_relay_source){.at = a->at}, now);
		lend(a, 1);
		lr_relay_tick(&r, now);
	}
	ok(lent_of(a) && lent_of(a)->port == port, "who asks again keeps it");
	lr_channels_unbind(&r.channels, a);
	now += (LR_LENT_LIFE_S - 40) * LR_NS_PER_S;
	lr_relay_tick(&r, now);
	ok(lent_of(a) != NULL, "also for a while without a bound channel");
	changes = 0;
	now += 80 * LR_NS_PER_S;
	lr_relay_tick(&r, now);
	ok(!lent_of(a) && closed == 1 && changes == 1, "then it is taken back, and that written");
	a = channel(&x, "a2", 0x0a000009, 0);
	lend(a, 1);
	static const uint8_t hash[16] = "a2";
	lr_relay_leave(&r, &x, hash);
	is_int(closed, 2, "it goes with the member's channel");
	struct lr_relay_channel *first = channel(&x, "a3", 0x0a00000a, 0),
				*second = channel(&x, "a3", 0x0a00000b, 0);
	port = lend(first, 5);
	struct lr_frame_control f = say(second, LR_FRAME_LEND, port, 5);
	ok(!f.reason && f.port == port && !lent_of(first) && lent_of(second),
		"a member that binds another channel takes it along");
	lr_channels_drop(&r.channels, first);
	ok(lent_of(second) != NULL, "so that the old one may go");
	lr_channels_drop(&r.channels, second);
	ok(lr_relay_lend(&r, b, 28700, 8, now) && lent_of(b)->port == 28700,
		"a state file brings one back");
	lr_channels_bind(&r.channels, b, &(struct lr_relay_source){.at = b->at}, now);
	is_int(lend(b, 8), 28700, "under its tag");
	teardown();
}

/* A WireGuard message of `len` bytes. */
static const uint8_t *wg(uint8_t type)
{
	static uint8_t m[4096];
	memset(m, 0, sizeof(m));
	m[0] = type;
	return m;
}

static struct lr_relay_channel *comes(const struct lr_endpoint *from, uint8_t type, size_t len)
{
	uint8_t head[LR_FRAME_GUEST_HEAD];
	return lr_relay_guest(&r, lent_of(a), from, wg(type), len, now, head);
}

/* `by` sends to somebody outside through the port: whether it goes out, and only there. */
static bool goes(struct lr_relay_channel *by, uint16_t port, const struct lr_endpoint *to,
	bool named, uint8_t type, size_t len)
{
	uint8_t frame[LR_FRAME_GUEST_HEAD + 4096];
	const struct lr_frame_guest g = {named, port, *to};
	lr_frame_guest(frame, &g);
	memcpy(frame + LR_FRAME_GUEST_HEAD, wg(type), len);
	struct lr_relay_step s = input(by, frame, LR_FRAME_GUEST_HEAD + len);
	return s.lent && s.lent->port == port && lr_endpoint_equal(s.outside, to) && !s.to &&
	       !s.answer_len;
}

static void passing(void)
{
	struct lr_endpoint guest = outside(0xc0000201, 4711), roams = outside(0xc6336402, 9);
	uint8_t head[LR_FRAME_GUEST_HEAD];
	struct lr_frame_guest g;
	uint8_t frame[LR_FRAME_GUEST_HEAD + 148];
	setup(true, 100);
	uint16_t port = lend(a, 1);
	ok(!goes(a, port, &guest, true, 4, 100), "to who has sent nothing nothing goes");
	is_int(r.stats.drops[LR_RELAY_LENT_CREDIT], 1, "that is counted");
	ok(lr_relay_guest(&r, lent_of(a), &guest, wg(1), 148, now, head) == a,
		"an initiation goes to the hub");
	memcpy(frame, head, sizeof(head));
	ok(lr_guest_read(frame, sizeof(frame), &g) == 0 && g.port == port && !g.named &&
			lr_endpoint_equal(&g.at, &guest),
		"with the port and the address that it came from");
	ok(goes(a, port, &guest, false, 2, 92), "the response goes back");
	ok(!goes(a, port, &guest, false, 2, 92), "but not twice: that were more than came");
	ok(comes(&guest, 4, 32) == a && goes(a, port, &guest, true, 4, 1312),
		"once it is named there is no limit");
	ok(goes(a, port, &guest, false, 1, 148), "for anything");
	ok(comes(&roams, 4, 200) == a && goes(a, port, &roams, true, 4, 1312), "it roams");
	ok(!goes(a, port, &guest, false, 1, 148), "then the old address gets what came from it");
	static const struct {
		uint8_t type;
		size_t len;
		const char *name;
	} bad[] = {{0, 148, "not WireGuard"}, {5, 148, "not WireGuard either"},
		{4, 31, "too short"}, {4, LR_LENT_MESSAGE + 1, "too long"}};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(!comes(&roams, bad[i].type, bad[i].len) &&
				!goes(a, port, &roams, true, bad[i].type, bad[i].len),
			"%s", bad[i].name);
	ok(!goes(b, port, &roams, true, 4, 64), "another member cannot use the port");
	ok(!goes(z, port, &roams, true, 4, 64), "nor can somebody of another party");
	ok(!goes(a, (uint16_t)(port + 1), &roams, true, 4, 64), "a port that was not lent");
	now += (LR_LENT_HEARD_S + 1) * LR_NS_PER_S;
	lend(a, 1);
	lr_channels_bind(&r.channels, a, &(struct lr_relay_source){.at = a->at}, now);
	ok(!goes(a, port, &roams, true, 4, 64), "who was silent for long gets nothing");
	ok(comes(&roams, 4, 32) == a && goes(a, port, &roams, true, 4, 64), "until he sends again");
	lr_channels_unbind(&r.channels, a);
	ok(!comes(&roams, 4, 32) && r.stats.drops[LR_RELAY_ASLEEP] == 1,
		"while the hub is away nothing passes");
	teardown();
}

/* Many strangers, forged or not: each gets at most what it sent, and the guest is not disturbed. */
static void strangers(void)
{
	struct lr_endpoint guest = outside(0xc0000201, 4711);
	uint64_t in[32] = {0}, out[32] = {0};
	unsigned bad = 0, passed = 0;
	setup(true, 100);
	uint16_t port = lend(a, 1);
	comes(&guest, 4, 64);
	goes(a, port, &guest, true, 4, 64);
	for (int i = 0; i < 20000; i++) {
		unsigned who = (unsigned)i % 32;
		struct lr_endpoint s = outside(0xcb007100 + who, 1000);
		size_t len = 32 + (size_t)(i * 7 % 300);
		if (comes(&s, (uint8_t)(1 + i % 4), len)) {
			in[who] += len;
			passed++;
		}
		if (goes(a, port, &s, false, (uint8_t)(1 + i % 4), 64))
			out[who] += 64;
		if (i % 100 == 0)
			lr_channels_bind(
				&r.channels, a, &(struct lr_relay_source){.at = a->at}, now);
		now += LR_NS_PER_MS;
	}
	for (unsigned who = 0; who < 32; who++)
		bad += out[who] > in[who];
	is_int(bad, 0, "no stranger got more than he sent");
	ok(passed > 500 && passed <= 21 * LR_LENT_STRANGERS, "20 s of a flood: %u came to the hub",
		passed);
	ok(goes(a, port, &guest, true, 4, 1312), "the guest is still who was named");
	teardown();
}

/* One network floods the port, from ever new addresses and ports; a guest from elsewhere, far away,
 * comes in all the same: what the hub answers 200 ms later finds it. */
static void flooded(void)
{
	struct lr_endpoint guest = outside(0xc0000201, 4711);
	unsigned in = 0, answered = 0, passed = 0;
	setup(true, 100);
	uint16_t port = lend(a, 1);
	for (int i = 0; i < 10000; i++) {
		struct lr_endpoint s = outside(0xcb007100 + (unsigned)i % 256, (uint16_t)(1 + i));
		passed += comes(&s, 1, 148) == a;
		if (i % 1000 == 500) /* not named yet: it begins anew each time */
			in += comes(&guest, 1, 148) == a;
		if (i % 1000 == 700)
			answered += goes(a, port, &guest, false, 2, 92);
		if (i % 100 == 0)
			lr_channels_bind(
				&r.channels, a, &(struct lr_relay_source){.at = a->at}, now);
		now += LR_NS_PER_MS;
	}
	is_int(in, 10, "of ten handshakes in a flood all come to the hub");
	is_int(answered, 10, "and are answered");
	ok(passed > 500 && passed <= 11 * LR_LENT_STRANGERS, "of the flood comes little: %u",
		passed);
	/* From everywhere at once. */
	now += 2 * LR_NS_PER_S;
	lr_channels_bind(&r.channels, a, &(struct lr_relay_source){.at = a->at}, now);
	passed = 0;
	for (unsigned i = 0; i < 10000; i++) {
		struct lr_endpoint s = outside(0xcb000000 + (i % 1000) * 256, 9);
		passed += comes(&s, 1, 148) == a;
		now += LR_NS_PER_MS / 10;
	}
	ok(passed > 200 && passed <= 2 * LR_LENT_ALL, "nor does one from a thousand networks: %u",
		passed);
	teardown();
}

int main(void)
{
	if (lr_crypto_init() < 0)
		return 1;
	asking();
	limits();
	lifetime();
	passing();
	strangers();
	flooded();
	return tap_done();
}
