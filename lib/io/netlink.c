/*
 * netlink.c - see netlink.h; rtnetlink(7), libmnl
 */
#include "lib/io/netlink.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

enum { IP6_PRIO_KERNEL = 256 }; /* metric of the kernel's own routes to a network */
enum { BATCH_BYTES = 32 << 10, REQUEST_MAX = 256, ACKS_MAX = 128 };

struct request {
	const char *what; /* "address", "route"; NULL: it may fail, that only costs speed */
	char name[LR_ADDR_TEXT];
};

struct lr_netlink {
	struct mnl_socket *socket;
	uint32_t first_seq; /* of the batch */
	unsigned n;
	size_t used;
	bool quiet;
	bool failed;         /* a full batch that was sent early went wrong */
	struct lr_err first; /* and how */
	struct request requests[ACKS_MAX];
	char buf[BATCH_BYTES];
};

struct lr_netlink *lr_netlink_open(struct lr_err *err)
{
	struct lr_netlink *nl = calloc(1, sizeof(*nl));
	if (!nl)
		goto fail;
	nl->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!nl->socket || mnl_socket_bind(nl->socket, 0, MNL_SOCKET_AUTOPID) < 0)
		goto fail;
	nl->first_seq = 1;
	return nl;
fail:
	lr_err_set(err, LR_EXIT_FAILED, "netlink: %s", strerror(errno));
	lr_netlink_close(nl);
	return NULL;
}

void lr_netlink_close(struct lr_netlink *nl)
{
	if (!nl)
		return;
	if (nl->socket)
		mnl_socket_close(nl->socket);
	free(nl);
}

static void explain(struct lr_netlink *nl, const struct request *r, int e, struct lr_err *err)
{
	if (nl->failed)
		return;
	nl->failed = true;
	if (e == EPERM)
		lr_err_set(err, LR_EXIT_RIGHTS, "%s %s: may not configure interfaces: run as root",
			r->what, r->name);
	else if (e == EEXIST && strcmp(r->what, "route") == 0)
		lr_err_set(err, LR_EXIT_FAILED,
			"route %s: this network is already routed elsewhere; it is left alone "
			"(choose other AllowedIPs, or Table = off)",
			r->name);
	else
		lr_err_set(err, LR_EXIT_FAILED, "%s %s: %s", r->what, r->name, strerror(e));
}

/* Sends the batch and reads one acknowledgement a request. */
static void flush(struct lr_netlink *nl)
{
	char in[8192];
	unsigned left = nl->n;
	if (left && mnl_socket_sendto(nl->socket, nl->buf, nl->used) < 0) {
		struct request all = {.what = "netlink", .name = "request"};
		explain(nl, &all, errno, &nl->first);
		left = 0;
	}
	while (left > 0) {
		ssize_t got = mnl_socket_recvfrom(nl->socket, in, sizeof(in));
		int len = (int)got;
		if (got <= 0)
			break;
		for (struct nlmsghdr *h = (void *)in; mnl_nlmsg_ok(h, len);
			h = mnl_nlmsg_next(h, &len)) {
			uint32_t at = h->nlmsg_seq - nl->first_seq;
			if (h->nlmsg_type != NLMSG_ERROR || at >= nl->n)
				continue;
			const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);
			if (e->error && !nl->quiet && nl->requests[at].what)
				explain(nl, &nl->requests[at], -e->error, &nl->first);
			left--;
		}
	}
	nl->first_seq += nl->n;
	nl->n = 0;
	nl->used = 0;
}

static struct nlmsghdr *request(
	struct lr_netlink *nl, uint16_t type, uint16_t flags, const char *what, const char *name)
{
	if (nl->n == ACKS_MAX || nl->used + REQUEST_MAX > sizeof(nl->buf))
		flush(nl);
	struct request *r = &nl->requests[nl->n];
	r->what = what;
	memcpy(r->name, name, strnlen(name, sizeof(r->name) - 1) + 1);
	struct nlmsghdr *h = mnl_nlmsg_put_header(nl->buf + nl->used);
	h->nlmsg_type = type;
	h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
	h->nlmsg_seq = nl->first_seq + nl->n;
	nl->n++;
	return h;
}

static void done(struct lr_netlink *nl, const struct nlmsghdr *h)
{
	nl->used += MNL_ALIGN(h->nlmsg_len);
}

static uint8_t family_of(const struct lr_prefix *p)
{
	return p->ip.family == 4 ? AF_INET : AF_INET6;
}

static size_t bytes_of(const struct lr_prefix *p)
{
	return p->ip.family == 4 ? 4 : 16;
}

void lr_netlink_link_up(struct lr_netlink *nl, const struct lr_netlink_link *link)
{
	if (link->gso_max_size) {
		struct nlmsghdr *g = request(nl, RTM_NEWLINK, 0, NULL, "");
		struct ifinfomsg *gi = mnl_nlmsg_put_extra_header(g, sizeof(*gi));
		gi->ifi_index = link->ifindex;
		mnl_attr_put_u32(g, IFLA_GSO_MAX_SIZE, link->gso_max_size);
		done(nl, g);
	}
	if (link->no_link_local) {
		struct nlmsghdr *g = request(nl, RTM_NEWLINK, 0, NULL, "");
		struct ifinfomsg *gi = mnl_nlmsg_put_extra_header(g, sizeof(*gi));
		gi->ifi_index = link->ifindex;
		struct nlattr *spec = mnl_attr_nest_start(g, IFLA_AF_SPEC);
		struct nlattr *in6 = mnl_attr_nest_start(g, AF_INET6);
		mnl_attr_put_u8(g, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
		mnl_attr_nest_end(g, in6);
		mnl_attr_nest_end(g, spec);
		done(nl, g);
	}
	struct nlmsghdr *h = request(nl, RTM_NEWLINK, 0, "link", "up");
	struct ifinfomsg *i = mnl_nlmsg_put_extra_header(h, sizeof(*i));
	i->ifi_index = link->ifindex;
	i->ifi_change = i->ifi_flags = IFF_UP;
	mnl_attr_put_u32(h, IFLA_MTU, link->mtu);
	mnl_attr_put_u32(h, IFLA_TXQLEN, link->queue_len);
	done(nl, h);
}

static void put_advmss(struct nlmsghdr *h, unsigned advmss)
{
	if (!advmss)
		return;
	struct nlattr *metrics = mnl_attr_nest_start(h, RTA_METRICS);
	mnl_attr_put_u32(h, RTAX_ADVMSS, advmss);
	mnl_attr_nest_end(h, metrics);
}

/* The route to the network of an address, as the kernel makes it by itself, and behind one that is
 * there. It may be missing when it is taken away: the kernel was faster. */
static void network(
	struct lr_netlink *nl, bool add, int ifindex, const struct lr_prefix *addr, unsigned advmss)
{
	char text[LR_ADDR_TEXT];
	struct lr_prefix dst = *addr;

	if (addr->len == lr_ip_bits(&addr->ip))
		return;
	lr_prefix_mask(&dst);
	struct nlmsghdr *h = request(nl, add ? RTM_NEWROUTE : RTM_DELROUTE,
		add ? NLM_F_CREATE | NLM_F_APPEND : 0, add ? "route" : NULL,
		lr_prefix_text(&dst, text));
	struct rtmsg *r = mnl_nlmsg_put_extra_header(h, sizeof(*r));
	r->rtm_family = family_of(&dst);
	r->rtm_dst_len = dst.len;
	r->rtm_protocol = RTPROT_KERNEL;
	r->rtm_type = RTN_UNICAST;
	r->rtm_scope = dst.ip.family == 4 ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
	r->rtm_table = RT_TABLE_MAIN;
	mnl_attr_put(h, RTA_DST, bytes_of(&dst), dst.ip.b);
	mnl_attr_put_u32(h, RTA_OIF, (uint32_t)ifindex);
	if (dst.ip.family == 4)
		mnl_attr_put(h, RTA_PREFSRC, 4, addr->ip.b);
	else
		mnl_attr_put_u32(h, RTA_PRIORITY, IP6_PRIO_KERNEL);
	put_advmss(h, advmss);
	done(nl, h);
}

void lr_netlink_addr_add(
	struct lr_netlink *nl, int ifindex, const struct lr_prefix *addr, unsigned advmss)
{
	char text[LR_ADDR_TEXT];
	struct nlmsghdr *h = request(
		nl, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, "address", lr_prefix_text(addr, text));
	struct ifaddrmsg *a = mnl_nlmsg_put_extra_header(h, sizeof(*a));
	a->ifa_family = family_of(addr);
	a->ifa_prefixlen = addr->len;
	a->ifa_index = (uint32_t)ifindex;
	uint32_t flags =
		(addr->ip.family == 6 ? IFA_F_NODAD : 0) | (advmss ? IFA_F_NOPREFIXROUTE : 0);
	a->ifa_flags = (uint8_t)flags;
	mnl_attr_put_u32(h, IFA_FLAGS, flags);
	mnl_attr_put(h, IFA_LOCAL, bytes_of(addr), addr->ip.b);
	mnl_attr_put(h, IFA_ADDRESS, bytes_of(addr), addr->ip.b);
	if (addr->ip.family == 4 && addr->len < 31) {
		struct lr_prefix broadcast = *addr;
		for (unsigned bit = addr->len; bit < 32; bit++)
			broadcast.ip.b[bit / 8] |= (uint8_t)(0x80 >> (bit % 8));
		mnl_attr_put(h, IFA_BROADCAST, 4, broadcast.ip.b);
	}
	done(nl, h);
	if (advmss)
		network(nl, true, ifindex, addr, advmss);
}

void lr_netlink_addr_del(struct lr_netlink *nl, int ifindex, const struct lr_prefix *addr)
{
	char text[LR_ADDR_TEXT];
	struct nlmsghdr *h = request(nl, RTM_DELADDR, 0, "address", lr_prefix_text(addr, text));
	struct ifaddrmsg *a = mnl_nlmsg_put_extra_header(h, sizeof(*a));
	a->ifa_family = family_of(addr);
	a->ifa_prefixlen = addr->len;
	a->ifa_index = (uint32_t)ifindex;
	mnl_attr_put(h, IFA_LOCAL, bytes_of(addr), addr->ip.b);
	done(nl, h);
	network(nl, false, ifindex, addr, 0);
}

struct kind {
	uint32_t table;
	uint8_t type;
	unsigned advmss;
};

static void route(struct lr_netlink *nl, bool add, int ifindex, const struct lr_prefix *dst,
	const struct kind *kind)
{
	char text[LR_ADDR_TEXT];
	struct nlmsghdr *h = request(nl, add ? RTM_NEWROUTE : RTM_DELROUTE,
		add ? NLM_F_CREATE | NLM_F_EXCL : 0, "route", lr_prefix_text(dst, text));
	struct rtmsg *r = mnl_nlmsg_put_extra_header(h, sizeof(*r));
	r->rtm_family = family_of(dst);
	r->rtm_dst_len = dst->len;
	r->rtm_protocol = RTPROT_STATIC;
	r->rtm_type = kind->type;
	r->rtm_scope = dst->ip.family == 4 ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
	r->rtm_table = RT_TABLE_UNSPEC;
	mnl_attr_put_u32(h, RTA_TABLE, kind->table);
	if (dst->len)
		mnl_attr_put(h, RTA_DST, bytes_of(dst), dst->ip.b);
	mnl_attr_put_u32(h, RTA_OIF, (uint32_t)ifindex);
	put_advmss(h, kind->advmss);
	done(nl, h);
}

void lr_netlink_route(struct lr_netlink *nl, bool add, int ifindex, const struct lr_prefix *dst,
	uint32_t table, unsigned advmss)
{
	route(nl, add, ifindex, dst,
		&(struct kind){table ? table : RT_TABLE_MAIN, RTN_UNICAST, advmss});
}

void lr_netlink_group(struct lr_netlink *nl, bool add, int ifindex, const struct lr_ip *group)
{
	const struct lr_prefix one = {*group, lr_ip_bits(group)};

	route(nl, add, ifindex, &one,
		&(struct kind){.table = group->family == 6 ? RT_TABLE_LOCAL : RT_TABLE_MAIN,
			.type = group->family == 6 ? RTN_MULTICAST : RTN_UNICAST});
}

static struct nlmsghdr *rule(struct lr_netlink *nl, bool add, uint8_t family, uint32_t table)
{
	struct nlmsghdr *h = request(nl, add ? RTM_NEWRULE : RTM_DELRULE,
		add ? NLM_F_CREATE | NLM_F_EXCL : 0, "rule", "for the default route");
	struct fib_rule_hdr *r = mnl_nlmsg_put_extra_header(h, sizeof(*r));
	r->family = family == 4 ? AF_INET : AF_INET6;
	r->action = FR_ACT_TO_TBL;
	r->table = RT_TABLE_UNSPEC;
	mnl_attr_put_u32(h, FRA_TABLE, table);
	return h;
}

void lr_netlink_default_rules(struct lr_netlink *nl, bool add, uint8_t family, uint32_t mark)
{
	struct nlmsghdr *h = rule(nl, add, family, mark);
	struct fib_rule_hdr *r = mnl_nlmsg_get_payload(h);
	r->flags = FIB_RULE_INVERT;
	mnl_attr_put_u32(h, FRA_FWMARK, mark);
	done(nl, h);
	h = rule(nl, add, family, RT_TABLE_MAIN);
	mnl_attr_put_u32(h, FRA_SUPPRESS_PREFIXLEN, 0);
	done(nl, h);
}

int lr_netlink_commit(struct lr_netlink *nl, bool quiet, struct lr_err *err)
{
	nl->quiet = quiet;
	flush(nl);
	bool failed = nl->failed && !quiet;
	if (failed && err)
		*err = nl->first;
	nl->failed = false;
	nl->quiet = false;
	return failed ? -1 : 0;
}
