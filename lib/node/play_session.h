/*
 * play_session.h - the sessions of the games that are played through this node
 *
 * Theory of operation. A session (lib/game/session.h) begins when a game's first profile becomes
 * active and ends when its last is taken back; listeners hear of both. While one is on, each peer
 * with a live session of the tunnel is looked at every 2 s. The last LR_PLAY_ENDED that ended are
 * kept, so that status still tells of them.
 */
#ifndef LR_NODE_PLAY_SESSION_H
#define LR_NODE_PLAY_SESSION_H

#include "lib/base/json.h"
#include "lib/node/node.h"

#define LR_PLAY_ENDED 8

struct lr_play_sessions; /* in struct lr_play; NULL until a game was active */

/* The active games are these (names, once each). */
void lr_play_sessions_set(struct lr_node *node, const json_t *names);
/* When the next look is due; LR_NEVER. And looks when it is. */
uint64_t lr_play_sessions_due(const struct lr_node *node);
void lr_play_sessions_settle(struct lr_node *node, uint64_t now);
/* All of them, the oldest first. New reference. */
json_t *lr_play_sessions_json(const struct lr_node *node);
/* The game's last one; NULL: there was none. New reference. */
json_t *lr_play_sessions_last(const struct lr_node *node, const char *game);
void lr_play_sessions_free(struct lr_node *node);

#endif
