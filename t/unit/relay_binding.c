/*
 * relay_binding.c - a channel over UDP or a stream, against a relay that is played here
 */
#include "lib/crypto/crypto.h"
#include "lib/relay/binding.h"
#include "t/unit/tap.h"

#define MS    (1000000ull)
#define S     (1000 * MS)
#define START (1000 * S)

struct letter {
	uint64_t at;
	enum lr_way way;
	struct lr_frame_control c;
};

/* A relay, and the networks between it and the member. */
static struct {
	struct lr_binding b;
	uint64_t now, rtt;
	bool udp, tcp, up, record; /* what gets through; it runs; it has our record */
	bool greets;               /* a fresh stream is greeted */
	bool open, dialling;
	uint64_t dialled_ns;
	bool bound[LR_WAYS]; /* where it believes the channel to be */
	uint64_t bind_ms;
	unsigned asks[LR_WAYS], binds[LR_WAYS], keeps[LR_WAYS], dials, hang_ups, unknown;
	struct letter letters[64];
	unsigned n;
} w;

static const uint8_t relay_id[LR_RELAY_ID_LEN] = {1}, cookie[LR_COOKIE_LEN] = {2};

static void begin(void)
{
	memset(&w, 0, sizeof(w));
	w.now = START;
	w.rtt = 20 * MS;
	w.udp = w.tcp = w.up = w.record = w.greets = true;
	lr_binding_init(&w.b);
	lr_binding_addressed(&w.b, w.now);
	lr_binding_known(&w.b, w.now);
}

static void post(enum lr_way way, const struct lr_frame_control *c)
{
	if (w.n < 64)
		w.letters[w.n++] = (struct letter){w.now + w.rtt, way, *c};
}

static bool passes(enum lr_way way)
{
	return w.up && (way == LR_WAY_UDP ? w.udp : w.tcp && w.open);
}

static void refuse(enum lr_way way, enum lr_frame_reason why)
{
	post(way, &(struct lr_frame_control){.kind = LR_FRAME_REFUSED, .reason = (uint8_t)why});
}

static void got_bind(enum lr_way way, const struct lr_frame_control *c)
{
	if (!w.record) {
		refuse(way, LR_REFUSED_MEMBER);
	} else if (c->time_ms <= w.bind_ms) {
		refuse(way, LR_REFUSED_TIME);
	} else {
		w.bind_ms = c->time_ms;
		w.bound[LR_WAY_UDP] = way == LR_WAY_UDP;
		w.bound[LR_WAY_STREAM] = way == LR_WAY_STREAM;
		post(way, &(struct lr_frame_control){.kind = LR_FRAME_BOUND, .channel = 77});
	}
}

static void greet(uint64_t nonce, enum lr_way way)
{
	post(way, &(struct lr_frame_control){.kind = LR_FRAME_COOKIE,
			  .nonce = nonce,
			  .relay_id = relay_id,
			  .cookie = cookie,
			  .time_ms = w.now / MS});
}

static void act(const struct lr_binding_step *s)
{
	bool there = passes(s->way);

	switch (s->act) {
	case LR_BINDING_ASK:
		w.asks[s->way]++;
		if (there)
			greet(s->control.nonce, s->way);
		break;
	case LR_BINDING_BIND:
		w.binds[s->way]++;
		if (there)
			got_bind(s->way, &s->control);
		break;
	case LR_BINDING_KEEPALIVE:
		w.keeps[s->way]++;
		if (there && w.bound[s->way])
			post(s->way, &(struct lr_frame_control){
					     .kind = LR_FRAME_KEEPALIVE, .channel = 77});
		else if (there)
			refuse(s->way, LR_REFUSED_UNBOUND);
		break;
	case LR_BINDING_DIAL:
		w.dials++;
		w.dialling = true;
		w.dialled_ns = w.now + w.rtt;
		break;
	case LR_BINDING_HANG_UP:
		w.hang_ups++;
		w.open = w.dialling = w.bound[LR_WAY_STREAM] = false;
		break;
	case LR_BINDING_NOTHING:
		break;
	}
}

static void dialled(void)
{
	w.dialling = false;
	w.open = w.up && w.tcp;
	if (!w.open) {
		lr_binding_ended(&w.b, w.now, false);
		return;
	}
	lr_binding_opened(&w.b, w.now);
	if (w.greets)
		greet(0, LR_WAY_STREAM);
}

static void deliver(void)
{
	for (unsigned i = 0; i < w.n;) {
		struct letter l = w.letters[i];
		if (l.at > w.now) {
			i++;
			continue;
		}
		w.letters[i] = w.letters[--w.n];
		if (passes(l.way) &&
			lr_binding_receive(&w.b, w.now, l.way, &l.c) & LR_BINDING_UNKNOWN)
			w.unknown++;
		i = 0;
	}
}

static uint64_t next_event(void)
{
	uint64_t next = lr_binding_due(&w.b);

	for (unsigned i = 0; i < w.n; i++)
		next = w.letters[i].at < next ? w.letters[i].at : next;
	if (w.dialling && w.dialled_ns < next)
		next = w.dialled_ns;
	return next;
}

/* What happens in the next `ns`; false: it never comes to rest. */
static bool run(uint64_t ns)
{
	uint64_t end = w.now + ns;
	struct lr_binding_step step;

	for (unsigned rounds = 0; rounds < 100000; rounds++) {
		deliver();
		for (unsigned i = 0; lr_binding_next(&w.b, w.now, &step); i++) {
			act(&step);
			if (i > 100)
				return false;
		}
		uint64_t next = next_event();
		if (next > end) {
			w.now = end;
			return true;
		}
		w.now = next > w.now ? next : w.now + 1;
		if (w.dialling && w.dialled_ns <= w.now)
			dialled();
	}
	return false;
}

static bool on(enum lr_way way)
{
	return lr_binding_bound(&w.b) && lr_binding_way(&w.b) == way && w.bound[way];
}

/* The relay is killed and another one runs: connections end, nothing is bound. */
static void restart(uint64_t away)
{
	bool open = w.open;

	w.up = w.open = false;
	w.bound[0] = w.bound[1] = false;
	if (open)
		lr_binding_ended(&w.b, w.now, false);
	run(away);
	w.up = true;
}

static void udp_passes(void)
{
	begin();
	ok(run(50 * MS) && on(LR_WAY_UDP), "bound after two round trips");
	is_int(w.b.channel, 77, "the channel");
	ok(w.b.rtt_us >= 20000 && w.b.rtt_us < 22000, "the round trip");
	ok(run(3600 * S) && on(LR_WAY_UDP), "an hour later");
	is_int(w.dials, 0, "no stream was opened");
	is_int(w.asks[LR_WAY_UDP], 1, "asks");
	is_int(w.keeps[LR_WAY_UDP], 359, "keepalives of an hour");
}

static void far_away(void)
{
	begin();
	w.rtt = 900 * MS;
	ok(run(5 * S) && on(LR_WAY_UDP), "a round trip of 900 ms: bound over UDP");
}

static void udp_blocked(void)
{
	begin();
	w.udp = false;
	run(1000 * MS - 1);
	is_int(w.dials, 0, "patience");
	ok(run(100 * MS) && on(LR_WAY_STREAM), "bound over the stream 1.1 s after the first ask");
	unsigned asks = w.asks[LR_WAY_UDP];
	ok(run(100 * S) && on(LR_WAY_STREAM), "100 s later");
	is_int(w.asks[LR_WAY_UDP] - asks, 10, "UDP is asked every 10 s");
	is_int(w.keeps[LR_WAY_STREAM], 9, "the stream is kept alive");
	is_int(w.dials, 1, "one stream");
	w.udp = true;
	ok(run(11 * S) && on(LR_WAY_UDP), "UDP passes again: back within the trial's time");
	ok(run(2 * S) && !w.open && w.hang_ups == 1, "the stream is closed");
	ok(run(600 * S) && on(LR_WAY_UDP) && w.dials == 1, "and stays so");
}

static void lingers(void)
{
	begin();
	w.udp = false;
	run(2 * S);
	w.udp = true;
	while (!on(LR_WAY_UDP))
		run(10 * MS);
	ok(w.open, "the stream is open for what is still in it");
	ok(run(500 * MS) && w.open, "half a second");
	ok(run(600 * MS) && !w.open, "then it is closed");
}

static void udp_stops(void)
{
	begin();
	run(S);
	w.udp = false;
	uint64_t before = w.now;
	lr_binding_doubt(&w.b, w.now);
	run(S);
	ok(!on(LR_WAY_STREAM), "it answered a moment ago: no doubt yet");
	run(3 * S);
	lr_binding_doubt(&w.b, w.now);
	before = w.now;
	while (!on(LR_WAY_STREAM) && w.now - before < 10 * S)
		run(10 * MS);
	ok(w.now - before < 1200 * MS, "a path failed: over the stream in 1.2 s");
	ok(lr_binding_bound(&w.b), "bound all the time");

	begin();
	run(S);
	w.udp = false;
	ok(run(22 * S) && on(LR_WAY_STREAM), "without a hint: after the next keepalive");
}

/* UDP that comes and goes is trusted less and less. */
static void flaps(void)
{
	unsigned before = 0, trials[6];

	begin();
	for (int i = 0; i < 6; i++) {
		w.udp = false;
		lr_binding_doubt(&w.b, w.now);
		while (!on(LR_WAY_STREAM)) {
			run(S);
			lr_binding_doubt(&w.b, w.now);
		}
		uint64_t since = w.now;
		w.udp = true;
		while (!on(LR_WAY_UDP))
			run(S);
		trials[i] = (unsigned)((w.now - since) / S);
		run(4 * S);
		before += i && trials[i] > trials[i - 1] + trials[i - 1] / 2;
	}
	is_int(before, 4, "each loss that comes soon doubles the wait, up to 160 s");
	ok(trials[5] <= 161, "not longer");
	run(120 * S);
	w.udp = false;
	while (!on(LR_WAY_STREAM))
		run(S);
	w.udp = true;
	ok(run(11 * S) && on(LR_WAY_UDP), "what lasted is trusted again");
}

static void restarts(void)
{
	begin();
	w.udp = false;
	run(100 * S);
	for (unsigned away = 0; away < 60; away = 2 * away + 1) {
		restart(away * S);
		ok(run(1300 * MS) && on(LR_WAY_STREAM),
			"the relay was away for %u s: bound 1.3 s after it is back", away);
		run(10 * S);
	}
	w.tcp = false;
	w.open = false;
	lr_binding_ended(&w.b, w.now, false);
	unsigned dials = w.dials;
	run(600 * S);
	ok(w.dials - dials < 120, "who can reach nothing dials %u times in 600 s", w.dials - dials);
	w.udp = true;
	ok(run(11 * S) && on(LR_WAY_UDP), "UDP is asked all the time");
}

static void silent_stream(void)
{
	begin();
	w.udp = w.greets = false;
	run(30 * S);
	ok(w.asks[LR_WAY_STREAM] > 0, "not greeted: asked");
	ok(on(LR_WAY_STREAM), "and bound");
	w.tcp = false; /* the connection stands, but nothing comes */
	run(24 * S);
	ok(!on(LR_WAY_STREAM) && w.hang_ups > 0, "a stream that does not answer is closed");
	w.tcp = true;
	ok(run(4 * S) && on(LR_WAY_STREAM), "and opened anew");
}

static void record_missing(void)
{
	begin();
	w.record = false;
	w.udp = false;
	run(5 * S);
	ok(w.unknown > 0 && !on(LR_WAY_STREAM), "the relay has lost our record");
	w.record = true;
	lr_binding_known(&w.b, w.now);
	ok(run(2 * S) && on(LR_WAY_STREAM), "it has it again: bound");

	begin();
	w.b.known = false;
	run(2 * S);
	is_int(w.binds[LR_WAY_UDP], 0, "no BIND before our record is there");
	is_int(w.dials, 0, "an answered ASK is no silence");
	lr_binding_known(&w.b, w.now);
	ok(run(50 * MS) && on(LR_WAY_UDP), "then at once");
}

/* Until `what` is sent, 100 steps of 1 ms. */
static bool run_to(const unsigned *what)
{
	for (int i = 0; i < 100 && !*what; i++)
		run(MS);
	return *what == 1;
}

/* Frames leave right behind the BIND, a round trip before its answer. */
static void carries(void)
{
	const struct lr_frame_control unbound = {
		.kind = LR_FRAME_REFUSED, .reason = LR_REFUSED_UNBOUND};
	const struct lr_frame_control bound = {.kind = LR_FRAME_BOUND, .channel = 77};

	begin();
	w.b.known = false;
	run(S);
	ok(!lr_binding_carries(&w.b), "a cookie alone carries nothing");
	lr_binding_known(&w.b, w.now);
	ok(run_to(&w.binds[LR_WAY_UDP]) && lr_binding_carries(&w.b) && !lr_binding_bound(&w.b),
		"the BIND is out: what leaves behind it finds the channel");
	is_int(lr_binding_way(&w.b), LR_WAY_UDP, "over UDP");
	is_int(lr_binding_receive(&w.b, w.now, LR_WAY_UDP, &bound) & LR_BINDING_LOST, 0,
		"bound, and nothing was lost");

	begin();
	run_to(&w.binds[LR_WAY_UDP]);
	lr_binding_receive(&w.b, w.now, LR_WAY_UDP, &unbound);
	ok(lr_binding_carries(&w.b), "a frame came there before the BIND");
	ok(lr_binding_receive(&w.b, w.now, LR_WAY_UDP, &bound) & LR_BINDING_LOST,
		"that is told with BOUND");

	begin();
	w.record = false;
	run_to(&w.binds[LR_WAY_UDP]);
	ok(run(w.rtt) && !lr_binding_carries(&w.b), "refused: nothing is carried");

	begin();
	run(30 * MS);
	w.udp = false;
	run_to(&w.binds[LR_WAY_UDP]);
	ok(run(600 * MS) && !lr_binding_carries(&w.b),
		"no answer: it is asked anew, nothing is carried");
}

static void hopeless(void)
{
	struct lr_binding_step s;

	begin();
	w.udp = w.tcp = false;
	w.now += 2 * S;
	while (lr_binding_next(&w.b, w.now, &s) != LR_BINDING_DIAL)
		if (s.act == LR_BINDING_NOTHING)
			w.now += 100 * MS;
	lr_binding_ended(&w.b, w.now, true);
	run(50 * S);
	is_int(w.dials, 0, "a relay without streams is not asked for one soon");
}

static void moved(void)
{
	begin();
	w.udp = false;
	run(2 * S);
	w.udp = true;
	lr_binding_reset(&w.b, w.now);
	ok(!lr_binding_bound(&w.b), "another network: nothing is bound");
	ok(run(100 * MS) && on(LR_WAY_UDP) && !w.open, "UDP first, the stream is gone");
}

/* A late BOUND of one way, after the other was bound later. */
static void late_answer(void)
{
	begin();
	w.udp = false;
	run(900 * MS);
	w.rtt = 300 * MS;
	w.udp = true; /* the answer to the ask on its way comes while the stream is dialled */
	run(5 * S);
	ok(on(LR_WAY_UDP) || on(LR_WAY_STREAM), "both agree where the channel is");
	run(20 * S);
	ok(on(LR_WAY_UDP), "in the end it is UDP");
}

static void forged(void)
{
	const struct lr_frame_control unbound = {
		.kind = LR_FRAME_REFUSED, .reason = LR_REFUSED_UNBOUND};
	const struct lr_frame_control bound = {.kind = LR_FRAME_BOUND, .channel = 5};
	unsigned asks;

	begin();
	run(S);
	lr_binding_receive(&w.b, w.now, LR_WAY_STREAM, &bound);
	ok(on(LR_WAY_UDP) && w.b.channel == 77, "a BOUND that nobody asked for");
	asks = w.asks[LR_WAY_UDP];
	for (int i = 0; i < 1000; i++) {
		lr_binding_receive(&w.b, w.now, LR_WAY_UDP, &unbound);
		run(MS);
	}
	ok(w.asks[LR_WAY_UDP] - asks <= 4, "a thousand forged refusals: %u asks",
		w.asks[LR_WAY_UDP] - asks);
	run(S);
	unsigned keeps = w.keeps[LR_WAY_UDP];
	for (int i = 0; i < 1000; i++) {
		lr_binding_receive(&w.b, w.now, LR_WAY_UDP, &bound);
		run(MS);
	}
	ok(on(LR_WAY_UDP) && w.b.channel == 77, "a thousand that give us another channel");
	ok(w.keeps[LR_WAY_UDP] - keeps <= 5, "cost %u questions", w.keeps[LR_WAY_UDP] - keeps);
	/* One of them came before the true one. */
	w.b.channel = 5;
	run(30 * S);
	ok(on(LR_WAY_UDP) && w.b.channel == 77, "one that was believed: the relay says better");
}

int main(void)
{
	if (lr_crypto_init() < 0)
		return 1;
	udp_passes();
	far_away();
	udp_blocked();
	lingers();
	udp_stops();
	flaps();
	restarts();
	silent_stream();
	record_missing();
	carries();
	hopeless();
	moved();
	late_answer();
	forged();
	return tap_done();
}
