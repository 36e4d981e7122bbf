/*
 * punch_search.c - the search with many sockets or over many ports (punch.h, BIRTHDAY)
 *
 * A search is on while `search` says so; lr_punch_search_over() finds out that it no longer is,
 * whoever ended it, takes it out of the budget and says when the next one comes.
 */
#include "lib/crypto/crypto.h"
#include "lib/nat/punch_inside.h"

#define MS(n)      ((n)*LR_NS_PER_MS)
#define REST_MS    4000ull /* between two searches, whatever the other end says */
#define LAST_MS    1000ull /* for the answer to the last port */
#define LATE_MS    100ull  /* what a late wake-up may catch up */
#define PORT_LEAST 1024
#define PORTS      64512u /* = 2^10 * 3^2 * 7 */

void lr_punch_search_start(struct lr_punch *p, uint64_t now)
{
	uint64_t soonest = p->search_end_ns ? p->search_end_ns + MS(REST_MS) : 0;

	if (p->search == LR_SEARCH_SOCKETS)
		p->search_end_ns = now + MS((uint64_t)LR_PUNCH_SEARCH_MS);
	else if (p->search == LR_SEARCH_NONE && p->search_due_ns > now)
		p->search_due_ns = lr_punch_later(now, soonest);
}

/* The routers' behaviours ask for one, and nothing stands against it. */
static bool searchable(const struct lr_punch *p, const struct lr_budget *b)
{
	enum lr_pairing pair = lr_nat_pairing(&p->own, &p->peer);

	return p->on && !p->direct && (pair == LR_PAIR_BIRTHDAY || pair == LR_PAIR_PREDICT) &&
	       lr_punch_mark(p) && (b->sockets || !lr_nat_symmetric(&p->own));
}

static uint64_t begins_ns(const struct lr_punch *p)
{
	bool predict = lr_nat_pairing(&p->own, &p->peer) == LR_PAIR_PREDICT;

	return lr_punch_later(
		p->search_due_ns, predict ? p->first_ns + MS(LR_PUNCH_PREDICT_MS) : 0);
}

static uint32_t cycle_step(void)
{
	uint32_t s;

	do
		s = 1 + lr_random_below(PORTS - 1);
	while (s % 2 == 0 || s % 3 == 0 || s % 7 == 0);
	return s;
}

static void begin(struct lr_punch *p, struct lr_budget *b, uint64_t now)
{
	bool sockets = lr_nat_symmetric(&p->own);

	p->search = p->counted = sockets ? LR_SEARCH_SOCKETS : LR_SEARCH_PORTS;
	b->searches++;
	b->socket_searches += sockets;
	p->search_end_ns = now + MS((uint64_t)LR_PUNCH_SEARCH_MS);
	if (p->searches && p->call_due_ns > now) {
		p->call_due_ns = now; /* so that the other end searches now, too */
		p->fresh_asked = true;
	}
	p->searches += p->searches < UINT8_MAX;
	p->mark = *lr_punch_mark(p);
	p->full = false;
	p->sent = 0;
	p->pass_at = 0;
	p->pass_ns = now + MS((uint64_t)LR_PUNCH_PASS_MS);
	p->apart_ns = now;
	if (p->cycle_step)
		return;
	p->cycle_at = lr_random_below(PORTS);
	p->cycle_step = cycle_step();
}

/* What was learned on sockets that are about to be closed. */
static void forget_sockets(struct lr_punch *p)
{
	for (int i = p->n - 1; i >= 0; i--) {
		struct lr_route route = lr_punch_route(&p->at[i].c, p->at[i].socket);
		if (route.socket && !p->at[i].answered)
			lr_punch_forget(p, &route);
	}
}

/* Out of the budget; when the next one begins. */
static void wind_up(struct lr_punch *p, struct lr_budget *b, uint64_t now)
{
	static const uint8_t again_s[] = {5, 10, 20, 60};
	unsigned n = p->searches ? p->searches - 1u : 0;

	b->searches--;
	b->socket_searches -= p->counted == LR_SEARCH_SOCKETS;
	p->counted = LR_SEARCH_NONE;
	p->search_end_ns = now;
	p->search_due_ns = now + again_s[n < 3 ? n : 3] * LR_NS_PER_S;
	if (!b->socket_searches)
		forget_sockets(p);
}

bool lr_punch_search_over(
	struct lr_punch *p, struct lr_budget *b, uint64_t now, struct lr_punch_step *step)
{
	if (p->search != LR_SEARCH_NONE && (p->search_end_ns <= now || !searchable(p, b)))
		p->search = LR_SEARCH_NONE;
	if (p->search != LR_SEARCH_NONE)
		return false;
	if (p->counted != LR_SEARCH_NONE)
		wind_up(p, b, now);
	step->route.socket = lr_budget_spare(b);
	if (step->route.socket)
		step->what = LR_PUNCH_CLOSE;
	return step->route.socket != 0;
}

/* A packet of this search may go now: its part of the rate, and the budget. */
static bool take(struct lr_punch *p, struct lr_budget *b, uint64_t now)
{
	if (p->apart_ns > now || !lr_budget_take(b, now, true))
		return false;
	if (p->apart_ns + MS(LATE_MS) < now)
		p->apart_ns = now - MS(LATE_MS);
	p->apart_ns += lr_budget_apart_ns(b);
	return true;
}

static bool more_sockets(const struct lr_punch *p, const struct lr_budget *b)
{
	return !p->full && lr_budget_room(b);
}

static bool step_sockets(
	struct lr_punch *p, struct lr_budget *b, uint64_t now, struct lr_punch_step *step)
{
	bool all = !more_sockets(p, b);

	if (p->pass_at >= b->open && all && p->pass_ns <= now) {
		p->pass_at = 0;
		p->pass_ns = now + MS((uint64_t)LR_PUNCH_PASS_MS);
	}
	while (p->pass_at < b->open && b->at[p->pass_at].users)
		p->pass_at++; /* somebody's path */
	if (p->pass_at < b->open) {
		if (!take(p, b, now))
			return false;
		step->what = LR_PUNCH_SPRAY;
		step->route = lr_punch_route(&p->mark, b->at[p->pass_at++].number);
		return true;
	}
	if (all || p->apart_ns > now || lr_budget_due(b, now, true) > now)
		return false;
	step->what = LR_PUNCH_OPEN;
	return true;
}

void lr_punch_opened(struct lr_punch *p, struct lr_budget *b, uint16_t socket)
{
	if (socket == 0)
		p->full = true;
	else
		lr_budget_opened(b, socket, 0);
}

static bool step_ports(
	struct lr_punch *p, struct lr_budget *b, uint64_t now, struct lr_punch_step *step)
{
	if (p->sent == LR_BUDGET_PORTS || !take(p, b, now))
		return false;
	struct lr_candidate c = p->mark;
	c.port = (uint16_t)(PORT_LEAST + p->cycle_at);
	p->cycle_at = (p->cycle_at + p->cycle_step) % PORTS;
	if (++p->sent == LR_BUDGET_PORTS)
		p->search_end_ns = now + MS(LAST_MS);
	step->what = LR_PUNCH_SPRAY;
	step->route = lr_punch_route(&c, 0);
	return true;
}

bool lr_punch_search_step(
	struct lr_punch *p, struct lr_budget *b, uint64_t now, struct lr_punch_step *step)
{
	if (p->search == LR_SEARCH_NONE && searchable(p, b) && begins_ns(p) <= now)
		begin(p, b, now);
	return p->search == LR_SEARCH_SOCKETS ? step_sockets(p, b, now, step)
	       : p->search == LR_SEARCH_PORTS ? step_ports(p, b, now, step)
					      : false;
}

uint64_t lr_punch_search_due(const struct lr_punch *p, const struct lr_budget *b, uint64_t now)
{
	uint64_t packet = lr_punch_later(p->apart_ns, lr_budget_due(b, now, true));

	if (p->search == LR_SEARCH_NONE)
		return searchable(p, b) ? begins_ns(p) : LR_NEVER;
	if (p->search == LR_SEARCH_PORTS && p->sent == LR_BUDGET_PORTS)
		return p->search_end_ns;
	if (p->search == LR_SEARCH_SOCKETS && p->pass_at >= b->open && !more_sockets(p, b))
		packet = lr_punch_later(packet, p->pass_ns);
	return lr_punch_sooner(packet, p->search_end_ns);
}
