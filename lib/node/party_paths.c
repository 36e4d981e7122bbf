/*
 * party_paths.c - probes, STUN and own addresses: lib/nat on the tunnel's sockets
 *
 * Theory of operation. What lib/nat wants to send goes out here, framed where it goes through a
 * relay; what came in goes to it. The addresses of this machine are looked at when the kernel says
 * that they changed; when they did, our candidates are published anew, all channels are bound
 * again, and every member's paths are tried at once.
 */
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/io/netlink_watch.h"
#include "lib/node/party_inside.h"
#include "lib/node/pump.h"
#include "lib/node/sockets.h"

#define LOOK_MS 30 /* addresses come in bursts */
#define DOUBT_S 3  /* how long a path's failure is news */

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
	lr_reach_receive(&p->host, lr_party_now(p), lr_wall(), route, bytes, len);
	due_by(p, 0);
}

static void behave_done(struct lr_party *p);

static void send_asks(struct lr_party *p, uint64_t now)
{
	struct lr_behave_send ask;

	while (p->behaving && lr_behave_next(&p->behave, now, &ask))
		lr_pump_send(
			p->node->pump, ask.socket, &ask.to, ask.bytes, sizeof(ask.bytes), false);
	if (p->behaving && p->behave.done)
		behave_done(p);
}

static void stun(struct lr_party *p, const struct lr_endpoint *src, uint16_t socket,
	const uint8_t *bytes, size_t len)
{
	uint64_t now = lr_party_now(p);

	if (p->behaving && lr_behave_receive(&p->behave, now, socket, src, bytes, len)) {
		if (p->outside_known != (p->behave.mapped.sa.sa_family != AF_UNSPEC))
			lr_party_publish(p);
		send_asks(p, now);
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

	if (error == 0) {
		lr_reach_sent(reach, now);
	} else {
		const struct lr_route route = path->route;
		if (error == -EMSGSIZE)
			lr_reach_too_big(
				reach, now, &route, len - (route.channel ? LR_FRAME_HEADER : 0));
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

/* ------------------------------------------------------------------ own addresses */

static bool in_pools(const struct lr_party *p, const struct lr_ip *ip)
{
	for (unsigned i = 0; i < 2; i++)
		if (lr_prefix_covers(&p->pools[i], ip))
			return true;
	return false;
}

static uint8_t prefix_len(const struct sockaddr *mask)
{
	struct lr_endpoint e;
	uint8_t len = 0;

	if (!mask)
		return 0;
	memset(&e, 0, sizeof(e));
	memcpy(&e.sa, mask, mask->sa_family == AF_INET ? sizeof(e.in) : sizeof(e.in6));
	struct lr_ip ip = lr_endpoint_ip(&e);
	for (unsigned i = 0; i < sizeof(ip.b); i++)
		len += (uint8_t)__builtin_popcount(ip.b[i]);
	return len;
}

/* One that somebody may be reached at: not of the tunnel, not loopback or link-local. */
static bool counts(const struct lr_party *p, const struct ifaddrs *a, struct lr_prefix *out)
{
	struct lr_endpoint e;

	if (!a->ifa_addr || !(a->ifa_flags & IFF_UP) || a->ifa_flags & IFF_LOOPBACK ||
		strcmp(a->ifa_name, p->node->iface) == 0)
		return false;
	if (a->ifa_addr->sa_family != AF_INET && a->ifa_addr->sa_family != AF_INET6)
		return false;
	memset(&e, 0, sizeof(e));
	memcpy(&e.sa, a->ifa_addr,
		a->ifa_addr->sa_family == AF_INET ? sizeof(e.in) : sizeof(e.in6));
	out->ip = lr_endpoint_ip(&e);
	out->len = prefix_len(a->ifa_netmask);
	if (out->ip.family == 6 && out->ip.b[0] == 0xfe && (out->ip.b[1] & 0xc0) == 0x80)
		return false;
	return !in_pools(p, &out->ip);
}

/* Whether they are others than before. */
static bool look(struct lr_party *p)
{
	struct lr_prefix found[LR_PARTY_LANS];
	struct ifaddrs *list = NULL;
	size_t n = 0;

	memset(found, 0, sizeof(found));
	if (getifaddrs(&list) < 0)
		return false;
	for (const struct ifaddrs *a = list; a && n < LR_PARTY_LANS; a = a->ifa_next)
		n += counts(p, a, &found[n]);
	freeifaddrs(list);
	bool same = n == p->n_lans;
	for (size_t i = 0; i < n && same; i++)
		same = found[i].len == p->lans[i].len && lr_ip_equal(&found[i].ip, &p->lans[i].ip);
	memcpy(p->lans, found, sizeof(found));
	p->n_lans = p->host.rules.n_lans = n;
	return !same;
}

static void add_candidate(struct lr_candidates *list, enum lr_candidate_kind kind,
	const struct lr_ip *ip, uint16_t port)
{
	const struct lr_candidate c = {.kind = (uint8_t)kind, .port = port, .ip = *ip};

	lr_candidates_add(list, &c);
}

static void gather(struct lr_party *p, struct lr_candidates *list)
{
	uint16_t port = p->node->listen_port;
	const struct lr_endpoint *mapped = &p->behave.mapped;

	memset(list, 0, sizeof(*list));
	for (size_t i = 0; i < p->n_lans; i++)
		add_candidate(list,
			p->lans[i].ip.family == 6 ? LR_CANDIDATE_IPV6 : LR_CANDIDATE_HOST,
			&p->lans[i].ip, port);
	if (lr_mapping_good(&p->map.got)) {
		struct lr_candidate c = lr_candidate_of(LR_CANDIDATE_MAPPED, &p->map.got.at);
		lr_candidates_add(list, &c);
	}
	if (mapped->sa.sa_family != AF_UNSPEC) {
		struct lr_candidate c = lr_candidate_of(LR_CANDIDATE_REFLEXIVE, mapped);
		lr_candidates_add(list, &c);
	}
	for (unsigned i = 0; i < p->n_relays; i++) {
		const struct lr_party_relay *r = &p->relays[i];
		if (!lr_channel_bound(r) || r->seen.sa.sa_family == AF_UNSPEC ||
			lr_nat_symmetric(&p->host.nat))
			continue;
		struct lr_candidate c = lr_candidate_of(LR_CANDIDATE_REFLEXIVE, &r->seen);
		lr_candidates_add(list, &c);
	}
}

static void fill_channels(const struct lr_party *p, struct lr_record *self)
{
	self->n_channels = 0;
	memset(self->channels, 0, sizeof(self->channels));
	for (unsigned i = 0; i < p->n_relays; i++) {
		const struct lr_party_relay *r = &p->relays[i];
		if (!lr_channel_bound(r))
			continue;
		struct lr_channel *c = &self->channels[self->n_channels++];
		c->relay = r->place;
		c->channel = r->bind.channel;
		c->rtt_us = r->leg_us;
	}
}

void lr_party_publish(struct lr_party *p)
{
	struct lr_record *self = p->roster ? lr_roster_self(p->roster) : NULL;
	struct lr_record before;

	if (!self || p->leaving)
		return;
	before = *self;
	p->outside_known = p->behave.mapped.sa.sa_family != AF_UNSPEC;
	p->host.rules.outside = lr_endpoint_ip(&p->behave.mapped);
	gather(p, &p->host.own);
	self->hidden = p->hide;
	self->nat = p->host.nat;
	self->candidates = p->host.own;
	if (p->hide)
		memset(&self->candidates, 0, sizeof(self->candidates));
	fill_channels(p, self);
	if (memcmp(&before, self, sizeof(before)) != 0) {
		lr_roster_touch(p->roster);
		lr_party_wake(p);
	}
}

static void moved(struct lr_party *p)
{
	uint64_t now = lr_party_now(p);

	for (struct lr_party_member *k = p->members; k; k = k->next)
		lr_reach_moved(&k->reach, now);
	due_by(p, 0);
}

/* ------------------------------------------------------------------ STUN */

static void behave_done(struct lr_party *p)
{
	bool other = memcmp(&p->host.nat, &p->behave.nat, sizeof(p->host.nat)) != 0;

	p->behaving = false;
	p->host.nat = p->behave.nat;
	lr_pump_socket_close(p->node->pump, LR_SOCKET_BEHAVE);
	lr_party_publish(p);
	if (other)
		moved(p);
}

/* Our address on the way to `to`, as the system would choose it. */
static struct lr_endpoint local_towards(const struct lr_party *p, const struct lr_endpoint *to)
{
	struct lr_endpoint local;
	bool v4 = to->sa.sa_family == AF_INET;
	socklen_t len = v4 ? sizeof(to->in) : sizeof(to->in6);
	int fd = socket(to->sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memset(&local, 0, sizeof(local));
	if (fd >= 0 && connect(fd, &to->sa, len) == 0 && getsockname(fd, &local.sa, &len) == 0) {
		if (v4)
			local.in.sin_port = htons(p->node->listen_port);
		else
			local.in6.sin6_port = htons(p->node->listen_port);
	} else {
		memset(&local, 0, sizeof(local));
	}
	if (fd >= 0)
		close(fd);
	return local;
}

void lr_party_behave(struct lr_party *p)
{
	struct lr_endpoint servers[LR_BEHAVE_SERVERS], local;
	size_t n = 0;

	for (unsigned i = 0; i < p->n_relays && n < LR_BEHAVE_SERVERS; i++) {
		const struct lr_endpoint *at = &p->relays[i].at;
		if (at->sa.sa_family == AF_UNSPEC ||
			(n && at->sa.sa_family != servers[0].sa.sa_family))
			continue;
		servers[n++] = *at;
	}
	if (n == 0)
		return;
	local = local_towards(p, &servers[0]);
	if (p->behaving)
		lr_pump_socket_close(p->node->pump, LR_SOCKET_BEHAVE);
	p->host.stun = servers[0].sa.sa_family == AF_INET ? servers[0] : (struct lr_endpoint){0};
	lr_pump_socket_open(p->node->pump, LR_SOCKET_BEHAVE);
	lr_behave_init(&p->behave, servers, n, &local);
	p->behaving = true;
	send_asks(p, lr_party_now(p));
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
		if (!p->hide)
			lr_party_behave(p);
	}
	for (struct lr_party_member *k = p->members; k && other; k = k->next)
		lr_reach_relay_changed(&k->reach, now, &r->at);
	if (other)
		due_by(p, 0);
}

/* ------------------------------------------------------------------ life */

static void watch_ready(struct lr_source *src, uint32_t events)
{
	struct lr_party *p = src->ctx;
	(void)events;

	lr_netlink_watch_drain(src->fd);
	if (p->look_ns == LR_NEVER) {
		p->look_ns = lr_party_now(p) + LOOK_MS * LR_NS_PER_MS;
		lr_party_wake(p);
	}
}

/* Without it, only what fails is noticed. */
static void watch(struct lr_party *p)
{
	p->watch = (struct lr_source){lr_netlink_watch(), watch_ready, p};
	if (p->watch.fd >= 0 && lr_loop_add(&p->node->loop, &p->watch, EPOLLIN) < 0) {
		close(p->watch.fd);
		p->watch.fd = -1;
	}
}

void lr_party_paths_init(struct lr_party *p, const struct lr_budget *budget)
{
	const struct lr_reach_out out = {p, out_send, out_open, out_close, out_changed};

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
	p->pools[0] = lr_roster_pool(p->roster);
	p->pools[1] = lr_roster_ula(p->roster);
	p->host.rules.pools = p->pools;
	p->host.rules.n_pools = 2;
	p->host.rules.lans = p->lans;
	p->look_ns = LR_NEVER;
	watch(p);
	look(p);
	lr_party_publish(p);
	moved(p);
}

void lr_party_paths_stop(struct lr_party *p)
{
	if (p->behaving)
		lr_pump_socket_close(p->node->pump, LR_SOCKET_BEHAVE);
	p->behaving = false;
	if (p->watch.fd >= 0) {
		lr_loop_remove(&p->node->loop, &p->watch);
		close(p->watch.fd);
	}
	p->watch.fd = -1;
	lr_reach_host_release(&p->host);
}

static void look_again(struct lr_party *p)
{
	p->look_ns = LR_NEVER;
	p->pools[0] = lr_roster_pool(p->roster);
	bool other = look(p);
	if (!other && !p->cut_off)
		return;
	p->cut_off = false;
	if (other) {
		lr_log(LR_LOG_NOTE, "%s: this machine's addresses changed", p->node->iface);
		lr_node_tell(p->node, LR_NODE_EVENT_NETWORK, NULL);
	}
	for (unsigned i = 0; i < p->n_relays; i++)
		lr_channel_reset(&p->relays[i]);
	lr_party_behave(p);
	lr_party_map_moved(p);
	lr_party_publish(p);
	moved(p);
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
	p->n_too_big = 0;
	lr_reach_run(&k->reach, now, lr_wall());
	for (unsigned i = 0; i < p->n_too_big; i++)
		lr_reach_too_big(&k->reach, now, &p->too_big[i].route, p->too_big[i].len);
	p->n_too_big = 0;
	doubt_relays(p, &k->reach, now);
}

void lr_party_paths_run(struct lr_party *p, uint64_t now)
{
	if (p->look_ns <= now)
		look_again(p);
	if (p->behaving && lr_behave_due(&p->behave) <= now)
		send_asks(p, now);
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
	uint64_t behave = p->behaving ? lr_behave_due(&p->behave) : LR_NEVER;

	return behave < due ? behave : due;
}
