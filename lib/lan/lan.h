/*
 * lan.h - the virtual Ethernet: what a switch with a cable to every member would do
 *
 * Theory of operation. A `struct lr_lan` stands between the node's interface and the tunnel. It
 * never opens a socket or reads a clock; the owner
 *   - hands in each frame that the interface gave (lr_lan_out) and each IP packet that came from a
 *     member through the tunnel (lr_lan_in), and does what the verdict says;
 *   - writes the frames of lr_lan_poll() to the interface when lr_lan_due() has come;
 *   - tells who is a member (lr_lan_join, lr_lan_member_at, lr_lan_leave) and which addresses are
 *     the interface's own.
 *
 *     interface                                                    member
 *       frame --out--> own MAC? --> ARP, ND ------> ANSWER, back to the interface
 *                               \-> IGMP, MLD ----> COPIES to all: each hears what the others
 * joined
 *                               \-> IP: rules ----> ROUTE, one member has the destination
 *                               |            \----> COPIES to all, or to those that joined the
 * group
 *                               \-> no IP --------> WRAP: EtherIP to one or all
 *       DELIVER <--frame made anew-- rules <-- for us? <-- IP <--in-- packet
 *       FRAME   <--opened, checked-- EtherIP, in pieces <---/
 *
 * IP crosses the tunnel as IP: the Ethernet header is taken off here and made anew there, with the
 * MAC of whoever sent it. So stock WireGuard peers take part. Nothing else of the packet changes:
 * not its TTL, not its ports, and what was sent to a broadcast address arrives at one.
 *
 * Names. A member's MAC is a hash of its public key, its IPv6 link-local address the EUI-64 of
 * that: both ends know them without a word. ARP and neighbour questions are answered from that,
 * here. None crosses the tunnel, and none that does so anyway is let in; nobody answers for a
 * stranger, nor for our own addresses (the system asks for those to find out whether they are
 * free).
 *
 * Broadcast goes to every member, multicast to those that joined the group. A node asks its own
 * interface each 125 s what it has joined (as an IGMPv3 and MLDv2 querier, RFC 3376, RFC 3810), and
 * soon after somebody came; it sends the interface's reports to all members, and each keeps what it
 * hears for 260 s (RFC 4541). Link-local groups, 224.0.0.0/24 and ff02::/16, go to all and are not
 * reported. A stock peer says nothing of groups: it gets those of lr_lan_group().
 *
 * Guests are stock peers that know nobody but their hub. The hub, and nobody else, sends on what
 * came for more than one: from a guest to all others, from a member to its guests. So each packet
 * crosses a wire between members once, and there is nothing to loop, also when both ends are hubs.
 * Members send the groups of lr_lan_group() to a hub as to a stock peer: its guests ask for none.
 * What is for one goes on by the same rules as what is for us: a stock client has none of its own.
 *
 * A broadcast address of a network that is not ours (a game that thinks in /24s sends to
 * 10.66.3.255, which in our /16 is a host like any other) is recognised by its last byte when
 * nobody has that address, and becomes the broadcast address of ours. Both ends do that.
 *
 * Trust. A party is a LAN of half-trusted people, so both ends drop, by name, what makes a stranger
 * a router, and what no game needs (enum lr_lan_drop). What came from a member is never sent to a
 * member again. A packet that is not for this interface is dropped, since
 * a host that forwards (any with containers) would carry it into the home.
 *
 * Frames that are no IP (IPX, games of raw Ethernet) travel as EtherIP (RFC 3378, IP protocol 97)
 * between members' virtual addresses. It is opened only from a member's own virtual address, when
 * the source MAC inside is that member's, or one of the house that it bridges (whole.c); what is
 * cut on the way is put together here, since the system does it only for packets that it keeps.
 *
 * Source: RFC 826, RFC 894, RFC 1112, RFC 2464, RFC 3376, RFC 3378, RFC 3810, RFC 4541, RFC 4861,
 * RFC 5227.
 */
#ifndef LR_LAN_LAN_H
#define LR_LAN_LAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/crypto/crypto.h"
#include "lib/lan/dhcp.h"
#include "lib/net/addr.h"

#define LR_MAC       6
#define LR_LAN_HEAD  14 /* bytes of an Ethernet header */
#define LR_LAN_ROOM  42 /* room in front of a frame: IPv6 and EtherIP's two bytes */
#define LR_LAN_FRAME (65535 - LR_LAN_ROOM) /* longest frame that EtherIP carries */
#define LR_LAN_OWN   8                     /* addresses of the interface that count */

/* What a member's port (or ethertype) may send to all, and a member in all; each sending of a
 * game's announcement is one, so a browser that asks 169 ports each second passes. Bursts are a
 * second's. */
#define LR_LAN_STORM_PORT                                                                          \
	200 /* a second; old games send their play by broadcast, at up to 70 Hz                    \
	     */
#define LR_LAN_STORM_MEMBER 1000

struct lr_lan;
struct lr_lan_member;

/* Why a frame or packet went no further; names are stable and no other counter's. */
enum lr_lan_drop {
	LR_LAN_DROP_NONE,
	LR_LAN_DROP_FRAME,        /* too short, or its length and type make no sense */
	LR_LAN_DROP_PACKET,       /* IP inside it is not well-formed */
	LR_LAN_DROP_FOREIGN_MAC,  /* its source MAC is not the sender's */
	LR_LAN_DROP_UNKNOWN_MAC,  /* no member has the MAC that it is for */
	LR_LAN_DROP_LINK_CONTROL, /* 01:80:c2:00:00:0x: for the next bridge only (IEEE 802.1Q 8.6.3)
				   */
	LR_LAN_DROP_STRANGER,     /* a neighbour question about nobody here */
	LR_LAN_DROP_NEIGHBOUR,    /* a neighbour message from a member: it is answered locally */
	LR_LAN_DROP_ROUTER,       /* a router's advertisement, or the question for one */
	LR_LAN_DROP_REDIRECT,
	LR_LAN_DROP_DHCP,
	LR_LAN_DROP_SOURCE_ROUTE,
	LR_LAN_DROP_TINY,      /* a first fragment that hides its ports, or writes over them */
	LR_LAN_DROP_NOT_OURS,  /* came for an address that is not this interface's */
	LR_LAN_DROP_SERVICE,   /* a service that no game needs: lr_lan_open() */
	LR_LAN_DROP_ISOLATED,  /* a port that no game here has: lr_lan_isolate() */
	LR_LAN_DROP_NOISE,     /* chatter of desktops: lr_lan_pass() */
	LR_LAN_DROP_STORM,     /* more to all than anybody needs */
	LR_LAN_DROP_NO_JOINER, /* multicast that nobody joined */
	LR_LAN_DROP_QUERIER,   /* a multicast query from a member: each node asks its own */
	LR_LAN_DROP_ETHERIP,   /* not EtherIP version 3, or not between virtual addresses */
	LR_LAN_DROP_ADDRESS, /* EtherIP, captured: speaks for an address that a member or this node
				has */
	LR_LAN_DROP_NO_BRIDGE, /* EtherIP: IP of a machine behind a bridge, and we have none */
	LR_LAN_DROP_PIECES,    /* EtherIP in pieces: too many, too late, or they overlap */
	LR_LAN_DROP_LOOP,      /* bridge: from the house, with a MAC of the party */
	LR_LAN_DROP_HOME,      /* bridge: of the house, and for nobody of the party */
	LR_LAN_DROP_UNLISTED,  /* bridge: of a machine whose address is not settled yet */
	LR_LAN_DROP_STANDBY,   /* bridge: another member's carries the segment */
	LR_LAN_DROP_MACS,      /* bridge: of more machines than are kept of one house */
	LR_LAN_DROPS
};
const char *lr_lan_drop_name(enum lr_lan_drop drop);

/* Kinds of noise, a bit each. */
enum lr_lan_noise {
	LR_LAN_NETBIOS = 1, /* UDP 137, 138 */
	LR_LAN_LLMNR = 2,   /* 5355 */
	LR_LAN_SSDP = 4,    /* 1900, and WS-Discovery, 3702 */
	LR_LAN_DROPBOX = 8, /* 17500 */
	LR_LAN_MDNS = 16,   /* 5353 */
};
/* The kind that a UDP port is; 0: none. */
unsigned lr_lan_noise_of(uint16_t port);
/* "mdns,ssdp" into the bits; "all" are all. 0 or -EINVAL. */
int lr_lan_noise_parse(const char *text, unsigned *out);

struct lr_lan_host {
	void *ctx;
	/* The member that has the address (4 or 16 bytes); NULL: nobody. Called for each neighbour
	 * question and for what looks like a broadcast. */
	struct lr_lan_member *(*holder)(void *ctx, uint8_t family, const uint8_t *address);
	/* Whether a bridged machine's address is settled as ours; only with lr_lan_bridge(). */
	bool (*ours)(void *ctx, const struct lr_ip *ip);
	/* An address for one that asks, as in lib/lan/dhcp.h; only with lr_lan_bridge_dhcp(). */
	bool (*choose)(void *ctx, const uint8_t mac[LR_MAC], unsigned round, struct lr_ip *out);
};

/* `ethernet`: the interface gives frames; else IP packets, and there is no EtherIP. `mac`: its own.
 * NULL: out of memory. */
struct lr_lan *lr_lan_new(const struct lr_lan_host *host, bool ethernet, const uint8_t mac[LR_MAC]);
void lr_lan_free(struct lr_lan *lan); /* and all members; NULL is fine */

/* The MAC and link-local address that go with a WireGuard key. */
void lr_lan_mac(const uint8_t public_key[LR_KEY_LEN], uint8_t mac[LR_MAC]);
struct lr_ip lr_lan_link_local(const uint8_t mac[LR_MAC]);

/* The interface's addresses with their prefixes; the first LR_LAN_OWN count. Our link-local address
 * is known. The broadcast address of the first IPv4 one is the LAN's. */
void lr_lan_own(struct lr_lan *lan, const struct lr_prefix *addresses, size_t n);

/* --- members --- */

/* `owner` is the caller's. NULL: out of memory. */
struct lr_lan_member *lr_lan_join(
	struct lr_lan *lan, const uint8_t public_key[LR_KEY_LEN], void *owner, uint64_t now);
void lr_lan_leave(struct lr_lan *lan, struct lr_lan_member *m); /* NULL is fine */
/* Its own virtual addresses, family 0: none. EtherIP goes to and comes from these only. `stock`: it
 * takes none, and is a guest of ours. */
void lr_lan_member_at(
	struct lr_lan_member *m, const struct lr_ip *four, const struct lr_ip *six, bool stock);
/* Whether it is the hub of guests. */
void lr_lan_member_hub(struct lr_lan_member *m, bool hub);
/* Whether it carries a segment of its house: frames of machines there come from it, and go to it.
 * When it no longer does, another may do so for them at once. */
void lr_lan_member_bridges(struct lr_lan *lan, struct lr_lan_member *m, bool bridges);
void *lr_lan_owner(const struct lr_lan_member *m);
/* A session with somebody began: the interface is asked soon what it joined, so that he hears. */
void lr_lan_ask_soon(struct lr_lan *lan, uint64_t now);

/* --- a bridge into the house: bridge.c says how --- */

#define LR_LAN_MACHINES 16
#define LR_LAN_STATIONS 128 /* MACs that are kept of one house */
#define LR_LAN_TOKEN    16

/* There is one from now on; before anything moves. 0, or -1: out of memory. */
int lr_lan_bridge(struct lr_lan *lan);
/* Its machines get addresses when they ask for one (lib/lan/dhcp.h): nobody else gives them any. 0,
 * or -1: out of memory. */
int lr_lan_bridge_dhcp(struct lr_lan *lan);
/* The addresses that machines have of us: into out[LR_DHCP_LEASES]; how many. */
unsigned lr_lan_leases(const struct lr_lan *lan, struct lr_dhcp_lease *out);
/* One of before a restart. False: no room, or there is no DHCP. */
bool lr_lan_lease_keep(
	struct lr_lan *lan, uint64_t now, const uint8_t mac[LR_MAC], const struct lr_ip *at);
/* The party is known: hellos begin, and it stands by for 3 s (hello.c). Until then it carries. */
void lr_lan_bridge_party(struct lr_lan *lan, uint64_t now, const uint8_t *id, size_t len);
/* Whether a frame of a segment is the hello of a bridge, of whatever party. */
bool lr_lan_is_hello(const uint8_t *frame, size_t len);
/* Whether there is one, and no other carries its segment. */
bool lr_lan_carries(const struct lr_lan *lan);
/* The same; and what our hellos show the others there, and what those of the bridge before us
 * showed (zero: none was heard). */
bool lr_lan_token(
	const struct lr_lan *lan, uint8_t token[LR_LAN_TOKEN], uint8_t before[LR_LAN_TOKEN]);
/* The IPv4 addresses of the pool that machines of the house have: into out[LR_LAN_MACHINES]; how
 * many. They are to be listed as ours. */
unsigned lr_lan_machines(struct lr_lan *lan, struct lr_ip *out);
/* Whether they are others than when this was asked last, or whether we carry. */
bool lr_lan_machines_fresh(struct lr_lan *lan);

/* --- rules --- */

void lr_lan_open(struct lr_lan *lan, bool open);     /* services pass */
void lr_lan_pass(struct lr_lan *lan, unsigned bits); /* enum lr_lan_noise that pass */
struct lr_lan_ports {
	uint64_t bits[1024];
};
static inline void lr_lan_ports_add(struct lr_lan_ports *ports, uint16_t port)
{
	ports->bits[port >> 6] |= 1ull << (port & 63);
}
/* "27960-27963,4445" into a set; "" is the empty one. 0 or -EINVAL. */
int lr_lan_ports_parse(const char *text, struct lr_lan_ports *out);
/* Only these ports pass: of TCP that of who is called, of UDP that of the destination, and answers
 * to who asked there; ICMP; with `ipx` frames of that. NULL: all pass. Copied. */
void lr_lan_isolate(struct lr_lan *lan, const struct lr_lan_ports *ports, bool ipx);
/* A group that goes to members that say nothing of groups. 0, or -ENOSPC: there are 64. */
int lr_lan_group(struct lr_lan *lan, const struct lr_ip *group, bool on);

/* --- the two directions --- */

enum lr_lan_act {
	LR_LAN_DROP,    /* `drop`; counted */
	LR_LAN_TAKEN,   /* all is done */
	LR_LAN_ROUTE,   /* out: the packet goes to the member that has its destination */
	LR_LAN_COPIES,  /* out: to each of lr_lan_next() */
	LR_LAN_WRAP,    /* out: the frame as EtherIP, by lr_lan_wrap(), to each of lr_lan_next() */
	LR_LAN_ANSWER,  /* out: a frame that goes back to the interface */
	LR_LAN_DELIVER, /* in: the frame goes to the interface, a packet with a header */
	LR_LAN_ONWARD,  /* in: the packet goes to `only`: from a guest of ours, or to one */
	LR_LAN_WHOLE,   /* in: a frame that came as it is, to all that `also` says */
};

/* Where else the frame goes, as it is, whatever the act. After lr_lan_in() and
 * lr_lan_out_captured() it is the packet with the header in front of it, unless it came WHOLE. */
enum { LR_LAN_DEVICE = 1, LR_LAN_SEGMENT = 2 };

struct lr_lan_verdict {
	enum lr_lan_act act;
	unsigned also; /* LR_LAN_DEVICE, LR_LAN_SEGMENT */
	enum lr_lan_drop drop;
	uint8_t *bytes; /* the packet or frame */
	size_t len;
	struct lr_lan_member *only; /* COPIES, WRAP, ONWARD: nobody else; NULL: all */
	bool bridges;               /* WRAP: only those that carry a segment */
	struct lr_ip group;         /* COPIES, DELIVER: those that joined it; family 0: all */
	struct lr_lan_member *from; /* DELIVER to more than one: who sent it; else NULL */
};

/* A frame (or packet) of the interface. `partial`: its transport checksum is yet to be finished
 * over what the field holds. Bytes may be changed in place; an answer lies in `lan` until the next
 * call. A few ns for TCP to a member. */
void lr_lan_out(struct lr_lan *lan, uint64_t now, uint8_t *frame, size_t len, bool partial,
	struct lr_lan_verdict *v);
/* Whether our interface's packet is for more than one: to a broadcast address, also of another
 * network, or a group. */
bool lr_lan_to_many(struct lr_lan *lan, const uint8_t *packet);
/* A UDP datagram that this machine sent to all, or to a group, on another interface. Its source
 * becomes our first address of the family, so that answers come back, and all checksums are made
 * anew; then it goes as if our interface had given it: COPIES or DROP. The LR_LAN_HEAD bytes in
 * front of it become the header that our interface's frame would have. */
void lr_lan_out_captured(
	struct lr_lan *lan, uint64_t now, uint8_t *packet, size_t len, struct lr_lan_verdict *v);
/* A frame from the segment of the house; ANSWER goes back there. As lr_lan_out(). */
void lr_lan_bridged(struct lr_lan *lan, uint64_t now, uint8_t *frame, size_t len, bool partial,
	struct lr_lan_verdict *v);
/* The members that the verdict means, one after the other: NULL to begin, NULL at the end. Of
 * DELIVER: whom we are the hub for, or the hub of; the packet goes to them, too. */
struct lr_lan_member *lr_lan_next(const struct lr_lan *lan, const struct lr_lan_verdict *v,
	const struct lr_lan_member *after);
/* Puts EtherIP's headers for that member in front of the frame, into the LR_LAN_ROOM bytes there.
 * The packet with its length, or NULL: there are no addresses for it. */
uint8_t *lr_lan_wrap(
	struct lr_lan *lan, const struct lr_lan_member *to, uint8_t *frame, size_t *len);

/* An IP packet from a member, well-formed and with a source that is the member's. With `ethernet`
 * the LR_LAN_HEAD bytes in front of it are written. */
void lr_lan_in(struct lr_lan *lan, uint64_t now, struct lr_lan_member *from, uint8_t *packet,
	size_t len, struct lr_lan_verdict *v);

/* --- what the lan wants to say to the interface --- */

/* The next query due at `now`; 0: none. */
size_t lr_lan_poll(struct lr_lan *lan, uint64_t now, uint8_t **frame);
uint64_t lr_lan_due(const struct lr_lan *lan); /* LR_NEVER: never */

/* The same for the segment of the house: the next hello. */
size_t lr_lan_hello(struct lr_lan *lan, uint64_t now, uint8_t **frame);
uint64_t lr_lan_hello_due(const struct lr_lan *lan);

const uint64_t *lr_lan_drops(const struct lr_lan *lan); /* LR_LAN_DROPS of them */

#endif
