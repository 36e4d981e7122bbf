/*
 * host_places.c - see host_places.h; getifaddrs(3)
 */
#include "lib/node/host_places.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/node/client.h"

static void add(struct lr_host_places *p, const struct lr_ip *ip, uint16_t port)
{
	char address[LR_ADDR_TEXT], text[LR_ADDR_TEXT + 10];
	struct lr_place place;
	bool six = ip->family == 6;

	snprintf(text, sizeof(text), "%s%s%s:%u", six ? "[" : "", lr_ip_text(ip, address),
		six ? "]" : "", port);
	if (p->n == LR_PLACES_MAX || lr_place_parse(text, strlen(text), &place) != 0)
		return;
	for (unsigned i = 0; i < p->n; i++)
		if (strcmp(p->places[i].text, place.text) == 0)
			return;
	p->places[p->n++] = place;
	p->outside |= lr_ip_public(ip);
	if (p->at.family == 0)
		p->at = *ip;
}

void lr_host_places_add(struct lr_host_places *p, const struct lr_place *outside)
{
	if (p->n == LR_PLACES_MAX)
		p->n--;
	memmove(&p->places[1], &p->places[0], p->n * sizeof(p->places[0]));
	p->places[0] = *outside;
	p->n++;
	p->outside = true;
}

/* The address that a packet to `far` would come from. No packet is sent. */
static bool source_towards(const char *far, struct lr_ip *out)
{
	struct lr_endpoint to = {0};
	socklen_t len = sizeof(to.in6);
	bool found = false;

	if (lr_endpoint_parse(far, &to) != 0)
		return false;
	int fd = socket(to.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, &to.sa, len) == 0 && getsockname(fd, &to.sa, &len) == 0) {
		*out = lr_endpoint_ip(&to);
		found = out->family != 0;
	}
	if (fd >= 0)
		close(fd);
	return found;
}

static bool of_a_node(const struct lr_client_node *nodes, int n, const char *iface)
{
	for (int i = 0; i < n; i++)
		if (strcmp(nodes[i].iface, iface) == 0)
			return true;
	return false;
}

/* Adds the addresses of one family: of all networks of this machine, or only of its loopback. */
static void add_own(struct lr_host_places *p, const struct ifaddrs *all, int family, bool loopback,
	uint16_t port)
{
	struct lr_client_node *nodes = NULL;
	int n = lr_client_list(&nodes, NULL);

	for (const struct ifaddrs *a = all; a; a = a->ifa_next) {
		if (!a->ifa_addr || a->ifa_addr->sa_family != family || !(a->ifa_flags & IFF_UP) ||
			!(a->ifa_flags & IFF_LOOPBACK) == loopback ||
			of_a_node(nodes, n, a->ifa_name))
			continue;
		struct lr_endpoint e = {0};
		memcpy(&e.sa, a->ifa_addr, family == AF_INET ? sizeof(e.in) : sizeof(e.in6));
		struct lr_ip ip = lr_endpoint_ip(&e);
		/* A link-local address means something on one link only. */
		if (!lr_ip_link_local(&ip))
			add(p, &ip, port);
	}
	free(nodes);
}

int lr_host_places_find(struct lr_host_places *out, uint16_t port, struct lr_err *err)
{
	struct ifaddrs *all;
	struct lr_ip source;

	*out = (struct lr_host_places){0};
	/* Any address far away serves: these are for documentation (RFC 5737, RFC 3849). */
	if (source_towards("192.0.2.1:9", &source)) {
		out->routed = true;
		add(out, &source, port);
	}
	if (!out->outside && source_towards("[2001:db8::1]:9", &source) && lr_ip_public(&source)) {
		out->routed = true;
		add(out, &source, port);
	}
	if (out->n)
		return 0;
	if (getifaddrs(&all) < 0)
		return lr_err_set(
			err, LR_EXIT_FAILED, "addresses of this machine: %s", strerror(errno));
	add_own(out, all, AF_INET, false, port);
	if (!out->n)
		add_own(out, all, AF_INET6, false, port);
	if (!out->n)
		add_own(out, all, AF_INET, true, port);
	freeifaddrs(all);
	if (!out->n)
		return lr_err_set(err, LR_EXIT_FAILED,
			"this machine has no address, not even a loopback: no relay can run");
	return 0;
}
