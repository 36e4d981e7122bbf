/*
 * place.c - HOST[:PORT], where a relay is found
 */
#include "lib/party/place.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define HOST_MAX (LR_PLACE_TEXT - 7) /* ":65535" and NUL */

/* 1..65535 without sign or leading zeros, else 0. */
static uint32_t port_of(const char *text, size_t len)
{
	uint32_t v = 0;

	if (len == 0 || len > 5 || text[0] == '0')
		return 0;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return 0;
		v = v * 10 + (uint32_t)(text[i] - '0');
	}
	return v <= 65535 ? v : 0;
}

static bool name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

/* A name or an IPv4 address: neither starts with a dot or a dash, and no dot follows a dot. */
static bool name_ok(const char *host, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!name_char(host[i]) || (host[i] == '.' && host[i + 1] == '.'))
			return false;
	}
	return len > 0 && host[0] != '.' && host[0] != '-';
}

/* Rewrites an IPv6 address between brackets in its one short form. */
static bool bracket_ok(char *host)
{
	char *end = strchr(host, ']');
	struct in6_addr ip;

	if (!end || end[1])
		return false;
	*end = '\0';
	if (inet_pton(AF_INET6, host + 1, &ip) != 1)
		return false;
	inet_ntop(AF_INET6, &ip, host + 1, INET6_ADDRSTRLEN);
	strncat(host, "]", 2);
	return true;
}

int lr_place_parse(const char *text, size_t len, struct lr_place *out)
{
	const char *close = memchr(text, ']', len);
	const char *from = close ? close : text;
	const char *colon = memchr(from, ':', len - (size_t)(from - text));
	size_t host_len = colon ? (size_t)(colon - text) : len;
	uint32_t port = colon ? port_of(colon + 1, len - host_len - 1) : LR_PLACE_PORT;
	char host[LR_PLACE_TEXT] = "";

	if (!port || host_len == 0 || host_len > HOST_MAX)
		return -EINVAL;
	for (size_t i = 0; i < host_len; i++)
		host[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] + 32 : text[i]);
	if (host[0] == '[' ? !bracket_ok(host) : !name_ok(host, host_len))
		return -EINVAL;
	memset(out, 0, sizeof(*out));
	if (port == LR_PLACE_PORT)
		snprintf(out->text, sizeof(out->text), "%.*s", HOST_MAX, host);
	else
		snprintf(out->text, sizeof(out->text), "%.*s:%u", HOST_MAX, host, port);
	return 0;
}

uint16_t lr_place_split(const struct lr_place *p, char *host)
{
	const char *close = strchr(p->text, ']');
	const char *colon = strchr(close ? close : p->text, ':');
	const char *from = p->text + (close != NULL);
	size_t len =
		close ? (size_t)(close - from) : (colon ? (size_t)(colon - from) : strlen(from));

	memcpy(host, from, len);
	host[len] = '\0';
	return colon ? (uint16_t)port_of(colon + 1, strlen(colon + 1)) : LR_PLACE_PORT;
}

bool lr_place_endpoint(const struct lr_place *p, struct lr_endpoint *out)
{
	char host[LR_PLACE_TEXT], text[LR_PLACE_TEXT + 16];
	uint16_t port = lr_place_split(p, host);

	memset(out, 0, sizeof(*out));
	snprintf(text, sizeof(text), strchr(host, ':') ? "[%s]:%u" : "%s:%u", host, port);
	return lr_endpoint_parse(text, out) == 0;
}
