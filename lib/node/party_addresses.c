/*
 * party_addresses.c - the addresses of this machine, and what members are told of them
 *
 * Theory of operation. They are looked at when the kernel says that they changed. Those of tunnels,
 * our own and others', are never told and never tried: a VPN inside a VPN costs both twice, and
 * breaks when the outer one does. Of many addresses (a machine with a bridge for each of its
 * containers) the ones that the way to the relays begins at come first, so that there is room for
 * what others see of us.
 */
#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/io/iface.h"
#include "lib/io/netlink_watch.h"
#include "lib/node/party_inside.h"

#define LOOK_MS  30 /* addresses come in bursts */
#define HOST_MAX 6  /* candidates of interfaces, IPv4 */
#define SIX_MAX  4

/* --- looking --- */

static uint8_t prefix_len(const struct sockaddr *mask)
{
	struct lr_endpoint e;
	uint8_t len = 0;

	if (!mask)
		return 0;
	memset(&e, 0, sizeof(e));
	memcpy(&e.sa, mask, mask->sa_family == AF_INET ? sizeof(e.in) : sizeof(e.in6));
	struct lr_ip ip = lr_endpoint_ip(&e);
	for (unsigned i = 0; i < sizeof(ip.b); i++)
		len += (uint8_t)__builtin_popcount(ip.b[i]);
	return len;
}

/* Its address with the prefix length: of an interface that is up, no loopback, not link-local. */
static bool read_one(const struct ifaddrs *a, struct lr_prefix *out)
{
	struct lr_endpoint e;

	if (!a->ifa_addr || !(a->ifa_flags & IFF_UP) || a->ifa_flags & IFF_LOOPBACK)
		return false;
	if (a->ifa_addr->sa_family != AF_INET && a->ifa_addr->sa_family != AF_INET6)
		return false;
	memset(&e, 0, sizeof(e));
	memcpy(&e.sa, a->ifa_addr,
		a->ifa_addr->sa_family == AF_INET ? sizeof(e.in) : sizeof(e.in6));
	out->ip = lr_endpoint_ip(&e);
	out->len = prefix_len(a->ifa_netmask);
	return !lr_ip_link_local(&out->ip);
}

static bool of_tunnel(const struct lr_party *p, const char *iface)
{
	return strcmp(iface, p->node->iface) == 0 || lr_iface_tunnel(iface);
}

static size_t find_lans(const struct lr_party *p, const struct ifaddrs *all, struct lr_prefix *out)
{
	size_t n = 0;

	for (const struct ifaddrs *a = all; a && n < LR_PARTY_LANS; a = a->ifa_next)
		n += read_one(a, &out[n]) && !of_tunnel(p, a->ifa_name) &&
		     !lr_prefix_covers(&p->pools[0], &out[n].ip) &&
		     !lr_prefix_covers(&p->pools[1], &out[n].ip);
	return n;
}

static bool covers_any(const struct lr_prefix *pool, const struct lr_prefix *lans, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (lr_prefix_covers(pool, &lans[i].ip))
			return true;
	return false;
}

/* What is reached through tunnels: the party's own two come first. A tunnel that also covers a
 * network of ours says nothing of what is in that. */
static size_t find_pools(const struct lr_party *p, const struct ifaddrs *all,
	const struct lr_prefix *lans, size_t n_lans, struct lr_prefix *out)
{
	size_t n = 2;

	for (const struct ifaddrs *a = all; a && n < LR_PARTY_POOLS; a = a->ifa_next)
		n += read_one(a, &out[n]) && strcmp(a->ifa_name, p->node->iface) != 0 &&
		     lr_iface_tunnel(a->ifa_name) && !covers_any(&out[n], lans, n_lans);
	return n;
}

static bool same_list(const struct lr_prefix *a, size_t n_a, const struct lr_prefix *b, size_t n_b)
{
	bool same = n_a == n_b;

	for (size_t i = 0; i < n_a && same; i++)
		same = a[i].len == b[i].len && lr_ip_equal(&a[i].ip, &b[i].ip);
	return same;
}

bool lr_party_look(struct lr_party *p)
{
	struct lr_prefix lans[LR_PARTY_LANS];
	struct ifaddrs *all = NULL;

	memset(lans, 0, sizeof(lans));
	p->pools[0] = lr_roster_pool(p->roster);
	p->pools[1] = lr_roster_ula(p->roster);
	if (getifaddrs(&all) < 0)
		return false;
	size_t n = find_lans(p, all, lans);
	p->host.rules.n_pools = find_pools(p, all, lans, n, p->pools);
	freeifaddrs(all);
	bool same = same_list(lans, n, p->lans, p->n_lans);
	memcpy(p->lans, lans, sizeof(lans));
	p->n_lans = n;
	p->host.rules.lans = p->lans;
	p->host.rules.n_lans = n;
	p->host.rules.pools = p->pools;
	return !same;
}

static void watch_ready(struct lr_source *src, uint32_t events)
{
	struct lr_party *p = src->ctx;
	(void)events;

	lr_netlink_watch_drain(src->fd);
	if (p->look_ns == LR_NEVER) {
		p->look_ns = lr_party_now(p) + LOOK_MS * LR_NS_PER_MS;
		lr_party_wake(p);
	}
}

/* Without it, only what fails is noticed. */
void lr_party_watch(struct lr_party *p)
{
	p->watch = (struct lr_source){lr_netlink_watch(), watch_ready, p, "netlink"};
	if (p->watch.fd >= 0 && lr_loop_add(&p->node->loop, &p->watch, EPOLLIN) < 0) {
		close(p->watch.fd);
		p->watch.fd = -1;
	}
}

void lr_party_unwatch(struct lr_party *p)
{
	if (p->watch.fd >= 0) {
		lr_loop_remove(&p->node->loop, &p->watch);
		close(p->watch.fd);
	}
	p->watch.fd = -1;
}

/* --- candidates --- */

static void add(struct lr_candidates *list, enum lr_candidate_kind kind, const struct lr_ip *ip,
	uint16_t port)
{
	const struct lr_candidate c = {.kind = (uint8_t)kind, .port = port, .ip = *ip};

	lr_candidates_add(list, &c);
}

/* As a server, or the router, says it. */
static void add_outside(
	struct lr_candidates *list, enum lr_candidate_kind kind, const struct lr_endpoint *at)
{
	struct lr_candidate c = lr_candidate_of(kind, at);

	if (c.ip.family)
		lr_candidates_add(list, &c);
}

static void add_lan(struct lr_candidates *list, const struct lr_ip *ip, uint16_t port)
{
	enum lr_candidate_kind kind = ip->family == 6 ? LR_CANDIDATE_IPV6 : LR_CANDIDATE_HOST;
	int n = 0, most = ip->family == 6 ? SIX_MAX : HOST_MAX;

	for (int i = 0; i < list->n; i++)
		n += list->at[i].kind == kind;
	if (n < most)
		add(list, kind, ip, port);
}

static bool is_lan(const struct lr_party *p, const struct lr_ip *ip)
{
	for (size_t i = 0; i < p->n_lans; i++)
		if (lr_ip_equal(&p->lans[i].ip, ip))
			return true;
	return false;
}

static void gather(struct lr_party *p, struct lr_candidates *list)
{
	uint16_t port = p->node->listen_port;

	memset(list, 0, sizeof(*list));
	for (unsigned f = 0; f < LR_FAMILIES; f++) {
		struct lr_ip first = lr_endpoint_ip(&p->stun[f].find.local);
		if (is_lan(p, &first))
			add_lan(list, &first, port);
	}
	for (size_t i = 0; i < p->n_lans; i++)
		add_lan(list, &p->lans[i].ip, port);
	if (lr_mapping_good(&p->map.got))
		add_outside(list, LR_CANDIDATE_MAPPED, &p->map.got.at);
	for (unsigned f = 0; f < LR_FAMILIES; f++)
		add_outside(list, LR_CANDIDATE_REFLEXIVE, &p->stun[f].find.mapped);
	for (unsigned i = 0; i < p->n_relays; i++) {
		const struct lr_party_relay *r = &p->relays[i];
		bool fixed = r->seen.sa.sa_family != AF_INET || !lr_nat_symmetric(&p->host.nat);
		if (lr_channel_bound(r) && fixed)
			add_outside(list, LR_CANDIDATE_REFLEXIVE, &r->seen);
	}
}

/* --- our record --- */

static void add_channels(const struct lr_party *p, struct lr_record *self, bool former)
{
	for (unsigned i = 0; i < p->n_relays && self->n_channels < LR_CHANNELS_MAX; i++) {
		const struct lr_party_relay *r = &p->relays[i];
		if (!lr_channel_bound(r) || r->former != former)
			continue;
		struct lr_channel *c = &self->channels[self->n_channels++];
		c->relay = r->place;
		c->channel = r->bind.channel;
		c->rtt_us = r->leg_us;
	}
}

/* Those at former relays only where there is room. */
static void fill_channels(const struct lr_party *p, struct lr_record *self)
{
	self->n_channels = 0;
	memset(self->channels, 0, sizeof(self->channels));
	add_channels(p, self, false);
	add_channels(p, self, true);
}

void lr_party_publish(struct lr_party *p)
{
	struct lr_record *self = p->roster ? lr_roster_self(p->roster) : NULL;
	struct lr_record before;

	if (!self || p->leaving)
		return;
	before = *self;
	p->host.rules.outside = lr_endpoint_ip(&p->stun[LR_IPV4].find.mapped);
	gather(p, &p->host.own);
	self->hidden = p->hide;
	self->nat = p->host.nat;
	self->candidates = p->host.own;
	if (p->hide)
		memset(&self->candidates, 0, sizeof(self->candidates));
	fill_channels(p, self);
	if (memcmp(&before, self, sizeof(before)) != 0) {
		lr_roster_touch(p->roster);
		lr_party_wake(p);
	}
}
