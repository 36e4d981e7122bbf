/*
 * party_leases.c - addresses that machines of the house have of our DHCP, in the party's state file
 *
 *   "leases": [{"mac": "02:00:5e:10:00:01", "address": "10.66.9.9"}...]
 */
#include <stdio.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/node/lan.h"
#include "lib/node/party_guests.h"
#include "terms.h"

json_t *lr_leases_export(const struct lr_party *p)
{
	struct lr_dhcp_lease leases[LR_DHCP_LEASES];
	unsigned n = p->node->lan ? lr_lan_leases(p->node->lan, leases) : 0;
	json_t *list = json_array();

	for (unsigned i = 0; i < n; i++) {
		const uint8_t *m = leases[i].mac;
		char mac[18], ip[LR_ADDR_TEXT];
		json_t *o = json_object();
		snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3],
			m[4], m[5]);
		lr_json_put_str(o, LR_K_MAC, mac);
		lr_json_put_str(o, LR_K_ADDRESS, lr_ip_text(&leases[i].at, ip));
		json_array_append_new(list, o);
	}
	return list;
}

static bool import_one(struct lr_party *p, const json_t *o)
{
	bool bad = false;
	const char *mac = lr_json_str(o, LR_K_MAC, &bad);
	const char *ip = lr_json_str(o, LR_K_ADDRESS, &bad);
	uint8_t m[LR_DHCP_MAC];
	struct lr_ip at;
	int end = 0;

	if (bad || !mac || !ip || lr_ip_parse(ip, &at) < 0 || at.family != 4 ||
		sscanf(mac, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &m[0], &m[1], &m[2], &m[3],
			&m[4], &m[5], &end) != LR_DHCP_MAC ||
		mac[end])
		return false;
	if (p->node->lan)
		lr_lan_lease_keep(p->node->lan, lr_party_now(p), m, &at);
	return true;
}

int lr_leases_import(struct lr_party *p, const json_t *list, struct lr_err *err)
{
	const json_t *o;
	size_t i;

	json_array_foreach (list, i, o)
		if (!import_one(p, o))
			return lr_err_set(err, LR_EXIT_USAGE, "lease %zu is not one", i + 1);
	return 0;
}
