/*
 * relay_scale.c - what members cost a relay that does nothing: 1,000 parties of 8, one of 250
 *
 * One JSON object a line. relay_member: resident memory of the relay per idle member with a
 * channel; relay_poll: what a long poll takes more; both with nine samples, while they become more.
 * relay_join: a PUT whose answer is the list, when the relay knows 10 members, when it knows 8,000,
 * and at the end of a party of 250; each sample the median of a few. The kernel's sockets
 * are not in these figures.
 */
#include <sys/socket.h>

#include "lib/party/access.h"
#include "lib/party/list.h"
#include "lib/perf/stats.h"
#include "t/bench/relay_load.h"

enum {
	SAMPLES = 9,
	PARTIES = 1000,
	PARTY = 8,
	LARGE = 250,
	LARGE_LAST = 54, /* the joins to it that are timed */
	POLLS = 999,
	POLLS_PARTY = 333, /* of one party: it may hold 512 */
	JOINS = 20,        /* of one sample */
};

static long resident(void)
{
	char path[64], line[256];
	long kb = 0;
	snprintf(path, sizeof(path), "/proc/%d/status", (int)relay_pid);
	FILE *f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, "VmRSS:", 6) == 0)
			kb = strtol(line + 6, NULL, 10);
	if (f)
		fclose(f);
	return kb * 1024;
}

static void print(const char *name, const char *unit, double value)
{
	printf("{\"name\":\"%s\",\"unit\":\"%s\",\"value\":%.1f}\n", name, unit, value);
	fflush(stdout);
}

/* The number of that name in /metrics. */
static long metric(const char *name)
{
	static const char ask[] = "GET /metrics HTTP/1.1\r\nHost: r\r\nConnection: close\r\n\r\n";
	static char buf[65536];
	int fd = connected(SOCK_STREAM, PORT);
	size_t n = 0;
	ssize_t got;
	if (send(fd, ask, sizeof(ask) - 1, 0) < 0)
		stop("metrics");
	while ((got = recv(fd, buf + n, sizeof(buf) - 1 - n, 0)) > 0)
		n += (size_t)got;
	close(fd);
	buf[n] = '\0';
	const char *at = strstr(buf, name);
	return at ? strtol(at + strlen(name), NULL, 10) : -1;
}

static void wait_polls(long want)
{
	for (int tries = 0; metric("\nlanrage_relay_polls ") < want; tries++) {
		if (tries == 1000)
			stop("polls do not wait");
		usleep(10000);
	}
}

static double join_us(int http, const char *name)
{
	uint64_t from = lr_now();
	join_party(http, name);
	return (double)(lr_now() - from) / 1e3;
}

static void member(int http, unsigned n)
{
	char name[16];
	snprintf(name, sizeof(name), "m%u", n);
	join_party(http, name);
	(void)bind_channel(connected(SOCK_DGRAM, PORT), name);
}

/* A request that waits; its connection stays open. */
static void poll_members(struct lr_since *since)
{
	char request[600], access[LR_ACCESS_TEXT], text[LR_PARTY_ID_TEXT], at[LR_SINCE_TEXT];
	int fd = connected(SOCK_STREAM, PORT);
	int n = snprintf(request, sizeof(request),
		"GET /v1/parties/%s/members?since=%s&wait=60 HTTP/1.1\r\nHost: r\r\nLR-Access: "
		"%s\r\n\r\n",
		lr_party_id_text(id, text), lr_since_text(since, at),
		lr_access_text(id, &keys, (uint64_t)time(NULL), access));
	if (send(fd, request, (size_t)n, 0) < 0)
		stop("poll");
}

/* Samples of joins, each the only one of a party of its own from `from` on. */
static void joins(int http, unsigned from, const char *name)
{
	double us[JOINS];
	for (unsigned s = 0; s < SAMPLES; s++) {
		for (unsigned i = 0; i < JOINS; i++) {
			found_party(http, from++);
			us[i] = join_us(http, "joiner");
		}
		print(name, "us", lr_stats_median(us, JOINS));
	}
}

static void many_parties(int http)
{
	long before = resident();
	for (unsigned p = 0; p < PARTIES; p++) {
		found_party(http, p);
		for (unsigned i = 0; i < PARTY; i++)
			member(http, i);
		if ((p + 1) % (PARTIES / SAMPLES) == 0)
			print("relay_member/ours", "B",
				(double)(resident() - before) / ((p + 1) * PARTY));
	}
}

static void large_party(int http)
{
	const unsigned each = LARGE_LAST / SAMPLES;
	double us[LARGE_LAST / SAMPLES];
	char name[16];
	found_party(http, 2000000);
	for (unsigned i = 0; i < LARGE; i++) {
		snprintf(name, sizeof(name), "l%u", i);
		us[i % each] = join_us(http, name);
		if (i >= LARGE - LARGE_LAST && (LARGE - 1 - i) % each == 0)
			print("relay_join/large", "us", lr_stats_median(us, each));
	}
}

/* What the party knows now: only a poll with that waits. A keepalive is answered with it. */
static struct lr_since since_now(int http, unsigned party)
{
	uint8_t frame[LR_FRAME_SIGNAL_LEN];
	struct lr_frame_control c;
	int udp = connected(SOCK_DGRAM, PORT);
	found_party(http, party);
	join_party(http, "p");
	(void)bind_channel(udp, "p");
	exchange(udp, frame, lr_frame_number(frame, LR_FRAME_KEEPALIVE, 0, 0, 0),
		LR_FRAME_KEEPALIVE, &c);
	close(udp);
	return (struct lr_since){c.epoch, c.seq};
}

static void polls(int http)
{
	struct lr_since since;
	long before = resident();
	for (unsigned i = 0; i < POLLS; i++) {
		if (i % POLLS_PARTY == 0)
			since = since_now(http, 4000000 + i);
		poll_members(&since);
		if ((i + 1) % (POLLS / SAMPLES))
			continue;
		wait_polls(i + 1);
		print("relay_poll/ours", "B", (double)(resident() - before) / (i + 1));
	}
}

int main(void)
{
	struct rlimit files;
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	if (lr_crypto_init() < 0)
		return 1;
	relay_start(1);
	pin(0);
	int http = connected(SOCK_STREAM, PORT);
	found_party(http, 1000000);
	for (unsigned i = 0; i < 10; i++)
		member(http, i);
	joins(http, 1000001, "relay_join/few");
	many_parties(http);
	joins(http, 3000000, "relay_join/many");
	large_party(http);
	polls(http);
	relay_stop();
	return 0;
}
