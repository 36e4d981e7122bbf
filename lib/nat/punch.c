/*
 * punch.c - the schedule of opening a direct path to one member
 */
#include <string.h>

#include "lib/nat/punch_inside.h"

#define MS(n)         ((n)*LR_NS_PER_MS)
#define SPACE_MS      20    /* between two pings to one address, whatever causes them */
#define EAGER_MS      60000 /* how long a start begins again from the shortest wait */
#define AHEAD_PASSES  2
#define AHEAD_PASS_MS 300

void lr_punch_init(struct lr_punch *p)
{
	memset(p, 0, sizeof(*p));
	p->call_due_ns = LR_NEVER;
	p->call_wait_ms = LR_PUNCH_CALL_MS;
}

/* --- targets --- */

static struct lr_punch_target *target_at(struct lr_punch *p, const struct lr_route *route)
{
	for (int i = 0; i < p->n; i++) {
		struct lr_route r = lr_punch_route(&p->at[i].c, p->at[i].socket);
		if (lr_route_same(&r, route))
			return &p->at[i];
	}
	return NULL;
}

void lr_punch_set(struct lr_punch *p, uint64_t now, const struct lr_candidates *list,
	const struct lr_nat *own, const struct lr_nat *peer)
{
	struct lr_punch_target at[LR_PUNCH_TARGETS];
	uint8_t n = 0;

	for (int i = 0; i < list->n; i++) {
		struct lr_route r = lr_punch_route(&list->at[i], 0);
		const struct lr_punch_target *known = target_at(p, &r);
		if (list->at[i].kind >= LR_CANDIDATE_PREDICTED)
			continue;
		at[n] = known ? *known : (struct lr_punch_target){.due_ns = now};
		at[n].learned = false;
		at[n++].c = list->at[i];
	}
	for (int i = 0, learned = 0; i < p->n; i++) {
		struct lr_route r = lr_punch_route(&p->at[i].c, p->at[i].socket);
		bool known = false;
		for (int k = 0; k < n && !known; k++) {
			struct lr_route have = lr_punch_route(&at[k].c, at[k].socket);
			known = lr_route_same(&have, &r);
		}
		if (p->at[i].learned && !known && learned++ < LR_PUNCH_LEARNED)
			at[n++] = p->at[i];
	}
	memcpy(p->at, at, n * sizeof(at[0]));
	p->n = n;
	p->own = *own;
	p->peer = *peer;
}

void lr_punch_learn(struct lr_punch *p, uint64_t now, const struct lr_route *route)
{
	struct lr_punch_target *t = target_at(p, route), *oldest = NULL;
	int learned = 0;

	for (int i = 0; i < p->n && !t; i++) {
		if (!p->at[i].learned)
			continue;
		learned++;
		if (!p->at[i].answered && (!oldest || p->at[i].last_ns < oldest->last_ns))
			oldest = &p->at[i];
	}
	if (!t) {
		if (learned < LR_PUNCH_LEARNED)
			t = &p->at[p->n++];
		else if (oldest)
			t = oldest;
		else
			return;
		*t = (struct lr_punch_target){.learned = true, .socket = route->socket};
		t->c = lr_candidate_of(LR_CANDIDATE_REFLEXIVE, &route->to);
		if (t->c.ip.family == 6)
			t->c.kind = LR_CANDIDATE_IPV6;
	}
	uint64_t soonest = t->last_ns + MS(SPACE_MS);
	t->due_ns = t->last_ns && soonest > now ? soonest : now;
	t->tries = 0;
}

void lr_punch_forget(struct lr_punch *p, const struct lr_route *route)
{
	struct lr_punch_target *t = target_at(p, route);

	if (!t)
		return;
	t->answered = false;
	if (t->learned)
		memmove(t, t + 1, (size_t)(&p->at[--p->n] - t) * sizeof(*t));
}

void lr_punch_closed(struct lr_punch *p, uint16_t socket)
{
	for (int i = p->n - 1; i >= 0; i--)
		if (p->at[i].socket == socket) {
			struct lr_route route = lr_punch_route(&p->at[i].c, socket);
			lr_punch_forget(p, &route);
		}
}

const struct lr_punch_target *lr_punch_answered(struct lr_punch *p, const struct lr_route *route)
{
	struct lr_punch_target *t = target_at(p, route);

	if (t)
		t->answered = true;
	return t;
}

/* --- starts --- */

static bool eager(const struct lr_punch *p, uint64_t now)
{
	return now - p->first_ns < MS(EAGER_MS);
}

static void all_due(struct lr_punch *p, uint64_t now, bool anew)
{
	for (int i = 0; i < p->n; i++) {
		struct lr_punch_target *t = &p->at[i];
		uint64_t soonest = t->last_ns + MS(SPACE_MS);
		t->due_ns = t->last_ns && soonest > now ? soonest : now;
		if (anew)
			t->tries = 0;
	}
}

void lr_punch_start(struct lr_punch *p, uint64_t now, bool call)
{
	if (!p->on) {
		p->on = true;
		p->first_ns = now;
		p->search_due_ns = now;
	}
	p->started_ns = now;
	all_due(p, now, eager(p, now));
	lr_punch_search_start(p, now);
	if (call && !p->direct) {
		p->call_due_ns = now;
		p->call_wait_ms = LR_PUNCH_CALL_MS;
	} else if (!eager(p, now) && !p->direct) {
		p->call_due_ns = now + MS((uint64_t)LR_PUNCH_LAST_MS); /* both have just begun */
	}
}

void lr_punch_stop(struct lr_punch *p)
{
	p->on = false;
	p->search = LR_SEARCH_NONE;
	p->call_due_ns = LR_NEVER;
	p->n = 0;
}

void lr_punch_direct(struct lr_punch *p, uint64_t now, bool lives)
{
	if (p->direct == lives)
		return;
	p->direct = lives;
	if (lives) {
		p->search = LR_SEARCH_NONE;
		p->call_due_ns = LR_NEVER;
		p->ahead.kind = LR_CANDIDATE_NONE;
		return;
	}
	for (int i = 0; i < p->n; i++)
		p->at[i].answered = false;
	lr_punch_anew(p, now);
}

void lr_punch_anew(struct lr_punch *p, uint64_t now)
{
	p->first_ns = now;
	p->searches = 0;
	p->search_end_ns = p->search == LR_SEARCH_NONE ? 0 : p->search_end_ns;
	if (p->on)
		lr_punch_start(p, now, true);
}

void lr_punch_fresh(struct lr_punch *p, uint64_t now)
{
	if (p->fresh_asked && p->call_due_ns > now && !p->direct)
		p->call_due_ns = now;
}

void lr_punch_ahead(struct lr_punch *p, uint64_t now, const struct lr_candidate *next)
{
	p->ahead = *next;
	p->ahead_n = 0;
	p->ahead_due_ns = now;
}

/* RFC 1918, RFC 6598, RFC 3927. */
static bool is_private(const struct lr_ip *ip)
{
	return ip->b[0] == 10 || (ip->b[0] == 172 && (ip->b[1] & 0xf0) == 16) ||
	       (ip->b[0] == 192 && ip->b[1] == 168) ||
	       (ip->b[0] == 100 && (ip->b[1] & 0xc0) == 64) || (ip->b[0] == 169 && ip->b[1] == 254);
}

const struct lr_candidate *lr_punch_mark(const struct lr_punch *p)
{
	const struct lr_candidate *mark = NULL;

	for (int i = 0; i < p->n; i++) {
		const struct lr_candidate *c = &p->at[i].c;
		if (c->ip.family != 4 || p->at[i].learned || is_private(&c->ip))
			continue;
		if (!mark || c->kind > mark->kind)
			mark = c;
	}
	return mark;
}

/* --- steps --- */

static bool wants_fresh(const struct lr_punch *p)
{
	return lr_nat_symmetric(&p->own) && p->own.delta &&
	       lr_nat_pairing(&p->own, &p->peer) == LR_PAIR_PREDICT;
}

static bool step_call(struct lr_punch *p, uint64_t now, struct lr_punch_step *step)
{
	if (p->call_due_ns > now || p->direct)
		return false;
	if (wants_fresh(p) && !p->fresh_asked) {
		p->fresh_asked = true;
		p->call_due_ns = now + MS(LR_PUNCH_FRESH_MS);
		step->what = LR_PUNCH_FRESH;
		return true;
	}
	p->fresh_asked = false;
	p->call_due_ns = now + MS((uint64_t)p->call_wait_ms);
	p->call_wait_ms =
		2 * p->call_wait_ms > LR_PUNCH_LAST_MS ? LR_PUNCH_LAST_MS : 2 * p->call_wait_ms;
	if (now - p->started_ns > MS(LR_PUNCH_FIRST_MS)) /* the member will open now: so do we */
		all_due(p, now, eager(p, now));
	step->what = LR_PUNCH_CALL;
	return true;
}

static bool step_ahead(
	struct lr_punch *p, struct lr_budget *b, uint64_t now, struct lr_punch_step *step)
{
	if (p->ahead.kind == LR_CANDIDATE_NONE || p->direct || p->ahead_due_ns > now)
		return false;
	if (p->ahead_n == AHEAD_PASSES * LR_PUNCH_AHEAD) {
		p->ahead.kind = LR_CANDIDATE_NONE;
		return false;
	}
	if (!lr_budget_take(b, now, false))
		return false;
	struct lr_candidate c = p->ahead;
	c.port = (uint16_t)(c.port + p->peer.delta * (p->ahead_n % LR_PUNCH_AHEAD));
	if (++p->ahead_n % LR_PUNCH_AHEAD == 0)
		p->ahead_due_ns = now + MS(AHEAD_PASS_MS);
	step->what = LR_PUNCH_SPRAY;
	step->route = lr_punch_route(&c, 0);
	return c.port != 0;
}

static bool step_target(
	struct lr_punch *p, struct lr_budget *b, uint64_t now, struct lr_punch_step *step)
{
	for (int i = 0; i < p->n; i++) {
		struct lr_punch_target *t = &p->at[i];
		if (t->answered || t->due_ns > now)
			continue;
		if (!lr_budget_take(b, now, false))
			return false;
		uint64_t wait =
			t->tries < 10 ? (uint64_t)LR_PUNCH_FIRST_MS << t->tries : LR_PUNCH_LAST_MS;
		t->due_ns = now + MS(wait > LR_PUNCH_LAST_MS ? LR_PUNCH_LAST_MS : wait);
		t->last_ns = now ? now : 1;
		if (t->tries < UINT8_MAX)
			t->tries++;
		step->what = LR_PUNCH_PING;
		step->route = lr_punch_route(&t->c, t->socket);
		return true;
	}
	return false;
}

/* --- all of it --- */

enum lr_punch_what lr_punch_next(
	struct lr_punch *p, struct lr_budget *b, uint64_t now, struct lr_punch_step *step)
{
	memset(step, 0, sizeof(*step));
	if (lr_punch_search_over(p, b, now, step))
		return step->what;
	if (p->on && (step_call(p, now, step) || step_ahead(p, b, now, step) ||
			     step_target(p, b, now, step) || lr_punch_search_step(p, b, now, step)))
		return step->what;
	return LR_PUNCH_NOTHING;
}

/* --- when --- */

uint64_t lr_punch_due(const struct lr_punch *p, const struct lr_budget *b, uint64_t now)
{
	uint64_t due = LR_NEVER, token = lr_budget_due(b, now, false);

	if (p->counted != p->search)
		return now;
	if (!p->on)
		return LR_NEVER;
	if (!p->direct)
		due = p->call_due_ns;
	if (p->ahead.kind != LR_CANDIDATE_NONE && !p->direct)
		due = lr_punch_sooner(due, lr_punch_later(p->ahead_due_ns, token));
	for (int i = 0; i < p->n; i++)
		if (!p->at[i].answered)
			due = lr_punch_sooner(due, lr_punch_later(p->at[i].due_ns, token));
	return lr_punch_sooner(due, lr_punch_search_due(p, b, now));
}
