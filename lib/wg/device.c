/*
 * device.c - a device: its key, its list of peers, its notion of load and of time
 */
#include "lib/wg/device.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/wg/timers.h"

#define PROMISE_AHEAD (60 * LR_NS_PER_S)
#define TAI64_EPOCH   0x400000000000000aull /* TAI64 of the Unix epoch (10 s of leap then) */
/* Timestamps are this coarse: the greatest power of two ns below the gap between initiations,
 * so that they tell nobody how our clock runs, and yet rise from one to the next. */
#define TAI_STEP (1ull << 24)
static_assert(TAI_STEP < LR_FLOOD_GAP && 2 * TAI_STEP > LR_FLOOD_GAP, "see above");

struct lr_wg *lr_wg_new(const struct lr_wg_host *host)
{
	struct lr_wg *wg = calloc(1, sizeof(*wg));
	if (!wg)
		return NULL;
	wg->host = *host;
	wg->window = host->window ? host->window : LR_WG_WINDOW;
	wg->mtu = LR_WG_MTU;
	wg->floor_unix_ns = wg->promised_unix_ns = host->promised;
	wg->ready_end = &wg->ready;
	lr_random(&wg->chance, sizeof(wg->chance));
	lr_map_init(&wg->by_key, LR_KEY_LEN);
	return wg;
}

void lr_wg_free(struct lr_wg *wg)
{
	if (!wg)
		return;
	while (wg->peers)
		lr_wg_peer_remove(wg, wg->peers);
	lr_allowedips_release(&wg->allowed);
	lr_index_release(&wg->index);
	lr_timers_release(&wg->timers);
	lr_map_release(&wg->by_key);
	lr_ratelimiter_release(&wg->ratelimiter);
	free(wg->spent);
	lr_wipe(wg, sizeof(*wg));
	free(wg);
}

void lr_wg_set_mtu(struct lr_wg *wg, unsigned mtu)
{
	wg->mtu = mtu;
}

/* --- the key --- */

static void take_key(struct lr_wg *wg, const uint8_t *private_key)
{
	lr_wipe(&wg->identity, sizeof(wg->identity));
	lr_wipe(&wg->mint, sizeof(wg->mint));
	wg->mint_made = false;
	wg->has_key = private_key != NULL;
	if (!private_key)
		return;
	memcpy(wg->identity.private_key, private_key, LR_KEY_LEN);
	lr_public_key(wg->identity.public_key, private_key);
}

void lr_wg_set_key(struct lr_wg *wg, const uint8_t private_key[LR_KEY_LEN])
{
	if (private_key && wg->has_key &&
		lr_same(private_key, wg->identity.private_key, LR_KEY_LEN))
		return;
	take_key(wg, private_key);
	struct lr_wg_peer *self = wg->has_key ? lr_wg_peer_find(wg, wg->identity.public_key) : NULL;
	if (self)
		lr_wg_peer_remove(wg, self);
	lr_wg_peers_foreach (wg, pub) {
		struct lr_peer *peer = lr_peer_of(pub);
		lr_peer_forget(peer, LR_WG_DROP_NO_SESSION);
		lr_wipe(peer->ss, sizeof(peer->ss));
		peer->ss_known = false;
		lr_wipe(&peer->jar, sizeof(peer->jar));
		if (pub->keepalive_s)
			lr_send_keepalive(peer);
	}
}

const uint8_t *lr_wg_public_key(const struct lr_wg *wg)
{
	return wg->has_key ? wg->identity.public_key : NULL;
}

const uint8_t *lr_wg_private_key(const struct lr_wg *wg)
{
	return wg->has_key ? wg->identity.private_key : NULL;
}

/* --- counters and events --- */

void lr_wg_sum_add(struct lr_wg_sums *sum, const struct lr_wg_peer_stats *of)
{
	sum->rx_bytes += of->rx_bytes;
	sum->tx_bytes += of->tx_bytes;
	sum->rx_packets += of->rx_packets;
	sum->tx_packets += of->tx_packets;
}

struct lr_wg_sums lr_wg_sum(const struct lr_wg *wg)
{
	struct lr_wg_sums sum = wg->gone;
	for (const struct lr_wg_peer *p = wg->peers; p; p = p->next)
		lr_wg_sum_add(&sum, &p->stats);
	return sum;
}

const uint64_t *lr_wg_drops(const struct lr_wg *wg)
{
	return wg->drops;
}

void lr_wg_count_drop(struct lr_wg *wg, struct lr_wg_peer *peer, enum lr_wg_drop why)
{
	wg->drops[why]++;
	if (peer)
		peer->stats.drops[why]++;
}

void lr_wg_tell(struct lr_peer *peer, enum lr_wg_event_kind kind)
{
	const struct lr_wg_host *host = &peer->wg->host;
	if (host->event)
		host->event(host->ctx, &(struct lr_wg_event){.kind = kind, .peer = &peer->pub});
}

/* --- allowed IPs --- */

int lr_wg_allow(struct lr_wg *wg, struct lr_wg_peer *peer, const struct lr_prefix *prefix)
{
	return lr_allowedips_insert(&wg->allowed, lr_peer_of(peer), prefix);
}

int lr_wg_disallow(struct lr_wg *wg, struct lr_wg_peer *peer, const struct lr_prefix *prefix)
{
	return lr_allowedips_remove(&wg->allowed, lr_peer_of(peer), prefix);
}

void lr_wg_disallow_all(struct lr_wg *wg, struct lr_wg_peer *peer)
{
	lr_allowedips_remove_all(&wg->allowed, lr_peer_of(peer));
}

void lr_wg_allowed(struct lr_wg *wg, const struct lr_wg_peer *peer,
	void (*each)(void *ctx, const struct lr_prefix *prefix), void *ctx)
{
	lr_allowedips_each(&wg->allowed, (const struct lr_peer *)peer, each, ctx);
}

struct lr_wg_peer *lr_wg_route(const struct lr_wg *wg, uint8_t family, const uint8_t *dst)
{
	return (struct lr_wg_peer *)lr_allowedips_lookup(&wg->allowed, family, dst);
}

/* --- load, time and chance --- */

bool lr_wg_under_load(struct lr_wg *wg, uint64_t now)
{
	struct lr_load *load = &wg->load;

	if (now - load->window_ns >= LR_NS_PER_S) {
		load->window_ns = now;
		load->count = 0;
	}
	if (++load->count > LR_WG_LOAD_LIMIT)
		load->until_ns = now + LR_NS_PER_S;
	return load->forced || now < load->until_ns;
}

uint64_t lr_wg_wall(struct lr_wg *wg, uint64_t now)
{
	return wg->host.wall ? wg->host.wall(wg->host.ctx) : now;
}

static uint64_t whitened(uint64_t unix_ns)
{
	uint64_t ns = unix_ns % LR_NS_PER_S;
	return unix_ns - ns + (ns & ~(TAI_STEP - 1));
}

void lr_wg_timestamp(struct lr_peer *peer, uint64_t now, uint8_t out[LR_TIMESTAMP_LEN])
{
	struct lr_wg *wg = peer->wg;
	uint64_t t = whitened(lr_wg_wall(wg, now));
	uint64_t floor =
		peer->sent_unix_ns > wg->floor_unix_ns ? peer->sent_unix_ns : wg->floor_unix_ns;

	if (t <= floor)
		t = whitened(whitened(floor) + TAI_STEP);
	if (t > wg->promised_unix_ns) {
		wg->promised_unix_ns = t + PROMISE_AHEAD;
		if (wg->host.promise)
			wg->host.promise(wg->host.ctx, wg->promised_unix_ns);
	}
	peer->sent_unix_ns = t;
	lr_put_be64(out, TAI64_EPOCH + t / LR_NS_PER_S);
	lr_put_be32(out + 8, (uint32_t)(t % LR_NS_PER_S));
}

uint64_t lr_wg_jitter(struct lr_wg *wg)
{
	/* Weyl sequence and a multiplicative hash (Steele, Lea, Flood: SplitMix, 2014). */
	uint64_t z = wg->chance += 0x9e3779b97f4a7c15ull;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return (uint64_t)(uint32_t)(z >> 32) * LR_REKEY_JITTER_MS / (1ull << 32) * LR_NS_PER_MS;
}
