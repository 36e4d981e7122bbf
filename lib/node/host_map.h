/*
 * host_map.h - the home router's port for a relay on this machine, kept as long as it is wanted
 *
 * Theory of operation. The libraries that talk to routers live in the helper program lr-meet
 * (design: a program links only what each start of it needs). One is asked for the port, TCP and
 * UDP; while its input stays open it renews both, and when that ends it gives them back.
 */
#ifndef LR_NODE_HOST_MAP_H
#define LR_NODE_HOST_MAP_H

#include "lib/io/loop.h"
#include "lib/party/place.h"

struct lr_host_map;

/* Asks the router, and waits for what it says, at most `wait_ms`. NULL: it gives no port, not
 * the same one for TCP and UDP, or none that the internet reaches. *outside is where others find
 * the relay. `loop` must outlive it or be released before. */
struct lr_host_map *lr_host_map_start(
	struct lr_loop *loop, uint16_t port, unsigned wait_ms, struct lr_place *outside);
/* Gives the port back and waits for that, at most 3 s. NULL is fine. */
void lr_host_map_stop(struct lr_host_map *m);

#endif
