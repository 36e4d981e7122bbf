/*
 * perf_watch.c - an injected leak, busy loop, stall and slowdown are each found and named, on a
 * clock and contents of /proc that the test supplies; a steady process is not accused
 */
#include <math.h>

#include "lib/perf/watch.h"
#include "t/unit/tap.h"

static struct lr_watch w;

static void test_texts(void)
{
	struct lr_watch_proc p = {0};

	ok(lr_watch_stat(&p,
		   "42 (a) b (c)) S 1 42 42 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 3 0 1000 "
		   "10485760 "
		   "700 1844 1 1 0",
		   100, 4096),
		"stat: a name with parentheses");
	is_int(p.cpu_ns, 3000000000ll, "stat: 250 + 50 ticks of 10 ms");
	is_int(p.threads, 3, "stat: threads");
	is_int(p.rss, 700 * 4096, "stat: pages");
	ok(lr_watch_schedstat(&p, "123456789 55 7\n") && p.cpu_ns == 123456789 && p.waited_ns == 55,
		"schedstat: ns");
	ok(lr_watch_status(&p,
		   "Name:\tx\nvoluntary_ctxt_switches:\t150\nnonvoluntary_ctxt_switches:\t7\n") &&
			p.switches == 157,
		"status: both kinds of switches");
	ok(lr_watch_smaps(&p, "5555 ---p 0 00:00 0 [rollup]\nRss:  9 kB\nPss:    1234 kB\n") &&
			p.pss == 1234 * 1024,
		"smaps_rollup: Pss");
	struct lr_watch_proc before = p;
	ok(!lr_watch_stat(&p, "42 (x", 100, 4096) &&
			!lr_watch_stat(&p, "42 (x) S 1 2", 100, 4096) &&
			!lr_watch_stat(&p, "", 100, 4096) && !lr_watch_schedstat(&p, "x") &&
			!lr_watch_status(&p, "voluntary_ctxt_switches: x\n") &&
			!lr_watch_smaps(&p, "Pss\n"),
		"rubbish is not understood");
	is_mem(&before, &p, sizeof(p), "and changes nothing");
}

/* What a process does, second for second. */
struct life {
	double cpu, rss, fds, rtt, answer, packets; /* at the beginning */
	double rss_a_s, fds_a_s, slower_from;       /* rtt doubles from that second on */
	double busy_from, busy_to, stall_at;
	double shares; /* of the processor it has only that part of what it wants; 0: all */
	double noise;
};

static uint64_t state;
static double noise(double amount)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return amount * ((double)(state >> 40) / (1 << 24) - 0.5);
}

static void live(const struct life *l, unsigned seconds)
{
	struct lr_watch_proc p = {.threads = 1};
	struct lr_watch_node n = {.known = true};
	double row[LR_WATCH_METRICS];

	state = 1;
	lr_watch_init(&w);
	for (unsigned s = 0; s <= seconds; s++) {
		bool busy = s > l->busy_from && s <= l->busy_to;
		double wants = (busy ? 99 : l->cpu) * 1e7, gets = l->shares ? l->shares : 1;
		p.cpu_ns += (uint64_t)(wants * gets);
		p.waited_ns += (uint64_t)(wants * (1 - gets));
		p.switches += 10;
		p.rss = l->rss + l->rss_a_s * s + floor(noise(l->noise) / 4096) * 4096;
		p.fds = l->fds + floor(l->fds_a_s * s);
		n.rx += (uint64_t)(busy ? 0 : l->packets);
		n.rtt_us = l->rtt * (l->slower_from && s >= l->slower_from ? 2 : 1) +
			   noise(l->rtt / 10);
		n.answer_ms = l->stall_at && s == l->stall_at ? 350 : l->answer + noise(l->answer);
		n.queue = 0;
		lr_watch_add(&w, 100 + s, &p, &n, row);
	}
}

static const struct life steady = {.cpu = 0.5,
	.rss = 5e6,
	.fds = 20,
	.rtt = 8000,
	.answer = 0.3,
	.packets = 60,
	.noise = 200000};

/* The one finding, or NULL when there is none or more. */
static const struct lr_watch_finding *only(void)
{
	static struct lr_watch_finding found[LR_WATCH_FINDINGS];
	size_t n = lr_watch_findings(&w, 0.005, 3, found);

	for (size_t i = 0; i < n; i++)
		printf("# %s: %s\n", lr_watch_name(found[i].what), found[i].text);
	return n == 1 ? found : NULL;
}

static size_t count(void)
{
	struct lr_watch_finding found[LR_WATCH_FINDINGS];
	return lr_watch_findings(&w, 0.005, 3, found);
}

static void test_steady(void)
{
	double worst = 0;

	live(&steady, 600);
	is_int(count(), 0, "ten steady minutes: nothing looks wrong");
	ok(fabs(lr_watch_mean(&w, LR_WATCH_CPU) - 0.5) < 1e-9, "mean processor");
	is_int(lr_watch_mean(&w, LR_WATCH_RX), 60, "packets a second");
	is_int(w.sums[LR_WATCH_CPU].n, 600, "every sample is in the sums");
	ok(w.n <= LR_WATCH_SERIES && w.n >= LR_WATCH_SERIES / 4, "the series is thinned: %zu", w.n);
	for (size_t i = 1; i < w.n; i++)
		worst = fmax(worst, fabs(w.at_s[i] - w.at_s[i - 1] - (double)w.step));
	ok(worst < 1e-9, "and stays even");
	live(&steady, 5);
	is_int(count(), 0, "five seconds: too few to say anything");
}

static void test_leak(void)
{
	struct life l = steady;
	const struct lr_watch_finding *f;

	l.rss_a_s = 4096;
	live(&l, 600);
	f = only();
	ok(f && f->what == LR_WATCH_LEAK && f->metric == LR_WATCH_RSS && f->t > 5,
		"memory that grows by a page a second, in noise of 50 pages");
	ok(f && strstr(f->text, "resident memory grows: 2.") && strstr(f->text, "an hour"),
		"says what and how fast");
	l = steady;
	l.fds_a_s = 0.1;
	live(&l, 600);
	f = only();
	ok(f && f->what == LR_WATCH_LEAK && f->metric == LR_WATCH_FDS,
		"a descriptor in ten seconds");
	l = steady;
	l.rss_a_s = 10;
	l.noise = 0;
	live(&l, 600);
	is_int(count(), 0, "6 KB in all is no leak");
}

/* Memory that grows while it starts, or once, and then stays. */
static void test_no_leak(void)
{
	struct lr_watch_proc p = {.threads = 1};
	struct lr_watch_node n = {0};
	double row[LR_WATCH_METRICS];

	for (unsigned step = 0; step < 2; step++) {
		lr_watch_init(&w);
		for (unsigned s = 0; s <= 300; s++) {
			p.rss = 5e6 + (step ? (s > 150) * 1e6 : (s < 30 ? s : 30) * 1e5);
			lr_watch_add(&w, s, &p, &n, row);
		}
		is_int(count(), 0, step ? "one step is no leak" : "starting up is no leak");
	}
	ok(isnan(row[LR_WATCH_RX]) && isnan(lr_watch_mean(&w, LR_WATCH_RTT)),
		"without a node nothing is known of its packets");
}

static void test_busy(void)
{
	struct life l = steady;
	const struct lr_watch_finding *f;

	l.busy_from = 100;
	l.busy_to = 108;
	live(&l, 300);
	f = only();
	ok(f && f->what == LR_WATCH_BUSY_LOOP && strstr(f->text, "8 s"),
		"8 s of a whole processor without packets");
	l.shares = 0.45;
	live(&l, 300);
	f = only();
	ok(f && f->what == LR_WATCH_BUSY_LOOP && strstr(f->text, "8 s"),
		"of a processor that another program has half of");
	l.shares = 0.1;
	live(&l, 300);
	is_int(count(), 0, "what hardly runs is starved, no loop");
	l = steady;
	l.cpu = 95;
	l.packets = 100000;
	live(&l, 300);
	f = only();
	ok(f && f->what == LR_WATCH_OVER, "with 100,000 packets it is work, but over the target");
	l.cpu = 1;
	l.packets = 0;
	live(&l, 300);
	f = only();
	ok(f && f->what == LR_WATCH_OVER && strstr(f->text, "at rest"), "1 %% at rest is too much");
}

static void test_stall(void)
{
	struct life l = steady;
	const struct lr_watch_finding *f;

	l.stall_at = 50;
	live(&l, 100);
	f = only();
	ok(f && f->what == LR_WATCH_STALL && strstr(f->text, "350 ms"),
		"an answer that took 350 ms");
	live(&steady, 100);
	lr_watch_stall(&w, "udp", 12);
	lr_watch_stall(&w, "netlink", 48.5);
	lr_watch_stall(&w, "udp", 11);
	f = only();
	ok(f && f->what == LR_WATCH_STALL && strstr(f->text, "3 times") &&
			strstr(f->text, "48.5 ms by netlink"),
		"stalls that the profiler told: the handler of the longest");
}

static void test_slowdown(void)
{
	struct life l = steady;
	const struct lr_watch_finding *f;

	l.slower_from = 60;
	live(&l, 120);
	f = only();
	ok(f && f->what == LR_WATCH_SLOWDOWN && f->metric == LR_WATCH_RTT &&
			strstr(f->text, "became slower"),
		"round trips of twice the time");
}

/* A counter that went back is unknown, not a huge rate. */
static void test_restart(void)
{
	struct lr_watch_proc p = {.cpu_ns = 1000, .switches = 50};
	struct lr_watch_node n = {.known = true, .rx = 100};
	double row[LR_WATCH_METRICS];

	lr_watch_init(&w);
	ok(!lr_watch_add(&w, 1, &p, &n, row), "the first sample is only compared with");
	n.rx = 5;
	p.switches = 3;
	ok(lr_watch_add(&w, 2, &p, &n, row), "the second is a row");
	ok(isnan(row[LR_WATCH_RX]) && isnan(row[LR_WATCH_SWITCHES]), "what went back is unknown");
	ok(!lr_watch_add(&w, 2, &p, &n, row), "no time has passed: no row");
}

int main(void)
{
	test_texts();
	test_steady();
	test_leak();
	test_no_leak();
	test_busy();
	test_stall();
	test_slowdown();
	test_restart();
	return tap_done();
}
