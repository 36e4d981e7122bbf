/*
 * portmap_inside.h - one protocol of port mapping, as the thread of a mapping uses it
 *
 * These calls block, each for at most LR_PORTMAP_WAIT_MS (UPnP: some seconds), and less when the
 * mapping is stopped.
 */
#ifndef LR_IO_PORTMAP_INSIDE_H
#define LR_IO_PORTMAP_INSIDE_H

#include <sys/time.h>

#include "lib/io/portmap.h"
#include "lib/nat/pcp.h"

#define LR_PORTMAP_WAIT_MS 1750 /* for PCP and NAT-PMP: tries after 0, 250 and 750 ms */
#define LR_PORTMAP_TRY_MS  250

struct lr_upnp; /* a router found by UPnP */

/* What a thread knows of its mapping. */
struct lr_portmap_work {
	struct lr_portmap_ask ask;
	int stop;                     /* readable when it shall end */
	int again;                    /* readable when the network may be another one */
	struct in_addr gateway;       /* where the last try went; 0: not known */
	uint16_t external_port;       /* wished for: ours, later the one that we had */
	struct lr_pcp_map pcp;        /* the last answer; its nonce is ours */
	struct lr_upnp *upnp;         /* or NULL */
	struct lr_portmap_told *told; /* to be filled in */
};

struct lr_portmap_protocol {
	const char *name;
	/* Makes or renews. 0: external, lifetime_s in w->told; -1: why[by] in w->told. */
	int (*map)(struct lr_portmap_work *w);
	void (*unmap)(struct lr_portmap_work *w);
};
extern const struct lr_portmap_protocol lr_portmap_pcp, lr_portmap_natpmp, lr_portmap_upnp;

void lr_portmap_natpmp_gateway(struct in_addr *out); /* of the default route; 0: none */
void lr_portmap_upnp_release(struct lr_portmap_work *w);

/* Writes told->why[by], returns -1. */
int lr_portmap_failed(struct lr_portmap_work *w, enum lr_portmap_by by, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Until `fd` (-1: none) is readable or `ms` have passed. 1: readable, 0: not, -ECANCELED: the
 * mapping was stopped. */
int lr_portmap_wait(const struct lr_portmap_work *w, int fd, int ms);

#endif
