/*
 * plain_firewall.h - what this machine's own firewall does to games, for people
 */
#ifndef LR_NODE_PLAIN_FIREWALL_H
#define LR_NODE_PLAIN_FIREWALL_H

#include "lib/base/json.h"

/* `firewall` as lr_firewall_check() made it: a line for each rule that drops, or may, and one for
 * the command that mends it, through `put`. */
void lr_plain_firewall(
	FILE *out, const json_t *firewall, void (*put)(FILE *, const char *, const char *));

#endif
