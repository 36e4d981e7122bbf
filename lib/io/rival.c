/*
 * rival.c - see rival.h
 */
#include "lib/io/rival.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/crypto/crypto.h"
#include "lib/io/segment.h"

/* A server may look for 3 s whether its address is free before it offers it (dnsmasq; udhcpd 2, ISC
 * dhcpd 1); a bridge of ours says hello each second. */
enum { LISTEN_MS = 4500, AGAIN_MS = 1500, KEPT = 8, SERVER_PORT = 67 };

struct look {
	uint32_t xid;
	unsigned n_ours, n_rivals;
	uint8_t ours[KEPT][LR_MAC]; /* who says hello */
	struct {
		uint8_t mac[LR_MAC];
		struct lr_ip ip;
	} rivals[KEPT];
	uint8_t frame[65536];
};

static bool taken_here(const char *iface)
{
	const struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(SERVER_PORT)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool taken =
		fd >= 0 &&
		setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, iface, (socklen_t)strlen(iface)) == 0 &&
		bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0 && errno == EADDRINUSE;

	if (fd >= 0)
		close(fd);
	return taken;
}

static void hear(struct look *l, size_t len)
{
	const uint8_t *from = l->frame + LR_MAC;
	struct lr_ip ip;

	if (lr_lan_is_hello(l->frame, len) && l->n_ours < KEPT)
		memcpy(l->ours[l->n_ours++], from, LR_MAC);
	if (l->n_rivals < KEPT && lr_dhcp_answers(l->frame, len, l->xid, &ip)) {
		memcpy(l->rivals[l->n_rivals].mac, from, LR_MAC);
		l->rivals[l->n_rivals++].ip = ip;
	}
}

static void listen_for(struct look *l, int fd, int ms)
{
	uint64_t until = lr_now() + (uint64_t)ms * LR_NS_PER_MS, now;
	struct lr_vnet vnet;

	while ((now = lr_now()) < until) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		if (poll(&p, 1, (int)((until - now) / LR_NS_PER_MS) + 1) <= 0)
			continue;
		ssize_t n = lr_segment_read(fd, &vnet, l->frame, sizeof(l->frame));
		if (n > 0)
			hear(l, (size_t)n);
	}
}

static bool is_ours(const struct look *l, const uint8_t *mac)
{
	for (unsigned i = 0; i < l->n_ours; i++)
		if (memcmp(l->ours[i], mac, LR_MAC) == 0)
			return true;
	return false;
}

/* Those that answered; the first that is none of ours is told. */
static int judge(const struct look *l, const char *iface, struct lr_err *err)
{
	char text[LR_ADDR_TEXT];

	for (unsigned i = 0; i < l->n_rivals; i++)
		if (!is_ours(l, l->rivals[i].mac))
			return lr_err_set(err, LR_EXIT_FAILED,
				"%s: %s gives addresses there already; leave --dhcp out, and set "
				"addresses of the pool by hand",
				iface, lr_ip_text(&l->rivals[i].ip, text));
	return 0;
}

int lr_rival_look(int fd, const char *iface, const uint8_t mac[LR_MAC], struct lr_err *err)
{
	static const struct lr_vnet whole;
	uint8_t ask[LR_DHCP_FRAME];

	if (taken_here(iface))
		return lr_err_set(err, LR_EXIT_FAILED,
			"%s: a DHCP server runs on this machine (UDP port 67 is taken): end it, or "
			"leave --dhcp out",
			iface);
	struct look *l = calloc(1, sizeof(*l));
	if (!l)
		return lr_err_set(err, LR_EXIT_FAILED, "%s: out of memory", iface);
	lr_random(&l->xid, sizeof(l->xid));
	size_t len = lr_dhcp_ask(mac, l->xid, ask);
	int r = 0;
	for (int ms = 0; ms < LISTEN_MS && r == 0; ms += AGAIN_MS) {
		/* a cable that is not there has no server */
		lr_segment_write(fd, &whole, ask, len);
		listen_for(l, fd, AGAIN_MS);
		r = judge(l, iface, err);
	}
	free(l);
	return r;
}
