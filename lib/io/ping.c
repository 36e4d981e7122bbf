/*
 * ping.c - ICMP echo in process
 */
#include "lib/io/ping.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/crypto/crypto.h"
#include "lib/net/ip.h"

#define ICMP_HEAD 8 /* type, code, checksum, id, sequence (RFC 792) */
#define TOKEN     16
#define STOP_MS   100 /* how soon a stop is seen that came between looking and sleeping */

struct probe {
	uint64_t sent_ns; /* lr_now(); 0: not yet */
	uint64_t rtt_ns;  /* 0: no answer */
};

struct run {
	const struct lr_ping_options *o;
	int fd;
	bool raw; /* the id is ours to choose and to check */
	uint16_t id;
	uint8_t token[TOKEN];
	uint8_t *packet;
	struct probe *probes; /* by number, from 0 */
	unsigned sent, received;
	int last_errno;
	void (*each)(void *ctx, const struct lr_ping_reply *reply);
	void *ctx;
};

/* --- figures --- */

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static uint64_t nearest_rank(const uint64_t *sorted, size_t n, unsigned percent)
{
	size_t rank = (n * percent + 99) / 100;

	return sorted[rank ? rank - 1 : 0];
}

void lr_ping_figures(uint64_t *rtts, size_t n, struct lr_ping_result *out)
{
	uint64_t sum = 0, differences = 0;

	out->min_ns = out->mean_ns = out->max_ns = out->jitter_ns = 0;
	out->p50_ns = out->p90_ns = out->p99_ns = 0;
	if (n == 0)
		return;
	for (size_t i = 0; i < n; i++) {
		sum += rtts[i];
		if (i)
			differences += rtts[i] > rtts[i - 1] ? rtts[i] - rtts[i - 1]
							     : rtts[i - 1] - rtts[i];
	}
	qsort(rtts, n, sizeof(*rtts), ascending);
	out->min_ns = rtts[0];
	out->max_ns = rtts[n - 1];
	out->mean_ns = sum / n;
	out->jitter_ns = n > 1 ? differences / (n - 1) : 0;
	out->p50_ns = nearest_rank(rtts, n, 50);
	out->p90_ns = nearest_rank(rtts, n, 90);
	out->p99_ns = nearest_rank(rtts, n, 99);
}

/* --- the socket --- */

static int open_socket(struct run *r, struct lr_err *err)
{
	bool six = r->o->to.family == 6;
	int family = six ? AF_INET6 : AF_INET, proto = six ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	int flags = SOCK_CLOEXEC | SOCK_NONBLOCK;

	r->fd = socket(family, SOCK_DGRAM | flags, proto);
	if (r->fd >= 0)
		return 0;
	r->fd = socket(family, SOCK_RAW | flags, proto);
	r->raw = true;
	if (r->fd >= 0)
		return 0;
	if (errno == EPERM || errno == EACCES)
		return lr_err_set(err, LR_EXIT_RIGHTS,
			"ping: not allowed: run as root, or let your group ping (sysctl "
			"net.ipv4.ping_group_range)");
	return lr_err_set(err, LR_EXIT_RIGHTS, "ping: %s", strerror(errno));
}

/* Only echo replies come up a raw socket, so that foreign traffic does not wake us. */
static void filter_raw(const struct run *r)
{
	if (r->o->to.family == 6) {
		struct icmp6_filter f;
		ICMP6_FILTER_SETBLOCKALL(&f);
		ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &f);
		(void)setsockopt(r->fd, IPPROTO_ICMPV6, ICMP6_FILTER, &f, sizeof(f));
	} else {
		uint32_t f = ~(1u << ICMP_ECHOREPLY);
		(void)setsockopt(r->fd, IPPROTO_RAW, 1 /* ICMP_FILTER */, &f, sizeof(f));
	}
}

static int prepare_socket(struct run *r, struct lr_err *err)
{
	const char *iface = r->o->iface;
	int one = 1;

	if (r->raw)
		filter_raw(r);
	(void)setsockopt(r->fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof(one));
	if (iface && setsockopt(r->fd, SOL_SOCKET, SO_BINDTODEVICE, iface, strlen(iface)) != 0)
		return lr_err_set(err, LR_EXIT_FAILED, "ping: %s: %s", iface,
			errno == ENODEV ? "no such interface here (another network namespace?)"
					: strerror(errno));
	return 0;
}

static socklen_t to_sockaddr(const struct lr_ip *ip, struct sockaddr_storage *out)
{
	memset(out, 0, sizeof(*out));
	if (ip->family == 6) {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;
		in6->sin6_family = AF_INET6;
		memcpy(&in6->sin6_addr, ip->b, 16);
		return sizeof(*in6);
	}
	struct sockaddr_in *in = (struct sockaddr_in *)out;
	in->sin_family = AF_INET;
	memcpy(&in->sin_addr, ip->b, 4);
	return sizeof(*in);
}

/* --- sending --- */

/* The payload is the run's token over and over. The kernel writes the checksum but for raw IPv4,
 * and the id but for raw sockets. */
static size_t write_request(struct run *r, unsigned number)
{
	bool six = r->o->to.family == 6;
	size_t len = ICMP_HEAD + r->o->size;
	uint8_t *p = r->packet;

	p[0] = six ? ICMP6_ECHO_REQUEST : ICMP_ECHO;
	p[1] = p[2] = p[3] = 0;
	p[4] = (uint8_t)(r->id >> 8);
	p[5] = (uint8_t)r->id;
	p[6] = (uint8_t)((number + 1) >> 8);
	p[7] = (uint8_t)(number + 1);
	for (size_t i = 0; i < r->o->size; i++)
		p[ICMP_HEAD + i] = r->token[i % TOKEN];
	if (!six) {
		uint16_t sum = lr_sum_fold(lr_sum(p, len, 0));
		memcpy(p + 2, &sum, sizeof(sum));
	}
	return len;
}

static void send_one(struct run *r)
{
	struct sockaddr_storage to;
	socklen_t to_len = to_sockaddr(&r->o->to, &to);
	size_t len = write_request(r, r->sent);

	r->probes[r->sent].sent_ns = lr_now();
	if (sendto(r->fd, r->packet, len, 0, (struct sockaddr *)&to, to_len) < 0)
		r->last_errno = errno;
	r->sent++;
}

/* --- receiving --- */

/* How long the datagram lay in the socket's queue, by the kernel's time stamp. */
static uint64_t queued_ns(struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		struct timespec ts;
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS ||
			c->cmsg_len < CMSG_LEN(sizeof(ts)))
			continue;
		memcpy(&ts, CMSG_DATA(c), sizeof(ts));
		uint64_t came = (uint64_t)ts.tv_sec * LR_NS_PER_S + (uint64_t)ts.tv_nsec;
		uint64_t wall = lr_wall();
		return wall > came ? wall - came : 0;
	}
	return 0;
}

/* The number of the probe that this answers, or -1 when it is none of ours. */
static long answers(const struct run *r, const uint8_t *p, size_t len, size_t *icmp_len)
{
	bool six = r->o->to.family == 6;

	if (r->raw && !six) { /* raw IPv4 sockets give the IP header too */
		size_t ip = len ? (size_t)(p[0] & 0xf) * 4 : 0;
		if (ip < 20 || ip > len)
			return -1;
		p += ip;
		len -= ip;
	}
	*icmp_len = len;
	if (len != ICMP_HEAD + r->o->size)
		return -1;
	if (p[0] != (six ? ICMP6_ECHO_REPLY : ICMP_ECHOREPLY) || p[1] != 0)
		return -1;
	if (r->raw && lr_get_be16(p + 4) != r->id)
		return -1;
	for (size_t i = 0; i < r->o->size; i++)
		if (p[ICMP_HEAD + i] != r->token[i % TOKEN])
			return -1;
	/* The sequence number is 16 bits wide: the newest probe that has it. */
	unsigned low = (lr_get_be16(p + 6) - 1u) & 0xffff;
	if (r->sent <= low)
		return -1;
	return (long)(low + ((r->sent - 1 - low) & ~0xffffu));
}

static void count(struct run *r, long number, uint64_t rtt_ns, size_t icmp_len)
{
	struct probe *probe = &r->probes[number];

	if (probe->rtt_ns || rtt_ns > r->o->wait_ns) /* a second copy, or too late */
		return;
	probe->rtt_ns = rtt_ns ? rtt_ns : 1;
	r->received++;
	if (r->each)
		r->each(r->ctx,
			&(struct lr_ping_reply){(unsigned)number + 1, icmp_len, probe->rtt_ns});
}

static bool from_target(const struct run *r, const struct sockaddr_storage *from)
{
	if (r->o->to.family == 6)
		return memcmp(&((const struct sockaddr_in6 *)from)->sin6_addr, r->o->to.b, 16) == 0;
	return memcmp(&((const struct sockaddr_in *)from)->sin_addr, r->o->to.b, 4) == 0;
}

static void receive_all(struct run *r)
{
	uint8_t *buffer = r->packet + ICMP_HEAD + r->o->size;
	size_t room = 60 + ICMP_HEAD + r->o->size; /* the longest IPv4 header */

	for (;;) {
		struct sockaddr_storage from;
		char control[128];
		struct iovec iov = {buffer, room};
		struct msghdr m = {.msg_name = &from,
			.msg_namelen = sizeof(from),
			.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof(control)};
		ssize_t n = recvmsg(r->fd, &m, 0);
		uint64_t now = lr_now();
		size_t icmp_len;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			if (errno != EAGAIN)
				r->last_errno = errno;
			return;
		}
		if ((m.msg_flags & MSG_TRUNC) || !from_target(r, &from))
			continue;
		long number = answers(r, buffer, (size_t)n, &icmp_len);
		if (number < 0)
			continue;
		uint64_t whole = now - r->probes[number].sent_ns, queued = queued_ns(&m);
		count(r, number, queued < whole ? whole - queued : whole, icmp_len);
	}
}

/* --- the run --- */

static bool stopped(const struct run *r)
{
	return r->o->stop && *r->o->stop;
}

static void wait_until(const struct run *r, uint64_t due)
{
	struct pollfd p = {.fd = r->fd, .events = POLLIN};
	uint64_t now = lr_now(), ns = due > now ? due - now : 0;

	if (ns > STOP_MS * LR_NS_PER_MS)
		ns = STOP_MS * LR_NS_PER_MS;
	struct timespec ts = {0, (long)ns};
	(void)ppoll(&p, 1, &ts, NULL);
}

static void go(struct run *r)
{
	uint64_t next = lr_now();

	while (!stopped(r)) {
		uint64_t now = lr_now();
		if (r->sent < r->o->count && now >= next) {
			send_one(r);
			next += r->o->interval_ns;
			if (next < now) /* we were held up: no burst to catch up */
				next = now;
		}
		receive_all(r);
		bool all = r->sent == r->o->count;
		if (all && r->received == r->sent)
			return;
		uint64_t due = all ? r->probes[r->sent - 1].sent_ns + r->o->wait_ns : next;
		if (all && lr_now() >= due)
			return;
		wait_until(r, due);
	}
}

static int sum_up(struct run *r, struct lr_ping_result *out, struct lr_err *err)
{
	uint64_t *rtts = calloc(r->sent + 1, sizeof(*rtts));
	size_t n = 0;

	if (!rtts)
		return lr_err_set(err, LR_EXIT_FAILED, "ping: out of memory");
	for (unsigned i = 0; i < r->sent; i++)
		if (r->probes[i].rtt_ns)
			rtts[n++] = r->probes[i].rtt_ns;
	out->sent = r->sent;
	out->received = r->received;
	lr_ping_figures(rtts, n, out);
	free(rtts);
	if (r->received == 0 && r->last_errno)
		lr_err_set(err, LR_EXIT_FAILED, "ping: %s", strerror(r->last_errno));
	return 0;
}

int lr_ping_run(const struct lr_ping_options *o,
	void (*each)(void *ctx, const struct lr_ping_reply *reply), void *ctx,
	struct lr_ping_result *out, struct lr_err *err)
{
	struct run r = {.o = o, .fd = -1, .each = each, .ctx = ctx};
	int rc = -1;

	memset(out, 0, sizeof(*out));
	lr_random(r.token, sizeof(r.token));
	lr_random(&r.id, sizeof(r.id));
	r.probes = calloc(o->count, sizeof(*r.probes));
	r.packet = malloc(2 * (ICMP_HEAD + (size_t)o->size) + 60);
	if (!r.probes || !r.packet)
		lr_err_set(err, LR_EXIT_FAILED, "ping: out of memory");
	else if (open_socket(&r, err) == 0 && prepare_socket(&r, err) == 0) {
		go(&r);
		rc = sum_up(&r, out, err);
	}
	if (r.fd >= 0)
		close(r.fd);
	free(r.probes);
	free(r.packet);
	return rc;
}
