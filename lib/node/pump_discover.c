/*
 * pump_discover.c - the node's answers to questions of lr-peer discover (lib/lan/discover.h)
 */
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/net/ip.h"
#include "lib/node/pump_inside.h"

/* As if the interface had given it. */
static void send_own(struct lr_pump *p, uint8_t *frame, size_t len)
{
	struct lr_vnet whole = {0};
	size_t skip = LR_LAN_HEAD;

	if (p->tun.tap) {
		memset(frame, 0xff, LR_MAC); /* what it is for, the packet says */
		lr_lan_mac(lr_wg_public_key(p->node->wg), frame + LR_MAC);
		lr_put_be16(frame + 12, 0x0800);
		skip = 0;
	}
	lr_pump_frame(p, &whole, frame + skip, LR_LAN_HEAD + len - skip);
}

bool lr_pump_discovered(struct lr_pump *p, const uint8_t *packet, size_t len)
{
	uint8_t frame[LR_LAN_HEAD + LR_DISCOVER_PACKET];
	const struct lr_node *node = p->node;
	const uint8_t *question;
	size_t own = 0, size;

	if (packet[9] != LR_UDP) /* of IPv6 that says nothing, and no question comes by it */
		return false;
	while (own < node->n_addresses && node->addresses[own].ip.family != 4)
		own++;
	if (own == node->n_addresses)
		return false;
	const uint8_t *address = node->addresses[own].ip.b;
	if (!lr_discover_took(&p->discover, address, packet, len, &question, &size))
		return false;
	if (!question || !lr_discover_may(&p->discover, node->loop.now))
		return true;
	for (unsigned what = LR_DISCOVER_ACK; what <= LR_DISCOVER_ECHO; what++) {
		size_t n = lr_discover_answer(address, question, size, what, frame + LR_LAN_HEAD);
		if (n)
			send_own(p, frame, n);
	}
	return true;
}
