/*
 * pair.c - two WireGuard devices and the wire between them
 */
#include "lib/bench/pair.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"

#define APART_NS (130 * LR_NS_PER_S) /* past REKEY_AFTER_TIME: the next one to send asks anew */

static void happened(void *ctx, const struct lr_wg_event *event)
{
	struct lr_bench_pair *p = ctx;
	p->sessions += event->kind == LR_WG_EVENT_HANDSHAKE;
}

static bool end_open(struct lr_bench_pair *p, int i)
{
	const struct lr_wg_host host = {.ctx = p, .event = i == 0 ? happened : NULL};
	uint8_t private_key[LR_KEY_LEN], public_key[LR_KEY_LEN];

	p->wg[i] = lr_wg_new(&host);
	if (!p->wg[i])
		return false;
	lr_keypair(private_key, public_key);
	lr_wg_set_key(p->wg[i], private_key);
	lr_wipe(private_key, sizeof(private_key));
	p->at[i] =
		(struct lr_endpoint){.in = {.sin_family = AF_INET,
					     .sin_port = htons(51820),
					     .sin_addr.s_addr = htonl(0xc6120001u + (unsigned)i)}};
	return true;
}

/* `i` knows the other one, at 10.66.0.(other + 1). */
static bool end_meet(struct lr_bench_pair *p, int i)
{
	struct lr_prefix prefix = {lr_ip4(0x0a420001u + (unsigned)!i), 32};

	p->peer[i] = lr_wg_peer_add(p->wg[i], lr_wg_public_key(p->wg[!i]));
	if (!p->peer[i])
		return false;
	lr_wg_peer_set_endpoint(p->peer[i], &p->at[!i]);
	return lr_wg_allow(p->wg[i], p->peer[i], &prefix) == 0;
}

struct lr_bench_pair *lr_bench_pair_new(void)
{
	struct lr_bench_pair *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->now = 1000 * LR_NS_PER_S;
	if (end_open(p, 0) && end_open(p, 1) && end_meet(p, 0) && end_meet(p, 1))
		return p;
	lr_bench_pair_free(p);
	return NULL;
}

void lr_bench_pair_free(struct lr_bench_pair *p)
{
	if (!p)
		return;
	lr_wg_free(p->wg[0]);
	lr_wg_free(p->wg[1]);
	free(p);
}

/* Carries what `from` has to say to the other. */
static bool carry(struct lr_bench_pair *p, int from)
{
	uint8_t copy[256];
	struct lr_wg_tx tx;
	struct lr_wg_rx rx;
	bool any = false;

	while (lr_wg_poll(p->wg[from], p->now, &tx)) {
		if (tx.len > sizeof(copy))
			continue;
		memcpy(copy, tx.msg, tx.len);
		lr_wg_receive(p->wg[!from], p->now, &p->at[from], copy, tx.len, &rx);
		any = true;
	}
	return any;
}

bool lr_bench_pair_meet(struct lr_bench_pair *p)
{
	unsigned before = p->sessions;
	bool more;

	p->now += APART_NS;
	lr_wg_peer_set_keepalive(p->wg[0], p->now, p->peer[0], 25);
	do {
		more = carry(p, 0);
		more = carry(p, 1) || more;
	} while (more);
	lr_wg_peer_set_keepalive(p->wg[0], p->now, p->peer[0], 0);
	return p->sessions != before;
}
