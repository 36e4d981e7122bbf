/*
 * relay.c - forwarding: lr-relay beside forwarders that do nothing else
 *
 * relay: one round, a JSON object a line, {"name":"relay_singles/ours","unit":"packets/s",
 * "value":...}. Core 0 sends, core 1 forwards, over loopback, 200 bytes a packet, 64 clients in
 * pairs, the same sockets for both. `bare` is recvmmsg and sendmmsg for single packets, and for
 * trains of 20 one recvmsg with UDP_GRO and one sendmsg with UDP_SEGMENT; it knows
 * by the source where to. Both run all the time on the same core and are measured in turn, in
 * short slices, so that what else the machine does meets both.
 *
 * A slice: the forwarder is stopped, its socket's buffer is filled, it goes on, and its processor
 * time is read until all have arrived. So it is never measured waiting for a sender that is
 * no faster than itself, and how it waits does not count. What arrives a client drops in a socket
 * filter, which costs the same for both, and the kernel counts it by the datagram: only what
 * arrived counts, and relay_*_lost says what did not. The figure is the median of the slices, in
 * packets a second of the forwarder's processor time.
 *
 * relay_rtt: the median round trip of a message to another member and back, also in slices;
 * relay_added: by how much that of lr-relay is longer.
 */
#include <linux/filter.h>
#include <linux/sock_diag.h>
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
	SINGLES_PORT = 13500,
	TRAINS_PORT = 13501,
	ROUND_TRIPS = 50, /* of one slice */
	BATCH = 64,
	SLICES = 36, /* of each of the two, in the order a b b a a b ... */
	FILL_SINGLES =
		75, /* packets of each client in the buffer: 4 MB granted are 8, 1,280 B each */
	FILL_TRAINS = 10,
	QUIET_MS = 50,
};

static int clients[CLIENTS];
static uint32_t channels[CLIENTS];
static struct lr_endpoint addresses[CLIENTS];
static volatile int *listening; /* how many bare forwarders do */

/* ------------------------------------------------------------------ the bare forwarders */

static uint16_t next_of[65536]; /* source port -> where to, network order */

static int bare_socket(uint16_t port, bool gro)
{
	struct lr_endpoint e = place(port);
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
	++*listening;
	return fd;
}

static void bare_singles(void)
{
	static uint8_t bytes[BATCH][2048];
	static struct mmsghdr m[BATCH];
	static struct iovec iov[BATCH];
	static struct sockaddr_in from[BATCH];
	int fd = bare_socket(SINGLES_PORT, false);
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
	}
}

static void bare_trains(void)
{
	static uint8_t bytes[65536];
	int fd = bare_socket(TRAINS_PORT, true);
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
	}
}

/* Listens when this returns. */
static pid_t bare_start(void (*run)(void))
{
	int before = *listening;
	pid_t pid = fork();
	if (pid == 0) {
		pin(1);
		run();
	}
	while (pid > 0 && *listening == before && waitpid(pid, NULL, WNOHANG) == 0)
		usleep(1000);
	if (pid < 0 || *listening == before)
		stop("bare forwarder");
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

/* Datagrams that came to the clients: each was dropped by the filter, and counted. */
static uint64_t arrived(void)
{
	uint64_t sum = 0;
	for (int i = 0; i < CLIENTS; i++) {
		uint32_t info[SK_MEMINFO_VARS] = {0};
		socklen_t len = sizeof(info);
		if (getsockopt(clients[i], SOL_SOCKET, SO_MEMINFO, info, &len) < 0)
			stop("SO_MEMINFO");
		sum += info[SK_MEMINFO_DROPS];
	}
	return sum;
}

/* Waits until `want` have arrived, or none has for a while; how many have. */
static uint64_t arrived_until(uint64_t want)
{
	uint64_t n = arrived(), quiet = lr_now();
	while (n < want && lr_now() < quiet + QUIET_MS * LR_NS_PER_MS) {
		uint64_t before = n;
		usleep(500);
		n = arrived();
		quiet = n != before ? lr_now() : quiet;
	}
	return n;
}

/* `count` packets or trains from each client; how many packets were taken. */
static uint64_t send_all(size_t len, int count)
{
	static uint8_t bytes[SIZE * TRAIN];
	uint64_t sent = 0;
	for (int n = 0; n < count; n++) {
		for (int i = 0; i < CLIENTS; i++) {
			for (size_t at = 0; at < len; at += SIZE)
				lr_frame_header(bytes + at, 0, channels[i ^ 1]);
			if (send(clients[i], bytes, len, MSG_DONTWAIT) == (ssize_t)len)
				sent += len / SIZE;
		}
	}
	return sent;
}

static void connect_all(uint16_t port)
{
	struct lr_endpoint e = place(port);
	for (int i = 0; i < CLIENTS; i++)
		if (connect(clients[i], &e.sa, sizeof(e.in)) < 0)
			stop("connect");
}

struct forwarder {
	const char *name;
	pid_t pid;
	uint16_t port;
	uint64_t sent, arrived;
	double rate[SLICES], us[SLICES * ROUND_TRIPS];
	size_t slices, trips;
};

static void slice(struct forwarder *f, int train)
{
	int segment = train > 1 ? SIZE : 0, status;
	connect_all(f->port);
	for (int i = 0; i < CLIENTS; i++)
		setsockopt(clients[i], IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment));
	kill(f->pid, SIGSTOP);
	if (waitpid(f->pid, &status, WUNTRACED) < 0 || !WIFSTOPPED(status))
		stop("SIGSTOP");
	uint64_t before = arrived(), cpu = cpu_ns(f->pid);
	uint64_t sent = send_all((size_t)train * SIZE, train > 1 ? FILL_TRAINS : FILL_SINGLES);
	kill(f->pid, SIGCONT);
	uint64_t got = arrived_until(before + sent) - before;
	f->sent += sent;
	f->arrived += got;
	f->rate[f->slices++] = (double)got * 1e9 / (double)(cpu_ns(f->pid) - cpu);
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

static void round_trips(struct forwarder *f)
{
	static uint32_t number;
	connect_all(f->port);
	for (int i = 0; i < ROUND_TRIPS; i++) {
		uint64_t from = lr_now();
		one_way(0, 1, ++number);
		one_way(1, 0, ++number);
		f->us[f->trips++] = (double)(lr_now() - from) / 1e3;
	}
}

static void print(const char *name, const char *who, const char *unit, double value)
{
	printf("{\"name\":\"%s/%s\",\"unit\":\"%s\",\"value\":%.3f}\n", name, who, unit, value);
	fflush(stdout);
}

/* ------------------------------------------------------------------ the figures */

/* Whose turn it is in slice i of 2 * SLICES: each is as often first as second. */
static int turn(int i)
{
	return (i & 1) ^ ((i >> 1) & 1);
}

static void rtt(struct forwarder *two)
{
	double p50[2];
	for (int i = 0; i < 2 * SLICES; i++)
		round_trips(&two[turn(i)]);
	for (int i = 0; i < 2; i++) {
		p50[i] = lr_stats_median(two[i].us, two[i].trips);
		print("relay_rtt", two[i].name, "us", p50[i]);
	}
	print("relay_added", two[1].name, "us", p50[1] - p50[0]);
}

static void throughput(const char *what, struct forwarder *two, int train)
{
	char name[64];
	for (int i = 0; i < 2; i++)
		two[i].slices = two[i].sent = two[i].arrived = 0;
	for (int i = 0; i < 2 * SLICES; i++)
		slice(&two[turn(i)], train);
	for (int i = 0; i < 2; i++) {
		const struct forwarder *f = &two[i];
		print(what, f->name, "packets/s", lr_stats_median(two[i].rate, f->slices));
		snprintf(name, sizeof(name), "%s_lost", what);
		print(name, f->name, "%", 100 - 100.0 * (double)f->arrived / (double)f->sent);
	}
}

static void make_clients(void)
{
	int http = connected(SOCK_STREAM, PORT);
	char name[16];
	found_party(http, 1);
	/* All join before the first is bound: later joins would be signalled to it. */
	for (int i = 0; i < CLIENTS; i++) {
		snprintf(name, sizeof(name), "m%d", i);
		join_party(http, name);
	}
	for (int i = 0; i < CLIENTS; i++) {
		socklen_t len = sizeof(addresses[i].in);
		struct timeval second = {1, 0};
		snprintf(name, sizeof(name), "m%d", i);
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

int main(void)
{
	static struct forwarder two[2] = {{.name = "bare"}, {.name = "ours", .port = PORT}};
	if (lr_crypto_init() < 0)
		return 1;
	listening = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (listening == MAP_FAILED)
		stop("mmap");
	relay_start(1);
	pin(0);
	make_clients();
	two[1].pid = relay_pid;
	two[0].port = SINGLES_PORT;
	two[0].pid = bare_start(bare_singles);
	rtt(two);
	drop_all();
	throughput("relay_singles", two, 1);
	kill(two[0].pid, SIGKILL);
	two[0].port = TRAINS_PORT;
	two[0].pid = bare_start(bare_trains);
	throughput("relay_trains", two, TRAIN);
	kill(two[0].pid, SIGKILL);
	relay_stop();
	return 0;
}
