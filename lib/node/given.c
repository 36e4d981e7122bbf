/*
 * given.c - what a person gave on a command line about a peer
 */
#include "lib/node/given.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/state.h"
#include "lib/crypto/crypto.h"
#include "lib/io/resolve.h"
#include "terms.h"

#define PSK_FILE_MAX 4096 /* bytes: one key and what an editor puts around it */

static int read_psk(const char *file, json_t *obj, struct lr_err *err)
{
	uint8_t key[LR_KEY_LEN];
	size_t len;
	char *text = lr_read_file(file, PSK_FILE_MAX, &len, err);
	int rc = -1;

	if (!text) {
		if (err)
			err->exit = LR_EXIT_USAGE;
		return -1;
	}
	text[strcspn(text, " \t\r\n")] = '\0';
	if (lr_key_parse(text, key) != 0)
		lr_err_set(err, LR_EXIT_USAGE, "%s: no preshared key: `wg genpsk` makes one", file);
	else
		rc = 0;
	if (rc == 0)
		lr_json_put_str(obj, LR_K_PRESHARED_KEY, text);
	lr_wipe(key, sizeof(key));
	lr_wipe(text, len);
	free(text);
	return rc;
}

/* "10.66.0.2/32, fd66::2" as a list; what is in it the book checks. */
static json_t *split_prefixes(const char *list, struct lr_err *err)
{
	json_t *out = json_array();
	struct lr_prefix prefix;
	char one[LR_ADDR_TEXT];

	while (*list) {
		size_t len = strcspn(list, ", ");
		snprintf(one, sizeof(one), "%.*s", (int)len, list);
		if (len && (len >= sizeof(one) || lr_prefix_parse(one, &prefix) != 0)) {
			lr_err_set(
				err, LR_EXIT_USAGE, "%s: not an address with a prefix length", one);
			json_decref(out);
			return NULL;
		}
		if (len)
			json_array_append_new(out, json_string(one));
		list += len + strspn(list + len, ", ");
	}
	return out;
}

json_t *lr_given_peer(const struct lr_given *g, struct lr_err *err)
{
	json_t *obj = json_object(), *allowed = NULL;
	char text[LR_ENDPOINT_TEXT];
	struct lr_endpoint endpoint;
	uint8_t key[LR_KEY_LEN];

	lr_json_put_str(obj, LR_K_PUBLIC_KEY, g->key);
	lr_json_put_str(obj, LR_K_PEER, g->name);
	lr_json_put_int(obj, LR_K_KEEPALIVE, g->keepalive_s);
	if (lr_key_parse(g->key, key) != 0) {
		lr_err_set(err, LR_EXIT_USAGE,
			"%.60s: no public key: 44 characters of base64 are needed", g->key);
		goto out;
	}
	if (g->endpoint && lr_resolve_endpoint(g->endpoint, &endpoint, err) != 0)
		goto out;
	if (g->endpoint)
		lr_json_put_str(obj, LR_K_ENDPOINT, lr_endpoint_text(&endpoint, text));
	if (g->allowed_ips && !(allowed = split_prefixes(g->allowed_ips, err)))
		goto out;
	if (allowed)
		lr_json_put(obj, LR_K_ALLOWED_IPS, allowed);
	if (g->psk_file && read_psk(g->psk_file, obj, err) != 0)
		goto out;
	return obj;
out:
	json_decref(obj);
	return NULL;
}

const char *lr_given_address(const char *name, const json_t *peer, int family, struct lr_ip *out)
{
	const char *four = json_string_value(json_object_get(peer, LR_K_ADDRESS));
	const char *six = json_string_value(json_object_get(peer, LR_K_ADDRESS6));
	const char *chosen = family == 6 ? six : family == 4 || four ? four : six;

	if (!family && lr_ip_parse(name, out) == 0)
		return name;
	return chosen && lr_ip_parse(chosen, out) == 0 ? chosen : NULL;
}

/* Seconds of one unit, 0 for none. */
static uint64_t unit_s(char letter)
{
	return letter == 's'   ? 1
	       : letter == 'm' ? 60
	       : letter == 'h' ? 3600
	       : letter == 'd' ? 86400
			       : 0;
}

int lr_given_duration(
	const char *what, const char *text, uint64_t max_s, uint64_t *out, struct lr_err *err)
{
	uint64_t sum = 0;
	const char *at = text;

	while (*at) {
		size_t digits = strspn(at, "0123456789");
		uint64_t unit = digits ? unit_s(at[digits]) : 0;
		/* 12 digits and the largest unit are far from an overflow. */
		if (!unit || digits > 12)
			return lr_err_set(err, LR_EXIT_USAGE,
				"%s: '%.40s' is no time such as 90s, 30m, 2h, 7d", what, text);
		sum += strtoull(at, NULL, 10) * unit;
		if (sum > max_s)
			return lr_err_set(err, LR_EXIT_USAGE, "%s: %.40s: at most %llu days", what,
				text, (unsigned long long)(max_s / 86400));
		at += digits + 1;
	}
	if (!sum)
		return lr_err_set(err, LR_EXIT_USAGE,
			"%s: '%.40s' is no time such as 90s, 30m, 2h, 7d", what, text);
	*out = sum;
	return 0;
}
