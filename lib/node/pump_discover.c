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
		lr_put_be16(frame + 12, frame[LR_LAN_HEAD] >> 4 == 4 ? 0x0800 : 0x86dd);
		skip = 0;
	}
	lr_pump_frame(p, &whole, frame + skip, LR_LAN_HEAD + len - skip);
}

/* Our first address of the family; NULL: none. */
static const struct lr_ip *own_of(const struct lr_node *node, uint8_t family)
{
	for (size_t i = 0; i < node->n_addresses; i++)
		if (node->addresses[i].ip.family == family)
			return &node->addresses[i].ip;
	return NULL;
}

bool lr_pump_discovered(struct lr_pump *p, const uint8_t *packet, size_t len)
{
	uint8_t frame[LR_LAN_HEAD + LR_DISCOVER_PACKET];
	const struct lr_node *node = p->node;
	const uint8_t *question;
	size_t size;

	if (packet[packet[0] >> 4 == 4 ? 9 : 6] != LR_UDP)
		return false;
	const struct lr_ip *four = own_of(node, 4);
	const struct lr_ip *own = own_of(node, packet[0] >> 4);
	if (!four || !own ||
		!lr_discover_took(&p->discover, four->b, packet, len, &question, &size))
		return false;
	if (!question || !lr_discover_may(&p->discover, node->loop.now))
		return true;
	for (unsigned what = LR_DISCOVER_ACK; what <= LR_DISCOVER_ECHO; what++) {
		size_t n = lr_discover_answer(own, question, size, what, frame + LR_LAN_HEAD);
		if (n)
			send_own(p, frame, n);
	}
	return true;
}

bool lr_pump_discovered_frame(struct lr_pump *p, const uint8_t *frame, size_t len)
{
	const struct lr_node *node = p->node;
	const struct lr_ip *four = own_of(node, 4);
	struct lr_vnet whole = {0};
	struct lr_discover_ipx x;

	if (!four || !lr_discover_read_frame(frame, len, &x))
		return false;
	if (memcmp(x.member, four->b, 4) != 0)
		return true;
	if (x.what != LR_DISCOVER_ASK)
		return false;
	if (!lr_discover_may(&p->discover, node->loop.now))
		return true;
	memcpy(x.to, x.from, LR_MAC);
	lr_lan_mac(lr_wg_public_key(node->wg), x.from);
	memcpy(x.member, x.asker, 4);
	for (x.what = LR_DISCOVER_ACK; x.what <= LR_DISCOVER_ECHO; x.what++) {
		uint8_t answer[LR_DISCOVER_FRAME];
		if (x.what == LR_DISCOVER_ECHO)
			memset(x.to, 0xff, LR_MAC);
		lr_discover_put_frame(answer, &x);
		lr_pump_frame(p, &whole, answer, sizeof(answer));
	}
	return true;
}
