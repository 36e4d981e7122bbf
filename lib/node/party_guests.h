/*
 * party_guests.h - guests: peers with a stock WireGuard client, whose hub we are
 *
 * Theory of operation. A guest is no member: it knows our public key, a preshared key of its own
 * that no rotation touches, and where to reach us, and nothing of the party's secret. We list its
 * address in our record, so that members send to us what is for it, and the pump passes on what a
 * guest and a member (or two guests) have for each other. The guest's own private key is made by
 * whoever asks for the guest and is never here.
 *
 * Where it reaches us: at our own address when somebody outside can send there without being asked
 * (or the user says where); then the tunnel's port is kept over restarts. Else at a port that a
 * relay of the party lends us (lib/relay/lend.h):
 *
 *   asked     LEND is out for a port; without an answer the guest is forgotten again
 *   lent      what comes framed from the relay is the guest's; LEND again every LR_GUEST_RENEW_S,
 *             and at once when our channel was bound anew, for that port and no other
 *
 * A guest's endpoint has its number in `guest` and the address outside as the address: so it roams
 * as every stock peer does, and the relay, which must know whom to answer, is told in each frame.
 */
#ifndef LR_NODE_PARTY_GUESTS_H
#define LR_NODE_PARTY_GUESTS_H

#include "lib/node/party_inside.h"

#define LR_GUEST_RENEW_S   60
#define LR_GUEST_MTU       1280
#define LR_GUEST_KEEPALIVE 25
#define LR_GUEST_NAMES     320        /* bytes of all their names: our record must have room */
#define LR_MACHINE_NAME    "bridged-" /* a machine of the house is called so, and by its address */
#define LR_GUEST_ENDPOINT  (LR_PLACE_TEXT + 8)

struct lr_party_guest {
	struct lr_party *party;
	struct lr_party_guest *next;
	char name[LR_MEMBER_NAME];
	uint8_t public_key[LR_KEY_LEN], psk[LR_KEY_LEN];
	struct lr_ip address;
	struct lr_wg_peer *peer;          /* NULL: somebody removed it */
	uint16_t number;                  /* lr_endpoint.guest, from 1 */
	char endpoint[LR_GUEST_ENDPOINT]; /* HOST:PORT as in its file; "" not known yet */
	/* Behind a relay; `relay` is "" when it comes straight to us. */
	char relay[LR_PLACE_TEXT];
	uint16_t port;
	uint32_t tag;
	bool lent;       /* the relay said so since our channel was bound */
	unsigned tries;  /* of LEND without an answer */
	uint64_t due_ns; /* when to send LEND */
	char error[80];  /* why it is not lent, "" */
};

/* What the state file keeps; reading makes no peers yet. */
json_t *lr_guests_export(const struct lr_party *p);
int lr_guests_import(struct lr_party *p, const json_t *list, struct lr_err *err);
/* The same of the leases of our DHCP (party_leases.c); without --dhcp they are forgotten. */
json_t *lr_leases_export(const struct lr_party *p);
int lr_leases_import(struct lr_party *p, const json_t *list, struct lr_err *err);
/* Peers and our record; sets the tunnel's port if guests know it. */
void lr_guests_start(struct lr_party *p);
void lr_guests_release(struct lr_party *p);

/* A new guest, or the one with that name and key: it may have no endpoint yet. `endpoint` is where
 * the user says that we are reached, or NULL. NULL with `err`. */
struct lr_party_guest *lr_guest_add(struct lr_party *p, const char *name,
	const uint8_t public_key[LR_KEY_LEN], const char *endpoint, struct lr_err *err);
/* Forgets it and gives its port back; its peer goes too. */
void lr_guest_remove(struct lr_party_guest *g);
struct lr_party_guest *lr_guest_by_name(const struct lr_party *p, const char *name);
/* Whether its address is its own, as far as we know. */
bool lr_guest_holds(const struct lr_party_guest *g);

/* party_lend.c */
void lr_lend_begin(struct lr_party_guest *g, struct lr_party_relay *r); /* asks for a port */
void lr_lend_end(struct lr_party_guest *g);                             /* gives it back */
void lr_lend_run(struct lr_party *p, uint64_t now);
uint64_t lr_lend_due(const struct lr_party *p);

/* The requests of the control socket about guests (party_guest_ask.c):
 *   {"do": "guest", "name": NAME, "public_key": KEY, "endpoint": TEXT or null}
 *     -> {"ok": true, "ready": false, "text": WHY}: ask again in a moment, with the same
 *     -> {"ok": true, "ready": true, "peer", "public_key", "address", "address6", "endpoint",
 *         "relay", "config": of the guest, without private key and endpoint}
 *   {"do": "kick", "peer": NAME of a guest} -> {"ok": true, "peer": NAME, "guest": true} */
json_t *lr_guest_answer(struct lr_node *node, const json_t *request, struct lr_err *err);
json_t *lr_guest_answer_kick(struct lr_party_guest *g);
/* The member that has a guest of that name; NULL: none. */
const struct lr_member *lr_guest_hub_of(const struct lr_party *p, const char *name);
/* Ours and those of members: a list of peer, address, address6, hub (null: we), endpoint, relay,
 * ready. */
json_t *lr_guests_json(const struct lr_party *p);

#endif
