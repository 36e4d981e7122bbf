/*
 * mapping.h - a port of the home router that leads to us, as the helper lr-meet holds it
 *
 * The helper renews it well before it ends, asks another router when there is one, and gives it
 * back when it is told to or when whoever asked is gone (lib/io/portmap.h).
 */
#ifndef LR_NODE_MAPPING_H
#define LR_NODE_MAPPING_H

#include "lib/net/addr.h"
#include "lib/node/helper.h"

#define LR_MAPPING_PROTOCOLS  3    /* PCP, NAT-PMP, UPnP */
#define LR_MAPPING_LIFETIME_S 3600 /* what a router is asked for */

struct lr_mapping {
	bool last;             /* there is no port (any more), and nothing more will come */
	struct lr_endpoint at; /* outside; AF_UNSPEC: none */
	char by[8];            /* protocol: "pcp", "nat-pmp", "upnp"; "" none */
	uint32_t lifetime_s;   /* as the router gave it, then it is renewed; 0: without end */
	bool double_nat;       /* `at` is no address of the internet */
	char error[120];       /* last: one line */
	struct {
		char by[8], error[160];
	} attempts[LR_MAPPING_PROTOCOLS]; /* that gave none; by "": no more */
};

/* Asks the router for a port that leads to ours. The number of the request for the two below, and
 * `done` is called for each change, with an error exactly once unless the helper is released
 * first; 0: the helper cannot be had now. */
uint64_t lr_mapping_ask(
	struct lr_helper *m, uint16_t port, bool tcp, lr_helper_done done, void *ctx);
/* What such an answer says. */
void lr_mapping_read(struct lr_mapping *t, const struct lr_helper_answer *a);
/* The network may be another one: the router is asked at once, and an answer says what came of it.
 */
void lr_mapping_again(struct lr_helper *m, uint64_t id);
/* Gives it back; the last answer comes when that is done. */
void lr_mapping_end(struct lr_helper *m, uint64_t id);
/* Whether the internet reaches us there. */
bool lr_mapping_good(const struct lr_mapping *t);

#endif
