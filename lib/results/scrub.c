/*
 * scrub.c - an object that may be given to strangers
 */
#include "lib/results/scrub.h"

#include <ctype.h>
#include <string.h>

#include "lib/net/addr.h"
#include "terms.h"

#define KEY_CHARS 40 /* a run of base64 so long is a key, a hash or a signature */

static bool base64(char c)
{
	return isalnum((unsigned char)c) || c == '+' || c == '/' || c == '-' || c == '_';
}

static bool of_address(char c)
{
	return isxdigit((unsigned char)c) || c == '.' || c == ':';
}

/* An address of the internet in `len` characters; behind IPv4 a port may stand. */
static bool outside(const char *text, size_t len)
{
	char word[LR_ADDR_TEXT];
	struct lr_ip ip;

	while (len && (text[len - 1] == ':' || text[len - 1] == '.'))
		len--;
	if (len == 0 || len >= sizeof(word))
		return false;
	memcpy(word, text, len);
	word[len] = '\0';
	char *dot = strchr(word, '.'), *port = strchr(word, ':');
	if (dot && port)
		*port = '\0';
	return lr_ip_parse(word, &ip) == 0 && lr_ip_public(&ip);
}

bool lr_scrub_secret(const char *text)
{
	if (strstr(text, "lr://"))
		return true;
	for (const char *at = text; *at;) {
		size_t run = 0, address = 0;
		while (base64(at[run]))
			run++;
		while (of_address(at[address]))
			address++;
		if (run >= KEY_CHARS || outside(at, address))
			return true;
		size_t skip = run > address ? run : address;
		at += skip ? skip : 1;
	}
	return false;
}

static bool named_secret(const char *key)
{
	static const char *const names[] = {LR_K_PUBLIC_KEY, LR_K_PRIVATE_KEY, LR_K_PRESHARED_KEY,
		LR_K_ENDPOINT, LR_K_ENDPOINTS, LR_K_INVITE, LR_K_IDENTITY, LR_K_ID, LR_K_OUTSIDE,
		LR_K_OUTSIDE6, LR_K_MAPPED, LR_K_CANDIDATES, LR_K_RELAY, LR_K_RELAYS, LR_K_SECRET,
		LR_K_HOST_SECRET, LR_K_PARTY_KEY, LR_K_KEYHASH, LR_K_CHARTER, LR_K_WG_QUICK,
		LR_K_URL, LR_K_HOST};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], key) == 0)
			return true;
	return false;
}

json_t *lr_scrub(const json_t *value)
{
	json_t *out, *member;
	const char *key;
	size_t i;

	if (json_is_string(value))
		return json_string(lr_scrub_secret(json_string_value(value))
					   ? LR_SCRUBBED
					   : json_string_value(value));
	if (json_is_array(value)) {
		out = json_array();
		json_array_foreach (value, i, member)
			json_array_append_new(out, lr_scrub(member));
		return out;
	}
	if (!json_is_object(value))
		return json_deep_copy(value);
	out = json_object();
	json_object_foreach ((json_t *)value, key, member) {
		bool gone = named_secret(key) && !json_is_null(member);
		json_object_set_new(out, lr_scrub_secret(key) ? LR_SCRUBBED : key,
			gone ? json_string(LR_SCRUBBED) : lr_scrub(member));
	}
	return out;
}
