/*
 * portmap_pcp.c - a port mapping by PCP (RFC 6887); the messages are lib/nat/pcp.h
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/io/portmap_inside.h"

#define ANSWER_MAX 1100

/* A socket to the router, and our address as it sees it. A descriptor or -errno. */
static int open_socket(struct lr_portmap_work *w, struct lr_ip *own)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(LR_PCP_PORT), .sin_addr = w->gateway};
	struct lr_endpoint from = {0};
	socklen_t len = sizeof(from.in);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 &&
		getsockname(fd, &from.sa, &len) == 0) {
		*own = lr_endpoint_ip(&from);
		return fd;
	}
	int r = -errno;
	if (fd >= 0)
		close(fd);
	return r;
}

/* The answer with our nonce. 0, or -errno: -EAGAIN there is none yet. */
static int read_answer(int fd, const struct lr_pcp_map *ask, struct lr_pcp_map *out)
{
	uint8_t bytes[ANSWER_MAX];
	ssize_t n = recv(fd, bytes, sizeof(bytes), 0);

	if (n < 0)
		return -errno;
	int r = lr_pcp_parse(bytes, (size_t)n, out);
	if (r == -EPROTONOSUPPORT)
		return r;
	if (r < 0 || memcmp(out->nonce, ask->nonce, LR_PCP_NONCE_LEN) != 0 ||
		out->protocol != ask->protocol || out->internal_port != ask->internal_port)
		return -EAGAIN;
	return 0;
}

/* Sends after 0, 250, 750 ms. 0, -ETIMEDOUT, -ECANCELED or another -errno. */
static int exchange(struct lr_portmap_work *w, int fd, const struct lr_pcp_map *ask)
{
	uint8_t request[LR_PCP_MAP_LEN];
	int left = LR_PORTMAP_WAIT_MS, wait = LR_PORTMAP_TRY_MS, r = -ETIMEDOUT;

	lr_pcp_request(request, ask);
	while (left > 0) {
		uint64_t until = lr_now() + (uint64_t)wait * LR_NS_PER_MS, now;
		if (send(fd, request, sizeof(request), MSG_NOSIGNAL) < 0)
			return -errno;
		while ((now = lr_now()) < until) {
			r = lr_portmap_wait(w, fd, (int)((until - now) / LR_NS_PER_MS) + 1);
			if (r < 0)
				return r;
			r = r ? read_answer(fd, ask, &w->pcp) : -EAGAIN;
			if (r != -EAGAIN)
				return r;
		}
		left -= wait;
		wait *= 2;
	}
	return -ETIMEDOUT;
}

static int explain(struct lr_portmap_work *w, int r)
{
	char text[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &w->gateway, text, sizeof(text));
	switch (r) {
	case -EPROTONOSUPPORT:
		return lr_portmap_failed(
			w, LR_PORTMAP_PCP, "the router %s speaks NAT-PMP only", text);
	case -ETIMEDOUT:
		return lr_portmap_failed(w, LR_PORTMAP_PCP, "no answer from the router %s", text);
	case -ECONNREFUSED:
		return lr_portmap_failed(
			w, LR_PORTMAP_PCP, "the router %s does not speak it", text);
	default:
		return lr_portmap_failed(w, LR_PORTMAP_PCP, "router %s: %s", text, strerror(-r));
	}
}

/* `wish` is what we have or want; a lifetime of 0 removes. */
static int ask(struct lr_portmap_work *w, uint32_t lifetime_s)
{
	struct lr_pcp_map ask = w->pcp;
	int fd = open_socket(w, &ask.internal), r = fd;

	ask.protocol = w->ask.tcp ? IPPROTO_TCP : IPPROTO_UDP;
	ask.internal_port = w->ask.port;
	ask.external_port = lifetime_s ? w->external_port : 0;
	ask.lifetime_s = lifetime_s;
	if (!lifetime_s)
		ask.external = (struct lr_ip){0};
	if (fd >= 0) {
		r = exchange(w, fd, &ask);
		close(fd);
	}
	if (r < 0)
		memcpy(w->pcp.nonce, ask.nonce, LR_PCP_NONCE_LEN);
	return r;
}

static int map(struct lr_portmap_work *w)
{
	static const uint8_t none[LR_PCP_NONCE_LEN];

	lr_portmap_natpmp_gateway(&w->gateway);
	if (!w->gateway.s_addr)
		return lr_portmap_failed(w, LR_PORTMAP_PCP, "there is no default route");
	if (memcmp(w->pcp.nonce, none, sizeof(none)) == 0 &&
		getrandom(w->pcp.nonce, sizeof(none), 0) < 0)
		return lr_portmap_failed(w, LR_PORTMAP_PCP, "%s", strerror(errno));
	int r = ask(w, w->ask.lifetime_s);
	if (r < 0)
		return explain(w, r);
	if (w->pcp.result || !w->pcp.lifetime_s || w->pcp.external.family != 4) {
		const char *name = lr_pcp_result_name(w->pcp.result);
		w->pcp.external = (struct lr_ip){0};
		return lr_portmap_failed(w, LR_PORTMAP_PCP, "the router says: %s", name);
	}
	w->told->external.in = (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons(w->pcp.external_port)};
	memcpy(&w->told->external.in.sin_addr, w->pcp.external.b, 4);
	w->told->lifetime_s = w->pcp.lifetime_s;
	return 0;
}

static void unmap(struct lr_portmap_work *w)
{
	(void)ask(w, 0);
}

const struct lr_portmap_protocol lr_portmap_pcp = {"pcp", map, unmap};
