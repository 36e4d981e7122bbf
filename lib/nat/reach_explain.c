/*
 * reach_explain.c - from the state of a member's paths to the reason for it
 */
#include "lib/nat/reach.h"

#define TRYING_S 12  /* attempts that have gone on this long have failed */
#define LOST_S   600 /* how long a lost direct path is the reason */

static uint32_t seconds(uint64_t from, uint64_t now)
{
	return (uint32_t)((now - from) / LR_NS_PER_S);
}

/* A router of ours forwards a port, and without that the two would hardly have met. */
static bool by_own_mapping(const struct lr_reach *r, const struct lr_path *p)
{
	const struct lr_candidates *own = &r->host->own;
	bool mapped = false;

	for (int i = 0; i < own->n; i++)
		mapped |= own->at[i].kind == LR_CANDIDATE_MAPPED;
	return mapped && (p->found != LR_FOUND_CANDIDATE ||
				 lr_nat_pairing(&r->host->nat, &r->peer_nat) != LR_PAIR_SIMPLE);
}

static enum lr_reason direct_reason(
	const struct lr_reach *r, const struct lr_path *p, struct lr_explain *e)
{
	struct lr_ip ip = lr_endpoint_ip(&p->route.to);
	const struct lr_candidate_rules *rules = &r->host->rules;

	if (lr_candidate_on_lan(&ip, rules))
		return LR_REASON_LAN;
	if (ip.family == 6)
		return LR_REASON_IPV6;
	if (rules->outside.family && lr_ip_equal(&ip, &rules->outside))
		return LR_REASON_HAIRPIN;
	if (p->kind == LR_CANDIDATE_MAPPED)
		return LR_REASON_MAPPED;
	e->ours = by_own_mapping(r, p);
	if (e->ours)
		return LR_REASON_MAPPED;
	if (p->found == LR_FOUND_PREDICTED)
		return LR_REASON_PREDICTED;
	if (p->found == LR_FOUND_BIRTHDAY)
		return LR_REASON_SEARCHED;
	if (r->host->nat.filtering == LR_BEHAVE_EI || r->peer_nat.filtering == LR_BEHAVE_EI)
		return LR_REASON_OPEN;
	return LR_REASON_PUNCHED;
}

static const struct lr_path *live_direct(const struct lr_reach *r)
{
	const struct lr_path *best = NULL;

	for (int i = 0; i < LR_PATHS; i++) {
		const struct lr_path *p = &r->paths.at[i];
		if (p->state == LR_PATH_ALIVE && lr_path_direct(p) &&
			(!best || lr_path_score(p) < lr_path_score(best)))
			best = p;
	}
	return best;
}

static int targets(const struct lr_reach *r)
{
	int n = 0;

	for (int i = 0; i < r->punch.n; i++)
		n += !r->punch.at[i].learned;
	return n;
}

/* The IP versions of a list's addresses: a set of 4 and 2. */
static unsigned versions(const struct lr_candidates *list)
{
	unsigned set = 0;

	for (int i = 0; i < list->n; i++)
		set |= list->at[i].ip.family == 6 ? 2 : 4;
	return set;
}

/* Both are behind one address outside, and what is sent there does not come back in. */
static bool needs_hairpin(const struct lr_reach *r)
{
	const struct lr_ip *outside = &r->host->rules.outside;

	for (int i = 0; i < r->peer_list.n && outside->family; i++)
		if (lr_ip_equal(&r->peer_list.at[i].ip, outside))
			return !((r->host->nat.flags | r->peer_nat.flags) & LR_NAT_HAIRPIN);
	return false;
}

static enum lr_reason pairing_reason(const struct lr_reach *r, uint64_t now)
{
	const struct lr_nat *own = &r->host->nat;
	enum lr_pairing pair = lr_nat_pairing(own, &r->peer_nat);
	bool begun = now - r->punch.first_ns < TRYING_S * LR_NS_PER_S;

	if (!begun && needs_hairpin(r))
		return LR_REASON_NO_HAIRPIN;
	if (pair == LR_PAIR_HOPELESS)
		return LR_REASON_BOTH_SYMMETRIC;
	if (r->host->budget.packets_s == 0)
		return LR_REASON_NO_BUDGET;
	if (pair == LR_PAIR_BIRTHDAY && lr_nat_symmetric(own) && r->host->budget.sockets == 0)
		return LR_REASON_NO_BUDGET;
	if (begun || r->punch.search != LR_SEARCH_NONE)
		return LR_REASON_TRYING;
	if (pair == LR_PAIR_PREDICT || pair == LR_PAIR_BIRTHDAY)
		return LR_REASON_SEARCH_MISSED;
	return LR_REASON_NO_ANSWER;
}

static enum lr_reason relay_reason(const struct lr_reach *r, uint64_t now, struct lr_explain *e)
{
	const struct lr_path *direct = live_direct(r);
	const struct lr_nat *own = &r->host->nat;

	if (r->host->hidden || r->peer_hidden) {
		e->ours = r->host->hidden;
		return LR_REASON_HIDDEN;
	}
	if (direct) {
		e->other_us = direct->rtt_us;
		return LR_REASON_RELAY_FASTER;
	}
	if ((own->flags | r->peer_nat.flags) & LR_NAT_BLOCKED) {
		e->ours = own->flags & LR_NAT_BLOCKED;
		return LR_REASON_UDP_BLOCKED;
	}
	if (r->paths.direct_lost_ns && now - r->paths.direct_lost_ns < LOST_S * LR_NS_PER_S) {
		e->since_s = seconds(r->paths.direct_lost_ns, now);
		return LR_REASON_DIRECT_LOST;
	}
	e->tried = (uint8_t)targets(r);
	e->since_s = r->punch.on ? seconds(r->punch.first_ns, now) : 0;
	if (e->tried == 0)
		return LR_REASON_NO_CANDIDATES;
	unsigned ours = versions(&r->host->own), theirs = versions(&r->peer_list);
	if (ours && !(ours & theirs)) {
		e->ours = ours == 4;
		return LR_REASON_NO_COMMON;
	}
	return pairing_reason(r, now);
}

void lr_reach_explain(const struct lr_reach *r, uint64_t now, struct lr_explain *out)
{
	const struct lr_path *p = r->paths.current < 0 ? NULL : &r->paths.at[r->paths.current];

	*out = (struct lr_explain){.own = r->host->nat, .peer = r->peer_nat};
	if (!p || p->state == LR_PATH_FAILING) {
		out->reason = LR_REASON_NONE;
		return;
	}
	out->route = p->route;
	out->rtt_us = p->rtt_us;
	out->direct = lr_path_direct(p);
	out->reason = out->direct ? direct_reason(r, p, out) : relay_reason(r, now, out);
}
