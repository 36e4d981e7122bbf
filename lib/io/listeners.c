/*
 * listeners.c - see listeners.h
 */
#include "lib/io/listeners.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

struct list {
	struct lr_detect_socket *out;
	unsigned n, room;
};

static int ask(int fd, int family)
{
	struct {
		struct nlmsghdr head;
		struct inet_diag_req_v2 body;
	} q = {.head = {.nlmsg_len = sizeof(q),
		       .nlmsg_type = SOCK_DIAG_BY_FAMILY,
		       .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.body = {.sdiag_family = (uint8_t)family,
			.sdiag_protocol = IPPROTO_TCP,
			.idiag_states = 1u << TCP_LISTEN}};

	return send(fd, &q, sizeof(q), 0) == (ssize_t)sizeof(q) ? 0 : -errno;
}

/* 1: there is more, 0: that was all, -errno. */
static int take(const struct nlmsghdr *h, struct list *t)
{
	const struct inet_diag_msg *m = NLMSG_DATA(h);

	if (h->nlmsg_type == NLMSG_DONE)
		return 0;
	if (h->nlmsg_type != SOCK_DIAG_BY_FAMILY || h->nlmsg_len < NLMSG_LENGTH(sizeof(*m)))
		return -EPROTO;
	if (m->id.idiag_sport && m->idiag_inode && t->n < t->room)
		t->out[t->n++] = (struct lr_detect_socket){.proto = LR_GAME_TCP,
			.port = ntohs(m->id.idiag_sport),
			.inode = m->idiag_inode,
			.uid = m->idiag_uid,
			.family = m->idiag_family == AF_INET6 ? 6 : 4};
	return 1;
}

static int take_all(int fd, struct list *t)
{
	union {
		struct nlmsghdr head;
		char bytes[8192];
	} b;
	int rc = 1;

	while (rc == 1) {
		ssize_t n = recv(fd, &b, sizeof(b), 0);
		if (n <= 0)
			return n < 0 ? -errno : -EPROTO;
		unsigned left = (unsigned)n;
		for (struct nlmsghdr *h = &b.head; rc == 1 && NLMSG_OK(h, left);
			h = NLMSG_NEXT(h, left))
			rc = take(h, t);
	}
	return rc;
}

int lr_listeners(struct lr_detect_socket *out, unsigned room)
{
	struct list t = {.out = out, .room = room};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

	if (fd < 0)
		return -errno;
	int rc = ask(fd, AF_INET);
	if (rc == 0)
		rc = take_all(fd, &t);
	if (rc == 0)
		rc = ask(fd, AF_INET6);
	if (rc == 0)
		rc = take_all(fd, &t);
	close(fd);
	return rc < 0 ? rc : (int)t.n;
}
