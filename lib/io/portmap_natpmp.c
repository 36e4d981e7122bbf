/*
 * portmap_natpmp.c - a port mapping by NAT-PMP (RFC 6886), on libnatpmp
 */
#include <arpa/inet.h>
#include <errno.h>
#include <natpmp.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/io/portmap_inside.h"

void lr_portmap_natpmp_gateway(struct in_addr *out)
{
	natpmp_t n;

	out->s_addr = 0;
	if (initnatpmp(&n, 0, 0) == 0) {
		out->s_addr = n.gateway;
		closenatpmp(&n);
	}
}

/* The answer to the request that was sent. The library would go on for 64 s. 0, or what it calls
 * an error; NATPMP_TRYAGAIN: none came. */
static int await(struct lr_portmap_work *w, natpmp_t *n, natpmpresp_t *answer)
{
	uint64_t until = lr_now() + LR_PORTMAP_WAIT_MS * LR_NS_PER_MS;
	int r = NATPMP_TRYAGAIN;

	while (r == NATPMP_TRYAGAIN && lr_now() < until) {
		struct timeval again;
		if (getnatpmprequesttimeout(n, &again) < 0)
			return NATPMP_ERR_UNDEFINEDERROR;
		long ms = again.tv_sec * 1000 + again.tv_usec / 1000 + 1;
		long left = (long)((until - lr_now()) / LR_NS_PER_MS) + 1;
		if (lr_portmap_wait(w, n->s, (int)(ms < left ? ms : left)) < 0)
			return NATPMP_TRYAGAIN;
		r = readnatpmpresponseorretry(n, answer);
	}
	return r;
}

static int explain(struct lr_portmap_work *w, int r)
{
	switch (r) {
	case NATPMP_TRYAGAIN:
		return lr_portmap_failed(w, LR_PORTMAP_NATPMP, "no answer from the router");
	case NATPMP_ERR_NOGATEWAYSUPPORT:
		return lr_portmap_failed(w, LR_PORTMAP_NATPMP, "the router does not speak it");
	case NATPMP_ERR_CANNOTGETGATEWAY:
		return lr_portmap_failed(w, LR_PORTMAP_NATPMP, "there is no default route");
	case NATPMP_ERR_NETWORKFAILURE:
		return lr_portmap_failed(w, LR_PORTMAP_NATPMP,
			"the router says: network failure: it has no public address itself");
	case NATPMP_ERR_NOTAUTHORIZED:
		return lr_portmap_failed(w, LR_PORTMAP_NATPMP, "the router says: not authorized");
	case NATPMP_ERR_OUTOFRESOURCES:
		return lr_portmap_failed(w, LR_PORTMAP_NATPMP, "the router says: out of resources");
	case NATPMP_ERR_UNSUPPORTEDVERSION:
		return lr_portmap_failed(w, LR_PORTMAP_NATPMP, "the router does not speak it");
	default:
		return lr_portmap_failed(w, LR_PORTMAP_NATPMP, "the request failed (%d)", r);
	}
}

static int ask_port(
	struct lr_portmap_work *w, natpmp_t *n, uint32_t lifetime_s, natpmpresp_t *answer)
{
	int r = sendnewportmappingrequest(n, w->ask.tcp ? NATPMP_PROTOCOL_TCP : NATPMP_PROTOCOL_UDP,
		w->ask.port, lifetime_s ? w->external_port : 0, lifetime_s);

	return r < 0 ? r : await(w, n, answer);
}

static int map(struct lr_portmap_work *w)
{
	natpmp_t n;
	natpmpresp_t address = {0}, port = {0};
	int r = initnatpmp(&n, 0, 0);

	if (r < 0)
		return explain(w, r);
	w->gateway.s_addr = n.gateway;
	r = sendpublicaddressrequest(&n);
	if (r >= 0)
		r = await(w, &n, &address);
	if (r == 0)
		r = ask_port(w, &n, w->ask.lifetime_s, &port);
	closenatpmp(&n);
	if (r < 0)
		return explain(w, r);
	w->told->external.in = (struct sockaddr_in){.sin_family = AF_INET,
		.sin_port = htons(port.pnu.newportmapping.mappedpublicport),
		.sin_addr = address.pnu.publicaddress.addr};
	w->told->lifetime_s = port.pnu.newportmapping.lifetime;
	return 0;
}

static void unmap(struct lr_portmap_work *w)
{
	natpmp_t n;
	natpmpresp_t answer;

	if (initnatpmp(&n, 0, 0) < 0)
		return;
	(void)ask_port(w, &n, 0, &answer);
	closenatpmp(&n);
}

const struct lr_portmap_protocol lr_portmap_natpmp = {"nat-pmp", map, unmap};
