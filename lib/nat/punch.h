/*
 * punch.h - the schedule of opening a direct path to one member
 *
 * Theory of operation. Both ends do the same at about the same time, so that each router sees its
 * own side send first. A start (the member is new, its or our addresses changed, its call-me came)
 * pings every candidate at once, in order, and asks for a call-me over the relay, so that the
 * member starts too. An address that does not answer is pinged again after 100 ms, then twice as
 * long each time, down to one probe a minute, for as long as the party lasts; call-mes go out after
 * 5.5 s, 11 s, ... 60 s while no direct path lives. After the first minute a call-me without news
 * causes one probe an address, at both ends at once, and nothing else does. An address from which
 * a probe of the member came is learned and tried at once (at most LR_PUNCH_LEARNED of them).
 *
 * What is done beyond that follows from how the two routers behave (lr_nat_pairing):
 *  - PREDICT. The sequential end asks for a fresh mapping (a STUN request from a new socket shows
 *    where its router's counter stands), and its call-me carries the next port; the other end pings
 *    LR_PUNCH_AHEAD ports from there. If that has not met within 3 s, a birthday search follows.
 *  - BIRTHDAY. The symmetric end opens as many sockets as the budget has and pings the other's one
 *    address from each, every LR_PUNCH_PASS_MS anew; the other end pings ports of the symmetric
 *    router, in the order of a random full cycle over 1,024..65,535 that goes on where the search
 *    before ended. Either side's packet may be the later one: both have opened their own router
 *    before. A search ends when one answers, when LR_BUDGET_PORTS were tried and the last had a
 *    second, or after LR_PUNCH_SEARCH_MS, which is how long the end with the sockets waits for one
 *    that has many to search. The next comes 5, 10, 20, then each time 60 s later, or when the
 *    other end's call-me says that it searches, and from the first again when either end's network
 *    changed or traffic begins. Sockets that no path uses are closed when the last search ends.
 * For the budget's figures, and how several members share it: budget.h.
 */
#ifndef LR_NAT_PUNCH_H
#define LR_NAT_PUNCH_H

#include "lib/nat/budget.h"
#include "lib/nat/candidate.h"
#include "lib/nat/nat.h"
#include "lib/nat/route.h"

#define LR_PUNCH_LEARNED    4
#define LR_PUNCH_TARGETS    (LR_CANDIDATES_MAX + LR_PUNCH_LEARNED)
#define LR_PUNCH_AHEAD      12
#define LR_PUNCH_FIRST_MS   100
#define LR_PUNCH_LAST_MS    60000
#define LR_PUNCH_CALL_MS    5500 /* the other end takes one in 5 s */
#define LR_PUNCH_PREDICT_MS 3000
#define LR_PUNCH_FRESH_MS   1000 /* a call-me waits this long for the fresh mapping */
#define LR_PUNCH_SEARCH_MS  30000
#define LR_PUNCH_PASS_MS    5000
#define LR_PUNCH_LULL_MS    30000 /* traffic that comes after this begins */

struct lr_punch_target {
	struct lr_candidate c;
	uint16_t socket; /* of a learned one */
	uint8_t tries;
	bool learned, answered;
	uint64_t due_ns, last_ns; /* next, and newest ping */
};

enum lr_punch_search {
	LR_SEARCH_NONE,
	LR_SEARCH_SOCKETS, /* we are the symmetric end */
	LR_SEARCH_PORTS,
};

struct lr_punch {
	struct lr_punch_target at[LR_PUNCH_TARGETS];
	uint8_t n;
	bool on, direct; /* direct: a direct path lives, nothing more is searched */
	struct lr_nat own, peer;
	uint64_t started_ns; /* of the newest start, 0: none yet */
	uint64_t first_ns;   /* since when there has been no direct path */
	uint64_t call_due_ns;
	uint32_t call_wait_ms;
	bool fresh_asked;          /* the next call-me need not wait for another fresh mapping */
	bool full;                 /* no more sockets can be had for this search */
	struct lr_candidate ahead; /* predicted next port of the member, kind NONE: none */
	uint8_t ahead_n;           /* sent so far */
	uint64_t ahead_due_ns;
	uint8_t search;           /* enum lr_punch_search */
	uint8_t counted;          /* as which one it stands in the budget */
	uint8_t searches;         /* made so far, the one that is on included */
	uint64_t search_due_ns;   /* when the next begins */
	uint64_t search_end_ns;   /* when the one that is on ends, or the last one ended */
	uint64_t apart_ns;        /* when its next packet may go */
	struct lr_candidate mark; /* the one address, or any port of the symmetric router */
	uint32_t cycle_at, cycle_step, sent; /* step 0: no port was tried yet */
	uint32_t pass_at;                    /* socket of the budget that is next */
	uint64_t pass_ns; /* when the pass over all of them that is next begins */
};

enum lr_punch_what {
	LR_PUNCH_NOTHING,
	LR_PUNCH_PING,  /* to `route`, remembered: its pong makes a path */
	LR_PUNCH_SPRAY, /* to `route`, not remembered: opens, or meets a socket */
	LR_PUNCH_CALL,  /* a call-me through the relay */
	LR_PUNCH_FRESH, /* ask a STUN server from a new socket; lr_punch_fresh() when it answered */
	LR_PUNCH_OPEN,  /* open one more socket, then lr_punch_opened() */
	LR_PUNCH_CLOSE, /* close route.socket */
};

struct lr_punch_step {
	uint8_t what; /* enum lr_punch_what */
	struct lr_route route;
};

void lr_punch_init(struct lr_punch *p);
/* The member's candidates (in order, usable ones only) and both behaviours. Targets that are known
 * keep their schedule. */
void lr_punch_set(struct lr_punch *p, uint64_t now, const struct lr_candidates *list,
	const struct lr_nat *own, const struct lr_nat *peer);
/* Begins, or begins anew: all at once from the first interval. `call`: also ask for a call-me. */
void lr_punch_start(struct lr_punch *p, uint64_t now, bool call);
/* Ends everything; hand out the CLOSE steps with lr_punch_next() afterwards. */
void lr_punch_stop(struct lr_punch *p);
/* What to do now. Call until LR_PUNCH_NOTHING. */
enum lr_punch_what lr_punch_next(
	struct lr_punch *p, struct lr_budget *b, uint64_t now, struct lr_punch_step *step);
/* When lr_punch_next() has something again. */
uint64_t lr_punch_due(const struct lr_punch *p, const struct lr_budget *b, uint64_t now);
/* A socket was opened as asked for; `socket` 0: it could not be, and the search makes do. */
void lr_punch_opened(struct lr_punch *p, struct lr_budget *b, uint16_t socket);
/* The fresh mapping is known (or cannot be): the call-me may go. */
void lr_punch_fresh(struct lr_punch *p, uint64_t now);
/* The member's call-me says where its sequential router stands. */
void lr_punch_ahead(struct lr_punch *p, uint64_t now, const struct lr_candidate *next);
/* A probe or packet of the member came from an address: learned unless known, and due at once. */
void lr_punch_learn(struct lr_punch *p, uint64_t now, const struct lr_route *route);
/* The path over `route` is gone: a learned address is forgotten, another one tried again. */
void lr_punch_forget(struct lr_punch *p, const struct lr_route *route);
/* `socket` was closed: what was learned on it is forgotten. */
void lr_punch_closed(struct lr_punch *p, uint16_t socket);
/* `route` answered: it is a path now. The target that it was, NULL when it was none. */
const struct lr_punch_target *lr_punch_answered(struct lr_punch *p, const struct lr_route *route);
/* Either end's network changed, or traffic begins: attempts and searches begin from the first. */
void lr_punch_anew(struct lr_punch *p, uint64_t now);
/* Whether a direct path lives. When the last is lost all is tried anew. */
void lr_punch_direct(struct lr_punch *p, uint64_t now, bool lives);
/* The member's one address in front of its constant mapping: what a fresh socket pings too. NULL:
 * not published. */
const struct lr_candidate *lr_punch_mark(const struct lr_punch *p);

#endif
