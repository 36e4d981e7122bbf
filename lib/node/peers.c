/*
 * peers.c - the peers of a running node: what hangs on them, their routes, who is told
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/node/lan.h"
#include "lib/node/node.h"
#include "lib/node/party_wire.h"
#include "lib/node/routes.h"

static const char *const event_names[LR_NODE_EVENTS] = {
	[LR_NODE_EVENT_UP] = "up",
	[LR_NODE_EVENT_DOWN] = "down",
	[LR_NODE_EVENT_PEER_ADDED] = "peer-added",
	[LR_NODE_EVENT_PEER_REMOVED] = "peer-removed",
	[LR_NODE_EVENT_HANDSHAKE] = "handshake",
	[LR_NODE_EVENT_ENDPOINT] = "endpoint",
	[LR_NODE_EVENT_EXPIRED] = "expired",
	[LR_NODE_EVENT_GAVE_UP] = "gave-up",
	[LR_NODE_EVENT_JOINED] = "joined",
	[LR_NODE_EVENT_LEFT] = "left",
	[LR_NODE_EVENT_LAPSED] = "lapsed",
	[LR_NODE_EVENT_KICKED] = "kicked",
	[LR_NODE_EVENT_RENAMED] = "renamed",
	[LR_NODE_EVENT_ADDRESS] = "address",
	[LR_NODE_EVENT_PATH] = "path",
	[LR_NODE_EVENT_QUALITY] = "quality",
	[LR_NODE_EVENT_NETWORK] = "network",
	[LR_NODE_EVENT_RELAY_CONNECTED] = "relay-connected",
	[LR_NODE_EVENT_RELAY_LOST] = "relay-lost",
	[LR_NODE_EVENT_INVITE_CLAIMED] = "invite-claimed",
	[LR_NODE_EVENT_OUT] = "out",
	[LR_NODE_EVENT_STALL] = "stall",
	[LR_NODE_EVENT_PROFILE] = "profile",
	[LR_NODE_EVENT_GAME_BEGAN] = "game-began",
	[LR_NODE_EVENT_GAME_ENDED] = "game-ended",
};

const char *lr_node_event_name(enum lr_node_event_kind kind)
{
	return event_names[kind];
}

void lr_node_listen(struct lr_node *node, struct lr_node_listener *l)
{
	l->next = node->listeners;
	node->listeners = l;
}

void lr_node_unlisten(struct lr_node *node, struct lr_node_listener *l)
{
	struct lr_node_listener **at = &node->listeners;
	while (*at && *at != l)
		at = &(*at)->next;
	if (*at)
		*at = l->next;
}

void lr_node_tell(struct lr_node *node, enum lr_node_event_kind kind, struct lr_wg_peer *peer)
{
	lr_node_tell_event(node, &(struct lr_node_event){.kind = kind, .peer = peer});
}

void lr_node_tell_event(struct lr_node *node, const struct lr_node_event *what)
{
	struct lr_node_event event = *what;
	struct lr_node_listener *next;
	event.unix_ns = lr_wall();
	for (struct lr_node_listener *l = node->listeners; l; l = next) {
		next = l->next; /* a listener may leave while it hears */
		l->hear(l->ctx, &event);
	}
}

/* Gives a new peer its owner part. 0 or -ENOMEM. */
static int adopt(struct lr_node *node, struct lr_wg_peer *peer)
{
	if (peer->owner)
		return 0;
	peer->owner = calloc(1, sizeof(struct lr_node_peer));
	if (!peer->owner)
		return -ENOMEM;
	lr_node_tell(node, LR_NODE_EVENT_PEER_ADDED, peer);
	return 0;
}

bool lr_node_peer_is_member(const struct lr_wg_peer *peer)
{
	const struct lr_node_peer *own = peer->owner;
	return own && own->reach;
}

void lr_node_peer_changed(struct lr_node *node, struct lr_wg_peer *peer, bool removed)
{
	struct lr_node_peer *own = peer->owner;
	if (!removed) {
		adopt(node, peer);
		lr_node_lan_peer(node, peer);
		if (node->party)
			lr_party_peer_touched(node->party);
		return;
	}
	lr_node_tell(node, LR_NODE_EVENT_PEER_REMOVED, peer);
	if (own && own->reach)
		lr_party_peer_gone(node->party, own->reach);
	if (own && own->guest)
		lr_party_guest_gone(own->guest);
	lr_node_lan_gone(node, peer);
	free(own);
	peer->owner = NULL;
}

void lr_node_peer_remove(struct lr_node *node, struct lr_wg_peer *peer)
{
	lr_routes_remove(node, peer);
	lr_node_peer_changed(node, peer, true);
	lr_wg_peer_remove(node->wg, peer);
}

struct exact {
	const struct lr_prefix *want;
	bool found;
};

static void look_for(void *ctx, const struct lr_prefix *prefix)
{
	struct exact *e = ctx;
	if (prefix->len == e->want->len && lr_ip_equal(&prefix->ip, &e->want->ip))
		e->found = true;
}

/* Whether the prefix is some peer's already, so that its route stands. */
static bool is_allowed(struct lr_node *node, const struct lr_prefix *prefix)
{
	struct exact e = {prefix, false};
	struct lr_wg_peer *holder = lr_wg_route(node->wg, prefix->ip.family, prefix->ip.b);
	if (holder)
		lr_wg_allowed(node->wg, holder, look_for, &e);
	return e.found;
}

/* Brings the peer to `p`. The prefixes that need a route now come first in `fresh`. */
static int change(struct lr_node *node, struct lr_wg_peer *peer, const struct lr_config_peer *p,
	struct lr_prefix *fresh, size_t *n_fresh)
{
	int r = 0;
	if (p->has_psk)
		lr_wg_peer_set_psk(peer, p->preshared_key);
	if (p->endpoint.sa.sa_family != AF_UNSPEC)
		lr_wg_peer_set_endpoint(peer, &p->endpoint);
	if (p->keepalive_s)
		lr_wg_peer_set_keepalive(node->wg, node->loop.now, peer, p->keepalive_s);
	for (size_t i = 0; i < p->n_allowed && r == 0; i++) {
		if (!is_allowed(node, &p->allowed[i]))
			fresh[(*n_fresh)++] = p->allowed[i];
		r = lr_wg_allow(node->wg, peer, &p->allowed[i]);
	}
	return r;
}

static int no_peer(const struct lr_node *node, struct lr_err *err)
{
	if (errno == EINVAL)
		return lr_err_set(
			err, LR_EXIT_USAGE, "%s: that is this node's own public key", node->iface);
	return lr_err_set(err, LR_EXIT_FAILED, "%s: cannot add a peer: %s", node->iface,
		errno == ENOSPC ? "there are 65536 already" : strerror(errno));
}

/* A peer with its owner part, made when missing. NULL with `err`. */
static struct lr_wg_peer *find_or_add(
	struct lr_node *node, const uint8_t key[LR_KEY_LEN], struct lr_err *err)
{
	struct lr_wg_peer *peer = lr_wg_peer_find(node->wg, key);
	if (!peer)
		peer = lr_wg_peer_add(node->wg, key);
	if (!peer) {
		no_peer(node, err);
		return NULL;
	}
	if (!peer->owner)
		peer->owner = calloc(1, sizeof(struct lr_node_peer));
	if (!peer->owner) {
		lr_wg_peer_remove(node->wg, peer);
		lr_err_set(err, LR_EXIT_FAILED, "%s: out of memory", node->iface);
		return NULL;
	}
	return peer;
}

int lr_node_peer_set(struct lr_node *node, const struct lr_config_peer *p, struct lr_err *err)
{
	struct lr_wg_peer *there = lr_wg_peer_find(node->wg, p->public_key);
	bool was_there = there != NULL;
	if (there && lr_node_peer_is_member(there))
		return lr_err_set(err, LR_EXIT_FAILED,
			"%s: is a member of the party: its keys and addresses are what the party "
			"says",
			((struct lr_node_peer *)there->owner)->name);
	struct lr_wg_peer *peer = find_or_add(node, p->public_key, err);
	struct lr_prefix *fresh = calloc(p->n_allowed + 1, sizeof(*fresh));
	size_t n_fresh = 0;
	int r = -1;
	if (!peer || !fresh)
		goto out;
	r = change(node, peer, p, fresh, &n_fresh);
	if (r < 0) {
		lr_err_set(err, LR_EXIT_FAILED, "%s: %s", node->iface, strerror(-r));
		goto out;
	}
	struct lr_node_peer *own = peer->owner;
	if (p->name[0])
		memcpy(own->name, p->name, sizeof(own->name));
	lr_node_lan_peer(node, peer);
	if (!was_there)
		lr_node_tell(node, LR_NODE_EVENT_PEER_ADDED, peer);
	if (node->party)
		lr_party_peer_touched(node->party);
	r = lr_routes_add(node, fresh, n_fresh, err);
out:
	if (r < 0 && peer && !was_there)
		lr_node_peer_remove(node, peer);
	free(fresh);
	return r < 0 ? -1 : 0;
}

struct collect {
	struct lr_config_peer *peer;
	int result;
};

static void collect_allowed(void *ctx, const struct lr_prefix *prefix)
{
	struct collect *c = ctx;
	if (c->result == 0)
		c->result = lr_config_peer_allow(c->peer, prefix);
}

static int config_peer(struct lr_node *node, struct lr_wg_peer *peer, struct lr_config *out)
{
	static const uint8_t no_psk[LR_KEY_LEN];
	const struct lr_node_peer *own = peer->owner;
	struct lr_config_peer *p = lr_config_add_peer(out, peer->public_key);
	if (!p)
		return -ENOMEM;
	if (own)
		memcpy(p->name, own->name, sizeof(p->name));
	memcpy(p->preshared_key, peer->preshared_key, LR_KEY_LEN);
	p->has_psk = !lr_same(p->preshared_key, no_psk, LR_KEY_LEN);
	p->endpoint = peer->endpoint;
	p->keepalive_s = peer->keepalive_s;
	struct collect c = {p, 0};
	lr_wg_allowed(node->wg, peer, collect_allowed, &c);
	return c.result;
}

int lr_node_config(struct lr_node *node, struct lr_config *out)
{
	int r = 0;
	*out = (struct lr_config){
		.has_key = lr_wg_private_key(node->wg) != NULL,
		.listen_port = node->listen_port,
		.fwmark = node->fwmark,
		.mtu = node->mtu,
		.table = node->routes ? LR_TABLE_AUTO : LR_TABLE_OFF,
		.addresses = calloc(node->n_addresses + 1, sizeof(*out->addresses)),
		.n_addresses = node->n_addresses,
	};
	memcpy(out->name, node->name, sizeof(out->name));
	if (out->has_key)
		memcpy(out->private_key, lr_wg_private_key(node->wg), LR_KEY_LEN);
	if (!out->addresses)
		r = -ENOMEM;
	else if (node->n_addresses)
		memcpy(out->addresses, node->addresses,
			node->n_addresses * sizeof(*out->addresses));
	lr_wg_peers_foreach (node->wg, peer)
		if (r == 0)
			r = config_peer(node, peer, out);
	if (r < 0)
		lr_config_release(out);
	return r;
}
