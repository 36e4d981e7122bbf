/*
 * netlink_tables.c - see netlink_tables.h; nfnetlink, linux/netfilter/nf_tables.h
 */
#include "lib/io/netlink_tables.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/socket.h>

static int count(const struct nlmsghdr *h, void *ctx)
{
	(void)h;
	++*(unsigned *)ctx;
	return MNL_CB_OK;
}

int lr_netlink_tables(void)
{
	char buf[8192];
	unsigned n = 0;
	int r = -1;
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);

	if (!nl)
		return errno == EPROTONOSUPPORT ? 0 : -errno;
	h->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	h->nlmsg_seq = 1;
	struct nfgenmsg *g = mnl_nlmsg_put_extra_header(h, sizeof(*g));
	g->nfgen_family = AF_UNSPEC;
	g->version = NFNETLINK_V0;
	if (mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) == 0 &&
		mnl_socket_sendto(nl, h, h->nlmsg_len) > 0)
		do {
			ssize_t got = mnl_socket_recvfrom(nl, buf, sizeof(buf));
			r = got > 0 ? mnl_cb_run(buf, (size_t)got, 1, mnl_socket_get_portid(nl),
					      count, &n)
				    : -1;
		} while (r > 0);
	int why = errno;
	mnl_socket_close(nl);
	if (r < 0)
		return why == EINVAL || why == EOPNOTSUPP ? 0 : -why;
	return (int)n;
}
