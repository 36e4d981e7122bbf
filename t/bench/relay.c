/*
 * relay.c - forwarding: lr-relay beside forwarders that do nothing else
 *
 * One JSON object a line, {"name":"relay_singles/ours","unit":"packets/s","value":...}. Core 0
 * sends, core 1 forwards, over loopback, 200 bytes a packet, 64 clients in pairs; what
 * arrives is dropped by a socket filter, so the figure is the forwarder's: packets a second of its
 * processor time. `bare` is recvmmsg and sendmmsg for single packets, and for trains of 20 one
 * recvmsg with UDP_GRO and one sendmsg with UDP_SEGMENT; it knows by the source where to.
 * relay_rtt: the median round trip of a message to another member and back.
 */
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/mman.h>

#include "lib/perf/stats.h"
#include "t/bench/relay_load.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#define UDP_GRO     104
#endif

enum {
	CLIENTS = 64,
	SIZE = 200,
	TRAIN = 20,
	BARE_PORT = 13500,
	ROUND_TRIPS = 2000,
	BATCH = 64,
	ROUNDS = 5
};

static int clients[CLIENTS];
static uint32_t channels[CLIENTS];
static struct lr_endpoint addresses[CLIENTS];
static volatile uint64_t *forwarded; /* by the bare forwarder */

/* ------------------------------------------------------------------ the bare forwarders */

static uint16_t next_of[65536]; /* source port -> where to, network order */

static int bare_socket(bool gro)
{
	struct lr_endpoint e = place(BARE_PORT);
	int one = 1, big = 4 << 20, fd = socket(AF_INET, SOCK_DGRAM, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof(big));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &big, sizeof(big));
	if (gro)
		setsockopt(fd, IPPROTO_UDP, UDP_GRO, &one, sizeof(one));
	if (bind(fd, &e.sa, sizeof(e.in)) < 0)
		stop("bare");
	for (int i = 0; i < CLIENTS; i++)
		next_of[addresses[i].in.sin_port] = addresses[i ^ 1].in.sin_port;
	return fd;
}

static void bare_singles(void)
{
	static uint8_t bytes[BATCH][2048];
	static struct mmsghdr m[BATCH];
	static struct iovec iov[BATCH];
	static struct sockaddr_in from[BATCH];
	int fd = bare_socket(false);
	for (;;) {
		for (int i = 0; i < BATCH; i++) {
			iov[i] = (struct iovec){bytes[i], sizeof(bytes[i])};
			m[i].msg_hdr = (struct msghdr){.msg_name = &from[i],
				.msg_namelen = sizeof(from[i]),
				.msg_iov = &iov[i],
				.msg_iovlen = 1};
		}
		int n = recvmmsg(fd, m, BATCH, MSG_WAITFORONE, NULL);
		for (int i = 0; i < n; i++) {
			iov[i].iov_len = m[i].msg_len;
			from[i].sin_port = next_of[from[i].sin_port];
		}
		for (int at = 0, sent; at<n; at += sent> 0 ? sent : 1)
			sent = sendmmsg(fd, m + at, (unsigned)(n - at), 0);
		*forwarded += n > 0 ? (uint64_t)n : 0;
	}
}

static void bare_trains(void)
{
	static uint8_t bytes[65536];
	int fd = bare_socket(true);
	for (;;) {
		union {
			struct cmsghdr align;
			char room[64];
		} control;
		struct sockaddr_in from;
		struct iovec iov = {bytes, sizeof(bytes)};
		struct msghdr m = {.msg_name = &from,
			.msg_namelen = sizeof(from),
			.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = &control,
			.msg_controllen = sizeof(control)};
		ssize_t n = recvmsg(fd, &m, 0);
		int size = (int)n;
		struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&m) : NULL;
		if (n <= 0)
			continue;
		if (c && c->cmsg_type == UDP_GRO)
			memcpy(&size, CMSG_DATA(c), sizeof(size));
		uint16_t segment = (uint16_t)size;
		m.msg_controllen = CMSG_SPACE(sizeof(segment));
		memset(&control, 0, sizeof(control));
		control.align.cmsg_level = IPPROTO_UDP;
		control.align.cmsg_type = UDP_SEGMENT;
		control.align.cmsg_len = CMSG_LEN(sizeof(segment));
		memcpy(CMSG_DATA(&control.align), &segment, sizeof(segment));
		iov.iov_len = (size_t)n;
		from.sin_port = next_of[from.sin_port];
		(void)!sendmsg(fd, &m, 0);
		*forwarded += (uint64_t)((n + size - 1) / size);
	}
}

static pid_t bare_start(void (*run)(void))
{
	pid_t pid = fork();
	if (pid == 0) {
		pin(1);
		run();
	}
	return pid;
}

/* ------------------------------------------------------------------ load and measure */

static uint64_t cpu_ns(pid_t pid)
{
	char path[64], text[128] = "";
	snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)pid);
	int fd = open(path, O_RDONLY);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		stop(path);
	close(fd);
	return strtoull(text, NULL, 10);
}

/* forwarded_packets_total of lr-relay. */
static uint64_t relay_count(void)
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
	const char *at = strstr(buf, "\nlanrage_relay_forwarded_packets_total ");
	if (!at)
		stop("no metrics");
	return strtoull(strchr(at + 1, ' '), NULL, 10);
}

static void send_some(uint8_t *bytes, size_t len, uint64_t until)
{
	while (lr_now() < until) {
		for (int i = 0; i < CLIENTS; i++) {
			uint32_t to = channels[i ^ 1];
			for (size_t at = 0; at < len; at += SIZE)
				lr_frame_header(bytes + at, 0, to);
			(void)!send(clients[i], bytes, len, MSG_DONTWAIT);
		}
	}
}

/* Packets a second of the forwarder's processor, `train` packets at once. */
static double measure(pid_t pid, uint16_t port, int train, double seconds)
{
	static uint8_t bytes[SIZE * TRAIN];
	struct lr_endpoint e = place(port);
	int segment = train > 1 ? SIZE : 0;
	for (int i = 0; i < CLIENTS; i++) {
		if (connect(clients[i], &e.sa, sizeof(e.in)) < 0)
			stop("connect");
		setsockopt(clients[i], IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment));
	}
	send_some(bytes, (size_t)train * SIZE, lr_now() + LR_NS_PER_S / 10);
	uint64_t before = pid == relay_pid ? relay_count() : *forwarded, cpu = cpu_ns(pid);
	send_some(bytes, (size_t)train * SIZE, lr_now() + (uint64_t)(seconds * 1e9));
	uint64_t after = pid == relay_pid ? relay_count() : *forwarded;
	cpu = cpu_ns(pid) - cpu;
	return (double)(after - before) / ((double)cpu / 1e9);
}

/* One message from a client to its neighbour. Others that still lie there are passed over. */
static void one_way(int from, int to, uint32_t number)
{
	uint8_t bytes[SIZE] = {0}, in[2048];
	lr_frame_header(bytes, 0, channels[to]);
	memcpy(bytes + LR_FRAME_HEADER, &number, sizeof(number));
	ssize_t n = send(clients[from], bytes, SIZE, 0);
	do
		n = n < 0 ? n : recv(clients[to], in, sizeof(in), 0);
	while (n >= 0 && (n != SIZE || memcmp(in + LR_FRAME_HEADER, &number, sizeof(number)) != 0));
	if (n < 0)
		stop("round trip");
}

static double round_trip(uint16_t port)
{
	static double us[ROUND_TRIPS];
	struct lr_endpoint e = place(port);
	for (int i = 0; i < CLIENTS; i++)
		if (connect(clients[i], &e.sa, sizeof(e.in)) < 0)
			stop("connect");
	for (uint32_t i = 0; i < ROUND_TRIPS; i++) {
		uint64_t from = lr_now();
		one_way(0, 1, 2 * i + 1);
		one_way(1, 0, 2 * i + 2);
		us[i] = (double)(lr_now() - from) / 1e3;
	}
	return lr_stats_median(us, ROUND_TRIPS);
}

static void print(const char *name, const char *unit, double value)
{
	printf("{\"name\":\"%s\",\"unit\":\"%s\",\"value\":%.1f}\n", name, unit, value);
	fflush(stdout);
}

static void stop_bare(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void make_clients(void)
{
	int http = connected(SOCK_STREAM, PORT);
	char name[16];
	found_party(http, 1);
	for (int i = 0; i < CLIENTS; i++) {
		socklen_t len = sizeof(addresses[i].in);
		struct timeval second = {1, 0};
		snprintf(name, sizeof(name), "m%d", i);
		join_party(http, name);
		clients[i] = connected(SOCK_DGRAM, PORT);
		setsockopt(clients[i], SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second));
		channels[i] = bind_channel(clients[i], name);
		getsockname(clients[i], &addresses[i].sa, &len);
	}
	close(http);
}

/* All that arrives is dropped before it is queued. */
static void drop_all(void)
{
	struct sock_filter none = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog all = {1, &none};
	for (int i = 0; i < CLIENTS; i++)
		setsockopt(clients[i], SOL_SOCKET, SO_ATTACH_FILTER, &all, sizeof(all));
}

static void wait_bare(void)
{
	uint8_t bytes[SIZE] = {0};
	uint64_t until = lr_now() + 5 * LR_NS_PER_S, before = *forwarded;
	struct lr_endpoint e = place(BARE_PORT);
	(void)!connect(clients[0], &e.sa, sizeof(e.in));
	while (*forwarded == before && lr_now() < until)
		(void)!send(clients[0], bytes, SIZE, 0);
}

/* Both in turn, the median of each. */
static void rounds(const char *name, void (*bare)(void), int train, double seconds)
{
	double ours[ROUNDS], theirs[ROUNDS];
	char line[64];
	for (int i = 0; i < ROUNDS; i++) {
		pid_t pid = bare_start(bare);
		wait_bare();
		theirs[i] = measure(pid, BARE_PORT, train, seconds / ROUNDS);
		stop_bare(pid);
		ours[i] = measure(relay_pid, PORT, train, seconds / ROUNDS);
	}
	snprintf(line, sizeof(line), "%s/bare", name);
	print(line, "packets/s", lr_stats_median(theirs, ROUNDS));
	snprintf(line, sizeof(line), "%s/ours", name);
	print(line, "packets/s", lr_stats_median(ours, ROUNDS));
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? strtod(argv[1], NULL) : 2;
	if (lr_crypto_init() < 0)
		return 1;
	forwarded = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (forwarded == MAP_FAILED)
		stop("mmap");
	relay_start(1);
	pin(0);
	make_clients();
	print("relay_rtt/ours", "us", round_trip(PORT));
	pid_t bare = bare_start(bare_singles);
	wait_bare();
	print("relay_rtt/bare", "us", round_trip(BARE_PORT));
	stop_bare(bare);
	drop_all();
	rounds("relay_singles", bare_singles, 1, seconds);
	rounds("relay_trains", bare_trains, TRAIN, seconds);
	relay_stop();
	return 0;
}
