/*
 * sniff.c - see sniff.h
 */
#include "lib/io/sniff.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/net/link.h"

#define ROOM     (256u << 10) /* the longest frame with offloads is 64 KiB and its headers */
#define RECEIVED (8 << 20)

/* The link type of what a packet socket gives on it; -1: of none that we know. */
static int link_of(int fd, const char *iface)
{
	struct ifreq r = {0};

	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", iface);
	if (ioctl(fd, SIOCGIFHWADDR, &r) < 0)
		return -1;
	switch (r.ifr_hwaddr.sa_family) {
	case ARPHRD_ETHER:
	case ARPHRD_LOOPBACK:
		return LR_LINK_ETHERNET;
	case ARPHRD_NONE:
	case ARPHRD_RAWIP:
		return LR_LINK_RAW;
	default:
		return -1;
	}
}

static int fail(struct lr_err *err, const char *iface)
{
	bool rights = errno == EPERM || errno == EACCES;
	return lr_err_set(err, rights ? LR_EXIT_RIGHTS : LR_EXIT_FAILED, "%s: %s%s", iface,
		strerror(errno), rights ? ": capturing needs root, or CAP_NET_RAW" : "");
}

int lr_sniff_open(struct lr_sniff *s, const char *iface, uint32_t snaplen, struct lr_err *err)
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex(iface)};
	int room = RECEIVED, on = 1;

	*s = (struct lr_sniff){.fd = -1, .snaplen = snaplen};
	if (!at.sll_ifindex)
		return lr_err_set(err, LR_EXIT_FAILED, "%s: there is no such interface", iface);
	/* protocol 0: nothing arrives before it is bound to the one interface */
	s->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd < 0)
		return fail(err, iface);
	int link = link_of(s->fd, iface);
	if (link < 0)
		return lr_err_set(
			err, LR_EXIT_FAILED, "%s: its frames are neither Ethernet nor IP", iface);
	s->link = (uint32_t)link;
	s->buffer = malloc(ROOM);
	if (!s->buffer)
		return lr_err_set(err, LR_EXIT_FAILED, "out of memory");
	if (setsockopt(s->fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) < 0)
		setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	if (setsockopt(s->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) < 0 ||
		bind(s->fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		return fail(err, iface);
	return 0;
}

void lr_sniff_close(struct lr_sniff *s)
{
	if (s->fd >= 0)
		close(s->fd);
	free(s->buffer);
	*s = (struct lr_sniff){.fd = -1};
}

static uint64_t stamp_of(struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
			struct timespec ts;
			memcpy(&ts, CMSG_DATA(c), sizeof(ts));
			return (uint64_t)ts.tv_sec * LR_NS_PER_S + (uint64_t)ts.tv_nsec;
		}
	return 0;
}

int lr_sniff_next(struct lr_sniff *s, struct lr_captured *out, uint64_t *late_ns)
{
	union {
		struct cmsghdr align;
		uint8_t bytes[CMSG_SPACE(sizeof(struct timespec))];
	} control;
	struct sockaddr_ll from = {0};
	struct iovec iov = {s->buffer, ROOM};
	struct msghdr m = {.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(s->fd, &m, MSG_TRUNC);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	uint64_t now = lr_wall(), stamp = stamp_of(&m);
	uint32_t len = (uint32_t)n, kept = len < ROOM ? len : ROOM;
	*out = (struct lr_captured){
		.time_ns = stamp ? stamp : now,
		.caplen = s->snaplen && kept > s->snaplen ? s->snaplen : kept,
		.len = len,
		.link = s->link,
		.bytes = s->buffer,
		.direction =
			from.sll_pkttype == PACKET_OUTGOING ? LR_DIRECTION_OUT : LR_DIRECTION_IN,
	};
	*late_ns = stamp && now > stamp ? now - stamp : 0;
	return 1;
}

uint64_t lr_sniff_lost(struct lr_sniff *s)
{
	struct tpacket_stats stats = {0};
	socklen_t len = sizeof(stats);

	if (s->fd >= 0 && getsockopt(s->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len) == 0)
		s->lost += stats.tp_drops; /* reading it begins anew */
	return s->lost;
}
