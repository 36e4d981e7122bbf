/*
 * host.c - see host.h
 */
#include "lib/node/host.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/state.h"
#include "lib/io/child.h"
#include "lib/io/netlink_routes.h"
#include "lib/node/client.h"
#include "lib/node/host_moved.h"
#include "terms.h"

/* A relay that refuses is asked again for so long (design: "The programs", Fixed). */
enum { RELAY_MS = 3000 };
/* A router that knows the protocols answers within two round trips and a search (SSDP MX 1). */
enum { ROUTER_MS = 2500 };
enum { IFACES = 100 };

/* --- what was asked for --- */

static int parse_relays(struct lr_host *h, const char *list, struct lr_err *err)
{
	for (const char *at = list;; at++) {
		size_t len = strcspn(at, ",");
		if (h->n_relays == LR_PLACES_MAX)
			return lr_err_set(
				err, LR_EXIT_USAGE, "--relay: at most %d relays", LR_PLACES_MAX);
		if (lr_place_parse(at, len, &h->relays[h->n_relays]) != 0)
			return lr_err_set(err, LR_EXIT_USAGE,
				"--relay: '%.*s' is not HOST or HOST:PORT",
				(int)(len < 80 ? len : 80), at);
		h->n_relays++;
		at += len;
		if (!*at)
			return 0;
	}
}

static int parse(struct lr_host *h, const struct lr_host_ask *ask, struct lr_err *err)
{
	if (ask->relays && parse_relays(h, ask->relays, err) != 0)
		return -1;
	if (ask->outside && lr_place_parse(ask->outside, strlen(ask->outside), &h->outside) != 0)
		return lr_err_set(err, LR_EXIT_USAGE, "--public: '%.80s' is not HOST or HOST:PORT",
			ask->outside);
	return 0;
}

static const struct lr_party_known *known_by_name(const struct lr_host *h, const char *name)
{
	for (int i = 0; i < h->n_known; i++)
		if (strcmp(h->known[i].name, name) == 0)
			return &h->known[i];
	return NULL;
}

static bool is_known(const struct lr_host *h, const uint8_t id[LR_PARTY_ID_LEN])
{
	for (int i = 0; i < h->n_known; i++)
		if (memcmp(h->known[i].id, id, LR_PARTY_ID_LEN) == 0)
			return true;
	return false;
}

/* The party hosted here that was used last. */
static const struct lr_party_known *hosted_last(const struct lr_host *h)
{
	for (int i = 0; i < h->n_known; i++)
		if (h->known[i].hosted)
			return &h->known[i];
	return NULL;
}

/* 0, or -1 with `err` when a node runs that party. */
static int not_running(const uint8_t id[LR_PARTY_ID_LEN], struct lr_err *err)
{
	struct lr_client_node *nodes = NULL;
	int n = lr_client_list(&nodes, NULL), rc = 0;
	char text[LR_PARTY_ID_TEXT];

	lr_party_id_text(id, text);
	for (int i = 0; i < n && rc == 0; i++) {
		struct lr_client *c = lr_client_open(nodes[i].iface, NULL);
		json_t *o = c ? lr_client_ask(c, lr_client_request("party"), NULL) : NULL;
		const char *its = json_string_value(json_object_get(o, LR_K_ID));
		const char *name = json_string_value(json_object_get(o, LR_K_PARTY));
		if (its && strcmp(its, text) == 0)
			rc = lr_err_set(err, LR_EXIT_FAILED,
				"the party '%s' runs already, on %s: `lr-peer invite` prints its "
				"invite, `lr-up --new` begins another",
				name ? name : "", nodes[i].iface);
		json_decref(o);
		lr_client_close(c);
	}
	free(nodes);
	return rc;
}

/* --- a new party's name --- */

/* What of `text` can be in a party's name. */
static void as_name(const char *text, char out[LR_PARTY_NAME])
{
	size_t n = 0;

	for (; *text && n < LR_PARTY_NAME - 4; text++) {
		char one[2] = {*text, '\0'};
		if ((n || (*text != '-' && *text != '.')) &&
			(lr_party_name_ok(one) || *text == '-' || *text == '.'))
			out[n++] = *text;
	}
	out[n] = '\0';
	if (!n)
		snprintf(out, LR_PARTY_NAME, "lan");
}

static void choose_name(struct lr_host *h)
{
	char host[256] = "", base[LR_PARTY_NAME];

	if (!h->ask.nick && gethostname(host, sizeof(host) - 1) == 0)
		host[strcspn(host, ".")] = '\0';
	as_name(h->ask.nick ? h->ask.nick : host, base);
	snprintf(h->name, sizeof(h->name), "%s", base);
	for (unsigned n = 2; known_by_name(h, h->name); n++)
		snprintf(h->name, sizeof(h->name), "%.*s-%u", LR_PARTY_NAME - 6, base, n);
}

/* --- the helper --- */

/* It loads for longer than a node takes to start, and meanwhile the connection to the relay can be
 * made. */
static void start_helper(struct lr_host *h)
{
	const struct lr_invite *v = h->ask.invite;
	struct lr_endpoint at;
	bool known = v && v->n_relays && lr_place_endpoint(&v->relays[0], &at);
	char path[PATH_MAX];

	lr_child_program("lr-meet", path);
	lr_helper_start_early(&h->helper, path, known ? &at : NULL);
}

/* --- which party --- */

static void found_new(struct lr_host *h)
{
	h->start = LR_PARTY_FOUND;
	choose_name(h);
}

int lr_host_plan(struct lr_host *h, const struct lr_host_ask *ask, struct lr_err *err)
{
	const struct lr_party_known *known = NULL;

	memset(h, 0, sizeof(*h));
	h->ask = *ask;
	start_helper(h);
	if (parse(h, ask, err) != 0)
		return -1;
	h->n_known = lr_party_list(&h->known, err);
	if (h->n_known < 0)
		return -1;
	if (ask->invite) {
		h->start = LR_PARTY_JOIN;
		return ask->invite->flags & LR_INVITE_TOKEN ? 0 : not_running(ask->invite->id, err);
	}
	if (ask->party && !(known = known_by_name(h, ask->party)))
		return lr_err_set(err, LR_EXIT_USAGE,
			"%.60s: neither an invite (lr://...) nor a party that is known here",
			ask->party);
	if (!known && !ask->fresh)
		known = hosted_last(h);
	found_new(h);
	if (!known)
		return 0;
	h->start = LR_PARTY_RESUME;
	memcpy(h->name, known->name, sizeof(h->name));
	return not_running(known->id, err);
}

/* --- a relay of our own --- */

/* "$LR_STATE_DIR/relays/ID", which is there when the party has its relay on this machine. */
static int relay_folder(const char *id, char out[PATH_MAX], struct lr_err *err)
{
	char dir[PATH_MAX - 64];

	if (lr_state_dir(dir, sizeof(dir), err) != 0)
		return -1;
	snprintf(out, PATH_MAX, "%s/relays/%.*s", dir, LR_PARTY_ID_TEXT, id);
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void remove_folder(const char *path)
{
	nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void tell_reach(const struct lr_host_places *p, uint16_t port)
{
	char at[LR_ADDR_TEXT];

	if (p->outside)
		return;
	lr_ip_text(&p->at, at);
	if (!p->routed)
		lr_log(LR_LOG_NOTE,
			"only the network around %s can join: this machine has no way to the "
			"internet; `lr-up --relay HOST` uses a relay elsewhere",
			at);
	else
		lr_log(LR_LOG_NOTE,
			"nobody outside your network can join: let the router forward TCP and UDP "
			"port %u to %s and start `lr-up --new --public ADDRESS`, or use a relay "
			"elsewhere: `lr-up --relay HOST`",
			port, at);
}

/* The places of a relay on `port`; asks the router when that helps. */
static int own_places(struct lr_host *h, struct lr_node *node, uint16_t port,
	struct lr_host_places *p, struct lr_err *err)
{
	struct lr_place mapped;

	if (lr_host_places_find(p, port, err) != 0)
		return -1;
	if (h->ask.outside)
		lr_host_places_add(p, &h->outside);
	else if (!h->ask.no_map && !p->outside && p->routed && p->at.family == 4)
		h->map = lr_host_map_start(&node->loop, port, ROUTER_MS, &mapped);
	if (h->map)
		lr_host_places_add(p, &mapped);
	return 0;
}

static int start_relay(struct lr_host *h, struct lr_node *node, uint16_t port, struct lr_err *err)
{
	json_t *status = lr_party_status(h->party);
	const char *id = json_string_value(json_object_get(status, LR_K_ID));
	uint8_t bytes[LR_PARTY_ID_LEN];
	int rc = -1;

	if (!id || lr_party_id_parse(id, strlen(id), bytes) != 0)
		lr_err_set(err, LR_EXIT_FAILED, "out of memory");
	else if (relay_folder(id, h->relay_folder, err) == 0)
		h->relay = lr_host_relay_start(&node->loop, bytes, port, err);
	if (h->relay)
		rc = 0;
	json_decref(status);
	return rc;
}

/* --- opening --- */

static struct lr_party *open_party(struct lr_host *h, struct lr_node *node,
	const struct lr_place *relays, unsigned n, bool alternative, struct lr_err *err)
{
	const struct lr_party_options o = {
		.start = h->start,
		.name = h->start == LR_PARTY_JOIN ? NULL : h->name,
		.invite = h->ask.invite,
		.relays = relays,
		.n_relays = n,
		.nick = h->ask.nick,
		.hide = h->ask.hide || h->ask.hide_all,
		.hide_all = h->ask.hide_all,
		.no_map = h->ask.no_map,
		.alternative_pool = alternative,
		.budget = h->ask.budget,
		.helper = &h->helper,
	};

	return lr_party_open(node, &o, err);
}

/* Whether the usual pool meets a route of this machine. */
static bool pool_is_taken(const struct lr_node *node)
{
	static const uint8_t any[LR_PARTY_ID_LEN];
	struct lr_prefix pool = lr_keys_pool(any, false);
	struct lr_met_route met;

	return lr_routes_meeting(&pool, node->iface, &met, 1, NULL) > 0;
}

static int found_party(struct lr_host *h, struct lr_node *node, struct lr_err *err)
{
	struct lr_host_places own = {0};
	const struct lr_place *relays = h->relays;
	unsigned n = h->n_relays;
	uint16_t port = 0;

	if (!n) {
		port = lr_host_relay_port(err);
		if (!port || own_places(h, node, port, &own, err) != 0)
			return -1;
		relays = own.places;
		n = own.n;
	}
	h->party = open_party(h, node, relays, n, pool_is_taken(node), err);
	if (!h->party)
		return -1;
	if (!port)
		return 0;
	if (start_relay(h, node, port, err) != 0)
		return -1;
	tell_reach(&own, port);
	return 0;
}

/* Whether `place` is one of the party's, which `status` (of lr_party_status) lists. */
static bool meets_at(const json_t *status, const struct lr_place *place)
{
	const json_t *relays = json_object_get(status, LR_K_RELAYS), *one;
	size_t i;

	json_array_foreach (relays, i, one) {
		const char *text = json_string_value(json_object_get(one, LR_K_RELAY));
		struct lr_place its;
		if (text && lr_place_parse(text, strlen(text), &its) == 0 &&
			strcmp(its.text, place->text) == 0)
			return true;
	}
	return false;
}

/* The port of a relay of ours that the party knows, at a place where this machine is still found.
 * 0: none. */
static uint16_t own_port(struct lr_host *h, struct lr_node *node, const json_t *status,
	struct lr_host_places *own, struct lr_err *err)
{
	const json_t *relays = json_object_get(status, LR_K_RELAYS), *one;
	uint16_t tried = 0;
	size_t i;

	json_array_foreach (relays, i, one) {
		const char *text = json_string_value(json_object_get(one, LR_K_RELAY));
		char host[LR_PLACE_TEXT];
		struct lr_place place;
		if (!text || lr_place_parse(text, strlen(text), &place) != 0)
			continue;
		uint16_t port = lr_place_split(&place, host);
		if (port != tried && !h->map && own_places(h, node, port, own, err) != 0)
			return 0;
		tried = port;
		for (unsigned k = 0; k < own->n; k++)
			if (meets_at(status, &own->places[k]))
				return port;
	}
	return 0;
}

/* Why the party that was hosted cannot go on, for the person who hosts. */
static int begin_anew(struct lr_host *h, struct lr_node *node, const char *why, struct lr_err *err)
{
	char old[sizeof(h->name)];

	memcpy(old, h->name, sizeof(old));
	lr_party_close(h->party);
	h->party = NULL;
	lr_host_map_stop(h->map);
	h->map = NULL;
	found_new(h);
	lr_log(LR_LOG_NOTE, "the party '%s' %s: a new one is founded, '%s'", old, why, h->name);
	return found_party(h, node, err);
}

static int resume_own(
	struct lr_host *h, struct lr_node *node, const json_t *status, struct lr_err *err)
{
	struct lr_host_places own = {0};
	uint16_t port = own_port(h, node, status, &own, err);

	if (!port || (h->ask.outside && !meets_at(status, &h->outside)))
		return begin_anew(h, node, "met at another address of this machine", err);
	if (!lr_host_relay_can_have(port))
		return lr_err_set(err, LR_EXIT_FAILED,
			"port %u, where the party '%s' meets, is taken by another program", port,
			h->name);
	if (start_relay(h, node, port, err) != 0)
		return -1;
	h->relay_folder[0] = '\0'; /* it was there before */
	tell_reach(&own, port);
	return 0;
}

/* The party moves away from a relay that it names still. */
static bool leaves(const json_t *status)
{
	const json_t *one;
	size_t i;

	json_array_foreach (json_object_get(status, LR_K_RELAYS), i, one)
		if (json_is_true(json_object_get(one, LR_K_FORMER)))
			return true;
	return false;
}

/* The relay on this machine that the party leaves, or has left, runs once more. Without it
 * all goes on: only who comes back later does not find the way. */
static void run_left(struct lr_host *h, struct lr_node *node, uint16_t port)
{
	struct lr_host_places own = {0};
	struct lr_err err = {0};

	if (!h->map && own_places(h, node, port, &own, &err) != 0)
		lr_log(LR_LOG_NOTE, "the relay that the party left: %s", err.text);
	else if (!lr_host_relay_can_have(port))
		lr_log(LR_LOG_NOTE, "the relay that the party left: port %u is taken", port);
	else if (start_relay(h, node, port, &err) != 0)
		lr_log(LR_LOG_NOTE, "the relay that the party left: %s", err.text);
	h->relay_folder[0] = '\0'; /* it was there before */
}

static void leave_own(
	struct lr_host *h, struct lr_node *node, const json_t *status, const char *folder)
{
	struct lr_host_places own = {0};
	struct lr_err err;

	snprintf(h->left_folder, sizeof(h->left_folder), "%s", folder);
	h->left_port = own_port(h, node, status, &own, &err);
	if (h->left_port)
		run_left(h, node, h->left_port);
	else
		h->left_port = LR_PLACE_PORT; /* nobody finds it, wherever it listens */
}

static int resume_party(struct lr_host *h, struct lr_node *node, struct lr_err *err)
{
	char folder[PATH_MAX];
	int rc = 0;

	h->party = open_party(
		h, node, h->ask.move ? h->relays : NULL, h->ask.move ? h->n_relays : 0, false, err);
	if (!h->party)
		return -1;
	json_t *status = lr_party_status(h->party);
	const char *id = json_string_value(json_object_get(status, LR_K_ID));
	bool own = id && relay_folder(id, folder, NULL) == 0 && access(folder, F_OK) == 0;
	int left = own ? lr_host_moved_port(folder) : 0;
	if (left > 0)
		run_left(h, node, (uint16_t)left);
	else if (left < 0)
		remove_folder(folder);
	else if (own && leaves(status))
		leave_own(h, node, status, folder);
	else if (own)
		rc = resume_own(h, node, status, err);
	json_decref(status);
	return rc;
}

/* Keeps the party's id: it is asked for once more when the party is gone. */
static void remember(struct lr_host *h)
{
	json_t *status = h->party ? lr_party_status(h->party) : NULL;
	const char *id = json_string_value(json_object_get(status, LR_K_ID));

	if (id && lr_party_id_parse(id, strlen(id), h->id) == 0)
		h->has_id = true;
	json_decref(status);
}

int lr_host_open(struct lr_host *h, struct lr_node *node, struct lr_err *err)
{
	int rc = 0;

	switch (h->start) {
	case LR_PARTY_FOUND:
		rc = found_party(h, node, err);
		break;
	case LR_PARTY_RESUME:
		rc = resume_party(h, node, err);
		break;
	case LR_PARTY_JOIN:
		h->party = open_party(h, node, NULL, 0, false, err);
		rc = h->party ? 0 : -1;
		break;
	}
	if (rc == 0)
		rc = lr_party_wait(h->party, RELAY_MS, err);
	if (rc == 0 && h->left_port)
		rc = lr_host_moved_write(h->left_folder, h->left_port, err);
	remember(h);
	return rc;
}

/* --- ending --- */

/* Removes the state of the party unless it was known before. */
static void forget_new(const struct lr_host *h)
{
	struct lr_party_known *now = NULL;
	int n = h->has_id && !is_known(h, h->id) ? lr_party_list(&now, NULL) : 0;
	char dir[PATH_MAX - 64], path[PATH_MAX];

	for (int i = 0; i < n && lr_state_dir(dir, sizeof(dir), NULL) == 0; i++) {
		if (memcmp(now[i].id, h->id, sizeof(h->id)) != 0)
			continue;
		snprintf(path, sizeof(path), "%s/parties/%s.json", dir, now[i].name);
		unlink(path);
		snprintf(path, sizeof(path), "%s/parties/%s.json.lock", dir, now[i].name);
		unlink(path);
	}
	free(now);
}

void lr_host_close(struct lr_host *h, bool failed)
{
	lr_helper_end_early(&h->helper);
	lr_host_relay_stop(h->relay);
	lr_host_map_stop(h->map);
	if (failed)
		forget_new(h);
	if (failed && h->relay_folder[0])
		remove_folder(h->relay_folder);
	free(h->known);
	memset(h, 0, sizeof(*h));
}

int lr_host_iface(char *out, struct lr_err *err)
{
	for (unsigned i = 0; i < IFACES; i++) {
		snprintf(out, IFNAMSIZ, "lr%u", i);
		if (if_nametoindex(out) == 0)
			return 0;
	}
	return lr_err_set(err, LR_EXIT_FAILED, "interfaces lr0 to lr%u are all in use", IFACES - 1);
}
