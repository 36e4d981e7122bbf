/*
 * overhear.c - see overhear.h
 */
#include "lib/node/overhear.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/game/traffic.h"
#include "lib/lan/captured.h"
#include "lib/node/play_on.h"
#include "lib/node/pump.h"

enum { RECEIVES = 32 }; /* packets before others get a turn */

struct lr_overhear {
	struct lr_node *node;
	struct lr_source source;
	struct lr_captured captured;
	uint8_t packet[LR_CAPTURED_BYTES];
};

/* --- the socket --- */

#define LOAD(size, at)     BPF_STMT(BPF_LD | (size) | BPF_ABS, (uint32_t)(at))
#define IF(op, k, yes, no) BPF_JUMP(BPF_JMP | (op) | BPF_K, k, yes, no)

/* Outgoing; the destination MAC is a group's; UDP that is no fragment. */
static int filter(int fd)
{
	static struct sock_filter code[] = {
		LOAD(BPF_B, SKF_AD_OFF + SKF_AD_PKTTYPE),
		IF(BPF_JEQ, PACKET_OUTGOING, 0, 13),
		LOAD(BPF_B, SKF_LL_OFF),
		IF(BPF_JSET, 1, 0, 11),
		LOAD(BPF_B, SKF_NET_OFF),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xf0),
		IF(BPF_JEQ, 0x40, 0, 4),
		LOAD(BPF_H, SKF_NET_OFF + 6),
		IF(BPF_JSET, 0x3fff, 6, 0),
		LOAD(BPF_B, SKF_NET_OFF + 9),
		IF(BPF_JEQ, IPPROTO_UDP, 3, 4),
		IF(BPF_JEQ, 0x60, 0, 3),
		LOAD(BPF_B, SKF_NET_OFF + 6),
		IF(BPF_JEQ, IPPROTO_UDP, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 65535),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	const struct sock_fprog program = {sizeof(code) / sizeof(*code), code};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

static int open_socket(int card)
{
	const struct sockaddr_ll at = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = card};
	/* Protocol 0: nothing comes before the filter is there. */
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd >= 0 && filter(fd) == 0 && bind(fd, (const void *)&at, sizeof(at)) == 0)
		return fd;
	int r = -errno;
	if (fd >= 0)
		close(fd);
	return r;
}

/* --- which packets --- */

/* Whether the card is no TAP and has that MAC: the packet is this machine's own. */
static bool ours(int fd, const struct sockaddr_ll *at)
{
	struct ethtool_drvinfo driver = {.cmd = ETHTOOL_GDRVINFO};
	struct ifreq card = {0};

	if (at->sll_hatype != ARPHRD_ETHER || at->sll_halen != ETH_ALEN ||
		!if_indextoname((unsigned)at->sll_ifindex, card.ifr_name) ||
		ioctl(fd, SIOCGIFHWADDR, &card) < 0 ||
		memcmp(card.ifr_hwaddr.sa_data, at->sll_addr, ETH_ALEN) != 0)
		return false;
	card.ifr_data = (void *)&driver;
	return ioctl(fd, SIOCETHTOOL, &card) < 0 || strcmp(driver.driver, "tun") != 0;
}

static void take(struct lr_overhear *c, const struct sockaddr_ll *at, size_t len)
{
	struct lr_node *node = c->node;

	if (at->sll_ifindex == node->ifindex || at->sll_pkttype != PACKET_OUTGOING)
		return;
	/* What our own interface gives is marked and rewritten before it is compared, too. */
	uint8_t flags = lr_play_touch(node, c->packet, len, true);
	if (flags & (LR_TRAFFIC_PLAY | LR_TRAFFIC_DISCOVERY) && ours(c->source.fd, at))
		lr_captured_put(&c->captured, node->loop.now, at->sll_ifindex, c->packet, len);
}

static void ready(struct lr_source *s, uint32_t events)
{
	struct lr_overhear *c = s->ctx;

	(void)events;
	for (int i = 0; i < RECEIVES; i++) {
		struct sockaddr_ll at;
		socklen_t size = sizeof(at);
		ssize_t n = recvfrom(
			s->fd, c->packet, sizeof(c->packet), MSG_TRUNC, (void *)&at, &size);
		if (n < 0)
			break; /* nothing more, or the card went down */
		if ((size_t)n > sizeof(c->packet))
			c->captured.lost++;
		else
			take(c, &at, (size_t)n);
	}
}

/* --- life --- */

int lr_overhear_open(struct lr_node *node, const char *where, struct lr_err *err)
{
	int card = strcmp(where, LR_OVERHEAR_ALL) == 0 ? 0 : (int)if_nametoindex(where);

	if (card == 0 && strcmp(where, LR_OVERHEAR_ALL) != 0)
		return lr_err_set(
			err, LR_EXIT_FAILED, "--capture: there is no interface %.40s", where);
	struct lr_overhear *c = calloc(1, sizeof(*c));
	if (!c)
		return lr_err_set(err, LR_EXIT_FAILED, "out of memory");
	int fd = open_socket(card);
	c->node = node;
	c->source = (struct lr_source){fd, ready, c, "capture"};
	node->overhear = c;
	int r = fd < 0 ? fd : lr_loop_add(&node->loop, &c->source, EPOLLIN);
	if (r == 0)
		return 0;
	lr_overhear_close(node);
	return lr_err_set(err, r == -EPERM ? LR_EXIT_RIGHTS : LR_EXIT_FAILED, "--capture %.40s: %s",
		where, strerror(-r));
}

void lr_overhear_close(struct lr_node *node)
{
	struct lr_overhear *c = node->overhear;

	if (!c)
		return;
	if (c->source.fd >= 0) {
		lr_loop_remove(&node->loop, &c->source);
		close(c->source.fd);
	}
	free(c);
	node->overhear = NULL;
}

/* --- the way into the party --- */

void lr_overhear_own(struct lr_node *node, const uint8_t *packet, size_t len)
{
	if (node->overhear)
		lr_captured_own(&node->overhear->captured, node->loop.now, packet, len);
}

void lr_overhear_settle(struct lr_node *node, uint64_t now)
{
	uint8_t *packet;
	size_t len;

	while (node->overhear && (packet = lr_captured_next(&node->overhear->captured, now, &len)))
		lr_pump_captured(node->pump, now, packet, len);
}

uint64_t lr_overhear_due(const struct lr_node *node)
{
	return node->overhear ? lr_captured_due(&node->overhear->captured) : LR_NEVER;
}

void lr_overhear_put_drops(const struct lr_node *node, json_t *drops)
{
	if (!node->overhear)
		return;
	lr_json_put_int(drops, "capture_copy", (int64_t)node->overhear->captured.copies);
	lr_json_put_int(drops, "capture_full", (int64_t)node->overhear->captured.lost);
}
