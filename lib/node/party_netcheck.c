/*
 * party_netcheck.c - what this machine's network lets through, as far as the party has found out
 */
#include <string.h>

#include "lib/node/party_inside.h"
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
	lr_party_put_endpoint(o, LR_K_OUTSIDE, &got->at);
	lr_json_put(o, LR_K_LIFETIME_S, has ? json_integer(got->lifetime_s) : NULL);
	lr_json_put(o, LR_K_DOUBLE_NAT, has ? json_boolean(got->double_nat) : NULL);
	lr_json_put(o, LR_K_ATTEMPTS, attempts_json(got));
	return o;
}

/* --- all of it --- */

json_t *lr_party_netcheck(const struct lr_party *p)
{
	const struct lr_nat *nat = &p->host.nat;
	bool known = nat->mapping || nat->filtering || nat->flags;
	bool v4 = false, v6 = false, tcp = false;
	char text[LR_NAT_TEXT];
	json_t *o = json_object();

	for (unsigned i = 0; i < p->n_relays; i++) {
		const struct lr_party_relay *r = &p->relays[i];
		bool udp = lr_channel_bound(r) && !lr_channel_streams(r);
		v4 |= udp && r->at.sa.sa_family == AF_INET;
		v6 |= udp && r->at.sa.sa_family == AF_INET6;
		tcp |= lr_channel_streams(r);
	}
	lr_json_put(o, LR_K_UDP,
		v4 || v6 ? json_true()
		: tcp    ? json_false()
		: known  ? json_boolean(!(nat->flags & LR_NAT_BLOCKED))
			 : NULL);
	lr_json_put(o, LR_K_IPV4, v4 ? json_true() : NULL);
	lr_json_put(o, LR_K_IPV6, v6 ? json_true() : NULL);
	lr_json_put_str(o, LR_K_NAT, lr_nat_text(nat, text));
	lr_json_put_str(o, LR_K_MAPPING, lr_behaviour_name(nat->mapping));
	lr_json_put_str(o, LR_K_FILTERING, lr_behaviour_name(nat->filtering));
	lr_json_put(o, LR_K_HAIRPIN, known ? json_boolean(nat->flags & LR_NAT_HAIRPIN) : NULL);
	lr_party_put_endpoint(o, LR_K_OUTSIDE, &p->behave.mapped);
	lr_json_put(o, LR_K_PORT_MAPPING, lr_party_map_json(p));
	lr_json_put(o, LR_K_CANDIDATES, lr_party_candidates_json(&p->host.own));
	lr_json_put(o, LR_K_RELAYS, lr_party_relays_json(p));
	return o;
}
