/*
 * firewall_judge.c - a packet's way through the chains (firewall.h)
 *
 * Theory of operation. `here` says whether the packet is still on its way: not, perhaps, surely. A
 * rule whose conditions hold takes it where its verdict says; one that perhaps holds leaves a
 * "perhaps" on both ways. So every rule is looked at once per way that leads to its chain, whatever
 * is unsure before it. What became of the packet is gathered in `fate`; it is certain when only one
 * fate is possible in the end.
 */
#include "lib/net/firewall_inside.h"

#include <stdlib.h>
#include <string.h>

#define RULES_MOST 100000 /* looked at, for one packet */
#define DEPTH_MOST 16     /* of jumps: NFT_JUMP_STACK_SIZE */

enum here { GONE, PERHAPS_HERE, HERE };

/* A rule, or a chain's policy (rule NULL). */
struct place {
	const json_t *chain, *rule, *base;
};

struct way {
	struct lr_fw_at at;
	unsigned looked;
	const json_t *base;     /* the base chain that it is in */
	unsigned ends;          /* fates met so far, to see whether a chain had any */
	enum here accepted;     /* by a rule of this base chain */
	enum here dropped, led; /* away by a rule: to a queue, another address */
	struct place drop, lead, unsure;
};

static enum here least(enum here a, enum here b)
{
	return a < b ? a : b;
}
static enum here most(enum here a, enum here b)
{
	return a > b ? a : b;
}

/* --- a verdict --- */

/* `here`: as sure as it is that the verdict is reached. */
static void fate(struct way *w, enum here *what, struct place *where, enum here here,
	const json_t *chain, const json_t *rule)
{
	w->ends++;
	if (where && here >= *what) /* the last of the surest: it takes all that is left */
		*where = (struct place){.chain = chain, .rule = rule, .base = w->base};
	*what = most(*what, here);
}

static enum here walk(struct way *w, const json_t *chain, enum here here, unsigned depth);

static const json_t *target_of(const struct way *w, const json_t *chain, const json_t *jump)
{
	const json_t *own = json_object_get(chain, "chain");
	bool legacy = strcmp(lr_fw_text(chain, "tool"), "iptables-legacy") == 0;
	char key[LR_FW_KEY];

	if (snprintf(key, sizeof(key), "%s%s %s %s", legacy ? "legacy " : "",
		    lr_fw_text(own, "family"), lr_fw_text(own, "table"),
		    lr_fw_text(jump, "target")) >= (int)sizeof(key))
		return NULL;
	return json_object_get(w->at.fw->chains, key);
}

/* What a verdict does to a packet that is `here` when the rule is reached. */
struct next {
	bool is;        /* it is a verdict */
	enum here on;   /* here, behind the rule */
	enum here back; /* returned from the chain */
};

static struct next jump(struct way *w, const json_t *chain, const json_t *rule,
	const json_t *statement, enum here here, unsigned depth)
{
	const json_t *go = json_object_get(statement, "goto");
	const json_t *to = target_of(w, chain, go ? go : json_object_get(statement, "jump"));

	if (!to || depth == DEPTH_MOST) {
		fate(w, &w->led, &w->lead, PERHAPS_HERE, chain, rule);
		return (struct next){.is = true, .on = PERHAPS_HERE};
	}
	enum here out = walk(w, to, here, depth + 1);
	return go ? (struct next){.is = true, .back = out} : (struct next){.is = true, .on = out};
}

/* A target of iptables that nft cannot print: those that decide nothing are known. */
static bool decides(const json_t *xt)
{
	static const char *const notes[] = {"LOG", "NFLOG", "MARK", "CONNMARK", "TCPMSS", "TRACE",
		"SET", "CHECKSUM", "CLASSIFY", "AUDIT", "SECMARK", "CONNSECMARK", "DSCP", "TOS",
		"TTL", "HL", "CT", "TEE", NULL};

	if (!xt || strcmp(lr_fw_text(xt, "type"), "match") == 0)
		return false;
	for (const char *const *n = notes; *n; n++)
		if (strcmp(lr_fw_text(xt, "name"), *n) == 0)
			return false;
	return true;
}

static struct next verdict(struct way *w, const json_t *chain, const json_t *rule,
	const json_t *statement, enum here here, unsigned depth)
{
	static const char *const away[] = {
		"queue", "dnat", "redirect", "tproxy", "synproxy", "fwd"};

	if (json_object_get(statement, "accept"))
		return fate(w, &w->accepted, NULL, here, chain, rule), (struct next){.is = true};
	if (json_object_get(statement, "drop") || json_object_get(statement, "reject"))
		return fate(w, &w->dropped, &w->drop, here, chain, rule), (struct next){.is = true};
	if (json_object_get(statement, "return"))
		return (struct next){.is = true, .back = here};
	if (json_object_get(statement, "continue"))
		return (struct next){.is = true, .on = here};
	if (json_object_get(statement, "jump") || json_object_get(statement, "goto"))
		return jump(w, chain, rule, statement, here, depth);
	for (size_t i = 0; i < sizeof(away) / sizeof(away[0]); i++)
		if (json_object_get(statement, away[i]))
			return fate(w, &w->led, &w->lead, here, chain, rule),
			       (struct next){.is = true};
	if (decides(json_object_get(statement, "xt")))
		return fate(w, &w->led, &w->lead, least(here, PERHAPS_HERE), chain, rule),
		       (struct next){.is = true, .on = least(here, PERHAPS_HERE)};
	return (struct next){.on = here};
}

/* --- a rule --- */

/* Conditions that depend on more than the packet, and those that nobody could print. */
static bool untold(const json_t *statement)
{
	static const char *const words[] = {
		"limit", "quota", "ct count", "ct timeout", "meter", "xt"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (json_object_get(statement, words[i]))
			return true;
	return false;
}

static void act(struct way *w, const json_t *statement, enum lr_fw_holds so)
{
	const json_t *key = json_object_get(json_object_get(statement, "mangle"), "key");

	if (json_object_get(key, "meta") || json_object_get(key, "ct"))
		w->at.marked = true;
	if (json_object_get(statement, "notrack") && so == LR_FW_YES)
		w->at.untracked = true;
}

static void remember_unsure(struct way *w, const json_t *chain, const json_t *rule, unsigned ends)
{
	if (w->ends > ends && !w->unsure.chain)
		w->unsure = (struct place){.chain = chain, .rule = rule, .base = w->base};
}

static struct next run_verdict(struct way *w, const json_t *chain, const json_t *rule,
	const json_t *statement, enum lr_fw_holds so, enum here here, unsigned depth)
{
	unsigned ends = w->ends;
	struct next n = verdict(w, chain, rule, statement,
		so == LR_FW_YES ? here : least(here, PERHAPS_HERE), depth);

	if (so == LR_FW_YES || !n.is)
		return n;
	remember_unsure(w, chain, rule, ends);
	/* The way past it stays. */
	n.on = w->ends == ends && n.back == GONE ? here : least(here, PERHAPS_HERE);
	return n;
}

static struct next run_rule(
	struct way *w, const json_t *chain, const json_t *rule, enum here here, unsigned depth)
{
	enum lr_fw_holds so = LR_FW_YES;
	struct next n = {.on = here};
	const json_t *statement, *it;
	size_t i;

	json_array_foreach (json_object_get(rule, "expr"), i, statement) {
		if ((it = json_object_get(statement, "match"))) {
			enum lr_fw_holds one = lr_fw_match(&w->at, it);
			so = one < so ? one : so;
		} else if (untold(statement)) {
			so = so < LR_FW_PERHAPS ? so : LR_FW_PERHAPS;
		} else if ((it = json_object_get(statement, "vmap"))) {
			bool unsure;
			statement = lr_fw_vmap(&w->at, it, &unsure);
			if (unsure)
				so = LR_FW_PERHAPS;
			if (!statement && unsure) {
				fate(w, &w->led, &w->lead, PERHAPS_HERE, chain, rule);
				remember_unsure(w, chain, rule, w->ends - 1);
				n.on = least(here, PERHAPS_HERE);
			}
		}
		if (so == LR_FW_NO || !statement)
			break;
		act(w, statement, so);
		struct next now = run_verdict(w, chain, rule, statement, so, here, depth);
		if (now.is)
			return now;
	}
	return n;
}

/* A chain from its beginning; where the packet is when it comes out of its end. */
static enum here walk(struct way *w, const json_t *chain, enum here here, unsigned depth)
{
	enum here came = here, back = GONE;
	unsigned ends = w->ends;
	const json_t *rule;
	size_t i;

	w->at.family = lr_fw_text(json_object_get(chain, "chain"), "family");
	w->at.table = lr_fw_text(json_object_get(chain, "chain"), "table");
	json_array_foreach (json_object_get(chain, "rules"), i, rule) {
		if (here == GONE)
			break;
		if (++w->looked > RULES_MOST) {
			fate(w, &w->led, &w->lead, PERHAPS_HERE, chain, rule);
			return GONE;
		}
		struct next n = run_rule(w, chain, rule, here, depth);
		back = most(back, n.back);
		here = n.on;
	}
	return w->ends == ends ? came : most(here, back);
}

/* --- the base chains in order --- */

static bool hooked_here(const json_t *own, const struct lr_firewall_packet *p, bool *perhaps)
{
	const char *family = lr_fw_text(own, "family"), *hook = lr_fw_text(own, "hook");
	const json_t *dev = json_object_get(own, "dev"), *it;
	size_t i;

	if (strcmp(hook, "ingress") != 0)
		return strcmp(family, "inet") == 0 ||
		       strcmp(family, p->to.family == 4 ? "ip" : "ip6") == 0;
	if (strcmp(family, "inet") != 0 && strcmp(family, "netdev") != 0)
		return false;
	*perhaps = !dev || !p->iface; /* nft 1.0.6 does not print the one of inet */
	if (*perhaps || (json_is_string(dev) && strcmp(json_string_value(dev), p->iface) == 0))
		return true;
	json_array_foreach (dev, i, it)
		if (json_is_string(it) && strcmp(json_string_value(it), p->iface) == 0)
			return true;
	return false;
}

static int rank(const json_t *chain)
{
	static const char *const hooks[] = {"ingress", "prerouting", "input"};
	const char *hook = lr_fw_text(json_object_get(chain, "chain"), "hook");

	for (int i = 0; i < 3; i++)
		if (strcmp(hook, hooks[i]) == 0)
			return i;
	return -1;
}

static json_int_t priority(const json_t *chain)
{
	return json_integer_value(json_object_get(json_object_get(chain, "chain"), "prio"));
}

static int in_order(const void *a, const void *b)
{
	const json_t *x = *(const json_t *const *)a, *y = *(const json_t *const *)b;
	int d = rank(x) - rank(y);

	return d ? d : (priority(x) > priority(y)) - (priority(x) < priority(y));
}

/* Through one base chain; where the packet is behind it. */
static enum here pass(struct way *w, const json_t *chain, enum here here)
{
	const json_t *own = json_object_get(chain, "chain");
	bool perhaps = false;

	if (!hooked_here(own, w->at.p, &perhaps))
		return here;
	enum here was = here, in = perhaps ? least(here, PERHAPS_HERE) : here;
	unsigned ends = w->ends;
	w->base = chain;
	w->accepted = GONE;
	enum here out = walk(w, chain, in, 0);
	if (out != GONE && strcmp(lr_fw_text(own, "policy"), "drop") == 0) {
		fate(w, &w->dropped, &w->drop, out, chain, NULL);
		out = GONE;
	}
	out = most(out, w->accepted);
	if (!perhaps)
		return out;
	remember_unsure(w, chain, NULL, ends);
	return w->ends == ends ? was : least(was, PERHAPS_HERE);
}

static const char *manager(const json_t *chain, const struct lr_firewall *fw)
{
	const json_t *own = json_object_get(chain, "chain"), *other;
	const char *table = lr_fw_text(own, "table"), *key;

	if (strcmp(table, "firewalld") == 0)
		return "firewalld";
	json_object_foreach (fw->chains, key, other) {
		const json_t *o = json_object_get(other, "chain");
		const char *name = lr_fw_text(o, "name");
		if (strcmp(lr_fw_text(o, "table"), table) != 0 ||
			strcmp(lr_fw_text(o, "family"), lr_fw_text(own, "family")) != 0)
			continue;
		if (strncmp(name, "ufw-", 4) == 0 || strncmp(name, "ufw6-", 5) == 0)
			return "ufw";
		if (strcmp(name, "INPUT_ZONES") == 0) /* firewalld with iptables under it */
			return "firewalld";
	}
	return NULL;
}

static struct lr_firewall_verdict tell(
	const struct way *w, enum lr_firewall_is is, const struct place *p)
{
	const json_t *own = json_object_get(p->chain, "chain");

	if (!p->chain)
		return (struct lr_firewall_verdict){.is = is};
	return (struct lr_firewall_verdict){
		.is = is,
		.family = lr_fw_text(own, "family"),
		.table = lr_fw_text(own, "table"),
		.chain = lr_fw_text(own, "name"),
		.hooked = lr_fw_text(json_object_get(p->base, "chain"), "name"),
		.hook = lr_fw_text(json_object_get(p->base, "chain"), "hook"),
		.handle = json_integer_value(json_object_get(p->rule, "handle")),
		.text = json_string_value(json_object_get(p->rule, "text")),
		.tool = lr_fw_text(p->chain, "tool"),
		.policy = !p->rule,
		.manager = manager(p->chain, w->at.fw),
	};
}

struct lr_firewall_verdict lr_firewall_judge(
	const struct lr_firewall *fw, const struct lr_firewall_packet *p)
{
	struct way w = {.at = {.fw = fw, .p = p}};
	json_t *chain, **bases = calloc(json_object_size(fw->chains) + 1, sizeof(*bases));
	enum here here = HERE;
	const char *key;
	size_t n = 0;

	if (!bases)
		return (struct lr_firewall_verdict){.is = LR_FIREWALL_UNSURE};
	json_object_foreach (fw->chains, key, chain)
		if (rank(chain) >= 0)
			bases[n++] = chain;
	qsort(bases, n, sizeof(*bases), in_order);
	for (size_t i = 0; i < n && here != GONE; i++)
		here = pass(&w, bases[i], here);
	free(bases);
	if (w.dropped == GONE && w.led == GONE)
		return tell(&w, LR_FIREWALL_PASSES, &(struct place){0});
	if (here == GONE && w.led == GONE)
		return tell(&w, LR_FIREWALL_DROPS, &w.drop);
	struct lr_firewall_verdict v = tell(&w, LR_FIREWALL_UNSURE,
		w.unsure.chain ? &w.unsure
		: w.lead.chain ? &w.lead
			       : &w.drop);
	v.elsewhere = w.led != GONE && !w.unsure.chain;
	return v;
}
