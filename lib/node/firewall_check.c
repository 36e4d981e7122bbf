/*
 * firewall_check.c - see firewall_check.h
 */
#include "lib/node/firewall_check.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "lib/io/rulesets.h"
#include "terms.h"

#define CHECKS_MOST 40 /* many games at once: the rest is as these are */

struct run {
	const struct lr_firewall *fw;
	const char *iface;
	struct lr_ip own[2]; /* IPv4, IPv6; family 0: none */
	json_t *checks;
};

/* What is asked: who it is for people, the packet, and the game, or NULL. */
struct question {
	const char *check, *game;
	struct lr_firewall_packet packet;
	bool any_port; /* the port stands for all that no rule names */
	bool tunnel;
};

/* --- one question --- */

static const char *protocol_name(uint8_t protocol)
{
	return protocol == IPPROTO_UDP ? "udp" : protocol == IPPROTO_TCP ? "tcp" : "icmp";
}

static void ask(struct run *r, const struct question *q)
{
	static const char *const names[] = {[LR_FIREWALL_PASSES] = "passes",
		[LR_FIREWALL_DROPS] = "drops",
		[LR_FIREWALL_UNSURE] = "unsure"};
	const struct lr_firewall_packet *p = &q->packet;
	char mend[LR_FIREWALL_MEND] = "";
	char *rule = NULL;

	if (json_array_size(r->checks) >= CHECKS_MOST)
		return;
	struct lr_firewall_verdict v = lr_firewall_judge(r->fw, p);
	if (v.table) {
		rule = lr_rulesets_words(&v);
		lr_firewall_mend(&v, p->to.family, q->tunnel ? NULL : r->iface, p->port, mend);
	}
	json_t *o = json_object();
	lr_json_put_str(o, LR_K_CHECK, q->check);
	lr_json_put_str(o, LR_K_GAME, q->game);
	lr_json_put_int(o, LR_K_IP_VERSION, p->to.family);
	lr_json_put_str(o, LR_K_PROTOCOL, protocol_name(p->protocol));
	lr_json_put(o, LR_K_PORT, q->any_port ? NULL : json_integer(p->port));
	lr_json_put_str(o, LR_K_VERDICT, names[v.is]);
	lr_json_put_str(o, LR_K_RULE, rule);
	lr_json_put_str(o, LR_K_MEND, *mend ? mend : NULL);
	json_array_append_new(r->checks, o);
	free(rule);
}

/* --- what members send --- */

/* Another address of our network, as a member's. */
static struct lr_ip neighbour(struct lr_ip own)
{
	own.b[own.family == 4 ? 3 : 15] ^= 1;
	return own;
}

static struct lr_ip address(const char *text)
{
	struct lr_ip ip = {0};

	return lr_ip_parse(text, &ip) == 0 ? ip : (struct lr_ip){0};
}

/* From a member to `to`, family 0: to ourselves, in the family `version`. */
static void from_member(struct run *r, const char *check, const char *game, unsigned version,
	struct lr_ip to, uint8_t protocol, uint16_t port)
{
	const struct lr_ip own = r->own[version == 6];
	uint16_t any = port ? port : lr_firewall_unnamed_port(r->fw);
	bool ping = protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
	struct question q = {.check = check,
		.game = game,
		.any_port = !port,
		.packet = {.iface = r->iface,
			.from = neighbour(own),
			.to = to.family ? to : own,
			.cast = LR_CAST_UNICAST,
			.protocol = protocol,
			.port = ping ? 0 : any,
			.from_port = ping ? 0 : any}};

	if (!own.family)
		return;
	if (strcmp(check, "broadcast") == 0)
		q.packet.cast = LR_CAST_BROADCAST;
	else if (strcmp(check, "multicast") == 0)
		q.packet.cast = LR_CAST_MULTICAST;
	ask(r, &q);
}

static void any_game(struct run *r)
{
	static const struct {
		const char *check, *to;
		unsigned version;
		uint8_t protocol;
	} kinds[] = {
		{"unicast", "", 4, IPPROTO_UDP},
		{"broadcast", "255.255.255.255", 4, IPPROTO_UDP},
		{"multicast", "225.0.0.1", 4, IPPROTO_UDP},
		{"unicast", "", 4, IPPROTO_TCP},
		{"ping", "", 4, IPPROTO_ICMP},
		{"unicast", "", 6, IPPROTO_UDP},
		{"multicast", "ff02::114", 6, IPPROTO_UDP},
		{"ping", "", 6, IPPROTO_ICMPV6},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		from_member(r, kinds[i].check, NULL, kinds[i].version, address(kinds[i].to),
			kinds[i].protocol, 0);
}

static void of_game(struct run *r, const struct lr_game *g)
{
	static const uint8_t protocols[] = {
		[LR_GAME_UDP] = IPPROTO_UDP, [LR_GAME_TCP] = IPPROTO_TCP};
	const struct lr_ip everybody = address("255.255.255.255");

	for (unsigned i = 0; i < g->n_discovery; i++) {
		const struct lr_game_discovery *d = &g->discovery[i];
		if (!d->ports.first)
			continue;
		if (d->kind == LR_GAME_BROADCAST || d->kind == LR_GAME_SUBNET)
			from_member(
				r, "broadcast", g->name, 4, everybody, IPPROTO_UDP, d->ports.first);
		else if (d->kind == LR_GAME_MULTICAST)
			from_member(r, "multicast", g->name, d->group.family, d->group, IPPROTO_UDP,
				d->ports.first);
	}
	for (unsigned i = 0; i < g->n_ports; i++)
		from_member(r, "unicast", g->name, 4, (struct lr_ip){0},
			protocols[g->ports[i].ports.proto], g->ports[i].ports.first);
}

/* --- the tunnel --- */

static void tunnel(struct run *r, unsigned version, uint16_t port)
{
	char iface[16];
	struct question q = {.check = "tunnel",
		.tunnel = true,
		.packet = {.iface = iface,
			.cast = LR_CAST_UNICAST,
			.protocol = IPPROTO_UDP,
			.port = port,
			.from = address(version == 4 ? "192.0.2.1" : "2001:db8::1")}};

	if (lr_rulesets_outside((uint8_t)version, &q.packet.to, iface))
		ask(r, &q);
}

/* --- all --- */

static void own_addresses(struct run *r, const json_t *status)
{
	json_t *it;
	size_t i;

	json_array_foreach (json_object_get(status, LR_K_ADDRESSES), i, it) {
		struct lr_prefix p;
		if (json_is_string(it) && lr_prefix_parse(json_string_value(it), &p) == 0 &&
			!r->own[p.ip.family == 6].family &&
			!(p.ip.family == 6 && p.ip.b[0] == 0xfe))
			r->own[p.ip.family == 6] = p.ip;
	}
}

static void ask_all(struct run *r, const json_t *status, const struct lr_games *games)
{
	json_int_t port = json_integer_value(json_object_get(status, LR_K_LISTEN_PORT));
	json_t *it;
	size_t i;

	any_game(r);
	json_array_foreach (json_object_get(status, LR_K_GAMES), i, it) {
		const struct lr_game *g =
			json_is_string(it) ? lr_games_find(games, json_string_value(it), NULL)
					   : NULL;
		if (g)
			of_game(r, g);
	}
	if (port > 0 && port <= UINT16_MAX) {
		tunnel(r, 4, (uint16_t)port);
		tunnel(r, 6, (uint16_t)port);
	}
}

json_t *lr_firewall_check(const json_t *status, const struct lr_games *games)
{
	struct lr_err err = {0};
	struct lr_firewall *fw = lr_rulesets_read(&err);
	struct run r = {.fw = fw,
		.iface = json_string_value(json_object_get(status, LR_K_IFACE)),
		.checks = json_array()};
	json_t *o = json_object();

	if (fw && r.iface) {
		own_addresses(&r, status);
		ask_all(&r, status, games);
	}
	lr_json_put_str(o, LR_K_ERROR, fw ? NULL : err.text);
	lr_json_put(o, LR_K_CHECKS, r.checks);
	lr_firewall_free(fw);
	return o;
}
