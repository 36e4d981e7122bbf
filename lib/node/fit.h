/*
 * fit.h - how long a packet for a peer may be
 *
 * A member's path says it (lr_wg_peer.mtu, set by lib/node/party_paths.c whenever it is another);
 * for a stock peer in a party it is what guests are told; outside a party nobody asks: the
 * interface's MTU is for all.
 */
#ifndef LR_NODE_FIT_H
#define LR_NODE_FIT_H

#include "lib/net/mss.h"
#include "lib/node/node.h"

/* The longest packet for the peer; 0: as long as the device gives them. */
static inline size_t lr_fit_limit(const struct lr_node *node, const struct lr_wg_peer *peer)
{
	return peer->mtu ? peer->mtu : node->stock_mtu;
}

/* How long padding may make a packet of `len` bytes. */
static inline size_t lr_fit_padded(
	const struct lr_node *node, const struct lr_wg_peer *peer, size_t len)
{
	size_t limit = lr_fit_limit(node, peer), max = limit ? limit : node->mtu;
	return max > len ? max : len;
}

/* The length that it has on the wire. */
static inline size_t lr_fit_sealed(
	const struct lr_node *node, const struct lr_wg_peer *peer, size_t len)
{
	size_t padded = (len + LR_WG_PAD - 1) & ~(size_t)(LR_WG_PAD - 1);
	size_t max = lr_fit_padded(node, peer, len);
	return (padded < max ? padded : max) + LR_WG_OVERHEAD;
}

/* A packet that came from the peer: a SYN asks our end for no longer segments than fit. */
static inline void lr_fit_came(
	const struct lr_node *node, const struct lr_wg_peer *peer, uint8_t *packet, size_t len)
{
	size_t limit = lr_fit_limit(node, peer);
	if (limit && lr_mss_is_syn(packet, len))
		lr_mss_clamp(packet, len, limit);
}

#endif
