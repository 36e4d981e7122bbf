/*
 * udpload.c - UDP load with exact counting, for the tests, the demo and the benchmarks
 *
 *   udpload sink [OPTION]...          counts what arrives, answers questions about it
 *   udpload send [OPTION]... HOST...  sends, asks the sink, prints what was lost
 *   udpload maxrate [OPTION]... HOST  the highest rate that a sink gets with little loss
 *   udpload echo [OPTION]...          sends every datagram back
 *   udpload rtt [OPTION]... HOST      ping-pong with an echo, quantiles of the round trip
 *
 * Every datagram carries run and sequence number; a sink keeps the counts of the latest run,
 * and a question (the same header, of another kind) gets them back. So a sender learns exactly
 * what became of its datagrams. Everything is bounded by --time, --count or SIGTERM; one JSON
 * object on stdout is the result, exit 1 when nothing came back.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/udp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/perf/hist.h"

#define BATCH     32    /* datagrams in one sendmmsg */
#define SIZE_MAX_ 65000 /* bytes in one call */
#define HOSTS     64
#define WINDOW    (1u << 20) /* sequence numbers that a sink tells apart in one run */

enum kind { DATA = 0x4c520001, ASK, COUNTS };

struct header {
	uint32_t kind, run;
	uint64_t seq; /* of a DATA; in COUNTS: received */
};
struct counts {
	struct header h; /* seq: how many different ones came */
	uint64_t duplicates, reordered;
	uint64_t first_ns, last_ns; /* when the run's first and last batch had been taken */
	uint64_t gap_ns;            /* longest time between two batches */
};

static struct options {
	long port, size, pps, count, gso, gro, batch, rate, trial_ms;
	double seconds, listen_s, loss;
} opt = {.port = 7777,
	.size = 64,
	.count = 1000,
	.batch = BATCH,
	.rate = 1000,
	.trial_ms = 300,
	.seconds = 2,
	.listen_s = 600,
	.loss = 0.01};

static volatile sig_atomic_t stop;
static void on_signal(int sig)
{
	stop = sig;
}

static void fail(const char *what)
{
	fprintf(stderr, "udpload: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void sleep_until(uint64_t ns)
{
	struct timespec t = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

static int udp_socket(long port)
{
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0), bytes = 8 << 20, on = 1, off = 0;
	struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
	if (fd < 0 || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) < 0)
		fail("socket");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
	if (opt.gro && setsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, sizeof on) < 0)
		fail("UDP_GRO");
	if (bind(fd, (struct sockaddr *)&any, sizeof any) < 0)
		fail("bind");
	return fd;
}

/* IPv6, or IPv4 mapped into it: one kind of socket serves both. */
static struct sockaddr_in6 host(const char *text)
{
	struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)opt.port)};
	char mapped[64];
	snprintf(mapped, sizeof mapped, "%s%s", strchr(text, ':') ? "" : "::ffff:", text);
	errno = EINVAL;
	if (inet_pton(AF_INET6, mapped, &a.sin6_addr) != 1)
		fail(text);
	return a;
}

static bool readable(int fd, int ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	return poll(&p, 1, ms) > 0;
}

/* --- the sink -------------------------------------------------------------------------------- */

static struct sink {
	struct counts c;
	uint64_t next, bytes, total, now_ns;
	uint8_t seen[WINDOW / 8];
} sink;

static void sink_data(const struct header *h)
{
	uint64_t bit = h->seq % WINDOW;
	if (h->run != sink.c.h.run) {
		memset(&sink.c, 0, sizeof sink.c);
		memset(sink.seen, 0, sizeof sink.seen);
		sink.c.h.run = h->run;
		sink.next = 0;
	}
	/* The map is a window that moves: what lies half of it ahead becomes free. */
	while (sink.next <= h->seq) {
		uint64_t ahead = (sink.next + WINDOW / 2) % WINDOW;
		sink.seen[ahead / 8] &= (uint8_t) ~(1u << ahead % 8);
		if (sink.next++ == h->seq)
			goto fresh;
	}
	if (sink.seen[bit / 8] & 1u << bit % 8) {
		sink.c.duplicates++;
		return;
	}
	sink.c.reordered++;
fresh:
	if (!sink.c.first_ns)
		sink.c.first_ns = sink.now_ns;
	else if (sink.now_ns - sink.c.last_ns > sink.c.gap_ns)
		sink.c.gap_ns = sink.now_ns - sink.c.last_ns;
	sink.c.last_ns = sink.now_ns;
	sink.seen[bit / 8] |= (uint8_t)(1u << bit % 8);
	sink.c.h.seq++;
	sink.total++;
}

static void sink_take(int fd, const uint8_t *p, size_t len, const struct sockaddr_in6 *from)
{
	struct header h;
	struct counts answer;
	if (len < sizeof h)
		return;
	memcpy(&h, p, sizeof h);
	if (h.kind == DATA) {
		sink_data(&h);
		sink.bytes += len;
	} else if (h.kind == ASK) {
		answer = sink.c;
		answer.h.kind = COUNTS;
		if (sink.c.h.run != h.run)
			answer = (struct counts){.h = {COUNTS, h.run, 0}};
		sendto(fd, &answer, sizeof answer, 0, (const struct sockaddr *)from, sizeof *from);
	}
}

/* The size of each segment in a train that the kernel joined; else the whole length. */
static size_t segment(struct msghdr *m, size_t len)
{
	uint16_t size;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
		if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO) {
			memcpy(&size, CMSG_DATA(c), sizeof size);
			return size;
		}
	return len;
}

static void sink_batch(int fd, struct mmsghdr *m, int n)
{
	sink.now_ns = now_ns();
	for (int i = 0; i < n; i++) {
		const uint8_t *p = m[i].msg_hdr.msg_iov->iov_base;
		size_t len = m[i].msg_len, seg = segment(&m[i].msg_hdr, len);
		for (size_t at = 0; at < len; at += seg)
			sink_take(
				fd, p + at, len - at < seg ? len - at : seg, m[i].msg_hdr.msg_name);
	}
}

static int run_sink(void)
{
	static uint8_t buf[BATCH][65536];
	static struct sockaddr_in6 from[BATCH];
	static char control[BATCH][64];
	struct mmsghdr m[BATCH];
	struct iovec iov[BATCH];
	int fd = udp_socket(opt.port), n;
	uint64_t start = now_ns(), end = start + (uint64_t)(opt.listen_s * 1e9);
	while (!stop && now_ns() < end) {
		for (int i = 0; i < BATCH; i++) {
			iov[i] = (struct iovec){buf[i], sizeof buf[i]};
			m[i].msg_hdr = (struct msghdr){&from[i], sizeof from[i], &iov[i], 1,
				control[i], sizeof control[i], 0};
		}
		if (!readable(fd, 200))
			continue;
		n = recvmmsg(fd, m, BATCH, MSG_DONTWAIT, NULL);
		if (n > 0)
			sink_batch(fd, m, n);
	}
	printf("{\"received\": %llu, \"bytes\": %llu, \"duplicates\": %llu, \"reordered\": %llu}\n",
		(unsigned long long)sink.total, (unsigned long long)sink.bytes,
		(unsigned long long)sink.c.duplicates, (unsigned long long)sink.c.reordered);
	return 0;
}

/* --- the sender ------------------------------------------------------------------------------ */

struct trial {
	uint64_t sent, ns;
	struct counts got;
	bool answered;
};

static struct sender {
	int fd, n_to;
	struct sockaddr_in6 to[HOSTS];
	struct mmsghdr m[BATCH];
	struct iovec iov[BATCH];
	uint8_t buf[BATCH][SIZE_MAX_];
	char control[CMSG_SPACE(sizeof(uint16_t))];
	uint32_t run;
} tx;

static void sender_init(int n, char **hosts)
{
	struct cmsghdr *c = (struct cmsghdr *)tx.control;
	uint16_t size = (uint16_t)opt.size;
	tx.fd = udp_socket(0);
	for (tx.n_to = 0; tx.n_to < n && tx.n_to < HOSTS; tx.n_to++)
		tx.to[tx.n_to] = host(hosts[tx.n_to]);
	*c = (struct cmsghdr){CMSG_LEN(sizeof size), SOL_UDP, UDP_SEGMENT};
	memcpy(CMSG_DATA(c), &size, sizeof size);
	for (int i = 0; i < BATCH; i++) {
		tx.iov[i] = (struct iovec){tx.buf[i], (size_t)(opt.size * (opt.gso ? opt.gso : 1))};
		tx.m[i].msg_hdr = (struct msghdr){&tx.to[0], sizeof tx.to[0], &tx.iov[i], 1,
			opt.gso ? tx.control : NULL, opt.gso ? sizeof tx.control : 0, 0};
	}
	tx.run = (uint32_t)now_ns() ^ (uint32_t)getpid() << 20;
}

/* Writes the headers of one call's datagrams and sends them: `calls` messages of `per` each. */
static int send_calls(uint64_t seq, int calls, long per)
{
	for (int i = 0; i < calls; i++) {
		tx.m[i].msg_hdr.msg_name = &tx.to[seq % (unsigned)tx.n_to];
		for (long s = 0; s < per; s++) {
			struct header h = {DATA, tx.run, seq++};
			memcpy(tx.buf[i] + s * opt.size, &h, sizeof h);
		}
	}
	return sendmmsg(tx.fd, tx.m, (unsigned)calls, 0);
}

/* Sends for `ns` (or opt.count datagrams when ns is 0) at `pps`, 0 for as fast as it goes. */
static struct trial send_for(uint64_t ns, long pps)
{
	struct trial t = {0};
	long per = opt.gso ? opt.gso : 1;
	int calls = opt.gso ? 1 : (int)opt.batch;
	uint64_t start = now_ns(), now = start, due;
	tx.run++;
	while (!stop && (ns ? now - start < ns : t.sent < (uint64_t)opt.count)) {
		int n;
		if (!ns && opt.count - (long)t.sent < calls * per)
			calls = (int)((opt.count - (long)t.sent + per - 1) / per);
		n = send_calls(t.sent, calls, per);
		if (n < 0 && errno != ENOBUFS && errno != ECONNREFUSED && errno != EINTR)
			fail("sendmmsg");
		t.sent += (uint64_t)(n > 0 ? n * per : 0);
		now = now_ns();
		if (!pps)
			continue;
		due = start + (uint64_t)((double)t.sent * 1e9 / (double)pps);
		if (due > now)
			sleep_until(due);
	}
	t.ns = now_ns() - start;
	return t;
}

/* Asks until the counts stand still, at most for a second. */
static void ask(struct trial *t)
{
	struct header q = {ASK, tx.run, 0};
	struct counts c;
	for (int tries = 0, same = 0; tries < 25 && same < 2 && !stop; tries++) {
		sendto(tx.fd, &q, sizeof q, 0, (struct sockaddr *)&tx.to[0], sizeof tx.to[0]);
		while (readable(tx.fd, 40))
			if (recv(tx.fd, &c, sizeof c, 0) == sizeof c && c.h.kind == COUNTS &&
				c.h.run == tx.run) {
				same = t->answered && c.h.seq == t->got.h.seq ? same + 1 : 0;
				t->got = c;
				t->answered = true;
				break;
			}
		if (t->answered && t->got.h.seq == t->sent)
			break;
	}
}

static double loss_of(const struct trial *t)
{
	return t->sent ? 1 - (double)t->got.h.seq / (double)t->sent : 1;
}

/* Datagrams a ns, over the time in which they came when that was longer than the sending: what
 * stood in queues at the end was not moved at the sender's rate. */
static double rate_of(const struct trial *t)
{
	uint64_t span = t->got.last_ns - t->got.first_ns;
	return (double)t->got.h.seq / (double)(span > t->ns ? span : t->ns);
}

static int report(const struct trial *t)
{
	double s = (double)t->ns / 1e9;
	printf("{\"sent\": %llu, \"received\": %llu, \"lost\": %llu, \"duplicates\": %llu, "
	       "\"reordered\": %llu, \"seconds\": %.3f, \"sent_pps\": %.0f, \"received_pps\": "
	       "%.0f, \"longest_gap_us\": %llu}\n",
		(unsigned long long)t->sent, (unsigned long long)t->got.h.seq,
		(unsigned long long)(t->sent - t->got.h.seq), (unsigned long long)t->got.duplicates,
		(unsigned long long)t->got.reordered, s, t->ns ? (double)t->sent / s : 0,
		t->ns ? rate_of(t) * 1e9 : 0, (unsigned long long)t->got.gap_ns / 1000);
	return t->answered ? 0 : 1;
}

static int run_send(int n, char **hosts)
{
	struct trial t;
	sender_init(n, hosts);
	t = send_for((uint64_t)(opt.seconds * 1e9), opt.pps);
	stop = 0; /* a signal ends the sending; the next one the asking */
	if (n == 1)
		ask(&t);
	else
		t.answered = true; /* each of several sinks saw a part */
	return report(&t);
}

/* A flood says what gets through at all; between a third of that and what was sent lies the
 * highest rate with a loss below the limit, found by halving. */
static int run_maxrate(int n, char **hosts)
{
	uint64_t ns = (uint64_t)opt.trial_ms * 1000000u;
	struct trial t, best = {0};
	double low, high;
	sender_init(n, hosts);
	t = send_for(ns, 0);
	ask(&t);
	if (!t.answered)
		return report(&t);
	high = (double)t.sent * 1e9 / (double)t.ns;
	low = (double)t.got.h.seq * 1e9 / (double)t.ns / 3;
	if (loss_of(&t) < opt.loss)
		return report(&t);
	for (int step = 0, tries = 0; step < 8 && high / low > 1.02 && !stop; step++) {
		double mid = (low + high) / 2;
		t = send_for(ns, (long)mid);
		ask(&t);
		if (t.answered && loss_of(&t) < opt.loss) {
			if (!best.ns || rate_of(&t) > rate_of(&best))
				best = t;
			low = mid;
			tries = 0;
		} else if (!tries++) {
			step--; /* something else may have run just then: once more */
		} else {
			high = mid;
			tries = 0;
		}
	}
	return report(&best) || !best.sent;
}

/* --- round trips ----------------------------------------------------------------------------- */

static int run_echo(void)
{
	static uint8_t buf[65536];
	struct sockaddr_in6 from;
	uint64_t end = now_ns() + (uint64_t)(opt.listen_s * 1e9);
	unsigned long long answered = 0;
	int fd = udp_socket(opt.port);
	struct timeval limit = {0, 200000};
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	while (!stop && now_ns() < end) {
		socklen_t len = sizeof from;
		ssize_t n = recvfrom(fd, buf, sizeof buf, 0, (struct sockaddr *)&from, &len);
		if (n > 0 && sendto(fd, buf, (size_t)n, 0, (struct sockaddr *)&from, len) == n)
			answered++;
	}
	printf("{\"answered\": %llu}\n", answered);
	return 0;
}

/* One round trip in ns, 0 when no answer came in a second (in 5 s for the first). */
static uint64_t round_trip(int fd, uint64_t seq)
{
	static uint8_t buf[SIZE_MAX_];
	struct header h = {DATA, 0, seq}, got;
	uint64_t start = now_ns(), limit = seq ? 1000000000u : 5000000000u;
	memcpy(buf, &h, sizeof h);
	if (send(fd, buf, (size_t)opt.size, 0) < 0)
		return 0;
	do {
		ssize_t n = recv(fd, buf, sizeof buf, 0);
		if (n < (ssize_t)sizeof got)
			continue;
		memcpy(&got, buf, sizeof got);
		if (got.seq == seq)
			return now_ns() - start;
	} while (!stop && now_ns() - start < limit);
	return 0;
}

static int run_rtt(char **hosts)
{
	static struct lr_hist hist;
	struct sockaddr_in6 to = host(hosts[0]);
	struct timeval limit = {0, 100000};
	uint64_t due = now_ns(), took, first = 0;
	long lost = 0;
	int fd = udp_socket(0);
	if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
		fail("connect");
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	lr_hist_reset(&hist);
	for (long i = 0; i < opt.count && !stop && lost < 10; i++) {
		took = round_trip(fd, (uint64_t)i);
		lost += !took;
		first = i ? first : took;
		if (took && (i || opt.count == 1))
			lr_hist_add(&hist, took);
		due += 1000000000u / (uint64_t)opt.rate;
		if (now_ns() < due)
			sleep_until(due);
		else
			due = now_ns();
	}
	printf("{\"count\": %llu, \"lost\": %ld, \"first_us\": %.1f, \"p50_us\": %.1f, "
	       "\"p90_us\": %.1f, \"p99_us\": %.1f, \"max_us\": %.1f, \"mean_us\": %.1f}\n",
		(unsigned long long)hist.n, lost, (double)first / 1e3,
		(double)lr_hist_quantile(&hist, .5) / 1e3,
		(double)lr_hist_quantile(&hist, .9) / 1e3,
		(double)lr_hist_quantile(&hist, .99) / 1e3, (double)hist.max / 1e3,
		lr_hist_mean(&hist) / 1e3);
	return hist.n ? 0 : 1;
}

/* --- command line ---------------------------------------------------------------------------- */

static const char usage[] =
	"usage: udpload sink|echo [--port P] [--time S] [--gro]\n"
	"       udpload send HOST... [--port P] [--size BYTES] [--time S | --count N] [--pps N]\n"
	"                    [--batch N | --gso SEGMENTS]\n"
	"       udpload maxrate HOST [--size BYTES] [--loss 0.01] [--trial MS] [--gso SEGMENTS]\n"
	"       udpload rtt HOST [--size BYTES] [--rate N] [--count N]\n";

static bool set_option(const char *name, const char *value)
{
	const struct {
		const char *name;
		long *to, min, max;
	} longs[] = {{"port", &opt.port, 1, 65535},
		{"size", &opt.size, sizeof(struct header), 1472}, {"pps", &opt.pps, 0, 100000000},
		{"count", &opt.count, 1, 1000000000}, {"gso", &opt.gso, 2, 44},
		{"batch", &opt.batch, 1, BATCH}, {"rate", &opt.rate, 1, 1000000},
		{"trial", &opt.trial_ms, 10, 10000}};
	for (size_t i = 0; i < sizeof longs / sizeof *longs; i++)
		if (!strcmp(name, longs[i].name)) {
			*longs[i].to = strtol(value, NULL, 10);
			if (longs[i].to == &opt.count)
				opt.seconds = 0;
			return *longs[i].to >= longs[i].min && *longs[i].to <= longs[i].max;
		}
	if (!strcmp(name, "gro"))
		return (opt.gro = 1) != 0;
	if (!strcmp(name, "time"))
		return (opt.listen_s = opt.seconds = strtod(value, NULL)) > 0 &&
		       opt.seconds <= 3600;
	return (opt.loss = strtod(value, NULL)) > 0 && opt.loss < 1;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {{"port", 1}, {"size", 1}, {"pps", 1}, {"count", 1},
		{"gso", 1}, {"batch", 1}, {"rate", 1}, {"trial", 1}, {"gro", 0}, {"time", 1},
		{"loss", 1}, {NULL}};
	const char *mode;
	int n, which;
	while ((n = getopt_long(argc, argv, "", longs, &which)) != -1)
		if (n || !set_option(longs[which].name, optarg))
			return fputs(usage, stderr), 2;
	mode = optind < argc ? argv[optind++] : "";
	n = argc - optind;
	if (opt.gso * opt.size > SIZE_MAX_)
		return fputs("udpload: SEGMENTS x BYTES is over 65000\n", stderr), 2;
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	prctl(PR_SET_TIMERSLACK, 1);
	if (!strcmp(mode, "sink") && !n)
		return run_sink();
	if (!strcmp(mode, "echo") && !n)
		return run_echo();
	if (!strcmp(mode, "send") && n >= 1 && n <= HOSTS)
		return run_send(n, argv + optind);
	if (!strcmp(mode, "maxrate") && n == 1)
		return run_maxrate(n, argv + optind);
	if (!strcmp(mode, "rtt") && n == 1)
		return run_rtt(argv + optind);
	return fputs(usage, stderr), 2;
}
