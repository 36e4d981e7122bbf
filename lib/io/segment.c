/*
 * segment.c - see segment.h
 */
#include "lib/io/segment.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { RECEIVED = 1 << 20 };

static bool is_ethernet(int fd, const char *iface)
{
	struct ifreq r = {0};

	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", iface);
	return ioctl(fd, SIOCGIFHWADDR, &r) == 0 && r.ifr_hwaddr.sa_family == ARPHRD_ETHER;
}

/* 0 or -1 with errno. */
static int set_up(int fd, int ifindex)
{
	const struct packet_mreq all = {.mr_ifindex = ifindex, .mr_type = PACKET_MR_PROMISC};
	const struct sockaddr_ll at = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = ifindex};
	int on = 1, room = RECEIVED;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	if (setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)) < 0 ||
		setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)) < 0 ||
		setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) < 0 ||
		setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof(all)) < 0)
		return -1;
	return bind(fd, (const struct sockaddr *)&at, sizeof(at));
}

int lr_segment_open(const char *iface, struct lr_err *err)
{
	int ifindex = (int)if_nametoindex(iface);

	if (!ifindex)
		return lr_err_set(err, LR_EXIT_FAILED, "%.40s: there is no such interface", iface);
	/* protocol 0: nothing arrives before it is bound to the one interface */
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return lr_err_set(err,
			errno == EPERM || errno == EACCES ? LR_EXIT_RIGHTS : LR_EXIT_FAILED,
			"%s: bridging it needs root, or CAP_NET_RAW: %s", iface, strerror(errno));
	if (!is_ethernet(fd, iface)) {
		close(fd);
		return lr_err_set(err, LR_EXIT_FAILED, "%s: it is no Ethernet", iface);
	}
	if (set_up(fd, ifindex) < 0) {
		lr_err_set(err, LR_EXIT_FAILED, "%s: %s", iface, strerror(errno));
		close(fd);
		return -1;
	}
	return fd;
}

static bool tagged(struct msghdr *msg)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);
	struct tpacket_auxdata aux;

	if (!c || c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA ||
		c->cmsg_len < CMSG_LEN(sizeof(aux)))
		return false;
	memcpy(&aux, CMSG_DATA(c), sizeof(aux));
	return aux.tp_status & TP_STATUS_VLAN_VALID;
}

ssize_t lr_segment_read(int fd, struct lr_vnet *h, void *buf, size_t room)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
	struct iovec iov[2] = {{h, sizeof(*h)}, {buf, room}};
	struct msghdr msg = {.msg_iov = iov,
		.msg_iovlen = 2,
		.msg_control = control,
		.msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(fd, &msg, 0);

	if (n < 0)
		return -errno;
	if (n < (ssize_t)sizeof(*h) || msg.msg_flags & MSG_TRUNC || tagged(&msg))
		return 0;
	return n - (ssize_t)sizeof(*h);
}

int lr_segment_write(int fd, const struct lr_vnet *h, const void *frame, size_t len)
{
	struct iovec iov[2] = {{(void *)(uintptr_t)h, sizeof(*h)}, {(void *)(uintptr_t)frame, len}};

	return writev(fd, iov, 2) < 0 ? -errno : 0;
}
