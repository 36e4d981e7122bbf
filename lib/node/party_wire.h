/*
 * party_wire.h - between the pump and the party: what came in that is not for a stock tunnel
 *
 * The pump sorts what comes to the tunnel's sockets when a party runs (lib/nat/classify.h). What is
 * WireGuard goes to lib/wg; the rest comes here. A frame that holds a WireGuard message comes
 * here first, and then goes to lib/wg with the relay and channel as its source.
 */
#ifndef LR_NODE_PARTY_WIRE_H
#define LR_NODE_PARTY_WIRE_H

#include "lib/lan/dhcp.h"
#include "lib/nat/reach.h"
#include "lib/node/party.h"

/* STUN or a probe, straight from `src`, on socket number `socket`. */
void lr_party_datagram(struct lr_party *p, const struct lr_endpoint *src, uint16_t socket,
	const uint8_t *bytes, size_t len);
/* A relay frame. When it holds a WireGuard message for us: how many bytes in that begins, `via` is
 * its source. Else 0. */
size_t lr_party_frame(struct lr_party *p, const struct lr_endpoint *src, const uint8_t *bytes,
	size_t len, struct lr_endpoint *via);
/* Frames of `segment` bytes to the relay at `to`, if they go over TCP: *error is then 0 or -errno.
 * False: they go over UDP, as all else. */
bool lr_party_over_stream(struct lr_party *p, const struct lr_endpoint *to, const uint8_t *frames,
	size_t len, size_t segment, int *error);
/* Something authenticated came from a member, over `src` (with its channel). */
void lr_party_heard(
	struct lr_party *p, struct lr_reach *reach, const struct lr_endpoint *src, uint16_t socket);
/* An initiation by an unknown key: it is kept for a moment, and the members are asked for. */
void lr_party_hold(struct lr_party *p, const struct lr_endpoint *src, uint16_t socket,
	const uint8_t *bytes, size_t len);
/* Data went to a member: `error` is 0 or -errno of sending `len` bytes a datagram. */
void lr_party_sent(
	struct lr_party *p, struct lr_reach *reach, struct lr_path *path, int error, size_t len);
/* The member's WireGuard peer is about to be removed by somebody else. */
void lr_party_peer_gone(struct lr_party *p, struct lr_reach *reach);
/* Somebody else changed peers: members' are put right again, whatever was done to them. */
void lr_party_peer_touched(struct lr_party *p);
/* Messages of `segment` bytes (the last may be shorter) to a guest behind a port that a relay lent
 * us: to->guest is its number. 0 or -errno. */
int lr_party_send_guest(struct lr_party *p, const struct lr_endpoint *to, const uint8_t *msg,
	size_t len, size_t segment);
/* The guest's peer is about to be removed. */
void lr_party_guest_gone(struct lr_party_guest *g);
/* Machines of the house that a bridge carries are others: our record lists them. */
void lr_party_machines(struct lr_party *p);
/* Whether the address of such a machine is settled as ours. */
bool lr_party_has(const struct lr_party *p, const struct lr_ip *ip);
/* An address of the pool for a machine of the house that asks for one; another for each `round`. */
bool lr_party_choose(const struct lr_party *p, const uint8_t mac[LR_DHCP_MAC], unsigned round,
	struct lr_ip *out);
/* A datagram of none of the kinds. */
void lr_party_foreign(struct lr_party *p);

#endif
