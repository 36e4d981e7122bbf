/*
 * lanplay.c - behaves on a LAN as games do, a class each: the classes A to P of LAN games
 *
 *   lanplay host IFACE              waits as a game's host does, in all classes; until it is ended
 *   lanplay join IFACE PEER CLASS...   finds the host at PEER and plays; a line a class: "A ok"
 *
 * IFACE is the interface of the virtual LAN. Exit 1 when a class did not work within 20 s.
 *
 *   A  asks 255.255.255.255
 *   B  asks the broadcast address of the interface; b: x.y.z.255 of it, whatever the prefix is
 *   C  hears an announcement in 224.0.2.60, joined on whatever interface the system takes, and
 *      connects to the TCP port in it; c: the same question and answer by ff04::696f:7175:616b:6533
 *   D  source and destination port are equal both ways
 *   E  is answered from one source port only, then goes on over TCP
 *   F  asks sets of ports: a range, and each twelfth
 *   G  connects to the address that the announcement names
 *   H  the host answers what was sent to a broadcast address only
 *   I  identical announcements come as often as they were sent; i: one that was made once, before
 *   J  both broadcast, and nothing else
 *   K  asks out of the first Ethernet card that is not IFACE
 *   L  IPX frames in four framings, answered to the MAC address
 *   l  IPX as DOSBox has it: registers at the server of PEER, and pings
 *   M  gives up on hosts that are 30 ms away
 *   N  1,400 bytes both ways
 *   O  wants an Ethernet card with BROADCAST and MULTICAST, and asks its broadcast address
 *   P  DirectPlay: to 47624, called back on TCP 2300, UDP 2350 both ways; p: to 6073, then 2302
 *
 * A question is "lanplay ask X NONCE", its answer "lanplay yes X NONCE", as long as the question.
 */
#include "t/tools/lanplay.h"

enum { LIMIT_MS = 20000, AGAIN_MS = 250, LONG = 1400, COUNT = 5 };
/* Ports of games that behave so. */
enum {
	P_A = 27036,
	P_B = 3979,
	P_C = 4445,
	P_C_TCP = 25565,
	P_C6 = 27960,
	P_D = 6112,
	P_E = 2350,
	P_E_FROM = 60051,
	P_G = 23757,
	P_H = 23016,
	P_I = 8888,
	P_J = 4549,
	P_M = 3074,
	P_N = 2757,
	P_O = 54792,
	P_P = 47624,
	P_P_TCP = 2300,
	P_P_UDP = 2350 + 1,
	P_P8 = 6073,
	P_P8_UDP = 2302
};

/* --- the host --- */

struct port {
	uint16_t port;
	char class;
	uint16_t only_from; /* answers that source port alone */
	int fd;
};
static struct port ports[] = {
	{P_A, 'A'},
	{P_B, 'B'},
	{P_D, 'D', P_D},
	{P_E, 'E', P_E_FROM},
	{27019, 'F'},
	{2446, 'F'},
	{8785, 'F'},
	{P_G, 'G'},
	{P_H, 'H'},
	{P_I, 'I'},
	{P_J, 'J'},
	{P_M, 'M'},
	{P_N, 'N'},
	{P_O, 'O'},
	{P_P, 'P'},
	{P_P_UDP, 'Q'},
	{P_P8, 'p'},
	{P_P8_UDP, 'q'},
};
enum { PORTS = sizeof(ports) / sizeof(*ports) };

/* To 255.255.255.255 or the interface's, not a copy to one. */
static bool is_broadcast(struct in_addr dst)
{
	return dst.s_addr == INADDR_BROADCAST || dst.s_addr == broadcast_of(iface).s_addr;
}

/* DirectPlay: the host calls who asked. */
static void call_back(struct in_addr who)
{
	const struct sockaddr_in there = at(who, P_P_TCP);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd >= 0 && connect(fd, (const void *)&there, sizeof(there)) == 0)
		greet(fd, "session");
	else
		close(fd);
}

static void answer(const struct port *p)
{
	struct sockaddr_in src;
	struct in_addr dst = {0};
	char text[LONG + 1], word[8], class;
	unsigned number;
	ssize_t n = take(p->fd, text, sizeof(text), &src, &dst);

	if (n < 0 || sscanf(text, "lanplay %7s %c %u", word, &class, &number) != 3 ||
		strcmp(word, "ask") != 0 || (p->only_from && ntohs(src.sin_port) != p->only_from))
		return;
	if (p->class == 'H' && !is_broadcast(dst))
		return;
	memcpy(text + 8, "yes", 3);
	if (p->class == 'P')
		call_back(src.sin_addr);
	else if (p->class == 'J')
		give(p->fd, text, (size_t)n, to_all(P_J));
	else
		for (int i = 0; i < (p->class == 'I' ? COUNT : 1); i++)
			give(p->fd, text, (size_t)n, p->class == 'I' ? to_all(P_I + 1) : src);
}

/* What a host says without being asked, again and again. */
static void announce(int out)
{
	static const char motd[] = "[MOTD]lanplay[/MOTD][AD]25565[/AD]";
	struct in_addr group = {htonl(0xe000023c)}, own;
	char text[] = "lanplay address ADDRabcdefghijk", name[IFNAMSIZ];

	give(out, motd, sizeof(motd) - 1, at(group, P_C));
	own = address_of(card(true, name) ? name : iface); /* FlatOut 2 takes the first card's */
	memcpy(text + sizeof(text) - 1 - 15, &own, 4);
	for (int i = 0; i < PORTS; i++)
		if (ports[i].class == 'G')
			give(ports[i].fd, text, sizeof(text) - 1, to_all(P_G));
}

static void answer_frame(int fd)
{
	uint8_t frame[2000], word;
	ssize_t n = take_frame(fd, frame, sizeof(frame));
	int framing = n > 0 ? frame_of(frame, (size_t)n, &word) : -1;

	if (framing >= 0 && word == 'Q')
		put_frame(fd, framing, frame + 6, 'A');
}

/* A group of IPv6, on the interface that the system takes. */
static int udp6(void)
{
	const struct sockaddr_in6 here = {.sin6_family = AF_INET6, .sin6_port = htons(P_C6)};
	struct ipv6_mreq join = {0};
	const int on = 1;
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);

	inet_pton(AF_INET6, "ff04::696f:7175:616b:6533", &join.ipv6mr_multiaddr);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0 ||
		bind(fd, (const void *)&here, sizeof(here)) < 0 ||
		setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &join, sizeof(join)) < 0)
		die("udp6");
	return fd;
}

static void answer6(int fd)
{
	struct sockaddr_in6 src;
	socklen_t size = sizeof(src);
	char text[64];
	ssize_t n = recvfrom(fd, text, sizeof(text), 0, (struct sockaddr *)&src, &size);

	if (n > 12 && memcmp(text, "lanplay ask", 11) == 0) {
		memcpy(text + 8, "yes", 3);
		sendto(fd, text, (size_t)n, 0, (const void *)&src, size);
	}
}

static void greet_who_calls(int fd)
{
	int with = accept(fd, NULL, NULL);

	if (with >= 0)
		greet(with, "welcome");
}

enum { RAW = PORTS, SIX, CALLS, FDS = CALLS + 4 };

static void listen_all(struct pollfd fds[FDS])
{
	static const uint16_t calls[] = {P_C_TCP, P_E, P_P, P_P_TCP + 1};
	char name[IFNAMSIZ];

	for (int i = 0; i < PORTS; i++)
		fds[i].fd = ports[i].fd = udp(ports[i].port);
	fds[RAW].fd = card(false, name) ? frames(name) : -1;
	fds[SIX].fd = udp6();
	for (int i = CALLS; i < FDS; i++)
		fds[i].fd = tcp(calls[i - CALLS]);
	for (int i = 0; i < FDS; i++)
		fds[i].events = POLLIN;
}

_Noreturn static void host(void)
{
	struct pollfd fds[FDS] = {0};
	int out = udp(0);
	uint64_t next = 0;

	listen_all(fds);
	give(out, "lanplay once", 12, to_all(P_D)); /* and never again */
	puts("ready");
	fflush(stdout);
	for (uint64_t now = now_ms();; now = now_ms()) {
		if (now >= next) {
			announce(out);
			next = now + 2ul * AGAIN_MS;
		}
		if (poll(fds, FDS, (int)(next - now)) < 0)
			die("poll");
		for (int i = 0; i < PORTS; i++)
			if (fds[i].revents)
				answer(&ports[i]);
		if (fds[RAW].revents)
			answer_frame(fds[RAW].fd);
		if (fds[SIX].revents)
			answer6(fds[SIX].fd);
		for (int i = CALLS; i < FDS; i++)
			if (fds[i].revents)
				greet_who_calls(fds[i].fd);
	}
}

/* --- who joins --- */

static struct in_addr peer;
static uint32_t nonce;

static bool calls(uint16_t port, const char *want)
{
	const struct sockaddr_in there = at(peer, port);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || connect(fd, (const void *)&there, sizeof(there)) < 0) {
		close(fd);
		return false;
	}
	return reads(fd, want);
}

struct question {
	char class;
	size_t len; /* 0: as long as it is */
	uint16_t from;
	struct sockaddr_in to[40];
	int n;            /* of them */
	int answers;      /* from so many different ports; 0: one */
	const char *card; /* out of that; NULL: as the routes say */
	uint16_t hear;    /* on that port instead of `from`; 0: there */
	unsigned most_ms; /* an answer that took longer does not count; 0: any does */
};

/* The answer's port; 0: none came until then. */
static uint16_t answered(int fd, char class, uint64_t until)
{
	struct sockaddr_in src;
	struct in_addr dst;
	char text[LONG + 1], want[40];

	snprintf(want, sizeof(want), "lanplay yes %c %u", class, nonce);
	while (readable(fd, (int)(until - now_ms()))) {
		ssize_t n = take(fd, text, sizeof(text), &src, &dst);
		if (n > 0 && src.sin_addr.s_addr == peer.s_addr && strcmp(text, want) == 0)
			return ntohs(src.sin_port);
		if (now_ms() >= until)
			break;
	}
	return 0;
}

static bool asks(const struct question *q)
{
	uint64_t end = now_ms() + LIMIT_MS;
	char text[LONG] = {0};
	uint16_t seen[8];
	int fd = udp(q->from), hear = q->hear ? udp(q->hear) : fd, n = 0;
	bool good = false;

	snprintf(text, sizeof(text), "lanplay ask %c %u", q->class, nonce);
	while (!good && now_ms() < end) {
		uint64_t began = now_ms(), until = began + AGAIN_MS;
		for (int i = 0; i < q->n; i++)
			if (q->card)
				give_by(fd, text, strlen(text), q->to[i], q->card);
			else
				give(fd, text, q->len ? q->len : strlen(text), q->to[i]);
		while (!good && now_ms() < until) {
			uint16_t port = answered(hear, q->class, until);
			int i = 0;
			if (port == 0 || (q->most_ms && now_ms() - began > q->most_ms))
				continue;
			while (i < n && seen[i] != port)
				i++;
			if (i == n && n < 8)
				seen[n++] = port;
			good = n >= (q->answers ? q->answers : 1);
		}
	}
	if (hear != fd)
		close(hear);
	close(fd);
	return good;
}

static bool asks_all(char class, uint16_t from, uint16_t port)
{
	return asks(&(struct question){.class = class, .from = from, .to = {to_all(port)}, .n = 1});
}

static bool asks_at(char class, uint16_t from, struct in_addr ip, uint16_t port)
{
	return asks(&(struct question){.class = class, .from = from, .to = {at(ip, port)}, .n = 1});
}

static bool join_ports(void)
{
	struct question q = {.class = 'F', .answers = 3};

	for (uint16_t p = 27015; p <= 27020; p++)
		q.to[q.n++] = to_all(p);
	for (uint16_t p = 2302; p <= 2470; p += 12)
		q.to[q.n++] = to_all(p);
	for (uint16_t p = 8777; p <= 8786; p++)
		q.to[q.n++] = to_all(p);
	return asks(&q);
}

/* What the peer announces at that port, into `text`. */
static bool hears(uint16_t port, const char *begin, char *text, size_t room, const char *group)
{
	uint64_t end = now_ms() + LIMIT_MS;
	struct sockaddr_in src;
	struct in_addr dst;
	struct ip_mreq join = {.imr_interface.s_addr = INADDR_ANY};
	int fd = udp(port);
	bool good = false;

	if (group &&
		(inet_pton(AF_INET, group, &join.imr_multiaddr) != 1 ||
			setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &join, sizeof(join)) < 0))
		die("join");
	while (!good && now_ms() < end && readable(fd, (int)(end - now_ms())))
		good = take(fd, text, room, &src, &dst) > 0 && src.sin_addr.s_addr == peer.s_addr &&
		       strncmp(text, begin, strlen(begin)) == 0;
	close(fd);
	return good;
}

static bool join_group(void)
{
	char text[200];
	unsigned port;

	return hears(P_C, "[MOTD]", text, sizeof(text), "224.0.2.60") &&
	       sscanf(text, "[MOTD]lanplay[/MOTD][AD]%u", &port) == 1 &&
	       calls((uint16_t)port, "welcome");
}

static bool join_group6(void)
{
	struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = htons(P_C6)};
	uint64_t end = now_ms() + LIMIT_MS;
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);
	char text[64], got[64];
	bool good = false;

	inet_pton(AF_INET6, "ff04::696f:7175:616b:6533", &to.sin6_addr);
	snprintf(text, sizeof(text), "lanplay ask c %u", nonce);
	while (fd >= 0 && !good && now_ms() < end) {
		if (sendto(fd, text, strlen(text), 0, (const void *)&to, sizeof(to)) < 0)
			perror("lanplay: group");
		while (!good && readable(fd, AGAIN_MS)) {
			ssize_t n = recv(fd, got, sizeof(got) - 1, 0);
			got[n > 0 ? n : 0] = '\0';
			good = strncmp(got, "lanplay yes c ", 14) == 0 &&
			       strcmp(got + 14, text + 14) == 0;
		}
	}
	close(fd);
	return good;
}

/* The address in the announcement is the one where the host is. */
static bool join_address(void)
{
	char text[200];
	struct in_addr named;

	if (!hears(P_G, "lanplay address ", text, sizeof(text), NULL))
		return false;
	memcpy(&named, text + 16, 4);
	if (named.s_addr != peer.s_addr) {
		fprintf(stderr, "lanplay: the announcement names %s\n", inet_ntoa(named));
		return false;
	}
	return asks_at('G', P_G, named, P_G);
}

/* As often as they were sent, no less and no more. */
static bool join_identical(void)
{
	char text[40];
	int n = 0, fd = udp(P_I + 1), out = udp(0);

	snprintf(text, sizeof(text), "lanplay ask I %u", nonce);
	give(out, text, strlen(text), to_all(P_I));
	while (n < COUNT && answered(fd, 'I', now_ms() + LIMIT_MS))
		n++;
	while (answered(fd, 'I', now_ms() + AGAIN_MS))
		n++;
	if (n != COUNT)
		fprintf(stderr, "lanplay: %d announcements of %d\n", n, COUNT);
	close(fd);
	close(out);
	return n == COUNT;
}

static bool join_frames(void)
{
	static const uint8_t all[6] = {255, 255, 255, 255, 255, 255};
	int fd = frames(iface), n = 0;
	uint64_t end = now_ms() + LIMIT_MS;
	bool seen[FRAMINGS] = {false};

	while (n < FRAMINGS && now_ms() < end) {
		for (int i = 0; i < FRAMINGS; i++)
			if (!seen[i])
				put_frame(fd, i, all, 'Q');
		for (uint64_t until = now_ms() + AGAIN_MS; n < FRAMINGS &&
							   readable(fd, (int)(until - now_ms())) &&
							   now_ms() < until;) {
			uint8_t frame[2000], word;
			ssize_t len = take_frame(fd, frame, sizeof(frame));
			int i = len > 0 ? frame_of(frame, (size_t)len, &word) : -1;
			if (i >= 0 && word == 'A' && !seen[i]) {
				seen[i] = true;
				n++;
			}
		}
	}
	close(fd);
	return n == FRAMINGS;
}

/* From node `from`, or to register: to socket 2 of everybody. What the server answers, into `out`.
 */
static bool ipx_asks(int fd, const uint8_t *from, uint8_t out[IPX])
{
	uint8_t packet[IPX] = {0xff, 0xff, 0, IPX, [17] = 2};
	struct sockaddr_in src, server = at(peer, 213);
	struct in_addr dst;
	char got[64];

	if (from) {
		memset(packet + 10, 0xff, 6);
		memcpy(packet + 22, from, 6);
	}
	for (uint64_t end = now_ms() + LIMIT_MS; now_ms() < end;) {
		give(fd, (const char *)packet, IPX, server);
		if (readable(fd, AGAIN_MS) && take(fd, got, sizeof(got), &src, &dst) == IPX &&
			src.sin_addr.s_addr == peer.s_addr && memcmp(got + 22, &peer, 4) == 0) {
			memcpy(out, got, IPX);
			return true;
		}
	}
	return false;
}

static bool join_ipx(void)
{
	uint8_t first[IPX], echo[IPX];
	int fd = udp(0);
	bool good = ipx_asks(fd, NULL, first) && first[21] == 1 && ipx_asks(fd, first + 10, echo) &&
		    echo[21] == 0 && memcmp(first + 10, echo + 10, 6) == 0;

	close(fd);
	return good;
}

static bool join_directplay(void)
{
	int called = tcp(P_P_TCP), fd = udp(P_P_TCP), with = -1;
	uint64_t end = now_ms() + LIMIT_MS;
	char text[40];

	snprintf(text, sizeof(text), "lanplay ask P %u", nonce);
	while (with < 0 && now_ms() < end) {
		give(fd, text, strlen(text), to_all(P_P));
		struct sockaddr_in src;
		socklen_t size = sizeof(src);
		if (readable(called, AGAIN_MS))
			with = accept(called, (struct sockaddr *)&src, &size);
		if (with >= 0 && src.sin_addr.s_addr != peer.s_addr) {
			close(with);
			with = -1;
		}
	}
	close(called);
	close(fd);
	return with >= 0 && reads(with, "session") && calls(P_P, "welcome") &&
	       asks_at('Q', P_P_UDP, peer, P_P_UDP);
}

static bool joins(char class)
{
	struct in_addr wide = broadcast_of(iface), narrow = address_of(iface);
	char name[IFNAMSIZ], text[100];

	narrow.s_addr |= htonl(0xff);
	switch (class) {
	case 'A':
		return asks_all('A', 0, P_A);
	case 'B':
		return asks_at('B', 0, wide, P_B);
	case 'b':
		return asks_at('B', 0, narrow, P_B);
	case 'C':
		return join_group();
	case 'c':
		return join_group6();
	case 'D':
		return asks_all('D', P_D, P_D);
	case 'E':
		return asks_all('E', P_E_FROM, P_E) && calls(P_E, "welcome");
	case 'F':
		return join_ports();
	case 'G':
		return join_address();
	case 'H':
		return asks_all('H', 0, P_H);
	case 'I':
		return join_identical();
	case 'i':
		return hears(P_D, "lanplay once", text, sizeof(text), NULL);
	case 'J':
		return asks(
			&(struct question){.class = 'J', .to = {to_all(P_J)}, .n = 1, .hear = P_J});
	case 'K':
		return card(true, name) &&
		       asks(&(struct question){
			       .class = 'K', .to = {to_all(P_B)}, .n = 1, .card = name});
	case 'L':
		return join_frames();
	case 'l':
		return join_ipx();
	case 'M':
		return asks(&(struct question){
			.class = 'M', .to = {at(peer, P_M)}, .n = 1, .most_ms = 30});
	case 'N':
		return asks(&(struct question){
			       .class = 'N', .to = {to_all(P_N)}, .n = 1, .len = LONG}) &&
		       asks(&(struct question){
			       .class = 'N', .to = {at(peer, P_N)}, .n = 1, .len = LONG});
	case 'O':
		return card(false, name) && asks_at('O', P_O, asked_of(name, SIOCGIFBRDADDR), P_O);
	case 'P':
		return join_directplay();
	case 'p':
		return asks_all('p', 0, P_P8) && asks_at('q', P_P8_UDP + 1, peer, P_P8_UDP);
	}
	fprintf(stderr, "lanplay: no class %c\n", class);
	exit(2);
}

int main(int argc, char **argv)
{
	bool bad = false;

	if (argc < 3)
		die("usage: lanplay host IFACE | lanplay join IFACE PEER CLASS...");
	iface = argv[2];
	if (strcmp(argv[1], "host") == 0)
		host();
	if (argc < 5 || inet_pton(AF_INET, argv[3], &peer) != 1)
		die("usage: lanplay join IFACE PEER CLASS...");
	nonce = (uint32_t)(now_ms() ^ (unsigned)getpid() << 16);
	for (char **class = argv + 4; *class; class ++) {
		bool good = joins((*class)[0]);
		nonce++;
		printf("%s %s\n", *class, good ? "ok" : "not ok");
		fflush(stdout);
		bad |= !good;
	}
	return bad;
}
