/*
 * explain.h - why the path to a member is what it is, in one sentence
 */
#ifndef LR_NAT_EXPLAIN_H
#define LR_NAT_EXPLAIN_H

#include "lib/nat/candidate.h"
#include "lib/nat/nat.h"
#include "lib/nat/path.h"

#define LR_EXPLAIN_TEXT 512

enum lr_reason {
	LR_REASON_LAN, /* direct, on the same network */
	LR_REASON_HAIRPIN,
	LR_REASON_IPV6,
	LR_REASON_OPEN,   /* direct: one end is reachable by itself */
	LR_REASON_MAPPED, /* direct through a port mapping */
	LR_REASON_PUNCHED,
	LR_REASON_PREDICTED,
	LR_REASON_SEARCHED, /* birthday */
	LR_REASON_TRYING,   /* relay: attempts have only begun */
	LR_REASON_RELAY_FASTER,
	LR_REASON_HIDDEN,      /* addresses are hidden, ours or theirs */
	LR_REASON_UDP_BLOCKED, /* ours or theirs */
	LR_REASON_BOTH_SYMMETRIC,
	LR_REASON_SEARCH_MISSED, /* one symmetric end; searches have not met yet */
	LR_REASON_NO_BUDGET,     /* one symmetric end; the budget forbids searching */
	LR_REASON_NO_CANDIDATES, /* the member has published none that we may try */
	LR_REASON_NO_COMMON,     /* one has IPv4 only, the other IPv6 only */
	LR_REASON_NO_HAIRPIN,    /* behind one NAT, which returns nothing */
	LR_REASON_NO_ANSWER, /* the routers should let it through, but nothing answers: firewall */
	LR_REASON_DIRECT_LOST, /* there was a direct path; it stopped answering */
	LR_REASON_STOCK,       /* a plain WireGuard peer: goes where its packets come from */
	LR_REASON_NONE,        /* neither direct nor relay */
	LR_REASONS
};
/* "same_lan", "both_symmetric", ...: for JSON. */
const char *lr_reason_name(enum lr_reason r);

struct lr_explain {
	enum lr_reason reason;
	bool ours;     /* HIDDEN, UDP_BLOCKED, MAPPED, NO_COMMON (has IPv4): our end; else theirs */
	bool direct;   /* the path in use is direct */
	bool over_tcp; /* our leg to the relay, because UDP does not pass here */
	struct lr_nat own, peer;
	struct lr_route route; /* in use; AF_UNSPEC: none */
	uint32_t rtt_us;       /* of the path in use, 0 unknown */
	uint32_t other_us;     /* RELAY_FASTER: of the direct path */
	uint32_t since_s;      /* how long attempts have gone on, or since when it is lost */
	uint8_t tried;         /* addresses */
};

/* One sentence without a line break: what the path is, why, and, unless it is direct, what would
 * make it better. `name`: the member's. Returns `out`. */
const char *lr_explain_text(
	const struct lr_explain *e, const char *name, char out[LR_EXPLAIN_TEXT]);

#endif
