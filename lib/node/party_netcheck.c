/*
 * party_netcheck.c - what this machine's network lets through, as far as the party has found out
 */
#include <string.h>

#include "lib/node/party_inside.h"
#include "lib/node/report.h"
#include "terms.h"

/* --- the port of the home router --- */

static const char *map_state(const struct lr_party *p)
{
	const struct lr_party_map *m = &p->map;

	if (m->off || p->hide)
		return "off";
	if (m->got.at.sa.sa_family != AF_UNSPEC)
		return "mapped";
	return m->id || !m->failures ? "asking" : "none";
}

static json_t *attempts_json(const struct lr_mapping *got)
{
	json_t *list = json_array();

	for (int i = 0; i < LR_MAPPING_PROTOCOLS && got->attempts[i].by[0]; i++) {
		json_t *o = json_object();
		lr_json_put_str(o, LR_K_BY, got->attempts[i].by);
		lr_json_put_str(o, LR_K_ERROR, got->attempts[i].error);
		json_array_append_new(list, o);
	}
	return list;
}

json_t *lr_party_map_json(const struct lr_party *p)
{
	const struct lr_mapping *got = &p->map.got;
	bool has = got->at.sa.sa_family != AF_UNSPEC;
	json_t *o = json_object();

	lr_json_put_str(o, LR_K_STATE, map_state(p));
	lr_json_put_str(o, LR_K_BY, has ? got->by : NULL);
	lr_report_put_endpoint(o, LR_K_OUTSIDE, &got->at);
	lr_json_put(o, LR_K_LIFETIME_S, has ? json_integer(got->lifetime_s) : NULL);
	lr_json_put(o, LR_K_DOUBLE_NAT, has ? json_boolean(got->double_nat) : NULL);
	lr_json_put(o, LR_K_ATTEMPTS, attempts_json(got));
	return o;
}

/* --- UDP, and either family --- */

/* Whether datagrams get out and back in a family. */
static json_t *passes(const struct lr_party *p, unsigned f)
{
	const struct lr_party_stun *s = &p->stun[f];
	sa_family_t af = f == LR_IPV4 ? AF_INET : AF_INET6;
	bool have = false, yes = s->find.mapped.sa.sa_family != AF_UNSPEC;

	for (unsigned i = 0; i < p->n_relays; i++)
		yes |= lr_channel_bound(&p->relays[i]) && !lr_channel_streams(&p->relays[i]) &&
		       p->relays[i].at.sa.sa_family == af;
	for (size_t i = 0; i < p->n_lans; i++)
		have |= p->lans[i].ip.family == (f == LR_IPV4 ? 4 : 6);
	if (yes)
		return json_true();
	return !have || (s->tried && !s->running) ? json_false() : NULL;
}

static json_t *udp(const struct lr_party *p)
{
	json_t *four = passes(p, LR_IPV4), *six = passes(p, LR_IPV6);

	if (json_is_true(four) || json_is_true(six))
		return json_true();
	return four && six ? json_false() : NULL;
}

static void put_nat(json_t *o, const char *key, const struct lr_nat *nat, bool known)
{
	char text[LR_NAT_TEXT];

	lr_json_put_str(o, key, known ? lr_nat_text(nat, text) : NULL);
}

/* The largest IP packet that got to a member, whichever way: what our line takes at least. */
static unsigned path_mtu(const struct lr_party *p)
{
	unsigned most = 0;

	for (const struct lr_party_member *k = p->members; k; k = k->next)
		for (int i = 0; i < LR_PATHS; i++) {
			const struct lr_path *path = &k->reach.paths.at[i];
			unsigned size = path->pmtu.proven + lr_route_overhead(&path->route);
			if (path->state == LR_PATH_ALIVE && path->pmtu.proven && size > most)
				most = size;
		}
	return most;
}

/* --- all of it --- */

json_t *lr_party_netcheck(const struct lr_party *p)
{
	const struct lr_nat *nat = &p->host.nat;
	const struct lr_party_stun *six = &p->stun[LR_IPV6];
	bool known = nat->mapping || nat->filtering || nat->flags;
	unsigned size = path_mtu(p);
	json_t *o = json_object();

	lr_json_put(o, LR_K_UDP, udp(p));
	lr_json_put(o, LR_K_IPV4, passes(p, LR_IPV4));
	lr_json_put(o, LR_K_IPV6, passes(p, LR_IPV6));
	put_nat(o, LR_K_NAT, nat, true);
	put_nat(o, LR_K_NAT6, &six->find.nat, six->find.mapped.sa.sa_family != AF_UNSPEC);
	lr_json_put_str(o, LR_K_MAPPING, lr_behaviour_name(nat->mapping));
	lr_json_put_str(o, LR_K_FILTERING, lr_behaviour_name(nat->filtering));
	lr_json_put(o, LR_K_HAIRPIN, known ? json_boolean(nat->flags & LR_NAT_HAIRPIN) : NULL);
	lr_report_put_endpoint(o, LR_K_OUTSIDE, &p->stun[LR_IPV4].find.mapped);
	lr_report_put_endpoint(o, LR_K_OUTSIDE6, &six->find.mapped);
	lr_json_put(o, LR_K_PATH_MTU, size ? json_integer(size) : NULL);
	lr_json_put(o, LR_K_PORT_MAPPING, lr_party_map_json(p));
	lr_json_put(o, LR_K_CANDIDATES, lr_party_candidates_json(&p->host.own));
	lr_json_put(o, LR_K_RELAYS, lr_party_relays_json(p));
	return o;
}
