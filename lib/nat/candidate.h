/*
 * candidate.h - addresses at which a member may be reached
 *
 * Text forms, for member records: "host 192.168.1.7:51820", "ipv6 [2001:db8::7]:51820",
 * "mapped ...", "reflexive ...", "predicted ...", "relay 198.51.100.1:3478#0a1b2c3d" (channel).
 */
#ifndef LR_NAT_CANDIDATE_H
#define LR_NAT_CANDIDATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/nat/route.h"
#include "lib/net/addr.h"

#define LR_CANDIDATES_MAX 16 /* a member */
#define LR_CANDIDATE_TEXT 96

/* The order is the order of trying when nothing else decides. */
enum lr_candidate_kind {
	LR_CANDIDATE_NONE,
	LR_CANDIDATE_HOST,      /* IPv4 address of an interface */
	LR_CANDIDATE_IPV6,      /* IPv6 address of an interface */
	LR_CANDIDATE_MAPPED,    /* by UPnP-IGD, NAT-PMP, PCP, or forwarded by hand */
	LR_CANDIDATE_REFLEXIVE, /* as a STUN server or a member saw it */
	LR_CANDIDATE_PREDICTED, /* what a sequential NAT will give next; stands for a run of ports
				 */
	LR_CANDIDATE_RELAY,     /* a channel */
	LR_CANDIDATE_KINDS
};
const char *lr_candidate_kind_name(enum lr_candidate_kind kind);

struct lr_candidate {
	uint8_t kind;     /* enum lr_candidate_kind */
	uint16_t port;    /* host order */
	uint32_t channel; /* of a relay, else 0 */
	struct lr_ip ip;
};

struct lr_candidates {
	struct lr_candidate at[LR_CANDIDATES_MAX];
	uint8_t n;
};

/* What decides whether and in which order a member's candidates are tried. Borrowed. */
struct lr_candidate_rules {
	const struct lr_prefix *pools; /* of all parties and tunnels: never tried (VPN in VPN) */
	size_t n_pools;
	const struct lr_prefix *lans; /* our interfaces, with their prefix lengths, bits kept */
	size_t n_lans;
	struct lr_ip outside; /* our reflexive IPv4 address; family 0 when unknown */
};

/* "KIND ADDR:PORT[#CHANNEL]". */
const char *lr_candidate_text(const struct lr_candidate *c, char out[LR_CANDIDATE_TEXT]);
/* 0 or -EINVAL. */
int lr_candidate_parse(const char *text, struct lr_candidate *out);

/* May it be probed at all: never unspecified, loopback, multicast, broadcast (255.255.255.255 and
 * that of our own networks), reserved, IPv6 link-local or IPv4-mapped, port 0, an address in a pool
 * or one of our own addresses in `lans`. `rules` may be NULL. */
bool lr_candidate_usable(const struct lr_candidate *c, const struct lr_candidate_rules *rules);

/* Adds unless it is there (same address, port, channel; the kind that comes first in the enum is
 * kept); when full, only in the place of one of a later kind. Whether the list has it now. */
bool lr_candidates_add(struct lr_candidates *list, const struct lr_candidate *c);
/* Drops what is not usable and sorts: own LAN first, behind the same outside address (hairpin)
 * second, then by kind. Stable. */
void lr_candidates_order(struct lr_candidates *list, const struct lr_candidate_rules *rules);
bool lr_candidates_same(const struct lr_candidates *a, const struct lr_candidates *b);

/* Whether `ip` is reached through a tunnel. */
bool lr_candidate_in_pool(const struct lr_ip *ip, const struct lr_candidate_rules *rules);
/* Whether `ip` lies in one of our networks. */
bool lr_candidate_on_lan(const struct lr_ip *ip, const struct lr_candidate_rules *rules);
struct lr_endpoint lr_candidate_endpoint(const struct lr_candidate *c);
/* Kind `kind` at `e`; e's `from` is dropped. */
struct lr_candidate lr_candidate_of(enum lr_candidate_kind kind, const struct lr_endpoint *e);

#endif
