/*
 * learn.h - a profile of a game out of what it does
 *
 * Theory of operation. The owner hands in what it sees while the game runs: its sockets, from time
 * to time (learn_proc.c reads them), and all UDP packets of this machine. Packets are kept as
 * flows, by our port, the other port and where they go; which of them are the game's is asked only
 * at the end, since a socket may be seen after its first packet. From that: discovery   what went
 * to everybody or to a group, from or to a port of the game. Who speaks is told by the sender's
 * port: one that the kernel gave: who searches; the one that it is sent to: both; another: the
 * host. Its cadence is the median of the gaps, when at least half of them are near it; packets
 * closer than 50 ms are one occasion. play        ports that the game listens on, and that it
 * talked to first. One that the kernel gave by itself counts when somebody else sent there first:
 * they knew it. latency     fast: a flow of ten datagrams a second or more. What the system's own
 * services say (DNS, mDNS, SSDP, NetBIOS, DHCP) is no game's, nor is what stays on this machine.
 */
#ifndef LR_GAME_LEARN_H
#define LR_GAME_LEARN_H

#include <sys/types.h>

#include "lib/game/detect.h"

#define LR_LEARN_FLOWS 512 /* at once; the oldest that is not the game's gives way */
#define LR_LEARN_PORTS 256 /* of sockets */
#define LR_LEARN_GAPS  32  /* the last ones of a flow */

struct lr_learn_flow {
	enum lr_game_kind kind;  /* LR_GAME_NONE: to one address */
	struct lr_ip group;      /* multicast */
	uint16_t own, other;     /* ports; `own` of this machine */
	bool out, began_out;     /* this way; the first of both ways was */
	uint32_t n, bytes;       /* datagrams, and their IP packets in all */
	uint32_t second_n, most; /* in this second, in the best */
	uint64_t second_ns, last_ns;
	uint32_t gaps_ms[LR_LEARN_GAPS];
	unsigned n_gaps;
};

struct lr_learn_port {
	enum lr_game_proto proto;
	uint16_t own, peer; /* peer 0: bound, or listening */
};

struct lr_learn {
	uint64_t began_ns;
	uint16_t auto_first, auto_last; /* ports that the kernel gives */
	struct lr_learn_flow flows[LR_LEARN_FLOWS];
	struct lr_learn_port ports[LR_LEARN_PORTS];
	unsigned n_flows, n_ports, hint;
};

/* Which program it is (learn_proc.c), and how its profile is called. */
struct lr_learn_who {
	char executable[64];
	char argument[64]; /* that tells it from others of that executable; "": none */
	enum lr_game_system system;
	char name[LR_GAME_NAME_MAX]; /* a profile's name */
	char day[16];                /* "2026-11-23" */
	bool deaf;                   /* packets could not be seen */
};

/* A profile, and what it points to. */
struct lr_learned {
	struct lr_game game;
	struct lr_game_discovery discovery[LR_GAME_FACTS];
	struct lr_game_play play[LR_GAME_FACTS];
	struct lr_game_executable executable;
	const char *notes[4];
	char facts[LR_GAME_FACTS][80]; /* sources of discovery */
	char socket_source[64], flow_source[64], process_source[64], watched[120];
};

/* `first` to `last` are the ports that the kernel gives (ip_local_port_range). */
void lr_learn_init(struct lr_learn *l, uint64_t now, uint16_t first, uint16_t last);
/* The game has this socket open; may be told again and again. */
void lr_learn_socket(struct lr_learn *l, const struct lr_detect_socket *s);
/* An IP packet left this machine (`out`), or came; `broadcast`: its frame was for everybody. What
 * is not UDP or is broken is left alone. */
void lr_learn_packet(
	struct lr_learn *l, uint64_t now, bool out, bool broadcast, const uint8_t *ip, size_t len);
/* What is known by now. `who` lives as long as *out is used. */
void lr_learn_profile(const struct lr_learn *l, uint64_t now, const struct lr_learn_who *who,
	struct lr_learned *out);

/* learn_proc.c: out of the process table, an open folder */

/* Hands in the sockets of `pid` and its children. 0 or -errno: it has ended, or we may not look. */
int lr_learn_look(struct lr_learn *l, int proc, pid_t pid);
/* The program behind `pid`: under Wine, Java, Python and alike what that runs. `name` is made from
 * it. 0 or -errno. */
int lr_learn_who(int proc, pid_t pid, struct lr_learn_who *out);
/* A profile's name out of any text: small letters, digits, '-'. */
void lr_learn_name(const char *text, char out[LR_GAME_NAME_MAX]);

#endif
