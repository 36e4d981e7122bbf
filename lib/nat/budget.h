/*
 * budget.h - what punching may cost the home router: one budget for the whole node
 *
 * Packets to addresses that have not answered yet take tokens from one bucket of 64; a birthday
 * search leaves the last quarter of it to plain attempts. Sockets beside the tunnel's own are
 * counted, and only one member at a time is searched with many of them.
 *
 * The default, 256 sockets and 200 packets/s. A symmetric router in front of S sockets has S of its
 * 64,512 ports open to us; the other end tries N ports of it, each once. The chance that all miss
 * is (1 - S / 64,512)^N, about e^(-S N / 64,512). A search tries at most N = 6 S = 1,536 ports, in
 * 8 s: e^-6.1, so 99.8 % hit within 10 s; with 5 % loss each way S N shrinks by a tenth and 99.6 %
 * hit. (Measured: 256 x 1,024 98 %, 128 x 512 64 %, 64 x 256 22 %.) The router at the constant end
 * holds 1,536 entries for 30 s, that of the symmetric end 256: home routers have room for 4,096 and
 * more.
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

struct lr_budget {
	uint32_t sockets;   /* beside the tunnel's own; 0: no search with many */
	uint32_t packets_s; /* to addresses that have not answered yet; 0: no direct probes */
	uint32_t open;      /* sockets open now */
	/* The search that is on, and the sockets that it has and no path uses. */
	const void *searching; /* for which member; NULL: none */
	uint16_t n_pool, pool[LR_BUDGET_SOCKETS_MAX];
	uint64_t level_ns, seen_ns;
	uint64_t spent, denied; /* packets, for status */
};

/* "SOCKETS,PACKETS" as --punch-budget has it, or "default". 0 or -EINVAL. Only the two figures of
 * *out are set, so a budget in use may be changed. */
int lr_budget_parse(const char *text, struct lr_budget *out);
void lr_budget_init(struct lr_budget *b);
/* Takes a token; `search`: one of a birthday search. */
bool lr_budget_take(struct lr_budget *b, uint64_t now, bool search);
/* When a token is there for such a packet: now or later; LR_NEVER when packets_s is 0. */
uint64_t lr_budget_due(const struct lr_budget *b, uint64_t now, bool search);

#endif
