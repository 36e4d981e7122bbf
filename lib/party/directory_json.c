/*
 * directory_json.c - a party at the relay as one JSON object, for its state file
 *
 *   {"id":..., "charter":..., "until_s": when it is forgotten,
 *    "records": [{"record":..., "live": bool, "told": bool, "until_s": until when its version is
 * remembered}], "offers": [{"offer":..., "uses": left}]}
 *
 * The charter is checked as if it had come from outside; records and offers are looked at, but
 * their signatures were checked when they came, and members check them again.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/party/directory_inside.h"
#include "terms.h"

static uint64_t unix_of(const struct lr_directory_now *now, uint64_t deadline_ns)
{
	uint64_t left = deadline_ns > now->mono_ns ? deadline_ns - now->mono_ns : 0;

	return now->unix_ms / 1000 + (left + LR_NS_PER_S - 1) / LR_NS_PER_S;
}

static void put_bytes(json_t *o, const char *key, const uint8_t *bytes, size_t len)
{
	char *text = malloc(lr_base64url_len(len) + 1);

	lr_json_put_str(o, key, text ? lr_base64url(bytes, len, text) : NULL);
	free(text);
}

static json_t *records_of(const struct lr_directory_party *p, const struct lr_directory_now *now)
{
	json_t *list = json_array();

	for (const struct lr_change *c = p->oldest; c; c = c->next) {
		const struct lr_directory_member *m = (const struct lr_directory_member *)c;
		if (c->kind != LR_LIST_RECORD)
			continue;
		json_t *o = json_object();
		put_bytes(o, LR_K_RECORD, m->bytes, m->len);
		lr_json_put_bool(o, LR_K_LIVE, m->live);
		lr_json_put_bool(o, LR_K_TOLD, m->told);
		lr_json_put_int(o, LR_K_UNTIL_S, (int64_t)unix_of(now, m->forget_ns));
		json_array_append_new(list, o);
	}
	return list;
}

json_t *lr_directory_export(const struct lr_directory *d, const uint8_t id[LR_PARTY_ID_LEN],
	const struct lr_directory_now *now)
{
	const struct lr_directory_party *p = lr_directory_find(d, id);
	char text[LR_PARTY_ID_TEXT];

	if (!p)
		return NULL;
	json_t *o = json_object(), *offers = json_array();
	lr_json_put_str(o, LR_K_ID, lr_party_id_text(id, text));
	put_bytes(o, LR_K_CHARTER, p->bytes, p->len);
	lr_json_put_int(o, LR_K_UNTIL_S, (int64_t)unix_of(now, p->timer.due_ns));
	lr_json_put(o, LR_K_RECORDS, records_of(p, now));
	for (const struct lr_directory_offer *f = p->offers; f; f = f->next) {
		json_t *one = json_object();
		put_bytes(one, LR_K_OFFER, f->bytes, LR_OFFER_LEN);
		lr_json_put_int(one, LR_K_USES, f->left);
		json_array_append_new(offers, one);
	}
	lr_json_put(o, LR_K_OFFERS, offers);
	return o;
}

/* --- import --- */

/* Bytes of a base64url member, at most `room`: how many, or -1. */
static int get_bytes(const json_t *o, const char *key, uint8_t *out, size_t room)
{
	bool bad = false;
	const char *text = lr_json_str(o, key, &bad);
	size_t chars = text ? strlen(text) : 0, len = chars * 3 / 4;

	if (bad || !text || len > room || lr_base64url_parse(text, chars, out, len) < 0)
		return -1;
	return (int)len;
}

static int import_record(struct lr_directory *d, struct lr_directory_party *p, const json_t *o,
	const struct lr_directory_now *now)
{
	uint8_t bytes[LR_RECORD_MAX];
	struct lr_envelope e;
	bool bad = false;
	int len = get_bytes(o, LR_K_RECORD, bytes, sizeof(bytes));
	uint64_t until_s = (uint64_t)lr_json_int(o, LR_K_UNTIL_S, 0, &bad);
	uint64_t now_s = now->unix_ms / 1000;
	bool live = lr_json_bool(o, LR_K_LIVE, false, &bad);
	bool told = lr_json_bool(o, LR_K_TOLD, true, &bad);

	if (len < 0 || bad || lr_envelope_read(bytes, (size_t)len, &e) < 0 ||
		memcmp(e.id, p->id, LR_PARTY_ID_LEN) != 0 || (live && e.leave))
		return -1;
	if (until_s > now_s + LR_RECORD_EXPIRY_S)
		until_s = now_s + LR_RECORD_EXPIRY_S;
	if (until_s <= now_s || p->members.n >= 2 * (size_t)d->limits.members)
		return 0;
	if (e.expiry_s > until_s)
		e.expiry_s = until_s;
	if (!lr_directory_member_take(d, p, &e, bytes, (size_t)len, now))
		return -1;
	struct lr_directory_member *m = lr_directory_member_of(p, e.keyhash);
	m->forget_ns = lr_directory_deadline(now, until_s);
	if (!live) {
		m->until_ns = 0; /* over, but to be remembered */
		lr_directory_member_lapse(d, m);
	}
	m->told = told;
	return 0;
}

static int import_offer(struct lr_directory *d, struct lr_directory_party *p, const json_t *o,
	const struct lr_directory_now *now)
{
	uint8_t bytes[LR_OFFER_LEN];
	struct lr_offer f;
	bool bad = false;
	int64_t uses = lr_json_int(o, LR_K_USES, -1, &bad);
	int len = get_bytes(o, LR_K_OFFER, bytes, sizeof(bytes));

	if (bad || len < 0 || lr_offer_read(bytes, (size_t)len, p->id, p->access, &f) < 0 ||
		uses < 0 || uses > f.uses)
		return -1;
	if (f.expiry_s <= now->unix_ms / 1000 || p->n_offers >= d->limits.offers ||
		lr_map_get(&d->offers, f.hash))
		return 0;
	if (!lr_directory_offer_take(d, p, &f, bytes, now))
		return -1;
	p->offers->left = (uint8_t)uses;
	return 0;
}

static int import_party(struct lr_directory *d, const json_t *obj, uint8_t *bytes,
	const struct lr_directory_now *now, struct lr_err *err)
{
	bool bad = false;
	const char *text = lr_json_str(obj, LR_K_ID, &bad);
	int64_t until_s = lr_json_int(obj, LR_K_UNTIL_S, 0, &bad);
	uint8_t id[LR_PARTY_ID_LEN];
	int len = get_bytes(obj, LR_K_CHARTER, bytes, LR_CHARTER_MAX);
	json_t *o;
	size_t i;

	if (bad || !text || lr_party_id_parse(text, strlen(text), id) < 0 || len < 0)
		return lr_err_set(err, LR_EXIT_FAILED, "not the state of a party");
	if (lr_directory_find(d, id))
		return lr_err_set(err, LR_EXIT_FAILED, "the party is there already");
	if (lr_charter_read(bytes, (size_t)len, id, d->scratch) < 0)
		return lr_err_set(err, LR_EXIT_FAILED, "its charter is not signed by its host");
	if (!lr_directory_charter_take(d, d->scratch, bytes, (size_t)len, now))
		return lr_err_set(err, LR_EXIT_FAILED, "no memory");
	struct lr_directory_party *p = lr_directory_find(d, id);
	uint64_t due = lr_directory_deadline(now, (uint64_t)(until_s < 0 ? 0 : until_s));
	if (due < p->timer.due_ns)
		lr_timer_set(&d->timers, &p->timer, due);
	json_array_foreach (json_object_get(obj, LR_K_RECORDS), i, o)
		if (import_record(d, p, o, now) < 0)
			return lr_err_set(err, LR_EXIT_FAILED, "record %zu is not one", i + 1);
	json_array_foreach (json_object_get(obj, LR_K_OFFERS), i, o)
		if (import_offer(d, p, o, now) < 0)
			return lr_err_set(err, LR_EXIT_FAILED, "offer %zu is not one", i + 1);
	return 0;
}

int lr_directory_import(struct lr_directory *d, const json_t *obj,
	const struct lr_directory_now *now, struct lr_err *err)
{
	uint8_t *bytes = malloc(LR_CHARTER_MAX);

	if (!bytes)
		return lr_err_set(err, LR_EXIT_FAILED, "no memory");
	struct lr_directory_hooks hooks = d->hooks;
	d->hooks = (struct lr_directory_hooks){0}; /* nothing of this is news */
	int rc = import_party(d, obj, bytes, now, err);
	d->hooks = hooks;
	free(bytes);
	return rc;
}
