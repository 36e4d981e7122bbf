/*
 * pump_bridge.c - between a segment of the house and the rest; lib/lan/bridge.c says what passes
 *
 * A packet socket on the interface itself, no bridge of the kernel's with the TAP in it: the house
 * keeps its interface as it is, what passes is decided by lib/lan alone, and nothing of it is left
 * when we end, however we end.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/io/rival.h"
#include "lib/io/segment.h"
#include "lib/node/party_wire.h"
#include "lib/node/pump_inside.h"

enum { FRAMES = 64 }; /* in one wake-up */

void lr_pump_segment(struct lr_pump *p, const struct lr_vnet *h, const uint8_t *frame, size_t len)
{
	if (lr_segment_write(p->on_segment.fd, h, frame, len) < 0)
		p->node->drops[LR_NODE_DROP_DEVICE]++;
}

/* To our own interface. */
static void to_device(struct lr_pump *p, const struct lr_vnet *h, uint8_t *frame, size_t len)
{
	struct iovec iov[2] = {{NULL, 0}, {frame, len}};

	if (lr_tun_write(&p->tun, h, iov, 2) < 0)
		p->node->drops[LR_NODE_DROP_DEVICE]++;
	else
		p->node->device_tx_packets++;
}

void lr_pump_whole(struct lr_pump *p, const uint8_t *frame, size_t len, unsigned to)
{
	if (to & LR_LAN_DEVICE) {
		p->node->device_tx_packets++;
		lr_pump_write(p, frame, len);
	}
	if (to & LR_LAN_SEGMENT)
		lr_pump_segment(p, &(struct lr_vnet){0}, frame, len);
}

static void take(struct lr_pump *p, struct lr_vnet *h, uint8_t *frame, size_t len)
{
	struct lr_node *node = p->node;
	struct lr_lan_verdict v;

	lr_lan_bridged(node->lan, node->loop.now, frame, len, h->flags & LR_VNET_NEEDS_CSUM, &v);
	if (v.also & LR_LAN_DEVICE)
		to_device(p, h, frame, len);
	if (v.act == LR_LAN_ANSWER)
		lr_pump_segment(p, &(struct lr_vnet){0}, v.bytes, v.len);
	else
		lr_pump_by_verdict(p, h, frame, &v);
}

void lr_pump_machines(struct lr_pump *p)
{
	if (p->node->party && p->node->lan && lr_lan_machines_fresh(p->node->lan))
		lr_party_machines(p->node->party);
}

static void segment_ready(struct lr_source *src, uint32_t events)
{
	struct lr_pump *p = src->ctx;
	struct lr_pump_frame *f = (void *)(p->waiting + lr_queue_place(&p->queue));
	ssize_t n = 0;

	(void)events;
	for (int i = 0; i < FRAMES; i++) {
		n = lr_segment_read(src->fd, &f->vnet, f->bytes, sizeof(f->bytes));
		if (n < 0)
			break;
		if (n > 0)
			take(p, &f->vnet, f->bytes, (size_t)n);
	}
	lr_pump_flush(p);
	if (n < 0 && n != -EAGAIN && n != -EINTR && n != -EINVAL)
		lr_log(LR_LOG_ERROR, "%s: the bridged interface: %s", p->node->iface,
			strerror((int)-n));
	lr_pump_machines(p);
}

int lr_pump_bridge(struct lr_pump *p, const char *iface, bool dhcp, struct lr_err *err)
{
	struct lr_lan *lan = p->node->lan;
	int fd = lr_segment_open(iface, err);

	if (fd < 0)
		return -1;
	uint8_t mac[LR_MAC];
	lr_lan_mac(lr_wg_public_key(p->node->wg), mac);
	if (dhcp && lr_rival_look(fd, iface, mac, err) < 0) {
		close(fd);
		return -1;
	}
	p->on_segment = (struct lr_source){fd, segment_ready, p, "segment"};
	if (lr_lan_bridge(lan) == 0 && (!dhcp || lr_lan_bridge_dhcp(lan) == 0) &&
		lr_loop_add(&p->node->loop, &p->on_segment, EPOLLIN) == 0)
		return 0;
	close(fd);
	p->on_segment.fd = -1;
	return lr_err_set(err, LR_EXIT_FAILED, "%s: out of memory", iface);
}

void lr_pump_bridge_close(struct lr_pump *p)
{
	if (p->on_segment.fd < 0)
		return;
	lr_loop_remove(&p->node->loop, &p->on_segment);
	close(p->on_segment.fd);
}
