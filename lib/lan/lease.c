/*
 * lease.c - the bridge's DHCP server: what machines of the house ask, and what comes of it
 *
 * A machine that was given an address is listed from then on, before it says a word. Its lease is
 * for its MAC and ends as lib/lan/dhcp.h says; the list of machines forgets it when it ends. Who
 * stands by answers nobody: what who carries gave is heard (bridge.c), and honoured afterwards.
 */
#include "lib/lan/lan_inside.h"

#include <stdlib.h>
#include <string.h>

static bool choose(void *ctx, const uint8_t mac[LR_MAC], unsigned round, struct lr_ip *out)
{
	const struct lr_lan *lan = ctx;

	return lan->host.choose(lan->host.ctx, mac, round, out) &&
	       lr_prefix_covers(&lan->pool, out) && !lr_lan_is_own(lan, out);
}

static bool ours(void *ctx, const struct lr_ip *ip)
{
	const struct lr_lan *lan = ctx;

	return lan->host.ours(lan->host.ctx, ip);
}

static bool has(void *ctx, const uint8_t mac[LR_MAC], const struct lr_ip *ip)
{
	return lr_lan_machine_has(ctx, mac, ip);
}

int lr_lan_bridge_dhcp(struct lr_lan *lan)
{
	struct lr_lan_dhcp *d = calloc(1, sizeof(*d));

	if (!d)
		return -1;
	d->server.host = (struct lr_dhcp_host){lan, choose, ours, has};
	memcpy(d->server.mac, lan->mac, LR_MAC);
	lan->bridge->dhcp = d;
	return 0;
}

unsigned lr_lan_leases(const struct lr_lan *lan, struct lr_dhcp_lease *out)
{
	const struct lr_lan_dhcp *d = lan->bridge ? lan->bridge->dhcp : NULL;
	unsigned n = 0;

	for (unsigned i = 0; d && i < LR_DHCP_LEASES; i++)
		if (d->server.leases[i].bound)
			out[n++] = d->server.leases[i];
	return n;
}

bool lr_lan_has_lease(const struct lr_lan *lan, const struct lr_ip *at)
{
	const struct lr_lan_dhcp *d = lan->bridge->dhcp;

	for (unsigned i = 0; d && i < LR_DHCP_LEASES; i++)
		if (d->server.leases[i].bound && lr_ip_equal(&d->server.leases[i].at, at))
			return true;
	return false;
}

bool lr_lan_lease_keep(
	struct lr_lan *lan, uint64_t now, const uint8_t mac[LR_MAC], const struct lr_ip *at)
{
	struct lr_lan_bridge *b = lan->bridge;

	if (!b || !b->dhcp || b->n == LR_LAN_MACHINES || (mac[0] & 1) ||
		!lr_dhcp_keep(&b->dhcp->server, now, mac, at))
		return false;
	struct lr_lan_machine *m = &b->machines[b->n++];
	*m = (struct lr_lan_machine){.at = *at, .heard_ns = now};
	memcpy(m->mac, mac, LR_MAC);
	b->fresh = true;
	return true;
}

/* The destination by IP: this host's own system may have told its MAC for our address. */
bool lr_lan_asks_lease(const struct lr_lan *lan, const uint8_t *frame, size_t len)
{
	const struct lr_lan_bridge *b = lan->bridge;

	if (!b->dhcp || b->stands || len < LR_LAN_HEAD + 20 || !lr_dhcp_is_question(frame, len))
		return false;
	struct lr_ip dst = lr_packet_dst(frame + LR_LAN_HEAD);
	return lr_get_be32(dst.b) == UINT32_MAX || lr_lan_is_own(lan, &dst);
}

/* Leases that have ended are no machines any more. */
static void expire(struct lr_lan *lan, uint64_t now)
{
	struct lr_dhcp *d = &lan->bridge->dhcp->server;

	for (unsigned i = 0; i < LR_DHCP_LEASES; i++) {
		struct lr_dhcp_lease *l = &d->leases[i];
		if (!l->bound || now < l->until_ns)
			continue;
		l->bound = false;
		lr_lan_machine_gone(lan, &l->at);
	}
}

void lr_lan_lease(struct lr_lan *lan, uint64_t now, const uint8_t *frame, size_t len,
	struct lr_lan_verdict *v)
{
	struct lr_lan_dhcp *d = lan->bridge->dhcp;
	enum lr_lan_drop why = LR_LAN_DROP_NONE;
	struct lr_dhcp_lease lease;
	enum lr_dhcp_deed deed;

	expire(lan, now);
	d->server.own = lan->pool;
	size_t n = lr_dhcp_take(&d->server, now, frame, len, d->out, &deed, &lease);
	if (deed == LR_DHCP_BOUND)
		why = lr_lan_machine_speaks(lan, now, lease.mac, &lease.at);
	else if (deed == LR_DHCP_FREED)
		lr_lan_machine_gone(lan, &lease.at);
	if (why != LR_LAN_DROP_NONE) {
		lr_lan_verdict_drop(lan, v, why);
	} else if (n) {
		v->act = LR_LAN_ANSWER;
		v->bytes = d->out;
		v->len = n;
	}
}
