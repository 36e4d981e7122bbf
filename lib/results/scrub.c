/*
 * scrub.c - an object that may be given to strangers
 */
#include "lib/results/scrub.h"

#include <string.h>

#include "terms.h"

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
