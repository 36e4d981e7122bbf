/*
 * party_report.c - a party as JSON, and the requests of the control socket about it
 */
#include <string.h>

#include "lib/node/node_book.h"
#include "lib/node/party_guests.h"
#include "lib/node/report.h"
#include "terms.h"

/* ------------------------------------------------------------------ status */

static void put_nat(json_t *o, const struct lr_nat *nat)
{
	char text[LR_NAT_TEXT];

	lr_json_put_str(o, LR_K_NAT, lr_nat_text(nat, text));
}

static json_t *relay_json(const struct lr_party_relay *r)
{
	json_t *o = json_object();
	bool bound = lr_channel_bound(r);

	lr_json_put_str(o, LR_K_RELAY, r->place.text);
	lr_report_put_endpoint(o, LR_K_ENDPOINT, &r->at);
	lr_json_put_bool(o, LR_K_FORMER, r->former);
	lr_json_put_bool(o, LR_K_CONNECTED, r->answered && !r->failures);
	lr_json_put_str(o, LR_K_PROTOCOL, !bound ? NULL : lr_channel_streams(r) ? "tcp" : "udp");
	lr_json_put(o, LR_K_CHANNEL, bound ? json_integer(r->bind.channel) : NULL);
	lr_json_put(o, LR_K_RTT_US, bound ? json_integer(r->bind.rtt_us) : NULL);
	lr_report_put_endpoint(o, LR_K_OUTSIDE, &r->seen);
	lr_json_put_str(o, LR_K_ERROR, r->error[0] ? r->error : NULL);
	return o;
}

json_t *lr_party_relays_json(const struct lr_party *p)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < p->n_relays; i++)
		if (!lr_move_given_up(&p->relays[i]))
			json_array_append_new(list, relay_json(&p->relays[i]));
	return list;
}

json_t *lr_party_status(const struct lr_party *p)
{
	json_t *o = json_object();
	char text[LR_ADDR_TEXT], id[LR_PARTY_ID_TEXT];

	lr_json_put_str(o, LR_K_PARTY, p->name[0] ? p->name : NULL);
	lr_json_put_bool(o, LR_K_READY, p->phase == LR_PARTY_READY);
	lr_json_put_bool(o, LR_K_HOSTED, p->hosted);
	lr_json_put_bool(o, LR_K_HIDDEN, p->hide);
	lr_json_put_str(o, LR_K_REDUNDANT, lr_redundant_name(p->node->redundant));
	if (p->roster) {
		const struct lr_epoch_keys *keys = lr_roster_keys(p->roster);
		struct lr_prefix pool = lr_roster_pool(p->roster), ula = lr_roster_ula(p->roster);
		lr_json_put_str(o, LR_K_ID, lr_party_id_text(lr_roster_id(p->roster), id));
		lr_json_put_int(o, LR_K_EPOCH, keys ? keys->epoch : 0);
		lr_json_put_int(o, LR_K_MEMBERS, (int64_t)lr_roster_count(p->roster) + 1);
		lr_json_put_str(o, LR_K_POOL, lr_prefix_text(&pool, text));
		lr_json_put_str(o, LR_K_ULA, lr_prefix_text(&ula, text));
	}
	put_nat(o, &p->host.nat);
	lr_report_put_endpoint(o, LR_K_OUTSIDE, lr_party_outside(p));
	lr_json_put(o, LR_K_PORT_MAPPING, lr_party_map_json(p));
	lr_json_put(o, LR_K_RELAYS, lr_party_relays_json(p));
	lr_json_put(o, LR_K_GUESTS, lr_guests_json(p));
	return o;
}

/* ------------------------------------------------------------------ a member */

json_t *lr_party_candidates_json(const struct lr_candidates *list)
{
	json_t *out = json_array();
	char text[LR_CANDIDATE_TEXT];

	for (int i = 0; i < list->n; i++)
		json_array_append_new(out, json_string(lr_candidate_text(&list->at[i], text)));
	return out;
}

json_t *lr_party_path(const struct lr_party *p, const struct lr_wg_peer *peer)
{
	const struct lr_party_member *k = lr_party_member_of(p, peer);

	return k ? lr_report_path(&k->reach) : NULL;
}

static bool goes_over_tcp(const struct lr_party *p, const struct lr_endpoint *relay)
{
	for (unsigned i = 0; i < p->n_relays; i++)
		if (lr_channel_streams(&p->relays[i]) && lr_endpoint_equal(&p->relays[i].at, relay))
			return true;
	return false;
}

void lr_party_why(const struct lr_party_member *k, struct lr_explain *out)
{
	lr_reach_explain(&k->reach, lr_party_now(k->party), out);
	out->over_tcp = out->route.channel && goes_over_tcp(k->party, &out->route.to);
}

json_t *lr_party_explain(const struct lr_party *p, const struct lr_wg_peer *peer)
{
	const struct lr_party_member *k = lr_party_member_of(p, peer);
	char key[LR_KEY_TEXT], text[LR_EXPLAIN_TEXT];
	struct lr_explain e = {.reason = LR_REASON_STOCK, .direct = true};
	const struct lr_node_peer *own = peer->owner;
	const char *name = own && own->name[0] ? own->name : lr_key_text(peer->public_key, key);
	json_t *o = json_object();

	if (k)
		lr_party_why(k, &e);
	else
		e.route.to = peer->endpoint;
	lr_json_put_str(o, LR_K_PEER, name);
	lr_json_put_str(o, LR_K_TEXT, lr_explain_text(&e, name, text));
	lr_json_put_str(o, LR_K_PUBLIC_KEY, lr_key_text(peer->public_key, key));
	lr_json_put_str(o, LR_K_REASON, lr_reason_name(e.reason));
	lr_json_put(o, LR_K_PATH, k ? lr_report_path(&k->reach) : NULL);
	lr_json_put(o, LR_K_CANDIDATES,
		k ? lr_party_candidates_json(&k->reach.peer_list) : json_array());
	if (k)
		put_nat(o, &k->reach.peer_nat);
	lr_json_put(o, LR_K_PORT_MAPPING, lr_party_map_json(p));
	return o;
}

static const char *state_name(enum lr_member_state state)
{
	return state == LR_MEMBER_LIVE ? "live" : state == LR_MEMBER_LAPSED ? "lapsed" : "left";
}

json_t *lr_party_members(const struct lr_party *p)
{
	json_t *list = json_array();
	char key[LR_KEY_TEXT], ip[LR_ADDR_TEXT];

	for (const struct lr_member *m = p->roster ? lr_roster_first(p->roster) : NULL; m;
		m = lr_roster_next(p->roster, m)) {
		json_t *o = json_object();
		bool has = m->r.address.family != 0;
		lr_json_put_str(o, LR_K_PEER, m->r.name);
		lr_json_put_str(o, LR_K_PUBLIC_KEY, lr_key_text(m->r.public_key, key));
		lr_json_put_str(o, LR_K_ADDRESS, has ? lr_ip_text(&m->r.address, ip) : NULL);
		lr_json_put_str(o, LR_K_ADDRESS6, has ? lr_ip_text(&m->address6, ip) : NULL);
		lr_json_put_str(o, LR_K_STATE, state_name(m->state));
		lr_json_put_bool(o, LR_K_HIDDEN, m->r.hidden);
		lr_json_put_int(o, LR_K_EPOCH, m->epoch);
		json_array_append_new(list, o);
	}
	return list;
}

/* ------------------------------------------------------------------ requests */

static json_t *yes(json_t *o)
{
	if (o)
		lr_json_put_bool(o, LR_K_OK, true);
	return o;
}

/* The peer that "peer" names; NULL with `err`. */
static struct lr_wg_peer *named(struct lr_node *node, const json_t *request, struct lr_err *err)
{
	struct lr_node_book b;
	bool bad = false;
	const char *name = lr_json_str(request, LR_K_PEER, &bad);
	struct lr_wg_peer *peer = NULL;

	if (!name) {
		lr_err_set(err, LR_EXIT_USAGE, "\"peer\" is missing");
		return NULL;
	}
	lr_node_book_init(&b, node);
	peer = lr_book_find(&b.book, name, err).who;
	lr_node_book_release(&b);
	return peer;
}

static int put_invite(json_t *o, const struct lr_party *p, struct lr_err *err)
{
	char text[LR_INVITE_TEXT];
	int r = lr_party_invite(p, text, err);

	if (r == 0)
		lr_json_put_str(o, LR_K_INVITE, text);
	lr_wipe(text, sizeof(text));
	return r;
}

static json_t *answer_invite(struct lr_node *node, const json_t *request, struct lr_err *err)
{
	bool bad = false;
	int64_t uses = lr_json_int(request, LR_K_USES, 0, &bad);
	int64_t life = lr_json_int(request, LR_K_LIFE_S, 0, &bad);
	char text[LR_INVITE_TEXT];
	json_t *o = json_object();
	int r;

	if (bad || uses < 0 || uses > 255 || life < 0) {
		r = lr_err_set(err, LR_EXIT_USAGE, "\"uses\" is 1 to 255, \"life_s\" seconds");
	} else if (uses || life) {
		r = lr_party_offer(node->party, uses ? (unsigned)uses : 255,
			life ? (uint64_t)life : LR_OFFER_MAX_S, text, err);
		if (r == 0)
			lr_json_put_str(o, LR_K_INVITE, text);
		lr_wipe(text, sizeof(text));
	} else {
		r = put_invite(o, node->party, err);
	}
	if (r == 0)
		return o;
	json_decref(o);
	return NULL;
}

/* The name may be that of a guest whom another member has. */
static void explain_unknown(struct lr_node *node, const json_t *request, struct lr_err *err)
{
	bool bad = false;
	const char *name = lr_json_str(request, LR_K_PEER, &bad);
	const struct lr_member *hub = name ? lr_guest_hub_of(node->party, name) : NULL;

	if (hub)
		lr_err_set(err, LR_EXIT_FAILED,
			"%.64s: is a guest of %s: `lr-peer kick` there takes it away", name,
			hub->r.name);
}

static json_t *answer_kick(struct lr_node *node, const json_t *request, struct lr_err *err)
{
	struct lr_wg_peer *peer = named(node, request, err);
	uint8_t key[LR_KEY_LEN];
	char text[LR_KEY_TEXT];
	struct lr_err ignored;
	json_t *o;

	if (!peer) {
		explain_unknown(node, request, err);
		return NULL;
	}
	const struct lr_node_peer *own = peer->owner;
	if (own && own->guest)
		return lr_guest_answer_kick(own->guest);
	memcpy(key, peer->public_key, sizeof(key)); /* the peer goes */
	o = json_object();
	lr_json_put_str(o, LR_K_PEER, own && own->name[0] ? own->name : lr_key_text(key, text));
	if (lr_party_kick(node->party, key, err) < 0) {
		json_decref(o);
		return NULL;
	}
	put_invite(o, node->party, &ignored);
	return o;
}

static json_t *answer_rename(struct lr_node *node, const json_t *request, struct lr_err *err)
{
	bool bad = false;
	const char *name = lr_json_str(request, LR_K_NAME, &bad);
	json_t *o;

	if (!name) {
		lr_err_set(err, LR_EXIT_USAGE, "\"name\" is missing");
		return NULL;
	}
	if (lr_party_rename(node->party, name, err) < 0)
		return NULL;
	o = json_object();
	lr_json_put_str(o, LR_K_NAME, name);
	return o;
}

static json_t *answer_party(struct lr_node *node, const json_t *request, struct lr_err *err)
{
	(void)request;
	(void)err;
	return lr_party_status(node->party);
}

static json_t *answer_members(struct lr_node *node, const json_t *request, struct lr_err *err)
{
	json_t *o = json_object();
	(void)request;
	(void)err;
	lr_json_put(o, LR_K_MEMBERS, lr_party_members(node->party));
	return o;
}

static json_t *answer_netcheck(struct lr_node *node, const json_t *request, struct lr_err *err)
{
	(void)request;
	(void)err;
	return lr_party_netcheck(node->party);
}

static json_t *answer_explain(struct lr_node *node, const json_t *request, struct lr_err *err)
{
	const struct lr_wg_peer *peer = named(node, request, err);

	return peer ? lr_party_explain(node->party, peer) : NULL;
}

json_t *lr_party_answer(struct lr_node *node, const json_t *request, bool *mine)
{
	static const struct {
		const char *verb;
		json_t *(*run)(struct lr_node *, const json_t *, struct lr_err *);
	} verbs[] = {
		{"invite", answer_invite},
		{"kick", answer_kick},
		{"guest", lr_guest_answer},
		{"rename", answer_rename},
		{"party", answer_party},
		{"members", answer_members},
		{"netcheck", answer_netcheck},
		{"explain", answer_explain},
	};
	const char *verb = json_string_value(json_object_get(request, LR_K_DO));
	struct lr_err err = {.exit = LR_EXIT_FAILED};

	*mine = false;
	for (size_t i = 0; verb && i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verb, verbs[i].verb) != 0)
			continue;
		*mine = true;
		if (!node->party) {
			lr_err_set(
				&err, LR_EXIT_FAILED, "%s: this node is in no party", node->iface);
			return lr_book_no(&err);
		}
		json_t *o = verbs[i].run(node, request, &err);
		return o ? yes(o) : lr_book_no(&err);
	}
	return NULL;
}
