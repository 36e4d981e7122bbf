/*
 * relay.c - see relay.h
 */
#include "lib/relay/relay.h"

#include <string.h>

#include "lib/base/bytes.h"

#define SWEEP_NS     (30 * LR_NS_PER_S)
#define COOKIE_SLOT  (120 * LR_NS_PER_S) /* a cookie is good for one to two of these */
#define AHEAD_MS     5000                /* a BIND's time may be ahead of ours: the clocks drift */
#define TAKE_OVER_NS (60 * LR_NS_PER_S)  /* a channel silent for so long may be given anew */
#define SIGNAL_TRIES 4
#define SIGNAL_FIRST (300 * LR_NS_PER_MS) /* then three times as long each */

const char *lr_relay_drop_name(enum lr_relay_drop why)
{
	static const char *const names[LR_RELAY_DROPS] = {
		[LR_RELAY_PASSED] = "passed",
		[LR_RELAY_MALFORMED] = "malformed",
		[LR_RELAY_UNBOUND] = "unbound",
		[LR_RELAY_NO_CHANNEL] = "no_channel",
		[LR_RELAY_ASLEEP] = "asleep",
		[LR_RELAY_SOURCE_RATE] = "source_rate",
		[LR_RELAY_PARTY_RATE] = "party_rate",
		[LR_RELAY_ANSWER_RATE] = "answer_rate",
		[LR_RELAY_CHECK_RATE] = "check_rate",
		[LR_RELAY_QUEUE_FULL] = "queue_full",
		[LR_RELAY_SEND_REFUSED] = "send_refused",
		[LR_RELAY_FOREIGN] = "foreign",
		[LR_RELAY_LENT_FOREIGN] = "lent_foreign",
		[LR_RELAY_LENT_RATE] = "lent_rate",
		[LR_RELAY_LENT_CREDIT] = "lent_credit",
	};
	return why < LR_RELAY_DROPS ? names[why] : "unknown";
}

static void channel_gone(void *ctx, struct lr_relay_channel *c)
{
	struct lr_relay *r = ctx;
	lr_lend_gone(&r->lends, c);
}

void lr_relay_init(struct lr_relay *r, const struct lr_relay_config *config)
{
	*r = (struct lr_relay){.hooks = config->hooks, .epoch = config->epoch};
	memcpy(r->id, config->id, sizeof(r->id));
	lr_channels_init(&r->channels, config->channels);
	lr_admission_init(&r->admission, config->limits);
	lr_lends_init(
		&r->lends, &config->lend, config->ports, &r->admission.source, &r->admission.party);
	r->channels.gone = channel_gone;
	r->channels.gone_ctx = r;
	lr_random(r->secret, sizeof(r->secret));
}

void lr_relay_release(struct lr_relay *r)
{
	lr_channels_release(&r->channels);
	lr_lends_release(&r->lends);
	lr_admission_release(&r->admission);
	lr_wipe(r, sizeof(*r));
}

/* One call in the life of a frame: how it was not forwarded. */
static void drop(struct lr_relay *r, struct lr_relay_step *out, enum lr_relay_drop why)
{
	out->drop = why;
	r->stats.drops[why]++;
}

/* ------------------------------------------------------------------ cookies */

static void cookie_of(const struct lr_relay *r, const struct lr_relay_source *src, uint64_t slot,
	uint8_t cookie[LR_COOKIE_LEN])
{
	uint8_t key[LR_SOURCE_KEY], at[8];
	const struct lr_span spans[] = {{at, sizeof(at)}, {key, sizeof(key)}};
	lr_source_key(key, src);
	lr_put_be64(at, slot);
	lr_digest(cookie, LR_COOKIE_LEN, r->secret, sizeof(r->secret), spans, 2);
}

static bool cookie_right(const struct lr_relay *r, const struct lr_relay_source *src,
	const uint8_t *cookie, uint64_t now)
{
	uint8_t want[LR_COOKIE_LEN];
	uint64_t slot = now / COOKIE_SLOT;
	cookie_of(r, src, slot, want);
	if (lr_same(want, cookie, sizeof(want)))
		return true;
	cookie_of(r, src, slot - 1, want);
	return slot > 0 && lr_same(want, cookie, sizeof(want));
}

static size_t put_cookie(struct lr_relay *r, const struct lr_relay_source *src, uint64_t nonce,
	uint64_t now, uint8_t *out)
{
	uint8_t cookie[LR_COOKIE_LEN];
	cookie_of(r, src, now / COOKIE_SLOT, cookie);
	return lr_frame_cookie(out, nonce, now / LR_NS_PER_MS, r->id, cookie);
}

size_t lr_relay_greet(struct lr_relay *r, const struct lr_relay_source *src, uint64_t now,
	uint8_t out[LR_FRAME_COOKIE_LEN])
{
	return put_cookie(r, src, 0, now, out);
}

/* ------------------------------------------------------------------ binding */

static void refuse(
	struct lr_relay *r, struct lr_relay_step *out, uint32_t channel, enum lr_frame_reason why)
{
	r->stats.refused[why]++;
	out->answer_len = lr_frame_refused(out->answer, channel, why);
}

static void tell_bound(struct lr_relay *r, const struct lr_relay_source *src,
	struct lr_relay_channel *c, struct lr_relay_step *out)
{
	struct lr_frame_control bound = {
		.channel = c->number,
		.lifetime_s = LR_CHANNEL_LIFE_NS / LR_NS_PER_S,
		.epoch = r->epoch,
		.seq = c->party->seq,
	};
	if (!src->conn) {
		bound.seen = lr_endpoint_ip(&src->at);
		bound.seen_port = lr_endpoint_port(&src->at);
	}
	out->answer_len = lr_frame_bound(out->answer, &bound);
}

static bool owned(const struct lr_relay_channel *c, const uint8_t *id, const uint8_t *keyhash)
{
	return c && memcmp(c->keyhash, keyhash, LR_FRAME_KEYHASH) == 0 &&
	       memcmp(c->party->id, id, LR_FRAME_ID_LEN) == 0;
}

/* A new channel, or the member's oldest when it has all that it may have. */
static struct lr_relay_channel *give(struct lr_relay *r, struct lr_relay_party *p,
	const uint8_t *keyhash, uint64_t now, int *why)
{
	unsigned count;
	struct lr_relay_channel *c = lr_channels_oldest(p, keyhash, &count);
	if (count >= LR_CHANNELS_MEMBER) {
		*why = LR_REFUSED_TOO_MANY;
		return !c->bound || now > c->heard + TAKE_OVER_NS ? c : NULL;
	}
	*why = LR_REFUSED_FULL;
	c = lr_channels_open(&r->channels, p, keyhash, 0);
	if (c)
		r->hooks.changed(r->hooks.ctx, p);
	return c;
}

/* The channel that a good BIND is about; NULL and *why. */
static struct lr_relay_channel *wanted(struct lr_relay *r, const struct lr_frame_control *c,
	struct lr_relay_party *p, struct lr_relay_channel *from, uint64_t now, int *why)
{
	struct lr_relay_channel *ch = lr_channels_by_number(&r->channels, c->channel);
	if (c->channel && ch && !owned(ch, c->id, c->keyhash)) {
		*why = LR_REFUSED_CHANNEL;
		return NULL;
	}
	if (c->channel && ch)
		return ch;
	if (owned(from, c->id, c->keyhash))
		return from;
	return give(r, p, c->keyhash, now, why);
}

/* What BIND and RELEASE must pass. 0, or the reason; -1: dropped without an answer. */
static int verify(struct lr_relay *r, const struct lr_relay_source *src, const uint8_t *frame,
	const struct lr_frame_control *c, uint64_t now, struct lr_relay_party **party,
	struct lr_relay_step *out)
{
	struct lr_ip ip = lr_endpoint_ip(&src->at);
	if (!cookie_right(r, src, c->cookie, now))
		return LR_REFUSED_COOKIE;
	if (!lr_admission_check(&r->admission, &ip, now)) {
		drop(r, out, LR_RELAY_CHECK_RATE);
		return -1;
	}
	const uint8_t *key = r->hooks.member(r->hooks.ctx, c->id, c->keyhash, party);
	if (!key)
		return LR_REFUSED_MEMBER;
	if (!lr_frame_signed(frame, c, r->id, key))
		return LR_REFUSED_SIGNATURE;
	return c->time_ms > now / LR_NS_PER_MS + AHEAD_MS ? LR_REFUSED_TIME : 0;
}

static void bind_channel(struct lr_relay *r, const struct lr_relay_source *src,
	struct lr_relay_channel *from, const uint8_t *frame, const struct lr_frame_control *c,
	uint64_t now, struct lr_relay_step *out)
{
	struct lr_relay_party *party = NULL;
	int why = verify(r, src, frame, c, now, &party, out);
	if (why) {
		if (why > 0)
			refuse(r, out, c->channel, why);
		return;
	}
	struct lr_relay_channel *ch = wanted(r, c, party, from, now, &why);
	if (!ch) {
		refuse(r, out, c->channel, why);
	} else if (c->time_ms <= ch->bind_ms) {
		/* The answer was lost, and the same BIND came again: the same answer. */
		if (ch == from && c->time_ms == ch->bind_ms)
			tell_bound(r, src, ch, out);
		else
			refuse(r, out, c->channel, LR_REFUSED_TIME);
	} else if (lr_channels_bind(&r->channels, ch, src, now) < 0) {
		refuse(r, out, c->channel, LR_REFUSED_FULL);
	} else {
		ch->bind_ms = c->time_ms;
		ch->acked = party->seq;
		r->stats.binds++;
		if (r->hooks.bound)
			r->hooks.bound(r->hooks.ctx, ch);
		tell_bound(r, src, ch, out);
	}
}

static void release_channel(struct lr_relay *r, const struct lr_relay_source *src,
	const uint8_t *frame, const struct lr_frame_control *c, uint64_t now,
	struct lr_relay_step *out)
{
	struct lr_relay_party *party = NULL;
	int why = verify(r, src, frame, c, now, &party, out);
	struct lr_relay_channel *ch = lr_channels_by_number(&r->channels, c->channel);
	if (why < 0)
		return;
	if (why == 0 && ch && !owned(ch, c->id, c->keyhash))
		why = LR_REFUSED_CHANNEL;
	else if (why == 0 && ch && c->time_ms <= ch->bind_ms)
		why = LR_REFUSED_TIME;
	if (why == 0 && ch) {
		lr_channels_drop(&r->channels, ch);
		r->hooks.changed(r->hooks.ctx, party);
	}
	refuse(r, out, c->channel, why ? (enum lr_frame_reason)why : LR_REFUSED_RELEASED);
}

/* ------------------------------------------------------------------ lending */

/* LEND or RETURN over a bound channel. */
static void lend(struct lr_relay *r, struct lr_relay_channel *from,
	const struct lr_frame_control *c, uint64_t now, struct lr_relay_step *out)
{
	struct lr_frame_control answer = {.port = c->port, .tag = c->tag};
	bool fresh = false;
	int why = LR_REFUSED_RELEASED;
	struct lr_lent *lent = NULL;

	if (c->kind == LR_FRAME_LEND)
		lent = lr_lend_ask(&r->lends, from, c->port, c->tag, now, &fresh, &why);
	else
		fresh = lr_lend_return(&r->lends, from, c->port, c->tag);
	if (fresh)
		r->hooks.changed(r->hooks.ctx, from->party);
	if (lent) {
		answer.port = lent->port;
		answer.lifetime_s = LR_LENT_LIFE_S;
	} else {
		answer.reason = (uint8_t)why;
		r->stats.refused[why]++;
	}
	out->answer_len = lr_frame_lent(out->answer, &answer);
}

bool lr_relay_lend(
	struct lr_relay *r, struct lr_relay_channel *c, uint16_t port, uint32_t tag, uint64_t now)
{
	bool fresh;
	int why;
	return lr_lend_ask(&r->lends, c, port, tag, now, &fresh, &why) != NULL;
}

static const enum lr_relay_drop verdicts[] = {
	[LR_LEND_FOREIGN] = LR_RELAY_LENT_FOREIGN,
	[LR_LEND_RATE] = LR_RELAY_LENT_RATE,
	[LR_LEND_CREDIT] = LR_RELAY_LENT_CREDIT,
};

struct lr_relay_channel *lr_relay_guest(struct lr_relay *r, struct lr_lent *lent,
	const struct lr_endpoint *from, const uint8_t *message, size_t len, uint64_t now,
	uint8_t head[LR_FRAME_GUEST_HEAD])
{
	enum lr_lend_verdict v = lr_lend_in(&r->lends, lent, from, message, len, now, head);
	if (v == LR_LEND_PASS && lent->channel->bound) {
		r->stats.packets++;
		r->stats.bytes += len + LR_FRAME_GUEST_HEAD;
		return lent->channel;
	}
	r->stats.drops[v == LR_LEND_PASS ? LR_RELAY_ASLEEP : verdicts[v]]++;
	return NULL;
}

/* A member's message to its guest. */
static void to_guest(struct lr_relay *r, struct lr_relay_channel *from, const uint8_t *frame,
	size_t len, uint64_t now, struct lr_relay_step *out)
{
	struct lr_lent *lent = NULL;
	if (!lr_meters_allow(&from->meters, &r->admission.source, len, now)) {
		drop(r, out, LR_RELAY_SOURCE_RATE);
		return;
	}
	enum lr_lend_verdict v =
		lr_lend_out(&r->lends, from, frame, len, now, &lent, &out->outside);
	if (v != LR_LEND_PASS) {
		drop(r, out, verdicts[v]);
	} else if (!lr_meters_allow(&from->party->meters, &r->admission.party, len, now)) {
		drop(r, out, LR_RELAY_PARTY_RATE);
	} else {
		out->lent = lent;
		r->stats.packets++;
		r->stats.bytes += len;
	}
}

/* ------------------------------------------------------------------ input */

static void control(struct lr_relay *r, const struct lr_relay_source *src,
	struct lr_relay_channel *from, const uint8_t *frame, size_t len, uint64_t now,
	struct lr_relay_step *out)
{
	struct lr_frame_control c;
	struct lr_ip ip = lr_endpoint_ip(&src->at);
	if (lr_control_read(frame, len, &c) < 0) {
		drop(r, out, LR_RELAY_MALFORMED);
		return;
	}
	if (!from && !lr_admission_answer(&r->admission, &ip, now)) {
		drop(r, out, LR_RELAY_ANSWER_RATE);
		return;
	}
	if (c.kind == LR_FRAME_ASK) {
		out->answer_len = put_cookie(r, src, c.nonce, now, out->answer);
	} else if (c.kind == LR_FRAME_BIND) {
		bind_channel(r, src, from, frame, &c, now, out);
	} else if (c.kind == LR_FRAME_RELEASE) {
		release_channel(r, src, frame, &c, now, out);
	} else if (from && (c.kind == LR_FRAME_LEND || c.kind == LR_FRAME_RETURN)) {
		lend(r, from, &c, now, out);
	} else if (c.kind != LR_FRAME_KEEPALIVE && c.kind != LR_FRAME_SIGNAL &&
		   c.kind != LR_FRAME_LEND && c.kind != LR_FRAME_RETURN) {
		drop(r, out, LR_RELAY_MALFORMED);
	} else if (!from) {
		r->stats.drops[LR_RELAY_UNBOUND]++;
		refuse(r, out, c.channel, LR_REFUSED_UNBOUND);
	} else if (c.epoch == r->epoch && c.seq <= from->party->seq && c.seq > from->acked) {
		from->acked = c.seq;
	}
	if (from && c.kind == LR_FRAME_KEEPALIVE)
		out->answer_len = lr_frame_number(
			out->answer, LR_FRAME_KEEPALIVE, from->number, r->epoch, from->party->seq);
}

/* A message from an address that is not bound: one short answer, so that the member learns it. */
static void stranger(struct lr_relay *r, const struct lr_relay_source *src, uint32_t channel,
	size_t len, uint64_t now, struct lr_relay_step *out)
{
	struct lr_ip ip = lr_endpoint_ip(&src->at);
	drop(r, out, LR_RELAY_UNBOUND);
	if (len >= LR_FRAME_REFUSED_LEN && lr_admission_answer(&r->admission, &ip, now))
		refuse(r, out, channel, LR_REFUSED_UNBOUND);
}

void lr_relay_input(struct lr_relay *r, const struct lr_relay_source *src,
	struct lr_relay_channel *from, uint8_t *frame, size_t len, uint64_t now,
	struct lr_relay_step *out)
{
	struct lr_frame f;
	out->to = NULL;
	out->lent = NULL;
	out->answer_len = 0;
	out->drop = LR_RELAY_PASSED;
	if (lr_frame_read(frame, len, &f) < 0) {
		drop(r, out, LR_RELAY_MALFORMED);
		return;
	}
	if (from)
		from->heard = now;
	if (f.flags & LR_FRAME_CONTROL) {
		if (from && !lr_meters_allow(&from->meters, &r->admission.source, len, now))
			drop(r, out, LR_RELAY_SOURCE_RATE);
		else
			control(r, src, from, frame, len, now, out);
		r->stats.answers += out->answer_len != 0;
		return;
	}
	if (!from) {
		stranger(r, src, f.channel, len, now, out);
		r->stats.answers += out->answer_len != 0;
		return;
	}
	if (f.flags & LR_FRAME_GUEST) {
		to_guest(r, from, frame, len, now, out);
		return;
	}
	struct lr_relay_channel *to = lr_channels_by_number(&r->channels, f.channel);
	if (!lr_meters_allow(&from->meters, &r->admission.source, len, now)) {
		drop(r, out, LR_RELAY_SOURCE_RATE);
	} else if (!to || to->party != from->party || to == from) {
		drop(r, out, LR_RELAY_NO_CHANNEL);
	} else if (!to->bound) {
		drop(r, out, LR_RELAY_ASLEEP);
	} else if (!lr_meters_allow(&from->party->meters, &r->admission.party, len, now)) {
		drop(r, out, LR_RELAY_PARTY_RATE);
	} else {
		lr_frame_header(frame, 0, from->number);
		out->to = to;
		r->stats.packets++;
		r->stats.bytes += len;
	}
}

void lr_relay_gone(struct lr_relay *r, const struct lr_relay_source *src)
{
	struct lr_relay_channel *c = lr_channels_by_source(&r->channels, src);
	if (c)
		lr_channels_unbind(&r->channels, c);
}

/* ------------------------------------------------------------------ signals */

static void signal_list_leave(struct lr_relay_party *p)
{
	if (!p->prev_signal)
		return;
	*p->prev_signal = p->next_signal;
	if (p->next_signal)
		p->next_signal->prev_signal = p->prev_signal;
	p->prev_signal = NULL;
	p->next_signal = NULL;
}

/* To all who do not know the number yet; whether there were any. */
static bool signal_now(struct lr_relay *r, struct lr_relay_party *p)
{
	uint8_t frame[LR_FRAME_SIGNAL_LEN];
	bool any = false;
	for (struct lr_relay_channel *c = p->channels; c; c = c->next) {
		if (!c->bound || c->acked >= p->seq)
			continue;
		size_t len = lr_frame_number(frame, LR_FRAME_SIGNAL, c->number, r->epoch, p->seq);
		r->hooks.send(r->hooks.ctx, c, frame, len);
		r->stats.signals++;
		any = true;
	}
	return any;
}

static void signal_again(struct lr_relay *r, struct lr_relay_party *p, uint64_t now)
{
	uint64_t wait = SIGNAL_FIRST;
	for (unsigned i = 0; i < p->signal_tries; i++)
		wait *= 3;
	if (!signal_now(r, p) || ++p->signal_tries >= SIGNAL_TRIES) {
		signal_list_leave(p);
		return;
	}
	p->signal_due = now + wait;
	if (p->signal_due < r->due)
		r->due = p->signal_due;
}

void lr_relay_signal(struct lr_relay *r, struct lr_relay_party *p, uint64_t seq, uint64_t now)
{
	p->seq = seq;
	p->signal_tries = 0;
	if (!p->prev_signal) {
		p->next_signal = r->signals;
		p->prev_signal = &r->signals;
		if (r->signals)
			r->signals->prev_signal = &p->next_signal;
		r->signals = p;
	}
	signal_again(r, p, now);
}

void lr_relay_leave(struct lr_relay *r, struct lr_relay_party *p, const uint8_t *keyhash)
{
	lr_channels_drop_member(&r->channels, p, keyhash);
	if (!keyhash)
		signal_list_leave(p);
}

void lr_relay_tick(struct lr_relay *r, uint64_t now)
{
	if (now < r->due)
		return;
	if (now >= r->sweep_due) {
		lr_channels_sweep(&r->channels, now);
		lr_lends_sweep(&r->lends, now, r->hooks.ctx, r->hooks.changed);
		r->sweep_due = now + SWEEP_NS;
	}
	r->due = r->sweep_due;
	for (struct lr_relay_party *p = r->signals, *next; p; p = next) {
		next = p->next_signal;
		if (p->signal_due <= now)
			signal_again(r, p, now);
		else if (p->signal_due < r->due)
			r->due = p->signal_due;
	}
}
