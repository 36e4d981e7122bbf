/*
 * config_apply.c - brings a device to a configuration
 *
 * As `wg syncconf` does: peers that are not in the configuration go, the others keep their
 * sessions and only what differs is set. An endpoint that the configuration does not state is
 * left as it was learned. Allowed IPs are given anew in the configuration's order, so that of two
 * peers with the same prefix the last has it; sessions do not notice.
 */
#include <errno.h>
#include <string.h>

#include "lib/base/map.h"
#include "lib/wg/config.h"

static int index_keys(struct lr_map *wanted, const struct lr_config *c)
{
	for (size_t i = 0; i < c->n_peers; i++)
		if (lr_map_put(wanted, c->peers[i].public_key, &c->peers[i]) != 0)
			return -ENOMEM;
	return 0;
}

static void remove_others(struct lr_wg *wg, const struct lr_map *wanted)
{
	for (struct lr_wg_peer *p = lr_wg_peers(wg), *next; p; p = next) {
		next = p->next;
		if (!lr_map_get(wanted, p->public_key))
			lr_wg_peer_remove(wg, p);
	}
}

static int apply_peer(const struct lr_config_peer *from, struct lr_wg *wg, uint64_t now)
{
	struct lr_wg_peer *p = lr_wg_peer_add(wg, from->public_key);

	if (!p)
		return errno == EINVAL ? 0 : -ENOMEM; /* our own key, as wg does: passed over */
	if (!lr_same(p->preshared_key, from->preshared_key, LR_KEY_LEN))
		lr_wg_peer_set_psk(p, from->preshared_key);
	if (from->endpoint.sa.sa_family != AF_UNSPEC &&
		!lr_endpoint_equal(&p->endpoint, &from->endpoint))
		lr_wg_peer_set_endpoint(p, &from->endpoint);
	lr_wg_disallow_all(wg, p);
	for (size_t i = 0; i < from->n_allowed; i++)
		if (lr_wg_allow(wg, p, &from->allowed[i]) != 0)
			return -ENOMEM;
	if (p->keepalive_s != from->keepalive_s)
		lr_wg_peer_set_keepalive(wg, now, p, from->keepalive_s);
	return 0;
}

static void apply_key(const struct lr_config *c, struct lr_wg *wg)
{
	const uint8_t *has = lr_wg_private_key(wg);
	uint8_t own[LR_KEY_LEN];

	if (!c->has_key)
		return;
	/* Compared by public keys: the device may hold its private key clamped. */
	lr_public_key(own, c->private_key);
	if (!has || memcmp(lr_wg_public_key(wg), own, LR_KEY_LEN) != 0)
		lr_wg_set_key(wg, c->private_key);
}

int lr_config_apply(const struct lr_config *c, struct lr_wg *wg, uint64_t now)
{
	struct lr_map wanted;

	lr_map_init(&wanted, LR_KEY_LEN);
	int rc = index_keys(&wanted, c);
	if (rc == 0) {
		remove_others(wg, &wanted);
		apply_key(c, wg);
	}
	for (size_t i = 0; i < c->n_peers && rc == 0; i++)
		rc = apply_peer(&c->peers[i], wg, now);
	lr_map_release(&wanted);
	return rc;
}
