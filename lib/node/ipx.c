/*
 * ipx.c - see ipx.h
 */
#include "lib/node/ipx.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/lan/ipx.h"

enum { RECEIVES = 32 }; /* datagrams before others get a turn */

struct lr_node_ipx {
	struct lr_node *node;
	struct lr_source source; /* fd -1: there is no address yet */
	struct lr_ipx server;
	uint8_t packet[2048];
};

static struct sockaddr_in at(const struct lr_ip *ip)
{
	struct sockaddr_in out = {.sin_family = AF_INET, .sin_port = htons(LR_IPX_PORT)};

	memcpy(&out.sin_addr, ip->b, 4);
	return out;
}

/* A socket there, also before the interface has the address. Or -errno. */
static int open_at(const struct lr_ip *ip)
{
	const struct sockaddr_in here = at(ip);
	const int on = 1;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd >= 0 && setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &on, sizeof(on)) == 0 &&
		bind(fd, (const void *)&here, sizeof(here)) == 0)
		return fd;
	int r = -errno;
	if (fd >= 0)
		close(fd);
	return r;
}

static void send_to(void *ctx, const uint8_t to[LR_IPX_NODE], const uint8_t *packet, size_t len)
{
	struct lr_node_ipx *x = ctx;
	struct sockaddr_in there = {.sin_family = AF_INET};

	memcpy(&there.sin_addr, to, 4);
	memcpy(&there.sin_port, to + 4, 2);
	if (sendto(x->source.fd, packet, len, 0, (const void *)&there, sizeof(there)) < 0)
		x->node->drops[LR_NODE_DROP_SEND]++;
}

static void ready(struct lr_source *s, uint32_t events)
{
	struct lr_node_ipx *x = s->ctx;
	const struct lr_ipx_host host = {x, send_to};

	(void)events;
	for (int i = 0; i < RECEIVES; i++) {
		uint8_t from[LR_IPX_NODE];
		struct sockaddr_in src;
		socklen_t size = sizeof(src);
		ssize_t n = recvfrom(
			s->fd, x->packet, sizeof(x->packet), 0, (struct sockaddr *)&src, &size);
		if (n < 0)
			break; /* nothing more, or somebody's port is closed */
		memcpy(from, &src.sin_addr, 4);
		memcpy(from + 4, &src.sin_port, 2);
		lr_ipx_take(&x->server, x->node->loop.now, &host, from, x->packet, (size_t)n);
	}
}

/* --- life --- */

static void stop(struct lr_node_ipx *x)
{
	if (x->source.fd < 0)
		return;
	lr_loop_remove(&x->node->loop, &x->source);
	close(x->source.fd);
	x->source.fd = -1;
}

static void start(struct lr_node_ipx *x, const struct lr_prefix *address)
{
	uint8_t own[LR_IPX_NODE];
	char text[LR_ADDR_TEXT];

	lr_ipx_node(own, &address->ip, LR_IPX_PORT);
	if (x->source.fd >= 0 && memcmp(own, x->server.own, sizeof(own)) == 0)
		return;
	stop(x);
	lr_ip_text(&address->ip, text);
	int fd = open_at(&address->ip), r = fd;
	if (fd >= 0) {
		x->source.fd = fd;
		lr_ipx_start(&x->server, own, address);
		r = lr_loop_add(&x->node->loop, &x->source, EPOLLIN);
	}
	if (r >= 0) {
		lr_log(LR_LOG_NOTE, "%s: IPX for DOSBox is here: ipxnet connect %s", x->node->iface,
			text);
		return;
	}
	if (fd >= 0)
		close(fd);
	x->source.fd = -1;
	lr_log(LR_LOG_ERROR, "%s: --ipx at %s: %s", x->node->iface, text, strerror(-r));
}

int lr_node_ipx_open(struct lr_node *node, struct lr_err *err)
{
	const struct lr_ip any = lr_ip4(INADDR_ANY);
	int fd = open_at(&any);

	if (fd == -EADDRINUSE)
		return lr_err_set(err, LR_EXIT_FAILED,
			"--ipx: UDP port %u is in use here: end the other IPX server, or leave "
			"--ipx away",
			LR_IPX_PORT);
	if (fd < 0)
		return lr_err_set(err, fd == -EACCES ? LR_EXIT_RIGHTS : LR_EXIT_FAILED,
			"--ipx: UDP port %u: %s", LR_IPX_PORT, strerror(-fd));
	close(fd);
	node->ipx = calloc(1, sizeof(*node->ipx));
	if (!node->ipx)
		return lr_err_set(err, LR_EXIT_FAILED, "out of memory");
	node->ipx->node = node;
	node->ipx->source = (struct lr_source){-1, ready, node->ipx, "ipx"};
	lr_node_ipx_addresses(node);
	return 0;
}

void lr_node_ipx_close(struct lr_node *node)
{
	if (!node->ipx)
		return;
	stop(node->ipx);
	free(node->ipx);
	node->ipx = NULL;
}

void lr_node_ipx_addresses(struct lr_node *node)
{
	if (!node->ipx)
		return;
	for (size_t i = 0; i < node->n_addresses; i++) {
		if (node->addresses[i].ip.family == 4) {
			start(node->ipx, &node->addresses[i]);
			return;
		}
	}
	stop(node->ipx);
}

/* --- in the loop --- */

void lr_node_ipx_settle(struct lr_node *node, uint64_t now)
{
	const struct lr_ipx_host host = {node->ipx, send_to};

	if (node->ipx && lr_ipx_due(&node->ipx->server) <= now)
		lr_ipx_settle(&node->ipx->server, now, &host);
}

uint64_t lr_node_ipx_due(const struct lr_node *node)
{
	return node->ipx ? lr_ipx_due(&node->ipx->server) : LR_NEVER;
}

void lr_node_ipx_put_drops(const struct lr_node *node, json_t *drops)
{
	for (unsigned i = LR_IPX_DROP_NONE + 1; node->ipx && i < LR_IPX_DROPS; i++)
		lr_json_put_int(drops, lr_ipx_drop_name(i), (int64_t)node->ipx->server.drops[i]);
}
