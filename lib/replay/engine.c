/*
 * engine.c - one packet's way, with and without a stopwatch
 */
#include "lib/replay/engine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/net/ip.h"
#include "lib/net/link.h"
#include "lib/wg/device.h"
#include "lib/wg/messages.h"

#define STEP_NS 100 /* the clock goes on by this a packet: 10^9 packets before a new session */

const char *lr_replay_drop_name(unsigned drop, char out[48])
{
	static const char *const names[] = {"not_ip", "cut_short", "bad_header", "fragment",
		"no_session", "altered", "filtered"};

	if (drop < LR_REPLAY_REFUSED)
		return names[drop];
	snprintf(
		out, 48, "tunnel_%s", lr_wg_drop_name((enum lr_wg_drop)(drop - LR_REPLAY_REFUSED)));
	return out;
}

struct lr_engine *lr_engine_new(const struct lr_tick *tick, struct lr_err *err)
{
	static const char *const names[LR_ENGINE_STAGES] = {
		"parse", "lookup", "seal", "open", "replay", "deliver", "total", "receive"};
	struct lr_engine *e = calloc(1, sizeof(*e));

	if (!e)
		goto no_memory;
	e->tick = tick;
	e->every = e->until = 1;
	e->msg = calloc(1, LR_ENGINE_ROOM);
	e->sink = calloc(1, LR_ENGINE_ROOM);
	e->stages = calloc(LR_ENGINE_STAGES, sizeof(*e->stages));
	if (!e->msg || !e->sink || !e->stages)
		goto no_memory;
	for (int i = 0; i < LR_ENGINE_STAGES; i++)
		e->stages[i].name = names[i];
	e->stages[LR_STAGE_TOTAL].target = lr_targets_find("direct_latency");
	e->tunnels = lr_tunnels_new(err);
	if (e->tunnels)
		return e;
	lr_engine_free(e);
	return NULL;
no_memory:
	lr_engine_free(e);
	lr_err_set(err, LR_EXIT_FAILED, "out of memory");
	return NULL;
}

void lr_engine_free(struct lr_engine *e)
{
	if (!e)
		return;
	lr_tunnels_free(e->tunnels);
	free(e->stages);
	free(e->msg);
	free(e->sink);
	free(e);
}

/* What one frame turned out to be. */
struct classified {
	const uint8_t *ip;
	struct lr_packet packet;
	bool unicast; /* one member's, as far as the address tells */
};

static enum lr_replay_drop reason_of(enum lr_ip_flaw flaw)
{
	switch (flaw) {
	case LR_IP_SHORT:
		return LR_REPLAY_CUT_SHORT;
	case LR_IP_FRAGMENT:
		return LR_REPLAY_FRAGMENT;
	default:
		return LR_REPLAY_BAD_HEADER;
	}
}

#define FINE LR_REPLAY_DROPS

/* FINE, or why the frame goes no further. */
static unsigned classify(const struct lr_captured *frame, struct classified *c)
{
	uint8_t family = 0;
	size_t at = 0;

	switch (lr_link_find_ip(frame->link, frame->bytes, frame->caplen, &at, &family)) {
	case LR_LINK_NOT_IP:
		return LR_REPLAY_NOT_IP;
	case LR_LINK_SHORT:
		return LR_REPLAY_CUT_SHORT;
	case LR_LINK_IP:
		break;
	}
	c->ip = frame->bytes + at;
	enum lr_ip_flaw flaw = lr_packet_parse(c->ip, frame->caplen - at, &c->packet);
	if (flaw != LR_IP_FINE)
		return reason_of(flaw);
	if (c->packet.family != family || c->packet.len > LR_ENGINE_ROOM - 64)
		return LR_REPLAY_BAD_HEADER;
	c->unicast = lr_tunnels_unicast(family, c->ip + c->packet.dst_at);
	return FINE;
}

/* The message's length, or below 0. A session that is too old is made anew. */
static int seal(struct lr_engine *e, struct lr_tunnel *tunnel, size_t len)
{
	struct lr_tunnels *t = e->tunnels;
	size_t padded = (len + LR_WG_PAD - 1) / LR_WG_PAD * LR_WG_PAD;
	int r = lr_wg_seal(tunnel->wg, t->now, tunnel->to_hub, e->msg, len, padded);

	if (r != -ENOKEY || lr_tunnels_meet(t, tunnel) < 0)
		return r;
	return lr_wg_seal(tunnel->wg, t->now, tunnel->to_hub, e->msg, len, padded);
}

/* FINE when what came out is what went in. Reads the message, which was written a while ago: bytes
 * that were only just copied have to reach the cache first. */
static unsigned compare(struct lr_engine *e, const struct classified *c, const struct lr_wg_rx *rx)
{
	if (rx->kind == LR_WG_RX_DROP)
		return LR_REPLAY_REFUSED + rx->drop;
	if (rx->kind != LR_WG_RX_DATA || rx->len != c->packet.len ||
		memcmp(rx->packet, c->ip, rx->len) != 0)
		return LR_REPLAY_ALTERED;
	e->delivered++;
	e->bytes += rx->len;
	return FINE;
}

/* Whose tunnel it is, and the packet in it, behind the head room. */
static struct lr_tunnel *enter(struct lr_engine *e, const struct classified *c)
{
	struct lr_tunnels *t = e->tunnels;
	struct lr_tunnel *tunnel = lr_tunnels_of(t, c->packet.family, c->ip + c->packet.src_at);

	t->now += STEP_NS;
	if (tunnel)
		memcpy(e->msg + LR_WG_HEAD, c->ip, c->packet.len);
	return tunnel;
}

static unsigned play(struct lr_engine *e, const struct lr_captured *frame)
{
	struct lr_tunnels *t = e->tunnels;
	struct classified c;
	struct lr_wg_rx rx;
	unsigned why = classify(frame, &c);

	if (why != FINE)
		return why;
	struct lr_tunnel *tunnel = enter(e, &c);
	if (!tunnel)
		return LR_REPLAY_NO_SESSION;
	const uint8_t *dst = c.ip + c.packet.dst_at;
	struct lr_wg_peer *owner = lr_wg_route(t->hub, c.packet.family, dst);
	if (c.unicast)
		lr_tunnels_note(t, c.packet.family, dst, owner);
	int len = seal(e, tunnel, c.packet.len);
	if (len < 0)
		return LR_REPLAY_NO_SESSION;
	lr_wg_receive(t->hub, t->now, &tunnel->endpoint, e->msg, (size_t)len, &rx);
	why = compare(e, &c, &rx);
	if (rx.kind == LR_WG_RX_DATA)
		memcpy(e->sink, rx.packet, rx.len);
	return why;
}

/* Stages from the look-up on, with a reading at each border. Those inside lr_wg_receive() are taken
 * there. */
static unsigned play_timed(struct lr_engine *e, const struct classified *c, uint64_t parse_ns)
{
	const struct lr_tick *tick = e->tick;
	struct lr_tunnels *t = e->tunnels;
	struct lr_stage *s = e->stages;
	struct lr_tunnel *tunnel = enter(e, c);
	struct lr_wg_stamps in = {.tick = tick};
	const uint8_t *dst = c->ip + c->packet.dst_at;
	size_t n = c->packet.len;
	struct lr_wg_rx rx;

	if (!tunnel)
		return LR_REPLAY_NO_SESSION;
	uint64_t begin = lr_tick_glance(tick);
	struct lr_wg_peer *owner = lr_wg_route(t->hub, c->packet.family, dst);
	uint64_t found = lr_tick_glance(tick);
	int len = seal(e, tunnel, n);
	if (len < 0)
		return LR_REPLAY_NO_SESSION;
	t->hub->stamps = &in;
	uint64_t sealed = lr_tick_glance(tick);
	lr_wg_receive(t->hub, t->now, &tunnel->endpoint, e->msg, (size_t)len, &rx);
	if (rx.kind == LR_WG_RX_DATA)
		memcpy(e->sink, rx.packet, rx.len);
	uint64_t delivered = lr_tick_glance(tick);
	t->hub->stamps = NULL;

	unsigned why = compare(e, c, &rx);
	if (c->unicast)
		lr_tunnels_note(t, c->packet.family, dst, owner);
	if (why != FINE)
		return why;
	uint64_t *ns = e->last_ns;
	ns[LR_STAGE_PARSE] = parse_ns;
	ns[LR_STAGE_LOOKUP] = lr_stage_add(&s[LR_STAGE_LOOKUP], tick, begin, found, n);
	ns[LR_STAGE_SEAL] = lr_stage_add(&s[LR_STAGE_SEAL], tick, found, sealed, n);
	ns[LR_STAGE_OPEN] = lr_stage_add(&s[LR_STAGE_OPEN], tick, sealed, in.opened, n);
	ns[LR_STAGE_REPLAY] = lr_stage_add(&s[LR_STAGE_REPLAY], tick, in.opened, in.accepted, n);
	ns[LR_STAGE_DELIVER] = lr_stage_add(&s[LR_STAGE_DELIVER], tick, in.accepted, delivered, n);
	ns[LR_STAGE_TOTAL] = 0;
	for (int i = LR_STAGE_PARSE; i < LR_STAGE_TOTAL; i++)
		ns[LR_STAGE_TOTAL] += ns[i];
	lr_hist_add(&s[LR_STAGE_TOTAL].hist, ns[LR_STAGE_TOTAL]);
	s[LR_STAGE_TOTAL].bytes += n;
	ns[LR_STAGE_RECEIVE] = lr_stage_add(&s[LR_STAGE_RECEIVE], tick, sealed, delivered, n);
	e->timed = true;
	return FINE;
}

void lr_engine_skip(struct lr_engine *e)
{
	e->packets++;
	e->dropped[LR_REPLAY_FILTERED]++;
}

void lr_engine_packet(struct lr_engine *e, const struct lr_captured *frame)
{
	struct classified c;
	unsigned why;

	e->packets++;
	e->timed = false;
	if (!e->tick || --e->until) {
		why = play(e, frame);
	} else {
		e->until = e->every;
		uint64_t begin = lr_tick_glance(e->tick);
		why = classify(frame, &c);
		uint64_t parsed = lr_tick_glance(e->tick);
		size_t bytes = why == FINE ? c.packet.len : frame->caplen;
		uint64_t ns =
			lr_stage_add(&e->stages[LR_STAGE_PARSE], e->tick, begin, parsed, bytes);
		if (why == FINE)
			why = play_timed(e, &c, ns);
	}
	if (why != FINE)
		e->dropped[why]++;
}
