/*
 * scrub.h - an object that may be given to strangers: without keys, invites and outside addresses
 *
 * Members whose names say that they are such (keys, secrets, invites, endpoints, candidates,
 * relays) lose their values, whatever these are. Any other text goes when a part of it, in whatever
 * surroundings, looks like one: a link, 40 characters or more of base64 (20 with capitals, small
 * letters and digits), an address of the whole internet, the name of a host. Counters, names of
 * members and the addresses of the virtual LAN stay.
 */
#ifndef LR_RESULTS_SCRUB_H
#define LR_RESULTS_SCRUB_H

#include "lib/base/json.h"

#define LR_SCRUBBED "removed"

/* Whether a text has a part that must not leave the machine. */
bool lr_scrub_secret(const char *text);
/* A copy of `value`, scrubbed; new reference. */
json_t *lr_scrub(const json_t *value);

#endif
