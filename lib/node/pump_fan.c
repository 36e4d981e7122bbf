/*
 * pump_fan.c - one packet to many peers
 *
 * A copy is sealed for each of them, one behind the other in one buffer, and only then are all
 * sent: the last leaves as soon after the first as the system can. What is too long for a peer's
 * path is cut as a packet to it alone would be.
 */
#include <errno.h>
#include <string.h>

#include "lib/node/fit.h"
#include "lib/node/pump_inside.h"
#include "lib/node/party_wire.h"

static void send_one(struct lr_pump *p, const struct lr_fan_copy *c)
{
	uint8_t *msg = p->fan.buf + c->at;
	struct lr_reach *reach = lr_pump_reach(c->peer);
	struct lr_path *second = c->service.twice ? lr_redundant_second(&reach->paths) : NULL;
	const struct lr_copy copy = {msg, c->len, c->len, c->head, 1};
	p->tos = c->service.tos;
	int r = c->path ? lr_pump_on_path(p, c->path, msg, c->len, c->len)
			: lr_pump_to_peer(p, c->peer, msg, c->len, c->len);

	if (c->path)
		lr_party_sent(p->node->party, reach, c->path, r, c->len);
	if (second && lr_pump_copy(p, reach, second, &copy) == 0)
		r = 0;
	if (r == -EMSGSIZE && c->path)
		p->node->drops[LR_NODE_DROP_SEND] +=
			lr_pump_refit(p, c->peer, msg, c->len, c->len, c->head);
	else if (r < 0)
		p->node->drops[LR_NODE_DROP_SEND]++;
}

static void fan_flush(struct lr_pump *p)
{
	for (unsigned i = 0; i < p->fan.count; i++)
		send_one(p, &p->fan.copies[i]);
	p->tos = 0;
	p->fan.count = 0;
	p->fan.len = 0;
}

/* Room for a packet of `len` bytes for the peer, behind the head; to be sealed by seal(). */
static uint8_t *room_for(struct lr_pump *p, struct lr_wg_peer *peer, size_t len)
{
	struct lr_fan *f = &p->fan;
	size_t need = LR_FRAME_HEADER + LR_WG_OVERHEAD + LR_WG_PAD + len;

	if (f->count == LR_FAN_COPIES || f->len + need > sizeof(f->buf))
		fan_flush(p);
	struct lr_reach *reach = lr_pump_reach(peer);
	struct lr_path *path = reach ? lr_reach_current(reach) : NULL;
	f->copies[f->count] = (struct lr_fan_copy){
		.peer = peer,
		.path = path,
		.at = f->len,
		.head = path && path->route.channel ? LR_FRAME_HEADER : 0,
	};
	return f->buf + f->len + f->copies[f->count].head + LR_WG_HEAD;
}

/* The packet is where room_for() said. */
static void seal(struct lr_pump *p, size_t len)
{
	struct lr_fan *f = &p->fan;
	struct lr_fan_copy *c = &f->copies[f->count];
	struct lr_node *node = p->node;
	uint8_t *msg = f->buf + c->at + c->head;

	c->service = lr_pump_service(node, c->peer, msg + LR_WG_HEAD, len);
	int n = lr_wg_seal(
		node->wg, node->loop.now, c->peer, msg, len, lr_fit_padded(node, c->peer, len));
	if (n == -ENOKEY)
		lr_wg_stage(node->wg, node->loop.now, c->peer, msg + LR_WG_HEAD, len);
	if (n < 0)
		return;
	if (c->head)
		lr_frame_header(msg - c->head, 0, c->path->route.channel);
	c->len = (size_t)n + c->head;
	f->len += (c->len + 15) & ~(size_t)15;
	f->count++;
}

static void in_pieces(
	struct lr_pump *p, struct lr_wg_peer *peer, const uint8_t *packet, size_t len, size_t limit)
{
	struct lr_fragment fragment;
	size_t n;

	if (lr_fragment_begin(&fragment, packet, len, limit, p->cut.id++) < 0) {
		p->node->drops[LR_NODE_DROP_MALFORMED]++;
		return;
	}
	while ((n = lr_fragment_next(&fragment, room_for(p, peer, limit))))
		seal(p, n);
}

static void to_one(struct lr_pump *p, struct lr_wg_peer *peer, const uint8_t *packet, size_t len)
{
	size_t limit = lr_fit_limit(p->node, peer);

	if (len > LR_FAN_PACKET) {
		p->node->drops[LR_NODE_DROP_MALFORMED]++;
	} else if (limit && len > limit) {
		in_pieces(p, peer, packet, len, limit);
	} else {
		memcpy(room_for(p, peer, len), packet, len);
		seal(p, len);
	}
}

static void to_each(
	struct lr_pump *p, const struct lr_lan_verdict *v, const uint8_t *packet, size_t len)
{
	struct lr_lan *lan = p->node->lan;

	for (struct lr_lan_member *m = NULL; (m = lr_lan_next(lan, v, m));)
		to_one(p, lr_lan_owner(m), packet, len);
	fan_flush(p);
}

void lr_pump_fan_on(struct lr_pump *p, const struct lr_lan_verdict *v)
{
	lr_pump_flush(p);
	to_each(p, v, v->bytes, v->len);
}

void lr_pump_fan_out(struct lr_pump *p, const struct lr_vnet *h, const struct lr_lan_verdict *v)
{
	size_t len;

	if (lr_cut_begin(&p->cut, h, v->bytes, v->len) < 0) {
		p->node->drops[LR_NODE_DROP_MALFORMED]++;
		return;
	}
	lr_pump_flush(p); /* what is sealed already goes first */
	while ((len = lr_cut_next(&p->cut, p->packet))) {
		p->node->device_rx_packets++;
		to_each(p, v, p->packet, len);
	}
}

/* The frame lies in p->packet, behind the room for EtherIP's headers. */
static void wrap_for_each(struct lr_pump *p, const struct lr_lan_verdict *v, size_t frame_len)
{
	struct lr_lan *lan = p->node->lan;

	p->node->device_rx_packets++;
	for (struct lr_lan_member *m = NULL; (m = lr_lan_next(lan, v, m));) {
		size_t len = frame_len;
		const uint8_t *packet = lr_lan_wrap(lan, m, p->packet + LR_LAN_ROOM, &len);
		if (packet)
			to_one(p, lr_lan_owner(m), packet, len);
	}
	fan_flush(p);
}

/* IP of which an interface left the checksum, or the cutting, to others. */
static void fan_offloaded(
	struct lr_pump *p, const struct lr_vnet *h, const struct lr_lan_verdict *v)
{
	uint8_t *frame = p->packet + LR_LAN_ROOM;
	struct lr_vnet inner = *h;
	size_t len;

	inner.csum_start = (uint16_t)(h->csum_start - LR_LAN_HEAD);
	if (lr_cut_begin(&p->cut, &inner, v->bytes + LR_LAN_HEAD, v->len - LR_LAN_HEAD) < 0) {
		p->node->drops[LR_NODE_DROP_MALFORMED]++;
		return;
	}
	memcpy(frame, v->bytes, LR_LAN_HEAD);
	while ((len = lr_cut_next(&p->cut, frame + LR_LAN_HEAD)))
		wrap_for_each(p, v, LR_LAN_HEAD + len);
}

void lr_pump_fan_frame(struct lr_pump *p, const struct lr_vnet *h, const struct lr_lan_verdict *v)
{
	bool ip = v->len > LR_LAN_HEAD &&
		  (v->bytes[LR_LAN_HEAD] >> 4 == 4 || v->bytes[LR_LAN_HEAD] >> 4 == 6);
	bool offloaded = h->flags & LR_VNET_NEEDS_CSUM || h->gso_type != LR_VNET_GSO_NONE;

	lr_pump_flush(p);
	if (offloaded && ip) {
		fan_offloaded(p, h, v);
		return;
	}
	memcpy(p->packet + LR_LAN_ROOM, v->bytes, v->len);
	wrap_for_each(p, v, v->len);
}
