/*
 * firewall_inside.h - the inside of struct lr_firewall; for lib/net/firewall*.c only
 *
 *   firewall.c        the ruleset: what nft printed, in reach of the judge
 *   firewall_save.c   iptables-save into the same form
 *   firewall_match.c  does a condition hold?
 *   firewall_judge.c  the packet's way through the chains
 *   firewall_mend.c   who keeps a rule, and the command that mends it
 */
#ifndef LR_NET_FIREWALL_INSIDE_H
#define LR_NET_FIREWALL_INSIDE_H

#include "lib/net/firewall.h"

/* A chain is {"chain": as nft prints it, "rules": [...], "tool": "nft"}; its key is
 * "FAMILY TABLE NAME", that of a table of iptables-legacy begins with "legacy ". A set or a map is
 * as nft prints it, its key is the same. */
struct lr_firewall {
	json_t *chains, *sets;
};

#define LR_FW_KEY 1024 /* longest key: names have at most 255 bytes */

/* Chains and rules, as objects of nft's form: takes no reference. -1: it is not of that form. */
int lr_fw_add_chain(struct lr_firewall *fw, const json_t *chain, const char *tool);
int lr_fw_add_rule(struct lr_firewall *fw, json_t *rule, const char *tool);
/* "FAMILY TABLE NAME" of an object with those members, under `name_key`; "" when one is missing. */
void lr_fw_key(const json_t *o, const char *name_key, bool legacy, char out[LR_FW_KEY]);
const char *lr_fw_text(const json_t *o, const char *key); /* "" when there is none */

/* --- conditions --- */

enum lr_fw_holds { LR_FW_NO, LR_FW_PERHAPS, LR_FW_YES };

/* What the judge knows of the packet beside the packet itself. */
struct lr_fw_at {
	const struct lr_firewall *fw;
	const struct lr_firewall_packet *p;
	const char *family, *table; /* of the rule: where its sets are */
	bool untracked, marked;     /* by a rule before */
};

/* A {"match": ...} of that content. */
enum lr_fw_holds lr_fw_match(const struct lr_fw_at *at, const json_t *match);
/* Looks `vmap` up: the verdict found, or NULL with *unsure whether one might be. */
const json_t *lr_fw_vmap(const struct lr_fw_at *at, const json_t *vmap, bool *unsure);

#endif
