/*
 * proc_events.c - the kernel tells that processes began or ended
 */
#include "lib/io/proc_events.h"

#include <errno.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int lr_proc_events_open(void)
{
	const struct sockaddr_nl at = {.nl_family = AF_NETLINK, .nl_groups = CN_IDX_PROC};
	struct {
		struct nlmsghdr head;
		struct cn_msg msg;
		enum proc_cn_mcast_op op;
	} __attribute__((packed)) ask = {
		.head = {.nlmsg_len = sizeof(ask), .nlmsg_type = NLMSG_DONE},
		.msg = {.id = {CN_IDX_PROC, CN_VAL_PROC}, .len = sizeof(ask.op)},
		.op = PROC_CN_MCAST_LISTEN,
	};
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_CONNECTOR);

	if (fd < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)&at, sizeof(at)) != 0 ||
		send(fd, &ask, sizeof(ask), 0) != (ssize_t)sizeof(ask)) {
		int rc = -errno;
		close(fd);
		return rc;
	}
	return fd;
}

/* One datagram holds one event. */
static bool matters(const char *bytes, size_t len)
{
	const size_t head = NLMSG_HDRLEN + sizeof(struct cn_msg);
	unsigned what;

	if (len < head + sizeof(what))
		return false;
	memcpy(&what, bytes + head, sizeof(what));
	return what == PROC_EVENT_EXEC || what == PROC_EVENT_EXIT;
}

bool lr_proc_events_read(int fd)
{
	char bytes[1024];
	bool some = false;
	ssize_t n;

	for (int i = 0; i < 1024 && (n = recv(fd, bytes, sizeof(bytes), 0)) != 0; i++) {
		if (n < 0 && errno == ENOBUFS) /* too many at once: look again */
			some = true;
		else if (n < 0)
			break;
		else
			some |= matters(bytes, (size_t)n);
	}
	return some;
}
