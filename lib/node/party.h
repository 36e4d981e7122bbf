/*
 * party.h - a running node's party: found, joined or taken up again; what a command asks of it
 *
 * Theory of operation. A party lives in its node and runs on the node's loop: lib/party decides who
 * is a member, lib/nat which path is used, lib/relay what frames look like; this brings them
 * together with the tunnel's own socket, the helper program lr-meet (HTTP with the relays) and the
 * state file `parties/NAME.json`.
 *
 *   lr_node_start()    interface without address, no peers
 *   lr_party_open()    state, keys, lr-meet; nothing has been sent yet
 *   lr_party_wait()    runs the loop until the interface has its address, or says why not
 *   lr_node_run()      ...
 *   lr_node_stop()     leaves the party for now (members see it at once), then the rest
 *
 * A party is left for good only by removing its state file. Everything here is for the one thread
 * that runs the loop. All changes take effect here at once, and reach the relays as soon as they
 * can be reached.
 */
#ifndef LR_NODE_PARTY_H
#define LR_NODE_PARTY_H

#include "lib/base/json.h"
#include "lib/nat/budget.h"
#include "lib/node/node.h"
#include "lib/party/invite.h"
#include "lib/party/place.h"
#include "lib/party/record.h"

struct lr_party;
struct lr_helper_early;

/* How it begins. */
enum lr_party_start {
	LR_PARTY_FOUND, /* new: host key, charter and secret are made; `name`, `relays` */
	LR_PARTY_JOIN,  /* by `invite`; when its party is known already, that one's state is used */
	LR_PARTY_RESUME, /* from the state file of `name` */
};

struct lr_party_options {
	enum lr_party_start start;
	const char *name;               /* FOUND: of the party (lr_party_name_ok); RESUME */
	const struct lr_invite *invite; /* JOIN: lasting, or with a token (it is then claimed) */
	/* FOUND: 1..LR_PLACES_MAX; RESUME, for who hosts: the party moves there (0: it does not) */
	const struct lr_place *relays;
	unsigned n_relays;
	const char *nick;               /* our own name; NULL: as before, else the host's */
	bool hide;                      /* publish only relay channels, no direct probes */
	bool hide_all;                  /* FOUND: the charter demands that of all */
	bool no_map;                    /* ask no router for a port */
	bool alternative_pool;          /* FOUND: not 10.66.0.0/16 but one by the id */
	const struct lr_budget *budget; /* from lr_budget_parse(); NULL: the default */
	const char *meet;               /* path of lr-meet; NULL: beside our own program */
	struct lr_helper_early *helper; /* started already, is taken; NULL */
};

/* Also sets node->party. NULL with `err` (exit 2: no such state, a damaged one, name taken). */
struct lr_party *lr_party_open(
	struct lr_node *node, const struct lr_party_options *options, struct lr_err *err);
/* Runs the node's loop until the interface is up with its address: 0. -1 with `err`: refused (exit
 * 1: kicked, invite void), no relay answered within `timeout_ms` (exit 4), or a signal (exit 1,
 * text ""). A resumed party is ready without a relay once it had an address, unless it moves: then
 * one of the new relays must have answered, else nothing has changed. */
int lr_party_wait(struct lr_party *p, unsigned timeout_ms, struct lr_err *err);
/* Called by lr_node_stop(): leaves for now (waits at most 1 s for the relays), frees. NULL is fine.
 */
void lr_party_close(struct lr_party *p);

/* --- state files --- */

struct lr_party_known {
	char name[LR_PARTY_NAME + 8]; /* of the file, without .json: what RESUME takes */
	uint8_t id[LR_PARTY_ID_LEN];
	bool hosted; /* we have its host key */
	uint64_t changed_unix_ns;
};
/* All parties in the state folder, the one used last first; *out is malloc'd (NULL when there are
 * none). The count, or -1 with `err`. Files that cannot be read are left out. */
int lr_party_list(struct lr_party_known **out, struct lr_err *err);

/* --- for the node: each is cheap --- */

void lr_party_settle(struct lr_party *p, uint64_t now); /* does what is due */
uint64_t lr_party_due(const struct lr_party *p);

/* --- what commands ask for --- */

const char *lr_party_name(const struct lr_party *p);
/* The lasting invite. 0 or -1 with `err`. Holds the secret: wipe it. */
int lr_party_invite(const struct lr_party *p, char out[LR_INVITE_TEXT], struct lr_err *err);
/* An invite for `uses` (1..255) joiners within `life_s` (at most LR_OFFER_MAX_S). */
int lr_party_offer(struct lr_party *p, unsigned uses, uint64_t life_s, char out[LR_INVITE_TEXT],
	struct lr_err *err);
/* By WireGuard key. 0 or -1 with `err` (not a member, no right to kick). All invites are void. */
int lr_party_kick(struct lr_party *p, const uint8_t public_key[LR_KEY_LEN], struct lr_err *err);
/* Our own name for all members. 0 or -1 with `err`. */
int lr_party_rename(struct lr_party *p, const char *nick, struct lr_err *err);
/* Whether we may kick: the host, or named in the charter. */
bool lr_party_may_kick(const struct lr_party *p);

/* JSON objects, new references, NULL when out of memory. What they hold: share/schema/terms.json.
 *
 * status:   party, id, hosted, epoch, members, hidden, ready, pool, ula, relays: [{relay,
 *           connected, channel, rtt_us, error}], nat, outside, sockets, punch_packets
 * path:     kind ("direct", "relay", "none"), endpoint, relay, rtt_us, jitter_us, loss, reason,
 *           mtu: of a member; NULL when the peer is no member (a plain WireGuard peer)
 * explain:  peer, public_key, path, reason, text, candidates, nat
 * netcheck: udp, ipv4, ipv6, nat (text form), mapping, filtering, hairpin, port_mapping, relays
 * members:  list of peer, public_key, address, address6, state, hidden, epoch
 */
json_t *lr_party_status(const struct lr_party *p);
json_t *lr_party_path(const struct lr_party *p, const struct lr_wg_peer *peer);
json_t *lr_party_explain(const struct lr_party *p, const struct lr_wg_peer *peer);
json_t *lr_party_netcheck(const struct lr_party *p);
json_t *lr_party_members(const struct lr_party *p);

/* Requests of the control socket about the party, as lib/node/book.h has those about peers:
 *   {"do": "invite"}                             -> {"ok": true, "invite": TEXT}
 *   {"do": "invite", "uses": N, "life_s": N}     -> the same, by a token
 *   {"do": "kick", "peer": NAME}                 -> {"ok": true, "peer": NAME, "invite": TEXT}
 *   {"do": "guest", ...}, {"do": "kick"} of a guest: party_guests.h
 *   {"do": "rename", "name": NICK}               -> {"ok": true, "name": NICK}
 *   {"do": "party"}                              -> status, {"do": "members"}, {"do": "netcheck"}
 *   {"do": "explain", "peer": NAME}              -> explain
 * A new object; *mine = false, NULL when "do" is none of these. Without a party: an error. */
json_t *lr_party_answer(struct lr_node *node, const json_t *request, bool *mine);

#endif
