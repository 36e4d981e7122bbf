/*
 * allowedips.h - which peer an inner address belongs to: longest prefix match
 *
 * Theory of operation. Two path-compressed binary tries, IPv4 and IPv6, in one array of nodes that
 * refer to each other by index (0: none), so that the array may move when it grows. A node has a
 * prefix; its children's prefixes begin with it and differ in the next bit. A node without a peer
 * is glue: it stands where two prefixes part, and always has two children. Every prefix of a peer
 * is on that peer's list, so that taking all of them costs what they are.
 *
 * Most prefixes are whole addresses. They are also in a hash table, chained through the nodes,
 * which is asked first: what it finds is the longest match there can be. It halves the time of a
 * look-up with 1,000 peers and makes it independent of how many there are.
 *
 * Keys are in host order, left-aligned in 128 bits; an IPv4 address is in the top 32 bits.
 */
#ifndef LR_WG_ALLOWEDIPS_H
#define LR_WG_ALLOWEDIPS_H

#include <stdint.h>

#include "lib/net/addr.h"

struct lr_peer;

struct lr_allowed_node {
	uint64_t hi, lo;
	struct lr_peer *peer; /* NULL: glue, or free */
	uint32_t
		child[2]; /* by the bit behind the prefix; child[0] of a free node: the next free */
	uint32_t parent;  /* 0: it is a root */
	uint32_t next, prev; /* the peer's list; prev 0: the peer's head points here */
	uint32_t chain;      /* a whole address: the next one in its bucket */
	uint8_t len;
	uint8_t family; /* 4 or 6 */
};

struct lr_allowedips {
	struct lr_allowed_node *nodes; /* nodes[0] is never used */
	uint32_t n, room, free;
	uint32_t root[2]; /* IPv4, IPv6 */

	uint32_t *buckets; /* of whole addresses; n_buckets is 0 or a power of two */
	uint32_t n_hosts, n_buckets;
	uint64_t seed; /* members choose their addresses: let them not choose a bucket */
};

void lr_allowedips_release(struct lr_allowedips *t);
/* The prefix becomes `peer`'s, whoever had it. Bits behind its length are ignored. 0, -ENOMEM,
 * -EINVAL when it is no prefix. */
int lr_allowedips_insert(struct lr_allowedips *t, struct lr_peer *peer, const struct lr_prefix *p);
/* 0, or -ENOENT when `peer` does not have it. */
int lr_allowedips_remove(struct lr_allowedips *t, struct lr_peer *peer, const struct lr_prefix *p);
void lr_allowedips_remove_all(struct lr_allowedips *t, struct lr_peer *peer);
void lr_allowedips_each(const struct lr_allowedips *t, const struct lr_peer *peer,
	void (*each)(void *ctx, const struct lr_prefix *prefix), void *ctx);
/* `addr`: 4 or 16 bytes in network order. NULL: nobody. Hot. */
struct lr_peer *lr_allowedips_lookup(
	const struct lr_allowedips *t, uint8_t family, const uint8_t *addr);

#endif
