/*
 * beside.c - addresses, samples, configuration and state under the stopwatch
 */
#include "lib/replay/beside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "lib/ipam/ipam.h"
#include "lib/ipam/record.h"
#include "lib/wg/config.h"

#define NAMES       1000
#define LOADS       100
#define TRIES       1000 /* for so many loads, on a machine that is busy all the time */
#define PEERS_MAX   32
#define RUN         8
#define PEER_TEXT   192 /* longest peer section or log line written here */
#define MEMBER_FORM "member-%u"

static const char *const pool_text = "10.66.0.0/16";

void lr_beside_name(struct lr_stage *stages)
{
	static const char *const names[LR_BESIDE_STAGES] = {
		"ipam_alloc", "ipam_lookup", "metrics", "config_load", "state_load"};

	for (int i = 0; i < LR_BESIDE_STAGES; i++) {
		stages[i].name = names[i];
		stages[i].target = lr_targets_find(names[i]);
	}
}

static struct lr_ipam *new_table(void)
{
	struct lr_prefix pool;
	return lr_ipam_pool_parse(pool_text, &pool, NULL) == 0 ? lr_ipam_new(&pool, NULL) : NULL;
}

static int no_memory(struct lr_err *err)
{
	return lr_err_set(err, LR_EXIT_FAILED, "out of memory");
}

/* A look-up, or a sample, is shorter than a reading of the clock: RUN of them are timed
 * together, and each of them counted with its share. */
static bool measure_lookups(
	struct lr_stage *stage, const struct lr_tick *tick, const struct lr_ipam *table)
{
	unsigned found = 0;

	for (unsigned i = 0; i < NAMES; i++) {
		char name[RUN][32];
		struct lr_ip address[RUN];
		for (unsigned k = 0; k < RUN; k++) {
			snprintf(name[k], sizeof(name[k]), MEMBER_FORM, (i * 7 + k * 131) % NAMES);
			address[k] = lr_ipam_by_peer(table, name[k])->address;
			snprintf(name[k], sizeof(name[k]), MEMBER_FORM, (i * 11 + k * 17) % NAMES);
		}
		uint64_t from = lr_tick_read(tick);
		for (unsigned k = 0; k < RUN; k += 2) {
			found += lr_ipam_by_peer(table, name[k]) != NULL;
			found += lr_ipam_by_address(table, &address[k + 1]) != NULL;
		}
		uint64_t to = lr_tick_read(tick);
		lr_hist_add(&stage->hist, lr_tick_ns(tick, from, to) / RUN);
	}
	return found == NAMES * RUN;
}

static int measure_ipam(struct lr_stage *stages, const struct lr_tick *tick, struct lr_err *err)
{
	struct lr_ipam *table = new_table();
	char name[32];
	bool fresh = true;

	for (unsigned i = 0; table && i < NAMES; i++) {
		snprintf(name, sizeof(name), MEMBER_FORM, i);
		uint64_t from = lr_tick_read(tick);
		const struct lr_lease *lease = lr_ipam_alloc(table, name, &fresh);
		uint64_t to = lr_tick_read(tick);
		if (!lease || !fresh)
			break;
		lr_stage_add(&stages[LR_BESIDE_ALLOC], tick, from, to, 0);
	}
	bool good = table && lr_ipam_count(table) == NAMES &&
		    measure_lookups(&stages[LR_BESIDE_LOOKUP], tick, table);
	lr_ipam_free(table);
	return good ? 0 : no_memory(err);
}

static int measure_metrics(struct lr_stage *stages, const struct lr_tick *tick, struct lr_err *err)
{
	struct lr_hist *samples = calloc(1, sizeof(*samples));

	if (!samples)
		return no_memory(err);
	for (unsigned i = 0; i < NAMES; i++) {
		uint64_t from = lr_tick_read(tick);
		for (unsigned k = 0; k < RUN; k++)
			lr_hist_add(samples, 1000 + i * i * k);
		uint64_t to = lr_tick_read(tick);
		lr_hist_add(&stages[LR_BESIDE_METRICS].hist, lr_tick_ns(tick, from, to) / RUN);
	}
	free(samples);
	return 0;
}

/* How often the scheduler has taken the processor away from this thread. A load takes long
 * enough to meet that, and is measured again: what others do on the machine is not its time. */
static long evictions(void)
{
	struct rusage use;
	return getrusage(RUSAGE_THREAD, &use) == 0 ? use.ru_nivcsw : 0;
}

/* A wg-quick text with `n` peers; malloc'd. */
static char *config_text(size_t n, size_t *len)
{
	char *text = malloc((n + 2) * PEER_TEXT), key[LR_KEY_TEXT];
	uint8_t raw[LR_KEY_LEN];

	if (!text)
		return NULL;
	lr_random(raw, sizeof(raw));
	*len = (size_t)sprintf(text,
		"[Interface]\nPrivateKey = %s\nAddress = 10.66.0.1/16\nListenPort = 51820\n",
		lr_key_text(raw, key));
	for (size_t i = 0; i < n; i++) {
		lr_random(raw, sizeof(raw));
		*len += (size_t)snprintf(text + *len, PEER_TEXT,
			"\n[Peer]\n# Name = " MEMBER_FORM
			"\nPublicKey = %s\nAllowedIPs = 10.66.%zu.%zu/32\n"
			"Endpoint = 192.0.2.1:51820\n",
			(unsigned)i, lr_key_text(raw, key), i / 250, 2 + i % 250);
	}
	lr_wipe(raw, sizeof(raw));
	lr_wipe(key, sizeof(key));
	return text;
}

static int measure_config(
	struct lr_stage *stage, const struct lr_tick *tick, size_t peers, struct lr_err *err)
{
	size_t len = 0;
	char *text = config_text(peers, &len);
	int r = text ? 0 : no_memory(err);

	for (unsigned i = 0, tries = 0; r == 0 && i < LOADS && tries < TRIES; tries++) {
		struct lr_config config;
		long before = evictions();
		uint64_t from = lr_tick_read(tick);
		r = lr_config_parse(&config, text, len, "replay", NULL, err);
		uint64_t to = lr_tick_read(tick);
		if (r < 0)
			break;
		lr_config_release(&config);
		if (evictions() != before)
			continue;
		lr_stage_add(stage, tick, from, to, len);
		i++;
	}
	if (text)
		lr_wipe(text, len);
	free(text);
	return r;
}

/* The log of `n` members, one line each; malloc'd. */
static char *log_text(size_t n, size_t *len)
{
	char *text = malloc(n * LR_RECORD_MAX);

	*len = 0;
	for (size_t i = 0; text && i < n; i++) {
		struct lr_record record = {
			.op = LR_REC_ALLOC, .address = lr_ip4(0x0a420001u + (uint32_t)i)};
		snprintf(record.peer, sizeof(record.peer), MEMBER_FORM, (unsigned)i);
		*len += lr_record_format(&record, text + *len);
	}
	return text;
}

/* A table from the log; NULL when a line is not taken. */
static struct lr_ipam *load_state(const char *text, size_t len)
{
	struct lr_ipam *table = new_table();
	size_t line = 1;

	for (const char *at = text, *end = text + len; table && at < end; line++) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		struct lr_record record;
		if (!stop || lr_record_parse(at, (size_t)(stop - at), &record, NULL) < 0 ||
			lr_ipam_apply(table, &record, line) != 0) {
			lr_ipam_free(table);
			return NULL;
		}
		at = stop + 1;
	}
	return table;
}

static int measure_state(
	struct lr_stage *stage, const struct lr_tick *tick, size_t members, struct lr_err *err)
{
	size_t len;
	char *text = log_text(members, &len);
	bool good = text != NULL;

	for (unsigned i = 0, tries = 0; good && i < LOADS && tries < TRIES; tries++) {
		long before = evictions();
		uint64_t from = lr_tick_read(tick);
		struct lr_ipam *table = load_state(text, len);
		uint64_t to = lr_tick_read(tick);
		good = table && lr_ipam_count(table) == members;
		lr_ipam_free(table);
		if (evictions() != before)
			continue;
		lr_stage_add(stage, tick, from, to, len);
		i++;
	}
	free(text);
	return good ? 0 : no_memory(err);
}

int lr_beside_measure(
	struct lr_stage *stages, const struct lr_tick *tick, size_t members, struct lr_err *err)
{
	size_t n = members < 1 ? 1 : members > PEERS_MAX ? PEERS_MAX : members;

	if (measure_ipam(stages, tick, err) < 0 || measure_metrics(stages, tick, err) < 0)
		return -1;
	if (measure_config(&stages[LR_BESIDE_CONFIG], tick, n, err) < 0)
		return -1;
	return measure_state(&stages[LR_BESIDE_STATE], tick, n, err);
}
