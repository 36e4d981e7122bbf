/*
 * pump.c - what both directions need, and what goes out a message at a time; see pump.h
 */
#include <errno.h>
#include <string.h>

#include "lib/node/copy.h"
#include "lib/node/party_wire.h"
#include "lib/node/pump_inside.h"
#include "lib/node/refit.h"

enum { BURST_NS = 100 * 1000 }; /* wake-ups closer than this are one burst */

/* How much to take in this wake-up. A game's packet comes alone: then asking for a second one is a
 * system call for nothing, and epoll tells if there was one after all. In a burst, all of it. */
int lr_pump_take_most(struct lr_pump *p, uint64_t *last, int most)
{
	uint64_t now = p->node->loop.now, since = now - *last;
	*last = now;
	return since < BURST_NS ? most : 1;
}

struct lr_udp *lr_pump_socket(struct lr_pump *p, uint16_t number)
{
	struct lr_socket *k = number ? lr_sockets_get(&p->sockets, number) : NULL;
	if (number == 0)
		return &p->udp;
	return k ? &k->udp : NULL;
}

static int send_paced(struct lr_pump *p, struct lr_udp *u, struct lr_endpoint *to,
	const uint8_t *msg, size_t len, size_t segment)
{
	unsigned count = (unsigned)((len + segment - 1) / segment);
	unsigned family = to->sa.sa_family == AF_INET6 ? 6 : 4;

	lr_pace_sent(&p->pace, p->node->loop.now, len, count, family);
	u->tos = p->tos;
	int r = lr_udp_send(u, to, msg, len, segment);
	u->tos = 0;
	return r;
}

int lr_pump_on_path(
	struct lr_pump *p, struct lr_path *path, const uint8_t *msg, size_t len, size_t segment)
{
	struct lr_udp *u = lr_pump_socket(p, path->route.socket);
	int r;
	if (path->route.channel &&
		lr_party_over_stream(p->node->party, &path->route.to, msg, len, segment, &r))
		return r;
	if (!u)
		return -ENOTCONN;
	lr_udp_whole(u, true);
	return send_paced(p, u, &path->route.to, msg, len, segment);
}

/* `to` may have lost its sticky source while sending: then the peer's copy loses it too. */
int lr_pump_to_peer(
	struct lr_pump *p, struct lr_wg_peer *peer, const uint8_t *msg, size_t len, size_t segment)
{
	struct lr_endpoint to = peer->endpoint;
	if (to.guest)
		return lr_party_send_guest(p->node->party, &to, msg, len, segment);
	lr_udp_whole(&p->udp, false); /* nobody knows what its path takes */
	int r = send_paced(p, &p->udp, &to, msg, len, segment);
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

int lr_pump_copy(
	struct lr_pump *p, struct lr_reach *reach, struct lr_path *second, const struct lr_copy *c)
{
	size_t at = 0, n, segment;
	int r = 0;
	if (!lr_copy_fits(c, second))
		return -EMSGSIZE;
	while (r == 0 && (n = lr_copy_next(c, &at, second, p->relayed, &segment)) > 0)
		r = lr_pump_on_path(p, second, p->relayed, n, segment);
	lr_copy_sent(p->node, reach, second, c, r);
	return r;
}

/* One message to a member, on the path in use. */
static int send_by_path(void *ctx, struct lr_wg_peer *peer, const uint8_t *msg, size_t len)
{
	struct lr_pump *p = ctx;
	struct lr_reach *reach = lr_pump_reach(peer);
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
	int r = msg ? lr_pump_on_path(p, path, msg, len, len) : -EMSGSIZE;
	lr_party_sent(p->node->party, reach, path, r, len);
	return second && lr_pump_copy(p, reach, second, &c) == 0 ? 0 : r;
}

unsigned lr_pump_refit(struct lr_pump *p, struct lr_wg_peer *peer, const uint8_t *msgs, size_t len,
	size_t segment, size_t head)
{
	const struct lr_refit again = {p->node->wg, p->node->loop.now, peer, send_by_path, p};
	return lr_refit(&again, msgs, len, segment, head);
}

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
	struct lr_reach *reach = tx->peer ? lr_pump_reach(tx->peer) : NULL;
	if (!tx->peer)
		return send_to(p, tx);
	if (!reach)
		return lr_pump_to_peer(p, tx->peer, tx->msg, tx->len, tx->len);
	if (!lr_reach_current(reach))
		return tx->to.sa.sa_family != AF_UNSPEC &&
				       (tx->to.channel || !lr_reach_hidden(reach))
			       ? send_to(p, tx)
			       : -EDESTADDRREQ;
	int r = send_by_path(p, tx->peer, tx->msg, tx->len);
	bool lost = r == -EMSGSIZE && lr_pump_refit(p, tx->peer, tx->msg, tx->len, tx->len, 0);
	return r == -EMSGSIZE && !lost ? 0 : r;
}

void lr_pump_settle(struct lr_pump *p, uint64_t now)
{
	LR_SPAN(settle);
	struct lr_wg_tx tx;
	while (lr_wg_poll(p->node->wg, now, &tx))
		if (send_own(p, &tx) < 0)
			p->node->drops[LR_NODE_DROP_SEND]++;
}

void lr_pump_ask(struct lr_pump *p, uint64_t now)
{
	uint8_t *frame;
	size_t len;
	while (p->node->lan && (len = lr_lan_poll(p->node->lan, now, &frame))) {
		lr_pump_write(p, frame, len);
		if (lr_lan_carries(p->node->lan))
			lr_pump_segment(p, &(struct lr_vnet){0}, frame, len);
	}
	while (p->node->lan && (len = lr_lan_hello(p->node->lan, now, &frame)))
		lr_pump_segment(p, &(struct lr_vnet){0}, frame, len);
	lr_pump_machines(p);
}

int lr_pump_send(struct lr_pump *p, uint16_t socket, const struct lr_endpoint *to,
	const uint8_t *datagram, size_t len, bool whole)
{
	struct lr_udp *u = lr_pump_socket(p, socket);
	struct lr_endpoint where = *to;
	if (!u)
		return -ENOTCONN;
	if (whole)
		lr_udp_whole(u, true);
	return lr_udp_send(u, &where, datagram, len, len);
}

int lr_pump_socket_open(struct lr_pump *p, uint16_t number)
{
	return lr_sockets_open(
		&p->sockets, &p->node->loop, number, p->node->fwmark, lr_pump_more_ready, p);
}

void lr_pump_socket_close(struct lr_pump *p, uint16_t number)
{
	lr_sockets_close(&p->sockets, &p->node->loop, number);
}
