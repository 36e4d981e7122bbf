/*
 * ipx.h - a node's IPX server for DOSBox (lib/lan/ipx.h): its socket, at our virtual address
 *
 * Theory of operation. The socket is bound to our IPv4 address of the virtual network alone, so
 * members and DOSBox on this machine reach it, and the house does not. The address of a member may
 * change: then there is a new socket, and clients connect anew, as they would to another server.
 */
#ifndef LR_NODE_IPX_H
#define LR_NODE_IPX_H

#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/node/node.h"

/* Makes node->ipx; it serves as soon as there is an address. 0, or -1 with `err`: another program
 * serves IPX here, or we have no right to the port. */
int lr_node_ipx_open(struct lr_node *node, struct lr_err *err);
void lr_node_ipx_close(struct lr_node *node);

/* The rest do nothing on a node without one. */

/* The interface's addresses are others. What fails is logged. */
void lr_node_ipx_addresses(struct lr_node *node);
void lr_node_ipx_settle(struct lr_node *node, uint64_t now);
uint64_t lr_node_ipx_due(const struct lr_node *node);
void lr_node_ipx_put_drops(const struct lr_node *node, json_t *drops);

#endif
