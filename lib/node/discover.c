/*
 * discover.c - see discover.h
 */
#include "lib/node/discover.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/crypto/crypto.h"
#include "lib/lan/discover.h"
#include "terms.h"

enum { ROUNDS = 4, ROUND_MS = 500 };

static const char *const names[LR_DISCOVER_KINDS] = {
	[LR_DISCOVER_BROADCAST] = "broadcast",
	[LR_DISCOVER_MULTICAST] = "multicast",
	[LR_DISCOVER_EQUAL_PORT] = "equal ports",
	[LR_DISCOVER_LARGE_ONE] = "1400 bytes",
};

/* --- the plan --- */

static void add(struct lr_discover_plan *plan, enum lr_discover_kind kind, uint16_t port,
	const struct lr_ip *to)
{
	if (plan->n == LR_DISCOVER_CHECKS)
		return;
	struct lr_discover_check *c = &plan->checks[plan->n++];
	*c = (struct lr_discover_check){.kind = kind, .port = port, .to = *to};
	lr_random(&c->number, sizeof(c->number));
}

static void add_port(struct lr_discover_plan *plan, uint16_t port, const struct lr_ip *group,
	const struct lr_ip *member)
{
	const struct lr_ip all = lr_ip4(UINT32_MAX), trial = lr_ip4(0xe00000fe);

	for (unsigned i = 0; i < plan->n; i++)
		if (plan->checks[i].port == port)
			return;
	add(plan, LR_DISCOVER_BROADCAST, port, &all);
	add(plan, LR_DISCOVER_MULTICAST, port, group ? group : &trial);
	add(plan, LR_DISCOVER_EQUAL_PORT, port, member);
	add(plan, LR_DISCOVER_LARGE_ONE, port, member);
}

void lr_discover_plan(
	struct lr_discover_plan *plan, const struct lr_game *game, const struct lr_ip *member)
{
	*plan = (struct lr_discover_plan){0};
	for (unsigned i = 0; game && i < game->n_discovery; i++) {
		const struct lr_game_discovery *d = &game->discovery[i];
		if (d->ports.first && d->ports.proto == LR_GAME_UDP)
			add_port(plan, d->ports.first, d->group.family == 4 ? &d->group : NULL,
				member);
	}
	for (unsigned i = 0; game && plan->n == 0 && i < game->n_ports; i++)
		if (game->ports[i].ports.first && game->ports[i].ports.proto == LR_GAME_UDP)
			add_port(plan, game->ports[i].ports.first, NULL, member);
	if (plan->n == 0)
		add_port(plan, LR_DISCOVER_PORT, NULL, member);
}

/* --- sockets --- */

struct run {
	struct lr_discover_plan *plan;
	struct pollfd fds[LR_DISCOVER_PORTS];
	uint16_t ports[LR_DISCOVER_PORTS];
	unsigned n;
};

static int on_port(const char *iface, uint16_t port)
{
	const struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int one = 1, none = IP_PMTUDISC_DONT;

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &one, sizeof(one)) == 0 &&
		setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, iface, (socklen_t)strlen(iface)) == 0 &&
		setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &one, sizeof(one)) == 0 &&
		setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &none, sizeof(none)) == 0 &&
		bind(fd, (const void *)&at, sizeof(at)) == 0)
		return fd;
	int r = -errno;
	close(fd);
	return r;
}

static struct sockaddr_in at_of(const struct lr_discover_check *c)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(c->port)};

	memcpy(&at.sin_addr, c->to.b, 4);
	return at;
}

static int open_all(struct run *r, const char *iface, struct lr_err *err)
{
	for (unsigned i = 0; i < r->plan->n; i++) {
		const struct lr_discover_check *c = &r->plan->checks[i];
		if (c->kind == LR_DISCOVER_BROADCAST) {
			int fd = on_port(iface, c->port);
			if (fd < 0)
				return lr_err_set(err,
					fd == -EPERM ? LR_EXIT_RIGHTS : LR_EXIT_FAILED,
					"UDP port %u: %s%s", c->port, strerror(-fd),
					fd == -EADDRINUSE ? ": end the game that has it" : "");
			r->ports[r->n] = c->port;
			r->fds[r->n++] = (struct pollfd){.fd = fd, .events = POLLIN};
		} else if (c->kind == LR_DISCOVER_MULTICAST) {
			struct ip_mreqn join = {.imr_multiaddr = at_of(c).sin_addr,
				.imr_ifindex = (int)if_nametoindex(iface)};
			/* Without it nothing comes back, and that is what is found. */
			setsockopt(r->fds[r->n - 1].fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &join,
				sizeof(join));
			setsockopt(r->fds[r->n - 1].fd, IPPROTO_IP, IP_MULTICAST_IF, &join,
				sizeof(join));
		}
	}
	return 0;
}

static void ask(struct run *r, struct lr_discover_check *c, const struct lr_ip *member)
{
	uint8_t payload[LR_DISCOVER_LARGE];
	size_t len = c->kind == LR_DISCOVER_LARGE_ONE ? LR_DISCOVER_LARGE : LR_DISCOVER_LEN;
	const struct sockaddr_in at = at_of(c);
	unsigned i = 0;

	while (r->ports[i] != c->port)
		i++;
	lr_discover_put(payload, len, LR_DISCOVER_ASK, member->b, c->number);
	c->sent_ns = lr_now();
	/* What cannot be sent is not answered. */
	(void)!sendto(r->fds[i].fd, payload, len, 0, (const void *)&at, sizeof(at));
}

/* --- answers --- */

/* The address in the header of what came. */
static struct in_addr went_to(struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;
			memcpy(&info, CMSG_DATA(c), sizeof(info));
			return info.ipi_addr;
		}
	return (struct in_addr){0};
}

static void hear(struct lr_discover_plan *plan, const uint8_t *payload, size_t len,
	const struct sockaddr_in *from, struct in_addr to, const struct lr_ip *member)
{
	enum lr_discover_what what;
	uint64_t number;

	if (!lr_discover_read(payload, len, &what, &number) || what == LR_DISCOVER_ASK ||
		memcmp(&from->sin_addr, member->b, 4) != 0)
		return;
	for (unsigned i = 0; i < plan->n; i++) {
		struct lr_discover_check *c = &plan->checks[i];
		bool to_many = c->kind <= LR_DISCOVER_MULTICAST;
		if (c->number != number || ntohs(from->sin_port) != c->port)
			continue;
		c->there = true;
		if (what != LR_DISCOVER_ECHO || c->back ||
			(to_many && memcmp(&to, c->to.b, 4) != 0) ||
			(c->kind == LR_DISCOVER_LARGE_ONE && len != LR_DISCOVER_LARGE))
			continue;
		c->back = true;
		c->rtt_ns = lr_now() - c->sent_ns;
	}
}

static void take(struct run *r, int fd, const struct lr_ip *member)
{
	uint8_t payload[LR_DISCOVER_LARGE + 1];
	char control[CMSG_SPACE(sizeof(struct in_pktinfo))];
	struct sockaddr_in from = {0};
	struct iovec iov = {payload, sizeof(payload)};
	struct msghdr m = {.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(fd, &m, 0);

	if (n > 0)
		hear(r->plan, payload, (size_t)n, &from, went_to(&m), member);
}

bool lr_discover_all(const struct lr_discover_plan *plan)
{
	for (unsigned i = 0; i < plan->n; i++)
		if (!plan->checks[i].back)
			return false;
	return true;
}

static void listen_until(struct run *r, uint64_t end, const struct lr_ip *member)
{
	for (uint64_t now = lr_now(); now < end && !lr_discover_all(r->plan); now = lr_now()) {
		int ms = (int)((end - now) / LR_NS_PER_MS) + 1;
		if (poll(r->fds, r->n, ms) <= 0)
			continue;
		for (unsigned i = 0; i < r->n; i++)
			if (r->fds[i].revents)
				take(r, r->fds[i].fd, member);
	}
}

int lr_discover_run(struct lr_discover_plan *plan, const char *iface, const struct lr_ip *member,
	struct lr_err *err)
{
	struct run r = {.plan = plan};
	int rc = open_all(&r, iface, err);

	for (int round = 0; round < ROUNDS && rc == 0 && !lr_discover_all(plan); round++) {
		for (unsigned i = 0; i < plan->n; i++)
			if (!plan->checks[i].back)
				ask(&r, &plan->checks[i], member);
		listen_until(&r, lr_now() + ROUND_MS * LR_NS_PER_MS, member);
	}
	for (unsigned i = 0; i < r.n; i++)
		close(r.fds[i].fd);
	return rc;
}

/* --- what was found --- */

static json_t *check_json(const struct lr_discover_check *c)
{
	char to[LR_ADDR_TEXT];
	json_t *o = json_object();

	lr_json_put_str(o, LR_K_CHECK, names[c->kind]);
	lr_json_put_str(o, LR_K_TO, lr_ip_text(&c->to, to));
	lr_json_put_int(o, LR_K_PORT, c->port);
	lr_json_put_bool(o, LR_K_THERE, c->there);
	lr_json_put_bool(o, LR_K_BACK, c->back);
	lr_json_put(o, LR_K_RTT_US, c->back ? json_real((double)c->rtt_ns / 1e3) : NULL);
	return o;
}

json_t *lr_discover_json(
	const struct lr_discover_plan *plan, const json_t *peer, const struct lr_game *game)
{
	json_t *o = json_object(), *checks = json_array();

	for (unsigned i = 0; i < plan->n; i++)
		json_array_append_new(checks, check_json(&plan->checks[i]));
	json_object_set(o, LR_K_PEER, json_object_get(peer, LR_K_PEER));
	json_object_set(o, LR_K_PUBLIC_KEY, json_object_get(peer, LR_K_PUBLIC_KEY));
	lr_json_put_str(o, LR_K_GAME, game ? game->name : NULL);
	lr_json_put(o, LR_K_CHECKS, checks);
	return o;
}

static const char *verdict(const json_t *check)
{
	const char *kind = json_string_value(json_object_get(check, LR_K_CHECK));

	if (json_is_true(json_object_get(check, LR_K_BACK)))
		return "there and back";
	if (json_is_true(json_object_get(check, LR_K_THERE)))
		return "there, but not back";
	return strcmp(kind, names[LR_DISCOVER_MULTICAST]) == 0
		       ? "nothing came back; to a game's group only while it runs there"
		       : "nothing came back";
}

char *lr_discover_plain(const json_t *found, double unix_now)
{
	const json_t *checks = json_object_get(found, LR_K_CHECKS), *check;
	char *text = NULL;
	size_t size, i;
	FILE *out = open_memstream(&text, &size);

	(void)unix_now;
	if (!out)
		return NULL;
	json_array_foreach (checks, i, check) {
		const json_t *rtt = json_object_get(check, LR_K_RTT_US);
		char to[LR_ADDR_TEXT + 8];
		snprintf(to, sizeof(to), "%s:%d",
			json_string_value(json_object_get(check, LR_K_TO)),
			(int)json_integer_value(json_object_get(check, LR_K_PORT)));
		fprintf(out, "%-12s %-22s %s",
			json_string_value(json_object_get(check, LR_K_CHECK)), to, verdict(check));
		if (json_is_real(rtt))
			fprintf(out, ", %.1f ms", json_real_value(rtt) / 1e3);
		fputc('\n', out);
	}
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}
