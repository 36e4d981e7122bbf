/*
 * given.h - what a person gave on a command line about a peer
 */
#ifndef LR_NODE_GIVEN_H
#define LR_NODE_GIVEN_H

#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/net/addr.h"

struct lr_given {
	const char *key;         /* base64; needed, the others may be NULL */
	const char *name;        /* nickname */
	const char *endpoint;    /* HOST:PORT; a name is resolved, which may take its time */
	const char *allowed_ips; /* prefixes with commas or blanks between them */
	const char *psk_file;    /* a file with a key as `wg genpsk` writes it: never in argv */
	long keepalive_s;        /* 0: not given */
};

/* The object for "peer-set" (book.h). NULL with `err`: LR_EXIT_USAGE for what was mistyped. */
json_t *lr_given_peer(const struct lr_given *g, struct lr_err *err);

/* The virtual address that is meant by NAME, which found `peer` (an object of book.h): the one that
 * NAME is, else the peer's of `family` (4 or 6), else (0) its IPv4 address, else its IPv6 address.
 * Its text, as long-lived as `name` and `peer`; NULL when it has none. */
const char *lr_given_address(const char *name, const json_t *peer, int family, struct lr_ip *out);

/* A time as people write it: "90s", "30m", "2h", "7d", or several ("1h30m"). Seconds, at least 1
 * and at most `max_s`, into *out. 0, or -1 with `err` (LR_EXIT_USAGE), which names `what`. */
int lr_given_duration(
	const char *what, const char *text, uint64_t max_s, uint64_t *out, struct lr_err *err);

#endif
