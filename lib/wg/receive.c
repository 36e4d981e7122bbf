/*
 * receive.c - one datagram in
 *
 * The order of what happens to a data message (the paper, section 5.4.6): index, age, counter, tag,
 * replay window, then timers, endpoint, and what is inside. Until the tag was right nothing
 * changes but the counter of the reason.
 */
#include <string.h>

#include "lib/wg/timers.h"

static void drop(struct lr_wg *wg, struct lr_peer *peer, enum lr_wg_drop why, struct lr_wg_rx *rx)
{
	rx->kind = LR_WG_RX_DROP;
	rx->drop = why;
	rx->peer = peer ? &peer->pub : NULL;
	lr_wg_count_drop(wg, rx->peer, why);
}

/* The length of the IP packet that `p` begins with, 0 when there is none in `len` bytes. `src` is
 * set to its source address. */
static size_t inner_len(const uint8_t *p, size_t len, const uint8_t **src)
{
	if (len >= 20 && p[0] >> 4 == 4) {
		size_t head = (p[0] & 15) * 4u, total = lr_get_be16(p + 2);
		*src = p + 12;
		return head >= 20 && total >= head && total <= len ? total : 0;
	}
	if (len >= 40 && p[0] >> 4 == 6) {
		size_t total = 40u + lr_get_be16(p + 4);
		*src = p + 8;
		return total <= len ? total : 0;
	}
	return 0;
}

/* Section 6.2: the initiator's session must not run out while only the other side sends. */
static void keep_fresh(struct lr_peer *peer, uint64_t now)
{
	const struct lr_keypair *kp = peer->current;
	if (peer->rekeyed_late || !kp || !kp->initiator ||
		now - kp->birth_ns < LR_REJECT_AFTER_TIME - LR_KEEPALIVE_TIMEOUT - LR_REKEY_TIMEOUT)
		return;
	peer->rekeyed_late = true;
	lr_send_initiation(peer, now, false);
}

/* A message of `len` bytes in all was opened with `kp` and is new. */
static void authentic(struct lr_peer *peer, struct lr_keypair *kp, uint64_t now,
	const struct lr_endpoint *src, size_t len, uint64_t counter)
{
	peer->pub.stats.rx_bytes += len;
	peer->pub.stats.last_received_ns = now;
	lr_peer_roam(peer, src);
	if (__builtin_expect(lr_session_confirm(peer, kp), 0)) {
		if (counter == 0) /* sent as soon as our response came there (section 5.4.4) */
			peer->pub.stats.rtt_ns = now - kp->birth_ns;
		lr_wg_timers_handshake_complete(peer, now);
		if (peer->staged)
			lr_send_keepalive(peer);
	}
	keep_fresh(peer, now);
	lr_wg_timers_authenticated_received(peer, now);
}

static void receive_data(struct lr_wg *wg, uint64_t now, const struct lr_endpoint *src,
	uint8_t *bytes, size_t len, struct lr_wg_rx *rx)
{
	struct lr_msg_data *msg = (struct lr_msg_data *)bytes;
	if (len < LR_MSG_DATA_MIN)
		return drop(wg, NULL, LR_WG_DROP_LENGTH, rx);
	const struct lr_index_slot *slot = lr_index_find(&wg->index, lr_get_le32(msg->receiver));
	if (!slot || slot->kind != LR_INDEX_KEYPAIR)
		return drop(wg, NULL, LR_WG_DROP_UNKNOWN_INDEX, rx);
	struct lr_keypair *kp = slot->keypair;
	struct lr_peer *peer = kp->peer;
	uint64_t counter = lr_get_le64(msg->counter);
	if (now - kp->birth_ns >= LR_REJECT_AFTER_TIME)
		return drop(wg, peer, LR_WG_DROP_EXPIRED, rx);
	if (counter >= LR_REJECT_AFTER_MESSAGES)
		return drop(wg, peer, LR_WG_DROP_COUNTER, rx);
	size_t sealed = len - sizeof(*msg), plain = sealed - LR_TAG_LEN;
	if (lr_aead_open(kp->open, counter, msg->packet, msg->packet, sealed) != 0)
		return drop(wg, peer, LR_WG_DROP_AUTH, rx);
	if (__builtin_expect(wg->stamps != NULL, 0))
		wg->stamps->opened = lr_tick_glance(wg->stamps->tick);
	if (!lr_replay_accept(&kp->replay, counter))
		return drop(wg, peer, LR_WG_DROP_REPLAY, rx);
	if (__builtin_expect(wg->stamps != NULL, 0))
		wg->stamps->accepted = lr_tick_glance(wg->stamps->tick);

	authentic(peer, kp, now, src, len, counter);
	rx->peer = &peer->pub;
	if (plain == 0) {
		rx->kind = LR_WG_RX_CONTROL; /* a keepalive */
		return;
	}
	lr_wg_timers_data_received(peer, now);
	const uint8_t *from;
	rx->len = inner_len(msg->packet, plain, &from);
	if (rx->len == 0)
		return drop(wg, peer, LR_WG_DROP_INNER, rx);
	if (lr_allowedips_lookup(&wg->allowed, msg->packet[0] >> 4, from) != peer)
		return drop(wg, peer, LR_WG_DROP_ALLOWED_IP, rx);
	peer->pub.stats.rx_packets++;
	rx->packet = msg->packet;
	rx->kind = LR_WG_RX_DATA;
}

void lr_wg_receive(struct lr_wg *wg, uint64_t now, const struct lr_endpoint *src, uint8_t *msg,
	size_t len, struct lr_wg_rx *rx)
{
	*rx = (struct lr_wg_rx){.kind = LR_WG_RX_DROP};
	uint32_t type = len >= 4 ? lr_get_le32(msg) : 0; /* three bytes are reserved and zero */

	if (__builtin_expect(type == LR_MSG_DATA, 1))
		receive_data(wg, now, src, msg, len, rx);
	else if (type >= LR_MSG_INITIATION && type <= LR_MSG_COOKIE)
		lr_handshake_receive(wg, now, src, msg, len, rx);
	else
		drop(wg, NULL, LR_WG_DROP_TYPE, rx);
}
