/*
 * discover_run.c - the sockets of the self-test: see discover.h
 */
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/lan/discover.h"
#include "lib/node/discover.h"
#include "terms.h"

enum { ROUNDS = 6, ROUND_MS = 500 };
enum { LOOKS = 20, LOOK_MS = 5 }; /* at the node's drops, until one has risen */

struct end {
	uint8_t family; /* 0: a packet socket, of IPX */
	uint16_t port;
};

struct run {
	struct lr_discover_plan *plan;
	const struct lr_discover_member *member;
	const char *iface;
	int ifindex;
	uint8_t own[4], mac[6];
	struct pollfd fds[2 * LR_DISCOVER_PORTS + 1];
	struct end ends[2 * LR_DISCOVER_PORTS + 1];
	unsigned n;
};

/* --- sockets --- */

static int set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value));
}

static int options4(int fd)
{
	return set(fd, SOL_SOCKET, SO_BROADCAST, 1) == 0 &&
			       set(fd, IPPROTO_IP, IP_PKTINFO, 1) == 0 &&
			       set(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT) == 0
		       ? 0
		       : -1;
}

static int options6(const struct run *r, int fd)
{
	return set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) == 0 &&
			       set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) == 0 &&
			       set(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, r->ifindex) == 0
		       ? 0
		       : -1;
}

static int bind_to(int fd, uint8_t family, uint16_t port)
{
	const struct sockaddr_in at4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	const struct sockaddr_in6 at6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

	return family == 4 ? bind(fd, (const void *)&at4, sizeof(at4))
			   : bind(fd, (const void *)&at6, sizeof(at6));
}

static int on_port(const struct run *r, uint8_t family, uint16_t port)
{
	int fd = socket(
		family == 4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, r->iface, (socklen_t)strlen(r->iface)) ==
			0 &&
		(family == 4 ? options4(fd) : options6(r, fd)) == 0 &&
		bind_to(fd, family, port) == 0)
		return fd;
	int e = -errno;
	close(fd);
	return e;
}

static int on_frames(struct run *r)
{
	const struct sockaddr_ll at = {.sll_family = AF_PACKET,
		.sll_protocol = htons(ETHERTYPE_IPX),
		.sll_ifindex = r->ifindex};
	struct ifreq card = {0};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	memcpy(card.ifr_name, r->iface, strnlen(r->iface, IFNAMSIZ - 1));
	if (bind(fd, (const void *)&at, sizeof(at)) == 0 && ioctl(fd, SIOCGIFHWADDR, &card) == 0) {
		memcpy(r->mac, card.ifr_hwaddr.sa_data, sizeof(r->mac));
		return fd;
	}
	int e = -errno;
	close(fd);
	return e;
}

static struct end end_of(const struct lr_discover_check *c)
{
	if (c->kind == LR_DISCOVER_IPX)
		return (struct end){0, 0};
	return (struct end){c->to.family, c->port};
}

/* The check's socket; -1: none yet. */
static int socket_of(const struct run *r, const struct lr_discover_check *c)
{
	struct end e = end_of(c);

	for (unsigned i = 0; i < r->n; i++)
		if (r->ends[i].family == e.family && r->ends[i].port == e.port)
			return r->fds[i].fd;
	return -1;
}

/* Without it nothing comes back, and that is what is found. */
static void join(const struct run *r, int fd, const struct lr_ip *group)
{
	struct ip_mreqn four = {.imr_ifindex = r->ifindex};
	struct ipv6_mreq six = {.ipv6mr_interface = (unsigned)r->ifindex};

	memcpy(&four.imr_multiaddr, group->b, 4);
	memcpy(&six.ipv6mr_multiaddr, group->b, 16);
	if (group->family == 4) {
		setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &four, sizeof(four));
		setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &four, sizeof(four));
	} else {
		setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &six, sizeof(six));
	}
}

/* Our own IPv4 address, as the system would take it towards the member. */
static void find_own(struct run *r)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(9)};
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memcpy(&at.sin_addr, r->member->four.b, 4);
	if (fd >= 0 && connect(fd, (const void *)&at, sizeof(at)) == 0 &&
		getsockname(fd, (void *)&at, &len) == 0)
		memcpy(r->own, &at.sin_addr, 4);
	if (fd >= 0)
		close(fd);
}

static int open_all(struct run *r, struct lr_err *err)
{
	for (unsigned i = 0; i < r->plan->n; i++) {
		const struct lr_discover_check *c = &r->plan->checks[i];
		const struct end e = end_of(c);
		int fd = socket_of(r, c);
		if (fd < 0) {
			fd = e.family ? on_port(r, e.family, e.port) : on_frames(r);
			if (fd < 0)
				return lr_err_set(err,
					fd == -EPERM ? LR_EXIT_RIGHTS : LR_EXIT_FAILED,
					"%s %u: %s%s", e.family ? "UDP port" : "IPX socket",
					c->port, strerror(-fd),
					fd == -EADDRINUSE ? ": end the game that has it" : "");
			r->ends[r->n] = e;
			r->fds[r->n++] = (struct pollfd){.fd = fd, .events = POLLIN};
		}
		if (c->kind == LR_DISCOVER_MULTICAST)
			join(r, fd, &c->to);
	}
	return 0;
}

/* --- questions --- */

static void ask_frame(struct run *r, const struct lr_discover_check *c)
{
	struct lr_discover_ipx x = {.to = {255, 255, 255, 255, 255, 255},
		.socket = c->port,
		.what = LR_DISCOVER_ASK,
		.number = c->number};
	uint8_t frame[LR_DISCOVER_FRAME];

	memcpy(x.from, r->mac, sizeof(x.from));
	memcpy(x.member, r->member->four.b, 4);
	memcpy(x.asker, r->own, 4);
	lr_discover_put_frame(frame, &x);
	(void)!write(socket_of(r, c), frame, sizeof(frame));
}

/* What cannot be sent is not answered. */
static void ask(struct run *r, struct lr_discover_check *c)
{
	struct sockaddr_in at4 = {.sin_family = AF_INET, .sin_port = htons(c->port)};
	struct sockaddr_in6 at6 = {.sin6_family = AF_INET6,
		.sin6_port = htons(c->port),
		.sin6_scope_id = (uint32_t)r->ifindex};
	uint8_t payload[LR_DISCOVER_LARGE];
	size_t len = c->kind == LR_DISCOVER_LARGE_ONE ? LR_DISCOVER_LARGE : LR_DISCOVER_LEN6;

	c->sent_ns = lr_now();
	if (c->kind == LR_DISCOVER_IPX) {
		ask_frame(r, c);
		return;
	}
	memcpy(&at4.sin_addr, c->to.b, 4);
	memcpy(&at6.sin6_addr, c->to.b, 16);
	lr_discover_put(payload, len, LR_DISCOVER_ASK, r->member->four.b, c->number);
	lr_discover_put_from(payload, r->own);
	if (c->to.family == 4)
		(void)!sendto(socket_of(r, c), payload, len, 0, (const void *)&at4, sizeof(at4));
	else
		(void)!sendto(socket_of(r, c), payload, len, 0, (const void *)&at6, sizeof(at6));
}

/* --- answers --- */

/* The address in the header of what came. */
static struct lr_ip went_to(struct msghdr *m)
{
	struct lr_ip to = {0};

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		struct in_pktinfo four;
		struct in6_pktinfo six;
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			memcpy(&four, CMSG_DATA(c), sizeof(four));
			to.family = 4;
			memcpy(to.b, &four.ipi_addr, 4);
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			memcpy(&six, CMSG_DATA(c), sizeof(six));
			to.family = 6;
			memcpy(to.b, &six.ipi6_addr, 16);
		}
	}
	return to;
}

static void took(struct lr_discover_check *c, enum lr_discover_what what, bool right)
{
	c->there = true;
	if (what == LR_DISCOVER_ECHO && !c->back && right) {
		c->back = true;
		c->rtt_ns = lr_now() - c->sent_ns;
	}
}

/* From the member's address and port `from`, to `to`. */
static void hear(const struct run *r, const uint8_t *payload, size_t len, const struct lr_ip *from,
	uint16_t port, const struct lr_ip *to)
{
	const struct lr_ip *member = from->family == 4 ? &r->member->four : &r->member->six;
	enum lr_discover_what what;
	uint64_t number;

	if (!lr_discover_read(payload, len, &what, &number) || what == LR_DISCOVER_ASK ||
		!lr_ip_equal(from, member))
		return;
	for (unsigned i = 0; i < r->plan->n; i++) {
		struct lr_discover_check *c = &r->plan->checks[i];
		bool many = c->kind <= LR_DISCOVER_MULTICAST;
		bool large = c->kind == LR_DISCOVER_LARGE_ONE;
		if (c->number == number && c->port == port && c->kind != LR_DISCOVER_IPX)
			took(c, what,
				(!many || lr_ip_equal(to, &c->to)) &&
					(!large || len == LR_DISCOVER_LARGE));
	}
}

static void hear_frame(const struct run *r, const uint8_t *frame, size_t len)
{
	static const uint8_t all[6] = {255, 255, 255, 255, 255, 255};
	struct lr_discover_ipx x;

	if (!lr_discover_read_frame(frame, len, &x) || x.what == LR_DISCOVER_ASK)
		return;
	for (unsigned i = 0; i < r->plan->n; i++) {
		struct lr_discover_check *c = &r->plan->checks[i];
		if (c->kind == LR_DISCOVER_IPX && c->number == x.number && c->port == x.socket)
			took(c, x.what, memcmp(x.to, all, sizeof(all)) == 0);
	}
}

static void take(const struct run *r, unsigned end)
{
	uint8_t payload[LR_DISCOVER_LARGE + 1];
	char control[128];
	union {
		struct sockaddr_in four;
		struct sockaddr_in6 six;
	} at;
	struct iovec iov = {payload, sizeof(payload)};
	struct msghdr m = {.msg_name = &at,
		.msg_namelen = sizeof(at),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control)};
	uint8_t family = r->ends[end].family;
	struct lr_ip from = {.family = family};
	ssize_t n = recvmsg(r->fds[end].fd, &m, 0);

	if (n <= 0)
		return;
	if (family == 0) {
		hear_frame(r, payload, (size_t)n);
		return;
	}
	struct lr_ip to = went_to(&m);
	if (family == 4)
		memcpy(from.b, &at.four.sin_addr, 4);
	else
		memcpy(from.b, &at.six.sin6_addr, 16);
	hear(r, payload, (size_t)n, &from, ntohs(family == 4 ? at.four.sin_port : at.six.sin6_port),
		&to);
}

static void listen_until(struct run *r, uint64_t end)
{
	for (uint64_t now = lr_now(); now < end && !lr_discover_all(r->plan); now = lr_now()) {
		int ms = (int)((end - now) / LR_NS_PER_MS) + 1;
		if (poll(r->fds, r->n, ms) <= 0)
			continue;
		for (unsigned i = 0; i < r->n; i++)
			if (r->fds[i].revents)
				take(r, i);
	}
}

/* --- why not --- */

static json_t *status(struct lr_client *node)
{
	return lr_client_ask(node, lr_client_request("status"), NULL);
}

/* The drop of the virtual Ethernet that is more in `after`; NULL: none. */
static const char *risen(const json_t *before, const json_t *after)
{
	const json_t *was = json_object_get(before, LR_K_DROPS), *v;
	const char *name;

	json_object_foreach (json_object_get(after, LR_K_DROPS), name, v)
		if (strncmp(name, "lan_", 4) == 0 &&
			json_integer_value(v) > json_integer_value(json_object_get(was, name)))
			return name;
	return NULL;
}

/* Whether our own node is it that drops the question. */
static void look(struct run *r, struct lr_client *node, struct lr_discover_check *c)
{
	json_t *before = status(node);
	const char *drop = NULL;

	ask(r, c);
	for (int i = 0; i < LOOKS && before && !drop; i++) {
		json_t *after = status(node);
		drop = risen(before, after);
		if (drop)
			memcpy(c->reason, drop, strnlen(drop, sizeof(c->reason) - 1));
		json_decref(after);
		if (!drop)
			poll(NULL, 0, LOOK_MS);
	}
	json_decref(before);
}

static bool has_session(struct lr_client *node, const struct lr_ip *member)
{
	json_t *now = status(node), *peer;
	char at[LR_ADDR_TEXT];
	bool has = true;
	size_t i;

	lr_ip_text(member, at);
	json_array_foreach (json_object_get(now, LR_K_PEERS), i, peer) {
		const char *is = json_string_value(json_object_get(peer, LR_K_ADDRESS));
		const char *kind = json_string_value(
			json_object_get(json_object_get(peer, LR_K_PATH), LR_K_KIND));
		if (is && kind && strcmp(is, at) == 0)
			has = strcmp(kind, "none") != 0;
	}
	json_decref(now);
	return has;
}

static void find_reasons(struct run *r, struct lr_client *node)
{
	bool session = has_session(node, &r->member->four);

	for (unsigned i = 0; i < r->plan->n; i++) {
		struct lr_discover_check *c = &r->plan->checks[i];
		if (c->there)
			continue;
		if (session)
			look(r, node, c);
		else
			memcpy(c->reason, "no_session", sizeof("no_session"));
	}
}

int lr_discover_run(struct lr_discover_plan *plan, struct lr_client *node,
	const struct lr_discover_member *member, struct lr_err *err)
{
	struct run r = {.plan = plan, .member = member, .iface = lr_client_iface(node)};

	r.ifindex = (int)if_nametoindex(r.iface);
	find_own(&r);
	int rc = open_all(&r, err);
	for (int round = 0; round < ROUNDS && rc == 0 && !lr_discover_all(plan); round++) {
		for (unsigned i = 0; i < plan->n; i++)
			if (!plan->checks[i].back)
				ask(&r, &plan->checks[i]);
		listen_until(&r, lr_now() + ROUND_MS * LR_NS_PER_MS);
	}
	if (rc == 0)
		find_reasons(&r, node);
	for (unsigned i = 0; i < r.n; i++)
		close(r.fds[i].fd);
	return rc;
}
