/*
 * binding.c - see binding.h
 */
#include "lib/relay/binding.h"

#include <string.h>

#include "lib/crypto/crypto.h"

#define MS(n)       ((n)*LR_NS_PER_MS)
#define S(n)        ((n)*LR_NS_PER_S)
#define FIRST_MS    250ull  /* until something is sent again; then doubled */
#define EAGER_MS    1000ull /* at most this, for the first tries: a relay may be restarting */
#define EAGER_TRIES 40
#define LAST_MS     10000ull /* at most this, later */
/* Many routers forget after 30 s; an idle member learns by it that the relay was restarted. */
#define KEEPALIVE_S 10
#define LOST_MS     300ull  /* an unanswered keepalive is sent again after this, over UDP */
#define LOST_TRIES  6       /* by then a stream is open, if it can be */
#define STREAM_MS   4000ull /* a stream on which nothing was answered for so long is dead */
#define COOKIE_S    60      /* how long a cookie is good for us */
#define LEAVE_MS    1000ull /* what is still in a stream that we left may come */
#define STEADY_S    60      /* what was bound for so long did not fail at once */
#define DOUBT_MS    3000ull
#define HOPELESS_MS 60000ull

static uint64_t backoff(unsigned tries)
{
	uint64_t ms = FIRST_MS << (tries < 2 ? tries : 2);

	return MS(tries < EAGER_TRIES ? (ms < EAGER_MS ? ms : EAGER_MS) : LAST_MS);
}

static enum lr_way number_of(const struct lr_binding *b, const struct lr_binding_way *w)
{
	return w == &b->ways[LR_WAY_UDP] ? LR_WAY_UDP : LR_WAY_STREAM;
}

static void begin_way(struct lr_binding_way *w, uint64_t now)
{
	*w = (struct lr_binding_way){.state = LR_BIND_ASKED, .usable = true, .due_ns = now};
}

static void end_way(struct lr_binding_way *w)
{
	*w = (struct lr_binding_way){.due_ns = LR_NEVER};
}

void lr_binding_init(struct lr_binding *b)
{
	*b = (struct lr_binding){.leave_ns = LR_NEVER, .trial_ns = S(LR_BINDING_TRIAL_S)};
	end_way(&b->ways[LR_WAY_UDP]);
	end_way(&b->ways[LR_WAY_STREAM]);
}

void lr_binding_stop(struct lr_binding *b)
{
	end_way(&b->ways[LR_WAY_UDP]);
	end_way(&b->ways[LR_WAY_STREAM]);
	b->wanted = false;
	b->dial = LR_DIAL_IDLE;
	b->leave_ns = LR_NEVER;
}

/* ------------------------------------------------------------------ what the owner tells */

void lr_binding_addressed(struct lr_binding *b, uint64_t now)
{
	struct lr_binding_way *udp = &b->ways[LR_WAY_UDP];
	uint64_t silent = udp->silent_ns;

	begin_way(udp, now);
	udp->silent_ns = silent;
}

void lr_binding_opened(struct lr_binding *b, uint64_t now)
{
	struct lr_binding_way *w = &b->ways[LR_WAY_STREAM];

	begin_way(w, now);
	b->dial = LR_DIAL_OPEN;
	w->asked_ns = w->silent_ns = now; /* the greeting comes by itself, its nonce is 0 */
	w->due_ns = now + MS(STREAM_MS) / 2;
}

void lr_binding_ended(struct lr_binding *b, uint64_t now, bool hopeless)
{
	struct lr_binding_way *w = &b->ways[LR_WAY_STREAM], *udp = &b->ways[LR_WAY_UDP];
	bool carried = w->state == LR_BIND_BOUND;

	if (carried && now - w->sent_ns > MS(STREAM_MS))
		b->dial_tries = 0;
	end_way(w);
	b->dial = LR_DIAL_IDLE;
	b->leave_ns = LR_NEVER;
	b->dial_ns = now + (hopeless               ? MS(HOPELESS_MS)
				   : b->dial_tries ? backoff(b->dial_tries)
						   : 0);
	b->dial_tries++;
	if (carried && udp->usable) {
		udp->tries = 0;
		udp->due_ns = now;
	}
}

void lr_binding_known(struct lr_binding *b, uint64_t now)
{
	if (b->known)
		return;
	b->known = true;
	for (int i = 0; i < LR_WAYS; i++)
		if (b->ways[i].state == LR_BIND_ASKED && b->ways[i].has_cookie)
			b->ways[i].due_ns = now;
}

void lr_binding_reset(struct lr_binding *b, uint64_t now)
{
	if (b->ways[LR_WAY_UDP].usable)
		begin_way(&b->ways[LR_WAY_UDP], now);
	b->wanted = false;
	b->dial_tries = 0;
	b->dial_ns = 0;
	b->trial_ns = S(LR_BINDING_TRIAL_S);
	b->taken_ns = 0;
	b->ways[LR_WAY_STREAM].state = LR_BIND_NONE;
	b->ways[LR_WAY_STREAM].due_ns = LR_NEVER;
	if (b->dial != LR_DIAL_IDLE)
		b->leave_ns = now;
}

void lr_binding_doubt(struct lr_binding *b, uint64_t now)
{
	struct lr_binding_way *w = &b->ways[lr_binding_way(b)];

	if (w->state == LR_BIND_BOUND && !w->keep_ns && now - w->answer_ns > MS(DOUBT_MS) &&
		w->due_ns > now)
		w->due_ns = now;
}

/* ------------------------------------------------------------------ what to do */

static void sent(struct lr_binding_way *w, uint64_t now)
{
	w->tries++;
	if (!w->silent_ns)
		w->silent_ns = now;
}

/* When to ask over UDP again: seldom while the stream carries. */
static uint64_t ask_again(const struct lr_binding *b, const struct lr_binding_way *w)
{
	bool spare = w == &b->ways[LR_WAY_UDP] && b->ways[LR_WAY_STREAM].state == LR_BIND_BOUND;

	return spare ? b->trial_ns : backoff(w->tries);
}

static void ask(
	struct lr_binding *b, struct lr_binding_way *w, uint64_t now, struct lr_binding_step *step)
{
	/* A late answer to the one before is as good. */
	if (w->state != LR_BIND_ASKED || w->has_cookie || !w->nonce)
		lr_random(&w->nonce, sizeof(w->nonce));
	w->state = LR_BIND_ASKED;
	w->has_cookie = false;
	w->keep_ns = 0;
	w->asked_ns = now;
	w->due_ns = now + ask_again(b, w);
	sent(w, now);
	step->act = LR_BINDING_ASK;
	step->control = (struct lr_frame_control){.kind = LR_FRAME_ASK, .nonce = w->nonce};
}

struct lr_frame_control lr_binding_signed(
	struct lr_binding *b, uint64_t now, enum lr_way way, enum lr_frame_kind kind)
{
	uint64_t ms = b->time_offset_ms + now / LR_NS_PER_MS;

	b->bind_ms = ms > b->bind_ms ? ms : b->bind_ms + 1;
	return (struct lr_frame_control){.kind = kind,
		.channel = b->channel,
		.time_ms = b->bind_ms,
		.relay_id = b->id,
		.cookie = b->ways[way].cookie};
}

static void bind_way(
	struct lr_binding *b, struct lr_binding_way *w, uint64_t now, struct lr_binding_step *step)
{
	b->bind_way = number_of(b, w);
	w->state = LR_BIND_SENT;
	w->overtaken = false;
	w->sent_ns = now;
	w->due_ns = now + (b->bind_way == LR_WAY_UDP ? backoff(w->tries) : MS(STREAM_MS));
	sent(w, now);
	step->act = LR_BINDING_BIND;
	step->control = lr_binding_signed(b, now, b->bind_way, LR_FRAME_BIND);
}

static void keep(
	struct lr_binding *b, struct lr_binding_way *w, uint64_t now, struct lr_binding_step *step)
{
	w->keep_ns = now;
	w->due_ns = now + MS(number_of(b, w) == LR_WAY_UDP ? LOST_MS : STREAM_MS);
	sent(w, now);
	step->act = LR_BINDING_KEEPALIVE;
	step->control = (struct lr_frame_control){.channel = b->channel};
}

static bool cookie_good(const struct lr_binding_way *w, uint64_t now)
{
	return w->has_cookie && now - w->asked_ns < S(COOKIE_S);
}

static void run_way(
	struct lr_binding *b, struct lr_binding_way *w, uint64_t now, struct lr_binding_step *step)
{
	if (w->state == LR_BIND_BOUND && w->tries < LOST_TRIES)
		keep(b, w, now, step);
	else if (w->state == LR_BIND_ASKED && cookie_good(w, now) && b->known)
		bind_way(b, w, now, step);
	else if (w->state == LR_BIND_ASKED && cookie_good(w, now))
		w->due_ns = w->asked_ns + S(COOKIE_S);
	else
		ask(b, w, now, step);
}

static bool too_silent(const struct lr_binding_way *w, uint64_t now, uint64_t ms)
{
	return w->silent_ns && now - w->silent_ns >= MS(ms);
}

/* Whether the stream is to be opened or closed. */
static enum lr_binding_act run_dial(struct lr_binding *b, uint64_t now)
{
	const struct lr_binding_way *w = &b->ways[LR_WAY_STREAM];

	if (too_silent(&b->ways[LR_WAY_UDP], now, LR_BINDING_PATIENCE_MS))
		b->wanted = true;
	if (b->leave_ns <= now) {
		b->leave_ns = LR_NEVER;
		b->dial = LR_DIAL_IDLE;
		end_way(&b->ways[LR_WAY_STREAM]);
		return LR_BINDING_HANG_UP;
	}
	if (b->dial == LR_DIAL_OPEN && b->leave_ns == LR_NEVER && too_silent(w, now, STREAM_MS)) {
		lr_binding_ended(b, now, false);
		return LR_BINDING_HANG_UP;
	}
	if (b->wanted && b->dial == LR_DIAL_IDLE && b->dial_ns <= now) {
		b->dial = LR_DIAL_UNDER_WAY;
		return LR_BINDING_DIAL;
	}
	return LR_BINDING_NOTHING;
}

enum lr_binding_act lr_binding_next(
	struct lr_binding *b, uint64_t now, struct lr_binding_step *step)
{
	memset(step, 0, sizeof(*step));
	for (int i = 0; i < LR_WAYS && !step->act; i++) {
		step->way = (enum lr_way)i;
		if (b->ways[i].due_ns <= now)
			run_way(b, &b->ways[i], now, step);
	}
	if (!step->act) {
		step->way = LR_WAY_STREAM;
		step->act = run_dial(b, now);
	}
	return step->act;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t lr_binding_due(const struct lr_binding *b)
{
	const struct lr_binding_way *udp = &b->ways[LR_WAY_UDP], *w = &b->ways[LR_WAY_STREAM];
	uint64_t due = least(least(udp->due_ns, w->due_ns), b->leave_ns);

	if (!b->wanted && udp->silent_ns)
		due = least(due, udp->silent_ns + MS(LR_BINDING_PATIENCE_MS));
	if (b->wanted && b->dial == LR_DIAL_IDLE)
		due = least(due, b->dial_ns);
	if (b->dial == LR_DIAL_OPEN && b->leave_ns == LR_NEVER && w->silent_ns)
		due = least(due, w->silent_ns + MS(STREAM_MS));
	return due;
}

/* ------------------------------------------------------------------ what the relay says */

static void answered(struct lr_binding *b, struct lr_binding_way *w, uint64_t now, uint64_t since)
{
	w->answer_ns = now;
	w->silent_ns = 0;
	w->tries = w->state == LR_BIND_BOUND ? 0 : w->tries;
	if (since && (w->state == LR_BIND_BOUND || !lr_binding_bound(b)))
		b->rtt_us = (uint32_t)((now - since) / LR_NS_PER_US) + 1;
}

static void got_cookie(struct lr_binding *b, struct lr_binding_way *w, uint64_t now,
	const struct lr_frame_control *c)
{
	if (w->state != LR_BIND_ASKED || w->has_cookie || c->nonce != w->nonce)
		return;
	answered(b, w, now, w->nonce ? w->asked_ns : 0);
	memcpy(w->cookie, c->cookie, sizeof(w->cookie));
	memcpy(b->id, c->relay_id, sizeof(b->id));
	b->time_offset_ms = c->time_ms - now / LR_NS_PER_MS;
	w->has_cookie = true;
	w->asked_ns = now;
	w->due_ns = now;
}

/* UDP has the channel: the stream is left. */
static void took_udp(struct lr_binding *b, uint64_t now)
{
	b->wanted = false;
	b->taken_ns = now;
	b->ways[LR_WAY_STREAM].state = LR_BIND_NONE;
	b->ways[LR_WAY_STREAM].due_ns = LR_NEVER;
	if (b->dial != LR_DIAL_IDLE)
		b->leave_ns = now + (b->dial == LR_DIAL_OPEN ? MS(LEAVE_MS) : 0);
}

/* The stream has the channel: UDP is asked seldom, more seldom when it was lost soon. */
static void took_stream(struct lr_binding *b, uint64_t now)
{
	struct lr_binding_way *udp = &b->ways[LR_WAY_UDP];
	bool soon = b->taken_ns && now - b->taken_ns < S(STEADY_S);

	b->trial_ns = soon ? 2 * b->trial_ns : S(LR_BINDING_TRIAL_S);
	if (b->trial_ns > S(LR_BINDING_TRIAL_MAX_S))
		b->trial_ns = S(LR_BINDING_TRIAL_MAX_S);
	b->taken_ns = 0;
	if (!udp->usable)
		return;
	udp->state = LR_BIND_NONE;
	udp->has_cookie = false;
	udp->due_ns = now + b->trial_ns;
}

static unsigned got_bound(struct lr_binding *b, struct lr_binding_way *w, uint64_t now,
	const struct lr_frame_control *c)
{
	enum lr_way way = number_of(b, w);
	bool first = w->state == LR_BIND_SENT;

	if ((!first && w->state != LR_BIND_BOUND) || way != b->bind_way)
		return 0;
	if (!first &&
		b->channel != c->channel) { /* forged, most likely: what does the relay say? */
		if (!w->keep_ns && now - w->answer_ns > MS(FIRST_MS))
			w->due_ns = now;
		return 0;
	}
	w->state = LR_BIND_BOUND;
	answered(b, w, now, first ? w->sent_ns : 0);
	w->keep_ns = 0;
	w->due_ns = now + S(KEEPALIVE_S);
	b->channel = c->channel;
	if (first && way == LR_WAY_UDP)
		took_udp(b, now);
	else if (first)
		took_stream(b, now);
	return (first ? LR_BINDING_BOUND : 0) | (first && w->overtaken ? LR_BINDING_LOST : 0) |
	       LR_BINDING_NUMBER;
}

/* It names the channel that the relay has for us. */
static unsigned got_keepalive(struct lr_binding *b, struct lr_binding_way *w, uint64_t now,
	const struct lr_frame_control *c)
{
	if (w->state != LR_BIND_BOUND)
		return 0;
	if (c->channel != b->channel) {
		if (now - w->sent_ns > MS(FIRST_MS))
			begin_way(w, now);
		return 0;
	}
	answered(b, w, now, w->keep_ns);
	w->keep_ns = 0;
	w->due_ns = now + S(KEEPALIVE_S);
	return LR_BINDING_NUMBER;
}

static unsigned got_refused(struct lr_binding *b, struct lr_binding_way *w, uint64_t now,
	const struct lr_frame_control *c)
{
	if (c->reason == LR_REFUSED_UNBOUND) {
		/* Whoever forges this makes us ask, at most so often. */
		if (w->state == LR_BIND_BOUND && now - w->sent_ns > MS(FIRST_MS))
			begin_way(w, now);
		w->overtaken |= w->state == LR_BIND_SENT;
		return 0;
	}
	if (w->state != LR_BIND_SENT)
		return 0;
	w->state = LR_BIND_NONE;
	w->silent_ns = 0;
	w->due_ns = now + backoff(w->tries);
	if (c->reason == LR_REFUSED_CHANNEL || c->reason == LR_REFUSED_TOO_MANY)
		b->channel = 0;
	if (c->reason != LR_REFUSED_MEMBER)
		return 0;
	b->known = false;
	return LR_BINDING_UNKNOWN;
}

unsigned lr_binding_receive(
	struct lr_binding *b, uint64_t now, enum lr_way way, const struct lr_frame_control *c)
{
	struct lr_binding_way *w = &b->ways[way];
	bool bound = w->state == LR_BIND_BOUND;

	switch (c->kind) {
	case LR_FRAME_COOKIE:
		got_cookie(b, w, now, c);
		return 0;
	case LR_FRAME_BOUND:
		return got_bound(b, w, now, c);
	case LR_FRAME_REFUSED:
		return got_refused(b, w, now, c);
	case LR_FRAME_KEEPALIVE:
		return got_keepalive(b, w, now, c);
	case LR_FRAME_SIGNAL:
		return bound ? LR_BINDING_NUMBER | LR_BINDING_ECHO : 0;
	default:
		return 0;
	}
}
