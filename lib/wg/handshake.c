/*
 * handshake.c - handshake messages and cookie replies: received, checked in the order of their
 * cost, answered
 *
 * A message of type 1 or 2 passes these gates, cheapest first; each has its own name when it fails:
 *   length    no arithmetic at all
 *   mac1      a BLAKE2s: the sender knows our public key
 *   mac2      only under load: the sender gets mail at its address; else it is told a cookie
 *   rate      only under load: and does not ask too often
 *   Noise     X25519: it is who it says
 *   timestamp, flood: an initiation is newer than the last, and not too soon after it
 * Nothing of a peer changes before the last gate.
 *
 * Source: the paper, sections 5.3 and 5.4.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/wg/timers.h"

/* Types 1 and 2: lengths that they must have. */
static size_t length_of(uint8_t type)
{
	switch (type) {
	case LR_MSG_INITIATION:
		return sizeof(struct lr_msg_initiation);
	case LR_MSG_RESPONSE:
		return sizeof(struct lr_msg_response);
	default:
		return sizeof(struct lr_msg_cookie);
	}
}

static void make_mint(struct lr_wg *wg)
{
	if (!wg->mint_made)
		lr_cookie_mint_init(&wg->mint, wg->identity.public_key);
	wg->mint_made = true;
}

static void send_cookie(struct lr_wg *wg, uint64_t now, const struct lr_endpoint *src,
	const uint8_t *msg, size_t len)
{
	struct lr_reply *reply = lr_send_reply(wg);
	reply->to = *src;
	reply->peer = NULL;
	reply->len = sizeof(struct lr_msg_cookie);
	lr_cookie_reply(&wg->mint, now, src, msg, len, (struct lr_msg_cookie *)reply->msg);
}

/* The gates before Noise. */
static enum lr_wg_drop admit(struct lr_wg *wg, uint64_t now, const struct lr_endpoint *src,
	const uint8_t *msg, size_t len)
{
	if (!wg->has_key)
		return LR_WG_DROP_MAC1;
	make_mint(wg);
	if (!lr_cookie_mac1_good(&wg->mint, msg, len))
		return LR_WG_DROP_MAC1;
	if (!lr_wg_under_load(wg, now))
		return LR_WG_DROP_NONE;
	if (!lr_cookie_mac2_good(&wg->mint, now, src, msg, len)) {
		send_cookie(wg, now, src, msg, len);
		return LR_WG_DROP_MAC2;
	}
	return lr_ratelimiter_allow(&wg->ratelimiter, now, src) ? LR_WG_DROP_NONE : LR_WG_DROP_RATE;
}

/* What every authentic handshake message does. */
static void authentic(struct lr_peer *peer, uint64_t now, const struct lr_endpoint *src, size_t len)
{
	peer->pub.stats.rx_bytes += len;
	peer->pub.stats.last_received_ns = now;
	lr_peer_roam(peer, src);
	lr_wg_timers_authenticated_received(peer, now);
}

/* --- responder --- */

static enum lr_wg_drop read_initiation(struct lr_wg *wg, uint64_t now, struct lr_noise *noise,
	const struct lr_msg_initiation *msg, struct lr_peer **from)
{
	uint8_t theirs[LR_KEY_LEN], timestamp[LR_TIMESTAMP_LEN];

	if (!lr_noise_read_static(noise, msg, &wg->identity, theirs))
		return LR_WG_DROP_HANDSHAKE;
	struct lr_peer *peer = lr_peer_of(lr_wg_peer_find(wg, theirs));
	if (!peer)
		return LR_WG_DROP_UNKNOWN_PEER;
	const uint8_t *ss = lr_peer_static_shared(peer);
	if (!ss || !lr_noise_read_timestamp(noise, msg, ss, timestamp))
		return LR_WG_DROP_HANDSHAKE;
	*from = peer;
	if (memcmp(timestamp, peer->latest_timestamp, LR_TIMESTAMP_LEN) <= 0)
		return LR_WG_DROP_TIMESTAMP;
	if (now < peer->next_accept_ns)
		return LR_WG_DROP_FLOOD;
	memcpy(peer->latest_timestamp, timestamp, LR_TIMESTAMP_LEN);
	peer->next_accept_ns = now + LR_FLOOD_GAP;
	return LR_WG_DROP_NONE;
}

static enum lr_wg_drop respond(struct lr_peer *peer, uint64_t now, const struct lr_endpoint *src,
	struct lr_noise *noise, const struct lr_msg_initiation *initiation)
{
	struct lr_wg *wg = peer->wg;
	struct lr_msg_response msg = {.type = {LR_MSG_RESPONSE}};
	uint32_t index = lr_index_add(
		&wg->index, (struct lr_index_slot){.kind = LR_INDEX_HANDSHAKE, .peer = peer});
	if (index == 0)
		return LR_WG_DROP_HANDSHAKE;
	lr_put_le32(msg.sender, index);
	memcpy(msg.receiver, initiation->sender, sizeof(msg.receiver));
	if (!lr_noise_write_response(
		    noise, &msg, peer->pub.public_key, peer->pub.preshared_key, NULL) ||
		lr_session_begin(peer, now, noise, false, index, lr_get_le32(initiation->sender)) !=
			0) {
		lr_index_remove(&wg->index, index);
		return LR_WG_DROP_HANDSHAKE;
	}
	lr_cookie_sign(&peer->jar, now, peer->pub.public_key, &msg, sizeof(msg));
	struct lr_reply *reply = lr_send_reply(wg);
	/* The owner of an anchored peer may not know a way to it yet: then the way that it came. */
	reply->to = peer->pub.endpoint.sa.sa_family == AF_UNSPEC ? *src : peer->pub.endpoint;
	reply->peer = peer;
	reply->len = sizeof(msg);
	memcpy(reply->msg, &msg, sizeof(msg));
	peer->pub.stats.tx_bytes += sizeof(msg);
	lr_wg_timers_session_derived(peer, now);
	lr_wg_timers_authenticated_sent(peer, now);
	return LR_WG_DROP_NONE;
}

static enum lr_wg_drop take_initiation(struct lr_wg *wg, uint64_t now,
	const struct lr_endpoint *src, const struct lr_msg_initiation *msg, struct lr_peer **from)
{
	struct lr_noise noise = {0};
	enum lr_wg_drop why = read_initiation(wg, now, &noise, msg, from);
	if (why == LR_WG_DROP_NONE) {
		authentic(*from, now, src, sizeof(*msg));
		why = respond(*from, now, src, &noise, msg);
	}
	lr_wipe(&noise, sizeof(noise));
	return why;
}

/* --- initiator --- */

int lr_handshake_initiate(struct lr_peer *peer, uint64_t now)
{
	struct lr_wg *wg = peer->wg;
	struct lr_msg_initiation *msg = (struct lr_msg_initiation *)wg->out;
	uint8_t timestamp[LR_TIMESTAMP_LEN];
	const uint8_t *ss = lr_peer_static_shared(peer);

	lr_peer_drop_handshake(peer);
	if (!ss)
		return -EKEYREJECTED;
	struct lr_handshake *h = calloc(1, sizeof(*h));
	if (!h)
		return -ENOMEM;
	h->index = lr_index_add(
		&wg->index, (struct lr_index_slot){.kind = LR_INDEX_HANDSHAKE, .peer = peer});
	if (h->index == 0) {
		free(h);
		return -ENOMEM;
	}
	h->sent_ns = now;
	peer->handshake = h;
	lr_wg_timestamp(peer, now, timestamp);
	memcpy(msg->type, (uint8_t[4]){LR_MSG_INITIATION}, sizeof(msg->type));
	lr_put_le32(msg->sender, h->index);
	if (!lr_noise_write_initiation(
		    &h->noise, msg, &wg->identity, peer->pub.public_key, ss, timestamp, NULL)) {
		lr_peer_drop_handshake(peer);
		return -EKEYREJECTED;
	}
	lr_cookie_sign(&peer->jar, now, peer->pub.public_key, msg, sizeof(*msg));
	h->msg = *msg;
	return 0;
}

static enum lr_wg_drop take_response(struct lr_wg *wg, uint64_t now, const struct lr_endpoint *src,
	const struct lr_msg_response *msg, struct lr_peer **from)
{
	struct lr_index_slot *slot = lr_index_find(&wg->index, lr_get_le32(msg->receiver));
	if (!slot || slot->kind != LR_INDEX_HANDSHAKE)
		return LR_WG_DROP_UNKNOWN_INDEX;
	struct lr_peer *peer = *from = slot->peer;
	struct lr_handshake *h = peer->handshake;
	if (!lr_noise_read_response(&h->noise, msg, &wg->identity, peer->pub.preshared_key) &&
		!(peer->has_previous_psk &&
			lr_noise_read_response(&h->noise, msg, &wg->identity, peer->previous_psk)))
		return LR_WG_DROP_HANDSHAKE;
	if (lr_session_begin(peer, now, &h->noise, true, h->index, lr_get_le32(msg->sender)) != 0) {
		lr_peer_drop_handshake(peer);
		return LR_WG_DROP_HANDSHAKE;
	}
	h->index = 0; /* it is the keypair's now */
	peer->pub.stats.rtt_ns = now - h->sent_ns;
	lr_peer_drop_handshake(peer);
	authentic(peer, now, src, sizeof(*msg));
	lr_wg_timers_session_derived(peer, now);
	lr_wg_timers_handshake_complete(peer, now);
	lr_send_keepalive(peer); /* the responder waits for a message under the new keys */
	return LR_WG_DROP_NONE;
}

static enum lr_wg_drop take_cookie(
	struct lr_wg *wg, uint64_t now, const struct lr_msg_cookie *msg, struct lr_peer **from)
{
	struct lr_index_slot *slot = lr_index_find(&wg->index, lr_get_le32(msg->receiver));
	if (!slot)
		return LR_WG_DROP_UNKNOWN_INDEX;
	struct lr_peer *peer = *from =
		slot->kind == LR_INDEX_KEYPAIR ? slot->keypair->peer : slot->peer;
	if (!lr_cookie_take(&peer->jar, now, peer->pub.public_key, msg))
		return LR_WG_DROP_COOKIE;
	return LR_WG_DROP_NONE;
}

void lr_handshake_receive(struct lr_wg *wg, uint64_t now, const struct lr_endpoint *src,
	const uint8_t *msg, size_t len, struct lr_wg_rx *rx)
{
	struct lr_peer *from = NULL;
	enum lr_wg_drop why = LR_WG_DROP_NONE;

	if (len != length_of(msg[0]))
		why = LR_WG_DROP_LENGTH;
	else if (msg[0] != LR_MSG_COOKIE)
		why = admit(wg, now, src, msg, len);
	if (why == LR_WG_DROP_NONE) {
		if (msg[0] == LR_MSG_INITIATION)
			why = take_initiation(wg, now, src, (const void *)msg, &from);
		else if (msg[0] == LR_MSG_RESPONSE)
			why = take_response(wg, now, src, (const void *)msg, &from);
		else
			why = take_cookie(wg, now, (const void *)msg, &from);
	}
	rx->peer = from ? &from->pub : NULL;
	rx->drop = why;
	rx->kind = why == LR_WG_DROP_NONE ? LR_WG_RX_CONTROL : LR_WG_RX_DROP;
	if (why != LR_WG_DROP_NONE)
		lr_wg_count_drop(wg, rx->peer, why);
}
