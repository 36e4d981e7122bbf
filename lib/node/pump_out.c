/*
 * pump_out.c - from the device to the peers
 *
 * A frame is cut into packets, each is sealed at the end of the train, and the train leaves when it
 * is full, when the next packet is another peer's, and when the device has nothing more.
 */
#include <errno.h>
#include <string.h>

#include "lib/lan/captured.h"
#include "lib/net/ip.h"
#include "lib/node/overhear.h"
#include "lib/node/copy.h"
#include "lib/node/fit.h"
#include "lib/node/party_wire.h"
#include "lib/node/play_on.h"
#include "lib/node/pump_inside.h"

void lr_pump_flush(struct lr_pump *p)
{
	struct lr_train *t = &p->train;
	if (t->count) {
		LR_SPAN(send);
		struct lr_reach *reach = t->service.twice ? lr_pump_reach(t->peer) : NULL;
		struct lr_path *second = reach ? lr_redundant_second(&reach->paths) : NULL;
		const struct lr_copy c = {t->buf, t->len, t->segment, t->head, t->count};
		p->tos = t->service.tos;
		int r = t->path ? lr_pump_on_path(p, t->path, t->buf, t->len, t->segment)
				: lr_pump_to_peer(p, t->peer, t->buf, t->len, t->segment);
		if (t->path)
			lr_party_sent(
				p->node->party, lr_pump_reach(t->peer), t->path, r, t->segment);
		if (second && lr_pump_copy(p, reach, second, &c) == 0)
			r = 0;
		if (r == -EMSGSIZE && t->path)
			p->node->drops[LR_NODE_DROP_SEND] +=
				lr_pump_refit(p, t->peer, t->buf, t->len, t->segment, t->head);
		else if (r < 0)
			p->node->drops[LR_NODE_DROP_SEND] += t->count;
	}
	p->tos = 0;
	t->count = 0;
	t->len = 0;
	t->closed = false;
}

/* Makes the train one that can take a message of up to `sealed` bytes for `peer`. */
static void train_for(
	struct lr_pump *p, struct lr_wg_peer *peer, size_t sealed, struct lr_service service)
{
	struct lr_train *t = &p->train;
	size_t need = sealed + t->head;
	if (t->count && (t->peer != peer || t->service.twice != service.twice ||
				t->service.tos != service.tos || t->closed || need > t->segment ||
				t->count == LR_TRAIN_COUNT || t->len + need > LR_TRAIN_BYTES))
		lr_pump_flush(p);
	if (t->count)
		return;
	struct lr_reach *reach = lr_pump_reach(peer);
	t->peer = peer;
	t->path = reach ? lr_reach_current(reach) : NULL;
	t->service = service;
	t->head = t->path && t->path->route.channel ? LR_FRAME_HEADER : 0;
}

/* Seals the packet that lies at the train's end behind the head room. */
static void seal_into_train(struct lr_pump *p, size_t len)
{
	LR_SPAN(seal);
	struct lr_train *t = &p->train;
	struct lr_node *node = p->node;
	uint8_t *msg = t->buf + t->len + t->head;
	size_t max = lr_fit_padded(node, t->peer, len);
	int n = lr_wg_seal(node->wg, node->loop.now, t->peer, msg, len, max);
	if (n == -ENOKEY) {
		lr_wg_stage(node->wg, node->loop.now, t->peer, msg + LR_WG_HEAD, len);
		return;
	}
	if (n < 0)
		return;
	if (t->head) {
		lr_frame_header(msg - t->head, 0, t->path->route.channel);
		n += (int)t->head;
	}
	if (t->count == 0)
		t->segment = (size_t)n;
	t->closed = (size_t)n < t->segment;
	t->len += (size_t)n;
	t->count++;
}

struct lr_wg_peer *lr_pump_route(const struct lr_node *node, const uint8_t *packet)
{
	LR_SPAN(route);
	return packet[0] >> 4 == 6 ? lr_wg_route(node->wg, 6, packet + 24)
				   : lr_wg_route(node->wg, 4, packet + 16);
}

struct lr_service lr_pump_service(
	struct lr_node *node, const struct lr_wg_peer *peer, const uint8_t *packet, size_t len)
{
	struct lr_reach *reach = node->redundant || node->play ? lr_pump_reach(peer) : NULL;
	bool marked = lr_packet_dscp(packet) == LR_DSCP_EF;
	bool twice = reach && ((node->redundant && lr_copy_wanted(node, reach, packet, len)) ||
				      lr_play_twice(node, packet, len));

	return (struct lr_service){.twice = twice, .tos = marked ? LR_DSCP_EF << 2 : 0};
}

unsigned lr_pump_send_cut(struct lr_pump *p, struct lr_wg_peer *peer)
{
	struct lr_node *node = p->node;
	struct lr_cut *c = &p->cut;
	unsigned count = 0;
	size_t limit = lr_fit_limit(node, peer);
	if (limit)
		lr_cut_fit(c, limit);
	size_t sealed = lr_fit_sealed(node, peer, lr_cut_max(c));
	if (sealed + LR_FRAME_HEADER > LR_TRAIN_BYTES) {
		node->drops[LR_NODE_DROP_MALFORMED]++;
		return 0;
	}
	const struct lr_service service = lr_pump_service(node, peer, c->split.frame, c->split.len);
	for (;; count++) {
		train_for(p, peer, sealed, service);
		uint8_t *at = p->train.buf + p->train.len + p->train.head + LR_WG_HEAD;
		size_t n = LR_SPAN_OF(cut, lr_cut_next(c, at));
		if (n == 0)
			break;
		seal_into_train(p, n);
	}
	node->drops[LR_NODE_DROP_MALFORMED] += lr_cut_refused(c);
	return count;
}

static void send_frame(struct lr_pump *p, const struct lr_vnet *h, uint8_t *packet, size_t len)
{
	struct lr_node *node = p->node;
	if (lr_cut_begin(&p->cut, h, packet, len) < 0) {
		node->drops[LR_NODE_DROP_MALFORMED]++;
		return;
	}
	struct lr_wg_peer *peer = lr_pump_route(node, packet);
	if (peer)
		node->device_rx_packets += lr_pump_send_cut(p, peer);
	else
		lr_wg_count_drop(node->wg, NULL, LR_WG_DROP_NO_PEER);
}

void lr_pump_by_verdict(
	struct lr_pump *p, struct lr_vnet *h, const uint8_t *frame, const struct lr_lan_verdict *v)
{
	bool ip = v->act == LR_LAN_ROUTE || v->act == LR_LAN_COPIES;
	if (ip && h->flags & LR_VNET_NEEDS_CSUM)
		h->csum_start = (uint16_t)(h->csum_start - (v->bytes - frame));
	switch (v->act) {
	case LR_LAN_ROUTE:
		send_frame(p, h, v->bytes, v->len);
		break;
	case LR_LAN_COPIES:
		lr_pump_fan_out(p, h, v);
		break;
	case LR_LAN_WRAP:
		lr_pump_fan_frame(p, h, v);
		break;
	default:
		break;
	}
}

/* The same by the rules of the virtual Ethernet. */
static void send_by_lan(struct lr_pump *p, struct lr_vnet *h, uint8_t *frame, size_t len)
{
	struct lr_node *node = p->node;
	struct lr_lan_verdict v;
	lr_lan_out(node->lan, node->loop.now, frame, len, h->flags & LR_VNET_NEEDS_CSUM, &v);
	if (v.also & LR_LAN_SEGMENT)
		lr_pump_segment(p, h, frame, len);
	if (v.act == LR_LAN_COPIES)
		lr_overhear_own(node, v.bytes, v.len);
	if (v.act == LR_LAN_ANSWER)
		lr_pump_write(p, v.bytes, v.len);
	else
		lr_pump_by_verdict(p, h, frame, &v);
}

/* It is said again as if our own interface had given it. */
static void keep(struct lr_pump *p, const struct lr_lan_verdict *v)
{
	struct {
		struct lr_vnet vnet;
		uint8_t bytes[LR_LAN_HEAD + LR_CAPTURED_BYTES];
	} f = {{0}, {0}};
	size_t head = p->tun.tap ? LR_LAN_HEAD : 0;

	if (v->len > LR_CAPTURED_BYTES)
		return;
	memcpy(f.bytes, v->bytes - head, head + v->len);
	lr_play_keep(p->node, v->bytes, v->len, &f, sizeof(f.vnet) + head + v->len);
}

void lr_pump_captured(struct lr_pump *p, uint64_t now, uint8_t *packet, size_t len)
{
	static const struct lr_vnet whole;
	struct lr_lan_verdict v;

	lr_lan_out_captured(p->node->lan, now, packet, len, &v);
	if (v.also & LR_LAN_SEGMENT)
		lr_pump_segment(p, &whole, v.bytes - LR_LAN_HEAD, v.len + LR_LAN_HEAD);
	if (v.act != LR_LAN_COPIES)
		return;
	keep(p, &v);
	lr_pump_fan_out(p, &whole, &v);
}

void lr_pump_frame(struct lr_pump *p, struct lr_vnet *h, uint8_t *frame, size_t len)
{
	if (p->node->lan)
		send_by_lan(p, h, frame, len);
	else
		send_frame(p, h, frame, len);
}
