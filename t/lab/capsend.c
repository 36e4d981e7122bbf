/*
 * capsend.c - plays a capture live into an interface, and proves that it all came out of another
 *
 *   capsend send FILE --iface IF --src A --dst B [--from ADDR] [--speed X|max] [--gap MS] [--mtu N]
 *   capsend receive FILE --iface IF --src A --dst B [--from ADDR] [--mtu N] [--time S] [--ready-fd
 * N]
 *
 * Theory of operation. Both ends read the same capture and make the same plan of it: each whole
 * IPv4 packet (with --from, only those of that source), its addresses replaced by A and B
 * (broadcast and multicast go to B as well), cut to the MTU as its sender would have (TCP into
 * segments, the rest into fragments), checksums made anew, and its IP identification set to
 * its number in the plan. The sender sends the plan through a raw socket on the interface, in the
 * capture's own time, gaps over --gap shortened. The receiver compares what comes in with
 * the plan, byte for byte but for what a path may change (TTL, header checksum): so it knows
 * exactly what was lost, doubled, late or altered, and what the kernels answer to packets that
 * nobody asked for counts as foreign. A frame that holds several segments is taken apart first.
 *
 * One JSON object on stdout; exit 1 when something was lost or altered.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/net/ip.h"
#include "lib/net/link.h"
#include "lib/perf/capture.h"

#define PLAN_MAX 65000 /* an identification has 16 bits, 0 is not ours to choose */
#define QUIET_MS 3000  /* the receiver gives up after so long without a packet of the plan */

struct entry {
	uint64_t due_ns; /* on the capture's shortened time line */
	uint8_t *bytes;
	uint16_t len, head; /* head: IP and transport header, 0 when they are not all there */
	uint16_t id;
	bool seen;
};

static struct plan {
	struct entry *e;
	size_t n;
	uint16_t next_id;
	unsigned long not_ip4, cut_short, other;
	uint64_t now_ns, last_ns; /* the time line: shortened, as captured */
} plan = {.next_id = 1};

static struct options {
	const char *file, *iface;
	struct in_addr from, src, dst;
	double speed, seconds; /* speed 0: as fast as it goes */
	long gap_ms, mtu, ready_fd;
} opt = {.speed = 1, .seconds = 60, .gap_ms = 100, .mtu = 1420, .ready_fd = -1};

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "capsend: %s: %s\n", what, why);
	exit(1);
}

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}
static void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}
static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}
static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

static size_t ip_head(const uint8_t *p)
{
	return (size_t)(p[0] & 15) * 4;
}

static bool is_fragment(const uint8_t *p)
{
	return get16(p + 6) & 0x3fff;
}

/* Where the transport's checksum stands, 0 when it has none that depends on addresses. */
static size_t l4_checksum_at(const uint8_t *p, size_t len)
{
	size_t at = ip_head(p), sum = p[9] == LR_TCP ? 16 : 6;
	if ((p[9] != LR_TCP && p[9] != LR_UDP) || is_fragment(p) || at + sum + 2 > len)
		return 0;
	return at + sum;
}

static void l4_checksum(uint8_t *p, size_t len)
{
	size_t at = ip_head(p), field = l4_checksum_at(p, len);
	uint16_t sum;
	if (!field || (p[9] == LR_UDP && !get16(p + field)))
		return;
	put16(p + field, 0);
	sum = lr_sum_fold(lr_sum(p + at, len - at, lr_sum_pseudo(p, p[9], (uint32_t)(len - at))));
	if (!sum && p[9] == LR_UDP)
		sum = 0xffff;
	memcpy(p + field, &sum, sizeof sum);
}

/* --- the plan -------------------------------------------------------------------------------- */

static uint16_t headers(const uint8_t *p, size_t len)
{
	size_t head = ip_head(p);
	if (is_fragment(p))
		return 0;
	head += p[9] == LR_UDP                       ? 8
		: p[9] == LR_TCP && head + 13 <= len ? (p[head + 12] >> 4) * 4u
						     : 0;
	return head <= len && (p[9] == LR_UDP || p[9] == LR_TCP) ? (uint16_t)head : 0;
}

static void plan_add(uint8_t *p, size_t len)
{
	struct entry *e;
	if (plan.n % 1024 == 0) {
		plan.e = realloc(plan.e, (plan.n + 1024) * sizeof *plan.e);
		if (!plan.e)
			fail("plan", strerror(ENOMEM));
	}
	if (plan.n == PLAN_MAX)
		fail(opt.file, "more packets than identifications");
	e = &plan.e[plan.n++];
	*e = (struct entry){.due_ns = plan.now_ns, .len = (uint16_t)len, .id = plan.next_id};
	put16(p + 2, (unsigned)len);
	put16(p + 4, e->id);
	lr_ip4_checksum(p);
	e->head = headers(p, len);
	e->bytes = malloc(len);
	if (!e->bytes)
		fail("plan", strerror(ENOMEM));
	memcpy(e->bytes, p, len);
}

/* As its sender would have with a smaller MSS: FIN and PSH only on the last. */
static void plan_segments(const uint8_t *p, size_t len)
{
	uint8_t out[65536];
	size_t at = ip_head(p), head = headers(p, len), room = (size_t)opt.mtu - head;
	for (size_t off = 0; off < len - head; off += room) {
		size_t n = len - head - off < room ? len - head - off : room;
		memcpy(out, p, head);
		memcpy(out + head, p + head + off, n);
		put32(out + at + 4, get32(p + at + 4) + (uint32_t)off);
		if (off + n < len - head)
			out[at + 13] &= (uint8_t)~0x09;
		put16(out + 2, (unsigned)(head + n));
		l4_checksum(out, head + n);
		plan_add(out, head + n);
		plan.next_id++;
	}
}

static void plan_fragments(const uint8_t *p, size_t len)
{
	uint8_t out[65536];
	size_t head = ip_head(p), room = ((size_t)opt.mtu - head) / 8 * 8;
	unsigned base = get16(p + 6) & 0x1fff, more = get16(p + 6) & 0x2000;
	for (size_t off = 0; off < len - head; off += room) {
		size_t n = len - head - off < room ? len - head - off : room;
		memcpy(out, p, head);
		memcpy(out + head, p + head + off, n);
		put16(out + 6, (base + (unsigned)off / 8) | (off + n < len - head ? 0x2000 : more));
		plan_add(out, head + n);
	}
	plan.next_id++;
}

static void plan_packet(const uint8_t *bytes, size_t kept)
{
	uint8_t p[65536];
	struct lr_packet parsed;
	if (lr_packet_parse(bytes, kept, &parsed) != LR_IP_FINE) {
		plan.cut_short++;
		return;
	}
	if (parsed.family != 4) {
		plan.not_ip4++;
		return;
	}
	if (opt.from.s_addr && memcmp(bytes + 12, &opt.from, 4)) {
		plan.other++;
		return;
	}
	memcpy(p, bytes, parsed.len);
	memcpy(p + 12, &opt.src, 4);
	memcpy(p + 16, &opt.dst, 4);
	if (p[8] < 64)
		p[8] = 64; /* multicast has a TTL of 1; what is sent to a member does not */
	l4_checksum(p, parsed.len);
	if (parsed.len <= opt.mtu) {
		plan_add(p, parsed.len);
		plan.next_id++;
	} else if (p[9] == LR_TCP && headers(p, parsed.len)) {
		plan_segments(p, parsed.len);
	} else {
		plan_fragments(p, parsed.len);
	}
}

static void plan_read(void)
{
	struct lr_err err = {0};
	struct lr_captured f;
	struct lr_capture *c = lr_capture_open(opt.file, &err);
	uint64_t gap_max = (uint64_t)opt.gap_ms * 1000000u;
	size_t at;
	uint8_t family;
	if (!c)
		fail(opt.file, err.text);
	while (lr_capture_next(c, &f, &err) == 1) {
		if (plan.last_ns && f.time_ns > plan.last_ns) {
			uint64_t gap = f.time_ns - plan.last_ns;
			plan.now_ns += gap < gap_max ? gap : gap_max;
		}
		plan.last_ns = f.time_ns > plan.last_ns ? f.time_ns : plan.last_ns;
		if (lr_link_find_ip(f.link, f.bytes, f.caplen, &at, &family) != LR_LINK_IP)
			plan.not_ip4++;
		else
			plan_packet(f.bytes + at, f.caplen - at);
	}
	lr_capture_close(c);
	if (!plan.n)
		fail(opt.file, "no packet to play");
}

/* --- sending --------------------------------------------------------------------------------- */

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

static int run_send(void)
{
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr = opt.dst};
	uint64_t start = now_ns(), bytes = 0;
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, opt.iface,
			      (socklen_t)strlen(opt.iface)) < 0)
		fail(opt.iface, strerror(errno));
	prctl(PR_SET_TIMERSLACK, 1);
	for (size_t i = 0; i < plan.n; i++) {
		const struct entry *e = &plan.e[i];
		if (opt.speed > 0)
			sleep_until(start + (uint64_t)((double)e->due_ns / opt.speed));
		if (sendto(fd, e->bytes, e->len, 0, (struct sockaddr *)&to, sizeof to) != e->len)
			fail("send", strerror(errno));
		bytes += e->len;
	}
	printf("{\"sent\": %zu, \"bytes\": %llu, \"seconds\": %.3f, \"not_ip4\": %lu, "
	       "\"cut_short\": %lu, \"other_source\": %lu}\n",
		plan.n, (unsigned long long)bytes, (double)(now_ns() - start) / 1e9, plan.not_ip4,
		plan.cut_short, plan.other);
	close(fd);
	return 0;
}

/* --- receiving ------------------------------------------------------------------------------- */

static struct seen {
	size_t received, next;
	unsigned long duplicates, reordered, altered, bad_checksum, foreign;
} seen;

/* Identification is in the plan's order, so a planned packet is found by halving. */
static size_t plan_find(uint16_t id)
{
	size_t low = 0, high = plan.n;
	while (low < high) {
		size_t mid = (low + high) / 2;
		if (plan.e[mid].id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void mark(size_t i)
{
	struct entry *e = &plan.e[i];
	if (e->seen) {
		seen.duplicates++;
		return;
	}
	e->seen = true;
	seen.received++;
	if (i < seen.next)
		seen.reordered++;
	else
		seen.next = i + 1;
}

/* Equal but for TTL and header checksum, and the transport's checksum, which the kernel may have
 * left to be finished (then `unfinished`), else must be right. */
static bool same(const struct entry *e, const uint8_t *p, size_t len, bool unfinished)
{
	uint8_t got[65536];
	size_t field = l4_checksum_at(e->bytes, e->len);
	if (len != e->len)
		return false;
	memcpy(got, p, len);
	memcpy(got + 8, e->bytes + 8, 1);
	memcpy(got + 10, e->bytes + 10, 2);
	if (field && memcmp(got + field, e->bytes + field, 2)) {
		seen.bad_checksum += !unfinished;
		memcpy(got + field, e->bytes + field, 2);
	}
	return !memcmp(got, e->bytes, len);
}

static bool ours(const uint8_t *p, size_t len)
{
	return len >= 20 && p[0] >> 4 == 4 && !memcmp(p + 12, &opt.src, 4) &&
	       !memcmp(p + 16, &opt.dst, 4);
}

static void take_packet(const uint8_t *p, size_t len, bool unfinished)
{
	uint16_t id = get16(p + 4);
	size_t i = plan_find(id), first = i;
	for (; i < plan.n && plan.e[i].id == id; i++)
		if (same(&plan.e[i], p, len, unfinished)) {
			mark(i);
			return;
		}
	/* A kernel's own answer (RST, unreachable) has the protocol and size of nothing planned. */
	if (first < plan.n && plan.e[first].id == id && plan.e[first].len == len &&
		plan.e[first].bytes[9] == p[9])
		seen.altered++;
	else
		seen.foreign++;
}

/* A frame of several segments: each payload must be that of a planned packet, in order, of
 * the same flow, from the one on that the frame's identification names. */
static void take_frame(const uint8_t *p, size_t len, size_t size)
{
	size_t head = headers(p, len), i = plan_find(get16(p + 4));
	for (size_t at = head; head && at < len; at += size) {
		size_t n = len - at < size ? len - at : size, look = i;
		while (look < plan.n && look < i + 64) {
			const struct entry *e = &plan.e[look];
			if (e->head == head && e->len == head + n &&
				!memcmp(e->bytes + head, p + at, n) &&
				!memcmp(e->bytes + ip_head(p), p + ip_head(p), 4))
				break;
			look++;
		}
		if (look >= plan.n || look >= i + 64) {
			seen.altered++;
			continue;
		}
		mark(look);
		i = look + 1;
	}
}

static int listen_on(const char *iface)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), on = 1, bytes = 16 << 20;
	struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP)};
	at.sll_ifindex = (int)if_nametoindex(iface);
	if (fd < 0 || !at.sll_ifindex ||
		setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof on) < 0 ||
		bind(fd, (struct sockaddr *)&at, sizeof at) < 0)
		fail(iface, strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes);
	return fd;
}

static void take(int fd)
{
	static uint8_t buf[80000];
	struct virtio_net_hdr h;
	struct sockaddr_ll from;
	socklen_t from_len = sizeof from;
	ssize_t n = recvfrom(fd, buf, sizeof buf, 0, (struct sockaddr *)&from, &from_len);
	size_t at = sizeof h + (from.sll_hatype == ARPHRD_ETHER ? ETH_HLEN : 0), len;
	const uint8_t *p = buf + at;
	if (n < (ssize_t)at || from.sll_pkttype == PACKET_OUTGOING)
		return;
	len = (size_t)n - at;
	memcpy(&h, buf, sizeof h);
	if (!ours(p, len))
		seen.foreign++;
	else if (h.gso_type != VIRTIO_NET_HDR_GSO_NONE && h.gso_size)
		take_frame(p, len, h.gso_size);
	else
		take_packet(p, len, h.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM);
}

static int run_receive(void)
{
	int fd = listen_on(opt.iface);
	uint64_t end = now_ns() + (uint64_t)(opt.seconds * 1e9), quiet = end;
	struct pollfd p = {.fd = fd, .events = POLLIN};
	if (opt.ready_fd >= 0 && write((int)opt.ready_fd, "\n", 1) == 1)
		close((int)opt.ready_fd);
	while (seen.received < plan.n && now_ns() < end && now_ns() < quiet) {
		size_t before = seen.received;
		if (poll(&p, 1, 100) > 0)
			take(fd);
		if (seen.received > before)
			quiet = now_ns() + QUIET_MS * 1000000ull;
	}
	while (poll(&p, 1, 50) > 0 && now_ns() < end) /* a late copy of the last ones */
		take(fd);
	printf("{\"expected\": %zu, \"received\": %zu, \"lost\": %zu, \"duplicates\": %lu, "
	       "\"reordered\": %lu, \"altered\": %lu, \"bad_checksum\": %lu, \"foreign\": %lu}\n",
		plan.n, seen.received, plan.n - seen.received, seen.duplicates, seen.reordered,
		seen.altered, seen.bad_checksum, seen.foreign);
	close(fd);
	return seen.received != plan.n || seen.altered || seen.bad_checksum;
}

/* --- command line ---------------------------------------------------------------------------- */

static const char usage[] =
	"usage: capsend send FILE --iface IF --src ADDR --dst ADDR [--from ADDR] [--mtu N]\n"
	"                    [--speed X|max] [--gap MS]\n"
	"       capsend receive FILE --iface IF --src ADDR --dst ADDR [--from ADDR] [--mtu N]\n"
	"                    [--time S] [--ready-fd N]\n";

static bool number(const char *text, long min, long max, long *out)
{
	char *end;
	*out = strtol(text, &end, 10);
	return end != text && !*end && *out >= min && *out <= max;
}

static bool set_option(char name, const char *value)
{
	switch (name) {
	case 'i':
		return *(opt.iface = value) != 0;
	case 'f':
		return inet_pton(AF_INET, value, &opt.from) == 1;
	case 's':
		return inet_pton(AF_INET, value, &opt.src) == 1;
	case 'd':
		return inet_pton(AF_INET, value, &opt.dst) == 1;
	case 'm':
		return number(value, 576, 65535, &opt.mtu);
	case 'g':
		return number(value, 0, 3600000, &opt.gap_ms);
	case 'r':
		return number(value, 0, 1023, &opt.ready_fd);
	case 't':
		return (opt.seconds = strtod(value, NULL)) > 0;
	case 'x':
		opt.speed = strtod(value, NULL);
		return opt.speed > 0 || !strcmp(value, "max");
	default:
		return false;
	}
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {{"iface", 1, NULL, 'i'}, {"from", 1, NULL, 'f'},
		{"src", 1, NULL, 's'}, {"dst", 1, NULL, 'd'}, {"mtu", 1, NULL, 'm'},
		{"gap", 1, NULL, 'g'}, {"ready-fd", 1, NULL, 'r'}, {"time", 1, NULL, 't'},
		{"speed", 1, NULL, 'x'}, {NULL}};
	int name;
	bool send;
	while ((name = getopt_long(argc, argv, "", longs, NULL)) != -1)
		if (!set_option((char)name, optarg))
			return fputs(usage, stderr), 2;
	if (argc - optind != 2 || !opt.iface || !opt.src.s_addr || !opt.dst.s_addr)
		return fputs(usage, stderr), 2;
	send = !strcmp(argv[optind], "send");
	if (!send && strcmp(argv[optind], "receive"))
		return fputs(usage, stderr), 2;
	opt.file = argv[optind + 1];
	plan_read();
	return send ? run_send() : run_receive();
}
