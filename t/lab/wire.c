/*
 * wire.c - a line with delay, jitter, loss, doubles, reordering and a rate, between two namespaces
 *
 *   wire run NETNS-A IF-A NETNS-B IF-B CONTROL [KEY=VALUE]...   until SIGTERM
 *   wire set CONTROL [KEY=VALUE]...                             changes it; prints its counters
 *
 * Keys, for both directions or, with up. (A to B) or down. before them, for one:
 *   delay=MS jitter=MS   each frame is late by delay, and up to jitter more or less
 *   loss=% duplicate=%   ARP and neighbour discovery are spared: their loss would mean stalls of 1
 * s reorder=%            so many overtake (no delay), and jitter may change the order of the
 * others; without it the order is kept, whatever the jitter rate=KBIT queue=MS   a rate, and how
 * much time of it may stand in the queue (default 100) seed=N               of the random numbers,
 * which are the same in each run
 *
 * Theory of operation. An interface at each end is a TAP; both are held by this process, which
 * reads a frame from one, decides when it is due at the other, keeps it in a heap ordered by that
 * time, and writes it when a timer says so. Kernels without sch_netem need no more. "ready" and a
 * newline on stdout: the interfaces are there; then stdout is closed. The control socket takes
 * one line of keys a datagram and answers with the counters. When its file goes, the process ends:
 * who takes a lab away by removing its files leaves no process behind.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define FRAME   65600 /* longest */
#define WAITING 65536 /* frames in the heap */
#define BATCH   64    /* frames read from one end in a row */
#define MS      1000000.0
#define REPLY   1024

/* One direction: what it does to frames, and what it did. */
struct way {
	double delay_ms, jitter_ms, loss, duplicate, reorder, rate_kbit, queue_ms;
	uint64_t free_ns, last_ns; /* when the line is free again; when the last in order is due */
	uint64_t frames, bytes, sent, lost, duplicated, overtook, queue_full;
};

struct frame {
	uint64_t due_ns, number; /* in the order of coming where the times are equal */
	int to;
	uint32_t len;
	uint8_t bytes[];
};

struct wire {
	int tap[2], control;
	struct way way[2]; /* from tap[i] */
	struct frame *heap[WAITING];
	size_t n;
	uint64_t number, random;
};

static struct wire w;

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void die(const char *what)
{
	fprintf(stderr, "wire: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* 0 <= x < 1; splitmix64. */
static double draw(void)
{
	uint64_t z = w.random += 0x9e3779b97f4a7c15u;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (double)((z ^ (z >> 31)) >> 11) / 9007199254740992.0;
}

static bool chance(double percent)
{
	return percent > 0 && draw() * 100 < percent;
}

/* --- frames that wait ---------------------------------------------------------------------------
 */

static bool before(const struct frame *a, const struct frame *b)
{
	return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->number < b->number;
}

static void push(struct frame *f)
{
	size_t i = w.n++;
	while (i && before(f, w.heap[(i - 1) / 2])) {
		w.heap[i] = w.heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	w.heap[i] = f;
}

static struct frame *pop(void)
{
	struct frame *first = w.heap[0], *f = w.heap[--w.n];
	size_t i = 0, child;
	while ((child = 2 * i + 1) < w.n) {
		if (child + 1 < w.n && before(w.heap[child + 1], w.heap[child]))
			child++;
		if (!before(w.heap[child], f))
			break;
		w.heap[i] = w.heap[child];
		i = child;
	}
	w.heap[i] = f;
	return first;
}

static void keep(struct way *way, int to, uint64_t due_ns, const uint8_t *p, size_t len)
{
	struct frame *f;
	if (w.n == WAITING || !(f = malloc(sizeof(*f) + len))) {
		way->queue_full++;
		return;
	}
	f->due_ns = due_ns;
	f->number = w.number++;
	f->to = to;
	f->len = (uint32_t)len;
	memcpy(f->bytes, p, len);
	push(f);
}

/* --- what happens to a frame --------------------------------------------------------------------
 */

/* ARP, or ICMPv6 of neighbour discovery. */
static bool spared(const uint8_t *p, size_t len)
{
	if (len < 14)
		return false;
	unsigned type = (unsigned)p[12] << 8 | p[13];
	return type == 0x0806 ||
	       (type == 0x86dd && len > 54 && p[20] == 58 && p[54] >= 133 && p[54] <= 137);
}

/* When a frame has left the sending end, given the rate; 0: the queue is full. */
static uint64_t serialize(struct way *way, uint64_t now, size_t len)
{
	if (way->rate_kbit <= 0)
		return now;
	uint64_t start = way->free_ns > now ? way->free_ns : now;
	if ((double)(start - now) > way->queue_ms * MS)
		return 0;
	return way->free_ns = start + (uint64_t)((double)len * 8 * MS / way->rate_kbit);
}

static uint64_t when(struct way *way, uint64_t sent)
{
	double late_ms = way->delay_ms + (2 * draw() - 1) * way->jitter_ms;
	if (chance(way->reorder)) {
		way->overtook++;
		return sent;
	}
	uint64_t due = sent + (uint64_t)(late_ms > 0 ? late_ms * MS : 0);
	if (way->reorder <= 0 && due < way->last_ns)
		due = way->last_ns;
	return way->last_ns = due;
}

static void take(unsigned from, uint64_t now, const uint8_t *p, size_t len)
{
	struct way *way = &w.way[from];
	uint64_t sent;
	way->frames++;
	way->bytes += len;
	if (chance(way->loss) && !spared(p, len)) {
		way->lost++;
		return;
	}
	if (!(sent = serialize(way, now, len))) {
		way->queue_full++;
		return;
	}
	uint64_t due = when(way, sent);
	keep(way, w.tap[!from], due, p, len);
	if (chance(way->duplicate)) {
		way->duplicated++;
		keep(way, w.tap[!from], due, p, len);
	}
}

static void read_end(unsigned from)
{
	static uint8_t buf[FRAME];
	for (int i = 0; i < BATCH; i++) {
		ssize_t len = read(w.tap[from], buf, sizeof(buf));
		if (len <= 0)
			break;
		take(from, now_ns(), buf, (size_t)len);
	}
}

/* Hands out what is due. An end whose interface is down loses its frames, as a cable would. */
static void deliver(void)
{
	while (w.n && w.heap[0]->due_ns <= now_ns()) {
		struct frame *f = pop();
		if (write(f->to, f->bytes, f->len) == (ssize_t)f->len)
			w.way[f->to == w.tap[0]].sent++;
		free(f);
	}
}

static void arm(int timer)
{
	struct itimerspec t = {0};
	if (w.n) {
		t.it_value.tv_sec = (time_t)(w.heap[0]->due_ns / 1000000000u);
		t.it_value.tv_nsec = (long)(w.heap[0]->due_ns % 1000000000u);
	}
	timerfd_settime(timer, TFD_TIMER_ABSTIME, &t, NULL);
}

/* --- keys ---------------------------------------------------------------------------------------
 */

static bool set_way(struct way *way, const char *key, double value)
{
	const struct {
		const char *key;
		double *at;
		double max;
	} keys[] = {
		{"delay", &way->delay_ms, 60000},
		{"jitter", &way->jitter_ms, 60000},
		{"loss", &way->loss, 100},
		{"duplicate", &way->duplicate, 100},
		{"reorder", &way->reorder, 100},
		{"rate", &way->rate_kbit, 1e8},
		{"queue", &way->queue_ms, 60000},
	};
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (strcmp(key, keys[i].key) || !(value >= 0 && value <= keys[i].max))
			continue;
		*keys[i].at = value;
		return true;
	}
	return false;
}

static bool set(char *word)
{
	char *value = strchr(word, '='), *end;
	unsigned ways = 3;
	if (!value)
		return false;
	*value++ = 0;
	double number = strtod(value, &end);
	if (end == value || *end)
		return false;
	if (!strcmp(word, "seed")) {
		w.random = (uint64_t)number;
		return true;
	}
	if (!strncmp(word, "up.", 3))
		ways = 1, word += 3;
	else if (!strncmp(word, "down.", 5))
		ways = 2, word += 5;
	return (!(ways & 1) || set_way(&w.way[0], word, number)) &&
	       (!(ways & 2) || set_way(&w.way[1], word, number));
}

static int print_way(char *out, size_t room, const char *name, const struct way *way)
{
	return snprintf(out, room,
		"\"%s\":{\"frames\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"sent\":%" PRIu64
		",\"lost\":%" PRIu64 ",\"duplicated\":%" PRIu64 ",\"overtook\":%" PRIu64
		",\"queue_full\":%" PRIu64 "}",
		name, way->frames, way->bytes, way->sent, way->lost, way->duplicated, way->overtook,
		way->queue_full);
}

static void control(void)
{
	char line[REPLY], reply[REPLY], *word, *rest;
	struct sockaddr_un from;
	socklen_t from_len = sizeof(from);
	ssize_t len = recvfrom(w.control, line, sizeof(line) - 1, MSG_DONTWAIT,
		(struct sockaddr *)&from, &from_len);
	if (len < 0)
		return;
	line[len] = 0;
	int n = 0;
	for (word = strtok_r(line, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		if (!set(word)) {
			n = snprintf(reply, sizeof(reply), "bad key or value: %s", word);
			break;
		}
	if (!n) {
		n = snprintf(reply, sizeof(reply), "{");
		n += print_way(reply + n, sizeof(reply) - (size_t)n, "up", &w.way[0]);
		n += snprintf(reply + n, sizeof(reply) - (size_t)n, ",");
		n += print_way(reply + n, sizeof(reply) - (size_t)n, "down", &w.way[1]);
		n += snprintf(reply + n, sizeof(reply) - (size_t)n, "}");
	}
	sendto(w.control, reply, (size_t)n, MSG_DONTWAIT, (struct sockaddr *)&from, from_len);
}

/* --- start --------------------------------------------------------------------------------------
 */

/* Makes interface `name` in the namespace; stays there until the next call or setns(). */
static int tap(const char *netns, const char *name)
{
	struct ifreq r = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	int ns = open(netns, O_RDONLY | O_CLOEXEC), fd;
	if (ns < 0 || setns(ns, CLONE_NEWNET) < 0)
		die(netns);
	close(ns);
	fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &r) < 0)
		die(name);
	return fd;
}

static int bound(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (path && strlen(path) >= sizeof(a.sun_path)) {
		errno = ENAMETOOLONG;
		die(path);
	}
	if (path)
		strcpy(a.sun_path, path);
	/* Without a path: an address of the kernel's choice. */
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, path ? sizeof(a) : sizeof(sa_family_t)) < 0)
		die(path ? path : "socket");
	return fd;
}

static void loop(const char *path)
{
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	int watch = inotify_init1(IN_CLOEXEC);
	struct pollfd p[] = {{w.tap[0], POLLIN}, {w.tap[1], POLLIN}, {w.control, POLLIN},
		{watch, POLLIN}, {timer, POLLIN}};
	/* Unlinking changes the number of links. */
	if (timer < 0 || inotify_add_watch(watch, path, IN_ATTRIB) < 0)
		die(path);
	for (;;) {
		arm(timer);
		if (poll(p, 5, -1) < 0 && errno != EINTR)
			die("poll");
		for (unsigned i = 0; i < 2; i++)
			if (p[i].revents)
				read_end(i);
		if (p[2].revents)
			control();
		if (p[3].revents && access(path, F_OK) < 0)
			return;
		deliver();
	}
}

static int run(int argc, char **argv)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	w.random = 1;
	w.way[0].queue_ms = w.way[1].queue_ms = 100;
	for (int i = 5; i < argc; i++)
		if (!set(argv[i])) {
			fprintf(stderr, "wire: bad key or value: %s\n", argv[i]);
			return 2;
		}
	w.tap[0] = tap(argv[0], argv[1]);
	w.tap[1] = tap(argv[2], argv[3]);
	if (home < 0 || setns(home, CLONE_NEWNET) < 0)
		die("back to the own namespace");
	w.control = bound(argv[4]);
	prctl(PR_SET_TIMERSLACK, 1);
	if (write(STDOUT_FILENO, "ready\n", 6) != 6)
		die("stdout");
	close(STDOUT_FILENO);
	loop(argv[4]);
	return 0;
}

static int change(int argc, char **argv)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	struct timeval limit = {.tv_sec = 5};
	char line[REPLY] = "", reply[REPLY];
	size_t n = 0;
	int fd = bound(NULL);
	for (int i = 1; i < argc && n < sizeof(line); i++)
		n += (size_t)snprintf(line + n, sizeof(line) - n, "%s ", argv[i]);
	if (n >= sizeof(line) || strlen(argv[0]) >= sizeof(to.sun_path)) {
		errno = E2BIG;
		die("command line");
	}
	strcpy(to.sun_path, argv[0]);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (sendto(fd, line, n, 0, (struct sockaddr *)&to, sizeof(to)) < 0)
		die(argv[0]);
	ssize_t got = recv(fd, reply, sizeof(reply), 0);
	if (got < 0)
		die(argv[0]);
	bool good = got && reply[0] == '{';
	fprintf(good ? stdout : stderr, "%s%.*s\n", good ? "" : "wire: ", (int)got, reply);
	return good ? 0 : 2;
}

int main(int argc, char **argv)
{
	if (argc >= 7 && !strcmp(argv[1], "run"))
		return run(argc - 2, argv + 2);
	if (argc >= 3 && !strcmp(argv[1], "set"))
		return change(argc - 2, argv + 2);
	fprintf(stderr, "usage: wire run NETNS-A IF-A NETNS-B IF-B CONTROL [KEY=VALUE]...\n"
			"       wire set CONTROL [KEY=VALUE]...\n");
	return 2;
}
