/*
 * live_inside.h - what the files of the live measurement share
 */
#ifndef LR_BENCH_LIVE_INSIDE_H
#define LR_BENCH_LIVE_INSIDE_H

#include "lib/bench/live.h"
#include "lib/crypto/crypto.h"

#define LR_LIVE_RELAY_HOST  0
#define LR_LIVE_FIRST       1 /* host of the party's host; member i stands on host LR_LIVE_FIRST + i */
#define LR_LIVE_ACTIVE_WITH 8
#define LR_LIVE_MEMBERS     16
#define LR_LIVE_PEERS_MOST  1000

struct lr_live_member {
	char address[LR_LAB_ADDRESS]; /* virtual */
	long pid;
};

struct lr_live {
	const struct lr_live_plan *plan;
	struct lr_lab *lab;
	json_t *result;
	unsigned rounds;
	char invite[1024];
	unsigned n; /* members */
	struct lr_live_member members[LR_LIVE_MEMBERS + 1];
};

/* A sample of the metric `name`, in the result. */
void lr_live_sample(struct lr_live *l, const char *name, const char *unit, double value);
/* The quantiles of a distribution, in the result. */
void lr_live_distribution(struct lr_live *l, const char *name, const struct lr_hist *h);
/* The processor's time and the resident memory (in MB) of a process now. 0, or -1 with `err`. */
int lr_live_process(long pid, uint64_t *cpu_ns, double *rss_mb, struct lr_err *err);
void lr_live_pause(uint64_t ns);

/* Members join until there are `n`; each is a sample of `connect`. 0, or -1 with `err`. */
int lr_live_join(struct lr_live *l, unsigned n, struct lr_err *err);
/* Until both of the first two members say that they reach each other by `kind`. 0, or -1. */
int lr_live_await(struct lr_live *l, const char *kind, struct lr_err *err);

struct lr_live_keys {
	uint8_t private_key[LR_KEY_LEN], public_key[LR_KEY_LEN];
};
void lr_live_keys(struct lr_live_keys *keys, unsigned n);
/* The wg-quick file of `host`, whose address is 10.67.0.(host + 1), with the hosts first .. first +
 * n - 1 as its peers; lr-up with it, and its end. 0, or -1 with `err`. */
int lr_live_config(const struct lr_live_keys *keys, unsigned host, unsigned first, unsigned n,
	struct lr_err *err);
int lr_live_up(struct lr_live *l, unsigned host, struct lr_lab_said *said, struct lr_err *err);
int lr_live_down(struct lr_live *l, unsigned host, struct lr_err *err);

/* The steps: 0, or -1 with `err`. */
typedef int lr_live_do(struct lr_live *l, struct lr_err *err);
lr_live_do lr_live_startup, lr_live_idle, lr_live_connect, lr_live_direct, lr_live_failover,
	lr_live_relay, lr_live_active, lr_live_memory, lr_live_peers;

#endif
