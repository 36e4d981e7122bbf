/*
 * party_https.c - which relays speak TLS
 *
 * Theory of operation. On port 443 TLS is tried first, and plain HTTP when the relay has none: what
 * is said is sealed and signed in any case, TLS is for the networks in between. A relay that has
 * spoken TLS once is never again spoken to without it, else whoever sits in between could have us
 * do so and read which party we are of. That is kept in our state, and told to others by a flag of
 * the charter and of invites, LR_CHARTER_TLS and LR_INVITE_TLS: all their relays on port 443
 * speak TLS. Nothing takes it back: a relay that gives TLS up is met under another name or port.
 */
#include <string.h>

#include "lib/node/party_inside.h"
#include "terms.h"

#define HTTPS_PORT 443

static bool on_port(const struct lr_place *place)
{
	char host[LR_PLACE_TEXT];

	return lr_place_split(place, host) == HTTPS_PORT;
}

bool lr_https_wanted(const struct lr_party_relay *r)
{
	return on_port(&r->place) && (r->tls || !r->plain);
}

void lr_https_spoken(struct lr_party_relay *r)
{
	r->party->save |= !r->tls;
	r->tls = true;
}

bool lr_https_give_up(struct lr_party_relay *r, const struct lr_helper_answer *a, const char **why)
{
	bool none = a->line && json_is_false(json_object_get(a->line, LR_K_TLS));

	if (none && r->tls && why)
		*why = "no TLS is spoken there, as it was before: without it nothing is said";
	r->plain = none && !r->tls;
	return r->plain;
}

void lr_https_told(struct lr_party *p, const struct lr_place *places, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct lr_party_relay *r = lr_sync_find(p, &places[i]);
		if (r && on_port(&r->place))
			r->tls = true;
	}
}

bool lr_https_all(const struct lr_party *p)
{
	bool all = false;

	for (unsigned i = 0; i < p->n_relays; i++) {
		const struct lr_party_relay *r = &p->relays[i];
		if (r->former || !on_port(&r->place))
			continue;
		if (!r->tls)
			return false;
		all = true;
	}
	return all;
}

json_t *lr_https_export(const struct lr_party *p)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < p->n_relays; i++)
		if (p->relays[i].tls)
			json_array_append_new(list, json_string(p->relays[i].place.text));
	return list;
}

void lr_https_import(struct lr_party *p, const json_t *list)
{
	const json_t *one;
	size_t i;

	json_array_foreach (list, i, one) {
		const char *text = json_string_value(one);
		struct lr_place place;
		if (text && lr_place_parse(text, strlen(text), &place) == 0)
			lr_https_told(p, &place, 1);
	}
}
