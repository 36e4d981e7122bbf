/*
 * live_paths.c - what a packet takes on the direct and on the relayed path, and the change between
 * them
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/bench/live_inside.h"

#define A          LR_LIVE_FIRST /* the hosts of the first two members */
#define B          (LR_LIVE_FIRST + 1)
#define FAILOVER_S 20
#define LOSS_MOST  0.05 /* a path that loses more is none to be timed */

/* The bare link and the tunnel between the first two members, and what was seen on them. */
struct ways {
	struct lr_load_way bare, tunnel;
	struct lr_hist bare_all, tunnel_all, one;
	uint64_t lost;
};

static void ways_free(struct ways *w)
{
	lr_load_close(&w->bare);
	lr_load_close(&w->tunnel);
	free(w);
}

static struct ways *ways_new(struct lr_live *l, struct lr_err *err)
{
	struct ways *w = calloc(1, sizeof(*w));
	char b[LR_LAB_ADDRESS];

	if (!w) {
		lr_err_set(err, LR_EXIT_FAILED, "out of memory");
		return NULL;
	}
	w->bare = w->tunnel = (struct lr_load_way){-1, -1};
	lr_lab_address(B, b);
	if (lr_load_open(&w->bare, l->lab, A, B, b, err) == 0 &&
		lr_load_open(&w->tunnel, l->lab, A, B, l->members[1].address, err) == 0)
		return w;
	ways_free(w);
	return NULL;
}

/* The load once on one way: the median of the time, and all of it into `all`. */
static double median_ns(
	struct lr_live *l, struct ways *w, const struct lr_load_way *way, struct lr_hist *all)
{
	lr_hist_reset(&w->one);
	w->lost += lr_load_send(way, l->plan->load, &w->one);
	lr_hist_merge(all, &w->one);
	return (double)lr_hist_quantile(&w->one, 0.5);
}

/* Sockets that have just been made get their first packets without the kernel's stamp. */
static void warm(struct lr_live *l, struct ways *w, const struct lr_load_way *way)
{
	struct lr_load few = *l->plan->load;

	few.n = few.n < 20 ? few.n : 20;
	lr_hist_reset(&w->one);
	lr_load_send(way, &few, &w->one);
}

/* Whether too much was lost of what was sent in all rounds on one way. */
static int loss(struct lr_live *l, const struct ways *w, const char *what, struct lr_err *err)
{
	double sent = (double)l->plan->load->n * l->rounds;

	if ((double)w->lost <= sent * LOSS_MOST)
		return 0;
	return lr_err_set(err, LR_EXIT_FAILED, "of %.0f packets on the %s path %llu were lost",
		sent, what, (unsigned long long)w->lost);
}

int lr_live_direct(struct lr_live *l, struct lr_err *err)
{
	if (lr_live_join(l, 2, err) < 0 || lr_live_await(l, "direct", err) < 0)
		return -1;
	struct ways *w = ways_new(l, err);
	if (!w)
		return -1;
	warm(l, w, &w->bare);
	warm(l, w, &w->tunnel);
	for (unsigned i = 0; i < l->rounds; i++) {
		double bare = median_ns(l, w, &w->bare, &w->bare_all);
		double tunnel = median_ns(l, w, &w->tunnel, &w->tunnel_all);
		lr_live_sample(l, "direct_latency", "ns", tunnel - bare);
		lr_live_sample(l, "bare_way", "ns", bare);
		lr_live_sample(l, "direct_way", "ns", tunnel);
	}
	int r = loss(l, w, "direct", err);
	lr_live_distribution(l, "bare link", &w->bare_all);
	lr_live_distribution(l, "direct tunnel", &w->tunnel_all);
	ways_free(w);
	return r;
}

static bool cut(void *ctx)
{
	struct lr_live *l = ctx;
	return lr_lab_block(l->lab, A, B, true, NULL) == 0;
}

int lr_live_failover(struct lr_live *l, struct lr_err *err)
{
	if (lr_live_join(l, 2, err) < 0 || lr_live_await(l, "direct", err) < 0)
		return -1;
	struct ways *w = ways_new(l, err);
	if (!w)
		return -1;
	uint64_t silence = lr_load_silence(&w->tunnel, cut, l, FAILOVER_S);
	ways_free(w);
	if (!silence)
		return lr_err_set(err, LR_EXIT_FAILED,
			"the direct path was lost, and nothing came over the relay in %d s",
			FAILOVER_S);
	lr_live_sample(l, "failover", "ns", (double)silence);
	return lr_lab_block(l->lab, A, B, false, err);
}

/* The bare link's other half: through the relay's host lead two of them. */
static int relayed(struct lr_live *l, struct ways *w, struct lr_err *err)
{
	struct lr_load_way up = {-1, -1}, down = {-1, -1};
	char relay[LR_LAB_ADDRESS], b[LR_LAB_ADDRESS];

	lr_lab_address(LR_LIVE_RELAY_HOST, relay);
	lr_lab_address(B, b);
	int r = lr_load_open(&up, l->lab, A, LR_LIVE_RELAY_HOST, relay, err);
	if (r == 0)
		r = lr_load_open(&down, l->lab, LR_LIVE_RELAY_HOST, B, b, err);
	if (r == 0) {
		warm(l, w, &up);
		warm(l, w, &down);
		warm(l, w, &w->tunnel);
	}
	for (unsigned i = 0; i < l->rounds && r == 0; i++) {
		double bare = median_ns(l, w, &up, &w->bare_all);
		bare += median_ns(l, w, &down, &w->bare_all);
		double tunnel = median_ns(l, w, &w->tunnel, &w->tunnel_all);
		lr_live_sample(l, "relay_latency", "ns", tunnel - bare);
		lr_live_sample(l, "relay_way", "ns", tunnel);
	}
	lr_load_close(&up);
	lr_load_close(&down);
	return r < 0 ? -1 : loss(l, w, "relayed", err);
}

int lr_live_relay(struct lr_live *l, struct lr_err *err)
{
	if (lr_live_join(l, 2, err) < 0 || lr_lab_block(l->lab, A, B, true, err) < 0 ||
		lr_live_await(l, "relay", err) < 0)
		return -1;
	struct ways *w = ways_new(l, err);
	if (!w)
		return -1;
	int r = relayed(l, w, err);
	lr_live_distribution(l, "relayed tunnel", &w->tunnel_all);
	ways_free(w);
	return r < 0 ? -1 : lr_lab_block(l->lab, A, B, false, err);
}
