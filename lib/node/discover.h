/*
 * discover.h - the self-test of two members: would their games find each other?
 *
 * Theory of operation. For each port a socket is bound to it, as a game does, on the node's
 * interface. What a game would send goes from there to the same port: to all, to a group, to the
 * member alone, and to it with 1,400 bytes. The member's node acknowledges and echoes
 * (lib/lan/discover.h), so each check has a way there and a way back; the way back counts only if
 * the echo came to the address that it should. What is not answered is asked again, ROUNDS times.
 */
#ifndef LR_NODE_DISCOVER_H
#define LR_NODE_DISCOVER_H

#include <stdbool.h>

#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/game/game.h"

#define LR_DISCOVER_PORT   6112 /* without a game: that of many old ones */
#define LR_DISCOVER_PORTS  3
#define LR_DISCOVER_CHECKS (LR_DISCOVER_PORTS * 4)

enum lr_discover_kind {
	LR_DISCOVER_BROADCAST,
	LR_DISCOVER_MULTICAST,
	LR_DISCOVER_EQUAL_PORT,
	LR_DISCOVER_LARGE_ONE,
	LR_DISCOVER_KINDS
};

struct lr_discover_check {
	enum lr_discover_kind kind;
	uint16_t port;
	struct lr_ip to;
	uint64_t number, sent_ns, rtt_ns;
	bool there, back;
};

struct lr_discover_plan {
	struct lr_discover_check checks[LR_DISCOVER_CHECKS];
	unsigned n;
};

/* What is to be checked with the member at that IPv4 address; `game` NULL: LR_DISCOVER_PORT. The
 * game's first ports of discovery, its groups, else 224.0.0.254, which is for trials (RFC 4727) and
 * needs no join. */
void lr_discover_plan(
	struct lr_discover_plan *plan, const struct lr_game *game, const struct lr_ip *member);
/* Runs it, in 2 s at most. 0, whatever came, or -1 with `err`: a port is taken here. */
int lr_discover_run(struct lr_discover_plan *plan, const char *iface, const struct lr_ip *member,
	struct lr_err *err);
/* As share/schema/discover.json, with the peer's names of `peer`; `game` may be NULL. */
json_t *lr_discover_json(
	const struct lr_discover_plan *plan, const json_t *peer, const struct lr_game *game);
/* A line a check, for people. malloc'd. */
char *lr_discover_plain(const json_t *found, double unix_now);
/* Whether all came there and back. */
bool lr_discover_all(const struct lr_discover_plan *plan);

#endif
