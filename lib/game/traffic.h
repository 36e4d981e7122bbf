/*
 * traffic.h - which packets are a game's: the ports of the active profiles as one table
 *
 * Theory of operation. Each protocol has a byte for every port: the number of a class in a short
 * list of distinct ones. The table is built anew whenever the set of active profiles changes and
 * then only read: a look-up is the two ports of a packet and two bytes, whatever the number of
 * profiles. Where profiles overlap, a port has the flags of all of them, and the highest DSCP.
 *
 * Packets come as IP, IPv4 or IPv6, without a link header. The port that it is sent to counts
 * before the one that it comes from. What is behind an IPv6 extension header other than a
 * fragment's, and fragments but the first, have no ports.
 */
#ifndef LR_GAME_TRAFFIC_H
#define LR_GAME_TRAFFIC_H

#include "lib/game/game.h"

enum lr_traffic_flag {
	LR_TRAFFIC_PLAY = 1,      /* a game's own traffic */
	LR_TRAFFIC_DISCOVERY = 2, /* announcements and searches */
	LR_TRAFFIC_FAST = 4,      /* goes before all else */
	LR_TRAFFIC_TWO_PATHS = 8, /* over two, where there are two */
	LR_TRAFFIC_REPEAT = 16,   /* sent again for late comers: lr_traffic_repeat() */
	LR_TRAFFIC_REWRITE = 32,  /* holds its sender's address: lr_traffic_rewrite() */
	LR_TRAFFIC_FRAGMENT = 64, /* a later fragment: its ports are not known */
	LR_TRAFFIC_CONTROL = 128, /* ICMP, ICMPv6, IGMP */
};

struct lr_traffic_class {
	uint8_t flags; /* 0: no active profile knows it */
	uint8_t dscp;  /* of its packets; 0 when flags is 0 */
};

#define LR_TRAFFIC_GROUPS  64
#define LR_TRAFFIC_SPECIAL 32

struct lr_traffic {
	uint8_t port[2][65536]; /* by lr_game_proto: a class's number */
	struct lr_traffic_class classes[256];
	unsigned n_classes;
	/* Groups of the active profiles: routes lead there, members get them unasked. */
	struct lr_ip groups[LR_TRAFFIC_GROUPS];
	unsigned n_groups;
	struct lr_game_repeat repeats[LR_TRAFFIC_SPECIAL];
	struct lr_game_rewrite rewrites[LR_TRAFFIC_SPECIAL];
	unsigned n_repeats, n_rewrites;
	bool ipx; /* a profile wants IPX frames */
};

/* Nothing is active. */
void lr_traffic_clear(struct lr_traffic *t);
/* From scratch, out of `n` profiles; texts are not kept. About 20 us and one for each profile. */
void lr_traffic_build(struct lr_traffic *t, const struct lr_game *const *games, size_t n);
/* The class of an IP packet; never NULL. Under 50 ns, no matter how many profiles. */
const struct lr_traffic_class *lr_traffic_of(
	const struct lr_traffic *t, const uint8_t *packet, size_t len);
/* The class of these ports. */
static inline const struct lr_traffic_class *lr_traffic_ports(
	const struct lr_traffic *t, enum lr_game_proto proto, uint16_t sport, uint16_t dport)
{
	uint8_t k = t->port[proto][dport];

	return &t->classes[k ? k : t->port[proto][sport]];
}
/* How often datagrams to that port are sent again; where the address stands in them. NULL: not. */
const struct lr_game_repeat *lr_traffic_repeat(const struct lr_traffic *t, uint16_t dport);
const struct lr_game_rewrite *lr_traffic_rewrite(const struct lr_traffic *t, uint16_t dport);

#endif
