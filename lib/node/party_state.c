/*
 * party_state.c - parties/NAME.json: a party as it is taken up again
 *
 *   {"name":..., "nick":..., "hidden": bool, "host_secret":..., "relays": [TEXT...],
 *    "tls_relays": those that have spoken TLS,
 *    "guests": [...], "leases": [...], "listen_port": the tunnel's when guests know it, else 0,
 *    and what lib/party/roster_json.c writes}
 *
 * Mode 0600: it holds the party's secret and, at the host, the host key. Two parties of one name
 * have two files: the second has the beginning of its id behind the name.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/state.h"
#include "lib/net/nick.h"
#include "lib/node/party_guests.h"
#include "terms.h"

#define STATE_MAX (2u << 20)
#define SUFFIX    ".json"

/* ------------------------------------------------------------------ files */

static int folder(char out[PATH_MAX], bool make, struct lr_err *err)
{
	char dir[PATH_MAX - 16];

	if (lr_state_dir(dir, sizeof(dir), err) < 0)
		return -1;
	snprintf(out, PATH_MAX, "%s/parties", dir);
	return make ? lr_make_dirs(out, 0700, err) : 0;
}

static int path_of(const char *file, char out[PATH_MAX], bool make, struct lr_err *err)
{
	char dir[PATH_MAX];

	if (folder(dir, make, err) < 0)
		return -1;
	if (snprintf(out, PATH_MAX, "%s/%s" SUFFIX, dir, file) >= PATH_MAX)
		return lr_err_set(err, LR_EXIT_USAGE, "%s: the name is too long", dir);
	return 0;
}

/* NULL with `err`; errno ENOENT when there is no such file. */
static json_t *read_state(const char *file, struct lr_err *err)
{
	char path[PATH_MAX];
	size_t len;
	json_t *o;

	if (path_of(file, path, false, err) < 0)
		return NULL;
	char *text = lr_read_file(path, STATE_MAX, &len, err);
	if (!text)
		return NULL;
	o = lr_json_parse(text, len, err);
	lr_wipe(text, len);
	free(text);
	errno = EBADMSG;
	if (o && !json_is_object(o)) {
		json_decref(o);
		o = NULL;
	}
	if (!o)
		lr_err_set(err, LR_EXIT_USAGE,
			"%s: is damaged (it is left as it is; move it away to join anew)", path);
	return o;
}

static bool id_of(const json_t *o, uint8_t id[LR_PARTY_ID_LEN])
{
	bool bad = false;
	const char *text = lr_json_str(o, LR_K_ID, &bad);

	return !bad && text && lr_party_id_parse(text, strlen(text), id) == 0;
}

/* ------------------------------------------------------------------ writing */

static json_t *export(const struct lr_party *p)
{
	json_t *o = lr_roster_export(p->roster), *relays = json_array();
	char secret[LR_SIGN_SECRET_LEN * 2];

	lr_json_put_str(o, LR_K_NAME, p->name);
	lr_json_put_str(o, LR_K_NICK, p->nick);
	lr_json_put_bool(o, LR_K_HIDDEN, p->hide);
	if (p->hosted)
		lr_json_put_str(o, LR_K_HOST_SECRET,
			lr_base64url(p->host_secret, sizeof(p->host_secret), secret));
	lr_wipe(secret, sizeof(secret));
	for (unsigned i = 0; i < p->n_relays; i++)
		if (!p->relays[i].former)
			json_array_append_new(relays, json_string(p->relays[i].place.text));
	lr_json_put(o, LR_K_RELAYS, relays);
	lr_json_put(o, LR_K_TLS_RELAYS, lr_https_export(p));
	lr_json_put(o, LR_K_GUESTS, lr_guests_export(p));
	lr_json_put(o, LR_K_LEASES, lr_leases_export(p));
	lr_json_put_int(o, LR_K_LISTEN_PORT, p->guest_port);
	return o;
}

static int write_state(struct lr_party *p, const char *text, size_t len, struct lr_err *err)
{
	char path[PATH_MAX];

	if (path_of(p->file, path, true, err) < 0)
		return -1;
	int lock = lr_lock_file(path, err);
	if (lock < 0)
		return -1;
	int r = lr_replace_file(path, text, len, 0600, err);
	close(lock);
	return r;
}

void lr_party_save(struct lr_party *p)
{
	uint8_t digest[LR_HASH_LEN];
	struct lr_err err;
	json_t *o = p->roster ? export(p) : NULL;
	char *text = o ? lr_json_text(o) : NULL;

	p->save = false;
	p->save_ns = LR_NEVER;
	json_decref(o);
	if (!text)
		return;
	size_t len = strlen(text);
	lr_digest(digest, sizeof(digest), NULL, 0, &(struct lr_span){text, len}, 1);
	if (memcmp(digest, p->saved, sizeof(digest)) != 0) {
		if (write_state(p, text, len, &err) == 0)
			memcpy(p->saved, digest, sizeof(digest));
		else
			lr_log(LR_LOG_ERROR, "%s: %s", p->node->iface, err.text);
	}
	lr_wipe(text, len);
	free(text);
}

/* ------------------------------------------------------------------ reading */

int lr_party_set_nick(struct lr_party *p, const char *nick, struct lr_err *err)
{
	const char *fault = lr_nick_fault(nick);

	if (!fault && strlen(nick) >= LR_MEMBER_NAME)
		fault = "is longer than 32 bytes";
	if (fault)
		return lr_err_set(err, LR_EXIT_USAGE, "%.80s: the name %s", nick, fault);
	memset(p->nick, 0, sizeof(p->nick));
	memcpy(p->nick, nick, strlen(nick));
	return 0;
}

static int new_roster(struct lr_party *p, const uint8_t id[LR_PARTY_ID_LEN], struct lr_err *err)
{
	const struct lr_roster_hooks hooks = {p, lr_party_event};

	p->roster = lr_roster_new(id, lr_wg_private_key(p->node->wg), &hooks);
	if (!p->roster)
		return lr_err_set(err, LR_EXIT_FAILED, "out of memory");
	return 0;
}

static void add_places(struct lr_party *p, const struct lr_place *places, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		lr_sync_add(p, &places[i]);
}

static void add_invited(struct lr_party *p)
{
	add_places(p, p->invite.relays, p->invite.n_relays);
	if (p->invite.flags & LR_INVITE_TLS)
		lr_https_told(p, p->invite.relays, p->invite.n_relays);
}

/* What the state file says besides the roster. */
static int import_own(struct lr_party *p, const json_t *o, struct lr_err *err)
{
	bool bad = false;
	const char *secret = lr_json_str(o, LR_K_HOST_SECRET, &bad);
	const char *name = lr_json_str(o, LR_K_NAME, &bad);
	const char *nick = lr_json_str(o, LR_K_NICK, &bad);
	const json_t *relays = json_object_get(o, LR_K_RELAYS), *v;
	size_t i;

	int64_t port = lr_json_int(o, LR_K_LISTEN_PORT, 0, &bad);

	p->hide = lr_json_bool(o, LR_K_HIDDEN, false, &bad);
	if (bad || !name || !lr_party_name_ok(name) || port < 0 || port > UINT16_MAX)
		return lr_err_set(err, LR_EXIT_USAGE, "name, nick, host key or port is not one");
	p->guest_port = (uint16_t)port;
	memcpy(p->name, name, strlen(name) + 1);
	if (nick && lr_party_set_nick(p, nick, err) < 0)
		return -1;
	if (secret) {
		p->hosted = lr_base64url_parse(secret, strlen(secret), p->host_secret,
				    sizeof(p->host_secret)) == 0;
		if (!p->hosted)
			return lr_err_set(err, LR_EXIT_USAGE, "the host key is not one");
	}
	json_array_foreach (relays, i, v) {
		struct lr_place place;
		const char *text = json_string_value(v);
		if (text && lr_place_parse(text, strlen(text), &place) == 0)
			lr_sync_add(p, &place);
	}
	lr_https_import(p, json_object_get(o, LR_K_TLS_RELAYS));
	if (lr_leases_import(p, json_object_get(o, LR_K_LEASES), err) < 0)
		return -1;
	return lr_guests_import(p, json_object_get(o, LR_K_GUESTS), err);
}

static int import(struct lr_party *p, const json_t *o, struct lr_err *err)
{
	uint8_t id[LR_PARTY_ID_LEN];
	struct lr_err why = {0};

	if (id_of(o, id) && new_roster(p, id, err) == 0 && import_own(p, o, &why) == 0 &&
		lr_roster_import(p->roster, o, lr_party_now(p), &why) == 0)
		return 0;
	return lr_err_set(err, LR_EXIT_USAGE,
		"party %s: the state is damaged: %s (move it away to join anew)", p->file,
		why.text[0] ? why.text : "there is no id in it");
}

/* The file of the party `id` called `name`: one that is there, else a free one. 1: it is there. */
static int find_file(
	struct lr_party *p, const char *name, const uint8_t *id, json_t **state, struct lr_err *err)
{
	char text[LR_PARTY_ID_TEXT];
	uint8_t there[LR_PARTY_ID_LEN];

	lr_party_id_text(id, text);
	for (int second = 0; second < 2; second++) {
		struct lr_err why = {0};
		snprintf(p->file, sizeof(p->file), second ? "%s-%.6s" : "%s", name, text);
		*state = read_state(p->file, &why);
		if (!*state && errno != ENOENT) {
			if (err)
				*err = why;
			return -1;
		}
		if (!*state)
			return 0;
		if (id_of(*state, there) && memcmp(there, id, sizeof(there)) == 0)
			return 1;
		json_decref(*state);
		*state = NULL;
	}
	return lr_err_set(err, LR_EXIT_USAGE, "%s: two other parties have that name", name);
}

/* ------------------------------------------------------------------ the three beginnings */

static int sign_first_charter(struct lr_party *p, const struct lr_party_options *o,
	const uint8_t id[LR_PARTY_ID_LEN], struct lr_err *err)
{
	struct lr_charter *c = calloc(1, sizeof(*c));
	uint8_t *bytes = malloc(LR_CHARTER_MAX);
	int len = -ENOMEM;

	if (c && bytes) {
		c->flags = o->hide_all ? LR_CHARTER_HIDE : 0;
		c->epoch = 1;
		c->number = 1;
		memcpy(c->id, id, LR_PARTY_ID_LEN);
		memcpy(c->access_public, lr_roster_keys(p->roster)->access_public, LR_KEY_LEN);
		c->pool = lr_keys_pool(id, o->alternative_pool);
		c->n_relays = o->n_relays;
		memcpy(c->relays, o->relays, o->n_relays * sizeof(*o->relays));
		len = lr_charter_sign(c, p->host_secret, bytes);
		if (len > 0 && lr_roster_charter(p->roster, bytes, (size_t)len, 0) < 0)
			len = -EINVAL;
	}
	free(c);
	free(bytes);
	if (len < 0)
		return lr_err_set(err, LR_EXIT_FAILED, "the charter: %s", strerror(-len));
	return 0;
}

static int found(struct lr_party *p, const struct lr_party_options *o, struct lr_err *err)
{
	uint8_t id[LR_PARTY_ID_LEN], secret[LR_SECRET_LEN];
	json_t *state;

	if (!o->name || !lr_party_name_ok(o->name))
		return lr_err_set(err, LR_EXIT_USAGE,
			"%.40s: no name of a party: 1 to 32 letters, digits, - _ . are needed",
			o->name ? o->name : "");
	if (o->n_relays < 1 || o->n_relays > LR_PLACES_MAX)
		return lr_err_set(err, LR_EXIT_USAGE, "a party has 1 to %u relays", LR_PLACES_MAX);
	memcpy(p->name, o->name, strlen(o->name) + 1);
	lr_sign_keypair(id, p->host_secret);
	p->hosted = true;
	if (find_file(p, p->name, id, &state, err) < 0 || new_roster(p, id, err) < 0)
		return -1;
	struct lr_prefix pool = lr_keys_pool(id, o->alternative_pool);
	lr_random(secret, sizeof(secret));
	lr_roster_enter(p->roster, 1, secret, &pool);
	lr_wipe(secret, sizeof(secret));
	add_places(p, o->relays, o->n_relays);
	if (sign_first_charter(p, o, id, err) < 0)
		return -1;
	for (unsigned i = 0; i < p->n_relays; i++)
		p->relays[i].want |= 1u << LR_SYNC_CHARTER;
	return 0;
}

int lr_party_enter(struct lr_party *p, struct lr_err *err)
{
	const struct lr_invite *v = &p->invite;
	json_t *state;
	int there = find_file(p, v->name, v->id, &state, err);
	int r = there;

	if (there == 1) {
		char nick[LR_MEMBER_NAME];
		memcpy(nick, p->nick, sizeof(nick));
		r = import(p, state, err);
		json_decref(state);
		if (nick[0])
			memcpy(p->nick, nick, sizeof(nick));
	} else if (there == 0) {
		r = new_roster(p, v->id, err);
	}
	if (r < 0)
		return -1;
	memcpy(p->name, v->name, strlen(v->name) + 1);
	if (v->flags & LR_INVITE_HIDE)
		p->hide = true;
	add_invited(p);
	struct lr_prefix pool = lr_keys_pool(v->id, v->flags & LR_INVITE_POOL);
	lr_roster_enter(p->roster, v->epoch, v->secret, &pool); /* a newer epoch stays */
	return lr_party_begin(p, err);
}

static int resume(struct lr_party *p, const struct lr_party_options *o, struct lr_err *err)
{
	if (!o->name || strchr(o->name, '/') || strlen(o->name) >= sizeof(p->file))
		return lr_err_set(
			err, LR_EXIT_USAGE, "%.40s: no name of a party", o->name ? o->name : "");
	memcpy(p->file, o->name, strlen(o->name) + 1);
	json_t *state = read_state(p->file, err);
	if (!state) {
		if (errno == ENOENT)
			lr_err_set(err, LR_EXIT_USAGE, "%s: no party of that name is known here",
				p->file);
		return -1;
	}
	int r = import(p, state, err);
	json_decref(state);
	return r == 0 && o->n_relays ? lr_move_begin(p, o->relays, o->n_relays, err) : r;
}

int lr_party_load(struct lr_party *p, const struct lr_party_options *o, struct lr_err *err)
{
	if (o->nick && lr_party_set_nick(p, o->nick, err) < 0)
		return -1;
	if (o->start == LR_PARTY_JOIN) {
		p->invite = *o->invite;
		p->hide = o->hide;
		if (!(p->invite.flags & LR_INVITE_TOKEN))
			return lr_party_enter(p, err);
		add_invited(p);
		for (unsigned i = 0; i < p->n_relays && i < 1; i++)
			p->relays[i].want |= 1u << LR_SYNC_CLAIM;
		p->claiming = true;
		return 0;
	}
	int r = o->start == LR_PARTY_FOUND ? found(p, o, err) : resume(p, o, err);
	if (r < 0)
		return -1;
	if (o->nick && lr_party_set_nick(p, o->nick, err) < 0)
		return -1;
	p->hide = p->hide || o->hide || o->hide_all;
	p->new_host = o->start == LR_PARTY_FOUND;
	return lr_party_begin(p, err);
}

void lr_party_default_nick(struct lr_party *p)
{
	char host[LR_MEMBER_NAME] = "";

	if (p->nick[0])
		return;
	if (gethostname(host, sizeof(host) - 1) < 0 || lr_party_set_nick(p, host, NULL) < 0)
		lr_party_set_nick(p, "lanrage", NULL);
}

/* ------------------------------------------------------------------ all parties */

static bool look_at(const char *dir, const char *entry, struct lr_party_known *out)
{
	size_t len = strlen(entry), suffix = strlen(SUFFIX);
	char path[PATH_MAX];
	struct lr_err err;
	struct stat st;

	if (len <= suffix || strcmp(entry + len - suffix, SUFFIX) != 0 ||
		len - suffix >= sizeof(out->name) ||
		snprintf(path, sizeof(path), "%s/%s", dir, entry) >= (int)sizeof(path))
		return false;
	memset(out, 0, sizeof(*out));
	memcpy(out->name, entry, len - suffix);
	json_t *o = read_state(out->name, &err);
	bool good = o && id_of(o, out->id) && stat(path, &st) == 0;
	if (good) {
		out->hosted = json_is_string(json_object_get(o, LR_K_HOST_SECRET));
		out->changed_unix_ns =
			(uint64_t)st.st_mtim.tv_sec * LR_NS_PER_S + (uint64_t)st.st_mtim.tv_nsec;
	}
	json_decref(o);
	return good;
}

static int newest_first(const void *a, const void *b)
{
	const struct lr_party_known *x = a, *y = b;

	return x->changed_unix_ns < y->changed_unix_ns   ? 1
	       : x->changed_unix_ns > y->changed_unix_ns ? -1
							 : 0;
}

int lr_party_list(struct lr_party_known **out, struct lr_err *err)
{
	char dir[PATH_MAX];
	int n = 0, room = 0;
	const struct dirent *e;

	*out = NULL;
	if (folder(dir, false, err) < 0)
		return -1;
	DIR *d = opendir(dir);
	if (!d)
		return errno == ENOENT
			       ? 0
			       : lr_err_set(err, LR_EXIT_FAILED, "%s: %s", dir, strerror(errno));
	while ((e = readdir(d))) {
		if (n == room) {
			room = room ? 2 * room : 8;
			struct lr_party_known *wide =
				reallocarray(*out, (size_t)room, sizeof(*wide));
			if (!wide)
				break;
			*out = wide;
		}
		n += look_at(dir, e->d_name, &(*out)[n]);
	}
	closedir(d);
	if (n)
		qsort(*out, (size_t)n, sizeof(**out), newest_first);
	return n;
}
