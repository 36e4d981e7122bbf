/*
 * firewall_save.c - what iptables-save prints, in the form in which nft prints a ruleset
 *
 * "*TABLE", ":CHAIN POLICY [counters]", "-A CHAIN conditions -j TARGET ..." (iptables-save(8),
 * iptables-extensions(8)). A condition of a module that is not known here becomes one that cannot
 * be told, as nft prints it: {"xt": {"type": "match", "name": MODULE}}. Modules that look for what
 * no game's packet has (fragments, IPsec, extension headers) become one that never holds.
 */
#include "lib/net/firewall_inside.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define WORDS 128 /* of a line; more are left away, and the rule cannot be told */

struct line {
	struct lr_firewall *fw;
	const char *family, *tool, *table;
	char *words[WORDS];
	size_t n, at;
	bool cut;           /* it had more words */
	json_t *expr;       /* that is built */
	bool negated;       /* "!" stood before */
	const char *module; /* of the last -m */
};

/* --- conditions --- */

static void add(struct line *l, json_t *statement)
{
	if (statement)
		json_array_append_new(l->expr, statement);
}

/* Takes both. */
static void match(struct line *l, const char *op, json_t *left, json_t *right)
{
	add(l, json_pack("{s:{s:s, s:o, s:o}}", "match", "op", op, "left", left, "right", right));
}
static void is(struct line *l, json_t *left, json_t *right)
{
	match(l, l->negated ? "!=" : "==", left, right);
}
static void untold(struct line *l, const char *what)
{
	add(l, json_pack("{s:{s:s, s:s}}", "xt", "type", "match", "name", what));
}
/* What holds for no packet of a game, unless it is negated. */
static void never(struct line *l)
{
	is(l, json_pack("{s:{s:s}}", "exthdr", "name", "any"), json_true());
}

static json_t *meta(const char *key)
{
	return json_pack("{s:{s:s}}", "meta", "key", key);
}
static json_t *payload(const char *protocol, const char *field)
{
	return json_pack("{s:{s:s, s:s}}", "payload", "protocol", protocol, "field", field);
}
static json_t *ct(const char *key)
{
	return json_pack("{s:{s:s}}", "ct", "key", key);
}

static const char *word(struct line *l)
{
	return l->at < l->n ? l->words[l->at++] : "";
}

static void interface(struct line *l, const char *key)
{
	char *name = l->at < l->n ? l->words[l->at++] : NULL;
	size_t n = name ? strlen(name) : 0;

	if (n && name[n - 1] == '+')
		name[n - 1] = '*';
	if (n)
		is(l, meta(key), json_string(name));
}
static void in_interface(struct line *l)
{
	interface(l, "iifname");
}
static void out_interface(struct line *l)
{
	interface(l, "oifname");
}

static void prefix(struct line *l, const char *field)
{
	struct lr_prefix p;
	char text[LR_ADDR_TEXT];

	if (lr_prefix_parse(word(l), &p))
		untold(l, field);
	else
		is(l, payload(l->family, field),
			json_pack("{s:{s:s, s:i}}", "prefix", "addr", lr_ip_text(&p.ip, text),
				"len", p.len));
}
static void source(struct line *l)
{
	prefix(l, "saddr");
}
static void destination(struct line *l)
{
	prefix(l, "daddr");
}

static void address_range(struct line *l, const char *field)
{
	char *first = l->at < l->n ? l->words[l->at++] : NULL,
	     *dash = first ? strchr(first, '-') : NULL;

	if (!dash) {
		untold(l, field);
		return;
	}
	*dash = 0;
	is(l, payload(l->family, field), json_pack("{s:[s, s]}", "range", first, dash + 1));
}
static void source_range(struct line *l)
{
	address_range(l, "saddr");
}
static void destination_range(struct line *l)
{
	address_range(l, "daddr");
}

/* A number, or one of the names; -1: neither. */
struct name {
	const char *name;
	int value;
};
static int number(const char *text, const struct name *names)
{
	char *end;
	long n = strtol(text, &end, 0);

	if (*text && !*end && n >= 0 && n <= INT32_MAX)
		return (int)n;
	for (; names && names->name; names++)
		if (strcmp(text, names->name) == 0)
			return names->value;
	return -1;
}

static void protocol(struct line *l)
{
	static const struct name names[] = {{"udp", IPPROTO_UDP}, {"tcp", IPPROTO_TCP},
		{"icmp", IPPROTO_ICMP}, {"ipv6-icmp", IPPROTO_ICMPV6}, {"icmpv6", IPPROTO_ICMPV6},
		{NULL, 0}};
	const char *name = word(l);

	if (strcmp(name, "all") != 0) /* one that has another name is none of ours */
		is(l, meta("l4proto"), json_integer(number(name, names)));
}

/* "22", "22,80", "1024:", "5:9,11" */
static json_t *port_set(char *text)
{
	json_t *list = json_array();
	char *rest = text, *one;

	while ((one = strsep(&rest, ","))) {
		char *colon = strchr(one, ':');
		if (colon)
			*colon++ = 0;
		int first = *one ? number(one, NULL) : 0;
		int last = !colon ? first : *colon ? number(colon, NULL) : 65535;
		if (first < 0 || last < 0) {
			json_decref(list);
			return NULL;
		}
		json_array_append_new(list, colon ? json_pack("{s:[i, i]}", "range", first, last)
						  : json_integer(first));
	}
	return json_pack("{s:o}", "set", list);
}

static void ports(struct line *l, const char *field)
{
	json_t *set = l->at < l->n ? port_set(l->words[l->at++]) : NULL;

	if (set)
		is(l, payload("th", field), set);
	else
		untold(l, field);
}
static void to_ports(struct line *l)
{
	ports(l, "dport");
}
static void from_ports(struct line *l)
{
	ports(l, "sport");
}
static void any_ports(struct line *l)
{
	word(l);
	untold(l, "multiport");
}

/* A list of names as numbers, "" and what is not known left away. New. */
static json_t *numbers(char *text, const struct name *names)
{
	json_t *list = json_array();
	char *rest = text, *one;

	while ((one = strsep(&rest, ",")))
		if (number(one, names) >= 0)
			json_array_append_new(list, json_integer(number(one, names)));
	return list;
}

static void state(struct line *l)
{
	static const struct name names[] = {{"INVALID", 1}, {"ESTABLISHED", 2}, {"RELATED", 4},
		{"NEW", 8}, {"UNTRACKED", 64}, {NULL, 0}};

	if (l->at < l->n)
		match(l, l->negated ? "!" : "in", ct("state"), numbers(l->words[l->at++], names));
}

/* NONE is what a first packet has. */
static void status(struct line *l)
{
	bool none = strstr(word(l), "NONE");

	if (none == l->negated)
		never(&(struct line){.expr = l->expr});
}

static void cast(struct line *l, const char *which)
{
	static const struct name names[] = {{"UNICAST", 1}, {"LOCAL", 2}, {"BROADCAST", 3},
		{"ANYCAST", 4}, {"MULTICAST", 5}, {"BLACKHOLE", 6}, {NULL, 0}};

	if (l->at < l->n)
		is(l, json_pack("{s:{s:s, s:[s]}}", "fib", "result", "type", "flags", which),
			json_pack("{s:o}", "set", numbers(l->words[l->at++], names)));
}
static void cast_to(struct line *l)
{
	cast(l, "daddr");
}
static void cast_from(struct line *l)
{
	cast(l, "saddr");
}

static void packet_type(struct line *l)
{
	static const struct name names[] = {
		{"unicast", 0}, {"broadcast", 1}, {"multicast", 2}, {NULL, 0}};

	is(l, meta("pkttype"), json_integer(number(word(l), names)));
}

static void icmp_type(struct line *l)
{
	const char *of = strcmp(l->family, "ip") == 0 ? "icmp" : "icmpv6";
	const char *text = word(l), *slash = strchr(text, '/');
	char type[16];

	snprintf(type, sizeof(type), "%.*s", slash ? (int)(slash - text) : 15, text);
	if (strcmp(type, "any") == 0 || strcmp(type, "255") == 0)
		return;
	if (number(type, NULL) < 0 || (slash && l->negated))
		untold(l, of);
	else
		is(l, payload(of, "type"), json_integer(number(type, NULL)));
	if (slash && !l->negated)
		is(l, payload(of, "code"), json_integer(number(slash + 1, NULL)));
}

static void mark(struct line *l)
{
	bool packet = l->module && strcmp(l->module, "mark") == 0;
	const char *text = word(l);
	char *mask, *end;
	unsigned long value = strtoul(text, &mask, 0);
	unsigned long with = *mask == '/' ? strtoul(mask + 1, &end, 0) : UINT32_MAX;

	is(l, json_pack("{s:[o, I]}", "&", packet ? meta("mark") : ct("mark"), (json_int_t)with),
		json_integer((json_int_t)value));
}

static void tcp_flags(struct line *l)
{
	static const struct name names[] = {{"FIN", 1}, {"SYN", 2}, {"RST", 4}, {"PSH", 8},
		{"ACK", 16}, {"URG", 32}, {"ALL", 63}, {NULL, 0}};

	if (l->at + 2 > l->n)
		return;
	json_t *mask = numbers(l->words[l->at], names), *set = numbers(l->words[l->at + 1], names);
	l->at += 2;
	is(l, json_pack("{s:[o, o]}", "&", payload("tcp", "flags"), mask), set);
}

static void nothing(struct line *l)
{
	(void)l;
}
static void skip_word(struct line *l)
{
	word(l);
}

/* The route back to a member leads through the tunnel, so only the inverted filter drops. */
static void inverted(struct line *l)
{
	if (l->module && strcmp(l->module, "rpfilter") == 0)
		never(&(struct line){.expr = l->expr});
	else
		untold(l, "invert");
}

static void ipsec(struct line *l)
{
	if (strcmp(word(l), "none") != 0)
		never(l);
}

static void module(struct line *l)
{
	static const char *const known[] = {"tcp", "udp", "icmp", "icmp6", "conntrack", "state",
		"multiport", "addrtype", "comment", "pkttype", "mark", "connmark", "iprange",
		"rpfilter", "policy", NULL};
	static const char *const absent[] = {
		"rt", "frag", "hbh", "dst", "mh", "ah", "esp", "ipv6header", "sctp", "dccp", NULL};

	l->module = word(l);
	for (const char *const *m = known; *m; m++)
		if (strcmp(l->module, *m) == 0)
			return;
	for (const char *const *m = absent; *m; m++)
		if (strcmp(l->module, *m) == 0) {
			never(&(struct line){.expr = l->expr});
			return;
		}
	untold(l, l->module);
}

static const struct option {
	const char *name;
	void (*take)(struct line *);
} options[] = {
	{"-i", in_interface},
	{"-o", out_interface},
	{"-s", source},
	{"-d", destination},
	{"-p", protocol},
	{"-f", never},
	{"-m", module},
	{"--dport", to_ports},
	{"--dports", to_ports},
	{"--sport", from_ports},
	{"--sports", from_ports},
	{"--ports", any_ports},
	{"--src-range", source_range},
	{"--dst-range", destination_range},
	{"--ctstate", state},
	{"--state", state},
	{"--ctstatus", status},
	{"--dst-type", cast_to},
	{"--src-type", cast_from},
	{"--limit-iface-in", nothing},
	{"--pkt-type", packet_type},
	{"--icmp-type", icmp_type},
	{"--icmpv6-type", icmp_type},
	{"--mark", mark},
	{"--tcp-flags", tcp_flags},
	{"--comment", skip_word},
	{"--loose", nothing},
	{"--validmark", nothing},
	{"--accept-local", nothing},
	{"--invert", inverted},
	{"--dir", skip_word},
	{"--pol", ipsec},
};

/* --- what becomes of it --- */

static bool has_word(const struct line *l, const char *text)
{
	for (size_t i = l->at; i < l->n; i++)
		if (strcmp(l->words[i], text) == 0)
			return true;
	return false;
}

static bool is_chain(const struct line *l, const char *name)
{
	char key[LR_FW_KEY];
	bool legacy = strcmp(l->tool, "iptables-legacy") == 0;

	return snprintf(key, sizeof(key), "%s%s %s %s", legacy ? "legacy " : "", l->family,
		       l->table, name) < (int)sizeof(key) &&
	       json_object_get(l->fw->chains, key);
}

static json_t *targeted(const struct line *l, const char *name)
{
	static const struct {
		const char *name, *statement;
	} of[] = {{"ACCEPT", "accept"}, {"DROP", "drop"}, {"REJECT", "reject"},
		{"RETURN", "return"}, {"QUEUE", "queue"}, {"NFQUEUE", "queue"}, {"DNAT", "dnat"},
		{"NETMAP", "dnat"}, {"REDIRECT", "redirect"}, {"TPROXY", "tproxy"},
		{"SYNPROXY", "synproxy"}, {"NOTRACK", "notrack"}};

	if (strcmp(name, "CT") == 0 && has_word(l, "--notrack"))
		name = "NOTRACK";
	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++)
		if (strcmp(name, of[i].name) == 0)
			return json_pack("{s:n}", of[i].statement);
	if (strcmp(name, "MARK") == 0 || strcmp(name, "CONNMARK") == 0)
		return json_pack("{s:{s:o}}", "mangle", "key", meta("mark"));
	if (is_chain(l, name))
		return json_pack("{s:{s:s}}", "jump", "target", name);
	return json_pack("{s:{s:s, s:s}}", "xt", "type", "target", "name", name);
}

/* --- lines --- */

/* Cuts a line into words, in place: "..." holds spaces, \ takes the next one as it is. */
static void cut(struct line *l, char *s)
{
	l->n = l->at = 0;
	l->cut = false;
	while (*(s += strspn(s, " "))) {
		bool quoted = *s == '"';
		char *to = quoted ? ++s : s;
		if (l->n == WORDS) {
			l->cut = true;
			return;
		}
		l->words[l->n++] = to;
		for (; *s && *s != (quoted ? '"' : ' '); s++) {
			if (quoted && *s == '\\' && s[1])
				s++;
			*to++ = *s;
		}
		bool more = *s;
		*to = 0;
		s += more;
	}
}

static void take_conditions(struct line *l)
{
	while (l->at < l->n) {
		const char *w = word(l);
		bool found = false;
		if (strcmp(w, "!") == 0) {
			l->negated = true;
			continue;
		}
		if (strcmp(w, "-j") == 0 || strcmp(w, "-g") == 0) {
			const char *name = word(l);
			add(l, w[1] == 'g' ? json_pack("{s:{s:s}}", "goto", "target", name)
					   : targeted(l, name));
			return; /* the rest is the target's */
		}
		for (size_t i = 0; i < sizeof(options) / sizeof(options[0]) && !found; i++) {
			found = strcmp(w, options[i].name) == 0;
			if (found)
				options[i].take(l);
		}
		if (!found && *w == '-')
			untold(l, w);
		l->negated = false;
	}
}

static int rule(struct line *l, const char *text)
{
	int r = -1;
	json_t *o = json_object();

	l->at = 1;
	l->negated = false;
	l->module = NULL;
	l->expr = json_array();
	const char *chain = word(l);
	if (l->cut)
		untold(l, "words");
	take_conditions(l);
	lr_json_put_str(o, "family", l->family);
	lr_json_put_str(o, "table", l->table);
	lr_json_put_str(o, "chain", chain);
	lr_json_put_str(o, "text", text);
	lr_json_put(o, "expr", l->expr);
	if (is_chain(l, chain))
		r = lr_fw_add_rule(l->fw, o, l->tool);
	json_decref(o);
	return r;
}

/* The hooks of iptables' own chains (linux/netfilter_ipv4.h). */
static int chain(struct line *l)
{
	static const struct {
		const char *table, *chain, *hook;
		int priority;
	} hooks[] = {{"raw", "PREROUTING", "prerouting", -300},
		{"mangle", "PREROUTING", "prerouting", -150}, {"mangle", "INPUT", "input", -150},
		{"nat", "PREROUTING", "prerouting", -100}, {"nat", "INPUT", "input", 100},
		{"filter", "INPUT", "input", 0}, {"security", "INPUT", "input", 50}};
	const char *name = l->words[0] + 1, *policy = l->n > 1 ? l->words[1] : "-";
	json_t *o = json_object();

	lr_json_put_str(o, "family", l->family);
	lr_json_put_str(o, "table", l->table);
	lr_json_put_str(o, "name", name);
	for (size_t i = 0; i < sizeof(hooks) / sizeof(hooks[0]); i++) {
		if (strcmp(l->table, hooks[i].table) != 0 || strcmp(name, hooks[i].chain) != 0)
			continue;
		lr_json_put_str(o, "hook", hooks[i].hook);
		lr_json_put_int(o, "prio", hooks[i].priority);
		lr_json_put_str(o, "policy", strcmp(policy, "DROP") == 0 ? "drop" : "accept");
	}
	int r = lr_fw_add_chain(l->fw, o, l->tool);
	json_decref(o);
	return r;
}

static void forget_table(const struct line *l)
{
	const char *key;
	json_t *it;
	void *next;

	json_object_foreach_safe(l->fw->chains, next, key, it)
	{
		const json_t *own = json_object_get(it, "chain");
		if (strcmp(lr_fw_text(own, "family"), l->family) == 0 &&
			strcmp(lr_fw_text(own, "table"), l->table) == 0 &&
			strcmp(lr_fw_text(it, "tool"), "nft") == 0)
			json_object_del(l->fw->chains, key);
	}
}

static int take_line(struct line *l, char *text, char table[64])
{
	char *whole = strdup(text);
	int r = 0;

	if (!whole)
		return -1;
	cut(l, text);
	const char *first = l->n ? l->words[0] : "#";
	if (*first == '*') {
		snprintf(table, 64, "%.63s", first + 1);
		l->table = table;
		if (strcmp(l->tool, "iptables") == 0)
			forget_table(l);
	} else if (*first == ':') {
		r = *table ? chain(l) : -1;
	} else if (strcmp(first, "-A") == 0) {
		r = *table ? rule(l, whole) : -1;
	} else if (*first != '#' && strcmp(first, "COMMIT") != 0) {
		r = -1;
	}
	free(whole);
	return r;
}

int lr_firewall_add_save(struct lr_firewall *fw, uint8_t family, enum lr_firewall_tool tool,
	const char *text, size_t len, struct lr_err *err)
{
	struct line l = {.fw = fw,
		.family = family == 4 ? "ip" : "ip6",
		.tool = tool == LR_FIREWALL_LEGACY ? "iptables-legacy" : "iptables"};
	char table[64] = "", *copy = len <= LR_FIREWALL_TEXT ? strndup(text, len) : NULL;
	char *rest = copy, *one;
	int r = copy ? 0 : -1;

	while (!r && (one = strsep(&rest, "\n")))
		r = take_line(&l, one, table);
	free(copy);
	return r ? lr_err_set(err, LR_EXIT_FAILED, "this is not what iptables-save prints") : 0;
}
