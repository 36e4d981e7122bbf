/*
 * party_guests.c - see party_guests.h
 */
#include "lib/node/party_guests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/net/nick.h"
#include "lib/node/lan.h"
#include "lib/node/party_wire.h"
#include "lib/node/pump.h"
#include "lib/node/routes.h"
#include "terms.h"

/* ------------------------------------------------------------------ our record */

/* Machines of the house are listed as guests are, behind them: what members need to know of both
 * is the address. How many are in the list then. */
static unsigned list_machines(struct lr_party *p, unsigned n)
{
	struct lr_record *self = lr_roster_self(p->roster);
	struct lr_ip at[LR_LAN_MACHINES];
	unsigned count = p->node->lan ? lr_lan_machines(p->node->lan, at) : 0;
	size_t names = 0;

	for (unsigned i = 0; i < n; i++)
		names += strlen(self->guests[i].name) + 1;
	for (unsigned i = 0; i < count && n < LR_GUESTS_MAX; i++) {
		struct lr_guest *g = &self->guests[n];
		int len = snprintf(
			g->name, sizeof(g->name), LR_MACHINE_NAME "%u-%u", at[i].b[2], at[i].b[3]);
		names += (size_t)len + 1;
		if (names > LR_GUEST_NAMES)
			break;
		g->address = at[i];
		n++;
	}
	return n;
}

/* Whether we carry a segment of this house, and which. */
static void put_bridge(const struct lr_party *p, struct lr_record *self)
{
	uint8_t token[LR_LAN_TOKEN], before[LR_LAN_TOKEN];
	_Static_assert(LR_LAN_TOKEN == LR_BRIDGE_TOKEN, "what hellos show is what records tell");

	memset(&self->bridge, 0, sizeof(self->bridge));
	if (p->node->lan && lr_lan_token(p->node->lan, token, before))
		lr_record_carry(self, token, before);
}

static void publish(struct lr_party *p)
{
	struct lr_record *self = lr_roster_self(p->roster);
	unsigned n = 0;

	memset(self->guests, 0, sizeof(self->guests));
	for (const struct lr_party_guest *g = p->guests; g && n < LR_GUESTS_MAX; g = g->next) {
		memcpy(self->guests[n].name, g->name, sizeof(g->name));
		self->guests[n++].address = g->address;
	}
	self->n_guests = list_machines(p, n);
	put_bridge(p, self);
	lr_roster_touch(p->roster);
	p->save = true;
	lr_party_wake(p);
}

void lr_party_machines(struct lr_party *p)
{
	if (p->roster)
		publish(p);
}

/* Chosen as a guest's is: the MAC stands for the key. */
bool lr_party_choose(
	const struct lr_party *p, const uint8_t mac[LR_DHCP_MAC], unsigned round, struct lr_ip *out)
{
	uint8_t key[LR_KEY_LEN] = {0};

	memcpy(key, mac, LR_DHCP_MAC);
	key[LR_DHCP_MAC] = (uint8_t)round;
	return p->roster && lr_roster_choose_guest(p->roster, key, out);
}

bool lr_party_has(const struct lr_party *p, const struct lr_ip *ip)
{
	return p->roster && lr_roster_ours(p->roster, ip);
}

struct lr_party_guest *lr_guest_by_name(const struct lr_party *p, const char *name)
{
	struct lr_party_guest *g = p->guests;

	while (g && strcmp(g->name, name) != 0)
		g = g->next;
	return g;
}

bool lr_guest_holds(const struct lr_party_guest *g)
{
	return lr_roster_ours(g->party->roster, &g->address);
}

/* ------------------------------------------------------------------ peers */

static void allow(struct lr_party_guest *g, const struct lr_ip *ip)
{
	struct lr_node *node = g->party->node;
	const struct lr_prefix host = {*ip, (uint8_t)lr_ip_bits(ip)};

	if (lr_wg_allow(node->wg, g->peer, &host) < 0)
		lr_log(LR_LOG_ERROR, "%s: out of memory", node->iface);
	else if (node->overlap.meets) /* the pool is no network of ours */
		lr_routes_add(node, &host, 1, NULL);
}

/* It roams, as a stock peer does; what a configuration said of that key gives way. */
static bool make_peer(struct lr_party_guest *g)
{
	struct lr_node *node = g->party->node;
	const struct lr_prefix ula = lr_roster_ula(g->party->roster);
	const struct lr_ip six = lr_keys_address6(&ula, &g->address);
	struct lr_wg_peer *peer = lr_wg_peer_add(node->wg, g->public_key);

	if (peer && !peer->owner && !(peer->owner = calloc(1, sizeof(struct lr_node_peer)))) {
		lr_wg_peer_remove(node->wg, peer);
		return false;
	}
	if (!peer)
		return false;
	struct lr_node_peer *own = peer->owner;
	own->guest = g;
	memcpy(own->name, g->name, sizeof(g->name));
	g->peer = peer;
	node->n_guests++;
	lr_wg_peer_set_psk(peer, g->psk);
	lr_wg_disallow_all(node->wg, peer);
	allow(g, &g->address);
	allow(g, &six);
	lr_node_lan_member(node, peer, &g->address, &six);
	lr_node_tell(node, LR_NODE_EVENT_PEER_ADDED, peer);
	return true;
}

void lr_party_guest_gone(struct lr_party_guest *g)
{
	g->peer = NULL;
	g->party->node->n_guests--;
}

static uint16_t free_number(const struct lr_party *p)
{
	uint16_t number = 1;

	for (const struct lr_party_guest *g = p->guests; g; g = g->next)
		if (g->number >= number)
			number = (uint16_t)(g->number + 1);
	return number;
}

static void append(struct lr_party *p, struct lr_party_guest *g)
{
	struct lr_party_guest **at = &p->guests;

	g->party = p;
	g->number = free_number(p);
	while (*at)
		at = &(*at)->next;
	*at = g;
}

/* Takes it out of the list; `g` is freed. */
static void forget(struct lr_party_guest *g)
{
	struct lr_party_guest **at = &g->party->guests;
	struct lr_wg_peer *peer = g->peer;

	while (*at != g)
		at = &(*at)->next;
	*at = g->next;
	if (peer)
		lr_node_peer_remove(g->party->node, peer); /* calls lr_party_guest_gone() */
	lr_wipe(g, sizeof(*g));
	free(g);
}

void lr_guest_remove(struct lr_party_guest *g)
{
	struct lr_party *p = g->party;

	lr_lend_end(g);
	forget(g);
	publish(p);
}

void lr_guests_release(struct lr_party *p)
{
	while (p->guests)
		forget(p->guests);
}

/* ------------------------------------------------------------------ where it reaches us */

/* A relay runs on this machine: who reaches a port of it can reach ours. */
static bool beside_relay(const struct lr_party *p, struct lr_endpoint *out)
{
	for (unsigned i = 0; i < p->n_relays; i++) {
		const struct lr_ip ip = lr_endpoint_ip(&p->relays[i].at);
		for (size_t k = 0; k < p->n_lans; k++) {
			if (!lr_ip_equal(&p->lans[k].ip, &ip))
				continue;
			*out = p->relays[i].at;
			if (ip.family == 4)
				out->in.sin_port = htons(p->node->listen_port);
			else
				out->in6.sin6_port = htons(p->node->listen_port);
			return true;
		}
	}
	return false;
}

/* Where anybody may send to us without being asked; false: nowhere. A filter that looks at
 * addresses (AD) is a router's: without translation it means that the relay has one address, and
 * that there is no filter. Behind a router the port must be the one that we have, so that it is
 * the same again after a restart. */
static bool outside(const struct lr_party *p, struct lr_endpoint *out)
{
	const struct lr_nat *nat = &p->host.nat;
	bool own = nat->flags & LR_NAT_NONE, same = nat->flags & LR_NAT_PRESERVES;

	if (p->hide)
		return false;
	for (int i = 0; i < p->host.own.n; i++) {
		const struct lr_candidate *c = &p->host.own.at[i];
		if (c->kind != LR_CANDIDATE_MAPPED)
			continue;
		*out = lr_candidate_endpoint(c);
		return true;
	}
	if (beside_relay(p, out))
		return true;
	*out = *lr_party_outside(p);
	if (out->sa.sa_family == AF_UNSPEC)
		return false;
	if (own)
		return nat->filtering == LR_BEHAVE_EI || nat->filtering == LR_BEHAVE_AD;
	return same && nat->mapping == LR_BEHAVE_EI && nat->filtering == LR_BEHAVE_EI;
}

/* HOST or HOST:PORT as the user gave it; without a port it is our own. */
static int given(struct lr_party_guest *g, const char *text, struct lr_err *err)
{
	char whole[LR_PLACE_TEXT + 8], host[LR_PLACE_TEXT];
	const char *colon = strrchr(text, ':'), *bracket = strrchr(text, ']');
	bool port = colon && (!bracket || colon > bracket);
	struct lr_place place;

	int n = snprintf(
		whole, sizeof(whole), port ? "%s" : "%s:%u", text, g->party->node->listen_port);
	if (n >= (int)sizeof(whole) || lr_place_parse(whole, (size_t)n, &place) < 0)
		return lr_err_set(
			err, LR_EXIT_USAGE, "--endpoint: '%.60s' is not HOST[:PORT]", text);
	uint16_t number = lr_place_split(&place, host);
	bool six = strchr(host, ':') != NULL;
	snprintf(g->endpoint, sizeof(g->endpoint), "%s%s%s:%u", six ? "[" : "", host,
		six ? "]" : "", number);
	return 0;
}

/* The relay that we are bound to with the shortest way. */
static struct lr_party_relay *best_relay(struct lr_party *p)
{
	struct lr_party_relay *best = NULL;

	for (unsigned i = 0; i < p->n_relays; i++) {
		struct lr_party_relay *r = &p->relays[i];
		if (lr_channel_bound(r) && (!best || r->leg_us < best->leg_us))
			best = r;
	}
	return best;
}

/* Sets the endpoint, or begins to ask a relay for a port. 0 or -1 with `err`. */
static int choose_way(struct lr_party_guest *g, const char *endpoint, struct lr_err *err)
{
	struct lr_party *p = g->party;
	struct lr_party_relay *relay = best_relay(p);
	struct lr_endpoint at;

	if (endpoint && given(g, endpoint, err) < 0)
		return -1;
	if (!endpoint && outside(p, &at))
		lr_endpoint_text(&at, g->endpoint);
	if (g->endpoint[0]) {
		p->guest_port = p->node->listen_port;
		return 0;
	}
	if (!relay)
		return lr_err_set(err, LR_EXIT_FAILED,
			"nobody outside can reach this machine, and no relay of the party does it "
			"for us now (see `lr-peer netcheck`); --endpoint HOST:PORT says where it "
			"is reached");
	lr_lend_begin(g, relay);
	return 0;
}

/* ------------------------------------------------------------------ adding */

/* Names of guests are in our record, and are peers' names beside those of members. */
static int check_name(const struct lr_party *p, const char *name, struct lr_err *err)
{
	const char *fault = lr_nick_fault(name);
	size_t len = strlen(name), sum = len + 1, n = 0;

	if (!fault && len >= LR_MEMBER_NAME)
		fault = "is longer than 32 bytes";
	if (fault)
		return lr_err_set(err, LR_EXIT_USAGE, "%.80s: the name %s", name, fault);
	for (const struct lr_party_guest *g = p->guests; g; g = g->next, n++)
		sum += strlen(g->name) + 1;
	if (n >= LR_GUESTS_MAX || sum > LR_GUEST_NAMES)
		return lr_err_set(err, LR_EXIT_FAILED,
			"one member has at most %d guests, with names of %d bytes in all",
			LR_GUESTS_MAX, LR_GUEST_NAMES);
	lr_wg_peers_foreach (p->node->wg, peer) {
		const struct lr_node_peer *own = peer->owner;
		if (own && strcmp(own->name, name) == 0)
			return lr_err_set(err, LR_EXIT_FAILED,
				"%s: there is a %s of that name; `lr-peer kick` takes it away",
				name, own->guest ? "guest" : "peer");
	}
	if (strcmp(p->nick, name) == 0)
		return lr_err_set(err, LR_EXIT_FAILED, "%s: that is this machine itself", name);
	return 0;
}

/* The address, the way, the peer. 0 or -1 with `err`. */
static int fill(struct lr_party_guest *g, const char *name, const uint8_t key[LR_KEY_LEN],
	const char *endpoint, struct lr_err *err)
{
	struct lr_party *p = g->party;

	memcpy(g->name, name, strlen(name) + 1);
	memcpy(g->public_key, key, LR_KEY_LEN);
	lr_random(g->psk, sizeof(g->psk));
	if (!lr_roster_choose_guest(p->roster, key, &g->address))
		return lr_err_set(err, LR_EXIT_FAILED, "the pool has no free address");
	if (lr_wg_peer_find(p->node->wg, key) || !make_peer(g))
		return lr_err_set(err, LR_EXIT_FAILED, "%s: a peer with that key is there", name);
	return choose_way(g, endpoint, err);
}

struct lr_party_guest *lr_guest_add(struct lr_party *p, const char *name,
	const uint8_t public_key[LR_KEY_LEN], const char *endpoint, struct lr_err *err)
{
	struct lr_party_guest *g = lr_guest_by_name(p, name);

	if (g && memcmp(g->public_key, public_key, LR_KEY_LEN) == 0)
		return g;
	if (check_name(p, name, err) < 0)
		return NULL;
	g = calloc(1, sizeof(*g));
	if (!g) {
		lr_err_set(err, LR_EXIT_FAILED, "out of memory");
		return NULL;
	}
	append(p, g);
	if (fill(g, name, public_key, endpoint, err) < 0) {
		forget(g);
		return NULL;
	}
	publish(p);
	return g;
}

/* ------------------------------------------------------------------ state */

static json_t *export_one(const struct lr_party_guest *g)
{
	char key[LR_KEY_TEXT], ip[LR_ADDR_TEXT];
	json_t *o = json_object();

	lr_json_put_str(o, LR_K_NAME, g->name);
	lr_json_put_str(o, LR_K_PUBLIC_KEY, lr_key_text(g->public_key, key));
	lr_json_put_str(o, LR_K_PRESHARED_KEY, lr_key_text(g->psk, key));
	lr_wipe(key, sizeof(key));
	lr_json_put_str(o, LR_K_ADDRESS, lr_ip_text(&g->address, ip));
	lr_json_put_str(o, LR_K_ENDPOINT, g->endpoint);
	lr_json_put_str(o, LR_K_RELAY, g->relay[0] ? g->relay : NULL);
	lr_json_put_int(o, LR_K_PORT, g->port);
	lr_json_put_int(o, LR_K_TAG, g->tag);
	return o;
}

json_t *lr_guests_export(const struct lr_party *p)
{
	json_t *list = json_array();

	for (const struct lr_party_guest *g = p->guests; g; g = g->next)
		if (g->endpoint[0]) /* else its file was never given out */
			json_array_append_new(list, export_one(g));
	return list;
}

static bool take_text(const json_t *o, const char *key, char *out, size_t room)
{
	bool bad = false;
	const char *text = lr_json_str(o, key, &bad);

	if (bad || (text && strlen(text) >= room))
		return false;
	snprintf(out, room, "%s", text ? text : "");
	return true;
}

static bool import_one(struct lr_party_guest *g, const json_t *o)
{
	bool bad = false;
	const char *key = lr_json_str(o, LR_K_PUBLIC_KEY, &bad);
	const char *psk = lr_json_str(o, LR_K_PRESHARED_KEY, &bad);
	const char *ip = lr_json_str(o, LR_K_ADDRESS, &bad);
	int64_t port = lr_json_int(o, LR_K_PORT, 0, &bad), tag = lr_json_int(o, LR_K_TAG, 0, &bad);

	if (bad || !key || !psk || !ip || lr_key_parse(key, g->public_key) < 0 ||
		lr_key_parse(psk, g->psk) < 0 || lr_ip_parse(ip, &g->address) < 0 ||
		g->address.family != 4 || port < 0 || port > UINT16_MAX || tag < 0 ||
		tag > UINT32_MAX || !take_text(o, LR_K_NAME, g->name, sizeof(g->name)) ||
		!take_text(o, LR_K_ENDPOINT, g->endpoint, sizeof(g->endpoint)) ||
		!take_text(o, LR_K_RELAY, g->relay, sizeof(g->relay)))
		return false;
	g->port = (uint16_t)port;
	g->tag = (uint32_t)tag;
	return !lr_nick_fault(g->name) && g->endpoint[0] && (!g->relay[0] || g->port);
}

int lr_guests_import(struct lr_party *p, const json_t *list, struct lr_err *err)
{
	const json_t *o;
	size_t i;

	json_array_foreach (list, i, o) {
		struct lr_party_guest *g = i < LR_GUESTS_MAX ? calloc(1, sizeof(*g)) : NULL;
		if (!g || !import_one(g, o)) {
			free(g);
			return lr_err_set(err, LR_EXIT_USAGE, "guest %zu is not one", i + 1);
		}
		append(p, g);
	}
	return 0;
}

void lr_guests_start(struct lr_party *p)
{
	struct lr_node *node = p->node;

	if (node->lan)
		lr_lan_bridge_party(
			node->lan, node->loop.now, lr_roster_id(p->roster), LR_PARTY_ID_LEN);
	for (struct lr_party_guest *g = p->guests; g; g = g->next)
		if (!make_peer(g))
			lr_log(LR_LOG_ERROR, "%s: guest %s cannot be added", node->iface, g->name);
	if (p->guest_port && p->guest_port != node->listen_port &&
		lr_pump_set_port(node->pump, p->guest_port) < 0)
		lr_log(LR_LOG_ERROR,
			"%s: UDP port %u, where guests look for us, is in use: they will not find "
			"us",
			node->iface, p->guest_port);
	if (p->guests)
		publish(p);
}
