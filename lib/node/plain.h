/*
 * plain.h - a node and its peers for people
 *
 * The same objects that a program gets (share/schema/peer.json, status.json, ping.json), as aligned
 * text. All return malloc'd text, NULL when out of memory.
 */
#ifndef LR_NODE_PLAIN_H
#define LR_NODE_PLAIN_H

#include "lib/base/json.h"

/* A table with a heading, one peer a line; "" for an empty list. `unix_now` in seconds, for ages.
 */
char *lr_plain_list(const json_t *peers, double unix_now);
/* Everything about one peer, a line each. */
char *lr_plain_peer(const json_t *peer, double unix_now);
/* The node, the drops that are not zero, then its peers as a table. */
char *lr_plain_status(const json_t *node, double unix_now);
/* What a ping found, two lines at most. `unix_now` is not used: all have one form. */
char *lr_plain_ping(const json_t *ping, double unix_now);

#endif
