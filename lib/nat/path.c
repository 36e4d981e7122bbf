/*
 * path.c - one path to a member: measured by pings, alive or failing
 */
#include "lib/nat/path.h"

#include <string.h>

#define MS(n)          ((n)*LR_NS_PER_MS)
#define RTO_LEAST_MS   200
#define RTO_MOST_MS    400
#define QUICK_MS       500   /* a suspected path is pinged quickly this long */
#define REPENT_MS      5000  /* not chosen again before, after the first failure */
#define REPENT_MOST_MS 60000 /* nor after many */
#define FORGIVE_MS     120000
#define RETRY_RELAY_MS 2000 /* a failing path is pinged at most this seldom */
#define RETRY_MS       15000
#define LOSS_FREE      5 /* per mille that cost nothing */
#define LOSS_US        500
#define SELDOM_MS      1000

void lr_path_init(struct lr_path *p, uint64_t now, const struct lr_route *route,
	enum lr_candidate_kind kind, enum lr_path_found found, unsigned link_mtu)
{
	*p = (struct lr_path){.route = *route,
		.kind = (uint8_t)kind,
		.state = LR_PATH_UNTRIED,
		.found = (uint8_t)found,
		.since_ns = now,
		.ping_due_ns = now};
	lr_pmtu_init(&p->pmtu, now, lr_route_overhead(route), link_mtu);
}

uint64_t lr_path_rto_ns(const struct lr_path *p)
{
	uint64_t us = (uint64_t)p->rtt_us + 4 * (uint64_t)p->var_us;

	if (p->rtt_us == 0 || us > RTO_MOST_MS * 1000)
		us = RTO_MOST_MS * 1000;
	if (us < RTO_LEAST_MS * 1000)
		us = RTO_LEAST_MS * 1000;
	if (us < p->rtt_us + p->rtt_us / 4)
		us = p->rtt_us + p->rtt_us / 4;
	return us * LR_NS_PER_US;
}

static uint64_t retry_ns(const struct lr_path *p, uint64_t now)
{
	uint64_t most = MS(p->route.channel ? RETRY_RELAY_MS : RETRY_MS);
	uint64_t wait = (now - p->failed_ns) / 4;

	if (p->good)
		return MS(LR_PATH_QUICK_MS);
	return wait < MS(LR_PATH_BUSY_MS) ? MS(LR_PATH_BUSY_MS) : wait > most ? most : wait;
}

void lr_path_pinged(struct lr_path *p, uint64_t now, enum lr_path_role role)
{
	static const uint32_t waits[] = {LR_PATH_REST_MS, LR_PATH_SPARE_MS, LR_PATH_TRIAL_MS,
		LR_PATH_IDLE_MS, LR_PATH_BUSY_MS};
	int oldest = 0;

	for (int i = 0; i < LR_PATH_OUT; i++)
		if (p->out[i] < p->out[oldest])
			oldest = i;
	p->out[oldest] = now ? now : 1;
	if (p->state == LR_PATH_FAILING)
		p->ping_due_ns = now + retry_ns(p, now);
	else if (p->missed || now < p->quick_ns)
		p->ping_due_ns = now + MS(LR_PATH_QUICK_MS);
	else if (p->state == LR_PATH_UNTRIED && role < LR_PATH_BUSY)
		p->ping_due_ns = now + MS(LR_PATH_BUSY_MS);
	else
		p->ping_due_ns = now + MS(waits[role]);
}

static void note(struct lr_path *p, bool missed)
{
	p->window[1] = p->window[1] << 1 | p->window[0] >> 63;
	p->window[0] = p->window[0] << 1 | missed;
	if (p->n_window < LR_PATH_WINDOW)
		p->n_window++;
}

static uint32_t apart(uint32_t a, uint32_t b)
{
	return a > b ? a - b : b - a;
}

/* RFC 6298, section 2, and RFC 3550, section 6.4.1; the sample of a path that is pinged seldom
 * weighs four times as much, or a path that has become better would be known so a minute later. */
static void sample(struct lr_path *p, uint32_t us, bool seldom)
{
	uint32_t share = seldom ? 2 : 8;

	if (us == 0)
		us = 1;
	if (p->rtt_us == 0) {
		p->rtt_us = us;
		p->var_us = us / 2;
		p->least_us = us;
	} else {
		p->var_us = p->var_us - p->var_us / 4 + apart(p->rtt_us, us) / 4;
		p->rtt_us = p->rtt_us - p->rtt_us / share + us / share;
		p->jitter_us = p->jitter_us - p->jitter_us / (2 * share) +
			       apart(p->last_us, us) / (2 * share);
	}
	p->last_us = us;
	if (us < p->least_us)
		p->least_us = us;
}

bool lr_path_pong(struct lr_path *p, uint64_t now, uint64_t sent_ns)
{
	if (now - sent_ns > MS(LR_PATH_STALE_MS))
		return false;
	for (int i = 0; i < LR_PATH_OUT; i++)
		if (p->out[i] == sent_ns) {
			p->out[i] = 0;
			note(p, false);
			break;
		}
	uint64_t us = (now - sent_ns) / LR_NS_PER_US;
	sample(p, us > UINT32_MAX ? UINT32_MAX : (uint32_t)us, now - p->pong_ns > MS(SELDOM_MS));
	p->pong_ns = now;
	p->missed = 0;
	if (p->state == LR_PATH_ALIVE)
		return false;
	if (p->state == LR_PATH_FAILING && ++p->good < 2) {
		p->ping_due_ns = now;
		return false;
	}
	/* What it lost while it was dead says nothing about it now; hold_ns is what damps. */
	p->window[0] = p->window[1] = 0;
	p->n_window = 0;
	p->left = false;
	p->state = LR_PATH_ALIVE;
	p->good = 0;
	return true;
}

void lr_path_fail(struct lr_path *p, uint64_t now)
{
	uint64_t hold = REPENT_MS;

	if (p->state == LR_PATH_FAILING)
		return;
	if (p->failed_ns && now - p->failed_ns > MS(FORGIVE_MS))
		p->failures = 0;
	for (int i = 0; i < p->failures && hold < REPENT_MOST_MS; i++)
		hold *= 2;
	if (p->failures < UINT8_MAX)
		p->failures++;
	p->hold_ns = now + MS(hold < REPENT_MOST_MS ? hold : REPENT_MOST_MS);
	p->state = LR_PATH_FAILING;
	p->good = 0;
	p->failed_ns = now;
	p->ping_due_ns = now + MS(LR_PATH_BUSY_MS);
}

bool lr_path_tick(struct lr_path *p, uint64_t now)
{
	uint64_t rto = lr_path_rto_ns(p);

	for (int i = 0; i < LR_PATH_OUT; i++) {
		if (!p->out[i] || p->out[i] + rto > now)
			continue;
		p->out[i] = 0;
		note(p, true);
		p->good = 0;
		if (p->missed < UINT8_MAX)
			p->missed++;
		if (p->missed == 1 && p->state != LR_PATH_FAILING && p->ping_due_ns > now)
			p->ping_due_ns = now;
	}
	if (p->missed < LR_PATH_MISSES || p->state == LR_PATH_FAILING)
		return false;
	lr_path_fail(p, now);
	return true;
}

void lr_path_suspect(struct lr_path *p, uint64_t now)
{
	if (now < p->quick_ns)
		return;
	p->quick_ns = now + MS(QUICK_MS);
	p->ping_due_ns = now;
}

uint64_t lr_path_due(const struct lr_path *p)
{
	uint64_t due = p->ping_due_ns, rto = lr_path_rto_ns(p);

	if (p->state == LR_PATH_FREE)
		return LR_NEVER;
	for (int i = 0; i < LR_PATH_OUT; i++)
		if (p->out[i] && p->out[i] + rto < due)
			due = p->out[i] + rto;
	return due;
}

/* Bits behind n_window are never set. */
static unsigned misses(const struct lr_path *p)
{
	return (unsigned)(__builtin_popcountll(p->window[0]) + __builtin_popcountll(p->window[1]));
}

unsigned lr_path_loss_permille(const struct lr_path *p)
{
	return p->n_window ? misses(p) * 1000u / p->n_window : 0;
}

/* One miss is chance, and few pings say little. */
static unsigned likely_loss(const struct lr_path *p)
{
	unsigned n = p->n_window < LR_PATH_JUDGED ? LR_PATH_JUDGED : p->n_window;
	unsigned lost = misses(p);

	return lost > 1 ? (lost - 1) * 1000 / n : 0;
}

static uint64_t loss_us(unsigned permille)
{
	return permille > LOSS_FREE ? (permille - LOSS_FREE) * (uint64_t)LOSS_US : 0;
}

static unsigned root(unsigned v)
{
	unsigned r = 0;

	while ((r + 1) * (r + 1) <= v)
		r++;
	return r;
}

/* Misses are counts of rare events: their difference is chance within twice the root of their sum.
 */
uint64_t lr_path_excess_us(const struct lr_path *p, const struct lr_path *than)
{
	unsigned mine = misses(p), n = than->n_window;
	unsigned theirs = n ? misses(than) * p->n_window / n : 0;

	if (n < LR_PATH_JUDGED && mine * 10 < p->n_window)
		return 0;
	unsigned chance = theirs + 2 * root(mine + theirs);
	return mine > chance ? loss_us((mine - chance) * 1000 / p->n_window) : 0;
}

uint64_t lr_path_delay_us(const struct lr_path *p)
{
	return p->rtt_us ? p->rtt_us + 2 * (uint64_t)p->jitter_us : UINT64_MAX / 4;
}

uint64_t lr_path_score(const struct lr_path *p)
{
	return lr_path_delay_us(p) + loss_us(likely_loss(p));
}
