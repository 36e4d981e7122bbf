/*
 * peer.c - adding, changing and removing peers
 */
#include "lib/wg/peer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/wg/device.h"

static void append(struct lr_wg *wg, struct lr_peer *peer)
{
	peer->before = wg->last_peer;
	if (wg->last_peer)
		wg->last_peer->pub.next = &peer->pub;
	else
		wg->peers = &peer->pub;
	wg->last_peer = peer;
	wg->n_peers++;
}

static void unlink_from(struct lr_wg *wg, struct lr_peer *peer)
{
	struct lr_peer *after = lr_peer_of(peer->pub.next);
	if (peer->before)
		peer->before->pub.next = peer->pub.next;
	else
		wg->peers = peer->pub.next;
	if (after)
		after->before = peer->before;
	else
		wg->last_peer = peer->before;
	wg->n_peers--;
}

static struct lr_peer *peer_new(struct lr_wg *wg, const uint8_t public_key[LR_KEY_LEN])
{
	struct lr_peer *peer = calloc(1, sizeof(*peer));
	if (!peer)
		return NULL;
	memcpy(peer->pub.public_key, public_key, LR_KEY_LEN);
	peer->wg = wg;
	peer->staged_end = &peer->staged;
	for (unsigned i = 0; i < LR_PEER_TIMERS; i++)
		peer->timer[i] = (struct lr_timer){.due_ns = LR_NEVER, .kind = i};
	return peer;
}

struct lr_wg_peer *lr_wg_peer_add(struct lr_wg *wg, const uint8_t public_key[LR_KEY_LEN])
{
	struct lr_wg_peer *old = lr_wg_peer_find(wg, public_key);
	if (old)
		return old;
	if (wg->has_key && lr_same(public_key, wg->identity.public_key, LR_KEY_LEN)) {
		errno = EINVAL;
		return NULL;
	}
	if (wg->n_peers >= LR_WG_MAX_PEERS) {
		errno = ENOSPC;
		return NULL;
	}
	struct lr_peer *peer = peer_new(wg, public_key);
	if (!peer || lr_timers_reserve(&wg->timers, (wg->n_peers + 1) * LR_PEER_TIMERS) != 0 ||
		lr_map_put(&wg->by_key, public_key, peer) != 0) {
		free(peer);
		errno = ENOMEM;
		return NULL;
	}
	append(wg, peer);
	return &peer->pub;
}

struct lr_wg_peer *lr_wg_peer_find(struct lr_wg *wg, const uint8_t public_key[LR_KEY_LEN])
{
	return lr_map_get(&wg->by_key, public_key);
}

void lr_wg_peer_remove(struct lr_wg *wg, struct lr_wg_peer *pub)
{
	struct lr_peer *peer = lr_peer_of(pub);

	lr_peer_forget(peer, LR_WG_DROP_NO_SESSION);
	lr_send_forget(peer);
	lr_wg_sum_add(&wg->gone, &pub->stats);
	lr_allowedips_remove_all(&wg->allowed, peer);
	lr_map_remove(&wg->by_key, pub->public_key);
	unlink_from(wg, peer);
	for (int i = 0; i < LR_PEER_TIMERS; i++)
		lr_timer_remove(&wg->timers, &peer->timer[i]);
	/* Should it come back, its timestamps must go on rising. */
	if (peer->sent_unix_ns > wg->floor_unix_ns)
		wg->floor_unix_ns = peer->sent_unix_ns;
	lr_wipe(peer, sizeof(*peer));
	free(peer);
}

struct lr_wg_peer *lr_wg_peers(struct lr_wg *wg)
{
	return wg->peers;
}

size_t lr_wg_peer_count(const struct lr_wg *wg)
{
	return wg->n_peers;
}

void lr_wg_peer_set_mtu(struct lr_wg_peer *peer, uint16_t mtu)
{
	peer->mtu = mtu;
}

void lr_wg_peer_set_psk(struct lr_wg_peer *peer, const uint8_t psk[LR_KEY_LEN])
{
	if (psk)
		memcpy(peer->preshared_key, psk, LR_KEY_LEN);
	else
		lr_wipe(peer->preshared_key, LR_KEY_LEN);
}

void lr_wg_peer_set_previous_psk(struct lr_wg_peer *pub, const uint8_t psk[LR_KEY_LEN])
{
	struct lr_peer *peer = lr_peer_of(pub);

	peer->has_previous_psk = psk != NULL;
	if (psk)
		memcpy(peer->previous_psk, psk, LR_KEY_LEN);
	else
		lr_wipe(peer->previous_psk, LR_KEY_LEN);
}

void lr_wg_peer_set_anchored(struct lr_wg_peer *peer, bool anchored)
{
	peer->anchored = anchored;
}

void lr_wg_peer_again(struct lr_wg_peer *pub)
{
	struct lr_peer *peer = lr_peer_of(pub);

	if (peer->handshake)
		lr_send_again(peer);
}

void lr_wg_peer_set_endpoint(struct lr_wg_peer *pub, const struct lr_endpoint *endpoint)
{
	struct lr_peer *peer = lr_peer_of(pub);
	bool found = pub->endpoint.sa.sa_family == AF_UNSPEC;
	bool moved = pub->anchored && !lr_endpoint_equal(&pub->endpoint, endpoint);
	pub->endpoint = *endpoint;
	/* What is under way went where the peer is not: REKEY_TIMEOUT is not waited for. */
	if (moved && peer->handshake && endpoint->sa.sa_family != AF_UNSPEC) {
		lr_send_again(peer);
	} else if (moved && peer->staged && !peer->current && endpoint->sa.sa_family != AF_UNSPEC) {
		peer->next_initiation_ns = 0;
		lr_send_initiation(peer, 0, true);
	}
	if (moved && peer->staged && peer->current && endpoint->sa.sa_family != AF_UNSPEC) {
		if (!peer->handshake)
			lr_timer_stop(&peer->wg->timers, &peer->timer[LR_TIMER_RETRANSMIT]);
		lr_send_keepalive(peer); /* in its place goes what is staged */
	}
	if (found && pub->keepalive_s && endpoint->sa.sa_family != AF_UNSPEC)
		lr_send_keepalive(lr_peer_of(pub));
}

void lr_wg_peer_set_keepalive(
	struct lr_wg *wg, uint64_t now, struct lr_wg_peer *pub, uint16_t seconds)
{
	struct lr_peer *peer = lr_peer_of(pub);
	struct lr_timer *t = &peer->timer[LR_TIMER_PERSISTENT];
	uint16_t before = pub->keepalive_s;

	pub->keepalive_s = seconds;
	if (seconds == 0)
		lr_timer_stop(&wg->timers, t);
	else if (lr_timer_armed(t) && before != seconds)
		lr_timer_set(&wg->timers, t, now + seconds * LR_NS_PER_S);
	if (before == 0 && seconds)
		lr_send_keepalive(peer);
}

/* --- inside --- */

const uint8_t *lr_peer_static_shared(struct lr_peer *peer)
{
	if (!peer->ss_known) {
		peer->ss_low_order =
			!lr_dh(peer->ss, peer->wg->identity.private_key, peer->pub.public_key);
		peer->ss_known = true;
	}
	return peer->ss_low_order ? NULL : peer->ss;
}

void lr_peer_drop_staged(struct lr_peer *peer, enum lr_wg_drop why)
{
	for (struct lr_staged *s = peer->staged, *next; s; s = next) {
		next = s->next;
		lr_wg_count_drop(peer->wg, &peer->pub, why);
		free(s);
	}
	peer->staged = NULL;
	peer->staged_end = &peer->staged;
	peer->staged_bytes = 0;
}

void lr_peer_drop_handshake(struct lr_peer *peer)
{
	if (!peer->handshake)
		return;
	lr_index_remove(&peer->wg->index, peer->handshake->index);
	lr_wipe(peer->handshake, sizeof(*peer->handshake));
	free(peer->handshake);
	peer->handshake = NULL;
}

void lr_peer_forget(struct lr_peer *peer, enum lr_wg_drop why)
{
	lr_peer_drop_staged(peer, why);
	lr_peer_drop_handshake(peer);
	lr_session_clear(peer);
	for (int i = 0; i < LR_PEER_TIMERS; i++)
		if (i != LR_TIMER_PERSISTENT)
			lr_timer_stop(&peer->wg->timers, &peer->timer[i]);
	peer->want_initiation = peer->want_again = peer->want_keepalive = false;
	peer->rekeyed_late = false;
}

void lr_peer_roam(struct lr_peer *peer, const struct lr_endpoint *src)
{
	if (src->sa.sa_family == AF_UNSPEC || peer->pub.anchored)
		return;
	bool moved = !lr_endpoint_equal(&peer->pub.endpoint, src);
	peer->pub.endpoint = *src;
	if (moved)
		lr_wg_tell(peer, LR_WG_EVENT_ENDPOINT);
}
