/*
 * uapi_socket.h - where wg(8) finds the node: /var/run/wireguard/IFACE.sock
 */
#ifndef LR_NODE_UAPI_SOCKET_H
#define LR_NODE_UAPI_SOCKET_H

#include "lib/node/node.h"

struct lr_uapi_socket;

/* Listens. When the name can't be had (a live process holds it, no rights), one line goes to
 * lr_log() and NULL comes back: the node runs without it. */
struct lr_uapi_socket *lr_uapi_socket_open(struct lr_node *node);
void lr_uapi_socket_close(struct lr_uapi_socket *u); /* NULL is fine */

#endif
