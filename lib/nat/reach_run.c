/*
 * reach_run.c - reaching a member: what goes out, and when
 */
#include <string.h>

#include "lib/nat/reach_inside.h"

#define MS(n)        ((n)*LR_NS_PER_MS)
#define FORGET_S     300      /* a direct path that failed is forgotten after this */
#define FRESH_MS     10000ull /* how long the socket of a fresh mapping is kept */
#define PREDICTED_MS 2000     /* a fresh mapping tells the next port for this long */

void lr_reach_send(struct lr_reach *r, const struct lr_clocks *clocks, const struct lr_route *route,
	const struct lr_probe *probe)
{
	uint8_t bytes[LR_PROBE_MAX];
	struct lr_reach_out *out = &r->host->out;
	size_t len =
		lr_probe_build(&r->pair, clocks->unix_ns[r->clock], probe, bytes, sizeof(bytes));

	if (len)
		out->send(out->ctx, route, bytes, len, probe->size > LR_PROBE_MIN);
}

static const struct lr_ping *ping(struct lr_reach *r, uint64_t now, const struct lr_clocks *clocks,
	const struct lr_route *route, size_t size, uint8_t purpose)
{
	const struct lr_ping *sent = lr_pings_add(&r->pings, now, route, size, purpose);
	struct lr_probe probe = {.kind = LR_PROBE_PING, .size = size};

	memcpy(probe.id, sent->id, sizeof(probe.id));
	lr_reach_send(r, clocks, route, &probe);
	return sent;
}

/* --- paths --- */

uint16_t lr_reach_packet(struct lr_reach *r)
{
	const struct lr_path *p = lr_reach_current(r);
	const struct lr_path *second = r->host->both ? lr_redundant_second(&r->paths) : NULL;
	uint16_t size = p ? lr_path_packet(p) : 0;

	return second && lr_path_packet(second) < size ? lr_path_packet(second) : size;
}

void lr_reach_choose(struct lr_reach *r, uint64_t now)
{
	bool changed = lr_paths_choose(&r->paths, now);
	uint16_t size = lr_reach_packet(r);

	lr_punch_direct(&r->punch, now, lr_paths_has_direct(&r->paths));
	if (!changed && size == r->told_size)
		return;
	r->told_size = size;
	if (r->host->out.changed)
		r->host->out.changed(r->host->out.ctx, r);
}

static enum lr_path_found how(const struct lr_reach *r, const struct lr_punch_target *t)
{
	if (t && !t->learned)
		return LR_FOUND_CANDIDATE;
	switch (lr_nat_pairing(&r->host->nat, &r->peer_nat)) {
	case LR_PAIR_PREDICT:
		return r->punch.searches ? LR_FOUND_BIRTHDAY : LR_FOUND_PREDICTED;
	case LR_PAIR_BIRTHDAY:
		return LR_FOUND_BIRTHDAY;
	default:
		return LR_FOUND_LEARNED;
	}
}

struct lr_path *lr_reach_add_path(struct lr_reach *r, uint64_t now, const struct lr_route *route,
	enum lr_candidate_kind kind, enum lr_path_found found)
{
	unsigned mtu = r->host->link_mtu;
	struct lr_path *p = lr_paths_add(&r->paths, now, route, kind, found, mtu);
	struct lr_path *victim = p ? NULL : lr_paths_victim(&r->paths);

	if (victim) {
		lr_reach_drop_path(r, victim);
		p = lr_paths_add(&r->paths, now, route, kind, found, mtu);
	}
	if (p && lr_path_direct(p)) {
		struct lr_ip ip = lr_endpoint_ip(&route->to);
		p->lan = lr_candidate_on_lan(&ip, &r->host->rules);
	}
	return p;
}

struct lr_path *lr_reach_found(struct lr_reach *r, uint64_t now, const struct lr_route *route)
{
	const struct lr_punch_target *t = lr_punch_answered(&r->punch, route);
	enum lr_candidate_kind kind = t ? t->c.kind : LR_CANDIDATE_REFLEXIVE;
	struct lr_path *p = lr_reach_add_path(r, now, route, kind, how(r, t));

	if (p && route->socket && route->socket == r->fresh_socket)
		r->fresh_socket = 0; /* it is the path's from now on */
	else if (p && route->socket)
		lr_budget_use(&r->host->budget, route->socket);
	return p;
}

void lr_reach_drop_path(struct lr_reach *r, struct lr_path *p)
{
	struct lr_route route = p->route;

	lr_paths_remove(&r->paths, p);
	lr_punch_forget(&r->punch, &route);
	lr_reach_close(r, route.socket);
}

static enum lr_path_role role_of(struct lr_reach *r, const struct lr_path *p, uint64_t now)
{
	const struct lr_path *current = lr_reach_current(r);
	bool busy = current && lr_path_busy(current, now);

	if (p == current)
		return busy ? LR_PATH_BUSY : LR_PATH_IDLE;
	if (lr_path_usable(p) && lr_path_busy(p, now))
		return LR_PATH_BUSY; /* copies go over it */
	if (busy && lr_path_score(current) > lr_path_delay_us(current))
		return LR_PATH_TRIAL;
	/* While the relay carries, a direct path is watched as if it were wanted: it is. */
	bool wanted = busy || (lr_path_direct(p) && current && !lr_path_direct(current));
	return wanted ? LR_PATH_SPARE : LR_PATH_REST;
}

static void run_path(
	struct lr_reach *r, struct lr_path *p, uint64_t now, const struct lr_clocks *clocks)
{
	lr_path_tick(p, now);
	if (p->state == LR_PATH_FAILING && lr_path_direct(p) && p != lr_reach_current(r) &&
		now - p->failed_ns > FORGET_S * LR_NS_PER_S) {
		lr_reach_drop_path(r, p);
		return;
	}
	if (lr_path_ping_due(p, now)) {
		uint64_t sent =
			ping(r, now, clocks, &p->route, LR_PROBE_MIN, LR_REACH_MEASURE)->sent_ns;
		lr_path_pinged(p, sent, role_of(r, p, now));
	}
	if (p->state != LR_PATH_ALIVE || p->missed)
		return;
	size_t size = lr_pmtu_next(&p->pmtu, now, lr_path_rto_ns(p));
	if (size)
		ping(r, now, clocks, &p->route, size, LR_REACH_SIZE);
}

static uint64_t path_due(const struct lr_path *p)
{
	uint64_t due = lr_path_due(p);

	if (p->state == LR_PATH_ALIVE && !p->missed && lr_pmtu_due(&p->pmtu) < due)
		due = lr_pmtu_due(&p->pmtu);
	return due;
}

/* --- punching --- */

static void send_call(struct lr_reach *r, uint64_t now, const struct lr_clocks *clocks)
{
	struct lr_reach_host *h = r->host;
	struct lr_probe call = {.kind = LR_PROBE_CALL, .nat = h->nat, .list = h->own};
	uint64_t ms = clocks->unix_ns[LR_CLOCK_RELAYS] / LR_NS_PER_MS;

	h->call_ms = ms > h->call_ms ? ms : h->call_ms + 1;
	call.time_ms = h->call_ms;
	if (r->fresh_ns && now - r->fresh_ns < MS(PREDICTED_MS))
		lr_candidates_add(&call.list, &r->fresh);
	for (int i = 0; i < LR_PATHS; i++) {
		const struct lr_path *p = &r->paths.at[i];
		if (p->state == LR_PATH_FREE || lr_path_direct(p) || p->rank)
			continue;
		lr_reach_send(r, clocks, &p->route, &call);
		r->call_sent_ns = now;
		r->call_due = false;
	}
}

/* A STUN request from a new socket, and right behind it a probe from the same to the member: the
 * router gives that the next port. */
static void ask_fresh(struct lr_reach *r, uint64_t now)
{
	struct lr_reach_host *h = r->host;
	uint8_t request[LR_STUN_REQUEST_LEN];
	int socket = -1;

	lr_reach_close(r, r->fresh_socket);
	r->fresh_socket = 0;
	if (h->out.open && h->stun.sa.sa_family == AF_INET && lr_budget_room(&h->budget))
		socket = h->out.open(h->out.ctx);
	if (socket <= 0) {
		lr_punch_fresh(&r->punch, now);
		return;
	}
	lr_budget_opened(&h->budget, (uint16_t)socket, 1);
	r->fresh_socket = (uint16_t)socket;
	r->fresh_open_ns = now;
	lr_random(r->fresh_id, sizeof(r->fresh_id));
	lr_stun_request(request, r->fresh_id, 0);
	struct lr_route route = {.to = h->stun, .socket = r->fresh_socket};
	h->out.send(h->out.ctx, &route, request, sizeof(request), false);
	const struct lr_candidate *mark = lr_punch_mark(&r->punch);
	if (!mark)
		return;
	route.to = lr_candidate_endpoint(mark);
	lr_punch_learn(&r->punch, now, &route);
}

static void spray(struct lr_reach *r, const struct lr_clocks *clocks, const struct lr_route *route)
{
	struct lr_probe probe = {.kind = LR_PROBE_PING};

	lr_random(probe.id, sizeof(probe.id));
	lr_reach_send(r, clocks, route, &probe);
}

static void open_one(struct lr_reach *r)
{
	struct lr_reach_host *h = r->host;
	int socket = h->out.open ? h->out.open(h->out.ctx) : -1;

	lr_punch_opened(&r->punch, &h->budget, socket > 0 ? (uint16_t)socket : 0);
}

static void run_punch(struct lr_reach *r, uint64_t now, const struct lr_clocks *clocks)
{
	struct lr_reach_host *h = r->host;
	struct lr_punch_step step;

	while (lr_punch_next(&r->punch, &h->budget, now, &step) != LR_PUNCH_NOTHING)
		switch (step.what) {
		case LR_PUNCH_PING:
			ping(r, now, clocks, &step.route, LR_PROBE_MIN, LR_REACH_OPENING);
			break;
		case LR_PUNCH_SPRAY:
			spray(r, clocks, &step.route);
			break;
		case LR_PUNCH_CALL:
			r->call_due = true;
			break;
		case LR_PUNCH_FRESH:
			ask_fresh(r, now);
			break;
		case LR_PUNCH_OPEN:
			open_one(r);
			break;
		case LR_PUNCH_CLOSE:
			lr_punch_closed(&r->punch, step.route.socket);
			h->out.close(h->out.ctx, step.route.socket);
			break;
		}
}

static uint64_t call_at(const struct lr_reach *r)
{
	return r->call_sent_ns ? r->call_sent_ns + MS((uint64_t)LR_PUNCH_CALL_MS) : 0;
}

/* The fresh socket is kept while it may still meet something. */
static void close_fresh(struct lr_reach *r, uint64_t now)
{
	if (!r->fresh_socket || (!r->punch.direct && now - r->fresh_open_ns < MS(FRESH_MS)))
		return;
	lr_reach_close(r, r->fresh_socket);
	r->fresh_socket = 0;
}

uint64_t lr_reach_run(struct lr_reach *r, uint64_t now, const struct lr_clocks *clocks)
{
	uint64_t due;

	lr_hints_set(&r->host->hints, &r->hints, &r->pair, clocks, r);
	for (int i = 0; i < LR_PATHS; i++)
		if (r->paths.at[i].state != LR_PATH_FREE)
			run_path(r, &r->paths.at[i], now, clocks);
	lr_reach_choose(r, now);
	run_punch(r, now, clocks);
	if (r->call_due && call_at(r) <= now)
		send_call(r, now, clocks);
	close_fresh(r, now);
	due = lr_punch_due(&r->punch, &r->host->budget, now);
	if (r->call_due && lr_paths_relay(&r->paths) && call_at(r) < due)
		due = call_at(r);
	for (int i = 0; i < LR_PATHS; i++) {
		uint64_t at = path_due(&r->paths.at[i]);
		due = at < due ? at : due;
	}
	if (r->paths.better >= 0 && r->paths.better_ns + MS((uint64_t)LR_PATHS_HOLD_MS) < due)
		due = r->paths.better_ns + MS((uint64_t)LR_PATHS_HOLD_MS);
	r->due_ns = due > now ? due : now + LR_NS_PER_MS;
	return r->due_ns;
}
