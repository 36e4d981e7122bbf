/*
 * session.c - making, rotating and erasing keypairs
 */
#include "lib/wg/session.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/wg/device.h"

static void keypair_free(struct lr_keypair *kp)
{
	if (!kp)
		return;
	lr_index_remove(&kp->peer->wg->index, kp->local_index);
	lr_aead_free(kp->seal);
	lr_aead_free(kp->open);
	lr_wipe(kp, sizeof(*kp));
	free(kp);
}

static struct lr_keypair *keypair_new(unsigned window, struct lr_noise *noise, bool initiator)
{
	uint8_t to_responder[LR_KEY_LEN], to_initiator[LR_KEY_LEN];
	struct lr_keypair *kp =
		calloc(1, sizeof(*kp) - sizeof(kp->replay) + lr_replay_size(window));
	if (!kp)
		return NULL;
	lr_noise_split(noise, to_responder, to_initiator);
	kp->seal = lr_aead_new(initiator ? to_responder : to_initiator);
	kp->open = lr_aead_new(initiator ? to_initiator : to_responder);
	kp->initiator = initiator;
	lr_replay_init(&kp->replay, window);
	lr_wipe(to_responder, sizeof(to_responder));
	lr_wipe(to_initiator, sizeof(to_initiator));
	if (kp->seal && kp->open)
		return kp;
	lr_aead_free(kp->seal);
	lr_aead_free(kp->open);
	free(kp);
	return NULL;
}

static void replace(struct lr_keypair **place, struct lr_keypair *kp)
{
	keypair_free(*place);
	*place = kp;
}

static void rotate(struct lr_peer *peer, struct lr_keypair *kp)
{
	if (!kp->initiator) {
		replace(&peer->next, kp);
		replace(&peer->previous, NULL);
	} else if (peer->next) {
		replace(&peer->previous, peer->next);
		peer->next = NULL;
		replace(&peer->current, kp);
	} else {
		replace(&peer->previous, peer->current);
		peer->current = kp;
	}
}

int lr_session_begin(struct lr_peer *peer, uint64_t now, struct lr_noise *noise, bool initiator,
	uint32_t local_index, uint32_t remote_index)
{
	struct lr_keypair *kp = keypair_new(peer->wg->window, noise, initiator);
	if (!kp)
		return -ENOMEM;
	kp->peer = peer;
	kp->birth_ns = now;
	kp->local_index = local_index;
	kp->remote_index = remote_index;
	struct lr_index_slot *slot = lr_index_find(&peer->wg->index, local_index);
	slot->kind = LR_INDEX_KEYPAIR;
	slot->keypair = kp;
	rotate(peer, kp);
	return 0;
}

bool lr_session_confirm(struct lr_peer *peer, struct lr_keypair *kp)
{
	if (kp != peer->next)
		return false;
	replace(&peer->previous, peer->current);
	peer->current = kp;
	peer->next = NULL;
	return true;
}

bool lr_session_clear(struct lr_peer *peer)
{
	bool had = peer->previous || peer->current || peer->next;
	replace(&peer->previous, NULL);
	replace(&peer->current, NULL);
	replace(&peer->next, NULL);
	return had;
}
