/*
 * candidate.c - addresses at which a member may be reached
 */
#include "lib/nat/candidate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kind_names[LR_CANDIDATE_KINDS] = {
	"none", "host", "ipv6", "mapped", "reflexive", "predicted", "relay"};

const char *lr_candidate_kind_name(enum lr_candidate_kind kind)
{
	return kind < LR_CANDIDATE_KINDS ? kind_names[kind] : kind_names[0];
}

struct lr_endpoint lr_candidate_endpoint(const struct lr_candidate *c)
{
	struct lr_endpoint e = {.sa.sa_family = AF_UNSPEC};

	if (c->ip.family == 4) {
		e.in.sin_family = AF_INET;
		e.in.sin_port = htons(c->port);
		memcpy(&e.in.sin_addr, c->ip.b, 4);
	} else if (c->ip.family == 6) {
		e.in6.sin6_family = AF_INET6;
		e.in6.sin6_port = htons(c->port);
		memcpy(&e.in6.sin6_addr, c->ip.b, 16);
	}
	return e;
}

struct lr_candidate lr_candidate_of(enum lr_candidate_kind kind, const struct lr_endpoint *e)
{
	return (struct lr_candidate){
		.kind = kind, .port = lr_endpoint_port(e), .ip = lr_endpoint_ip(e)};
}

const char *lr_candidate_text(const struct lr_candidate *c, char out[LR_CANDIDATE_TEXT])
{
	struct lr_endpoint e = lr_candidate_endpoint(c);
	char text[LR_ENDPOINT_TEXT];
	int n = snprintf(out, LR_CANDIDATE_TEXT, "%s %s", lr_candidate_kind_name(c->kind),
		lr_endpoint_text(&e, text));

	if (c->kind == LR_CANDIDATE_RELAY)
		snprintf(out + n, LR_CANDIDATE_TEXT - (size_t)n, "#%08x", c->channel);
	return out;
}

static int channel_parse(const char *text, uint32_t *out)
{
	if (strspn(text, "0123456789abcdef") != 8 || text[8])
		return -EINVAL;
	*out = (uint32_t)strtoul(text, NULL, 16);
	return 0;
}

int lr_candidate_parse(const char *text, struct lr_candidate *out)
{
	size_t n = strcspn(text, " ");
	char addr[LR_ENDPOINT_TEXT];
	struct lr_endpoint e;
	unsigned kind = LR_CANDIDATE_HOST;

	while (kind < LR_CANDIDATE_KINDS &&
		(strlen(kind_names[kind]) != n || memcmp(text, kind_names[kind], n) != 0))
		kind++;
	if (kind == LR_CANDIDATE_KINDS || text[n] != ' ')
		return -EINVAL;
	text += n + 1;
	n = strcspn(text, "#");
	if (n >= sizeof(addr))
		return -EINVAL;
	memcpy(addr, text, n);
	addr[n] = '\0';
	uint32_t channel = 0;
	if ((text[n] == '#') != (kind == LR_CANDIDATE_RELAY) || strchr(addr, '%') ||
		(text[n] && channel_parse(text + n + 1, &channel) < 0) ||
		lr_endpoint_parse(addr, &e) < 0)
		return -EINVAL;
	*out = lr_candidate_of(kind, &e);
	out->channel = channel;
	return 0;
}

/* --- what may be tried --- */

static bool ip4_usable(const uint8_t *b)
{
	return b[0] != 0 && b[0] != 127 && b[0] < 224;
}

static bool ip6_usable(const uint8_t *b)
{
	static const uint8_t zero[15], mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (memcmp(b, zero, 15) == 0 && b[15] <= 1)
		return false;
	if (memcmp(b, zero, 12) == 0 || memcmp(b, mapped, 12) == 0)
		return false;
	return b[0] != 0xff && !(b[0] == 0xfe && (b[1] & 0xc0) == 0x80);
}

/* The last address of an IPv4 network of ours. */
static bool broadcast_of(const struct lr_prefix *lan, const struct lr_ip *ip)
{
	if (ip->family != 4 || lan->len > 30 || !lr_prefix_covers(lan, ip))
		return false;
	uint32_t v = (uint32_t)ip->b[0] << 24 | (uint32_t)ip->b[1] << 16 | (uint32_t)ip->b[2] << 8 |
		     ip->b[3];
	uint32_t host = UINT32_MAX >> lan->len;
	return (v & host) == host;
}

bool lr_candidate_in_pool(const struct lr_ip *ip, const struct lr_candidate_rules *rules)
{
	for (size_t i = 0; rules && i < rules->n_pools; i++)
		if (lr_prefix_covers(&rules->pools[i], ip))
			return true;
	return false;
}

bool lr_candidate_usable(const struct lr_candidate *c, const struct lr_candidate_rules *rules)
{
	if (c->port == 0 || c->kind == LR_CANDIDATE_NONE || c->kind >= LR_CANDIDATE_KINDS)
		return false;
	if (c->ip.family == 4 ? !ip4_usable(c->ip.b) : c->ip.family != 6 || !ip6_usable(c->ip.b))
		return false;
	if (lr_candidate_in_pool(&c->ip, rules))
		return false;
	for (size_t i = 0; rules && i < rules->n_lans; i++)
		if (lr_ip_equal(&rules->lans[i].ip, &c->ip) ||
			broadcast_of(&rules->lans[i], &c->ip))
			return false;
	return true;
}

bool lr_candidate_on_lan(const struct lr_ip *ip, const struct lr_candidate_rules *rules)
{
	for (size_t i = 0; rules && i < rules->n_lans; i++)
		if (rules->lans[i].len && lr_prefix_covers(&rules->lans[i], ip))
			return true;
	return false;
}

/* --- lists --- */

static bool same_place(const struct lr_candidate *a, const struct lr_candidate *b)
{
	return a->port == b->port && a->channel == b->channel && lr_ip_equal(&a->ip, &b->ip);
}

bool lr_candidates_add(struct lr_candidates *list, const struct lr_candidate *c)
{
	int last = -1;

	for (int i = 0; i < list->n; i++) {
		if (same_place(&list->at[i], c)) {
			if (c->kind < list->at[i].kind)
				list->at[i].kind = c->kind;
			return true;
		}
		if (last < 0 || list->at[i].kind >= list->at[last].kind)
			last = i;
	}
	if (list->n < LR_CANDIDATES_MAX) {
		list->at[list->n++] = *c;
		return true;
	}
	if (list->at[last].kind <= c->kind)
		return false;
	list->at[last] = *c;
	return true;
}

static unsigned rank(const struct lr_candidate *c, const struct lr_candidate_rules *rules)
{
	if (c->kind != LR_CANDIDATE_RELAY && lr_candidate_on_lan(&c->ip, rules))
		return 0;
	if (rules && rules->outside.family && lr_ip_equal(&c->ip, &rules->outside))
		return 1;
	return 1u + c->kind;
}

void lr_candidates_order(struct lr_candidates *list, const struct lr_candidate_rules *rules)
{
	struct lr_candidates out = {.n = 0};

	for (int i = 0; i < list->n; i++) {
		const struct lr_candidate *c = &list->at[i];
		if (!lr_candidate_usable(c, rules))
			continue;
		int at = out.n++;
		for (; at > 0 && rank(&out.at[at - 1], rules) > rank(c, rules); at--)
			out.at[at] = out.at[at - 1];
		out.at[at] = *c;
	}
	*list = out;
}

bool lr_candidates_same(const struct lr_candidates *a, const struct lr_candidates *b)
{
	if (a->n != b->n)
		return false;
	for (int i = 0; i < a->n; i++)
		if (a->at[i].kind != b->at[i].kind || !same_place(&a->at[i], &b->at[i]))
			return false;
	return true;
}
