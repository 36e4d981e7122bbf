/*
 * portmap_upnp.c - a port mapping by UPnP-IGD (WANIPConnection), on libminiupnpc
 */
#include <arpa/inet.h>
#include <miniupnpc/miniupnpc.h>
#include <miniupnpc/upnpcommands.h>
#include <miniupnpc/upnperrors.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "lib/io/portmap_inside.h"

#define DISCOVER_MS   1000 /* a kind of device, of which there are four */
#define TTL           2    /* UPnP Device Architecture 1.1, 1.3.2 */
#define OTHER_PORTS   8    /* tried when the wished one is taken */
#define TAKEN         718  /* ConflictInMappingEntry */
#define ONLY_LASTING  725  /* OnlyPermanentLeasesSupported */
#define DYNAMIC_FIRST 49152
#define IGD_CONNECTED 1
#define IGD_OFFLINE   2

struct lr_upnp {
	struct UPNPUrls urls;
	struct IGDdatas data;
	char own[64]; /* our address towards the router */
};

void lr_portmap_upnp_release(struct lr_portmap_work *w)
{
	if (!w->upnp)
		return;
	FreeUPNPUrls(&w->upnp->urls);
	free(w->upnp);
	w->upnp = NULL;
}

static int valid_igd(struct UPNPDev *devices, struct lr_upnp *u)
{
#if MINIUPNPC_API_VERSION >= 18
	char wan[64];
	int r = UPNP_GetValidIGD(
		devices, &u->urls, &u->data, u->own, sizeof(u->own), wan, sizeof(wan));
	return r == 2 ? IGD_CONNECTED : r == 3 ? IGD_OFFLINE : r;
#else
	return UPNP_GetValidIGD(devices, &u->urls, &u->data, u->own, sizeof(u->own));
#endif
}

static int discover(struct lr_portmap_work *w)
{
	int error = 0;
	struct UPNPDev *devices =
		upnpDiscover(DISCOVER_MS, NULL, NULL, UPNP_LOCAL_PORT_ANY, 0, TTL, &error);
	struct lr_upnp *u = devices ? calloc(1, sizeof(*u)) : NULL;
	int r = u ? valid_igd(devices, u) : 0;

	freeUPNPDevlist(devices);
	w->upnp = u;
	if (r == IGD_CONNECTED)
		return 0;
	if (u && r == 0) { /* then there are no URLs to be freed */
		free(u);
		w->upnp = NULL;
	}
	lr_portmap_upnp_release(w);
	return lr_portmap_failed(w, LR_PORTMAP_UPNP, "%s",
		r == IGD_OFFLINE
			? "the router says that it is not connected: it may be behind another NAT"
			: "no router answers");
}

static int said(struct lr_portmap_work *w, int r)
{
	const char *name = strupnperror(r);

	return lr_portmap_failed(
		w, LR_PORTMAP_UPNP, "the router says: %s (%d)", name ? name : "unknown error", r);
}

static int add(struct lr_portmap_work *w, uint16_t external, uint32_t lifetime_s)
{
	struct lr_upnp *u = w->upnp;
	char outside[8], inside[8], lease[12];

	snprintf(outside, sizeof(outside), "%u", external);
	snprintf(inside, sizeof(inside), "%u", w->ask.port);
	snprintf(lease, sizeof(lease), "%u", lifetime_s);
	return UPNP_AddPortMapping(u->urls.controlURL, u->data.first.servicetype, outside, inside,
		u->own, "lanrage", w->ask.tcp ? "TCP" : "UDP", NULL, lease);
}

/* 0: w->external_port and told->lifetime_s are what was given; else a UPnP error. */
static int add_any(struct lr_portmap_work *w)
{
	uint32_t lifetime_s = w->ask.lifetime_s;
	uint16_t port = w->external_port;
	int r = TAKEN;

	for (int i = 0; i <= OTHER_PORTS && r == TAKEN; i++) {
		r = add(w, port, lifetime_s);
		if (r == ONLY_LASTING) {
			lifetime_s = 0;
			r = add(w, port, lifetime_s);
		}
		if (r != TAKEN || lr_portmap_wait(w, -1, 0) < 0)
			break;
		if (getrandom(&port, sizeof(port), 0) < 0)
			break;
		port = (uint16_t)(DYNAMIC_FIRST + port % (65536 - DYNAMIC_FIRST));
	}
	if (r == 0) {
		w->external_port = port;
		w->told->lifetime_s = lifetime_s;
	}
	return r;
}

static int map(struct lr_portmap_work *w)
{
	char external[64] = "";
	struct lr_endpoint *e = &w->told->external;

	if (!w->upnp && discover(w) < 0)
		return -1;
	int r = UPNP_GetExternalIPAddress(
		w->upnp->urls.controlURL, w->upnp->data.first.servicetype, external);
	*e = (struct lr_endpoint){.in = {.sin_family = AF_INET}};
	if (r == 0 && inet_pton(AF_INET, external, &e->in.sin_addr) != 1)
		r = 501; /* Action Failed: it does not know its own address */
	if (r == 0)
		r = add_any(w);
	if (r != 0) {
		lr_portmap_upnp_release(w); /* it is looked for anew */
		return said(w, r);
	}
	e->in.sin_port = htons(w->external_port);
	return 0;
}

static void unmap(struct lr_portmap_work *w)
{
	char outside[8];

	if (!w->upnp)
		return;
	snprintf(outside, sizeof(outside), "%u", w->external_port);
	UPNP_DeletePortMapping(w->upnp->urls.controlURL, w->upnp->data.first.servicetype, outside,
		w->ask.tcp ? "TCP" : "UDP", NULL);
}

const struct lr_portmap_protocol lr_portmap_upnp = {"upnp", map, unmap};
