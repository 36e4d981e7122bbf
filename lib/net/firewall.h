/*
 * firewall.h - would this host's own firewall drop a packet? Rulesets in, a verdict and its rule
 * out
 *
 * Theory of operation. A ruleset is kept in the form in which nft prints it (libnftables-json(5),
 * with -n: numbers, not names): base chains at hooks, in order of their priorities, with rules that
 * are lists of statements. What iptables-save prints is turned into the same form, so there is one
 * judge for all: the kernel runs both at the same hooks.
 *
 * The judge follows one packet from the interface to the socket: ingress, prerouting, input. Each
 * condition holds, does not hold, or cannot be told (a rate limit, the hour, a module that is not
 * known here). Where it cannot be told, both ways are gone at once: the packet is then perhaps
 * here, perhaps not. At the end it has surely passed, surely been dropped, or it depends on the
 * first rule that could not be told. A verdict `accept` ends a base chain, not the whole way
 * (nft(8), VERDICT STATEMENTS); `drop` ends all.
 *
 * The packet is the first of its flow, so its conntrack state is new: games answer broadcasts by
 * unicast, which no conntrack entry covers.
 *
 * Nothing is opened here and nothing is run: lib/io/rulesets.h reads what the kernel has.
 */
#ifndef LR_NET_FIREWALL_H
#define LR_NET_FIREWALL_H

#include "lib/base/json.h"
#include "lib/net/addr.h"

#define LR_FIREWALL_TEXT                                                                           \
	(16u << 20)          /* bytes of a ruleset: long lists of countries have some MB           \
			      */
#define LR_FIREWALL_MEND 200 /* a command that mends it, with its NUL */

struct lr_firewall;

/* Who made rules that iptables-save prints: the same names of tables, other hooks in the kernel. */
enum lr_firewall_tool { LR_FIREWALL_IPTABLES, LR_FIREWALL_LEGACY };

/* Empty: all passes. NULL: out of memory. */
struct lr_firewall *lr_firewall_new(void);
void lr_firewall_free(struct lr_firewall *fw); /* NULL is fine */
/* Adds what `nft -n -j list ruleset` printed. 0, or -1 with `err`: it is not of that form. */
int lr_firewall_add_nft(struct lr_firewall *fw, const char *text, size_t len, struct lr_err *err);
/* Whether tables of the family (4 or 6) have conditions that nft cannot print: those of iptables'
 * modules. Then its own listing is wanted, too. */
bool lr_firewall_wants_save(const struct lr_firewall *fw, uint8_t family);
/* Adds what iptables-save (4) or ip6tables-save (6) printed. Tables of IPTABLES take the place of
 * those that nft printed under the same names. 0, or -1 with `err`. */
int lr_firewall_add_save(struct lr_firewall *fw, uint8_t family, enum lr_firewall_tool tool,
	const char *text, size_t len, struct lr_err *err);
/* A UDP port from 20000 on that no rule names: what goes for it goes for any game's. */
uint16_t lr_firewall_unnamed_port(const struct lr_firewall *fw);

/* To whom a packet goes: the numbers of RTN_LOCAL and so on, as fib matches them. */
enum lr_firewall_cast { LR_CAST_UNICAST = 2, LR_CAST_BROADCAST = 3, LR_CAST_MULTICAST = 5 };

/* The packet that arrives; an echo request when `protocol` is ICMP, a SYN when it is TCP. */
struct lr_firewall_packet {
	const char *iface; /* NULL: not known */
	struct lr_ip from, to;
	enum lr_firewall_cast cast;
	uint8_t protocol;   /* IPPROTO_UDP, IPPROTO_TCP, IPPROTO_ICMP, IPPROTO_ICMPV6 */
	uint16_t port;      /* of the destination */
	uint16_t from_port; /* 0: not known */
};

enum lr_firewall_is { LR_FIREWALL_PASSES, LR_FIREWALL_DROPS, LR_FIREWALL_UNSURE };
/* All pointers are into the ruleset. */
struct lr_firewall_verdict {
	enum lr_firewall_is is;
	/* Unless it passes: the rule that drops it, or on which it depends. */
	const char *family, *table, *chain;
	const char *hooked, *hook; /* the base chain from which that was reached, and its hook */
	int64_t handle;            /* nft's; 0: the chain's policy, or a rule of iptables */
	const char *text;          /* of a rule as iptables-save prints it, else NULL */
	const char *tool;          /* "nft", "iptables", "iptables-legacy" */
	bool policy;               /* it is no rule, but what the chain does at its end */
	bool elsewhere;            /* it depends on nothing: that rule sends it to another place */
	const char *manager;       /* who keeps those rules: "ufw", "firewalld" or NULL */
};

/* What becomes of the packet. At most some 100,000 rules are looked at; behind that it is unsure.
 */
struct lr_firewall_verdict lr_firewall_judge(
	const struct lr_firewall *fw, const struct lr_firewall_packet *p);

/* The command that lets in what arrives on `iface`; or, with `iface` NULL, UDP to `port` from
 * anywhere. For a verdict that does not pass. */
void lr_firewall_mend(const struct lr_firewall_verdict *v, uint8_t family, const char *iface,
	uint16_t port, char out[LR_FIREWALL_MEND]);

#endif
