/*
 * lan_inside.h - the inside of struct lr_lan; for lib/lan only
 *
 *   lan.c        members, own addresses, what destinations and verdicts mean
 *   out.c in.c   the two directions
 *   neighbour.c  ARP and neighbour discovery
 *   snoop.c      IGMP and MLD, and our queries
 *   rules.c      what is dropped by name
 *   isolate.c    what passes when only games do
 *   storm.c      token buckets
 *   etherip.c    frames that are no IP
 *   pieces.c     EtherIP packets that were cut
 *   bridge.c     machines of the house
 *   lease.c      those that ask for their address
 *   whole.c      frames of theirs that travel as they are
 *   station.c    which MAC is where
 *   hello.c      which bridge of a segment carries
 *   words.c      names and lists as a user writes them
 */
#ifndef LR_LAN_INSIDE_H
#define LR_LAN_INSIDE_H

#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/base/map.h"
#include "lib/lan/lan.h"
#include "lib/net/ip.h"

enum { ETH_IP4 = 0x0800, ETH_ARP = 0x0806, ETH_IP6 = 0x86dd, ETH_HELLO = 0x88b6 };
enum { LR_IGMP = 2 };
enum { LR_ARP_LEN = 28, LR_HELLO_TAG = 8 };
enum { LR_LAN_GROUPS = 64 }; /* of one member, or of lr_lan_group() */
enum { LR_LAN_PIECES = 64 }; /* fragments of one member that wait for others */
enum { LR_LAN_STORM_SLOTS = 64 };
enum { LR_LAN_ASKERS = 1024 };

struct lr_lan_joined {
	struct lr_ip group;
	uint64_t until_ns;
};

/* GCRA: `at` is when all that was sent would have been sent at the allowed rate. */
struct lr_lan_storm {
	uint64_t at;
	struct {
		uint32_t key;
		uint64_t at;
	} slots[LR_LAN_STORM_SLOTS];
};

struct lr_lan_piece {
	struct lr_lan_piece *next; /* by id, then by offset */
	uint64_t at_ns;
	uint32_t id, offset;
	uint16_t len;
	uint8_t family;
	bool more;
	uint8_t bytes[];
};

struct lr_lan_member {
	void *owner;
	struct lr_lan_member *next;
	uint8_t mac[LR_MAC];
	bool stock, hub, bridges;
	unsigned n_stations; /* MACs of its house */
	bool reports;        /* it has told what it joined */
	struct lr_ip at[2];  /* IPv4, IPv6 */
	struct lr_lan_joined *joined;
	unsigned n_joined;
	struct lr_lan_storm *storm; /* NULL: it has sent nothing to all yet */
	struct lr_lan_piece *pieces;
	unsigned n_pieces;
};

/* A machine of the house with an address of the pool. */
struct lr_lan_machine {
	uint8_t mac[LR_MAC];
	struct lr_ip at;
	uint64_t heard_ns;
};
/* A MAC of a house. */
struct lr_lan_station {
	struct lr_lan_station *next;
	struct lr_lan_member *at; /* who bridges that house; our own `port` */
	uint8_t mac[LR_MAC];
	uint64_t heard_ns, loop_ns; /* last; is not heard from its member until then */
};
struct lr_lan_dhcp {
	struct lr_dhcp server;
	uint8_t out[LR_DHCP_FRAME];
};
struct lr_lan_bridge {
	struct lr_lan_machine machines[LR_LAN_MACHINES];
	unsigned n;
	bool fresh;
	struct lr_lan_member port; /* of our own house: for its storm, stations and groups */
	struct lr_lan_dhcp *dhcp;  /* NULL: addresses are set by hand */
	struct lr_lan_station *stations;
	struct lr_map by_mac; /* of them */
	/* hello.c */
	uint8_t party[LR_HELLO_TAG], member[LR_HELLO_TAG];
	uint8_t token[LR_LAN_TOKEN], before[LR_LAN_TOKEN], heard[LR_LAN_TOKEN];
	bool stands, greets; /* announces members; so many have been */
	unsigned greeted;
	uint64_t until_ns, hello_ns; /* stands by so long; the next hello */
};

/* Who asked a game's port, and gets answers from one so long. */
struct lr_lan_asker {
	struct lr_ip at;
	uint16_t port;
	uint64_t until_ns;
};

struct lr_lan {
	struct lr_lan_host host;
	bool ethernet;
	uint8_t mac[LR_MAC], switch_mac[LR_MAC]; /* ours; of what asks for groups */
	struct lr_ip own[LR_LAN_OWN + 1];        /* the link-local one is the last */
	unsigned n_own;
	uint8_t own4[4];                   /* the first IPv4 one */
	uint8_t broadcasts[LR_LAN_OWN][4]; /* of our networks; the first is the LAN's */
	unsigned n_broadcasts;
	struct lr_lan_member *members;
	struct lr_map by_mac;
	struct lr_lan_member self;    /* for its storm and groups only */
	struct lr_lan_bridge *bridge; /* NULL: none */
	struct lr_prefix pool;        /* of our first IPv4 address */
	/* rules */
	bool open, isolate, ipx;
	unsigned pass;
	struct lr_lan_ports ports; /* that pass although isolated; IPX does with `ipx` */
	struct lr_lan_asker askers[LR_LAN_ASKERS];
	struct lr_ip groups[LR_LAN_GROUPS];
	unsigned n_groups;
	/* queries */
	uint64_t query_ns, asked_ns; /* the next; the last */
	bool query_six;              /* the IPv6 one is next */
	uint16_t id;                 /* of the next packet of ours */
	uint64_t now;
	uint64_t drops[LR_LAN_DROPS];
	uint8_t reply[160];
	uint8_t whole[65536]; /* what was put together */
};

static inline void lr_lan_verdict_drop(
	struct lr_lan *lan, struct lr_lan_verdict *v, enum lr_lan_drop why)
{
	lan->drops[why]++;
	v->act = LR_LAN_DROP;
	v->also = 0;
	v->drop = why;
}

/* --- lan.c --- */
bool lr_lan_is_own(const struct lr_lan *lan, const struct lr_ip *ip);
/* Whether somebody here has it: this node or a member. */
bool lr_lan_is_taken(struct lr_lan *lan, const struct lr_ip *ip);

/* What a destination means. */
enum lr_lan_to { LR_LAN_TO_ONE, LR_LAN_TO_ALL, LR_LAN_TO_GROUP };
/* `broadcast`: the frame was one. *rewrite: the address is another network's broadcast. */
enum lr_lan_to lr_lan_where(
	struct lr_lan *lan, const uint8_t *packet, bool broadcast, bool *rewrite);
/* Makes the LAN's broadcast address the destination of an IPv4 packet. */
void lr_lan_to_broadcast(
	struct lr_lan *lan, uint8_t *packet, const struct lr_packet *p, bool partial);

/* The Ethernet header in front of a packet, which goes to that. */
void lr_lan_head(
	const struct lr_lan *lan, uint8_t *packet, enum lr_lan_to to, const uint8_t from[LR_MAC]);

/* --- neighbour.c --- */
void lr_lan_arp(struct lr_lan *lan, const uint8_t *frame, size_t len, struct lr_lan_verdict *v);
/* In lan->reply: the member has its address. The frame's length. */
size_t lr_lan_announce(struct lr_lan *lan, const struct lr_lan_member *m);
/* A whole one from the segment of the house. */
void lr_lan_arp_bridged(struct lr_lan *lan, const uint8_t *frame, struct lr_lan_verdict *v);
/* Whether the packet is a neighbour solicitation or advertisement; then v is set. `frame` NULL:
 * there is no Ethernet around it. */
bool lr_lan_neighbour(struct lr_lan *lan, const uint8_t *frame, const uint8_t *packet,
	const struct lr_packet *p, struct lr_lan_verdict *v);

/* --- bridge.c --- */
void lr_lan_bridge_free(struct lr_lan *lan);
/* The machine of the house with that address, which is settled as ours; NULL: none. */
const struct lr_lan_machine *lr_lan_machine(const struct lr_lan *lan, const struct lr_ip *ip);

/* The machine with that MAC speaks as `ip`, of the pool, or was given it. Why it may not. */
enum lr_lan_drop lr_lan_machine_speaks(
	struct lr_lan *lan, uint64_t now, const uint8_t *mac, const struct lr_ip *ip);
bool lr_lan_machine_has(
	const struct lr_lan *lan, const uint8_t mac[LR_MAC], const struct lr_ip *ip);
/* It has it no more. */
void lr_lan_machine_gone(struct lr_lan *lan, const struct lr_ip *ip);

/* --- lease.c --- */
/* Whether the frame of the segment asks our DHCP server. */
bool lr_lan_asks_lease(const struct lr_lan *lan, const uint8_t *frame, size_t len);
void lr_lan_lease(struct lr_lan *lan, uint64_t now, const uint8_t *frame, size_t len,
	struct lr_lan_verdict *v);

/* --- station.c --- */
struct lr_lan_station *lr_lan_station(const struct lr_lan *lan, const uint8_t *mac);
/* A machine says something in the house that `at` bridges. Why it is not to be heard:
 * LR_LAN_DROP_FOREIGN_MAC (another house has it), _LOOP, _MACS. */
enum lr_lan_drop lr_lan_station_speaks(
	struct lr_lan *lan, uint64_t now, const uint8_t *mac, struct lr_lan_member *at);
void lr_lan_stations_forget(struct lr_lan *lan, const struct lr_lan_member *at);
void lr_lan_stations_clear(struct lr_lan_bridge *b); /* of all houses */
/* Whether the MAC is our own or a member's, or what asks for groups. */
bool lr_lan_is_member_mac(const struct lr_lan *lan, const uint8_t *mac);

/* --- whole.c --- */
/* A frame of our segment whose machine, or what it says, has no address of the pool. */
void lr_lan_out_whole(
	struct lr_lan *lan, uint64_t now, uint8_t *frame, size_t len, struct lr_lan_verdict *v);
/* One of a machine of the house that `from` bridges; *also: where it goes here. */
enum lr_lan_drop lr_lan_in_whole(struct lr_lan *lan, uint64_t now, struct lr_lan_member *from,
	const uint8_t *frame, size_t len, unsigned *also);
/* Where in the house a frame that is no IP goes, of our interface or of a member itself:
 * LR_LAN_SEGMENT or 0. */
unsigned lr_lan_to_house(const struct lr_lan *lan, const uint8_t *frame, size_t len);

/* Whether our DHCP gave that address to a machine, for a time that has not ended. */
bool lr_lan_has_lease(const struct lr_lan *lan, const struct lr_ip *at);
/* Those that were not heard for long, and have no lease, are forgotten. */
void lr_lan_machines_age(struct lr_lan *lan, uint64_t now);

/* --- hello.c --- */
/* A frame of the segment with that type. */
void lr_lan_hear_hello(struct lr_lan *lan, uint64_t now, const uint8_t *frame, size_t len);

/* --- snoop.c --- */
enum lr_lan_heard {
	LR_LAN_HEARD_NOTHING, /* no IGMP or MLD */
	LR_LAN_HEARD_QUERY,
	LR_LAN_HEARD_IDLE, /* reports of groups that go to all, or are noise */
	LR_LAN_HEARD_REPORT,
};
/* Looks at a packet to a group from a member, from our interface (lan->self) or from our house (the
 * bridge's port). */
enum lr_lan_heard lr_lan_snoop(struct lr_lan *lan, uint64_t now, struct lr_lan_member *from,
	const uint8_t *packet, const struct lr_packet *p);
bool lr_lan_group_to_all(const struct lr_ip *group); /* link-local ones */
bool lr_lan_is_query(const uint8_t *packet, const struct lr_packet *p);
bool lr_lan_has_joined(
	const struct lr_lan *lan, const struct lr_lan_member *m, const struct lr_ip *group);

/* --- rules.c --- */
/* Why the packet does not pass; `to_all`: it is broadcast or multicast; `ours`: this node or its
 * house sent it, no member. */
enum lr_lan_drop lr_lan_judge(struct lr_lan *lan, const uint8_t *packet, const struct lr_packet *p,
	bool to_all, bool ours);
/* What tells floods apart: the destination port, or the protocol. */
uint32_t lr_lan_storm_key(const uint8_t *packet, const struct lr_packet *p);

/* --- isolate.c: all pass when nothing is isolated --- */
bool lr_lan_port_passes(const struct lr_lan *lan, uint16_t port);
/* A UDP header in that packet; what is asked by it is remembered. */
bool lr_lan_udp_passes(struct lr_lan *lan, const uint8_t *packet, const uint8_t *udp, bool ours);
/* A frame that is no IP, of that type (or length), with `p` behind it. */
bool lr_lan_frame_passes(const struct lr_lan *lan, uint16_t type, const uint8_t *p, size_t len);

/* --- storm.c --- */
bool lr_lan_storm_passes(struct lr_lan_member *m, uint32_t key, uint64_t now);

/* --- etherip.c --- */
#define LR_LAN_FRAME_KEY 0x20000u /* of storms: the ethertype is added */
/* The type behind all tags, and where what it says begins; false: the frame makes no sense. */
bool lr_lan_frame_type(const uint8_t *frame, size_t len, uint16_t *type, size_t *at);
bool lr_lan_is_link_control(const uint8_t *mac);
/* Whether ARP, ND or IP at `p` speaks for an address that this node, a machine of its house or a
 * member has. */
bool lr_lan_speaks_for_us(struct lr_lan *lan, uint16_t type, const uint8_t *p, size_t len);
static inline bool lr_lan_is_ip(uint16_t type)
{
	return type == ETH_IP4 || type == ETH_ARP || type == ETH_IP6;
}
void lr_lan_out_other(
	struct lr_lan *lan, uint64_t now, uint8_t *frame, size_t len, struct lr_lan_verdict *v);
void lr_lan_in_etherip(struct lr_lan *lan, uint64_t now, struct lr_lan_member *from,
	uint8_t *packet, const struct lr_packet *p, struct lr_lan_verdict *v);

/* --- pieces.c --- */
/* Adds a fragment. The data put together, in lan->whole, once it is complete; else NULL, with *why
 * when something was lost by it. */
uint8_t *lr_lan_pieces_add(struct lr_lan *lan, uint64_t now, struct lr_lan_member *from,
	const uint8_t *packet, const struct lr_packet *p, size_t *len, enum lr_lan_drop *why);
void lr_lan_pieces_release(struct lr_lan_member *m);

#endif
