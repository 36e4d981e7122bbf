/*
 * reach.h - everything about reaching the members of a party: what the node talks to
 *
 * Theory of operation. One `lr_reach_host` a party holds what all members share: our candidates and
 * NAT behaviour, the punching budget, the table of hints. One `lr_reach` a member holds its keys,
 * its paths, its pings under way and the schedule of punching. Bytes that came in go to
 * lr_reach_receive(); time goes to lr_reach_run(), which answers when it wants to be called again;
 * what shall be sent, opened or closed comes out through the functions of `lr_reach_out`.
 *
 * The member is usable at once over the relay routes that the node gave (the first packet goes
 * there). When a direct path answers, `changed` is called and lr_reach_current() is another one.
 * Tunnel traffic is reported with lr_reach_sent() and lr_reach_heard(); an authenticated packet
 * from an address that is no path moves nothing and causes a probe to that address (design 4.1).
 *
 * Not thread safe; `now` is monotonic ns; `clocks` the time of day (hints.h).
 */
#ifndef LR_NAT_REACH_H
#define LR_NAT_REACH_H

#include "lib/nat/behave.h"
#include "lib/nat/copies.h"
#include "lib/nat/explain.h"
#include "lib/nat/hints.h"
#include "lib/nat/paths.h"
#include "lib/nat/pings.h"
#include "lib/nat/punch.h"
#include "lib/nat/quality.h"
#include "lib/nat/redundant.h"

struct lr_reach;
struct lr_reach_host;

struct lr_reach_out {
	void *ctx;
	/* A datagram: on route->socket to route->to, in a relay frame when route->channel is set.
	 * `big`: it is a padded probe; when the kernel says EMSGSIZE call lr_reach_too_big(). */
	void (*send)(
		void *ctx, const struct lr_route *route, const uint8_t *p, size_t len, bool big);
	/* Opens one more UDP socket on a fresh port, with the tunnel socket's options; its number,
	 * 3..65535, or -errno. (1 and 2 are those for lr_behave.) Both may be NULL: never searched.
	 */
	int (*open)(void *ctx);
	void (*close)(void *ctx, uint16_t socket);
	/* The path in use of `r` is another one now, or its largest datagram is. */
	void (*changed)(void *ctx, struct lr_reach *r);
	/* One can play with it better or worse than before: r->quality. NULL: nobody asks. */
	void (*graded)(void *ctx, struct lr_reach *r, enum lr_grade before);
};

struct lr_reach_host {
	struct lr_reach_out out;
	struct lr_hints hints;
	struct lr_budget budget;
	struct lr_candidates own;        /* what our call-mes carry */
	struct lr_nat nat;               /* ours */
	struct lr_candidate_rules rules; /* borrowed arrays: the caller keeps them */
	struct lr_endpoint stun;         /* for fresh mappings; AF_UNSPEC: none */
	bool both;                       /* all goes over two paths: it must fit both */
	bool hidden;                     /* no direct probes are sent or answered */
	unsigned link_mtu;               /* of the interface to the outside, 0 unknown */
	uint64_t call_ms;                /* greatest call-me time sent */
	/* Dropped probes by reason, for status. */
	uint64_t drop_unknown, drop_bad, drop_old_call, drop_pong, drop_hidden, drop_pool;
};

struct lr_reach {
	struct lr_reach_host *host;
	void *owner; /* the node's peer */
	struct lr_probe_pair pair;
	struct lr_hint_set hints;
	struct lr_paths paths;
	struct lr_pings pings;
	struct lr_punch punch;
	struct lr_candidates peer_list; /* as last told by record or call-me */
	struct lr_nat peer_nat;
	bool peer_hidden;
	uint8_t clock; /* enum lr_hint_clock by which the member understands our probes */
	uint64_t call_seen_ms, call_taken_ns; /* greatest time taken, and when */
	uint64_t call_sent_ns;
	bool call_due;         /* a call-me is to go out as soon as it may */
	uint16_t fresh_socket; /* the STUN request for a fresh mapping went out on it; 0: none */
	uint8_t fresh_id[LR_STUN_ID_LEN];
	struct lr_candidate fresh; /* what came back */
	uint64_t fresh_ns, fresh_open_ns;
	uint64_t learn_ns; /* when an address was last probed because traffic came from it */
	uint64_t pong_level, pong_ns; /* how many pings are answered: 400 a second a member */
	struct lr_endpoint seen;      /* our address as the member saw it last; AF_UNSPEC: never */
	uint16_t told_size;           /* largest packet that `changed` was called for */
	struct lr_quality quality;    /* of the path in use, whichever that was */
	struct lr_redundant_rate game;
	uint64_t copies_sent;     /* messages that went out a second time */
	struct lr_copies *copies; /* of what it sends; NULL: no copy has come yet */
	uint64_t due_ns;
};

void lr_reach_host_init(struct lr_reach_host *h, const struct lr_reach_out *out);
/* After all members were released. */
void lr_reach_host_release(struct lr_reach_host *h);

/* Adds a member. `secret`, `low`: lr_probe_pair_init(). 0 or -ENOMEM. `r` is zeroed by this and
 * must not move until released. */
int lr_reach_init(struct lr_reach *r, struct lr_reach_host *h, const uint8_t secret[LR_KEY_LEN],
	bool low, void *owner, const struct lr_clocks *clocks);
/* Forgets it, closes its sockets, wipes its keys. */
void lr_reach_release(struct lr_reach *r);

/* What the member's record says: candidates (relay ones are left out), behaviour, hidden. Starts
 * punching when it is new. */
void lr_reach_peer(struct lr_reach *r, uint64_t now, const struct lr_candidates *list,
	const struct lr_nat *nat, bool hidden);
/* The channels over which it can be reached, best first (lib/nat/relay_choice.h): `n` of at most 4
 * routes. Others than these are forgotten. */
void lr_reach_relays(struct lr_reach *r, uint64_t now, const struct lr_route *routes, size_t n);
/* Our own candidates, behaviour, address or interfaces changed: host fields have been set; each
 * member starts anew. Direct paths are pinged at once. */
void lr_reach_moved(struct lr_reach *r, uint64_t now);

/* Which member a probe is from, NULL when of none (counted). */
struct lr_reach *lr_reach_find(struct lr_reach_host *h, const uint8_t *p, size_t len);
/* A probe (lr_classify) that came over `route`: from where it came, the channel it came from when
 * in a relay frame, and the socket it came to. 0; -ENOENT unknown hint; -EBADMSG forged or
 * malformed; -EALREADY a pong that nobody waits for or a call-me seen before; -EPERM hidden;
 * -EADDRNOTAVAIL it came through a tunnel. */
int lr_reach_receive(struct lr_reach_host *h, uint64_t now, const struct lr_clocks *clocks,
	const struct lr_route *route, const uint8_t *p, size_t len);
/* A STUN datagram that lr_behave did not want. Whether it was the member's. */
bool lr_reach_stun(struct lr_reach *r, uint64_t now, uint16_t socket, const uint8_t *p, size_t len);
/* Does what is due and returns when it wants to be called again. Call also when lr_reach_due()
 * moved after one of the functions here. */
uint64_t lr_reach_run(struct lr_reach *r, uint64_t now, const struct lr_clocks *clocks);
static inline uint64_t lr_reach_due(const struct lr_reach *r)
{
	return r->due_ns;
}

/* Either of the two hides its addresses: nothing goes straight between them. */
bool lr_reach_hidden(const struct lr_reach *r);
/* The path for data, NULL when there is none yet. Hot. */
static inline struct lr_path *lr_reach_current(struct lr_reach *r)
{
	return lr_paths_current(&r->paths);
}
/* The largest packet for the member now; 0: there is no path. */
uint16_t lr_reach_packet(struct lr_reach *r);
/* Data goes over a relay again, after a lull: a direct path is wanted now. */
void lr_reach_traffic_begins(struct lr_reach *r, uint64_t now);
/* A batch of data went out on the path in use, `len` bytes the longest datagram of it (without the
 * head of a relay frame). Hot: once a batch. */
static inline void lr_reach_sent(struct lr_reach *r, uint64_t now, size_t len)
{
	struct lr_path *p = lr_paths_current(&r->paths);
	if (!p)
		return;
	if (!lr_path_direct(p) && now - p->traffic_ns > LR_PUNCH_LULL_MS * LR_NS_PER_MS)
		lr_reach_traffic_begins(r, now);
	lr_path_traffic(p, now);
	lr_pmtu_used(&p->pmtu, now, len);
	if (p->ping_due_ns < r->due_ns)
		r->due_ns = p->ping_due_ns;
}
/* Authenticated tunnel data came over `route`. Hot: once a batch and route. */
void lr_reach_heard(struct lr_reach *r, uint64_t now, const struct lr_route *route);
/* A message with a counter came over `route`; `again`: the replay window turned it away. To be
 * called for each while `copies` is kept, and for those that came again. A copy over no path of
 * ours is somebody else's replay and counts nothing. */
void lr_reach_came(struct lr_reach *r, uint64_t now, const struct lr_route *route, uint32_t session,
	uint64_t counter, bool again);
/* A copy went out over `second`. */
static inline void lr_reach_copied(
	struct lr_reach *r, uint64_t now, struct lr_path *second, unsigned messages)
{
	lr_path_traffic(second, now);
	r->copies_sent += messages;
	if (second->ping_due_ns < r->due_ns)
		r->due_ns = second->ping_due_ns;
}
/* EMSGSIZE for a datagram of `len` bytes on `route`. */
void lr_reach_too_big(struct lr_reach *r, uint64_t now, const struct lr_route *route, size_t len);
/* The way to a relay is another: paths through it are measured anew, their sizes too. */
void lr_reach_relay_changed(struct lr_reach *r, uint64_t now, const struct lr_endpoint *relay);
/* The kernel says that `route` does not lead anywhere (ENETUNREACH, EHOSTUNREACH ...): fails now.
 */
void lr_reach_unreachable(struct lr_reach *r, uint64_t now, const struct lr_route *route);

/* Why the path is what it is. */
void lr_reach_explain(const struct lr_reach *r, uint64_t now, struct lr_explain *out);

#endif
