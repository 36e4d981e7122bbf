/*
 * plain_party.h - a party, its paths and this machine's network, for people
 *
 * The answers of the control socket (party.h) as text. All return malloc'd text, NULL when out of
 * memory. `unix_now` is not used: all have one form.
 */
#ifndef LR_NODE_PLAIN_PARTY_H
#define LR_NODE_PLAIN_PARTY_H

#include "lib/base/json.h"

/* One sentence, then what it rests on, a line each. */
char *lr_plain_explain(const json_t *explain, double unix_now);
/* A line for each thing that was found out, and one for each relay. */
char *lr_plain_netcheck(const json_t *netcheck, double unix_now);
/* The party that a node is in, to stand behind lr_plain_status(). */
char *lr_plain_party(const json_t *party, double unix_now);

#endif
