/*
 * firewall_check.h - would this machine's own firewall drop what members, or their tunnels, send?
 *
 * Asked of the rules themselves (lib/net/firewall.h), for one packet of each kind that games send:
 * nothing is sent, and nothing is counted.
 */
#ifndef LR_NODE_FIREWALL_CHECK_H
#define LR_NODE_FIREWALL_CHECK_H

#include "lib/base/json.h"
#include "lib/game/game.h"

/* As the member `firewall` of share/schema/netcheck.json. `status`: the node's, for its interface,
 * addresses, port and the games that are played, whose profiles are looked for in `games`. */
json_t *lr_firewall_check(const json_t *status, const struct lr_games *games);

#endif
