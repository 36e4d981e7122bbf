/*
 * game.h - what is known of a game: how it finds others on a LAN, on which ports it plays, how its
 * process is called, and what it wants from the network
 *
 * A profile is plain data. The profiles of share/games/ are compiled in (builtin.c: nothing is read
 * at a start); a user's own are JSON files of the same form (share/schema/game.json) in the folder
 * games/ of the state, which add to them or stand in their place. Every fact says where it was
 * learned; "unverified": nobody here has checked it.
 */
#ifndef LR_GAME_GAME_H
#define LR_GAME_GAME_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/net/addr.h"

#define LR_GAME_NAME_MAX 48          /* bytes of a game's name, NUL included */
#define LR_GAME_FACTS    32          /* entries of one list in a profile */
#define LR_GAME_FILE     (64u << 10) /* bytes of a profile's file */
#define LR_GAME_DSCP_EF  46          /* RFC 3246 */

enum lr_game_proto { LR_GAME_UDP, LR_GAME_TCP };

/* How a game finds others. Who speaks is in `by`. */
enum lr_game_kind {
	LR_GAME_BROADCAST, /* to 255.255.255.255 */
	LR_GAME_SUBNET,    /* to the broadcast address of an interface */
	LR_GAME_MULTICAST, /* to `group` */
	LR_GAME_QUERY,     /* to addresses that are known: typed in, or of a list on the internet */
	LR_GAME_IPX,       /* as IPX frames */
	LR_GAME_NONE,      /* it does not */
	LR_GAME_KINDS
};
enum lr_game_by { LR_GAME_BY_CLIENT, LR_GAME_BY_HOST, LR_GAME_BY_BOTH, LR_GAME_BYS };
enum lr_game_system { LR_GAME_ANY, LR_GAME_LINUX, LR_GAME_WINDOWS, LR_GAME_SYSTEMS };
/* What waiting costs in it: fast: every millisecond is felt; normal: some do; slow: turns. */
enum lr_game_latency { LR_GAME_FAST, LR_GAME_NORMAL, LR_GAME_SLOW, LR_GAME_LATENCIES };

/* first, first + step, ... up to `last`. */
struct lr_game_ports {
	enum lr_game_proto proto;
	uint16_t first, last, step;
};

struct lr_game_discovery {
	enum lr_game_kind kind;
	enum lr_game_by by;
	struct lr_game_ports ports; /* where it is sent to; first 0: not known */
	struct lr_ip group;         /* multicast: family 4 or 6 */
	uint32_t every_ms;          /* 0: not known, or once only */
	const char *source;
};
struct lr_game_play {
	struct lr_game_ports ports;
	const char *source;
};
struct lr_game_executable {
	const char *name;     /* of the file, without a folder */
	const char *argument; /* part of a command line that must be there, too; NULL */
	enum lr_game_system system;
	const char *source;
};
/* A protocol that its servers answer (query.h). */
struct lr_game_query {
	const char *protocol;
	uint16_t port;
	const char *source;
};
#define LR_GAME_UNTIL 8 /* bytes that tell a kind of datagram */
/* Announcements to that port come once: they are sent again for those who come later, until one
 * comes that begins with `until`. */
struct lr_game_repeat {
	uint16_t port; /* 0: there are none */
	uint32_t every_ms, for_ms;
	const char *source;
	uint8_t until[LR_GAME_UNTIL], n_until; /* n_until 0: no datagram ends it */
};
/* The sender's own IPv4 address stands in datagrams to that port. */
struct lr_game_rewrite {
	uint16_t port;     /* 0: it does not */
	uint16_t from_end; /* the address's first byte is so many bytes before the end */
	const char *source;
};

struct lr_game {
	const char *name;  /* small letters, digits, '-': what a user types */
	const char *title; /* as people write it */
	const char *const *aliases;
	const struct lr_game_discovery *discovery;
	const struct lr_game_play *ports;
	const struct lr_game_executable *executables;
	const struct lr_game_query *queries;
	const char *const *notes;
	uint8_t n_aliases, n_discovery, n_ports, n_executables, n_queries, n_notes;
	enum lr_game_latency latency;
	uint8_t dscp;    /* of its packets */
	bool redundant;  /* small packets over two paths, where there are two */
	const char *ipx; /* framing: "any", "ethernet-ii", "802.3", "802.2", "snap"; NULL: no IPX */
	uint16_t keep_s; /* keepalive behind a router that maps by our own port only (RFC 4787) */
	uint16_t keep_hard_s; /* the same behind one that maps by destination */
	struct lr_game_repeat repeat;
	struct lr_game_rewrite rewrite;
};

/* game_json.c */

/* A profile from its JSON. New, or NULL with `err` ("ports 2: 'last' is less than 'first'").
 * lr_game_free() ends it. Takes no reference: it keeps one of its own. Members that it does not
 * know are left alone. */
struct lr_game *lr_game_from_json(json_t *json, struct lr_err *err);
/* NULL is fine. Only what lr_game_from_json() made. */
void lr_game_free(struct lr_game *g);
/* As JSON, in the form of share/schema/game.json. New reference. */
json_t *lr_game_to_json(const struct lr_game *g);
/* "broadcast", "client", "windows", "fast", "udp" */
const char *lr_game_kind_name(enum lr_game_kind kind);
const char *lr_game_by_name(enum lr_game_by by);
const char *lr_game_system_name(enum lr_game_system system);
const char *lr_game_latency_name(enum lr_game_latency latency);
const char *lr_game_proto_name(enum lr_game_proto proto);

/* builtin.c: those of share/games/, in the order of their names. */
extern const struct lr_game lr_game_builtin[];
extern const size_t lr_game_builtin_n;

/* games.c: all that are known here */

struct lr_games {
	const struct lr_game **list; /* in the order of names */
	size_t n;
	struct lr_game **own; /* of the user's files */
	size_t n_own;
};

/* The compiled ones, and those of `dir` (NULL or not there: none) over them. What is wrong with a
 * file is told to `bad` (may be NULL), the others count. 0 or -ENOMEM. */
int lr_games_load(
	struct lr_games *all, const char *dir, void (*bad)(void *ctx, const char *text), void *ctx);
/* The folder of the user's own profiles. 0 or -1 with `err`. */
int lr_games_dir(char out[PATH_MAX], struct lr_err *err);
void lr_games_release(struct lr_games *all);
bool lr_games_is_own(const struct lr_games *all, const struct lr_game *g);
/* By name, alias or title, letters of any case. NULL with `err` that names the nearest. */
const struct lr_game *lr_games_find(
	const struct lr_games *all, const char *name, struct lr_err *err);
/* Whether `text`, as a server may say it ("Counter-Strike: Source", "baseoa"), is the name, the
 * title or another name of the game; only letters and digits count. */
bool lr_games_called(const struct lr_game *g, const char *text);
/* The game that packets between these ports belong to; `dst` may be NULL. A group that only it uses
 * says more than a port for discovery, that more than a port of play, a single port more than a
 * range; a destination more than a source. NULL: none. About a microsecond. */
const struct lr_game *lr_games_recognise(const struct lr_games *all, enum lr_game_proto proto,
	uint16_t sport, uint16_t dport, const struct lr_ip *dst);

static inline bool lr_game_has_port(
	const struct lr_game_ports *p, enum lr_game_proto proto, uint16_t port)
{
	return p->first && p->proto == proto && port >= p->first && port <= p->last &&
	       (port - p->first) % p->step == 0;
}

#endif
