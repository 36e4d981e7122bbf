/*
 * party_paths.c - probes: lib/nat on the tunnel's sockets
 *
 * Theory of operation. What lib/nat wants to send goes out here, framed where it goes through a
 * relay; what came in goes to it. When the addresses of this machine changed, our candidates are
 * published anew, all channels are bound again, and every member's paths are tried at once.
 */
#include <errno.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/node/party_inside.h"
#include "lib/node/pump.h"

#define DOUBT_S 3 /* how long a path's failure is news */

/* ------------------------------------------------------------------ lib/nat's way out */

static void out_send(
	void *ctx, const struct lr_route *route, const uint8_t *bytes, size_t len, bool big)
{
	struct lr_party *p = ctx;
	uint8_t frame[LR_FRAME_HEADER + LR_PROBE_MAX];
	int r;

	if (route->channel) {
		lr_frame_header(frame, 0, route->channel);
		memcpy(frame + LR_FRAME_HEADER, bytes, len);
		bytes = frame;
		len += LR_FRAME_HEADER;
	}
	if (!route->channel || !lr_party_over_stream(p, &route->to, bytes, len, len, &r))
		r = lr_pump_send(p->node->pump, route->socket, &route->to, bytes, len, big);
	p->cut_off |= route->channel && lr_party_no_way(r);
	if (r == -EMSGSIZE && big && p->n_too_big < LR_PATHS)
		p->too_big[p->n_too_big++] =
			(struct lr_too_big){*route, len - (route->channel ? LR_FRAME_HEADER : 0)};
}

static int out_open(void *ctx)
{
	struct lr_party *p = ctx;
	return lr_pump_socket_open(p->node->pump, 0);
}

static void out_close(void *ctx, uint16_t socket)
{
	struct lr_party *p = ctx;
	lr_pump_socket_close(p->node->pump, socket);
}

/* The tunnel's endpoint is the path in use. */
static void out_changed(void *ctx, struct lr_reach *reach)
{
	struct lr_party *p = ctx;
	struct lr_party_member *k = reach->owner;
	const struct lr_path *path = lr_reach_current(reach);
	struct lr_endpoint to = {.channel = 0};

	if (!k->peer)
		return; /* it is being released */
	if (path) {
		to = path->route.to;
		to.channel = path->route.channel;
	}
	lr_wg_peer_set_mtu(k->peer, lr_reach_packet(reach));
	if (lr_endpoint_equal(&to, &k->peer->endpoint))
		return;
	struct lr_endpoint before = k->peer->endpoint;
	lr_wg_peer_set_endpoint(k->peer, &to);
	lr_node_tell(p->node, LR_NODE_EVENT_ENDPOINT, k->peer);
	lr_party_tell_path(k, &before);
}

struct lr_clocks lr_party_clocks(const struct lr_party *p)
{
	uint64_t own = lr_wall(), own_s = own / LR_NS_PER_S;
	uint64_t relays_s = p->roster ? lr_roster_time(p->roster, lr_party_now(p), own_s) : own_s;

	return (struct lr_clocks){
		.unix_ns = {
			[LR_CLOCK_RELAYS] = relays_s * LR_NS_PER_S + own % LR_NS_PER_S,
			[LR_CLOCK_OWN] = own,
		}};
}

/* ------------------------------------------------------------------ what came in */

static void due_by(struct lr_party *p, uint64_t due)
{
	if (due < p->reach_due_ns)
		p->reach_due_ns = due;
	if (due < p->due_ns)
		p->due_ns = due;
}

static void probe(
	struct lr_party *p, const struct lr_route *route, const uint8_t *bytes, size_t len)
{
	const struct lr_clocks clocks = lr_party_clocks(p);

	lr_reach_receive(&p->host, lr_party_now(p), &clocks, route, bytes, len);
	due_by(p, 0);
}

static void stun(struct lr_party *p, const struct lr_endpoint *src, uint16_t socket,
	const uint8_t *bytes, size_t len)
{
	uint64_t now = lr_party_now(p);

	if (lr_party_stun_receive(p, src, socket, bytes, len)) {
		due_by(p, 0);
		return;
	}
	for (struct lr_party_member *k = p->members; k; k = k->next)
		if (lr_reach_stun(&k->reach, now, socket, bytes, len)) {
			due_by(p, 0);
			return;
		}
	p->foreign++;
}

void lr_party_datagram(struct lr_party *p, const struct lr_endpoint *src, uint16_t socket,
	const uint8_t *bytes, size_t len)
{
	if (lr_classify(bytes, len) == LR_DATAGRAM_STUN) {
		stun(p, src, socket, bytes, len);
		return;
	}
	const struct lr_route route = {.to = *src, .socket = socket};
	probe(p, &route, bytes, len);
}

size_t lr_party_frame(struct lr_party *p, const struct lr_endpoint *src, const uint8_t *bytes,
	size_t len, struct lr_endpoint *via)
{
	struct lr_party_relay *r = lr_party_relay_at(p, src);
	struct lr_frame f;

	if (!r || lr_frame_read(bytes, len, &f) < 0) {
		p->foreign++;
		return 0;
	}
	if (f.flags & LR_FRAME_CONTROL) {
		lr_channel_control(r, LR_WAY_UDP, src, bytes, len);
		return 0;
	}
	if (f.flags & LR_FRAME_GUEST)
		return lr_lend_frame(r, bytes, len, via);
	const uint8_t *inner = bytes + LR_FRAME_HEADER;
	switch (lr_classify(inner, len - LR_FRAME_HEADER)) {
	case LR_DATAGRAM_WG:
		*via = *src;
		via->channel = f.channel;
		return LR_FRAME_HEADER;
	case LR_DATAGRAM_PROBE:
		probe(p, &(struct lr_route){.to = r->at, .channel = f.channel}, inner,
			len - LR_FRAME_HEADER);
		return 0;
	default:
		p->foreign++;
		return 0;
	}
}

void lr_party_heard(
	struct lr_party *p, struct lr_reach *reach, const struct lr_endpoint *src, uint16_t socket)
{
	struct lr_route route = {.to = *src, .channel = src->channel, .socket = socket};

	route.to.channel = 0;
	if (route.channel && !lr_reach_current(reach))
		lr_party_learn(reach->owner, &route);
	lr_reach_heard(reach, lr_party_now(p), &route);
	due_by(p, lr_reach_due(reach));
}

void lr_party_sent(
	struct lr_party *p, struct lr_reach *reach, struct lr_path *path, int error, size_t len)
{
	uint64_t now = lr_party_now(p);

	len -= path->route.channel ? LR_FRAME_HEADER : 0;
	if (error == 0) {
		lr_reach_sent(reach, now, len);
	} else {
		const struct lr_route route = path->route;
		if (error == -EMSGSIZE)
			lr_reach_too_big(reach, now, &route, len);
		else if (lr_party_no_way(error) || error == -ENOTCONN)
			lr_reach_unreachable(reach, now, &route);
		p->cut_off |= lr_party_no_way(error);
	}
	due_by(p, lr_reach_due(reach));
}

void lr_party_foreign(struct lr_party *p)
{
	p->foreign++;
}

/* ------------------------------------------------------------------ changes */

static void out_graded(void *ctx, struct lr_reach *r, enum lr_grade before)
{
	(void)ctx;
	lr_party_tell_quality(r, before);
}

void lr_party_moved(struct lr_party *p)
{
	uint64_t now = lr_party_now(p);

	for (struct lr_party_member *k = p->members; k; k = k->next)
		lr_reach_moved(&k->reach, now);
	due_by(p, 0);
}

void lr_party_way_changed(struct lr_party *p, const struct lr_party_relay *r, bool other)
{
	uint64_t now = lr_party_now(p);
	bool udp = false;

	for (unsigned i = 0; i < p->n_relays; i++)
		udp |= lr_channel_bound(&p->relays[i]) && !lr_channel_streams(&p->relays[i]);
	if (!udp) {
		p->host.nat.flags |= LR_NAT_BLOCKED;
	} else if (p->host.nat.flags & LR_NAT_BLOCKED) {
		p->host.nat.flags &= (uint8_t)~LR_NAT_BLOCKED;
		lr_party_stun_anew(p);
	}
	for (struct lr_party_member *k = p->members; k && other; k = k->next)
		lr_reach_relay_changed(&k->reach, now, &r->at);
	if (other)
		due_by(p, 0);
}

/* ------------------------------------------------------------------ life */

void lr_party_paths_init(struct lr_party *p, const struct lr_budget *budget)
{
	const struct lr_reach_out out = {p, out_send, out_open, out_close, out_changed, out_graded};

	lr_reach_host_init(&p->host, &out);
	if (!budget)
		return;
	p->host.budget.sockets = budget->sockets;
	p->host.budget.packets_s = budget->packets_s;
}

void lr_party_paths_start(struct lr_party *p)
{
	p->host.hidden = p->hide;
	p->host.both = p->node->redundant == LR_REDUNDANT_ALL;
	p->look_ns = LR_NEVER;
	lr_party_watch(p);
	lr_party_look(p);
	lr_party_publish(p);
	lr_party_moved(p);
}

void lr_party_paths_stop(struct lr_party *p)
{
	lr_party_stun_stop(p);
	lr_party_unwatch(p);
	lr_reach_host_release(&p->host);
}

static void look_again(struct lr_party *p)
{
	p->look_ns = LR_NEVER;
	bool other = lr_party_look(p);
	if (!other && !p->cut_off)
		return;
	p->cut_off = false;
	if (other) {
		lr_log(LR_LOG_NOTE, "%s: this machine's addresses changed", p->node->iface);
		lr_node_tell(p->node, LR_NODE_EVENT_NETWORK, NULL);
	}
	for (unsigned i = 0; i < p->n_relays; i++)
		lr_channel_reset(&p->relays[i]);
	lr_party_stun_anew(p);
	lr_party_map_moved(p);
	lr_party_publish(p);
	lr_party_moved(p);
}

/* When a path through a relay has just failed, it may be the relay or the way to it. */
static void doubt_relays(struct lr_party *p, const struct lr_reach *reach, uint64_t now)
{
	for (int i = 0; i < LR_PATHS; i++) {
		const struct lr_path *path = &reach->paths.at[i];
		if (path->state != LR_PATH_FAILING || lr_path_direct(path) ||
			now - path->failed_ns > DOUBT_S * LR_NS_PER_S)
			continue;
		struct lr_party_relay *r = lr_party_relay_at(p, &path->route.to);
		if (r)
			lr_channel_doubt(r);
	}
}

static void run_member(struct lr_party *p, struct lr_party_member *k, uint64_t now)
{
	const struct lr_clocks clocks = lr_party_clocks(p);

	p->n_too_big = 0;
	lr_reach_run(&k->reach, now, &clocks);
	for (unsigned i = 0; i < p->n_too_big; i++)
		lr_reach_too_big(&k->reach, now, &p->too_big[i].route, p->too_big[i].len);
	p->n_too_big = 0;
	doubt_relays(p, &k->reach, now);
}

void lr_party_paths_run(struct lr_party *p, uint64_t now)
{
	if (p->look_ns <= now)
		look_again(p);
	lr_party_stun_run(p, now);
	if (p->reach_due_ns > now)
		return;
	p->reach_due_ns = LR_NEVER;
	for (struct lr_party_member *k = p->members; k; k = k->next) {
		if (lr_reach_due(&k->reach) <= now)
			run_member(p, k, now);
		if (lr_reach_due(&k->reach) < p->reach_due_ns)
			p->reach_due_ns = lr_reach_due(&k->reach);
	}
}

uint64_t lr_party_paths_due(const struct lr_party *p)
{
	uint64_t due = p->reach_due_ns < p->look_ns ? p->reach_due_ns : p->look_ns;
	uint64_t stun = lr_party_stun_due(p);

	return stun < due ? stun : due;
}
