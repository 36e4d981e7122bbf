/*
 * reach.c - reaching the members of a party: what comes in
 */
#include "lib/nat/reach.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/nat/reach_inside.h"

#define PONGS_S  400 /* pings of one member that are answered in a second */
#define CALL_MS  5000
#define LEARN_MS 1000

/* --- the party and its members --- */

void lr_reach_host_init(struct lr_reach_host *h, const struct lr_reach_out *out)
{
	memset(h, 0, sizeof(*h));
	h->out = *out;
	lr_hints_init(&h->hints);
	lr_budget_init(&h->budget);
}

void lr_reach_host_release(struct lr_reach_host *h)
{
	lr_hints_release(&h->hints);
}

int lr_reach_init(struct lr_reach *r, struct lr_reach_host *h, const uint8_t secret[LR_KEY_LEN],
	bool low, void *owner, const struct lr_clocks *clocks)
{
	memset(r, 0, sizeof(*r));
	r->host = h;
	r->owner = owner;
	r->due_ns = LR_NEVER;
	lr_probe_pair_init(&r->pair, secret, low);
	lr_paths_init(&r->paths);
	lr_punch_init(&r->punch);
	return lr_hints_set(&h->hints, &r->hints, &r->pair, clocks, r);
}

void lr_reach_close(struct lr_reach *r, uint16_t socket)
{
	struct lr_reach_host *h = r->host;

	if (socket == 0)
		return;
	lr_punch_closed(&r->punch, socket);
	if (lr_budget_leave(&h->budget, socket))
		h->out.close(h->out.ctx, socket);
}

void lr_reach_release(struct lr_reach *r)
{
	struct lr_reach_host *h = r->host;
	struct lr_punch_step step;

	for (int i = 0; i < LR_PATHS; i++)
		if (r->paths.at[i].state != LR_PATH_FREE)
			lr_reach_drop_path(r, &r->paths.at[i]);
	lr_punch_stop(&r->punch);
	while (lr_punch_next(&r->punch, &h->budget, 0, &step) == LR_PUNCH_CLOSE)
		h->out.close(h->out.ctx, step.route.socket);
	lr_reach_close(r, r->fresh_socket);
	lr_hints_remove(&h->hints, &r->hints);
	free(r->copies);
	lr_wipe(r, sizeof(*r));
}

/* Anything may be due now. */
static void wake(struct lr_reach *r, uint64_t now)
{
	if (r->due_ns > now)
		r->due_ns = now;
}

static void set_targets(struct lr_reach *r, uint64_t now)
{
	struct lr_candidates list = r->peer_list;

	lr_candidates_order(&list, &r->host->rules);
	lr_punch_set(&r->punch, now, &list, &r->host->nat, &r->peer_nat);
}

bool lr_reach_hidden(const struct lr_reach *r)
{
	return r->host->hidden || r->peer_hidden;
}

static void hide(struct lr_reach *r, uint64_t now)
{
	for (int i = 0; i < LR_PATHS; i++)
		if (r->paths.at[i].state != LR_PATH_FREE && lr_path_direct(&r->paths.at[i]))
			lr_reach_drop_path(r, &r->paths.at[i]);
	lr_punch_stop(&r->punch);
	lr_reach_choose(r, now);
	wake(r, now);
}

void lr_reach_peer(struct lr_reach *r, uint64_t now, const struct lr_candidates *list,
	const struct lr_nat *nat, bool peer_hidden)
{
	bool same = lr_candidates_same(&r->peer_list, list) && r->peer_hidden == peer_hidden &&
		    memcmp(&r->peer_nat, nat, sizeof(*nat)) == 0;

	r->peer_hidden = peer_hidden;
	r->peer_list = *list;
	r->peer_nat = *nat;
	if (lr_reach_hidden(r)) {
		hide(r, now);
		return;
	}
	set_targets(r, now);
	if (!r->punch.on)
		lr_punch_start(&r->punch, now, true);
	else if (!same)
		lr_punch_anew(&r->punch, now);
	wake(r, now);
}

void lr_reach_relays(struct lr_reach *r, uint64_t now, const struct lr_route *routes, size_t n)
{
	for (int i = 0; i < LR_PATHS; i++) {
		struct lr_path *p = &r->paths.at[i];
		bool listed = false;
		for (size_t k = 0; k < n && !listed; k++)
			listed = lr_route_same(&p->route, &routes[k]);
		if (p->state != LR_PATH_FREE && !lr_path_direct(p) && !listed)
			lr_reach_drop_path(r, p);
	}
	for (size_t k = 0; k < n; k++) {
		struct lr_path *p = lr_reach_add_path(
			r, now, &routes[k], LR_CANDIDATE_RELAY, LR_FOUND_CANDIDATE);
		if (p)
			p->rank = (uint8_t)k;
	}
	if (r->punch.on && !r->punch.direct && !r->call_sent_ns)
		lr_punch_start(&r->punch, now, true);
	lr_reach_choose(r, now);
	wake(r, now);
}

void lr_reach_moved(struct lr_reach *r, uint64_t now)
{
	if (lr_reach_hidden(r)) {
		hide(r, now);
		return;
	}
	for (int i = 0; i < LR_PATHS; i++)
		if (r->paths.at[i].state != LR_PATH_FREE)
			lr_path_suspect(&r->paths.at[i], now);
	set_targets(r, now);
	lr_punch_start(&r->punch, now, true);
	lr_punch_anew(&r->punch, now);
	/* With a live direct path punch asks for no call-me, but the member must hear of this one.
	 */
	r->call_due = true;
	wake(r, now);
}

/* --- probes that came in --- */

struct lr_reach *lr_reach_find(struct lr_reach_host *h, const uint8_t *p, size_t len)
{
	const uint8_t *hint = lr_probe_hint_of(p, len);
	struct lr_reach *r = hint ? lr_hints_find(&h->hints, hint) : NULL;

	if (!r)
		h->drop_unknown++;
	return r;
}

static bool pong_allowed(struct lr_reach *r, uint64_t now)
{
	uint64_t cost = LR_NS_PER_S / PONGS_S;
	uint64_t level = r->pong_level + (now - r->pong_ns);

	r->pong_ns = now;
	r->pong_level = level > LR_NS_PER_S ? LR_NS_PER_S : level;
	if (r->pong_level < cost)
		return false;
	r->pong_level -= cost;
	return true;
}

static int got_ping(struct lr_reach *r, uint64_t now, const struct lr_clocks *clocks,
	const struct lr_route *route, const struct lr_probe *ping)
{
	struct lr_probe pong = {.kind = LR_PROBE_PONG};

	memcpy(pong.id, ping->id, sizeof(pong.id));
	if (route->channel == 0)
		pong.seen = route->to;
	if (pong_allowed(r, now))
		lr_reach_send(r, clocks, route, &pong);
	struct lr_path *p = lr_paths_find(&r->paths, route);
	if (p && p->state == LR_PATH_FAILING)
		lr_path_suspect(p, now);
	else if (!p && route->channel == 0)
		lr_punch_learn(&r->punch, now, route);
	return 0;
}

/* The path in use was measured. */
static void judge(struct lr_reach *r, uint64_t now, const struct lr_path *p)
{
	bool known = lr_quality_known(&r->quality);
	enum lr_grade before = r->quality.grade;
	unsigned score = lr_quality_score(p->rtt_us, p->jitter_us, lr_path_loss_permille(p));

	if (lr_quality_take(&r->quality, now, score) && known && r->host->out.graded)
		r->host->out.graded(r->host->out.ctx, r, before);
}

static int got_pong(
	struct lr_reach *r, uint64_t now, const struct lr_route *route, const struct lr_probe *pong)
{
	struct lr_ping ping;

	if (!lr_pings_take(&r->pings, pong->id, route, &ping)) {
		r->host->drop_pong++;
		return -EALREADY;
	}
	struct lr_path *p = lr_paths_find(&r->paths, route);
	if (!p && route->channel == 0)
		p = lr_reach_found(r, now, route);
	if (pong->seen.sa.sa_family != AF_UNSPEC)
		r->seen = pong->seen;
	if (!p)
		return 0;
	if (ping.purpose == LR_REACH_SIZE)
		lr_pmtu_answered(&p->pmtu, now, ping.size);
	else
		lr_path_pong(p, now, ping.sent_ns);
	lr_reach_choose(r, now);
	if (p == lr_paths_current(&r->paths))
		judge(r, now, p);
	return 0;
}

/* Direct paths to addresses that the member no longer names may be gone. */
static void doubt_paths(struct lr_reach *r, uint64_t now)
{
	for (int i = 0; i < LR_PATHS; i++) {
		struct lr_path *p = &r->paths.at[i];
		bool named = false;
		if (p->state == LR_PATH_FREE || !lr_path_direct(p))
			continue;
		for (int k = 0; k < r->peer_list.n && !named; k++) {
			struct lr_endpoint e = lr_candidate_endpoint(&r->peer_list.at[k]);
			named = lr_endpoint_equal(&e, &p->route.to);
		}
		if (!named)
			lr_path_suspect(p, now);
	}
}

static int got_call(struct lr_reach *r, uint64_t now, const struct lr_probe *call)
{
	if (call->time_ms <= r->call_seen_ms ||
		(r->call_taken_ns && now - r->call_taken_ns < CALL_MS * LR_NS_PER_MS)) {
		r->host->drop_old_call++;
		return -EALREADY;
	}
	const struct lr_candidates before = r->peer_list;
	bool other = memcmp(&r->peer_nat, &call->nat, sizeof(call->nat)) != 0;

	r->call_seen_ms = call->time_ms;
	r->call_taken_ns = now;
	r->peer_nat = call->nat;
	r->peer_list.n = 0;
	for (int i = 0; i < call->list.n; i++) {
		const struct lr_candidate *c = &call->list.at[i];
		if (c->kind < LR_CANDIDATE_PREDICTED)
			lr_candidates_add(&r->peer_list, c);
		else if (c->kind == LR_CANDIDATE_PREDICTED && call->nat.delta &&
			 lr_candidate_usable(c, &r->host->rules))
			lr_punch_ahead(&r->punch, now, c);
	}
	set_targets(r, now);
	doubt_paths(r, now);
	/* Our own may have come before the member knew us: it is answered, once for each that is
	 * taken (the member drops the answer when it took ours). */
	if (!r->punch.direct)
		r->call_sent_ns = 0;
	lr_punch_start(&r->punch, now, true);
	if (!r->punch.direct && (other || !lr_candidates_same(&before, &r->peer_list)))
		lr_punch_anew(&r->punch, now);
	return 0;
}

/* A path through a tunnel would be a VPN in a VPN, or bite its own tail. */
static bool by_tunnel(const struct lr_reach_host *h, const struct lr_route *route)
{
	struct lr_ip ip = lr_endpoint_ip(&route->to);

	return route->channel == 0 && lr_candidate_in_pool(&ip, &h->rules);
}

int lr_reach_receive(struct lr_reach_host *h, uint64_t now, const struct lr_clocks *clocks,
	const struct lr_route *route, const uint8_t *p, size_t len)
{
	struct lr_reach *r = lr_reach_find(h, p, len);
	struct lr_probe probe;
	int rc = -EBADMSG;

	if (!r)
		return -ENOENT;
	if (lr_probe_open(&r->pair, p, len, &probe) < 0) {
		h->drop_bad++;
		return rc;
	}
	/* Its hint is of a day near ours: then ours is near one of its own. */
	bool by_own = lr_hints_by(&r->hints, LR_CLOCK_OWN, lr_probe_hint_of(p, len));
	r->clock = by_own ? LR_CLOCK_OWN : LR_CLOCK_RELAYS;
	if (lr_reach_hidden(r) && (route->channel == 0 || probe.kind == LR_PROBE_CALL)) {
		h->drop_hidden++;
		return -EPERM;
	}
	if (by_tunnel(h, route)) {
		h->drop_pool++;
		return -EADDRNOTAVAIL;
	}
	if (probe.kind == LR_PROBE_PING)
		rc = got_ping(r, now, clocks, route, &probe);
	else if (probe.kind == LR_PROBE_PONG)
		rc = got_pong(r, now, route, &probe);
	else
		rc = got_call(r, now, &probe);
	wake(r, now);
	return rc;
}

/* --- what the node tells --- */

bool lr_reach_stun(struct lr_reach *r, uint64_t now, uint16_t socket, const uint8_t *p, size_t len)
{
	struct lr_stun m;

	if (!r->fresh_socket || socket != r->fresh_socket || lr_stun_parse(p, len, &m) < 0 ||
		m.class != LR_STUN_SUCCESS || !lr_same(m.id, r->fresh_id, sizeof(m.id)) ||
		m.mapped.sa.sa_family != AF_INET)
		return false;
	lr_random(r->fresh_id, sizeof(r->fresh_id)); /* an answer counts once */
	int port = lr_endpoint_port(&m.mapped) + r->host->nat.delta;
	if (port > 0 && port <= UINT16_MAX) {
		r->fresh = lr_candidate_of(LR_CANDIDATE_PREDICTED, &m.mapped);
		r->fresh.port = (uint16_t)port;
		r->fresh_ns = now;
	}
	lr_punch_fresh(&r->punch, now);
	wake(r, now);
	return true;
}

void lr_reach_heard(struct lr_reach *r, uint64_t now, const struct lr_route *route)
{
	if (route->channel || lr_paths_find(&r->paths, route) || lr_reach_hidden(r) ||
		!r->punch.on || by_tunnel(r->host, route))
		return;
	if (r->learn_ns && now - r->learn_ns < LEARN_MS * LR_NS_PER_MS)
		return;
	struct lr_path *current = lr_reach_current(r);
	r->learn_ns = now;
	lr_punch_learn(&r->punch, now, route);
	if (current && lr_path_direct(current))
		lr_path_suspect(current, now);
	wake(r, now);
}

void lr_reach_came(struct lr_reach *r, uint64_t now, const struct lr_route *route, uint32_t session,
	uint64_t counter, bool again)
{
	const struct lr_path *p = lr_paths_find(&r->paths, route);

	if (again && !p)
		return;
	if (!r->copies)
		r->copies = calloc(1, sizeof(*r->copies));
	if (r->copies)
		lr_copies_came(r->copies, now, session, counter, p != lr_reach_current(r), again);
}

void lr_reach_traffic_begins(struct lr_reach *r, uint64_t now)
{
	if (now - r->punch.first_ns > LR_PUNCH_LULL_MS * LR_NS_PER_MS)
		lr_punch_anew(&r->punch, now);
	wake(r, now);
}

void lr_reach_too_big(struct lr_reach *r, uint64_t now, const struct lr_route *route, size_t len)
{
	struct lr_path *p = lr_paths_find(&r->paths, route);

	if (!p)
		return;
	lr_pmtu_too_big(&p->pmtu, now, len);
	lr_reach_choose(r, now);
	wake(r, now);
}

void lr_reach_unreachable(struct lr_reach *r, uint64_t now, const struct lr_route *route)
{
	struct lr_path *p = lr_paths_find(&r->paths, route);

	if (!p)
		return;
	lr_path_fail(p, now);
	lr_reach_choose(r, now);
	wake(r, now);
}

void lr_reach_relay_changed(struct lr_reach *r, uint64_t now, const struct lr_endpoint *relay)
{
	for (int i = 0; i < LR_PATHS; i++) {
		struct lr_path *p = &r->paths.at[i];
		if (p->state == LR_PATH_FREE || lr_path_direct(p) ||
			!lr_endpoint_equal(&p->route.to, relay))
			continue;
		lr_pmtu_init(&p->pmtu, now, lr_route_overhead(&p->route), r->host->link_mtu);
		lr_path_suspect(p, now);
	}
	lr_reach_choose(r, now);
	wake(r, now);
}
