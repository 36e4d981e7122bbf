/*
 * rulesets.h - the firewall rules that this network namespace has
 *
 * Theory of operation. The kernel is asked by netlink whether nftables has tables at all: most home
 * machines have none, and then nothing is run. Otherwise `nft -n -j list ruleset` prints them;
 * where tables hold modules of iptables, which nft cannot print, iptables-nft-save does; and where
 * the older iptables has tables (/proc/net/ip_tables_names), iptables-legacy-save. All of it needs
 * CAP_NET_ADMIN.
 */
#ifndef LR_IO_RULESETS_H
#define LR_IO_RULESETS_H

#include "lib/net/firewall.h"

/* All rules; NULL with `err`: they cannot be read, and why. */
struct lr_firewall *lr_rulesets_read(struct lr_err *err);
/* The rule of a verdict that does not pass, in the words of who made it, as
 * "inet filter input: udp dport 7 drop"; malloc'd, NULL: out of memory. */
char *lr_rulesets_words(const struct lr_firewall_verdict *v);

/* From where this machine sends to the internet. False: it has no way there. `family` 4 or 6. */
bool lr_rulesets_outside(uint8_t family, struct lr_ip *own, char iface[16]);

#endif
