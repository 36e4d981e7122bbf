/*
 * party_peers.c - members of the roster as WireGuard peers, and the addresses of the interface
 *
 * Theory of operation. A member that is live or lapsed is a peer: with its name, the preshared key
 * of the epoch (and the one before it, for responses under way), the addresses that it holds, its
 * link-local address, and its paths. One that left or was kicked is none, at once. The peer's
 * endpoint is the path in use and moves with nothing else (lr_wg_peer_set_anchored()).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/io/netlink.h"
#include "lib/nat/relay_choice.h"
#include "lib/node/ipx.h"
#include "lib/node/lan.h"
#include "lib/node/party_inside.h"
#include "lib/node/pump.h"
#include "lib/node/routes.h"

static struct lr_ip link_local(const uint8_t public_key[LR_KEY_LEN])
{
	uint8_t mac[LR_MAC];

	lr_lan_mac(public_key, mac);
	return lr_lan_link_local(mac);
}

/* --- a member's peer --- */

static void allow(struct lr_party_member *k, const struct lr_ip *ip)
{
	const struct lr_prefix host = {*ip, (uint8_t)lr_ip_bits(ip)};

	if (ip->family && lr_wg_allow(k->party->node->wg, k->peer, &host) < 0)
		lr_log(LR_LOG_ERROR, "%s: out of memory", k->party->node->iface);
	else if (ip->family && k->party->node->overlap.meets) /* the pool is no network of ours */
		lr_routes_add(k->party->node, &host, 1, NULL);
}

static void set_allowed(struct lr_party_member *k)
{
	const struct lr_member *m = k->m;
	struct lr_prefix ula = lr_roster_ula(k->party->roster);
	struct lr_ip own = link_local(m->r.public_key);

	if (k->party->node->overlap.meets)
		lr_routes_remove(k->party->node, k->peer);
	lr_wg_disallow_all(k->party->node->wg, k->peer);
	if (m->holds) {
		allow(k, &m->r.address);
		allow(k, &m->address6);
	}
	const struct lr_ip none = {0};
	lr_node_lan_member(k->party->node, k->peer, m->holds ? &m->r.address : &none,
		m->holds ? &m->address6 : &none);
	lr_node_lan_hub(k->party->node, k->peer, m->guests_held != 0);
	lr_node_lan_bridges(k->party->node, k->peer, m->r.bridge.carries && !m->succeeded);
	for (unsigned i = 0; i < m->r.n_guests; i++) {
		if (!(m->guests_held >> i & 1))
			continue;
		struct lr_ip six = lr_keys_address6(&ula, &m->r.guests[i].address);
		allow(k, &m->r.guests[i].address);
		allow(k, &six);
	}
	allow(k, &own);
}

static void set_psk(struct lr_party_member *k)
{
	uint8_t psk[LR_KEY_LEN];
	uint64_t now = lr_party_now(k->party);
	const struct lr_roster *r = k->party->roster;

	if (lr_roster_psk(r, k->m, false, now, psk))
		lr_wg_peer_set_psk(k->peer, psk);
	bool before = lr_roster_psk(r, k->m, true, now, psk);
	lr_wg_peer_set_previous_psk(k->peer, before ? psk : NULL);
	lr_wipe(psk, sizeof(psk));
}

static int start_reach(struct lr_party_member *k)
{
	static const char context[] = "lanrage probe 1";
	struct lr_node *node = k->party->node;
	uint8_t pair[LR_KEY_LEN], secret[LR_KEY_LEN];
	const uint8_t *own = lr_wg_public_key(node->wg);
	const struct lr_clocks clocks = lr_party_clocks(k->party);
	int r = -EKEYREJECTED;

	if (own && lr_pair_secret(pair, context, lr_wg_private_key(node->wg), k->m->r.public_key)) {
		lr_digest(secret, sizeof(secret), pair, sizeof(pair),
			(struct lr_span[]){{context, sizeof(context) - 1},
				{lr_roster_id(k->party->roster), LR_PARTY_ID_LEN}},
			2);
		r = lr_reach_init(&k->reach, &k->party->host, secret,
			memcmp(own, k->m->r.public_key, LR_KEY_LEN) < 0, k, &clocks);
	}
	lr_wipe(pair, sizeof(pair));
	lr_wipe(secret, sizeof(secret));
	return r;
}

/* The peer with its owner part; what a configuration said of it gives way. */
static struct lr_wg_peer *make_peer(struct lr_node *node, const struct lr_member *m)
{
	static const struct lr_endpoint nowhere;
	struct lr_wg_peer *peer = lr_wg_peer_add(node->wg, m->r.public_key);

	if (peer && !peer->owner && !(peer->owner = calloc(1, sizeof(struct lr_node_peer)))) {
		lr_wg_peer_remove(node->wg, peer);
		return NULL;
	}
	if (peer) {
		lr_wg_peer_set_endpoint(peer, &nowhere);
		lr_wg_peer_set_anchored(peer, true);
	}
	return peer;
}

static void set_name(struct lr_party_member *k)
{
	struct lr_node_peer *own = k->peer->owner;

	_Static_assert(sizeof(own->name) >= LR_MEMBER_NAME, "a member's name is a peer's");
	memcpy(own->name, k->m->r.name, LR_MEMBER_NAME);
}

static struct lr_party_member *add_member(struct lr_party *p, struct lr_member *m)
{
	struct lr_party_member *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	k->party = p;
	k->m = m;
	k->peer = make_peer(p->node, m);
	if (!k->peer || start_reach(k) < 0) {
		if (k->peer)
			lr_node_peer_remove(p->node, k->peer);
		free(k);
		return NULL;
	}
	struct lr_node_peer *own = k->peer->owner;
	own->reach = &k->reach;
	k->next = p->members;
	p->members = k;
	m->owner = k;
	set_name(k);
	lr_node_tell(p->node, LR_NODE_EVENT_PEER_ADDED, k->peer);
	return k;
}

/* Takes it out of our lists; the peer itself goes with `peer_too`. */
static void drop_member(struct lr_party_member *k, bool peer_too)
{
	struct lr_party *p = k->party;
	struct lr_party_member **at = &p->members;
	struct lr_wg_peer *peer = k->peer;
	struct lr_node_peer *own = peer->owner;

	while (*at != k)
		at = &(*at)->next;
	*at = k->next;
	k->m->owner = NULL;
	own->reach = NULL;
	k->peer = NULL;
	lr_reach_release(&k->reach);
	free(k);
	if (peer_too)
		lr_node_peer_remove(p->node, peer);
}

void lr_party_peer_gone(struct lr_party *p, struct lr_reach *reach)
{
	drop_member(reach->owner, false);
	lr_party_peer_touched(p);
}

void lr_party_peer_touched(struct lr_party *p)
{
	p->touched = true;
	lr_party_wake(p);
}

void lr_party_drop_all(struct lr_party *p)
{
	while (p->members)
		drop_member(p->members, true);
}

struct lr_party_member *lr_party_member_of(const struct lr_party *p, const struct lr_wg_peer *peer)
{
	for (struct lr_party_member *k = p->members; k; k = k->next)
		if (k->peer == peer)
			return k;
	return NULL;
}

/* --- paths through relays --- */

static uint32_t leg(uint32_t rtt_us)
{
	return rtt_us ? rtt_us : LR_LEG_UNKNOWN;
}

/* Our own leg as it is published, so that both ends count alike. */
static uint32_t own_leg(const struct lr_party *p, const struct lr_place *place)
{
	const struct lr_record *self = lr_roster_self(p->roster);

	for (unsigned i = 0; i < self->n_channels; i++)
		if (strcmp(self->channels[i].relay.text, place->text) == 0)
			return leg(self->channels[i].rtt_us);
	return LR_LEG_UNKNOWN;
}

/* Where our channel carries, or will by the time that a frame is there. */
static struct lr_party_relay *relay_at(struct lr_party *p, const struct lr_place *place)
{
	for (unsigned i = 0; i < p->n_relays; i++)
		if (lr_binding_carries(&p->relays[i].bind) &&
			strcmp(p->relays[i].place.text, place->text) == 0)
			return &p->relays[i];
	return NULL;
}

static void reroute(struct lr_party_member *k, uint64_t now)
{
	struct lr_relay_offer offers[LR_CHANNELS_MAX];
	uint32_t legs[LR_CHANNELS_MAX][2];
	struct lr_route routes[LR_CHANNELS_MAX], sorted[LR_CHANNELS_MAX];
	size_t n = 0, n_sorted = 0;

	for (unsigned i = 0; i < k->m->r.n_channels && k->m->state != LR_MEMBER_LEFT; i++) {
		const struct lr_channel *c = &k->m->r.channels[i];
		const struct lr_party_relay *r = relay_at(k->party, &c->relay);
		if (!r)
			continue;
		legs[n][0] = own_leg(k->party, &c->relay);
		legs[n][1] = leg(c->rtt_us);
		offers[n] = (struct lr_relay_offer){c->relay.text, legs[n]};
		routes[n++] = (struct lr_route){.to = r->at, .channel = c->channel};
	}
	while (n) {
		int best = lr_relay_choose(offers, n, 2);
		size_t at = best < 0 ? 0 : (size_t)best;
		sorted[n_sorted++] = routes[at];
		offers[at] = offers[n - 1];
		routes[at] = routes[n - 1];
		n--;
	}
	if (!n_sorted && k->learned.channel && lr_party_relay_at(k->party, &k->learned.to))
		sorted[n_sorted++] = k->learned;
	lr_reach_relays(&k->reach, now, sorted, n_sorted);
}

void lr_party_learn(struct lr_party_member *k, const struct lr_route *route)
{
	k->learned = *route;
	reroute(k, lr_party_now(k->party));
}

void lr_party_reroute(struct lr_party *p)
{
	uint64_t now = lr_party_now(p);

	p->reroute = false;
	for (struct lr_party_member *k = p->members; k; k = k->next)
		reroute(k, now);
	p->reach_due_ns = 0;
}

void lr_party_greet_again(struct lr_party *p)
{
	for (struct lr_party_member *k = p->members; k; k = k->next)
		lr_wg_peer_again(k->peer);
}

/* --- the roster's events --- */

static void follow_name(struct lr_party_member *k)
{
	const struct lr_node_peer *own = k->peer->owner;
	char before[LR_MEMBER_NAME];

	memcpy(before, own->name, sizeof(before));
	set_name(k);
	if (strcmp(before, own->name) != 0)
		lr_party_tell_name(k, before);
}

static void follow_address(struct lr_party_member *k)
{
	const struct lr_ip *now = &k->m->r.address;

	if (!k->m->holds || lr_ip_equal(now, &k->told))
		return;
	if (k->told.family)
		lr_party_tell_address(k->party, k->peer, &k->told, now);
	k->told = *now;
}

static void sync_member(struct lr_party *p, struct lr_member *m, bool joined)
{
	struct lr_party_member *k = m->owner;
	uint64_t now = lr_party_now(p);

	if (!k && !(k = add_member(p, m))) {
		lr_log(LR_LOG_ERROR, "%s: member %s cannot be added", p->node->iface, m->r.name);
		return;
	}
	follow_name(k);
	follow_address(k);
	if (joined)
		lr_party_tell(p, LR_NODE_EVENT_JOINED, m);
	set_psk(k);
	set_allowed(k);
	reroute(k, now);
	if (m->state == LR_MEMBER_LIVE)
		lr_reach_peer(&k->reach, now, &m->r.candidates, &m->r.nat, m->r.hidden);
	p->reach_due_ns = 0;
}

void lr_party_restore(struct lr_party *p)
{
	struct lr_member *m = lr_roster_first(p->roster);

	p->touched = false;
	for (; m && p->phase != LR_PARTY_OUT; m = lr_roster_next(p->roster, m)) {
		struct lr_party_member *k = m->owner;
		if (!k && m->state == LR_MEMBER_LIVE)
			sync_member(p, m, false);
		if (!k)
			continue;
		lr_wg_peer_set_anchored(k->peer, true);
		set_psk(k);
		set_allowed(k);
		p->host.out.changed(p->host.out.ctx, &k->reach); /* the endpoint */
	}
}

static void on_charter(struct lr_party *p)
{
	const struct lr_charter *rules = lr_roster_rules(p->roster);

	lr_move_charter(p);
	if (rules->flags & LR_CHARTER_HIDE)
		p->hide = true;
	if (p->host.hidden != p->hide) {
		p->host.hidden = p->hide;
		for (struct lr_party_member *k = p->members; k; k = k->next)
			lr_reach_moved(&k->reach, lr_party_now(p));
		lr_party_publish(p);
	}
}

static void on_moved(struct lr_party *p)
{
	const struct lr_ip *now = &lr_roster_self(p->roster)->address;
	struct lr_ip before = p->node->n_addresses ? p->node->addresses[0].ip : *now;
	struct lr_err err;

	if (p->phase != LR_PARTY_READY)
		return;
	if (lr_party_set_address(p, &err) < 0)
		lr_log(LR_LOG_ERROR, "%s", err.text);
	if (!lr_ip_equal(&before, now))
		lr_party_tell_address(p, NULL, &before, now);
}

/* One that is only forgotten, since the table is full, was in this epoch. */
static void on_kicked(struct lr_party *p, struct lr_member *m)
{
	struct lr_party_member *k = m->owner;
	const struct lr_charter *rules = lr_roster_rules(p->roster);

	if (rules && m->epoch != lr_charter_epoch(rules))
		lr_party_tell(p, LR_NODE_EVENT_KICKED, m);
	if (k)
		drop_member(k, true);
}

void lr_party_event(
	void *ctx, enum lr_roster_event what, struct lr_member *m, const struct lr_claim *claim)
{
	struct lr_party *p = ctx;
	struct lr_party_member *k = m ? m->owner : NULL;

	p->save = true;
	lr_party_wake(p);
	switch (what) {
	case LR_ROSTER_JOINED:
		p->joined = true;
		/* fall through */
	case LR_ROSTER_CHANGED:
	case LR_ROSTER_HOLDS:
		if (m->state != LR_MEMBER_LEFT)
			sync_member(p, m, what == LR_ROSTER_JOINED);
		break;
	case LR_ROSTER_LEFT:
		lr_party_tell(p, LR_NODE_EVENT_LEFT, m);
		if (k)
			drop_member(k, true);
		break;
	case LR_ROSTER_KICKED:
		on_kicked(p, m);
		break;
	case LR_ROSTER_LAPSED: /* its session may well be alive */
		lr_party_tell(p, LR_NODE_EVENT_LAPSED, m);
		break;
	case LR_ROSTER_CHARTER:
		on_charter(p);
		break;
	case LR_ROSTER_EPOCH:
		for (k = p->members; k; k = k->next)
			set_psk(k);
		break;
	case LR_ROSTER_OUT:
		lr_party_out(p, p->phase == LR_PARTY_STARTING
					? "this invite is void: somebody was kicked since it was "
					  "made; ask for a new one"
					: "kicked from the party");
		break;
	case LR_ROSTER_MOVED:
		on_moved(p);
		break;
	case LR_ROSTER_CLAIMED:
		lr_log(LR_LOG_NOTE, "%s: an invite was claimed from %s, %u uses left",
			p->node->iface, claim->who, claim->left);
		lr_party_tell_claim(p, claim);
		break;
	}
}

/* --- initiations by keys that are no members yet --- */

void lr_party_hold(struct lr_party *p, const struct lr_endpoint *src, uint16_t socket,
	const uint8_t *bytes, size_t len)
{
	struct lr_party_held *oldest = &p->held[0];
	uint64_t now = lr_party_now(p);

	if (len != LR_INITIATION || p->phase == LR_PARTY_OUT || !p->roster)
		return;
	for (int i = 0; i < LR_PARTY_HELD; i++)
		if (p->held[i].until_ns < oldest->until_ns)
			oldest = &p->held[i];
	oldest->src = *src;
	oldest->socket = socket;
	oldest->until_ns = now + LR_PARTY_HELD_S * LR_NS_PER_S;
	memcpy(oldest->bytes, bytes, len);
	if (now - p->asked_ns > LR_NS_PER_S / 4) { /* strangers make us ask four times a second */
		p->asked_ns = now;
		lr_sync_ask(p);
	}
}

void lr_party_replay_held(struct lr_party *p, uint64_t now)
{
	struct lr_party_held held[LR_PARTY_HELD];

	p->joined = false;
	memcpy(held, p->held, sizeof(held));
	memset(p->held, 0, sizeof(p->held));
	for (int i = 0; i < LR_PARTY_HELD; i++) {
		if (held[i].until_ns <= now)
			continue;
		lr_pump_take(
			p->node->pump, &held[i].src, held[i].socket, held[i].bytes, LR_INITIATION);
	}
}

/* --- the interface --- */

static bool has_address(const struct lr_prefix *list, size_t n, const struct lr_prefix *p)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].len == p->len && lr_ip_equal(&list[i].ip, &p->ip))
			return true;
	return false;
}

int lr_party_set_address(struct lr_party *p, struct lr_err *err)
{
	struct lr_node *node = p->node;
	const struct lr_record *self = lr_roster_self(p->roster);
	struct lr_prefix ula = lr_roster_ula(p->roster), pool = lr_roster_pool(p->roster);
	struct lr_prefix *list = calloc(3, sizeof(*list));
	struct lr_netlink *nl = list ? lr_netlink_open(err) : NULL;

	if (!nl) {
		free(list);
		return -1;
	}
	bool first = node->n_addresses == 0;
	uint8_t len = lr_overlap_len(&node->overlap, node->iface, &pool);
	list[0] = (struct lr_prefix){self->address, len};
	list[1] = (struct lr_prefix){lr_keys_address6(&ula, &self->address), ula.len};
	list[2] = (struct lr_prefix){link_local(self->public_key), 64};
	for (size_t i = 0; i < node->n_addresses; i++)
		if (!has_address(list, 3, &node->addresses[i]))
			lr_netlink_addr_del(nl, node->ifindex, &node->addresses[i]);
	for (size_t i = 0; i < 3; i++)
		if (!has_address(node->addresses, node->n_addresses, &list[i]))
			lr_netlink_addr_add(nl, node->ifindex, &list[i],
				lr_routes_advmss(node, list[i].ip.family));
	int r = lr_netlink_commit(nl, false, err);
	lr_netlink_close(nl);
	free(node->addresses);
	node->addresses = list;
	node->n_addresses = 3;
	lr_node_lan_addresses(node);
	lr_node_ipx_addresses(node);
	if (first)
		lr_node_lan_broadcast_route(node);
	for (struct lr_party_member *k = p->members; k && node->overlap.meets; k = k->next)
		set_allowed(k);
	return r;
}
