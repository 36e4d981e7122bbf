/*
 * ipam.h - address pools and leases
 *
 * Theory of operation. A pool is an IPv4 prefix (/8../30) with an IPv6 ULA /64 beside it. A lease
 * ties a peer (a nickname or a key) to one address for good. The table in memory is the
 * replay of an append-only log of JSON lines, `ipam/POOL.jsonl`; `struct lr_ipam` is that table and
 * knows nothing of files (store.h does). Allocation goes sequentially through the /24s and never
 * gives an address that ends in .0 or .255, nor the pool's network and broadcast address.
 *
 * Every change is a `struct lr_record`: a verb first decides on one (lr_ipam_want,
 * lr_ipam_drop), then applies it with lr_ipam_apply, which is also what the replay of the
 * log calls. So what is written is exactly what was done.
 *
 * Stability. A released peer is remembered as the former holder of its address: when it comes
 * back, it gets the address again unless somebody else has it. Others get that address only
 * when every address of the pool has been given once; then the sequence goes round the pool again.
 *
 * A peer is found by its name and by its public key. When a known key comes with another name, the
 * peer was renamed: it keeps its address and the old name is forgotten.
 */
#ifndef LR_IPAM_IPAM_H
#define LR_IPAM_IPAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/ipam/record.h"
#include "lib/net/addr.h"

struct lr_ipam;

struct lr_lease {
	const char *peer;       /* nickname or key text; owned by the table */
	const char *public_key; /* base64 text or NULL */
	struct lr_ip address;   /* IPv4 */
	struct lr_ip address6;  /* derived: ULA prefix and the address in the low 32 bits */
	bool reserved;          /* set aside by hand for the peer */
};

/* What was wrong with a record or with a line of the log. */
enum lr_flaw {
	LR_FLAW_NONE,
	LR_FLAW_MALFORMED,         /* not a line of this log */
	LR_FLAW_TORN,              /* the last line was cut short */
	LR_FLAW_STRAY,             /* an address that the pool does not give */
	LR_FLAW_DUPLICATE_ADDRESS, /* another peer holds the address */
	LR_FLAW_DUPLICATE_PEER,    /* the peer, or its key, has a lease already */
	LR_FLAW_UNKNOWN,           /* about a peer that has no lease */
	LR_FLAWS
};
/* "malformed", "torn", "stray", "duplicate_address", "duplicate_peer", "unknown_peer"; "" for none.
 */
const char *lr_flaw_name(enum lr_flaw flaw);

/* Reads "10.66.0.0/16" (host bits are cut off): /8../30, unicast. 0, or -1 with `err` (exit 2). */
int lr_ipam_pool_parse(const char *text, struct lr_prefix *out, struct lr_err *err);
/* Reads "fd12:3456:789a:1::/64": a prefix of fc00::/7, /64 or shorter; used as a /64. */
int lr_ipam_ula_parse(const char *text, struct lr_prefix *out, struct lr_err *err);
/* The /64 that goes with a pool when none is named: fd, then 56 bits of SipHash of the pool's
 * text, so that all machines find the same (the shape of RFC 4193 3.2). */
struct lr_prefix lr_ipam_ula_of(const struct lr_prefix *pool);
/* How many addresses a pool can give. */
size_t lr_ipam_usable(const struct lr_prefix *pool);

/* `pool` IPv4 /8../30; `ula` NULL: derived. NULL: out of memory or bad prefix. */
struct lr_ipam *lr_ipam_new(const struct lr_prefix *pool, const struct lr_prefix *ula);
void lr_ipam_free(struct lr_ipam *t);
/* Room for `n` leases altogether at once, so that a long replay does not grow in steps. */
void lr_ipam_expect(struct lr_ipam *t, size_t n);

/* The lease of `peer`, made when missing: < 1 us, flat to 60,000. NULL: pool full (errno ENOSPC),
 * bad name (EINVAL), out of memory. *fresh tells whether it is new. */
const struct lr_lease *lr_ipam_alloc(struct lr_ipam *t, const char *peer, bool *fresh);
/* By name or public key, or by address (IPv4 or its address6). < 50 ns. NULL: none. */
const struct lr_lease *lr_ipam_by_peer(const struct lr_ipam *t, const char *peer);
const struct lr_lease *lr_ipam_by_address(const struct lr_ipam *t, const struct lr_ip *ip);
int lr_ipam_release(struct lr_ipam *t, const char *peer); /* 0 or -ENOENT */
size_t lr_ipam_count(const struct lr_ipam *t);

/* What somebody asks for. */
struct lr_want {
	const char *peer;       /* name; NULL: the public key is the name */
	const char *public_key; /* or NULL */
	struct lr_ip address;   /* family 4: this address; family 0: any */
	bool exact;             /* this address or none; else only when it is free */
	bool reserve;
};
/* Decides, without doing anything yet: *out is what must be applied, with op LR_REC_NONE when
 * the lease is there already. 0, or -1 with `err`, which names the holder or the reason. */
int lr_ipam_want(const struct lr_ipam *t, const struct lr_want *want, struct lr_record *out,
	struct lr_err *err);
/* The record that ends a lease. */
void lr_ipam_drop(const struct lr_lease *lease, struct lr_record *out);
/* Applies. 0, a positive enum lr_flaw (nothing was changed), or -ENOMEM. `line` is
 * kept with a lease, for explanations. */
int lr_ipam_apply(struct lr_ipam *t, const struct lr_record *r, size_t line);

/* In the order of addresses: the first for `prev` NULL, NULL behind the last. */
const struct lr_lease *lr_ipam_next(const struct lr_ipam *t, const struct lr_lease *prev);
/* The line of the log that a lease came from, 0 when it has none. */
size_t lr_ipam_line(const struct lr_lease *lease);
/* The only lease whose public key begins with `prefix` (6 characters or more), else NULL;
 * *several when there is more than one. Looks at all of them. */
const struct lr_lease *lr_ipam_by_prefix(
	const struct lr_ipam *t, const char *prefix, bool *several);
/* Records that make this table out of an empty one: leases, former holders, the cursor.
 * Stops when `each` returns non-zero, and returns that. */
int lr_ipam_dump(
	const struct lr_ipam *t, int (*each)(void *ctx, const struct lr_record *r), void *ctx);

struct lr_ipam_stats {
	size_t capacity, used, reserved, former; /* `reserved` is part of `used` */
	struct lr_ip next; /* for the next new peer; family 0: the pool is full */
};
void lr_ipam_stats(const struct lr_ipam *t, struct lr_ipam_stats *out);
const struct lr_prefix *lr_ipam_pool(const struct lr_ipam *t);
const struct lr_prefix *lr_ipam_ula(const struct lr_ipam *t);
bool lr_ipam_ula_derived(const struct lr_ipam *t);

#endif
