/*
 * pings.c - pings to one member that wait for their pong
 */
#include "lib/nat/pings.h"

#include <string.h>

const struct lr_ping *lr_pings_add(struct lr_pings *p, uint64_t now, const struct lr_route *route,
	size_t size, uint8_t purpose)
{
	struct lr_ping *ping = &p->at[p->next++ % LR_PINGS];

	*ping = (struct lr_ping){.route = *route,
		.sent_ns = now ? now : 1,
		.size = (uint16_t)size,
		.purpose = purpose};
	lr_random(ping->id, sizeof(ping->id));
	return ping;
}

bool lr_pings_take(struct lr_pings *p, const uint8_t id[LR_PROBE_ID_LEN],
	const struct lr_route *route, struct lr_ping *out)
{
	for (int i = 0; i < LR_PINGS; i++) {
		struct lr_ping *ping = &p->at[i];
		if (!ping->sent_ns || memcmp(ping->id, id, LR_PROBE_ID_LEN) != 0 ||
			!lr_route_same(&ping->route, route))
			continue;
		*out = *ping;
		ping->sent_ns = 0;
		return true;
	}
	return false;
}
