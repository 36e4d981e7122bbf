/*
 * place.h - HOST[:PORT], where a relay is found
 *
 * HOST is a name (letters, digits, - . _), an IPv4 address, or an IPv6 address in brackets;
 * PORT is 3478 unless said. Kept in lower case, without the default port, so that two
 * spellings of one place are equal.
 */
#ifndef LR_PARTY_PLACE_H
#define LR_PARTY_PLACE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/net/addr.h"

#define LR_PLACE_TEXT 128 /* with its NUL */
#define LR_PLACE_PORT 3478
#define LR_PLACES_MAX 4 /* relays of one party: each member writes to all of them */

struct lr_place {
	char text[LR_PLACE_TEXT]; /* canonical */
};
/* Reads `len` bytes. 0 or -EINVAL. */
int lr_place_parse(const char *text, size_t len, struct lr_place *out);
/* The host without brackets (`host` has LR_PLACE_TEXT bytes) and the port. `p` was parsed. */
uint16_t lr_place_split(const struct lr_place *p, char *host);
/* Where that is when HOST is an address. False: it is a name. */
bool lr_place_endpoint(const struct lr_place *p, struct lr_endpoint *out);

#endif
