/*
 * play.h - the games that are played through this node: the active profiles
 *
 * Theory of operation. A program hands over a profile (lr-game apply, watch); it counts until it is
 * taken back, or, when it was only held, until the connection that brought it ends: whoever watches
 * games leaves nothing behind, however it ends. A profile that several want counts until the last
 * has gone. The table of ports (lib/game/traffic.h) is built anew at each change, and `serial` says
 * that there was one.
 *
 *   {"do": "play-set", "profile": OBJECT, "hold": bool} -> {"ok": true, "game": NAME}
 *   {"do": "play-remove", "game": NAME}  -> {"ok": true, "game": NAME, "session": OBJECT or null}
 *   {"do": "play"}                                     -> {"ok": true, "games": [OBJECT...]}
 *
 * "play-remove" takes a profile from everyone, and tells how it was played
 * (share/schema/session.json). The other OBJECTs are those of share/schema/game.json.
 */
#ifndef LR_NODE_PLAY_H
#define LR_NODE_PLAY_H

#include "lib/base/json.h"
#include "lib/game/repeat.h"
#include "lib/game/traffic.h"
#include "lib/node/node.h"

#define LR_PLAY_MAX 256 /* profiles at once */

struct lr_play;

/* The table of the active profiles; NULL: none is active. */
const struct lr_traffic *lr_play_traffic(const struct lr_node *node);
/* Another number after each change. */
uint64_t lr_play_serial(const struct lr_node *node);
/* The groups that lib/node/play_on.c has turned on; for it, while a change is made. */
struct lr_play_groups {
	struct lr_ip at[LR_TRAFFIC_GROUPS];
	unsigned n;
};
struct lr_play_groups *lr_play_groups(struct lr_node *node);
/* The machine's own IPv4 addresses, as they were then. */
enum { LR_PLAY_CARDS = 16 };
struct lr_play_cards {
	uint64_t looked_ns; /* 0: never */
	uint8_t at[LR_PLAY_CARDS][4];
	unsigned n;
};
struct lr_play_cards *lr_play_cards(const struct lr_node *node);
/* And what it says again. Only where node->play is there. */
struct lr_repeats *lr_play_repeats(struct lr_node *node);
/* Names of the active profiles. New reference. */
json_t *lr_play_names(const struct lr_node *node);

/* Answers one of the requests above; *mine = false when it is none, then NULL. `owner`: whose
 * connection it is. */
json_t *lr_play_answer(struct lr_node *node, const json_t *request, const void *owner, bool *mine);
/* The connection has ended: what it held is taken back. */
void lr_play_drop(struct lr_node *node, const void *owner);
/* All of it, at the node's end. */
void lr_play_end(struct lr_node *node);

#endif
