/*
 * relay_scale.c - what members cost a relay that does nothing: 1,000 parties of 8, one of 250
 *
 * One JSON object a line. relay_member_bytes: resident memory of the relay per idle member with a
 * channel; relay_poll_bytes: per long poll more; relay_join_us: a PUT whose answer is the list,
 * in an empty relay, in the full one, and as the 250th of one party. The kernel's sockets are not
 * in these figures.
 */
#include <sys/socket.h>

#include "lib/party/access.h"
#include "lib/party/list.h"
#include "lib/perf/stats.h"
#include "t/bench/relay_load.h"

enum { PARTIES = 1000, PARTY = 8, LARGE = 250, POLLS = 1000, JOINS = 100 };

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

static double joins(int http, unsigned from)
{
	static double us[JOINS];
	char name[16];
	for (unsigned i = 0; i < JOINS; i++) {
		found_party(http, from + i);
		snprintf(name, sizeof(name), "j%u", i);
		us[i] = join_us(http, name);
	}
	return lr_stats_median(us, JOINS);
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
	print("relay_join_us/empty", "us", joins(http, 1000000));
	long before = resident();
	for (unsigned p = 0; p < PARTIES; p++) {
		found_party(http, p);
		for (unsigned i = 0; i < PARTY; i++)
			member(http, i);
	}
	print("relay_member_bytes/ours", "B", (double)(resident() - before) / (PARTIES * PARTY));
	found_party(http, 2000000);
	double us[LARGE];
	for (unsigned i = 0; i < LARGE; i++) {
		char name[16];
		snprintf(name, sizeof(name), "l%u", i);
		us[i] = join_us(http, name);
	}
	print("relay_join_us/large", "us", lr_stats_median(us + LARGE - 50, 50));
	print("relay_join_us/full", "us", joins(http, 3000000));
	struct lr_since since = {1, 1};
	before = resident();
	/* Only a poll with the relay's own epoch and number waits: a keepalive tells them. */
	uint8_t frame[LR_FRAME_SIGNAL_LEN];
	struct lr_frame_control c;
	int udp = connected(SOCK_DGRAM, PORT);
	found_party(http, 3000000);
	(void)bind_channel(udp, "j0");
	exchange(udp, frame, lr_frame_number(frame, LR_FRAME_KEEPALIVE, 0, 0, 0),
		LR_FRAME_KEEPALIVE, &c);
	since = (struct lr_since){c.epoch, c.seq};
	for (unsigned i = 0; i < POLLS; i++)
		poll_members(&since);
	found_party(http, 4000000); /* answered behind all of them */
	print("relay_poll_bytes/ours", "B", (double)(resident() - before) / POLLS);
	relay_stop();
	return 0;
}
