/*
 * pump_device.c - what the device has for us: games go as they are read, bulk when there is time
 *
 * The device's own row is emptied first, whatever stands in it (lib/net/queue.h says why), and only
 * then, once a wake-up, a batch of what waits is sealed and sent: as much as the line takes in a
 * millisecond when its rate is known, else what fits into a train. So nothing that comes in
 * meanwhile, from either side, waits for more than one batch.
 */
#include <errno.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/node/play.h"
#include "lib/node/play_on.h"
#include "lib/node/pump_inside.h"

enum {
	READS = 64,              /* frames from the device before the sockets get a turn */
	BATCH = 64 << 10,        /* bytes of one batch */
	BATCH_FRAMES = 64,       /* frames of one batch: as many as a train takes datagrams */
	BATCHES_A_S = 1000,      /* when the line's rate is known */
	SPLIT_BELOW = 200000000, /* bit/s: at less, an offloaded frame takes the line too long */
};

static bool to_many(const struct lr_pump *p, const uint8_t *frame, const uint8_t *packet)
{
	return p->tun.tap ? frame[0] & 1 : lr_lan_to_many(p->node->lan, packet);
}

static enum lr_queue_class class_of(
	struct lr_pump *p, struct lr_pump_frame *f, size_t len, uint16_t *flow)
{
	size_t head = p->tun.tap ? LR_ETH_HEAD : 0;
	bool many = (f->vnet.gso_type & ~LR_VNET_GSO_ECN) != LR_VNET_GSO_NONE;

	*flow = 0;
	if (len < head)
		return LR_QUEUE_GAME; /* it is no frame: whoever sends it drops it */
	uint8_t *packet = f->bytes + head;
	uint8_t flags =
		lr_play_touch(p->node, packet, len - head, f->vnet.flags & LR_VNET_NEEDS_CSUM);
	if (flags & LR_TRAFFIC_REPEAT && p->node->lan && to_many(p, f->bytes, packet))
		lr_play_keep(p->node, packet, len - head, f, sizeof(f->vnet) + len);
	return lr_queue_class(&p->queue, p->node->loop.now, packet, len - head, many,
		flags & LR_TRAFFIC_FAST, flow);
}

/* One frame. False: there is none. */
static bool read_frame(struct lr_pump *p)
{
	struct lr_pump_frame *f = (void *)(p->waiting + lr_queue_place(&p->queue));
	uint16_t flow;
	ssize_t n = LR_SPAN_OF(read, lr_tun_read(&p->tun, &f->vnet, f->bytes, sizeof(f->bytes)));

	if (n == -EAGAIN || n == -EINTR)
		return false;
	if (n < 0) {
		lr_log(LR_LOG_ERROR, "%s: the interface is gone: %s", p->node->iface,
			strerror((int)-n));
		p->node->loop.stop = true;
		return false;
	}
	if (class_of(p, f, (size_t)n, &flow) == LR_QUEUE_GAME)
		lr_pump_frame(p, &f->vnet, f->bytes, (size_t)n);
	else
		lr_queue_put(&p->queue, p->node->loop.now, flow, sizeof(f->vnet) + (size_t)n);
	return true;
}

void lr_pump_device_ready(struct lr_source *src, uint32_t events)
{
	struct lr_pump *p = src->ctx;
	int most = lr_pump_take_most(p, &p->device_at, READS);

	(void)events;
	while (most-- > 0 && read_frame(p))
		;
	lr_pump_flush(p);
}

/* The queue's drops are the node's, too. */
static void count_drops(struct lr_pump *p)
{
	p->node->drops[LR_NODE_DROP_QUEUE_AGE] = p->queue.drops[LR_QUEUE_DROP_AGE];
	p->node->drops[LR_NODE_DROP_QUEUE_FULL] = p->queue.drops[LR_QUEUE_DROP_FULL];
}

/* Announcements that are due once more, as if the game had made them. */
static void say_again(struct lr_pump *p, uint64_t now)
{
	const uint8_t *bytes;
	size_t size;

	while ((bytes = lr_play_again(p->node, now, &size)) != NULL) {
		struct lr_pump_frame *f = (void *)(p->waiting + lr_queue_place(&p->queue));
		memcpy(f, bytes, size);
		lr_pump_frame(p, &f->vnet, f->bytes, size - sizeof(f->vnet));
		lr_pump_flush(p);
	}
}

void lr_pump_drain(struct lr_pump *p, uint64_t now)
{
	say_again(p, now);
	if (lr_queue_empty(&p->queue))
		return;
	size_t most = p->pace.rate ? p->pace.rate / 8 / BATCHES_A_S : BATCH;
	size_t bytes = 0, place, len;

	for (int i = 0; i < BATCH_FRAMES && bytes < most && lr_pace_free(&p->pace, now); i++) {
		if (!lr_queue_get(&p->queue, now, &place, &len))
			break;
		struct lr_pump_frame *f = (void *)(p->waiting + place);
		bytes += len;
		lr_pump_frame(p, &f->vnet, f->bytes, len - sizeof(f->vnet));
	}
	lr_pump_flush(p);
	count_drops(p);
}

uint64_t lr_pump_due(const struct lr_pump *p)
{
	uint64_t bulk = lr_queue_empty(&p->queue) ? LR_NEVER : p->pace.free_ns;
	uint64_t again = lr_play_due(p->node);

	return again < bulk ? again : bulk;
}

void lr_pump_set_uplink(struct lr_pump *p, uint64_t rate)
{
	p->pace = (struct lr_pace){.rate = rate};
	lr_tun_single(&p->tun, rate && rate < SPLIT_BELOW);
}

struct lr_pump_queue lr_pump_queue(const struct lr_pump *p)
{
	return (struct lr_pump_queue){p->queue.count, p->queue.bytes, p->pace.rate};
}
