/*
 * book.c - finding a peer by what a person calls it, and the requests about peers
 */
#include "lib/node/book.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/node/report.h"
#include "terms.h"

#define CANDIDATES_SHOWN 5

json_t *lr_book_yes(void)
{
	json_t *answer = json_object();

	lr_json_put_bool(answer, LR_K_OK, true);
	return answer;
}

json_t *lr_book_no(const struct lr_err *err)
{
	json_t *answer = json_object();

	lr_json_put_bool(answer, LR_K_OK, false);
	lr_json_put_int(answer, LR_K_EXIT, err->exit ? err->exit : LR_EXIT_FAILED);
	lr_json_put_str(answer, LR_K_ERROR, err->text);
	return answer;
}

json_t *lr_book_take(json_t *answer, struct lr_err *err)
{
	bool bad = false;

	if (json_is_true(json_object_get(answer, LR_K_OK))) {
		json_object_del(answer, LR_K_OK);
		return answer;
	}
	const char *text = lr_json_str(answer, LR_K_ERROR, &bad);
	int64_t code = lr_json_int(answer, LR_K_EXIT, LR_EXIT_FAILED, &bad);
	lr_err_set(err, code > 0 && code < 126 ? (enum lr_exit)code : LR_EXIT_FAILED, "%s",
		text ? text : "the node refused and did not say why");
	json_decref(answer);
	return NULL;
}

/* --- what a person calls a peer --- */

struct matches {
	struct lr_book_peer first;
	unsigned n;
	char list[CANDIDATES_SHOWN * (LR_NAME_MAX + LR_KEY_TEXT + 8)];
};

static void add_match(struct matches *m, const struct lr_book_peer *p)
{
	char key[LR_KEY_TEXT];
	size_t at = strlen(m->list);

	if (m->n++ == 0)
		m->first = *p;
	if (m->n > CANDIDATES_SHOWN)
		return;
	lr_key_text(p->public_key, key);
	snprintf(m->list + at, sizeof(m->list) - at, "%s%.*s...%s%s%s", at ? ", " : "", 12, key,
		*p->name ? " (" : "", p->name, *p->name ? ")" : "");
}

static void match_names(const struct lr_book *b, const char *name, struct matches *m)
{
	for (struct lr_book_peer p = b->next(b->ctx, NULL); p.who; p = b->next(b->ctx, p.who))
		if (*p.name && strcmp(p.name, name) == 0)
			add_match(m, &p);
}

static void match_keys(const struct lr_book *b, const char *text, struct matches *m)
{
	size_t len = strlen(text);
	char key[LR_KEY_TEXT];

	if (len < LR_BOOK_PREFIX_MIN || len >= LR_KEY_TEXT)
		return;
	for (struct lr_book_peer p = b->next(b->ctx, NULL); p.who; p = b->next(b->ctx, p.who))
		if (strncmp(lr_key_text(p.public_key, key), text, len) == 0)
			add_match(m, &p);
}

static bool has_address(const struct lr_config_peer *p, const struct lr_ip *ip)
{
	for (size_t i = 0; i < p->n_allowed; i++)
		if (p->allowed[i].len == lr_ip_bits(ip) && lr_ip_equal(&p->allowed[i].ip, ip))
			return true;
	return false;
}

static void match_addresses(const struct lr_book *b, const char *text, struct matches *m)
{
	struct lr_ip ip;

	if (lr_ip_parse(text, &ip) != 0)
		return;
	for (struct lr_book_peer p = b->next(b->ctx, NULL); p.who; p = b->next(b->ctx, p.who)) {
		const struct lr_config_peer *value = b->view(b->ctx, p.who);
		if (value && has_address(value, &ip))
			add_match(m, &p);
	}
}

/* The first of the four meanings that fits any peer. */
static void match(const struct lr_book *b, const char *name, struct matches *m)
{
	uint8_t key[LR_KEY_LEN];

	memset(m, 0, sizeof(*m));
	match_names(b, name, m);
	if (m->n == 0 && lr_key_parse(name, key) == 0) {
		m->first = b->find(b->ctx, key);
		m->n = m->first.who != NULL;
		return;
	}
	if (m->n == 0)
		match_keys(b, name, m);
	if (m->n == 0)
		match_addresses(b, name, m);
}

static int ambiguous(const struct matches *m, const char *name, struct lr_err *err)
{
	return lr_err_set(err, LR_EXIT_FAILED, "%.64s: %u peers fit: %s%s", name, m->n, m->list,
		m->n > CANDIDATES_SHOWN ? ", ..." : "");
}

struct lr_book_peer lr_book_find(const struct lr_book *b, const char *name, struct lr_err *err)
{
	struct matches m;

	match(b, name, &m);
	if (m.n == 1)
		return m.first;
	if (m.n == 0)
		lr_err_set(err, LR_EXIT_FAILED,
			"%.64s: no such peer (`lr-peer list` shows those there are)", name);
	else
		ambiguous(&m, name, err);
	return (struct lr_book_peer){0};
}

/* --- requests --- */

static json_t *peer_object(struct lr_book *b, void *who, bool detail)
{
	const struct lr_config_peer *p = b->view(b->ctx, who);

	return p ? lr_report_peer(p, b->live(b->ctx, who), lr_now(), detail) : NULL;
}

static int no_memory(struct lr_err *err)
{
	return lr_err_set(err, LR_EXIT_FAILED, "out of memory");
}

/* "names": a list of texts, or absent. */
static int check_names(const json_t *names, struct lr_err *err)
{
	size_t i;
	json_t *name;

	if (names && !json_is_null(names) && !json_is_array(names))
		return lr_err_set(err, LR_EXIT_USAGE, "names: not a list");
	json_array_foreach ((json_t *)names, i, name)
		if (!json_is_string(name))
			return lr_err_set(err, LR_EXIT_USAGE, "names: not all are texts");
	return 0;
}

static json_t *answer_peers(struct lr_book *b, const json_t *request, struct lr_err *err)
{
	const json_t *names = json_object_get(request, LR_K_NAMES);
	bool bad = false, detail = lr_json_bool(request, LR_K_DETAIL, false, &bad);
	size_t i;
	json_t *name;

	if (check_names(names, err) != 0)
		return NULL;
	json_t *list = json_array();
	json_array_foreach ((json_t *)names, i, name) {
		struct lr_book_peer p = lr_book_find(b, json_string_value(name), err);
		if (!p.who) {
			json_decref(list);
			return NULL;
		}
		json_array_append_new(list, peer_object(b, p.who, detail));
	}
	if (!json_is_array(names))
		for (struct lr_book_peer p = b->next(b->ctx, NULL); p.who;
			p = b->next(b->ctx, p.who))
			json_array_append_new(list, peer_object(b, p.who, detail));
	json_t *answer = lr_book_yes();
	lr_json_put(answer, LR_K_PEERS, list);
	return answer;
}

/* An object without `public_key` is about a peer that we have; lr-ipam prints such. The
 * copy that is returned names the key. */
static json_t *with_key(struct lr_book *b, const json_t *obj, struct lr_err *err)
{
	bool bad = false;
	const char *name = lr_json_str(obj, LR_K_PEER, &bad);
	const char *key = lr_json_str(obj, LR_K_PUBLIC_KEY, &bad);
	char text[LR_KEY_TEXT];
	uint8_t raw[LR_KEY_LEN];

	if (bad) {
		lr_err_set(err, LR_EXIT_FAILED, "peer and public_key must be texts");
		return NULL;
	}
	json_t *copy = json_copy((json_t *)obj);
	if (key) {
		if (name && strcmp(name, key) == 0) /* a lease that was made for a key */
			json_object_del(copy, LR_K_PEER);
		return copy;
	}
	json_object_del(copy, LR_K_PEER);
	if (name && lr_key_parse(name, raw) == 0) {
		lr_json_put_str(copy, LR_K_PUBLIC_KEY, name);
		return copy;
	}
	struct matches m = {0};
	if (name)
		match(b, name, &m);
	if (m.n == 1) {
		lr_json_put_str(copy, LR_K_PUBLIC_KEY, lr_key_text(m.first.public_key, text));
		return copy;
	}
	json_decref(copy);
	if (!name)
		lr_err_set(err, LR_EXIT_FAILED, "neither peer nor public_key: nothing to go by");
	else if (m.n > 1)
		ambiguous(&m, name, err);
	else
		lr_err_set(err, LR_EXIT_FAILED, "no peer \"%.64s\", and no public_key to add one",
			name);
	return NULL;
}

/* We are not a peer of ourselves; a nickname means one peer. */
static int check_new(struct lr_book *b, const struct lr_config_peer *p, struct lr_err *err)
{
	char key[LR_KEY_TEXT];

	if (b->has_own_key && memcmp(p->public_key, b->own_key, LR_KEY_LEN) == 0)
		return lr_err_set(err, LR_EXIT_FAILED, "%s: this is our own key",
			lr_key_text(p->public_key, key));
	if (!*p->name)
		return 0;
	struct matches m = {0};
	match_names(b, p->name, &m);
	if (m.n && memcmp(m.first.public_key, p->public_key, LR_KEY_LEN) != 0)
		return lr_err_set(err, LR_EXIT_FAILED, "%s: another peer has this name: %s",
			p->name, lr_key_text(m.first.public_key, key));
	return 0;
}

static json_t *peer_answer(struct lr_book *b, void *who, struct lr_err *err)
{
	json_t *obj = peer_object(b, who, false);

	if (!obj) {
		no_memory(err);
		return NULL;
	}
	json_t *answer = lr_book_yes();
	lr_json_put(answer, LR_K_PEER, obj);
	return answer;
}

/* Our own lease or list entry comes along in a pipe; it is no peer and no mistake. */
static bool is_ourselves(struct lr_book *b, const json_t *obj)
{
	bool bad = false;
	const char *name = lr_json_str(obj, LR_K_PEER, &bad);
	const char *key = lr_json_str(obj, LR_K_PUBLIC_KEY, &bad);
	char own[LR_KEY_TEXT];

	if (b->has_own_key && key)
		return strcmp(key, lr_key_text(b->own_key, own)) == 0;
	return !key && name && *b->own_name && strcmp(name, b->own_name) == 0;
}

static json_t *answer_set(struct lr_book *b, const json_t *request, struct lr_err *err)
{
	const json_t *obj = json_object_get(request, LR_K_PEER);
	struct lr_config_peer p = {0};
	json_t *answer = NULL;

	if (!json_is_object(obj)) {
		lr_err_set(err, LR_EXIT_FAILED, "peer: not an object");
		return NULL;
	}
	if (is_ourselves(b, obj)) {
		answer = lr_book_yes();
		lr_json_put(answer, LR_K_PEER, NULL);
		return answer;
	}
	json_t *whole = with_key(b, obj, err);
	if (!whole)
		return NULL;
	if (lr_config_peer_from_json(&p, whole, err) == 0 && check_new(b, &p, err) == 0 &&
		b->set(b->ctx, &p, err) == 0)
		answer = peer_answer(b, b->find(b->ctx, p.public_key).who, err);
	lr_config_peer_release(&p);
	json_decref(whole);
	return answer;
}

static json_t *answer_remove(struct lr_book *b, const json_t *request, struct lr_err *err)
{
	const char *name = json_string_value(json_object_get(request, LR_K_PEER));

	if (!name) {
		lr_err_set(err, LR_EXIT_FAILED, "peer: not a text");
		return NULL;
	}
	struct lr_book_peer p = lr_book_find(b, name, err);
	if (!p.who)
		return NULL;
	json_t *answer = peer_answer(b, p.who, err);
	if (answer && b->remove(b->ctx, p.who, err) < 0) {
		json_decref(answer);
		return NULL;
	}
	return answer;
}

/* Takes out of `c` every peer that was not named. */
static int keep_named(
	struct lr_book *b, const json_t *names, struct lr_config *c, struct lr_err *err)
{
	struct lr_config all = *c;
	size_t i;
	json_t *name;
	int rc = 0;

	c->peers = NULL;
	c->n_peers = c->room_peers = 0;
	json_array_foreach ((json_t *)names, i, name) {
		struct lr_book_peer p = lr_book_find(b, json_string_value(name), err);
		struct lr_config_peer *old = p.who ? lr_config_find_peer(&all, p.public_key) : NULL;
		if (!old) {
			rc = -1;
			break;
		}
		if (lr_config_find_peer(c, p.public_key)) /* named twice */
			continue;
		struct lr_config_peer *kept = lr_config_add_peer(c, p.public_key);
		if (!kept) {
			rc = no_memory(err);
			break;
		}
		*kept = *old;
		old->allowed = NULL;
		old->n_allowed = 0;
	}
	all.addresses = NULL;
	lr_config_release(&all);
	return rc;
}

static json_t *answer_config(struct lr_book *b, const json_t *request, struct lr_err *err)
{
	const json_t *names = json_object_get(request, LR_K_NAMES);
	bool bad = false, with_private = lr_json_bool(request, LR_K_PRIVATE, false, &bad);
	struct lr_config c;
	json_t *answer = NULL;

	if (check_names(names, err) != 0)
		return NULL;
	if (b->config(b->ctx, &c) != 0) {
		no_memory(err);
		return NULL;
	}
	if (!json_is_array(names) || keep_named(b, names, &c, err) == 0) {
		answer = lr_book_yes();
		lr_json_put(answer, LR_K_CONFIG, lr_config_json(&c, with_private));
	}
	lr_config_release(&c);
	return answer;
}

json_t *lr_book_answer(struct lr_book *b, const json_t *request, bool *mine)
{
	static const struct {
		const char *verb;
		json_t *(*answer)(struct lr_book *, const json_t *, struct lr_err *);
	} verbs[] = {
		{"peers", answer_peers},
		{"peer-set", answer_set},
		{"peer-remove", answer_remove},
		{"config", answer_config},
	};
	const char *verb = json_string_value(json_object_get(request, LR_K_DO));
	struct lr_err err = {0};

	*mine = false;
	for (size_t i = 0; verb && i < sizeof(verbs) / sizeof(*verbs); i++) {
		if (strcmp(verb, verbs[i].verb) != 0)
			continue;
		*mine = true;
		json_t *answer = verbs[i].answer(b, request, &err);
		return answer ? answer : lr_book_no(&err);
	}
	return NULL;
}
