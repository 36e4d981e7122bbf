/*
 * listen.c - where to listen, as people write it
 */
#include <string.h>

#include "lib/server/server.h"

static int wrong(const char *text, struct lr_err *err)
{
	return lr_err_set(err, LR_EXIT_USAGE,
		"--listen: '%.80s': [ADDR]:PORT, ADDR:PORT, :PORT or PORT is needed", text);
}

/* 0..65535, digits only. */
static bool port_of(const char *text, uint16_t *port)
{
	unsigned v = 0;
	if (!*text || strlen(text) > 5 || text[strspn(text, "0123456789")])
		return false;
	for (; *text; text++)
		v = v * 10 + (unsigned)(*text - '0');
	*port = (uint16_t)v;
	return v <= 65535;
}

int lr_server_listen_parse(const char *text, struct lr_endpoint *out, struct lr_err *err)
{
	const char *colon = strrchr(text, ':');
	const char *port_text = colon ? colon + 1 : text;
	char host[LR_ADDR_TEXT] = "";
	struct lr_ip ip = {0};
	uint16_t port;
	size_t len = colon ? (size_t)(colon - text) : 0;
	memset(out, 0, sizeof(*out));
	if (len >= sizeof(host) || !port_of(port_text, &port))
		return wrong(text, err);
	if (len >= 2 && text[0] == '[' && text[len - 1] == ']')
		memcpy(host, text + 1, len - 2);
	else
		memcpy(host, text, len);
	if (host[0] && lr_ip_parse(host, &ip) < 0)
		return wrong(text, err);
	out->in.sin_port = htons(port); /* at the same place in both families */
	if (ip.family == 4) {
		out->in.sin_family = AF_INET;
		memcpy(&out->in.sin_addr, ip.b, 4);
	} else if (ip.family == 6) {
		out->in6.sin6_family = AF_INET6;
		memcpy(&out->in6.sin6_addr, ip.b, 16);
	}
	return 0;
}
