/*
 * ipx.c - see ipx.h
 */
#include "lib/lan/ipx.h"

#include <string.h>

#include "lib/base/bytes.h"

/* A header: checksum (none), length, hops, type, then two addresses of network, node, socket. */
enum { AT_LENGTH = 2, AT_TO = 6, AT_FROM = 18 };
enum { NODE = 4, SOCKET = 10 }; /* inside an address */
enum { SOCKET_ECHO = 2 };

static const uint8_t all[LR_IPX_NODE] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

const char *lr_ipx_drop_name(enum lr_ipx_drop drop)
{
	static const char *const names[LR_IPX_DROPS] = {
		[LR_IPX_DROP_NONE] = "none",
		[LR_IPX_DROP_PACKET] = "ipx_packet",
		[LR_IPX_DROP_FOREIGN] = "ipx_foreign",
		[LR_IPX_DROP_SOURCE] = "ipx_source",
		[LR_IPX_DROP_FULL] = "ipx_full",
		[LR_IPX_DROP_NOBODY] = "ipx_nobody",
		[LR_IPX_DROP_STORM] = "ipx_storm",
	};

	return names[drop];
}

void lr_ipx_node(uint8_t out[LR_IPX_NODE], const struct lr_ip *ip, uint16_t port)
{
	memcpy(out, ip->b, 4);
	lr_put_be16(out + 4, port);
}

void lr_ipx_start(struct lr_ipx *x, const uint8_t own[LR_IPX_NODE], const struct lr_prefix *pool)
{
	memcpy(x->own, own, LR_IPX_NODE);
	x->pool = *pool;
	x->n = 0;
}

static bool same(const uint8_t *a, const uint8_t *b)
{
	return memcmp(a, b, LR_IPX_NODE) == 0;
}

/* --- clients --- */

static struct lr_ipx_client *find(struct lr_ipx *x, const uint8_t *node)
{
	for (unsigned i = 0; i < x->n; i++)
		if (same(x->clients[i].node, node))
			return &x->clients[i];
	return NULL;
}

/* Makes one; NULL: there are too many. */
static struct lr_ipx_client *add(struct lr_ipx *x, const uint8_t *node)
{
	unsigned of_one = 0;

	for (unsigned i = 0; i < x->n; i++)
		of_one += memcmp(x->clients[i].node, node, 4) == 0;
	if (x->n == LR_IPX_CLIENTS || of_one == LR_IPX_OF_ONE)
		return NULL;
	struct lr_ipx_client *c = &x->clients[x->n++];
	*c = (struct lr_ipx_client){0};
	memcpy(c->node, node, LR_IPX_NODE);
	return c;
}

/* Whether one more to all is within what a client may send. */
static bool calm(struct lr_ipx_client *c, uint64_t now)
{
	uint64_t at = (c->storm_ns > now ? c->storm_ns : now) + LR_NS_PER_S / LR_IPX_TO_ALL;

	if (at > now + LR_NS_PER_S)
		return false;
	c->storm_ns = at;
	return true;
}

/* --- what the server says itself --- */

static void put_address(uint8_t *at, uint32_t network, const uint8_t *node)
{
	lr_put_be32(at, network);
	memcpy(at + NODE, node, LR_IPX_NODE);
	lr_put_be16(at + SOCKET, SOCKET_ECHO);
}

/* A packet without data to socket 2 of `node`, which may mean all, sent to the client `to`. The
 * answer to a registration is from network 1, an echo and its answer from network 0. */
static void say(const struct lr_ipx *x, const struct lr_ipx_host *host, const uint8_t *to,
	const uint8_t *node, uint32_t network)
{
	uint8_t packet[LR_IPX_HEAD] = {0xff, 0xff};

	lr_put_be16(packet + AT_LENGTH, LR_IPX_HEAD);
	put_address(packet + AT_TO, 0, node);
	put_address(packet + AT_FROM, network, x->own);
	host->send(host->ctx, to, packet, sizeof(packet));
}

/* --- what clients say --- */

static enum lr_ipx_drop forward(struct lr_ipx *x, uint64_t now, const struct lr_ipx_host *host,
	struct lr_ipx_client *from, const uint8_t *packet, size_t len)
{
	const uint8_t *to = packet + AT_TO + NODE;
	bool echo = lr_get_be16(packet + AT_TO + SOCKET) == SOCKET_ECHO;

	if (same(to, x->own))
		return LR_IPX_DROP_NONE; /* the answer to our request */
	if (!same(to, all)) {
		if (!find(x, to))
			return LR_IPX_DROP_NOBODY;
		host->send(host->ctx, to, packet, len);
		return LR_IPX_DROP_NONE;
	}
	if (!calm(from, now))
		return LR_IPX_DROP_STORM;
	for (unsigned i = 0; i < x->n; i++)
		if (&x->clients[i] != from)
			host->send(host->ctx, x->clients[i].node, packet, len);
	if (echo)
		say(x, host, from->node, from->node, 0);
	return LR_IPX_DROP_NONE;
}

static enum lr_ipx_drop take(struct lr_ipx *x, uint64_t now, const struct lr_ipx_host *host,
	const uint8_t *from, const uint8_t *packet, size_t len)
{
	static const uint8_t none[4];
	struct lr_ip ip = {.family = 4};

	memcpy(ip.b, from, 4);
	if (!lr_prefix_covers(&x->pool, &ip) || same(from, x->own))
		return LR_IPX_DROP_FOREIGN;
	size_t size = len < LR_IPX_HEAD ? 0 : lr_get_be16(packet + AT_LENGTH);
	if (size < LR_IPX_HEAD || size > len)
		return LR_IPX_DROP_PACKET;
	bool registers = lr_get_be16(packet + AT_TO + SOCKET) == SOCKET_ECHO &&
			 memcmp(packet + AT_TO + NODE, none, 4) == 0;
	if (!registers && !same(packet + AT_FROM + NODE, from))
		return LR_IPX_DROP_SOURCE;
	struct lr_ipx_client *c = find(x, from);
	if (!c)
		c = add(x, from);
	if (!c)
		return LR_IPX_DROP_FULL;
	c->heard_ns = c->asked_ns = now;
	if (!registers)
		return forward(x, now, host, c, packet, size);
	say(x, host, c->node, c->node, 1);
	return LR_IPX_DROP_NONE;
}

void lr_ipx_take(struct lr_ipx *x, uint64_t now, const struct lr_ipx_host *host,
	const uint8_t from[LR_IPX_NODE], const uint8_t *packet, size_t len)
{
	enum lr_ipx_drop why = take(x, now, host, from, packet, len);

	if (why != LR_IPX_DROP_NONE)
		x->drops[why]++;
}

/* --- quiet ones --- */

void lr_ipx_settle(struct lr_ipx *x, uint64_t now, const struct lr_ipx_host *host)
{
	for (unsigned i = x->n; i-- > 0;) {
		struct lr_ipx_client *c = &x->clients[i];
		if (now >= c->heard_ns + LR_IPX_LIFE_NS) {
			*c = x->clients[--x->n];
		} else if (now >= c->asked_ns + LR_IPX_QUIET_NS) {
			c->asked_ns = now;
			say(x, host, c->node, all, 0);
		}
	}
}

uint64_t lr_ipx_due(const struct lr_ipx *x)
{
	uint64_t due = LR_NEVER;

	for (unsigned i = 0; i < x->n; i++) {
		uint64_t ask = x->clients[i].asked_ns + LR_IPX_QUIET_NS;
		uint64_t end = x->clients[i].heard_ns + LR_IPX_LIFE_NS;
		uint64_t at = ask < end ? ask : end;
		due = at < due ? at : due;
	}
	return due;
}
