/*
 * node.h - one running interface: the tunnel, its sockets, the pump between them
 *
 * Theory of operation. A node is one thread with one loop. Its sources are the TUN or TAP device,
 * two UDP sockets, the control socket with its clients, the UAPI socket with its clients, and a
 * signal descriptor. All protocol decisions are lib/wg's; the node moves bytes and tells the time.
 */
#ifndef LR_NODE_NODE_H
#define LR_NODE_NODE_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/io/loop.h"
#include "lib/node/overlap.h"
#include "lib/node/promise.h"
#include "lib/wg/config.h"
#include "lib/wg/wg.h"

struct lr_pump;
struct lr_party;
struct lr_reach;
struct lr_party_guest;
struct lr_control;
struct lr_play;
struct lr_play_sessions;
struct lr_session;
struct lr_uapi_socket;
struct lr_node_profile;
struct lr_lan;
struct lr_lan_member;
struct lr_node_ipx;
struct lr_node_rules;
struct lr_lan_ports;

/* Drops that happen outside the protocol, behind those of `enum lr_wg_drop`. */
enum lr_node_drop {
	LR_NODE_DROP_MALFORMED,  /* the device gave a frame that is no IP packet, or offload rubbish
				  */
	LR_NODE_DROP_SEND,       /* the UDP socket refused (full, unreachable) */
	LR_NODE_DROP_DEVICE,     /* the device refused a packet */
	LR_NODE_DROP_STREAM,     /* a relay's stream took too little: the oldest frames go */
	LR_NODE_DROP_TRUNCATED,  /* a datagram larger than our buffer */
	LR_NODE_DROP_QUEUE_AGE,  /* bulk that stood too long: the line takes less than comes */
	LR_NODE_DROP_QUEUE_FULL, /* bulk that came faster than any queue can hold */
	LR_NODE_DROPS
};
const char *lr_node_drop_name(enum lr_node_drop drop);

/* What hangs on a peer: lr_wg_peer.owner. */
struct lr_node_peer {
	char name[LR_NAME_MAX + 1];   /* "" when it has none */
	struct lr_reach *reach;       /* the paths to a member of the party; NULL: it is none */
	struct lr_party_guest *guest; /* what a guest of ours is; NULL: it is none */
	struct lr_lan_member *lan;    /* on the virtual Ethernet; NULL: there is none */
};

static inline bool lr_node_is_guest(const struct lr_wg_peer *peer)
{
	const struct lr_node_peer *own = peer->owner;
	return own && own->guest;
}

enum lr_node_event_kind {
	LR_NODE_EVENT_UP,
	LR_NODE_EVENT_DOWN,
	LR_NODE_EVENT_PEER_ADDED,
	LR_NODE_EVENT_PEER_REMOVED,
	LR_NODE_EVENT_HANDSHAKE,
	LR_NODE_EVENT_ENDPOINT,
	LR_NODE_EVENT_EXPIRED,
	LR_NODE_EVENT_GAVE_UP,
	/* of a party; what each tells: share/schema/event.json */
	LR_NODE_EVENT_JOINED,
	LR_NODE_EVENT_LEFT,
	LR_NODE_EVENT_LAPSED,
	LR_NODE_EVENT_KICKED,
	LR_NODE_EVENT_RENAMED,
	LR_NODE_EVENT_ADDRESS,
	LR_NODE_EVENT_PATH,
	LR_NODE_EVENT_QUALITY,
	LR_NODE_EVENT_NETWORK,
	LR_NODE_EVENT_RELAY_CONNECTED,
	LR_NODE_EVENT_RELAY_LOST,
	LR_NODE_EVENT_INVITE_CLAIMED,
	LR_NODE_EVENT_OUT,
	/* of the profiler (profile.h) */
	LR_NODE_EVENT_STALL,
	LR_NODE_EVENT_PROFILE,
	/* of the games that are played (play_session.h) */
	LR_NODE_EVENT_GAME_BEGAN,
	LR_NODE_EVENT_GAME_ENDED,
	LR_NODE_EVENTS
};
/* "up", "down", "peer-added", ... */
const char *lr_node_event_name(enum lr_node_event_kind kind);

struct lr_node_event {
	enum lr_node_event_kind kind;
	struct lr_wg_peer *peer; /* or NULL */
	uint64_t unix_ns;
	/* The rest only where it applies, else NULL. */
	const char *name; /* with public_key: who it is about, when there is no peer */
	const uint8_t *public_key;
	const char *from, *to;     /* what was, what is now; who claimed an invite */
	const char *reason, *text; /* one word of a list; one sentence */
	const char *relay;
	unsigned uses; /* INVITE_CLAIMED: that are left */
	const char *game;
	const struct lr_session *session; /* GAME_ENDED tells it */
};

struct lr_node_listener {
	void (*hear)(void *ctx, const struct lr_node_event *event);
	void *ctx;
	struct lr_node_listener *next;
};

struct lr_node {
	/* for readers */
	char iface[IFNAMSIZ];
	bool tap;
	int ifindex;
	unsigned mtu;
	unsigned stock_mtu; /* longest packet for a peer whose path nobody probes; 0: any */
	uint16_t listen_port;
	uint32_t fwmark;
	uint64_t started_unix_ns;
	char name[LR_NAME_MAX + 1]; /* our nickname, or "" */
	struct lr_prefix *addresses;
	size_t n_addresses;
	uint64_t drops[LR_NODE_DROPS];
	uint64_t device_rx_packets, device_tx_packets; /* read from and written to the device */
	bool offload_tso, offload_uso, offload_udp_gso,
		offload_udp_gro; /* what the kernel granted */
	struct lr_wg *wg;
	struct lr_loop loop;
	/* the node's own */
	struct lr_pump *pump;
	struct lr_party *party;       /* NULL: none */
	struct lr_lan_ports *isolate; /* only these and the active games' pass; NULL: all do */
	unsigned pass;                /* noise that the user lets pass, whatever is played */
	struct lr_lan *lan; /* the virtual Ethernet; NULL: a plain tunnel (lib/node/lan.h) */
	unsigned n_guests;  /* peers that are guests: what they send may be for other peers */
	struct lr_control *control;
	struct lr_overhear *overhear;      /* of broadcasts on other interfaces; NULL: none */
	struct lr_node_ipx *ipx;           /* the IPX server for DOSBox; NULL: none */
	struct lr_play *play;              /* play.h; NULL: no game was ever active */
	struct lr_play_sessions *sessions; /* play_session.h; NULL: the same */
	struct lr_uapi_socket *uapi;
	struct lr_node_profile *profile; /* NULL: it was never on */
	struct lr_node_listener *listeners;
	struct lr_promise promise;
	struct lr_source signals;
	uint8_t default_rules;     /* families (bits 4 and 6) whose default route is ours */
	uint8_t redundant;         /* enum lr_redundant: what goes to members over two paths */
	bool own_link_local;       /* fe80:: addresses are the party's, made from keys */
	bool routes;               /* Table = auto: routes for allowed IPs are ours to keep */
	struct lr_overlap overlap; /* of a party's pool with other networks of this host */
};

struct lr_node_options {
	const struct lr_config *config;
	const char *iface;
	bool tap;
	unsigned spin_us;
	uint64_t uplink;                   /* bit/s that the line behind us takes; 0: unknown */
	bool party;                        /* it is to have one: several paths lead to a peer */
	uint8_t redundant;                 /* enum lr_redundant */
	const struct lr_node_rules *rules; /* of the virtual Ethernet; NULL: the usual */
	bool ipx;                          /* serve IPX to DOSBox */
	const char *bridge; /* the interface of the house that takes part; NULL: none */
	bool dhcp;          /* its machines get their addresses of us */
	bool force; /* its members' addresses go before those of other networks of this host */
};

/* Makes the interface, sockets and pump, and brings it all up. On failure nothing is left behind.
 * 0 or -1 with `err`. Notes (a foreign UAPI socket) go to lr_log(). */
int lr_node_start(struct lr_node *node, const struct lr_node_options *options, struct lr_err *err);
/* Runs until SIGTERM, SIGINT or a `down` request. 0 or -errno. */
int lr_node_run(struct lr_node *node);
/* What the first digest and the first handshake would else wait for: libcrypto's provider (1 to
 * 1.5 ms), and the pages of X25519. To be called while something else is waited for. */
void lr_node_warm_up(void);
/* The loop alone, until loop.stop: for what must come before the node is said to be up. */
int lr_node_loop(struct lr_node *node);
/* Takes everything down and wipes keys. Safe after a failed start. */
void lr_node_stop(struct lr_node *node);

/* Adds a peer or brings an existing one to `p` (name, psk, endpoint, keepalive when they are
 * given; allowed IPs are added to those it has). Routes follow. 0 or -1 with err. */
int lr_node_peer_set(struct lr_node *node, const struct lr_config_peer *p, struct lr_err *err);
void lr_node_peer_remove(struct lr_node *node, struct lr_wg_peer *peer);
/* For whoever changes peers without these two (the UAPI): call after a change, or before a removal.
 * The owner is made or freed, listeners are told. Routes are left alone, as wg(8) leaves them. */
void lr_node_peer_changed(struct lr_node *node, struct lr_wg_peer *peer, bool removed);
/* Whether the peer is a member of the party: then it is the party that sets and removes it. */
bool lr_node_peer_is_member(const struct lr_wg_peer *peer);
/* The node's present configuration as a value; the caller releases it. 0 or -ENOMEM. */
int lr_node_config(struct lr_node *node, struct lr_config *out);

void lr_node_listen(struct lr_node *node, struct lr_node_listener *l);
void lr_node_unlisten(struct lr_node *node, struct lr_node_listener *l);
void lr_node_tell(struct lr_node *node, enum lr_node_event_kind kind, struct lr_wg_peer *peer);
/* The same with all that is known of it; unix_ns is set here. */
void lr_node_tell_event(struct lr_node *node, const struct lr_node_event *event);

#endif
