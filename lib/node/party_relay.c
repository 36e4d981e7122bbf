/*
 * party_relay.c - our channel at a relay, over UDP on the tunnel's own socket
 *
 * Theory of operation (the messages: lib/relay/frame.h).
 *   NONE   nothing; goes on when the relay's address is known
 *   ASKED  an ASK is out, or its cookie is here and our record is not at the relay yet
 *   SENT   a BIND is out
 *   BOUND  KEEPALIVEs hold the router's mapping and tell the party's number at the relay
 * Whatever goes wrong leads back to asking, with the number of the channel that we had, so that
 * members need not learn another one. A relay that was restarted says "unbound" to the next frame.
 */
#include <stdio.h>
#include <string.h>

#include "lib/io/resolve.h"
#include "lib/nat/relay_choice.h"
#include "lib/node/party_inside.h"
#include "lib/node/pump.h"

#define MS(n)        ((n)*LR_NS_PER_MS)
#define ASK_FIRST_MS 250ull   /* then doubled */
#define ASK_LAST_MS  10000ull /* no more than this between two */
#define KEEPALIVE_S  20       /* RFC 4787 lets a router forget after 120 s; many do after 30 */
#define LOST_MS      1000ull  /* an unanswered keepalive is sent again after this */
#define LOST_TRIES   4
#define COOKIE_S     60 /* how long a cookie is good for us */
#define RESOLVE_S    30

static void send_frame(struct lr_party_relay *r, const uint8_t *frame, size_t len)
{
	int error = lr_pump_send(r->party->node->pump, 0, &r->at, frame, len, false);

	r->party->cut_off |= lr_party_no_way(error);
}

static uint64_t backoff(const struct lr_party_relay *r)
{
	unsigned shift = r->bind_tries < 6 ? r->bind_tries : 6;
	uint64_t ms = ASK_FIRST_MS << shift;

	return MS(ms < ASK_LAST_MS ? ms : ASK_LAST_MS);
}

static void ask(struct lr_party_relay *r, uint64_t now)
{
	uint8_t frame[LR_FRAME_ASK_LEN];

	lr_random(&r->nonce, sizeof(r->nonce));
	r->asked_ns = now;
	r->bind = LR_BIND_ASKED;
	r->has_cookie = false;
	r->bind_due_ns = now + backoff(r);
	r->bind_tries++;
	send_frame(r, frame, lr_frame_ask(frame, r->nonce));
}

/* BIND or RELEASE. */
static void bind_frame(struct lr_party_relay *r, uint64_t now, enum lr_frame_kind kind)
{
	struct lr_party *p = r->party;
	uint8_t frame[LR_FRAME_BIND_LEN], key[LR_KEY_LEN], secret[LR_SIGN_SECRET_LEN];
	uint64_t ms = (uint64_t)(r->time_offset_ms + (int64_t)(now / LR_NS_PER_MS));
	const struct lr_frame_control c = {
		.kind = kind,
		.channel = r->channel,
		.time_ms = r->bind_ms = ms > r->bind_ms ? ms : r->bind_ms + 1,
		.relay_id = r->id,
		.cookie = r->cookie,
		.id = lr_roster_id(p->roster),
		.keyhash = lr_roster_keyhash(p->roster),
	};

	lr_keys_of_member(key, secret, lr_wg_private_key(p->node->wg), c.id);
	send_frame(r, frame, lr_frame_bind(frame, &c, secret));
	lr_wipe(secret, sizeof(secret));
}

static void send_bind(struct lr_party_relay *r, uint64_t now)
{
	bind_frame(r, now, LR_FRAME_BIND);
	r->bind = LR_BIND_SENT;
	r->bind_sent_ns = now;
	r->bind_due_ns = now + backoff(r);
	r->bind_tries++;
}

void lr_channel_release(struct lr_party_relay *r)
{
	if (r->bind == LR_BIND_BOUND && lr_wg_private_key(r->party->node->wg))
		bind_frame(r, lr_party_now(r->party), LR_FRAME_RELEASE);
	r->bind = LR_BIND_NONE;
	r->bind_due_ns = LR_NEVER;
}

void lr_channel_reset(struct lr_party_relay *r)
{
	if (r->bind == LR_BIND_BOUND)
		r->party->reroute = true;
	r->bind = LR_BIND_NONE;
	r->bind_due_ns = 0;
	r->bind_tries = 0;
	lr_party_wake(r->party);
}

static void keepalive(struct lr_party_relay *r, uint64_t now)
{
	uint8_t frame[LR_FRAME_SIGNAL_LEN];

	if (r->bind_tries >= LOST_TRIES) {
		lr_channel_reset(r);
		return;
	}
	r->keep_sent_ns = now;
	r->bind_tries++;
	r->bind_due_ns = now + MS(LOST_MS);
	send_frame(r, frame,
		lr_frame_number(
			frame, LR_FRAME_KEEPALIVE, r->channel, r->since.epoch, r->since.seq));
}

/* Names are looked up here: it may take as long as the resolver does, but nothing can be sent to
 * this relay before. Addresses take no time. */
static void resolve(struct lr_party_relay *r, uint64_t now)
{
	char host[LR_PLACE_TEXT], port[8];
	struct lr_endpoint at;

	if (r->at.sa.sa_family != AF_UNSPEC || r->resolve_ns > now)
		return;
	r->resolve_ns = now + RESOLVE_S * LR_NS_PER_S;
	snprintf(port, sizeof(port), "%u", lr_place_split(&r->place, host));
	if (lr_resolve(NULL, host, port, &at, NULL) == 0)
		r->at = at;
}

void lr_channel_run(struct lr_party_relay *r, uint64_t now)
{
	if (r->party->leaving || r->party->phase == LR_PARTY_OUT)
		return;
	resolve(r, now);
	if (r->at.sa.sa_family == AF_UNSPEC || r->bind_due_ns > now)
		return;
	if (r->bind == LR_BIND_BOUND)
		keepalive(r, now);
	else if (r->bind == LR_BIND_ASKED && r->has_cookie && r->answered &&
		 now - r->asked_ns < COOKIE_S * LR_NS_PER_S)
		send_bind(r, now);
	else if (r->bind == LR_BIND_ASKED && r->has_cookie && !r->answered &&
		 now - r->asked_ns < COOKIE_S * LR_NS_PER_S)
		r->bind_due_ns = r->asked_ns + COOKIE_S * LR_NS_PER_S;
	else
		ask(r, now);
}

uint64_t lr_channel_due(const struct lr_party_relay *r)
{
	if (r->party->leaving || r->party->phase == LR_PARTY_OUT)
		return LR_NEVER;
	return r->at.sa.sa_family == AF_UNSPEC ? r->resolve_ns : r->bind_due_ns;
}

/* --- what the relay says --- */

static void got_cookie(struct lr_party_relay *r, const struct lr_frame_control *c, uint64_t now)
{
	if (r->bind != LR_BIND_ASKED || r->has_cookie || c->nonce != r->nonce)
		return;
	memcpy(r->cookie, c->cookie, sizeof(r->cookie));
	memcpy(r->id, c->relay_id, sizeof(r->id));
	r->time_offset_ms = (int64_t)c->time_ms - (int64_t)(now / LR_NS_PER_MS);
	r->rtt_us = (uint32_t)((now - r->asked_ns) / LR_NS_PER_US);
	r->has_cookie = true;
	r->bind_due_ns = now;
	lr_channel_run(r, now);
}

/* The party has a newer number there than we know. */
static void got_number(struct lr_party_relay *r, const struct lr_frame_control *c)
{
	if (c->epoch == r->since.epoch && c->seq <= r->since.seq)
		return;
	r->want |= 1u << LR_SYNC_LIST;
	lr_party_wake(r->party);
}

static void got_bound(struct lr_party_relay *r, const struct lr_frame_control *c, uint64_t now)
{
	bool other = r->bind != LR_BIND_BOUND || r->channel != c->channel;

	if (r->bind != LR_BIND_SENT && r->bind != LR_BIND_BOUND)
		return;
	r->rtt_us = (uint32_t)((now - r->bind_sent_ns) / LR_NS_PER_US);
	r->bind = LR_BIND_BOUND;
	r->channel = c->channel;
	r->bind_tries = 0;
	r->bind_due_ns = now + KEEPALIVE_S * LR_NS_PER_S;
	memset(&r->seen, 0, sizeof(r->seen));
	if (c->seen.family == 4) {
		r->seen.in.sin_family = AF_INET;
		r->seen.in.sin_port = htons(c->seen_port);
		memcpy(&r->seen.in.sin_addr, c->seen.b, 4);
	} else if (c->seen.family == 6) {
		r->seen.in6.sin6_family = AF_INET6;
		r->seen.in6.sin6_port = htons(c->seen_port);
		memcpy(&r->seen.in6.sin6_addr, c->seen.b, 16);
	}
	r->rtt_us += !r->rtt_us;
	r->leg_us = lr_relay_leg(r->leg_us ? r->leg_us : LR_LEG_UNKNOWN, r->rtt_us);
	if (!r->leg_us)
		r->leg_us = 1; /* 0 would say: not known */
	if (other) {
		r->party->reroute = true;
		lr_party_publish(r->party);
	}
	got_number(r, c);
	lr_party_wake(r->party);
}

static void got_refused(struct lr_party_relay *r, const struct lr_frame_control *c, uint64_t now)
{
	if (c->reason == LR_REFUSED_UNBOUND) {
		/* Whoever forges this makes us ask, at most so often. */
		if (r->bind == LR_BIND_BOUND && now - r->bind_sent_ns > MS(ASK_FIRST_MS))
			lr_channel_reset(r);
		return;
	}
	if (r->bind != LR_BIND_SENT)
		return;
	r->bind = LR_BIND_NONE;
	if (c->reason == LR_REFUSED_CHANNEL || c->reason == LR_REFUSED_TOO_MANY)
		r->channel = 0;
	if (c->reason == LR_REFUSED_MEMBER) { /* it has lost our record */
		r->answered = false;
		r->want |= 1u << LR_SYNC_PUT;
		lr_party_wake(r->party);
	}
	r->bind_due_ns = now + backoff(r);
}

void lr_channel_control(struct lr_party_relay *r, const uint8_t *frame, size_t len)
{
	struct lr_frame_control c;
	uint64_t now = lr_party_now(r->party);

	if (lr_control_read(frame, len, &c) < 0) {
		r->party->foreign++;
		return;
	}
	switch (c.kind) {
	case LR_FRAME_COOKIE:
		got_cookie(r, &c, now);
		break;
	case LR_FRAME_BOUND:
		got_bound(r, &c, now);
		break;
	case LR_FRAME_REFUSED:
		got_refused(r, &c, now);
		break;
	case LR_FRAME_KEEPALIVE:
		if (r->bind != LR_BIND_BOUND)
			break;
		if (r->keep_sent_ns)
			r->rtt_us = (uint32_t)((now - r->keep_sent_ns) / LR_NS_PER_US) + 1;
		r->keep_sent_ns = 0;
		r->bind_tries = 0;
		r->bind_due_ns = now + KEEPALIVE_S * LR_NS_PER_S;
		got_number(r, &c);
		break;
	case LR_FRAME_SIGNAL:
		if (r->bind != LR_BIND_BOUND)
			break;
		send_frame(r, frame, LR_FRAME_SIGNAL_LEN); /* else it comes again */
		got_number(r, &c);
		break;
	}
	lr_party_wake(r->party);
}

struct lr_party_relay *lr_party_relay_at(struct lr_party *p, const struct lr_endpoint *at)
{
	for (unsigned i = 0; i < p->n_relays; i++)
		if (lr_endpoint_equal(&p->relays[i].at, at))
			return &p->relays[i];
	return NULL;
}
