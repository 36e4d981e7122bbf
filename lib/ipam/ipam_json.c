/*
 * ipam_json.c - leases, figures and findings as JSON objects
 */
#include "lib/ipam/ipam_json.h"

#include "terms.h"

static void put_ip(json_t *o, const char *key, const struct lr_ip *ip)
{
	char text[LR_ADDR_TEXT];

	lr_json_put_str(o, key, ip->family ? lr_ip_text(ip, text) : NULL);
}

static void put_prefix(json_t *o, const char *key, const struct lr_prefix *p)
{
	char text[LR_ADDR_TEXT];

	lr_json_put_str(o, key, lr_prefix_text(p, text));
}

json_t *lr_ipam_json_lease(const struct lr_ipam *t, const struct lr_lease *lease)
{
	json_t *o = json_object();

	lr_json_put_str(o, LR_K_PEER, lease->peer);
	put_ip(o, LR_K_ADDRESS, &lease->address);
	put_ip(o, LR_K_ADDRESS6, &lease->address6);
	lr_json_put_str(o, LR_K_PUBLIC_KEY, lease->public_key);
	lr_json_put_bool(o, LR_K_RESERVED, lease->reserved);
	put_prefix(o, LR_K_POOL, lr_ipam_pool(t));
	return o;
}

json_t *lr_ipam_json_stats(const struct lr_ipam *t)
{
	struct lr_ipam_stats st;
	json_t *o = json_object();

	lr_ipam_stats(t, &st);
	put_prefix(o, LR_K_POOL, lr_ipam_pool(t));
	put_prefix(o, LR_K_ULA, lr_ipam_ula(t));
	lr_json_put_int(o, LR_K_CAPACITY, (int64_t)st.capacity);
	lr_json_put_int(o, LR_K_USED, (int64_t)st.used);
	lr_json_put_int(o, LR_K_RESERVED, (int64_t)st.reserved);
	lr_json_put_int(o, LR_K_FREE, (int64_t)(st.capacity - st.used));
	lr_json_put_real(o, LR_K_UTILISATION, (double)st.used / (double)st.capacity);
	put_ip(o, LR_K_NEXT, &st.next);
	return o;
}

json_t *lr_ipam_json_finding(
	const struct lr_prefix *pool, const struct lr_finding *f, bool repaired)
{
	json_t *o = json_object();

	put_prefix(o, LR_K_POOL, pool);
	lr_json_put_str(o, LR_K_PROBLEM, lr_flaw_name(f->flaw));
	lr_json_put_int(o, LR_K_LINE, (int64_t)f->line);
	lr_json_put_str(o, LR_K_PEER, f->peer);
	put_ip(o, LR_K_ADDRESS, &f->address);
	lr_json_put_str(o, LR_K_DETAIL, f->text);
	lr_json_put_bool(o, LR_K_REPAIRED, repaired);
	return o;
}

int lr_ipam_json_want(const json_t *obj, struct lr_want *out, struct lr_err *err)
{
	bool bad = false;
	const char *address = lr_json_str(obj, LR_K_ADDRESS, &bad);

	*out = (struct lr_want){
		.peer = lr_json_str(obj, LR_K_PEER, &bad),
		.public_key = lr_json_str(obj, LR_K_PUBLIC_KEY, &bad),
		.reserve = lr_json_bool(obj, LR_K_RESERVED, false, &bad),
	};
	if (bad)
		return lr_err_set(err, LR_EXIT_FAILED,
			"peer, public_key, address or reserved has the wrong type");
	if (address && (lr_ip_parse(address, &out->address) < 0 || out->address.family != 4))
		out->address = (struct lr_ip){0};
	return 0;
}
