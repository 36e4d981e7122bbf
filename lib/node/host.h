/*
 * host.h - from what a person asked of lr-up to a party that runs: found, resumed or joined, with
 * a relay of our own where there is no other
 *
 *   lr_host_plan()    which party; nothing is started yet
 *   lr_node_start()
 *   lr_host_open()    the relay, the party; returns when the interface has its address
 *   lr_node_run(), lr_node_stop()
 *   lr_host_close()
 *
 * Theory of operation. Who hosts without naming a relay gets one on this machine, under the places
 * where others find this machine; the port and the places are in the charter, so a party that is
 * taken up again must have the same ones. Its folder $LR_STATE_DIR/relays/ID says that a party has
 * such a relay. When this machine is no longer found where the charter says, the party cannot go
 * on and a new one is founded; that is told.
 *
 * When other relays are asked for (`move`), the party moves there (party_move.c). A relay of our
 * own that it leaves behind runs on beside the node for some days (host_moved.h), so that members
 * who come back learn where the party is.
 */
#ifndef LR_NODE_HOST_H
#define LR_NODE_HOST_H

#include <limits.h>

#include "lib/node/helper.h"
#include "lib/node/host_map.h"
#include "lib/node/host_places.h"
#include "lib/node/host_relay.h"
#include "lib/node/party.h"

struct lr_host_ask {
	const struct lr_invite *invite; /* to join; NULL: to host */
	const char *party;              /* take up this one that is known here; NULL */
	const char *relays;             /* HOST[:PORT], several with commas; NULL: our own */
	const char *outside;            /* where our own is found from outside; NULL */
	const char *nick;               /* NULL: as before, else the host's name */
	bool hide, hide_all;
	bool no_map; /* ask no router for ports */
	bool fresh;  /* found a new party, also when one is hosted here */
	bool move; /* a party that is taken up meets at `relays` from now on; else new ones only */
	const struct lr_budget *budget;
};

struct lr_host {
	enum lr_party_start start; /* after lr_host_open(): what it came to */
	struct lr_party *party;    /* after lr_host_open() */
	/* inside */
	struct lr_host_ask ask;
	char name[LR_PARTY_NAME + 8]; /* of the party: FOUND, RESUME */
	struct lr_place relays[LR_PLACES_MAX], outside;
	unsigned n_relays;
	struct lr_party_known *known; /* before */
	int n_known;
	struct lr_host_relay *relay;
	struct lr_host_map *map;
	struct lr_helper_early helper;
	char relay_folder[PATH_MAX]; /* made by us; "" */
	char left_folder[PATH_MAX];  /* of our relay, which the party leaves now; "" */
	uint16_t left_port;
	uint8_t id[LR_PARTY_ID_LEN];
	bool has_id;
};

/* `ask` and what it points to must outlive *h. 0, or -1 with `err`: exit 2 for what was mistyped, 1
 * when that party runs already. lr_host_close() in any case. */
int lr_host_plan(struct lr_host *h, const struct lr_host_ask *ask, struct lr_err *err);
/* Notes (who can reach our relay, what overlaps) go to lr_log(). 0 or -1 with `err`; then stop
 * the node, and close with `failed`. */
int lr_host_open(struct lr_host *h, struct lr_node *node, struct lr_err *err);
/* After lr_node_stop(). Ends our relay; `failed`: also removes the state that was made. */
void lr_host_close(struct lr_host *h, bool failed);

/* A free name for an interface: lr0, lr1, ... `out` has IFNAMSIZ bytes. 0 or -1 with `err`. */
int lr_host_iface(char *out, struct lr_err *err);

#endif
