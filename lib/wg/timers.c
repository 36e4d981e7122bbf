/*
 * timers.c - when a timer fires
 */
#include "lib/wg/timers.h"

#include <stddef.h>

void lr_wg_timers_initiation_sent(struct lr_peer *p, uint64_t now)
{
	uint64_t retry = now + LR_REKEY_TIMEOUT + lr_wg_jitter(p->wg);
	uint64_t end = p->attempt_ns + LR_REKEY_ATTEMPT_TIME;
	lr_timer_set(&p->wg->timers, &p->timer[LR_TIMER_RETRANSMIT], retry < end ? retry : end);
}

void lr_wg_timers_handshake_complete(struct lr_peer *p, uint64_t now)
{
	lr_timer_stop(&p->wg->timers, &p->timer[LR_TIMER_RETRANSMIT]);
	p->rekeyed_late = false;
	p->pub.stats.last_handshake_unix_ns = lr_wg_wall(p->wg, now);
	p->pub.stats.last_handshake_ns = now;
	lr_wg_tell(p, LR_WG_EVENT_HANDSHAKE);
}

static void zero_keys_at_last(struct lr_peer *p, uint64_t now)
{
	lr_timer_set(&p->wg->timers, &p->timer[LR_TIMER_ZERO_KEYS], now + 3 * LR_REJECT_AFTER_TIME);
}

void lr_wg_timers_session_derived(struct lr_peer *p, uint64_t now)
{
	zero_keys_at_last(p, now);
}

static void forget_source(struct lr_peer *p)
{
	/* The local address may be what stopped working: let the kernel choose anew. */
	p->pub.endpoint.from = (struct lr_ip){0};
	p->pub.endpoint.from_iface = 0;
}

static void give_up(struct lr_peer *p, uint64_t now)
{
	lr_timer_stop(&p->wg->timers, &p->timer[LR_TIMER_KEEPALIVE]);
	lr_peer_drop_staged(p, LR_WG_DROP_NO_SESSION);
	if (!lr_timer_armed(&p->timer[LR_TIMER_ZERO_KEYS]))
		zero_keys_at_last(p, now);
	lr_wg_tell(p, LR_WG_EVENT_GAVE_UP);
}

static void retransmit(struct lr_peer *p, uint64_t now)
{
	if (now - p->attempt_ns >= LR_REKEY_ATTEMPT_TIME) {
		give_up(p, now);
	} else if (now < p->next_initiation_ns) {
		lr_timer_set(&p->wg->timers, &p->timer[LR_TIMER_RETRANSMIT], p->next_initiation_ns);
	} else {
		forget_source(p);
		lr_send_initiation(p, now, true);
	}
}

/* This answers all data that came until now, so no further one is owed. */
static void keepalive(struct lr_peer *p, uint64_t now)
{
	(void)now;
	lr_send_keepalive(p);
}

static void new_handshake(struct lr_peer *p, uint64_t now)
{
	forget_source(p);
	lr_send_initiation(p, now, false);
}

static void zero_keys(struct lr_peer *p, uint64_t now)
{
	(void)now;
	lr_peer_drop_handshake(p);
	if (lr_session_clear(p))
		lr_wg_tell(p, LR_WG_EVENT_EXPIRED);
}

static void persistent(struct lr_peer *p, uint64_t now)
{
	(void)now;
	if (p->pub.keepalive_s)
		lr_send_keepalive(p);
}

static void (*const fire[LR_PEER_TIMERS])(struct lr_peer *p, uint64_t now) = {
	[LR_TIMER_RETRANSMIT] = retransmit,
	[LR_TIMER_KEEPALIVE] = keepalive,
	[LR_TIMER_NEW_HANDSHAKE] = new_handshake,
	[LR_TIMER_ZERO_KEYS] = zero_keys,
	[LR_TIMER_PERSISTENT] = persistent,
};

void lr_wg_timers_fire(struct lr_wg *wg, uint64_t now)
{
	struct lr_timer *t;
	while ((t = lr_timers_pop(&wg->timers, now))) {
		char *first = (char *)(t - t->kind);
		fire[t->kind]((struct lr_peer *)(first - offsetof(struct lr_peer, timer)), now);
	}
}
