/*
 * pump.h - moves packets between the device and the UDP sockets, through lib/wg, in batches
 *
 *   device --read--> split --> route --> seal in place --> train --sendmsg--> peer
 *   peer --recvmsg--> train --> open in place --> merge --writev--> device
 *
 * No allocation and no copy a packet but the split's. One train belongs to one peer. What is
 * read in one wake-up is written in the same one: nothing waits for more.
 */
#ifndef LR_NODE_PUMP_H
#define LR_NODE_PUMP_H

#include "lib/base/err.h"
#include "lib/node/node.h"

/* Opens the device and the sockets and adds them to node->loop; sets node->iface, listen_port
 * and offload_*. NULL with `err`. */
struct lr_pump *lr_pump_open(
	struct lr_node *node, const char *iface, uint16_t port, struct lr_err *err);
void lr_pump_close(struct lr_pump *p); /* NULL is fine */

/* Sends what lib/wg wants to send by itself. Call when it may have something to say. */
void lr_pump_settle(struct lr_pump *p, uint64_t now);
/* Sends one batch of what waits behind games, if the line is free; when it will be that. Call both
 * once a wake-up. */
void lr_pump_drain(struct lr_pump *p, uint64_t now);
uint64_t lr_pump_due(const struct lr_pump *p); /* LR_NEVER: nothing waits */
/* The rate of the line behind us, bit/s; 0: unknown. */
void lr_pump_set_uplink(struct lr_pump *p, uint64_t rate);
/* Machines of the house at that interface take part from now on; the node has a virtual Ethernet
 * and a TAP. Before anything moves. `dhcp`: they get their addresses of us, if of nobody else,
 * which takes 4.5 s to find out. 0 or -1 with `err`. */
int lr_pump_bridge(struct lr_pump *p, const char *iface, bool dhcp, struct lr_err *err);
/* What waits now, and the uplink's rate. */
struct lr_pump_queue {
	unsigned frames;
	uint64_t bytes, rate;
};
struct lr_pump_queue lr_pump_queue(const struct lr_pump *p);
/* A datagram that this machine sent to all on another interface (overhear.h), to the members. */
void lr_pump_captured(struct lr_pump *p, uint64_t now, uint8_t *packet, size_t len);
/* Asks the interface what the virtual Ethernet wants to know of it. Call when that is due. */
void lr_pump_ask(struct lr_pump *p, uint64_t now);
/* New sockets on another port; the old ones stay when that fails. 0 or -errno. */
int lr_pump_set_port(struct lr_pump *p, uint16_t port);
int lr_pump_set_mark(struct lr_pump *p, uint32_t fwmark);

/* --- for a party --- */

/* One datagram on socket `socket` (0: the tunnel's own). `whole`: no router may fragment it. 0 or
 * -errno. */
int lr_pump_send(struct lr_pump *p, uint16_t socket, const struct lr_endpoint *to,
	const uint8_t *datagram, size_t len, bool whole);
/* One more UDP socket (lib/node/sockets.h): `number`, 0: a free one. Its number, or -errno. */
int lr_pump_socket_open(struct lr_pump *p, uint16_t number);
void lr_pump_socket_close(struct lr_pump *p, uint16_t number);
/* A relay frame that came over TCP; `at` is the relay's address. It is opened where it lies, and
 * must stay there until lr_pump_taken(), which ends a run of these. */
void lr_pump_take_frame(
	struct lr_pump *p, const struct lr_endpoint *at, uint8_t *frame, size_t len);
void lr_pump_taken(struct lr_pump *p);
/* A WireGuard message that came earlier. */
void lr_pump_take(struct lr_pump *p, const struct lr_endpoint *src, uint16_t socket, uint8_t *msg,
	size_t len);

#endif
