/*
 * resolve.c - host names to endpoints; getaddrinfo(3)
 */
#include "lib/io/resolve.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>

#define HOST_MAX 255 /* bytes of a host name, RFC 1035 section 2.3.4 */

int lr_resolve(
	void *ctx, const char *host, const char *port, struct lr_endpoint *out, struct lr_err *err)
{
	const struct addrinfo hints = {
		.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo *found = NULL;
	int rc = getaddrinfo(host, port, &hints, &found);

	(void)ctx;
	if (rc != 0)
		return lr_err_set(err, LR_EXIT_FAILED, "%s: %s", host, gai_strerror(rc));
	memset(out, 0, sizeof(*out));
	memcpy(&out->sa, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	return 0;
}

int lr_resolve_endpoint(const char *text, struct lr_endpoint *out, struct lr_err *err)
{
	const char *colon = strrchr(text, ':');
	char host[HOST_MAX + 1];

	if (lr_endpoint_parse(text, out) == 0)
		return 0;
	size_t len = colon ? (size_t)(colon - text) : 0;
	unsigned port = 0;
	char rest;
	if (len == 0 || len > HOST_MAX || memchr(text, ':', len) || memchr(text, '[', len) ||
		sscanf(colon + 1, "%5u%c", &port, &rest) != 1 || port == 0 || port > 65535)
		return lr_err_set(err, LR_EXIT_USAGE,
			"%.60s: no endpoint: HOST:PORT or [ADDR]:PORT is needed", text);
	memcpy(host, text, len);
	host[len] = '\0';
	return lr_resolve(NULL, host, colon + 1, out, err);
}
