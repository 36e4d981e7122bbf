/*
 * session.h - the keypairs of a peer and how they replace each other
 *
 * Theory of operation. A handshake yields a keypair. The initiator may use it at once: it becomes
 * `current`, the old current becomes `previous` so that what is still on the way can be
 * opened. The responder must not send with it before it has seen that the initiator has it too: it
 * waits as `next` until the first message that it opens, then it moves up. Sending uses
 * `current` only; receiving opens with whichever the index names.
 *
 * Two sides that start at once make two keypairs, each being initiator of one and responder of the
 * other. When the initiator's becomes current, a waiting `next` becomes `previous`: so both sides
 * can open both, and nobody waits for a retry.
 *
 * Source: the paper, section 6.2; rotation as the implementation in Linux does it.
 */
#ifndef LR_WG_SESSION_H
#define LR_WG_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/wg/noise.h"
#include "lib/wg/replay.h"

struct lr_peer;

struct lr_keypair {
	struct lr_aead *seal, *open;
	struct lr_peer *peer;
	uint64_t birth_ns;
	uint64_t send_counter; /* of the next message */
	uint32_t local_index, remote_index;
	bool initiator;
	struct lr_replay replay; /* last: its ring follows */
};

/* Makes a keypair from a finished handshake, whose state is wiped, and puts it in its place.
 * `local_index` is in the index table and names the keypair from now on. 0 or -ENOMEM: then the
 * index is still the caller's. */
int lr_session_begin(struct lr_peer *peer, uint64_t now, struct lr_noise *noise, bool initiator,
	uint32_t local_index, uint32_t remote_index);
/* `kp` opened a message: when it was waiting it becomes current, and true is returned. */
bool lr_session_confirm(struct lr_peer *peer, struct lr_keypair *kp);
/* Ends all sessions of the peer and wipes their keys. true when there was one. */
bool lr_session_clear(struct lr_peer *peer);

/* May it still send (section 6.1)? */
static inline bool lr_session_may_send(const struct lr_keypair *kp, uint64_t now)
{
	return kp && now - kp->birth_ns < LR_REJECT_AFTER_TIME &&
	       kp->send_counter < LR_REJECT_AFTER_MESSAGES;
}

#endif
