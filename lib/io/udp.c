/*
 * udp.c - see udp.h; udp(7), Documentation/networking/segmentation-offloads
 *
 * To a stock peer outer packets leave without DF: on a path with a smaller MTU they are fragmented,
 * as the kernel's own WireGuard does. To one whose path is probed they have it: lr_udp_whole().
 */
#include "lib/io/udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/io/env.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#define UDP_GRO     104
#endif

enum { SOCKET_BUFFER = 4 << 20 }; /* half a second of 60 Mbit/s; rmem_max is often 4 MB */

static int set_int(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) < 0 ? -errno : 0;
}

static void set_buffers(int fd)
{
	if (set_int(fd, SOL_SOCKET, SO_RCVBUFFORCE, SOCKET_BUFFER) < 0)
		set_int(fd, SOL_SOCKET, SO_RCVBUF, SOCKET_BUFFER);
	if (set_int(fd, SOL_SOCKET, SO_SNDBUFFORCE, SOCKET_BUFFER) < 0)
		set_int(fd, SOL_SOCKET, SO_SNDBUF, SOCKET_BUFFER);
}

/* A bound socket, or -errno. *port: in, what to bind to; out, what it became. */
static int open_one(int family, uint16_t *port, uint32_t mark)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	struct lr_endpoint me = {.from = {0}};
	socklen_t len = family == AF_INET ? sizeof(me.in) : sizeof(me.in6);
	me.sa.sa_family = (sa_family_t)family;
	if (family == AF_INET) {
		me.in.sin_port = htons(*port);
		set_int(fd, IPPROTO_IP, IP_PKTINFO, 1);
		set_int(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
	} else {
		me.in6.sin6_port = htons(*port);
		set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
		set_int(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
		set_int(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT);
	}
	if (mark)
		set_int(fd, SOL_SOCKET, SO_MARK, (int)mark);
	set_buffers(fd);
	if (bind(fd, &me.sa, len) < 0 || getsockname(fd, &me.sa, &len) < 0) {
		int e = errno;
		close(fd);
		return -e;
	}
	*port = lr_endpoint_port(&me);
	return fd;
}

static void probe_offloads(struct lr_udp *u)
{
	int fd = u->fd4 >= 0 ? u->fd4 : u->fd6;
	u->gso = !lr_env_set("LR_NO_UDP_GSO") && set_int(fd, IPPROTO_UDP, UDP_SEGMENT, 0) == 0;
	u->gro = !lr_env_set("LR_NO_UDP_GRO");
	if (u->gro && u->fd4 >= 0)
		u->gro = set_int(u->fd4, IPPROTO_UDP, UDP_GRO, 1) == 0;
	if (u->gro && u->fd6 >= 0)
		u->gro = set_int(u->fd6, IPPROTO_UDP, UDP_GRO, 1) == 0;
}

static bool family_missing(int error)
{
	return error == -EAFNOSUPPORT || error == -EADDRNOTAVAIL || error == -EPROTONOSUPPORT;
}

int lr_udp_open(struct lr_udp *u, uint16_t port, uint32_t fwmark, struct lr_err *err)
{
	int tries = port ? 1 : 32; /* a free IPv4 port may be taken on IPv6 */
	int e4 = 0, e6 = 0;
	*u = (struct lr_udp){.fd4 = -1, .fd6 = -1};
	while (tries--) {
		u->port = port;
		u->fd4 = e4 = open_one(AF_INET, &u->port, fwmark);
		if (e4 < 0 && !family_missing(e4))
			break;
		u->fd6 = e6 = open_one(AF_INET6, &u->port, fwmark);
		if (e6 >= 0 || family_missing(e6))
			break;
		lr_udp_close(u);
	}
	if (u->fd4 < 0 && u->fd6 < 0) {
		int e = e4 < 0 && !family_missing(e4) ? -e4 : -e6;
		return lr_err_set(err, LR_EXIT_FAILED,
			e == EADDRINUSE ? "port %u: %s: choose another ListenPort, or leave it out"
					: "port %u: %s",
			port, strerror(e));
	}
	probe_offloads(u);
	return 0;
}

int lr_udp_open_more(struct lr_udp *u, int family, uint32_t fwmark)
{
	*u = (struct lr_udp){.fd4 = -1, .fd6 = -1};
	int fd = open_one(family, &u->port, fwmark);
	if (fd < 0)
		return fd;
	if (family == AF_INET)
		u->fd4 = fd;
	else
		u->fd6 = fd;
	probe_offloads(u);
	return 0;
}

void lr_udp_close(struct lr_udp *u)
{
	if (u->fd4 >= 0)
		close(u->fd4);
	if (u->fd6 >= 0)
		close(u->fd6);
	u->fd4 = u->fd6 = -1;
}

int lr_udp_set_mark(struct lr_udp *u, uint32_t fwmark)
{
	int r = 0;
	if (u->fd4 >= 0)
		r = set_int(u->fd4, SOL_SOCKET, SO_MARK, (int)fwmark);
	if (u->fd6 >= 0 && r == 0)
		r = set_int(u->fd6, SOL_SOCKET, SO_MARK, (int)fwmark);
	return r;
}

static void read_control(struct msghdr *msg, size_t *segment, struct lr_endpoint *src)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO) {
			int size;
			memcpy(&size, CMSG_DATA(c), sizeof(size));
			if (size > 0)
				*segment = (size_t)size;
		} else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;
			memcpy(&info, CMSG_DATA(c), sizeof(info));
			src->from.family = 4;
			memcpy(src->from.b, &info.ipi_spec_dst, 4);
			src->from_iface = (uint32_t)info.ipi_ifindex;
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;
			memcpy(&info, CMSG_DATA(c), sizeof(info));
			src->from.family = 6;
			memcpy(src->from.b, &info.ipi6_addr, 16);
			src->from_iface = info.ipi6_ifindex;
		}
	}
}

union control {
	struct cmsghdr align;
	char bytes[2 * CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

long lr_udp_recv(int fd, uint8_t *buf, size_t room, size_t *segment, struct lr_endpoint *src)
{
	union control control;
	struct iovec iov = {buf, room};
	memset(src, 0, sizeof(*src));
	struct msghdr msg = {
		.msg_name = &src->sa,
		.msg_namelen = sizeof(src->in6),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(fd, &msg, 0);
	if (n < 0)
		return -errno;
	if (msg.msg_flags & MSG_TRUNC)
		return -EMSGSIZE;
	*segment = (size_t)n;
	read_control(&msg, segment, src);
	return n;
}

static size_t put_control(void *at, int level, int type, const void *data, size_t len)
{
	struct cmsghdr *c = at;
	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), data, len);
	return CMSG_SPACE(len);
}

static size_t put_source(char *at, const struct lr_endpoint *to)
{
	if (to->from.family == 4 && to->sa.sa_family == AF_INET) {
		struct in_pktinfo info = {.ipi_ifindex = (int)to->from_iface};
		memcpy(&info.ipi_spec_dst, to->from.b, 4);
		return put_control(at, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
	}
	if (to->from.family == 6 && to->sa.sa_family == AF_INET6) {
		struct in6_pktinfo info = {.ipi6_ifindex = to->from_iface};
		memcpy(&info.ipi6_addr, to->from.b, 16);
		return put_control(at, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
	}
	return 0;
}

static size_t put_tos(char *at, const struct lr_endpoint *to, int tos)
{
	if (to->sa.sa_family == AF_INET)
		return put_control(at, IPPROTO_IP, IP_TOS, &tos, sizeof(tos));
	return put_control(at, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof(tos));
}

static int send_train(const struct lr_udp *u, const struct lr_endpoint *to, const uint8_t *buf,
	size_t len, size_t segment)
{
	int fd = to->sa.sa_family == AF_INET ? u->fd4 : u->fd6;
	union control control;
	memset(&control, 0, sizeof(control));
	struct iovec iov = {(void *)(uintptr_t)buf, len};
	struct msghdr msg = {
		.msg_name = (void *)(uintptr_t)&to->sa,
		.msg_namelen = to->sa.sa_family == AF_INET ? sizeof(to->in) : sizeof(to->in6),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
	};
	size_t used = put_source(control.bytes, to);
	if (u->tos)
		used += put_tos(control.bytes + used, to, u->tos);
	if (len > segment) {
		uint16_t size = (uint16_t)segment;
		used += put_control(
			control.bytes + used, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof(size));
	}
	msg.msg_controllen = used;
	if (used == 0)
		msg.msg_control = NULL;
	return sendmsg(fd, &msg, 0) < 0 ? -errno : 0;
}

/* As send_train(), but a sticky source that is gone is dropped and the send repeated. */
static int send_sticky(const struct lr_udp *u, struct lr_endpoint *to, const uint8_t *buf,
	size_t len, size_t segment)
{
	int r = send_train(u, to, buf, len, segment);
	if (to->from.family && (r == -EINVAL || r == -ENODEV || r == -EADDRNOTAVAIL ||
				       r == -ENETUNREACH || r == -EHOSTUNREACH)) {
		to->from.family = 0;
		to->from_iface = 0;
		r = send_train(u, to, buf, len, segment);
	}
	return r;
}

int lr_udp_send(
	struct lr_udp *u, struct lr_endpoint *to, const uint8_t *buf, size_t len, size_t segment)
{
	int fd = to->sa.sa_family == AF_INET ? u->fd4 : u->fd6;
	int result = 0;
	if (fd < 0)
		return -EAFNOSUPPORT;
	if (len <= segment || u->gso) {
		result = send_sticky(u, to, buf, len, segment);
		if (len <= segment || result == 0 || result == -EAGAIN || result == -EPERM ||
			(result == -EMSGSIZE && u->whole))
			return result;
		if (result == -EIO) /* the device can't do checksums: never again on this socket */
			u->gso = false;
	}
	result = 0;
	for (size_t at = 0; at < len; at += segment) {
		size_t n = len - at < segment ? len - at : segment;
		int r = send_sticky(u, to, buf + at, n, n);
		if (r == -EMSGSIZE && u->whole && at == 0)
			return r; /* the kernel says -EINVAL of a train, before Linux 6.14 */
		if (r < 0)
			result = r;
	}
	return result;
}

static void set_df(int fd, int level, int name, int how)
{
	if (fd >= 0)
		set_int(fd, level, name, how);
}

void lr_udp_set_whole(struct lr_udp *u, bool whole)
{
	set_df(u->fd4, IPPROTO_IP, IP_MTU_DISCOVER, whole ? IP_PMTUDISC_PROBE : IP_PMTUDISC_DONT);
	set_df(u->fd6, IPPROTO_IPV6, IPV6_MTU_DISCOVER,
		whole ? IPV6_PMTUDISC_PROBE : IPV6_PMTUDISC_DONT);
	u->whole = whole;
}
