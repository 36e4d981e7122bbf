/*
 * budget.h - what punching may cost the home router: one budget for the whole node
 *
 * Packets to addresses that have not answered yet take tokens from one bucket of 64; searches over
 * many ports leave the last quarter of it to plain attempts. Sockets beside the tunnel's own are
 * counted, too, and are IPv4 only: where IPv6 is translated at all, it is one to one.
 *
 * Several members may be searched at the same time. They share the sockets, since a symmetric
 * router gives each of them a port for each member, and the packets: each search goes at its part
 * of the rate, so none waits for another. A socket on which some member has a path stays open for
 * as long as that.
 *
 * The default, 256 sockets and 200 packets/s. A symmetric router in front of S sockets has S of its
 * 64,512 ports open to us; the other end tries N ports of it, each once. The chance that all miss
 * is (1 - S / 64,512)^N, about e^(-S N / 64,512). A search tries at most N = 6 S = 1,536 ports, in
 * 8 s: e^-6.1, so 99.8 % hit within 10 s; with 5 % loss each way S N shrinks by a tenth and 99.6 %
 * hit. (Measured: 256 x 1,024 98 %, 128 x 512 64 %, 64 x 256 22 %.) One in two hits within 0.9 s,
 * 95 of 100 within 3.8 s; when three share the rate, within 11 s.
 *
 * A router keeps an entry for each port tried, most of them for 30 s, and home routers have room
 * for 4,096 and more. So searches have the whole rate for 10 s, a third of it from then on, and
 * regain the ten seconds in thirty of rest: 2,000 entries and 30 x 67, never more than 4,000.
 */
#ifndef LR_NAT_BUDGET_H
#define LR_NAT_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#define LR_BUDGET_SOCKETS     256
#define LR_BUDGET_PACKETS     200
#define LR_BUDGET_PORTS       (6 * LR_BUDGET_SOCKETS) /* a search */
#define LR_BUDGET_SOCKETS_MAX 1024
#define LR_BUDGET_PACKETS_MAX 10000

struct lr_budget_socket {
	uint16_t number;
	uint8_t users; /* paths on it, and who waits for a fresh mapping; 0: the searches' */
};

struct lr_budget {
	uint32_t sockets;   /* beside the tunnel's own; 0: no search with many */
	uint32_t packets_s; /* to addresses that have not answered yet; 0: no direct probes */
	struct lr_budget_socket at[LR_BUDGET_SOCKETS_MAX];
	uint32_t open;                      /* how many of them are */
	uint32_t searches, socket_searches; /* that are on; those of them from many sockets */
	uint64_t level_ns, search_ns;       /* tokens of all, and of searches */
	uint64_t seen_ns;
	uint64_t spent, denied; /* packets, for status */
};

/* "SOCKETS,PACKETS" as --punch-budget has it, or "default". 0 or -EINVAL. Only the two figures of
 * *out are set, so a budget in use may be changed. */
int lr_budget_parse(const char *text, struct lr_budget *out);
void lr_budget_init(struct lr_budget *b);
/* Takes a token; `search`: one of a search over many ports. */
bool lr_budget_take(struct lr_budget *b, uint64_t now, bool search);
/* When a token is there for such a packet: now or later; LR_NEVER when packets_s is 0. */
uint64_t lr_budget_due(const struct lr_budget *b, uint64_t now, bool search);
/* How far apart the packets of one search are, so that all have their part. */
uint64_t lr_budget_apart_ns(const struct lr_budget *b);

/* A socket was opened, with `users` of it so far. To be asked before: lr_budget_room(). */
void lr_budget_opened(struct lr_budget *b, uint16_t number, uint8_t users);
static inline bool lr_budget_room(const struct lr_budget *b)
{
	return b->open < b->sockets && b->open < LR_BUDGET_SOCKETS_MAX;
}
/* One more user. */
void lr_budget_use(struct lr_budget *b, uint16_t number);
/* One user less. Whether it is to be closed: nobody uses it any more, nor does a search. It is
 * counted no longer then. */
bool lr_budget_leave(struct lr_budget *b, uint16_t number);
/* A socket that nobody uses when no search from sockets is on: to be closed, counted no longer. 0:
 * none. */
uint16_t lr_budget_spare(struct lr_budget *b);

#endif
