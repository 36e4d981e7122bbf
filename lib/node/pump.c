/*
 * pump.c - see pump.h
 */
#include "lib/node/pump_inside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/base/log.h"
#include "lib/nat/classify.h"
#include "lib/node/copy.h"
#include "lib/node/fit.h"
#include "lib/node/party_wire.h"
#include "lib/node/refit.h"

enum {
	BURST_NS = 100 * 1000, /* wake-ups closer than this are one burst */
	READS = 64,            /* frames from the device before the sockets get a turn */
	RECEIVES = 64,         /* trains from a socket before the device gets one */
	DATAGRAM_ROOM = 65536, /* what must be left of the arena for one more receive */
};

/* How much to take in this wake-up. A game's packet comes alone: then asking for a second one is a
 * system call for nothing, and epoll tells if there was one after all. In a burst, all of it. */
static int take(struct lr_pump *p, uint64_t *last, int most)
{
	uint64_t now = p->node->loop.now, since = now - *last;
	*last = now;
	return since < BURST_NS ? most : 1;
}

/* ------------------------------------------------------------------ device to peer */

/* The paths to a member of the party; NULL: the peer is none. */
static struct lr_reach *reach_of(const struct lr_wg_peer *peer)
{
	const struct lr_node_peer *own = peer->owner;
	return own ? own->reach : NULL;
}

static struct lr_udp *socket_of(struct lr_pump *p, uint16_t number)
{
	struct lr_socket *k = number ? lr_sockets_get(&p->sockets, number) : NULL;
	if (number == 0)
		return &p->udp;
	return k ? &k->udp : NULL;
}

static int send_on_path(
	struct lr_pump *p, struct lr_path *path, const uint8_t *msg, size_t len, size_t segment)
{
	struct lr_udp *u = socket_of(p, path->route.socket);
	int r;
	if (path->route.channel &&
		lr_party_over_stream(p->node->party, &path->route.to, msg, len, segment, &r))
		return r;
	if (!u)
		return -ENOTCONN;
	lr_udp_whole(u, true);
	return lr_udp_send(u, &path->route.to, msg, len, segment);
}

/* `to` may have lost its sticky source while sending: then the peer's copy loses it too. */
static int send_to_peer(
	struct lr_pump *p, struct lr_wg_peer *peer, const uint8_t *msg, size_t len, size_t segment)
{
	struct lr_endpoint to = peer->endpoint;
	if (to.guest)
		return lr_party_send_guest(p->node->party, &to, msg, len, segment);
	lr_udp_whole(&p->udp, false); /* nobody knows what its path takes */
	int r = lr_udp_send(&p->udp, &to, msg, len, segment);
	if (to.from.family != peer->endpoint.from.family)
		lr_wg_peer_set_endpoint(peer, &to);
	return r;
}

/* The message with a frame's header in front of it; NULL when it is too long. */
static const uint8_t *relayed(struct lr_pump *p, const uint8_t *msg, size_t len, uint32_t channel)
{
	if (len > sizeof(p->relayed) - LR_FRAME_HEADER)
		return NULL;
	lr_frame_header(p->relayed, 0, channel);
	memcpy(p->relayed + LR_FRAME_HEADER, msg, len);
	return p->relayed;
}

/* The same messages over a second path. 0 or -errno. */
static int send_copy(
	struct lr_pump *p, struct lr_reach *reach, struct lr_path *second, const struct lr_copy *c)
{
	size_t at = 0, n, segment;
	int r = 0;
	if (!lr_copy_fits(c, second))
		return -EMSGSIZE;
	while (r == 0 && (n = lr_copy_next(c, &at, second, p->relayed, &segment)) > 0)
		r = send_on_path(p, second, p->relayed, n, segment);
	lr_copy_sent(p->node, reach, second, c, r);
	return r;
}

/* One message to a member, on the path in use. */
static int send_by_path(void *ctx, struct lr_wg_peer *peer, const uint8_t *msg, size_t len)
{
	struct lr_pump *p = ctx;
	struct lr_reach *reach = reach_of(peer);
	struct lr_path *path = lr_reach_current(reach);
	bool twice = lr_copy_wanted_own(p->node, len);
	struct lr_path *second = twice ? lr_redundant_second(&reach->paths) : NULL;
	const struct lr_copy c = {msg, len, len, 0, 1};
	if (!path)
		return -EDESTADDRREQ;
	if (path->route.channel) {
		msg = relayed(p, msg, len, path->route.channel);
		len += LR_FRAME_HEADER;
	}
	int r = msg ? send_on_path(p, path, msg, len, len) : -EMSGSIZE;
	lr_party_sent(p->node->party, reach, path, r, len);
	return second && send_copy(p, reach, second, &c) == 0 ? 0 : r;
}

static unsigned refit(struct lr_pump *p, struct lr_wg_peer *peer, const uint8_t *msgs, size_t len,
	size_t segment, size_t head)
{
	const struct lr_refit again = {p->node->wg, p->node->loop.now, peer, send_by_path, p};
	return lr_refit(&again, msgs, len, segment, head);
}

static void flush_train(struct lr_pump *p)
{
	struct lr_train *t = &p->train;
	if (t->count) {
		struct lr_reach *reach = t->twice ? reach_of(t->peer) : NULL;
		struct lr_path *second = reach ? lr_redundant_second(&reach->paths) : NULL;
		const struct lr_copy c = {t->buf, t->len, t->segment, t->head, t->count};
		int r = t->path ? send_on_path(p, t->path, t->buf, t->len, t->segment)
				: send_to_peer(p, t->peer, t->buf, t->len, t->segment);
		if (t->path)
			lr_party_sent(p->node->party, reach_of(t->peer), t->path, r, t->segment);
		if (second && send_copy(p, reach, second, &c) == 0)
			r = 0;
		if (r == -EMSGSIZE && t->path)
			p->node->drops[LR_NODE_DROP_SEND] +=
				refit(p, t->peer, t->buf, t->len, t->segment, t->head);
		else if (r < 0)
			p->node->drops[LR_NODE_DROP_SEND] += t->count;
	}
	t->count = 0;
	t->len = 0;
	t->closed = false;
}

/* Makes the train one that can take a message of up to `sealed` bytes for `peer`. */
static void train_for(struct lr_pump *p, struct lr_wg_peer *peer, size_t sealed, bool twice)
{
	struct lr_train *t = &p->train;
	size_t need = sealed + t->head;
	if (t->count && (t->peer != peer || t->twice != twice || t->closed || need > t->segment ||
				t->count == LR_TRAIN_COUNT || t->len + need > LR_TRAIN_BYTES))
		flush_train(p);
	if (t->count)
		return;
	struct lr_reach *reach = reach_of(peer);
	t->peer = peer;
	t->path = reach ? lr_reach_current(reach) : NULL;
	t->twice = twice;
	t->head = t->path && t->path->route.channel ? LR_FRAME_HEADER : 0;
}

/* Seals the packet that lies at the train's end behind the head room. */
static void seal_into_train(struct lr_pump *p, size_t len)
{
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

/* The peer that has the packet's destination. */
static struct lr_wg_peer *route(const struct lr_node *node, const uint8_t *packet)
{
	return packet[0] >> 4 == 6 ? lr_wg_route(node->wg, 6, packet + 24)
				   : lr_wg_route(node->wg, 4, packet + 16);
}

/* What was begun to be cut, to that peer. How many packets it became. */
static unsigned send_cut(struct lr_pump *p, struct lr_wg_peer *peer)
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
	bool twice = node->redundant && reach_of(peer) &&
		     lr_copy_wanted(node, reach_of(peer), c->split.frame, c->split.len);
	for (;; count++) {
		train_for(p, peer, sealed, twice);
		size_t n = lr_cut_next(c, p->train.buf + p->train.len + p->train.head + LR_WG_HEAD);
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
	struct lr_wg_peer *peer = route(node, packet);
	if (peer)
		node->device_rx_packets += send_cut(p, peer);
	else
		lr_wg_count_drop(node->wg, NULL, LR_WG_DROP_NO_PEER);
}

/* Takes the Ethernet header off. False: not IP, dropped. */
static bool strip_ethernet(struct lr_pump *p, struct lr_vnet *h, uint8_t **packet, size_t *len)
{
	uint16_t type = *len >= LR_ETH_HEAD ? lr_get_be16(*packet + 12) : 0;
	if (type != LR_ETH_IP4 && type != LR_ETH_IP6) {
		p->node->drops[LR_NODE_DROP_ETHERTYPE]++;
		return false;
	}
	*packet += LR_ETH_HEAD;
	*len -= LR_ETH_HEAD;
	if (h->flags & LR_VNET_NEEDS_CSUM)
		h->csum_start = (uint16_t)(h->csum_start - LR_ETH_HEAD);
	return true;
}

void lr_pump_device_ready(struct lr_source *src, uint32_t events)
{
	struct lr_pump *p = src->ctx;
	int most = take(p, &p->device_at, READS);
	(void)events;
	for (int i = 0; i < most; i++) {
		struct lr_vnet h;
		ssize_t n = lr_tun_read(&p->tun, &h, p->frame, sizeof(p->frame));
		if (n == -EAGAIN || n == -EINTR)
			break;
		if (n < 0) {
			lr_log(LR_LOG_ERROR, "%s: the interface is gone: %s", p->node->iface,
				strerror((int)-n));
			p->node->loop.stop = true;
			break;
		}
		uint8_t *packet = p->frame;
		size_t len = (size_t)n;
		if (!p->tun.tap || strip_ethernet(p, &h, &packet, &len))
			send_frame(p, &h, packet, len);
	}
	flush_train(p);
}

/* ------------------------------------------------------------------ peer to device */

static void write_group(struct lr_pump *p, unsigned g)
{
	struct lr_merge_group *group = &p->merge.groups[g];
	int skip = p->tun.tap ? 1 : 0;
	int n = lr_merge_frame(&p->merge, g, p->iov + skip) + skip;
	if (p->tun.tap) {
		uint16_t type = group->packet[0] >> 4 == 6 ? LR_ETH_IP6 : LR_ETH_IP4;
		lr_put_be16(p->eth + 12, type);
		p->iov[1] = (struct iovec){p->eth, LR_ETH_HEAD};
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

/* What a guest has for another peer, or a member for a guest, goes on through the tunnel: a guest
 * knows only us. Whether it was that. */
static bool pass_on(struct lr_pump *p, const struct lr_wg_rx *rx)
{
	static const struct lr_vnet whole;
	struct lr_wg_peer *to = route(p->node, rx->packet);
	if (!to || to == rx->peer || (!lr_node_is_guest(rx->peer) && !lr_node_is_guest(to)))
		return false;
	if (lr_cut_begin(&p->cut, &whole, rx->packet, rx->len) == 0)
		send_cut(p, to);
	return true;
}

/* Opens one message in place. */
static void open_one(struct lr_pump *p, const struct lr_endpoint *src, uint8_t *msg, size_t len,
	struct lr_wg_rx *rx)
{
	struct lr_node *node = p->node;
	lr_wg_receive(node->wg, node->loop.now, src, msg, len, rx);
	if (rx->kind == LR_WG_RX_CONTROL && !node->party)
		lr_pump_settle(p, node->loop.now);
	if (rx->kind != LR_WG_RX_DATA || (node->n_guests && pass_on(p, rx)))
		return;
	lr_fit_came(node, rx->peer, rx->packet, rx->len);
	if (lr_merge_full(&p->merge))
		write_batch(p);
	lr_merge_add(&p->merge, rx->packet, rx->len);
}

static void open_train(
	struct lr_pump *p, const struct lr_endpoint *src, uint8_t *buf, size_t len, size_t segment)
{
	size_t at = 0;
	do {
		size_t n = len - at < segment ? len - at : segment;
		struct lr_wg_rx rx;
		open_one(p, src, buf + at, n, &rx);
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
	open_one(p, src, msg, len, &rx);
	if (rx.kind == LR_WG_RX_DROP && rx.drop == LR_WG_DROP_UNKNOWN_PEER)
		lr_party_hold(node->party, src, socket, msg, len);
	bool again = rx.kind == LR_WG_RX_DROP && rx.drop == LR_WG_DROP_REPLAY;
	bool good = rx.kind != LR_WG_RX_DROP;
	struct lr_reach *reach = (good || again) && rx.peer ? reach_of(rx.peer) : NULL;
	if (reach && (again || reach->copies))
		lr_copy_came(node, reach, src, socket, msg, len, again);
	if (reach && good && reach != *heard) {
		*heard = reach;
		lr_party_heard(node->party, reach, src, socket);
	}
	if (rx.kind == LR_WG_RX_CONTROL)
		lr_pump_settle(p, node->loop.now);
}

/* Each datagram of the train by itself. */
static void sort_train(struct lr_pump *p, const struct lr_endpoint *src, uint16_t socket,
	uint8_t *buf, size_t len, size_t segment)
{
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
			lr_party_datagram(party, src, socket, msg, n);
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
	flush_train(p);
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
	flush_train(p);
	write_batch(p);
	lr_pump_settle(p, p->node->loop.now);
}

/* What is ready on socket number `socket`, which may be closed meanwhile. */
static void receive(struct lr_pump *p, int fd, uint16_t socket, int most)
{
	size_t used = 0;
	for (int i = 0; i < most && (socket == 0 || socket_of(p, socket)); i++) {
		struct lr_endpoint from;
		size_t segment;
		uint8_t *buf = p->arena + used;
		long n = lr_udp_recv(fd, buf, sizeof(p->arena) - used, &segment, &from);
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
		used += ((size_t)n + 63) & ~(size_t)63;
		if (sizeof(p->arena) - used < DATAGRAM_ROOM) {
			write_batch(p);
			used = 0;
		}
	}
	flush_train(p);
	write_batch(p);
	lr_pump_settle(p, p->node->loop.now);
}

void lr_pump_udp_ready(struct lr_source *src, uint32_t events)
{
	struct lr_pump *p = src->ctx;
	(void)events;
	receive(p, src->fd, 0, take(p, &p->udp_at, RECEIVES));
}

/* A socket beside the tunnel's own. */
static void more_ready(struct lr_source *src, uint32_t events)
{
	(void)events;
	receive(src->ctx, src->fd, lr_socket_of(src)->number, RECEIVES);
}

/* ------------------------------------------------------------------ life */

static int send_to(struct lr_pump *p, struct lr_wg_tx *tx)
{
	if (tx->to.guest)
		return lr_party_send_guest(p->node->party, &tx->to, tx->msg, tx->len, tx->len);
	if (!tx->to.channel)
		return lr_udp_send(&p->udp, &tx->to, tx->msg, tx->len, tx->len);
	size_t len = tx->len + LR_FRAME_HEADER;
	const uint8_t *frame = relayed(p, tx->msg, tx->len, tx->to.channel);
	int r;
	if (lr_party_over_stream(p->node->party, &tx->to, frame, len, len, &r))
		return r;
	return lr_udp_send(&p->udp, &tx->to, frame, len, len);
}

/* A message that lib/wg wants to send by itself. While no path to a member is known, what answers
 * it goes back the way that it came, unless that would show a hidden address. */
static int send_own(struct lr_pump *p, struct lr_wg_tx *tx)
{
	struct lr_reach *reach = tx->peer ? reach_of(tx->peer) : NULL;
	if (!tx->peer)
		return send_to(p, tx);
	if (!reach)
		return send_to_peer(p, tx->peer, tx->msg, tx->len, tx->len);
	if (!lr_reach_current(reach))
		return tx->to.sa.sa_family != AF_UNSPEC &&
				       (tx->to.channel || !lr_reach_hidden(reach))
			       ? send_to(p, tx)
			       : -EDESTADDRREQ;
	int r = send_by_path(p, tx->peer, tx->msg, tx->len);
	bool lost = r == -EMSGSIZE && refit(p, tx->peer, tx->msg, tx->len, tx->len, 0);
	return r == -EMSGSIZE && !lost ? 0 : r;
}

void lr_pump_settle(struct lr_pump *p, uint64_t now)
{
	struct lr_wg_tx tx;
	while (lr_wg_poll(p->node->wg, now, &tx))
		if (send_own(p, &tx) < 0)
			p->node->drops[LR_NODE_DROP_SEND]++;
}

int lr_pump_send(struct lr_pump *p, uint16_t socket, const struct lr_endpoint *to,
	const uint8_t *datagram, size_t len, bool whole)
{
	struct lr_udp *u = socket_of(p, socket);
	struct lr_endpoint where = *to;
	if (!u)
		return -ENOTCONN;
	if (whole)
		lr_udp_whole(u, true);
	return lr_udp_send(u, &where, datagram, len, len);
}

int lr_pump_socket_open(struct lr_pump *p, uint16_t number)
{
	return lr_sockets_open(&p->sockets, &p->node->loop, number, p->node->fwmark, more_ready, p);
}

void lr_pump_socket_close(struct lr_pump *p, uint16_t number)
{
	lr_sockets_close(&p->sockets, &p->node->loop, number);
}
