/*
 * lanplay.h - what lanplay.c stands on: sockets, interfaces, IPX frames
 *
 * `iface` is set first. What the system refuses ends the program with exit 2.
 */
#ifndef LR_T_TOOLS_LANPLAY_H
#define LR_T_TOOLS_LANPLAY_H

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const char *iface;

static inline void die(const char *what)
{
	fprintf(stderr, "lanplay: %s: %s\n", what, strerror(errno));
	exit(2);
}

static inline uint64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* --- sockets --- */

static inline struct sockaddr_in at(struct in_addr ip, uint16_t port)
{
	return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = ip};
}

static inline struct sockaddr_in to_all(uint16_t port)
{
	return at((struct in_addr){INADDR_BROADCAST}, port);
}

static inline int udp(uint16_t port)
{
	const struct sockaddr_in here = at((struct in_addr){INADDR_ANY}, port);
	const int on = 1;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
		setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on)) < 0 ||
		setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) < 0 ||
		bind(fd, (const void *)&here, sizeof(here)) < 0)
		die("udp");
	return fd;
}

static inline int tcp(uint16_t port)
{
	const struct sockaddr_in here = at((struct in_addr){INADDR_ANY}, port);
	const int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
		bind(fd, (const void *)&here, sizeof(here)) < 0 || listen(fd, 8) < 0)
		die("tcp");
	return fd;
}

static inline bool readable(int fd, int ms)
{
	struct pollfd p = {fd, POLLIN, 0};
	return poll(&p, 1, ms < 0 ? 0 : ms) == 1;
}

/* A datagram, where it came from and which address it was for; it ends with NUL. */
static inline ssize_t take(
	int fd, char *text, size_t room, struct sockaddr_in *src, struct in_addr *dst)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(struct in_pktinfo))];
	} control;
	struct iovec iov = {text, room - 1};
	struct msghdr m = {.msg_name = src,
		.msg_namelen = sizeof(*src),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(fd, &m, 0);

	text[n > 0 ? n : 0] = '\0';
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO)
			*dst = ((struct in_pktinfo *)CMSG_DATA(c))->ipi_addr;
	return n;
}

static inline bool give(int fd, const char *text, size_t len, struct sockaddr_in to)
{
	return sendto(fd, text, len, 0, (const void *)&to, sizeof(to)) == (ssize_t)len;
}

/* One line over TCP. */
static inline bool reads(int fd, const char *want)
{
	char text[64] = "";
	bool good = readable(fd, 5000) && recv(fd, text, sizeof(text) - 1, 0) > 0 &&
		    strcmp(text, want) == 0;
	close(fd);
	return good;
}

static inline void greet(int fd, const char *text)
{
	if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0)
		perror("lanplay: greet");
	close(fd);
}

/* --- interfaces --- */

static inline struct in_addr asked_of(const char *name, unsigned long what)
{
	struct ifreq r = {0};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	if (fd < 0 || ioctl(fd, what, &r) < 0)
		die("interface");
	close(fd);
	return ((struct sockaddr_in *)&r.ifr_addr)->sin_addr;
}

static inline struct in_addr address_of(const char *name)
{
	return asked_of(name, SIOCGIFADDR);
}

/* Out of address and mask: not each interface says it. */
static inline struct in_addr broadcast_of(const char *name)
{
	struct in_addr ip = address_of(name);

	ip.s_addr |= ~asked_of(name, SIOCGIFNETMASK).s_addr;
	return ip;
}

/* The first Ethernet card in the list that can broadcast; `other` than IFACE, or IFACE itself. */
static inline bool card(bool other, char name[IFNAMSIZ])
{
	const unsigned flags = IFF_UP | IFF_BROADCAST | IFF_MULTICAST;
	struct ifaddrs *list, *i;

	if (getifaddrs(&list) < 0)
		die("getifaddrs");
	for (i = list; i; i = i->ifa_next) {
		const struct sockaddr_ll *hw = (const void *)i->ifa_addr;
		if (hw && hw->sll_family == AF_PACKET && hw->sll_hatype == ARPHRD_ETHER &&
			(i->ifa_flags & flags) == flags &&
			(strcmp(i->ifa_name, iface) != 0) == other)
			break;
	}
	if (i)
		snprintf(name, IFNAMSIZ, "%s", i->ifa_name);
	freeifaddrs(list);
	return i != NULL;
}

/* Out of that card, whatever the routes say. */
static inline bool give_by(
	int fd, const char *text, size_t len, struct sockaddr_in to, const char *name)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(struct in_pktinfo))];
	} control = {0};
	struct iovec iov = {(void *)text, len};
	struct msghdr m = {.msg_name = &to,
		.msg_namelen = sizeof(to),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	struct in_pktinfo where = {.ipi_ifindex = (int)if_nametoindex(name)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = IPPROTO_IP;
	c->cmsg_type = IP_PKTINFO;
	c->cmsg_len = CMSG_LEN(sizeof(where));
	memcpy(CMSG_DATA(c), &where, sizeof(where));
	return sendmsg(fd, &m, 0) == (ssize_t)len;
}

/* --- IPX frames --- */

static const char *const framings[] = {
	"", "\xe0\xe0\x03", "\xaa\xaa\x03\0\0\0\x81\x37", "\x81\x37"};
static const size_t framing_len[] = {0, 3, 8, 2};
enum { FRAMINGS = 4, ETHERNET_II = 3, IPX = 30 };

static inline int frames(const char *name)
{
	struct sockaddr_ll here = {.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex(name)};
	int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));

	if (fd < 0 || bind(fd, (const void *)&here, sizeof(here)) < 0)
		die("packet socket");
	return fd;
}

/* An IPX packet with one byte of data, in that framing, to that MAC. */
static inline void put_frame(int fd, int framing, const uint8_t to[6], uint8_t word)
{
	uint8_t frame[100] = {0}, *ipx;
	struct ifreq r = {0};
	size_t head = framing_len[framing], len = framing == ETHERNET_II ? 12 + head : 14 + head;

	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", iface);
	if (ioctl(fd, SIOCGIFHWADDR, &r) < 0)
		die("MAC address");
	memcpy(frame, to, 6);
	memcpy(frame + 6, r.ifr_hwaddr.sa_data, 6);
	if (framing != ETHERNET_II)
		frame[13] = (uint8_t)(head + IPX + 1);
	ipx = frame + len;
	memcpy(ipx - head, framings[framing], head);
	memset(ipx, 0xff, 2);
	ipx[3] = IPX + 1;
	ipx[IPX] = word;
	if (send(fd, frame, len + IPX + 1, 0) < 0)
		perror("lanplay: frame");
}

/* The framing of an IPX frame that came in, and its word; -1: it is none. */
static inline int frame_of(const uint8_t *f, size_t len, uint8_t *word)
{
	for (int i = 0; i < FRAMINGS; i++) {
		size_t head = framing_len[i], body = (i == ETHERNET_II ? 12 : 14) + head;
		bool size = i == ETHERNET_II || (f[12] == 0 && f[13] == head + IPX + 1);
		if (len > body + IPX && size && memcmp(f + body - head, framings[i], head) == 0 &&
			f[body] == 0xff && f[body + 1] == 0xff && f[body + 3] == IPX + 1) {
			*word = f[body + IPX];
			return i;
		}
	}
	return -1;
}

static inline ssize_t take_frame(int fd, uint8_t *frame, size_t room)
{
	struct sockaddr_ll from;
	socklen_t size = sizeof(from);
	ssize_t n = recvfrom(fd, frame, room, 0, (struct sockaddr *)&from, &size);

	return from.sll_pkttype == PACKET_OUTGOING ? 0 : n;
}

#endif
