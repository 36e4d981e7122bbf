/*
 * netlink_routes.c - see netlink_routes.h; rtnetlink(7), libmnl
 */
#include "lib/io/netlink_routes.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <string.h>

enum { DUMP_BYTES = 32 << 10 }; /* what the kernel fills at once */

struct search {
	const struct lr_prefix *p;
	unsigned but; /* ifindex, 0: none */
	struct lr_met_route *out;
	size_t n, room;
};

bool lr_prefixes_meet(const struct lr_prefix *a, const struct lr_prefix *b)
{
	const struct lr_prefix *wide = a->len <= b->len ? a : b, *narrow = wide == a ? b : a;

	return lr_prefix_covers(wide, &narrow->ip);
}

/* Keeps the narrowest, in order. */
static void keep(struct search *s, const struct lr_prefix *dst, unsigned ifindex)
{
	size_t at = 0;

	while (at < s->n && s->out[at].dst.len >= dst->len)
		at++;
	if (at == s->room)
		return;
	if (s->n < s->room)
		s->n++;
	memmove(&s->out[at + 1], &s->out[at], (s->n - at - 1) * sizeof(*s->out));
	s->out[at].dst = *dst;
	if (!ifindex || !if_indextoname(ifindex, s->out[at].iface))
		s->out[at].iface[0] = '\0';
}

static int take(const struct nlmsghdr *h, void *ctx)
{
	struct search *s = ctx;
	const struct rtmsg *r = mnl_nlmsg_get_payload(h);
	struct lr_prefix dst = {.ip.family = s->p->ip.family, .len = r->rtm_dst_len};
	unsigned ifindex = 0;
	const struct nlattr *a;

	if (h->nlmsg_type != RTM_NEWROUTE || h->nlmsg_len < mnl_nlmsg_size(sizeof(*r)) ||
		r->rtm_dst_len == 0 || r->rtm_table == RT_TABLE_LOCAL || r->rtm_type == RTN_LOCAL ||
		r->rtm_type == RTN_BROADCAST || r->rtm_type == RTN_ANYCAST ||
		r->rtm_type == RTN_MULTICAST || (r->rtm_flags & RTM_F_CLONED))
		return MNL_CB_OK;
	mnl_attr_for_each(a, h, sizeof(*r))
	{
		size_t len = mnl_attr_get_payload_len(a);
		if (mnl_attr_get_type(a) == RTA_DST && len == lr_ip_bits(&dst.ip) / 8)
			memcpy(dst.ip.b, mnl_attr_get_payload(a), len);
		else if (mnl_attr_get_type(a) == RTA_OIF && len == sizeof(uint32_t))
			ifindex = mnl_attr_get_u32(a);
	}
	if (!(s->but && ifindex == s->but) && lr_prefixes_meet(s->p, &dst))
		keep(s, &dst, ifindex);
	return MNL_CB_OK;
}

/* 0 or -errno. */
static int dump(struct mnl_socket *socket, struct search *s)
{
	char buf[DUMP_BYTES];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	int more = MNL_CB_OK;

	h->nlmsg_type = RTM_GETROUTE;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	h->nlmsg_seq = 1;
	struct rtmsg *r = mnl_nlmsg_put_extra_header(h, sizeof(*r));
	r->rtm_family = s->p->ip.family == 4 ? AF_INET : AF_INET6;
	if (mnl_socket_sendto(socket, h, h->nlmsg_len) < 0)
		return -errno;
	while (more > MNL_CB_STOP) {
		ssize_t len = mnl_socket_recvfrom(socket, buf, sizeof(buf));
		more = len < 0 ? -1
			       : mnl_cb_run(buf, (size_t)len, 1, mnl_socket_get_portid(socket),
					 take, s);
	}
	return more < 0 ? -errno : 0;
}

int lr_routes_meeting(const struct lr_prefix *p, const char *but, struct lr_met_route *out,
	size_t room, struct lr_err *err)
{
	struct search s = {.p = p, .but = but ? if_nametoindex(but) : 0, .out = out, .room = room};
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	int rc = socket && mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) == 0 ? dump(socket, &s)
									       : -errno;

	if (socket)
		mnl_socket_close(socket);
	if (rc < 0)
		return lr_err_set(err, LR_EXIT_FAILED, "routes: %s", strerror(-rc));
	return (int)s.n;
}
