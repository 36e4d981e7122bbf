/*
 * find.c - see find.h
 */
#include "lib/ipam/find.h"

#include "lib/ipam/ipam_json.h"

static const struct lr_lease *find_text(const struct lr_ipam *t, const char *text, bool *several)
{
	struct lr_ip ip;

	*several = false;
	if (lr_ip_parse(text, &ip) == 0)
		return lr_ipam_by_address(t, &ip);
	const struct lr_lease *l = lr_ipam_by_peer(t, text);
	return l ? l : lr_ipam_by_prefix(t, text, several);
}

static void not_found(const struct lr_ipam *t, const char *name, bool several, struct lr_err *err)
{
	char pool[LR_ADDR_TEXT];

	if (several)
		lr_err_set(err, LR_EXIT_FAILED,
			"%.80s: several public keys begin so: give more of it", name);
	else
		lr_err_set(err, LR_EXIT_FAILED, "%.80s: not found in the pool %s", name,
			lr_prefix_text(lr_ipam_pool(t), pool));
}

const struct lr_lease *lr_ipam_find(
	const struct lr_ipam *t, const char *name, const json_t *obj, struct lr_err *err)
{
	struct lr_want want = {.peer = name};
	bool several = false;
	char text[LR_ADDR_TEXT];

	if (obj && lr_ipam_json_want(obj, &want, err) < 0)
		return NULL;
	if (!name && want.address.family)
		name = lr_ip_text(&want.address, text);
	if (!name) {
		lr_err_set(err, LR_EXIT_FAILED, "neither a name nor a public key nor an address");
		return NULL;
	}
	const struct lr_lease *l = find_text(t, name, &several);
	if (!l && want.public_key)
		l = lr_ipam_by_peer(t, want.public_key);
	if (!l)
		not_found(t, name, several, err);
	return l;
}
