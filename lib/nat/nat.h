/*
 * nat.h - how a router treats UDP, in the terms of RFC 4787
 *
 * Text form, for member records: "MAPPING/FILTERING" of ei, ad, apd, or "?", then any of
 * " open" (no translation), " preserves", " hairpin", " blocked", " delta=N".
 */
#ifndef LR_NAT_NAT_H
#define LR_NAT_NAT_H

#include <stdbool.h>
#include <stdint.h>

#define LR_NAT_TEXT 64

enum lr_behaviour {
	LR_BEHAVE_UNKNOWN,
	LR_BEHAVE_EI,  /* endpoint-independent */
	LR_BEHAVE_AD,  /* address-dependent */
	LR_BEHAVE_APD, /* address-and-port-dependent */
};

enum {
	LR_NAT_NONE = 1,      /* the address seen outside is our own: at most a firewall */
	LR_NAT_PRESERVES = 2, /* the port outside is the port inside */
	LR_NAT_HAIRPIN = 4,   /* what is sent to our own outside address comes back in */
	LR_NAT_BLOCKED = 8,   /* no UDP answer from any server */
};

struct lr_nat {
	uint8_t mapping, filtering; /* enum lr_behaviour */
	uint8_t flags;              /* LR_NAT_* */
	int8_t delta;               /* step of ports given one after the other; 0: no such rule */
};

/* "endpoint-independent", "address-dependent", "address- and port-dependent", "unknown". */
const char *lr_behaviour_name(enum lr_behaviour b);
const char *lr_nat_text(const struct lr_nat *nat, char out[LR_NAT_TEXT]);
/* 0 or -EINVAL. Words that it does not know are skipped. */
int lr_nat_parse(const char *text, struct lr_nat *out);

/* Whether the port that one destination sees tells nothing certain about what another will see. */
static inline bool lr_nat_symmetric(const struct lr_nat *nat)
{
	return nat->mapping == LR_BEHAVE_AD || nat->mapping == LR_BEHAVE_APD;
}

/* What two ends can do. */
enum lr_pairing {
	LR_PAIR_SIMPLE,   /* simultaneous opening joins them (or may: something is unknown) */
	LR_PAIR_PREDICT,  /* one end's next port can be predicted, the other's is constant */
	LR_PAIR_BIRTHDAY, /* one end is symmetric at random, the other constant, port-restricted */
	LR_PAIR_HOPELESS, /* both symmetric and port-restricted */
	LR_PAIR_BLOCKED,  /* one end has no UDP */
};
enum lr_pairing lr_nat_pairing(const struct lr_nat *a, const struct lr_nat *b);

#endif
