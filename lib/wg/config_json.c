/*
 * config_json.c - a configuration and its peers as JSON, in the vocabulary of all programs
 *
 * Schemas: share/schema/config.json, share/schema/peer.json. jansson keeps no places, so an
 * error names the member ("peers[3]: endpoint: ...") and only a syntax error the line. What
 * jansson says a syntax error is "near" is cut off: it may be a key.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/wg/config_reader.h"
#include "terms.h"

/* --- writing --- */

static void put_key(json_t *obj, const char *member, const uint8_t key[LR_KEY_LEN], bool has)
{
	char text[LR_KEY_TEXT];

	lr_json_put_str(obj, member, has ? lr_key_text(key, text) : NULL);
	lr_wipe(text, sizeof(text));
}

static void put_prefixes(json_t *obj, const char *member, const struct lr_prefix *list, size_t n)
{
	json_t *array = json_array();
	char text[LR_ADDR_TEXT];

	for (size_t i = 0; i < n; i++)
		json_array_append_new(array, json_string(lr_prefix_text(&list[i], text)));
	lr_json_put(obj, member, array);
}

json_t *lr_config_peer_json(const struct lr_config_peer *p)
{
	bool known = p->endpoint.sa.sa_family != AF_UNSPEC;
	char key[LR_KEY_TEXT], endpoint[LR_ENDPOINT_TEXT];
	json_t *obj = json_object();

	lr_key_text(p->public_key, key);
	lr_json_put_str(obj, LR_K_PEER, p->name[0] ? p->name : key);
	lr_json_put_str(obj, LR_K_PUBLIC_KEY, key);
	put_key(obj, LR_K_PRESHARED_KEY, p->preshared_key, p->has_psk);
	lr_json_put_str(
		obj, LR_K_ENDPOINT, known ? lr_endpoint_text(&p->endpoint, endpoint) : NULL);
	lr_json_put_int(obj, LR_K_KEEPALIVE, p->keepalive_s);
	put_prefixes(obj, LR_K_ALLOWED_IPS, p->allowed, p->n_allowed);
	return obj;
}

static void put_keys(json_t *obj, const struct lr_config *c, bool with_key)
{
	uint8_t public_key[LR_KEY_LEN] = {0};

	if (c->has_key)
		lr_public_key(public_key, c->private_key);
	put_key(obj, LR_K_PUBLIC_KEY, public_key, c->has_key);
	if (with_key)
		put_key(obj, LR_K_PRIVATE_KEY, c->private_key, c->has_key);
}

json_t *lr_config_json(const struct lr_config *c, bool with_key)
{
	json_t *obj = json_object(), *peers = json_array();

	lr_json_put_str(obj, LR_K_NAME, c->name[0] ? c->name : NULL);
	put_keys(obj, c, with_key);
	lr_json_put_int(obj, LR_K_LISTEN_PORT, c->listen_port);
	lr_json_put_int(obj, LR_K_FWMARK, c->fwmark);
	lr_json_put(obj, LR_K_MTU, c->mtu ? json_integer(c->mtu) : NULL);
	lr_json_put_str(obj, LR_K_TABLE, c->table == LR_TABLE_OFF ? "off" : "auto");
	put_prefixes(obj, LR_K_ADDRESSES, c->addresses, c->n_addresses);
	for (size_t i = 0; i < c->n_peers; i++)
		json_array_append_new(peers, lr_config_peer_json(&c->peers[i]));
	lr_json_put(obj, LR_K_PEERS, peers);
	return obj;
}

/* --- reading: members; each sets err to "MEMBER: why" and returns -1 when it is wrong --- */

static int wrong(struct lr_err *err, const char *member, const char *why)
{
	return lr_err_set(err, LR_EXIT_FAILED, "%s: %s", member, why);
}

/* 1 when the member is there, 0 when it is absent or null. */
static int get_text(const json_t *obj, const char *member, const char **out, struct lr_err *err)
{
	bool bad = false;

	*out = lr_json_str(obj, member, &bad);
	if (bad)
		return wrong(err, member, "text is needed");
	return *out != NULL;
}

static int get_key(
	const json_t *obj, const char *member, uint8_t key[LR_KEY_LEN], struct lr_err *err)
{
	const char *text;
	int rc = get_text(obj, member, &text, err);

	if (rc <= 0)
		return rc;
	if (lr_key_parse(text, key) != 0)
		return wrong(err, member, "no key: 44 characters of base64 are needed");
	return 1;
}

static int get_number(const json_t *obj, const char *member, int64_t min, int64_t max, int64_t *out,
	struct lr_err *err)
{
	bool bad = false;

	*out = lr_json_int(obj, member, 0, &bad);
	if (bad || (*out != 0 && *out < min) || *out < 0 || *out > max)
		return lr_err_set(err, LR_EXIT_FAILED, "%s: a number from %lld to %lld is needed",
			member, (long long)min, (long long)max);
	return 0;
}

/* Hands every prefix of a list to `take`, which returns 0 or -errno. */
static int get_prefixes(const json_t *obj, const char *member,
	int (*take)(void *to, const struct lr_prefix *prefix), void *to, struct lr_err *err)
{
	json_t *list = json_object_get(obj, member), *entry;
	struct lr_prefix prefix;
	size_t i;

	if (!list || json_is_null(list))
		return 0;
	if (!json_is_array(list))
		return wrong(err, member, "a list is needed");
	json_array_foreach (list, i, entry) {
		if (!json_is_string(entry) ||
			lr_prefix_parse(json_string_value(entry), &prefix) != 0)
			return lr_err_set(err, LR_EXIT_FAILED,
				"%s[%zu]: an IPv4 or IPv6 address with a prefix length is needed",
				member, i);
		int rc = take(to, &prefix);
		if (rc != 0)
			return wrong(err, member, rc == -ENOSPC ? "too many" : "out of memory");
	}
	return 0;
}

/* --- reading: a peer --- */

static int take_allowed(void *to, const struct lr_prefix *prefix)
{
	struct lr_config_peer *p = to;
	struct lr_prefix masked = *prefix;

	lr_prefix_mask(&masked);
	return lr_config_prefix_append(&p->allowed, &p->n_allowed, &masked);
}

static int get_address(
	struct lr_config_peer *p, const json_t *obj, const char *member, struct lr_err *err)
{
	struct lr_prefix host;
	const char *text;
	int rc = get_text(obj, member, &text, err);

	if (rc <= 0)
		return rc;
	if (lr_prefix_parse(text, &host) != 0)
		return wrong(err, member, "no IPv4 or IPv6 address");
	host.len = (uint8_t)lr_ip_bits(&host.ip);
	return take_allowed(p, &host) == 0 ? 0 : wrong(err, member, "out of memory");
}

static int get_allowed(struct lr_config_peer *p, const json_t *obj, struct lr_err *err)
{
	if (get_prefixes(obj, LR_K_ALLOWED_IPS, take_allowed, p, err) < 0 ||
		get_address(p, obj, LR_K_ADDRESS, err) < 0 ||
		get_address(p, obj, LR_K_ADDRESS6, err) < 0)
		return -1;
	if (lr_config_prefix_unique(p->allowed, &p->n_allowed) != 0)
		return wrong(err, LR_K_ALLOWED_IPS, "out of memory");
	return 0;
}

/* `peer` is the nickname, or the public key of a peer that has none. */
static int get_nickname(struct lr_config_peer *p, const json_t *obj, struct lr_err *err)
{
	char key[LR_KEY_TEXT];
	const char *name;
	int rc = get_text(obj, LR_K_PEER, &name, err);

	if (rc <= 0 || strcmp(name, lr_key_text(p->public_key, key)) == 0)
		return rc < 0 ? rc : 0;
	const char *fault = lr_config_name_fault(name);
	if (fault)
		return lr_err_set(err, LR_EXIT_FAILED, "%s: the name %s", LR_K_PEER, fault);
	snprintf(p->name, sizeof(p->name), "%s", name);
	return 0;
}

static int get_endpoint(struct lr_config_peer *p, const json_t *obj, struct lr_err *err)
{
	const char *text;
	int rc = get_text(obj, LR_K_ENDPOINT, &text, err);

	if (rc <= 0)
		return rc;
	if (lr_endpoint_parse(text, &p->endpoint) != 0)
		return wrong(err, LR_K_ENDPOINT, "ADDRESS:PORT or [ADDRESS]:PORT is needed");
	return 0;
}

static int get_peer(struct lr_config_peer *p, const json_t *obj, struct lr_err *err)
{
	int64_t keepalive;
	int rc;

	if (!json_is_object(obj))
		return lr_err_set(err, LR_EXIT_FAILED, "an object is needed");
	rc = get_key(obj, LR_K_PUBLIC_KEY, p->public_key, err);
	if (rc < 0)
		return rc;
	if (rc == 0 || lr_config_key_is_zero(p->public_key))
		return wrong(
			err, LR_K_PUBLIC_KEY, rc ? "all zeros: no peer has that key" : "missing");
	rc = get_key(obj, LR_K_PRESHARED_KEY, p->preshared_key, err);
	if (rc < 0)
		return rc;
	p->has_psk = !lr_config_key_is_zero(p->preshared_key);
	if (get_number(obj, LR_K_KEEPALIVE, 0, 65535, &keepalive, err) < 0)
		return -1;
	p->keepalive_s = (uint16_t)keepalive;
	if (get_nickname(p, obj, err) < 0 || get_endpoint(p, obj, err) < 0)
		return -1;
	return get_allowed(p, obj, err);
}

int lr_config_peer_from_json(struct lr_config_peer *out, const json_t *obj, struct lr_err *err)
{
	int rc = get_peer(out, obj, err);

	if (rc < 0)
		lr_config_peer_release(out);
	return rc < 0 ? -1 : 0;
}

/* --- reading: a whole configuration --- */

static int get_peers(struct lr_config_reader *r, const json_t *root)
{
	static const uint8_t none[LR_KEY_LEN];
	json_t *list = json_object_get(root, LR_K_PEERS), *entry;
	struct lr_err why = {.text = ""};
	size_t i;

	if (!list || json_is_null(list))
		return 0;
	if (!json_is_array(list))
		return lr_config_reader_fail(r, 0, "%s: a list is needed", LR_K_PEERS);
	if (json_array_size(list) > LR_WG_MAX_PEERS)
		return lr_config_reader_fail(r, 0, "there are more than %d peers", LR_WG_MAX_PEERS);
	json_array_foreach (list, i, entry) {
		struct lr_config_peer *p = lr_config_add_peer(r->out, none);
		if (!p)
			return lr_config_reader_no_memory(r);
		if (lr_config_peer_from_json(p, entry, &why) != 0)
			return lr_config_reader_fail(r, 0, "%s[%zu]: %s", LR_K_PEERS, i, why.text);
	}
	return 0;
}

static int get_own_keys(struct lr_config *c, const json_t *root, struct lr_err *err)
{
	uint8_t said[LR_KEY_LEN], own[LR_KEY_LEN];
	int rc = get_key(root, LR_K_PRIVATE_KEY, c->private_key, err);

	if (rc < 0)
		return rc;
	c->has_key = rc == 1;
	if (c->has_key && lr_config_key_is_zero(c->private_key))
		return wrong(err, LR_K_PRIVATE_KEY, "all zeros: `wg genkey` makes one");
	rc = get_key(root, LR_K_PUBLIC_KEY, said, err);
	if (rc <= 0 || !c->has_key)
		return rc;
	lr_public_key(own, c->private_key);
	return memcmp(own, said, LR_KEY_LEN) == 0
		       ? 0
		       : wrong(err, LR_K_PUBLIC_KEY, "does not belong to the private key");
}

static int get_own_name(struct lr_config *c, const json_t *root, struct lr_err *err)
{
	const char *name;
	int rc = get_text(root, LR_K_NAME, &name, err);

	if (rc <= 0)
		return rc;
	const char *fault = lr_config_name_fault(name);
	if (fault)
		return lr_err_set(err, LR_EXIT_FAILED, "%s: the name %s", LR_K_NAME, fault);
	snprintf(c->name, sizeof(c->name), "%s", name);
	return 0;
}

static int get_table(struct lr_config *c, const json_t *root, struct lr_err *err)
{
	const char *text;
	int rc = get_text(root, LR_K_TABLE, &text, err);

	if (rc <= 0)
		return rc;
	if (strcmp(text, "auto") != 0 && strcmp(text, "off") != 0)
		return wrong(err, LR_K_TABLE, "only \"auto\" and \"off\" are known");
	c->table = strcmp(text, "off") == 0 ? LR_TABLE_OFF : LR_TABLE_AUTO;
	return 0;
}

static int take_address(void *to, const struct lr_prefix *prefix)
{
	return lr_config_address_append(to, prefix);
}

static int get_interface(struct lr_config *c, const json_t *root, struct lr_err *err)
{
	int64_t port, mark, mtu;

	if (get_own_name(c, root, err) < 0 || get_own_keys(c, root, err) < 0 ||
		get_number(root, LR_K_LISTEN_PORT, 0, 65535, &port, err) < 0 ||
		get_number(root, LR_K_FWMARK, 0, UINT32_MAX, &mark, err) < 0 ||
		get_number(root, LR_K_MTU, LR_CONFIG_MTU_MIN, LR_CONFIG_MTU_MAX, &mtu, err) < 0 ||
		get_table(c, root, err) < 0)
		return -1;
	c->listen_port = (uint16_t)port;
	c->fwmark = (uint32_t)mark;
	c->mtu = (unsigned)mtu;
	return get_prefixes(root, LR_K_ADDRESSES, take_address, c, err);
}

int lr_config_read_json(struct lr_config_reader *r, const char *text, size_t len)
{
	struct lr_err why = {.text = ""};
	json_error_t syntax;
	json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &syntax);

	if (!root) {
		char *near = strstr(syntax.text, " near ");
		if (near)
			*near = '\0';
		return lr_config_reader_fail(r, syntax.line > 0 ? (unsigned)syntax.line : 1,
			"no JSON object: %s", syntax.text);
	}
	int rc = get_interface(r->out, root, &why);
	if (rc < 0)
		lr_config_reader_fail(r, 0, "%s", why.text);
	else
		rc = get_peers(r, root);
	json_decref(root);
	return rc;
}
