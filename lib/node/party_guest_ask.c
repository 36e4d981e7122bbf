/*
 * party_guest_ask.c - guests as JSON, and the requests of the control socket about them
 */
#include <stdio.h>
#include <string.h>

#include "lib/node/party_guests.h"
#include "lib/node/party_wire.h"
#include "terms.h"

#define FRESH_S 10 /* a router that says nothing for so long gives no port */

/* ------------------------------------------------------------------ a guest's configuration */

static int add_peer(const struct lr_party_guest *g, struct lr_config *c)
{
	static const char *const everybody[] = {"255.255.255.255/32", "224.0.0.0/4", "ff00::/8"};
	const struct lr_party *p = g->party;
	struct lr_prefix net[] = {lr_roster_pool(p->roster), lr_roster_ula(p->roster)};
	struct lr_config_peer *hub = lr_config_add_peer(c, lr_wg_public_key(p->node->wg));
	int r = hub ? 0 : -1;

	if (!hub)
		return -1;
	memcpy(hub->name, p->nick, sizeof(p->nick));
	memcpy(hub->preshared_key, g->psk, LR_KEY_LEN);
	hub->has_psk = true;
	hub->keepalive_s = LR_GUEST_KEEPALIVE;
	for (unsigned i = 0; i < 2 && r == 0; i++) {
		lr_prefix_mask(&net[i]);
		r = lr_config_peer_allow(hub, &net[i]);
	}
	for (unsigned i = 0; i < sizeof(everybody) / sizeof(everybody[0]) && r == 0; i++) {
		struct lr_prefix prefix;
		r = lr_prefix_parse(everybody[i], &prefix);
		if (r == 0)
			r = lr_config_peer_allow(hub, &prefix);
	}
	return r;
}

/* Without private key and endpoint, which are added where it is printed. NULL: out of memory. */
static json_t *config_json(const struct lr_party_guest *g, const struct lr_ip *six)
{
	const struct lr_prefix pool = lr_roster_pool(g->party->roster);
	const struct lr_prefix ula = lr_roster_ula(g->party->roster);
	struct lr_prefix addresses[] = {{g->address, pool.len}, {*six, ula.len}};
	struct lr_config c = {.mtu = LR_GUEST_MTU, .addresses = addresses, .n_addresses = 2};
	json_t *o = NULL;

	memcpy(c.name, g->name, sizeof(g->name));
	if (add_peer(g, &c) == 0)
		o = lr_config_json(&c, false);
	c.addresses = NULL;
	c.n_addresses = 0;
	lr_config_release(&c);
	return o;
}

static json_t *not_ready(const char *why)
{
	json_t *o = json_object();

	lr_json_put_bool(o, LR_K_READY, false);
	lr_json_put_str(o, LR_K_TEXT, why);
	return o;
}

static void put_places(json_t *o, const struct lr_ip *four, const struct lr_ip *six)
{
	char text[LR_ADDR_TEXT];

	lr_json_put_str(o, LR_K_ADDRESS, lr_ip_text(four, text));
	lr_json_put_str(o, LR_K_ADDRESS6, lr_ip_text(six, text));
}

static json_t *ready(const struct lr_party_guest *g)
{
	const struct lr_prefix ula = lr_roster_ula(g->party->roster);
	const struct lr_ip six = lr_keys_address6(&ula, &g->address);
	char key[LR_KEY_TEXT];
	json_t *o = json_object();

	lr_json_put_bool(o, LR_K_READY, true);
	lr_json_put_str(o, LR_K_PEER, g->name);
	lr_json_put_str(o, LR_K_PUBLIC_KEY, lr_key_text(g->public_key, key));
	put_places(o, &g->address, &six);
	lr_json_put_str(o, LR_K_ENDPOINT, g->endpoint);
	lr_json_put_str(o, LR_K_RELAY, g->relay[0] ? g->relay : NULL);
	lr_json_put(o, LR_K_CONFIG, config_json(g, &six));
	return o;
}

/* ------------------------------------------------------------------ requests */

/* How the router treats us, and our channel, are not known in the first seconds. */
static const char *too_early(const struct lr_party *p)
{
	bool fresh = lr_party_now(p) - p->opened_ns < FRESH_S * LR_NS_PER_S;

	if (p->phase != LR_PARTY_READY)
		return "the party has not been joined (yet)";
	if (lr_party_stun_runs(p))
		return "how the router treats UDP is being found out";
	if (p->map.id && !p->map.got.last && p->map.got.at.sa.sa_family == AF_UNSPEC && fresh)
		return "the router is being asked for a port";
	for (unsigned i = 0; i < p->n_relays; i++)
		if (lr_channel_bound(&p->relays[i]))
			return NULL;
	return fresh ? "no relay relays for us (yet)" : NULL;
}

static json_t *give_up(struct lr_party_guest *g, struct lr_err *err)
{
	lr_err_set(err, LR_EXIT_FAILED,
		"nobody outside can reach this machine, and the relay %s lends no port: %s; "
		"--endpoint HOST:PORT says where it is reached",
		g->relay, g->error);
	lr_guest_remove(g);
	return NULL;
}

json_t *lr_guest_answer(struct lr_node *node, const json_t *request, struct lr_err *err)
{
	struct lr_party *p = node->party;
	bool bad = false;
	const char *name = lr_json_str(request, LR_K_NAME, &bad);
	const char *key = lr_json_str(request, LR_K_PUBLIC_KEY, &bad);
	const char *endpoint = lr_json_str(request, LR_K_ENDPOINT, &bad);
	const char *wait = endpoint && p->phase == LR_PARTY_READY ? NULL : too_early(p);
	uint8_t raw[LR_KEY_LEN];

	if (bad || !name || !key || lr_key_parse(key, raw) < 0) {
		lr_err_set(err, LR_EXIT_USAGE, "\"name\" or \"public_key\" is missing");
		return NULL;
	}
	struct lr_party_guest *g = lr_guest_by_name(p, name);
	if (!g && wait)
		return not_ready(wait);
	g = lr_guest_add(p, name, raw, endpoint, err);
	if (!g)
		return NULL;
	if (g->endpoint[0])
		return ready(g);
	return g->error[0] ? give_up(g, err) : not_ready("the relay has not lent a port (yet)");
}

json_t *lr_guest_answer_kick(struct lr_party_guest *g)
{
	json_t *o = json_object();

	lr_json_put_str(o, LR_K_PEER, g->name);
	lr_json_put_bool(o, LR_K_GUEST, true);
	lr_guest_remove(g);
	return o;
}

/* ------------------------------------------------------------------ all guests */

const struct lr_member *lr_guest_hub_of(const struct lr_party *p, const char *name)
{
	for (const struct lr_member *m = p->roster ? lr_roster_first(p->roster) : NULL; m;
		m = lr_roster_next(p->roster, m))
		for (unsigned i = 0; i < m->r.n_guests && m->state != LR_MEMBER_LEFT; i++)
			if (strcmp(m->r.guests[i].name, name) == 0)
				return m;
	return NULL;
}

static json_t *own_json(const struct lr_party_guest *g)
{
	const struct lr_prefix ula = lr_roster_ula(g->party->roster);
	const struct lr_ip six = lr_keys_address6(&ula, &g->address);
	bool reached = !g->relay[0] || g->lent;
	json_t *o = json_object();

	lr_json_put_str(o, LR_K_PEER, g->name);
	put_places(o, &g->address, &six);
	lr_json_put_str(o, LR_K_HUB, NULL);
	lr_json_put_str(o, LR_K_ENDPOINT, g->endpoint[0] ? g->endpoint : NULL);
	lr_json_put_str(o, LR_K_RELAY, g->relay[0] ? g->relay : NULL);
	lr_json_put_bool(o, LR_K_READY, g->peer && reached && lr_guest_holds(g));
	return o;
}

/* Machines of our house are in our record only, behind our guests. */
static void put_machines(const struct lr_party *p, const struct lr_prefix *ula, json_t *list)
{
	const struct lr_record *self = lr_roster_self(p->roster);

	for (unsigned i = 0; i < self->n_guests; i++) {
		const struct lr_guest *g = &self->guests[i];
		const struct lr_ip six = lr_keys_address6(ula, &g->address);
		if (lr_guest_by_name(p, g->name))
			continue;
		json_t *o = json_object();
		lr_json_put_str(o, LR_K_PEER, g->name);
		put_places(o, &g->address, &six);
		lr_json_put_str(o, LR_K_HUB, NULL);
		lr_json_put_str(o, LR_K_ENDPOINT, NULL);
		lr_json_put_str(o, LR_K_RELAY, NULL);
		lr_json_put_bool(o, LR_K_READY, lr_party_has(p, &g->address));
		json_array_append_new(list, o);
	}
}

static json_t *theirs_json(const struct lr_member *m, const struct lr_guest *guest,
	const struct lr_prefix *ula, bool held)
{
	const struct lr_ip six = lr_keys_address6(ula, &guest->address);
	json_t *o = json_object();

	lr_json_put_str(o, LR_K_PEER, guest->name);
	put_places(o, &guest->address, &six);
	lr_json_put_str(o, LR_K_HUB, m->r.name);
	lr_json_put_str(o, LR_K_ENDPOINT, NULL);
	lr_json_put_str(o, LR_K_RELAY, NULL);
	lr_json_put_bool(o, LR_K_READY, held && m->state == LR_MEMBER_LIVE);
	return o;
}

json_t *lr_guests_json(const struct lr_party *p)
{
	json_t *list = json_array();
	struct lr_prefix ula;

	if (!p->roster)
		return list;
	ula = lr_roster_ula(p->roster);
	for (const struct lr_party_guest *g = p->guests; g; g = g->next)
		json_array_append_new(list, own_json(g));
	put_machines(p, &ula, list);
	for (const struct lr_member *m = lr_roster_first(p->roster); m;
		m = lr_roster_next(p->roster, m))
		for (unsigned i = 0; i < m->r.n_guests && m->state != LR_MEMBER_LEFT; i++)
			json_array_append_new(list,
				theirs_json(m, &m->r.guests[i], &ula, m->guests_held >> i & 1));
	return list;
}
