/*
 * party_move.c - the party meets at other relays than before
 *
 * Theory of operation. The host signs a charter of the next number that names them, and gives it to
 * them first: until one has taken it nobody is told and nothing is saved, so a name that was
 * mistyped changes nothing. Then all relays get it, those of before too: who comes back later
 * learns of it there, and who is there moves by itself.
 *
 * A relay that the charter names no more is *former*. It is used as the others are for as long as
 * this node runs and it answers; after FORMER_TRIES failures in a row it is left alone, and the
 * next start knows only those of the charter. New invites and our state name no former one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/node/party_inside.h"

#define FORMER_TRIES 12 /* with the pauses of party_sync.c some four minutes */

/* --- former relays --- */

static bool names(const struct lr_place *list, unsigned n, const struct lr_place *place)
{
	for (unsigned i = 0; i < n; i++)
		if (strcmp(list[i].text, place->text) == 0)
			return true;
	return false;
}

bool lr_move_former(const struct lr_party *p, const struct lr_place *place)
{
	const struct lr_charter *rules = p->roster ? lr_roster_rules(p->roster) : NULL;

	return rules && !names(rules->relays, rules->n_relays, place);
}

void lr_move_charter(struct lr_party *p)
{
	const struct lr_charter *rules = lr_roster_rules(p->roster);

	for (unsigned i = 0; i < p->n_relays; i++) {
		struct lr_party_relay *r = &p->relays[i];
		bool former = lr_move_former(p, &r->place);
		if (r->former && !former)
			r->failures = 0;
		r->former = former;
	}
	for (unsigned i = 0; i < rules->n_relays; i++)
		lr_sync_add(p, &rules->relays[i]);
	if (rules->flags & LR_CHARTER_TLS)
		lr_https_told(p, rules->relays, rules->n_relays);
}

bool lr_move_given_up(const struct lr_party_relay *r)
{
	return r->former && r->failures >= FORMER_TRIES;
}

bool lr_move_rests(const struct lr_party_relay *r)
{
	return lr_move_given_up(r) || (r->party->moving && r->former);
}

struct lr_party_relay *lr_move_room(struct lr_party *p)
{
	if (p->n_relays < LR_PARTY_RELAYS)
		return &p->relays[p->n_relays++];
	for (unsigned i = 0; i < p->n_relays; i++) {
		struct lr_party_relay *r = &p->relays[i];
		if (!r->former || r->busy || r->resolving)
			continue;
		lr_channel_release(r);
		p->reroute = true;
		return r;
	}
	return NULL;
}

struct lr_party_relay *lr_move_first(struct lr_party *p)
{
	for (unsigned i = 0; i < p->n_relays; i++)
		if (!p->relays[i].former)
			return &p->relays[i];
	return &p->relays[0];
}

/* --- the host moves the party --- */

/* The charter that names them, in force here. 0 or -errno. */
static int sign(struct lr_party *p, const struct lr_place *places, unsigned n)
{
	struct lr_charter *c = malloc(sizeof(*c));
	uint8_t *bytes = malloc(LR_CHARTER_MAX);
	int r = -ENOMEM;

	if (c && bytes) {
		*c = *lr_roster_rules(p->roster);
		lr_charter_fold(c);
		c->n_relays = n;
		memcpy(c->relays, places, n * sizeof(*places));
		c->flags &= (uint8_t)~LR_CHARTER_TLS; /* of the new ones it is not known yet */
		r = lr_charter_sign(c, p->host_secret, bytes);
	}
	if (r > 0)
		r = lr_roster_charter(p->roster, bytes, (size_t)r, lr_party_now(p));
	free(c);
	free(bytes);
	return r < 0 ? r : 0;
}

static bool same(const struct lr_charter *rules, const struct lr_place *places, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (!names(rules->relays, rules->n_relays, &places[i]))
			return false;
	return n == rules->n_relays;
}

int lr_move_begin(struct lr_party *p, const struct lr_place *places, unsigned n, struct lr_err *err)
{
	const struct lr_charter *rules = lr_roster_rules(p->roster);
	struct lr_place before[LR_PARTY_RELAYS];
	unsigned n_before = p->n_relays;
	json_t *tls;

	if (!p->hosted || !rules)
		return lr_err_set(err, LR_EXIT_FAILED,
			"%s: only who hosts a party can change its relays", p->name);
	if (same(rules, places, n))
		return 0;
	for (unsigned i = 0; i < n_before; i++)
		before[i] = p->relays[i].place;
	tls = lr_https_export(p);
	p->n_relays = 0; /* nothing has begun yet: the new ones come first */
	for (unsigned i = 0; i < n; i++)
		lr_sync_add(p, &places[i]);
	for (unsigned i = 0; i < n_before; i++)
		lr_sync_add(p, &before[i]);
	lr_https_import(p, tls);
	json_decref(tls);
	p->moving = true;
	int r = sign(p, places, n);
	if (r < 0)
		return lr_err_set(err, LR_EXIT_FAILED, "the charter: %s", strerror(-r));
	for (unsigned i = 0; i < p->n_relays; i++)
		p->relays[i].want |= 1u << LR_SYNC_CHARTER;
	return 0;
}

void lr_move_done(struct lr_party_relay *taken)
{
	struct lr_party *p = taken->party;

	if (!p->moving || taken->former)
		return;
	p->moving = false;
	lr_log(LR_LOG_NOTE,
		"the party '%s' meets at %s from now on; members learn it at the relays of before, "
		"for as long as those answer; `lr-peer invite` prints the new invite",
		p->name, taken->place.text);
	lr_party_up(p);
}
