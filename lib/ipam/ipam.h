/*
 * ipam.h - address pools and leases
 *
 * Theory of operation. A pool is an IPv4 prefix (/8../30) with an IPv6 ULA /64 beside it. A lease
 * ties a peer (a nickname or a key) to one address for good. The table in memory is the
 * replay of an append-only log of JSON lines, `ipam/POOL.jsonl`; `struct lr_ipam` is that table and
 * knows nothing of files (store.h does). Allocation goes sequentially through the /24s and never
 * gives an address that ends in .0 or .255.
 */
#ifndef LR_IPAM_IPAM_H
#define LR_IPAM_IPAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/net/addr.h"

struct lr_ipam;

struct lr_lease {
	const char *peer;        /* nickname or key text; owned by the table */
	const char *public_key;  /* base64 text or NULL */
	struct lr_ip address;    /* IPv4 */
	struct lr_ip address6;   /* derived: ULA prefix and the address in the low 32 bits */
	bool reserved;           /* kept for the peer, not given out otherwise */
};

/* `pool` IPv4 /8../30. NULL: out of memory or bad prefix. */
struct lr_ipam *lr_ipam_new(const struct lr_prefix *pool, const struct lr_prefix *ula);
void lr_ipam_free(struct lr_ipam *t);
/* The lease of `peer`, made when missing: < 1 us, flat to 60,000. NULL: pool full (errno ENOSPC),
 * out of memory. *fresh tells whether it is new. */
const struct lr_lease *lr_ipam_alloc(struct lr_ipam *t, const char *peer, bool *fresh);
/* By peer, or by address. < 50 ns. NULL: none. */
const struct lr_lease *lr_ipam_by_peer(const struct lr_ipam *t, const char *peer);
const struct lr_lease *lr_ipam_by_address(const struct lr_ipam *t, const struct lr_ip *ip);
int lr_ipam_release(struct lr_ipam *t, const char *peer); /* 0 or -ENOENT */
size_t lr_ipam_count(const struct lr_ipam *t);

#endif
