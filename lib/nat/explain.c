/*
 * explain.c - why the path to a member is what it is, in one sentence
 */
#include "lib/nat/explain.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const reason_names[LR_REASONS] = {
	[LR_REASON_LAN] = "same_lan",
	[LR_REASON_HAIRPIN] = "hairpin",
	[LR_REASON_IPV6] = "ipv6",
	[LR_REASON_OPEN] = "reachable",
	[LR_REASON_MAPPED] = "port_mapping",
	[LR_REASON_PUNCHED] = "punched",
	[LR_REASON_PREDICTED] = "predicted",
	[LR_REASON_SEARCHED] = "searched",
	[LR_REASON_TRYING] = "trying",
	[LR_REASON_RELAY_FASTER] = "relay_faster",
	[LR_REASON_HIDDEN] = "hidden",
	[LR_REASON_UDP_BLOCKED] = "udp_blocked",
	[LR_REASON_BOTH_SYMMETRIC] = "both_symmetric",
	[LR_REASON_SEARCH_MISSED] = "search_missed",
	[LR_REASON_NO_BUDGET] = "no_budget",
	[LR_REASON_NO_CANDIDATES] = "no_candidates",
	[LR_REASON_NO_COMMON] = "no_common_ip",
	[LR_REASON_NO_HAIRPIN] = "no_hairpin",
	[LR_REASON_NO_ANSWER] = "no_answer",
	[LR_REASON_DIRECT_LOST] = "direct_lost",
	[LR_REASON_STOCK] = "stock_wireguard",
	[LR_REASON_NONE] = "unreachable",
};

const char *lr_reason_name(enum lr_reason r)
{
	return r < LR_REASONS ? reason_names[r] : reason_names[LR_REASON_NONE];
}

struct text {
	char *at;
	size_t left;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(t->at, t->left, fmt, ap);
	va_end(ap);
	size_t used = n < 0 ? 0 : (size_t)n < t->left ? (size_t)n : t->left - 1;
	t->at += used;
	t->left -= used;
}

/* What a router does, as a noun for people. */
static const char *router(const struct lr_nat *nat)
{
	if (nat->flags & LR_NAT_BLOCKED)
		return "a network without UDP";
	if (nat->flags & LR_NAT_NONE)
		return nat->filtering == LR_BEHAVE_AD || nat->filtering == LR_BEHAVE_APD
			       ? "a firewall without NAT"
			       : "no NAT";
	if (lr_nat_symmetric(nat))
		return nat->delta ? "a symmetric NAT with ports in sequence" : "a symmetric NAT";
	if (nat->mapping == LR_BEHAVE_UNKNOWN)
		return "an unknown NAT";
	switch (nat->filtering) {
	case LR_BEHAVE_EI:
		return "a full-cone NAT";
	case LR_BEHAVE_AD:
		return "an address-restricted NAT";
	case LR_BEHAVE_APD:
		return "a port-restricted NAT";
	}
	return "a NAT";
}

/* The reasons that say the same of every pair. */
static const char *const plain_why[LR_REASONS] = {
	[LR_REASON_LAN] = "both are on the same network",
	[LR_REASON_HAIRPIN] =
		"both are behind the same router, which sends what is addressed to its "
		"outside back in",
	[LR_REASON_IPV6] = "both have IPv6",
	[LR_REASON_PUNCHED] = "both routers were opened at the same time",
	[LR_REASON_PREDICTED] = "the next port of the symmetric NAT could be predicted",
	[LR_REASON_SEARCHED] = "a search over many ports met the symmetric NAT",
	[LR_REASON_BOTH_SYMMETRIC] =
		"both routers give every destination another port (symmetric NAT), so neither end "
		"can know where to send",
	[LR_REASON_NO_CANDIDATES] = "the other end has published no address that may be tried",
	[LR_REASON_NO_HAIRPIN] =
		"both are behind the same NAT, which does not send back in what is "
		"addressed to its outside",
	[LR_REASON_STOCK] =
		"it is a plain WireGuard peer, which is answered where its packets come "
		"from",
};

static const char *end_of(bool ours)
{
	return ours ? "this end" : "the other end";
}

static void add_why(struct text *t, const struct lr_explain *e)
{
	switch (e->reason) {
	case LR_REASON_OPEN:
		add(t, "%s can be reached without help", end_of(e->own.filtering == LR_BEHAVE_EI));
		break;
	case LR_REASON_MAPPED:
		add(t, e->ours ? "the router here forwards a port to this end"
			       : "the other end's router forwards a port");
		break;
	case LR_REASON_TRYING:
		add(t, "direct attempts began only %u s ago", e->since_s);
		break;
	case LR_REASON_RELAY_FASTER:
		add(t, "the relay is faster: %.1f ms against %.1f ms direct", e->rtt_us / 1000.0,
			e->other_us / 1000.0);
		break;
	case LR_REASON_HIDDEN:
		add(t, "%s hides its addresses", end_of(e->ours));
		break;
	case LR_REASON_UDP_BLOCKED:
		add(t, "the network at %s lets no UDP through", end_of(e->ours));
		break;
	case LR_REASON_SEARCH_MISSED:
		add(t,
			"the router at %s is a symmetric NAT and a search over its ports has not "
			"met yet",
			end_of(lr_nat_symmetric(&e->own)));
		break;
	case LR_REASON_NO_BUDGET:
		add(t,
			"the router at %s is a symmetric NAT and the punching budget forbids a "
			"search over its ports",
			end_of(lr_nat_symmetric(&e->own)));
		break;
	case LR_REASON_NO_COMMON:
		add(t, "%s has only IPv4 and %s only IPv6", end_of(e->ours), end_of(!e->ours));
		break;
	case LR_REASON_NO_ANSWER:
		add(t,
			"none of %u addresses answered in %u s, although the routers should let it "
			"through",
			e->tried, e->since_s);
		break;
	case LR_REASON_DIRECT_LOST:
		add(t, "the direct path stopped answering %u s ago", e->since_s);
		break;
	default:
		add(t, "%s",
			e->reason < LR_REASONS && plain_why[e->reason] ? plain_why[e->reason]
								       : plain_why[LR_REASON_NONE]);
	}
}

static void add_pair(struct text *t, const struct lr_explain *e)
{
	if (e->reason == LR_REASON_STOCK || e->reason == LR_REASON_LAN ||
		e->reason == LR_REASON_IPV6 || e->reason == LR_REASON_HIDDEN ||
		e->reason == LR_REASON_NO_COMMON)
		return;
	if (e->own.mapping || e->peer.mapping || e->own.flags || e->peer.flags)
		add(t, " (here: %s; there: %s)", router(&e->own), router(&e->peer));
}

static const char *better(const struct lr_explain *e)
{
	switch (e->reason) {
	case LR_REASON_TRYING:
		return "this usually takes a few seconds";
	case LR_REASON_RELAY_FASTER:
		return "nothing needs to be done: the direct path is used when it becomes the "
		       "faster one";
	case LR_REASON_HIDDEN:
		return "a direct path needs addresses that are not hidden (--hide-address) at both "
		       "ends";
	case LR_REASON_UDP_BLOCKED:
		return "another network, or a firewall rule that lets UDP out, would make a direct "
		       "path "
		       "possible";
	case LR_REASON_BOTH_SYMMETRIC:
	case LR_REASON_SEARCH_MISSED:
		return "UPnP, NAT-PMP or PCP, or a forwarded UDP port on either router, or IPv6 at "
		       "both "
		       "ends, would make it direct";
	case LR_REASON_NO_BUDGET:
		return "a larger --punch-budget, a forwarded UDP port on either router, or IPv6 at "
		       "both "
		       "ends, would make it direct";
	case LR_REASON_NO_CANDIDATES:
		return "the other end's lr-peer netcheck shows what its network lacks";
	case LR_REASON_NO_COMMON:
		return "IPv4 and IPv6 at one of the ends would make a direct path possible";
	case LR_REASON_NO_HAIRPIN:
		return "IPv6 at both ends, or one network for both, would make it direct";
	case LR_REASON_NO_ANSWER:
		return "a firewall that drops UDP at either end is the usual cause; allowing it, "
		       "or a "
		       "forwarded UDP port, would make it direct";
	case LR_REASON_DIRECT_LOST:
		return "it is tried again by itself; if that happens often, a forwarded UDP port "
		       "on "
		       "either router keeps it open";
	case LR_REASON_NONE:
		return "lr-peer netcheck at both ends shows what the networks let through";
	default:
		return NULL;
	}
}

const char *lr_explain_text(const struct lr_explain *e, const char *name, char out[LR_EXPLAIN_TEXT])
{
	struct text t = {out, LR_EXPLAIN_TEXT};
	char where[LR_ENDPOINT_TEXT];
	const char *more = better(e);

	if (e->route.to.sa.sa_family == AF_UNSPEC)
		add(&t, "%s cannot be reached", name);
	else
		add(&t, "%s is reached %s %s%s", name,
			e->direct ? "directly at" : "through the relay",
			lr_endpoint_text(&e->route.to, where),
			e->over_tcp ? " over TCP, as UDP is blocked here" : "");
	add(&t, ", because ");
	add_why(&t, e);
	add_pair(&t, e);
	if (more)
		add(&t, "; %s", more);
	add(&t, ".");
	return out;
}
