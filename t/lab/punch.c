/*
 * punch.c - whether two hosts can open a UDP path to each other: proves that the lab's NATs behave
 *
 *   punch reflect ADDR:PORT...              answers with the sender's address, until SIGTERM
 *   punch ports PORT ADDR:PORT...           from one socket: as what each reflector sees it, a line
 *                                           each, "-" when it does not answer
 *   punch meet ADDR:PORT DIR PROBES SIDE:CELL...   for each cell: "CELL yes" or "CELL no"
 *
 * Only the lab's own tests use this; it shares nothing with the code under test. A cell is a
 * number that both ends know, SIDE is a or b. Each cell has a socket of its own (port 20000 +
 * CELL), learns its outside address from the reflector, leaves it in DIR/CELL.SIDE, waits for the
 * other's, and then sends PROBES probes there, 20 ms apart: simultaneous opening and nothing
 * else. Who is heard is answered where he was heard from. A cell is good when both have heard
 * that they were heard. Numbers of probes, not times, decide, so a busy machine changes nothing.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CELLS     64
#define BASE_PORT 20000
#define GAP_MS    20
#define MAGIC     0x6c616231u
#define AFTER     10   /* probes after success, for the other end's sake */
#define PATIENCE  1500 /* gaps: how long to wait for the reflector and the other end (30 s) */
#define ASKS      5    /* by `ports`, 200 ms apart */

struct probe {
	uint32_t magic, cell;
	uint8_t side, heard, done;
};

struct cell {
	uint32_t number;
	char side;
	int fd;
	enum { ASKING, WAITING, PROBING, YES, NO } state;
	struct sockaddr_in theirs, heard_from; /* sin_family 0: not known */
	bool other_done;
	unsigned gaps, left;
};

static void die(const char *what)
{
	fprintf(stderr, "punch: %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct sockaddr_in address(const char *text)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	char ip[16];
	unsigned port;
	if (sscanf(text, "%15[0-9.]:%u", ip, &port) != 2 ||
		inet_pton(AF_INET, ip, &a.sin_addr) != 1 || port > 65535) {
		errno = EINVAL;
		die(text);
	}
	a.sin_port = htons((uint16_t)port);
	return a;
}

static int bound(const struct sockaddr_in *a)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (const struct sockaddr *)a, sizeof(*a)) < 0)
		die("bind");
	return fd;
}

static int bound_port(unsigned port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	return bound(&a);
}

/* What a network refuses is as good as lost here. */
static void send_to(int fd, const struct sockaddr_in *to, const void *p, size_t len)
{
	if (sendto(fd, p, len, 0, (const struct sockaddr *)to, sizeof(*to)) < 0 && errno == EBADF)
		die("sendto");
}

static ssize_t receive(int fd, void *p, size_t len, struct sockaddr_in *from)
{
	socklen_t from_len = sizeof(*from);
	return recvfrom(fd, p, len, 0, (struct sockaddr *)from, &from_len);
}

static void reflect(int n, char **where)
{
	struct pollfd p[CELLS];
	for (int i = 0; i < n; i++) {
		struct sockaddr_in a = address(where[i]);
		p[i] = (struct pollfd){bound(&a), POLLIN};
	}
	for (;;) {
		if (poll(p, (nfds_t)n, -1) < 0)
			die("poll");
		for (int i = 0; i < n; i++) {
			struct sockaddr_in from;
			char text[64], ip[INET_ADDRSTRLEN];
			if (!p[i].revents || receive(p[i].fd, text, sizeof(text), &from) < 0)
				continue;
			inet_ntop(AF_INET, &from.sin_addr, ip, sizeof(ip));
			int len = snprintf(text, sizeof(text), "%s:%u", ip, ntohs(from.sin_port));
			send_to(p[i].fd, &from, text, (size_t)len);
		}
	}
}

static int ports(int n, char **where)
{
	int fd = bound_port((unsigned)atoi(where[0])), answered = 0;
	for (int i = 1; i < n; i++) {
		struct sockaddr_in to = address(where[i]), from;
		struct pollfd p = {fd, POLLIN};
		char text[64];
		ssize_t len = -1;
		for (int ask = 0; ask < ASKS && len < 0; ask++) {
			send_to(fd, &to, "?", 1);
			if (poll(&p, 1, 10 * GAP_MS) == 1)
				len = receive(fd, text, sizeof(text), &from);
			if (len >= 0 && (from.sin_port != to.sin_port ||
						from.sin_addr.s_addr != to.sin_addr.s_addr))
				len = -1; /* a late answer of the one before */
		}
		printf("%.*s\n", len < 0 ? 1 : (int)len, len < 0 ? "-" : text);
		answered += len >= 0;
	}
	return answered == n - 1 ? 0 : 1;
}

/* --- meet ---------------------------------------------------------------------------------------
 */

static void publish(const struct cell *c, const char *dir, const char *text)
{
	char path[512], new[520];
	snprintf(path, sizeof(path), "%s/%u.%c", dir, c->number, c->side);
	snprintf(new, sizeof(new), "%s.new", path);
	FILE *f = fopen(new, "w");
	if (!f || fprintf(f, "%s\n", text) < 0 || fclose(f) || rename(new, path))
		die(path);
}

static bool look(struct cell *c, const char *dir)
{
	char path[512], text[64];
	snprintf(path, sizeof(path), "%s/%u.%c", dir, c->number, c->side == 'a' ? 'b' : 'a');
	FILE *f = fopen(path, "r");
	if (!f)
		return false;
	bool got = fgets(text, sizeof(text), f);
	fclose(f);
	if (got)
		c->theirs = address(text);
	return got;
}

static void send_probe(const struct cell *c, const struct sockaddr_in *to)
{
	struct probe p = {htonl(MAGIC), htonl(c->number), (uint8_t)c->side,
		c->heard_from.sin_family != 0, c->state == YES};
	send_to(c->fd, to, &p, sizeof(p));
}

static void hear(struct cell *c, const char *dir, const struct sockaddr_in *server)
{
	struct sockaddr_in from;
	union {
		struct probe probe;
		char text[64];
	} m;
	ssize_t len;
	while ((len = receive(c->fd, &m, sizeof(m) - 1, &from)) >= 0) {
		if (from.sin_addr.s_addr == server->sin_addr.s_addr) {
			m.text[len] = 0;
			if (c->state == ASKING)
				publish(c, dir, m.text), c->state = WAITING, c->gaps = 0;
			continue;
		}
		if (len != sizeof(m.probe) || ntohl(m.probe.magic) != MAGIC ||
			ntohl(m.probe.cell) != c->number || m.probe.side == c->side)
			continue;
		c->heard_from = from;
		c->other_done |= m.probe.done;
		if (m.probe.heard && c->state == PROBING)
			c->state = YES, c->left = AFTER;
	}
}

/* Every 20 ms. False: nothing left to do. */
static bool tick(struct cell *c, const char *dir, const struct sockaddr_in *server, unsigned probes)
{
	switch (c->state) {
	case ASKING:
		if (c->gaps % 10 == 0)
			send_to(c->fd, server, "?", 1);
		break;
	case WAITING:
		if (look(c, dir))
			c->state = PROBING, c->left = probes;
		break;
	case PROBING:
	case YES:
		if (!c->left || (c->state == YES && c->other_done)) {
			c->state = c->state == YES ? YES : NO;
			if (c->heard_from.sin_family) /* the last word */
				send_probe(c, &c->heard_from);
			return false;
		}
		c->left--;
		send_probe(c, &c->theirs);
		if (c->heard_from.sin_family)
			send_probe(c, &c->heard_from);
		break;
	case NO:
		return false;
	}
	if (c->state <= WAITING && ++c->gaps > PATIENCE)
		c->state = NO;
	return true;
}

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void run(struct cell *cells, struct pollfd *p, int n, const char *dir,
	const struct sockaddr_in *server, unsigned probes)
{
	int64_t next = now_ms();
	for (int busy = n; busy;) {
		int64_t wait = next - now_ms();
		if (poll(p, (nfds_t)n, wait > 0 ? (int)wait : 0) < 0 && errno != EINTR)
			die("poll");
		for (int i = 0; i < n; i++)
			if (p[i].fd >= 0 && p[i].revents)
				hear(&cells[i], dir, server);
		if (now_ms() < next)
			continue;
		next = now_ms() + GAP_MS;
		for (int i = 0; i < n; i++)
			if (p[i].fd >= 0 && !tick(&cells[i], dir, server, probes))
				p[i].fd = -1, busy--;
	}
}

static int meet(int n, char **argv)
{
	static struct cell cells[CELLS];
	struct pollfd p[CELLS];
	struct sockaddr_in server = address(argv[0]);
	unsigned probes = (unsigned)atoi(argv[2]);
	argv += 3, n -= 3;
	for (int i = 0; i < n; i++) {
		struct cell *c = &cells[i];
		if (sscanf(argv[i], "%c:%u", &c->side, &c->number) != 2 ||
			(c->side != 'a' && c->side != 'b') || c->number > 40000) {
			errno = EINVAL;
			die(argv[i]);
		}
		c->fd = bound_port(BASE_PORT + c->number);
		p[i] = (struct pollfd){c->fd, POLLIN};
	}
	run(cells, p, n, argv[-2], &server, probes);
	for (int i = 0; i < n; i++)
		printf("%u %s\n", cells[i].number, cells[i].state == YES ? "yes" : "no");
	return 0;
}

int main(int argc, char **argv)
{
	if (argc >= 3 && argc - 2 <= CELLS && !strcmp(argv[1], "reflect"))
		reflect(argc - 2, argv + 2);
	if (argc >= 4 && !strcmp(argv[1], "ports"))
		return ports(argc - 2, argv + 2);
	if (argc >= 6 && argc - 5 <= CELLS && !strcmp(argv[1], "meet"))
		return meet(argc - 2, argv + 2);
	fprintf(stderr, "usage: punch reflect ADDR:PORT...\n"
			"       punch ports PORT ADDR:PORT...\n"
			"       punch meet ADDR:PORT DIR PROBES SIDE:CELL...\n");
	return 2;
}
