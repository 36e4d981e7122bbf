/*
 * path.h - one path to a member: measured by pings, alive or failing
 *
 * Theory of operation. A path is pinged every LR_PATH_BUSY_MS while it carries traffic, every
 * LR_PATH_IDLE_MS while it is the one in use and idle, every LR_PATH_SPARE_MS else. A ping that is
 * not answered within the time that answers take (smoothed round trip plus four deviations, within
 * 200 and 400 ms, or 1.25 round trips on long paths) is missed. The first miss makes the next pings
 * follow every LR_PATH_QUICK_MS, and LR_PATH_MISSES in a row make the path fail: a dead one is
 * noticed in about 0.8 s under traffic, 2.7 s idle. Only pongs count as life, since traffic that
 * comes in says nothing about the other direction. A failing path goes on being pinged, more and
 * more slowly, and is alive again after two pongs in a row. A pong later than LR_PATH_STALE_MS is
 * none: one end slept, and the time that it slept says nothing about the path.
 *
 * Round trip and deviation: RFC 6298's smoothing. Jitter: RFC 3550's, of round trips. Loss: share
 * of the last 128 pings that were missed.
 */
#ifndef LR_NAT_PATH_H
#define LR_NAT_PATH_H

#include "lib/base/clock.h"
#include "lib/nat/candidate.h"
#include "lib/nat/pmtu.h"
#include "lib/nat/route.h"
#include "lib/wg/wg.h"

#define LR_PATH_BUSY_MS    250
#define LR_PATH_IDLE_MS    1800
#define LR_PATH_SPARE_MS   2000  /* not in use, but traffic runs */
#define LR_PATH_REST_MS    15000 /* not in use, no traffic: keeps mappings that live 20 s and more */
#define LR_PATH_TRIAL_MS   400
#define LR_PATH_JUDGED     32 /* pings before its loss is believed */
#define LR_PATH_QUICK_MS   75
#define LR_PATH_MISSES     4
#define LR_PATH_WINDOW     128 /* pings over which loss is counted */
#define LR_PATH_OUT        8   /* pings under way */
#define LR_PATH_STALE_MS   3000
#define LR_PATH_TRAFFIC_MS 1000 /* traffic this long ago still counts as running */

enum lr_path_state {
	LR_PATH_FREE,    /* no path here */
	LR_PATH_UNTRIED, /* usable, not measured yet: a relay channel before its first pong */
	LR_PATH_ALIVE,
	LR_PATH_FAILING,
};

struct lr_path {
	struct lr_route route;
	uint8_t kind;     /* enum lr_candidate_kind by which it was found */
	uint8_t state;    /* enum lr_path_state */
	uint8_t found;    /* enum lr_path_found */
	uint8_t missed;   /* pings in a row without an answer */
	uint8_t good;     /* pongs in a row */
	uint8_t failures; /* lately; each doubles the time until it may be used again */
	bool left;        /* by choice, for a better one, since it came alive */
	bool lan;         /* to an address on a network of ours: no router in between */
	uint8_t rank;     /* of relays: place in the order that all members agree on */
	uint32_t rtt_us, var_us, jitter_us, last_us, least_us; /* 0 before the first pong */
	uint64_t window[2]; /* bit set: missed; newest in bit 0 of the first */
	uint8_t n_window;
	uint64_t since_ns;         /* when it was found */
	uint64_t ping_due_ns;      /* next ping */
	uint64_t quick_ns;         /* pinged quickly until then */
	uint64_t pong_ns;          /* last pong, 0: none */
	uint64_t out[LR_PATH_OUT]; /* when pings were sent that wait for their pong; 0: none */
	uint64_t failed_ns;        /* when it failed last, 0 never */
	uint64_t hold_ns;          /* not chosen before, after failures */
	uint64_t traffic_ns;       /* when we last sent data on it */
	struct lr_pmtu pmtu;
};

/* How a direct path came about, for the explanation. */
enum lr_path_found {
	LR_FOUND_CANDIDATE, /* a published address answered */
	LR_FOUND_LEARNED,   /* a member's probe came from an address that was not published */
	LR_FOUND_PREDICTED,
	LR_FOUND_BIRTHDAY,
};

static inline bool lr_path_direct(const struct lr_path *p)
{
	return p->route.channel == 0;
}
static inline bool lr_path_usable(const struct lr_path *p)
{
	return p->state == LR_PATH_ALIVE || p->state == LR_PATH_UNTRIED;
}

/* The longest packet that goes over it inside a WireGuard message. */
static inline uint16_t lr_path_packet(const struct lr_path *p)
{
	return (uint16_t)(lr_pmtu_datagram(&p->pmtu) - LR_WG_OVERHEAD);
}

enum lr_path_role {
	LR_PATH_REST,  /* not in use, no traffic to the member */
	LR_PATH_SPARE, /* not in use, but traffic runs */
	LR_PATH_TRIAL, /* the same, and the one in use loses packets: is this one better? */
	LR_PATH_IDLE,  /* in use, no traffic */
	LR_PATH_BUSY,  /* in use, traffic runs */
};

/* The first ping is due at once. */
void lr_path_init(struct lr_path *p, uint64_t now, const struct lr_route *route,
	enum lr_candidate_kind kind, enum lr_path_found found, unsigned link_mtu);
/* How long an answer may take, in ns. */
uint64_t lr_path_rto_ns(const struct lr_path *p);
/* A short ping was sent now. */
void lr_path_pinged(struct lr_path *p, uint64_t now, enum lr_path_role role);
/* A pong came for a ping of `sent_ns`; one that is stale does nothing. Whether the path has just
 * come alive. */
bool lr_path_pong(struct lr_path *p, uint64_t now, uint64_t sent_ns);
/* Looks at what time has done: counts missed pings. Whether the path has just failed. */
bool lr_path_tick(struct lr_path *p, uint64_t now);
/* Something says that the path may be gone: it is pinged quickly for a moment. */
void lr_path_suspect(struct lr_path *p, uint64_t now);
/* It is certain that the path is gone. */
void lr_path_fail(struct lr_path *p, uint64_t now);
/* Data goes out on it. Hot. */
static inline void lr_path_traffic(struct lr_path *p, uint64_t now)
{
	p->traffic_ns = now;
	if (p->ping_due_ns > now + LR_PATH_BUSY_MS * LR_NS_PER_MS)
		p->ping_due_ns = now + LR_PATH_BUSY_MS * LR_NS_PER_MS;
}
static inline bool lr_path_busy(const struct lr_path *p, uint64_t now)
{
	return p->traffic_ns && now - p->traffic_ns < LR_PATH_TRAFFIC_MS * LR_NS_PER_MS;
}
static inline bool lr_path_ping_due(const struct lr_path *p, uint64_t now)
{
	return p->state != LR_PATH_FREE && p->ping_due_ns <= now;
}
/* When lr_path_tick() or a ping is due. */
uint64_t lr_path_due(const struct lr_path *p);

/* Per mille of the last pings that were missed; 0 before any. */
unsigned lr_path_loss_permille(const struct lr_path *p);
/* Round trip and twice the jitter; an unmeasured path is worse than any measured one. */
uint64_t lr_path_delay_us(const struct lr_path *p);
/* What ranks paths, in us, less is better: the delay, and 500 us for each per mille of loss over
 * 0.5 % (a lost game packet costs about what a 50 ms longer path costs at 10 %). One miss counts
 * for nothing, and fewer than LR_PATH_JUDGED pings as so many. */
uint64_t lr_path_score(const struct lr_path *p);
/* What the loss of `p` costs beyond that of `than`, as far as it is not chance; 0 while `than` has
 * had fewer than LR_PATH_JUDGED pings, unless `p` loses a tenth. */
uint64_t lr_path_excess_us(const struct lr_path *p, const struct lr_path *than);

#endif
