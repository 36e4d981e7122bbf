/*
 * addr.c - IP addresses, prefixes and endpoints as values
 *
 * Text is parsed by inet_pton, which takes no leading zeros, octal or white space; numbers
 * beside it (prefix length, port, scope) are held to the same rule.
 */
#include "lib/net/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

/* A decimal number without sign, blanks or leading zeros: 0 or -EINVAL. */
static int number(const char *text, uint32_t max, uint32_t *out)
{
	uint64_t v = 0;

	if (!*text || (text[0] == '0' && text[1]))
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		v = v * 10 + (uint64_t)(*text - '0');
		if (v > max)
			return -EINVAL;
	}
	*out = (uint32_t)v;
	return 0;
}

/* Copies `len` bytes of text as a string: 0, or -EINVAL when it does not fit. */
static int cut(char *out, size_t room, const char *text, size_t len)
{
	if (len >= room)
		return -EINVAL;
	memcpy(out, text, len);
	out[len] = '\0';
	return 0;
}

int lr_ip_parse(const char *text, struct lr_ip *out)
{
	struct lr_ip ip = {.family = strchr(text, ':') ? 6 : 4};

	if (inet_pton(ip.family == 6 ? AF_INET6 : AF_INET, text, ip.b) != 1)
		return -EINVAL;
	*out = ip;
	return 0;
}

int lr_prefix_parse(const char *text, struct lr_prefix *out)
{
	const char *slash = strchr(text, '/');
	char addr[LR_ADDR_TEXT];
	struct lr_prefix p;
	uint32_t len;

	if (cut(addr, sizeof(addr), text, slash ? (size_t)(slash - text) : strlen(text)) < 0 ||
		lr_ip_parse(addr, &p.ip) < 0)
		return -EINVAL;
	len = lr_ip_bits(&p.ip);
	if (slash && number(slash + 1, len, &len) < 0)
		return -EINVAL;
	p.len = (uint8_t)len;
	*out = p;
	return 0;
}

static int scope_parse(const char *text, uint32_t *out)
{
	if (number(text, UINT32_MAX, out) < 0)
		*out = if_nametoindex(text);
	return *out ? 0 : -EINVAL;
}

/* `text` is what stands between the brackets. */
static int in6_parse(char *text, struct sockaddr_in6 *out)
{
	char *scope = strchr(text, '%');

	if (scope)
		*scope++ = '\0';
	if (inet_pton(AF_INET6, text, &out->sin6_addr) != 1)
		return -EINVAL;
	out->sin6_family = AF_INET6;
	return scope ? scope_parse(scope, &out->sin6_scope_id) : 0;
}

int lr_endpoint_parse(const char *text, struct lr_endpoint *out)
{
	struct lr_endpoint e = {.sa.sa_family = AF_UNSPEC};
	const char *colon = strrchr(text, ':');
	char host[LR_ENDPOINT_TEXT];
	uint32_t port;

	if (!colon || cut(host, sizeof(host), text, (size_t)(colon - text)) < 0 ||
		number(colon + 1, 65535, &port) < 0 || port == 0)
		return -EINVAL;
	size_t len = strlen(host);
	if (host[0] == '[' && host[len - 1] == ']') {
		host[len - 1] = '\0';
		if (in6_parse(host + 1, &e.in6) < 0)
			return -EINVAL;
		e.in6.sin6_port = htons((uint16_t)port);
	} else {
		if (inet_pton(AF_INET, host, &e.in.sin_addr) != 1)
			return -EINVAL;
		e.in.sin_family = AF_INET;
		e.in.sin_port = htons((uint16_t)port);
	}
	*out = e;
	return 0;
}

const char *lr_ip_text(const struct lr_ip *ip, char out[LR_ADDR_TEXT])
{
	if (ip->family == 0)
		return memcpy(out, "-", 2);
	return inet_ntop(ip->family == 4 ? AF_INET : AF_INET6, ip->b, out, LR_ADDR_TEXT);
}

const char *lr_prefix_text(const struct lr_prefix *p, char out[LR_ADDR_TEXT])
{
	char addr[LR_ADDR_TEXT];

	lr_ip_text(&p->ip, addr);
	if (p->ip.family == 0)
		return memcpy(out, addr, sizeof(addr));
	/* inet_ntop writes at most 39 characters of an IPv6 address: the precision cuts nothing. */
	snprintf(out, LR_ADDR_TEXT, "%.43s/%u", addr, p->len);
	return out;
}

static void in6_text(const struct sockaddr_in6 *in6, char out[LR_ENDPOINT_TEXT])
{
	char addr[INET6_ADDRSTRLEN], name[IF_NAMESIZE] = "";

	inet_ntop(AF_INET6, &in6->sin6_addr, addr, sizeof(addr));
	if (in6->sin6_scope_id && !if_indextoname(in6->sin6_scope_id, name))
		snprintf(name, sizeof(name), "%u", in6->sin6_scope_id);
	snprintf(out, LR_ENDPOINT_TEXT, "[%s%s%s]:%u", addr, name[0] ? "%" : "", name,
		ntohs(in6->sin6_port));
}

const char *lr_endpoint_text(const struct lr_endpoint *e, char out[LR_ENDPOINT_TEXT])
{
	char addr[INET_ADDRSTRLEN];

	if (e->sa.sa_family == AF_INET6) {
		in6_text(&e->in6, out);
	} else if (e->sa.sa_family == AF_INET) {
		inet_ntop(AF_INET, &e->in.sin_addr, addr, sizeof(addr));
		snprintf(out, LR_ENDPOINT_TEXT, "%s:%u", addr, ntohs(e->in.sin_port));
	} else {
		memcpy(out, "-", 2);
	}
	return out;
}

bool lr_ip_equal(const struct lr_ip *a, const struct lr_ip *b)
{
	return a->family == b->family && memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

bool lr_endpoint_equal(const struct lr_endpoint *a, const struct lr_endpoint *b)
{
	if (a->sa.sa_family != b->sa.sa_family || a->channel != b->channel || a->guest != b->guest)
		return false;
	if (a->sa.sa_family == AF_INET)
		return a->in.sin_port == b->in.sin_port &&
		       a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;
	if (a->sa.sa_family == AF_INET6)
		return a->in6.sin6_port == b->in6.sin6_port &&
		       a->in6.sin6_scope_id == b->in6.sin6_scope_id &&
		       memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, 16) == 0;
	return true;
}

void lr_prefix_mask(struct lr_prefix *p)
{
	unsigned at = p->len / 8;

	if (at >= sizeof(p->ip.b))
		return;
	p->ip.b[at] &= (uint8_t)(0xff00 >> p->len % 8);
	memset(p->ip.b + at + 1, 0, sizeof(p->ip.b) - at - 1);
}

bool lr_prefix_covers(const struct lr_prefix *p, const struct lr_ip *ip)
{
	unsigned whole = p->len / 8, rest = p->len % 8;

	if (p->ip.family != ip->family || memcmp(p->ip.b, ip->b, whole) != 0)
		return false;
	return rest == 0 || ((p->ip.b[whole] ^ ip->b[whole]) & (0xff00 >> rest) & 0xff) == 0;
}

struct lr_ip lr_endpoint_ip(const struct lr_endpoint *e)
{
	struct lr_ip ip = {0};

	if (e->sa.sa_family == AF_INET) {
		ip.family = 4;
		memcpy(ip.b, &e->in.sin_addr, 4);
	} else if (e->sa.sa_family == AF_INET6) {
		ip.family = 6;
		memcpy(ip.b, &e->in6.sin6_addr, 16);
	}
	return ip;
}

uint16_t lr_endpoint_port(const struct lr_endpoint *e)
{
	if (e->sa.sa_family == AF_INET)
		return ntohs(e->in.sin_port);
	return e->sa.sa_family == AF_INET6 ? ntohs(e->in6.sin6_port) : 0;
}

bool lr_ip_public(const struct lr_ip *ip)
{
	static const char *const not_public[] = {"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10",
		"127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/3",
		"::/8", "fc00::/7", "fe80::/10", "ff00::/8"};
	struct lr_prefix p;

	for (size_t i = 0; i < sizeof(not_public) / sizeof(not_public[0]); i++)
		if (lr_prefix_parse(not_public[i], &p) == 0 && lr_prefix_covers(&p, ip))
			return false;
	return ip->family != 0;
}
