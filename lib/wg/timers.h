/*
 * timers.h - what happened to a peer, as facts, and the five timers that follow from them
 *
 *   fact                        RETRANSMIT  KEEPALIVE  NEW_HANDSHAKE  ZERO_KEYS  PERSISTENT
 *   data sent                                          15 s + j, if off
 *   data received                           10 s, if off
 *   authenticated, sent                     off                                  restarts
 *   authenticated, received                            off                       restarts
 *   initiation sent             5 s + j
 *   handshake complete          off
 *   session derived                                                   540 s
 *
 * (j: jitter of 0..333 ms.) An idle tunnel has ZERO_KEYS at most; there is no tick. Timers that
 * move with every packet are only written to (lib/base/timer.h).
 *
 * Source: the paper, sections 6.1 to 6.5.
 */
#ifndef LR_WG_TIMERS_H
#define LR_WG_TIMERS_H

#include "lib/wg/device.h"

static inline void lr_wg_timers_data_sent(struct lr_peer *p, uint64_t now)
{
	struct lr_timer *t = &p->timer[LR_TIMER_NEW_HANDSHAKE];
	if (!lr_timer_armed(t))
		lr_timer_set(&p->wg->timers, t,
			now + LR_KEEPALIVE_TIMEOUT + LR_REKEY_TIMEOUT + lr_wg_jitter(p->wg));
}

static inline void lr_wg_timers_data_received(struct lr_peer *p, uint64_t now)
{
	struct lr_timer *t = &p->timer[LR_TIMER_KEEPALIVE];
	if (!lr_timer_armed(t))
		lr_timer_set(&p->wg->timers, t, now + LR_KEEPALIVE_TIMEOUT);
}

static inline void lr_wg_timers_traversal(struct lr_peer *p, uint64_t now)
{
	if (p->pub.keepalive_s)
		lr_timer_set(&p->wg->timers, &p->timer[LR_TIMER_PERSISTENT],
			now + p->pub.keepalive_s * LR_NS_PER_S);
}

/* Data, keepalive or handshake message. */
static inline void lr_wg_timers_authenticated_sent(struct lr_peer *p, uint64_t now)
{
	lr_timer_stop(&p->wg->timers, &p->timer[LR_TIMER_KEEPALIVE]);
	lr_wg_timers_traversal(p, now);
}

static inline void lr_wg_timers_authenticated_received(struct lr_peer *p, uint64_t now)
{
	lr_timer_stop(&p->wg->timers, &p->timer[LR_TIMER_NEW_HANDSHAKE]);
	lr_wg_timers_traversal(p, now);
}

void lr_wg_timers_initiation_sent(struct lr_peer *p, uint64_t now);
/* The session can be used from now on, in both directions. */
void lr_wg_timers_handshake_complete(struct lr_peer *p, uint64_t now);
void lr_wg_timers_session_derived(struct lr_peer *p, uint64_t now);
/* Does what is due. */
void lr_wg_timers_fire(struct lr_wg *wg, uint64_t now);

#endif
