/*
 * harness.c - the rows of all families, and the stopwatch around one
 */
#include <ftw.h>
#include <malloc.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bench/families.h"
#include "lib/crypto/crypto.h"
#include "lib/perf/stats.h"
#include "terms.h"

#define BATCH_NS     1000000u
#define WARMUP_NS    3000000u
#define LIMIT_NS     400000000u /* of a row's batches: slow ones get fewer, at least MIN_BATCHES */
#define MIN_BATCHES  3
#define BATCHES_MOST (4 * LR_BENCH_BATCHES)
#define SLOW_MAX     1000.0 /* percent */

volatile uintptr_t lr_bench_sink;

const char *const lr_bench_groups[] = {"performance", "bottlenecks", "scaling", NULL};
const char *const lr_bench_families[] = {"config", "state", "ipam", "metrics", "crypto", "wg",
	"lan", "relay", "party", "json", "format", "start", "profiles", "concurrent", "memory",
	"growth", "logging", "leaks", NULL};

static const struct lr_bench *const tables[] = {lr_bench_config, lr_bench_state, lr_bench_ipam,
	lr_bench_metrics, lr_bench_crypto, lr_bench_wg, lr_bench_relay, lr_bench_party,
	lr_bench_json, lr_bench_format, lr_bench_start, lr_bench_profiles, lr_bench_lan,
	lr_bench_concurrent, lr_bench_memory, lr_bench_bottlenecks};

#define TABLES   (sizeof(tables) / sizeof(tables[0]))
#define ROWS_MAX 512

const struct lr_bench *const *lr_bench_all(size_t *n)
{
	static const struct lr_bench *rows[ROWS_MAX];
	static size_t count;

	if (count == 0)
		for (size_t i = 0; i < TABLES; i++)
			for (const struct lr_bench *b = tables[i]; b->name && count < ROWS_MAX; b++)
				rows[count++] = b;
	*n = count;
	return rows;
}

static unsigned group_bit(const char *name)
{
	for (unsigned i = 0; lr_bench_groups[i]; i++)
		if (strcmp(lr_bench_groups[i], name) == 0)
			return 1u << i;
	return 0;
}

static bool is_family(const char *name)
{
	for (unsigned i = 0; lr_bench_families[i]; i++)
		if (strcmp(lr_bench_families[i], name) == 0)
			return true;
	return false;
}

bool lr_bench_chosen(const struct lr_bench *b, char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if ((b->groups & group_bit(names[i])) || strcmp(b->family, names[i]) == 0)
			return true;
	return count == 0;
}

static void list(char *out, size_t room, const char *const *names)
{
	size_t len = 0;

	out[0] = '\0';
	for (; *names && len < room; names++)
		len += (size_t)snprintf(out + len, room - len, " %s", *names);
}

int lr_bench_names_check(char *const *names, size_t count, struct lr_err *err)
{
	char groups[80], families[200];

	list(groups, sizeof(groups), lr_bench_groups);
	list(families, sizeof(families), lr_bench_families);
	for (size_t i = 0; i < count; i++)
		if (!group_bit(names[i]) && !is_family(names[i]))
			return lr_err_set(err, LR_EXIT_USAGE,
				"%.40s: no such benchmarks; groups:%s; families:%s", names[i],
				groups, families);
	return 0;
}

/* "5%", "5" or "2.5%" from the environment as a part of one. 0 or -1. */
static int slow_part(double *out)
{
	const char *text = getenv("LR_BENCH_SLOW");
	char *end;

	*out = 0;
	if (!text || !*text)
		return 0;
	double percent = strtod(text, &end);
	if (end == text || (*end == '%' ? end[1] : end[0]) ||
		!(percent >= 0 && percent <= SLOW_MAX))
		return -1;
	*out = percent / 100;
	return 0;
}

int lr_bench_begin(struct lr_bench_process *p, struct lr_err *err)
{
	*p = (struct lr_bench_process){0};
	lr_bench_all(&p->n);
	if (slow_part(&p->slow) < 0)
		return lr_err_set(err, LR_EXIT_USAGE, "LR_BENCH_SLOW: not a percentage like 5%%");
	if (lr_crypto_init() < 0 || lr_crypto_load() < 0)
		return lr_err_set(err, LR_EXIT_RIGHTS, "the crypto libraries do not work here");
	p->values = malloc(p->n * sizeof(*p->values));
	if (!p->values)
		return lr_err_set(err, LR_EXIT_FAILED, "out of memory");
	for (size_t i = 0; i < p->n; i++)
		p->values[i] = NAN;
	lr_calm_init(&p->calm);
	lr_calm_read(&p->calm);
	return 0;
}

void lr_bench_end(struct lr_bench_process *p)
{
	free(p->values);
}

/* One batch, in ns. */
static double batch(
	const struct lr_bench_process *p, const struct lr_bench *b, void *state, uint64_t times)
{
	uint64_t from = lr_tick_read(&p->calm.tick), to;

	b->run(state, times);
	to = lr_tick_read(&p->calm.tick);
	double ns = (double)lr_tick_ns(&p->calm.tick, from, to), until = ns * (1 + p->slow);
	while (p->slow > 0 && ns < until)
		ns = (double)lr_tick_ns(&p->calm.tick, from, lr_tick_read(&p->calm.tick));
	return ns;
}

/* How many times take BATCH_NS, found by doubling; the doubling is the warm-up. */
static uint64_t calibrate(const struct lr_bench_process *p, const struct lr_bench *b, void *state)
{
	uint64_t times = 1;
	double spent = 0, ns;

	for (;;) {
		ns = batch(p, b, state, times);
		spent += ns;
		if (ns >= BATCH_NS)
			break;
		times *= ns * 8 < BATCH_NS ? 8 : 2;
	}
	if (times > 1 && ns > BATCH_NS)
		times = (uint64_t)((double)times * BATCH_NS / ns) + 1;
	while (spent < WARMUP_NS)
		spent += batch(p, b, state, times);
	return times;
}

/* The quickest batch of LR_BENCH_BATCHES behind which the processor was not slow, and of those
 * between. */
static double measure_timed(struct lr_bench_process *p, const struct lr_bench *b, void *state)
{
	uint64_t times = calibrate(p, b, state);
	double best = INFINITY, spent = 0;
	int all = 0, calm = 0;

	while (all < MIN_BATCHES ||
		(calm < LR_BENCH_BATCHES && all < BATCHES_MOST && spent < LIMIT_NS)) {
		double ns = batch(p, b, state, times);
		best = ns < best ? ns : best;
		spent += ns;
		all++;
		calm += !lr_calm_slow(&p->calm, lr_calm_glance(&p->calm));
	}
	return best / (double)times / (b->per ? b->per : 1);
}

static double measure(struct lr_bench_process *p, const struct lr_bench *b)
{
	if (b->value)
		return b->value(p, b);
	void *state = b->setup(b->size);
	if (!state)
		return NAN;
	double value = measure_timed(p, b, state);
	b->teardown(state);
	return value;
}

double lr_bench_measure(struct lr_bench_process *p, const struct lr_bench *b)
{
	size_t n, i = 0;
	const struct lr_bench *const *all = lr_bench_all(&n);

	while (i < n && all[i] != b)
		i++;
	if (i == n)
		return measure(p, b);
	if (isnan(p->values[i]))
		p->values[i] = measure(p, b);
	return p->values[i];
}

json_t *lr_bench_metric(const struct lr_bench *b, double value)
{
	json_t *o = json_object(), *samples = json_array();

	lr_json_put_str(o, LR_K_NAME, b->name);
	lr_json_put_str(o, LR_K_UNIT, b->unit);
	lr_json_put_str(o, LR_K_BETTER, "lower");
	lr_json_put_str(o, LR_K_FAMILY, b->family);
	if (b->series) {
		lr_json_put_str(o, LR_K_SERIES, b->series);
		lr_json_put_int(o, LR_K_SIZE, b->size);
	}
	if (b->threshold > 0)
		lr_json_put_real(o, LR_K_THRESHOLD, b->threshold);
	if (b->least > 0)
		lr_json_put_real(o, LR_K_LEAST, b->least);
	json_array_append_new(samples, json_real(value));
	lr_json_put(o, LR_K_SAMPLES, samples);
	return o;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st, (void)kind, (void)at;
	return remove(path);
}

void lr_bench_remove(const char *dir)
{
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

double lr_bench_heap(void)
{
	struct mallinfo2 m = mallinfo2();
	return (double)m.uordblks + (double)m.hblkhd;
}

unsigned *lr_bench_shuffled(unsigned n)
{
	uint64_t x = 88172645463325252ull; /* xorshift64 (Marsaglia 2003): the same order always */
	unsigned *order = malloc((n + 1) * sizeof(*order));

	for (unsigned i = 0; order && i < n; i++)
		order[i] = i;
	for (unsigned i = n; order && i > 1; i--) {
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		unsigned k = (unsigned)(x % i), was = order[i - 1];
		order[i - 1] = order[k];
		order[k] = was;
	}
	return order;
}
