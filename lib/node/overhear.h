/*
 * overhear.h - broadcasts and multicasts that this machine sends on other interfaces, for the party
 *
 * Theory of operation. A packet socket with a filter in the kernel sees what leaves: UDP in one
 * piece, IPv4 or IPv6, to a group MAC. Of that it takes what is sent to a port of an active game
 * (play.h), by this machine itself (the source MAC is the card's), on an Ethernet card that is no
 * TAP: what came from a party, this or another, is never carried. lib/lan/captured.h keeps what was
 * sent on several cards from being carried twice; lib/lan gives it our address.
 *
 * Source: packet(7), the kernel's Documentation/networking/filter.rst.
 */
#ifndef LR_NODE_OVERHEAR_H
#define LR_NODE_OVERHEAR_H

#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/node/node.h"

#define LR_OVERHEAR_ALL "all"

/* `where`: an interface's name, or LR_OVERHEAR_ALL. Sets node->overhear. 0 or -1 with `err`. */
int lr_overhear_open(struct lr_node *node, const char *where, struct lr_err *err);
void lr_overhear_close(struct lr_node *node);

/* The rest do nothing on a node that captures nothing. */

/* Our interface sent this to all. */
void lr_overhear_own(struct lr_node *node, const uint8_t *packet, size_t len);
/* Carries what is due; when the next is. */
void lr_overhear_settle(struct lr_node *node, uint64_t now);
uint64_t lr_overhear_due(const struct lr_node *node);
void lr_overhear_put_drops(const struct lr_node *node, json_t *drops);

#endif
