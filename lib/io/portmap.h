/*
 * portmap.h - a port of the home router that leads to us: PCP, NAT-PMP, UPnP-IGD
 *
 * Theory of operation. A mapping has a thread of its own, because the libraries (libnatpmp,
 * libminiupnpc) block for seconds; it talks to the loop by copied messages. The protocols are tried
 * in the order PCP, NAT-PMP, UPnP: the first two answer in one round trip or not at all. What was
 * given is renewed well before it ends and at least every 10 minutes, so that a router that forgot
 * it gives it again; when renewing fails all protocols are tried once more before it is given up.
 * Stopping removes the mapping from the router.
 *
 * What a router says is read, not assumed: for a port that is taken PCP and NAT-PMP give another
 * one, and UPnP an error (718) on which other ports are tried. A router that is itself behind a NAT
 * refuses, or gives a private address: that is told (`double_nat`).
 * Sources: RFC 6887 (PCP), RFC 6886 (NAT-PMP), UPnP WANIPConnection:2.
 */
#ifndef LR_IO_PORTMAP_H
#define LR_IO_PORTMAP_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/io/loop.h"
#include "lib/net/addr.h"

enum lr_portmap_by { LR_PORTMAP_PCP, LR_PORTMAP_NATPMP, LR_PORTMAP_UPNP, LR_PORTMAP_PROTOCOLS };

struct lr_portmaps;
struct lr_portmap;

struct lr_portmap_ask {
	uint16_t port; /* ours, and the one wished for outside */
	bool tcp;
	uint32_t lifetime_s; /* wished for */
};

struct lr_portmap_told {
	bool last;   /* nothing more will come: it is freed */
	bool mapped; /* else it failed, or was removed when `stopped` */
	bool stopped;
	struct lr_endpoint external;
	enum lr_portmap_by by;
	uint32_t lifetime_s;                 /* 0: without end */
	bool double_nat;                     /* the external address is not a public one */
	char why[LR_PORTMAP_PROTOCOLS][160]; /* what each that gave none said; "": not tried */
};

/* NULL with `err`. `told` runs in the loop. */
struct lr_portmaps *lr_portmaps_new(struct lr_loop *loop,
	void (*told)(void *ctx, const struct lr_portmap_told *t), struct lr_err *err);
/* When mappings are left their threads go on without a listener: the process must end then. */
void lr_portmaps_free(struct lr_portmaps *p);
/* NULL with `err`. `ctx` is given to `told`. */
struct lr_portmap *lr_portmap_start(
	struct lr_portmaps *p, const struct lr_portmap_ask *ask, void *ctx, struct lr_err *err);
/* The network may be another one: renews at once, by a search for the router, and tells what came
 * of it also when it is the same. */
void lr_portmap_again(struct lr_portmap *m);
/* Asks for the removal; `told` says when it is done. */
void lr_portmap_stop(struct lr_portmap *m);

const char *lr_portmap_name(enum lr_portmap_by by); /* "pcp", "nat-pmp", "upnp" */

#endif
