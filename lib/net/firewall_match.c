/*
 * firewall_match.c - does a condition hold for a packet? (firewall.h)
 *
 * Both sides of a condition are those of libnftables-json(5). The left one is what the packet has
 * there: a number, an address, a name; nothing, when it is of another protocol (then a rule does
 * not match, whichever way it asks); or it cannot be told. The right one is a value, a prefix, a
 * range, a list of bits, or a set of those.
 */
#include "lib/net/firewall_inside.h"

#include <netinet/in.h>
#include <string.h>

#define PARTS 5 /* of a concatenation; more cannot be told */

/* As `nft -n` prints them (linux/netfilter/nf_conntrack_common.h, linux/if_packet.h). */
enum { CT_NEW = 8, CT_UNTRACKED = 64 };
enum { PKT_HOST, PKT_BROADCAST, PKT_MULTICAST };
enum { RTN_UNICAST_TO_US = 1 };
enum { ECHO4 = 8, ECHO6 = 128, SYN = 2 };

enum kind { ABSENT, UNTOLD, NUMBER, ETHERTYPE, ADDRESS, NAME, ROUTE };
struct value {
	enum kind kind;
	uint64_t n;
	struct lr_ip ip;
	const char *name; /* of NAME; of ROUTE: the interface it leads to, NULL: not known */
};

static struct value absent(void)
{
	return (struct value){.kind = ABSENT};
}
static struct value untold(void)
{
	return (struct value){.kind = UNTOLD};
}
static struct value number(uint64_t n)
{
	return (struct value){.kind = NUMBER, .n = n};
}
static struct value address(const struct lr_ip *ip)
{
	return (struct value){.kind = ADDRESS, .ip = *ip};
}
static struct value name(const char *name)
{
	return name ? (struct value){.kind = NAME, .name = name} : untold();
}
static struct value ethertype(const struct lr_firewall_packet *p)
{
	return (struct value){.kind = ETHERTYPE, .n = p->to.family == 4 ? 0x0800 : 0x86dd};
}

static bool one_of(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (strcmp(word, *words) == 0)
			return true;
	return false;
}

/* --- the left side --- */

static struct value meta(const struct lr_fw_at *at, const char *key)
{
	static const char *const in[] = {"iifname", "iif", NULL};
	static const char *const out[] = {"oifname", "oif", "oiftype", "oifkind", "oifgroup", NULL};
	static const int pkttype[] = {[LR_CAST_UNICAST] = PKT_HOST,
		[LR_CAST_BROADCAST] = PKT_BROADCAST,
		[LR_CAST_MULTICAST] = PKT_MULTICAST};
	const struct lr_firewall_packet *p = at->p;

	if (one_of(key, in))
		return name(p->iface);
	if (one_of(key, out))
		return absent();
	if (strcmp(key, "nfproto") == 0)
		return number(p->to.family == 4 ? 2 : 10);
	if (strcmp(key, "l4proto") == 0)
		return number(p->protocol);
	if (strcmp(key, "protocol") == 0)
		return ethertype(p);
	if (strcmp(key, "pkttype") == 0)
		return number(pkttype[p->cast]);
	if (strcmp(key, "mark") == 0 && !at->marked)
		return number(0);
	return untold();
}

static struct value ip_field(const struct lr_firewall_packet *p, const char *field)
{
	if (strcmp(field, "saddr") == 0)
		return address(&p->from);
	if (strcmp(field, "daddr") == 0)
		return address(&p->to);
	if (strcmp(field, "protocol") == 0 || strcmp(field, "nexthdr") == 0)
		return number(p->protocol);
	if (strcmp(field, "version") == 0)
		return number(p->to.family);
	if (strcmp(field, "frag-off") == 0) /* a fragment is put together before */
		return number(0);
	return untold();
}

static struct value transport_field(const struct lr_firewall_packet *p, const char *field)
{
	if (strcmp(field, "dport") == 0)
		return number(p->port);
	if (strcmp(field, "sport") == 0 && p->from_port)
		return number(p->from_port);
	if (strcmp(field, "flags") == 0)
		return number(SYN);
	return untold();
}

static struct value icmp_field(const struct lr_firewall_packet *p, const char *field)
{
	if (strcmp(field, "type") == 0)
		return number(p->protocol == IPPROTO_ICMP ? ECHO4 : ECHO6);
	if (strcmp(field, "code") == 0)
		return number(0);
	return untold();
}

static struct value payload(const struct lr_fw_at *at, const json_t *o)
{
	static const struct {
		const char *name;
		uint8_t family, protocol; /* 0: any that has ports */
		struct value (*field)(const struct lr_firewall_packet *, const char *);
	} of[] = {
		{"ip", 4, 0, ip_field},
		{"ip6", 6, 0, ip_field},
		{"udp", 0, IPPROTO_UDP, transport_field},
		{"tcp", 0, IPPROTO_TCP, transport_field},
		{"th", 0, 0, transport_field},
		{"icmp", 4, IPPROTO_ICMP, icmp_field},
		{"icmpv6", 6, IPPROTO_ICMPV6, icmp_field},
	};
	static const char *const others[] = {"udplite", "sctp", "dccp", "ah", "esp", "comp", "igmp",
		"vlan", "arp", "gre", "gretap", "geneve", "vxlan", NULL};
	const char *protocol = lr_fw_text(o, "protocol"), *field = lr_fw_text(o, "field");
	const struct lr_firewall_packet *p = at->p;

	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
		if (strcmp(protocol, of[i].name) != 0)
			continue;
		if ((of[i].family && of[i].family != p->to.family) ||
			(of[i].protocol && of[i].protocol != p->protocol))
			return absent();
		return of[i].field(p, field);
	}
	if (strcmp(protocol, "ether") == 0 && strcmp(field, "type") == 0)
		return ethertype(p);
	return one_of(protocol, others) ? absent() : untold();
}

static struct value ct(const struct lr_fw_at *at, const json_t *o)
{
	const char *key = lr_fw_text(o, "key");

	if (strcmp(key, "state") == 0)
		return number(at->untracked ? CT_UNTRACKED : CT_NEW);
	if (at->untracked)
		return untold();
	if (strcmp(key, "status") == 0 || (strcmp(key, "direction") == 0))
		return number(0);
	if (strcmp(key, "mark") == 0 && !at->marked)
		return number(0);
	return untold();
}

static bool has(const json_t *list, const char *word)
{
	const json_t *it;
	size_t i;

	json_array_foreach (list, i, it)
		if (json_is_string(it) && strcmp(json_string_value(it), word) == 0)
			return true;
	return false;
}

/* What the routing table says: the packet is for us, and who sends it is reached where it comes
 * from, else there would be no tunnel. */
static struct value fib(const struct lr_fw_at *at, const json_t *o)
{
	const json_t *flags = json_object_get(o, "flags");
	const char *result = lr_fw_text(o, "result");

	if (strcmp(result, "type") == 0)
		return number(has(flags, "daddr") ? at->p->cast : RTN_UNICAST_TO_US);
	if (has(flags, "saddr") && strncmp(result, "oif", 3) == 0)
		return (struct value){.kind = ROUTE, .name = at->p->iface};
	return untold();
}

static uint64_t bits(const json_t *o, bool *told)
{
	const json_t *list = json_is_object(o) ? json_object_get(o, "|") : o, *it;
	uint64_t all = 0;
	size_t i;

	if (json_is_integer(o))
		return (uint64_t)json_integer_value(o);
	if (!json_is_array(list))
		*told = false;
	json_array_foreach (list, i, it)
		all |= bits(it, told);
	return all;
}

static struct value left(const struct lr_fw_at *at, const json_t *o);

static struct value masked(const struct lr_fw_at *at, const json_t *pair)
{
	struct value v = left(at, json_array_get(pair, 0));
	const json_t *mask = json_array_get(pair, 1);
	bool told = true;
	struct lr_ip ip;

	if (v.kind == NUMBER) {
		v.n &= bits(mask, &told);
		return told ? v : untold();
	}
	if (v.kind != ADDRESS)
		return v.kind == ABSENT ? v : untold();
	if (!json_is_string(mask) || lr_ip_parse(json_string_value(mask), &ip) ||
		ip.family != v.ip.family)
		return untold();
	for (size_t i = 0; i < sizeof(ip.b); i++)
		v.ip.b[i] &= ip.b[i];
	return v;
}

static struct value left(const struct lr_fw_at *at, const json_t *o)
{
	const json_t *it;

	if ((it = json_object_get(o, "meta")))
		return meta(at, lr_fw_text(it, "key"));
	if ((it = json_object_get(o, "payload")))
		return payload(at, it);
	if ((it = json_object_get(o, "ct")))
		return ct(at, it);
	if ((it = json_object_get(o, "fib")))
		return fib(at, it);
	if ((it = json_object_get(o, "&")))
		return masked(at, it);
	if ((it = json_object_get(o, "exthdr")) || (it = json_object_get(o, "ip option")))
		return json_object_get(it, "field") ? absent() : number(0);
	return untold();
}

/* --- the right side --- */

static enum lr_fw_holds holds(bool yes)
{
	return yes ? LR_FW_YES : LR_FW_NO;
}

static bool name_is(const char *name, const char *pattern)
{
	size_t n = strlen(pattern);

	if (n > 1 && pattern[n - 1] == '*' && pattern[n - 2] != '\\')
		return strncmp(name, pattern, n - 1) == 0;
	return strcmp(name, pattern) == 0;
}

/* v against a single value: -1, 0, 1 as memcmp(), 2: it cannot be told, 3: it is another family's.
 */
static int compare(const struct value *v, const json_t *o)
{
	const char *s = json_string_value(o);
	struct lr_ip ip;

	if (v->kind == NUMBER && json_is_integer(o)) {
		uint64_t n = (uint64_t)json_integer_value(o);
		return v->n < n ? -1 : v->n > n;
	}
	if (v->kind == ADDRESS && s && lr_ip_parse(s, &ip) == 0) {
		if (ip.family != v->ip.family)
			return 3;
		int d = memcmp(v->ip.b, ip.b, sizeof(ip.b));
		return d < 0 ? -1 : d > 0;
	}
	return 2;
}

static enum lr_fw_holds equal(const struct value *v, const json_t *o)
{
	const char *s = json_string_value(o);

	if (v->kind == ROUTE && json_is_boolean(o))
		return holds(json_is_true(o));
	if (v->kind == NUMBER && json_is_boolean(o))
		return holds(json_is_true(o) == (v->n != 0));
	if ((v->kind == NAME || v->kind == ROUTE) && s && v->name)
		return holds(name_is(v->name, s));
	if (v->kind == ETHERTYPE && json_is_integer(o)) /* nft -n prints it in either byte order */
		return holds((uint64_t)json_integer_value(o) == v->n ||
			     (uint64_t)json_integer_value(o) == (v->n >> 8 | (v->n & 255) << 8));
	int d = compare(v, o);
	return d == 2 ? LR_FW_PERHAPS : holds(d == 0);
}

static enum lr_fw_holds in_range(const struct value *v, const json_t *pair)
{
	int first = compare(v, json_array_get(pair, 0)), last = compare(v, json_array_get(pair, 1));

	if (first == 2 || last == 2)
		return LR_FW_PERHAPS;
	return holds(first >= 0 && first < 2 && last <= 0);
}

static enum lr_fw_holds in_prefix(const struct value *v, const json_t *o)
{
	const json_t *len = json_object_get(o, "len");
	struct lr_prefix p;

	if (v->kind != ADDRESS || !json_is_integer(len) ||
		lr_ip_parse(lr_fw_text(o, "addr"), &p.ip) || json_integer_value(len) < 0 ||
		json_integer_value(len) > lr_ip_bits(&p.ip))
		return LR_FW_PERHAPS;
	p.len = (uint8_t)json_integer_value(len);
	return holds(lr_prefix_covers(&p, &v->ip));
}

static enum lr_fw_holds covers(
	const struct lr_fw_at *at, const struct value *v, size_t n, const json_t *o);

/* All parts of a concatenation. */
static enum lr_fw_holds cover_each(
	const struct lr_fw_at *at, const struct value *v, size_t n, const json_t *parts)
{
	enum lr_fw_holds all = LR_FW_YES;

	if (json_array_size(parts) != n)
		return LR_FW_PERHAPS;
	for (size_t i = 0; i < n; i++) {
		enum lr_fw_holds one = covers(at, v + i, 1, json_array_get(parts, i));
		if (one < all)
			all = one;
	}
	return all;
}

static enum lr_fw_holds in_set(
	const struct lr_fw_at *at, const struct value *v, size_t n, const json_t *list)
{
	enum lr_fw_holds any = LR_FW_NO;
	const json_t *it;
	size_t i;

	json_array_foreach (list, i, it) {
		enum lr_fw_holds one = covers(at, v, n, it);
		if (one > any)
			any = one;
		if (any == LR_FW_YES)
			break;
	}
	return any;
}

/* The elements of the set "@name"; NULL: there is no such set. */
static const json_t *named_set(const struct lr_fw_at *at, const char *name)
{
	char key[LR_FW_KEY];

	if (snprintf(key, sizeof(key), "%s %s %s", at->family, at->table, name + 1) >=
		(int)sizeof(key))
		return NULL;
	return json_object_get(json_object_get(at->fw->sets, key), "elem");
}

static enum lr_fw_holds covers(
	const struct lr_fw_at *at, const struct value *v, size_t n, const json_t *o)
{
	const char *s = json_string_value(o);
	const json_t *it;

	if (s && strcmp(s, "*") == 0)
		return LR_FW_YES; /* whatever no other element covers */
	if (s && *s == '@') {
		it = named_set(at, s);
		return it ? in_set(at, v, n, it) : LR_FW_PERHAPS;
	}
	if ((it = json_object_get(o, "elem")))
		return covers(at, v, n, json_object_get(it, "val"));
	if ((it = json_object_get(o, "set")))
		return json_is_array(it) ? in_set(at, v, n, it) : covers(at, v, n, it);
	if (n > 1 || json_object_get(o, "concat"))
		return cover_each(at, v, n, json_object_get(o, "concat"));
	if (v->kind == UNTOLD)
		return LR_FW_PERHAPS;
	if ((it = json_object_get(o, "range")))
		return in_range(v, it);
	if ((it = json_object_get(o, "prefix")))
		return in_prefix(v, it);
	if (json_is_array(o) || json_object_get(o, "|")) {
		bool told = v->kind == NUMBER;
		uint64_t all = bits(o, &told);
		return told ? holds(v->n == all) : LR_FW_PERHAPS;
	}
	return equal(v, o);
}

/* --- both --- */

/* The values of the left side; 0: one is absent, so no rule holds. */
static size_t values(const struct lr_fw_at *at, const json_t *o, struct value v[PARTS])
{
	const json_t *parts = json_object_get(o, "concat"), *it;
	size_t n = 0, i;

	if (!parts) {
		v[0] = left(at, o);
		return v[0].kind != ABSENT;
	}
	json_array_foreach (parts, i, it) {
		if (n == PARTS) {
			v[0] = untold();
			return 1;
		}
		v[n++] = left(at, it);
		if (v[n - 1].kind == ABSENT)
			return 0;
	}
	return n;
}

static bool of_bits(const json_t *o)
{
	return json_is_integer(o) || json_is_array(o) || json_object_get(o, "|");
}

enum lr_fw_holds lr_fw_match(const struct lr_fw_at *at, const json_t *match)
{
	const char *op = lr_fw_text(match, "op");
	const json_t *right = json_object_get(match, "right");
	struct value v[PARTS];
	size_t n = values(at, json_object_get(match, "left"), v);
	enum lr_fw_holds is;

	if (n == 0)
		return LR_FW_NO;
	if (*op == '<' || *op == '>') {
		int d = compare(v, right);
		if (n > 1 || d > 1)
			return LR_FW_PERHAPS;
		return holds(d == 0 ? op[1] == '=' : (d < 0) == (*op == '<'));
	}
	if ((strcmp(op, "in") == 0 || strcmp(op, "!") == 0) && n == 1 && of_bits(right)) {
		bool told = v[0].kind == NUMBER;
		uint64_t all = bits(right, &told);
		is = told ? holds((v[0].n & all) != 0) : LR_FW_PERHAPS;
	} else {
		is = covers(at, v, n, right);
	}
	return *op == '!' ? LR_FW_YES - is : is;
}

const json_t *lr_fw_vmap(const struct lr_fw_at *at, const json_t *vmap, bool *unsure)
{
	const json_t *data = json_object_get(vmap, "data"), *it;
	const char *named = json_string_value(data);
	const json_t *list = named ? named_set(at, named) : json_object_get(data, "set");
	struct value v[PARTS];
	size_t n = values(at, json_object_get(vmap, "key"), v), i;

	*unsure = !list;
	json_array_foreach (list, i, it) {
		enum lr_fw_holds is = n ? covers(at, v, n, json_array_get(it, 0)) : LR_FW_NO;
		if (is == LR_FW_YES)
			return json_array_get(it, 1);
		*unsure |= is == LR_FW_PERHAPS;
	}
	return NULL;
}
