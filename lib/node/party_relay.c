/*
 * party_relay.c - our channel at a relay: what lib/relay/binding.h wants done, and where the relay
 * is
 *
 * Theory of operation. A name is looked up by the helper, so that nothing waits for it: at first,
 * when our network changed, and from time to time while the relay does not answer. Of several
 * addresses all are asked, and the one that answers first is the relay's (`at`): the other family
 * may lead nowhere. Frames go where the binding says, over UDP on the tunnel's own socket or over
 * the stream; routes and paths know the relay by `at` only, and do not see which.
 */
#include <stdio.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/nat/relay_choice.h"
#include "lib/node/party_inside.h"
#include "lib/node/pump.h"
#include "terms.h"

#define RESOLVE_S    10      /* a name is looked up again after this, while the relay is silent */
#define RESOLVE_MS   2000ull /* after a failure */
#define RESOLVE_LAST 5       /* doublings of that */

/* --- frames to it --- */

/* Over UDP to one of its addresses. 0 or -errno. */
static int send_udp(
	struct lr_party_relay *r, const struct lr_endpoint *to, const uint8_t *frame, size_t len)
{
	int error = lr_pump_send(r->party->node->pump, 0, to, frame, len, false);

	r->party->cut_off |= lr_party_no_way(error);
	return error;
}

static void send_frame(struct lr_party_relay *r, enum lr_way way, const uint8_t *frame, size_t len)
{
	if (way == LR_WAY_STREAM)
		lr_party_stream_send(r, frame, len, len);
	else
		send_udp(r, &r->at, frame, len);
}

int lr_channel_send(struct lr_party_relay *r, const uint8_t *frame, size_t len)
{
	if (lr_channel_streams(r))
		return lr_party_stream_send(r, frame, len, len);
	return send_udp(r, &r->at, frame, len);
}

static bool has_address(const struct lr_party_relay *r, const struct lr_endpoint *at)
{
	for (unsigned i = 0; i < r->n_addresses; i++)
		if (lr_endpoint_equal(&r->addresses[i], at))
			return true;
	return false;
}

struct lr_party_relay *lr_party_relay_at(struct lr_party *p, const struct lr_endpoint *at)
{
	for (unsigned i = 0; i < p->n_relays; i++)
		if (has_address(&p->relays[i], at))
			return &p->relays[i];
	return NULL;
}

bool lr_party_over_stream(struct lr_party *p, const struct lr_endpoint *to, const uint8_t *frames,
	size_t len, size_t segment, int *error)
{
	struct lr_endpoint at = *to;

	at.channel = 0;
	for (unsigned i = 0; i < p->n_relays; i++) {
		struct lr_party_relay *r = &p->relays[i];
		if (!lr_channel_streams(r) || !has_address(r, &at))
			continue;
		*error = lr_party_stream_send(r, frames, len, segment);
		return true;
	}
	return false;
}

/* --- what the binding wants --- */

/* BIND or RELEASE. */
static void send_signed(struct lr_party_relay *r, enum lr_way way, struct lr_frame_control c)
{
	struct lr_party *p = r->party;
	uint8_t frame[LR_FRAME_BIND_LEN], key[LR_KEY_LEN], secret[LR_SIGN_SECRET_LEN];

	c.id = lr_roster_id(p->roster);
	c.keyhash = lr_roster_keyhash(p->roster);
	lr_keys_of_member(key, secret, lr_wg_private_key(p->node->wg), c.id);
	send_frame(r, way, frame, lr_frame_bind(frame, &c, secret));
	lr_wipe(secret, sizeof(secret));
}

static void ask(struct lr_party_relay *r, const struct lr_binding_step *s)
{
	uint8_t frame[LR_FRAME_ASK_LEN];
	size_t len = lr_frame_ask(frame, s->control.nonce);

	if (s->way == LR_WAY_STREAM)
		send_frame(r, s->way, frame, len);
	for (unsigned i = 0; i < r->n_addresses && s->way == LR_WAY_UDP; i++)
		send_udp(r, &r->addresses[i], frame, len);
}

static void keepalive(struct lr_party_relay *r, const struct lr_binding_step *s)
{
	uint8_t frame[LR_FRAME_SIGNAL_LEN];

	send_frame(r, s->way, frame,
		lr_frame_number(frame, LR_FRAME_KEEPALIVE, s->control.channel, r->since.epoch,
			r->since.seq));
}

static void act(struct lr_party_relay *r, const struct lr_binding_step *s)
{
	switch (s->act) {
	case LR_BINDING_ASK:
		ask(r, s);
		break;
	case LR_BINDING_BIND:
		send_signed(r, s->way, s->control);
		break;
	case LR_BINDING_KEEPALIVE:
		keepalive(r, s);
		break;
	case LR_BINDING_DIAL:
		lr_party_stream_dial(r);
		break;
	case LR_BINDING_HANG_UP:
		lr_party_stream_hang_up(r);
		break;
	case LR_BINDING_NOTHING:
		break;
	}
}

/* --- where it is --- */

/* Addresses that are the same as before change nothing. */
static void located(
	struct lr_party_relay *r, const struct lr_endpoint *list, unsigned n, uint64_t now)
{
	bool same = n == r->n_addresses;

	for (unsigned i = 0; i < n && same; i++)
		same = has_address(r, &list[i]);
	if (same)
		return;
	memcpy(r->addresses, list, n * sizeof(*list));
	r->n_addresses = n;
	if (has_address(r, &r->at))
		return;
	r->at = list[0];
	r->party->reroute = true;
	lr_binding_addressed(&r->bind, now);
	lr_party_wake(r->party);
}

static void resolve_failed(struct lr_party_relay *r, const char *why)
{
	unsigned shift = r->resolve_tries < RESOLVE_LAST ? r->resolve_tries : RESOLVE_LAST;

	r->resolve_tries++;
	r->resolve_ns = lr_party_now(r->party) + (RESOLVE_MS << shift) * LR_NS_PER_MS;
	if (!r->error[0])
		snprintf(r->error, sizeof(r->error), "%s", why);
}

static void resolved(void *ctx, const struct lr_helper_answer *a)
{
	struct lr_party_relay *r = ctx;
	struct lr_endpoint list[LR_RELAY_ADDRESSES];
	const json_t *texts = json_object_get(a->line, LR_K_ENDPOINTS), *text;
	unsigned n = 0;
	size_t i;

	r->resolving = false;
	lr_party_wake(r->party);
	json_array_foreach (texts, i, text) {
		if (n == LR_RELAY_ADDRESSES)
			break;
		memset(&list[n], 0, sizeof(list[n]));
		if (json_is_string(text) &&
			lr_endpoint_parse(json_string_value(text), &list[n]) == 0)
			n++;
	}
	if (n == 0) {
		resolve_failed(r, a->error ? a->error : "the name has no address");
		return;
	}
	r->resolve_tries = 0;
	located(r, list, n, lr_party_now(r->party));
}

/* Looked up, unless it is an address. */
static void resolve(struct lr_party_relay *r, uint64_t now)
{
	char host[LR_PLACE_TEXT];
	struct lr_endpoint at;

	if (r->resolving || r->resolve_ns > now)
		return;
	if (lr_place_endpoint(&r->place, &at)) {
		r->resolve_ns = LR_NEVER;
		located(r, &at, 1, now);
		return;
	}
	r->resolve_ns = now + RESOLVE_S * LR_NS_PER_S;
	json_t *o = json_object();
	uint16_t port = lr_place_split(&r->place, host);
	lr_json_put_str(o, LR_K_DO, "resolve");
	lr_json_put_str(o, LR_K_HOST, host);
	lr_json_put_int(o, LR_K_PORT, port);
	r->resolving = lr_helper_ask(&r->party->helper, o, resolved, r) == 0;
	if (!r->resolving)
		resolve_failed(r, "the helper lr-meet does not run");
}

/* A name is not looked up again while its relay answers. */
static uint64_t resolve_due(const struct lr_party_relay *r)
{
	return r->resolving || lr_binding_bound(&r->bind) ? LR_NEVER : r->resolve_ns;
}

/* --- life --- */

void lr_channel_init(struct lr_party_relay *r)
{
	lr_binding_init(&r->bind);
}

static bool rests(const struct lr_party_relay *r)
{
	return r->party->leaving || r->party->phase == LR_PARTY_OUT || lr_move_rests(r);
}

void lr_channel_run(struct lr_party_relay *r, uint64_t now)
{
	struct lr_binding_step step;
	bool carried = lr_binding_carries(&r->bind);

	if (rests(r))
		return;
	if (resolve_due(r) <= now)
		resolve(r, now);
	if (r->answered)
		lr_binding_known(&r->bind, now);
	while (lr_binding_next(&r->bind, now, &step))
		act(r, &step);
	r->party->reroute |= carried != lr_binding_carries(&r->bind);
}

uint64_t lr_channel_due(const struct lr_party_relay *r)
{
	uint64_t due = lr_binding_due(&r->bind), resolve = resolve_due(r);

	if (rests(r))
		return LR_NEVER;
	return due < resolve ? due : resolve;
}

void lr_channel_release(struct lr_party_relay *r)
{
	enum lr_way way = lr_binding_way(&r->bind);

	if (lr_binding_bound(&r->bind) && lr_wg_private_key(r->party->node->wg))
		send_signed(r, way,
			lr_binding_signed(&r->bind, lr_party_now(r->party), way, LR_FRAME_RELEASE));
	lr_binding_stop(&r->bind);
	lr_party_stream_hang_up(r);
}

void lr_channel_reset(struct lr_party_relay *r)
{
	r->party->reroute |= lr_binding_carries(&r->bind);
	lr_binding_reset(&r->bind, lr_party_now(r->party));
	if (r->resolve_ns != LR_NEVER)
		r->resolve_ns = 0;
	lr_party_wake(r->party);
}

void lr_channel_doubt(struct lr_party_relay *r)
{
	lr_binding_doubt(&r->bind, lr_party_now(r->party));
	lr_party_wake(r->party);
}

/* --- what the relay says --- */

/* The party has another number there than we know. A smaller one is an old message, or ours was a
 * lie: asking costs little. */
static void got_number(struct lr_party_relay *r, const struct lr_frame_control *c)
{
	if (c->epoch == r->since.epoch && c->seq == r->since.seq)
		return;
	r->want |= 1u << LR_SYNC_LIST;
}

static struct lr_endpoint seen(const struct lr_frame_control *c)
{
	struct lr_endpoint e;

	memset(&e, 0, sizeof(e));
	if (c->seen.family == 4) {
		e.in.sin_family = AF_INET;
		e.in.sin_port = htons(c->seen_port);
		memcpy(&e.in.sin_addr, c->seen.b, 4);
	} else if (c->seen.family == 6) {
		e.in6.sin6_family = AF_INET6;
		e.in6.sin6_port = htons(c->seen_port);
		memcpy(&e.in6.sin6_addr, c->seen.b, 16);
	}
	return e;
}

/* The channel is ours, or leads to us another way than before. `lost`: what was sent already. */
static void bound(struct lr_party_relay *r, const struct lr_frame_control *c, bool lost)
{
	struct lr_party *p = r->party;
	bool streams = lr_channel_streams(r);
	bool other = r->was_bound && streams != r->streamed, first = !r->was_bound;

	r->seen = seen(c);
	r->leg_us = lr_relay_leg(r->leg_us ? r->leg_us : LR_LEG_UNKNOWN, r->bind.rtt_us);
	if (!r->leg_us)
		r->leg_us = 1; /* 0 would say: not known */
	r->was_bound = true;
	r->streamed = streams;
	p->reroute = true;
	if (other || (first && streams))
		lr_log(LR_LOG_NOTE, "%s: %s: %s", p->node->iface, r->place.text,
			streams ? "UDP is blocked here; traffic goes over TCP"
				: "UDP passes again; traffic goes over UDP");
	lr_party_way_changed(p, r, other || lost);
	if (lost)
		lr_party_greet_again(p);
	lr_party_publish(p);
}

/* The address whose answer came first is the relay's. */
static void answered_from(struct lr_party_relay *r, const struct lr_endpoint *src)
{
	if (lr_endpoint_equal(&r->at, src))
		return;
	for (unsigned i = 0; i < r->n_addresses; i++)
		if (lr_endpoint_equal(&r->addresses[i], src))
			r->at = r->addresses[i];
	r->party->reroute = true;
}

void lr_channel_control(struct lr_party_relay *r, enum lr_way way, const struct lr_endpoint *src,
	const uint8_t *frame, size_t len)
{
	const struct lr_binding_way *udp = &r->bind.ways[LR_WAY_UDP];
	struct lr_frame_control c;
	bool had = udp->has_cookie, carried = lr_binding_carries(&r->bind);

	if (lr_control_read(frame, len, &c) < 0) {
		r->party->foreign++;
		return;
	}
	if (c.kind == LR_FRAME_LENT && lr_channel_bound(r)) {
		lr_lend_answered(r, &c);
		return;
	}
	unsigned news = lr_binding_receive(&r->bind, lr_party_now(r->party), way, &c);
	r->party->reroute |= carried && !lr_binding_carries(&r->bind);
	if (way == LR_WAY_UDP && !had && udp->has_cookie)
		answered_from(r, src);
	if (news & LR_BINDING_BOUND)
		bound(r, &c, news & LR_BINDING_LOST);
	if (news & LR_BINDING_NUMBER)
		got_number(r, &c);
	if (news & LR_BINDING_ECHO)
		send_frame(r, way, frame, LR_FRAME_SIGNAL_LEN); /* else it comes again */
	if (news & LR_BINDING_UNKNOWN) {                        /* it has lost our record */
		r->answered = false;
		r->want |= 1u << LR_SYNC_PUT;
	}
	lr_party_wake(r->party);
}
