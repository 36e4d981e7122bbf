/*
 * send.c - what goes out: sealing, staging, and the queue behind lr_wg_poll()
 *
 * Theory of operation. Replies (responses, cookie replies) wait in a ring, since they are made
 * while a message is received; at most one a message, and the oldest goes when nobody polls. All
 * else waits as a wish of its peer: an initiation, staged packets, a keepalive. A peer with a wish
 * is on the ready list once, and the message is made when it is asked for, so that nothing
 * multiplies. Within a peer: initiation, staged packets in their order, and a keepalive only when
 * no staged packet did its work.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/wg/timers.h"

/* --- wishes --- */

static void make_ready(struct lr_peer *peer)
{
	struct lr_wg *wg = peer->wg;
	if (peer->ready)
		return;
	peer->ready = true;
	peer->ready_next = NULL;
	*wg->ready_end = peer;
	wg->ready_end = &peer->ready_next;
}

static void pop_ready(struct lr_wg *wg)
{
	struct lr_peer *peer = wg->ready;
	wg->ready = peer->ready_next;
	if (!wg->ready)
		wg->ready_end = &wg->ready;
	peer->ready = false;
}

static bool has_endpoint(const struct lr_peer *peer)
{
	return peer->pub.endpoint.sa.sa_family != AF_UNSPEC;
}

void lr_send_initiation(struct lr_peer *peer, uint64_t now, bool retry)
{
	struct lr_timer *t = &peer->timer[LR_TIMER_RETRANSMIT];

	if (!retry)
		peer->attempt_ns = now;
	if (!peer->wg->has_key)
		return;
	if (!has_endpoint(peer)) {
		/* What is staged goes when the owner knows a path, or is given up in its time. */
		if (peer->pub.anchored && !lr_timer_armed(t))
			lr_timer_set(&peer->wg->timers, t, now + LR_REKEY_TIMEOUT);
		return;
	}
	if (now < peer->next_initiation_ns) {
		if (!lr_timer_armed(t))
			lr_timer_set(&peer->wg->timers, t, peer->next_initiation_ns);
		return;
	}
	peer->want_initiation = true;
	make_ready(peer);
}

void lr_send_again(struct lr_peer *peer)
{
	peer->want_again = true;
	make_ready(peer);
}

void lr_send_keepalive(struct lr_peer *peer)
{
	peer->want_keepalive = true;
	make_ready(peer);
}

struct lr_reply *lr_send_reply(struct lr_wg *wg)
{
	if (wg->n_replies == LR_WG_REPLIES) {
		wg->first_reply = (wg->first_reply + 1) % LR_WG_REPLIES;
		wg->n_replies--;
	}
	return &wg->replies[(wg->first_reply + wg->n_replies++) % LR_WG_REPLIES];
}

void lr_send_forget(struct lr_peer *peer)
{
	struct lr_wg *wg = peer->wg;

	for (size_t i = 0; i < LR_WG_REPLIES; i++)
		if (wg->replies[i].peer == peer)
			wg->replies[i] = (struct lr_reply){.len = 0};
	if (!peer->ready)
		return;
	struct lr_peer **at = &wg->ready;
	while (*at != peer)
		at = &(*at)->ready_next;
	*at = peer->ready_next;
	if (!*at)
		wg->ready_end = at;
	peer->ready = false;
}

/* --- sealing --- */

static size_t padded(size_t len, size_t len_max)
{
	size_t up = (len + LR_WG_PAD - 1) & ~(size_t)(LR_WG_PAD - 1);
	return up < len_max ? up : len_max > len ? len_max : len;
}

/* Section 6.2: a new session before this one's time or messages run out. */
static void keep_fresh(struct lr_peer *peer, const struct lr_keypair *kp, uint64_t now)
{
	if (kp->send_counter > LR_REKEY_AFTER_MESSAGES ||
		(kp->initiator && now - kp->birth_ns >= LR_REKEY_AFTER_TIME))
		lr_send_initiation(peer, now, false);
}

int lr_wg_seal(struct lr_wg *wg, uint64_t now, struct lr_wg_peer *pub, uint8_t *msg, size_t len,
	size_t len_max)
{
	struct lr_peer *peer = lr_peer_of(pub);
	struct lr_keypair *kp = peer->current;

	if (!has_endpoint(peer)) {
		if (pub->anchored)
			return -ENOKEY;
		lr_wg_count_drop(wg, pub, LR_WG_DROP_NO_ENDPOINT);
		return -EDESTADDRREQ;
	}
	if (!lr_session_may_send(kp, now)) {
		lr_send_initiation(peer, now, false);
		return -ENOKEY;
	}
	size_t plain = padded(len, len_max), sealed = LR_WG_HEAD + plain + LR_TAG_LEN;
	uint64_t counter = kp->send_counter++;
	lr_put_le32(msg, LR_MSG_DATA);
	lr_put_le32(msg + 4, kp->remote_index);
	lr_put_le64(msg + 8, counter);
	/* The padding is shorter than the tag, whose place is behind it: a length that is known. */
	_Static_assert(LR_WG_PAD <= LR_TAG_LEN, "padding and tag: not a byte behind the message");
	memset(msg + LR_WG_HEAD + len, 0, LR_TAG_LEN);
	int error = lr_aead_seal(kp->seal, counter, msg + LR_WG_HEAD, msg + LR_WG_HEAD, plain);
	if (error)
		return error;
	pub->stats.tx_bytes += sealed;
	lr_wg_timers_authenticated_sent(peer, now);
	if (len) {
		pub->stats.tx_packets++;
		lr_wg_timers_data_sent(peer, now);
	}
	keep_fresh(peer, kp, now);
	return (int)sealed;
}

int lr_wg_unseal(struct lr_wg_peer *pub, uint8_t *msg, size_t len)
{
	const struct lr_keypair *kp = lr_peer_of(pub)->current;

	if (!kp || len < LR_WG_OVERHEAD || lr_get_le32(msg) != LR_MSG_DATA ||
		lr_get_le32(msg + 4) != kp->remote_index ||
		lr_aead_open(kp->seal, lr_get_le64(msg + 8), msg + LR_WG_HEAD, msg + LR_WG_HEAD,
			len - LR_WG_HEAD) != 0)
		return -ENOKEY;
	pub->stats.tx_bytes -= len;
	if (len > LR_WG_OVERHEAD)
		pub->stats.tx_packets--;
	return (int)(len - LR_WG_OVERHEAD);
}

/* --- staging --- */

static struct lr_staged *unstage(struct lr_peer *peer)
{
	struct lr_staged *s = peer->staged;
	peer->staged = s->next;
	if (!peer->staged)
		peer->staged_end = &peer->staged;
	peer->staged_bytes -= s->cost;
	return s;
}

static enum lr_wg_drop stage(struct lr_peer *peer, const uint8_t *packet, size_t len)
{
	size_t cost = sizeof(struct lr_staged) + LR_WG_OVERHEAD + LR_WG_PAD + len;

	if (!peer->wg->has_key)
		return LR_WG_DROP_NO_SESSION;
	if (!has_endpoint(peer) && !peer->pub.anchored)
		return LR_WG_DROP_NO_ENDPOINT;
	struct lr_staged *s = cost <= LR_WG_STAGED_BYTES ? malloc(cost) : NULL;
	if (!s)
		return LR_WG_DROP_STAGED_FULL;
	while (peer->staged_bytes + cost > LR_WG_STAGED_BYTES) {
		free(unstage(peer));
		lr_wg_count_drop(peer->wg, &peer->pub, LR_WG_DROP_STAGED_FULL);
	}
	*s = (struct lr_staged){.len = len, .cost = cost};
	memcpy(s->msg + LR_WG_HEAD, packet, len);
	*peer->staged_end = s;
	peer->staged_end = &s->next;
	peer->staged_bytes += cost;
	return LR_WG_DROP_NONE;
}

void lr_wg_stage(
	struct lr_wg *wg, uint64_t now, struct lr_wg_peer *pub, const uint8_t *packet, size_t len)
{
	struct lr_peer *peer = lr_peer_of(pub);
	enum lr_wg_drop why = stage(peer, packet, len);

	if (why != LR_WG_DROP_NONE)
		lr_wg_count_drop(wg, pub, why);
	else if (has_endpoint(peer) && lr_session_may_send(peer->current, now))
		make_ready(peer);
	else
		lr_send_initiation(peer, now, false);
}

/* --- polling --- */

static bool hand_out(struct lr_peer *peer, const uint8_t *msg, size_t len, struct lr_wg_tx *tx)
{
	*tx = (struct lr_wg_tx){
		.to = peer->pub.endpoint, .peer = &peer->pub, .msg = msg, .len = len};
	return true;
}

static bool send_initiation(struct lr_peer *peer, uint64_t now, struct lr_wg_tx *tx)
{
	if (!peer->want_initiation)
		return false;
	peer->want_initiation = peer->want_again = false;
	peer->next_initiation_ns = now + LR_REKEY_TIMEOUT;
	lr_wg_timers_initiation_sent(peer, now);
	if (!has_endpoint(peer) || lr_handshake_initiate(peer, now) != 0) {
		lr_wg_count_drop(peer->wg, &peer->pub,
			has_endpoint(peer) ? LR_WG_DROP_HANDSHAKE : LR_WG_DROP_NO_ENDPOINT);
		return false;
	}
	peer->pub.stats.tx_bytes += sizeof(struct lr_msg_initiation);
	lr_wg_timers_authenticated_sent(peer, now);
	return hand_out(peer, peer->wg->out, sizeof(struct lr_msg_initiation), tx);
}

static bool send_again(struct lr_peer *peer, struct lr_wg_tx *tx)
{
	if (!peer->want_again)
		return false;
	peer->want_again = false;
	if (!peer->handshake || !has_endpoint(peer))
		return false;
	const struct lr_msg_initiation *msg = &peer->handshake->msg;
	peer->pub.stats.tx_bytes += sizeof(*msg);
	return hand_out(peer, (const uint8_t *)msg, sizeof(*msg), tx);
}

static bool send_staged(struct lr_peer *peer, uint64_t now, struct lr_wg_tx *tx)
{
	struct lr_wg *wg = peer->wg;

	while (peer->staged && has_endpoint(peer) && lr_session_may_send(peer->current, now)) {
		struct lr_staged *s = unstage(peer);
		size_t len_max = peer->pub.mtu ? peer->pub.mtu : wg->mtu;
		int len = lr_wg_seal(wg, now, &peer->pub, s->msg, s->len, len_max);
		if (len > 0) {
			wg->spent = s;
			peer->want_keepalive = false;
			return hand_out(peer, s->msg, (size_t)len, tx);
		}
		free(s); /* lr_wg_seal() counted why */
	}
	return false;
}

static bool send_keepalive(struct lr_peer *peer, uint64_t now, struct lr_wg_tx *tx)
{
	if (!peer->want_keepalive || peer->staged)
		return false;
	peer->want_keepalive = false;
	if (!has_endpoint(peer))
		return false;
	int len = lr_wg_seal(peer->wg, now, &peer->pub, peer->wg->out, 0, 0);
	if (len > 0)
		return hand_out(peer, peer->wg->out, (size_t)len, tx);
	return send_initiation(peer, now, tx); /* sealing asked for one */
}

static bool send_reply(struct lr_wg *wg, struct lr_wg_tx *tx)
{
	while (wg->n_replies) {
		struct lr_reply *r = &wg->replies[wg->first_reply];
		wg->first_reply = (wg->first_reply + 1) % LR_WG_REPLIES;
		wg->n_replies--;
		if (r->len == 0)
			continue;
		*tx = (struct lr_wg_tx){.to = r->to,
			.peer = r->peer ? &r->peer->pub : NULL,
			.msg = r->msg,
			.len = r->len};
		return true;
	}
	return false;
}

bool lr_wg_poll(struct lr_wg *wg, uint64_t now, struct lr_wg_tx *tx)
{
	free(wg->spent);
	wg->spent = NULL;
	lr_wg_timers_fire(wg, now);
	if (send_reply(wg, tx))
		return true;
	for (struct lr_peer *peer; (peer = wg->ready); pop_ready(wg))
		if (send_initiation(peer, now, tx) || send_again(peer, tx) ||
			send_staged(peer, now, tx) || send_keepalive(peer, now, tx))
			return true;
	return false;
}

uint64_t lr_wg_deadline(struct lr_wg *wg)
{
	return wg->ready || wg->n_replies ? 0 : lr_timers_next(&wg->timers);
}
