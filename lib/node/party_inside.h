/*
 * party_inside.h - the inside of struct lr_party; for lib/node/party*.c only
 *
 * Theory of operation. Nothing waits: each part has a time at which it wants to be called
 * (`due`), and lr_party_settle() calls those whose time has come.
 *   party.c        life, and what commands ask for
 *   party_sync.c   charter, records and lists to and from each relay
 *   party_https.c  which relays speak TLS
 *   party_move.c   other relays than before
 *   party_map.c    a port of the home router
 *   party_peers.c  members of the roster as WireGuard peers
 *   party_relay.c  our channel at each relay, and where that is
 *   party_stream.c frames over TCP, where UDP does not pass
 *   party_paths.c  probes
 *   party_stun.c   how the router behaves, both families
 *   party_addresses.c  own addresses, and our record
 *   party_state.c  parties/NAME.json
 *   party_events.c what those who watch are told
 *   party_guests.c guests with a stock WireGuard client (party_guests.h)
 *   party_report.c what is shown, requests of the control socket
 *   party_netcheck.c   what the network lets through
 */
#ifndef LR_NODE_PARTY_INSIDE_H
#define LR_NODE_PARTY_INSIDE_H

#include <errno.h>
#include <limits.h>

#include "lib/base/clock.h"
#include "lib/io/loop.h"
#include "lib/nat/explain.h"
#include "lib/node/mapping.h"
#include "lib/node/party.h"
#include "lib/node/party_wire.h"
#include "lib/party/access.h"
#include "lib/party/roster.h"
#include "lib/relay/binding.h"

#define LR_PARTY_FILE   (LR_PARTY_NAME + 8) /* name of the state file without ".json" */
#define LR_PARTY_RELAYS (2 * LR_PLACES_MAX) /* of the charter, and of those before */
#define LR_PARTY_HELD   8                   /* initiations by unknown keys */
#define LR_PARTY_HELD_S 1
#define LR_PARTY_LANS   32
#define LR_PARTY_POOLS  16  /* of this party, two, and what other tunnels reach */
#define LR_INITIATION   148 /* bytes of a WireGuard initiation */

enum { LR_IPV4, LR_IPV6, LR_FAMILIES };

/* --- a port of the home router that leads to the tunnel's --- */

struct lr_party_map {
	bool off;          /* not wanted */
	uint64_t id;       /* of the request to the helper, 0: none is open */
	uint64_t due_ns;   /* when to ask again */
	uint16_t port;     /* that was asked for */
	unsigned failures; /* in a row */
	bool ending;       /* it is given back for good */
	struct lr_mapping got;
};

/* --- a relay of the party, as we see it --- */

enum lr_sync_job {
	LR_SYNC_PUT,     /* our record */
	LR_SYNC_LIST,    /* what is since */
	LR_SYNC_CHARTER, /* the charter to it */
	LR_SYNC_CLAIM,   /* an invite's token */
	LR_SYNC_OFFER,   /* an offer of ours */
	LR_SYNC_LEAVE,   /* a record that leaves */
	LR_SYNC_JOBS
};
#define LR_RELAY_ADDRESSES 8 /* of one name */
struct lr_party_stream;

struct lr_party_relay {
	struct lr_party *party;
	struct lr_place place;
	/* HTTP */
	struct lr_since since;
	uint8_t want, busy;            /* sets of jobs */
	bool polling;                  /* the list under way waits at the relay */
	bool answered;                 /* to our record, once */
	bool former;                   /* the charter names it no more */
	bool rules_known;              /* it has our charter, as far as we know */
	uint64_t put_serial, put_sent; /* of the record that it has; that is on its way */
	uint64_t signalled;            /* greatest sequence that it told over UDP */
	uint64_t retry_ns;             /* after a failure */
	unsigned failures;             /* since the last answer of 200 */
	uint64_t paced_ns;             /* when all requests so far would have gone at their pace */
	const char *no;                /* why it does not let us join; NULL */
	bool plain;                    /* it listens on the port of https without TLS */
	bool tls;                      /* it has spoken TLS, once: never again without */
	char error[120];               /* of the last failure, "" */
	struct lr_sync_context {
		struct lr_party_relay *relay;
		uint8_t job;
		bool tls; /* it was asked so */
	} contexts[LR_SYNC_JOBS];
	/* where it is */
	struct lr_endpoint addresses[LR_RELAY_ADDRESSES];
	unsigned n_addresses;
	struct lr_endpoint at; /* the one that answered; AF_UNSPEC: none is known yet */
	uint64_t resolve_ns;   /* when to look its name up again */
	unsigned resolve_tries;
	bool resolving;
	/* our channel */
	struct lr_binding bind;
	struct lr_party_stream *stream; /* NULL: none */
	bool was_bound, streamed;       /* once; over the stream, when it was bound last */
	uint32_t leg_us;                /* its round trip as published */
	struct lr_endpoint seen;        /* our address as it sees it, over UDP */
	bool told, ever_told;           /* that it is connected; one or the other */
};

/* --- a member, as a peer --- */

struct lr_party_member {
	struct lr_party *party;
	struct lr_member *m;
	struct lr_wg_peer *peer;
	struct lr_reach reach;
	struct lr_route learned; /* the channel that it was heard from, before its record says so */
	struct lr_ip told;       /* its address, while it held one last */
	struct lr_party_member *next;
};

struct lr_party_held {
	struct lr_endpoint src;
	uint16_t socket;
	uint64_t until_ns; /* 0: free */
	uint8_t bytes[LR_INITIATION];
};

enum lr_party_phase {
	LR_PARTY_STARTING, /* no relay has answered yet */
	LR_PARTY_READY,    /* the interface has its address */
	LR_PARTY_OUT,      /* refused or kicked */
};

struct lr_party {
	struct lr_node *node;
	char file[LR_PARTY_FILE];
	char name[LR_PARTY_NAME];
	enum lr_party_phase phase;
	bool hosted, hide, new_host;
	uint8_t host_secret[LR_SIGN_SECRET_LEN];
	struct lr_invite invite; /* that is joined with; token: until it is claimed */
	bool claiming;           /* the token: there is no roster yet */
	struct lr_roster *roster;
	struct lr_helper helper;
	struct lr_party_map map;
	char meet_path[PATH_MAX];
	char nick[LR_MEMBER_NAME];

	struct lr_party_relay relays[LR_PARTY_RELAYS];
	unsigned n_relays;
	bool moving; /* host: to other relays, of which none has taken the charter yet */
	uint8_t record[LR_RECORD_MAX]; /* ours, as published last */
	size_t record_len;
	uint64_t record_serial; /* counts what was published */
	uint64_t claim_serial;  /* of the first record with the address that we have now */
	struct lr_ip claimed;   /* that address; family 0: none published yet */
	uint8_t offer[LR_OFFER_LEN];
	bool has_offer;
	unsigned puts; /* rounds of first PUTs that were answered */
	bool leaving;

	struct lr_party_member *members;
	struct lr_party_guest *guests; /* ours; party_guests.h */
	uint16_t guest_port;           /* the tunnel's port, when guests know it; else 0 */
	struct lr_party_held held[LR_PARTY_HELD];
	uint64_t asked_ns; /* when a stranger made us ask for the members */
	bool joined;       /* somebody did: what is held may be his */

	/* paths */
	struct lr_reach_host host;
	struct lr_party_stun {
		bool tried; /* a server's address is known */
		bool begun; /* and there is a way to it */
		bool running;
		struct lr_behave find; /* socket 1 is LR_SOCKET_BEHAVE or _BEHAVE6 */
	} stun[LR_FAMILIES];
	struct lr_prefix pools[LR_PARTY_POOLS], lans[LR_PARTY_LANS];
	size_t n_lans;
	struct lr_source watch; /* the kernel tells that addresses of the machine changed */
	bool cut_off;           /* the system knew no way to a relay or a member */
	uint64_t look_ns;       /* when to look at them; LR_NEVER */
	struct lr_too_big {     /* padded probes that the kernel refused while a member ran */
		struct lr_route route;
		size_t len;
	} too_big[LR_PATHS];
	unsigned n_too_big;
	uint64_t reach_due_ns; /* the earliest of all members */

	uint64_t due_ns;            /* when settle has something to do */
	bool reroute;               /* channels or members changed: routes anew */
	bool touched;               /* somebody else changed peers of the interface */
	bool save;                  /* the state file is to be written */
	uint64_t save_ns;           /* when; LR_NEVER */
	uint8_t saved[LR_HASH_LEN]; /* of what it holds */
	uint64_t confirm_ns;        /* host: when to confirm addresses; LR_NEVER */
	bool dropping;              /* all peers are to go */
	bool waiting, waited;       /* lr_party_wait() runs */
	uint64_t wait_ns;           /* when it, or leaving, gives up */
	uint64_t foreign;           /* datagrams that were none of ours */
	struct lr_err error;        /* why it is LR_PARTY_OUT, or the last failure */
	uint64_t opened_ns;
};

/* What -errno of sending says: nothing more will get there until routes change. */
static inline bool lr_party_no_way(int error)
{
	return error == -ENETUNREACH || error == -EHOSTUNREACH || error == -ENETDOWN;
}
/* Settle is to be called again soon. */
static inline void lr_party_wake(struct lr_party *p)
{
	p->due_ns = 0;
}
static inline uint64_t lr_party_now(const struct lr_party *p)
{
	return p->node->loop.now;
}

/* party.c */
void lr_party_out(struct lr_party *p, const char *why); /* no longer a member */
void lr_party_up(struct lr_party *p);                   /* the address is settled */
/* There is a roster: address, record, paths. 0 or -1 with `err`. */
int lr_party_begin(struct lr_party *p, struct lr_err *err);

/* party_sync.c */
void lr_sync_run(struct lr_party *p, uint64_t now);
uint64_t lr_sync_due(const struct lr_party *p, uint64_t now);
/* All relays are asked for the members, all are to have the charter. */
void lr_sync_ask(struct lr_party *p);
void lr_sync_charter(struct lr_party *p);
/* Tells all relays that we leave; whether all have answered, or cannot be reached. */
void lr_sync_leave(struct lr_party *p);
bool lr_sync_left(const struct lr_party *p);
/* "http://HOST:PORT/PATH" into LR_SYNC_URL bytes, or https as lr_https_wanted() says. */
#define LR_SYNC_PATH 160
#define LR_SYNC_URL  (LR_PLACE_TEXT + LR_SYNC_PATH + 24)
void lr_sync_url(const struct lr_party_relay *r, const char *path, char *out);
/* A relay of the charter that we did not know, or of an invite. */
void lr_sync_add(struct lr_party *p, const struct lr_place *place);
struct lr_party_relay *lr_sync_find(struct lr_party *p, const struct lr_place *place);

/* party_https.c */
bool lr_https_wanted(const struct lr_party_relay *r);
/* It has answered over TLS. */
void lr_https_spoken(struct lr_party_relay *r);
/* Of a request that failed: whether to ask again at once, without TLS. *why (may be NULL) is set
 * when TLS is missing that must be there. */
bool lr_https_give_up(struct lr_party_relay *r, const struct lr_helper_answer *a, const char **why);
/* Somebody says that all of these that are on port 443 speak TLS. */
void lr_https_told(struct lr_party *p, const struct lr_place *places, unsigned n);
/* Whether to say so of those of the charter. */
bool lr_https_all(const struct lr_party *p);
json_t *lr_https_export(const struct lr_party *p); /* new reference */
void lr_https_import(struct lr_party *p, const json_t *list);

/* party_move.c */
/* Host, before lr_party_begin(): the party shall meet at these `n`. 0 or -1 with `err`. */
int lr_move_begin(
	struct lr_party *p, const struct lr_place *places, unsigned n, struct lr_err *err);
/* A relay has taken the charter. */
void lr_move_done(struct lr_party_relay *taken);
/* Another charter is in force. */
void lr_move_charter(struct lr_party *p);
/* The charter, when there is one, does not name it. */
bool lr_move_former(const struct lr_party *p, const struct lr_place *place);
/* A former relay that answers no more; a relay that is not spoken to (now). */
bool lr_move_given_up(const struct lr_party_relay *r);
bool lr_move_rests(const struct lr_party_relay *r);
/* A place for one more, of a former one if it must be. NULL: none. */
struct lr_party_relay *lr_move_room(struct lr_party *p);
/* The first of the charter's. */
struct lr_party_relay *lr_move_first(struct lr_party *p);

/* party_peers.c */
void lr_party_event(
	void *ctx, enum lr_roster_event what, struct lr_member *m, const struct lr_claim *claim);
/* The channels of all members, and ours, may be others: routes anew. */
void lr_party_reroute(struct lr_party *p);
/* What was sent to members may be lost: handshakes are not waited for, they are sent again. */
void lr_party_greet_again(struct lr_party *p);
void lr_party_drop_all(struct lr_party *p);
/* Members' peers as the roster has them, after somebody else changed them. */
void lr_party_restore(struct lr_party *p);
struct lr_party_member *lr_party_member_of(const struct lr_party *p, const struct lr_wg_peer *peer);
/* It was heard over a relay's channel that its record does not name (yet). */
void lr_party_learn(struct lr_party_member *k, const struct lr_route *route);
/* Interface addresses as the roster has them. 0 or -1 with `err`. */
int lr_party_set_address(struct lr_party *p, struct lr_err *err);
void lr_party_replay_held(struct lr_party *p, uint64_t now);

/* party_relay.c */
void lr_channel_init(struct lr_party_relay *r);
void lr_channel_run(struct lr_party_relay *r, uint64_t now);
uint64_t lr_channel_due(const struct lr_party_relay *r);
/* A control frame that came that way, over UDP from `src`. */
void lr_channel_control(struct lr_party_relay *r, enum lr_way way, const struct lr_endpoint *src,
	const uint8_t *frame, size_t len);
/* A frame over our channel, the way that it is bound. 0 or -errno. */
int lr_channel_send(struct lr_party_relay *r, const uint8_t *frame, size_t len);
void lr_channel_release(struct lr_party_relay *r); /* told to the relay */
void lr_channel_reset(struct lr_party_relay *r);   /* begins anew */
void lr_channel_doubt(struct lr_party_relay *r);   /* a path through it has failed */
static inline bool lr_channel_bound(const struct lr_party_relay *r)
{
	return lr_binding_bound(&r->bind);
}
/* Its frames go over TCP. */
static inline bool lr_channel_streams(const struct lr_party_relay *r)
{
	return r->bind.ways[LR_WAY_STREAM].state == LR_BIND_BOUND;
}
/* By any of its addresses. NULL: none. */
struct lr_party_relay *lr_party_relay_at(struct lr_party *p, const struct lr_endpoint *at);

/* party_stream.c */
void lr_party_stream_dial(struct lr_party_relay *r); /* tells r->bind what came of it */
void lr_party_stream_hang_up(struct lr_party_relay *r);
/* Frames as on UDP, `segment` bytes each (the last may be shorter). 0, -ENOTCONN, -EMSGSIZE,
 * -ENOMEM. What does not fit is dropped and counted. */
int lr_party_stream_send(
	struct lr_party_relay *r, const uint8_t *frames, size_t len, size_t segment);

/* party_paths.c */
/* The channel at `r` is bound; `other`: over UDP where it was over TCP before, or the reverse. */
void lr_party_way_changed(struct lr_party *p, const struct lr_party_relay *r, bool other);
/* Before there are members: those that the state file knows come before all else. */
void lr_party_paths_init(struct lr_party *p, const struct lr_budget *budget);
/* There is a roster. */
void lr_party_paths_start(struct lr_party *p);
void lr_party_paths_stop(struct lr_party *p);
void lr_party_paths_run(struct lr_party *p, uint64_t now);
uint64_t lr_party_paths_due(const struct lr_party *p);
/* Every member's paths are tried at once: our addresses or our router's behaviour are others. */
void lr_party_moved(struct lr_party *p);

/* The time of day, our own and the relays'. */
struct lr_clocks lr_party_clocks(const struct lr_party *p);

/* party_addresses.c */
/* Looks at this machine's addresses; whether they are others than before. */
bool lr_party_look(struct lr_party *p);
void lr_party_watch(struct lr_party *p);
void lr_party_unwatch(struct lr_party *p);
/* Candidates and channels into our record. */
void lr_party_publish(struct lr_party *p);

/* party_stun.c */
void lr_party_stun_run(struct lr_party *p, uint64_t now);
uint64_t lr_party_stun_due(const struct lr_party *p);
/* Finds out anew how the router treats us. */
void lr_party_stun_anew(struct lr_party *p);
void lr_party_stun_stop(struct lr_party *p);
/* Whether the behaviour that counts is still being found out. */
bool lr_party_stun_runs(const struct lr_party *p);
/* Our address as the internet sees it: IPv4, else IPv6. AF_UNSPEC: not known. */
const struct lr_endpoint *lr_party_outside(const struct lr_party *p);
/* Whether it was an answer to us. */
bool lr_party_stun_receive(struct lr_party *p, const struct lr_endpoint *src, uint16_t socket,
	const uint8_t *bytes, size_t len);

/* party_events.c */
void lr_party_tell(struct lr_party *p, enum lr_node_event_kind kind, const struct lr_member *m);
void lr_party_tell_name(struct lr_party_member *k, const char *before);
/* `peer` NULL: our own. */
void lr_party_tell_address(struct lr_party *p, const struct lr_wg_peer *peer,
	const struct lr_ip *before, const struct lr_ip *now);
/* The peer's endpoint is the path in use now; it was `before`. */
void lr_party_tell_quality(const struct lr_reach *reach, enum lr_grade before);
void lr_party_tell_path(struct lr_party_member *k, const struct lr_endpoint *before);
void lr_party_tell_claim(struct lr_party *p, const struct lr_claim *claim);
void lr_party_tell_out(struct lr_party *p);
/* Those that came or went since the last call. */
void lr_party_tell_relays(struct lr_party *p);

/* party_map.c */
void lr_party_map_run(struct lr_party *p, uint64_t now);
uint64_t lr_party_map_due(const struct lr_party *p);
/* This machine's addresses or routes changed: what the router gave may be void. */
void lr_party_map_moved(struct lr_party *p);
/* Gives the port back; lr_party_map_gone() when the router has heard of it. */
void lr_party_map_end(struct lr_party *p);
bool lr_party_map_gone(const struct lr_party *p);

/* party_lend.c */
void lr_lend_answered(struct lr_party_relay *r, const struct lr_frame_control *c); /* LENT */
/* A guest's frame from the relay, as lr_party_frame(). */
size_t lr_lend_frame(
	struct lr_party_relay *r, const uint8_t *bytes, size_t len, struct lr_endpoint *via);

/* party_state.c */
/* Fills name, file, roster and relays as the options say. 0 or -1 with `err`. */
int lr_party_load(struct lr_party *p, const struct lr_party_options *o, struct lr_err *err);
/* The invite's secret is known: makes the roster and begins. 0 or -1 with `err`. */
int lr_party_enter(struct lr_party *p, struct lr_err *err);
/* Our name for the members. 0 or -1 with `err` (LR_EXIT_USAGE: not a nickname, over 32 bytes). */
int lr_party_set_nick(struct lr_party *p, const char *nick, struct lr_err *err);
void lr_party_default_nick(struct lr_party *p); /* the host's name, when there is none yet */
void lr_party_save(struct lr_party *p);

/* party_report.c */
/* Why the path to it is what it is. */
void lr_party_why(const struct lr_party_member *k, struct lr_explain *out);
json_t *lr_party_relays_json(const struct lr_party *p);
json_t *lr_party_candidates_json(const struct lr_candidates *list);

/* party_netcheck.c */
json_t *lr_party_map_json(const struct lr_party *p); /* the port of the home router */

#endif
