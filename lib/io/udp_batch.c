/*
 * udp_batch.c - see udp_batch.h; udp(7), recvmmsg(2), sendmmsg(2)
 */
#include "lib/io/udp_batch.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/io/env.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#define UDP_GRO     104
#endif

enum {
	SOCKET_BUFFER = 4 << 20, /* as the tunnel's sockets have it */
	TRAIN_BYTES = 65535,
	/* Not a power of two: else all messages would lie in the same sets of the cache. */
	STRIDE = 65536 + 64 * 13,
};

union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

struct message {
	int fd;
	bool closed;    /* the last datagram was shorter: nothing can follow */
	uint16_t count; /* datagrams */
	size_t segment, len;
	struct lr_endpoint to;
	union control control;
	struct iovec iov[LR_BATCH_TRAIN];
};

struct lr_batch {
	uint8_t *room; /* LR_BATCH * STRIDE */
	struct mmsghdr in_head[LR_BATCH], out_head[LR_BATCH];
	struct iovec in_iov[LR_BATCH];
	union control in_control[LR_BATCH];
	struct lr_batch_in in[LR_BATCH];
	size_t n_in; /* places that the last call used */
	struct message out[LR_BATCH];
	size_t n_out;
	uint32_t number; /* of the outgoing batch, never 0 */
	size_t refused;
	bool no_gso; /* a device cannot do it: not again */
};

/* ------------------------------------------------------------------ sockets */

static int set_int(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) < 0 ? -errno : 0;
}

/* Bound to one address, everything came to that one and leaves from it: no need to be told. */
static bool bound_to_one(const struct lr_endpoint *at)
{
	static const uint8_t any[16];
	struct lr_ip ip = lr_endpoint_ip(at);
	return memcmp(ip.b, any, sizeof(any)) != 0;
}

static void set_options(int fd, const struct lr_endpoint *at, bool *gso)
{
	if (at->sa.sa_family == AF_INET) {
		set_int(fd, IPPROTO_IP, IP_PKTINFO, !bound_to_one(at));
		set_int(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
	} else {
		set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
		set_int(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, !bound_to_one(at));
		set_int(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
	}
	if (set_int(fd, SOL_SOCKET, SO_RCVBUFFORCE, SOCKET_BUFFER) < 0)
		set_int(fd, SOL_SOCKET, SO_RCVBUF, SOCKET_BUFFER);
	if (set_int(fd, SOL_SOCKET, SO_SNDBUFFORCE, SOCKET_BUFFER) < 0)
		set_int(fd, SOL_SOCKET, SO_SNDBUF, SOCKET_BUFFER);
	if (!lr_env_set("LR_NO_UDP_GRO"))
		set_int(fd, IPPROTO_UDP, UDP_GRO, 1);
	*gso = !lr_env_set("LR_NO_UDP_GSO") && set_int(fd, IPPROTO_UDP, UDP_SEGMENT, 0) == 0;
}

static socklen_t address_len(const struct lr_endpoint *e)
{
	return e->sa.sa_family == AF_INET ? sizeof(e->in) : sizeof(e->in6);
}

int lr_batch_socket(const struct lr_endpoint *at, bool *gso)
{
	int fd = socket(at->sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	set_options(fd, at, gso);
	if (bind(fd, &at->sa, address_len(at)) < 0) {
		int e = errno;
		close(fd);
		return -e;
	}
	return fd;
}

bool lr_batch_source_usual(const struct lr_endpoint *to)
{
	struct lr_endpoint chosen = {0};
	socklen_t len = sizeof(chosen.in6);
	int fd = socket(to->sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool found = fd >= 0 && connect(fd, &to->sa, address_len(to)) == 0 &&
		     getsockname(fd, &chosen.sa, &len) == 0;
	if (fd >= 0)
		close(fd);
	struct lr_ip ip = lr_endpoint_ip(&chosen);
	return found && lr_ip_equal(&ip, &to->from);
}

struct lr_batch *lr_batch_new(void)
{
	struct lr_batch *b = calloc(1, sizeof(*b));
	if (b)
		b->room = malloc((size_t)LR_BATCH * STRIDE);
	if (!b || !b->room) {
		free(b);
		return NULL;
	}
	b->number = 1;
	b->n_in = LR_BATCH;
	for (size_t i = 0; i < LR_BATCH; i++) {
		b->in_iov[i] = (struct iovec){b->room + i * STRIDE, TRAIN_BYTES};
		b->in[i].bytes = b->room + i * STRIDE;
	}
	return b;
}

void lr_batch_free(struct lr_batch *b)
{
	if (b)
		free(b->room);
	free(b);
}

/* ------------------------------------------------------------------ receiving */

static void read_control(struct msghdr *msg, struct lr_batch_in *in)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO) {
			int size;
			memcpy(&size, CMSG_DATA(c), sizeof(size));
			if (size > 0)
				in->segment = (size_t)size;
		} else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;
			memcpy(&info, CMSG_DATA(c), sizeof(info));
			in->at.from.family = 4;
			memcpy(in->at.from.b, &info.ipi_spec_dst, 4);
			in->at.from_iface = (uint32_t)info.ipi_ifindex;
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;
			memcpy(&info, CMSG_DATA(c), sizeof(info));
			in->at.from.family = 6;
			memcpy(in->at.from.b, &info.ipi6_addr, 16);
			in->at.from_iface = info.ipi6_ifindex;
		}
	}
}

/* A place that was used is made ready again. */
static void prepare(struct lr_batch *b, size_t i)
{
	struct lr_endpoint *at = &b->in[i].at;
	memset(at, 0, sizeof(*at));
	b->in_head[i].msg_hdr = (struct msghdr){
		.msg_name = &at->sa,
		.msg_namelen = sizeof(at->in6),
		.msg_iov = &b->in_iov[i],
		.msg_iovlen = 1,
		.msg_control = &b->in_control[i],
		.msg_controllen = sizeof(b->in_control[i]),
	};
}

int lr_batch_recv(struct lr_batch *b, int fd)
{
	for (size_t i = 0; i < b->n_in; i++)
		prepare(b, i);
	int n = recvmmsg(fd, b->in_head, LR_BATCH, MSG_DONTWAIT, NULL);
	b->n_in = n > 0 ? (size_t)n : 0;
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	for (int i = 0; i < n; i++) {
		b->in[i].len = b->in[i].segment = b->in_head[i].msg_len;
		read_control(&b->in_head[i].msg_hdr, &b->in[i]);
	}
	return n;
}

struct lr_batch_in *lr_batch_at(struct lr_batch *b, size_t i)
{
	return &b->in[i];
}

/* ------------------------------------------------------------------ sending */

static size_t put_control(char *at, int level, int type, const void *data, size_t len)
{
	struct cmsghdr *c = (struct cmsghdr *)(void *)at;
	memset(at, 0, CMSG_SPACE(len));
	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), data, len);
	return CMSG_SPACE(len);
}

/* The address to send from, and the length of the datagrams when there are several. */
static size_t fill_control(struct message *m)
{
	const struct lr_endpoint *to = &m->to;
	char *at = m->control.bytes;
	size_t used = 0;
	if (to->from.family == 4 && to->sa.sa_family == AF_INET) {
		struct in_pktinfo info = {0};
		memcpy(&info.ipi_spec_dst, to->from.b, 4);
		used = put_control(at, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
	} else if (to->from.family == 6 && to->sa.sa_family == AF_INET6) {
		bool local = to->in6.sin6_scope_id != 0;
		struct in6_pktinfo info = {.ipi6_ifindex = local ? to->from_iface : 0};
		memcpy(&info.ipi6_addr, to->from.b, 16);
		used = put_control(at, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
	}
	if (m->count > 1) {
		uint16_t size = (uint16_t)m->segment;
		used += put_control(at + used, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof(size));
	}
	return used;
}

static void fill_head(struct message *m, struct msghdr *h)
{
	size_t used = fill_control(m);
	h->msg_name = &m->to.sa;
	h->msg_namelen = address_len(&m->to);
	h->msg_iov = m->iov;
	h->msg_control = used ? &m->control : NULL;
	h->msg_controllen = used;
	h->msg_flags = 0;
}

/* A train that was refused as a whole, one datagram after the other. */
static void send_each(struct lr_batch *b, struct message *m, const struct msghdr *whole)
{
	size_t pieces = whole->msg_iovlen, count = m->count;
	m->count = 1;
	for (size_t i = 0; i < pieces; i++) {
		uint8_t *at = whole->msg_iov[i].iov_base;
		for (size_t left = whole->msg_iov[i].iov_len; left && count; count--) {
			size_t n = left < m->segment ? left : m->segment;
			struct iovec one = {at, n};
			struct msghdr h = {0};
			fill_head(m, &h);
			h.msg_iov = &one;
			h.msg_iovlen = 1;
			b->refused += sendmsg(m->fd, &h, MSG_DONTWAIT) < 0;
			at += n;
			left -= n;
		}
	}
}

/* The message that stopped sendmmsg. */
static void refused(struct lr_batch *b, size_t i, int error)
{
	struct message *m = &b->out[i];
	if (m->count > 1 && error != EAGAIN && error != ENOBUFS) {
		b->no_gso |= error == EIO; /* the device cannot do checksums */
		send_each(b, m, &b->out_head[i].msg_hdr);
	} else {
		b->refused += m->count;
	}
}

/* Messages from..to, all of one socket. */
static void send_run(struct lr_batch *b, size_t from, size_t to)
{
	while (from < to) {
		int n = sendmmsg(
			b->out[from].fd, b->out_head + from, (unsigned)(to - from), MSG_DONTWAIT);
		if (n > 0) {
			from += (size_t)n;
		} else if (errno != EINTR) {
			refused(b, from, errno);
			from++;
		}
	}
}

static void send_all(struct lr_batch *b)
{
	size_t from = 0;
	for (size_t i = 0; i < b->n_out; i++)
		fill_head(&b->out[i], &b->out_head[i].msg_hdr);
	for (size_t i = 1; i <= b->n_out; i++) {
		if (i == b->n_out || b->out[i].fd != b->out[from].fd) {
			send_run(b, from, i);
			from = i;
		}
	}
	b->n_out = 0;
	b->number = b->number == UINT32_MAX ? 1 : b->number + 1;
}

/* Whether the datagram was added to a message that is already there. */
static bool join(
	struct lr_batch *b, struct message *m, struct msghdr *h, const uint8_t *bytes, size_t len)
{
	struct iovec *last = &m->iov[h->msg_iovlen - 1];
	if (m->closed || b->no_gso || len > m->segment || m->count >= LR_BATCH_TRAIN ||
		m->len + len > TRAIN_BYTES - 48)
		return false;
	if ((uint8_t *)last->iov_base + last->iov_len == bytes)
		last->iov_len += len;
	else
		m->iov[h->msg_iovlen++] = (struct iovec){(void *)(uintptr_t)bytes, len};
	m->closed = len < m->segment;
	m->count++;
	m->len += len;
	return true;
}

void lr_batch_send(struct lr_batch *b, int fd, bool gso, const struct lr_endpoint *to,
	const uint8_t *bytes, size_t len, struct lr_batch_slot *slot)
{
	if (gso && slot && slot->batch == b->number && len &&
		join(b, &b->out[slot->at], &b->out_head[slot->at].msg_hdr, bytes, len))
		return;
	if (b->n_out == LR_BATCH)
		send_all(b);
	struct message *m = &b->out[b->n_out];
	m->fd = fd;
	m->closed = false;
	m->count = 1;
	m->segment = m->len = len;
	m->to = *to;
	m->iov[0] = (struct iovec){(void *)(uintptr_t)bytes, len};
	b->out_head[b->n_out].msg_hdr.msg_iovlen = 1;
	if (slot)
		*slot = (struct lr_batch_slot){b->number, (uint16_t)b->n_out};
	b->n_out++;
}

size_t lr_batch_flush(struct lr_batch *b)
{
	if (b->n_out)
		send_all(b);
	size_t refused_now = b->refused;
	b->refused = 0;
	return refused_now;
}
