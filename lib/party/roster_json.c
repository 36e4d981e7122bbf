/*
 * roster_json.c - a member's view of its party, for its state file
 *
 *   {"id":..., "epoch":..., "secret":..., "charter":..., "serial":..., "address":...,
 *    "known": [{"party_key":..., "public_key":..., "name":..., "address":..., "since_s":...,
 *               "serial":...}]}
 *
 * Members are kept so that they keep their addresses, and so that a kick boxes the new secret for
 * those, too, who are not there.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/party/roster_inside.h"
#include "terms.h"

static void put_bytes(json_t *o, const char *key, const uint8_t *bytes, size_t len)
{
	char *text = malloc(lr_base64url_len(len) + 1);

	lr_json_put_str(o, key, text ? lr_base64url(bytes, len, text) : NULL);
	if (text)
		lr_wipe(text, lr_base64url_len(len));
	free(text);
}

static void put_ip(json_t *o, const struct lr_ip *ip)
{
	char text[LR_ADDR_TEXT];

	lr_json_put_str(o, LR_K_ADDRESS, ip->family ? lr_ip_text(ip, text) : NULL);
}

static json_t *member_json(const struct lr_member *m)
{
	json_t *o = json_object();
	char text[LR_KEY_TEXT];

	put_bytes(o, LR_K_PARTY_KEY, m->party_key, LR_KEY_LEN);
	lr_json_put_str(o, LR_K_PUBLIC_KEY, lr_key_text(m->r.public_key, text));
	lr_json_put_str(o, LR_K_NAME, m->r.name);
	put_ip(o, &m->r.address);
	lr_json_put_int(o, LR_K_SINCE_S, (int64_t)m->r.since_s);
	lr_json_put_int(o, LR_K_SERIAL, (int64_t)m->version);
	return o;
}

json_t *lr_roster_export(const struct lr_roster *r)
{
	json_t *o = json_object(), *known = json_array();

	put_bytes(o, LR_K_ID, r->id, LR_PARTY_ID_LEN);
	if (r->has_keys) {
		lr_json_put_int(o, LR_K_EPOCH, r->keys.epoch);
		put_bytes(o, LR_K_SECRET, r->keys.secret, LR_SECRET_LEN);
	}
	if (r->charter)
		put_bytes(o, LR_K_CHARTER, r->charter, r->charter_len);
	lr_json_put_int(o, LR_K_SERIAL, (int64_t)r->me.version);
	put_ip(o, &r->me.r.address);
	for (size_t i = 0; i < r->n; i++)
		json_array_append_new(known, member_json(r->members[i]));
	lr_json_put(o, LR_K_KNOWN, known);
	return o;
}

/* --- import --- */

static int get_bytes(const json_t *o, const char *key, uint8_t *out, size_t room)
{
	bool bad = false;
	const char *text = lr_json_str(o, key, &bad);
	size_t chars = text ? strlen(text) : 0, len = chars * 3 / 4;

	if (bad || !text || len > room || lr_base64url_parse(text, chars, out, len) < 0)
		return -1;
	return (int)len;
}

/* An absent address is none. */
static bool get_ip(const json_t *o, struct lr_ip *out)
{
	bool bad = false;
	const char *text = lr_json_str(o, LR_K_ADDRESS, &bad);

	*out = (struct lr_ip){0};
	return !bad && (!text || (lr_ip_parse(text, out) == 0 && out->family == 4));
}

/* A count: not negative. */
static bool get_count(const json_t *o, const char *key, uint64_t *out)
{
	bool bad = false;
	int64_t v = lr_json_int(o, key, 0, &bad);

	*out = (uint64_t)v;
	return !bad && v >= 0;
}

static bool import_member(struct lr_roster *r, const json_t *o)
{
	uint8_t party_key[LR_KEY_LEN], public_key[LR_KEY_LEN], keyhash[LR_KEYHASH_LEN];
	bool bad = false;
	const char *key = lr_json_str(o, LR_K_PUBLIC_KEY, &bad);
	const char *name = lr_json_str(o, LR_K_NAME, &bad);
	uint64_t version, since_s;
	struct lr_ip ip;
	int why;

	if (bad || !key || !name || strlen(name) >= LR_MEMBER_NAME ||
		lr_key_parse(key, public_key) < 0 ||
		get_bytes(o, LR_K_PARTY_KEY, party_key, LR_KEY_LEN) != LR_KEY_LEN ||
		!get_ip(o, &ip) || !get_count(o, LR_K_SERIAL, &version) ||
		!get_count(o, LR_K_SINCE_S, &since_s))
		return false;
	lr_keyhash(keyhash, party_key);
	if (lr_roster_by_keyhash(r, keyhash) || lr_roster_by_key(r, public_key))
		return false;
	struct lr_member *m = lr_roster_add(r, party_key, public_key, &why);
	if (!m)
		return false;
	memcpy(m->r.name, name, strlen(name) + 1);
	lr_text_clean(m->r.name, true);
	m->r.address = ip;
	m->r.since_s = since_s;
	m->version = version;
	m->epoch = r->keys.epoch;
	if (ip.family)
		m->address6 = lr_keys_address6(&r->ula, &ip);
	return true;
}

static int import_charter(struct lr_roster *r, const json_t *obj, uint64_t now_ns)
{
	uint8_t *bytes = malloc(LR_CHARTER_MAX);
	int len = bytes ? get_bytes(obj, LR_K_CHARTER, bytes, LR_CHARTER_MAX) : -1;
	int rc = len < 0 ? -EBADMSG : lr_roster_charter(r, bytes, (size_t)len, now_ns);

	free(bytes);
	return rc;
}

int lr_roster_import(struct lr_roster *r, const json_t *obj, uint64_t now_ns, struct lr_err *err)
{
	uint8_t id[LR_PARTY_ID_LEN], secret[LR_SECRET_LEN];
	uint64_t epoch, version;
	const json_t *o;
	struct lr_ip ip;
	size_t i;

	if (get_bytes(obj, LR_K_ID, id, sizeof(id)) != sizeof(id) ||
		memcmp(id, r->id, sizeof(id)) != 0)
		return lr_err_set(err, LR_EXIT_FAILED, "the state is not that of this party");
	if (!get_count(obj, LR_K_EPOCH, &epoch) || epoch > UINT16_MAX ||
		!get_count(obj, LR_K_SERIAL, &version) || !get_ip(obj, &ip))
		return lr_err_set(err, LR_EXIT_FAILED, "epoch, serial or address is not one");
	if (json_object_get(obj, LR_K_SECRET)) {
		if (get_bytes(obj, LR_K_SECRET, secret, sizeof(secret)) != sizeof(secret))
			return lr_err_set(err, LR_EXIT_FAILED, "the secret is not one");
		lr_roster_enter(r, (uint16_t)epoch, secret, &r->pool);
		lr_wipe(secret, sizeof(secret));
	}
	r->me.version = version;
	r->me.r.address = ip;
	json_array_foreach (json_object_get(obj, LR_K_KNOWN), i, o)
		if (!import_member(r, o))
			return lr_err_set(err, LR_EXIT_FAILED, "member %zu is not one", i + 1);
	r->claims_due = true;
	if (json_object_get(obj, LR_K_CHARTER) && import_charter(r, obj, now_ns) < 0)
		return lr_err_set(err, LR_EXIT_FAILED, "the charter is not one of this party");
	lr_roster_claims(r, now_ns);
	return 0;
}
