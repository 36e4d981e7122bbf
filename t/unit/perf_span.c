/*
 * perf_span.c - the profiler, on a clock that the test owns
 */
#include <pthread.h>
#include <stdlib.h>

#include "lib/perf/span.h"
#include "t/unit/tap.h"

static uint64_t clock_ns;

/* In place of libc's: LR_PERF_CLOCK=raw makes the stopwatch read it. */
int clock_gettime(clockid_t id, struct timespec *ts)
{
	(void)id;
	ts->tv_sec = (time_t)(clock_ns / 1000000000);
	ts->tv_nsec = (long)(clock_ns % 1000000000);
	return 0;
}

static void seal(unsigned ns)
{
	LR_SPAN(seal);
	clock_ns += ns;
}

static void send(unsigned seals, unsigned own)
{
	LR_SPAN(send);
	for (unsigned i = 0; i < seals; i++)
		seal(100);
	clock_ns += own;
}

static void turn(struct lr_spans *s, const char *handler, unsigned seals, unsigned own)
{
	lr_spans_begin(s, clock_ns);
	lr_spans_handler(s, handler);
	send(seals, own);
	lr_spans_handled(s, handler);
	lr_spans_end(s);
}

static const struct lr_span_place *find(const struct lr_spans *s, const char *name, const char *in)
{
	for (size_t i = 1; i < s->n; i++)
		if (!strcmp(s->at[i].name, name) && !strcmp(s->at[i].parent->name, in))
			return &s->at[i];
	return NULL;
}

static void test_tree(void)
{
	struct lr_spans *s = lr_spans_new();

	seal(1);
	ok(!lr_spans_live && s->n == 1, "outside of a turn nothing is measured");
	turn(s, "device", 3, 50);
	turn(s, "device", 1, 50);
	turn(s, "udp", 2, 0);
	const struct lr_span_place *d = find(s, "device", "turn"), *x = find(s, "send", "device"),
				   *y = find(s, "seal", "send");
	ok(d && x && y && find(s, "udp", "turn"), "a place for each name below each other");
	is_int(s->n, 7, "and no more: two handlers, send and seal below each");
	is_int(d->hist.n, 2, "device: twice");
	is_int(d->hist.sum, 500, "with what is in it");
	is_int(lr_span_own(x), 100, "send: what it took itself");
	is_int(y->hist.n, 4, "seal: four times below device");
	is_int(lr_hist_small_quantile(&y->hist, 0.5), 100, "each 100 ns");
	is_int(s->at[0].hist.sum, 700, "turns: the sum of all");
	is_int(s->busy_ns, 700, "which is how long the loop was busy");
	ok(!lr_spans_live, "after a turn nothing is open");
	lr_spans_reset(s);
	ok(s->n == 1 && s->turns == 0 && !s->at[0].child, "reset: nothing is left");
	lr_spans_free(s);
}

static void test_reset_in_turn(void)
{
	struct lr_spans *s = lr_spans_new();

	lr_spans_begin(s, clock_ns);
	lr_spans_handler(s, "control");
	{
		LR_SPAN(answer);
		lr_spans_reset(s);
		is_int(s->n, 3, "reset by a handler waits");
	}
	lr_spans_handled(s, "control");
	lr_spans_end(s);
	is_int(s->n, 1, "until the turn ends");
	is_int(s->turns, 0, "which is forgotten, too");
	lr_spans_free(s);
}

static void test_sampling(void)
{
	struct lr_spans *s = lr_spans_new();
	unsigned seen[400] = {0}, gaps = 0, last = 0;

	s->every = 100;
	lr_spans_reset(s);
	for (unsigned i = 0; i < 100000; i++) {
		uint64_t before = s->measured;
		turn(s, "udp", 1, 0);
		if (s->measured == before)
			continue;
		gaps += last && i - last < 400 && !seen[i - last]++;
		last = i;
	}
	is_int(s->turns, 100000, "every turn is counted");
	ok(s->measured > 900 && s->measured < 1100, "1 %% of them measured: %lu",
		(unsigned long)s->measured);
	ok(gaps > 100, "at no regular distance: %u different ones", gaps);
	is_int(s->busy_ns, 10000000, "how long the loop was busy is known of all");
	is_int(find(s, "seal", "send")->hist.n, s->measured, "spans: of those measured");
	lr_spans_free(s);
}

static struct lr_span_late told;
static unsigned n_told;
static void stalled(void *ctx, const struct lr_span_late *stall)
{
	(void)ctx;
	told = *stall;
	n_told++;
}

static void test_late(void)
{
	struct lr_spans *s = lr_spans_new();

	s->every = 1000000;
	s->stall_ns = 10000;
	s->slow_ns = 1000;
	s->stalled = stalled;
	turn(s, "udp", 1, 950);
	is_int(s->slow.n, 2, "the first turn is measured: two slow spans");
	is_str(s->slow.at[0].name, "send", "the inner one first");
	is_str(s->slow.at[0].within, "udp", "and where it was");
	is_int(s->slow.at[0].ns, 1050, "how long it took");
	is_int(s->stalls.n, 0, "none held the loop up");
	turn(s, "netlink", 0, 12345);
	is_int(s->measured, 1, "the second is not measured");
	is_int(n_told, 1, "but a stall is told");
	is_str(told.name, "netlink", "by its handler's name");
	is_int(told.ns, 12345, "and with its length");
	for (unsigned i = 0; i < 100; i++)
		turn(s, "udp", 0, 20000 + i);
	is_int(s->stalls.n, 101, "all are counted");
	is_int(s->stalls.at[(s->stalls.n - 1) % LR_SPANS_RING].ns, 20099,
		"the latest are remembered");
	lr_spans_free(s);
}

static void test_full(void)
{
	static char names[LR_SPANS_MAX + 10][8];
	struct lr_spans *s = lr_spans_new();

	lr_spans_begin(s, clock_ns);
	for (unsigned i = 0; i < LR_SPANS_MAX + 10; i++) {
		snprintf(names[i], sizeof(names[i]), "n%u", i);
		struct lr_span_place *span = lr_span_enter(names[i]);
		clock_ns += 5;
		if (span)
			lr_span_leave(span);
	}
	lr_spans_handler(s, "late");
	lr_spans_handled(s, "late");
	lr_spans_end(s);
	is_int(s->n, LR_SPANS_MAX, "a full tree takes no more");
	is_int(s->lost, 12, "and says how many it had no place for");
	is_int(s->at[0].hist.sum, 5 * (LR_SPANS_MAX + 10), "their time is their parent's");
	lr_spans_free(s);
}

/* The same text at another address is the same name. */
static void test_names(void)
{
	char one[] = "same", two[] = "same";
	struct lr_spans *s = lr_spans_new();

	lr_spans_begin(s, clock_ns);
	lr_span_leave(lr_span_enter(one));
	lr_span_leave(lr_span_enter(two));
	lr_spans_end(s);
	is_int(s->n, 2, "one place for one name");
	is_int(s->at[1].hist.n, 2, "which counts both");
	lr_spans_free(s);
}

static void *other_thread(void *arg)
{
	struct lr_spans *s = arg;
	for (unsigned i = 0; i < 1000; i++) {
		lr_spans_begin(s, 0);
		seal(0);
		lr_spans_end(s);
	}
	return NULL;
}

static void test_threads(void)
{
	struct lr_spans *s[2] = {lr_spans_new(), lr_spans_new()};
	pthread_t t[2];

	for (int i = 0; i < 2; i++)
		pthread_create(&t[i], NULL, other_thread, s[i]);
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	is_int(s[0]->at[1].hist.n, 1000, "a thread measures its own");
	is_int(s[1]->at[1].hist.n, 1000, "and so does another at the same time");
	for (int i = 0; i < 2; i++)
		lr_spans_free(s[i]);
}

static void test_small_hist(void)
{
	struct lr_hist_small h = {0};
	uint64_t worst = 0;

	for (uint64_t v = 1; v < 1ull << 35; v += 1 + v / 7) {
		lr_hist_small_reset(&h);
		lr_hist_small_add(&h, v);
		lr_hist_small_add(&h, 1ull << 35);
		uint64_t got = lr_hist_small_quantile(&h, 0.5), off = got - v;
		if (got < v || off * 1000 / v > worst)
			worst = got < v ? 9999 : off * 1000 / v;
	}
	ok(worst < 63, "small histogram: at most 6.3 %% above, %u per mille", (unsigned)worst);
	lr_hist_small_reset(&h);
	lr_hist_small_add(&h, UINT64_MAX / 2);
	ok(lr_hist_small_quantile(&h, 0.5) == UINT64_MAX / 2, "beyond its range: the maximum");
}

int main(void)
{
	setenv("LR_PERF_CLOCK", "raw", 1);
	test_tree();
	test_reset_in_turn();
	test_sampling();
	test_late();
	test_full();
	test_names();
	test_threads();
	test_small_hist();
	return tap_done();
}
