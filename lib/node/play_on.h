/*
 * play_on.h - what the games that are played change in the node
 *
 * Theory of operation. While profiles are active (play.h)
 *   - their multicast groups lead to our interface, and go to members that say nothing of groups:
 *     a game joins and sends on whatever interface the system would take, which is the real LAN's;
 *   - with --isolate their ports pass, beside those that were named, and IPX where one wants it;
 *   - noise passes that one of them finds others by;
 *   - their packets are marked as the profile says, which also puts them before bulk and makes the
 *     datagram outside carry the mark;
 *   - small ones go over two paths where the profile wants that;
 *   - announcements (to a broadcast address or a group) that come once are said again, and where a
 *     game writes its own address into one, ours stands there, whichever of the machine's it took;
 *     in what goes to one member it is put there only in place of an address of this machine, since
 *     the game's play uses the same port.
 * All of it is undone when the last profile is taken back. Nothing of it costs a packet anything
 * while none is active.
 */
#ifndef LR_NODE_PLAY_ON_H
#define LR_NODE_PLAY_ON_H

#include "lib/node/node.h"

/* The set of active profiles is another. */
void lr_play_on(struct lr_node *node);
/* An IP packet of the interface, which may be marked and rewritten in place; `partial`: its
 * checksum is yet to be finished over what the field holds. Its flags (enum lr_traffic_flag), 0: no
 * game's. */
uint8_t lr_play_touch(const struct lr_node *node, uint8_t *packet, size_t len, bool partial);
/* It goes to more than one; when its profile wants that, `bytes` (of `size`) are what comes back
 * from lr_play_again(). */
void lr_play_keep(
	struct lr_node *node, const uint8_t *packet, size_t len, const void *bytes, size_t size);
/* What is to go out again; NULL: nothing. And when there will be something. */
const uint8_t *lr_play_again(struct lr_node *node, uint64_t now, size_t *size);
uint64_t lr_play_due(const struct lr_node *node);
/* Whether it is one that its profile wants on two paths. */
bool lr_play_twice(const struct lr_node *node, const uint8_t *packet, size_t len);

#endif
