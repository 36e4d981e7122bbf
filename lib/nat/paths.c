/*
 * paths.c - the paths to one member, and which of them is used
 */
#include "lib/nat/paths.h"

#define MS(n)   ((n)*LR_NS_PER_MS)
#define RANK_US 1000000 /* a relay that is not the agreed one is for when that fails */

void lr_paths_init(struct lr_paths *s)
{
	*s = (struct lr_paths){.current = -1, .better = -1};
}

struct lr_path *lr_paths_find(struct lr_paths *s, const struct lr_route *route)
{
	for (int i = 0; i < LR_PATHS; i++)
		if (s->at[i].state != LR_PATH_FREE && lr_route_same(&s->at[i].route, route))
			return &s->at[i];
	return NULL;
}

/* How few others it goes through: relays and routers. */
static int nearness(const struct lr_path *p)
{
	return !lr_path_direct(p) ? 0 : p->lan ? 2 : 1;
}

/* What a path costs beside delay and loss. */
static uint64_t extra(const struct lr_path *p)
{
	uint64_t us = p->lan ? 0 : LR_PATHS_LAN_US;

	return lr_path_direct(p) ? us : us + LR_PATHS_DIRECT_US + (uint64_t)p->rank * RANK_US;
}

static uint64_t cost(const struct lr_path *p)
{
	return lr_path_score(p) + extra(p);
}

static bool worse(const struct lr_path *a, const struct lr_path *b)
{
	if (lr_path_usable(a) != lr_path_usable(b))
		return !lr_path_usable(a);
	return cost(a) > cost(b);
}

struct lr_path *lr_paths_victim(struct lr_paths *s)
{
	struct lr_path *worst = NULL;

	for (int i = 0; i < LR_PATHS; i++) {
		struct lr_path *p = &s->at[i];
		if (p->state == LR_PATH_FREE || i == s->current || !lr_path_direct(p))
			continue;
		if (!worst || worse(p, worst))
			worst = p;
	}
	return worst;
}

struct lr_path *lr_paths_add(struct lr_paths *s, uint64_t now, const struct lr_route *route,
	enum lr_candidate_kind kind, enum lr_path_found found, unsigned link_mtu)
{
	struct lr_path *p = lr_paths_find(s, route);

	if (p)
		return p;
	for (int i = 0; i < LR_PATHS; i++)
		if (s->at[i].state == LR_PATH_FREE) {
			lr_path_init(&s->at[i], now, route, kind, found, link_mtu);
			return &s->at[i];
		}
	return NULL;
}

void lr_paths_remove(struct lr_paths *s, struct lr_path *p)
{
	int i = (int)(p - s->at);

	p->state = LR_PATH_FREE;
	if (s->current == i)
		s->current = -1;
	if (s->better == i)
		s->better = -1;
}

bool lr_paths_cheaper(const struct lr_path *a, const struct lr_path *b)
{
	return cost(a) < cost(b);
}

/* The usable path of least cost; those that failed lately only when there is no other. -1: none.
 */
static int best_of(const struct lr_paths *s, uint64_t now)
{
	int best = -1;

	for (int i = 0; i < LR_PATHS; i++) {
		const struct lr_path *p = &s->at[i], *b = best < 0 ? NULL : &s->at[best];
		if (!lr_path_usable(p))
			continue;
		bool held = p->hold_ns > now, b_held = b && b->hold_ns > now;
		if (!b || (b_held && !held) || (b_held == held && cost(p) < cost(b)))
			best = i;
	}
	return best;
}

static bool take(struct lr_paths *s, uint64_t now, int i)
{
	struct lr_path *old = lr_paths_current(s);

	if (old && old->state == LR_PATH_FAILING && lr_path_direct(old))
		s->direct_lost_ns = now;
	if (old && lr_path_usable(old)) {
		old->left = true;
		if (lr_path_direct(old) && old->hold_ns < now + MS(LR_PATHS_REST_MS))
			old->hold_ns = now + MS(LR_PATHS_REST_MS);
	}
	/* What ran on the old path runs on the new one: it is watched as closely from now on. */
	uint64_t traffic = old ? old->traffic_ns : 0;
	s->current = (int8_t)i;
	s->better = -1;
	s->switched_ns = now;
	s->switches++;
	if (traffic > s->at[i].traffic_ns)
		s->at[i].traffic_ns = traffic;
	if (s->at[i].ping_due_ns > now + MS(LR_PATH_QUICK_MS))
		s->at[i].ping_due_ns = now + MS(LR_PATH_QUICK_MS);
	return true;
}

/* Whether `b` is better than the path in use by so much that waiting decides. */
static bool clearly(const struct lr_path *current, const struct lr_path *b)
{
	uint64_t have = lr_path_delay_us(current) + extra(current) + lr_path_excess_us(current, b);
	uint64_t would = lr_path_delay_us(b) + extra(b) + lr_path_excess_us(b, current);

	return would + LR_PATHS_MARGIN_US < have && would + have / 8 < have;
}

bool lr_paths_choose(struct lr_paths *s, uint64_t now)
{
	struct lr_path *cur = lr_paths_current(s);
	int best = best_of(s, now);

	if (best < 0 || best == s->current) {
		s->better = -1;
		return false;
	}
	if (!cur || !lr_path_usable(cur))
		return take(s, now, best);
	const struct lr_path *b = &s->at[best];
	if (b->hold_ns > now)
		return false;
	bool home = nearness(b) > nearness(cur);
	if (home && !b->left)
		return take(s, now, best);
	if (!home && !clearly(cur, b)) {
		s->better = -1;
		return false;
	}
	if (s->better != best) {
		s->better = (int8_t)best;
		s->better_ns = now;
		return false;
	}
	return now - s->better_ns >= MS(LR_PATHS_HOLD_MS) ? take(s, now, best) : false;
}

struct lr_path *lr_paths_relay(struct lr_paths *s)
{
	for (int i = 0; i < LR_PATHS; i++)
		if (s->at[i].state != LR_PATH_FREE && !lr_path_direct(&s->at[i]) && !s->at[i].rank)
			return &s->at[i];
	return NULL;
}

bool lr_paths_has_direct(const struct lr_paths *s)
{
	for (int i = 0; i < LR_PATHS; i++)
		if (s->at[i].state == LR_PATH_ALIVE && lr_path_direct(&s->at[i]))
			return true;
	return false;
}
