/*
 * pump_in.c - from the peers to the device
 *
 * Datagrams of a wake-up are opened where the kernel put them; the packets in them gather in
 * `merge` and are written together.
 */
#include <errno.h>

#include "lib/base/bytes.h"
#include "lib/nat/classify.h"
#include "lib/node/copy.h"
#include "lib/node/fit.h"
#include "lib/node/party_wire.h"
#include "lib/node/pump_inside.h"

enum {
	RECEIVES = 64,    /* trains from a socket before the device gets a turn */
	BATCH = 64 << 10, /* bytes of them, too: as much as the other direction sends at once */
	DATAGRAM_ROOM = 65536, /* what must be left of the arena for one more receive */
};

static void write_group(struct lr_pump *p, unsigned g)
{
	LR_SPAN(write);
	struct lr_merge_group *group = &p->merge.groups[g];
	int skip = p->tun.tap ? 1 : 0;
	int n = lr_merge_frame(&p->merge, g, p->iov + skip) + skip;
	if (p->tun.tap) {
		p->iov[1] = (struct iovec){group->packet - LR_ETH_HEAD, LR_ETH_HEAD};
		if (group->vnet.flags & LR_VNET_NEEDS_CSUM) {
			group->vnet.csum_start = (uint16_t)(group->vnet.csum_start + LR_ETH_HEAD);
			group->vnet.hdr_len = (uint16_t)(group->vnet.hdr_len + LR_ETH_HEAD);
		}
	}
	if (lr_tun_write(&p->tun, &group->vnet, p->iov, n) < 0)
		p->node->drops[LR_NODE_DROP_DEVICE] += group->count;
	else
		p->node->device_tx_packets += group->count;
}

static void write_batch(struct lr_pump *p)
{
	for (unsigned g = 0; g < p->merge.n_groups; g++)
		write_group(p, g);
	lr_merge_reset(&p->merge);
}

void lr_pump_write(struct lr_pump *p, const uint8_t *frame, size_t len)
{
	static const struct lr_vnet whole;
	struct iovec iov[2] = {{NULL, 0}, {(void *)(uintptr_t)frame, len}};
	if (lr_tun_write(&p->tun, &whole, iov, 2) < 0)
		p->node->drops[LR_NODE_DROP_DEVICE]++;
}

/* What a guest has for another peer, or a member for a guest: a guest knows only us. */
static void pass_on(struct lr_pump *p, const struct lr_lan_verdict *v)
{
	static const struct lr_vnet whole;
	if (lr_cut_begin(&p->cut, &whole, v->bytes, v->len) == 0)
		lr_pump_send_cut(p, lr_lan_owner(v->only));
}

/* Whether the packet is for the device, now with its Ethernet header in front of it, which lies
 * over that of the message. */
static bool pass_lan(struct lr_pump *p, const struct lr_wg_rx *rx)
{
	const struct lr_node_peer *own = rx->peer->owner;
	struct lr_lan_verdict v = {.act = LR_LAN_TAKEN};
	_Static_assert(LR_LAN_HEAD <= LR_WG_HEAD, "room for the header");
	if (own && own->lan)
		lr_lan_in(p->node->lan, p->node->loop.now, own->lan, rx->packet, rx->len, &v);
	if (v.act == LR_LAN_WHOLE) {
		if (!lr_pump_discovered_frame(p, v.bytes, v.len))
			lr_pump_whole(p, v.bytes, v.len, v.also);
		return false;
	}
	if (v.act == LR_LAN_ONWARD)
		pass_on(p, &v);
	if (v.act == LR_LAN_DELIVER && lr_pump_discovered(p, v.bytes, v.len))
		return false;
	if (v.act == LR_LAN_DELIVER && p->node->n_guests && v.from)
		lr_pump_fan_on(p, &v);
	if (v.also & LR_LAN_SEGMENT)
		lr_pump_segment(
			p, &(struct lr_vnet){0}, v.bytes - LR_LAN_HEAD, v.len + LR_LAN_HEAD);
	return v.act == LR_LAN_DELIVER;
}

/* What a message held, on its way; the message's own header is gone then. */
static void deliver(struct lr_pump *p, const struct lr_wg_rx *rx)
{
	struct lr_node *node = p->node;
	if (rx->kind != LR_WG_RX_DATA)
		return;
	if (node->lan && !pass_lan(p, rx))
		return;
	lr_fit_came(node, rx->peer, rx->packet, rx->len);
	if (lr_merge_full(&p->merge))
		write_batch(p);
	LR_SPAN_OF(deliver, lr_merge_add(&p->merge, rx->packet, rx->len));
}

static void open_train(
	struct lr_pump *p, const struct lr_endpoint *src, uint8_t *buf, size_t len, size_t segment)
{
	struct lr_node *node = p->node;
	size_t at = 0;
	do {
		size_t n = len - at < segment ? len - at : segment;
		struct lr_wg_rx rx;
		LR_SPAN_OF(open, lr_wg_receive(node->wg, node->loop.now, src, buf + at, n, &rx));
		if (rx.kind == LR_WG_RX_CONTROL)
			lr_pump_settle(p, node->loop.now);
		deliver(p, &rx);
		at += n;
	} while (at < len);
}

/* A WireGuard message while a party runs. *heard is the member that was heard last in this train,
 * so that its paths are told once. */
static void open_in_party(struct lr_pump *p, const struct lr_endpoint *src, uint16_t socket,
	uint8_t *msg, size_t len, const struct lr_reach **heard)
{
	struct lr_node *node = p->node;
	struct lr_wg_rx rx;
	LR_SPAN_OF(open, lr_wg_receive(node->wg, node->loop.now, src, msg, len, &rx));
	if (rx.kind == LR_WG_RX_DROP && rx.drop == LR_WG_DROP_UNKNOWN_PEER)
		lr_party_hold(node->party, src, socket, msg, len);
	bool again = rx.kind == LR_WG_RX_DROP && rx.drop == LR_WG_DROP_REPLAY;
	bool good = rx.kind != LR_WG_RX_DROP;
	struct lr_reach *reach = (good || again) && rx.peer ? lr_pump_reach(rx.peer) : NULL;
	if (reach && (again || reach->copies))
		lr_copy_came(node, reach, src, socket, msg, len, again);
	if (reach && good && reach != *heard) {
		*heard = reach;
		lr_party_heard(node->party, reach, src, socket);
	}
	deliver(p, &rx);
	if (rx.kind == LR_WG_RX_CONTROL)
		lr_pump_settle(p, node->loop.now);
}

/* Each datagram of the train by itself. */
static void sort_train(struct lr_pump *p, const struct lr_endpoint *src, uint16_t socket,
	uint8_t *buf, size_t len, size_t segment)
{
	LR_SPAN(classify);
	struct lr_party *party = p->node->party;
	const struct lr_reach *heard = NULL;
	struct lr_endpoint via;
	size_t head;
	for (size_t at = 0; at < len; at += segment) {
		size_t n = len - at < segment ? len - at : segment;
		uint8_t *msg = buf + at;
		switch (lr_classify(msg, n)) {
		case LR_DATAGRAM_WG:
			open_in_party(p, src, socket, msg, n, &heard);
			break;
		case LR_DATAGRAM_FRAME:
			head = lr_party_frame(party, src, msg, n, &via);
			if (head)
				open_in_party(p, &via, 0, msg + head, n - head, &heard);
			break;
		case LR_DATAGRAM_STUN:
		case LR_DATAGRAM_PROBE:
			LR_SPAN_OF(party, lr_party_datagram(party, src, socket, msg, n));
			break;
		default:
			lr_party_foreign(party);
			break;
		}
	}
}

void lr_pump_take(
	struct lr_pump *p, const struct lr_endpoint *src, uint16_t socket, uint8_t *msg, size_t len)
{
	const struct lr_reach *heard = NULL;
	open_in_party(p, src, socket, msg, len, &heard);
	lr_pump_flush(p);
	write_batch(p);
}

void lr_pump_take_frame(struct lr_pump *p, const struct lr_endpoint *at, uint8_t *frame, size_t len)
{
	const struct lr_reach *heard = NULL;
	struct lr_endpoint via;
	size_t head = lr_party_frame(p->node->party, at, frame, len, &via);
	if (head)
		open_in_party(p, &via, 0, frame + head, len - head, &heard);
}

void lr_pump_taken(struct lr_pump *p)
{
	lr_pump_flush(p);
	write_batch(p);
	lr_pump_settle(p, p->node->loop.now);
}

/* What is ready on socket number `socket`, which may be closed meanwhile. */
static void receive(struct lr_pump *p, int fd, uint16_t socket, int most)
{
	size_t used = 0, taken = 0;
	for (int i = 0; i < most && taken < BATCH && (socket == 0 || lr_pump_socket(p, socket));
		i++) {
		struct lr_endpoint from;
		size_t segment;
		uint8_t *buf = p->arena + used;
		long n = LR_SPAN_OF(
			receive, lr_udp_recv(fd, buf, sizeof(p->arena) - used, &segment, &from));
		if (n == -EMSGSIZE)
			p->node->drops[LR_NODE_DROP_TRUNCATED]++;
		if (n == -EAGAIN)
			break;
		if (n < 0)
			continue;
		if (p->node->party)
			sort_train(p, &from, socket, buf, (size_t)n, segment);
		else
			open_train(p, &from, buf, (size_t)n, segment);
		taken += (size_t)n;
		used += ((size_t)n + 63) & ~(size_t)63;
		if (sizeof(p->arena) - used < DATAGRAM_ROOM) {
			write_batch(p);
			used = 0;
		}
	}
	lr_pump_flush(p);
	write_batch(p);
	lr_pump_settle(p, p->node->loop.now);
}

void lr_pump_udp_ready(struct lr_source *src, uint32_t events)
{
	struct lr_pump *p = src->ctx;
	(void)events;
	receive(p, src->fd, 0, lr_pump_take_most(p, &p->udp_at, RECEIVES));
}

/* A socket beside the tunnel's own. */
void lr_pump_more_ready(struct lr_source *src, uint32_t events)
{
	(void)events;
	receive(src->ctx, src->fd, lr_socket_of(src)->number, RECEIVES);
}
